//! Input schemas with less text. They accept exactly what the whole ones do.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::reached;
use crate::ir;
use crate::lower::publish::size::compact;
use crate::lower::schema::{named, replaced};
use crate::lower::sentence;

/// The largest example that stays, in bytes.
const MAX_EXAMPLE: usize = 40;
/// The largest default that stays, in bytes.
const MAX_DEFAULT: usize = 80;
/// The longest title that stays where there is no description, in bytes.
const MAX_TITLE: usize = 40;
/// The least bytes that descriptions of deeper parts keep.
const LEAST: usize = 40;

/// The definitions of an API with less text.
pub(super) struct Trimmed {
    /// An API of the definitions alone.
    api: ir::Api,
    /// The most bytes of the description of an argument.
    most: usize,
}

impl Trimmed {
    /// Trims the definitions that inputs reach. Descriptions keep half of what those of arguments do.
    pub(super) fn new(api: &ir::Api, most: usize) -> Trimmed {
        let reached = reached(api.operations.iter().map(|one| &one.input), api);
        let definitions = api.definitions.iter();
        let definitions = definitions.filter(|(name, _)| reached.contains(name.as_str()));
        let definitions = definitions.map(|(name, schema)| {
            let schema = ir::Schema {
                json: trimmed(&schema.json, deeper(most)),
                definitions: schema.definitions.clone(),
            };
            (name.clone(), schema)
        });
        Trimmed {
            api: ir::Api {
                definitions: definitions.collect(),
                ..ir::Api::default()
            },
            most,
        }
    }

    /// The trimmed definitions.
    pub(super) fn api(&self) -> &ir::Api {
        &self.api
    }

    /// The schema of the arguments of a tool, trimmed. Arguments whose description is among `repeated`
    /// have none.
    pub(super) fn root(&self, json: &Value, repeated: &HashMap<String, String>) -> Value {
        let Some(members) = json.as_object() else {
            return json.clone();
        };
        let mut root = Map::new();
        for (keyword, value) in members {
            let value = match (keyword.as_str(), value) {
                ("properties", Value::Object(arguments)) => {
                    let arguments = arguments.iter().map(|(name, schema)| {
                        let mut argument = trimmed(schema, self.most);
                        let text = schema.get("description").and_then(Value::as_str);
                        let is_repeated = text
                            .is_some_and(|text| repeated.get(name).is_some_and(|it| it == text));
                        if let (true, Value::Object(argument)) = (is_repeated, &mut argument) {
                            argument.shift_remove("description");
                        }
                        (name.clone(), argument)
                    });
                    Value::Object(arguments.collect())
                }
                _ => replaced(keyword, value, |_, one| trimmed(one, deeper(self.most))),
            };
            root.insert(keyword.clone(), value);
        }
        Value::Object(root)
    }

    /// A schema with all definitions that it reaches in itself.
    pub(super) fn embedded(&self, root: Value) -> Value {
        let mut found: BTreeMap<String, &Value> = BTreeMap::new();
        let mut next = named(&root);
        while let Some(name) = next.pop() {
            if let Some(definition) = self.api.definitions.get(&name)
                && found.insert(name, &definition.json).is_none()
            {
                next.extend(definition.definitions.iter().cloned());
            }
        }
        let mut root = root;
        if let (false, Value::Object(members)) = (found.is_empty(), &mut root) {
            let found = found.into_iter().map(|(name, json)| (name, json.clone()));
            members.insert("$defs".to_owned(), Value::Object(found.collect()));
        }
        root
    }
}

fn deeper(most: usize) -> usize {
    (most / 2).max(LEAST)
}

/// A schema with descriptions of at most `most` bytes, those within it with half of that, and without
/// long examples and defaults. Nothing that is asserted changes.
fn trimmed(schema: &Value, most: usize) -> Value {
    let Some(members) = schema.as_object() else {
        return schema.clone();
    };
    let description = members.get("description").and_then(Value::as_str);
    let is_described = description.is_some_and(|text| !text.is_empty());
    let is_illustrated = ["enum", "const", "default"]
        .iter()
        .any(|keyword| members.contains_key(*keyword));
    let mut short = Map::new();
    for (keyword, value) in members {
        let value = match (keyword.as_str(), value) {
            ("description", Value::String(text)) => {
                let text = sentence::brief(text, most);
                if text.is_empty() {
                    continue;
                }
                Value::from(text)
            }
            ("title", Value::String(title)) if is_described || title.len() > MAX_TITLE => continue,
            ("$comment", _) => continue,
            ("examples", Value::Array(examples)) => {
                let first = examples.first();
                let first = first.filter(|one| !is_illustrated && compact(*one) <= MAX_EXAMPLE);
                let Some(first) = first else {
                    continue;
                };
                Value::Array(vec![first.clone()])
            }
            ("default", value) if compact(value) > MAX_DEFAULT => continue,
            _ => replaced(keyword, value, |_, one| trimmed(one, deeper(most))),
        };
        short.insert(keyword.clone(), value);
    }
    Value::Object(short)
}
