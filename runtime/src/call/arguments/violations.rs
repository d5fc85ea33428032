//! How arguments do not fit their schema, in words that let a model correct them.

use std::fmt;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde::Serialize;
use serde_json::{Map, Value};

use super::healing::Healing;
use super::{Validator, escape, unescape};
use crate::call::words::{list, show, type_of, with_article};
use crate::nearest::nearest;

/// How many violations are reported at once.
const REPORTED: usize = 20;

/// One way in which arguments do not fit their schema.
#[derive(Debug, PartialEq, Serialize)]
pub(in crate::call) struct Violation {
    /// JSON pointer into the arguments (RFC 6901); empty for the arguments as a whole.
    path: String,
    /// The JSON Schema keyword that does not hold.
    rule: String,
    /// What is wrong, and what would be right.
    message: String,
}

/// The ways in which arguments do not fit their schema.
#[derive(Debug, PartialEq)]
pub(in crate::call) struct Violations {
    /// No more of them than can be read.
    reported: Vec<Violation>,
    /// How many others there are.
    more: usize,
}

impl Validator {
    pub(super) fn violations(&self, value: &Value, healed: &[Healing]) -> Violations {
        let mut reported = Vec::new();
        let mut more = 0;
        for error in self.errors(value) {
            let room = REPORTED - reported.len();
            let names = unexpected(&error, value);
            let count = names.as_ref().map_or(1, Vec::len);
            more += count.saturating_sub(room);
            if room > 0 {
                let mut found = self.report(&error, names, room);
                for violation in &mut found {
                    let read = healed.iter().find(|one| one.path == violation.path);
                    if let Some(sent) = read.and_then(Healing::sent) {
                        let message = &violation.message;
                        violation.message = format!("was sent as {}; {message}", show(sent));
                    }
                }
                reported.extend(found);
            }
        }
        Violations { reported, more }
    }

    /// The violations in an error, at most `room` of them where it is about `names`
    /// that are not known.
    fn report(
        &self,
        error: &ValidationError<'_>,
        names: Option<Vec<&str>>,
        room: usize,
    ) -> Vec<Violation> {
        let path = error.instance_path().as_str();
        let violation = |path: String, message: String| Violation {
            path,
            rule: error.kind().keyword().to_owned(),
            message,
        };
        if let Some(names) = names {
            let known = self.properties_beside(error.schema_path().as_str());
            let unknown = names.into_iter().take(room).map(|name| Violation {
                path: format!("{path}/{}", escape(name)),
                rule: match error.kind() {
                    ValidationErrorKind::FalseSchema => "additionalProperties".to_owned(),
                    kind => kind.keyword().to_owned(),
                },
                message: unknown(name, &known, path.is_empty()),
            });
            return unknown.collect();
        }
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                let message = match self.type_beside(error.schema_path().as_str(), name) {
                    Some(kind) => format!("is required and has to be {}", with_article(kind)),
                    None => "is required".to_owned(),
                };
                vec![violation(format!("{path}/{}", escape(name)), message)]
            }
            _ => vec![violation(path.to_owned(), explain(error))],
        }
    }

    /// The names of the properties declared beside the keyword at `keyword`, a JSON pointer into
    /// the schema.
    fn properties_beside(&self, keyword: &str) -> Vec<&str> {
        self.beside(keyword)
            .map(|properties| properties.keys().map(String::as_str).collect())
            .unwrap_or_default()
    }

    /// The one type that the property `name`, declared beside the keyword at `keyword`, has to be.
    fn type_beside(&self, keyword: &str, name: &str) -> Option<&str> {
        self.beside(keyword)?.get(name)?.get("type")?.as_str()
    }

    fn beside(&self, keyword: &str) -> Option<&Map<String, Value>> {
        // `required` and `additionalProperties` end in their keyword; `dependentRequired` goes on
        // with the name of the property that needs others.
        let parent = match keyword.rsplit_once("/dependentRequired") {
            Some((parent, _)) => parent,
            None => keyword.rsplit_once('/')?.0,
        };
        let parent = match parent.split_once('/') {
            None => &*self.schema,
            Some((_, rest)) => {
                let (first, rest) = rest.split_once('/').unwrap_or((rest, ""));
                let first = self.schema.get(&unescape(first))?;
                let pointer = if rest.is_empty() {
                    String::new()
                } else {
                    format!("/{rest}")
                };
                first.pointer(&pointer)?.as_object()?
            }
        };
        parent.get("properties")?.as_object()
    }
}

