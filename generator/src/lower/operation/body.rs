//! Request bodies: which media types are offered to the caller, and which arguments make one up.

use indexmap::IndexSet;
use serde_json::{Map, Value, json};

use super::arguments::{Arguments, state_wire_name};
use super::bodiless;
use super::encoding;
use super::file::{as_file, is_file, is_list, with_files};
use super::media::{Family, Media, family};
use super::source::Source;
use crate::diagnostic::Diagnostic;
use crate::ir::{Content, Encoding, Property, RequestBody};
use crate::lower::comment::without_comments;
use crate::lower::context::Context;
use crate::lower::schema;
use crate::openapi::Node;

/// The body of an operation.
///
/// # Errors
/// Where the body is somewhere out of reach: a request without it would not be the one described.
pub(crate) fn request_body<'d>(
    cx: &mut Context<'d>,
    source: &Source<'d>,
    arguments: &mut Arguments,
) -> Result<Option<RequestBody>, Diagnostic> {
    let Some(node) = source.operation.get("requestBody") else {
        return Ok(None);
    };
    let node = cx.document.resolve(node)?;
    let declared = node.members("content");
    let declared_media_types: Vec<String> = declared
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let mut offers = Vec::new();
    for (name, media) in declared {
        let media = cx.document.resolve(media)?;
        offers.push(Media::new(cx, name, media));
    }
    if !offers.is_empty() && bodiless::is_sent_without(cx, &source.method, &node, &offers) {
        return Ok(None);
    }
    prefer(cx, &mut offers);
    let Some(best) = offers.first() else {
        cx.warn(
            node.at,
            "the request body has no content; no body is sent",
            "describe it under `content`, by media type",
        );
        return Ok(None);
    };
    let mut media_types: Vec<String> = Vec::new();
    for media in offers.iter().filter(|media| best.represents(media, cx)) {
        if !media_types.contains(&media.name) {
            media_types.push(media.name.clone());
        }
    }
    report_others(cx, &node, best, &offers);
    let required = node.flag("required") == Some(true);
    let description = node
        .text("description")
        .map(without_comments)
        .filter(|text| !text.is_empty());
    // Only forms say how properties are written, whatever their place among the offers.
    let form = offers.iter().find(|media| {
        matches!(media.family, Family::Form | Family::Multipart)
            && media_types.contains(&media.name)
    });
    let form = form.unwrap_or(best);
    let content = match best.plain_object(cx) {
        Some(object) => Content::Properties(flat(cx, &object, form, required, arguments)),
        None => match form_file(cx, best, description.as_deref(), required, arguments) {
            Some(file) => Content::Properties(vec![file]),
            None => single(cx, best, description.as_deref(), required, arguments),
        },
    };
    let media_type_argument = (media_types.len() > 1).then(|| {
        let name = arguments.name("content_type", "body");
        let schema = json!({
            "type": "string",
            "enum": media_types,
            "default": media_types.first(),
            "description": "Media type to send the body in.",
        });
        arguments.add(&name, schema, false);
        name
    });
    Ok(Some(RequestBody {
        required,
        content,
        media_types,
        media_type_argument,
        declared_media_types,
    }))
}

/// Sorts what is offered: what is described comes before what is not, and what carries files before
/// JSON, which cannot.
fn prefer<'d>(cx: &Context<'d>, offers: &mut [Media<'d>]) {
    let carries_files =
        |media: &Media<'d>| media.family == Family::Multipart && media.has_files(cx);
    let has_form_of_files = offers.iter().any(carries_files);
    offers.sort_by_key(|media| {
        let is_json = media.family == Family::Json;
        let loses_files = has_form_of_files && is_json && media.has_files(cx);
        (
            media.schema.is_none(),
            loses_files,
            media.family,
            media.rank(),
        )
    });
}

