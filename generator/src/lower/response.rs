//! Responses.

use super::context::Context;
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

pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
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
