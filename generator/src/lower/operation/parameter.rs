//! Parameters: which there are, how they travel, and the arguments they become.

use std::collections::HashSet;

use indexmap::{IndexMap, IndexSet};
use serde_json::{Value, json};

use super::arguments::{Arguments, state_wire_name};
use super::encoding;
use super::server;
use super::source::Source;
use super::text::is_token;
use crate::diagnostic::Diagnostic;
use crate::ir::{Encoding, In, Parameter, Style};
use crate::lower::comment::without_comments;
use crate::lower::context::Context;
use crate::lower::schema;
use crate::openapi::Node;

/// Headers that are not an argument: those the specification excludes (Parameter Object, `name`),
/// those that belong to the connection (RFC 9110 §7.6.1, §7.8; RFC 9112 §3.2, §6), the one by which
/// the server says what encodings it reads, and those that would say of the body what is not so: it
/// is sent as it is (§8.4).
const NOT_FOR_CALLERS: [&str; 18] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-transfer-encoding",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The parameters of an operation. Names are given out in the order path, query, header, cookie;
/// the parameters stay in the order of the description.
///
/// # Errors
/// Where a parameter is not understood: a request without it might do something else.
pub(crate) fn parameters<'d>(
    cx: &mut Context<'d>,
    source: &Source<'d>,
    arguments: &mut Arguments,
) -> Result<Vec<Parameter>, Diagnostic> {
    let found = declared(cx, source)?;
    let template: IndexSet<&str> = server::expressions(&source.path).into_iter().collect();
    let mut lowered: Vec<(Parameter, Value)> = Vec::new();
    for (_, one) in found {
        match one.unsendable(&source.path, &template) {
            None => {
                let is_harmless = one.is_harmless() && one.location != In::Path;
                match one.lower(cx) {
                    Ok(one) => lowered.push(one),
                    Err(found) if is_harmless => {
                        let message = format!("{}; the parameter is dropped", found.message);
                        cx.warn(found.pointer, message, found.help);
                    }
                    Err(found) => return Err(found),
                }
            }
            Some((message, help)) if one.is_harmless() => {
                let message = format!("{message}; the parameter is dropped");
                cx.warn(one.node.at.as_str(), message, help);
            }
            Some((message, help)) => {
                return Err(Diagnostic::error(one.node.at.as_str(), message, help));
            }
        }
    }
    let in_path = lowered.iter().filter(|(one, _)| one.location == In::Path);
    let declared: HashSet<String> = in_path.map(|(one, _)| one.name.clone()).collect();
    for name in template {
        if !declared.contains(name) {
            cx.warn(
                source.item_at.as_str(),
                format!(
                    "the parameter `{name}` of the path is not declared; it is taken as a text"
                ),
                "declare it with `in: path`",
            );
            lowered.push((Parameter::new(In::Path, name), json!({"type": "string"})));
        }
    }
    arguments.reserve(lowered.iter().map(|(one, _)| one.name.as_str()));
    name_arguments(&mut lowered, arguments);
    let mut mirrored = HashSet::new();
    let mut parameters = Vec::new();
    for (one, mut schema) in lowered {
        keep_unique_header(&mut schema, &mut mirrored);
        arguments.add(&one.argument, schema, one.required);
        parameters.push(one);
    }
    Ok(parameters)
}

/// The parameters of a path item and its operation, the nearer of two that are the same.
///
/// # Errors
/// Where one that may be needed cannot be read.
fn declared<'d>(cx: &mut Context<'d>, source: &Source<'d>) -> Result<Declared<'d>, Diagnostic> {
    let mut found: Declared = IndexMap::new();
    for owner in [&source.item, &source.operation] {
        let mut own = HashSet::new();
        for node in owner.items("parameters") {
            let one = match Found::read(cx, node.clone()) {
                Ok(one) => one,
                Err(found) if is_optional(cx, &node) => {
                    let message = format!("{}; the parameter is dropped", found.message);
                    cx.warn(found.pointer, message, found.help);
                    continue;
                }
                Err(found) => return Err(found),
            };
            let key = one.key();
            if !own.insert(key.clone()) {
                cx.warn(
                    one.node.at.as_str(),
                    format!(
                        "the parameter `{}` is declared twice; the last one counts",
                        one.name
                    ),
                    "keep one of them",
                );
            }
            found.insert(key, one);
        }
    }
    Ok(found)
}

