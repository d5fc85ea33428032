//! Encoding Objects: how a property of a form or a multipart body is written.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::Value;

use super::file::is_file;
use super::media::{Family, Media};
use super::text::{is_token, scalar};
use crate::diagnostic::Diagnostic;
use crate::ir::{Encoding, Style};
use crate::lower::context::Context;
use crate::lower::media_type::{essence, is_json};
use crate::lower::schema;
use crate::openapi::{ITEM_STYLES, Node, PartEncoding};

/// The encoding of a property of a form, by its Media Type Object.
pub(crate) fn of_form(cx: &Context, media: &Node, property: &str) -> Encoding {
    let Some(node) = media.get("encoding").and_then(|all| all.get(property)) else {
        return Encoding::default();
    };
    let explode = node.flag("explode");
    let allow_reserved = node.flag("allowReserved");
    let formats = cx.document.dialect().has_collection_formats;
    let style = match node.text("style") {
        Some("spaceDelimited") => Some(Style::SpaceDelimited),
        Some("pipeDelimited") => Some(Style::PipeDelimited),
        Some("tabDelimited") if formats => Some(Style::TabDelimited),
        Some("deepObject") => Some(Style::DeepObject),
        Some("form") => Some(Style::Form),
        _ => (explode.is_some() || allow_reserved.is_some()).then_some(Style::Form),
    };
    Encoding {
        item_styles: item_styles(cx, &node),
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

/// How the lists within a list are written, by the parameter or encoding of the list: a
/// `collectionFormat` of Swagger 2.0 each.
pub(crate) fn item_styles(cx: &Context, node: &Node) -> Vec<Style> {
    if !cx.document.dialect().has_collection_formats {
        return Vec::new();
    }
    let styles = node.items(ITEM_STYLES).into_iter();
    let styles = styles.map(|style| match style.value.as_str() {
        Some("spaceDelimited") => Style::SpaceDelimited,
        Some("pipeDelimited") => Style::PipeDelimited,
        Some("tabDelimited") => Style::TabDelimited,
        _ => Style::Form,
    });
    styles.collect()
}

/// The encoding of a property of a multipart body, which may give its parts headers. Those whose
/// value the description fixes are sent; others are reported.
pub(crate) fn of_part<'d>(
    cx: &mut Context<'d>,
    media: &Node<'d>,
    media_type: &str,
    property: &str,
) -> Encoding {
    let encoding = media.get("encoding").and_then(|all| all.get(property));
    let mut written = of_form(cx, media, property);
    let has_styles =
        cx.document.dialect().has_part_styles && essence(media_type) == "multipart/form-data";
    if let (Some(_), Some(node), false) = (written.style, &encoding, has_styles) {
        cx.report(Diagnostic::note(
            node.at.as_str(),
            format!("the style of the part `{property}` does not count: {media_type} has none"),
            "describe it by `contentType`, or use OpenAPI 3.1 and multipart/form-data",
        ));
        written = Encoding {
            content_type: node.text("contentType").map(str::to_owned),
            ..Encoding::default()
        };
    }
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
    Encoding { headers, ..written }
}

/// How the members of a form or multipart body are written that is described as a whole, by name: those
/// that an Encoding Object is of, and those that its schemas say are files or encoded.
pub(crate) fn of_members<'d>(cx: &mut Context<'d>, media: &Media<'d>) -> Vec<(String, Encoding)> {
    if !matches!(media.family, Family::Form | Family::Multipart) {
        return Vec::new();
    }
    let mut properties: IndexMap<&str, Vec<Node<'d>>> = IndexMap::new();
    if let Some(schema) = &media.schema {
        collect_properties(cx, schema, &mut properties, &mut HashSet::new(), 0);
    }
    let declared = media.node.members("encoding").into_iter();
    for (name, _) in declared {
        properties.entry(name).or_default();
    }
    let mut found = Vec::new();
    for (name, declared) in properties {
        let mut encoding = match media.family {
            Family::Multipart => of_part(cx, &media.node, &media.name, name),
            _ => of_form(cx, &media.node, name),
        };
        if media.family == Family::Multipart {
            let as_json = encoding.content_type.as_deref().is_some_and(is_json);
            encoding.binary = !as_json && !declared.is_empty();
            encoding.binary &= declared.iter().all(|one| is_file(cx, one));
            if let (false, [only]) = (encoding.binary, declared.as_slice()) {
                state_transfer_encoding(cx, only, &mut encoding);
            }
        }
        if encoding != Encoding::default() {
            found.push((name.to_owned(), encoding));
        }
    }
    found
}

/// Collects the properties of a schema and of what it is composed of, by name.
fn collect_properties<'d>(
    cx: &Context<'d>,
    schema: &Node<'d>,
    properties: &mut IndexMap<&'d str, Vec<Node<'d>>>,
    seen: &mut HashSet<String>,
    depth: usize,
) {
    let Ok(target) = schema::target(cx.document, schema) else {
        return;
    };
    if depth > MAX_DEPTH || !seen.insert(target.at.clone()) {
        return;
    }
    for (name, property) in target.members("properties") {
        properties.entry(name).or_default().push(property);
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for part in target.items(keyword) {
            collect_properties(cx, &part, properties, seen, depth + 1);
        }
    }
}

/// Says of a part that its value is encoded, and how, where its schema does: as if the header
/// `Content-Transfer-Encoding` were described (Encoding Object, "Encoding `multipart` Media Types").
pub(crate) fn state_transfer_encoding(cx: &Context, schema: &Node, encoding: &mut Encoding) {
    let Some((name, media_type)) = encoded(cx, schema, 0) else {
        return;
    };
    let name = name.to_ascii_lowercase();
    let is_none = ["7bit", "8bit", "binary", "identity"].contains(&name.as_str());
    if encoding.style.is_none() && !is_none && is_token(&name) {
        let media_type = media_type.unwrap_or("application/octet-stream");
        encoding.content_type.get_or_insert(media_type.to_owned());
        encoding.headers.push((TRANSFER_ENCODING.to_owned(), name));
    }
}

const TRANSFER_ENCODING: &str = "Content-Transfer-Encoding";

/// How a string is encoded, or each of a list of strings, and the media type of what that encodes.
fn encoded<'d>(
    cx: &Context<'d>,
    schema: &Node<'d>,
    depth: usize,
) -> Option<(&'d str, Option<&'d str>)> {
    if depth > MAX_DEPTH {
        return None;
    }
    let target = schema::target(cx.document, schema).ok()?;
    let (name, media_type) = match cx.document.dialect().part_encoding? {
        PartEncoding::Format => (
            target
                .text("format")
                .filter(|format| *format == "byte")
                .map(|_| "base64"),
            None,
        ),
        PartEncoding::Keyword => (
            target.text("contentEncoding"),
            target.text("contentMediaType"),
        ),
    };
    if let Some(name) = name {
        return Some((name, media_type));
    }
    let find = |part: &Node<'d>| encoded(cx, part, depth + 1);
    let found = target.get("items").iter().find_map(find);
    if let Some(found) = found.or_else(|| target.items("allOf").iter().find_map(find)) {
        return Some(found);
    }
    // Alternatives that are no value at all need no encoding; all others have to have the same.
    let branches = ["anyOf", "oneOf"].into_iter();
    let branches = branches.flat_map(|keyword| target.items(keyword));
    let mut branches = branches.filter(|branch| branch.text("type") != Some("null"));
    let first = find(&branches.next()?)?;
    branches
        .all(|branch| find(&branch) == Some(first))
        .then_some(first)
}

/// How deep compositions and lists are looked into.
const MAX_DEPTH: usize = 8;

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
