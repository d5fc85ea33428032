//! How large JSON is, without its text.

use std::io::{self, Write};

use serde_json::Value;

use crate::capacity::Size;

/// Returns how many bytes the JSON of a value has, without blanks.
pub(in crate::call) fn length(value: &Value) -> usize {
    let mut counter = Counter(0);
    // Neither writing nor a value fails: every value has a JSON text.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

/// Returns how large a value is: the bytes of its JSON, and its values, each name of a member as one
/// more.
pub(in crate::call) fn size(value: &Value) -> Size {
    Size {
        bytes: length(value),
        values: values(value),
    }
}

fn values(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(values).sum::<usize>(),
        Value::Object(members) => 1 + members.len() + members.values().map(values).sum::<usize>(),
        _ => 1,
    }
}

/// Returns how many bytes a character has within a text of JSON.
pub(in crate::call) fn escaped(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        other => other.len_utf8(),
    }
}

struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn escaped_characters_have_the_length_of_their_text() {
        for character in ('\0'..='\u{ff}').chain(['€', '😀', '\u{2028}']) {
            let length = length(&json!(character.to_string()));
            assert_eq!(escaped(character) + 2, length, "{character:?}");
        }
    }

    #[test]
    fn length_is_that_of_the_text() {
        for value in [json!({"a": [1, "é\n", null]}), json!("\""), json!([])] {
            assert_eq!(length(&value), value.to_string().len(), "{value}");
        }
    }

    #[test]
    fn size_has_the_values_and_the_names_of_members() {
        let Size { bytes, values } = size(&json!({"a": [1, {}], "b": null}));
        assert_eq!((bytes, values), (21, 7));
    }
}
