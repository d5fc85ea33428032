//! JSON as people review it: short things on one line, long ones over several.

use std::fmt::Write;

use serde_json::Value;

use crate::text::is_hidden;

/// Lines are broken beyond this many characters.
const WIDTH: usize = 100;

/// `value` as text, laid out to be read in a diff. Hidden characters are written as escapes.
pub(super) fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, 0, 0, &mut out);
    out
}

/// Writes `value`, whose line is indented by `indent` and already holds `used` characters more.
fn write_value(value: &Value, indent: usize, used: usize, out: &mut String) {
    let start = out.len();
    if write_inline(value, start + WIDTH.saturating_sub(indent + used), out) {
        return;
    }
    out.truncate(start);
    match value {
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                new_line(at, indent + 2, out);
                write_value(item, indent + 2, 0, out);
            }
            close(']', indent, out);
        }
        Value::Object(members) => {
            out.push('{');
            for (at, (key, member)) in members.iter().enumerate() {
                new_line(at, indent + 2, out);
                let start = out.len();
                write_string(key, out);
                out.push_str(": ");
                write_value(member, indent + 2, out.len() - start, out);
            }
            close('}', indent, out);
        }
        scalar => write_scalar(scalar, out),
    }
}

/// Writes `value` on one line; false as soon as `out` has become longer than `limit`.
fn write_inline(value: &Value, limit: usize, out: &mut String) -> bool {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                if !write_inline(item, limit, out) {
                    return false;
                }
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (at, (key, member)) in members.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_string(key, out);
                out.push_str(": ");
                if !write_inline(member, limit, out) {
                    return false;
                }
            }
            out.push('}');
        }
        scalar => write_scalar(scalar, out),
    }
    out.len() <= limit
}

fn new_line(at: usize, indent: usize, out: &mut String) {
    if at > 0 {
        out.push(',');
    }
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

fn close(bracket: char, indent: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    out.push(bracket);
}

fn write_scalar(scalar: &Value, out: &mut String) {
    match scalar {
        Value::String(text) => write_string(text, out),
        // Numbers as spelled, true, false, null.
        other => out.push_str(&other.to_string()),
    }
}

/// A JSON string (RFC 8259 §7) in which nothing is hidden.
fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn short_values_stay_on_one_line() {
        assert_eq!(
            pretty(&json!({"a": [1, true, null]})),
            r#"{"a": [1, true, null]}"#
        );
    }

    #[test]
    fn long_values_are_broken_where_they_are_long() {
        let long = "x".repeat(88);
        assert_eq!(
            pretty(&json!({"a": {"b": 1}, "c": [long]})),
            format!("{{\n  \"a\": {{\"b\": 1}},\n  \"c\": [\"{long}\"]\n}}")
        );
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let text = r#"{"n": 1.10, "big": 123456789012345678901234567890, "s": "\u0000\u202e\"\\😀\udb40\udc01"}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        let written = pretty(&value);
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
        assert!(written.contains("1.10") && !written.chars().any(is_hidden));
    }
}
