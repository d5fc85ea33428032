//! How large a JSON text is, before anything is made of it.
//!
//! A value in memory takes far more than its text: `[0,0,…]` takes some hundred bytes for each two
//! of the text. So texts from outside are bounded in values too, which are counted in the bytes.

use memchr::memchr2;
use serde_json::Value;

/// How deep arrays and objects may be nested. It is as deep as the parser goes.
pub(crate) const MAX_DEPTH: usize = 127;

/// Why a JSON text is not parsed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JsonError {
    /// It holds too many values.
    #[error("it holds more than the {0} values that are allowed")]
    TooManyValues(usize),
    /// It is nested too deep.
    #[error("it is nested deeper than {MAX_DEPTH} arrays and objects")]
    TooDeep,
    /// It is not JSON.
    #[error(transparent)]
    Malformed(#[from] serde_json::Error),
}

/// Where a JSON text exceeds its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    /// The first value too many begins, or is preceded by a comma or colon, at this byte.
    Values(usize),
    /// It is nested too deep.
    Depth,
}

/// Counts the values of a JSON text, each name of a member as one more. Of a text that is no JSON,
/// the number is at least that of the values that a parser would find before it fails. An empty
/// array or object counts as two.
///
/// # Errors
/// Where there are more than `max_values`, or more than [`MAX_DEPTH`] arrays and objects are within
/// each other.
pub(crate) fn count_values(text: &[u8], max_values: usize) -> Result<usize, Exceeded> {
    let mut values = 1;
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => at = end_of_string(text, at + 1),
            b',' | b':' => values += 1,
            b'[' | b'{' => {
                values += 1;
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Exceeded::Depth);
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if values > max_values {
            return Err(Exceeded::Values(at));
        }
        at += 1;
    }
    Ok(values)
}

/// Where the string ends that goes on at `at`: its closing quote, or the end of the text.
fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while let Some(found) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if text.get(at) == Some(&b'"') {
            return at;
        }
        // What is escaped is no quote.
        at += 2;
    }
    text.len()
}

/// Parses a JSON text of at most `max_values` values.
///
/// # Errors
/// Where it holds more, is nested too deep, or is not JSON.
pub(crate) fn parse(text: &[u8], max_values: usize) -> Result<Value, JsonError> {
    check(text, max_values)?;
    Ok(serde_json::from_slice(text)?)
}

/// Checks that a JSON text has at most `max_values` values.
///
/// # Errors
/// Where it holds more, or is nested too deep.
pub(crate) fn check(text: &[u8], max_values: usize) -> Result<(), JsonError> {
    match count_values(text, max_values) {
        Ok(_) => Ok(()),
        Err(Exceeded::Values(_)) => Err(JsonError::TooManyValues(max_values)),
        Err(Exceeded::Depth) => Err(JsonError::TooDeep),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// The values of a tree, each name of a member as one more.
    fn values(value: &Value) -> usize {
        1 + match value {
            Value::Array(items) => items.iter().map(values).sum(),
            Value::Object(members) => members.values().map(|value| 1 + values(value)).sum(),
            _ => 0,
        }
    }

    fn counted(text: &str) -> usize {
        count_values(text.as_bytes(), usize::MAX).unwrap()
    }

    #[test]
    fn every_value_and_every_name_counts() {
        for (text, count) in [
            ("0", 1),
            ("[0]", 2),
            ("[0,0]", 3),
            ("[[0],[0,0]]", 6),
            (r#"{"a":1}"#, 3),
            (r#"{"a":1,"b":{"c":null}}"#, 7),
        ] {
            assert_eq!(counted(text), count, "{text}");
            assert_eq!(values(&serde_json::from_str(text).unwrap()), count);
        }
    }

    #[test]
    fn what_is_in_a_string_is_no_value() {
        assert_eq!(counted(r#"["a,b:[{\",\\"]"#), 2);
        assert_eq!(counted(r#"["\\",0]"#), 3);
        assert_eq!(counted(r#"["\"#), 2);
    }

    #[test]
    fn it_stops_at_the_first_value_too_many() {
        assert_eq!(count_values(b"[0,1,2,3]", 5), Ok(5));
        assert_eq!(count_values(b"[0,1,2,3]", 3), Err(Exceeded::Values(4)));
        assert!(matches!(
            parse(b"[0,1,2,3]", 3),
            Err(JsonError::TooManyValues(3))
        ));
    }

    #[test]
    fn it_goes_as_deep_as_the_parser() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        let (fits, too_deep) = (nested(MAX_DEPTH), nested(MAX_DEPTH + 1));
        assert!(parse(fits.as_bytes(), 1000).is_ok());
        assert!(serde_json::from_str::<Value>(&too_deep).is_err());
        assert!(matches!(
            parse(too_deep.as_bytes(), 1000),
            Err(JsonError::TooDeep)
        ));
        assert_eq!(counted(&"[]".repeat(500)), 501);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
                prop::collection::vec((any::<String>(), inner), 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_never_counts_less_than_there_are(value in any_json()) {
            let count = counted(&value.to_string());
            let empty = json!(value).to_string().matches(['[', '{']).count();
            prop_assert!(count >= values(&value));
            prop_assert!(count <= values(&value) + empty);
        }
    }
}
