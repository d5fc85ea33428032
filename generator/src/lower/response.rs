//! Responses.

use super::context::Context;
use super::media_type::{self, is_json};
use crate::ir;
use crate::openapi::Node;

/// A response as the description has it.
pub(crate) struct Response<'d> {
    pub(crate) declared: ir::Response,
    pub(crate) content: Vec<(&'d str, Node<'d>)>,
}

impl<'d> Response<'d> {
    pub(crate) fn is_success(&self) -> bool {
        self.declared.status.starts_with('2')
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
        responses.push(Response { declared, content });
    }
    responses
}

/// The value of `Accept`: what the responses of success may be.
pub(crate) fn accept(responses: &[Response]) -> String {
    let successes = responses
        .iter()
        .filter(|one| one.is_success() || one.declared.status == "default");
    let names = successes.flat_map(|one| &one.declared.media_types);
    media_type::accept(names.map(String::as_str))
}
