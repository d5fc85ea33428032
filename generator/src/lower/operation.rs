//! One operation, from its path item to the tool.

use serde_json::{Map, Value, json};

use super::annotation::{self, Overrides};
use super::context::Context;
use super::name::Key;
use super::parameter::{self, Arguments};
use super::{body, example, output, security, server, text};
use crate::diagnostic::Diagnostic;
use crate::ir;
use crate::openapi::Node;

/// An operation as the description has it.
#[derive(Debug)]
pub(super) struct Source<'d> {
    /// In upper case.
    pub(super) method: String,
    pub(super) path: String,
    pub(super) item: Node<'d>,
    /// Where the path stands, if the path item is elsewhere.
    pub(super) item_at: String,
    pub(super) operation: Node<'d>,
}

/// What operations take from the document unless they say otherwise.
#[derive(Debug)]
pub(super) struct Shared<'s> {
    pub(super) security: Option<Vec<Vec<ir::SecurityRequirement>>>,
    pub(super) schemes: &'s [ir::SecurityScheme],
}

impl<'d> Source<'d> {
    pub(super) fn overrides(&self, cx: &mut Context<'d>) -> Overrides {
        annotation::overrides(cx, &self.item, &self.operation)
    }

    pub(super) fn key<'s>(&'s self, overrides: &'s Overrides) -> Key<'s> {
        Key {
            wanted: overrides.name.as_deref().or_else(|| self.operation_id()),
            method: &self.method,
            path: &self.path,
        }
    }

    pub(super) fn operation_id(&self) -> Option<&'d str> {
        self.operation
            .text("operationId")
            .filter(|id| !id.trim().is_empty())
    }
}

/// Lowers an operation.
///
/// # Errors
/// Where the request could not be sent as the description wants it.
pub(super) fn lower<'d>(
    cx: &mut Context<'d>,
    source: &Source<'d>,
    overrides: &mut Overrides,
    name: String,
    shared: &Shared,
) -> Result<ir::Operation, Diagnostic> {
    let node = &source.operation;
    if node.object().is_none() {
        return Err(Diagnostic::error(
            node.at.as_str(),
            "the operation is no object",
            "describe it as an Operation Object",
        ));
    }
    if let Some(unclear) = overrides.unclear.take() {
        return Err(unclear);
    }
    if !parameter::is_token(&source.method) {
        return Err(Diagnostic::error(
            node.at.as_str(),
            format!("`{}` is no method", source.method.escape_debug()),
            "name a method of HTTP, such as COPY",
        ));
    }
    if let Some((_, callback)) = node.members("callbacks").into_iter().next() {
        cx.first_callback.get_or_insert(callback.at);
    }
    let mut arguments = Arguments::default();
    let mut parameters = parameter::parameters(cx, source, &mut arguments)?;
    let mut request_body = body::request_body(cx, node, &mut arguments)?;
    annotation::bind(
        overrides,
        &mut parameters,
        &mut request_body,
        &mut arguments,
    )?;
    let responses = example::responses(cx, node);
    let own = security::requirements(cx, node, shared.schemes);
    let own_servers = server::servers(cx, node);
    let servers = if own_servers.is_empty() {
        server::servers(cx, &source.item)
    } else {
        own_servers
    };
    let method = source.method.as_str();
    let safe = matches!(method, "GET" | "HEAD" | "OPTIONS" | "QUERY");
    let access = overrides.access.unwrap_or(if safe {
        ir::Access::Read
    } else {
        ir::Access::Write
    });
    let tag = node
        .items("tags")
        .first()
        .map(|tag| text::scalar(tag.value));
    let output = output::output(cx, &responses);
    let example = example::example(cx, &responses);
    Ok(ir::Operation {
        title: annotation::title(overrides, node, &name),
        description: annotation::description(overrides, &source.item, node, source),
        name,
        tag: tag
            .filter(|tag| !tag.trim().is_empty())
            .unwrap_or_else(|| "default".to_owned()),
        operation_id: source.operation_id().map(str::to_owned),
        method: method.to_owned(),
        path: source.path.clone(),
        access,
        destructive: overrides.destructive.unwrap_or(method == "DELETE")
            && access == ir::Access::Write,
        idempotent: overrides
            .idempotent
            .unwrap_or(access == ir::Access::Read || matches!(method, "PUT" | "DELETE")),
        parameters,
        request_body,
        responses: responses
            .into_iter()
            .map(|response| response.declared)
            .collect(),
        security: own.or_else(|| shared.security.clone()).unwrap_or_default(),
        servers,
        input: arguments.into_schema(),
        published: None,
        output,
        example,
    })
}

impl Arguments {
    /// The schema of all arguments together.
    fn into_schema(self) -> ir::Schema {
        let mut root = Map::new();
        root.insert("type".to_owned(), json!("object"));
        if !self.properties.is_empty() {
            root.insert("properties".to_owned(), Value::Object(self.properties));
        }
        if !self.required.is_empty() {
            root.insert("required".to_owned(), json!(self.required));
        }
        if !self.dependent_required.is_empty() {
            root.insert(
                "dependentRequired".to_owned(),
                json!(self.dependent_required),
            );
        }
        root.insert("additionalProperties".to_owned(), json!(false));
        let json = Value::Object(root);
        let definitions = super::definition::named(&json);
        ir::Schema { json, definitions }
    }
}
