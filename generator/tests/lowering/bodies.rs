use generator::ir::{Content, Style};
use serde_json::json;

use crate::support::{described, messages, operation, properties};

/// `POST /x` with this body in flow style.
fn body(version: &str, body: &str) -> generator::ir::Operation {
    operation(version, &format!("requestBody: {body}"), "").0
}

fn is_single(operation: &generator::ir::Operation) -> bool {
    matches!(&operation.request_body.as_ref().unwrap().content, Content::Argument(name, _) if name == "body")
}

#[test]
fn properties_of_a_plain_object_are_arguments() {
    let operation = body(
        "3.0.0",
        "{required: true, content: {application/json: {schema: {type: object, required: [a], \
         properties: {a: {type: string}, b: {type: integer, readOnly: true}, c: {}}}}}}",
    );
    let names: Vec<&str> = properties(&operation)
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["a", "c"]);
    assert_eq!(operation.input.json["required"], json!(["a"]));
}

#[test]
fn what_is_required_but_not_described_can_be_sent() {
    let operation = body(
        "3.1.0",
        "{required: true, content: {application/json: {schema: {type: object, required: [a, b], \
         properties: {a: {}}}}}}",
    );
    assert_eq!(operation.input.json["required"], json!(["a", "b"]));
    assert_eq!(operation.input.json["properties"]["b"], json!({}));
}

#[test]
fn an_optional_body_needs_its_required_properties_only_with_others() {
    let operation = body(
        "3.0.0",
        "{content: {application/json: {schema: {type: object, required: [a, b], \
         properties: {a: {}, b: {}, c: {}}}}}}",
    );
    let input = &operation.input.json;
    assert!(input.get("required").is_none());
    assert_eq!(
        input["dependentRequired"],
        json!({"a": ["b"], "b": ["a"], "c": ["a", "b"]})
    );
}

#[test]
fn anything_but_a_plain_object_is_one_argument() {
    for schema in [
        "{type: array, items: {}}",
        "{type: string}",
        "{allOf: [{type: object}]}",
        "{type: object}",
        "{type: object, properties: {}}",
        "{type: object, additionalProperties: {}}",
        "{type: object, properties: {a: {}}, additionalProperties: true}",
        "{type: object, properties: {a: {}}, minProperties: 1}",
        "{type: object, properties: {a: {}}, nullable: true}",
        "{}",
    ] {
        let operation = body(
            "3.0.0",
            &format!("{{content: {{application/json: {{schema: {schema}}}}}}}"),
        );
        assert!(is_single(&operation), "{schema}");
    }
}

#[test]
fn json_goes_before_forms_and_those_before_the_rest() {
    let operation = body(
        "3.0.0",
        "{content: {application/xml: {}, multipart/form-data: {}, application/x-www-form-urlencoded: \
         {schema: {type: object}}, application/vnd.a+json: {schema: {type: array}}}}",
    );
    let body = operation.request_body.unwrap();
    assert_eq!(body.media_types, ["application/vnd.a+json"]);
    assert_eq!(body.declared_media_types.len(), 4);
    assert_eq!(body.media_type_argument, None);
}

#[test]
fn media_types_of_the_same_schema_can_be_chosen() {
    let schema = "{schema: {type: object, properties: {content_type: {type: string}}}}";
    let operation = body(
        "3.0.0",
        &format!(
            "{{content: {{application/x-www-form-urlencoded: {schema}, application/json: {schema}}}}}"
        ),
    );
    let body = operation.request_body.as_ref().unwrap();
    assert_eq!(
        body.media_types,
        ["application/json", "application/x-www-form-urlencoded"]
    );
    assert_eq!(
        body.media_type_argument.as_deref(),
        Some("content_type_body")
    );
    assert_eq!(
        operation.input.json["properties"]["content_type_body"]["enum"],
        json!(body.media_types)
    );
}

