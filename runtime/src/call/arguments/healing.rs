//! Repair of arguments that models write in a form of their own, where there is one reading only.
//!
//! It starts from a violation, so that arguments that fit are never touched. Of unions it knows
//! those that leave one form: beside null, or named by a constant. What fits none of several forms
//! could have been meant as any of them.

use std::cell::Cell;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::{Number, Value};

use crate::json;

/// One repair of one value.
#[derive(Debug, PartialEq)]
pub(in crate::call) struct Healing {
    /// JSON pointer to the value.
    pub(in crate::call) path: String,
    /// What was done to it.
    pub(in crate::call) what: &'static str,
    value: Value,
    /// What was sent, once the repair is made.
    sent: Option<Value>,
}

/// How many values may be read from texts, in all repairs of one call: a text takes no more than its
/// bytes, and what is read from it may take a hundred times that.
#[derive(Debug)]
pub(super) struct Budget(Cell<usize>);

impl Budget {
    pub(super) fn new(values: usize) -> Budget {
        Budget(Cell::new(values))
    }

    /// A text as JSON, where it is JSON and there is budget for it.
    fn parse(&self, text: &str) -> Option<Value> {
        let values = json::count_values(text.as_bytes(), self.0.get()).ok()?;
        let value = serde_json::from_str(text).ok()?;
        self.0.set(self.0.get() - values);
        Some(value)
    }
}

/// A repair: a value was put into an array.
const INTO_ARRAY: &str = "put the value into an array";

impl Healing {
    /// The repairs of the values that `error` is about: of one value, unless the error is about a
    /// union.
    pub(super) fn of(error: &ValidationError<'_>, budget: &Budget) -> Vec<Healing> {
        let came = error.instance();
        let repair = match error.kind() {
            ValidationErrorKind::Type { kind } => {
                wanted(kind).and_then(|(wanted, nullable)| retype(came, wanted, nullable, budget))
            }
            ValidationErrorKind::Enum { options } => {
                let options = options.as_array().map(Vec::as_slice);
                respell(came, options.unwrap_or_default(), budget)
            }
            ValidationErrorKind::Constant { expected_value } => {
                respell(came, std::slice::from_ref(expected_value), budget)
            }
            ValidationErrorKind::AnyOf { context }
            | ValidationErrorKind::OneOfNotValid { context } => {
                return of_union(error, context, budget);
            }
            _ => None,
        };
        let healing = repair.map(|(value, what)| Healing {
            path: error.instance_path().as_str().to_owned(),
            what,
            value,
            sent: None,
        });
        healing.into_iter().collect()
    }

    /// Whether `arguments` hold the value in a list of others that are no arrays either: then the
    /// list as a whole could be the one item that is meant.
    pub(super) fn is_a_guess(&self, arguments: &Value) -> bool {
        let list = self
            .path
            .rsplit_once('/')
            .and_then(|(parent, _)| arguments.pointer(parent)?.as_array());
        self.what == INTO_ARRAY
            && list.is_some_and(|list| list.len() > 1 && !list.iter().any(Value::is_array))
    }

    /// Puts the repaired value in its place.
    pub(super) fn apply(&mut self, arguments: &mut Value) {
        if let Some(place) = arguments.pointer_mut(&self.path) {
            self.sent = Some(std::mem::replace(place, self.value.take()));
        }
    }

    /// Whether it would undo another repair of the same value.
    pub(super) fn undoes_one_of(&self, healed: &[Healing]) -> bool {
        healed
            .iter()
            .any(|other| other.path == self.path && other.sent.as_ref() == Some(&self.value))
    }

    /// An argument that was null, and is left out.
    pub(super) fn absent(path: String) -> Healing {
        Healing {
            path,
            what: "took null for absent",
            value: Value::Null,
            sent: None,
        }
    }

    /// What was sent in place of the repaired value.
    pub(super) fn sent(&self) -> Option<&Value> {
        self.sent.as_ref()
    }

    /// Puts what was sent back in its place.
    pub(super) fn take_back(&mut self, arguments: &mut Value) {
        if let (Some(place), Some(sent)) = (arguments.pointer_mut(&self.path), self.sent.take()) {
            *place = sent;
        }
    }
}

