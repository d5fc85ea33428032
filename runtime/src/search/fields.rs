//! The texts of an operation that are searched, by the field that they are in.

use std::collections::HashMap;

use serde_json::Value;

use super::words;
use crate::operation::{Catalog, Definition, In, Operation, Schema};

/// How a field counts.
pub(super) struct Weight {
    /// How much one occurrence counts.
    pub(super) boost: f32,
    /// How much less it counts in a long text: `b` of BM25, from 0 to 1.
    pub(super) length: f32,
}

/// A field, as the place of its weight in [`WEIGHTS`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    Title,
    Name,
    Path,
    Phrases,
    Tag,
    TagDescription,
    Summary,
    Description,
    PathParameters,
    Arguments,
    ArgumentTexts,
    Values,
    Verbs,
}

/// How many fields there are.
pub(super) const FIELDS: usize = 13;

/// The weights, in the order of [`Field`].
pub(super) const WEIGHTS: [Weight; FIELDS] = {
    const fn weight(boost: f32, length: f32) -> Weight {
        Weight { boost, length }
    }
    [
        weight(3.0, 0.6),   // Title
        weight(2.0, 0.6),   // Name
        weight(2.6, 0.6),   // Path
        weight(3.0, 0.3),   // Phrases
        weight(0.6, 0.3),   // Tag
        weight(0.2, 0.5),   // TagDescription
        weight(1.2, 0.75),  // Summary
        weight(0.25, 0.75), // Description
        weight(0.4, 0.5),   // PathParameters
        weight(0.35, 0.75), // Arguments
        weight(0.08, 0.75), // ArgumentTexts
        weight(0.15, 0.75), // Values
        weight(0.7, 0.0),   // Verbs
    ]
};

impl Field {
    /// Every field, in order.
    pub(super) const ALL: [Field; FIELDS] = [
        Field::Title,
        Field::Name,
        Field::Path,
        Field::Phrases,
        Field::Tag,
        Field::TagDescription,
        Field::Summary,
        Field::Description,
        Field::PathParameters,
        Field::Arguments,
        Field::ArgumentTexts,
        Field::Values,
        Field::Verbs,
    ];

    /// Reports that a field names the operation itself, rather than what it works with.
    pub(super) fn is_strong(self) -> bool {
        matches!(
            self,
            Field::Title | Field::Name | Field::Path | Field::Phrases | Field::Tag
        )
    }
}

/// How much of a description is its summary, in bytes.
const SUMMARY: usize = 300;
/// How much of the description of an argument is read, in bytes.
const ARGUMENT_TEXT: usize = 160;
/// The most values of one enumeration that are read.
const VALUES: usize = 40;
/// The longest value of an enumeration that is read, in bytes.
const VALUE: usize = 40;
/// How deep a schema is read.
const DEPTH: usize = 6;

/// Reads operations. What several of them share is read once.
pub(super) struct Reader<'c> {
    tags: HashMap<&'c str, &'c str>,
    definitions: HashMap<&'static str, Texts>,
}

/// The words of a schema.
#[derive(Clone, Debug, Default)]
struct Texts {
    names: Vec<String>,
    texts: Vec<String>,
    values: Vec<String>,
}