#[test]
fn files_of_a_multipart_body_take_text_or_base64() {
    let operation = body(
        "3.0.0",
        "{content: {multipart/form-data: {schema: {type: object, properties: {f: {type: string, \
         format: binary, description: the file}, l: {type: array, items: {type: string, format: \
         binary}}, t: {type: string}}}, encoding: {f: {contentType: image/png}}}}}",
    );
    let [f, l, t] = properties(&operation) else {
        panic!()
    };
    assert!(f.encoding.binary && l.encoding.binary && !t.encoding.binary);
    assert_eq!(f.encoding.content_type.as_deref(), Some("image/png"));
    let published = &operation.input.json["properties"];
    assert_eq!(published["f"]["description"], "the file");
    assert_eq!(
        published["f"]["anyOf"][1]["properties"]["base64"],
        json!({"type": "string"})
    );
    assert_eq!(published["l"]["items"]["anyOf"][0]["type"], "string");
}

#[test]
fn content_media_type_makes_a_file_since_3_1() {
    let operation = body(
        "3.1.0",
        "{content: {multipart/form-data: {schema: {type: object, properties: {f: {anyOf: [{type: string, \
         contentMediaType: application/octet-stream}, {type: 'null'}]}, e: {type: string, \
         contentMediaType: image/png, contentEncoding: base64}}}}}}",
    );
    let [f, e] = properties(&operation) else {
        panic!()
    };
    assert!(f.encoding.binary && !e.encoding.binary);
}

#[test]
fn encodings_of_forms_are_kept() {
    let operation = body(
        "3.0.0",
        "{content: {application/x-www-form-urlencoded: {schema: {type: object, properties: {a: {}, b: {}, \
         c: {}}}, encoding: {a: {style: deepObject}, b: {explode: false}, c: {contentType: \
         application/json}}}}}",
    );
    let [a, b, c] = properties(&operation) else {
        panic!()
    };
    assert_eq!(
        (a.encoding.style, a.encoding.explode),
        (Some(Style::DeepObject), true)
    );
    assert_eq!(
        (b.encoding.style, b.encoding.explode),
        (Some(Style::Form), false)
    );
    assert_eq!(c.encoding.content_type.as_deref(), Some("application/json"));
}

#[test]
fn binary_content_is_one_file() {
    let operation = body(
        "3.0.0",
        "{required: true, content: {application/octet-stream: {}}}",
    );
    let Content::Argument(name, encoding) = &operation.request_body.as_ref().unwrap().content
    else {
        panic!()
    };
    assert!(name == "body" && encoding.binary);
    assert_eq!(operation.input.json["required"], json!(["body"]));
}

#[test]
fn text_and_xml_are_strings() {
    for media_type in ["text/plain", "application/xml", "application/atom+xml"] {
        let operation = body("3.0.0", &format!("{{content: {{{media_type}: {{}}}}}}"));
        assert_eq!(
            operation.input.json["properties"]["body"]["type"], "string",
            "{media_type}"
        );
    }
}

#[test]
fn a_range_of_media_types_stays_only_for_files_which_say_what_they_are() {
    let media_types = |range: &str, schema: &str| {
        let operation = body(
            "3.0.0",
            &format!("{{content: {{'{range}': {{schema: {schema}}}}}}}"),
        );
        operation.request_body.unwrap().media_types
    };
    let file = "{type: string, format: binary}";
    assert_eq!(media_types("*/*", "{type: object}"), ["application/json"]);
    assert_eq!(media_types("text/*", "{type: string}"), ["text/plain"]);
    assert_eq!(media_types("*/*", file), ["*/*"]);
    assert_eq!(media_types("image/*", file), ["image/*"]);
}

