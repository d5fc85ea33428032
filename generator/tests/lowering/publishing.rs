//! What clients are shown of an input that is too large for them.

use std::path::Path;

use generator::inspect::Inspection;
use generator::ir::Operation;
use generator::lower::{Lowered, Settings, lower_with};
use generator::openapi::parse;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{lowered, messages};

const MAX_DEFINITION: usize = 24_000;

/// `POST /x` whose body has the property `p` of this schema, with these components beside it.
fn api(schema: &Value, components: &Value) -> Lowered {
    let body = json!({"type": "object", "properties": {"p": schema}});
    let api = json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/x": {"post": {"operationId": "x", "requestBody": {
            "content": {"application/json": {"schema": body}}
        }}}},
        "components": {"schemas": components},
    });
    lowered(&api.to_string())
}

/// A schema that takes `bytes` or more, and that has no parts to be cut.
fn values(prefix: &str, bytes: usize) -> Value {
    let values = (0..=bytes / 100).map(|n| format!("{prefix}{n:099}"));
    json!({"type": "string", "enum": values.collect::<Vec<_>>()})
}

/// An object with this number of properties, each of them as described.
fn object(count: usize, property: &Value) -> Value {
    let properties = (0..count).map(|n| (format!("f{n}"), property.clone()));
    json!({"type": "object", "properties": properties.collect::<Value>()})
}

fn described(words: usize) -> Value {
    json!({"type": "string", "description": vec!["word"; words].join(" ")})
}

fn cut(lowered: &Lowered) -> &Value {
    let operation = &lowered.api.operations[0];
    let bytes = Inspection::new(&lowered.api, Vec::new()).tools[0].bytes;
    assert!(bytes <= MAX_DEFINITION, "{bytes}");
    let published = operation.published.as_ref().unwrap();
    assert!(published.definitions.is_empty());
    &published.json
}

fn whole(lowered: &Lowered) -> Value {
    let Operation { input, .. } = &lowered.api.operations[0];
    let mut json = input.json.clone();
    let definitions = lowered.api.definitions.iter();
    json["$defs"] = definitions
        .map(|(name, schema)| (name.clone(), schema.json.clone()))
        .collect();
    json
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(schema).unwrap()
}

#[test]
fn what_fits_is_published_as_it_is() {
    let lowered = api(&values("a", 20_000), &json!({}));
    assert_eq!(lowered.api.operations[0].published, None);
    assert!(lowered.diagnostics.is_empty());
}

#[test]
fn what_is_nearest_to_the_root_stays_and_the_rest_is_reported_where_it_is_cut() {
    let schema = json!({"type": "object", "properties": {
        "far": {"type": "array", "items": {"$ref": "#/components/schemas/Far"}},
        "near": {"type": "integer", "description": "Stays."},
    }});
    let far = object(40, &object(5, &described(200)));
    let lowered = api(&schema, &json!({"Far": far}));
    let published = cut(&lowered);
    let near = &published["properties"]["p"]["properties"];
    assert_eq!(near["near"], schema["properties"]["near"]);
    assert_eq!(near["far"]["items"], json!({"$ref": "#/$defs/Far"}));
    assert_eq!(
        published["$defs"]["Far"]["properties"]["f39"],
        json!({
            "type": "object",
            "description": "(cut: 5 properties, such as f0, f1, f2; see the API's documentation)",
        })
    );
    assert!(messages(&lowered.diagnostics).contains("/paths/~1x/post the definition of `x` takes"));
}

#[test]
fn as_much_is_shown_as_there_is_room_for() {
    let far = json!({"type": "object", "properties": {
        "one": values("a", 12_000), "two": values("b", 16_000), "three": values("c", 2_000),
    }});
    let lowered = api(
        &json!({"$ref": "#/components/schemas/Far"}),
        &json!({"Far": far}),
    );
    let shown = &cut(&lowered)["$defs"]["Far"]["properties"];
    assert_eq!(shown["one"], far["properties"]["one"]);
    assert!(
        shown["two"]["description"]
            .as_str()
            .unwrap()
            .contains("cut: 161 values")
    );
    assert_eq!(shown["three"], far["properties"]["three"]);
}

#[test]
fn of_many_small_properties_the_names_stay() {
    let lowered = api(&object(300, &described(20)), &json!({}));
    let published = &cut(&lowered)["properties"]["p"];
    let shown = published["properties"].as_object().unwrap();
    assert_eq!(shown.len(), 300);
    assert_eq!(shown["f0"], described(20));
    assert_eq!(shown["f299"], json!({"type": "string"}));
    assert!(published["description"].as_str().unwrap().contains("cut"));
}

