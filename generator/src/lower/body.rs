//! Request bodies: which media types are offered to the caller, and which arguments make one up.

use std::collections::HashSet;

use indexmap::IndexSet;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::definition;
use super::encoding;
use super::instance;
use super::parameter::Arguments;
use super::schema;
use crate::diagnostic::Diagnostic;
use crate::ir::{Content, Encoding, Property, RequestBody};
use crate::openapi::{Node, Version};

/// What a media type is written from. The order is that of preference for a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    Json,
    JsonLines,
    Form,
    Multipart,
    Text,
    Xml,
    Binary,
}

/// One entry of a Request Body's `content`.
struct Media<'d> {
    /// As it is sent. Of ranges only those for files are left (`image/*`): a file says itself what
    /// it is.
    name: String,
    family: Family,
    node: Node<'d>,
    schema: Option<Node<'d>>,
}

/// The body of an operation.
///
/// # Errors
/// Where the body is somewhere out of reach: a request without it would not be the one described.
pub(super) fn request_body<'d>(
    cx: &mut Context<'d>,
    operation: &Node<'d>,
    arguments: &mut Arguments,
) -> Result<Option<RequestBody>, Diagnostic> {
    let Some(node) = operation.get("requestBody") else {
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

impl<'d> Media<'d> {
    fn new(name: &str, node: Node<'d>) -> Self {
        let schema = node.get("schema").or_else(|| node.get("itemSchema"));
        let text = schema.as_ref().and_then(|schema| schema.text("type")) == Some("string");
        let binary = schema.as_ref().is_none_or(|_| text);
        let name = match name.trim() {
            "*/*" | "application/*" | "*" | "" if !binary => "application/json",
            "*" | "" => "*/*",
            "text/*" => "text/plain",
            "multipart/*" => "application/octet-stream",
            name => name,
        };
        Media {
            name: name.to_owned(),
            family: family(name),
            node,
            schema,
        }
    }

    /// Whether another offer is written from the same arguments.
    fn stands_for(&self, other: &Media, cx: &Context<'d>) -> bool {
        let objects = |family| matches!(family, Family::Json | Family::Form | Family::Multipart);
        let alike = self.family == other.family
            || (objects(self.family)
                && objects(other.family)
                && ![self, other]
                    .iter()
                    .any(|media| media.family == Family::Multipart && media.has_files(cx)));
        let schema = |media: &Media<'d>| media.schema.as_ref().map(|node| node.value);
        alike && schema(self) == other.schema.as_ref().map(|node| node.value)
    }

    fn has_files(&self, cx: &Context) -> bool {
        let Some(schema) = self.schema.as_ref().and_then(|schema| target(cx, schema)) else {
            return false;
        };
        schema
            .members("properties")
            .iter()
            .any(|(_, property)| is_file(cx, property))
    }

    /// The object whose properties can stand beside the parameters.
    fn plain_object(&self, cx: &Context<'d>) -> Option<Node<'d>> {
        if !matches!(self.family, Family::Json | Family::Form | Family::Multipart) {
            return None;
        }
        let schema = target(cx, self.schema.as_ref()?)?;
        let mut properties = false;
        for (keyword, value) in schema.object()? {
            let plain = match keyword.as_str() {
                "type" => value == "object",
                "properties" => {
                    properties = value.as_object().is_some_and(|all| {
                        all.values()
                            .any(|one| one.get("readOnly") != Some(&json!(true)))
                    });
                    properties
                }
                "required" | "title" | "description" | "example" | "examples" | "default"
                | "deprecated" | "externalDocs" | "xml" | "$comment" | "$id" | "$anchor"
                | "$schema" | "$defs" | "definitions" | "readOnly" | "writeOnly" => true,
                "additionalProperties" | "nullable" => value == &json!(false),
                extension => extension.starts_with("x-"),
            };
            if !plain {
                return None;
            }
        }
        properties.then_some(schema)
    }
}

/// What a schema is once references are followed; none if that leads nowhere, or if something
/// beside the reference counts as well.
fn target<'d>(cx: &Context<'d>, schema: &Node<'d>) -> Option<Node<'d>> {
    let Some(reference) = schema.text("$ref") else {
        return Some(schema.clone());
    };
    let annotation = |keyword: &String| {
        matches!(
            keyword.as_str(),
            "$ref" | "title" | "description" | "example" | "examples"
        ) || keyword.starts_with("x-")
    };
    let alone = schema
        .object()
        .is_some_and(|schema| schema.keys().all(annotation));
    if !alone && cx.document.version() > Version::V3_0 {
        return None;
    }
    let target = definition::follow(cx.document, reference, &schema.at).ok()?;
    (target.get("$ref").is_none()).then_some(target)
}

fn family(media_type: &str) -> Family {
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "application/json" | "text/json" => Family::Json,
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonlines"
        | "application/json-lines"
        | "application/jsonlines"
        | "application/json-l"
        | "application/json-seq" => Family::JsonLines,
        "application/x-www-form-urlencoded" => Family::Form,
        "application/xml" | "text/xml" => Family::Xml,
        other if other.ends_with("+json") => Family::Json,
        other if other.ends_with("+xml") => Family::Xml,
        other if other.starts_with("multipart/") => Family::Multipart,
        other if other.starts_with("text/") => Family::Text,
        "application/yaml"
        | "application/x-yaml"
        | "application/graphql"
        | "application/javascript"
        | "application/sql" => Family::Text,
        _ => Family::Binary,
    }
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
        && !instance::is_deep(example.value, 0)
        && media.family != Family::Xml
    {
        schema
            .entry("examples")
            .or_insert_with(|| json!([example.value]));
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

/// Whether a property of a multipart body is a file or a list of files.
fn is_file(cx: &Context, schema: &Node) -> bool {
    is_file_unless(cx, schema, &mut HashSet::new(), 0)
}

/// `seen` are the schemas that references have led to.
fn is_file_unless(cx: &Context, schema: &Node, seen: &mut HashSet<String>, depth: usize) -> bool {
    if depth > 8 {
        return false;
    }
    if let Some(reference) = schema.text("$ref") {
        let target = definition::follow(cx.document, reference, &schema.at);
        return target.is_ok_and(|target| {
            seen.insert(target.at.clone()) && is_file_unless(cx, &target, seen, depth + 1)
        });
    }
    let raw = schema.get("contentMediaType").is_some() && schema.get("contentEncoding").is_none();
    if schema.text("format") == Some("binary") || raw {
        return true;
    }
    if let Some(items) = schema.get("items") {
        return is_file_unless(cx, &items, seen, depth + 1);
    }
    let branches = ["anyOf", "oneOf", "allOf"]
        .into_iter()
        .flat_map(|keyword| schema.items(keyword));
    branches
        .into_iter()
        .any(|branch| is_file_unless(cx, &branch, seen, depth + 1))
}

/// What a caller can give for a file: its text, a data URI, or an object with its content.
fn as_file(lowered: &Value, source: Option<&Node>, cx: &Context) -> Value {
    let file = json!([
        {"type": "string", "description": "a data: URI, or the text itself"},
        {
            "type": "object",
            "properties": {
                "base64": {"type": "string"},
                "text": {"type": "string"},
                "filename": {"type": "string"},
                "content_type": {"type": "string"},
            },
            "additionalProperties": false,
            "oneOf": [{"required": ["base64"]}, {"required": ["text"]}],
        },
    ]);
    let is_list = |node: &Node| {
        let target = match node.text("$ref") {
            Some(reference) => definition::follow(cx.document, reference, &node.at).ok(),
            None => Some(node.clone()),
        };
        target.is_some_and(|target| target.get("items").is_some())
    };
    let mut schema = if source.is_some_and(is_list) {
        json!({"type": "array", "items": {"anyOf": file}})
    } else {
        json!({"anyOf": file})
    };
    if let (Some(text), Some(schema)) = (lowered.get("description"), schema.as_object_mut()) {
        schema.insert("description".to_owned(), text.clone());
    }
    schema
}
