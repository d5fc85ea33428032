//! Values made from Schema Objects as a description has them, each leaf of which is like no other,
//! and values that do not fit.

use serde_json::{Map, Number, Value, json};

/// How deep values are made, and how many members an object has.
const DEPTH: usize = 5;
const MEMBERS: usize = 40;

/// Makes values.
pub(crate) struct Sampler<'d> {
    pub(crate) document: &'d Value,
    /// How many leaves were made.
    pub(crate) made: u64,
}

impl<'d> Sampler<'d> {
    /// What a reference leads to, within the document.
    pub(crate) fn resolved(&self, mut node: &'d Value) -> &'d Value {
        for _ in 0..16 {
            let Some(reference) = node["$ref"].as_str() else {
                return node;
            };
            let target = reference
                .strip_prefix('#')
                .and_then(|pointer| self.document.pointer(pointer));
            match target {
                Some(target) => node = target,
                None => return &Value::Null,
            }
        }
        node
    }

    /// A text that is nowhere else.
    pub(crate) fn text(&mut self) -> String {
        self.made += 1;
        format!("leaf {}", self.made)
    }

    fn number(&mut self) -> Number {
        self.made += 1;
        Number::from(1_000_000 + self.made)
    }

    /// A value of a schema.
    pub(crate) fn value(&mut self, schema: &'d Value, depth: usize) -> Value {
        let schema = self.resolved(schema);
        if depth > DEPTH {
            return Value::Null;
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(branches) = schema[keyword].as_array().filter(|it| !it.is_empty())
                && schema.get("properties").is_none()
            {
                let index = usize::try_from(self.made).unwrap() % branches.len();
                return self.value(&branches[index], depth + 1);
            }
        }
        let kind = match &schema["type"] {
            Value::String(kind) => kind.as_str(),
            Value::Array(kinds) => kinds.first().and_then(Value::as_str).unwrap_or("string"),
            _ if schema.get("items").is_some() => "array",
            _ if schema.get("properties").is_some() || schema.get("allOf").is_some() => "object",
            _ => "string",
        };
        match kind {
            "array" => (0..2)
                .map(|_| self.value(&schema["items"], depth + 1))
                .collect(),
            "object" => Value::Object(self.object(schema, depth)),
            "integer" | "number" => Value::Number(self.number()),
            "boolean" => Value::Bool(true),
            "null" => Value::Null,
            _ => Value::from(self.text()),
        }
    }

    fn object(&mut self, schema: &'d Value, depth: usize) -> Map<String, Value> {
        let mut object = Map::new();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            if let Value::Object(part) = self.value(part, depth + 1) {
                object.extend(part);
            }
        }
        let properties = schema["properties"].as_object().into_iter().flatten();
        for (name, schema) in properties.take(MEMBERS) {
            object.insert(name.clone(), self.value(schema, depth + 1));
        }
        if let Some(Value::Object(_)) = schema.get("additionalProperties") {
            let value = self.value(&schema["additionalProperties"], depth + 1);
            object.insert("more".to_owned(), value);
        }
        // What the description does not know of.
        object.insert("unknown".to_owned(), Value::from(self.text()));
        object
    }

    /// The same value, with some of its parts of another type.
    pub(crate) fn bent(&mut self, value: Value) -> Value {
        self.made += 1;
        let bends = self.made.is_multiple_of(3);
        match value {
            Value::Array(items) if bends => json!({ "items": items }),
            Value::Object(members) if bends => members.into_values().collect(),
            Value::Array(items) => items.into_iter().map(|item| self.bent(item)).collect(),
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| (name, self.bent(value)))
                .collect(),
            Value::String(_) if bends => Value::Number(self.number()),
            Value::Number(_) if bends => json!([{ "of": self.text() }]),
            Value::Bool(_) if bends => Value::from(self.text()),
            other => other,
        }
    }
}
