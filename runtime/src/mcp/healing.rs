//! Repair of arguments that models write in a form of their own, where there is one reading only.
//!
//! It starts from a violation, so that arguments that fit are never touched, and it knows nothing
//! of unions: what fits none of several forms could have been meant as any of them.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::{Number, Value};

/// One repair of one value.
#[derive(Debug, PartialEq)]
pub(super) struct Healing {
    /// JSON pointer to the value.
    pub(super) path: String,
    /// What was done to it.
    pub(super) what: &'static str,
    value: Value,
}

impl Healing {
    /// The repair of the value that `error` is about, where there is one.
    pub(super) fn of(error: &ValidationError<'_>) -> Option<Healing> {
        let (value, what) = match error.kind() {
            ValidationErrorKind::Type { kind } => retype(error.instance(), wanted(kind)?)?,
            ValidationErrorKind::Enum { options } => respell(error.instance(), options)?,
            _ => return None,
        };
        Some(Healing {
            path: error.instance_path().as_str().to_owned(),
            what,
            value,
        })
    }

    /// Puts the repaired value in its place.
    pub(super) fn apply(&mut self, arguments: &mut Value) {
        if let Some(place) = arguments.pointer_mut(&self.path) {
            *place = self.value.take();
        }
    }
}

/// The one type that is wanted. A type that may also be null is still one.
fn wanted(kind: &TypeKind) -> Option<JsonType> {
    match kind {
        TypeKind::Single(kind) => Some(*kind),
        TypeKind::Multiple(kinds) => {
            let mut kinds = kinds.iter().filter(|kind| *kind != JsonType::Null);
            let only = kinds.next()?;
            kinds.next().is_none().then_some(only)
        }
    }
}

fn retype(came: &Value, wanted: JsonType) -> Option<(Value, &'static str)> {
    match (wanted, came) {
        (JsonType::Object, Value::String(text)) => {
            let value: Value = serde_json::from_str(text).ok()?;
            value
                .is_object()
                .then_some((value, "read the text as an object"))
        }
        (JsonType::Array, Value::String(text)) => Some(match serde_json::from_str(text) {
            Ok(value @ Value::Array(_)) => (value, "read the text as an array"),
            _ => (
                Value::Array(vec![came.clone()]),
                "put the value into an array",
            ),
        }),
        (JsonType::Array, Value::Null) => None,
        (JsonType::Array, _) => Some((
            Value::Array(vec![came.clone()]),
            "put the value into an array",
        )),
        (JsonType::Integer | JsonType::Number, Value::String(text)) => {
            let number: Number = serde_json::from_str(text).ok()?;
            Some((Value::Number(number), "read the text as a number"))
        }
        (JsonType::Boolean, Value::String(text)) => {
            let value = text.parse::<bool>().ok()?;
            Some((Value::Bool(value), "read the text as a boolean"))
        }
        _ => None,
    }
}

fn respell(came: &Value, options: &Value) -> Option<(Value, &'static str)> {
    let came = came.as_str()?.to_lowercase();
    let mut same = options
        .as_array()?
        .iter()
        .filter(|option| option.as_str().is_some_and(|it| it.to_lowercase() == came));
    let only = same.next()?;
    let respelt = (only.clone(), "took the letter case of the enum");
    same.next().is_none().then_some(respelt)
}
