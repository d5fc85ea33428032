use crate::support::{described, messages, operation};

/// The names of operations on paths, in the order of the paths.
fn names(paths: &[(&str, &str)]) -> Vec<String> {
    let text: String = paths
        .iter()
        .map(|(path, fields)| format!("  '{path}':\n    get: {fields}\n"))
        .collect();
    let operations = described("3.1.0", &text).api.operations;
    let named = |path: &str| {
        operations
            .iter()
            .find(|one| one.path == path)
            .unwrap()
            .name
            .clone()
    };
    paths.iter().map(|(path, _)| named(path)).collect()
}

#[test]
fn an_operation_id_that_fits_stays_as_it_is() {
    assert_eq!(
        names(&[("/a", "{operationId: listBundles}")]),
        ["listBundles"]
    );
}

#[test]
fn other_characters_become_one_underscore() {
    let id = "{operationId: 'repos/list-for  org!'}";
    assert_eq!(names(&[("/a", id)]), ["repos_list-for_org"]);
}

#[test]
fn without_an_operation_id_the_route_is_the_name() {
    let paths = [
        ("/users/{id}/keys", "{}"),
        ("/", "{}"),
        ("/b", "{operationId: 日本語}"),
    ];
    assert_eq!(names(&paths), ["get_users_id_keys", "get", "get_b"]);
}

#[test]
fn long_names_are_cut_between_words_with_a_hash() {
    let id = "listAllTheThingsThatAnybodyCouldEverWantToHaveListedInOneSingleCall";
    let name = names(&[("/a", &format!("{{operationId: {id}}}"))]).remove(0);
    let (words, hash) = name.rsplit_once('_').unwrap();
    assert!(name.len() <= 64 && id.starts_with(words), "{name}");
    assert_eq!(
        words,
        "listAllTheThingsThatAnybodyCouldEverWantToHaveListedIn"
    );
    assert_eq!(hash.len(), 8);
}

#[test]
fn names_that_only_begin_alike_stay_apart() {
    let long = |end: &str| format!("{{operationId: {}{end}}}", "abcdefgh".repeat(9));
    let names = names(&[("/a", &long("One")), ("/b", &long("Two"))]);
    assert_ne!(names[0], names[1]);
}

#[test]
fn of_equal_names_the_first_route_keeps_it() {
    let paths = [("/b", "{operationId: same}"), ("/a", "{operationId: same}")];
    assert_eq!(names(&paths), ["same_get_b", "same"]);
}

#[test]
fn an_exact_name_goes_before_a_made_one() {
    let paths = [
        ("/a", "{operationId: get pet}"),
        ("/b", "{operationId: get_pet}"),
    ];
    assert_eq!(names(&paths), ["get_pet_get_a", "get_pet"]);
}

#[test]
fn the_order_of_paths_changes_nothing() {
    let mut paths = [
        ("/c", "{operationId: same}"),
        ("/a", "{operationId: same}"),
        ("/b", "{operationId: same_get_c}"),
        ("/d/", "{}"),
        ("/d", "{}"),
    ];
    let pairs = |paths: &[(&'static str, &'static str)]| {
        let mut pairs: Vec<_> = names(paths)
            .into_iter()
            .zip(paths.iter().map(|one| one.0))
            .collect();
        pairs.sort();
        pairs
    };
    let before = pairs(&paths);
    assert_eq!(
        before
            .iter()
            .map(|(name, _)| name)
            .collect::<std::collections::HashSet<_>>()
            .len(),
        5
    );
    for _ in 0..paths.len() {
        paths.rotate_left(1);
        assert_eq!(pairs(&paths), before);
        paths.swap(0, 2);
        assert_eq!(pairs(&paths), before);
    }
}

#[test]
fn titles_are_summaries_or_made_of_the_name() {
    assert_eq!(
        operation("3.1.0", "summary: Add  one", "").0.title,
        "Add one"
    );
    assert_eq!(
        operation("3.1.0", "operationId: listHTTPRoutes", "")
            .0
            .title,
        "List HTTP routes"
    );
}

#[test]
fn descriptions_say_nothing_twice() {
    let text = |fields: &str| operation("3.1.0", fields, "").0.description;
    assert_eq!(
        text("summary: Lists pets\ndescription: Lists pets, all of them."),
        "Lists pets, all of them."
    );
    assert_eq!(
        text("summary: Pets\ndescription: All of them."),
        "Pets\n\nAll of them."
    );
    assert_eq!(text(""), "POST /x");
    assert_eq!(
        text("summary: Old\ndeprecated: true"),
        "Deprecated: prefer another tool.\n\nOld"
    );
}

#[test]
fn long_descriptions_are_cut_and_say_so() {
    let description = operation(
        "3.1.0",
        &format!("description: {}", "wörd ".repeat(2000)),
        "",
    )
    .0
    .description;
    assert!(description.len() <= 4096 && description.ends_with("wörd … (cut)"));
}

#[test]
fn hints_follow_the_method() {
    let methods = ["get", "head", "options", "put", "delete", "post", "patch"];
    let fields: String = methods
        .map(|method| format!("    {method}: {{}}\n"))
        .concat();
    let operations = described("3.0.0", &format!("  /x:\n{fields}"))
        .api
        .operations;
    let hints: Vec<String> = operations
        .iter()
        .map(|one| {
            format!(
                "{} {:?} {} {}",
                one.method, one.access, one.destructive, one.idempotent
            )
        })
        .collect();
    assert_eq!(
        hints,
        [
            "DELETE Write true true",
            "GET Read false true",
            "HEAD Read false true",
            "OPTIONS Read false true",
            "PATCH Write false false",
            "POST Write false false",
            "PUT Write false true",
        ]
    );
}