#[test]
fn headers_of_a_part_are_sent_where_their_value_is_fixed() {
    let headers = "X-Const: {schema: {const: 1.0}}, X-Enum: {schema: {enum: [a b]}}, \
                   X-Default: {$ref: '#/components/headers/D'}, X-Free: {schema: {type: string}}, \
                   X-List: {schema: {const: [1]}}, X-Break: {schema: {const: \"a\\nb\"}}, \
                   Content-Type: {schema: {const: a/b}}, Content-Disposition: {schema: {const: x}}";
    let fields = format!(
        "requestBody: {{content: {{multipart/form-data: {{schema: {{type: object, properties: {{a: {{}}}}}}, \
         encoding: {{a: {{headers: {{{headers}}}}}}}}}}}}}"
    );
    let parts = "components: {headers: {D: {schema: {$ref: '#/components/schemas/D'}}}, schemas: {D: {type: boolean, default: true}}}";
    let (operation, diagnostics) = operation("3.1.0", &fields, parts);
    let Some(Content::Properties(properties)) = operation.request_body.map(|body| body.content)
    else {
        panic!("it is an object");
    };
    let sent = [("X-Const", "1.0"), ("X-Enum", "a b"), ("X-Default", "true")];
    let sent = sent.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(properties[0].encoding.headers, sent);
    let reported = messages(&diagnostics);
    let lines: Vec<&str> = reported.lines().collect();
    assert_eq!(lines.len(), 4, "{reported}");
    for name in ["X-Free", "X-List", "X-Break", "Content-Disposition"] {
        let line = format!("headers/{name} the header `{name}` of the part `a` is not sent");
        assert!(reported.contains(&line), "{reported}");
    }
}

#[test]
fn encodings_count_where_a_form_is_described_as_a_whole() {
    let fields = "requestBody: {content: {multipart/form-data: {schema: {allOf: [\
                  {properties: {f: {type: string, format: binary}, m: {type: object}}}, \
                  {properties: {t: {type: string}}}], additionalProperties: {}}, \
                  encoding: {f: {contentType: image/png}, m: {contentType: application/xml}, \
                  other: {contentType: a/b}}}}}";
    let (operation, diagnostics) = operation("3.0.3", fields, "");
    assert_eq!(messages(&diagnostics), "");
    let Some(Content::Members(argument, encodings)) =
        operation.request_body.map(|body| body.content)
    else {
        panic!("it is one argument");
    };
    assert_eq!(argument, "body");
    let found: Vec<_> = encodings
        .iter()
        .map(|(name, one)| (name.as_str(), one.content_type.as_deref(), one.binary))
        .collect();
    let expected = [
        ("f", Some("image/png"), true),
        ("m", Some("application/xml"), false),
        ("other", Some("a/b"), false),
    ];
    assert_eq!(found, expected);
}

/// The operation of the method with this body.
fn with_body(version: &str, method: &str, body: &str) -> generator::lower::Lowered {
    described(
        version,
        &format!("  /x:\n    {method}:\n      requestBody: {body}\n      responses: {{}}\n"),
    )
}

#[test]
fn a_body_of_which_nothing_is_said_is_no_argument_of_a_read() {
    for (version, method, body) in [
        (
            "3.0.3",
            "get",
            "{content: {application/x-www-form-urlencoded: {schema: {type: object, properties: {}}}}}",
        ),
        (
            "3.0.3",
            "get",
            "{required: true, content: {application/json: {schema: {type: object}}}}",
        ),
        ("3.0.3", "delete", "{content: {application/json: {}}}"),
        (
            "3.0.3",
            "head",
            "{content: {application/json: {schema: {allOf: [{type: object}, {properties: {}}]}}}}",
        ),
        (
            "3.1.0",
            "get",
            "{content: {application/json: {schema: true}}}",
        ),
        (
            "3.1.0",
            "delete",
            "{content: {application/json: {schema: {$ref: '#/paths/~1x/delete/x-none'}}}}\n      x-none: {type: object, description: Nothing.}",
        ),
    ] {
        let found = with_body(version, method, body);
        let operation = &found.api.operations[0];
        assert!(operation.request_body.is_none(), "{method} {body}");
        assert!(operation.input.is_of_no_arguments(), "{method} {body}");
        let all = messages(&found.diagnostics);
        assert!(all.contains("says nothing of this body"), "{all}");
    }
}

