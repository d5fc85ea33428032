//! A tool with what its calls need.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::arguments::Validator;
use crate::tool::{Document, Tool};

/// A tool, and what its calls need: made on the first call and kept.
#[derive(Debug)]
pub(crate) struct Callable {
    tool: Tool,
    input: OnceLock<Validator>,
    output: OnceLock<Option<Validator>>,
    unfit_answers: AtomicU64,
}

impl Callable {
    pub(crate) fn new(tool: Tool) -> Callable {
        Callable {
            tool,
            input: OnceLock::new(),
            output: OnceLock::new(),
            unfit_answers: AtomicU64::new(0),
        }
    }

    pub(crate) fn tool(&self) -> &Tool {
        &self.tool
    }

    /// The validator of the arguments.
    pub(crate) fn input(&self) -> &Validator {
        let compile = || self.compile(self.tool.input());
        self.input.get_or_init(compile)
    }

    /// The validator of structured content, where the tool publishes an output schema.
    pub(crate) fn output(&self) -> Option<&Validator> {
        let compile = || Some(self.compile(self.tool.output()?));
        self.output.get_or_init(compile).as_ref()
    }

    /// Reports that the API itself has an argument of this name.
    pub(super) fn takes(&self, argument: &str) -> bool {
        let input = self.tool.input().schema;
        let properties = input.get("properties").and_then(Value::as_object);
        properties.is_some_and(|properties| properties.contains_key(argument))
    }

    fn compile(&self, document: Document) -> Validator {
        Validator::new(self.tool.name(), &Arc::new(document.schema))
    }

    /// Counts an answer that does not fit the output schema. Returns how many there were.
    pub(super) fn count_unfit_answer(&self) -> u64 {
        self.unfit_answers.fetch_add(1, Ordering::Relaxed) + 1
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operation::{Definition, Operation, Schema};

    static LEAF: Definition = Definition {
        name: "Leaf",
        schema: Schema {
            json: r#"{"type":"string"}"#,
            definitions: &[],
        },
    };

    #[test]
    fn calls_are_checked_against_the_whole_schema_where_less_is_published() {
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
        let callable = Callable::new(Tool::new(&PLANT, Vec::new()));
        let published = callable.tool().published_input().schema;
        assert_eq!(published["properties"]["leaf"], json!({}));
        assert!(!callable.input().fits(&json!({"leaf": 1})));
        assert!(callable.input().fits(&json!({"leaf": "green"})));
    }
}
