//! The answer to a search: families of operations, and the input of the best one, within a budget.

use std::fmt::Write;

use serde_json::Value;

use super::index::Index;
use super::rank::{Ranked, rank};
use crate::operation::{Access, Operation};
use crate::tool::Tool;

/// The most families of an answer.
const FAMILIES: usize = 8;
/// The most operations of a family.
const MEMBERS: usize = 40;
/// How many operations of each family are shown before those of other families.
const FIRST: usize = 4;
/// The most operations that are ranked one by one.
const HITS: usize = 50;
/// Tokens are estimated as a quarter of the bytes.
const TOKEN: usize = 4;
/// The most bytes of an answer.
const ANSWER: usize = 2_500 * TOKEN;
/// The most bytes of the families.
const LINES: usize = 1_850 * TOKEN;
/// The most bytes of the input schema of the best operation.
const SCHEMA: usize = 1_000 * TOKEN;

/// The operations that fit a request.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The families, the best first: those that the text lists, with the operations that it lists.
    pub families: Vec<Family>,
    /// The operations that fit best, whatever their families.
    pub tools: Vec<Hit>,
    /// The answer as a model reads it: at most 2,500 tokens, each counted as four bytes.
    pub text: String,
}

/// Operations that share a tag and the first two fixed segments of their paths.
#[derive(Clone, Debug)]
pub struct Family {
    /// The tag, and the path that all of them begin with.
    pub name: String,
    /// Its operations, the best first; of a large family, those that fit best.
    pub tools: Vec<&'static Operation>,
}

/// An operation and how well it fits.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    /// The operation.
    pub operation: &'static Operation,
    /// How well it fits. Scores of different requests cannot be compared.
    pub score: f32,
}

/// A family of the answer while it grows.
struct Growing {
    family: u32,
    members: Vec<u32>,
}

