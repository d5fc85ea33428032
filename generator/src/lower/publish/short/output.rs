//! Output schemas in outline: which members there are and of what type, as deep as there is room.

use serde_json::{Map, Value, json};

use crate::ir;
use crate::lower::publish::size::compact;

/// The depths that are tried, from the one that says most.
const DEPTHS: [usize; 6] = [8, 5, 4, 3, 2, 1];
/// How many schemas an outline has at most for each byte of its bound: the least has two.
const BYTES_OF_A_SCHEMA: usize = 2;
/// The largest list of values that stays, in bytes.
const MAX_VALUES: usize = 120;

/// The outline of an output schema in at most `most` bytes, as far as that is possible: it accepts
/// everything that the whole one does. Definitions are written where they are referred to.
pub(super) fn outline(output: &ir::Schema, api: &ir::Api, most: usize) -> ir::Schema {
    let of_depth = |depth: usize| {
        let mut outline = Outline {
            api,
            left: most / BYTES_OF_A_SCHEMA,
        };
        let json = outline.of(&output.json, depth)?;
        (compact(&json) <= most).then_some(json)
    };
    let json = DEPTHS.into_iter().find_map(of_depth);
    ir::Schema {
        json: json.unwrap_or_else(|| json!({"type": "object"})),
        definitions: Vec::new(),
    }
}

struct Outline<'a> {
    api: &'a ir::Api,
    /// How many schemas may follow.
    left: usize,
}

impl Outline<'_> {
    /// The outline of a schema; none where it has too many parts.
    fn of(&mut self, schema: &Value, depth: usize) -> Option<Value> {
        self.left = self.left.checked_sub(1)?;
        let Some(members) = schema.as_object() else {
            return Some(json!({}));
        };
        if let Some(target) = members.get("$ref").and_then(Value::as_str) {
            // Beside a reference there is nothing that an outline would keep.
            let name = target.strip_prefix("#/$defs/")?;
            let target = &self.api.definitions.get(name)?.json;
            return match depth {
                0 => Some(shallow(target)),
                depth => self.of(target, depth - 1),
            };
        }
        if depth == 0 {
            return Some(shallow(schema));
        }
        let mut outline = Map::new();
        for (keyword, value) in members {
            let value = match (keyword.as_str(), value) {
                ("type", value) => value.clone(),
                ("enum" | "const", value) if compact(value) <= MAX_VALUES => value.clone(),
                ("properties", Value::Object(properties)) => {
                    let mut kept = Map::new();
                    for (name, property) in properties {
                        kept.insert(name.clone(), self.of(property, depth - 1)?);
                    }
                    Value::Object(kept)
                }
                ("items" | "additionalProperties", Value::Object(_)) => {
                    self.of(value, depth - 1)?
                }
                ("anyOf" | "allOf", Value::Array(parts)) => {
                    let parts = parts.iter().map(|part| self.of(part, depth));
                    Value::Array(parts.collect::<Option<_>>()?)
                }
                _ => continue,
            };
            outline.insert(keyword.clone(), value);
        }
        Some(Value::Object(outline))
    }
}

/// The type of a schema.
fn shallow(schema: &Value) -> Value {
    match schema.get("type") {
        Some(kind) => json!({ "type": kind }),
        None => json!({}),
    }
}