/// Reports the media types that are described in another way than the one that is sent, and are not
/// offered for that.
fn report_others<'d>(
    cx: &mut Context<'d>,
    node: &Node<'d>,
    best: &Media<'d>,
    offers: &[Media<'d>],
) {
    let others = offers.iter().filter(|other| !best.represents(other, cx));
    let (described, others): (Vec<_>, Vec<_>) =
        others.partition(|other| other.is_another_form(best));
    let others = others.into_iter();
    let others: Vec<_> = others
        .filter(|other| other.is_another_kind(best, cx))
        .collect();
    for (others, which) in [
        (described, "has another schema"),
        (others, "is another kind of body"),
    ] {
        if !others.is_empty() {
            let names: Vec<&str> = others.iter().map(|other| other.name.as_str()).collect();
            let (sent, names) = (&best.name, names.join(" or "));
            cx.report(Diagnostic::note(
                node.at.as_str(),
                format!("the body is sent as {sent}; it cannot be sent as {names}, which {which}"),
                "give them the same schema, or keep the one that is to be sent",
            ));
        }
    }
}

/// The wire names of the properties of a body that are arguments of their own.
pub(crate) fn wire_names<'d>(cx: &Context<'d>, source: &Source<'d>) -> Vec<&'d str> {
    let body = source.operation.get("requestBody");
    let body = body.and_then(|body| cx.document.resolve(body).ok());
    let mut names = Vec::new();
    for (name, media) in body.iter().flat_map(|body| body.members("content")) {
        let media = cx.document.resolve(media).ok();
        let media = media.map(|media| Media::new(cx, name, media));
        if let Some(object) = media.and_then(|media| media.plain_object(cx)) {
            names.extend(
                object
                    .members("properties")
                    .into_iter()
                    .map(|(name, _)| name),
            );
            let required = object.items("required");
            names.extend(required.iter().filter_map(|one| one.value.as_str()));
        }
    }
    names
}

/// The properties of an object, as arguments.
fn flat<'d>(
    cx: &mut Context<'d>,
    object: &Node<'d>,
    media: &Media<'d>,
    body_required: bool,
    arguments: &mut Arguments,
) -> Vec<Property> {
    let files = media.family == Family::Multipart;
    let lowered = schema::lower(cx, object);
    let names = |keyword: &str| lowered.get(keyword).cloned().unwrap_or_default();
    let required = names("required");
    let required: IndexSet<&str> = required
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut properties: Vec<Property> = Vec::new();
    let mut schemas = names("properties");
    if let Some(schemas) = schemas.as_object_mut() {
        // What is required and not described can still be sent.
        for name in &required {
            if !schemas.contains_key(*name) {
                schemas.insert((*name).to_owned(), Value::Object(Map::new()));
            }
        }
    }
    let schemas = schemas.as_object();
    let wire: Vec<&str> = schemas
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    let argument_names = arguments.names(&wire, "body");
    for ((name, schema), argument) in schemas.into_iter().flatten().zip(argument_names) {
        let source = object.get("properties").and_then(|all| all.get(name));
        let mut encoding = match media.family {
            Family::Form => encoding::of_form(cx, &media.node, name),
            Family::Multipart => encoding::of_part(cx, &media.node, &media.name, name),
            _ => Encoding::default(),
        };
        let is_file = files
            && source.as_ref().is_some_and(|node| is_file(cx, node))
            && encoding
                .content_type
                .as_deref()
                .is_none_or(|name| family(name) != Family::Json);
        if let (Family::Multipart, false, Some(source)) = (media.family, is_file, &source) {
            encoding::state_transfer_encoding(cx, source, &mut encoding);
        }
        let mut schema = if is_file {
            let is_list = source.as_ref().is_some_and(|node| is_list(cx, node));
            as_file(schema, is_list)
        } else {
            schema.clone()
        };
        state_wire_name(&mut schema, &argument, name, "body");
        let needed = required.contains(name.as_str());
        arguments.add(&argument, schema, needed && body_required);
        properties.push(Property {
            argument,
            name: name.clone(),
            required: needed,
            encoding: Encoding {
                binary: is_file,
                ..encoding
            },
            bind: None,
        });
    }
    if !body_required {
        needed_together(&properties, arguments);
    }
    properties
}

/// How many required properties of an optional body each of its properties is said to need.
const MAX_NEEDED: usize = 50;

