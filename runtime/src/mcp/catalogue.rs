//! The catalogue as MCP sees it: tools by name. What calls need of a tool is made on its first
//! call and kept.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Map, Value};

use super::arguments::Validator;
use crate::operation::{self, Access, Catalog, Operation, Schema};

/// All tools, sorted by name.
#[derive(Debug)]
pub(super) struct Catalogue {
    entries: Box<[Entry]>,
}

/// One tool: its operation, and what is derived from it on its first call.
#[derive(Debug)]
pub(super) struct Entry {
    operation: &'static Operation,
    /// Arguments whose value the server gives: nobody is asked for them.
    given: Box<[&'static str]>,
    definition: OnceLock<Tool>,
    input: OnceLock<Validator>,
    output: OnceLock<Option<Validator>>,
    header_arguments: OnceLock<bool>,
    unfit_answers: AtomicU64,
}

/// A definition as it is listed.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) tool: Tool,
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
    /// Indexes the operations of `catalog` that are served. `given` names the arguments of one whose
    /// value the server gives itself.
    pub(super) fn new(
        catalog: &'static Catalog,
        serves: impl Fn(&Operation) -> bool,
        given: impl Fn(&'static Operation) -> Vec<&'static str>,
    ) -> Result<Catalogue, CatalogueError> {
        let mut entries: Box<[Entry]> = catalog
            .operations
            .iter()
            .flat_map(|module| module.iter())
            .filter(|operation| serves(operation))
            .map(|operation| Entry {
                operation,
                given: given(operation).into_boxed_slice(),
                definition: OnceLock::new(),
                input: OnceLock::new(),
                output: OnceLock::new(),
                header_arguments: OnceLock::new(),
                unfit_answers: AtomicU64::new(0),
            })
            .collect();
        entries.sort_unstable_by_key(|entry| entry.operation.name);
        let twin = entries
            .iter()
            .zip(entries.iter().skip(1))
            .find(|(left, right)| left.operation.name == right.operation.name);
        if let Some((entry, _)) = twin {
            return Err(CatalogueError {
                name: entry.operation.name,
            });
        }
        Ok(Catalogue { entries })
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
        self.entries
            .iter()
            .filter(move |entry| entry.operation.access <= access)
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.entries
            .binary_search_by_key(&name, |entry| entry.operation.name)
    }
}

impl Entry {
    pub(super) fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// Whether header fields repeat arguments of the tool (`x-mcp-header`, MCP 2026-07-28).
    pub(super) fn has_header_arguments(&self) -> bool {
        *self
            .header_arguments
            .get_or_init(|| self.operation.input.json.contains("x-mcp-header"))
    }

    /// The definition, made for a list and not kept: as data, those of a large API take five times
    /// the room of their texts, and a client lists them once.
    pub(super) fn list(&self) -> Listed {
        define(self.operation, &self.given)
    }

    /// The definition, made once and kept for calls.
    pub(super) fn tool(&self) -> &Tool {
        self.definition
            .get_or_init(|| define(self.operation, &self.given).tool)
    }

