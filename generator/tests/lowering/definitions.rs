use serde_json::json;

use crate::support::{messages, operation, schema_with};

#[test]
fn components_keep_their_names_where_these_can_be_referred_to() {
    let (lowered, published) = schema_with(
        "3.1.0",
        "{properties: {a: {$ref: '#/components/schemas/a.B-c_1'}, b: {$ref: '#/components/schemas/Page%3CItem%3E'}, \
         c: {$ref: '#/components/schemas/a~1b'}}}",
        "    a.B-c_1: {type: string}\n    Page<Item>: {type: integer}\n    a/b: {type: 'null'}\n",
    );
    assert_eq!(published["properties"]["a"]["$ref"], "#/$defs/a.B-c_1");
    let names: Vec<&String> = lowered.api.definitions.keys().collect();
    assert_eq!(names, ["Page_Item_", "a.B-c_1", "a_b"]);
}

#[test]
fn names_that_become_alike_stay_apart() {
    let (lowered, _) = schema_with(
        "3.1.0",
        "{anyOf: [{$ref: '#/components/schemas/a~1b'}, {$ref: '#/components/schemas/a_b'}, {$ref: '#/components/schemas/a b'}]}",
        "    a/b: {title: slash}\n    a_b: {title: plain}\n    a b: {title: space}\n",
    );
    assert_eq!(lowered.api.definitions.len(), 3);
    assert_eq!(lowered.api.definitions["a_b"].json["title"], "plain");
}

#[test]
fn schemas_may_contain_themselves() {
    let (lowered, published) = schema_with(
        "3.0.0",
        "{$ref: '#/components/schemas/Tree'}",
        "    Tree: {type: object, properties: {children: {type: array, items: {$ref: '#/components/schemas/Tree'}}}}\n",
    );
    assert_eq!(published, json!({"$ref": "#/$defs/Tree"}));
    assert_eq!(lowered.api.definitions["Tree"].definitions, ["Tree"]);
    assert!(lowered.diagnostics.is_empty());
}

#[test]
fn references_in_a_circle_accept_anything() {
    let (lowered, published) = schema_with(
        "3.0.0",
        "{$ref: '#/components/schemas/A'}",
        "    A: {$ref: '#/components/schemas/B'}\n    B: {$ref: '#/components/schemas/A'}\n",
    );
    assert_eq!(published, json!({}));
    assert!(messages(&lowered.diagnostics).contains("circle"));
}

#[test]
fn a_schema_that_applies_itself_to_the_same_value_is_cut() {
    let (lowered, _) = schema_with(
        "3.1.0",
        "{$ref: '#/components/schemas/A'}",
        "    A: {type: object, allOf: [{$ref: '#/components/schemas/B'}]}\n    \
         B: {title: b, anyOf: [{$ref: '#/components/schemas/A'}, {type: string}]}\n",
    );
    assert_eq!(lowered.diagnostics.len(), 1, "{:?}", lowered.diagnostics);
    assert_eq!(
        lowered.api.definitions["B"].json["anyOf"],
        json!([{}, {"type": "string"}])
    );
}

#[test]
fn aliases_are_passed_by() {
    let (lowered, published) = schema_with(
        "3.1.0",
        "{$ref: '#/components/schemas/A'}",
        "    A: {$ref: '#/components/schemas/B'}\n    B: {type: string}\n",
    );
    assert_eq!(published, json!({"$ref": "#/$defs/B"}));
    assert_eq!(lowered.api.definitions.len(), 1);
}

#[test]
fn references_into_schemas_and_paths_are_definitions_too() {
    let (lowered, published) = schema_with(
        "3.1.0",
        "{properties: {a: {$ref: '#/components/schemas/A/properties/x'}, b: {$ref: '#/paths/~1x/get/parameters/0/schema/properties/c'}, c: {type: integer}}}",
        "    A: {properties: {x: {type: string}}}\n",
    );
    for (property, kind) in [("a", "string"), ("b", "integer")] {
        let name = published["properties"][property]["$ref"].as_str().unwrap();
        let name = name.strip_prefix("#/$defs/").unwrap();
        assert_eq!(lowered.api.definitions[name].json["type"], kind);
    }
}

#[test]
fn anchors_and_ids_are_found() {
    let (lowered, published) = schema_with(
        "3.1.0",
        "{anyOf: [{$ref: '#leaf'}, {$ref: 'https://example.com/tree'}]}",
        "    A: {$anchor: leaf, type: string}\n    \
         T: {$id: 'https://example.com/tree', type: object, properties: {n: {$ref: '#/$defs/n'}}, $defs: {n: {type: number}}}\n",
    );
    assert_eq!(
        published["anyOf"],
        json!([{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/T"}])
    );
    assert!(lowered.diagnostics.is_empty(), "{:?}", lowered.diagnostics);
}

#[test]
fn only_what_is_reached_is_defined() {
    let (lowered, _) = schema_with("3.1.0", "{type: string}", "    A: {type: string}\n");
    assert!(lowered.api.definitions.is_empty());
}

/// The properties that are published for a body whose `properties` are these, and what is reported.
fn properties(properties: &str, parts: &str) -> (Vec<String>, String) {
    let body = format!(
        "requestBody: {{content: {{application/json: {{schema: {{type: object, properties: {properties}}}}}}}}}"
    );
    let (operation, diagnostics) = operation("3.0.0", &body, parts);
    let published = operation.input.json["properties"].as_object().unwrap();
    (published.keys().cloned().collect(), messages(&diagnostics))
}

#[test]
fn properties_that_are_a_reference_are_those_it_leads_to() {
    let parts = "components: {x-shared: {$ref: '#/components/x-ids'}, x-ids: {ids: {type: array}, n: {type: integer}}}";
    let (names, reported) = properties("{$ref: '#/components/x-shared', n: {type: string}}", parts);
    assert_eq!(names, ["ids", "n"]);
    let at = "schema/properties/$ref `properties` cannot be a reference; what it leads to";
    assert!(reported.contains(at), "{reported}");
}

#[test]
fn a_reference_among_properties_that_leads_to_no_schemas_is_dropped() {
    let parts = "components: {schemas: {S: {type: object}}}";
    for reference in ["#/components/schemas/S", "#/nowhere", "a text"] {
        let (names, reported) = properties(&format!("{{$ref: '{reference}', n: {{}}}}"), parts);
        assert_eq!(names, ["n"]);
        let message = format!("`{reference}` leads to nothing that could be in `properties`");
        assert!(reported.contains(&message), "{reported}");
    }
}

#[test]
fn a_property_may_be_named_ref_and_another_properties() {
    let parts = "components: {schemas: {S: {type: object}}}";
    let own = "{$ref: {type: string}, properties: {$ref: '#/components/schemas/S'}}";
    let (names, reported) = properties(own, parts);
    assert_eq!(
        (names.as_slice(), reported.as_str()),
        (&["ref".to_owned(), "properties".to_owned()][..], "")
    );
}
