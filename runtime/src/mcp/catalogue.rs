//! The catalogue as MCP lists it: tools by name, and their definitions.

use std::sync::{Arc, OnceLock};

use rmcp::model::{Tool as Definition, ToolAnnotations};

use super::presentation::Icon;
use crate::call::Callable;
use crate::operation::Access;
use crate::tool::Tool;

/// All tools, sorted by name.
#[derive(Debug)]
pub(super) struct Catalogue {
    entries: Box<[Entry]>,
    /// The icon that every tool is listed with.
    icon: Option<Icon>,
}

/// One tool, and what is derived from it on first use.
#[derive(Debug)]
pub(super) struct Entry {
    callable: Callable,
    definition: OnceLock<Definition>,
    header_arguments: OnceLock<bool>,
}

/// A definition as it is listed.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) definition: Definition,
    /// Length of its texts and schemas in bytes.
    pub(super) size: usize,
}

/// Why a catalogue cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("the catalogue has two tools named `{name}`; names have to be unique")]
pub(crate) struct CatalogueError {
    name: &'static str,
}

impl Catalogue {
    /// Indexes tools by their names.
    pub(super) fn new(
        tools: impl Iterator<Item = Tool>,
        icon: Option<Icon>,
    ) -> Result<Catalogue, CatalogueError> {
        let entries = tools.map(|tool| Entry {
            callable: Callable::new(tool),
            definition: OnceLock::new(),
            header_arguments: OnceLock::new(),
        });
        let mut entries: Box<[Entry]> = entries.collect();
        entries.sort_unstable_by_key(Entry::name);
        let twin = entries
            .iter()
            .zip(entries.iter().skip(1))
            .find(|(left, right)| left.name() == right.name());
        match twin {
            Some((entry, _)) => Err(CatalogueError { name: entry.name() }),
            None => Ok(Catalogue { entries, icon }),
        }
    }

    /// The tool of that name.
    pub(super) fn find(&self, name: &str) -> Option<&Entry> {
        let index = self.position(name).ok()?;
        self.entries.get(index)
    }

    /// The tools from the first one named `name` or later, in order.
    pub(super) fn starting_at(&self, name: &str) -> &[Entry] {
        let (Ok(index) | Err(index)) = self.position(name);
        self.entries.get(index..).unwrap_or_default()
    }

    /// All tools that a caller of this access may use, in order.
    pub(super) fn visible(&self, access: Access) -> impl Iterator<Item = &Entry> {
        let entries = self.entries.iter();
        entries.filter(move |entry| entry.tool().access() <= access)
    }

    /// The definition of a tool, made for a list and not kept: as data, those of a large API take
    /// five times the memory of their texts, and a client lists them once.
    pub(super) fn list(&self, entry: &Entry) -> Listed {
        let mut listed = define(entry.tool());
        if let Some(icon) = &self.icon {
            listed.size += icon.url.len();
            listed.definition.icons = Some(vec![icon.definition()]);
        }
        listed
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.entries
            .binary_search_by_key(&name, |entry| entry.name())
    }
}

impl Entry {
    pub(super) fn callable(&self) -> &Callable {
        &self.callable
    }

    pub(super) fn tool(&self) -> &Tool {
        self.callable.tool()
    }

    pub(super) fn name(&self) -> &'static str {
        self.tool().name()
    }

    /// Whether header fields repeat arguments of the tool (`x-mcp-header`, MCP 2026-07-28).
    pub(super) fn has_header_arguments(&self) -> bool {
        let find = || self.tool().has_header_arguments();
        *self.header_arguments.get_or_init(find)
    }

    /// The definition, made once and kept for calls.
    pub(super) fn definition(&self) -> &Definition {
        let define = || define(self.tool()).definition;
        self.definition.get_or_init(define)
    }
}

fn define(tool: &Tool) -> Listed {
    let annotations = ToolAnnotations::new()
        .read_only(tool.access() == Access::Read)
        .destructive(tool.is_destructive())
        .idempotent(tool.is_idempotent())
        .open_world(tool.is_open_world());
    let (input, output) = (tool.published_input(), tool.output());
    let texts = tool.name().len() + tool.title().len() + tool.description().len();
    let size = texts + input.size + output.as_ref().map_or(0, |output| output.size);
    let mut definition = Definition::new(tool.name(), tool.description(), Arc::new(input.schema))
        .with_title(tool.title())
        .with_annotations(annotations);
    definition.output_schema = output.map(|output| Arc::new(output.schema));
    Listed { definition, size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;

    #[test]
    fn two_tools_of_one_name_are_refused() {
        static TWIN: Operation = Operation {
            name: "twin",
            ..Operation::BASE
        };
        let tools = [&TWIN, &TWIN].map(|it| Tool::new(it, Vec::new()));
        let catalogue = Catalogue::new(tools.into_iter(), None);
        assert_eq!(catalogue.unwrap_err().name, "twin");
    }
}
