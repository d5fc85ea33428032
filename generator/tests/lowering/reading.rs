use std::path::Path;

use generator::openapi::{parse, read};

use crate::support::{described, lowered, messages};

/// Why a text is not read.
fn refusal(text: &str) -> String {
    parse(Path::new("a.yaml"), text.to_owned())
        .unwrap_err()
        .to_string()
}

#[test]
fn what_is_no_description_is_called_what_it_is() {
    for (text, reason) in [
        ("", "it is empty"),
        ("[1]", "a list where an object"),
        ("info: {}", "`openapi`"),
        ("swagger: '1.2'", "Swagger 1.2"),
        ("openapi: 4.0.0", "OpenAPI 4.0.0 is not read"),
        ("openapi: 3.10.0", "OpenAPI 3.10.0 is not read"),
        ("asyncapi: 3.0.0", "AsyncAPI"),
        ("overlay: 1.0.0", "Overlay"),
    ] {
        assert!(refusal(text).contains(reason), "{text}: {}", refusal(text));
    }
}

#[test]
fn broken_text_is_reported_with_its_place() {
    assert!(refusal("openapi: 3.0.0\ninfo:\n\ttitle: t").starts_with("a.yaml:3:"));
    let json = parse(Path::new("a.json"), "{\n \"a\": }".to_owned())
        .unwrap_err()
        .to_string();
    assert_eq!(json, "a.json:2:7: expected value");
}

#[test]
fn missing_files_and_directories_are_reported() {
    assert!(
        read(Path::new("none.yaml"))
            .unwrap_err()
            .to_string()
            .starts_with("cannot read none.yaml: ")
    );
    assert!(
        read(Path::new("src"))
            .unwrap_err()
            .to_string()
            .contains("directory")
    );
}

#[test]
fn a_version_stays_as_written() {
    let api = lowered("openapi: 3.0.0\ninfo: {title: ' t ', version: 1.10}\npaths: {}").api;
    assert_eq!((api.title.as_str(), api.version.as_str()), ("t", "1.10"));
}

#[test]
fn deep_json_is_read() {
    let text = format!(
        "{{\"openapi\": \"3.0.0\", \"x\": {}{}}}",
        "[".repeat(300),
        "]".repeat(300)
    );
    parse(Path::new("a.json"), text).unwrap();
}

#[test]
fn json_without_end_is_refused() {
    let text = format!("{{\"openapi\": \"3.0.0\", \"x\": {}", "[".repeat(100_000));
    assert!(parse(Path::new("a.json"), text).is_err());
}

#[test]
fn a_key_given_twice_is_reported() {
    let lowered = lowered(
        "openapi: 3.0.0\ninfo: {title: t, version: v}\npaths:\n  /a: {get: {}}\n  /a: {put: {}}\n",
    );
    assert_eq!(lowered.diagnostics[0].line, Some(5));
}

#[test]
fn nothing_of_an_odd_shape_costs_more_than_itself() {
    let lowered = described(
        "3.0.0",
        "  /a: []\n  /b: {get: 7, put: {tags: x, parameters: {}, responses: [], security: {}, servers: 1, requestBody: 2}}\n  \
         /c: {$ref: '#/paths/~1c'}\n  /d: {post: {}}\n  x-e: 1\ncomponents: []\nservers: {}\ntags: 3\n",
    );
    let names: Vec<_> = lowered
        .api
        .operations
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert!(names.contains(&"post_d"), "{names:?}");
    assert!(
        lowered
            .diagnostics
            .iter()
            .any(|one| one.severity.to_string() == "error")
    );
}

#[test]
fn path_items_may_be_elsewhere() {
    let lowered = described(
        "3.1.0",
        "  /a: {$ref: '#/components/pathItems/A'}\ncomponents: {pathItems: {A: {get: {operationId: a}}}}\n",
    );
    assert_eq!(lowered.api.operations[0].path, "/a");
}

#[test]
fn version_3_2_has_more_methods() {
    let paths = "  /a:\n    query: {}\n    additionalOperations: {LINK: {}}\n";
    let methods = |version| {
        let operations = described(version, paths).api.operations;
        operations
            .into_iter()
            .map(|one| one.method)
            .collect::<Vec<_>>()
    };
    assert_eq!(methods("3.2.0"), ["LINK", "QUERY"]);
    assert!(methods("3.1.0").is_empty());
}

#[test]
fn no_operations_is_a_warning() {
    let reported = |rest: &str| {
        let text = format!("openapi: 3.1.0\ninfo: {{title: t, version: v}}\n{rest}");
        messages(&lowered(&text).diagnostics)
    };
    assert!(
        reported("").starts_with("/paths the description has none of `paths`, `components` and")
    );
    assert!(reported("paths: {}").starts_with("/paths the description has no operations"));
}

#[test]
fn a_method_that_http_cannot_have_is_left_out() {
    let paths = "  /a:\n    get: {}\n    additionalOperations: {/..: {}, 'A B': {}}\n";
    let lowered = described("3.2.0", paths);
    assert_eq!(lowered.api.operations.len(), 1);
    let reported: Vec<&str> = lowered
        .diagnostics
        .iter()
        .map(|found| found.message.as_str())
        .collect();
    assert_eq!(
        reported,
        [
            "A B /a is left out: `A B` is no method",
            "/.. /a is left out: `/..` is no method"
        ]
    );
}
