use generator::ir::{Operation, SecurityKind, Style};
use serde_json::json;

use crate::support::{lowered, messages, parameter, properties};

/// `POST /x` of a Swagger 2.0 description with these fields, in flow style.
fn operation(fields: &str, parts: &str) -> Operation {
    let text = format!(
        "swagger: '2.0'\ninfo: {{title: t, version: '1'}}\npaths:\n  /x:\n    post: {fields}\n{parts}"
    );
    let mut operations = lowered(&text).api.operations;
    assert_eq!(operations.len(), 1);
    operations.remove(0)
}

#[test]
fn host_schemes_and_base_path_are_servers() {
    let api = lowered(
        "swagger: '2.0'\ninfo: {title: t, version: '1'}\nhost: h:1\nbasePath: /b\nschemes: [http, https, ws]\npaths: {}",
    )
    .api;
    let urls: Vec<&str> = api.servers.iter().map(|one| one.url.as_str()).collect();
    assert_eq!(urls, ["https://h:1/b", "http://h:1/b"]);
}

#[test]
fn collection_formats_are_styles() {
    let list = |format: &str| {
        let fields = format!(
            "{{parameters: [{{name: p, in: query, type: array, items: {{type: string}}, collectionFormat: {format}}}]}}"
        );
        let operation = operation(&fields, "");
        let parameter = parameter(&operation, "p");
        (parameter.style, parameter.explode)
    };
    assert_eq!(list("csv"), (Style::Form, false));
    assert_eq!(list("multi"), (Style::Form, true));
    assert_eq!(list("ssv"), (Style::SpaceDelimited, false));
    assert_eq!(list("pipes"), (Style::PipeDelimited, false));
}

#[test]
fn a_repeated_parameter_is_reported_where_nothing_can_be_repeated() {
    let list = |location: &str, item: &str| {
        let items = format!("type: array, required: true, items: {{{item}}}");
        let fields = format!(
            "{{parameters: [{{name: p, in: {location}, {items}, collectionFormat: multi}}]}}"
        );
        let text = format!(
            "swagger: '2.0'\ninfo: {{title: t, version: '1'}}\nhost: h\n\
             paths: {{'/x/{{p}}': {{post: {fields}}}}}"
        );
        messages(&lowered(&text).diagnostics)
    };
    let reported = "the collectionFormat `multi` of `p` is not sent here; commas are";
    for (location, is_reported) in [
        ("path", true),
        ("header", true),
        ("query", false),
        ("formData", false),
    ] {
        let found = list(location, "type: string").contains(reported);
        assert_eq!(found, is_reported, "{location}");
    }
    let nested = "type: array, items: {type: string}, collectionFormat: multi";
    assert!(list("query", nested).contains(reported), "a list in a list");
}

#[test]
fn a_body_parameter_is_the_body_in_every_consumed_type() {
    let fields = "{consumes: [application/json, application/vnd.a+json], parameters: [{$ref: '#/parameters/B'}]}";
    let parts = "parameters: {B: {name: b, in: body, required: true, schema: {$ref: '#/definitions/A'}}}\n\
                 definitions: {A: {type: object, properties: {a: {type: string, x-nullable: true}}}}";
    let operation = operation(fields, parts);
    let body = operation.request_body.as_ref().unwrap();
    assert!(body.required);
    assert_eq!(
        body.media_types,
        ["application/json", "application/vnd.a+json"]
    );
    assert_eq!(
        operation.input.json["properties"]["a"],
        json!({"type": ["string", "null"]})
    );
}

#[test]
fn form_parameters_are_properties_and_files_make_it_multipart() {
    let fields = "{parameters: [{name: f, in: formData, type: file, required: true}, \
                  {name: l, in: formData, type: array, items: {type: string}, description: d}]}";
    let operation = operation(fields, "");
    assert_eq!(
        operation.request_body.as_ref().unwrap().media_types,
        ["multipart/form-data"]
    );
    let [f, l] = properties(&operation) else {
        panic!()
    };
    assert!(f.required && f.encoding.binary);
    assert_eq!(
        (l.encoding.style, l.encoding.explode),
        (Some(Style::Form), false)
    );
    assert_eq!(operation.input.json["properties"]["l"]["description"], "d");
}