/// Says that the properties of an optional body need those that are required. Where these are
/// many, each needs the next one, which comes to the same and is no longer than the properties.
fn needed_together(properties: &[Property], arguments: &mut Arguments) {
    let required: Vec<&Property> = properties.iter().filter(|one| one.required).collect();
    let mut next = required.iter().cycle().skip(1);
    for property in properties {
        let needed: Vec<&&Property> = if required.len() <= MAX_NEEDED {
            required.iter().collect()
        } else if property.required {
            next.next().into_iter().collect()
        } else {
            required.first().into_iter().collect()
        };
        let others = needed.into_iter().filter(|one| one.name != property.name);
        let needed: Vec<String> = others.map(|one| one.argument.clone()).collect();
        if !needed.is_empty() {
            arguments
                .dependent_required
                .insert(property.argument.clone(), needed);
        }
    }
}

/// What the part of a form that is nothing but a file is called.
const FORM_FILE: &str = "file";

/// The one part of a multipart body that is a file, or a list of files, as a whole.
fn form_file<'d>(
    cx: &mut Context<'d>,
    media: &Media<'d>,
    description: Option<&str>,
    required: bool,
    arguments: &mut Arguments,
) -> Option<Property> {
    let schema = media.schema.as_ref()?;
    let target = schema::target(cx.document, schema).ok()?;
    let is_object = target.get("properties").is_some() || target.text("type") == Some("object");
    if media.family != Family::Multipart || is_object || !is_file(cx, &target) {
        return None;
    }
    let text = description.or_else(|| target.text("description"));
    let described = text.map_or_else(|| json!({}), |text| json!({"description": text}));
    let argument = arguments.name("body", "body");
    let shown = as_file(&described, is_list(cx, &target));
    arguments.add(&argument, shown, required);
    Some(Property {
        argument,
        name: FORM_FILE.to_owned(),
        required,
        encoding: Encoding {
            binary: true,
            ..encoding::of_part(cx, &media.node, &media.name, FORM_FILE)
        },
        bind: None,
    })
}

/// The body as one argument.
fn single<'d>(
    cx: &mut Context<'d>,
    media: &Media<'d>,
    description: Option<&str>,
    required: bool,
    arguments: &mut Arguments,
) -> Content {
    let binary = media.family == Family::Binary;
    let given = media.schema.as_ref();
    let mut schema = match (media.family, given) {
        (Family::Binary, _) => as_file(&json!({}), false),
        (Family::Xml, _) => json!({
            "type": "string",
            "description": "The XML document as text.",
        }),
        (Family::Text, Some(schema)) if is_scalar(schema) => schema::lower(cx, schema),
        (Family::Text, _) => json!({"type": "string"}),
        (Family::JsonLines, Some(schema)) if media.node.get("itemSchema").is_some() => {
            json!({"type": "array", "items": schema::lower(cx, schema)})
        }
        (Family::Multipart, Some(schema)) => {
            let lowered = schema::lower(cx, schema);
            with_files(cx, lowered)
        }
        (_, Some(schema)) => schema::lower(cx, schema),
        (_, None) => json!({}),
    };
    if let (Some(text), Some(schema)) = (description, schema.as_object_mut()) {
        schema.entry("description").or_insert_with(|| json!(text));
    }
    if let (Some(example), Some(schema)) = (media.node.get("example"), schema.as_object_mut())
        && !binary
        && !schema::is_deep(example.value, 0)
        && media.family != Family::Xml
    {
        let read = given.map(|given| schema::as_declared(cx.document, given, example.value));
        let read = read.unwrap_or_else(|| example.value.clone());
        schema.entry("examples").or_insert_with(|| json!([read]));
    }
    let argument = arguments.name("body", "body");
    arguments.add(&argument, schema, required);
    let encodings = encoding::of_members(cx, media);
    if !encodings.is_empty() {
        return Content::Members(argument, encodings);
    }
    Content::Argument(
        argument,
        Encoding {
            binary,
            ..Encoding::default()
        },
    )
}

fn is_scalar(schema: &Node) -> bool {
    let kind = schema.text("type");
    matches!(kind, Some("string" | "boolean" | "integer" | "number"))
}