impl<'c> Reader<'c> {
    pub(super) fn new(catalog: &'c Catalog) -> Reader<'c> {
        let tags = catalog.tags.iter().map(|tag| (tag.name, tag.description));
        Reader {
            tags: tags.collect(),
            definitions: HashMap::new(),
        }
    }

    /// Calls `add` with the words of each field of an operation.
    pub(super) fn read(
        &mut self,
        operation: &'static Operation,
        mut add: impl FnMut(Field, Vec<String>),
    ) {
        add(Field::Title, words::prose(operation.title).collect());
        let name = operation.operation_id.unwrap_or(operation.name);
        let mut names: Vec<_> = words::identifier(name).collect();
        for word in words::identifier(operation.name) {
            if !names.contains(&word) {
                names.push(word);
            }
        }
        add(Field::Name, names);
        let (mut fixed, mut parameters) = (Vec::new(), Vec::new());
        for part in operation.path.split(['{', '}']).enumerate() {
            match part {
                (place, name) if place % 2 == 1 => parameters.extend(words::identifier(name)),
                (_, literal) => fixed.extend(words::identifier(literal)),
            }
        }
        add(Field::Path, fixed);
        add(Field::PathParameters, parameters);
        for phrase in operation.phrases {
            add(Field::Phrases, words::prose(phrase).collect());
        }
        for tag in operation.tags {
            add(Field::Tag, words::identifier(tag).collect());
            if let Some(description) = self.tags.get(tag) {
                add(Field::TagDescription, words::prose(description).collect());
            }
        }
        let (summary, rest) = halves(operation.description, SUMMARY);
        add(Field::Summary, words::prose(summary).collect());
        add(Field::Description, words::prose(rest).collect());
        let verbs = verbs(operation.method).split(' ').map(str::to_owned);
        add(Field::Verbs, verbs.collect());
        self.read_arguments(operation, add);
    }

    fn read_arguments(
        &mut self,
        operation: &'static Operation,
        mut add: impl FnMut(Field, Vec<String>),
    ) {
        let mut texts = Texts::default();
        texts.read(&operation.input);
        for definition in operation.input.definitions {
            let found = self.definition(definition);
            texts.extend(found);
        }
        let in_path = operation.parameters.iter();
        let in_path: Vec<_> = in_path.filter(|it| it.location == In::Path).collect();
        for name in &texts.names {
            if !in_path.iter().any(|it| it.argument == name) {
                add(Field::Arguments, words::identifier(name).collect());
            }
        }
        for text in &texts.texts {
            add(Field::ArgumentTexts, words::prose(text).collect());
        }
        for value in &texts.values {
            add(Field::Values, words::identifier(value).collect());
        }
    }

    fn definition(&mut self, definition: &'static Definition) -> &Texts {
        self.definitions.entry(definition.name).or_insert_with(|| {
            let mut texts = Texts::default();
            texts.read(&definition.schema);
            texts
        })
    }
}

impl Texts {
    fn read(&mut self, schema: &Schema) {
        if let Ok(schema) = serde_json::from_str(schema.json) {
            self.walk(&schema, 0);
        }
    }

    fn extend(&mut self, other: &Texts) {
        self.names.extend_from_slice(&other.names);
        self.texts.extend_from_slice(&other.texts);
        self.values.extend_from_slice(&other.values);
    }

    fn walk(&mut self, schema: &Value, depth: usize) {
        let Value::Object(schema) = schema else {
            return;
        };
        if depth > DEPTH {
            return;
        }
        for (keyword, value) in schema {
            match (keyword.as_str(), value) {
                ("properties", Value::Object(properties)) => {
                    for (name, property) in properties {
                        self.names.push(name.clone());
                        self.walk(property, depth + 1);
                    }
                }
                ("description", Value::String(text)) if depth > 0 => {
                    self.texts.push(halves(text, ARGUMENT_TEXT).0.to_owned());
                }
                ("enum", Value::Array(values)) => {
                    let values = values.iter().take(VALUES).filter_map(Value::as_str);
                    let values = values.filter(|value| value.len() <= VALUE);
                    self.values.extend(values.map(str::to_owned));
                }
                ("const", Value::String(value)) if value.len() <= VALUE => {
                    self.values.push(value.clone());
                }
                ("items" | "additionalProperties", inner) => self.walk(inner, depth + 1),
                ("anyOf" | "oneOf" | "allOf", Value::Array(branches)) => {
                    for branch in branches {
                        self.walk(branch, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }
}

/// The first bytes of a text up to the end of a word, and the rest.
fn halves(text: &str, bytes: usize) -> (&str, &str) {
    if text.len() <= bytes {
        return (text, "");
    }
    let place = text
        .char_indices()
        .find(|(at, it)| *at >= bytes && it.is_whitespace());
    text.split_at(place.map_or(text.len(), |(at, _)| at))
}

/// The verbs for operations of a method (RFC 9110 §9.3, RFC 5789).
fn verbs(method: &str) -> &'static str {
    match method {
        "GET" | "HEAD" => "get list",
        "QUERY" => "get list search",
        "POST" => "create add",
        "PUT" => "set update add replace",
        "PATCH" => "update edit",
        "DELETE" => "delete remove",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_words() {
        assert_eq!(halves("one two three", 4), ("one two", " three"));
        assert_eq!(halves("one", 4), ("one", ""));
        assert_eq!(halves("éééééé", 3), ("éééééé", ""));
    }
}
