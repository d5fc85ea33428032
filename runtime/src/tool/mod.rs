//! What clients list and call: a tool, whatever is behind it.

mod schema;
mod toolset;

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::operation::{Access, Alias, Catalog, Content, Operation};
pub(crate) use toolset::{Tags, Toolset, UnknownTag};

/// A tool. Catalogue, consent page and access check work with tools alone.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    kind: ToolKind,
    /// Arguments whose value the server sets itself, so that a client is not asked for them.
    given: Arc<[&'static str]>,
}

/// Which tools clients are shown. Every tool is called by its name, whichever are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    /// All tools.
    Tools,
    /// Those of search mode, which find and call the others.
    Search,
}

impl Listing {
    /// What the generator chose for an API.
    pub(crate) fn of(catalog: &Catalog) -> Listing {
        match catalog.search_mode {
            true => Listing::Search,
            false => Listing::Tools,
        }
    }
}

/// What a call of a tool does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ToolKind {
    /// Calls an operation of the API.
    Operation(&'static Operation),
    /// Runs code of the server's owner. The descriptor has what clients are shown; its method and
    /// path are empty.
    HandWritten(&'static Operation),
}

/// A schema as one document, with every definition that it reaches under `$defs`.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) schema: Map<String, Value>,
    /// The length of its texts in bytes.
    pub(crate) size: usize,
}

impl Tool {
    /// The tool of an operation. `given` names the arguments whose value the server sets itself.
    pub(crate) fn new(operation: &'static Operation, given: Vec<&'static str>) -> Tool {
        Tool {
            kind: ToolKind::Operation(operation),
            given: given.into(),
        }
    }

    /// The tool that a descriptor without method and path describes, which the server's owner wrote.
    /// `given` is as for [`Tool::new`].
    pub(crate) fn hand_written(descriptor: &'static Operation, given: Vec<&'static str>) -> Tool {
        Tool {
            kind: ToolKind::HandWritten(descriptor),
            given: given.into(),
        }
    }

    pub(crate) fn kind(&self) -> ToolKind {
        self.kind
    }

    /// What clients are shown of the tool, and what its calls are checked against.
    pub(crate) fn descriptor(&self) -> &'static Operation {
        match self.kind {
            ToolKind::Operation(operation) => operation,
            ToolKind::HandWritten(descriptor) => descriptor,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        let operation = self.descriptor();
        operation.name
    }

    /// The earlier names that the tool answers to.
    pub(crate) fn aliases(&self) -> &'static [Alias] {
        let operation = self.descriptor();
        operation.aliases
    }

    pub(crate) fn title(&self) -> &'static str {
        let operation = self.descriptor();
        operation.title
    }

    pub(crate) fn description(&self) -> &'static str {
        let operation = self.descriptor();
        operation.description
    }

    /// The description that is published: of a long one, its first sentences.
    pub(crate) fn published_description(&self) -> &'static str {
        let operation = self.descriptor();
        operation.brief.unwrap_or(operation.description)
    }

    /// Reports that less than the whole definition is published.
    pub(crate) fn is_shortened(&self) -> bool {
        let operation = self.descriptor();
        let schemas = [&operation.published, &operation.published_output];
        operation.brief.is_some() || schemas.iter().any(|schema| schema.is_some())
    }

    /// Reports that answers can be long, so that clients may ask for parts of them.
    pub(crate) fn has_long_answers(&self) -> bool {
        let operation = self.descriptor();
        operation.long_answers
    }

    /// True where search mode lists the tool beside its own.
    pub(crate) fn is_pinned(&self) -> bool {
        let operation = self.descriptor();
        operation.pinned
    }

    /// The tags of the description.
    pub(crate) fn tags(&self) -> &'static [&'static str] {
        let operation = self.descriptor();
        operation.tags
    }

    /// The least access with which the tool is listed.
    pub(crate) fn access(&self) -> Access {
        let operation = self.descriptor();
        operation.access
    }

    /// The access that a call with these arguments needs: at least [`Tool::access`].
    pub(crate) fn access_of_call(&self, _arguments: Option<&Map<String, Value>>) -> Access {
        let operation = self.descriptor();
        operation.access
    }

    /// Whether a call may destroy something (`destructiveHint`).
    pub(crate) fn is_destructive(&self) -> bool {
        let operation = self.descriptor();
        operation.destructive
    }

    /// Whether a call deletes something.
    pub(crate) fn deletes(&self) -> bool {
        let operation = self.descriptor();
        operation.method == "DELETE"
    }

    /// Whether a call needs no arguments.
    pub(crate) fn needs_nothing(&self) -> bool {
        !self.input().schema.contains_key("required")
    }

    /// Whether a repeated call changes nothing more (`idempotentHint`).
    pub(crate) fn is_idempotent(&self) -> bool {
        let operation = self.descriptor();
        operation.idempotent
    }

    /// Whether a call may reach people or systems beyond the API (`openWorldHint`): a write, unless
    /// the description says otherwise.
    pub(crate) fn is_open_world(&self) -> bool {
        let operation = self.descriptor();
        let declared = operation.open_world;
        declared.unwrap_or(operation.access == Access::Write)
    }

    /// Whether header fields repeat arguments of the tool (`x-mcp-header`, MCP 2026-07-28).
    pub(crate) fn has_header_arguments(&self) -> bool {
        let operation = self.descriptor();
        operation.input.json.contains("x-mcp-header")
    }

    /// Reports that an argument of the tool is a file, or has one in it.
    pub(crate) fn takes_files(&self) -> bool {
        let body = self.descriptor().request_body.as_ref();
        body.is_some_and(|body| match body.content {
            Content::Properties(all) => all.iter().any(|it| it.encoding.binary),
            Content::Argument(_, encoding) => encoding.binary,
            Content::Members(_, all) => all.iter().any(|(_, encoding)| encoding.binary),
        })
    }

    /// Whether the tool publishes an output schema.
    pub(crate) fn has_output(&self) -> bool {
        let operation = self.descriptor();
        operation.output.is_some()
    }

    /// The input schema that calls are checked against.
    pub(crate) fn input(&self) -> Document {
        let operation = self.descriptor();
        self.without_given(schema::assemble(&operation.input, operation.name))
    }

    /// The input schema that is published: of a large one, less than calls are checked against.
    pub(crate) fn published_input(&self) -> Document {
        let operation = self.descriptor();
        let published = operation.published.as_ref().unwrap_or(&operation.input);
        self.with_own(self.without_given(schema::assemble(published, operation.name)))
    }

    /// The whole input schema, as it is described to clients.
    pub(crate) fn described_input(&self) -> Document {
        self.with_own(self.input())
    }

    /// Adds the arguments that the server itself takes.
    fn with_own(&self, mut document: Document) -> Document {
        let operation = self.descriptor();
        if operation.long_answers {
            document.size += schema::add_own(&mut document.schema);
        }
        document
    }

    /// The output schema, where the tool publishes one.
    pub(crate) fn output(&self) -> Option<Document> {
        let operation = self.descriptor();
        let output = operation.output.as_ref()?;
        Some(schema::assemble(output, operation.name))
    }

    /// The output schema that is published: of a large one, its outline.
    pub(crate) fn published_output(&self) -> Option<Document> {
        let operation = self.descriptor();
        let published = operation.published_output.as_ref();
        let output = published.or(operation.output.as_ref())?;
        Some(schema::assemble(output, operation.name))
    }

    fn without_given(&self, mut document: Document) -> Document {
        schema::remove(&mut document.schema, &self.given);
        document
    }
}
