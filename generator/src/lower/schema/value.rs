//! Values that schemas speak of.

use serde_json::{Map, Number, Value};

use super::follow::target;
use super::kind;
use crate::openapi::{Document, Node};

/// How deep a value in a schema may be nested: with the schemas around it, it stays within what
/// JSON parsers read.
pub(crate) const MAX_DEPTH: usize = 32;

/// Whether a value is nested deeper than [`MAX_DEPTH`].
pub(crate) fn is_deep(value: &Value, depth: usize) -> bool {
    let deeper = |value| is_deep(value, depth + 1);
    depth > MAX_DEPTH
        || match value {
            Value::Array(items) => items.iter().any(deeper),
            Value::Object(members) => members.values().any(deeper),
            _ => false,
        }
}

/// Whether a value is of a type, or one of several (JSON Schema 2020-12 §6.1.1).
pub(crate) fn is_of(value: &Value, kind: &Value) -> bool {
    let is = |name: &str| match (value, name) {
        (Value::Null, "null")
        | (Value::Bool(_), "boolean")
        | (Value::Number(_), "number")
        | (Value::String(_), "string")
        | (Value::Array(_), "array")
        | (Value::Object(_), "object") => true,
        (Value::Number(number), "integer") => {
            number.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        _ => false,
    };
    match kind {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        _ => true,
    }
}

/// A value of a schema as its `type` has it: YAML takes what lost its quotes for a number, and
/// descriptions quote numbers. A text that is wanted is the one written in the description; what is
/// of none of the types stays as it is.
pub(crate) fn as_declared(document: &Document, schema: &Node, value: &Value) -> Value {
    let mut reading = Reading {
        document,
        left: MAX_READ,
    };
    reading.value(schema, value, 0)
}

/// How many values in one are read by their types. Those behind them stay as they are.
const MAX_READ: usize = 1000;
/// How many schemas that apply to the same value are looked at.
const MAX_LAYERS: usize = 16;

struct Reading<'d> {
    document: &'d Document,
    left: usize,
}

impl<'d> Reading<'d> {
    fn value(&mut self, schema: &Node<'d>, value: &Value, depth: usize) -> Value {
        if self.left == 0 || depth > MAX_DEPTH {
            return value.clone();
        }
        self.left -= 1;
        match value {
            Value::Null => Value::Null,
            Value::Array(items) => {
                let layers = self.layers(schema);
                let of_items = layers.iter().find_map(|layer| layer.get("items"));
                let Some(of_items) = of_items else {
                    return value.clone();
                };
                let items = items.iter();
                items
                    .map(|item| self.value(&of_items, item, depth + 1))
                    .collect()
            }
            Value::Object(members) => {
                let layers = self.layers(schema);
                let properties: Vec<Node> = layers
                    .iter()
                    .filter_map(|layer| layer.get("properties"))
                    .collect();
                let mut read = Map::new();
                for (name, member) in members {
                    let own = properties.iter().find_map(|all| all.get(name));
                    let member = match own {
                        Some(own) => self.value(&own, member, depth + 1),
                        None => member.clone(),
                    };
                    read.insert(name.clone(), member);
                }
                Value::Object(read)
            }
            scalar => {
                let own = schema.get("type");
                let own = own.or_else(|| {
                    let layers = self.layers(schema);
                    layers.iter().find_map(|layer| layer.get("type"))
                });
                own.map_or_else(|| scalar.clone(), |kind| read_as(kind.value, scalar))
            }
        }
    }

    /// A schema and those that apply to the same value by reference and `allOf`.
    fn layers(&self, schema: &Node<'d>) -> Vec<Node<'d>> {
        let mut layers = vec![schema.clone()];
        let mut at = 0;
        while let Some(layer) = layers.get(at).cloned() {
            at += 1;
            let mut next = layer.items("allOf");
            if layer.text("$ref").is_some()
                && let Ok(target) = target(self.document, &layer)
            {
                next.insert(0, target);
            }
            for one in next {
                let is_new = layers.iter().all(|known| known.at != one.at);
                if is_new && layers.len() < MAX_LAYERS {
                    layers.push(one);
                }
            }
        }
        layers
    }
}

/// A scalar as one of the types, where it is of none and there is one way to read it as such.
pub(crate) fn read_as(kind: &Value, value: &Value) -> Value {
    let Ok(kinds) = kind::kinds(kind) else {
        return value.clone();
    };
    if is_of(value, kind) {
        return value.clone();
    }
    let wants = |name: &str| kinds.contains(&name);
    let read = match value {
        Value::Number(_) | Value::Bool(_) if wants("string") => {
            Some(Value::String(value.to_string()))
        }
        Value::String(text) if wants("number") || wants("integer") => {
            let number = text.parse::<Number>().ok().map(Value::Number);
            number.filter(|number| is_of(number, kind))
        }
        Value::String(text) if wants("boolean") => match text.as_str() {
            "true" | "True" | "TRUE" => Some(Value::Bool(true)),
            "false" | "False" | "FALSE" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    };
    read.unwrap_or_else(|| value.clone())
}