/// Parameters by what distinguishes them.
type Declared<'d> = IndexMap<(String, In), Found<'d>>;

/// Whether the parameter at a place says that requests are complete without it, as far as it can be
/// read.
fn is_optional<'d>(cx: &Context<'d>, node: &Node<'d>) -> bool {
    let found = cx.document.resolve(node.clone());
    found.is_ok_and(|found| {
        let in_path = found.text("in") == Some("path");
        found.object().is_some() && !in_path && found.flag("required") != Some(true)
    })
}

/// Names the arguments, in the order path, query, header, cookie.
fn name_arguments(lowered: &mut [(Parameter, Value)], arguments: &mut Arguments) {
    for location in [In::Path, In::Query, In::QueryString, In::Header, In::Cookie] {
        let word = location_word(location);
        let here = |one: &Parameter| one.location == location;
        let own = lowered.iter().filter(|(one, _)| here(one));
        let wire: Vec<&str> = own.map(|(one, _)| one.name.as_str()).collect();
        let names = arguments.names(&wire, word);
        let own = lowered.iter_mut().filter(|(one, _)| here(one));
        for ((one, schema), name) in own.zip(names) {
            state_wire_name(schema, &name, &one.name, word);
            one.argument = name;
        }
    }
}

fn location_word(location: In) -> &'static str {
    match location {
        In::Path => "path",
        In::Query => "query",
        In::QueryString => "querystring",
        In::Header => "header",
        In::Cookie => "cookie",
    }
}

/// A parameter as the description has it.
struct Found<'d> {
    name: &'d str,
    location: In,
    node: Node<'d>,
    /// Of the reference that led here (Reference Object, since 3.1).
    description: Option<&'d str>,
}

impl<'d> Found<'d> {
    fn read(cx: &mut Context<'d>, node: Node<'d>) -> Result<Self, Diagnostic> {
        let refers = node.get("$ref").is_some() && cx.document.dialect().has_reference_description;
        let description = node.text("description").filter(|_| refers);
        let node = cx.document.resolve(node)?;
        let failed = |at: &str, message: String, help: &str| Diagnostic::error(at, message, help);
        let name = node.text("name").unwrap_or_default();
        let location = match node.text("in") {
            Some("path") => In::Path,
            Some("query") => In::Query,
            Some("header") => In::Header,
            Some("cookie") => In::Cookie,
            Some("querystring") if cx.document.dialect().has_query_string => In::QueryString,
            other => {
                let is = other.map_or("missing".to_owned(), |other| format!("`{other}`"));
                return Err(failed(
                    &node.at,
                    format!("the `in` of the parameter `{name}` is {is}"),
                    "use path, query, header or cookie",
                ));
            }
        };
        Ok(Found {
            name,
            location,
            node,
            description,
        })
    }

    /// What distinguishes parameters: letter case does not, in headers (RFC 9110 §5.1).
    fn key(&self) -> (String, In) {
        let name = match self.location {
            In::Header => self.name.to_ascii_lowercase(),
            _ => self.name.to_owned(),
        };
        (name, self.location)
    }