impl Violations {
    /// The violations as data.
    pub(in crate::call) fn to_details(&self) -> Value {
        serde_json::json!({ "violations": self.reported })
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .write_str("The arguments do not fit the tool's input schema; nothing was sent. ")?;
        for (index, violation) in self.reported.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            let path = match violation.path.as_str() {
                "" => "the arguments",
                path => path,
            };
            write!(formatter, "{separator}{path}: {}", violation.message)?;
        }
        match self.more {
            0 => formatter.write_str("."),
            more => write!(formatter, "; and {more} more."),
        }
    }
}

/// The names that an error says are not known, where it is about such.
fn unexpected<'a>(error: &'a ValidationError<'_>, arguments: &'a Value) -> Option<Vec<&'a str>> {
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            Some(unexpected.iter().map(String::as_str).collect())
        }
        // Where no property at all is declared, the validator does not name them.
        ValidationErrorKind::FalseSchema => {
            let keyword = error.schema_path().as_str();
            let object = arguments.pointer(error.instance_path().as_str())?;
            let names = object.as_object()?.keys().map(String::as_str);
            keyword
                .ends_with("/additionalProperties")
                .then(|| names.collect())
        }
        _ => None,
    }
}

fn unknown(name: &str, known: &[&str], is_root: bool) -> String {
    let thing = if is_root { "argument" } else { "property" };
    if let Some(meant) = nearest(name, known.iter().copied()) {
        return format!("there is no such {thing}; did you mean `{meant}`?");
    }
    if known.is_empty() {
        return format!("there is no such {thing}; none is allowed here");
    }
    format!(
        "there is no such {thing}; there are: {}",
        list(known.iter())
    )
}

/// What is wrong with a value. Values that came are repeated only where they are short.
fn explain(error: &ValidationError<'_>) -> String {
    let came = error.instance();
    match error.kind() {
        ValidationErrorKind::Type { kind } => {
            let wanted = match kind {
                TypeKind::Single(kind) => with_article(kind.as_str()),
                TypeKind::Multiple(kinds) => {
                    let kinds: Vec<_> = kinds.iter().map(JsonType::as_str).collect();
                    format!("one of: {}", kinds.join(", "))
                }
            };
            let fraction = wanted == "an integer" && came.is_number();
            let came = if fraction {
                "a number with a fraction"
            } else {
                type_of(came)
            };
            format!("is {came}, has to be {wanted}")
        }
        ValidationErrorKind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            let near = came
                .as_str()
                .and_then(|came| nearest(came, options.iter().filter_map(Value::as_str)));
            let all = list(options.iter().map(Value::to_string));
            match near {
                Some(near) => format!(
                    "is {}, has to be one of: {all}; did you mean \"{near}\"?",
                    show(came)
                ),
                None => format!("is {}, has to be one of: {all}", show(came)),
            }
        }
        ValidationErrorKind::Constant { expected_value } => {
            format!("is {}, has to be {}", show(came), show(expected_value))
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            // Where a value says by one of its properties which form it is of, that one counts.
            let other = |errors: &[ValidationError<'_>]| {
                let constant = |it: &ValidationError<'_>| it.kind().keyword() == "const";
                errors.iter().any(constant)
            };
            let one_is_meant = context.iter().filter(|errors| !other(errors)).count() == 1;
            let ways: Vec<_> = context
                .iter()
                .filter(|errors| !one_is_meant || !other(errors))
                .filter_map(|errors| alternative(errors))
                .collect();
            format!(
                "is {}, and fits none of the {} forms it can have: {}",
                type_of(came),
                context.len(),
                list(ways.iter())
            )
        }
        ValidationErrorKind::OneOfMultipleValid { .. } => {
            "fits more than one of the forms it can have, and has to fit exactly one".to_owned()
        }
        ValidationErrorKind::FalseSchema => "is not allowed here".to_owned(),
        _ => error.masked_with("the value").to_string(),
    }
}

