//! How large definitions are as clients are served them.

use std::collections::{BTreeSet, HashMap};
use std::io;

use serde::Serialize;
use serde_json::Value;

use crate::ir::{self, Access};

/// The arguments that the server itself takes, of tools whose answers can be long.
const OWN: [(&str, &str); 2] = [
    (
        "_fields",
        r#"{"type":"array","items":{"type":"string"},"description":"Parts to keep, such as owner.name"}"#,
    ),
    ("_cursor", r#"{"type":"string"}"#),
];

/// The bytes of the arguments that the server itself takes.
fn own_arguments(operation: &ir::Operation, input: &ir::Schema) -> usize {
    if !operation.long_answers {
        return 0;
    }
    let properties = input.json.get("properties").and_then(Value::as_object);
    let is_own = |name: &str| properties.is_none_or(|properties| !properties.contains_key(name));
    let own = OWN.iter().filter(|(name, _)| is_own(name));
    let members: Vec<usize> = own
        .map(|(name, schema)| r#""":"#.len() + name.len() + schema.len())
        .collect();
    let others = properties.map_or(0, serde_json::Map::len);
    let commas = (members.len() + others).saturating_sub(others.max(1));
    let object = match properties {
        None => r#""properties":{},"#.len(),
        Some(_) => 0,
    };
    members.iter().sum::<usize>() + commas + object
}

/// Sizes of definitions as they are served, without building them.
pub(crate) struct Sizes<'a> {
    api: &'a ir::Api,
    definitions: HashMap<&'a str, usize>,
}

impl<'a> Sizes<'a> {
    /// Measures every definition once.
    pub(crate) fn new(api: &'a ir::Api) -> Sizes<'a> {
        let definitions = api.definitions.iter();
        Sizes {
            api,
            definitions: definitions
                .map(|(name, schema)| (name.as_str(), compact(name) + 1 + compact(&schema.json)))
                .collect(),
        }
    }

    /// The bytes of one tool in `tools/list`, as compact JSON:
    /// `{name, title, description, inputSchema, outputSchema?, annotations}`.
    pub(crate) fn tool(&self, operation: &ir::Operation) -> usize {
        let brief = operation.brief.as_ref();
        let output = operation.published_output.as_ref();
        self.definition(
            operation,
            brief.unwrap_or(&operation.description),
            operation.published.as_ref().unwrap_or(&operation.input),
            output.or(operation.output.as_ref()),
        )
    }

    /// The bytes of the whole definition of one tool, as compact JSON.
    pub(crate) fn whole(&self, operation: &ir::Operation) -> usize {
        let output = operation.output.as_ref();
        self.definition(operation, &operation.description, &operation.input, output)
    }

    /// The bytes of one tool with another description and other schemas.
    pub(crate) fn definition(
        &self,
        operation: &ir::Operation,
        description: &str,
        input: &ir::Schema,
        output: Option<&ir::Schema>,
    ) -> usize {
        let annotations = format!(
            r#"{{"readOnlyHint":{},"destructiveHint":{},"idempotentHint":{},"openWorldHint":{}}}"#,
            operation.access == Access::Read,
            operation.destructive,
            operation.idempotent,
            operation
                .open_world
                .unwrap_or(operation.access == Access::Write)
        );
        r#"{"name":,"title":,"description":,"inputSchema":,"annotations":}"#.len()
            + compact(&operation.name)
            + compact(&operation.title)
            + compact(description)
            + self.schema(input)
            + own_arguments(operation, input)
            + output.map_or(0, |output| {
                r#","outputSchema":"#.len() + self.schema(output)
            })
            + annotations.len()
    }

    /// A root with, as its last key, `$defs`: every definition it reaches.
    pub(crate) fn schema(&self, schema: &ir::Schema) -> usize {
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        let mut next: Vec<&str> = schema.definitions.iter().map(String::as_str).collect();
        while let Some(name) = next.pop() {
            if let Some(definition) = self.api.definitions.get(name)
                && reached.insert(name)
            {
                next.extend(definition.definitions.iter().map(String::as_str));
            }
        }
        let sizes = reached.iter().filter_map(|name| self.definitions.get(name));
        let definitions: usize = sizes.map(|size| size + ",".len()).sum();
        match definitions.checked_sub(",".len()) {
            None => compact(&schema.json),
            Some(definitions) => {
                let is_empty = schema.json.as_object().is_some_and(|root| root.is_empty());
                let comma = usize::from(!is_empty);
                compact(&schema.json) + comma + r#""$defs":{}"#.len() + definitions
            }
        }
    }
}

/// The length of compact JSON.
pub(crate) fn compact(value: &(impl Serialize + ?Sized)) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Text and JSON values always have a JSON form, and counting never fails.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}