#[test]
fn calls_are_checked_against_the_whole() {
    let lowered = api(&values("a", 30_000), &json!({}));
    let wrong = json!({"p": "b"});
    assert!(validator(cut(&lowered)).is_valid(&wrong));
    assert!(!validator(&whole(&lowered)).is_valid(&wrong));
}

#[test]
fn a_cut_accepts_whatever_the_whole_does() {
    let component = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let (one, other, many) = (component("One"), component("Other"), component("Many"));
    let value = format!("a{:099}", 7);
    for (schema, instance) in [
        (json!({"oneOf": [one, other]}), json!(value)),
        (
            json!({"oneOf": [one, other], "anyOf": [one, {"type": "integer"}]}),
            json!(value),
        ),
        (json!({"not": one}), json!("x")),
        (json!({"if": one, "then": {"type": "integer"}}), json!("x")),
        (
            json!({"allOf": [many], "unevaluatedProperties": false}),
            json!({"f7": "x"}),
        ),
        (
            json!({"allOf": [component("List")], "unevaluatedItems": {"type": "integer"}}),
            json!(["x", "y"]),
        ),
        (
            json!({"type": "array", "contains": one, "maxContains": 1}),
            json!([value, "x", "y"]),
        ),
        (
            json!({"type": "object", "propertyNames": one, "minProperties": 1}),
            json!({value.clone(): 1}),
        ),
        (
            json!({"prefixItems": [one, {"type": "integer"}], "items": false}),
            json!([value, 1]),
        ),
    ] {
        let components = json!({
            "One": values("a", 30_000),
            "Other": values("b", 30_000),
            "Many": object(3_000, &described(1)),
            "List": {"prefixItems": vec![described(1); 3_000]},
        });
        let lowered = api(&schema, &components);
        let arguments = json!({"p": instance});
        assert!(validator(&whole(&lowered)).is_valid(&arguments), "{schema}");
        let published = cut(&lowered);
        assert!(validator(published).is_valid(&arguments), "{published}");
    }
}

#[test]
fn circles_of_definitions_are_cut_too() {
    let mut tree = object(40, &described(200));
    tree["properties"]["tree"] = json!({"$ref": "#/components/schemas/Tree"});
    let lowered = api(
        &json!({"$ref": "#/components/schemas/Tree"}),
        &json!({"Tree": tree}),
    );
    validator(cut(&lowered));
}

#[test]
fn more_arguments_than_there_is_room_for_leave_the_schema_open() {
    for (count, length) in [(500, 200), (3_000, 10)] {
        let parameters: Vec<Value> = (0..count)
            .map(|n| {
                json!({"name": format!("p{n}"), "in": "query", "description": "d".repeat(length),
                       "schema": {"type": "integer"}})
            })
            .collect();
        let api = json!({
            "openapi": "3.1.0",
            "info": {"title": "t", "version": "1"},
            "paths": {"/x": {"get": {"parameters": parameters}}},
        });
        let lowered = lowered(&api.to_string());
        let published = cut(&lowered);
        assert!(published["description"].as_str().unwrap().contains("cut") || count == 3_000);
        let last = json!({format!("p{}", count - 1): 1});
        assert!(validator(published).is_valid(&last));
    }
}

#[test]
fn what_cannot_be_cut_is_reported() {
    let text = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {/x: {get: {summary: s}}}";
    let document = parse(Path::new("api.yaml"), text.to_owned()).unwrap();
    let small = Settings {
        max_definition_bytes: 100,
        ..Settings::default()
    };
    let reported = messages(&lower_with(document, &small).diagnostics);
    assert!(
        reported.contains("/paths/~1x/get without its arguments the definition of `get_x` takes"),
        "{reported}"
    );
}

#[test]
fn what_a_list_is_of_is_never_cut_away() {
    let people = json!({"type": "array", "minItems": 1, "items": object(300, &values("v", 300))});
    let lists = json!({"type": "array", "items": {"type": "array", "items": values("w", 30_000)}});
    let lowered = api(
        &json!({"type": "object", "properties": {"people": people, "lists": lists}}),
        &json!({}),
    );
    let published = lowered.api.operations[0].published.as_ref().unwrap();
    let shown = &published.json["properties"]["p"]["properties"];
    assert_eq!(shown["people"]["items"]["type"], "object");
    assert_eq!(shown["lists"]["items"]["items"]["type"], "string");
}

