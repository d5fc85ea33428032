//! The body: its media type chosen, its arguments gathered, its bytes written.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Map, Value};

use super::file::File;
use super::form::Form;
use super::multipart::Parts;
use super::{Call, RequestError};
use crate::http::Piece;
use crate::operation::{Content, Encoding, Operation, RequestBody};
use crate::upstream::media_type::{Kind, essence, kind};
use crate::upstream::{Upload, Uploads};

/// A body and what it is.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) content_type: HeaderValue,
    pub(super) bytes: Bytes,
    /// The body where files in it are sent as they are read; `bytes` is empty then.
    pub(super) pieces: Vec<Piece>,
}

/// Writes the body of a call, if it has one.
pub(super) fn write(operation: &Operation, call: &Call<'_>) -> Result<Option<Body>, RequestError> {
    let Some(body) = &operation.request_body else {
        return Ok(None);
    };
    let media_type = media_type(body, call)?;
    match body.content {
        Content::Properties(properties) => {
            // What is bound says nothing about whether the caller wants a body.
            let wanted = properties.iter().any(|property| {
                property.bind.is_none() && call.arguments.contains_key(property.argument)
            });
            if !body.required && !wanted {
                return Ok(None);
            }
            if let (Kind::Text | Kind::Image | Kind::Audio | Kind::Binary, Some(argument)) =
                (kind(media_type), body.media_type_argument)
            {
                return Err(RequestError::argument(
                    argument,
                    &format!("cannot be {media_type}: properties do not make one; leave it out"),
                ));
            }
            let mut members = Vec::with_capacity(properties.len());
            for property in properties {
                if let Some(value) = call.value(property.argument, property.bind)? {
                    members.push(Member {
                        argument: property.argument,
                        name: property.name,
                        value,
                        encoding: Cow::Borrowed(&property.encoding),
                    });
                }
            }
            object(media_type, &members, call).map(Some)
        }
        Content::Argument(argument, encoding) => match call.arguments.get(argument) {
            Some(value) => single(media_type, argument, value, &encoding, call).map(Some),
            None if body.required => Err(RequestError::argument(argument, "is required")),
            None => Ok(None),
        },
        Content::Members(argument, encodings) => match call.arguments.get(argument) {
            Some(Value::Object(members))
                if matches!(kind(media_type), Kind::Form | Kind::Multipart) =>
            {
                let members = described_members(argument, members, encodings, call.uploads);
                object(media_type, &members, call).map(Some)
            }
            Some(value) => single(media_type, argument, value, &Encoding::DEFAULT, call).map(Some),
            None if body.required => Err(RequestError::argument(argument, "is required")),
            None => Ok(None),
        },
    }
}

/// The media type that the caller selects, or the preferred one.
fn media_type(body: &RequestBody, call: &Call<'_>) -> Result<&'static str, RequestError> {
    let preferred = body
        .media_types
        .first()
        .ok_or_else(|| RequestError::Description("its body has no media type".to_owned()))?;
    let Some(argument) = body.media_type_argument else {
        return Ok(preferred);
    };
    match call.arguments.get(argument) {
        None => Ok(preferred),
        Some(Value::String(wanted)) if body.media_types.contains(&wanted.as_str()) => Ok(body
            .media_types
            .iter()
            .find(|media_type| *media_type == wanted)
            .unwrap_or(preferred)),
        Some(_) => Err(RequestError::argument(
            argument,
            &format!("has to be one of: {}", body.media_types.join(", ")),
        )),
    }
}

/// A member of an object body: argument, name on the wire, value, encoding.
struct Member<'a> {
    argument: &'a str,
    name: &'a str,
    value: Cow<'a, Value>,
    encoding: Cow<'a, Encoding>,
}

