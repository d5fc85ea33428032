//! The answer of mock mode.

mod sample;

use serde_json::Value;

use super::context::Context;
use super::media_type::{essence, is_json};
use super::response::Response;
use crate::ir;
use crate::openapi::Node;

/// The longest example, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// The answer in mock mode: that of the first response that means success.
pub(crate) fn example<'d>(cx: &mut Context<'d>, responses: &[Response<'d>]) -> Option<ir::Example> {
    let good = || responses.iter().filter(|one| one.is_success());
    let response = good()
        .find(|one| one.json().is_some())
        .or_else(|| good().next())
        .or_else(|| {
            responses
                .iter()
                .find(|one| one.declared.status == "default")
        });
    let status = |response: &Response| {
        let status = response.declared.status.parse().ok();
        status
            .filter(|status| (200..300).contains(status))
            .unwrap_or(200)
    };
    let Some(response) = response else {
        return Some(ir::Example {
            status: 204,
            media_type: String::new(),
            body: String::new(),
        });
    };
    let best = response.content.iter().find(|(name, _)| is_json(name));
    let Some((name, media)) = best.or_else(|| response.content.first()) else {
        let status = status(response);
        return Some(ir::Example {
            status,
            media_type: String::new(),
            body: String::new(),
        });
    };
    let body = match given(cx, media) {
        Some(value) if is_json(name) => Some(value.to_string()),
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    };
    let body = body.filter(|body| body.len() <= MAX_BYTES);
    let body = body.unwrap_or_else(|| made(cx, name, media));
    let media_type = concrete(name).to_owned();
    Some(ir::Example {
        status: status(response),
        media_type,
        body,
    })
}

/// A media type that an answer can have: ranges become something definite.
fn concrete(name: &str) -> &str {
    match name {
        "text/*" => "text/plain",
        range if range.ends_with("/*") => "application/octet-stream",
        name => name,
    }
}

/// The example of the description.
fn given<'d>(cx: &Context<'d>, media: &Node<'d>) -> Option<&'d Value> {
    if let Some(example) = media.get("example") {
        return Some(example.value);
    }
    let (_, first) = media.members("examples").into_iter().next()?;
    let first = cx.document.resolve(first).ok()?;
    let value = first.get("dataValue").or_else(|| first.get("value"))?;
    Some(value.value)
}

/// An answer made up to fit.
fn made<'d>(cx: &Context<'d>, name: &str, media: &Node<'d>) -> String {
    if is_json(name) {
        let schema = media.get("schema");
        let value = schema
            .map(|schema| sample::sample(cx.document, &schema))
            .unwrap_or_default();
        let text = value.to_string();
        return if text.len() <= MAX_BYTES {
            text
        } else {
            "null".to_owned()
        };
    }
    match essence(name).as_str() {
        "text/event-stream" => "data: {}\n\n",
        "text/html" => "<!doctype html><title>Example</title>",
        "text/csv" => "id\n1\n",
        "image/svg+xml" => "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        "application/xml" | "text/xml" => "<example/>",
        "application/x-ndjson" | "application/jsonl" | "application/ndjson" => "{}\n",
        other if other.ends_with("+xml") => "<example/>",
        _ => "example",
    }
    .to_owned()
}
