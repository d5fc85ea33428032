//! The command line: exit codes, and what goes to which stream.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::apis::scratch;

const SPEC: &str = r##"{
  "openapi": "3.1.0",
  "info": {"title": "Pets", "version": "1.10"},
  "paths": {"/pets/{id}": {"get": {
    "operationId": "get_pet",
    "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
    "responses": {"200": {"description": "One pet."}}
  }}}
}"##;

const EMPTY: &str = r#"{"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {}}"#;

/// A directory with a description in it.
fn with_spec(name: &str, spec: &str) -> PathBuf {
    let directory = scratch(name);
    fs::write(directory.join("api.json"), spec).unwrap();
    directory
}

fn generator(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_generator"));
    command.args(arguments).current_dir(directory);
    command.output().unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
fn a_description_becomes_a_crate_named_generated() {
    let directory = with_spec("command_default", SPEC);
    let done = generator(&directory, &["api.json"]);
    assert_eq!(code(&done), Some(0), "{done:?}");
    assert!(done.stdout.is_empty());
    assert!(directory.join("generated/src/lib.rs").exists());
}

#[test]
fn server_is_named_after_the_api_and_the_program_after_the_directory() {
    let directory = with_spec("command_names", SPEC);
    generator(&directory, &["api.json", "--out", "my-crate"]);
    let read = |file: &str| fs::read_to_string(directory.join("my-crate").join(file)).unwrap();
    let library = read("src/lib.rs");
    assert!(library.contains("name: \"my-crate\""), "{library}");
    assert!(library.contains("server_name: \"pets\""), "{library}");
    let readme = read("README.md");
    let added = "claude mcp add --transport http pets http://127.0.0.1:8080/mcp";
    assert!(readme.contains(added), "{readme}");
}

#[test]
fn readme_of_the_crate_leaves_the_description_of_the_api_out() {
    let spec = SPEC.replace(
        "\"version\": \"1.10\"",
        "\"version\": \"1.10\", \"description\": \"Everything about pets.\"",
    );
    let directory = with_spec("command_readme", &spec);
    generator(&directory, &["api.json"]);
    let readme = fs::read_to_string(directory.join("generated/README.md")).unwrap();
    assert!(!readme.contains("Everything about pets"), "{readme}");
    assert!(readme.contains("`connector.toml`"), "{readme}");
}

#[test]
fn check_exits_with_1_and_shows_the_difference() {
    let directory = with_spec("command_check", SPEC);
    generator(&directory, &["api.json"]);
    assert_eq!(
        code(&generator(&directory, &["api.json", "--check"])),
        Some(0)
    );
    fs::write(directory.join("generated/README.md"), "edited\n").unwrap();
    let done = generator(&directory, &["api.json", "--check"]);
    assert_eq!(code(&done), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("\n-edited\n"));
}

/// That the generator ends with 1, says this, and leaves no crate behind.
fn refuses(directory: &Path, arguments: &[&str], text: &str) {
    let done = generator(directory, arguments);
    let reported = String::from_utf8_lossy(&done.stderr);
    assert_eq!(code(&done), Some(1), "{reported}");
    assert!(reported.contains(&format!("error: {text}")), "{reported}");
    assert!(done.stdout.is_empty());
    assert!(!directory.join("generated").exists());
}

#[test]
fn a_description_that_is_not_there_is_reported() {
    let directory = scratch("command_absent");
    refuses(&directory, &["absent.yaml"], "cannot read absent.yaml: ");
}

#[test]
fn a_directory_in_place_of_a_description_is_reported() {
    let directory = scratch("command_directory");
    refuses(&directory, &["."], "cannot read .: it is a directory");
}

#[test]
fn a_description_of_no_bytes_is_reported() {
    let directory = with_spec("command_no_bytes", "");
    refuses(
        &directory,
        &["api.json"],
        "cannot read api.json: it is empty",
    );
}

#[test]
fn a_description_that_is_no_text_is_reported() {
    let directory = scratch("command_binary");
    fs::write(directory.join("api.yaml"), b"\xff\x00\x00").unwrap();
    refuses(
        &directory,
        &["api.yaml"],
        "cannot read api.yaml: it is no UTF-8 text",
    );
}

#[test]
fn broken_yaml_is_reported_with_line_and_column() {
    let directory = scratch("command_yaml");
    let broken = "openapi: 3.1.0\ninfo: {title: Pets\npaths: ]\n";
    fs::write(directory.join("api.yaml"), broken).unwrap();
    refuses(&directory, &["api.yaml"], "api.yaml:3:6: ");
}

#[test]
fn broken_json_is_reported_with_line_and_column() {
    let directory = with_spec(
        "command_broken_json",
        "{\"openapi\": \"3.1.0\",\n \"info\": {,}}",
    );
    refuses(&directory, &["api.json"], "api.json:2:11: ");
}

#[test]
fn json_that_is_no_description_is_reported() {
    for (name, json) in [
        ("object", r#"{"a": 1}"#),
        ("array", "[1]"),
        ("text", r#""x""#),
    ] {
        let directory = with_spec(&format!("command_other_{name}"), json);
        refuses(
            &directory,
            &["api.json"],
            "api.json: no OpenAPI description: ",
        );
    }
}

#[test]
fn a_version_that_is_not_read_is_reported_with_those_that_are() {
    let spec = r#"{"openapi": "4.0.0", "info": {"title": "x", "version": "1"}, "paths": {}}"#;
    let directory = with_spec("command_version", spec);
    refuses(
        &directory,
        &["api.json"],
        "api.json: OpenAPI 4.0.0 is not read; 3.0, 3.1 ",
    );
}

#[test]
fn wrong_usage_exits_with_2() {
    let directory = with_spec("command_usage", SPEC);
    for arguments in [
        &["--unknown"][..],
        &[],
        &["api.json", "--run", "--check"],
        &["api.json", "--auth", "oauth"],
    ] {
        assert_eq!(
            code(&generator(&directory, arguments)),
            Some(2),
            "{arguments:?}"
        );
    }
}

#[test]
fn an_output_that_is_the_current_directory_is_refused() {
    let directory = with_spec("command_dot", SPEC);
    refuses(&directory, &["api.json", "--out", "."], "--out .: ");
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
}

#[test]
fn an_output_that_is_somebody_elses_directory_is_refused() {
    let directory = with_spec("command_foreign", SPEC);
    fs::create_dir(directory.join("home")).unwrap();
    fs::write(directory.join("home/thesis.txt"), "x").unwrap();
    let reported = "home: the directory is not empty and was not made by the generator";
    refuses(&directory, &["api.json", "--out", "home"], reported);
    assert_eq!(fs::read_dir(directory.join("home")).unwrap().count(), 1);
}

#[test]
fn an_output_that_cannot_be_written_is_reported() {
    let directory = with_spec("command_unwritable", SPEC);
    let out = "api.json/pets";
    refuses(
        &directory,
        &["api.json", "--out", out],
        "api.json/pets: is not a directory",
    );
    assert_eq!(
        fs::read_to_string(directory.join("api.json")).unwrap(),
        SPEC
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_where_nothing_can_be_created_is_reported_once() {
    let directory = with_spec("command_proc", SPEC);
    let done = generator(&directory, &["api.json", "--out", "/proc/pets"]);
    let reported = String::from_utf8_lossy(&done.stderr);
    assert_eq!(code(&done), Some(1), "{reported}");
    let reason = "No such file or directory (os error 2)";
    assert_eq!(reported.matches(reason).count(), 1, "{reported}");
    assert!(
        reported.contains("error: /proc/pets: cannot be read or written: "),
        "{reported}"
    );
}

#[test]
fn description_without_operations_is_an_error_unless_an_empty_crate_is_allowed() {
    let directory = with_spec("command_empty", EMPTY);
    let done = generator(&directory, &["api.json"]);
    assert_eq!(code(&done), Some(1));
    let reported = String::from_utf8_lossy(&done.stderr);
    assert_eq!(reported.matches("warning: ").count(), 1, "{reported}");
    assert!(reported.contains("error: there are no tools"), "{reported}");
    assert!(!directory.join("generated").exists());
    let done = generator(&directory, &["api.json", "--allow-empty"]);
    assert_eq!(code(&done), Some(0), "{done:?}");
    let strict = ["api.json", "--allow-empty", "--strict"];
    assert_eq!(code(&generator(&directory, &strict)), Some(1));
}

#[test]
fn with_format_json_stdout_is_json() {
    let directory = with_spec("command_json", SPEC);
    let done = generator(&directory, &["api.json", "--format", "json"]);
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(report["summary"]["tools"], 1);
}

#[test]
fn inspect_reports_each_tool_and_writes_nothing() {
    let directory = with_spec("command_inspect", SPEC);
    let done = generator(&directory, &["inspect", "api.json", "--format", "json"]);
    let inspection: Value = serde_json::from_slice(&done.stdout).unwrap();
    let tool = &inspection["tools"][0];
    assert_eq!(tool["name"], "get_pet");
    let parameter = serde_json::json!(
        {"argument": "id", "name": "id", "in": "path", "required": true, "style": "simple",
         "explode": false}
    );
    assert_eq!(tool["parameters"], Value::from(vec![parameter]));
    assert!(!directory.join("generated").exists());
}

#[test]
fn inspect_fails_over_a_budget_and_names_the_largest_tools() {
    let directory = with_spec("command_inspect_budget", SPEC);
    let done = generator(&directory, &["inspect", "api.json", "--budget", "10"]);
    assert_eq!(code(&done), Some(1));
    let reported = String::from_utf8(done.stderr).unwrap();
    assert!(reported.contains("and 10 are allowed"), "{reported}");
    assert!(reported.contains("  get_pet\n"), "{reported}");
    assert!(reported.contains("--only"), "{reported}");
    let remedy = "`generator --budget 10` serves search mode";
    assert!(reported.contains(remedy), "{reported}");
    let done = generator(&directory, &["inspect", "api.json", "--budget", "10000"]);
    assert_eq!(code(&done), Some(0));
    generator(&directory, &["api.json", "--budget", "10"]);
    let record = fs::read_to_string(directory.join("generated/.generated")).unwrap();
    assert!(
        record.contains("# listing: search\n# budget: 10\n"),
        "{record}"
    );
    let again = generator(&directory, &["api.json", "--check"]);
    assert_eq!(code(&again), Some(0));
}

#[test]
fn the_order_of_paths_changes_nothing() {
    let paths = |first: &str, second: &str| {
        let path = |name: &str| {
            format!(r#""/{name}": {{"get": {{"responses": {{"200": {{"description": "x"}}}}}}}}"#)
        };
        let (first, second) = (path(first), path(second));
        let info = r#""info": {"title": "x", "version": "1"}"#;
        format!(r#"{{"openapi": "3.1.0", {info}, "paths": {{{first}, {second}}}}}"#)
    };
    let directory = with_spec("command_order", &paths("a", "b"));
    generator(&directory, &["api.json"]);
    fs::write(directory.join("api.json"), paths("b", "a")).unwrap();
    assert_eq!(
        code(&generator(&directory, &["api.json", "--check"])),
        Some(0)
    );
}

#[test]
fn overlays_are_named_in_the_summary_and_in_the_header_if_given() {
    let directory = with_spec("command_overlay", SPEC);
    let overlay = |title: &str| {
        format!(
            "overlay: 1.0.0\nactions: [{{target: $.paths.*.get, update: {{summary: {title}}}}}]"
        )
    };
    fs::write(directory.join("api.overlay.yaml"), overlay("beside")).unwrap();
    fs::write(directory.join("my own.yaml"), overlay("given")).unwrap();
    let done = generator(&directory, &["api.json", "--overlay", "./my own.yaml"]);
    assert_eq!(code(&done), Some(0), "{done:?}");
    let reported = String::from_utf8_lossy(&done.stderr);
    assert!(
        reported.contains("with api.overlay.yaml, ./my own.yaml"),
        "{reported}"
    );
    let tools = fs::read_to_string(directory.join("generated/src/tools/default.rs")).unwrap();
    let header = tools.lines().next().unwrap();
    assert!(
        header.contains("generator ../api.json --overlay '../my own.yaml'"),
        "{header}"
    );
    assert!(tools.contains("\"given\""), "{tools}");
    let done = generator(&directory, &["inspect", "api.json", "--format", "json"]);
    let inspection: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(
        inspection["overlays"],
        serde_json::json!(["api.overlay.yaml"])
    );
}

#[test]
fn definitions_are_bounded_as_asked_for_and_the_header_says_so() {
    let values: Vec<String> = (0..300).map(|n| format!("value_{n}")).collect();
    let mut spec: Value = serde_json::from_str(SPEC).unwrap();
    spec["paths"]["/pets/{id}"]["get"]["parameters"][0]["schema"]["enum"] = values.into();
    let directory = with_spec("command_bound", &spec.to_string());
    let bound = ["--max-definition-bytes", "1500"];
    let bytes = |arguments: &[&str]| {
        let done = generator(
            &directory,
            &[&["inspect", "api.json", "--format", "json"], arguments].concat(),
        );
        let inspection: Value = serde_json::from_slice(&done.stdout).unwrap();
        inspection["tools"][0]["bytes"].as_u64().unwrap()
    };
    assert!(bytes(&[]) > 3000);
    assert!(bytes(&bound) <= 1500);
    let header = |arguments: &[&str]| {
        let done = generator(&directory, &[&["api.json"], arguments].concat());
        assert_eq!(code(&done), Some(0), "{done:?}");
        let written = fs::read_to_string(directory.join("generated/Cargo.toml")).unwrap();
        written.lines().next().unwrap().to_owned()
    };
    let reported = header(&bound);
    assert!(
        reported.contains("generator ../api.json --max-definition-bytes 1500`"),
        "{reported}"
    );
    assert!(!header(&[]).contains("--max"));
}
