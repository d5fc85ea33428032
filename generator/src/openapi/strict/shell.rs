//! One object, handed to openapiv3 with placeholders for the objects in it, so that each answers
//! for itself alone.
//!
//! openapiv3 reads all or nothing and says no places. Read whole, a bad leaf would also be tried
//! twice at each level above it, which takes exponential time; and a number that no `f64` holds
//! makes it panic. Neither can happen to a shell: it has no levels, and its numbers are checked.

use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use super::kind::{Field, Kind, Shape};

/// How deep the parts of a shell go that are no objects of their own. Nothing that openapiv3 has a
/// type for goes deeper.
const MAX_DEPTH: usize = 8;

/// How many fields of a rejected object are tried as the cause.
const MAX_TRIED: usize = 64;

/// Why openapiv3 rejects an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rejection {
    /// The field that it rejects; none where one is missing, or it is not clear which.
    pub(super) field: Option<String>,
    /// What openapiv3 says.
    pub(super) reason: String,
}

/// The object as a value of openapiv3, with placeholders in it.
pub(super) fn read<T: DeserializeOwned>(kind: Kind, value: &Value) -> Option<T> {
    serde_json::from_value(shell(kind, value)).ok()
}

/// What openapiv3 rejects about an object, whatever it says of the objects in it.
pub(super) fn rejections(kind: Kind, value: &Value) -> Vec<Rejection> {
    let mut shell = shell(kind, value);
    let mut found = Vec::new();
    while let Err(reason) = parsed(kind, shell.clone()) {
        let cause = shell
            .as_object()
            .and_then(|members| cause(kind, members, &reason));
        let (field, rest) = cause.map_or((None, None), |(field, rest)| (Some(field), Some(rest)));
        found.push(Rejection { field, reason });
        match rest {
            Some(rest) => shell = Value::Object(rest),
            None => break,
        }
    }
    found
}

/// The field that is rejected, and the object with it set right: one with which the object is read
/// or, where others are wrong too, rejected for another reason.
fn cause(
    kind: Kind,
    members: &Map<String, Value>,
    reason: &str,
) -> Option<(String, Map<String, Value>)> {
    let righted = |name: &String| {
        let mut rest = members.clone();
        match kind.right(name) {
            Some(right) => rest.insert(name.clone(), right),
            None => rest.shift_remove(name),
        };
        rest
    };
    if reason.starts_with("missing field") {
        return None;
    }
    let mut among = None;
    // Those first that may be left out: what is required also says what others may be.
    let tried = members.keys().take(MAX_TRIED);
    let (required, others): (Vec<_>, Vec<_>) = tried.partition(|name| kind.right(name).is_some());
    for name in others.into_iter().chain(required) {
        let rest = righted(name);
        match parsed(kind, Value::Object(rest.clone())) {
            Ok(()) => return Some((name.clone(), rest)),
            Err(other) if among.is_none() && other != reason => {
                among = Some((name.clone(), rest));
            }
            Err(_) => {}
        }
    }
    among
}

/// Whether openapiv3 reads a shell.
fn parsed(kind: Kind, shell: Value) -> Result<(), String> {
    fn of<T: DeserializeOwned>(shell: Value) -> Result<(), String> {
        let read = serde_json::from_value::<T>(shell);
        read.map(drop).map_err(|error| error.to_string())
    }
    match kind {
        Kind::Description => of::<openapiv3::OpenAPI>(shell),
        Kind::Info => of::<openapiv3::Info>(shell),
        Kind::Server => of::<openapiv3::Server>(shell),
        Kind::ServerVariable => of::<openapiv3::ServerVariable>(shell),
        Kind::Tag => of::<openapiv3::Tag>(shell),
        Kind::Components => of::<openapiv3::Components>(shell),
        Kind::Paths => of::<openapiv3::Paths>(shell),
        Kind::PathItem => of::<openapiv3::PathItem>(shell),
        Kind::Operation => of::<openapiv3::Operation>(shell),
        Kind::Parameter => of::<openapiv3::Parameter>(shell),
        Kind::RequestBody => of::<openapiv3::RequestBody>(shell),
        Kind::MediaType => of::<openapiv3::MediaType>(shell),
        Kind::Encoding => of::<openapiv3::Encoding>(shell),
        Kind::Responses => of::<openapiv3::Responses>(shell),
        Kind::Response => of::<openapiv3::Response>(shell),
        Kind::Header => of::<openapiv3::Header>(shell),
        Kind::Example => of::<openapiv3::Example>(shell),
        Kind::Link => of::<openapiv3::Link>(shell),
        Kind::Callback => of::<openapiv3::Callback>(shell),
        Kind::SecurityScheme => of::<openapiv3::SecurityScheme>(shell),
        Kind::Schema => of::<openapiv3::Schema>(shell),
    }
}