#[test]
fn a_body_that_says_what_it_holds_can_be_sent_with_any_method_but_trace() {
    let said = "{content: {application/json: {schema: {type: object, properties: {query: {type: object}}}}}}";
    for method in ["get", "delete", "head", "post"] {
        let found = with_body("3.0.3", method, said);
        assert!(found.api.operations[0].request_body.is_some(), "{method}");
    }
    let found = with_body("3.0.3", "trace", said);
    assert!(found.api.operations[0].request_body.is_none());
    assert!(messages(&found.diagnostics).contains("a TRACE request has no body"));
}

#[test]
fn a_required_body_of_a_delete_is_kept_where_the_version_defines_a_meaning() {
    let any = "{required: true, content: {application/json: {schema: {type: object}}}}";
    let found = with_body("3.1.0", "delete", any);
    assert!(found.api.operations[0].request_body.is_some());
    let found = with_body(
        "3.0.3",
        "post",
        "{content: {application/json: {schema: {type: object}}}}",
    );
    assert!(found.api.operations[0].request_body.is_some());
}

#[test]
fn octets_are_sent_as_they_are_where_json_is_offered_beside_them() {
    let octets = "{schema: {type: string, format: binary}}";
    for (content, first) in [
        (
            format!("{{application/octet-stream: {octets}, application/json: {octets}}}"),
            "application/octet-stream",
        ),
        (
            format!("{{application/json: {octets}, application/octet-stream: {octets}}}"),
            "application/octet-stream",
        ),
        (
            format!("{{application/json: {octets}, image/png: {octets}}}"),
            "image/png",
        ),
        (
            format!("{{application/json: {octets}}}"),
            "application/json",
        ),
        (format!("{{text/csv: {octets}}}"), "text/csv"),
        (
            "{application/json: {schema: {$ref: '#/paths/~1x/post/x-file'}}}".to_owned(),
            "application/json",
        ),
    ] {
        let operation = operation(
            "3.0.3",
            &format!("requestBody: {{required: true, content: {content}}}\nx-file: {{type: string, format: binary}}"),
            "",
        )
        .0;
        let body = operation.request_body.as_ref().unwrap();
        assert_eq!(body.media_types[0], first, "{content}");
        assert!(
            matches!(&body.content, Content::Argument(_, encoding) if encoding.binary),
            "{content}"
        );
        assert!(
            operation.input.json["properties"]["body"]["anyOf"].is_array(),
            "{content}"
        );
    }
    let text = body(
        "3.0.3",
        "{content: {application/json: {schema: {type: string, format: byte}}}}",
    );
    assert!(
        matches!(&text.request_body.unwrap().content, Content::Argument(_, encoding) if !encoding.binary)
    );
}

#[test]
fn media_types_of_another_schema_are_reported() {
    let (operation, diagnostics) = operation(
        "3.0.3",
        "requestBody: {required: true, content: {application/json-patch+json: {schema: {type: array, items: {type: object}}}, \
         application/merge-patch+json: {schema: {type: object}}, application/xml: {schema: {type: object}}}}",
        "",
    );
    assert_eq!(
        operation.request_body.unwrap().media_types,
        ["application/merge-patch+json"]
    );
    let all = messages(&diagnostics);
    assert!(
        all.contains("it cannot be sent as application/json-patch+json, which has another schema"),
        "{all}"
    );
}

#[test]
fn a_form_that_is_a_file_is_one_part() {
    for (schema, is_list) in [
        ("{type: string, format: binary}", false),
        ("{type: array, items: {type: string, format: binary}}", true),
        ("{$ref: '#/paths/~1x/post/x-file'}", false),
        (
            "{type: array, items: {$ref: '#/paths/~1x/post/x-file'}}",
            true,
        ),
    ] {
        let operation = operation(
            "3.0.3",
            &format!(
                "requestBody: {{required: true, content: {{multipart/form-data: {{schema: {schema}}}}}}}\nx-file: {{type: string, format: binary}}"
            ),
            "",
        )
        .0;
        let parts = properties(&operation);
        assert_eq!(
            (parts[0].argument.as_str(), parts[0].name.as_str()),
            ("body", "file"),
            "{schema}"
        );
        assert!(parts[0].encoding.binary && parts.len() == 1);
        let shown = &operation.input.json["properties"]["body"];
        assert_eq!(shown["type"] == "array", is_list, "{shown}");
        assert_eq!(operation.input.json["required"], json!(["body"]));
    }
}