/// The repairs within the one form of a union that a value can be meant as.
fn of_union(
    union: &ValidationError<'_>,
    forms: &[Vec<ValidationError<'static>>],
    budget: &Budget,
) -> Vec<Healing> {
    let here = union.instance_path().as_str();
    let is_null = |errors: &[ValidationError<'_>]| {
        errors.iter().any(|error| {
            error.instance_path().as_str() == here
                && match error.kind() {
                    ValidationErrorKind::Type { kind } => {
                        matches!(kind, TypeKind::Single(JsonType::Null))
                    }
                    ValidationErrorKind::Constant { expected_value } => expected_value.is_null(),
                    _ => false,
                }
        })
    };
    // A form one of whose properties has to be something else is not the one that is meant.
    let is_another = |errors: &[ValidationError<'_>]| {
        errors.iter().any(|error| {
            error.instance_path().as_str() != here
                && matches!(error.kind(), ValidationErrorKind::Constant { .. })
        })
    };
    let mut meant = forms
        .iter()
        .filter(|errors| !is_null(errors) && !is_another(errors));
    let (Some(only), None) = (meant.next(), meant.next()) else {
        return Vec::new();
    };
    let nullable = forms.iter().any(|errors| is_null(errors));
    let null = union.instance().as_str() == Some(NULL) && nullable;
    let wants_array = only.iter().any(|error| {
        matches!(error.kind(), ValidationErrorKind::Type { kind }
            if wanted(kind).is_some_and(|(wanted, _)| wanted == JsonType::Array))
    });
    match null {
        true if wants_array => Vec::new(),
        true => vec![Healing {
            path: here.to_owned(),
            what: "read the text as null",
            value: Value::Null,
            sent: None,
        }],
        false => only
            .iter()
            .flat_map(|error| Healing::of(error, budget))
            .collect(),
    }
}

/// Null, written as a text.
const NULL: &str = "null";

/// The one type that is wanted, and whether null is too. All integers are numbers.
fn wanted(kind: &TypeKind) -> Option<(JsonType, bool)> {
    let kinds = match kind {
        TypeKind::Single(kind) => return Some((*kind, false)),
        TypeKind::Multiple(kinds) => kinds,
    };
    let nullable = kinds.iter().any(|kind| kind == JsonType::Null);
    let numeric = kinds.iter().any(|kind| kind == JsonType::Number);
    let mut kinds = kinds
        .iter()
        .filter(|kind| *kind != JsonType::Null && !(numeric && *kind == JsonType::Integer));
    let only = kinds.next()?;
    kinds.next().is_none().then_some((only, nullable))
}

/// The value as the type that is wanted, and what was done to it.
fn retype(
    came: &Value,
    wanted: JsonType,
    nullable: bool,
    budget: &Budget,
) -> Option<(Value, &'static str)> {
    match (wanted, came) {
        (JsonType::Array, Value::Null) => None,
        (JsonType::Array, Value::String(text)) => match budget.parse(text) {
            Some(value @ Value::Array(_)) => Some((value, "read the text as an array")),
            Some(Value::Null) => None,
            None if could_be_list(text) => None,
            _ => Some((Value::Array(vec![came.clone()]), INTO_ARRAY)),
        },
        (JsonType::Array, _) => Some((Value::Array(vec![came.clone()]), INTO_ARRAY)),
        (_, Value::String(text)) if text == NULL && (nullable || wanted == JsonType::Null) => {
            Some((Value::Null, "read the text as null"))
        }
        (JsonType::Object, Value::String(text)) => {
            let value = budget.parse(text)?;
            value
                .is_object()
                .then_some((value, "read the text as an object"))
        }
        (JsonType::Integer | JsonType::Number, Value::String(text)) => {
            let number: Number = serde_json::from_str(text).ok()?;
            Some((Value::Number(number), "read the text as a number"))
        }
        (JsonType::String, Value::Number(number)) => Some((
            Value::String(number.to_string()),
            "wrote the number as text",
        )),
        (JsonType::Boolean, Value::String(text)) => {
            let value = text.to_ascii_lowercase().parse::<bool>().ok()?;
            Some((Value::Bool(value), "read the text as a boolean"))
        }
        _ => None,
    }
}

/// Whether a text could be meant as a list of none or several, or as no list.
fn could_be_list(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.starts_with('[') || text.contains(',')
}

/// The one option that a text is but for its letter case, or that is written as this text in JSON.
fn respell(came: &Value, options: &[Value], budget: &Budget) -> Option<(Value, &'static str)> {
    if let Value::Number(number) = came {
        let text = number.as_str();
        let mut same = options
            .iter()
            .filter(|option| option.as_str() == Some(text));
        let only = same.next()?.clone();
        return same
            .next()
            .is_none()
            .then_some((only, "wrote the number as text"));
    }
    let text = came.as_str()?;
    let (lower, json) = (text.to_lowercase(), budget.parse(text));
    let mut same = options.iter().filter(|option| match option {
        Value::String(option) => option.to_lowercase() == lower,
        Value::Number(_) | Value::Bool(_) => json.as_ref() == Some(*option),
        _ => false,
    });
    let only = same.next()?;
    let what = match only {
        Value::String(_) => "took the letter case of the enum",
        _ => "read the text as the option that it is in JSON",
    };
    same.next().is_none().then(|| (only.clone(), what))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rmcp::model::JsonObject;
    use serde_json::json;

    use super::*;
    use crate::call::arguments::Validator;

    fn healed(property: &Value, value: Value) -> Option<Value> {
        let schema = json!({"properties": {"it": property}});
        let schema = Arc::new(schema.as_object().unwrap().clone());
        let arguments = JsonObject::from_iter([("it".to_owned(), value)]);
        let checked = Validator::new("tool", &schema).check(arguments).ok()?;
        assert!(!checked.healed.is_empty());
        Some(checked.arguments["it"].clone())
    }

    #[test]
    fn an_object_sent_as_text_is_read() {
        let healed = healed(&json!({"type": "object"}), json!(r#"{"a":1}"#));
        assert_eq!(healed, Some(json!({"a": 1})));
    }

    #[test]
    fn very_many_values_sent_as_texts_are_not_read() {
        let budget = Budget::new(10);
        assert_eq!(budget.parse("[0,0,0,0]"), Some(json!([0, 0, 0, 0])));
        assert_eq!(budget.parse("[0,0,0,0,0]"), None);
        assert_eq!(budget.parse("[0]"), Some(json!([0])));
    }

    #[test]
    fn an_array_sent_as_text_is_read() {
        let healed = healed(&json!({"type": "array"}), json!("[1, 2]"));
        assert_eq!(healed, Some(json!([1, 2])));
    }

    #[test]
    fn one_value_in_place_of_an_array_is_put_into_one() {
        let healed = healed(&json!({"type": "array"}), json!("a"));
        assert_eq!(healed, Some(json!(["a"])));
    }

    #[test]
    fn a_number_sent_as_text_is_read_as_written() {
        let text = "12345678901234567890.10";
        let healed = healed(&json!({"type": ["number", "null"]}), json!(text)).unwrap();
        assert_eq!(healed.to_string(), text);
    }

    #[test]
    fn an_enum_in_another_letter_case_is_respelt() {
        let healed = healed(&json!({"enum": ["available", "sold"]}), json!("SOLD"));
        assert_eq!(healed, Some(json!("sold")));
    }

    #[test]
    fn an_enum_whose_letter_case_distinguishes_options_is_not_respelt() {
        assert_eq!(healed(&json!({"enum": ["Ab", "aB"]}), json!("AB")), None);
    }

    #[test]
    fn what_is_inside_a_healed_value_is_healed_too() {
        let inner = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
        let healed = healed(&inner, json!(r#"{"n":"3"}"#));
        assert_eq!(healed, Some(json!({"n": 3})));
    }

    #[test]
    fn a_union_is_not_healed() {
        let union = json!({"anyOf": [{"type": "integer"}, {"type": "array"}]});
        assert_eq!(healed(&union, json!("3")), None);
        assert_eq!(
            healed(&json!({"type": ["integer", "boolean"]}), json!("3")),
            None
        );
    }

    #[test]
    fn a_nullable_reference_is_one_reading_beside_null() {
        let nullable = |schema: Value| json!({"anyOf": [schema, {"type": "null"}]});
        let integer = nullable(json!({"type": "integer"}));
        assert_eq!(healed(&integer, json!("3")), Some(json!(3)));
        assert_eq!(healed(&integer, json!("null")), Some(Value::Null));
        let object = nullable(json!({"properties": {"n": {"type": "integer"}}, "type": "object"}));
        assert_eq!(
            healed(&object, json!(r#"{"n":"3"}"#)),
            Some(json!({"n": 3}))
        );
        let one = nullable(json!({"enum": ["open"]}));
        assert_eq!(healed(&one, json!("Open")), Some(json!("open")));
    }

    #[test]
    fn the_branch_that_a_constant_names_is_healed() {
        let branch = |name: &str, kind: &str| json!({"properties": {"kind": {"const": name}, "n": {"type": kind}}, "required": ["kind"]});
        let union = json!({"oneOf": [branch("a", "integer"), branch("b", "array")]});
        let came = json!({"kind": "a", "n": "3"});
        assert_eq!(healed(&union, came), Some(json!({"kind": "a", "n": 3})));
        let unnamed = json!({"kind": "c", "n": "3"});
        assert_eq!(healed(&union, unnamed), None);
    }

    #[test]
    fn an_array_of_arrays_is_not_guessed() {
        let pairs =
            json!({"type": "array", "items": {"type": "array", "items": {"type": "number"}}});
        assert_eq!(healed(&pairs, json!([1.5, 2.5])), None);
        assert_eq!(healed(&pairs, json!(1.5)), Some(json!([[1.5]])));
        assert_eq!(
            healed(&pairs, json!([[1.5], 2.5])),
            Some(json!([[1.5], [2.5]]))
        );
    }

    #[test]
    fn one_object_sent_as_text_is_put_into_a_list_of_such() {
        let list = json!({"type": "array", "items": {"type": "object"}});
        let one = json!(r#"{"a": 1, "b": 2}"#);
        assert_eq!(healed(&list, one), Some(json!([{"a": 1, "b": 2}])));
    }

    #[test]
    fn a_text_that_could_be_a_list_is_not_put_into_one() {
        let list = json!({"type": ["array", "null"], "items": {"type": "string"}});
        for text in ["a,b", "[a", "['a']", "", "null"] {
            assert_eq!(healed(&list, json!(text)), None, "{text}");
        }
    }

    #[test]
    fn the_text_null_is_null_where_nothing_else_can_be_meant() {
        let nullable = json!({"type": ["integer", "null"]});
        assert_eq!(healed(&nullable, json!("null")), Some(Value::Null));
        assert_eq!(healed(&json!({"type": "integer"}), json!("null")), None);
    }

    #[test]
    fn numbers_are_read_as_json_has_them() {
        let number = json!({"type": ["integer", "number"]});
        assert_eq!(healed(&number, json!(" 5 ")), Some(json!(5)));
        assert!(healed(&number, json!("1e3")).is_some());
        for text in ["0x10", "NaN", "Infinity", "+5", "007", "1,000", "1_000", ""] {
            assert_eq!(healed(&number, json!(text)), None, "{text}");
        }
    }

    #[test]
    fn a_boolean_is_read_in_any_letter_case() {
        let boolean = json!({"type": "boolean"});
        assert_eq!(healed(&boolean, json!("True")), Some(json!(true)));
        assert_eq!(healed(&boolean, json!("yes")), None);
    }

    #[test]
    fn an_option_sent_as_text_is_the_option() {
        assert_eq!(healed(&json!({"enum": [1, 2]}), json!("2")), Some(json!(2)));
        assert_eq!(
            healed(&json!({"const": "open"}), json!("OPEN")),
            Some(json!("open"))
        );
    }

    #[test]
    fn a_healed_number_is_held_to_its_bounds() {
        let byte = json!({"type": "integer", "maximum": 255});
        assert_eq!(healed(&byte, json!("255")), Some(json!(255)));
        assert_eq!(healed(&byte, json!("256")), None);
    }

    #[test]
    fn what_refers_to_itself_is_healed_at_any_depth() {
        let schema = json!({
            "properties": {"it": {"$ref": "#/$defs/Node"}},
            "$defs": {"Node": {"type": "object", "properties": {
                "n": {"type": "integer"},
                "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
            }}},
        });
        let schema = Arc::new(schema.as_object().unwrap().clone());
        let arguments = json!({"it": {"next": {"next": {"n": "3"}}}});
        let arguments = arguments.as_object().unwrap().clone();
        let checked = Validator::new("tool", &schema).check(arguments).unwrap();
        assert_eq!(checked.arguments["it"]["next"]["next"]["n"], json!(3));
    }

    #[test]
    fn text_that_is_no_number_is_not_healed() {
        assert_eq!(healed(&json!({"type": "integer"}), json!("three")), None);
    }

    #[test]
    fn a_number_is_the_text_that_is_wanted() {
        let number: Value = serde_json::from_str("1.10").unwrap();
        assert_eq!(
            healed(&json!({"type": "string"}), number.clone()),
            Some(json!("1.10"))
        );
        assert_eq!(
            healed(&json!({"enum": ["1.10", "2"]}), number),
            Some(json!("1.10"))
        );
        assert_eq!(
            healed(&json!({"type": "string", "enum": ["a"]}), json!(1)),
            None
        );
        assert_eq!(
            healed(&json!({"type": ["string", "boolean"]}), json!(1)),
            None
        );
    }
}