/// The object with placeholders for the objects in it, and without what may be anything:
/// extensions and data.
fn shell(kind: Kind, value: &Value) -> Value {
    let Some(members) = value.as_object() else {
        return copied(value, 0);
    };
    let kept = members.iter().filter(|(name, _)| {
        let name = name.as_str();
        !name.starts_with("x-") && name != "$ref" && !kind.data().contains(&name)
    });
    let shell = kept.map(|(name, value)| {
        let shown = match kind.members() {
            Some(_) if value.is_null() => Value::Null,
            Some(member) => member.placeholder(),
            None => match kind.field(name) {
                Some(field) => replaced(kind, field, value),
                // What it lists may be anything.
                None if kind == Kind::Schema && name == "enum" && value.is_array() => {
                    Value::Array(Vec::new())
                }
                None => copied(value, 0),
            },
        };
        (name.clone(), shown)
    });
    Value::Object(shell.collect())
}

/// The value of a field that holds objects, with placeholders for them; unchanged if it is no such
/// value.
fn replaced(around: Kind, &(_, shape, kind): &Field, value: &Value) -> Value {
    // Of schemas there are many, and how many there are in one says nothing about it.
    let is_counted = around != Kind::Schema;
    match (shape, value) {
        (Shape::One | Shape::OneOrFlag, Value::Null) | (Shape::OneOrFlag, Value::Bool(_)) => {
            value.clone()
        }
        (Shape::One | Shape::OneOrFlag, _) => kind.placeholder(),
        (Shape::List, Value::Array(items)) => {
            let count = if is_counted { items.len() } else { 0 };
            Value::Array(vec![kind.placeholder(); count])
        }
        (Shape::Map, Value::Object(members)) => {
            let members = members.keys().filter(|_| is_counted);
            members
                .map(|name| (name.clone(), kind.placeholder()))
                .collect()
        }
        (Shape::List | Shape::Map, _) => copied(value, 0),
    }
}

/// A copy down to [`MAX_DEPTH`], with numbers that openapiv3 can take.
fn copied(value: &Value, depth: usize) -> Value {
    match value {
        Value::Array(_) | Value::Object(_) if depth == MAX_DEPTH => Value::Null,
        Value::Array(items) => items.iter().map(|item| copied(item, depth + 1)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), copied(member, depth + 1)))
            .collect(),
        Value::Number(number) => self::number(number),
        other => other.clone(),
    }
}

/// The number as a reader has it that knows 64 bits: where it is too large, as a text, which no
/// field for a number takes.
fn number(number: &Number) -> Value {
    if number.is_i64() || number.is_u64() {
        return Value::Number(number.clone());
    }
    let float = number.as_f64().and_then(Number::from_f64);
    float.map_or_else(|| Value::String(number.to_string()), Value::Number)
}

impl Kind {
    fn field(self, name: &str) -> Option<&'static Field> {
        self.fields().iter().find(|(field, _, _)| *field == name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(kind: Kind, value: &Value) -> Vec<Option<String>> {
        let found = rejections(kind, value).into_iter();
        found.map(|rejection| rejection.field).collect()
    }

    #[test]
    fn rejection_names_the_field() {
        let value = json!({"name": "a", "in": "query", "style": "simple", "schema": {}});
        assert_eq!(fields(Kind::Parameter, &value), [Some("style".to_owned())]);
    }

    #[test]
    fn rejections_name_each_field_of_an_object() {
        let value = json!({"type": ["string", "null"], "exclusiveMinimum": 1, "title": "x"});
        let found = fields(Kind::Schema, &value);
        assert_eq!(
            found,
            ["type", "exclusiveMinimum"].map(|name| Some(name.to_owned()))
        );
    }

    #[test]
    fn rejection_of_a_required_field_is_one() {
        let value = json!({"name": 5, "in": "query", "schema": {}});
        assert_eq!(fields(Kind::Parameter, &value), [Some("name".to_owned())]);
    }

    #[test]
    fn rejections_of_required_fields_are_distinguished() {
        let value = json!({"in": "body", "name": 5, "content": 5});
        let mut found = fields(Kind::Parameter, &value);
        found.sort();
        let expected = ["content", "in", "name"];
        assert_eq!(found, expected.map(|name| Some(name.to_owned())));
    }

    #[test]
    fn missing_field_is_a_rejection_of_the_object() {
        assert_eq!(fields(Kind::Response, &json!({"content": {}})), [None]);
    }

    #[test]
    fn objects_in_an_object_do_not_count() {
        let value = json!({"description": "", "content": {"a/b": {"schema": {"type": 5}}}});
        assert_eq!(rejections(Kind::Response, &value), []);
    }

    #[test]
    fn numbers_beyond_64_bits_are_rejected_without_panic() {
        for keyword in ["minimum", "multipleOf", "maxLength"] {
            let text = format!(r#"{{"type": "number", "{keyword}": 1e999}}"#);
            let value = serde_json::from_str(&text).unwrap();
            assert_eq!(
                fields(Kind::Schema, &value),
                [Some(keyword.to_owned())],
                "{text}"
            );
        }
        let large = serde_json::from_str(r#"{"enum": [1e999], "default": 1e999}"#).unwrap();
        assert_eq!(rejections(Kind::Schema, &large), []);
    }
}
