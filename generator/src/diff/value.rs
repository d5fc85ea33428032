//! Values of a description in messages.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::text::one_line;

/// How many values of a list are shown, and how many characters of each.
const SHOWN: usize = 5;
const MAX_CHARACTERS: usize = 60;

/// Values as code: `"a"`, `"b"` and 7 more.
pub(super) fn shown(values: &[Value]) -> String {
    let all = values.iter().map(|value| code(&value.to_string()));
    joined(&all.collect::<Vec<_>>())
}

/// Names as code.
pub(super) fn names<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let all: Vec<String> = names.into_iter().map(code).collect();
    joined(&all)
}

/// A list in words: `a`, `b` and `c`. The end of a long one is counted.
pub(super) fn joined(all: &[String]) -> String {
    // One more is shown rather than counted.
    let shown = match all.len() {
        count if count <= SHOWN + 1 => count,
        _ => SHOWN,
    };
    let (first, rest) = all.split_at(shown);
    match (first, rest.len()) {
        ([], _) => "none".to_owned(),
        ([one], 0) => one.clone(),
        ([first @ .., last], 0) => format!("{} and {last}", first.join(", ")),
        (first, more) => format!("{} and {more} more", first.join(", ")),
    }
}

/// Text as code, cut where it is long.
pub(super) fn code(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("`{}…`", line.get(..end).unwrap_or_default()),
        None => format!("`{line}`"),
    }
}

/// Compares two numbers: integers exactly, also those that a float does not hold.
pub(super) fn order(one: &Value, other: &Value) -> Option<Ordering> {
    let integer = |value: &Value| value.as_number()?.to_string().parse::<i128>().ok();
    match (integer(one), integer(other)) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

/// A schema without its texts and its default, which restrict no value.
pub(super) fn without_texts(schema: &Map<String, Value>) -> Map<String, Value> {
    let mut schema = schema.clone();
    for text in ["title", "description", "examples", "default", "deprecated"] {
        schema.shift_remove(text);
    }
    schema
}

/// Returns true for a schema that every value fits.
pub(super) fn fits_all(schema: &Value) -> bool {
    match schema {
        Value::Object(schema) => without_texts(schema).is_empty(),
        other => *other == Value::Bool(true),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_list_ends_with_a_count() {
        let values: Vec<Value> = (0..9).map(|n| json!(n)).collect();
        assert_eq!(shown(&values), "`0`, `1`, `2`, `3`, `4` and 4 more");
        assert_eq!(shown(&[json!("a"), json!("b")]), "`\"a\"` and `\"b\"`");
        assert_eq!(code(&"é".repeat(99)).chars().count(), 63);
    }
}
