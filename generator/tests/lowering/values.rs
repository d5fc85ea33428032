//! Values in schemas: `type` decides how they are read.

use serde_json::{Value, json};

use crate::support::{operation, schema, schema_with};

fn of(published: &Value, keyword: &str) -> Value {
    published[keyword].clone()
}

#[test]
fn enum_values_of_a_text_are_the_texts_of_the_file() {
    let (published, _) = schema(
        "3.0.3",
        "{type: string, enum: [3, 4.1, yes, 1.10, 012, 0x1F, True, +1, 1_000, 1e3, '5']}",
    );
    assert_eq!(
        of(&published, "enum"),
        json!([
            "3", "4.1", "yes", "1.10", "012", "0x1F", "True", "+1", "1_000", "1e3", "5"
        ])
    );
}

#[test]
fn enum_values_of_a_number_are_numbers() {
    let (integer, _) = schema("3.0.3", "{type: integer, enum: ['1', '2', '2']}");
    assert_eq!(of(&integer, "enum"), json!([1, 2]));
    let (number, _) = schema("3.1.0", "{type: [number, 'null'], enum: ['1.10', null]}");
    assert_eq!(of(&number, "enum").to_string(), "[1.10,null]");
    let (boolean, _) = schema("3.0.3", "{type: boolean, enum: ['true']}");
    assert_eq!(of(&boolean, "enum"), json!([true]));
}

#[test]
fn other_values_are_read_by_type_too() {
    let (text, _) = schema(
        "3.1.0",
        "{type: string, const: 1.0, default: 1.0, examples: [01, a]}",
    );
    assert_eq!(of(&text, "const"), json!("1.0"));
    assert_eq!(of(&text, "default"), json!("1.0"));
    assert_eq!(of(&text, "examples"), json!(["01", "a"]));
    let (number, _) = schema("3.0.3", "{type: integer, default: '10', example: '7'}");
    assert_eq!(of(&number, "default"), json!(10));
    assert_eq!(of(&number, "examples"), json!([7]));
}

#[test]
fn values_inside_values_are_read_by_their_own_types() {
    let (list, _) = schema(
        "3.0.3",
        "{type: array, items: {type: string}, default: [1, a]}",
    );
    assert_eq!(of(&list, "default"), json!(["1", "a"]));
    let (object, _) = schema(
        "3.0.3",
        "{type: object, properties: {v: {type: string}, n: {type: integer}}, example: {v: 1.10, n: '2'}}",
    );
    assert_eq!(of(&object, "examples"), json!([{"v": "1.10", "n": 2}]));
}

#[test]
fn a_type_behind_a_reference_or_in_a_part_decides() {
    let (_, published) = schema_with(
        "3.1.0",
        "{$ref: '#/components/schemas/Version', enum: [1, 2]}",
        "    Version: {type: string}\n",
    );
    assert_eq!(of(&published, "enum"), json!(["1", "2"]));
    let (_, published) = schema_with(
        "3.0.3",
        "{allOf: [{$ref: '#/components/schemas/Version'}], default: 2}",
        "    Version: {type: string}\n",
    );
    assert_eq!(of(&published, "default"), json!("2"));
}

#[test]
fn values_of_no_declared_type_stay() {
    let (any, _) = schema("3.0.3", "{enum: [1, a, true]}");
    assert_eq!(of(&any, "enum"), json!([1, "a", true]));
    let (several, _) = schema("3.1.0", "{type: [string, integer], enum: [1, '1']}");
    assert_eq!(of(&several, "enum"), json!([1, "1"]));
    let (nullable, _) = schema("3.0.3", "{type: string, nullable: true, enum: [1, null]}");
    assert_eq!(of(&nullable, "enum"), json!(["1", null]));
}

#[test]
fn an_enum_beside_items_is_read_by_the_type_of_the_items() {
    let (list, _) = schema(
        "3.0.3",
        "{type: array, items: {type: string}, enum: [1, 012, D]}",
    );
    assert_eq!(list["items"]["enum"], json!(["1", "12", "D"]));
}

#[test]
fn an_example_of_a_parameter_is_read_by_the_type_of_its_schema() {
    let (operation, _) = operation(
        "3.0.3",
        "parameters: [{name: p, in: query, example: 5, schema: {type: string}}]",
        "",
    );
    assert_eq!(
        operation.input.json["properties"]["p"]["examples"],
        json!(["5"])
    );
}

#[test]
fn the_names_of_variants_are_texts_where_their_property_is_one() {
    let (lowered, _) = schema_with(
        "3.0.3",
        "{$ref: '#/components/schemas/Any'}",
        "    Any: {oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}], \
         discriminator: {propertyName: v, mapping: {'1': '#/components/schemas/A', '2': '#/components/schemas/B'}}}\n\
         \x20   A: {type: object, required: [v], properties: {v: {type: string, enum: [1]}}}\n\
         \x20   B: {type: object, required: [v], properties: {v: {type: string, enum: [2]}}}\n",
    );
    let any = lowered.api.definitions["Any"].json.to_string();
    assert!(any.contains(r#""enum":["1","2"]"#), "{any}");
}
