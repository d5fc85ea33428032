//! Lists of all tools that are too long for clients.

use std::fmt::Write;
use std::path::Path;

use generator::inspect::Inspection;
use generator::ir::Operation;
use generator::lower::{Lowered, Settings, lower_with};
use generator::openapi::parse;
use serde_json::{Value, json};

use crate::support::lowered;

/// An API of so many operations, each with a long description, arguments and an answer.
fn api(operations: usize, sentences: usize) -> Lowered {
    lowered(&description(operations, sentences))
}

fn with_budget(description: &str, budget: usize) -> Lowered {
    let document = parse(Path::new("api.json"), description.to_owned()).unwrap();
    let settings = Settings {
        budget,
        ..Settings::default()
    };
    lower_with(document, &settings)
}

fn description(operations: usize, sentences: usize) -> String {
    let mut paths = json!({});
    for number in 0..operations {
        let mut text = format!("Lists things of kind {number}. ");
        for sentence in 0..sentences {
            let _ = write!(
                text,
                "Sentence {sentence} of operation {number} says more. "
            );
        }
        text.push_str("Every tool of this API needs a licence that its owner bought.");
        let operation = json!({
            "operationId": format!("list_{number}"),
            "description": text,
            "parameters": [
                {"name": "owner", "in": "query", "required": true, "schema": {"type": "string"},
                 "description": "The account that owns all of them. Its name has no capitals."},
                {"name": "since", "in": "query",
                 "schema": {"type": "string", "format": "date-time",
                            "examples": ["2027-03-31T00:00:00Z and a lot more than that"]},
                 "description": format!("The first moment of kind {number}. {}", "And so on. ".repeat(30))},
                {"name": "state", "in": "query", "description": format!("State {number}."),
                 "schema": {"type": "string", "enum": ["open", "closed"]}},
            ],
            "responses": {"200": {"description": "ok", "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Thing"},
            }}}},
        });
        paths[format!("/things/{number}")] = json!({ "get": operation });
    }
    let leaf = json!({"type": "object", "properties": {"deep": {"type": "string"}}});
    let thing = json!({"type": "object", "description": "A thing. ".repeat(100), "properties": {
        "id": {"type": "integer", "description": "Its number."},
        "leaf": leaf,
        "next": {"$ref": "#/components/schemas/Thing"},
    }});
    let api = json!({
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": paths,
        "components": {"schemas": {"Thing": thing}},
    });
    api.to_string()
}

fn first(lowered: &Lowered) -> &Operation {
    let mut operations = lowered.api.operations.iter();
    operations.find(|it| it.name == "list_0").unwrap()
}

fn argument<'v>(schema: &'v Value, name: &str) -> &'v Value {
    &schema["properties"][name]
}

#[test]
fn list_within_the_budget_stays_as_it_is() {
    let lowered = api(10, 20);
    for operation in &lowered.api.operations {
        assert_eq!(operation.brief, None);
        assert_eq!(operation.published, None);
        assert_eq!(operation.published_output, None);
    }
    assert!(lowered.api.repeated.is_empty());
}

#[test]
fn long_list_has_the_first_sentences_and_the_descriptor_all() {
    let lowered = api(100, 30);
    let operation = first(&lowered);
    let brief = operation.brief.as_deref().unwrap();
    assert!(
        brief.starts_with("Lists things of kind 0. Sentence 0 of"),
        "{brief}"
    );
    assert!(
        brief.ends_with("says more. …") && brief.len() <= 400,
        "{brief}"
    );
    assert!(operation.description.ends_with("its owner bought."));
    let published = &operation.published.as_ref().unwrap().json;
    let since = argument(published, "since");
    let text = since["description"].as_str().unwrap();
    assert!(text.starts_with("The first moment of kind 0. And so on.") && text.ends_with(" …"));
    assert_eq!(since["format"], "date-time");
    assert_eq!(since.get("examples"), None);
    let state = argument(published, "state");
    assert_eq!(state["enum"], json!(["open", "closed"]));
    assert_eq!(published["required"], json!(["owner"]));
    assert_eq!(published["additionalProperties"], false);
}

