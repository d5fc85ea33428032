//! The schemas of a document, set aside from everything else.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::reference::local;

const URN: &str = "urn:s:";

/// Every Schema Object that stands in a known position, by the JSON pointer to that position.
#[derive(Debug, Default)]
pub struct Schemas {
    entries: IndexMap<String, Value>,
    /// What is left of the document, for references into places no specification knows.
    rest: Value,
}

impl Schemas {
    /// Sets a schema aside; what comes back stands in its place and leads here.
    pub(super) fn put(&mut self, pointer: String, schema: Value) -> Value {
        let (index, _) = self.entries.insert_full(pointer, schema);
        json!({"$ref": format!("{URN}{index}")})
    }

    pub(super) fn keep_rest(&mut self, rest: Value) {
        self.rest = rest;
    }

    /// The schema that a reference leads to, and the pointer to where it stands.
    #[must_use]
    pub fn resolve(&self, reference: &str) -> Option<(String, &Value)> {
        if let Some(index) = reference.strip_prefix(URN) {
            let (pointer, schema) = self.entries.get_index(index.parse().ok()?)?;
            return Some((pointer.clone(), schema));
        }
        let pointer = local(reference)?;
        let schema = self.at(&pointer)?;
        Some((pointer, schema))
    }

    /// The schema at a pointer: one set aside, a part of one, or something elsewhere.
    fn at(&self, pointer: &str) -> Option<&Value> {
        let mut whole = pointer;
        loop {
            if let Some(schema) = self.entries.get(whole) {
                return schema.pointer(pointer.get(whole.len()..)?);
            }
            match whole.rfind('/') {
                Some(at) => whole = whole.get(..at)?,
                None => return self.rest.pointer(pointer).filter(|value| !value.is_null()),
            }
        }
    }
}
