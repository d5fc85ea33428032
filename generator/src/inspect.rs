//! Reports what a description becomes, tool by tool: for people, and for programs that compare.

use std::fmt::Write;

use serde::Serialize;

use crate::BYTES_OF_A_TOKEN;
use crate::diagnostic::{Diagnostic, Severity};
use crate::ir::{self, Access, Content, In, Style};
use crate::lower::Sizes;

/// How many of the largest tools are listed where they exceed a budget.
const LARGEST: usize = 10;

/// The tools of a description, and what was found on the way.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// The tools, sorted by name.
    pub tools: Vec<Tool>,
    /// The overlays that were applied, in order.
    pub overlays: Vec<String>,
    /// The findings.
    pub diagnostics: Vec<Diagnostic>,
}

/// One tool.
#[derive(Clone, Debug, Serialize)]
pub struct Tool {
    /// Tool name.
    pub name: String,
    /// HTTP method in upper case.
    pub method: String,
    /// Path template.
    pub path: String,
    /// `operationId`, where there is one.
    pub operation_id: Option<String>,
    /// `read` or `write`.
    pub access: &'static str,
    /// Size of the definition that clients are served: bytes of compact JSON.
    pub bytes: usize,
    /// Size of the whole definition, which `describe_tools` returns.
    pub whole_bytes: usize,
    /// The parts of the definition of which clients are shown less in lists: `description`, `input`,
    /// `output`.
    pub shortened: Vec<&'static str>,
    /// Everything that travels: parameters, then the parts of the body.
    pub parameters: Vec<Parameter>,
    /// Alternatives of scheme names that go together.
    pub security: Vec<Vec<String>>,
    /// Media types the description offers for the request.
    pub request_media_types: Vec<String>,
    /// Media types of all responses, each once, in their order.
    pub response_media_types: Vec<String>,
}

/// One thing that travels.
#[derive(Clone, Debug, Serialize)]
pub struct Parameter {
    /// The tool's argument; none where the value comes from the caller's context.
    pub argument: Option<String>,
    /// Name on the wire.
    pub name: String,
    /// `path`, `query`, `querystring`, `header`, `cookie` or `body`.
    #[serde(rename = "in")]
    pub location: &'static str,
    /// Whether a call needs it.
    pub required: bool,
    /// How its value is written (Parameter Object, `style` and `explode`); none for the parts of
    /// a body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<&'static str>,
    /// Whether items and members are written each on its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explode: Option<bool>,
    /// The media type it is written as instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

impl Inspection {
    /// Looks at an API.
    pub fn new(api: &ir::Api, diagnostics: Vec<Diagnostic>) -> Inspection {
        let sizes = Sizes::new(api);
        Inspection {
            tools: api
                .operations
                .iter()
                .map(|operation| tool(operation, &sizes))
                .collect(),
            overlays: Vec::new(),
            diagnostics,
        }
    }

    /// Whether there are tools, and no operation was left out.
    pub fn is_complete(&self) -> bool {
        let errors = self
            .diagnostics
            .iter()
            .filter(|found| found.severity == Severity::Error);
        !self.tools.is_empty() && errors.count() == 0
    }

    /// The tools as a table for people, with totals below.
    pub fn table(&self) -> String {
        let column = |heading: &str, of: fn(&Tool) -> &str| {
            let widths = self.tools.iter().map(|tool| of(tool).chars().count());
            widths.chain([heading.len()]).max().unwrap_or_default()
        };
        let (names, methods) = (column("TOOL", |t| &t.name), column("METHOD", |t| &t.method));
        let paths = column("PATH", |t| &t.path);
        let mut table = String::new();
        let mut row = |name: &str,
                       method: &str,
                       path: &str,
                       access: &str,
                       bytes: &str,
                       whole: &str| {
            let line = format!(
                "{name:names$}  {method:methods$}  {path:paths$}  {access:6}  {bytes:>8}  {whole}"
            );
            // Writing to a String cannot fail.
            let _ = writeln!(table, "{}", line.trim_end());
        };
        let is_shortened = self.tools.iter().any(|tool| !tool.shortened.is_empty());
        let whole = if is_shortened { "WHOLE" } else { "" };
        row("TOOL", "METHOD", "PATH", "ACCESS", "BYTES", whole);
        for tool in &self.tools {
            let whole = match tool.shortened.as_slice() {
                [] => String::new(),
                parts => format!("{:>8}  {}", tool.whole_bytes, parts.join(", ")),
            };
            let bytes = tool.bytes.to_string();
            row(
                &tool.name,
                &tool.method,
                &tool.path,
                tool.access,
                &bytes,
                &whole,
            );
        }
        let reads = self
            .tools
            .iter()
            .filter(|tool| tool.access == "read")
            .count();
        let bytes: usize = self.tools.iter().map(|tool| tool.bytes).sum();
        let _ = writeln!(
            table,
            "{} tools: {reads} read, {} write; {bytes} bytes",
            self.tools.len(),
            self.tools.len() - reads
        );
        if is_shortened {
            let whole: usize = self.tools.iter().map(|tool| tool.whole_bytes).sum();
            let _ = writeln!(
                table,
                "shortened in lists; whole, as describe_tools returns them: {whole} bytes"
            );
        }
        table
    }

