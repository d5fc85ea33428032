//! The path: a template filled in such a way that no value can change its structure.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use super::RequestError;
use super::escape::Escape;
use super::style::Rule;
use crate::operation::{In, Operation, Parameter};

/// What literal text of a template cannot hold (RFC 3986 §3.3); triplets stay as they are.
const ILLEGAL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A filled path, beginning with `/`, and the query that the template itself holds.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) path: String,
    pub(super) query: Option<String>,
}

/// Fills the template of `operation` with what `value` returns for its parameters.
pub(super) fn fill<'v>(
    operation: &Operation,
    value: impl Fn(&Parameter) -> Result<Option<Cow<'v, Value>>, RequestError>,
) -> Result<Path, RequestError> {
    let mut path = String::with_capacity(operation.path.len() + 32);
    if !operation.path.starts_with('/') {
        path.push('/');
    }
    // A fragment, by which some descriptions distinguish operations, is not part of a request
    // (RFC 9110 §7.1).
    let (template, _) = split(operation.path, '#');
    let (template, query) = split(template, '?');
    let mut rest = template;
    let mut last = None;
    while let Some((literal, name, after)) = expression(rest) {
        literal_text(&mut path, literal);
        let parameter = operation
            .parameters
            .iter()
            .find(|parameter| parameter.location == In::Path && parameter.name == name)
            .ok_or_else(|| RequestError::Description(format!("no parameter fills {{{name}}}")))?;
        let value = value(parameter)?;
        let text = write(parameter, value.as_deref())?;
        path.push_str(&text);
        last = Some(parameter.argument);
        rest = after;
    }
    literal_text(&mut path, rest);
    if has_dot_segment(&path) {
        // Together with the text around it, what is harmless alone may climb.
        let message = "makes `.` or `..` a part of the path; give the plain value";
        return Err(match last {
            Some(argument) => RequestError::argument(argument, message),
            None => RequestError::Description("its path has a segment `.` or `..`".to_owned()),
        });
    }
    let query = query.map(|query| utf8_percent_encode(query, ILLEGAL).to_string());
    Ok(Path { path, query })
}

/// The template before the first `mark` outside of an expression, and the rest.
fn split(template: &str, mark: char) -> (&str, Option<&str>) {
    let mut rest = template;
    loop {
        let (literal, after) = match expression(rest) {
            Some((literal, _, after)) => (literal, Some(after)),
            None => (rest, None),
        };
        if let Some((before, _)) = literal.split_once(mark) {
            let at = template.len() - rest.len() + before.len();
            let behind = template.get(at + mark.len_utf8()..);
            return (template.get(..at).unwrap_or(template), behind);
        }
        match after {
            Some(after) => rest = after,
            None => return (template, None),
        }
    }
}

/// The text before the first expression, its name, and the text after it.
fn expression(template: &str) -> Option<(&str, &str, &str)> {
    let (literal, rest) = template.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((literal, name, after))
}

fn literal_text(path: &mut String, literal: &str) {
    path.extend(utf8_percent_encode(literal, ILLEGAL));
}

fn write(parameter: &Parameter, value: Option<&Value>) -> Result<String, RequestError> {
    let refuse = |message: &str| RequestError::argument(parameter.argument, message);
    let value = value.ok_or_else(|| refuse("is required: it is part of the path"))?;
    let escape = if parameter.allow_reserved {
        Escape::KeepReservedInPath
    } else {
        Escape::Percent
    };
    let text = match parameter.content {
        Some(media_type) => Some(escape.apply(&super::content_text(media_type, value))),
        None => Rule {
            name: parameter.name,
            style: parameter.style,
            explode: parameter.explode,
            item_styles: parameter.item_styles,
            escape,
        }
        .expand(value)
        .map_err(|message| refuse(&message))?,
    };
    let text = text
        .filter(|text| !text.is_empty() && text != ".")
        .ok_or_else(|| refuse("may not be empty: it is part of the path"))?;
    if has_dot_segment(&text) {
        return Err(refuse(
            "may not contain `.` or `..` as a part of the path; give the plain value",
        ));
    }
    Ok(text)
}

