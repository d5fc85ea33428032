//! OpenAPI Overlay: what is changed before a description is looked at.

use std::fs;
use std::path::PathBuf;

use generator::diagnostic::{Diagnostic, Severity};
use generator::lower::lower;
use generator::openapi::{ReadError, read, read_with};
use serde_json::{Value, json};

const API: &str = "openapi: 3.1.0
info: {title: t, version: 1.10, x-tags: [a, b]}
paths:
  /a: {get: {operationId: a, tags: [x]}}
  /b: {get: {operationId: b, deprecated: true, tags: [x, y]}}
";

/// A directory with a description and overlays of these names.
fn directory(name: &str, overlays: &[(&str, &str)]) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("api.yaml"), API).unwrap();
    for (name, text) in overlays {
        fs::write(directory.join(name), text).unwrap();
    }
    directory
}

/// An overlay of these actions in flow style, the first of which is in line 4.
fn actions(actions: &[&str]) -> String {
    let actions: String = actions
        .iter()
        .map(|action| format!("- {action}\n"))
        .collect();
    format!("overlay: 1.1.0\ninfo: {{title: t, version: 1}}\nactions:\n{actions}")
}

/// The description after these actions, and what was found.
fn applied(name: &str, list: &[&str]) -> Result<(Value, Vec<Diagnostic>), ReadError> {
    let directory = directory(name, &[("api.overlay.yaml", &actions(list))]);
    let document = read(&directory.join("api.yaml"))?;
    let value = document.value().clone();
    Ok((value, lower(document).diagnostics))
}

fn changed(name: &str, list: &[&str]) -> Value {
    applied(name, list).unwrap().0
}

fn refusal(name: &str, action: &str) -> String {
    applied(name, &[action]).unwrap_err().to_string()
}

#[test]
fn an_object_is_merged_into_every_place_selected() {
    let value = changed(
        "overlay_merge",
        &["{target: '$.paths.*.get', update: {x-mcp: {access: read}, operationId: same}}"],
    );
    for path in ["/a", "/b"] {
        let operation = &value["paths"][path]["get"];
        assert_eq!(operation["x-mcp"], json!({"access": "read"}));
        assert_eq!(operation["operationId"], "same");
        assert_eq!(operation["tags"][0], "x");
    }
}

#[test]
fn lists_grow_and_other_values_are_replaced() {
    let value = changed(
        "overlay_lists",
        &[
            "{target: $.info, update: {x-tags: [c]}}",
            "{target: \"$.info['x-tags']\", update: [d]}",
            "{target: \"$.info['x-tags']\", update: {e: 1}}",
            "{target: $.info.title, update: other}",
        ],
    );
    assert_eq!(
        value["info"]["x-tags"],
        json!(["a", "b", "c", "d", {"e": 1}])
    );
    assert_eq!(value["info"]["title"], "other");
}

#[test]
fn several_items_of_one_list_are_removed() {
    let value = changed(
        "overlay_remove",
        &[
            "{target: \"$..tags[?@ == 'x']\", remove: true}",
            "{target: \"$.info['x-tags'][1,0,0]\", remove: true}",
            "{target: '$.paths.*[?@.deprecated == true]', remove: true, update: {ignored: 1}}",
        ],
    );
    assert_eq!(value["info"]["x-tags"], json!([]));
    assert_eq!(value["paths"]["/a"]["get"]["tags"], json!([]));
    assert_eq!(value["paths"]["/b"], json!({}));
}

#[test]
fn a_path_is_renamed_by_a_copy() {
    let value = changed(
        "overlay_copy",
        &[
            "{target: $.paths, update: {/c: {}}}",
            "{target: \"$.paths['/c']\", copy: \"$.paths['/a']\"}",
            "{target: \"$.paths['/a']\", remove: true}",
        ],
    );
    assert_eq!(value["paths"]["/c"]["get"]["operationId"], "a");
    assert!(value["paths"].get("/a").is_none());
}

#[test]
fn names_and_numbers_of_the_rest_stay_as_written() {
    let value = changed(
        "overlay_rest",
        &["{target: $.info, update: {description: d}}"],
    );
    assert_eq!(value["info"]["version"].to_string(), "1.10");
    let keys: Vec<_> = value.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["openapi", "info", "paths"]);
}

