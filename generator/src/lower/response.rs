//! Responses: what is declared, and what structured content looks like.

use openapiv3 as v3;
use serde_json::{Value, json};

use super::media::{Kind, kind};
use super::parameter::hollow_reference;
use super::schema::{Direction, Lowering, finished};
use crate::ir::{Response, Schema};

/// The largest output schema that is published, definitions included, as compact JSON.
const MAX_OUTPUT_BYTES: usize = 4096;

/// The responses in the description's order.
pub(super) fn responses(responses: &v3::Responses) -> Vec<Response> {
    each(responses)
        .map(|(status, response)| Response {
            status,
            media_types: response.content.keys().cloned().collect(),
        })
        .collect()
}

/// Every response with its status: `200`, `2XX` or `default`.
pub(super) fn each(responses: &v3::Responses) -> impl Iterator<Item = (String, &v3::Response)> {
    let numbered = responses.responses.iter().map(|(status, response)| {
        let status = match status {
            v3::StatusCode::Code(code) => code.to_string(),
            v3::StatusCode::Range(hundreds) => format!("{hundreds}XX"),
        };
        (status, response)
    });
    let default = responses
        .default
        .iter()
        .map(|response| ("default".to_owned(), response));
    numbered
        .chain(default)
        .filter_map(|(status, response)| match response {
            v3::ReferenceOr::Item(response) => Some((status, response)),
            // References were resolved when the document was read.
            v3::ReferenceOr::Reference { .. } => None,
        })
}

/// The schema of structured content, if all answers of success share one that is small enough and
/// surely an object.
pub(super) fn output(responses: &v3::Responses, lowering: &mut Lowering<'_>) -> Option<Schema> {
    let mut schemas: Vec<Value> = Vec::new();
    for (status, response) in each(responses) {
        if !status.starts_with('2') {
            continue;
        }
        for (media_type, media) in &response.content {
            if !matches!(kind(media_type), Kind::Json | Kind::StructuredJson) {
                return None;
            }
            let schema = hollow_reference(media.schema.as_ref()?);
            let known =
                |other: &Value| lowering.follow(other, "").0 == lowering.follow(&schema, "").0;
            if !schemas.iter().any(known) {
                schemas.push(schema);
            }
        }
    }
    let [schema] = schemas.as_slice() else {
        return None;
    };
    let (target, at) = lowering.follow(schema, "");
    let target = target.clone();
    let lowered = lowering.lower(&target, &at, Direction::Output);
    let root = match lowered.get("type").and_then(Value::as_str) {
        Some("object") => lowered,
        Some(_) => json!({"type": "object", "properties": {"result": lowered}}),
        // Whether an answer is an object shows only when it comes.
        None => return None,
    };
    let schema = finished(root);
    let definitions = lowering.reached([&schema]);
    let bytes = schema.json.to_string().len()
        + definitions
            .iter()
            .map(|(name, definition)| name.len() + definition.json.to_string().len() + 4)
            .sum::<usize>();
    (bytes <= MAX_OUTPUT_BYTES).then_some(schema)
}
