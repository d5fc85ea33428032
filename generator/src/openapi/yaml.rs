//! YAML 1.2 to a JSON value, by the core schema. Numbers keep their spelling, so that `1.10` stays
//! `1.10`, and keys are always text.

use std::collections::HashMap;

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, StrInput};
use serde_json::{Map, Number, Value};

use super::duplicate;
use super::pointer::join;
use super::size::{MAX_COPIED, MAX_DEPTH, Size};
use super::spelling::Spellings;
use crate::diagnostic::Diagnostic;

/// Why a text is no YAML.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
}

/// The events of a text, down to the depth that is read.
pub(super) fn events(text: &str) -> Parser<'_, StrInput<'_>> {
    let mut options = Options::default();
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    Parser::new_from_str_with_options(text, options)
}

/// Reads the first document of a text.
pub(super) fn parse(text: &str) -> Result<(Value, Vec<Diagnostic>), SyntaxError> {
    let mut builder = Builder::default();
    for event in events(text) {
        let (event, span) = event.map_err(|error| SyntaxError {
            line: error.marker().line(),
            column: error.marker().col() + 1,
            message: error.kind().to_string(),
        })?;
        if builder.take(event, span.start)? {
            break;
        }
    }
    Ok((builder.root.unwrap_or_default(), builder.diagnostics))
}

/// A collection whose end has not come yet.
enum Open {
    Sequence {
        items: Vec<Value>,
        anchor: usize,
    },
    Mapping {
        pairs: Map<String, Value>,
        merges: Vec<Value>,
        key: Option<String>,
        anchor: usize,
    },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Value>,
    copied: usize,
    documents: usize,
    root: Option<Value>,
    spellings: Spellings,
    diagnostics: Vec<Diagnostic>,
}

impl Builder {
    /// Takes one event; true once the first document is complete and no other matters.
    fn take(&mut self, event: Event<'_>, at: Marker) -> Result<bool, SyntaxError> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.warn(
                        at,
                        "the file holds more than one YAML document; the first is read",
                        "put each description into a file of its own",
                    );
                    return Ok(true);
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                if self.wants_key() {
                    self.remember(anchor, &Value::String(text.to_string()), at)?;
                    self.key(&text, at);
                } else {
                    let value = if plain {
                        let value = scalar(&text);
                        if Spellings::is_other(&text, &value) {
                            let pointer = self.pointer();
                            self.spellings.remember(pointer, &text);
                        }
                        value
                    } else {
                        Value::String(text.into_owned())
                    };
                    self.remember(anchor, &value, at)?;
                    self.value(value);
                }
            }
            Event::SequenceStart(_, anchor, _) => {
                self.start(
                    Open::Sequence {
                        items: Vec::new(),
                        anchor,
                    },
                    at,
                )?;
            }
            Event::MappingStart(_, anchor, _) => {
                let (pairs, merges) = (Map::new(), Vec::new());
                self.start(
                    Open::Mapping {
                        pairs,
                        merges,
                        key: None,
                        anchor,
                    },
                    at,
                )?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else {
                    return Ok(false);
                };
                let (mut value, anchor) = close(open);
                if value.is_object() && !self.spellings.is_empty() {
                    let pointer = self.pointer();
                    self.spellings.restore(&pointer, &mut value);
                }
                self.remember(anchor, &value, at)?;
                self.value(value);
            }
            Event::Alias(anchor) => {
                let Some(value) = self.anchors.get(&anchor) else {
                    return Err(error(
                        at,
                        "an alias is inside the value it names, which has no end",
                    ));
                };
                let size = Size::of(value);
                let value = value.clone();
                self.copies(size, at)?;
                if self.wants_key() {
                    let key = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    self.key(&key, at);
                } else {
                    self.value(value);
                }
            }
            _ => {}
        }
        Ok(false)
    }

    fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Mapping { key: None, .. }))
    }

    fn start(&mut self, open: Open, at: Marker) -> Result<(), SyntaxError> {
        if self.wants_key() {
            return Err(error(
                at,
                "the key of a mapping is a collection; JSON has only text keys",
            ));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(at));
        }
        self.open.push(open);
        Ok(())
    }

    fn key(&mut self, text: &str, at: Marker) {
        if let Some(Open::Mapping { pairs, key, .. }) = self.open.last_mut() {
            let twice = text != "<<" && pairs.contains_key(text);
            *key = Some(text.to_owned());
            if twice {
                let found = duplicate::repeated(text, self.pointer(), at.line());
                self.diagnostics.push(found);
            }
        }
    }

    /// Where the text is.
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for open in &self.open {
            pointer = match open {
                Open::Sequence { items, .. } => join(&pointer, &items.len().to_string()),
                Open::Mapping { key, .. } => join(&pointer, key.as_deref().unwrap_or_default()),
            };
        }
        pointer
    }

    fn value(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::Sequence { items, .. }) => items.push(value),
            Some(Open::Mapping {
                pairs, merges, key, ..
            }) => match key.take() {
                Some(key) if key == "<<" => match value {
                    Value::Array(several) => merges.extend(several),
                    one => merges.push(one),
                },
                Some(key) => {
                    pairs.insert(key, value);
                }
                None => {}
            },
        }
    }

    fn remember(&mut self, anchor: usize, value: &Value, at: Marker) -> Result<(), SyntaxError> {
        if anchor != 0 {
            self.copies(Size::of(value), at)?;
            self.anchors.insert(anchor, value.clone());
        }
        Ok(())
    }

    /// Accounts for a copy before it is made.
    fn copies(&mut self, size: Size, at: Marker) -> Result<(), SyntaxError> {
        self.copied += size.values;
        if self.copied > MAX_COPIED {
            return Err(error(
                at,
                &format!("aliases make the text grow by more than {MAX_COPIED} values"),
            ));
        }
        if self.open.len() + size.depth > MAX_DEPTH {
            return Err(too_deep(at));
        }
        Ok(())
    }

    fn warn(&mut self, at: Marker, message: &str, help: &str) {
        let mut diagnostic = Diagnostic::warning("", message, help);
        diagnostic.line = Some(at.line());
        self.diagnostics.push(diagnostic);
    }
}

