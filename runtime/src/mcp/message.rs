//! Small words for people and models about JSON values and names.

use serde_json::Value;

/// How many names or values a message lists before it says how many more there are.
const LISTED: usize = 20;

/// The longest value, in characters, that a message repeats.
const REPEATED: usize = 60;

/// The longest name, in bytes, that is compared with others: the distance takes the product of
/// both lengths.
const COMPARED: usize = 128;

/// The known name nearest to `name`, where one is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > COMPARED {
        return None;
    }
    let bound = name.chars().count().div_ceil(3).max(1);
    known
        .filter(|candidate| candidate.len() <= COMPARED)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits between two names, where case and the characters between words do not count.
fn distance(left: &str, right: &str) -> usize {
    fn letters(name: &str) -> String {
        name.chars()
            .filter(|character| character.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    }
    strsim::osa_distance(&letters(left), &letters(right))
}

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
pub(super) fn quote(name: &str) -> String {
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
    fn a_slip_of_the_hand_is_recognised() {
        assert_eq!(
            nearest("stauts", ["page", "status"].into_iter()),
            Some("status")
        );
    }

    #[test]
    fn another_spelling_of_words_is_recognised() {
        assert_eq!(
            nearest("pageSize", ["page", "page_size"].into_iter()),
            Some("page_size")
        );
    }

    #[test]
    fn a_different_word_is_not_guessed_at() {
        assert_eq!(nearest("colour", ["page", "status"].into_iter()), None);
    }

    #[test]
    fn a_name_longer_than_any_is_compared_with_none() {
        let known = "x".repeat(200);
        assert_eq!(nearest(&known, [known.as_str()].into_iter()), None);
    }

    #[test]
    fn a_long_name_is_repeated_in_part() {
        assert_eq!(quote(&"é".repeat(61)), format!("`{}…`", "é".repeat(60)));
    }

    #[test]
    fn a_long_value_is_not_repeated() {
        assert_eq!(show(&Value::from("x".repeat(100))), "a string");
    }
}
