//! Lowering: from a [`Document`] to an [`ir::Api`], with every decision taken.
//!
//! One pass a file. Operations are lowered one by one; one that cannot be is left out with a
//! diagnostic, and the others go on.

mod argument;
mod comment;
mod context;
mod derived;
mod digest;
mod example;
mod media_type;
mod operation;
mod publish;
mod response;
mod schema;
mod sentence;
mod settings;

use std::collections::{HashMap, HashSet};

pub use derived::derive;
pub use operation::RESERVED_NAMES;
pub use settings::{MAX_DEFINITION_BYTES, Outputs, Settings};

use crate::diagnostic::Diagnostic;
use crate::ir;
use crate::openapi::{Document, Node, join};
use context::Context;
use operation::{ExtendedTags, Overrides, Source};
pub(crate) use publish::Sizes;
use url::Url;

/// What became of a description.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lowered {
    /// The API, as far as it could be lowered.
    pub api: ir::Api,
    /// What there is to say about the description, in the order of its lines; then what there is
    /// to say about other files.
    pub diagnostics: Vec<Diagnostic>,
}

/// The most sentences that say what the API is.
const SUMMARY_SENTENCES: usize = 2;
/// Their length at most, in bytes.
const MAX_SUMMARY: usize = 400;
/// The longest description of a tag, in bytes.
const MAX_TAG_DESCRIPTION: usize = 500;

/// Lowers a description.
pub fn lower(document: Document) -> Lowered {
    lower_with(document, &Settings::default())
}

/// Lowers a description as the settings say.
pub fn lower_with(mut document: Document, settings: &Settings) -> Lowered {
    let found = document.take_diagnostics();
    let mut cx = Context::new(&document, found, settings);
    let api = api(&mut cx, settings);
    let mut diagnostics = cx.into_diagnostics();
    document.locate(&mut diagnostics);
    diagnostics.sort_by(|a, b| {
        let line = |found: &Diagnostic| found.line.unwrap_or(usize::MAX);
        let place = (&a.file, line(a), &a.pointer);
        place.cmp(&(&b.file, line(b), &b.pointer))
    });
    Lowered { api, diagnostics }
}

fn api(cx: &mut Context, settings: &Settings) -> ir::Api {
    let root = cx.document.root();
    let info = root.get("info");
    let text_of = |field: &str| {
        let value = info.as_ref().and_then(|info| info.get(field));
        value
            .map(|node| operation::scalar(node.value).trim().to_owned())
            .unwrap_or_default()
    };
    let security_schemes = operation::schemes(cx, &root);
    let sources = operation::sources(cx, &root);
    let tags = ExtendedTags::of(cx.document);
    let mut overrides: Vec<_> = sources
        .iter()
        .map(|source| operation::overrides(cx, &tags, source))
        .collect();
    let hidden: Vec<bool> = overrides.iter().map(|one| one.hidden).collect();
    let chosen = operation::chosen(cx, &settings.only, &sources, &hidden);
    for (overrides, chosen) in overrides.iter_mut().zip(chosen) {
        overrides.hidden |= !chosen;
    }
    let mut shown = Vec::new();
    for (source, overrides) in sources.iter().zip(&mut overrides) {
        if !overrides.hidden {
            shown.push((source, overrides));
        }
    }
    let all_hidden = shown.is_empty() && !sources.is_empty();
    let names = operation::kept_names(cx, &settings.lock, &shown);
    report_shared_ids(cx, &shown, &names);
    let shared = operation::Shared {
        security: operation::requirements(cx, &root, &security_schemes),
        schemes: &security_schemes,
    };
    let mut operations = Vec::new();
    let mut budget = publish::Budget::default();
    for ((source, overrides), name) in shown.into_iter().zip(names) {
        let lowered = operation::lower(cx, source, overrides, name, &shared);
        match lowered.and_then(|operation| budget.spend(operation, &source.operation)) {
            Ok(operation) => operations.push(operation),
            Err(found) => cx.report(left_out(found, source)),
        }
        if budget.is_spent() {
            break;
        }
    }
    operation::settle_aliases(cx, &mut operations, &settings.lock);
    operation::report_unused(cx, &overrides);
    operation::report_bodies_of_nothing(cx);
    operations.sort_by(|a, b| a.name.cmp(&b.name));
    report_what_is_no_tool(cx, &root);
    if operations.is_empty() {
        report_empty(cx, &root, all_hidden.then_some(sources.len()));
    }
    let servers = operation::servers(cx, &root);
    let mut definitions = schema::reached(cx, &operations);
    schema::open_unions(&mut operations, &mut definitions);
    schema::bound_unevaluated(cx, &mut operations, &mut definitions);
    schema::bound_compositions(cx, &mut operations, &mut definitions);
    let mut api = ir::Api {
        tags: described_tags(&root, &operations),
        server_name: operation::server_name(&text_of("title")),
        title: text_of("title"),
        version: text_of("version"),
        summary: summary(&text_of("summary"), &text_of("description")),
        description: comment::without_comments(&text_of("description")),
        logo: logo(&root),
        servers,
        security_schemes,
        operations,
        definitions,
        ..ir::Api::default()
    };
    publish::bound(cx, &mut api);
    publish::shorten(cx, &mut api);
    publish::report_catalogue(cx, &api);
    derive(&mut api);
    api
}

