//! Searches over small catalogues.

use super::{Found, Index};
use crate::operation::{Access, Catalog, Operation, Schema, Tag};

macro_rules! operation {
    ($method:literal $path:literal $name:literal $title:literal $tag:literal) => {{
        static OPERATION: Operation = Operation {
            name: $name,
            title: $title,
            method: $method,
            path: $path,
            tags: &[$tag],
            access: match $method.as_bytes() {
                b"GET" | b"HEAD" => Access::Read,
                _ => Access::Write,
            },
            destructive: matches!($method.as_bytes(), b"DELETE"),
            ..Operation::BASE
        };
        &OPERATION
    }};
}

static HOLD: Operation = Operation {
    name: "suspend",
    title: "Suspend a subscription",
    method: "POST",
    path: "/subscriptions/{id}/suspension",
    phrases: &["put on ice"],
    tags: &["subscriptions"],
    access: Access::Write,
    ..Operation::BASE
};

static SHOP: Catalog = Catalog {
    tags: &[Tag {
        name: "orders",
        description: "What shoppers purchase.",
    }],
    operations: &[&[
        &HOLD,
        operation!("GET" "/orders" "list_orders" "List orders" "orders"),
        operation!("GET" "/orders/{id}" "get_order" "Get an order" "orders"),
        operation!("DELETE" "/orders/{id}" "delete_order" "Delete an order" "orders"),
        operation!("GET" "/webhooks" "list_webhooks" "List webhooks" "webhooks"),
        operation!("POST" "/webhooks" "create_webhook" "Create a webhook" "webhooks"),
        operation!("GET" "/me" "get_me" "Get the authenticated user" "users"),
        operation!("GET" "/users" "list_users" "List users" "users"),
    ]],
    ..Catalog::EMPTY
};

fn search(request: &str) -> Found {
    Index::new(&SHOP).search(request, |_| true)
}

/// The name of the best tool.
fn best(request: &str) -> &'static str {
    search(request)
        .tools
        .first()
        .map_or("", |hit| hit.operation.name)
}

#[test]
fn request_finds_the_operation_whatever_the_form_of_its_words() {
    for (request, name) in [
        ("list orders", "list_orders"),
        ("Deleting the ORDER", "delete_order"),
        ("create_webhook", "create_webhook"),
        ("createWebhook", "create_webhook"),
        ("create a web hook", "create_webhook"),
    ] {
        assert_eq!(best(request), name, "{request}");
    }
}

#[test]
fn request_finds_the_operation_by_other_words_for_the_same_thing() {
    for (request, name) in [
        ("throw away an order", "delete_order"),
        ("Bestellung löschen", "delete_order"),
        ("supprimer une commande", "delete_order"),
        ("add a callback", "create_webhook"),
    ] {
        assert_eq!(best(request), name, "{request}");
    }
}

#[test]
fn word_that_is_misspelled_or_cut_off_is_understood() {
    assert_eq!(best("list webhoks"), "list_webhooks");
    assert_eq!(best("suspend subsc"), "suspend");
}

static TASKS: Catalog = Catalog {
    operations: &[&[
        operation!("GET" "/tasks" "list_tasks" "List tasks" "tasks"),
        operation!("GET" "/tasks/{id}" "get_task" "Get a task" "tasks"),
        operation!("HEAD" "/tasks/{id}" "probe_task" "Look for a task" "tasks"),
        operation!("GET" "/labels" "list_labels" "List labels" "labels"),
        operation!("DELETE" "/リポジトリ" "delete_repository" "リポジトリを削除する" "その他"),
    ]],
    ..Catalog::EMPTY
};

/// The names of the tools of a catalogue that a request finds, the best first.
fn names(catalog: &'static Catalog, request: &str) -> Vec<&'static str> {
    let found = Index::new(catalog).search(request, |_| true);
    found.tools.iter().map(|hit| hit.operation.name).collect()
}

#[test]
fn request_that_repeats_a_word_finds_what_the_word_finds() {
    // A word counts the more, the fewer of the operations have it.
    let others = (0..2_000).map(|number| -> &'static Operation {
        let name = format!("get_thing_{number}").leak();
        Box::leak(Box::new(Operation {
            name,
            title: name,
            path: "/things",
            ..Operation::BASE
        }))
    });
    let others: Vec<_> = others.collect();
    let catalog: &'static Catalog = Box::leak(Box::new(Catalog {
        operations: vec![TASKS.operations[0], others.leak()].leak(),
        ..Catalog::EMPTY
    }));
    let task = names(catalog, "task");
    assert!(task.contains(&"get_task"), "{task:?}");
    // Of the first of these words, each two parts are the word.
    for word in ["TaSk".repeat(16), "taskTask".repeat(8), "task".to_owned()] {
        let request = vec![word; 31].join(" ");
        assert_eq!(names(catalog, &request), task, "{request}");
    }
}

#[test]
fn request_in_a_script_without_spaces_finds_the_operation() {
    for request in [
        "リポジトリ",
        "リポジトリを削除",
        "APIのリポジトリ",
        "この一覧にあるすべてのリポジトリの中から古いものを削除してください",
    ] {
        let found = names(&TASKS, request);
        assert_eq!(found.first(), Some(&"delete_repository"), "{request}");
    }
}

