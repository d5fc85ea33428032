//! Arguments against their schema: checked, and repaired where there is one reading only.

mod compiled;
mod healing;
mod integer;
mod violations;

use std::fmt;
use std::sync::Arc;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Value};

use self::compiled::compile;
use self::healing::{Budget, Healing};
pub(in crate::call) use self::violations::Violations;

/// The most values that arguments can hold for all their violations to be looked for.
const SEARCHED: usize = 10_000;

/// How often arguments are repaired: what is inside a repaired value may want repair too.
const ROUNDS: usize = 4;

/// A compiled schema.
pub(crate) struct Validator {
    schema: Arc<Map<String, Value>>,
    compiled: Option<jsonschema::Validator>,
}

/// Arguments that fit their schema.
#[derive(Debug)]
pub(in crate::call) struct Checked {
    pub(in crate::call) arguments: Map<String, Value>,
    /// What was repaired on the way.
    pub(in crate::call) healed: Vec<Healing>,
}

impl Validator {
    /// Compiles a schema. One that does not compile accepts everything.
    pub(in crate::call) fn new(tool: &str, schema: &Arc<Map<String, Value>>) -> Validator {
        let compiled = compile(tool, Value::Object(Map::clone(schema)));
        Validator {
            schema: Arc::clone(schema),
            compiled,
        }
    }

    /// Whether a value fits.
    pub(in crate::call) fn fits(&self, value: &Value) -> bool {
        self.compiled
            .as_ref()
            .is_none_or(|compiled| compiled.is_valid(value))
    }

    /// Returns the arguments where they fit, or fit after repairs, with these.
    ///
    /// # Errors
    /// Every violation that is left.
    pub(in crate::call) fn check(
        &self,
        arguments: Map<String, Value>,
    ) -> Result<Checked, Violations> {
        let mut value = Value::Object(arguments);
        let mut healed = self.without_nulls(&mut value);
        let budget = Budget::new(SEARCHED);
        for _ in 0..ROUNDS {
            if self.fits(&value) {
                break;
            }
            let mut healings: Vec<_> = self
                .errors(&value)
                .flat_map(|error| Healing::of(&error, &budget))
                .filter(|healing| !healing.is_a_guess(&value) && !healing.undoes_one_of(&healed))
                .collect();
            if healings.is_empty() {
                self.restore(&mut value, &mut healed);
                return Err(self.violations(&value, &healed));
            }
            healings
                .iter_mut()
                .for_each(|healing| healing.apply(&mut value));
            healed.append(&mut healings);
        }
        if !healed.is_empty() && !self.fits(&value) {
            self.restore(&mut value, &mut healed);
            return Err(self.violations(&value, &healed));
        }
        self.write_integers(&mut value);
        let arguments = match value {
            Value::Object(arguments) => arguments,
            _ => Map::new(),
        };
        Ok(Checked { arguments, healed })
    }

    /// Takes null for absent, where an argument is optional and cannot be null.
    fn without_nulls(&self, value: &mut Value) -> Vec<Healing> {
        let nulls = |value: &Value| {
            let members = value.as_object().into_iter().flatten();
            members.filter(|(_, member)| member.is_null()).count()
        };
        if nulls(value) == 0 || self.fits(value) {
            return Vec::new();
        }
        let required = self.schema.get("required").and_then(Value::as_array);
        let is_required = |name: &str| {
            required.is_some_and(|names| names.iter().any(|required| required == name))
        };
        let paths: Vec<String> = self
            .errors(value)
            .filter(|error| error.instance().is_null())
            .map(|error| error.instance_path().as_str().to_owned())
            .collect();
        let Some(members) = value.as_object_mut() else {
            return Vec::new();
        };
        let mut absent = Vec::new();
        for path in paths {
            let name = path
                .get(1..)
                .filter(|name| !name.contains('/'))
                .map(unescape);
            if let Some(name) = name.filter(|name| !is_required(name))
                && members.shift_remove(&name).is_some()
            {
                absent.push(Healing::absent(path));
            }
        }
        absent
    }

    /// Takes back the repairs that only made another type of a value: what is wrong is reported about what
    /// was sent.
    fn restore(&self, value: &mut Value, healed: &mut [Healing]) {
        let wrong: Vec<String> = self
            .errors(value)
            .filter(|error| matches!(error.kind(), ValidationErrorKind::Type { .. }))
            .map(|error| error.instance_path().as_str().to_owned())
            .collect();
        for healing in healed.iter_mut().rev() {
            if wrong.contains(&healing.path) {
                healing.take_back(value);
            }
        }
    }

