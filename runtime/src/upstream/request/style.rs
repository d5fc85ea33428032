//! Parameter values as text: the style matrix of OpenAPI ("Style Examples"), which is RFC 6570.
//!
//! Where OpenAPI leaves a corner undefined, these hold:
//! - `null` is RFC 6570's "undefined": as a whole it makes the parameter absent, in an array or
//!   object it leaves out the item or member. An empty array or object is undefined too.
//! - Arrays and objects within arrays and objects are written as JSON text, except for lists in
//!   lists that have a style of their own (Swagger 2.0), and in `deepObject`, which nests brackets:
//!   `a[b][c]=1`; items of a list are `a[]=1`, those of a list with objects or lists in it are
//!   `a[0][b]=1`.
//! - A scalar under a style for arrays, and an exploded `spaceDelimited` or `pipeDelimited` value,
//!   are written as `form` writes them.
//! - What separates items is percent-encoded only where values are (OpenAPI 3.1.1, Appendix E).
//! - Where items are separated by something that cannot be distinguished from the same character within an
//!   item (spaces, pipes, the periods of an exploded label; commas in headers), such an item is
//!   refused.

use std::borrow::Cow;

use serde_json::Value;

use super::escape::Escape;
use crate::operation::Style;

/// A scalar as text, a nested value as JSON; `None` for null. Numbers stay as they were written, but
/// that an exponent is `e` and a sign (`1E400` is `1e+400`): so serde_json keeps it.
pub(super) fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(Cow::Borrowed(text)),
        other => Some(Cow::Owned(other.to_string())),
    }
}

/// How one parameter is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule<'a> {
    /// Name on the wire.
    pub(super) name: &'a str,
    pub(super) style: Style,
    pub(super) explode: bool,
    /// Of the lists within a list, the outer ones first.
    pub(super) item_styles: &'a [Style],
    pub(super) escape: Escape,
}

/// What separates the items of a list, and those of the lists around it.
struct Around<'a> {
    separator: &'a str,
    around: Option<&'a Around<'a>>,
}

/// Why a value cannot be written.
pub(super) type Refusal = String;

