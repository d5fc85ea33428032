use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{messages, schema_with};

/// What a schema of the parameter `p` makes of values, with the components it refers to.
fn validator(version: &str, schema: &str, components: &str) -> Validator {
    let (lowered, published) = schema_with(version, schema, components);
    let definitions = lowered.api.definitions.iter();
    let mut root = published;
    root["$defs"] = definitions
        .map(|(name, schema)| (name.clone(), schema.json.clone()))
        .collect();
    jsonschema::draft202012::new(&root).unwrap_or_else(|error| panic!("{error}\n{root}"))
}

/// Whether each of the values fits.
fn fits<const N: usize>(validator: &Validator, values: [Value; N]) -> [bool; N] {
    values.map(|value| validator.is_valid(&value))
}

const PETS: &str = "    Cat: {type: object, properties: {kind: {type: string}, name: {type: string}}}\n    \
                    Dog: {type: object, properties: {kind: {type: string}, name: {type: string}}}\n";

fn union(more: &str) -> String {
    format!(
        "{{oneOf: [{{$ref: '#/components/schemas/Cat'}}, {{$ref: '#/components/schemas/Dog'}}], \
         discriminator: {{propertyName: kind{more}}}}}"
    )
}

#[test]
fn the_name_of_a_schema_selects_it() {
    for version in ["3.0.0", "3.1.0"] {
        let pets = validator(version, &union(""), PETS);
        let values = ["Cat", "Dog", "cat", "Bird"].map(|kind| json!({"kind": kind}));
        assert_eq!(fits(&pets, values), [true, true, false, false], "{version}");
    }
}

#[test]
fn a_mapping_adds_names_several_to_one_schema() {
    let mapping = ", mapping: {tabby: '#/components/schemas/Cat', tom: Cat, rex: Dog}";
    let pets = validator("3.1.0", &union(mapping), PETS);
    let values = ["tabby", "tom", "Cat", "rex", "dog"].map(|kind| json!({"kind": kind}));
    assert_eq!(fits(&pets, values), [true, true, true, true, false]);
}

#[test]
fn a_value_without_a_name_is_refused() {
    let pets = validator("3.1.0", &union(""), PETS);
    assert!(!pets.is_valid(&json!({"name": "Tom"})));
}