impl Index {
    /// Searches for operations that fit a request in a person's words, among those that
    /// `is_allowed`.
    pub fn search(&self, request: &str, is_allowed: impl Fn(&'static Operation) -> bool) -> Found {
        let ranked = rank(self, request, &is_allowed);
        let families = self.families(&ranked, &is_allowed);
        let families: Vec<Family> = families
            .into_iter()
            .filter_map(|growing| {
                let members = growing.members.into_iter();
                Some(Family {
                    name: self.family(growing.family)?.name.clone(),
                    tools: members.filter_map(|it| self.operation(it)).collect(),
                })
            })
            .collect();
        let hits = ranked.iter().take(HITS).filter_map(|it| {
            Some(Hit {
                operation: self.operation(it.operation)?,
                score: it.score as f32 / 1000.0,
            })
        });
        let tools: Vec<Hit> = hits.collect();
        let text = self.text(&families, tools.first().map(|it| it.operation));
        Found {
            families,
            tools,
            text,
        }
    }

    /// Chooses families and their operations: the first families by rank, a few operations of each,
    /// then the others by rank and at last the neighbors, until the lines are full.
    fn families(
        &self,
        ranked: &[Ranked],
        is_allowed: impl Fn(&'static Operation) -> bool,
    ) -> Vec<Growing> {
        let mut chosen: Vec<Growing> = Vec::new();
        let mut left = LINES;
        let mut take = |chosen: &mut Vec<Growing>, number: u32, most: usize, opens: bool| {
            let (Some(operation), Some(family)) = (self.operation(number), self.family_of(number))
            else {
                return;
            };
            let Some(info) = self.family(family) else {
                return;
            };
            let place = chosen.iter().position(|it| it.family == family);
            let fits = match place.and_then(|place| chosen.get(place)) {
                Some(growing) => growing.members.len() < most,
                None => opens && chosen.len() < FAMILIES,
            };
            if !fits || left < operation.name.len() {
                return;
            }
            let head = match place {
                Some(_) => 0,
                None => head(&info.name).len(),
            };
            let cost = head + line(operation, info.prefix).len();
            if cost > left {
                return;
            }
            match place.and_then(|place| chosen.get_mut(place)) {
                Some(growing) => {
                    if !growing.members.contains(&number) {
                        growing.members.push(number);
                        left -= cost;
                    }
                }
                None => {
                    chosen.push(Growing {
                        family,
                        members: vec![number],
                    });
                    left -= cost;
                }
            }
        };
        for it in ranked {
            take(&mut chosen, it.operation, FIRST, true);
        }
        for it in ranked {
            take(&mut chosen, it.operation, MEMBERS, false);
        }
        let families: Vec<u32> = chosen.iter().map(|it| it.family).collect();
        for family in families {
            let members = self.family(family).map(|it| &it.members);
            for number in members.into_iter().flatten() {
                if self.operation(*number).is_some_and(&is_allowed) {
                    take(&mut chosen, *number, MEMBERS, false);
                }
            }
        }
        let mut places = vec![usize::MAX; self.operations.len()];
        for (place, it) in ranked.iter().enumerate() {
            if let Some(slot) = places.get_mut(it.operation as usize) {
                *slot = place;
            }
        }
        for growing in &mut chosen {
            let members = &mut growing.members;
            members.sort_by_key(|it| places.get(*it as usize).copied());
        }
        chosen
    }

    fn text(&self, families: &[Family], best: Option<&'static Operation>) -> String {
        let mut text = String::new();
        for family in families {
            text.push_str(&head(&family.name));
            let prefix = self.prefix(&family.tools);
            for operation in &family.tools {
                text.push_str(&line(operation, prefix));
            }
        }
        let Some(best) = best else {
            return "No operation fits. Use other words, or fewer.".to_owned();
        };
        let left = ANSWER.saturating_sub(text.len());
        text.push_str(&input(best, left).unwrap_or_default());
        text
    }

    /// How much of the paths of a family its name contains.
    fn prefix(&self, tools: &[&'static Operation]) -> usize {
        let first = tools.first().and_then(|first| {
            let same = |it: &&super::index::Indexed| std::ptr::eq(it.operation, *first);
            self.operations.iter().find(same)
        });
        first
            .and_then(|it| self.family(it.family))
            .map_or(0, |it| it.prefix)
    }
}

/// The line that begins a family.
fn head(name: &str) -> String {
    format!("# {name}\n")
}

/// The line of an operation: its name, method, the rest of its path, and its effect where that is
/// not the usual one of the method. Methods other than GET and DELETE are known as writes. A tool that
/// no operation is behind has neither method nor path.
fn line(operation: &Operation, prefix: usize) -> String {
    let rest = operation.path.get(prefix..).unwrap_or(operation.path);
    let mut line = operation.name.to_owned();
    if !operation.method.is_empty() {
        let _ = write!(line, " {}", operation.method);
    }
    if !rest.is_empty() {
        let _ = write!(line, " …{rest}");
    }
    let usual = match operation.method {
        "GET" => "read",
        "DELETE" => "destructive",
        "" => "",
        _ => "write",
    };
    let effect = match (operation.access, operation.destructive) {
        (Access::Read, _) => "read",
        (Access::Write, true) => "destructive",
        (Access::Write, false) => "write",
    };
    if effect != usual {
        let _ = write!(line, " ({effect})");
    }
    line.push('\n');
    line
}

/// The input schema of an operation below a title, in at most `bytes`: as it is, or without
/// descriptions, or with the names and types of the arguments alone. The title says which.
fn input(operation: &'static Operation, bytes: usize) -> Option<String> {
    let name = operation.name;
    let schema = Value::Object(Tool::new(operation, Vec::new()).published_input().schema);
    let titled = |title: String, schema: &Value| {
        let schema = schema.to_string();
        let fits = schema.len() <= SCHEMA && title.len() + schema.len() <= bytes;
        fits.then(|| title + &schema)
    };
    let whole = format!("Input of {name}, as JSON Schema:\n");
    let bare = format!("Input of {name}, without descriptions (describe_tools returns them):\n");
    let short = format!("Arguments of {name}, in outline (describe_tools returns its schema):\n");
    let none = format!("describe_tools returns the input of {name}.\n");
    titled(whole, &schema)
        .or_else(|| titled(bare, &without_descriptions(&schema)))
        .or_else(|| titled(short, &outline(&schema)))
        .or_else(|| Some(none).filter(|none| none.len() <= bytes))
}

/// The schema without the descriptions, examples and defaults of its parts.
fn without_descriptions(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            let is_text = |key: &str, value: &Value| {
                matches!(key, "description" | "title") && value.is_string()
                    || matches!(key, "examples" | "example" | "default")
            };
            let members = object.iter().filter(|(key, value)| !is_text(key, value));
            let members = members.map(|(key, value)| {
                // The names of properties are not keywords.
                let value = match (key.as_str(), value) {
                    ("properties" | "$defs", Value::Object(named)) => named
                        .iter()
                        .map(|(name, value)| (name.clone(), without_descriptions(value)))
                        .collect(),
                    _ => without_descriptions(value),
                };
                (key.clone(), value)
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => items.iter().map(without_descriptions).collect(),
        other => other.clone(),
    }
}

/// The arguments of a schema with their types, and which are required.
fn outline(schema: &Value) -> Value {
    let mut outline = serde_json::json!({ "type": "object" });
    if let Some(Value::Object(properties)) = schema.get("properties") {
        let properties = properties.iter().map(|(name, property)| {
            let ty = property
                .get("type")
                .map(|ty| serde_json::json!({ "type": ty }));
            (name.clone(), ty.unwrap_or(Value::Bool(true)))
        });
        outline["properties"] = Value::Object(properties.collect());
    }
    if let Some(required) = schema.get("required") {
        outline["required"] = required.clone();
    }
    outline
}
