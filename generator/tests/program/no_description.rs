//! Files that are no OpenAPI description: each is reported as what it is, with what would be right.

use std::fs;
use std::process::Command;

use crate::apis::scratch;

/// The error of the generator for a file of this name and these bytes.
fn refusal(test: &str, file: &str, contents: &[u8]) -> String {
    let directory = scratch(test);
    fs::write(directory.join(file), contents).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_generator"));
    let done = command.arg(file).current_dir(&directory).output().unwrap();
    assert_eq!(done.status.code(), Some(1), "{done:?}");
    assert!(!directory.join("generated").exists());
    let reported = String::from_utf8_lossy(&done.stderr).into_owned();
    let error = reported.lines().find(|line| line.starts_with("error: "));
    error.unwrap_or_else(|| panic!("{reported}")).to_owned()
}

#[test]
fn file_of_another_kind_is_reported_as_what_it_is() {
    for (file, contents, what) in [
        ("a.toml", "[package]\nname = \"x\"\n", "a TOML file"),
        (
            "a.yaml",
            "[server]\nlisten = \"127.0.0.1:8080\"\n",
            "a TOML file",
        ),
        (
            "a.html",
            "<!DOCTYPE html><html><body>Docs</body></html>",
            "an HTML page",
        ),
        (
            "a.json",
            "\n<html lang='en'><head></head></html>",
            "an HTML page",
        ),
        ("a.xml", "<?xml version=\"1.0\"?><a/>", "an XML document"),
        (
            "a.wsdl",
            "<?xml version='1.0'?><definitions xmlns='http://schemas.xmlsoap.org/wsdl/'/>",
            "a WSDL description",
        ),
        ("a.graphql", "scalar Date", "a GraphQL schema"),
        (
            "a.txt",
            "type Query {\n  pets: [Pet!]!\n}\n",
            "a GraphQL schema",
        ),
        (
            "a.json",
            r#"{"data": {"__schema": {"types": []}}}"#,
            "a GraphQL schema",
        ),
        (
            "a.json",
            r#"{"info": {"schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}, "item": []}"#,
            "a Postman collection",
        ),
        (
            "a.yaml",
            "asyncapi: 3.0.0\nchannels: {}\n",
            "an AsyncAPI description",
        ),
        (
            "a.yaml",
            "overlay: 1.0.0\nactions: []\n",
            "apply this with --overlay",
        ),
        ("a.raml", "#%RAML 1.0\ntitle: x\n", "a RAML description"),
        (
            "a.proto",
            "syntax = \"proto3\";\n",
            "a Protocol Buffers file",
        ),
        (
            "a.yaml",
            "apiVersion: v1\nkind: Pod\n",
            "a Kubernetes object",
        ),
        (
            "a.json",
            r#"{"$schema": "https://json-schema.org/draft/2020-12/schema"}"#,
            "a JSON Schema",
        ),
    ] {
        let error = refusal("no_description", file, contents.as_bytes());
        assert!(error.starts_with(&format!("error: {file}: ")), "{error}");
        assert!(error.contains(what), "{contents}: {error}");
        assert!(error.contains("not an OpenAPI description; "), "{error}");
    }
}

#[test]
fn file_that_is_no_text_is_reported_as_what_it_is() {
    for (contents, what) in [
        (&b"PK\x03\x04\x00\xff"[..], "it is a ZIP archive; unpack it"),
        (b"\x1f\x8b\x08", "it is compressed with gzip"),
        (b"%PDF-1.7 \xff", "it is a PDF"),
        (b"\xff\xfeo\0p\0", "it is UTF-16 text; save it as UTF-8"),
    ] {
        let error = refusal("no_description_bytes", "api.yaml", contents);
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn page_that_shows_a_description_is_reported_with_its_address() {
    for (page, address) in [
        (
            "<!DOCTYPE html><script>SwaggerUIBundle({ url: \"/v3/api-docs\", dom_id: '#ui' })</script>",
            "/v3/api-docs",
        ),
        (
            "<html><redoc spec-url='https://api.example.com/openapi.yaml'></redoc></html>",
            "https://api.example.com/openapi.yaml",
        ),
        (
            "<html><script id=\"api-reference\" data-url=\"openapi.json\"></script></html>",
            "openapi.json",
        ),
        (
            "<html><script>const ui = {\"urls\": [{\"url\": \"/petstore.json\", \"name\": \"a\"}]}</script></html>",
            "/petstore.json",
        ),
        (
            "<html><a href=\"../static/swagger/v1/openapi.json\">OpenAPI</a></html>",
            "../static/swagger/v1/openapi.json",
        ),
    ] {
        let error = refusal("no_description_page", "docs.html", page.as_bytes());
        let expected = format!("shows the description at `{address}`");
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn directory_is_reported_with_the_description_in_it() {
    let directory = scratch("no_description_directory");
    fs::create_dir(directory.join("spec")).unwrap();
    fs::write(directory.join("spec/swagger.json"), "{}").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_generator"));
    let done = command
        .arg("spec")
        .current_dir(&directory)
        .output()
        .unwrap();
    let reported = String::from_utf8_lossy(&done.stderr);
    let expected = "it is a directory; did you mean spec/swagger.json?";
    assert!(reported.contains(expected), "{reported}");
}
