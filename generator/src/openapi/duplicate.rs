//! Keys that occur twice in one object of a JSON text (RFC 8259 §4): the parser keeps the last and
//! says nothing.

use std::collections::HashSet;

use serde_json::Value;

use super::locate::string_end;
use super::pointer::join;
use crate::diagnostic::Diagnostic;

/// The keys of a well-formed text that its `value` no longer has.
pub(super) fn json(text: &str, value: &Value) -> Vec<Diagnostic> {
    // Nearly every text has none, and counting is quick.
    if written(text) == kept(value) {
        return Vec::new();
    }
    find(text)
}

/// Reports a key that occurs a second time, at `pointer`.
pub(super) fn repeated(key: &str, pointer: String, line: usize) -> Diagnostic {
    let mut repeated = Diagnostic::warning(
        pointer,
        format!("the key `{key}` is here a second time; the last one counts"),
        "keep one of them",
    );
    repeated.line = Some(line);
    repeated
}

/// The number of keys in a text.
fn written(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut keys) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' {
            at = string_end(bytes, at);
            keys += usize::from(is_key(bytes, at));
        } else {
            at += 1;
        }
    }
    keys
}

/// Whether the string that ends before `at` is a key.
fn is_key(bytes: &[u8], at: usize) -> bool {
    let rest = bytes.iter().skip(at);
    rest.into_iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// The number of keys in a value.
fn kept(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(kept).sum(),
        Value::Object(members) => members.len() + members.values().map(kept).sum::<usize>(),
        _ => 0,
    }
}

/// An open collection, and where in it the text is.
enum Open {
    Array(usize),
    Object { keys: HashSet<String>, key: String },
}

fn find(text: &str) -> Vec<Diagnostic> {
    let bytes = text.as_bytes();
    let (mut at, mut line) = (0, 1);
    let mut open: Vec<Open> = Vec::new();
    let mut found = Vec::new();
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' => line += 1,
            b'[' => open.push(Open::Array(0)),
            b'{' => open.push(Open::Object {
                keys: HashSet::new(),
                key: String::new(),
            }),
            b']' | b'}' => {
                open.pop();
            }
            b',' => {
                if let Some(Open::Array(index)) = open.last_mut() {
                    *index += 1;
                }
            }
            b'"' => {
                let end = string_end(bytes, at);
                if is_key(bytes, end) {
                    let name = text.get(at..end).map(serde_json::from_str::<String>);
                    let name = name.and_then(Result::ok).unwrap_or_default();
                    let is_new = match open.last_mut() {
                        Some(Open::Object { keys, key }) => {
                            key.clone_from(&name);
                            keys.insert(name.clone())
                        }
                        _ => true,
                    };
                    if !is_new {
                        found.push(repeated(&name, pointer(&open), line));
                    }
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

fn pointer(open: &[Open]) -> String {
    open.iter().fold(String::new(), |at, open| match open {
        Open::Array(index) => join(&at, &index.to_string()),
        Open::Object { key, .. } => join(&at, key),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duplicates(text: &str) -> Vec<(String, Option<usize>)> {
        let value = serde_json::from_str(text).unwrap();
        let found = json(text, &value).into_iter();
        found.map(|found| (found.pointer, found.line)).collect()
    }

    #[test]
    fn a_second_key_is_found_with_its_place() {
        let text = "{\"a\": [1, {\"x/\": 1,\n\"y\": {\"x/\": 2},\n\"x/\" : 3}],\n \"\\u0061\": 0}";
        assert_eq!(
            duplicates(text),
            [("/a/1/x~1".to_owned(), Some(3)), ("/a".to_owned(), Some(4))]
        );
    }

    #[test]
    fn the_same_key_in_other_objects_and_in_text_is_none() {
        assert!(
            duplicates(r#"{"a": {"a": "\": \"a\": "}, "b": [{"a": 1}, {"a": 2}, "a"]}"#).is_empty()
        );
    }
}
