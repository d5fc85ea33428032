//! What a conforming parser reads back equals what went in: every style, exploded and not, for
//! scalars, lists and objects of any text. The parser is written from the specification's tables
//! and shares no code with the writer.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::escape::Escape;
use super::style::Rule;
use crate::operation::{Parameter, Style};

const NAME: &str = "n[a me]";

fn rule(style: Style, explode: bool) -> Rule<'static> {
    Rule {
        name: NAME,
        style,
        explode,
        item_styles: &[],
        escape: Escape::Percent,
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

/// The pairs of a query string, still encoded.
fn query(style: Style, explode: bool, value: &Value) -> Vec<(String, String)> {
    let pairs = rule(style, explode).pairs(value).unwrap();
    let text: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let text = text.join("&");
    assert!(
        url::Url::parse(&format!("http://h/?{text}"))
            .unwrap()
            .query()
            == Some(&text)
    );
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

fn split<'t>(text: &'t str, separator: &str) -> Vec<&'t str> {
    text.split(separator).collect()
}

fn in_twos(parts: &[&str]) -> BTreeMap<String, String> {
    parts
        .chunks(2)
        .map(|pair| (decode(pair[0]), decode(pair[1])))
        .collect()
}

fn assignments(parts: &[&str]) -> BTreeMap<String, String> {
    parts
        .iter()
        .map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(key), decode(value))
        })
        .collect()
}

/// Any text, as values go.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ -~]{0,12}"]
}

/// A value that is no list or object, and the text that it travels as.
fn scalar() -> impl Strategy<Value = (Value, String)> {
    prop_oneof![
        text().prop_map(|text| (json!(text), text)),
        any::<i64>().prop_map(|number| (json!(number), number.to_string())),
        any::<u64>().prop_map(|number| (json!(number), number.to_string())),
        (-1e9..1e9).prop_map(|number: f64| (json!(number), json!(number).to_string())),
        any::<bool>().prop_map(|flag| (json!(flag), flag.to_string())),
    ]
}

/// A scalar without what separates it from others in a header field.
fn field() -> impl Strategy<Value = (Value, String)> {
    scalar().prop_map(|(value, text)| match value {
        Value::String(_) => {
            let text = text.replace([',', '='], "_");
            (json!(text), text)
        }
        other => (other, text),
    })
}

/// A list of scalars, and the texts that they travel as.
fn list(items: Vec<(Value, String)>) -> (Value, Vec<String>) {
    let (values, texts): (Vec<Value>, Vec<String>) = items.into_iter().unzip();
    (Value::Array(values), texts)
}

/// A text without what spaces and pipes separate.
fn plain() -> impl Strategy<Value = String> {
    text().prop_map(|text| text.replace([' ', '|'], "_"))
}

fn members(
    value: impl Strategy<Value = String>,
) -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(
        plain().prop_filter("a key", |key| !key.is_empty()),
        value,
        1..5,
    )
}