    /// Writes numbers with a fraction of zeros or an exponent as integers, where only these fit.
    fn write_integers(&self, value: &mut Value) {
        for (path, integer) in integer::in_another_form(value) {
            let half = format!("{integer}.5").parse().ok().map(Value::Number);
            let (Some(half), Some(place)) = (half, value.pointer_mut(&path)) else {
                continue;
            };
            let sent = std::mem::replace(place, half);
            let is_integer = !self.fits(value);
            if let Some(place) = value.pointer_mut(&path) {
                *place = if is_integer {
                    Value::Number(integer)
                } else {
                    sent
                };
            }
        }
    }

    /// What is wrong with a value. The validator collects all errors before it returns any, which
    /// takes hundreds of bytes for each: of a value that could have very many, only the first is
    /// asked for.
    pub(in crate::call) fn errors<'a>(
        &'a self,
        value: &'a Value,
    ) -> impl Iterator<Item = ValidationError<'a>> {
        let few = size(value) <= SEARCHED;
        let compiled = self.compiled.as_ref();
        let all = compiled.filter(|_| few).map(|it| it.iter_errors(value));
        let first = compiled
            .filter(|_| !few)
            .and_then(|it| it.validate(value).err());
        all.into_iter().flatten().chain(first)
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Validator")
    }
}

/// How many values a value holds, itself among them.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.values().map(size).sum(),
        _ => 0,
    }
}

/// A name as one token of a JSON pointer (RFC 6901 §3).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The places of what does not fit.
    fn violations(schema: &Value, arguments: &Value) -> Vec<String> {
        let schema = Arc::new(schema.as_object().unwrap().clone());
        let arguments = arguments.as_object().unwrap().clone();
        let Err(violations) = Validator::new("tool", &schema).check(arguments) else {
            return Vec::new();
        };
        let details = violations.to_details();
        let places = details["violations"].as_array().unwrap().iter();
        let places = places.map(|it| it["path"].as_str().unwrap().to_owned());
        places.collect()
    }

    fn checked(schema: &Value, arguments: &str) -> String {
        let schema = Arc::new(schema.as_object().unwrap().clone());
        let arguments = serde_json::from_str(arguments).unwrap();
        let checked = Validator::new("tool", &schema).check(arguments).unwrap();
        Value::Object(checked.arguments).to_string()
    }

    #[test]
    fn a_number_beyond_64_bits_is_an_integer() {
        let schema = json!({"properties": {"id": {"type": "integer"}}});
        let arguments = serde_json::from_str(r#"{"id": 123456789012345678901234567890}"#).unwrap();
        assert!(violations(&schema, &arguments).is_empty());
    }

    #[test]
    fn a_format_is_an_annotation() {
        let schema = json!({"properties": {"at": {"type": "string", "format": "date-time"}}});
        assert!(violations(&schema, &json!({"at": "tomorrow"})).is_empty());
    }

    #[test]
    fn null_is_absent_where_an_optional_argument_cannot_be_null() {
        let schema = json!({
            "properties": {
                "a": {"type": "string"},
                "b": {"type": ["string", "null"]},
                "c": {"enum": ["x"]},
                "d": {"type": "integer"},
                "e": {"type": "object", "properties": {"n": {"type": "string"}}},
            },
            "required": ["d"],
        });
        let found = checked(&schema, r#"{"a": null, "b": null, "c": null, "d": 1}"#);
        assert_eq!(found, r#"{"b":null,"d":1}"#);
        assert_eq!(violations(&schema, &json!({"d": null})), ["/d"]);
        assert_eq!(
            violations(&schema, &json!({"d": 1, "e": {"n": null}})),
            ["/e/n"]
        );
    }

    #[test]
    fn an_integer_is_written_as_one() {
        let schema = json!({
            "properties": {
                "i": {"type": "integer"},
                "n": {"type": "number"},
                "l": {"items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
                "m": {"type": ["integer", "null"]},
            },
        });
        let found = checked(
            &schema,
            r#"{"i": 5.0, "n": 10.00, "l": [1e3, 2], "m": "7.0"}"#,
        );
        assert_eq!(found, r#"{"i":5,"n":10.00,"l":[1000,2],"m":7}"#);
    }
    #[test]
    fn of_very_many_violations_the_first_is_reported() {
        let schema = json!({"properties": {"ids": {"items": {"type": "string"}}}});
        let arguments = json!({"ids": vec![true; SEARCHED]});
        assert_eq!(violations(&schema, &arguments), ["/ids/0"]);
    }
}