#[test]
fn line_of_an_operation_has_its_effect_where_the_method_has_another() {
    let text = Index::new(&TASKS).search("task", |_| true).text;
    assert!(text.contains("\nget_task GET …/{id}\n"), "{text}");
    assert!(text.contains("\nprobe_task HEAD …/{id} (read)\n"), "{text}");
}

#[test]
fn phrases_find_their_operation() {
    assert_eq!(best("put it on ice"), "suspend");
}

#[test]
fn operation_that_is_not_allowed_is_neither_found_nor_listed_beside_others() {
    let found = Index::new(&SHOP).search("delete order", |it| it.access == Access::Read);
    assert!(!found.tools.is_empty());
    let listed = found.families.iter().flat_map(|family| &family.tools);
    let mut all = listed.chain(found.tools.iter().map(|hit| &hit.operation));
    assert!(all.all(|operation| operation.access == Access::Read));
    assert!(!found.text.contains("delete_order"), "{}", found.text);
}

#[test]
fn request_without_a_known_word_finds_nothing() {
    for request in ["", "the of and", "\u{1f600}", "qqq"] {
        let found = search(request);
        assert!(found.tools.is_empty(), "{request}");
        assert!(found.families.is_empty(), "{request}");
        assert!(
            found.text.starts_with("No operation fits"),
            "{}",
            found.text
        );
    }
}

#[test]
fn family_lists_the_neighbors_of_the_best_operation() {
    let found = search("delete order");
    let family = &found.families[0];
    assert_eq!(family.name, "orders /orders");
    assert_eq!(family.tools[0].name, "delete_order");
    assert_eq!(family.tools.len(), 3);
    let lines = "# orders /orders\ndelete_order DELETE …/{id}\n";
    assert!(found.text.starts_with(lines), "{}", found.text);
    assert!(
        found
            .text
            .contains("Input of delete_order, as JSON Schema:\n{")
    );
}

#[test]
fn answer_over_many_large_families_keeps_its_bounds() {
    let mut operations: Vec<&'static Operation> = Vec::new();
    for family in 0..20 {
        for number in 0..60 {
            let name = format!("get_thing_of_family_{family}_with_number_{number}").leak();
            let path = format!("/things/family{family}/{{id}}/part{number}").leak();
            operations.push(Box::leak(Box::new(Operation {
                name,
                title: name,
                path,
                ..Operation::BASE
            })));
        }
    }
    let operations: &'static [&'static [&'static Operation]] = vec![&*operations.leak()].leak();
    let catalog: &'static Catalog = Box::leak(Box::new(Catalog {
        operations,
        ..Catalog::EMPTY
    }));
    let found = Index::new(catalog).search("get the thing of the family", |_| true);
    assert_eq!(found.families.len(), 8);
    assert!(found.text.len() <= 10_000, "{}", found.text.len());
    for family in &found.families {
        assert!((4..=40).contains(&family.tools.len()), "{}", family.name);
        for tool in &family.tools {
            assert!(found.text.contains(tool.name), "{}", tool.name);
        }
    }
}

/// The answer to a search for an operation whose input has so many arguments, each with a
/// description of so many bytes and a pattern of so many.
fn answer(arguments: usize, description: usize, pattern: usize) -> String {
    let arguments = (0..arguments).map(|number| {
        let description = "d".repeat(description);
        let pattern = "p".repeat(pattern);
        let schema =
            serde_json::json!({"type": "string", "description": description, "pattern": pattern});
        (format!("argument{number}"), schema)
    });
    let properties = serde_json::Map::from_iter(arguments);
    let schema = serde_json::json!({"type": "object", "properties": properties}).to_string();
    let operation: &'static Operation = Box::leak(Box::new(Operation {
        name: "import_items",
        title: "Import items",
        method: "POST",
        path: "/imports",
        input: Schema {
            json: schema.leak(),
            definitions: &[],
        },
        ..Operation::BASE
    }));
    let catalog: &'static Catalog = Box::leak(Box::new(Catalog {
        operations: vec![&*vec![operation].leak()].leak(),
        ..Catalog::EMPTY
    }));
    Index::new(catalog).search("import items", |_| true).text
}

#[test]
fn title_of_an_input_says_how_much_of_it_follows() {
    let name = "import_items";
    for (text, title, has) in [
        (
            answer(1, 9, 9),
            format!("Input of {name}, as JSON Schema:"),
            ["ddd", "ppp"].as_slice(),
        ),
        (
            answer(1, 9_000, 9),
            format!("Input of {name}, without descriptions (describe_tools returns them):"),
            &["ppp"],
        ),
        (
            answer(1, 9_000, 9_000),
            format!("Arguments of {name}, in outline (describe_tools returns its schema):"),
            &["argument0"],
        ),
        (
            answer(900, 9, 9),
            format!("describe_tools returns the input of {name}."),
            &[],
        ),
    ] {
        let (_, input) = text.split_once(&title).expect(&text);
        for part in ["ddd", "ppp"] {
            assert_eq!(input.contains(part), has.contains(&part), "{title}: {part}");
        }
        assert_eq!(input.contains("argument0"), !has.is_empty(), "{title}");
        assert!(text.len() <= 10_000, "{title}");
    }
}