/// An object body whose members are known one by one.
fn object(media_type: &str, members: &[Member<'_>], call: &Call<'_>) -> Result<Body, RequestError> {
    match kind(media_type) {
        Kind::Form => {
            let mut form = Form::default();
            for member in members {
                if call.uploads.find(&member.value).is_some() {
                    let message = "cannot be an upload: the API takes this file within a form";
                    return Err(RequestError::argument(member.argument, message));
                }
                form.add(member.name, &member.value, &member.encoding)
                    .map_err(|message| RequestError::argument(member.argument, &message))?;
            }
            finish(media_type, Bytes::from(form.finish()))
        }
        Kind::Multipart => {
            let mut parts = Parts::of(call.uploads);
            for member in members {
                parts
                    .add(member.name, &member.value, &member.encoding)
                    .map_err(|message| RequestError::argument(member.argument, &message))?;
            }
            multipart(media_type, parts, call)
        }
        Kind::Json | Kind::JsonLines => {
            let mut uploads = members
                .iter()
                .filter(|it| call.uploads.find(&it.value).is_some());
            if let Some(member) = uploads.next() {
                let message = "cannot be an upload: the API takes this file within JSON";
                return Err(RequestError::argument(member.argument, message));
            }
            let object: Map<String, Value> = members
                .iter()
                .map(|member| (member.name.to_owned(), member.value.as_ref().clone()))
                .collect();
            finish(media_type, Bytes::from(Value::Object(object).to_string()))
        }
        Kind::Text | Kind::Image | Kind::Audio | Kind::Binary => Err(RequestError::Description(
            format!("an object cannot be written as {media_type}"),
        )),
    }
}

/// A body that is one argument.
fn single(
    media_type: &str,
    argument: &str,
    value: &Value,
    encoding: &Encoding,
    call: &Call<'_>,
) -> Result<Body, RequestError> {
    let refuse = |message: &str| RequestError::argument(argument, message);
    if let Some(upload) = call.uploads.find(value) {
        return uploaded(media_type, upload);
    }
    match kind(media_type) {
        // What is binary is sent as it is, even where that is JSON.
        Kind::Json if !encoding.binary => finish(media_type, Bytes::from(value.to_string())),
        Kind::JsonLines if !encoding.binary => {
            // RFC 7464: each text of a sequence begins with a record separator.
            let before = (essence(media_type) == "application/json-seq").then_some('\u{1e}');
            finish(media_type, Bytes::from(json_lines(value, before)))
        }
        Kind::Form => match value {
            Value::Object(members) => {
                let members = loose_members(argument, members, |_| false);
                object(media_type, &members, call)
            }
            Value::String(text) => finish(media_type, Bytes::copy_from_slice(text.as_bytes())),
            _ => Err(refuse("has to be an object: it is sent as a form")),
        },
        Kind::Multipart => match value {
            Value::Object(members) => {
                let is_file =
                    |value: &Value| looks_like_file(value) || call.uploads.find(value).is_some();
                let members = loose_members(argument, members, is_file);
                object(media_type, &members, call)
            }
            _ => Err(refuse(
                "has to be an object: its members are the parts of the body",
            )),
        },
        Kind::Text if !encoding.binary => {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                // JSON is YAML.
                Value::Object(_) | Value::Array(_) if media_type.contains("yaml") => {
                    value.to_string()
                }
                _ => {
                    return Err(refuse(&format!(
                        "has to be a text: it is sent as {media_type}"
                    )));
                }
            };
            finish(&with_charset(media_type), Bytes::from(text))
        }
        // A range such as `*/*` for what is no file: JSON is what APIs mean by that.
        Kind::Binary if !encoding.binary && !value.is_string() => {
            let media_type = if media_type.contains('*') {
                "application/json"
            } else {
                media_type
            };
            finish(media_type, Bytes::from(value.to_string()))
        }
        Kind::Json | Kind::JsonLines | Kind::Text | Kind::Image | Kind::Audio | Kind::Binary => {
            let file = File::read(value).map_err(|message| refuse(&message))?;
            let content_type = match file.media_type {
                Some(own) if media_type.contains('*') => own,
                None if media_type.contains('*') => file.otherwise.to_owned(),
                _ => media_type.to_owned(),
            };
            HeaderValue::from_str(&content_type)
                .map_err(|_| refuse("has a `content_type` that cannot be sent"))?;
            finish(&content_type, file.bytes)
        }
    }
}