/// The URL of the API's logo, where clients may load it: over https.
fn logo(root: &Node) -> Option<String> {
    let logo = root.get("info")?.get("x-logo")?;
    let url = Url::parse(logo.text("url")?.trim()).ok()?;
    (url.scheme() == "https").then(|| url.to_string())
}

/// What the API is, in a few words: `info.summary`, or else how its description begins.
fn summary(summary: &str, description: &str) -> String {
    let text = match summary {
        "" => description,
        summary => summary,
    };
    sentence::first(
        &comment::without_comments(text),
        SUMMARY_SENTENCES,
        MAX_SUMMARY,
    )
}

/// The tags of the document that operations have, with their descriptions.
fn described_tags(root: &Node, operations: &[ir::Operation]) -> Vec<ir::Tag> {
    let used: HashSet<&str> = operations
        .iter()
        .flat_map(|operation| &operation.tags)
        .map(String::as_str)
        .collect();
    let mut tags: Vec<ir::Tag> = Vec::new();
    for tag in root.items("tags") {
        let name = tag.text("name").filter(|name| used.contains(name));
        let description = tag.text("description").map(comment::without_comments);
        let (Some(name), Some(description)) = (name, description) else {
            continue;
        };
        let is_known = tags.iter().any(|known| known.name == name);
        if !description.is_empty() && !is_known {
            let name = name.to_owned();
            let description = operation::shorten(&description, MAX_TAG_DESCRIPTION);
            tags.push(ir::Tag { name, description });
        }
    }
    tags
}

/// Operations that share an operationId, which is to be unique, are distinguished by their routes.
fn report_shared_ids<'d>(
    cx: &mut Context<'d>,
    shown: &[(&Source<'d>, &mut Overrides)],
    names: &[String],
) {
    let mut first: HashMap<&str, &str> = HashMap::new();
    for ((source, _), name) in shown.iter().zip(names) {
        let Some(id) = source.operation_id() else {
            continue;
        };
        if let Some(other) = first.get(id) {
            cx.warn(
                join(&source.operation.at, "operationId"),
                format!("the operationId `{id}` is not unique; the tools are called `{other}` and `{name}`"),
                "give each operation an id of its own",
            );
        } else {
            first.insert(id, name);
        }
    }
}

/// What made an operation impossible is reported as the error that it is to its user.
fn left_out(found: Diagnostic, source: &Source) -> Diagnostic {
    let message = format!(
        "{} {} is left out: {}",
        source.method, source.path, found.message
    );
    Diagnostic {
        is_unmatched: found.is_unmatched,
        ..Diagnostic::error(found.pointer, message, found.help)
    }
}

fn report_what_is_no_tool(cx: &mut Context, root: &Node) {
    let webhooks = root.members("webhooks");
    let first = webhooks.first().map(|(_, node)| node.at.clone());
    if first.is_some() {
        cx.report(Diagnostic::note(
            "/webhooks",
            format!(
                "{} webhooks make no tools: the API calls them",
                webhooks.len()
            ),
            "nothing is to be done",
        ));
    }
    if let Some(at) = cx.first_callback.take() {
        cx.report(Diagnostic::note(
            at,
            "callbacks make no tools: the API calls them",
            "nothing is to be done",
        ));
    }
}

/// Reports that there are no tools; `hidden` is how many operations are not shown, where these are
/// all.
fn report_empty(cx: &mut Context, root: &Node, hidden: Option<usize>) {
    let parts = ["paths", "components", "webhooks"];
    let (why, help) = match hidden {
        Some(hidden) => (
            format!("{hidden} operations, and `x-mcp` or `--only` leaves out each of them"),
            "show some: `x-mcp: true` on an operation, or another pattern",
        ),
        None if parts.iter().any(|part| root.get(part).is_some()) => (
            "no operations that could be tools".to_owned(),
            "add operations under `paths`",
        ),
        // OpenAPI Object, since 3.1.
        None => (
            "none of `paths`, `components` and `webhooks`".to_owned(),
            "add operations under `paths`",
        ),
    };
    cx.report(Diagnostic::warning(
        join("", "paths"),
        format!("the description has {why}, so the catalogue is empty"),
        help,
    ));
}
