//! The operations of a description, wherever their path items are.

use super::template;
use crate::diagnostic::Diagnostic;
use crate::lower::context::Context;
use crate::openapi::Node;

/// An operation as the description has it.
#[derive(Debug)]
pub(crate) struct Source<'d> {
    /// In upper case.
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) item: Node<'d>,
    /// Where the path is, if the path item is elsewhere.
    pub(crate) item_at: String,
    pub(crate) operation: Node<'d>,
}

impl<'d> Source<'d> {
    pub(crate) fn operation_id(&self) -> Option<&'d str> {
        self.operation
            .text("operationId")
            .filter(|id| !id.trim().is_empty())
    }
}

/// Methods that are fields of a Path Item Object; `query` only since 3.2.
const METHODS: [&str; 9] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace", "query",
];

/// The operations of a description, in its order.
pub(crate) fn sources<'d>(cx: &mut Context<'d>, root: &Node<'d>) -> Vec<Source<'d>> {
    let document = cx.document;
    let mut sources = Vec::new();
    if let Some(paths) = root.get("paths").filter(|paths| paths.object().is_none()) {
        cx.report(Diagnostic::error(
            paths.at,
            "the paths are no object",
            "map each path to its operations",
        ));
    }
    for (path, item) in root.members("paths") {
        if path.starts_with("x-") {
            continue;
        }
        let at = item.at.clone();
        let found = match cx.document.resolve(item) {
            Ok(found) if found.object().is_some() => found,
            Ok(found) => {
                cx.report(Diagnostic::error(
                    found.at,
                    format!("the path {path} is no object; its operations are left out"),
                    "map methods to operations",
                ));
                continue;
            }
            Err(found) => {
                let message = format!("the operations of {path} are left out: {}", found.message);
                cx.report(Diagnostic::error(found.pointer, message, found.help));
                continue;
            }
        };
        let mut methods: Vec<(String, Node)> = Vec::new();
        for (field, operation) in found.entries() {
            let known = METHODS.contains(&field);
            if known && (field != "query" || document.dialect().has_more_methods) {
                methods.push((field.to_ascii_uppercase(), operation));
            }
        }
        if document.dialect().has_more_methods {
            for (method, operation) in found.members("additionalOperations") {
                methods.push((method.to_owned(), operation));
            }
        }
        for (method, operation) in methods {
            // Not by the specification, but widely done in descriptions of many files.
            let operation = cx.document.resolve(operation.clone()).unwrap_or(operation);
            let sent = template::path(cx, path, &at, &[&found, &operation]);
            sources.push(Source {
                method,
                path: sent,
                item: found.clone(),
                item_at: at.clone(),
                operation,
            });
        }
    }
    sources
}