/// A body that is an upload.
fn uploaded(media_type: &str, upload: &Upload) -> Result<Body, RequestError> {
    let own = upload.media_type.as_deref();
    let content_type = match media_type.contains('*') {
        true => own.unwrap_or("application/octet-stream"),
        false => media_type,
    };
    with_pieces(content_type, vec![upload.content.clone()])
}

/// The members of a body that is described as a whole, which says nothing of each.
fn loose_members<'a>(
    argument: &'a str,
    members: &'a Map<String, Value>,
    is_file: impl Fn(&Value) -> bool,
) -> Vec<Member<'a>> {
    members
        .iter()
        .map(|(name, value)| Member {
            argument,
            name,
            value: Cow::Borrowed(value),
            encoding: Cow::Borrowed(if is_file(value) {
                &Encoding::FILE
            } else {
                &Encoding::DEFAULT
            }),
        })
        .collect()
}

/// The members of a body that is described as a whole, and some of them one by one.
fn described_members<'a>(
    argument: &'a str,
    members: &'a Map<String, Value>,
    encodings: &'static [(&'static str, Encoding)],
    uploads: &Uploads,
) -> Vec<Member<'a>> {
    let is_file = |value: &Value| looks_like_file(value) || uploads.find(value).is_some();
    let mut found = loose_members(argument, members, is_file);
    for member in &mut found {
        let Some((_, encoding)) = encodings.iter().find(|(name, _)| *name == member.name) else {
            continue;
        };
        let is_json = encoding
            .content_type
            .is_some_and(|one| kind(one) == Kind::Json);
        member.encoding = Cow::Owned(Encoding {
            binary: encoding.binary || member.encoding.binary && !is_json,
            ..*encoding
        });
    }
    found
}

/// Whether a member is a file: a base64 data URI, or an object with nothing but the keys that a
/// file has, among them `base64`, or `text` with a name or type.
fn looks_like_file(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with("data:") && text.contains(";base64,"),
        Value::Object(members) => {
            let has = |key: &str| members.contains_key(key);
            let known = ["base64", "text", "filename", "content_type"];
            members.keys().all(|key| known.contains(&key.as_str()))
                && (has("base64") || has("text") && (has("filename") || has("content_type")))
        }
        _ => false,
    }
}

fn json_lines(value: &Value, before: Option<char>) -> String {
    let items = match value {
        Value::String(text) => return text.clone(),
        Value::Array(items) => items.as_slice(),
        other => std::slice::from_ref(other),
    };
    let mut lines = String::new();
    for item in items {
        lines.extend(before);
        lines.push_str(&item.to_string());
        lines.push('\n');
    }
    lines
}

fn multipart(media_type: &str, parts: Parts, call: &Call<'_>) -> Result<Body, RequestError> {
    let (boundary, pieces) = parts.finish(call.request_id);
    let media_type = if media_type.contains('*') {
        "multipart/form-data"
    } else {
        media_type
    };
    let content_type = format!("{}; boundary={boundary}", essence(media_type));
    match <[Piece; 1]>::try_from(pieces) {
        Ok([Piece::Bytes(bytes)]) => finish(&content_type, bytes),
        Ok(pieces) => with_pieces(&content_type, Vec::from(pieces)),
        Err(pieces) => with_pieces(&content_type, pieces),
    }
}

fn with_pieces(content_type: &str, pieces: Vec<Piece>) -> Result<Body, RequestError> {
    let body = finish(content_type, Bytes::new())?;
    Ok(Body { pieces, ..body })
}

/// Says that a text is UTF-8, where the media type has no such default of its own.
fn with_charset(media_type: &str) -> Cow<'_, str> {
    if media_type.starts_with("text/") && !media_type.contains(';') {
        let essence = if media_type.contains('*') {
            "text/plain"
        } else {
            media_type
        };
        return Cow::Owned(format!("{essence}; charset=utf-8"));
    }
    Cow::Borrowed(media_type)
}

fn finish(content_type: &str, bytes: Bytes) -> Result<Body, RequestError> {
    let content_type = HeaderValue::from_str(content_type)
        .map_err(|_| RequestError::Description(format!("no media type {content_type:?}")))?;
    Ok(Body {
        content_type,
        bytes,
        pieces: Vec::new(),
    })
}
