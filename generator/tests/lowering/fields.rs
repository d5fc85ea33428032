use crate::support::{described, lowered, messages};

/// What is told of a description with these fields in its one operation.
fn told(version: &str, fields: &str) -> String {
    let lowered = described(version, &format!("  /a:\n    get: {fields}\n"));
    let found = lowered.diagnostics.iter();
    found
        .map(|found| format!("{} {}; {}\n", found.pointer, found.message, found.help))
        .collect()
}

#[test]
fn a_field_that_is_misspelt_is_told_with_the_one_that_was_meant() {
    assert_eq!(
        told("3.1.0", "{operationID: a, paramters: [], qqq: 1, x-own: 1}"),
        "/paths/~1a/get/operationID there is no field `operationID` here; it is ignored; did you mean `operationId`?\n\
         /paths/~1a/get/paramters there is no field `paramters` here; it is ignored; did you mean `parameters`?\n\
         /paths/~1a/get/qqq there is no field `qqq` here; it is ignored; leave it out, or begin its name with `x-`\n"
    );
}

#[test]
fn a_field_of_a_later_version_is_told() {
    let paths = "  /a: {query: {}}\ncomponents: {pathItems: {}}\n";
    let told = |version| messages(&described(version, paths).diagnostics);
    assert!(told("3.0.0").contains("`pathItems` is a field of OpenAPI 3.1"));
    assert!(told("3.1.0").contains("`query` is a field of OpenAPI 3.2"));
    assert!(!told("3.1.0").contains("pathItems"));
    assert_eq!(told("3.2.0"), "");
}

#[test]
fn a_field_that_holds_something_else_is_told() {
    let parameters = "{parameters: [{name: p, in: query, required: 'true', schema: {}}], tags: t}";
    assert_eq!(
        told("3.0.0", parameters),
        "/paths/~1a/get/parameters/0/required the field holds a text; it is ignored; write `true` or `false`\n\
         /paths/~1a/get/tags the field holds a text; it is ignored; write a list\n"
    );
}

#[test]
fn fields_that_exclude_each_other_are_told() {
    let response = "{responses: {'200': {content: {a/b: {example: 1, examples: {}}}}}}";
    assert!(told("3.0.0", response).contains("a~1b `example` and `examples` exclude each other"));
}

#[test]
fn what_cannot_be_the_name_of_a_header_is_told() {
    let response = "{responses: {'200': {headers: {'Bad=Header': {}, X-Good: {}}}}}";
    let told = told("3.0.0", response);
    assert!(
        told.contains("headers/Bad=Header `Bad=Header` cannot be"),
        "{told}"
    );
    assert!(!told.contains("X-Good"), "{told}");
}

#[test]
fn a_header_parameter_that_no_header_can_be_is_told() {
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
fn a_query_string_beside_others_is_told() {
    let whole = |name| format!("{{name: {name}, in: querystring, content: {{a/b: {{}}}}}}");
    let (a, b) = (whole("a"), whole("b"));
    let part = "{name: p, in: query, schema: {}}";
    let told = |item: &str| {
        let found = described("3.2.0", &format!("  /a: {item}\n")).diagnostics;
        let found = found
            .iter()
            .filter(|found| found.message.contains("whole query"));
        found
            .map(|found| format!("{} ", found.pointer))
            .collect::<String>()
    };
    assert_eq!(
        told(&format!("{{get: {{parameters: [{a}, {b}]}}}}")),
        "/paths/~1a/get/parameters "
    );
    assert_eq!(
        told(&format!(
            "{{parameters: [{a}], get: {{parameters: [{part}]}}}}"
        )),
        "/paths/~1a/get/parameters "
    );
    assert_eq!(
        told(&format!("{{parameters: [{a}, {part}], get: {{}}}}")),
        "/paths/~1a/parameters "
    );
    assert_eq!(
        told(&format!(
            "{{get: {{parameters: [{a}]}}, put: {{parameters: [{b}]}}}}"
        )),
        ""
    );
}

#[test]
fn a_query_string_described_by_a_schema_is_told() {
    let parameter = "{parameters: [{name: q, in: querystring, schema: {}, explode: true}]}";
    let told = told("3.2.0", parameter);
    assert!(
        told.contains("parameters/0/schema `schema` is not for"),
        "{told}"
    );
    assert!(
        told.contains("parameters/0/explode `explode` is not for"),
        "{told}"
    );
}

#[test]
fn allow_reserved_without_effect_is_told() {
    let is_told = |version: &str, parameter: &str| {
        let fields = format!(
            "{{parameters: [{{name: p, allowReserved: true, schema: {{}}, {parameter}}}]}}"
        );
        told(version, &fields).contains("/allowReserved `allowReserved` has no effect here")
    };
    assert!(is_told("3.2.0", "in: cookie, style: cookie"));
    assert!(is_told("3.2.0", "in: header"));
    assert!(is_told("3.1.0", "in: cookie"));
    assert!(!is_told("3.2.0", "in: cookie"));
    assert!(!is_told("3.1.0", "in: query"));
}

#[test]
fn a_server_variable_without_values_is_told() {
    let servers =
        "{servers: [{url: 'https://a.test/{v}', variables: {v: {enum: [], default: a}}}]}";
    let told = told("3.1.0", servers);
    assert!(
        told.contains("variables/v/enum the list of values is empty"),
        "{told}"
    );
}

#[test]
fn xml_in_two_ways_is_told_wherever_the_schema_stands() {
    let schema =
        "{type: array, items: {properties: {a: {xml: {nodeType: element, wrapped: true}}}}}";
    let request = format!("{{requestBody: {{content: {{a/b: {{schema: {schema}}}}}}}}}");
    let told = told("3.2.0", &request);
    assert!(
        told.contains("items/properties/a/xml `nodeType` and `wrapped` exclude each other"),
        "{told}"
    );
}

#[test]
fn what_is_referred_to_is_looked_through_where_it_stands() {
    let lowered = lowered(
        "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  /a: {get: {parameters: [{$ref: '#/components/parameters/p'}]}}\n\
         components: {parameters: {p: {name: p, in: query, shema: {}}}}",
    );
    let told = messages(&lowered.diagnostics);
    assert_eq!(
        told,
        "/components/parameters/p/shema there is no field `shema` here; it is ignored\n"
    );
}
