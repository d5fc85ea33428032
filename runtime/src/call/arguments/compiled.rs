//! Schemas as validators.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, ValidationError, Validator};
use serde_json::Value;

/// Compiles a schema of JSON Schema 2020-12. Nothing is fetched; `format` is an annotation, as the
/// specification has it by default.
///
/// A pattern that takes too much, or that the validator cannot read, is left to the API, and all
/// else is checked. A schema that does not compile all the same is reported in the log; it is `None`,
/// and the API judges alone.
pub(super) fn compile(tool: &str, mut schema: Value) -> Option<Validator> {
    loop {
        let error = match build(&schema) {
            Ok(validator) => return Some(validator),
            Err(error) => error,
        };
        let pattern = pattern_of(&error).map(str::to_owned);
        let path = error.schema_path().as_str().to_owned();
        drop(error);
        match pattern {
            Some(pattern) if leave_out(&mut schema, &pattern) => {
                tracing::debug!(tool, pattern, "a pattern is left to the API");
            }
            _ => {
                let what = "a generated schema is no JSON Schema: not validated";
                tracing::error!(tool, path, "{what}");
                return None;
            }
        }
    }
}

fn build(schema: &Value) -> Result<Validator, ValidationError<'_>> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(false)
        .offline()
        .build(schema)
}

/// The regular expression that does not compile, if that is what is wrong.
fn pattern_of<'a>(error: &'a ValidationError<'_>) -> Option<&'a str> {
    match error.kind() {
        ValidationErrorKind::Format { format } if format == "regex" => error.instance().as_str(),
        _ => None,
    }
}

/// Removes a regular expression from every place. Returns whether it was in any.
fn leave_out(schema: &mut Value, pattern: &str) -> bool {
    match schema {
        Value::Array(items) => {
            // All of them: one `any` would stop at the first.
            let found = items.iter_mut().map(|item| leave_out(item, pattern));
            found.fold(false, |any, found| any | found)
        }
        Value::Object(members) => {
            let mut found = false;
            if members.get("pattern").and_then(Value::as_str) == Some(pattern) {
                members.shift_remove("pattern");
                found = true;
            }
            if let Some(Value::Object(properties)) = members.get_mut("patternProperties")
                && properties.shift_remove(pattern).is_some()
            {
                // What it allowed would be refused as additional.
                members.shift_remove("additionalProperties");
                members.shift_remove("unevaluatedProperties");
                found = true;
            }
            for member in members.values_mut() {
                found |= leave_out(member, pattern);
            }
            found
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_that_does_not_compile_is_left_out_and_all_else_is_checked() {
        let schema = json!({
            "$ref": "#/$defs/a",
            "$defs": {"a": {
                "type": "object",
                "properties": {
                    "long": {"type": "string", "pattern": "^.{1,2097152}$"},
                    "surrogates": {"type": "string", "pattern": "[\\uD800\\uDBFF-\\uDC00\\uDFFF]*"},
                    "short": {"type": "string", "pattern": "^a$"},
                },
                "patternProperties": {"^x.{1,2097152}$": {}},
                "additionalProperties": false,
            }},
        });
        let validator = compile("tool", schema).unwrap();
        for fits in [
            json!({"long": "b", "surrogates": "b", "short": "a"}),
            json!({"xyz": 1}),
        ] {
            assert!(validator.is_valid(&fits), "{fits}");
        }
        for unfit in [json!({"long": 1}), json!({"short": "b"})] {
            assert!(!validator.is_valid(&unfit), "{unfit}");
        }
    }

    #[test]
    fn what_is_no_schema_is_no_validator() {
        assert!(compile("tool", json!({"type": "none"})).is_none());
    }
}