#[test]
fn a_target_that_selects_nothing_is_reported_with_file_and_line() {
    let (_, found) = applied(
        "overlay_nothing",
        &[
            "{target: $.info, update: {x-a: 1}}",
            "{target: $.infos, update: {}}",
        ],
    )
    .unwrap();
    let warning = found
        .iter()
        .find(|found| found.severity == Severity::Warning)
        .unwrap();
    assert!(warning.message.contains("`$.infos` selects nothing"));
    assert!(warning.file.as_ref().unwrap().ends_with("api.overlay.yaml"));
    assert_eq!(
        (warning.line, warning.pointer.as_str()),
        (Some(5), "/actions/1/target")
    );
}

#[test]
fn that_an_overlay_was_applied_is_said() {
    let (_, found) = applied("overlay_said", &["{target: '$.paths.*', update: {x-a: 1}}"]).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].severity, Severity::Note);
    assert_eq!(found[0].line, Some(1));
    assert!(
        found[0]
            .message
            .contains("1 actions, which change 2 places")
    );
}

#[test]
fn overlays_are_applied_in_order_and_each_once() {
    let title = |title: &str| actions(&[&format!("{{target: $.info.title, update: {title}}}")]);
    let add = actions(&["{target: \"$.info['x-tags']\", update: c}"]);
    let directory = directory(
        "overlay_order",
        &[
            ("api.overlay.yml", &add),
            ("one.yaml", &title("one")),
            ("two.yaml", &title("two")),
        ],
    );
    let more = ["one.yaml", "two.yaml", "api.overlay.yml", "one.yaml"];
    let more = more.map(|name| directory.join(name));
    let document = read_with(&directory.join("api.yaml"), &more).unwrap();
    assert_eq!(document.value()["info"]["title"], "two");
    assert_eq!(document.value()["info"]["x-tags"], json!(["a", "b", "c"]));
    let names: Vec<_> = document
        .overlays()
        .iter()
        .map(|path| path.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(names, ["api.overlay.yml", "one.yaml", "two.yaml"]);
}

#[test]
fn what_an_overlay_cannot_do_is_refused_with_file_and_line() {
    for (action, reason) in [
        ("{update: {}}", "no target"),
        ("{target: info, update: {}}", "no JSONPath"),
        ("{target: $.x-a, update: {}}", "no JSONPath"),
        ("{target: $, remove: true}", "the whole description"),
        ("{target: $.info, remove: 1}", "`remove` is a number"),
        (
            "{target: $.info, update: 1}",
            "a number cannot be merged into an object",
        ),
        (
            "{target: $, update: {info: {title: {}}}}",
            "an object cannot be merged into a text",
        ),
        ("{target: $.info, update: {}, copy: $.info}", "both"),
        ("{target: $.info, copy: $.paths.*}", "selects 2 values"),
        ("{target: '$.info.*', update: 1}", "different kinds"),
    ] {
        let refusal = refusal("overlay_refused", action);
        assert!(refusal.contains("api.overlay.yaml:4: "), "{refusal}");
        assert!(refusal.contains(reason), "{refusal}");
    }
}

#[test]
fn copies_of_copies_end() {
    let mut list = vec!["{target: $, update: {x: {y: [1, 2, 3, 4]}}}".to_owned()];
    list.extend((0..40).map(|_| "{target: $.x.y, copy: $.x.y}".to_owned()));
    let wide: Vec<&str> = list.iter().map(String::as_str).collect();
    let error = applied("overlay_wide", &wide).unwrap_err().to_string();
    assert!(error.contains("grow by more than"), "{error}");
    let deep: Vec<String> = (0..12)
        .map(|n| {
            let path = ".x".repeat((1 << n) - 1);
            format!("{{target: ${path}, update: {{x: {{}}}}}}\n- {{target: ${path}.x, copy: $.x}}")
        })
        .collect();
    let deep: Vec<&str> = deep.iter().map(String::as_str).collect();
    assert!(applied("overlay_deep", &deep).is_err());
}

#[test]
fn a_file_that_is_no_overlay_is_refused() {
    for (text, reason) in [
        ("openapi: 3.1.0", "api.overlay.yaml:1: no OpenAPI Overlay"),
        (
            "\noverlay: 2.0.0",
            "api.overlay.yaml:2: Overlay 2.0.0 is not read",
        ),
        (
            "overlay: 1.0.0\nactions: []",
            "api.overlay.yaml:2: the overlay has no actions",
        ),
        ("overlay: [", "api.overlay.yaml:1:"),
    ] {
        let directory = directory("overlay_other", &[("api.overlay.yaml", text)]);
        let error = read(&directory.join("api.yaml")).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn an_overlay_for_another_description_is_reported() {
    let overlay = actions(&["{target: $.info, update: {}}"]) + "extends: ./other.yaml\n";
    let directory = directory("overlay_extends", &[("api.overlay.yaml", &overlay)]);
    let found = lower(read(&directory.join("api.yaml")).unwrap()).diagnostics;
    assert!(
        found
            .iter()
            .any(|found| found.line == Some(5) && found.message.contains("other.yaml"))
    );
}

#[test]
fn lines_stay_those_of_the_file_when_items_are_removed() {
    let api = "openapi: 3.0.0\ninfo: {title: t, version: '1'}\npaths:\n  /x:\n    get:\n      parameters:\n      \
               - {name: a, in: query}\n      - {name: b, in: query}\n      - {name: c, in: query}\n      \
               - {name: d, in: query, styel: form}\n";
    let overlay = actions(&["{target: '$.paths.*.get.parameters[0,2]', remove: true}"]);
    let directory = directory(
        "overlay_lines",
        &[("api.yaml", api), ("api.overlay.yaml", &overlay)],
    );
    let found = lower(read(&directory.join("api.yaml")).unwrap()).diagnostics;
    let styel = found
        .iter()
        .find(|found| found.message.contains("styel"))
        .unwrap();
    assert_eq!(styel.pointer, "/paths/~1x/get/parameters/1/styel");
    assert_eq!(styel.line, Some(10));
}

/// A description of several files: an operation behind a path item, behind itself, and behind a
/// component, with a parameter that is a reference.
const FILES: [(&str, &str); 3] = [
    (
        "api.yaml",
        "openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  /a: {$ref: 'paths/a.yaml'}
  /b: {get: {$ref: 'paths/b.yaml#/read'}}
  /c: {$ref: '#/x-items/c'}
  /d: {$ref: 'paths/a.yaml'}
x-items: {c: {get: {operationId: c}}}
",
    ),
    (
        "paths/a.yaml",
        "get:\n  operationId: a\n  tags: [x]\n  parameters:\n  - {$ref: '#/limit'}\n  - {name: q, in: query, styel: form}\n\
         limit: {name: limit, in: query, schema: {type: integer}}\n",
    ),
    ("paths/b.yaml", "read: {operationId: b, tags: [x]}\n"),
];

/// The description of several files, lowered after an overlay of these actions.
fn overlaid(name: &str, list: &[&str]) -> generator::lower::Lowered {
    let directory = directory(name, &[("api.overlay.yaml", &actions(list))]);
    fs::create_dir_all(directory.join("paths")).unwrap();
    for (path, text) in FILES {
        fs::write(directory.join(path), text).unwrap();
    }
    lower(read(&directory.join("api.yaml")).unwrap())
}

fn names(lowered: &generator::lower::Lowered) -> Vec<&str> {
    let operations = lowered.api.operations.iter();
    operations
        .map(|operation| operation.name.as_str())
        .collect()
}

fn found<'l>(lowered: &'l generator::lower::Lowered, message: &str) -> &'l Diagnostic {
    let mut all = lowered.diagnostics.iter();
    all.find(|found| found.message.contains(message))
        .unwrap_or_else(|| panic!("{message}: {:?}", lowered.diagnostics))
}

#[test]
fn overlay_reaches_operations_behind_references() {
    let lowered = overlaid(
        "overlay_behind",
        &[
            "{target: \"$.paths['/a'].get\", update: {x-mcp: {name: first}}}",
            "{target: \"$.paths['/b'].get\", update: {x-mcp: {name: second}}}",
            "{target: \"$.paths['/c']\", update: {get: {x-mcp: {name: third}}}}",
        ],
    );
    assert_eq!(names(&lowered), ["a", "first", "second", "third"]);
    assert!(
        found(&lowered, "is applied")
            .message
            .contains("change 3 places")
    );
}

#[test]
fn overlay_selects_operations_behind_references_by_what_they_contain() {
    let lowered = overlaid(
        "overlay_filter",
        &["{target: \"$.paths.*[?@.tags[?@ == 'x']]\", update: {x-mcp: false}}"],
    );
    assert_eq!(names(&lowered), ["c"]);
}

#[test]
fn overlay_removes_an_operation_behind_a_reference_from_one_path_alone() {
    let lowered = overlaid(
        "overlay_remove_behind",
        &["{target: \"$.paths['/a'].get\", remove: true}"],
    );
    assert_eq!(names(&lowered), ["a", "b", "c"]);
    let paths: Vec<_> = lowered.api.operations.iter().map(|one| &one.path).collect();
    assert_eq!(paths, ["/d", "/b", "/c"]);
}

#[test]
fn overlay_leaves_references_that_it_does_not_change() {
    let directory = directory(
        "overlay_untouched",
        &[(
            "api.overlay.yaml",
            &actions(&["{target: $.info, update: {title: u}}"]),
        )],
    );
    fs::create_dir_all(directory.join("paths")).unwrap();
    for (path, text) in FILES {
        fs::write(directory.join(path), text).unwrap();
    }
    let with = read(&directory.join("api.yaml")).unwrap().value()["paths"].clone();
    fs::remove_file(directory.join("api.overlay.yaml")).unwrap();
    let without = read(&directory.join("api.yaml")).unwrap().value()["paths"].clone();
    assert_eq!(with, without);
}

#[test]
fn finding_in_an_operation_behind_a_reference_names_its_file_after_an_overlay() {
    let lowered = overlaid(
        "overlay_place",
        &["{target: \"$.paths['/a'].get\", update: {x-mcp: {name: first}}}"],
    );
    for found in lowered
        .diagnostics
        .iter()
        .filter(|found| found.message.contains("styel"))
    {
        assert!(
            found.file.as_ref().unwrap().ends_with("paths/a.yaml"),
            "{found:?}"
        );
        assert_eq!(
            (found.pointer.as_str(), found.line),
            ("/get/parameters/1/styel", Some(6))
        );
    }
    found(&lowered, "styel");
}

#[test]
fn mistake_in_what_an_overlay_writes_names_the_overlay_and_its_line() {
    let lowered = overlaid(
        "overlay_mistake",
        &[
            "{target: $.info, update: {title: u}}",
            "{target: \"$.paths['/b'].get\", update: {x-mcp: {nmae: second}}}",
            "{target: \"$.paths['/a'].get.parameters\", update: [{name: r, in: query, styel: form}]}",
            "{target: \"$.paths['/a'].get.parameters[1]\", remove: true}",
        ],
    );
    let wrong = found(&lowered, "nmae");
    assert!(
        wrong.file.as_ref().unwrap().ends_with("api.overlay.yaml"),
        "{wrong:?}"
    );
    assert_eq!(
        (wrong.pointer.as_str(), wrong.line),
        ("/actions/1/update/x-mcp/nmae", Some(5))
    );
    let wrong = lowered
        .diagnostics
        .iter()
        .find(|found| found.message.contains("styel") && found.pointer.starts_with("/actions"));
    let wrong = wrong.unwrap_or_else(|| panic!("{:?}", lowered.diagnostics));
    assert_eq!(
        (wrong.pointer.as_str(), wrong.line),
        ("/actions/2/update/0/styel", Some(6))
    );
}

#[test]
fn action_that_changes_nothing_is_reported_and_counts_no_place() {
    let lowered = overlaid(
        "overlay_idle",
        &["{target: \"$.paths['/b'].get\", update: {operationId: b}}"],
    );
    let idle = found(&lowered, "changes nothing");
    assert_eq!((idle.severity, idle.line), (Severity::Warning, Some(4)));
    assert!(
        found(&lowered, "is applied")
            .message
            .contains("change 0 places")
    );
}

#[test]
fn overlay_changes_a_reference_in_its_place_alone() {
    let lowered = overlaid(
        "overlay_parameter",
        &["{target: \"$.paths['/a'].get.parameters[0]\", update: {required: true}}"],
    );
    let required = |path: &str| {
        let mut operations = lowered.api.operations.iter();
        let operation = operations.find(|one| one.path == path).unwrap();
        operation.input.json["required"].clone()
    };
    assert_eq!(required("/a"), json!(["limit"]));
    assert_eq!(required("/d"), Value::Null);
}

#[test]
fn overlay_on_a_reference_that_leads_nowhere_is_reported_with_its_line() {
    let list = [
        "{target: $.info, update: {x-a: {$ref: '#/none'}}}",
        "{target: \"$.info['x-a']\", update: {b: 1}}",
    ];
    let (_, diagnostics) = applied("overlay_nowhere", &list).unwrap();
    let nowhere = diagnostics
        .iter()
        .find(|found| found.message.contains("leads to nothing"));
    let nowhere = nowhere.unwrap_or_else(|| panic!("{diagnostics:?}"));
    assert_eq!(
        (nowhere.severity, nowhere.line),
        (Severity::Warning, Some(5))
    );
}
