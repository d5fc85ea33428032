use crate::support::{described, operation};

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
fn an_operation_id_that_is_not_unique_is_told() {
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