#[test]
fn an_unknown_name_is_reported_with_those_that_are_known() {
    let pets = validator("3.1.0", &union(", mapping: {cat: Cat}"), PETS);
    let reported: Vec<String> = pets
        .iter_errors(&json!({"kind": "bird"}))
        .map(|error| error.to_string())
        .collect();
    assert!(
        reported.contains(&r#""bird" is not one of "cat", "Cat" or "Dog""#.to_owned()),
        "{reported:?}"
    );
}

#[test]
fn only_the_branch_that_is_named_counts() {
    let pets = "    Cat: {type: object, properties: {kind: {}, lives: {type: integer}}, required: [lives]}\n    \
                Dog: {type: object, properties: {kind: {}, lives: {type: string}}}\n";
    let pets = validator("3.0.0", &union(""), pets);
    let values = [
        json!({"kind": "Cat", "lives": 9}),
        json!({"kind": "Cat", "lives": "nine"}),
        json!({"kind": "Dog", "lives": "one"}),
        json!({"kind": "Dog"}),
        json!({"kind": "Cat"}),
    ];
    assert_eq!(fits(&pets, values), [true, false, true, true, false]);
}

#[test]
fn a_branch_that_lists_its_own_names_is_believed() {
    let pets = "    Cat: {type: object, properties: {kind: {enum: [cat, kitten]}}}\n    \
                Dog: {allOf: [{$ref: '#/components/schemas/Barks'}]}\n    \
                Barks: {type: object, properties: {kind: {$ref: '#/components/schemas/Kind'}}}\n    \
                Kind: {type: string, enum: [dog]}\n";
    let pets = validator("3.0.0", &union(""), pets);
    let values = ["cat", "kitten", "dog", "Cat", "Dog"].map(|kind| json!({"kind": kind}));
    assert_eq!(fits(&pets, values), [true, true, true, false, false]);
}

#[test]
fn a_union_in_a_union_is_selected_by_the_names_of_both() {
    let pets = format!(
        "    Cat: {{type: object, properties: {{kind: {{const: cat}}}}}}\n    \
         Dog: {}\n    Big: {}\n    Small: {}\n",
        "{oneOf: [{$ref: '#/components/schemas/Big'}, {$ref: '#/components/schemas/Small'}]}",
        "{type: object, properties: {kind: {const: big}}}",
        "{type: object, properties: {kind: {const: small}}}",
    );
    let pets = validator("3.1.0", &union(""), &pets);
    let values = ["cat", "big", "small", "Dog"].map(|kind| json!({"kind": kind}));
    assert_eq!(fits(&pets, values), [true, true, true, false]);
}

#[test]
fn null_beside_the_branches_needs_no_name() {
    let union = "{anyOf: [{$ref: '#/components/schemas/Cat'}, {type: 'null'}], discriminator: {propertyName: kind}}";
    let pets = validator("3.1.0", union, PETS);
    let values = [json!(null), json!({"kind": "Cat"}), json!({}), json!("Cat")];
    assert_eq!(fits(&pets, values), [true, true, false, false]);
}

#[test]
fn what_has_no_name_may_go_to_the_default() {
    let pets = validator("3.2.0", &union(", defaultMapping: Dog"), PETS);
    let values = [
        json!({"kind": "Cat"}),
        json!({"kind": "Cat", "name": 1}),
        json!({"kind": "else"}),
        json!({}),
        json!({"name": 1}),
    ];
    assert_eq!(fits(&pets, values), [true, false, true, true, false]);
}

#[test]
fn a_branch_that_nothing_selects_leaves_the_union_open() {
    let union = "{oneOf: [{$ref: '#/components/schemas/Cat'}, {type: object, required: [x]}], \
                 discriminator: {propertyName: kind}}";
    let (lowered, published) = schema_with("3.1.0", union, PETS);
    assert!(published.get("required").is_none(), "{published}");
    assert!(
        messages(&lowered.diagnostics).contains("/schema/oneOf/1 no value of `kind` selects this"),
        "{:?}",
        lowered.diagnostics
    );
}

#[test]
fn a_property_for_answers_only_selects_nothing() {
    let pets = PETS.replace(
        "kind: {type: string}",
        "kind: {type: string, readOnly: true}",
    );
    let (_, published) = schema_with("3.1.0", &union(""), &pets);
    assert!(published.get("required").is_none(), "{published}");
}

#[test]
fn children_of_a_parent_with_a_discriminator_end() {
    let pets = "    Pet: {type: object, properties: {kind: {type: string}}, required: [kind], discriminator: {propertyName: kind}}\n    \
                Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {type: object, properties: {lives: {type: integer}}}]}\n    \
                Dog: {allOf: [{$ref: '#/components/schemas/Pet'}, {type: object, properties: {owner: {$ref: '#/components/schemas/Pet'}}}]}\n";
    let pets = validator("3.0.0", "{$ref: '#/components/schemas/Dog'}", pets);
    assert!(pets.is_valid(&json!({"kind": "Dog", "owner": {"kind": "Cat"}})));
}

/// A parent with a discriminator, and two schemas that are made from it.
const FAMILY: &str = "    Pet: {type: object, properties: {kind: {type: string}}, required: [kind], discriminator: {propertyName: kind}}\n    \
                      Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {type: object, properties: {lives: {type: integer}}}]}\n    \
                      Dog: {allOf: [{$ref: '#/components/schemas/Pet'}, {type: object, properties: {owner: {$ref: '#/components/schemas/Pet'}}}]}\n";

#[test]
fn a_parent_represents_all_that_is_made_from_it() {
    let pets = validator("3.0.0", "{$ref: '#/components/schemas/Pet'}", FAMILY);
    let values = [
        json!({"kind": "Cat", "lives": 9}),
        json!({"kind": "Cat", "lives": "nine"}),
        json!({"kind": "Dog", "lives": "nine", "owner": {"kind": "Cat"}}),
        json!({"kind": "Dog", "owner": {"kind": "Cow"}}),
        json!({"kind": "Pet"}),
        json!({}),
    ];
    assert_eq!(fits(&pets, values), [true, false, true, false, true, false]);
}

#[test]
fn a_parent_may_map_its_children() {
    let family = FAMILY.replace(
        "{propertyName: kind}",
        "{propertyName: kind, mapping: {tom: Cat, rex: '#/components/schemas/Dog'}}",
    );
    let pets = validator(
        "3.1.0",
        "{type: array, items: {$ref: '#/components/schemas/Pet'}}",
        &family,
    );
    let values = ["tom", "rex", "bird"].map(|kind| json!([{"kind": kind, "lives": "x"}]));
    assert_eq!(fits(&pets, values), [false, true, false]);
}

#[test]
fn children_of_children_count() {
    let family = format!(
        "{FAMILY}    Tabby: {{allOf: [{{$ref: '#/components/schemas/Cat'}}, {{properties: {{stripes: {{type: integer}}}}}}]}}\n"
    );
    let pets = validator("3.0.0", "{$ref: '#/components/schemas/Pet'}", &family);
    let values = [
        json!({"kind": "Tabby", "stripes": 3, "lives": 1}),
        json!({"kind": "Tabby", "lives": "x"}),
    ];
    assert_eq!(fits(&pets, values), [true, false]);
}

#[test]
fn names_that_a_parent_lists_and_no_child_has_leave_it_as_it_is() {
    let family = FAMILY.replace("{type: string}", "{enum: [cat, dog]}");
    let pets = validator("3.0.0", "{$ref: '#/components/schemas/Pet'}", &family);
    let values = ["cat", "dog", "Cat"].map(|kind| json!({"kind": kind}));
    assert_eq!(fits(&pets, values), [true, true, false]);
}

#[test]
fn a_child_that_lists_its_parent_in_a_union_ends() {
    let family = FAMILY.replace(
        "discriminator: {propertyName: kind}",
        "discriminator: {propertyName: kind}, oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}]",
    );
    let pets = validator("3.0.0", "{$ref: '#/components/schemas/Pet'}", &family);
    assert!(!pets.is_valid(&json!({"kind": "Cow"})));
}

#[test]
fn a_default_alone_takes_every_name() {
    let union = "{oneOf: [{$ref: '#/components/schemas/Dog'}], discriminator: {propertyName: kind, defaultMapping: Dog}}";
    let pets = validator("3.2.0", union, PETS);
    let values = [json!({"kind": "else"}), json!({}), json!({"name": 1})];
    assert_eq!(fits(&pets, values), [true, true, false]);
}
