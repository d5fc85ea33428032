//! One operation, from its path item to the tool.

mod alias;
mod annotation;
mod arguments;
mod bodiless;
mod body;
mod chosen;
mod encoding;
mod file;
mod kept;
mod media;
mod name;
mod paging;
mod parameter;
mod security;
mod server;
mod source;
mod template;
mod text;

use super::context::Context;
use super::{example, publish, response};
use crate::diagnostic::Diagnostic;
use crate::ir;
use crate::openapi::Node;
pub(crate) use alias::settle as settle_aliases;
pub(crate) use annotation::{ExtendedTags, Overrides, overrides, report_unused};
use arguments::Arguments;
pub(crate) use bodiless::report as report_bodies_of_nothing;
pub(crate) use chosen::chosen;
pub(crate) use kept::names as kept_names;
pub use name::RESERVED_NAMES;
use security::Requirements;
pub(crate) use security::{requirements, schemes};
pub(crate) use server::servers;
pub(crate) use source::{Source, sources};
pub(crate) use text::{scalar, server_name, shorten};

/// What operations take from the document unless they say otherwise.
#[derive(Debug)]
pub(crate) struct Shared<'s> {
    pub(crate) security: Option<Requirements>,
    pub(crate) schemes: &'s [ir::SecurityScheme],
}

/// Lowers an operation.
///
/// # Errors
/// Where the request could not be sent as the description wants it.
pub(crate) fn lower<'d>(
    cx: &mut Context<'d>,
    source: &Source<'d>,
    overrides: &mut Overrides,
    name: String,
    shared: &Shared,
) -> Result<ir::Operation, Diagnostic> {
    let node = &source.operation;
    check(source, overrides)?;
    if let Some((_, callback)) = node.members("callbacks").into_iter().next() {
        cx.first_callback.get_or_insert(callback.at);
    }
    let mut arguments = Arguments::default();
    arguments.reserve(body::wire_names(cx, source).into_iter());
    let mut parameters = parameter::parameters(cx, source, &mut arguments)?;
    let mut request_body = body::request_body(cx, source, &mut arguments)?;
    annotation::bind(
        overrides,
        &mut parameters,
        &mut request_body,
        &mut arguments,
    )?;
    let responses = response::responses(cx, node);
    let own = security::requirements(cx, node, shared.schemes);
    let security = own.or_else(|| shared.security.clone()).unwrap_or_default();
    let servers = server::own_servers(cx, node, &source.item);
    let method = source.method.as_str();
    let access = overrides.access.unwrap_or_else(|| default_access(method));
    let is_write = access == ir::Access::Write;
    let output = publish::output(cx, &responses);
    let taken = paging::Taken {
        parameters: &parameters,
        body: request_body.as_ref(),
        arguments: &arguments,
        access,
    };
    let paging = paging::settle(cx.document, overrides, &taken, &responses);
    let example = example::example(cx, &responses);
    Ok(ir::Operation {
        title: annotation::title(overrides, node, &name),
        description: annotation::description(overrides, &source.item, node, source),
        pinned: overrides.pin.unwrap_or_default(),
        cost: overrides.cost.unwrap_or(1),
        phrases: overrides.phrases.clone().unwrap_or_default(),
        name,
        aliases: std::mem::take(&mut overrides.aliases),
        tags: tags(node),
        tag: tag(node),
        operation_id: source.operation_id().map(str::to_owned),
        method: method.to_owned(),
        path: source.path.clone(),
        access,
        destructive: is_write && overrides.destructive.unwrap_or(method == "DELETE"),
        open_world: overrides.open_world.filter(|open| *open != is_write),
        idempotent: overrides
            .idempotent
            .unwrap_or(!is_write || matches!(method, "PUT" | "DELETE")),
        parameters,
        request_body,
        accept: response::accept(&responses),
        response_headers: response::headers(&responses),
        long_answers: !is_write && paging::has_long_list(cx.document, &responses),
        paging,
        responses: response::declared(responses),
        security: security.schemes,
        scopes: security.scopes,
        servers,
        input: arguments.into_schema(),
        output,
        example,
        // What is left is decided when the schemas are final.
        ..ir::Operation::default()
    })
}

/// Whether the operation can be a tool at all.
///
/// # Errors
/// Where it cannot.
fn check(source: &Source, overrides: &mut Overrides) -> Result<(), Diagnostic> {
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
    if !text::is_token(&source.method) {
        return Err(Diagnostic::error(
            node.at.as_str(),
            format!("`{}` is no method", source.method.escape_debug()),
            "name a method of HTTP, such as COPY",
        ));
    }
    Ok(())
}

/// The effect of a method (RFC 9110 §9.2.1).
fn default_access(method: &str) -> ir::Access {
    match method {
        "GET" | "HEAD" | "OPTIONS" | "QUERY" => ir::Access::Read,
        _ => ir::Access::Write,
    }
}

/// The tags of an operation, each once.
fn tags(operation: &Node) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for item in operation.items("tags") {
        let tag = text::scalar(item.value);
        if !tag.trim().is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// The first tag of an operation.
fn tag(operation: &Node) -> String {
    let tags = operation.items("tags");
    let first = tags.first().map(|tag| text::scalar(tag.value));
    first
        .filter(|tag| !tag.trim().is_empty())
        .unwrap_or_else(|| "default".to_owned())
}