impl Rule<'_> {
    /// The value as pairs of escaped name and escaped value, for queries, cookies and forms. No
    /// pair: the parameter is absent.
    pub(super) fn pairs(&self, value: &Value) -> Result<Vec<(String, String)>, Refusal> {
        let name = self.escape.name(self.name);
        if self.style == Style::DeepObject && (value.is_array() || value.is_object()) {
            let mut pairs = Vec::new();
            self.deep(name, value, &mut pairs);
            return Ok(pairs);
        }
        Ok(match value {
            Value::Array(items) if self.explode => {
                let mut pairs = Vec::with_capacity(items.len());
                for item in items {
                    if let Some(item) = self.item(item, self.item_styles, None)? {
                        pairs.push((name.clone(), item));
                    }
                }
                pairs
            }
            Value::Object(members) if self.explode => members
                .iter()
                .filter_map(|(key, member)| {
                    Some((self.escape.name(key), self.escape.apply(&text(member)?)))
                })
                .collect(),
            Value::Array(_) | Value::Object(_) => {
                let joined = self.joined(value, self.separator(self.style))?;
                joined.map(|joined| (name, joined)).into_iter().collect()
            }
            scalar => text(scalar)
                .map(|text| (name, self.escape.apply(&text)))
                .into_iter()
                .collect(),
        })
    }

    /// The value as the text that is in a path or header. `None`: it is undefined.
    pub(super) fn expand(&self, value: &Value) -> Result<Option<String>, Refusal> {
        let (first, separator) = match (self.style, self.explode) {
            (Style::Label, true) => (".", "."),
            (Style::Label, false) => (".", ","),
            (Style::Matrix, true) => (";", ";"),
            (Style::Matrix, false) => (";", ","),
            _ => ("", self.separator(self.style)),
        };
        let body = match value {
            Value::Array(items) if self.style == Style::Matrix && self.explode => {
                let items: Vec<String> = items
                    .iter()
                    .filter_map(text)
                    .map(|item| self.assignment(self.name, &item))
                    .collect();
                (!items.is_empty()).then(|| items.join(separator))
            }
            Value::Object(members) if self.explode => self.assignments(members, separator)?,
            Value::Array(_) | Value::Object(_) if self.style == Style::Matrix => self
                .joined(value, separator)?
                .map(|joined| format!("{}={joined}", self.escape.name(self.name))),
            Value::Array(_) | Value::Object(_) => self.joined(value, separator)?,
            scalar => text(scalar).map(|text| match self.style {
                Style::Matrix => self.assignment(self.name, &text),
                _ => self.escape.apply(&text),
            }),
        };
        Ok(body.map(|body| format!("{first}{body}")))
    }

    /// `name=value`; a matrix parameter without a value is its name alone (RFC 6570 §3.2.7).
    fn assignment(&self, name: &str, value: &str) -> String {
        let name = self.escape.name(name);
        if value.is_empty() && self.style == Style::Matrix {
            return name;
        }
        format!("{name}={}", self.value(value))
    }

    /// An escaped value in which nothing ends a parameter of the path.
    fn value(&self, text: &str) -> String {
        let escaped = self.escape.apply(text);
        match self.style {
            Style::Matrix => escaped.replace(';', "%3B"),
            _ => escaped,
        }
    }

    fn assignments(
        &self,
        members: &serde_json::Map<String, Value>,
        separator: &str,
    ) -> Result<Option<String>, Refusal> {
        let mut written = Vec::new();
        for (key, member) in members {
            if let Some(member) = text(member) {
                self.check_separable(key, separator)?;
                self.check_separable(&member, separator)?;
                if self.escape == Escape::None && key.contains('=') {
                    return Err("a key may not contain `=`, which ends it".to_owned());
                }
                written.push(self.assignment(key, &member));
            }
        }
        Ok((!written.is_empty()).then(|| written.join(separator)))
    }

    /// What separates the items of a list in a style, escaped.
    fn separator(&self, style: Style) -> &'static str {
        match (style, self.escape) {
            (Style::SpaceDelimited, Escape::None) => " ",
            (Style::SpaceDelimited, _) => "%20",
            (Style::PipeDelimited, Escape::None) => "|",
            (Style::PipeDelimited, _) => "%7C",
            (Style::TabDelimited, Escape::None) => "\t",
            (Style::TabDelimited, _) => "%09",
            _ => ",",
        }
    }

    /// The items of an array, or the keys and values of an object, between separators.
    fn joined(&self, value: &Value, separator: &str) -> Result<Option<String>, Refusal> {
        let around = Some(Around {
            separator,
            around: None,
        });
        let mut written = Vec::new();
        match value {
            Value::Array(items) => {
                for item in items {
                    written.extend(self.item(item, self.item_styles, around.as_ref())?);
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    if let Some(member) = self.item(member, &[], around.as_ref())? {
                        self.check_separable(key, separator)?;
                        written.extend([self.value(key), member]);
                    }
                }
            }
            _ => {}
        }
        Ok((!written.is_empty()).then(|| written.join(separator)))
    }

    /// An item of a list, escaped; a list in the first of the styles. None: it is undefined.
    fn item(
        &self,
        item: &Value,
        styles: &[Style],
        around: Option<&Around<'_>>,
    ) -> Result<Option<String>, Refusal> {
        if let (Value::Array(items), Some((style, styles))) = (item, styles.split_first()) {
            let separator = self.separator(*style);
            let around = Around { separator, around };
            let mut written = Vec::with_capacity(items.len());
            for item in items {
                written.extend(self.item(item, styles, Some(&around))?);
            }
            return Ok((!written.is_empty()).then(|| written.join(separator)));
        }
        let Some(text) = text(item) else {
            return Ok(None);
        };
        let mut around = around;
        while let Some(list) = around {
            self.check_separable(&text, list.separator)?;
            around = list.around;
        }
        Ok(Some(self.value(&text)))
    }

    /// Refuses an item in which the separator could not be distinguished from its own text.
    fn check_separable(&self, item: &str, separator: &str) -> Result<(), Refusal> {
        let (character, said) = match (separator, self.escape) {
            ("%20" | " ", _) => (' ', "a space"),
            ("%7C" | "|", _) => ('|', "`|`"),
            ("%09" | "\t", _) => ('\t', "a tab"),
            (".", _) => ('.', "a period"),
            (",", Escape::None | Escape::KeepReservedInQuery | Escape::KeepReservedInPath) => {
                (',', "a comma")
            }
            _ => return Ok(()),
        };
        if item.contains(character) {
            return Err(format!(
                "an item or key may not contain {said}, because the API separates items with it"
            ));
        }
        Ok(())
    }

    /// Adds the value in brackets below `name`, which is escaped already.
    fn deep(&self, name: String, value: &Value, pairs: &mut Vec<(String, String)>) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    let key = self.escape.name(&format!("[{key}]"));
                    self.deep(format!("{name}{key}"), member, pairs);
                }
            }
            Value::Array(items) => {
                let nested = items.iter().any(|item| item.is_array() || item.is_object());
                for (index, item) in items.iter().enumerate() {
                    let index = if nested {
                        index.to_string()
                    } else {
                        String::new()
                    };
                    let key = self.escape.name(&format!("[{index}]"));
                    self.deep(format!("{name}{key}"), item, pairs);
                }
            }
            scalar => {
                if let Some(text) = text(scalar) {
                    pairs.push((name, self.escape.apply(&text)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(style: Style, explode: bool, escape: Escape) -> Rule<'static> {
        Rule {
            name: "color",
            style,
            explode,
            item_styles: &[],
            escape,
        }
    }

    fn expand(style: Style, explode: bool, value: &Value) -> Option<String> {
        rule(style, explode, Escape::Percent).expand(value).unwrap()
    }

    fn query(style: Style, explode: bool, value: &Value) -> String {
        let pairs = rule(style, explode, Escape::Percent).pairs(value).unwrap();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    }

    /// The four columns of OpenAPI's "Style Examples": empty, string, array, object.
    fn columns() -> [Value; 4] {
        [
            json!(""),
            json!("blue"),
            json!(["blue", "black", "brown"]),
            json!({"R": 100, "G": 200, "B": 150}),
        ]
    }

    #[test]
    fn path_styles_are_those_of_the_specification() {
        let table = [
            (
                Style::Matrix,
                false,
                [
                    ";color",
                    ";color=blue",
                    ";color=blue,black,brown",
                    ";color=R,100,G,200,B,150",
                ],
            ),
            (
                Style::Matrix,
                true,
                [
                    ";color",
                    ";color=blue",
                    ";color=blue;color=black;color=brown",
                    ";R=100;G=200;B=150",
                ],
            ),
            (
                Style::Label,
                false,
                [".", ".blue", ".blue,black,brown", ".R,100,G,200,B,150"],
            ),
            (
                Style::Label,
                true,
                [".", ".blue", ".blue.black.brown", ".R=100.G=200.B=150"],
            ),
            (
                Style::Simple,
                false,
                ["", "blue", "blue,black,brown", "R,100,G,200,B,150"],
            ),
            (
                Style::Simple,
                true,
                ["", "blue", "blue,black,brown", "R=100,G=200,B=150"],
            ),
        ];
        for (style, explode, expected) in table {
            for (value, expected) in columns().iter().zip(expected) {
                assert_eq!(
                    expand(style, explode, value).as_deref(),
                    Some(expected),
                    "{style:?} {explode} {value}"
                );
            }
        }
    }

    #[test]
    fn query_styles_are_those_of_the_specification() {
        let table = [
            (
                Style::Form,
                false,
                [
                    "color=",
                    "color=blue",
                    "color=blue,black,brown",
                    "color=R,100,G,200,B,150",
                ],
            ),
            (
                Style::Form,
                true,
                [
                    "color=",
                    "color=blue",
                    "color=blue&color=black&color=brown",
                    "R=100&G=200&B=150",
                ],
            ),
            (
                Style::SpaceDelimited,
                false,
                [
                    "color=",
                    "color=blue",
                    "color=blue%20black%20brown",
                    "color=R%20100%20G%20200%20B%20150",
                ],
            ),
            (
                Style::PipeDelimited,
                false,
                [
                    "color=",
                    "color=blue",
                    "color=blue%7Cblack%7Cbrown",
                    "color=R%7C100%7CG%7C200%7CB%7C150",
                ],
            ),
            (
                Style::PipeDelimited,
                true,
                [
                    "color=",
                    "color=blue",
                    "color=blue&color=black&color=brown",
                    "R=100&G=200&B=150",
                ],
            ),
            (
                Style::DeepObject,
                true,
                [
                    "color=",
                    "color=blue",
                    "color%5B%5D=blue&color%5B%5D=black&color%5B%5D=brown",
                    "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150",
                ],
            ),
        ];
        for (style, explode, expected) in table {
            for (value, expected) in columns().iter().zip(expected) {
                assert_eq!(
                    query(style, explode, value),
                    expected,
                    "{style:?} {explode} {value}"
                );
            }
        }
    }

    #[test]
    fn values_of_rfc_6570_are_expanded_as_it_says() {
        // RFC 6570 §3.2.2 and §3.2.3, its `hello`, `half` and `path`.
        assert_eq!(
            expand(Style::Simple, false, &json!("Hello World!")).unwrap(),
            "Hello%20World%21"
        );
        assert_eq!(
            expand(Style::Simple, false, &json!("50%")).unwrap(),
            "50%25"
        );
        assert_eq!(
            expand(Style::Simple, false, &json!("/foo/bar")).unwrap(),
            "%2Ffoo%2Fbar"
        );
        assert_eq!(Escape::KeepReservedInQuery.apply("/foo/bar"), "/foo/bar");
        assert_eq!(Escape::KeepReservedInQuery.apply("50%"), "50%25");
        assert_eq!(Escape::KeepReservedInQuery.apply("a%20b"), "a%20b");
    }

    #[test]
    fn reserved_characters_that_would_change_the_request_are_encoded_even_if_reserved_is_allowed() {
        assert_eq!(
            Escape::KeepReservedInQuery.apply("a&b=c#d+e"),
            "a%26b=c%23d%2Be"
        );
        assert_eq!(
            Escape::KeepReservedInPath.apply("a/b?c#d:e"),
            "a%2Fb%3Fc%23d:e"
        );
    }

    #[test]
    fn scalars_are_written_as_they_came() {
        for spelling in ["12345678901234567890123", "1.10", "0.1000", "-0", "true"] {
            let value: Value = serde_json::from_str(spelling).unwrap();
            assert_eq!(
                expand(Style::Simple, false, &value).as_deref(),
                Some(spelling)
            );
        }
    }

    #[test]
    fn undefined_values_are_absent() {
        for value in [
            json!(null),
            json!([]),
            json!({}),
            json!([null]),
            json!({"a": null}),
        ] {
            for explode in [false, true] {
                for style in [Style::Simple, Style::Label, Style::Matrix] {
                    assert_eq!(expand(style, explode, &value), None, "{style:?} {value}");
                }
                for style in [Style::Form, Style::SpaceDelimited, Style::DeepObject] {
                    assert_eq!(query(style, explode, &value), "", "{style:?} {value}");
                }
            }
        }
    }

    #[test]
    fn deep_objects_nest_brackets() {
        let value = json!({"a": {"b": [1, 2]}, "c": [{"d": true}], "e f": "&"});
        assert_eq!(
            query(Style::DeepObject, true, &value),
            "color%5Ba%5D%5Bb%5D%5B%5D=1&color%5Ba%5D%5Bb%5D%5B%5D=2\
             &color%5Bc%5D%5B0%5D%5Bd%5D=true&color%5Be%20f%5D=%26"
        );
    }

    #[test]
    fn nested_values_are_json_where_the_style_knows_no_nesting() {
        assert_eq!(
            query(Style::Form, true, &json!({"a": {"b": 1}})),
            "a=%7B%22b%22%3A1%7D"
        );
    }

    #[test]
    fn commas_within_items_are_distinguished_from_separators() {
        assert_eq!(
            query(Style::Form, false, &json!(["a,b", "c"])),
            "color=a%2Cb,c"
        );
    }

    #[test]
    fn items_that_would_read_as_two_are_refused() {
        let refused = [
            (Style::SpaceDelimited, Escape::Percent, "a b"),
            (Style::PipeDelimited, Escape::Percent, "a|b"),
            (Style::Form, Escape::KeepReservedInQuery, "a,b"),
        ];
        assert!(
            rule(Style::Label, true, Escape::Percent)
                .expand(&json!(["1.2"]))
                .is_err()
        );
        assert!(
            rule(Style::Simple, true, Escape::None)
                .expand(&json!({"a=b": 1}))
                .is_err()
        );
        for (style, escape, item) in refused {
            assert!(
                rule(style, false, escape).pairs(&json!([item])).is_err(),
                "{item}"
            );
        }
        assert!(
            rule(Style::Simple, false, Escape::None)
                .expand(&json!(["a,b"]))
                .is_err()
        );
    }
}
