//! Responses.

use super::context::Context;
use super::media_type::{self, is_json};
use crate::ir;
use crate::openapi::Node;

/// A response as the description has it.
pub(crate) struct Response<'d> {
    pub(crate) declared: ir::Response,
    pub(crate) content: Vec<(&'d str, Node<'d>)>,
    /// The names of its header fields, in lower case.
    pub(crate) headers: Vec<String>,
}

impl<'d> Response<'d> {
    pub(crate) fn is_success(&self) -> bool {
        self.declared.status.starts_with('2')
    }

    /// Whether all its content is JSON, and there is some.
    pub(crate) fn is_json_only(&self) -> bool {
        !self.content.is_empty() && self.content.iter().all(|(name, _)| is_json(name))
    }

    /// Its JSON content.
    pub(crate) fn json(&self) -> Option<&Node<'d>> {
        self.content
            .iter()
            .find(|(name, _)| is_json(name))
            .map(|(_, media)| media)
    }
}

/// The responses of an operation. One that cannot be read is reported and left out.
pub(crate) fn responses<'d>(cx: &mut Context<'d>, operation: &Node<'d>) -> Vec<Response<'d>> {
    let mut responses = Vec::new();
    for (status, node) in operation.members("responses") {
        if status.starts_with("x-") {
            continue;
        }
        let node = match cx.document.resolve(node) {
            Ok(node) => node,
            Err(found) => {
                cx.report(found);
                continue;
            }
        };
        let mut content = Vec::new();
        for (name, media) in node.members("content") {
            match cx.document.resolve(media) {
                Ok(media) => content.push((name, media)),
                Err(found) => cx.report(found),
            }
        }
        let media_types = content.iter().map(|(name, _)| (*name).to_owned()).collect();
        let declared = ir::Response {
            status: status.to_ascii_uppercase(),
            media_types,
        };
        let declared = match status {
            "default" => ir::Response {
                status: status.to_owned(),
                ..declared
            },
            _ => declared,
        };
        let headers = node.members("headers").into_iter();
        let headers = headers.map(|(name, _)| name.to_ascii_lowercase());
        responses.push(Response {
            headers: headers.collect(),
            declared,
            content,
        });
    }
    responses
}

/// What the description says of each response.
pub(crate) fn declared(responses: Vec<Response>) -> Vec<ir::Response> {
    let responses = responses.into_iter();
    responses.map(|response| response.declared).collect()
}

/// The responses that answer a call which succeeds: those of 2xx, or `default` where there are none.
pub(crate) fn successes<'r, 'd>(responses: &'r [Response<'d>]) -> Vec<&'r Response<'d>> {
    let good: Vec<_> = responses.iter().filter(|one| one.is_success()).collect();
    if !good.is_empty() {
        return good;
    }
    let default = responses.iter();
    let default = default.filter(|one| one.declared.status == "default");
    default.collect()
}

/// The names of the header fields that answers of success may have and that say something of what
/// was asked for, in order and in lower case.
pub(crate) fn headers(responses: &[Response]) -> Vec<String> {
    let mut names: Vec<_> = successes(responses)
        .into_iter()
        .flat_map(|one| &one.headers)
        .filter(|name| is_of_the_answer(name))
        .cloned()
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether a header field is neither about how many requests may be made, nor an id for a log, nor
/// about the message that carries the answer.
fn is_of_the_answer(name: &str) -> bool {
    let is_of_the_message = matches!(
        name,
        "cache-control" | "content-encoding" | "content-length" | "content-type" | "date" | "vary"
    );
    let ids = [
        "request-id",
        "requestid",
        "correlation-id",
        "trace-id",
        "traceparent",
    ];
    let rates = ["ratelimit", "rate-limit"];
    !is_of_the_message
        && !ids.iter().any(|end| name.ends_with(end))
        && !rates.iter().any(|part| name.contains(part))
}

/// The value of `Accept`: what the responses of success may be.
pub(crate) fn accept(responses: &[Response]) -> String {
    let successes = responses
        .iter()
        .filter(|one| one.is_success() || one.declared.status == "default");
    let names = successes.flat_map(|one| &one.declared.media_types);
    media_type::accept(names.map(String::as_str))
}
