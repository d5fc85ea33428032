//! Media types of a request body, and what each is written from.

use serde_json::json;

use super::file::is_file;
use crate::lower::context::Context;
use crate::lower::media_type::{essence, is_json};
use crate::lower::schema;
use crate::openapi::Node;

/// What a media type is written from. The order is that of preference for a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    Json,
    JsonLines,
    Form,
    Multipart,
    Text,
    Xml,
    Binary,
}

/// One entry of a Request Body's `content`.
pub(crate) struct Media<'d> {
    /// As it is sent. Of ranges only those for files are left (`image/*`): a file says itself what
    /// it is.
    pub(crate) name: String,
    pub(crate) family: Family,
    pub(crate) node: Node<'d>,
    pub(crate) schema: Option<Node<'d>>,
}

impl<'d> Media<'d> {
    pub(crate) fn new(cx: &Context<'d>, name: &str, node: Node<'d>) -> Self {
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
            family: match family(name) {
                form @ (Family::Form | Family::Multipart) => form,
                // It is sent as octets, whatever they are (OpenAPI 3.0, "Considerations for File
                // Uploads").
                _ if schema.as_ref().is_some_and(|schema| is_octets(cx, schema)) => Family::Binary,
                other => other,
            },
            node,
            schema,
        }
    }

    /// The order of preference within a family: JSON itself, but for octets; and a patch that is as
    /// simple as what it changes before a list of changes.
    pub(crate) fn rank(&self) -> u8 {
        match (self.family, essence(&self.name).as_str()) {
            (Family::Binary, name) => {
                u8::from(!name.starts_with("application/octet")) + u8::from(is_json(name))
            }
            (_, "application/json") => 0,
            (_, "application/json-patch+json") => 2,
            _ => 1,
        }
    }

    /// Whether the body is described in another way here than in `other`, not only written in another
    /// notation.
    pub(crate) fn is_another_form(&self, other: &Media) -> bool {
        let (own, other) = (self.schema.as_ref(), other.schema.as_ref());
        own.is_some_and(|own| other.is_none_or(|other| own.value != other.value))
    }

    /// Whether the body is something else here than in `other`, though no other schema says so: a text
    /// or octets in place of values, or files where there are none.
    pub(crate) fn is_another_kind(&self, other: &Media<'d>, cx: &Context<'d>) -> bool {
        let family = |media: &Media| match media.family {
            Family::Json | Family::Form | Family::Multipart | Family::Xml => None,
            other => Some(other),
        };
        let loses_files = (self.family == Family::Multipart) != (other.family == Family::Multipart)
            && self.schema.is_some()
            && self.has_files(cx);
        family(self) != family(other) || loses_files
    }

    /// Whether another offer is written from the same arguments.
    pub(crate) fn represents(&self, other: &Media, cx: &Context<'d>) -> bool {
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

    pub(crate) fn has_files(&self, cx: &Context) -> bool {
        let Some(schema) = self.schema.as_ref().and_then(|schema| target(cx, schema)) else {
            return false;
        };
        schema
            .members("properties")
            .iter()
            .any(|(_, property)| is_file(cx, property))
    }

    /// The object whose properties can be beside the parameters.
    pub(crate) fn plain_object(&self, cx: &Context<'d>) -> Option<Node<'d>> {
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
                            .any(|one| !schema::is_read_only(cx.document, &schema.at, one))
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

/// Whether a schema is one of octets (`type: string`, `format: binary`).
fn is_octets<'d>(cx: &Context<'d>, schema: &Node<'d>) -> bool {
    let target = schema::target(cx.document, schema).ok();
    target.is_some_and(|target| {
        target.text("type") == Some("string") && target.text("format") == Some("binary")
    })
}

/// What a schema is once references are followed; none if that leads nowhere, or if something
/// beside the reference counts as well.
fn target<'d>(cx: &Context<'d>, schema: &Node<'d>) -> Option<Node<'d>> {
    if schema.text("$ref").is_none() {
        return Some(schema.clone());
    }
    let annotation = |keyword: &String| {
        matches!(
            keyword.as_str(),
            "$ref" | "title" | "description" | "example" | "examples"
        ) || keyword.starts_with("x-")
    };
    let alone = schema
        .object()
        .is_some_and(|schema| schema.keys().all(annotation));
    if !alone && cx.document.dialect().has_schema_siblings {
        return None;
    }
    let target = schema::target(cx.document, schema).ok()?;
    (target.get("$ref").is_none()).then_some(target)
}

pub(crate) fn family(media_type: &str) -> Family {
    match essence(media_type).as_str() {
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
