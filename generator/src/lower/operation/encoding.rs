//! Encoding Objects: how a property of a form or a multipart body is written.

use serde_json::Value;

use super::text::{is_token, scalar};
use crate::ir::{Encoding, Style};
use crate::lower::context::Context;
use crate::lower::schema;
use crate::openapi::Node;

/// The encoding of a property of a form, by its Media Type Object.
pub(crate) fn of_form(media: &Node, property: &str) -> Encoding {
    let Some(node) = media.get("encoding").and_then(|all| all.get(property)) else {
        return Encoding::default();
    };
    let explode = node.flag("explode");
    let allow_reserved = node.flag("allowReserved");
    let style = match node.text("style") {
        Some("spaceDelimited") => Some(Style::SpaceDelimited),
        Some("pipeDelimited") => Some(Style::PipeDelimited),
        Some("deepObject") => Some(Style::DeepObject),
        Some("form") => Some(Style::Form),
        _ => (explode.is_some() || allow_reserved.is_some()).then_some(Style::Form),
    };
    Encoding {
        binary: false,
        // A style replaces the content type (Encoding Object, since 3.1).
        content_type: node
            .text("contentType")
            .filter(|_| style.is_none())
            .map(str::to_owned),
        headers: Vec::new(),
        style,
        explode: explode.unwrap_or(matches!(
            style,
            None | Some(Style::Form | Style::DeepObject)
        )),
        allow_reserved: allow_reserved.unwrap_or(false),
    }
}

/// The encoding of a property of a multipart body, which may give its parts headers. Those whose
/// value the description fixes are sent; others are told.
pub(crate) fn of_part<'d>(cx: &mut Context<'d>, media: &Node<'d>, property: &str) -> Encoding {
    let encoding = media.get("encoding").and_then(|all| all.get(property));
    let declared = encoding.and_then(|encoding| encoding.get("headers"));
    let mut headers = Vec::new();
    for (name, header) in declared.iter().flat_map(Node::entries) {
        // Described separately: it shall be ignored (Encoding Object, `headers`).
        if name.eq_ignore_ascii_case("content-type") {
            continue;
        }
        let at = header.at.clone();
        match fixed(cx, header).filter(|value| is_sendable(name, value)) {
            Some(value) => headers.push((name.to_owned(), value)),
            None => cx.warn(
                at,
                format!("the header `{name}` of the part `{property}` is not sent"),
                "give its schema a `const` or `default`, or make what it says a property, if the \
                 API takes it there",
            ),
        }
    }
    Encoding {
        headers,
        ..of_form(media, property)
    }
}

/// The one value that a Header Object leaves: that of its schema, as text.
fn fixed(cx: &Context, header: Node) -> Option<String> {
    let header = cx.document.resolve(header).ok()?;
    let schema = schema::target(cx.document, &header.get("schema")?).ok()?;
    let only = schema.items("enum");
    let only = only
        .first()
        .filter(|_| only.len() == 1)
        .map(|one| one.value);
    let value = schema.get("const").map(|node| node.value).or(only);
    let value = value.or(schema.get("default").map(|node| node.value))?;
    let is_scalar = matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_));
    is_scalar.then(|| scalar(value))
}

/// Whether a part can have the header: its `Content-Disposition` names it, and nothing is encoded
/// for a transfer (RFC 7578 §4.7).
fn is_sendable(name: &str, value: &str) -> bool {
    let of_parts = ["content-disposition", "content-transfer-encoding"];
    let is_visible = |c: char| c == ' ' || c.is_ascii_graphic();
    is_token(name)
        && !of_parts.contains(&name.to_ascii_lowercase().as_str())
        && value.chars().all(is_visible)
        && value.trim() == value
}
