//! Whether a value can fit a schema, by the keywords that distinguish alternatives.

use serde_json::Value;

/// How deep it is compared; below, a value is taken to fit.
const DEPTH: usize = 12;

/// Returns whether nothing in these keywords contradicts the value: `type`, `enum`, `const`,
/// `required`, `properties`, `additionalProperties: false`, `items`, and what is composed of them.
/// References lead into `root`.
#[must_use]
pub fn can_fit(root: &Value, schema: &Value, value: &Value) -> bool {
    within(root, schema, value, 0)
}

fn within(root: &Value, schema: &Value, value: &Value, depth: usize) -> bool {
    let Value::Object(keywords) = schema else {
        return schema != &Value::Bool(false);
    };
    let fits = |schema: &Value, value: &Value| within(root, schema, value, depth + 1);
    depth > DEPTH
        || keywords
            .iter()
            .all(|(keyword, one)| match (keyword.as_str(), one) {
                ("$ref", Value::String(reference)) => {
                    let target = reference.strip_prefix('#').and_then(|at| root.pointer(at));
                    target.is_none_or(|target| fits(target, value))
                }
                ("type", Value::String(name)) => is_of(name, value),
                ("type", Value::Array(names)) => {
                    let mut names = names.iter().filter_map(Value::as_str);
                    names.any(|name| is_of(name, value))
                }
                ("enum", Value::Array(values)) => values.contains(value),
                ("const", only) => only == value,
                ("allOf", Value::Array(parts)) => parts.iter().all(|part| fits(part, value)),
                ("anyOf" | "oneOf", Value::Array(parts)) => {
                    parts.iter().any(|part| fits(part, value))
                }
                ("items", items) => {
                    let mut values = value.as_array().into_iter().flatten();
                    values.all(|value| fits(items, value))
                }
                ("required", Value::Array(names)) => {
                    let mut names = names.iter().filter_map(Value::as_str);
                    value
                        .as_object()
                        .is_none_or(|all| names.all(|name| all.contains_key(name)))
                }
                ("properties", Value::Object(properties)) => {
                    let mut described = properties.iter();
                    described
                        .all(|(name, one)| value.get(name).is_none_or(|value| fits(one, value)))
                }
                ("additionalProperties", Value::Bool(false))
                    if !keywords.contains_key("patternProperties") =>
                {
                    let described = keywords.get("properties");
                    let mut names = value.as_object().into_iter().flat_map(|all| all.keys());
                    names.all(|name| described.is_some_and(|all| all.get(name).is_some()))
                }
                _ => true,
            })
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::can_fit;

    #[test]
    fn a_value_is_compared_with_what_distinguishes_alternatives() {
        let root = json!({"$defs": {"A": {"type": "object", "required": ["a"], "properties": {
            "kind": {"enum": ["a"]},
            "of": {"items": {"type": ["integer", "null"]}},
        }, "additionalProperties": false}}});
        let schema = json!({"$ref": "#/$defs/A"});
        let all = json!({"a": 1});
        assert!(!can_fit(&root, &schema, &all), "`a` is not described");
        for (value, fits) in [
            (json!("text"), false),
            (json!({"kind": "a"}), false),
            (json!({"a": 1, "kind": "b"}), false),
            (json!({"a": 1, "of": [1.5]}), false),
        ] {
            assert_eq!(can_fit(&root, &schema, &value), fits, "{value}");
        }
        let open =
            json!({"allOf": [{"required": ["a"]}, {"anyOf": [{"const": 1}, {"type": "object"}]}]});
        assert!(can_fit(&root, &open, &json!({"a": 1, "b": 2})));
        assert!(!can_fit(&root, &open, &json!("x")));
    }
}
