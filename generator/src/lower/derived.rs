//! What follows from the rest of an API.

use super::argument::arguments;
use crate::ir::{Api, Content, Operation, Server};
use crate::text::is_hidden;

/// Fills in the fields of an API that follow from its servers, operations and definitions: the
/// arguments of tools, where calls go by themselves, and whether they carry the workspace.
pub fn derive(api: &mut Api) {
    api.base_url = api.servers.iter().find_map(base_url);
    api.binds_workspace = api.operations.iter().any(binds_workspace);
    let derived = api.operations.iter();
    let derived: Vec<_> = derived.map(|operation| arguments(operation, api)).collect();
    for (operation, arguments) in api.operations.iter_mut().zip(derived) {
        operation.arguments = arguments;
    }
}

/// The URL of a server, its variables filled in, if it is absolute and calls can be built on it.
fn base_url(server: &Server) -> Option<String> {
    let variables = server.variables.iter();
    let url = variables.fold(server.url.clone(), |url, variable| {
        url.replace(&format!("{{{}}}", variable.name), &variable.default)
    });
    let absolute = url.starts_with("http://") || url.starts_with("https://");
    let is_base = !url.contains(|c: char| "{}?#@\"\\<>^`| ".contains(c) || is_hidden(c));
    (absolute && is_base).then_some(url)
}

/// Whether an argument is filled with the caller's workspace.
fn binds_workspace(operation: &Operation) -> bool {
    let properties = match operation.request_body.as_ref().map(|body| &body.content) {
        Some(Content::Properties(properties)) => properties.as_slice(),
        _ => &[],
    };
    let mut parameters = operation.parameters.iter();
    parameters.any(|parameter| parameter.bind.is_some())
        || properties.iter().any(|property| property.bind.is_some())
}