/// The value of a finished collection. Keys written out win over merged ones, earlier merges over
/// later.
fn close(open: Open) -> (Value, usize) {
    match open {
        Open::Sequence { items, anchor } => (Value::Array(items), anchor),
        Open::Mapping {
            mut pairs,
            merges,
            anchor,
            ..
        } => {
            for merge in merges {
                if let Value::Object(merge) = merge {
                    for (key, value) in merge {
                        pairs.entry(key).or_insert(value);
                    }
                }
            }
            (Value::Object(pairs), anchor)
        }
    }
}

fn error(at: Marker, message: &str) -> SyntaxError {
    SyntaxError {
        line: at.line(),
        column: at.col() + 1,
        message: message.to_owned(),
    }
}

fn too_deep(at: Marker) -> SyntaxError {
    error(
        at,
        &format!("collections are nested more than {MAX_DEPTH} deep"),
    )
}

/// A plain scalar by the core schema (YAML 1.2.2 §10.3.2).
fn scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let radix = |digits: &str, radix| u64::from_str_radix(digits, radix).ok().map(Number::from);
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    let (sign, unsigned) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let mut characters = unsigned.chars();
    let starts_like_one = match characters.next()? {
        '.' => characters.next()?.is_ascii_digit(),
        first => first.is_ascii_digit(),
    };
    if !starts_like_one {
        return None;
    }
    // What YAML allows and JSON does not: leading zeros, nothing before or after the point.
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => unsigned.split_at(at),
        None => (unsigned, ""),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, "")) => (whole, String::new()),
        Some((whole, fraction)) => (whole, format!(".{fraction}")),
        None => (mantissa, String::new()),
    };
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    format!("{sign}{whole}{fraction}{exponent}").parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(text: &str) -> Value {
        parse(text).unwrap().0
    }

    #[test]
    fn numbers_keep_their_spelling() {
        assert_eq!(value("v: 1.10").to_string(), r#"{"v":1.10}"#);
        assert_eq!(
            value("v: 12345678901234567890123").to_string(),
            r#"{"v":12345678901234567890123}"#
        );
    }

    #[test]
    fn yaml_1_1_words_stay_text() {
        assert_eq!(
            value("[no, on, 012, 0o17, +1, .5, 1_000, 12:30]").to_string(),
            r#"["no","on",12,15,1,0.5,"1_000","12:30"]"#
        );
    }

    #[test]
    fn quoted_and_tagged_scalars_are_text() {
        assert_eq!(value("['1', \"true\", !!str 2]"), json!(["1", "true", "2"]));
    }

    #[test]
    fn keys_are_text_as_written() {
        assert_eq!(
            value("200: a\ntrue: b\n1.0: c"),
            json!({"200": "a", "true": "b", "1.0": "c"})
        );
    }

    #[test]
    fn merge_keys_add_what_is_not_written_out() {
        let text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n  <<: [*a, *b]\n  x: 0";
        assert_eq!(value(text)["c"], json!({"x": 0, "y": 2, "z": 4}));
    }

    #[test]
    fn a_key_given_twice_is_reported_with_its_line() {
        let (value, diagnostics) = parse("- a: 1\n  b: 2\n  a: 3").unwrap();
        assert_eq!(value, json!([{"a": 3, "b": 2}]));
        assert_eq!(
            (diagnostics[0].pointer.as_str(), diagnostics[0].line),
            ("/0/a", Some(3))
        );
    }

    #[test]
    fn swelling_aliases_are_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            let alias = format!("*a{}", n - 1);
            text.push_str(&format!("a{n}: &a{n} [{}]\n", vec![alias; 10].join(", ")));
        }
        assert!(parse(&text).unwrap_err().message.contains("aliases"));
    }

    #[test]
    fn an_alias_within_its_own_value_is_refused() {
        assert!(parse("a: &a [*a]").is_err());
    }

    #[test]
    fn nesting_without_end_is_refused() {
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(
            parse(
                &(0..5000)
                    .map(|n| format!("{}a:\n", " ".repeat(n)))
                    .collect::<String>()
            )
            .is_err()
        );
    }
}