#[test]
fn list_within_a_larger_budget_stays_as_it_is() {
    let whole = with_budget(&description(100, 30), 1_000_000);
    assert!(whole.api.repeated.is_empty());
    assert_eq!(first(&whole).brief, None);
    let short = with_budget(&description(10, 20), 100);
    assert!(first(&short).brief.is_some());
}

#[test]
fn description_keeps_its_first_sentence_and_marks_what_is_lost() {
    let mut api: Value = serde_json::from_str(&description(100, 0)).unwrap();
    let licence = "Every tool of this API needs a licence that its owner bought.";
    for number in 0..100 {
        let text = match number {
            0 => licence.to_owned(),
            1 => format!("Lists two.\n\n| a | b |\n|---|---|\n\n{licence}"),
            2 => "| a | b |\n|---|---|".to_owned(),
            3 => format!("一覧。詳細。{licence}"),
            4 => "一覧。詳細。".to_owned(),
            _ => format!("Lists. {licence}"),
        };
        api["paths"][format!("/things/{number}")]["get"]["description"] = json!(text);
    }
    let lowered = with_budget(&api.to_string(), 100);
    let brief = |number: usize| {
        let name = format!("list_{number}");
        let mut operations = lowered.api.operations.iter();
        let operation = operations.find(|it| it.name == name).unwrap();
        operation.brief.clone()
    };
    assert_eq!(brief(0), None);
    assert_eq!(brief(1).as_deref(), Some("Lists two. …"));
    assert_eq!(brief(2).as_deref(), Some("a b …"));
    assert_eq!(brief(3).as_deref(), Some("一覧。詳細。 …"));
    assert_eq!(brief(4), None);
}

#[test]
fn text_that_many_tools_repeat_is_said_once() {
    let lowered = api(100, 30);
    let operation = first(&lowered);
    let published = &operation.published.as_ref().unwrap().json;
    assert_eq!(argument(published, "owner"), &json!({"type": "string"}));
    assert!(argument(&operation.input.json, "owner")["description"].is_string());
    let repeated: Vec<(Option<&str>, &str)> = lowered
        .api
        .repeated
        .iter()
        .map(|it| (it.argument.as_deref(), it.text.as_str()))
        .collect();
    let owner = "The account that owns all of them. Its name has no capitals.";
    let licence = "Every tool of this API needs a licence that its owner bought.";
    assert!(repeated.contains(&(Some("owner"), owner)), "{repeated:?}");
    assert!(repeated.contains(&(None, licence)), "{repeated:?}");
}

#[test]
fn output_of_a_long_list_is_an_outline_without_references() {
    let lowered = api(400, 30);
    let operation = first(&lowered);
    let output = operation.published_output.as_ref().unwrap();
    assert!(output.definitions.is_empty());
    assert_eq!(output.json["type"], "object");
    let text = output.json.to_string();
    assert!(
        !text.contains("$ref") && !text.contains("description"),
        "{text}"
    );
    assert_eq!(
        argument(&output.json, "id"),
        &json!({"type": ["integer", "null"]})
    );
    let whole = operation.output.as_ref().unwrap().json.to_string();
    assert!(whole.contains("$ref"), "{whole}");
}

#[test]
fn list_of_thousands_of_tools_is_bounded_and_the_same_each_time() {
    let one = api(1_500, 40);
    let inspection = Inspection::new(&one.api, Vec::new());
    assert!(inspection.tokens() <= 300_000, "{}", inspection.tokens());
    let tool = &inspection.tools[0];
    assert_eq!(tool.shortened, ["description", "input", "output"]);
    assert!(tool.whole_bytes > 2 * tool.bytes);
    assert_eq!(one.api, api(1_500, 40).api);
}

#[test]
fn summary_of_an_api_is_its_own_or_the_beginning_of_its_description() {
    for (info, expected) in [
        (
            json!({"summary": "All pets.", "description": "Other. Text."}),
            "All pets.",
        ),
        (
            json!({"description": "# Pets\n\nThe API of [pets](https://x). They bark! And more."}),
            "The API of pets. They bark!",
        ),
        (json!({}), ""),
    ] {
        let mut info = info;
        info["title"] = "Pets".into();
        info["version"] = "1".into();
        let api = json!({"openapi": "3.1.0", "info": info, "paths": {}});
        assert_eq!(lowered(&api.to_string()).api.summary, expected);
    }
}
