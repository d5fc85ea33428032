//! What is emitted builds, whatever a description says.

use std::path::Path;
use std::process::Command;

use generator::ir::Api;
use generator::{Options, generate, write};
use serde_json::{Map, Value, json};

use crate::apis::{NASTY, hostile, scratch};

/// Builds a crate, every warning an error. It is built where this test was, as the workspace
/// builds, so that the dependencies are there already.
fn build(directory: &Path, features: &str) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
    std::fs::copy(workspace.join("Cargo.lock"), directory.join("Cargo.lock")).unwrap();
    let done = Command::new(env!("CARGO"))
        .args([
            "build",
            "--lib",
            "--offline",
            "--features",
            features,
            "--target-dir",
        ])
        .arg(target)
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .current_dir(directory)
        .output()
        .unwrap();
    let reported = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success() && !reported.contains("warning:"),
        "{reported}"
    );
}

#[test]
fn hostile_text_everywhere_still_builds_without_warnings() {
    let out = scratch("hostile").join("hostile-api");
    write(&hostile(), Vec::new(), &Options::new("hostile.yaml", &out)).unwrap();
    build(&out, "");
    build(&out, "typed");
}

/// Names that are keywords, that lead out of a directory, that have no letter, and that end what
/// they are written into: a comment, a string, a template, a table of TOML or of Markdown.
const NAMES: [&str; 20] = [
    NASTY,
    "\"##; compile_error!(\"x\"); //",
    "*/ compile_error!(\"x\"); /*",
    "\n//! x\ncompile_error! {}\n",
    "#[macro_export]",
    "{{ 1 }}{% raw %}{# x",
    "\"\n[dependencies]\nevil = \"1\"\n[x]\ny = \"",
    "| a |\n|---|\n# b\n<script>alert(1)</script>",
    "[a](javascript:alert(1)) ![a](https://example.com/x)",
    "../../src/main",
    "/etc/passwd",
    "..",
    "\u{540d}\u{524d}",
    "\u{202e}\u{2066}\0\u{1b}[31m",
    "self",
    "Self",
    "r#fn",
    "'static",
    "OPERATIONS",
    "-1",
];

/// A description that says these names wherever it can name something.
fn hostile_description() -> Value {
    let schema = |at: usize| {
        let name = NAMES[at]
            .replace('~', "~0")
            .replace('/', "~1")
            .replace('%', "%25");
        json!({"$ref": format!("#/components/schemas/{name}")})
    };
    let properties: Map<String, Value> = NAMES
        .iter()
        .map(|name| {
            let schema =
                json!({"description": name, "enum": NAMES, "default": name, "title": name});
            ((*name).to_owned(), schema)
        })
        .collect();
    let body = json!({"type": "object", "required": NAMES, "properties": properties});
    let operation = |(at, name): (usize, &&str)| {
        let parameters: Vec<Value> = ["query", "header", "cookie"]
            .into_iter()
            .map(|location| json!({"name": name, "in": location, "schema": schema(at)}))
            .collect();
        let content = json!({"application/json": {"schema": schema(at), "example": {*name: name}}, *name: {}});
        let operation = json!({
            "operationId": name, "tags": [name], "summary": name, "description": name,
            "parameters": parameters,
            "requestBody": {"description": name, "content": content},
            "responses": {"200": {"description": name, "content": content}},
            "security": [{*name: [name]}],
            "servers": [{"url": format!("https://{{{name}}}"), "variables": {*name: {"default": name}}}],
        });
        (format!("/{at}/{name}"), json!({"post": operation}))
    };
    let schemas = NAMES.iter().map(|name| ((*name).to_owned(), body.clone()));
    let schemes = NAMES.iter().map(|name| {
        let scheme = json!({"type": "apiKey", "in": "query", "name": name});
        ((*name).to_owned(), scheme)
    });
    json!({
        "openapi": "3.1.0",
        "info": {"title": NAMES.concat(), "version": NAMES[1], "description": NAMES.join("\n\n")},
        "servers": [{"url": format!("https://example.com/{NASTY}")}],
        "paths": NAMES.iter().enumerate().map(operation).collect::<Map<_, _>>(),
        "components": {
            "schemas": schemas.collect::<Map<_, _>>(),
            "securitySchemes": schemes.collect::<Map<_, _>>(),
        },
    })
}

#[test]
fn a_description_of_hostile_names_builds_and_injects_nothing() {
    let directory = scratch("hostile_names");
    let (spec, out) = (directory.join("api.json"), directory.join("crate"));
    std::fs::write(&spec, hostile_description().to_string()).unwrap();
    let report = generate(&Options::new(&spec, &out)).unwrap();
    assert!(report.summary.tools > 10, "{:?}", report.diagnostics);
    let manifest = std::fs::read_to_string(out.join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap();
    assert_eq!(dependencies.keys().collect::<Vec<_>>(), ["runtime"]);
    let readme = std::fs::read_to_string(out.join("README.md")).unwrap();
    for opening in ["<script>", "[a]("] {
        let mut found = readme.match_indices(opening);
        assert!(
            found.all(|(at, _)| readme[..at].ends_with('\\')),
            "{readme}"
        );
    }
    assert!(
        !readme.contains("\n# b") && !readme.contains('\u{202e}'),
        "{readme}"
    );
    build(&out, "");
    build(&out, "typed");
}

#[test]
fn an_empty_catalogue_builds() {
    let out = scratch("empty").join("test");
    write(
        &Api::default(),
        Vec::new(),
        &Options {
            allow_empty: true,
            ..Options::new("empty.yaml", &out)
        },
    )
    .unwrap();
    build(&out, "typed");
}