    /// Why no request can carry the parameter, and what would be right.
    fn unsendable(&self, path: &str, template: &IndexSet<&str>) -> Option<(String, &'static str)> {
        let name = self.name;
        match self.location {
            _ if name.is_empty() => {
                Some(("a parameter has no name".to_owned(), "give it a `name`"))
            }
            In::Path if !template.contains(name) => Some((
                format!("the path {path} has no `{{{name}}}`"),
                "put it into the path, or remove the parameter",
            )),
            In::Header if self.is_not_for_callers() => Some((
                format!("the header `{name}` is not for callers to set"),
                "describe it by media types, security schemes or servers, or set it in `upstream.headers`",
            )),
            In::Header if !is_token(name) => Some((
                format!(
                    "`{}` is no name that a header can have",
                    name.escape_debug()
                ),
                "use letters, digits and hyphens",
            )),
            _ => None,
        }
    }

    fn is_not_for_callers(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        self.location == In::Header && NOT_FOR_CALLERS.contains(&name.as_str())
    }

    /// Whether a request is complete without a parameter that it cannot carry.
    fn is_harmless(&self) -> bool {
        let required = self.node.flag("required") == Some(true);
        self.location == In::Path || self.is_not_for_callers() || !required
    }

    fn lower(self, cx: &mut Context<'d>) -> Result<(Parameter, Value), Diagnostic> {
        let Found {
            name,
            location,
            node,
            description,
        } = self;
        let content = node.members("content").into_iter().next();
        let given = match &content {
            Some((_, media)) => cx.document.resolve(media.clone())?.get("schema"),
            None => node.get("schema"),
        };
        let mut lowered = match &given {
            Some(schema) => schema::lower(cx, schema),
            None => json!({}),
        };
        annotate(cx, &mut lowered, &node, description, given.as_ref());
        let (style, explode) = style(cx, &node, location, content.is_some());
        let in_query = location == In::Query;
        // Since 3.2 for all values that are percent-encoded (Parameter Object, `allowReserved`).
        let is_encoded = match location {
            In::Query => true,
            In::Path => cx.document.dialect().reserves_everywhere,
            In::Cookie => cx.document.dialect().reserves_everywhere && style == Style::Form,
            In::Header | In::QueryString => false,
        };
        let parameter = Parameter {
            argument: String::new(),
            name: name.to_owned(),
            location,
            required: location == In::Path || node.flag("required") == Some(true),
            style,
            explode,
            item_styles: encoding::item_styles(cx, &node),
            allow_reserved: is_encoded && node.flag("allowReserved") == Some(true),
            allow_empty_value: in_query && node.flag("allowEmptyValue") == Some(true),
            encodings: match &content {
                Some((_, media)) if location == In::QueryString => encodings(cx, media),
                _ => Vec::new(),
            },
            content: content.map(|(media_type, _)| media_type.to_owned()),
            bind: None,
        };
        Ok((parameter, lowered))
    }
}

/// How the properties of a query string are written (OpenAPI 3.2), where the description says it.
fn encodings(cx: &Context, media: &Node) -> Vec<(String, Encoding)> {
    let Ok(media) = cx.document.resolve(media.clone()) else {
        return Vec::new();
    };
    let declared = media.members("encoding").into_iter();
    let declared = declared.map(|(name, _)| (name.to_owned(), encoding::of_form(cx, &media, name)));
    declared.collect()
}

/// Adds what the parameter says about itself to its schema.
fn annotate<'d>(
    cx: &mut Context<'d>,
    lowered: &mut Value,
    node: &Node<'d>,
    description: Option<&str>,
    given: Option<&Node<'d>>,
) {
    let Some(schema) = lowered.as_object_mut() else {
        return;
    };
    if let Some(text) = description
        .or_else(|| node.text("description"))
        .map(without_comments)
        && !text.is_empty()
    {
        schema.insert("description".to_owned(), json!(text));
    }
    if node.flag("deprecated") == Some(true) {
        schema.insert("deprecated".to_owned(), json!(true));
    }
    if !schema.contains_key("examples") {
        let example = node.get("example").or_else(|| {
            let (_, first) = node.members("examples").into_iter().next()?;
            let first = cx.document.resolve(first).ok()?;
            first.get("dataValue").or_else(|| first.get("value"))
        });
        if let Some(example) = example.filter(|node| !schema::is_deep(node.value, 0)) {
            let read = given.map(|given| schema::as_declared(cx.document, given, example.value));
            let read = read.unwrap_or_else(|| example.value.clone());
            schema.insert("examples".to_owned(), json!([read]));
        }
    }
    let mirror = |node: &Node<'d>| node.get(MIRROR);
    if let Some(header) = given.and_then(mirror).or_else(|| mirror(node)) {
        let primitive = ["string", "integer", "boolean"].map(Value::from);
        let fits = schema
            .get("type")
            .is_some_and(|kind| primitive.contains(kind));
        if fits && header.value.as_str().is_some_and(is_token) {
            schema.insert(MIRROR.to_owned(), header.value.clone());
        } else {
            cx.warn(
                header.at,
                "`x-mcp-header` names no header, or the parameter is neither string, integer nor \
                 boolean; it is dropped",
                "give a header's name, on a parameter of one of these types",
            );
        }
    }
}

