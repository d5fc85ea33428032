//! The catalogue as MCP lists it: tools by name, and their definitions.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use rmcp::model::{Tool as Definition, ToolAnnotations};

use super::presentation::{Icon, SecuritySchemes};
use crate::call::{Callable, ConnectorError};
use crate::clock::Clock;
use crate::operation::{Access, Alias};
use crate::tool::Tool;

/// All tools, sorted by name.
#[derive(Debug)]
pub(super) struct Catalogue {
    entries: Box<[Entry]>,
    /// Earlier names, sorted, each with the place of its tool in `entries`.
    aliases: Box<[(&'static Alias, usize)]>,
    clock: Arc<dyn Clock>,
    /// The icon that every tool is listed with.
    icon: Option<Icon>,
    /// How clients sign in for the tools, where each says so.
    security: Option<SecuritySchemes>,
}

/// One tool, and what is derived from it on first use.
#[derive(Debug)]
pub(super) struct Entry {
    callable: Callable,
    definition: OnceLock<Definition>,
    header_arguments: OnceLock<bool>,
}

/// The tool that a name leads to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'c> {
    pub(super) entry: &'c Entry,
    /// The earlier name of the tool, where it was called by one.
    pub(super) alias: Option<&'static Alias>,
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
pub(crate) enum CatalogueError {
    /// Two tools have one name.
    #[error("the catalogue has two tools named `{0}`; names have to be unique")]
    Twin(&'static str),
    /// A hand-written tool has the name of one of search mode.
    #[error("`{0}` is the name of a tool of search mode; choose another one")]
    Reserved(&'static str),
    /// A hand-written tool cannot be served.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
}

impl Catalogue {
    /// Indexes tools by their names. `clock` decides which earlier names are still answered.
    pub(super) fn new(
        tools: impl Iterator<Item = Tool>,
        clock: Arc<dyn Clock>,
        icon: Option<Icon>,
        security: Option<SecuritySchemes>,
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
        if let Some((entry, _)) = twin {
            return Err(CatalogueError::Twin(entry.name()));
        }
        let aliases = entries.iter().enumerate().flat_map(|(place, entry)| {
            let aliases = entry.tool().aliases().iter();
            aliases.map(move |alias| (alias, place))
        });
        let mut aliases: Box<[_]> = aliases.collect();
        aliases.sort_unstable_by_key(|(alias, _)| alias.name);
        Ok(Catalogue {
            entries,
            aliases,
            clock,
            icon,
            security,
        })
    }

    /// Returns the tool that is called so, or was and still answers to that name.
    pub(super) fn find(&self, name: &str) -> Option<Found<'_>> {
        if let Some(entry) = self.named(name) {
            let alias = None;
            return Some(Found { entry, alias });
        }
        let found = self.formerly(name)?;
        let until = found.alias.and_then(|alias| alias.until);
        until.is_none_or(|day| !self.is_past(day)).then_some(found)
    }

    /// Returns the tool of that name.
    pub(super) fn named(&self, name: &str) -> Option<&Entry> {
        let index = self.position(name).ok()?;
        self.entries.get(index)
    }

    /// Returns the tool that once was called so, even if it no longer answers to that name.
    pub(super) fn formerly(&self, name: &str) -> Option<Found<'_>> {
        let aliases = &self.aliases;
        let index = aliases.binary_search_by_key(&name, |(alias, _)| alias.name);
        let (alias, place) = aliases.get(index.ok()?)?;
        Some(Found {
            entry: self.entries.get(*place)?,
            alias: Some(alias),
        })
    }

    /// Returns true after a day, which is written as `2027-03-31`.
    fn is_past(&self, day: &str) -> bool {
        let today = DateTime::<Utc>::from(self.clock.now()).date_naive();
        today.to_string().as_str() > day
    }

    /// The tools from the first one named `name` or later, in order.
    pub(super) fn starting_at(&self, name: &str) -> &[Entry] {
        let (Ok(index) | Err(index)) = self.position(name);
        self.entries.get(index..).unwrap_or_default()
    }

    /// All tools that a caller of this access may use, in order.
    pub(super) fn visible(&self, access: Access) -> impl Iterator<Item = &Entry> + Clone {
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
        if let Some(security) = &self.security {
            listed.size += security.describe(&mut listed.definition, entry.tool().access());
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
    let (input, output) = (tool.published_input(), tool.published_output());
    let description = tool.published_description();
    let texts = tool.name().len() + tool.title().len() + description.len();
    let size = texts + input.size + output.as_ref().map_or(0, |output| output.size);
    let mut definition = Definition::new(tool.name(), description, Arc::new(input.schema))
        .with_title(tool.title())
        .with_annotations(annotations);
    definition.output_schema = output.map(|output| Arc::new(output.schema));
    Listed { definition, size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::operation::Operation;

    #[test]
    fn two_tools_of_one_name_are_refused() {
        static TWIN: Operation = Operation {
            name: "twin",
            ..Operation::BASE
        };
        let tools = [&TWIN, &TWIN].map(|it| Tool::new(it, Vec::new()));
        let catalogue = Catalogue::new(tools.into_iter(), Arc::new(SystemClock), None, None);
        let error = catalogue.unwrap_err();
        assert!(matches!(error, CatalogueError::Twin("twin")), "{error}");
    }
}
