//! What references between schemas lead to.

use crate::diagnostic::Diagnostic;
use crate::openapi::{Document, Node};

/// How many schemas that are nothing but a reference are passed by. Each schema that leads through
/// a long chain follows all of it, so without a bound the work grows with the square of its length.
const MAX_HOPS: usize = 16;

/// What a reference leads to once schemas that are nothing but a reference are passed by.
pub(crate) fn follow<'d>(
    document: &'d Document,
    reference: &str,
    at: &str,
) -> Result<Node<'d>, Diagnostic> {
    let mut node = document.target(reference, at)?;
    for _ in 0..MAX_HOPS {
        let next = node.text("$ref").filter(|_| {
            let alone = node.object().is_some_and(|schema| schema.len() == 1);
            alone || !document.dialect().has_schema_siblings
        });
        let Some(next) = next else {
            return Ok(node);
        };
        node = document.target(next, &node.at)?;
    }
    Err(Diagnostic::warning(
        node.at,
        format!("the references lead in a circle, or through more than {MAX_HOPS} others"),
        "let one of them lead to a schema",
    ))
}

/// The schema that `node` represents: what it refers to, or else itself. What is beside a
/// reference is not looked at.
///
/// # Errors
/// Where the reference leads nowhere, or in a circle.
pub(crate) fn target<'d>(document: &'d Document, node: &Node<'d>) -> Result<Node<'d>, Diagnostic> {
    match node.text("$ref") {
        Some(reference) => follow(document, reference, &node.at),
        None => Ok(node.clone()),
    }
}
