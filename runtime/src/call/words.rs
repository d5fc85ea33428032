//! Small words for people and models about JSON values.

use serde_json::Value;

/// How many names or values a message lists before it says how many more there are.
const LISTED: usize = 20;

/// The longest value, in characters, that a message repeats.
const REPEATED: usize = 60;

/// Names one after the other, as many as a message should hold.
pub(super) fn list<T: AsRef<str>>(items: impl ExactSizeIterator<Item = T>) -> String {
    let more = items.len().saturating_sub(LISTED);
    let mut text = String::new();
    for item in items.take(LISTED) {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(item.as_ref());
    }
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// The JSON type of a value with its article.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A JSON type by its name, with its article.
pub(super) fn with_article(name: &str) -> String {
    match name {
        "null" => name.to_owned(),
        "array" | "integer" | "object" => format!("an {name}"),
        _ => format!("a {name}"),
    }
}

/// A name that somebody sent, or its beginning where it is long.
pub(crate) fn quote(name: &str) -> String {
    match name.char_indices().nth(REPEATED) {
        None => format!("`{name}`"),
        Some((end, _)) => format!("`{}…`", name.get(..end).unwrap_or_default()),
    }
}

/// The value as JSON, or its type where it is long.
pub(super) fn show(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= REPEATED {
        text
    } else {
        type_of(value).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_repeated_in_part() {
        assert_eq!(quote(&"é".repeat(61)), format!("`{}…`", "é".repeat(60)));
    }

    #[test]
    fn a_long_value_is_not_repeated() {
        assert_eq!(show(&Value::from("x".repeat(100))), "a string");
    }
}
