//! Lowering: from a [`Document`] to the neutral model, with every decision taken.
//!
//! One pass a file. An operation that cannot be lowered is left out with a diagnostic; no other
//! is the worse for it.

mod annotation;
mod arguments;
mod body;
mod example;
mod keyword;
mod media;
mod name;
mod parameter;
mod response;
mod schema;
mod security;

use annotation::Annotation;
use arguments::Arguments;
use name::Origin;
use openapiv3 as v3;
use schema::{Lowering, finished};

use crate::diagnostic::Diagnostic;
use crate::ir::{Access, Api, In, Operation, RequestBody, Schema, Server, ServerVariable};
use crate::openapi::{Document, PathOperation, join};

/// The longest description of a tool, in bytes.
const MAX_DESCRIPTION: usize = 4096;

/// What became of a document.
#[derive(Debug)]
pub struct Lowered {
    /// The API.
    pub api: Api,
    /// What was found, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// Lowers a document.
#[must_use]
pub fn lower(mut document: Document) -> Lowered {
    let mut diagnostics = std::mem::take(&mut document.diagnostics);
    let schemes = security::schemes(&document.security_schemes, &mut diagnostics);
    let shown: Vec<(&PathOperation, Annotation)> = document
        .operations
        .iter()
        .map(|operation| {
            (
                operation,
                annotation(operation, &document, &mut diagnostics),
            )
        })
        .filter(|(_, annotation)| !annotation.hidden)
        .collect();
    let origins: Vec<_> = shown
        .iter()
        .map(|(operation, annotation)| Origin {
            path: &operation.path,
            method: &operation.method,
            wanted: annotation
                .name
                .as_deref()
                .or(operation.operation.operation_id.as_deref()),
        })
        .collect();
    let names = name::assign(&origins);

    let mut lowering = Lowering::new(&document.schemas, document.dialect);
    let mut operations = Vec::with_capacity(shown.len());
    for ((operation, annotation), name) in shown.iter().zip(names) {
        let mut lowered = self::operation(operation, annotation, name, &mut lowering);
        let security = operation
            .operation
            .security
            .as_ref()
            .unwrap_or(&document.security);
        let at = join(&operation.pointer, "security");
        lowered.security =
            security::requirements(security, &schemes, &at, &mut lowering.diagnostics);
        operations.push(lowered);
    }
    operations.sort_by(|a, b| a.name.cmp(&b.name));
    let roots = operations
        .iter()
        .flat_map(|operation| std::iter::once(&operation.input).chain(operation.output.as_ref()));
    let definitions = lowering.reached(roots);
    diagnostics.append(&mut lowering.diagnostics);
    document.locate(&mut diagnostics);
    let api = Api {
        title: document.title,
        version: document.version,
        description: document.description,
        servers: servers(&document.servers),
        security_schemes: schemes,
        operations,
        definitions,
    };
    Lowered { api, diagnostics }
}

fn annotation(
    operation: &PathOperation,
    document: &Document,
    diagnostics: &mut Vec<Diagnostic>,
) -> Annotation {
    let own = operation.operation.extensions.get("x-mcp");
    let own = own.map(|value| (value, join(&operation.pointer, "x-mcp")));
    let path = operation.path_extension.as_ref();
    let path = path.map(|value| (value, join(&join("/paths", &operation.path), "x-mcp")));
    let tags = operation.operation.tags.iter().filter_map(|tag| {
        let (index, _, value) = document.tag_extensions.get_full(tag)?;
        Some((value, format!("/tags/{index}/x-mcp")))
    });
    annotation::read(own.into_iter().chain(path).chain(tags), diagnostics)
}

fn operation(
    source: &PathOperation,
    annotation: &Annotation,
    name: String,
    lowering: &mut Lowering<'_>,
) -> Operation {
    let operation = &source.operation;
    let mut arguments = Arguments::default();
    let mut bound = Vec::new();

    // Names go to the path first and to the body last; the schema keeps the description's order.
    let mut parameters = parameter::parameters(source, lowering);
    for location in [In::Path, In::Query, In::QueryString, In::Header, In::Cookie] {
        for lowered in parameters
            .iter_mut()
            .filter(|lowered| lowered.parameter.location == location)
        {
            lowered.parameter.argument = arguments.claim(&lowered.parameter.name, place(location));
        }
    }
    let mut kept = Vec::with_capacity(parameters.len());
    for parameter::Lowered {
        mut parameter,
        schema,
    } in parameters
    {
        parameter.bind = annotation.bind.get(&parameter.argument).copied();
        if parameter.bind.is_some() {
            bound.push(parameter.argument.clone());
        } else {
            arguments.add(&parameter.argument, schema, parameter.required);
        }
        kept.push(parameter);
    }
    let request_body = operation.request_body.as_ref().and_then(|body| match body {
        v3::ReferenceOr::Item(body) => body::body(body, &annotation.bind, &mut arguments, lowering),
        // References were resolved when the document was read.
        v3::ReferenceOr::Reference { .. } => None,
    });
    bound.extend(bound_properties(request_body.as_ref()));
    for argument in annotation
        .bind
        .keys()
        .filter(|argument| !bound.contains(argument))
    {
        lowering.diagnostics.push(Diagnostic::warning(
            join(&source.pointer, "x-mcp"),
            format!("`x-mcp.bind` names no argument `{argument}`"),
            "name a parameter or a property of the body as the tool calls it",
        ));
    }

    let safe = matches!(
        source.method.as_str(),
        "GET" | "HEAD" | "OPTIONS" | "TRACE" | "QUERY"
    );
    let access = annotation
        .access
        .unwrap_or(if safe { Access::Read } else { Access::Write });
    let reads = access == Access::Read;
    let repeats = safe || matches!(source.method.as_str(), "PUT" | "DELETE");
    let title = annotation
        .title
        .clone()
        .or_else(|| one_line(operation.summary.as_deref()));
    let title = title.unwrap_or_else(|| name::humanize(&name));
    let description = annotation.description.clone();
    let description = description.unwrap_or_else(|| describe(operation, &title));
    Operation {
        title,
        description: cut(&description),
        tag: operation
            .tags
            .first()
            .cloned()
            .unwrap_or_else(|| "default".to_owned()),
        operation_id: operation.operation_id.clone(),
        method: source.method.clone(),
        path: source.path.clone(),
        access,
        destructive: annotation
            .destructive
            .unwrap_or(!reads && source.method == "DELETE"),
        idempotent: annotation.idempotent.unwrap_or(reads || repeats),
        parameters: kept,
        request_body,
        responses: response::responses(&operation.responses),
        security: Vec::new(),
        servers: servers(&source.servers),
        input: input(arguments),
        output: response::output(&operation.responses, lowering),
        example: example::example(&operation.responses, lowering),
        name,
    }
}

fn input(arguments: Arguments) -> Schema {
    finished(arguments.finish())
}

fn bound_properties(body: Option<&RequestBody>) -> Vec<String> {
    match body.map(|body| &body.content) {
        Some(crate::ir::Content::Properties(properties)) => properties
            .iter()
            .filter(|property| property.bind.is_some())
            .map(|property| property.argument.clone())
            .collect(),
        _ => Vec::new(),
    }
}

fn place(location: In) -> &'static str {
    match location {
        In::Path => "path",
        In::Query | In::QueryString => "query",
        In::Header => "header",
        In::Cookie => "cookie",
    }
}

