use generator::ir::ArgumentType;

use crate::support::{operation, schema_with};

/// The type of an argument that has this schema.
fn type_of(schema: &str) -> ArgumentType {
    let fields = format!("parameters: [{{name: p, in: query, schema: {schema}}}]");
    let (operation, _) = operation("3.1.0", &fields, "");
    operation.arguments[0].ty.clone()
}

#[test]
fn argument_type_holds_all_that_its_schema_allows() {
    let list = |items| ArgumentType::Array(Box::new(items));
    let texts = ["a", "b"].map(str::to_owned).to_vec();
    for (schema, ty) in [
        ("{type: string}", ArgumentType::String),
        ("{type: integer}", ArgumentType::Integer),
        ("{type: integer, format: uint64}", ArgumentType::Value),
        ("{type: integer, maximum: 1.0e+30}", ArgumentType::Value),
        ("{type: number}", ArgumentType::Number),
        ("{type: boolean}", ArgumentType::Boolean),
        ("{type: [string, 'null']}", ArgumentType::Value),
        ("{enum: [a, b]}", ArgumentType::Enum(texts.clone())),
        ("{enum: [a, 1]}", ArgumentType::Value),
        (
            "{anyOf: [{type: string}, {type: integer}]}",
            ArgumentType::Value,
        ),
        (
            "{type: array, items: {type: boolean}}",
            list(ArgumentType::Boolean),
        ),
        (
            "{type: array, items: {type: array, items: {type: boolean}}}",
            ArgumentType::Value,
        ),
        (
            "{type: array, items: {type: string, enum: [a, b]}}",
            list(ArgumentType::Enum(texts)),
        ),
    ] {
        assert_eq!(type_of(schema), ty, "{schema}");
    }
}

#[test]
fn argument_is_described_by_its_schema_or_the_definition_that_it_names() {
    let shared = "    Size: {type: string, enum: [s, l], description: How large.}\n";
    let (lowered, _) = schema_with("3.1.0", "{$ref: '#/components/schemas/Size'}", shared);
    let argument = &lowered.api.operations[0].arguments[0];
    let sizes = ["s", "l"].map(str::to_owned).to_vec();
    assert_eq!(argument.ty, ArgumentType::Enum(sizes));
    assert_eq!(argument.description, "How large.");
    assert!(!argument.required);
}

#[test]
fn argument_is_required_where_a_call_needs_it() {
    let fields = "parameters: [{name: p, in: query, required: true, schema: {type: string}}]";
    let (operation, _) = operation("3.1.0", fields, "");
    assert!(operation.arguments[0].required);
}