#[test]
fn shared_responses_come_in_the_produced_types() {
    let fields =
        "{produces: [application/json, text/plain], responses: {'200': {$ref: '#/responses/R'}}}";
    let parts = "responses: {R: {schema: {type: object}, examples: {application/json: {a: 1}}}}";
    let operation = operation(fields, parts);
    assert_eq!(
        operation.responses[0].media_types,
        ["application/json", "text/plain"]
    );
    assert_eq!(operation.example.unwrap().body, r#"{"a":1}"#);
}

#[test]
fn basic_is_an_http_scheme() {
    let api = lowered(
        "swagger: '2.0'\ninfo: {title: t, version: '1'}\npaths: {}\nsecurityDefinitions: {b: {type: basic}}",
    )
    .api;
    assert_eq!(api.security_schemes[0].kind, SecurityKind::Basic);
}

#[test]
fn definitions_keep_their_names() {
    let fields = "{parameters: [{name: b, in: body, schema: {type: array, items: {$ref: '#/definitions/A'}}}]}";
    let text = format!(
        "swagger: '2.0'\ninfo: {{title: t, version: '1'}}\npaths: {{/x: {{post: {fields}}}}}\ndefinitions: {{A: {{type: string}}}}"
    );
    let api = lowered(&text).api;
    assert_eq!(api.definitions.keys().collect::<Vec<_>>(), ["A"]);
}

#[test]
fn an_operation_may_have_schemes_of_its_own() {
    let api = lowered(
        "swagger: '2.0'\ninfo: {title: t, version: '1'}\nhost: h\nbasePath: /b\nschemes: [https]\n\
         paths:\n  /x: {get: {schemes: [http]}, put: {}}\n",
    )
    .api;
    let servers = |method: &str| {
        let mut operations = api.operations.iter();
        let operation = operations.find(|one| one.method == method).unwrap();
        let servers = operation.servers.iter();
        servers.map(|server| server.url.clone()).collect::<Vec<_>>()
    };
    assert_eq!(servers("GET"), ["http://h/b"]);
    assert!(servers("PUT").is_empty());
}

/// A parameter or response is the same in every place, and through every reference.
#[test]
fn parameters_and_responses_are_read_by_references_to_anywhere() {
    let listed =
        "{name: p, in: query, type: array, items: {type: integer}, collectionFormat: pipes}";
    let parts = format!(
        "x-shared: {{P: {listed}, B: {{name: b, in: body, schema: {{type: string}}}}, \
         R: {{description: d, schema: {{type: object}}}}}}\n\
         parameters: {{P: {{$ref: '#/x-shared/P'}}}}"
    );
    for reference in ["#/x-shared/P", "#/parameters/P"] {
        let fields = format!(
            "{{produces: [text/x], consumes: [text/y], parameters: [{{$ref: '{reference}'}}, \
             {{$ref: '#/x-shared/B'}}], responses: {{'200': {{$ref: '#/x-shared/R'}}}}}}"
        );
        let operation = operation(&fields, &parts);
        let p = parameter(&operation, "p");
        assert_eq!((p.style, p.explode), (Style::PipeDelimited, false));
        assert_eq!(
            operation.input.json["properties"]["p"],
            json!({"type": "array", "items": {"type": "integer"}})
        );
        let body = operation.request_body.as_ref().unwrap();
        assert_eq!(body.media_types, ["text/y"]);
        assert_eq!(operation.responses[0].media_types, ["text/x"]);
    }
}

/// References are to the text as it was written, whatever has become of it already.
#[test]
fn path_items_and_operations_are_read_by_references() {
    let item = "{parameters: [{name: b, in: body, required: true, schema: {type: string}}], \
                get: {parameters: [{name: p, in: query, type: array, items: {type: string}}]}}";
    let text = format!(
        "swagger: '2.0'\ninfo: {{title: t, version: '1'}}\nconsumes: [text/x]\npaths:\n  \
         /a: {item}\n  /b: {{$ref: '#/x-items/B'}}\n  /c: {{$ref: '#/paths/~1b'}}\n  \
         /d: {{get: {{$ref: '#/paths/~1a/get'}}}}\n  \
         /e: {{get: {{parameters: [{{$ref: '#/paths/~1a/get/parameters/0'}}]}}}}\n\
         x-items: {{B: {item}}}"
    );
    let operations = lowered(&text).api.operations;
    let paths: Vec<_> = operations.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["/a", "/b", "/c", "/d", "/e"]);
    for operation in &operations {
        let p = parameter(operation, "p");
        assert_eq!(
            (p.style, p.explode),
            (Style::Form, false),
            "{}",
            operation.path
        );
        let takes_body = matches!(operation.path.as_str(), "/a" | "/b" | "/c");
        assert_eq!(
            operation.request_body.is_some(),
            takes_body,
            "{}",
            operation.path
        );
    }
}
