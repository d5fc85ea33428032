//! Reads request bodies: JSON, bytes, and multipart with files.

use std::collections::BTreeMap;

use axum::body::Body as RawBody;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use super::openapi::{self, BodyContent, Operation};
use super::problem::{Part, Problem, Violation};

/// The largest body that is read, in bytes. Handlers may be stricter.
pub(super) const LIMIT: usize = 9 * 1024 * 1024;

/// A file out of a multipart body.
#[derive(Debug)]
pub(super) struct File {
    pub(super) filename: Option<String>,
    pub(super) media_type: String,
    pub(super) bytes: Bytes,
}

/// A body that fits the description, defaults filled in.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// A JSON body, or the JSON parts of a multipart body.
    pub(super) json: Option<Value>,
    /// A body of bytes.
    pub(super) bytes: Option<Bytes>,
    /// The files of a multipart body by part name.
    pub(super) files: BTreeMap<String, File>,
}

/// Reads the body that the operation describes.
///
/// # Errors
/// 400 if it cannot be read, 413 if it is too large, 415 for another media type, 422 if it does not fit.
pub(super) async fn read(
    operation: &Operation,
    headers: &HeaderMap,
    body: RawBody,
) -> Result<Body, Problem> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = content_type.map(essence).unwrap_or_default();
    let content = operation
        .bodies
        .iter()
        .find(|content| content.media_type == media_type);
    match content {
        Some(content) if media_type == "multipart/form-data" => {
            multipart(content, content_type.unwrap_or_default(), body).await
        }
        Some(content) => {
            let bytes = bounded(body).await?;
            if bytes.is_empty() && operation.body_required {
                return Err(missing());
            }
            if media_type == "application/json" || media_type.ends_with("+json") {
                let json = json(content, &bytes)?;
                Ok(Body {
                    json: Some(json),
                    ..Body::default()
                })
            } else {
                Ok(Body {
                    bytes: Some(bytes),
                    ..Body::default()
                })
            }
        }
        None => {
            let bytes = bounded(body).await?;
            let expected: Vec<&str> = operation
                .bodies
                .iter()
                .map(|content| content.media_type.as_str())
                .collect();
            match (bytes.is_empty(), expected.is_empty()) {
                (true, _) if operation.body_required => Err(missing()),
                (true, _) => Ok(Body::default()),
                (false, true) => {
                    let violation = Violation::new(Part::Body, "", "this operation takes no body");
                    Err(Problem::bad_request(vec![violation]))
                }
                (false, false) => Err(Problem::unsupported_media_type(&expected.join(" or "))),
            }
        }
    }
}

async fn bounded(body: RawBody) -> Result<Bytes, Problem> {
    axum::body::to_bytes(body, LIMIT)
        .await
        .map_err(|_| Problem::too_large(LIMIT))
}

fn missing() -> Problem {
    Problem::bad_request(vec![Violation::new(Part::Body, "", "the body is required")])
}

fn json(content: &BodyContent, bytes: &[u8]) -> Result<Value, Problem> {
    let mut value = parse(bytes, "")?;
    let violations = openapi::violations(&content.validator, &value, Part::Body, "");
    if !violations.is_empty() {
        return Err(Problem::unprocessable(violations));
    }
    openapi::fill_defaults(&content.schema, &mut value);
    Ok(value)
}

fn parse(bytes: &[u8], at: &str) -> Result<Value, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let detail = format!("not JSON: line {}, column {}", error.line(), error.column());
        Problem::bad_request(vec![Violation::new(Part::Body, at, detail)])
    })
}

async fn multipart(
    content: &BodyContent,
    content_type: &str,
    body: RawBody,
) -> Result<Body, Problem> {
    let request = Request::builder()
        .header(header::CONTENT_TYPE, content_type)
        .body(body);
    let mut request = request.map_err(Problem::internal)?;
    DefaultBodyLimit::max(LIMIT).apply(&mut request);
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|rejection| {
            let violation = Violation::new(Part::Body, "", rejection.body_text());
            Problem::bad_request(vec![violation])
        })?;
    let mut json = Map::new();
    let mut files = BTreeMap::new();
    while let Some(field) = parts
        .next_field()
        .await
        .map_err(|error| unreadable(&error))?
    {
        let name = field.name().unwrap_or_default().to_owned();
        let at = format!("/{name}");
        if json.contains_key(&name) {
            return Err(Problem::body(at, "the part is given more than once"));
        }
        let media_type = part_type(content, &name, &field)?;
        let is_file = content.schema["properties"][&name]["format"] == "binary";
        let filename = field.file_name().map(str::to_owned);
        let bytes = field.bytes().await.map_err(|error| unreadable(&error))?;
        if is_file {
            // The schema says of a file only that it is there.
            json.insert(name.clone(), Value::from(""));
            files.insert(
                name,
                File {
                    filename,
                    media_type,
                    bytes,
                },
            );
        } else {
            json.insert(name, parse(&bytes, &at)?);
        }
    }
    let mut json = Value::Object(json);
    let violations = openapi::violations(&content.validator, &json, Part::Body, "");
    if !violations.is_empty() {
        return Err(Problem::unprocessable(violations));
    }
    openapi::fill_defaults(&content.schema, &mut json);
    Ok(Body {
        json: Some(json),
        files,
        ..Body::default()
    })
}

/// The media type of a part, which must be one of those described for it.
fn part_type(content: &BodyContent, name: &str, field: &Field<'_>) -> Result<String, Problem> {
    let media_type = essence(field.content_type().unwrap_or("text/plain"));
    match content.part_types.get(name) {
        Some(expected) if !expected.contains(&media_type) => Err(Problem::unsupported_media_type(
            &format!("the part {name} as {}", expected.join(" or ")),
        )),
        _ => Ok(media_type),
    }
}

fn unreadable(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::too_large(LIMIT);
    }
    Problem::bad_request(vec![Violation::new(Part::Body, "", error.body_text())])
}

/// A media type without its parameters, in small letters.
fn essence(content_type: &str) -> String {
    content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}