fn one_line(text: Option<&str>) -> Option<String> {
    let words: Vec<_> = text?.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Summary and description, neither said twice.
fn describe(operation: &v3::Operation, title: &str) -> String {
    let text = |text: &Option<String>| {
        text.as_deref()
            .map(str::trim)
            .unwrap_or_default()
            .to_owned()
    };
    let (summary, description) = (text(&operation.summary), text(&operation.description));
    let mut said = match (summary.as_str(), description.as_str()) {
        ("", "") => title.to_owned(),
        (summary, "") => summary.to_owned(),
        ("", description) => description.to_owned(),
        (summary, description) if description.starts_with(summary.trim_end_matches('.')) => {
            description.to_owned()
        }
        (summary, description) => format!("{summary}\n\n{description}"),
    };
    if operation.deprecated {
        said = format!("Deprecated. {said}");
    }
    said
}

/// A description that is not too long, cut between words.
fn cut(text: &str) -> String {
    let text = text.trim();
    if text.len() <= MAX_DESCRIPTION {
        return text.to_owned();
    }
    let mut end = MAX_DESCRIPTION;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept = text.get(..end).unwrap_or(text);
    let kept = kept
        .rfind(char::is_whitespace)
        .and_then(|at| kept.get(..at))
        .unwrap_or(kept);
    format!(
        "{} … (the rest of the description is left out)",
        kept.trim_end()
    )
}

fn servers(servers: &[v3::Server]) -> Vec<Server> {
    let variables = |server: &v3::Server| {
        let variables = server.variables.iter().flatten();
        variables
            .map(|(name, variable)| ServerVariable {
                name: name.clone(),
                default: variable.default.clone(),
                allowed: variable.enumeration.clone(),
            })
            .collect()
    };
    servers
        .iter()
        .map(|server| Server {
            url: server.url.clone(),
            variables: variables(server),
        })
        .collect()
}