#[test]
fn files_of_a_composed_multipart_body_look_as_in_a_plain_one() {
    let lowered = described(
            "3.0.3",
            "  /x:
    post:
      requestBody:
        content:
          multipart/form-data:
            schema:
              allOf:
                - {type: object, properties: {file: {type: string, format: binary, description: The file.}}}
                - {$ref: '#/components/schemas/Note'}
                - {oneOf: [{$ref: '#/components/schemas/More'}, {properties: {note: {type: string}}}]}
      responses: {}
  /json:
    post:
      requestBody: {content: {application/json: {schema: {allOf: [{$ref: '#/components/schemas/More'}]}}}}
      responses: {}
components:
  schemas:
    Note: {type: object, properties: {note: {type: string}}}
    More: {type: object, properties: {files: {type: array, items: {$ref: '#/components/schemas/File'}}}}
    File: {type: string, format: binary}
",
    );
    let of = |name: &str| {
        let all = &lowered.api.operations;
        all.iter().find(|one| one.path == name).unwrap().input.json["properties"]["body"].clone()
    };
    let body = of("/x");
    let file = &body["allOf"][0]["properties"]["file"];
    assert!(
        file["anyOf"][1]["properties"]["base64"].is_object(),
        "{body}"
    );
    assert_eq!(file["description"], "The file.");
    assert_eq!(body["allOf"][1], json!({"$ref": "#/$defs/Note"}));
    let union = &body["allOf"][2];
    let more = union.get("oneOf").or(union.get("anyOf")).unwrap();
    assert!(
        more[0]["properties"]["files"]["items"]["anyOf"].is_array(),
        "{body}"
    );
    assert_eq!(of("/json")["allOf"][0], json!({"$ref": "#/$defs/More"}));
}

#[test]
fn media_types_of_another_kind_are_reported_without_a_schema_of_their_own() {
    let json = "application/json: {schema: {type: object, properties: {a: {type: string}}}}";
    for (other, name) in [
        ("text/csv: {}", "text/csv"),
        ("application/octet-stream: {}", "application/octet-stream"),
        ("image/png: {}", "image/png"),
        ("application/x-ndjson: {}", "application/x-ndjson"),
    ] {
        let fields = format!("requestBody: {{content: {{{json}, {other}}}}}");
        let (operation, diagnostics) = operation("3.1.0", &fields, "");
        assert_eq!(
            operation.request_body.unwrap().media_types,
            ["application/json"]
        );
        let reported = messages(&diagnostics);
        let line = format!("cannot be sent as {name}, which is another kind of body");
        assert!(reported.contains(&line), "{reported}");
    }
    for alike in [
        "application/xml: {}",
        "application/x-www-form-urlencoded: {}",
    ] {
        let fields = format!("requestBody: {{content: {{{json}, {alike}}}}}");
        let (_, diagnostics) = operation("3.1.0", &fields, "");
        assert_eq!(messages(&diagnostics), "", "{alike}");
    }
}

#[test]
fn a_form_that_carries_files_goes_before_json_that_cannot() {
    let schema =
        "{type: object, properties: {name: {type: string}, file: {type: string, format: binary}}}";
    let fields = format!(
        "requestBody: {{content: {{application/json: {{schema: {schema}}}, multipart/form-data: {{schema: {schema}}}}}}}"
    );
    let (operation, diagnostics) = operation("3.0.3", &fields, "");
    assert_eq!(
        operation.request_body.as_ref().unwrap().media_types,
        ["multipart/form-data"]
    );
    assert!(properties(&operation)[1].encoding.binary);
    let reported = messages(&diagnostics);
    assert!(
        reported.contains("cannot be sent as application/json"),
        "{reported}"
    );
}
