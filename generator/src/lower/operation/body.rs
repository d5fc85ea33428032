//! Request bodies: which media types are offered to the caller, and which arguments make one up.

use indexmap::IndexSet;
use serde_json::{Map, Value, json};

use super::arguments::Arguments;
use super::bodiless;
use super::encoding;
use super::file::{as_file, is_file};
use super::media::{Family, Media, family};
use super::source::Source;
use crate::diagnostic::Diagnostic;
use crate::ir::{Content, Encoding, Property, RequestBody};
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
        offers.push(Media::new(name, cx.document.resolve(media)?));
    }
    if !offers.is_empty() && bodiless::is_sent_without(cx, &source.method, &node, &offers) {
        return Ok(None);
    }
    // What is described comes before what is not.
    offers.sort_by_key(|media| {
        let is_json = media.name == "application/json";
        (media.schema.is_none(), media.family, !is_json)
    });
    let Some(best) = offers.first() else {
        cx.warn(
            node.at,
            "the request body has no content; no body is sent",
            "describe it under `content`, by media type",
        );
        return Ok(None);
    };
    let mut media_types: Vec<String> = Vec::new();
    for media in offers.iter().filter(|media| best.stands_for(media, cx)) {
        if !media_types.contains(&media.name) {
            media_types.push(media.name.clone());
        }
    }
    let required = node.flag("required") == Some(true);
    let description = node
        .text("description")
        .map(str::trim)
        .filter(|text| !text.is_empty());
    // Only forms say how properties are written, wherever among the offers they stand.
    let form = offers.iter().find(|media| {
        matches!(media.family, Family::Form | Family::Multipart)
            && media_types.contains(&media.name)
    });
    let form = form.unwrap_or(best);
    let content = match best.plain_object(cx) {
        Some(object) => Content::Properties(flat(cx, &object, form, required, arguments)),
        None => single(cx, best, description, required, arguments),
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
    for (name, schema) in schemas.as_object().into_iter().flatten() {
        let source = object.get("properties").and_then(|all| all.get(name));
        let encoding = match media.family {
            Family::Form => encoding::of_form(&media.node, name),
            Family::Multipart => encoding::of_part(cx, &media.node, name),
            _ => Encoding::default(),
        };
        let is_file = files
            && source.as_ref().is_some_and(|node| is_file(cx, node))
            && encoding
                .content_type
                .as_deref()
                .is_none_or(|name| family(name) != Family::Json);
        let schema = if is_file {
            as_file(schema, source.as_ref(), cx)
        } else {
            schema.clone()
        };
        let argument = arguments.name(name, "body");
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

/// The body as one argument.
fn single<'d>(
    cx: &mut Context<'d>,
    media: &Media<'d>,
    description: Option<&str>,
    required: bool,
    arguments: &mut Arguments,
) -> Content {
    let is_form = matches!(media.family, Family::Form | Family::Multipart);
    if let Some(encoding) = media.node.get("encoding").filter(|_| is_form) {
        cx.warn(
            encoding.at,
            "the body is no plain object, so its properties are written as they are by default",
            "describe it by `type: object` and its `properties`",
        );
    }
    let binary = media.family == Family::Binary;
    let given = media.schema.as_ref();
    let mut schema = match (media.family, given) {
        (Family::Binary, _) => as_file(&json!({}), None, cx),
        (Family::Xml, _) => json!({
            "type": "string",
            "description": "The XML document as text.",
        }),
        (Family::Text, Some(schema)) if is_scalar(schema) => schema::lower(cx, schema),
        (Family::Text, _) => json!({"type": "string"}),
        (Family::JsonLines, Some(schema)) if media.node.get("itemSchema").is_some() => {
            json!({"type": "array", "items": schema::lower(cx, schema)})
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
