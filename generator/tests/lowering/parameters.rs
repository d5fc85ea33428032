use generator::ir::{In, Style};
use serde_json::json;

use crate::support::{described, messages, operation, parameter};

#[test]
fn an_operation_overrides_its_path_item_by_name_and_location() {
    let lowered = described(
        "3.0.0",
        "  /x:\n    parameters:\n    - {name: a, in: query, schema: {type: string}}\n    \
         - {name: a, in: header, schema: {type: string}}\n    get:\n      parameters:\n      \
         - {name: a, in: query, required: true, schema: {type: integer}}\n",
    );
    let operation = &lowered.api.operations[0];
    assert_eq!(operation.parameters.len(), 2);
    let input = &operation.input.json;
    assert_eq!(input["properties"]["a"], json!({"type": "integer"}));
    assert_eq!(
        input["properties"]["a_header"],
        json!({"type": "string", "description": "Sent as `a` in the header."})
    );
    assert_eq!(input["required"], json!(["a"]));
    assert_eq!(input["additionalProperties"], json!(false));
}

#[test]
fn names_that_collide_are_distinguished_by_location() {
    let lowered = described(
        "3.0.0",
        "  /x/{id}:\n    post:\n      parameters:\n      - {name: id, in: cookie}\n      \
         - {name: id, in: query}\n      - {name: id, in: path, required: true}\n      \
         requestBody: {content: {application/json: {schema: {type: object, properties: {id: {}}}}}}\n",
    );
    let operation = &lowered.api.operations[0];
    let arguments: Vec<&str> = operation
        .parameters
        .iter()
        .map(|one| one.argument.as_str())
        .collect();
    assert_eq!(arguments, ["id_cookie", "id_query", "id"]);
    assert_eq!(crate::support::properties(operation)[0].argument, "id_body");
}

#[test]
fn made_argument_names_stay_apart() {
    let (operation, _) = operation(
        "3.0.0",
        "parameters:\n- {name: 'a[b]', in: query}\n- {name: 'a_b', in: query}\n- {name: 'a b', in: query}",
        "",
    );
    let arguments: Vec<&str> = operation
        .parameters
        .iter()
        .map(|one| one.argument.as_str())
        .collect();
    assert_eq!(arguments, ["a_b_query_2", "a_b", "a_b_query"]);
}

#[test]
fn headers_that_are_not_for_callers_are_dropped_and_reported() {
    let fields = "parameters:\n- {name: Accept, in: header}\n- {name: host, in: header}\n- {name: X-A, in: header}";
    let (operation, diagnostics) = operation("3.0.0", fields, "");
    assert_eq!(operation.parameters.len(), 1);
    assert_eq!(diagnostics.len(), 2, "{diagnostics:?}");
    assert_eq!(diagnostics[0].line, Some(7));
}

#[test]
fn a_parameter_that_cannot_be_sent_costs_itself_or_if_required_the_operation() {
    for fields in ["name: 'a: b', in: header", "name: '', in: query"] {
        let paths = |required: bool| {
            format!("  /x:\n    get:\n      parameters: [{{{fields}, required: {required}}}]\n")
        };
        let dropped = described("3.0.0", &paths(false)).api.operations;
        assert!(dropped[0].parameters.is_empty());
        let refused = described("3.0.0", &paths(true));
        assert!(refused.api.operations.is_empty());
        assert!(messages(&refused.diagnostics).contains("GET /x is left out"));
    }
}

#[test]
fn path_parameters_follow_the_template() {
    let lowered = described(
        "3.0.0",
        "  /x/{a}/{b}:\n    get:\n      parameters:\n      - {name: a, in: path, schema: {type: integer}}\n      \
         - {name: c, in: path, required: true}\n",
    );
    let operation = &lowered.api.operations[0];
    let names: Vec<_> = operation
        .parameters
        .iter()
        .map(|one| (one.name.as_str(), one.required))
        .collect();
    assert_eq!(names, [("a", true), ("b", true)]);
    assert_eq!(
        operation.input.json["properties"]["b"],
        json!({"type": "string"})
    );
    assert_eq!(lowered.diagnostics.len(), 2);
}