#[test]
fn an_operation_id_that_is_not_unique_is_reported() {
    let lowered = described(
        "3.0.0",
        "  /a: {get: {operationId: same}}\n  /b:\n    get: {operationId: same}\n",
    );
    let found = &lowered.diagnostics[0];
    assert_eq!(
        (found.pointer.as_str(), found.line),
        ("/paths/~1b/get/operationId", Some(6))
    );
    assert!(
        found.message.contains("`same` and `same_get_b`"),
        "{found:?}"
    );
}

#[test]
fn a_route_without_letters_has_a_name() {
    let lowered = described("3.2.0", "  /..:\n    additionalOperations: {'!': {}}\n");
    let name = lowered.api.operations.first().unwrap().name.as_str();
    assert!(name.starts_with("operation_"), "{name}");
}

/// The arguments of an operation with these query parameters: names, wire names, descriptions.
fn arguments(names: &[&str]) -> Vec<(String, String, Option<String>)> {
    let list: Vec<String> = names
        .iter()
        .map(|name| format!("{{name: '{name}', in: query, schema: {{type: string}}}}"))
        .collect();
    let (operation, _) = operation("3.0.3", &format!("parameters: [{}]", list.join(", ")), "");
    let mut all: Vec<_> = operation
        .parameters
        .iter()
        .map(|one| {
            let schema = &operation.input.json["properties"][&one.argument];
            let text = schema["description"].as_str().map(str::to_owned);
            (one.name.clone(), one.argument.clone(), text)
        })
        .collect();
    all.sort();
    all
}

#[test]
fn argument_names_do_not_depend_on_the_order() {
    let found = arguments(&["StartTime<", "StartTime>", "StartTime"]);
    assert_eq!(found, arguments(&["StartTime", "StartTime>", "StartTime<"]));
    assert_eq!(found, arguments(&["StartTime>", "StartTime", "StartTime<"]));
    let expected = [
        ("StartTime", "StartTime", None),
        (
            "StartTime<",
            "StartTime_query",
            Some("Sent as `StartTime<`."),
        ),
        (
            "StartTime>",
            "StartTime_query_2",
            Some("Sent as `StartTime>`."),
        ),
    ];
    let expected = expected
        .map(|(wire, name, text)| (wire.to_owned(), name.to_owned(), text.map(str::to_owned)));
    assert_eq!(found, expected);
}

#[test]
fn a_legal_name_is_kept_from_what_would_be_renamed_to_it() {
    let found = arguments(&["filter[a]", "filter_a", "$top", "top", "a_query", "a[", "a"]);
    for (wire, name, text) in found {
        let is_legal = !wire.contains(['[', '$']);
        assert_eq!(wire == name, is_legal, "{wire} {name}");
        assert_eq!(text, (!is_legal).then(|| format!("Sent as `{wire}`.")));
    }
}

#[test]
fn equal_names_in_several_places_state_where_they_are_sent() {
    let (operation, _) = operation(
        "3.0.3",
        "parameters: [{name: id, in: header, schema: {description: The header.}}, {name: id, in: query, schema: {}}]\n\
         requestBody: {content: {application/json: {schema: {type: object, properties: {id: {}, 'x y': {}, x_y: {}}}}}}",
        "",
    );
    let text = |name: &str| operation.input.json["properties"][name]["description"].clone();
    assert_eq!(text("id"), serde_json::Value::Null);
    assert_eq!(text("id_header"), "The header. Sent as `id` in the header.");
    assert_eq!(text("id_body"), "Sent as `id` in the body.");
    assert_eq!(text("x_y"), serde_json::Value::Null);
    assert_eq!(text("x_y_body"), "Sent as `x y`.");
}

#[test]
fn a_property_of_the_body_keeps_its_name_before_a_parameter_that_would_be_renamed_to_it() {
    let (operation, _) = operation(
        "3.0.3",
        "parameters: [{name: 'page[size]', in: query, schema: {}}]\n\
         requestBody: {content: {application/json: {schema: {type: object, properties: {page_size: {}}}}}}",
        "",
    );
    assert_eq!(operation.parameters[0].argument, "page_size_query");
    assert_eq!(
        operation.input.json["properties"]["page_size"],
        serde_json::json!({})
    );
}

#[test]
fn name_of_a_tool_of_search_mode_is_left_to_it() {
    let lowered = described(
        "3.1.0",
        "  /a:\n    get: {operationId: search_tools}\n    put: {x-mcp: {name: whoami}}\n",
    );
    let names = lowered.api.operations.iter().map(|it| it.name.as_str());
    let names: Vec<_> = names.collect();
    assert_eq!(names, ["search_tools_operation", "whoami_operation"]);
    let all = messages(&lowered.diagnostics);
    let expected =
        "`whoami` is the name of a tool of search mode; the tool is called `whoami_operation`";
    assert!(all.contains(expected), "{all}");
    assert_eq!(lowered.diagnostics.len(), 1, "{all}");
}

#[test]
fn name_that_is_made_distinct_is_none_of_search_mode() {
    let lowered = described(
        "3.2.0",
        "  /a: {get: {operationId: call}}\n  /tool: {additionalOperations: {READ: {operationId: call}}}\n",
    );
    let names = lowered.api.operations.iter().map(|it| it.name.as_str());
    let names: Vec<_> = names.collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(!names.contains(&"call_read_tool"), "{names:?}");
}
