//! Request bodies: which media types, and which arguments.

use indexmap::IndexMap;
use openapiv3 as v3;
use serde_json::{Map, Value, json};

use super::arguments::Arguments;
use super::media::{Kind, concrete, kind};
use super::parameter::{hollow_reference, query_style};
use super::schema::{Direction, Lowering};
use crate::ir::{Binding, Content, Encoding, Property, RequestBody};
use crate::openapi::join;

/// Keywords that say nothing about which values are valid.
const ANNOTATIONS: [&str; 15] = [
    "title",
    "description",
    "example",
    "examples",
    "default",
    "deprecated",
    "externalDocs",
    "xml",
    "discriminator",
    "readOnly",
    "writeOnly",
    "nullable",
    "$schema",
    "$id",
    "$comment",
];

/// The body of an operation; its arguments are added to `arguments`.
pub(super) fn body(
    body: &v3::RequestBody,
    bind: &IndexMap<String, Binding>,
    arguments: &mut Arguments,
    lowering: &mut Lowering<'_>,
) -> Option<RequestBody> {
    let at = body
        .extensions
        .get("x-pointer")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let at = join(at, "content");
    let mut offered: Vec<_> = body.content.iter().collect();
    offered.sort_by_key(|(media_type, _)| kind(media_type));
    let (best, media) = offered.first().copied()?;
    let best_kind = kind(best);
    let schema = media.schema.as_ref().map(hollow_reference);
    let at = join(&join(&at, best), "schema");

    // What has the same schema is another way to write the same arguments.
    let same = |other: &v3::MediaType| {
        let (Some(one), Some(two)) = (&schema, other.schema.as_ref().map(hollow_reference)) else {
            return false;
        };
        lowering.follow(one, &at).0 == lowering.follow(&two, &at).0
    };
    let media_types: Vec<String> = offered
        .iter()
        .enumerate()
        .filter(|(index, (media_type, media))| {
            *index == 0
                || best_kind.is_structured() && kind(media_type).is_structured() && same(media)
        })
        .map(|(_, (media_type, _))| concrete(media_type))
        .collect();

    let properties = schema
        .as_ref()
        .filter(|_| best_kind.is_structured())
        .and_then(|schema| flat(schema, &at, lowering));
    let content = match properties {
        Some((object, at)) => Content::Properties(flattened(
            &object, &at, body, media, bind, arguments, lowering,
        )),
        None => {
            let argument = arguments.claim("body", "body");
            let (mut value, encoding) = whole(best_kind, media, schema.as_ref(), &at, lowering);
            if let (Some(text), Value::Object(value)) = (&body.description, &mut value) {
                value
                    .entry("description")
                    .or_insert_with(|| text.trim().into());
            }
            arguments.add(&argument, value, body.required);
            Content::Argument(argument, encoding)
        }
    };
    let media_type_argument = (media_types.len() > 1).then(|| {
        let argument = arguments.claim("content_type", "body");
        let schema = json!({
            "type": "string",
            "enum": media_types,
            "default": media_types[0],
            "description": "Media type that the body is sent as.",
        });
        arguments.add(&argument, schema, false);
        argument
    });
    Some(RequestBody {
        required: body.required,
        content,
        media_types,
        media_type_argument,
        declared_media_types: body.content.keys().cloned().collect(),
    })
}

/// The schema of a plain object, whose properties can stand beside the parameters, and where it
/// stands.
fn flat(schema: &Value, at: &str, lowering: &Lowering<'_>) -> Option<(Map<String, Value>, String)> {
    let (schema, at) = lowering.follow(schema, at);
    let object = schema.as_object()?;
    let properties = object.get("properties")?.as_object()?;
    let is_plain = !properties.is_empty()
        && object.get("nullable") != Some(&Value::Bool(true))
        && object.iter().all(|(key, value)| match key.as_str() {
            "properties" | "required" => true,
            "type" => value == "object",
            "additionalProperties" => *value == Value::Bool(false),
            key => key.starts_with("x-") || ANNOTATIONS.contains(&key),
        });
    is_plain.then(|| (object.clone(), at))
}