#[test]
fn styles_have_the_defaults_of_their_location() {
    let fields = "parameters:\n- {name: q, in: query}\n- {name: h, in: header}\n- {name: c, in: cookie}\n\
                  - {name: d, in: query, style: deepObject}\n- {name: p, in: query, style: pipeDelimited}";
    let (operation, _) = operation("3.0.0", fields, "");
    let styles = ["q", "h", "c", "d", "p"].map(|name| {
        let parameter = parameter(&operation, name);
        (parameter.style, parameter.explode)
    });
    assert_eq!(
        styles,
        [
            (Style::Form, true),
            (Style::Simple, false),
            (Style::Form, true),
            (Style::DeepObject, true),
            (Style::PipeDelimited, false),
        ]
    );
}

#[test]
fn a_style_of_another_location_falls_back_and_is_reported() {
    let (operation, diagnostics) = operation(
        "3.0.0",
        "parameters: [{name: h, in: header, style: form}]",
        "",
    );
    assert_eq!(parameter(&operation, "h").style, Style::Simple);
    assert_eq!(diagnostics.len(), 1);
}

#[test]
fn content_provides_schema_and_media_type() {
    let fields =
        "parameters: [{name: q, in: query, content: {application/json: {schema: {type: object}}}}]";
    let (operation, _) = operation("3.0.0", fields, "");
    assert_eq!(
        parameter(&operation, "q").content.as_deref(),
        Some("application/json")
    );
    assert_eq!(
        operation.input.json["properties"]["q"],
        json!({"type": "object"})
    );
}

#[test]
fn the_parameter_describes_its_argument() {
    let fields = "parameters: [{name: q, in: query, deprecated: true, description: outer, example: 7, \
                  schema: {type: integer, description: inner}}]";
    let (operation, _) = operation("3.0.0", fields, "");
    assert_eq!(
        operation.input.json["properties"]["q"],
        json!({"type": "integer", "description": "outer", "deprecated": true, "examples": [7]})
    );
}

#[test]
fn a_reference_may_describe_anew_since_3_1() {
    let fields = "parameters: [{$ref: '#/components/parameters/P', description: here}]";
    let parts = "components: {parameters: {P: {name: q, in: query, description: there}}}";
    let text = |version| {
        let (operation, _) = operation(version, fields, parts);
        operation.input.json["properties"]["q"]["description"].clone()
    };
    assert_eq!(
        (text("3.0.0"), text("3.1.0")),
        (json!("there"), json!("here"))
    );
}

#[test]
fn an_argument_mirrored_in_a_header_says_so_once() {
    let fields = "parameters:\n- {name: a, in: query, x-mcp-header: Region, schema: {type: string}}\n\
                  - {name: b, in: query, schema: {type: string, x-mcp-header: region}}\n\
                  - {name: c, in: query, schema: {type: array, x-mcp-header: Other}}";
    let (operation, _) = operation("3.1.0", fields, "");
    let mirrors = ["a", "b", "c"]
        .map(|name| operation.input.json["properties"][name]["x-mcp-header"].clone());
    assert_eq!(mirrors, [json!("Region"), json!(null), json!(null)]);
}

#[test]
fn a_parameter_that_leads_nowhere_costs_its_operation_alone() {
    let lowered = described(
        "3.0.0",
        "  /x:\n    get: {parameters: [{$ref: '#/components/parameters/None'}]}\n    post: {}\n",
    );
    assert_eq!(lowered.api.operations.len(), 1);
    let error = &lowered.diagnostics[0];
    assert_eq!(
        (error.pointer.as_str(), error.line),
        ("/paths/~1x/get/parameters/0", Some(5))
    );
}

#[test]
fn the_whole_query_string_is_one_argument_since_3_2() {
    let fields = "parameters: [{name: q, in: querystring, content: {application/json: {schema: {type: object}}}}]";
    let (operation, _) = operation("3.2.0", fields, "");
    assert_eq!(parameter(&operation, "q").location, In::QueryString);
}

#[test]
fn simple_in_a_query_is_form_with_commas() {
    let fields = "parameters: [{name: q, in: query, style: simple, schema: {type: array}}]";
    let (operation, diagnostics) = operation("3.0.0", fields, "");
    let q = parameter(&operation, "q");
    assert_eq!((q.style, q.explode), (Style::Form, false));
    assert!(messages(&diagnostics).contains("it is read as `form`, not exploded"));
}

