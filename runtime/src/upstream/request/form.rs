//! `application/x-www-form-urlencoded` (WHATWG URL §5) with the defaults of OpenAPI's Encoding
//! Object: a scalar is its text, an object is JSON, an array repeats its name for each item, to
//! which a `contentType` applies. Where the description sets a style, values are written as in a
//! query string.

use std::borrow::Cow;

use serde_json::{Map, Value};
use url::form_urlencoded::{self, byte_serialize};

use super::escape::{Escape, percent};
use super::file::File;
use super::style::{self, Rule};
use crate::operation::Encoding;
use crate::upstream::media_type;

pub(super) const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// Writes an object whose members have no encoding of their own.
pub(super) fn write(members: &Map<String, Value>) -> String {
    let mut form = Form::default();
    for (name, value) in members {
        form.plain(name, value, false);
    }
    form.text
}

/// The property of an object that is a query string (OpenAPI 3.2), as pairs of escaped name and
/// escaped value: as in a form, but that a space is `%20`.
pub(super) fn query(
    name: &str,
    value: &Value,
    encoding: &Encoding,
) -> Result<Vec<(String, String)>, String> {
    if let Some(rule) = rule(name, encoding) {
        return rule.pairs(value);
    }
    let mut form = Form::default();
    form.add(name, value, encoding)?;
    let pairs = form_urlencoded::parse(form.text.as_bytes());
    Ok(pairs
        .map(|(name, value)| (percent(&name), percent(&value)))
        .collect())
}

/// How a property is written that has a style.
fn rule<'a>(name: &'a str, encoding: &Encoding) -> Option<Rule<'a>> {
    Some(Rule {
        name,
        style: encoding.style?,
        explode: encoding.explode,
        item_styles: encoding.item_styles,
        escape: if encoding.allow_reserved {
            Escape::KeepReservedInQuery
        } else {
            Escape::Percent
        },
    })
}

/// A form being written.
#[derive(Debug, Default)]
pub(super) struct Form {
    text: String,
}

impl Form {
    /// Adds a property.
    pub(super) fn add(
        &mut self,
        name: &str,
        value: &Value,
        encoding: &Encoding,
    ) -> Result<(), String> {
        if encoding.binary && !value.is_null() {
            let file = File::read(value)?;
            self.pair(&serialize(name.as_bytes()), &serialize(&file.bytes));
        } else if let Some(rule) = rule(name, encoding) {
            for (name, value) in rule.pairs(value)? {
                self.pair(&name, &value);
            }
        } else {
            let json = encoding.content_type.is_some_and(media_type::is_json);
            self.plain(name, value, json);
        }
        Ok(())
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Each item of an array, or the value itself, as its text, or as JSON.
    fn plain(&mut self, name: &str, value: &Value, json: bool) {
        let items = match value {
            Value::Array(items) => items.as_slice(),
            other => std::slice::from_ref(other),
        };
        for item in items {
            let Some(text) = style::text(item) else {
                continue;
            };
            let text = if json {
                Cow::Owned(item.to_string())
            } else {
                text
            };
            self.pair(&serialize(name.as_bytes()), &serialize(text.as_bytes()));
        }
    }

    fn pair(&mut self, name: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        self.text.push_str(name);
        self.text.push('=');
        self.text.push_str(value);
    }
}

fn serialize(bytes: &[u8]) -> String {
    byte_serialize(bytes).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operation::Style;

    fn one(value: &Value, encoding: Encoding) -> String {
        let mut form = Form::default();
        form.add("p", value, &encoding).unwrap();
        form.finish()
    }

    #[test]
    fn defaults_are_those_of_the_specification() {
        assert_eq!(one(&json!("a b&c"), Encoding::DEFAULT), "p=a+b%26c");
        assert_eq!(
            one(&json!({"a": 1}), Encoding::DEFAULT),
            "p=%7B%22a%22%3A1%7D"
        );
        assert_eq!(
            one(&json!(["a", {"b": 1}]), Encoding::DEFAULT),
            "p=a&p=%7B%22b%22%3A1%7D"
        );
        assert_eq!(one(&json!(null), Encoding::DEFAULT), "");
        assert_eq!(one(&json!(""), Encoding::DEFAULT), "p=");
    }

    #[test]
    fn a_given_style_writes_as_in_a_query() {
        let deep = Encoding {
            style: Some(Style::DeepObject),
            ..Encoding::DEFAULT
        };
        assert_eq!(
            one(&json!({"a": {"b": "c d"}}), deep),
            "p%5Ba%5D%5Bb%5D=c%20d"
        );
        let list = Encoding {
            style: Some(Style::Form),
            explode: false,
            ..Encoding::DEFAULT
        };
        assert_eq!(one(&json!([1, 2]), list), "p=1,2");
    }

    #[test]
    fn json_content_is_that_of_each_item() {
        let json = Encoding {
            content_type: Some("application/json"),
            ..Encoding::DEFAULT
        };
        assert_eq!(one(&json!(["a"]), json), "p=%22a%22");
    }
}