/// As [`api`], where body and property are required, beside 100 properties that are not.
fn api_of_required(schema: &Value, components: &Value) -> Lowered {
    let mut body = object(100, &described(30));
    body["properties"]["p"] = schema.clone();
    body["required"] = json!(["p"]);
    let api = json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/x": {"post": {"operationId": "x", "requestBody": {
            "required": true,
            "content": {"application/json": {"schema": body}}
        }}}},
        "components": {"schemas": components},
    });
    lowered(&api.to_string())
}

/// An object that requires `kind`, which is described so, beside 100 properties.
fn with_required(property: &Value) -> Value {
    let mut schema = object(100, &described(30));
    schema["properties"]["kind"] = property.clone();
    schema["required"] = json!(["kind"]);
    schema
}

#[test]
fn what_the_main_call_needs_is_shown_before_what_is_nearer_to_the_root() {
    let leaf = json!({"type": "string", "enum": ["only", "these"]});
    let deep = with_required(&with_required(&with_required(&leaf)));
    for (schema, at) in [
        (
            deep.clone(),
            "/p/properties/kind/properties/kind/properties/kind",
        ),
        (
            json!({"type": "array", "minItems": 1, "items": deep}),
            "/p/items/properties/kind/properties/kind/properties/kind",
        ),
        (
            json!({"allOf": [object(100, &described(30)), with_required(&leaf)]}),
            "/p/allOf/1/properties/kind",
        ),
        (
            json!({"anyOf": [{"type": "null"}, with_required(&leaf), object(9, &described(3_000))]}),
            "/p/anyOf/1/properties/kind",
        ),
    ] {
        let lowered = api_of_required(&schema, &json!({}));
        let shown = cut(&lowered)["properties"].pointer(at);
        let values = shown.map(|shown| &shown["enum"]);
        assert_eq!(values, Some(&json!(["only", "these"])), "{at}");
    }
}

#[test]
fn definitions_that_the_main_call_needs_are_shown_before_others() {
    let leaf = json!({"type": "string", "enum": ["only", "these"]});
    let mut root = object(3, &json!({"$ref": "#/components/schemas/Other"}));
    root["properties"]["more"] = json!({"$ref": "#/components/schemas/Kind"});
    root["properties"]["kind"] = json!({"$ref": "#/components/schemas/Kind"});
    root["required"] = json!(["kind"]);
    let mut kind = with_required(&leaf);
    kind["properties"]["kind"] = with_required(&with_required(&leaf));
    let components = json!({"Other": object(100, &described(90)), "Kind": kind});
    let lowered = api_of_required(&root, &components);
    let kind = "/$defs/Kind/properties/kind/properties/kind/properties/kind/enum";
    assert_eq!(cut(&lowered).pointer(kind), Some(&json!(["only", "these"])));
}

#[test]
fn a_required_part_that_is_too_large_shows_what_it_requires() {
    let leaf = json!({"type": "string", "enum": ["only", "these"]});
    let mut large = object(900, &described(30));
    large["properties"]["kind"] = leaf;
    large["required"] = json!(["kind"]);
    large["additionalProperties"] = json!(false);
    let lowered = api_of_required(&large, &json!({}));
    let shown = cut(&lowered);
    assert_eq!(
        shown["properties"]["p"]["properties"]["kind"]["enum"][0],
        "only"
    );
    let arguments = json!({"p": {"kind": "only", "f899": "a"}});
    assert!(validator(shown).is_valid(&arguments));
    assert!(validator(&whole(&lowered)).is_valid(&arguments));
}

#[test]
fn catalogue_that_is_too_large_for_models_is_reported_with_its_tokens_and_a_remedy() {
    let text = |operations: usize| {
        let mut text = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n".to_owned();
        for number in 0..operations {
            let description = "word ".repeat(200);
            let tag = if number % 10 == 0 { "few" } else { "many" };
            text += &format!(
                "  /{number}: {{get: {{tags: [{tag}], description: {description}, responses: {{}}}}}}\n"
            );
        }
        text
    };
    let reported = |operations: usize| {
        let mut found = lowered(&text(operations)).diagnostics.into_iter();
        found.find(|found| found.message.contains("too large for models"))
    };
    assert_eq!(reported(30), None);
    let found = reported(600).unwrap();
    assert!(
        found.message.contains("600 tools take about "),
        "{}",
        found.message
    );
    assert!(
        found.help.contains("--only 'tag:few' (60 tools, "),
        "{}",
        found.help
    );
    assert_eq!(found.line, Some(3));
}