/// The header in which clients repeat an argument (MCP 2026-07-28, Streamable HTTP).
const MIRROR: &str = "x-mcp-header";

/// Clients drop a tool in which two arguments want the same header.
fn keep_unique_header(schema: &mut Value, mirrored: &mut HashSet<String>) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    let header = schema
        .get(MIRROR)
        .and_then(Value::as_str)
        .map(str::to_ascii_lowercase);
    if header.is_some_and(|header| !mirrored.insert(header)) {
        schema.shift_remove(MIRROR);
    }
}

/// How a parameter is written (Parameter Object, `style` and `explode`).
fn style(cx: &mut Context, node: &Node, location: In, by_content: bool) -> (Style, bool) {
    let default = match location {
        In::Path | In::Header => Style::Simple,
        In::Query | In::QueryString | In::Cookie => Style::Form,
    };
    let given = node.text("style").filter(|_| !by_content);
    let formats = cx.document.dialect().has_collection_formats;
    let style = match (given, location) {
        (Some("simple"), In::Path | In::Header) => Style::Simple,
        (Some("label"), In::Path) => Style::Label,
        (Some("matrix"), In::Path) => Style::Matrix,
        (Some("form"), In::Query | In::Cookie) => Style::Form,
        (Some("spaceDelimited"), In::Query) => Style::SpaceDelimited,
        (Some("pipeDelimited"), In::Query) => Style::PipeDelimited,
        (Some("deepObject"), In::Query) => Style::DeepObject,
        (Some("spaceDelimited"), _) if formats => Style::SpaceDelimited,
        (Some("pipeDelimited"), _) if formats => Style::PipeDelimited,
        (Some("tabDelimited"), _) if formats => Style::TabDelimited,
        (Some("cookie"), In::Cookie) if cx.document.dialect().has_cookie_style => Style::Cookie,
        // Not for queries, but what it means is plain: items with commas between them.
        (Some("simple"), In::Query | In::Cookie) => {
            cx.report(Diagnostic::note(
                node.at.as_str(),
                format!(
                    "the style `simple` is not for parameters in the {}; it is read as `form`, not exploded",
                    location_word(location)
                ),
                "write `style: form` and `explode: false`",
            ));
            return (Style::Form, node.flag("explode").unwrap_or(false));
        }
        (None, _) => default,
        (Some(other), _) => {
            cx.warn(
                node.at.as_str(),
                format!(
                    "the style `{other}` is not for parameters in the {}; the default is used",
                    location_word(location)
                ),
                "path: simple, label, matrix; query: form, spaceDelimited, pipeDelimited, \
                 deepObject; header: simple; cookie: form, or cookie since 3.2",
            );
            default
        }
    };
    // Only `form` and `cookie` explode unless `explode` says otherwise; deepObject knows no other way.
    let explode = match style {
        Style::DeepObject => true,
        _ => node
            .flag("explode")
            .unwrap_or(matches!(style, Style::Form | Style::Cookie)),
    };
    (style, explode)
}