    /// About how many tokens the definitions of all tools take in a list.
    pub fn tokens(&self) -> usize {
        let bytes: usize = self.tools.iter().map(|tool| tool.bytes).sum();
        bytes.div_ceil(BYTES_OF_A_TOKEN)
    }

    /// What exceeds a budget of tokens, and what to do about it, as text for people; none where nothing
    /// does.
    pub fn over_budget(&self, budget: usize) -> Option<String> {
        let tokens = self.tokens();
        if tokens <= budget {
            return None;
        }
        let mut largest: Vec<&Tool> = self.tools.iter().collect();
        largest.sort_by_key(|tool| std::cmp::Reverse(tool.bytes));
        let mut text = format!(
            "over budget: the definitions take {tokens} tokens, and {budget} are allowed\n\
             the largest:\n"
        );
        for tool in largest.iter().take(LARGEST) {
            let tokens = tool.bytes.div_ceil(BYTES_OF_A_TOKEN);
            let _ = writeln!(text, "  {:>7}  {}", tokens, tool.name);
        }
        let _ = writeln!(
            text,
            "choose operations with --only, hide others with an overlay (x-mcp: false), shorten what \
             the description says of the largest, or have clients search: \
             `generator --budget {budget}` serves search mode"
        );
        Some(text)
    }
}

/// The parts of a definition that are shortened in lists.
fn shortened(operation: &ir::Operation) -> Vec<&'static str> {
    let parts = [
        (operation.brief.is_some(), "description"),
        (operation.published.is_some(), "input"),
        (operation.published_output.is_some(), "output"),
    ];
    let parts = parts.into_iter();
    parts
        .filter_map(|(is_shortened, part)| is_shortened.then_some(part))
        .collect()
}

fn tool(operation: &ir::Operation, sizes: &Sizes) -> Tool {
    let parameters = operation.parameters.iter().map(|parameter| Parameter {
        argument: parameter.bind.is_none().then(|| parameter.argument.clone()),
        name: parameter.name.clone(),
        location: location(parameter.location),
        required: parameter.required,
        style: parameter
            .content
            .is_none()
            .then_some(style(parameter.style)),
        explode: parameter.content.is_none().then_some(parameter.explode),
        content: parameter.content.clone(),
    });
    let body = operation.request_body.as_ref();
    let mut response_media_types: Vec<String> = Vec::new();
    for media_type in operation
        .responses
        .iter()
        .flat_map(|response| &response.media_types)
    {
        if !response_media_types.contains(media_type) {
            response_media_types.push(media_type.clone());
        }
    }
    Tool {
        name: operation.name.clone(),
        method: operation.method.clone(),
        path: operation.path.clone(),
        operation_id: operation.operation_id.clone(),
        access: match operation.access {
            Access::Read => "read",
            Access::Write => "write",
        },
        bytes: sizes.tool(operation),
        whole_bytes: sizes.whole(operation),
        shortened: shortened(operation),
        parameters: parameters
            .chain(body.into_iter().flat_map(body_parameters))
            .collect(),
        security: operation.security.clone(),
        request_media_types: body
            .map(|body| body.declared_media_types.clone())
            .unwrap_or_default(),
        response_media_types,
    }
}

fn body_parameters(body: &ir::RequestBody) -> Vec<Parameter> {
    let part = |argument: Option<&String>, name: &str, required| Parameter {
        argument: argument.cloned(),
        name: name.to_owned(),
        location: "body",
        required,
        style: None,
        explode: None,
        content: None,
    };
    match &body.content {
        Content::Properties(properties) => properties
            .iter()
            .map(|property| {
                let argument = property.bind.is_none().then_some(&property.argument);
                let required = body.required && property.required;
                part(argument, &property.name, required)
            })
            .collect(),
        Content::Argument(argument, _) | Content::Members(argument, _) => {
            vec![part(Some(argument), argument, body.required)]
        }
    }
}

fn location(location: In) -> &'static str {
    match location {
        In::Path => "path",
        In::Query => "query",
        In::QueryString => "querystring",
        In::Header => "header",
        In::Cookie => "cookie",
    }
}

/// As the specification calls it.
fn style(style: Style) -> &'static str {
    match style {
        Style::Simple => "simple",
        Style::Label => "label",
        Style::Matrix => "matrix",
        Style::Form => "form",
        Style::SpaceDelimited => "spaceDelimited",
        Style::PipeDelimited => "pipeDelimited",
        Style::TabDelimited => "tabDelimited",
        Style::DeepObject => "deepObject",
        Style::Cookie => "cookie",
    }
}
