//! Bodies that are no argument: those of methods without one, and those of which nothing is said
//! where the method defines no meaning for a body.

use serde_json::Value;

use super::media::Media;
use crate::diagnostic::Diagnostic;
use crate::lower::context::Context;
use crate::lower::schema;
use crate::openapi::Node;

/// How deep compositions are looked into.
const MAX_DEPTH: usize = 8;

/// Whether a request of the method is sent without the body that is described at `node`. What is
/// lost by that is reported.
///
/// TRACE has none (RFC 9110 §9.3.8). Content of GET, HEAD and DELETE has no defined meaning (§9.3),
/// and OpenAPI 3.0 has it ignored (Operation Object, `requestBody`); APIs that read it all the same
/// say what they read, so only a body of which the description says nothing is left out.
pub(crate) fn is_sent_without<'d>(
    cx: &mut Context<'d>,
    method: &str,
    node: &Node<'d>,
    offers: &[Media<'d>],
) -> bool {
    if method == "TRACE" {
        cx.warn(
            node.at.as_str(),
            "a TRACE request has no body; it is dropped",
            "describe what is sent as parameters",
        );
        return true;
    }
    let is_vague = matches!(method, "GET" | "HEAD" | "DELETE");
    let is_ignored = cx.document.dialect().ignores_vague_bodies;
    let required = node.flag("required") == Some(true);
    let is_left_out = is_vague
        && (is_ignored || !required)
        && offers.iter().all(|media| {
            let schema = media.schema.as_ref();
            schema.is_none_or(|schema| says_nothing(cx, schema, 0))
        });
    if is_left_out {
        cx.bodies_of_nothing.push(node.at.clone());
    }
    is_left_out
}

/// Reports the bodies that were left out because nothing is said of them, all at once.
pub(crate) fn report(cx: &mut Context) {
    let places = std::mem::take(&mut cx.bodies_of_nothing);
    let Some(first) = places.first() else { return };
    let message = match places.len() {
        1 => "the description says nothing of this body of a GET, HEAD or DELETE request; \
              it is not offered"
            .to_owned(),
        count => format!(
            "the description says nothing of the bodies of {count} GET, HEAD and DELETE requests, \
             of which this is the first; they are not offered"
        ),
    };
    let help = "give the body's schema properties, where the API reads it";
    cx.report(Diagnostic::note(first.as_str(), message, help));
}

/// Whether a schema leaves open what a body holds: it names neither properties nor values.
fn says_nothing<'d>(cx: &Context<'d>, schema: &Node<'d>, depth: usize) -> bool {
    let Ok(target) = schema::target(cx.document, schema) else {
        return false;
    };
    let members = match target.value {
        Value::Bool(true) => return true,
        Value::Object(members) => members,
        _ => return false,
    };
    members
        .iter()
        .all(|(keyword, value)| match keyword.as_str() {
            "type" => value == "object",
            "properties" | "required" => is_empty(value),
            "additionalProperties" | "unevaluatedProperties" => {
                value.is_boolean() || is_empty(value)
            }
            "allOf" => {
                let parts = target.items("allOf");
                depth < MAX_DEPTH && parts.iter().all(|part| says_nothing(cx, part, depth + 1))
            }
            "title" | "description" | "example" | "examples" | "default" | "deprecated"
            | "externalDocs" | "xml" | "nullable" | "readOnly" | "writeOnly" | "$comment"
            | "$id" | "$anchor" | "$schema" | "$defs" => true,
            extension => extension.starts_with("x-"),
        })
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty)
        || value.as_array().is_some_and(Vec::is_empty)
}