#[test]
fn headers_that_would_misdescribe_the_message_are_no_arguments() {
    for name in [
        "Content-Encoding",
        "content-encoding",
        "Transfer-Encoding",
        "Connection",
        "Host",
        "Content-Length",
        "Expect",
        "Trailer",
        "Content-Transfer-Encoding",
    ] {
        let fields = format!(
            "parameters: [{{name: {name}, in: header, required: true, schema: {{type: string, default: gzip}}}}]"
        );
        let (operation, diagnostics) = operation("3.0.3", &fields, "");
        assert!(operation.parameters.is_empty(), "{name}");
        assert!(
            messages(&diagnostics).contains("is not for callers to set"),
            "{name}"
        );
    }
    let fields = "parameters: [{name: Content-Language, in: header, schema: {type: string}}, {name: Content-Range, in: header, schema: {type: string}}]";
    assert_eq!(operation("3.0.3", fields, "").0.parameters.len(), 2);
}

#[test]
fn headers_that_differ_in_letter_case_are_one_argument() {
    let paths = "  /x:
    parameters: [{name: X-Trace, in: header, schema: {type: integer}}]
    get:
      parameters:
        - {name: x-trace, in: header, schema: {type: string}}
        - {name: A, in: query, schema: {}}
        - {name: a, in: query, schema: {}}
";
    let found = described("3.0.3", paths);
    let names: Vec<&str> = found.api.operations[0]
        .parameters
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["x-trace", "A", "a"]);
    let (operation, diagnostics) = operation(
        "3.0.3",
        "parameters: [{name: X-A, in: header, schema: {}}, {name: X-a, in: header, schema: {}}]",
        "",
    );
    assert_eq!(operation.parameters.len(), 1);
    assert!(messages(&diagnostics).contains("declared twice"));
}

#[test]
fn expressions_of_other_tools_keep_the_declared_parameter() {
    for (path, sent) in [
        ("/a/{p*}", "/a/{p}"),
        ("/a/{p:[0-9]+}", "/a/{p}"),
        ("/a/{p:[0-9]{3}}/b", "/a/{p}/b"),
        ("/a/{+p}", "/a/{p}"),
        ("/a/{p=things/*}", "/a/{p}"),
        ("/a/{p+}", "/a/{p}"),
        ("a/{p}", "/a/{p}"),
    ] {
        let found = described(
            "3.0.3",
            &format!(
                "  '{path}':\n    get:\n      parameters: [{{name: p, in: path, required: true, schema: {{type: integer}}}}]\n"
            ),
        );
        let operation = &found.api.operations[0];
        assert_eq!(operation.path, sent, "{path}");
        assert_eq!(operation.parameters.len(), 1, "{path}");
        assert_eq!(
            operation.input.json["properties"]["p"],
            json!({"type": "integer"})
        );
        assert!(
            messages(&found.diagnostics).contains("is read as"),
            "{path}"
        );
    }
    let found = described("3.0.3", "  '/a/{p':\n    get: {}\n");
    assert!(messages(&found.diagnostics).contains("is not closed"));
}

#[test]
fn an_optional_parameter_that_is_broken_costs_itself_alone() {
    for broken in [
        "{name: a, in: cloud, schema: {}}",
        "{name: a, schema: {}}",
        "{in: query, schema: {}}",
        "{name: a, in: query, content: {application/json: {$ref: '#/none'}}}",
    ] {
        let fields = format!("parameters: [{broken}, {{name: b, in: query, schema: {{}}}}]");
        let (operation, diagnostics) = operation("3.1.0", &fields, "");
        assert_eq!(operation.parameters.len(), 1, "{broken}");
        assert!(
            messages(&diagnostics).contains("the parameter is dropped"),
            "{broken}"
        );
    }
    let found = described(
        "3.0.3",
        "  /x:\n    get:\n      parameters: [{name: a, in: cloud, required: true}]\n",
    );
    assert!(found.api.operations.is_empty());
}

#[test]
fn comments_are_no_part_of_descriptions() {
    let (operation, _) = operation(
        "3.0.3",
        "summary: <!-- todo -->Reads.\ndescription: 'Reads. <!-- internal -->All.'\n\
         parameters: [{name: a, in: query, description: 'A <!-- x -->page.', schema: {description: '<!-- y -->'}}]\n\
         requestBody: {content: {application/json: {schema: {type: array, items: {description: 'B<!-- z -->'}}}}}",
        "",
    );
    let all = format!(
        "{}{}{}",
        operation.title, operation.description, operation.input.json
    );
    assert!(!all.contains("<!--"), "{all}");
    assert_eq!(
        operation.input.json["properties"]["a"]["description"],
        "A page."
    );
}