/// Why one alternative of a union does not fit: its first violation.
fn alternative(errors: &[ValidationError<'static>]) -> Option<String> {
    let error = errors.first()?;
    let path = error.instance_path().as_str();
    Some(match error.kind() {
        ValidationErrorKind::Required { property } => {
            format!(
                "({path}/{} is required)",
                property.as_str().unwrap_or_default()
            )
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            format!("({path}/{} is unknown)", unexpected.first()?)
        }
        _ => format!("({path} {})", explain(error)),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn violations(schema: &Value, arguments: &Value) -> Vec<(String, String)> {
        let schema = Arc::new(schema.as_object().unwrap().clone());
        let arguments = arguments.as_object().unwrap().clone();
        let Err(violations) = Validator::new("tool", &schema).check(arguments) else {
            return Vec::new();
        };
        violations
            .reported
            .into_iter()
            .map(|it| (it.path, it.message))
            .collect()
    }

    fn only(schema: &Value, arguments: &Value) -> (String, String) {
        let mut violations = violations(schema, arguments);
        assert_eq!(violations.len(), 1, "{violations:?}");
        violations.remove(0)
    }

    #[test]
    fn an_unknown_argument_names_the_one_that_was_meant() {
        let schema = json!({"properties": {"status": {}}, "additionalProperties": false});
        let (path, message) = only(&schema, &json!({"stauts": "open"}));
        assert_eq!(path, "/stauts");
        assert_eq!(message, "there is no such argument; did you mean `status`?");
    }

    #[test]
    fn an_unknown_property_in_a_definition_names_those_there_are() {
        let schema = json!({
            "properties": {"filter": {"$ref": "#/$defs/Filter"}},
            "$defs": {"Filter": {"properties": {"from": {}, "to": {}}, "additionalProperties": false}},
        });
        let (path, message) = only(&schema, &json!({"filter": {"colour": 1}}));
        assert_eq!(path, "/filter/colour");
        assert_eq!(message, "there is no such property; there are: from, to");
    }

    #[test]
    fn an_argument_of_a_tool_without_any_is_named() {
        let schema = json!({"type": "object", "additionalProperties": false});
        let (path, message) = only(&schema, &json!({"page": 1}));
        assert_eq!(path, "/page");
        assert_eq!(message, "there is no such argument; none is allowed here");
    }

    #[test]
    fn a_missing_argument_is_named_with_its_type() {
        let schema = json!({"properties": {"id": {"type": "integer"}}, "required": ["id"]});
        let expected = (
            "/id".to_owned(),
            "is required and has to be an integer".to_owned(),
        );
        assert_eq!(only(&schema, &json!({})), expected);
    }

    #[test]
    fn a_wrong_type_says_what_came_and_what_is_wanted() {
        let schema = json!({"properties": {"page": {"type": "integer"}}});
        let expected = (
            "/page".to_owned(),
            "is a string, has to be an integer".to_owned(),
        );
        assert_eq!(only(&schema, &json!({"page": "two"})), expected);
    }

    #[test]
    fn a_value_outside_its_enum_is_reported_the_enum_and_the_nearest() {
        let schema = json!({"properties": {"sort": {"enum": ["newest", "oldest"]}}});
        let (_, message) = only(&schema, &json!({"sort": "newst"}));
        assert_eq!(
            message,
            r#"is "newst", has to be one of: "newest", "oldest"; did you mean "newest"?"#
        );
    }

    #[test]
    fn every_violation_is_reported() {
        let schema = json!({
            "properties": {"a": {"type": "string"}, "b": {"type": "boolean"}},
            "required": ["c"],
        });
        let mut paths: Vec<_> = violations(&schema, &json!({"a": true, "b": 2}))
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        paths.sort();
        assert_eq!(paths, ["/a", "/b", "/c"]);
    }

    #[test]
    fn more_violations_than_can_be_read_are_counted() {
        let schema = Arc::new(Map::from_iter([(
            "additionalProperties".to_owned(),
            Value::Bool(false),
        )]));
        let names = (0..REPORTED + 3).map(|index| (format!("a{index}"), Value::Null));
        let violations = Validator::new("tool", &schema).check(names.collect());
        let message = violations.unwrap_err().to_string();
        assert!(message.ends_with("; and 3 more."), "{message}");
    }

    #[test]
    fn a_long_value_is_not_repeated() {
        let schema = json!({"properties": {"text": {"maxLength": 3}}});
        let secret = "x".repeat(200);
        let (_, message) = only(&schema, &json!({"text": secret}));
        assert_eq!(message, "the value is longer than 3 characters");
    }

    #[test]
    fn a_refusal_speaks_of_the_value_that_was_sent() {
        let of = |property: Value, value: Value| {
            let schema = json!({"properties": {"it": property}});
            only(&schema, &json!({"it": value})).1
        };
        assert_eq!(
            of(json!({"type": "string", "enum": [5, "Dark"]}), json!("5")),
            r#"is "5", has to be one of: 5, "Dark""#
        );
        assert_eq!(
            of(json!({"type": "integer", "maximum": 255}), json!("256")),
            r#"was sent as "256"; the value is greater than the maximum of 255"#
        );
        assert_eq!(
            of(json!({"type": "integer"}), json!("5.5")),
            "is a string, has to be an integer"
        );
        assert_eq!(
            of(json!({"type": "string", "maxLength": 1}), json!(12)),
            "was sent as 12; the value is longer than 1 character"
        );
    }
}