fn flattened(
    object: &Map<String, Value>,
    at: &str,
    body: &v3::RequestBody,
    media: &v3::MediaType,
    bind: &IndexMap<String, Binding>,
    arguments: &mut Arguments,
    lowering: &mut Lowering<'_>,
) -> Vec<Property> {
    let lowered = lowering.lower(&Value::Object(object.clone()), at, Direction::Input);
    let required: Vec<&str> = lowered
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let is_form = body.content.keys().map(|media_type| kind(media_type)).min();
    let takes_files = is_form == Some(Kind::Multipart);
    let (mut properties, mut given, mut needed) = (Vec::new(), Vec::new(), Vec::new());
    for (name, schema) in lowered
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let source = object
            .get("properties")
            .and_then(|properties| properties.get(name));
        let (source, at) = (
            source.unwrap_or(&Value::Null),
            join(&join(at, "properties"), name),
        );
        let required = required.contains(&name.as_str());
        let mut encoding = encoding(media.encoding.get(name));
        let mut schema = schema.clone();
        if takes_files && let Some(file) = file(source, &schema, &at, lowering) {
            encoding.binary = true;
            schema = file;
        }
        let argument = arguments.claim(name, "body");
        let bound = bind.get(&argument).copied();
        if bound.is_none() {
            arguments.add(&argument, schema, required && body.required);
            given.push(argument.clone());
            if required {
                needed.push(argument.clone());
            }
        }
        properties.push(Property {
            argument,
            name: name.clone(),
            required,
            encoding,
            bind: bound,
        });
    }
    // A body that may be left out needs its required properties only where it is sent.
    if !body.required {
        arguments.depend(&given, &needed);
    }
    properties
}

fn encoding(encoding: Option<&v3::Encoding>) -> Encoding {
    let Some(encoding) = encoding else {
        return Encoding::default();
    };
    let style = encoding.style.as_ref().map(query_style);
    Encoding {
        binary: false,
        content_type: encoding.content_type.clone(),
        explode: style.is_none() || encoding.explode,
        style,
        allow_reserved: encoding.allow_reserved,
    }
}

/// The schema of a body that is one argument, and how it is written.
fn whole(
    kind: Kind,
    media: &v3::MediaType,
    schema: Option<&Value>,
    at: &str,
    lowering: &mut Lowering<'_>,
) -> (Value, Encoding) {
    let mut lower = |schema: Option<&Value>| {
        let schema = schema.map(|schema| lowering.lower(schema, at, Direction::Input));
        schema.unwrap_or_else(|| json!({}))
    };
    let value = match kind {
        Kind::Json | Kind::StructuredJson | Kind::Form | Kind::Multipart => lower(schema),
        Kind::JsonLines => match media.extensions.get("x-itemSchema") {
            Some(item) => json!({"type": "array", "items": lower(Some(item))}),
            None => match lower(schema) {
                list if list.get("type") == Some(&json!("array")) => list,
                _ => json!({"type": "array", "items": {}, "description": "One JSON value a line."}),
            },
        },
        Kind::Text => match lower(schema) {
            text if text.get("type") == Some(&json!("string")) => text,
            _ => json!({"type": "string"}),
        },
        Kind::Xml => json!({"type": "string", "description": "An XML document, as text."}),
        Kind::Binary => {
            let description =
                schema.and_then(|schema| lowering.follow(schema, at).0.get("description"));
            let encoding = Encoding {
                binary: true,
                ..Encoding::default()
            };
            return (file_schema(description.cloned()), encoding);
        }
    };
    (value, Encoding::default())
}

/// The published schema of a multipart property that is a file or a list of files.
fn file(source: &Value, lowered: &Value, at: &str, lowering: &Lowering<'_>) -> Option<Value> {
    let (schema, at) = lowering.follow(source, at);
    let description = lowered
        .get("description")
        .or_else(|| schema.get("description"))
        .cloned();
    if is_binary(schema) {
        return Some(file_schema(description));
    }
    let (items, _) = lowering.follow(schema.get("items")?, &at);
    is_binary(items).then(|| {
        let mut list = Map::from_iter([("type".to_owned(), json!("array"))]);
        if let Some(description) = description {
            list.insert("description".to_owned(), description);
        }
        list.insert("items".to_owned(), file_schema(None));
        list.into()
    })
}

/// Whether a schema describes bytes: `format: binary` in OpenAPI 3.0, a media type without a text
/// encoding in 3.1 (§4.8.14.3).
fn is_binary(schema: &Value) -> bool {
    let is_text = schema.get("type").is_none_or(|kind| kind == "string");
    let is_binary = schema
        .get("format")
        .is_some_and(|format| format == "binary")
        || schema
            .get("contentMediaType")
            .is_some_and(|media_type| media_type != "application/json")
            && schema.get("contentEncoding").is_none();
    is_text && is_binary
}

fn file_schema(description: Option<Value>) -> Value {
    let text = json!({"type": "string"});
    let mut schema = Map::new();
    if let Some(description) = description {
        schema.insert("description".to_owned(), description);
    }
    schema.insert(
        "anyOf".to_owned(),
        json!([
            {"type": "string", "description": "a data: URI, or the text itself"},
            {
                "type": "object",
                "properties": {"base64": text, "text": text, "filename": text, "content_type": text},
                "additionalProperties": false,
                "oneOf": [{"required": ["base64"]}, {"required": ["text"]}],
            },
        ]),
    );
    schema.into()
}
