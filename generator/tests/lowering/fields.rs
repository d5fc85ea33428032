use crate::support::{described, lowered, messages};

/// The findings about a description with these fields in its one operation.
fn reported(version: &str, fields: &str) -> String {
    let lowered = described(version, &format!("  /a:\n    get: {fields}\n"));
    let found = lowered.diagnostics.iter();
    found
        .map(|found| format!("{} {}; {}\n", found.pointer, found.message, found.help))
        .collect()
}

#[test]
fn a_field_that_is_misspelt_is_reported_with_the_one_that_was_meant() {
    assert_eq!(
        reported("3.1.0", "{operationID: a, paramters: [], qqq: 1, x-own: 1}"),
        "/paths/~1a/get/operationID there is no field `operationID` here; it is ignored; did you mean `operationId`?\n\
         /paths/~1a/get/paramters there is no field `paramters` here; it is ignored; did you mean `parameters`?\n\
         /paths/~1a/get/qqq there is no field `qqq` here; it is ignored; leave it out, or begin its name with `x-`\n"
    );
}

#[test]
fn a_field_of_a_later_version_is_reported() {
    let paths = "  /a: {query: {}}\ncomponents: {pathItems: {}}\n";
    let reported = |version| messages(&described(version, paths).diagnostics);
    assert!(reported("3.0.0").contains("`pathItems` is a field of OpenAPI 3.1"));
    assert!(reported("3.1.0").contains("`query` is a field of OpenAPI 3.2"));
    assert!(!reported("3.1.0").contains("pathItems"));
    assert_eq!(reported("3.2.0"), "");
}

#[test]
fn a_field_that_holds_something_else_is_reported() {
    let parameters = "{parameters: [{name: p, in: query, required: 'true', schema: {}}], tags: t}";
    assert_eq!(
        reported("3.0.0", parameters),
        "/paths/~1a/get/parameters/0/required the field holds a text; it is ignored; write `true` or `false`\n\
         /paths/~1a/get/tags the field holds a text; it is ignored; write a list\n"
    );
}

#[test]
fn fields_that_exclude_each_other_are_reported() {
    let response = "{responses: {'200': {content: {a/b: {example: 1, examples: {}}}}}}";
    assert!(
        reported("3.0.0", response).contains("a~1b `example` and `examples` exclude each other")
    );
}

#[test]
fn what_cannot_be_the_name_of_a_header_is_reported() {
    let response = "{responses: {'200': {headers: {'Bad=Header': {}, X-Good: {}}}}}";
    let reported = reported("3.0.0", response);
    assert!(
        reported.contains("headers/Bad=Header `Bad=Header` cannot be"),
        "{reported}"
    );
    assert!(!reported.contains("X-Good"), "{reported}");
}

#[test]
fn a_header_parameter_that_no_header_can_be_is_reported() {
    let found = messages(
        &described(
            "3.2.0",
            "components: {parameters: {P: {name: 'Bad[H]', in: header, schema: {}}}}",
        )
        .diagnostics,
    );
    assert!(
        found.contains("`Bad[H]` cannot be the name of a header"),
        "{found}"
    );
}

#[test]
fn a_query_string_beside_others_is_reported() {
    let whole = |name| format!("{{name: {name}, in: querystring, content: {{a/b: {{}}}}}}");
    let (a, b) = (whole("a"), whole("b"));
    let part = "{name: p, in: query, schema: {}}";
    let reported = |item: &str| {
        let found = described("3.2.0", &format!("  /a: {item}\n")).diagnostics;
        let found = found
            .iter()
            .filter(|found| found.message.contains("whole query"));
        found
            .map(|found| format!("{} ", found.pointer))
            .collect::<String>()
    };
    assert_eq!(
        reported(&format!("{{get: {{parameters: [{a}, {b}]}}}}")),
        "/paths/~1a/get/parameters "
    );
    assert_eq!(
        reported(&format!(
            "{{parameters: [{a}], get: {{parameters: [{part}]}}}}"
        )),
        "/paths/~1a/get/parameters "
    );
    assert_eq!(
        reported(&format!("{{parameters: [{a}, {part}], get: {{}}}}")),
        "/paths/~1a/parameters "
    );
    assert_eq!(
        reported(&format!(
            "{{get: {{parameters: [{a}]}}, put: {{parameters: [{b}]}}}}"
        )),
        ""
    );
}

#[test]
fn a_query_string_described_by_a_schema_is_reported() {
    let parameter = "{parameters: [{name: q, in: querystring, schema: {}, explode: true}]}";
    let reported = reported("3.2.0", parameter);
    assert!(
        reported.contains("parameters/0/schema `schema` is not for"),
        "{reported}"
    );
    assert!(
        reported.contains("parameters/0/explode `explode` is not for"),
        "{reported}"
    );
}

#[test]
fn allow_reserved_without_effect_is_reported() {
    let is_reported = |version: &str, parameter: &str| {
        let fields = format!(
            "{{parameters: [{{name: p, allowReserved: true, schema: {{}}, {parameter}}}]}}"
        );
        reported(version, &fields).contains("/allowReserved `allowReserved` has no effect here")
    };
    assert!(is_reported("3.2.0", "in: cookie, style: cookie"));
    assert!(is_reported("3.2.0", "in: header"));
    assert!(is_reported("3.1.0", "in: cookie"));
    assert!(!is_reported("3.2.0", "in: cookie"));
    assert!(!is_reported("3.1.0", "in: query"));
}

#[test]
fn a_server_variable_without_values_is_reported() {
    let servers =
        "{servers: [{url: 'https://a.test/{v}', variables: {v: {enum: [], default: a}}}]}";
    let reported = reported("3.1.0", servers);
    assert!(
        reported.contains("variables/v/enum the list of values is empty"),
        "{reported}"
    );
}

#[test]
fn xml_in_two_ways_is_reported_wherever_the_schema_is() {
    let schema =
        "{type: array, items: {properties: {a: {xml: {nodeType: element, wrapped: true}}}}}";
    let request = format!("{{requestBody: {{content: {{a/b: {{schema: {schema}}}}}}}}}");
    let reported = reported("3.2.0", &request);
    assert!(
        reported.contains("items/properties/a/xml `nodeType` and `wrapped` exclude each other"),
        "{reported}"
    );
}

#[test]
fn what_is_referred_to_is_looked_through_where_it_is() {
    let lowered = lowered(
        "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  /a: {get: {parameters: [{$ref: '#/components/parameters/p'}]}}\n\
         components: {parameters: {p: {name: p, in: query, shema: {}}}}",
    );
    let reported = messages(&lowered.diagnostics);
    assert_eq!(
        reported,
        "/components/parameters/p/shema there is no field `shema` here; it is ignored\n"
    );
}
