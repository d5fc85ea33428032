//! The operations that `--only` chooses.

use super::source::Source;
use crate::diagnostic::Diagnostic;
use crate::lower::context::Context;
use crate::openapi::{Node, join};
use crate::selection::{Candidate, Selection};
use crate::text::nearest;

/// Returns for each operation whether it is chosen, and reports patterns that choose none.
/// `hidden` says which operations `x-mcp` hides.
pub(crate) fn chosen(
    cx: &mut Context,
    selection: &Selection,
    sources: &[Source],
    hidden: &[bool],
) -> Vec<bool> {
    if selection.is_all() {
        return vec![true; sources.len()];
    }
    let tags: Vec<Vec<&str>> = sources.iter().map(|one| tags(&one.operation)).collect();
    let candidates: Vec<Candidate> = sources.iter().zip(&tags).map(candidate).collect();
    for pattern in selection.patterns() {
        let mut matched = candidates.iter().zip(hidden);
        let mut matched = matched
            .by_ref()
            .filter(|(one, _)| pattern.matches(one))
            .peekable();
        let is_idle = matched.peek().is_none();
        if !is_idle && matched.any(|(_, hidden)| !hidden) {
            continue;
        }
        let (message, help) = if is_idle {
            let names: Vec<String> = candidates
                .iter()
                .flat_map(|one| pattern.names(one))
                .collect();
            let text = pattern.to_string();
            let as_tag = format!("tag:{text}");
            let meant = match names.contains(&as_tag) {
                true => Some(as_tag.as_str()),
                false => nearest(&text, names.iter().map(String::as_str)),
            };
            let help = match meant {
                Some(meant) => format!("did you mean --only '{meant}'?"),
                None => "name a tag, a method and a path, or an operationId of the description"
                    .to_owned(),
            };
            (format!("--only '{pattern}' selects no operation"), help)
        } else {
            let message = format!("--only '{pattern}' selects only operations that `x-mcp` hides");
            (
                message,
                "show them with `x-mcp: true`, or leave the pattern out".to_owned(),
            )
        };
        let list = if pattern.is_tag() { "tags" } else { "paths" };
        let at = cx.document.root().get(list).map(|list| list.at);
        let at = at.unwrap_or_else(|| join("", "paths"));
        cx.report(Diagnostic::warning(at, message, help).unmatched());
    }
    let is_chosen = |one: &Candidate| {
        let mut patterns = selection.patterns().iter();
        patterns.any(|pattern| pattern.matches(one))
    };
    candidates.iter().map(is_chosen).collect()
}

fn candidate<'c>((source, tags): (&'c Source, &'c Vec<&'c str>)) -> Candidate<'c> {
    Candidate {
        method: &source.method,
        path: &source.path,
        tags,
        operation_id: source.operation_id(),
    }
}

fn tags<'d>(operation: &Node<'d>) -> Vec<&'d str> {
    let tags = operation.items("tags").into_iter();
    tags.filter_map(|tag| tag.value.as_str()).collect()
}