proptest! {
    #[test]
    fn scalars_in_queries((value, text) in scalar()) {
        for style in [Style::Form, Style::SpaceDelimited, Style::PipeDelimited, Style::DeepObject] {
            for explode in [false, true] {
                let pairs = query(style, explode, &value);
                let read: Vec<_> = pairs.iter().map(|(n, v)| (decode(n), decode(v))).collect();
                prop_assert_eq!(read, vec![(NAME.to_owned(), text.clone())]);
            }
        }
    }

    #[test]
    fn exploded_lists_in_queries(items in vec(scalar(), 1..5)) {
        let (value, texts) = list(items);
        for style in [Style::Form, Style::SpaceDelimited, Style::PipeDelimited] {
            let pairs = query(style, true, &value);
            prop_assert!(pairs.iter().all(|(name, _)| decode(name) == NAME));
            let read: Vec<_> = pairs.iter().map(|(_, value)| decode(value)).collect();
            prop_assert_eq!(&read, &texts);
        }
    }

    #[test]
    fn joined_lists_in_queries(items in vec(plain(), 1..5)) {
        for (style, separator) in [
            (Style::Form, ","),
            (Style::SpaceDelimited, "%20"),
            (Style::PipeDelimited, "%7C"),
        ] {
            let pairs = query(style, false, &json!(items));
            let read: Vec<_> = split(&pairs[0].1, separator).into_iter().map(decode).collect();
            prop_assert_eq!(&read, &items);
        }
    }

    #[test]
    fn objects_in_queries(object in members(plain())) {
        let value = json!(object);
        for (style, separator) in [
            (Style::Form, ","),
            (Style::SpaceDelimited, "%20"),
            (Style::PipeDelimited, "%7C"),
        ] {
            let joined = query(style, false, &value);
            prop_assert_eq!(&in_twos(&split(&joined[0].1, separator)), &object);
            let exploded: BTreeMap<_, _> =
                query(style, true, &value).iter().map(|(n, v)| (decode(n), decode(v))).collect();
            prop_assert_eq!(&exploded, &object);
        }
        let deep: BTreeMap<_, _> = query(Style::DeepObject, true, &value)
            .iter()
            .map(|(name, value)| {
                let name = decode(name);
                let key = name.strip_prefix(NAME).and_then(|rest| rest.strip_prefix('['));
                let key = key.and_then(|rest| rest.strip_suffix(']')).unwrap();
                (key.to_owned(), decode(value))
            })
            .collect();
        prop_assert_eq!(&deep, &object);
    }

    #[test]
    fn lists_and_objects_in_paths(
        items in vec("[^.]{1,8}", 1..5),
        object in btree_map("[^.]{1,8}", "[^.]{0,8}", 1..5),
    ) {
        for (style, explode, first, separator) in [
            (Style::Simple, false, "", ","),
            (Style::Simple, true, "", ","),
            (Style::Label, false, ".", ","),
            (Style::Label, true, ".", "."),
            (Style::Matrix, false, ";n%5Ba%20me%5D=", ","),
            (Style::Matrix, true, ";", ";"),
        ] {
            let text = rule(style, explode).expand(&json!(items)).unwrap().unwrap();
            let parts = split(text.strip_prefix(first).unwrap(), separator);
            let read: Vec<_> = parts
                .into_iter()
                .map(|part| match (style, explode) {
                    (Style::Matrix, true) => decode(part.strip_prefix("n%5Ba%20me%5D=").unwrap()),
                    _ => decode(part),
                })
                .collect();
            prop_assert_eq!(&read, &items);

            let text = rule(style, explode).expand(&json!(object)).unwrap().unwrap();
            let parts = split(text.strip_prefix(first).unwrap(), separator);
            let read = if explode { assignments(&parts) } else { in_twos(&parts) };
            prop_assert_eq!(&read, &object);
        }
    }

    #[test]
    fn scalars_in_paths((value, text) in scalar()) {
        for (style, first) in [(Style::Simple, ""), (Style::Label, "."), (Style::Matrix, ";")] {
            for explode in [false, true] {
                let written = rule(style, explode).expand(&value).unwrap().unwrap();
                let rest = written.strip_prefix(first).unwrap();
                let read = match style {
                    Style::Matrix => {
                        let (name, value) = rest.split_once('=').unwrap_or((rest, ""));
                        prop_assert_eq!(decode(name), NAME);
                        decode(value)
                    }
                    _ => decode(rest),
                };
                prop_assert_eq!(&read, &text);
            }
        }
    }

    #[test]
    fn scalars_and_lists_in_headers(items in vec(field(), 1..5)) {
        let (value, texts) = list(items);
        for explode in [false, true] {
            let rule = Rule { escape: Escape::None, ..rule(Style::Simple, explode) };
            let written = rule.expand(&value).unwrap().unwrap();
            prop_assert_eq!(split(&written, ","), texts.iter().map(String::as_str).collect::<Vec<_>>());
            let written = rule.expand(&value[0]).unwrap().unwrap();
            prop_assert_eq!(&written, &texts[0]);
        }
    }

    #[test]
    fn objects_in_headers(object in btree_map("[^,=]{1,8}", "[^,=]{0,8}", 1..5)) {
        let rule = |explode| Rule { escape: Escape::None, ..rule(Style::Simple, explode) };
        let written = rule(false).expand(&json!(object)).unwrap().unwrap();
        let parts = split(&written, ",");
        let read: BTreeMap<_, _> = parts
            .chunks(2)
            .map(|pair| (pair[0].to_owned(), pair[1].to_owned()))
            .collect();
        prop_assert_eq!(&read, &object);
        let written = rule(true).expand(&json!(object)).unwrap().unwrap();
        let read: BTreeMap<_, _> = split(&written, ",")
            .into_iter()
            .map(|part| part.split_once('=').unwrap())
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        prop_assert_eq!(&read, &object);
    }

    #[test]
    fn scalars_lists_and_objects_in_cookies(
        items in vec(scalar(), 1..5),
        object in members(plain()),
    ) {
        let cookies = |explode, value: &Value| {
            let parameter = Parameter { explode, ..Parameter::cookie(NAME) };
            super::header::cookies(&parameter, value).unwrap()
        };
        let (list, texts) = list(items);
        for explode in [false, true] {
            let pairs = cookies(explode, &list[0]);
            prop_assert_eq!(pairs.len(), 1);
            prop_assert_eq!((decode(&pairs[0].0), decode(&pairs[0].1)), (NAME.to_owned(), texts[0].clone()));
        }
        let joined = cookies(false, &list);
        let read: Vec<_> = split(&joined[0].1, ",").into_iter().map(decode).collect();
        prop_assert_eq!(&read, &texts);
        let read: Vec<_> = cookies(true, &list).iter().map(|(_, value)| decode(value)).collect();
        prop_assert_eq!(&read, &texts);
        let joined = cookies(false, &json!(object));
        prop_assert_eq!(&in_twos(&split(&joined[0].1, ",")), &object);
        let exploded: BTreeMap<_, _> =
            cookies(true, &json!(object)).iter().map(|(n, v)| (decode(n), decode(v))).collect();
        prop_assert_eq!(&exploded, &object);
    }
}