    /// Counts an answer that does not fit the output schema, and tells how many there were.
    pub(super) fn count_unfit_answer(&self) -> u64 {
        self.unfit_answers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The validator of the tool's arguments.
    pub(super) fn input(&self) -> &Validator {
        let operation = self.operation;
        self.input.get_or_init(|| match operation.published {
            None => Validator::new(operation.name, &self.tool().input_schema),
            Some(_) => {
                let (mut whole, _) = assemble(&operation.input, operation.name);
                without(&mut whole, &self.given);
                Validator::new(operation.name, &Arc::new(whole))
            }
        })
    }

    /// The validator of the tool's structured content, where it publishes an output schema.
    pub(super) fn output(&self) -> Option<&Validator> {
        self.output
            .get_or_init(|| {
                let schema = self.tool().output_schema.as_ref()?;
                Some(Validator::new(self.operation.name, schema))
            })
            .as_ref()
    }
}

/// The definition of an operation's tool.
fn define(operation: &'static Operation, given: &[&str]) -> Listed {
    let annotations = ToolAnnotations::new()
        .read_only(operation.access == Access::Read)
        .destructive(operation.destructive)
        .idempotent(operation.idempotent)
        .open_world(
            operation
                .open_world
                .unwrap_or(operation.access == Access::Write),
        );
    let mut size = operation.name.len() + operation.title.len() + operation.description.len();
    let mut schema = |schema: &Schema| {
        let (document, bytes) = assemble(schema, operation.name);
        size += bytes;
        document
    };
    let mut input = schema(operation.published.as_ref().unwrap_or(&operation.input));
    without(&mut input, given);
    let output = operation.output.as_ref().map(schema).map(Arc::new);
    let mut tool = Tool::new(operation.name, operation.description, Arc::new(input))
        .with_title(operation.title)
        .with_annotations(annotations);
    tool.output_schema = output;
    Listed { tool, size }
}

/// Takes arguments out of an input schema.
fn without(input: &mut JsonObject, arguments: &[&str]) {
    if arguments.is_empty() {
        return;
    }
    if let Some(Value::Object(properties)) = input.get_mut("properties") {
        properties.retain(|name, _| !arguments.contains(&name.as_str()));
    }
    let required = input.get_mut("required").and_then(Value::as_array_mut);
    if required.is_some_and(|names| {
        let is_asked = |name: &Value| name.as_str().is_none_or(|name| !arguments.contains(&name));
        names.retain(is_asked);
        names.is_empty()
    }) {
        input.shift_remove("required");
    }
}

/// A schema as one document, and its length in bytes: its own JSON, and as the last key `$defs`
/// with every definition it reaches, sorted by name.
fn assemble(schema: &Schema, tool: &str) -> (JsonObject, usize) {
    let mut reached: BTreeMap<&'static str, &'static operation::Definition> = BTreeMap::new();
    let mut open: Vec<&'static operation::Definition> = schema.definitions.to_vec();
    while let Some(definition) = open.pop() {
        if reached.insert(definition.name, definition).is_none() {
            open.extend(definition.schema.definitions);
        }
    }
    let mut size = schema.json.len();
    let mut document = match parse(schema.json, tool) {
        Some(Value::Object(document)) => document,
        _ => JsonObject::from_iter([("type".to_owned(), Value::from("object"))]),
    };
    if !reached.is_empty() {
        let definitions: Map<String, Value> = reached
            .into_values()
            .filter_map(|definition| {
                size += definition.name.len() + definition.schema.json.len();
                let schema = parse(definition.schema.json, tool)?;
                Some((definition.name.to_owned(), schema))
            })
            .collect();
        document.insert("$defs".to_owned(), Value::Object(definitions));
    }
    (document, size)
}

/// Reads a generated schema. Text that is no JSON is the generator's fault and never the
/// caller's: it is told in the log and left out.
fn parse(json: &'static str, tool: &str) -> Option<Value> {
    serde_json::from_str(json)
        .map(compact)
        .inspect_err(|error| tracing::error!(tool, %error, "a generated schema is not JSON"))
        .ok()
}

/// The same value without the room to grow that reading leaves in every object. Definitions are
/// kept for as long as the server runs, and this halves them.
fn compact(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let members = object
                .into_iter()
                .map(|(name, value)| (name, compact(value)));
            Value::Object(members.collect())
        }
        Value::Array(items) => {
            let mut items: Vec<_> = items.into_iter().map(compact).collect();
            items.shrink_to_fit();
            Value::Array(items)
        }
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static LEAF: operation::Definition = operation::Definition {
        name: "Leaf",
        schema: Schema {
            json: r#"{"type":"string"}"#,
            definitions: &[],
        },
    };
    static TREE: operation::Definition = operation::Definition {
        name: "Tree",
        schema: Schema {
            json: r##"{"type":"object","properties":{"leaf":{"$ref":"#/$defs/Leaf"},"tree":{"$ref":"#/$defs/Tree"}}}"##,
            definitions: &[&TREE, &LEAF],
        },
    };

    #[test]
    fn a_schema_carries_every_definition_it_reaches_sorted_by_name() {
        const SCHEMA: Schema = Schema {
            json: r##"{"type":"object","properties":{"tree":{"$ref":"#/$defs/Tree"}}}"##,
            definitions: &[&TREE],
        };
        let (document, _) = assemble(&SCHEMA, "plant");
        let keys: Vec<_> = document.keys().collect();
        assert_eq!(keys, ["type", "properties", "$defs"]);
        let names: Vec<_> = document["$defs"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["Leaf", "Tree"]);
    }

    #[test]
    fn a_schema_without_definitions_has_no_defs() {
        assert!(
            !assemble(&Schema::NO_ARGUMENTS, "ping")
                .0
                .contains_key("$defs")
        );
    }

    #[test]
    fn what_is_published_may_be_less_than_what_is_checked() {
        static PLANT: Operation = Operation {
            name: "plant",
            input: Schema {
                json: r##"{"type":"object","properties":{"leaf":{"$ref":"#/$defs/Leaf"}}}"##,
                definitions: &[&LEAF],
            },
            published: Some(Schema {
                json: r#"{"type":"object","properties":{"leaf":{}}}"#,
                definitions: &[],
            }),
            ..Operation::BASE
        };
        static CATALOG: Catalog = Catalog {
            name: "plants",
            title: "Plants",
            version: "1",
            description: "",
            servers: &[],
            security_schemes: &[],
            operations: &[&[&PLANT]],
        };
        let catalogue = Catalogue::new(&CATALOG, |_| true, |_| Vec::new()).unwrap();
        let entry = catalogue.find("plant").unwrap();
        let leaf = &entry.tool().input_schema["properties"]["leaf"];
        assert_eq!(leaf, &serde_json::json!({}));
        assert!(!entry.input().fits(&serde_json::json!({"leaf": 1})));
        assert!(entry.input().fits(&serde_json::json!({"leaf": "green"})));
    }

    #[test]
    fn two_tools_of_one_name_are_refused() {
        static TWIN: Operation = Operation {
            name: "twin",
            ..Operation::BASE
        };
        static CATALOG: Catalog = Catalog {
            name: "twins",
            title: "Twins",
            version: "1",
            description: "",
            servers: &[],
            security_schemes: &[],
            operations: &[&[&TWIN], &[&TWIN]],
        };
        let catalogue = Catalogue::new(&CATALOG, |_| true, |_| Vec::new());
        assert_eq!(catalogue.unwrap_err().name, "twin");
    }
}