/// How often a server could come to decode a path: more than any is known to.
const DECODINGS: usize = 4;

/// Whether a server that decodes the text, even repeatedly, would find a segment `.` or `..` in it.
fn has_dot_segment(text: &str) -> bool {
    let mut text = text.to_owned();
    for _ in 0..=DECODINGS {
        if text
            .split(['/', '\\'])
            .any(|segment| matches!(segment, "." | ".."))
        {
            return true;
        }
        text = match percent_decode_str(&text).decode_utf8_lossy() {
            Cow::Owned(decoded) => decoded,
            // Nothing in it is encoded.
            Cow::Borrowed(_) => return false,
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ONE: &[Parameter] = &[Parameter::path("id")];
    const READ: Operation = Operation {
        path: "/pets/{id}/tags",
        parameters: ONE,
        ..Operation::BASE
    };

    fn path(operation: &Operation, value: &Value) -> Result<String, RequestError> {
        fill(operation, |_| Ok(Some(Cow::Borrowed(value)))).map(|path| path.path)
    }

    #[test]
    fn a_value_stays_one_segment() {
        let value = json!("a/b?c#d%2Fe\\f é");
        assert_eq!(
            path(&READ, &value).unwrap(),
            "/pets/a%2Fb%3Fc%23d%252Fe%5Cf%20%C3%A9/tags"
        );
    }

    #[test]
    fn values_that_climb_are_refused_by_name() {
        for value in [
            "..",
            ".",
            "%2e%2E",
            "%252e.",
            "../../admin",
            "a/../b",
            "..\\x",
            "%2e%2e%2fx",
        ] {
            let error = path(&READ, &json!(value)).unwrap_err();
            assert!(
                matches!(error, RequestError::Argument { ref argument, .. } if argument == "id"),
                "{value}"
            );
        }
    }

    #[test]
    fn values_that_climb_together_with_the_template_are_refused() {
        const PARAMETERS: &[Parameter] = &[Parameter::path("a"), Parameter::path("b")];
        for template in ["/x/..{b}", "/x/{a}..{b}"] {
            let operation = Operation {
                path: template,
                parameters: PARAMETERS,
                ..Operation::BASE
            };
            let error = path(&operation, &json!("/")).unwrap_err();
            assert!(error.to_string().contains("`b`"), "{error}");
            assert!(path(&operation, &json!("v")).is_ok());
        }
    }

    #[test]
    fn names_in_a_template_may_hold_any_mark() {
        const PARAMETERS: &[Parameter] = &[Parameter::path("a#?b")];
        let operation = Operation {
            path: "/x/{a#?b}?c=d#e",
            parameters: PARAMETERS,
            ..Operation::BASE
        };
        let filled = fill(&operation, |_| Ok(Some(Cow::Owned(json!("v"))))).unwrap();
        assert_eq!(
            (filled.path.as_str(), filled.query.as_deref()),
            ("/x/v", Some("c=d"))
        );
    }

    #[test]
    fn dots_within_a_value_are_harmless() {
        for value in ["...", "a..b", "v1.2", ".env", "..a"] {
            assert_eq!(
                path(&READ, &json!(value)).unwrap(),
                format!("/pets/{value}/tags")
            );
        }
    }

    #[test]
    fn empty_values_are_refused() {
        for value in [json!(""), json!(null), json!([]), json!({})] {
            assert!(path(&READ, &value).is_err(), "{value}");
        }
    }

    #[test]
    fn several_expressions_may_share_a_segment() {
        const PARAMETERS: &[Parameter] = &[Parameter::path("a"), Parameter::path("b")];
        let operation = Operation {
            path: "/x/{a}...{b}:copy",
            parameters: PARAMETERS,
            ..Operation::BASE
        };
        assert_eq!(path(&operation, &json!("v")).unwrap(), "/x/v...v:copy");
    }
}
