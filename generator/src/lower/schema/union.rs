//! Unions of which exactly one branch has to fit (`oneOf`), where nothing distinguishes the branches.
//!
//! To the letter (JSON Schema 2020-12 §10.2.1.3) a value that fits two branches fits none of them.
//! Where one branch lies within another, or open objects overlap, that can only have been meant as
//! "one of": any branch is enough. `oneOf` stays where something distinguishes every two branches: the
//! type, the values of a property that one of them requires (so are the names of a discriminator),
//! a property that is forbidden, or that each requires a property which the other does not know.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::named::target;
use super::walk::{children, replaced};
use crate::ir;

/// How deep branches are looked into.
const MAX_DEPTH: usize = 12;
/// How many branches are compared with each other. A union of more takes any of them.
const MAX_BRANCHES: usize = 256;

/// Replaces `oneOf` by `anyOf` where nothing distinguishes two of its branches.
pub(crate) fn open_unions(
    operations: &mut [ir::Operation],
    definitions: &mut IndexMap<String, ir::Schema>,
) {
    let mut shapes = Shapes {
        definitions,
        known: HashMap::new(),
    };
    let inputs: Vec<Option<Value>> = operations
        .iter()
        .map(|operation| shapes.opened(&operation.input.json))
        .collect();
    let opened: Vec<Option<Value>> = definitions_of(&mut shapes);
    for (operation, input) in operations.iter_mut().zip(inputs) {
        if let Some(json) = input {
            operation.input.json = json;
        }
    }
    for (schema, opened) in definitions.values_mut().zip(opened) {
        if let Some(json) = opened {
            schema.json = json;
        }
    }
}

fn definitions_of(shapes: &mut Shapes) -> Vec<Option<Value>> {
    let definitions = shapes.definitions;
    let schemas = definitions.values();
    schemas.map(|schema| shapes.opened(&schema.json)).collect()
}

/// Types, one bit each; an integer is a number without a fraction.
type Kinds = u8;
const NULL: Kinds = 1;
const BOOLEAN: Kinds = 2;
const OBJECT: Kinds = 4;
const ARRAY: Kinds = 8;
const STRING: Kinds = 16;
const INTEGER: Kinds = 32;
const FRACTION: Kinds = 64;
const ANY: Kinds = 127;

/// What values a schema accepts, as far as their types and their list say.
#[derive(Clone, Debug)]
struct Scalar {
    kinds: Kinds,
    values: Option<Vec<Value>>,
}

impl Scalar {
    const ANY: Scalar = Scalar {
        kinds: ANY,
        values: None,
    };

    fn intersect(&mut self, other: Scalar) {
        self.kinds &= other.kinds;
        self.values = match (self.values.take(), other.values) {
            (Some(mut own), Some(other)) => {
                own.retain(|value| other.contains(value));
                Some(own)
            }
            (own, other) => own.or(other),
        };
    }

    fn join(&mut self, other: Scalar) {
        self.kinds |= other.kinds;
        self.values = match (self.values.take(), other.values) {
            (Some(mut own), Some(other)) => {
                own.extend(other);
                Some(own)
            }
            _ => None,
        };
    }

    fn excludes(&self, other: &Scalar) -> bool {
        let values = match (&self.values, &other.values) {
            (Some(own), Some(other)) => !own.iter().any(|value| other.contains(value)),
            _ => false,
        };
        self.kinds & other.kinds == 0 || values
    }
}

/// What distinguishes a branch from others.
#[derive(Clone, Debug)]
struct Shape {
    own: Scalar,
    required: BTreeSet<String>,
    properties: BTreeMap<String, Scalar>,
    /// The only properties that are allowed, where others are not.
    closed: Option<BTreeSet<String>>,
}

impl Shape {
    fn any() -> Shape {
        Shape {
            own: Scalar::ANY,
            required: BTreeSet::new(),
            properties: BTreeMap::new(),
            closed: None,
        }
    }

    fn intersect(&mut self, other: Shape) {
        self.own.intersect(other.own);
        self.required.extend(other.required);
        for (name, scalar) in other.properties {
            let own = self.properties.entry(name).or_insert(Scalar::ANY);
            own.intersect(scalar);
        }
        self.closed = match (self.closed.take(), other.closed) {
            (Some(own), Some(other)) => Some(own.intersection(&other).cloned().collect()),
            (own, other) => own.or(other),
        };
    }

    fn join(&mut self, mut other: Shape) {
        self.own.join(other.own);
        self.required.retain(|name| other.required.contains(name));
        self.properties
            .retain(|name, _| other.properties.contains_key(name));
        for (name, scalar) in &mut self.properties {
            if let Some(other) = other.properties.remove(name) {
                scalar.join(other);
            }
        }
        self.closed = match (self.closed.take(), other.closed) {
            (Some(mut own), Some(other)) => {
                own.extend(other);
                Some(own)
            }
            _ => None,
        };
    }

    /// The types, where a schema that only speaks of properties is one of objects.
    fn kinds(&self) -> Kinds {
        let speaks = !self.required.is_empty() || !self.properties.is_empty();
        match self.own.kinds == ANY && speaks {
            true => OBJECT,
            false => self.own.kinds,
        }
    }

    /// Whether something distinguishes values of the one from those of the other.
    fn is_distinguished_from(&self, other: &Shape) -> bool {
        let common = self.kinds() & other.kinds();
        if common == 0 || self.own.excludes(&other.own) {
            return true;
        }
        if common != OBJECT {
            return false;
        }
        let forbids = |closed: &Option<BTreeSet<String>>, required: &BTreeSet<String>| {
            let closed = closed.as_ref();
            closed.is_some_and(|names| required.iter().any(|name| !names.contains(name)))
        };
        let by_values = self.properties.iter().any(|(name, own)| {
            let needed = self.required.contains(name) || other.required.contains(name);
            let other = other.properties.get(name);
            needed && other.is_some_and(|other| own.excludes(other))
        });
        let needs_more = |one: &Shape, other: &Shape| {
            let mut names = one.required.iter();
            names.any(|name| !other.required.contains(name) && !other.properties.contains_key(name))
        };
        by_values
            || forbids(&self.closed, &other.required)
            || forbids(&other.closed, &self.required)
            || (needs_more(self, other) && needs_more(other, self))
    }
}

/// The shapes of schemas, those of definitions looked at once.
struct Shapes<'s> {
    definitions: &'s IndexMap<String, ir::Schema>,
    known: HashMap<&'s str, Shape>,
}

impl<'s> Shapes<'s> {
    /// The schema with its unions opened; none where all stay.
    fn opened(&mut self, schema: &Value) -> Option<Value> {
        if !self.has_open_union(schema) {
            return None;
        }
        Some(self.open(schema))
    }

    /// Whether a union in the schema, outside of negations and conditions, is to be opened.
    fn has_open_union(&mut self, schema: &Value) -> bool {
        let own = match schema.get("oneOf") {
            Some(Value::Array(branches)) => !self.are_distinguished(branches),
            _ => false,
        };
        if own {
            return true;
        }
        let mut found = false;
        children(schema, &mut |name, _, one| {
            found = found || (!is_negated(name) && self.has_open_union(one));
        });
        found
    }

    fn open(&mut self, schema: &Value) -> Value {
        let Some(members) = schema.as_object() else {
            return schema.clone();
        };
        let mut open = Map::new();
        let mut beside = None;
        for (name, value) in members {
            let inner = match is_negated(name) {
                true => value.clone(),
                false => replaced(name, value, |_, one| self.open(one)),
            };
            let is_open = match (name.as_str(), value) {
                ("oneOf", Value::Array(branches)) => !self.are_distinguished(branches),
                _ => false,
            };
            match (is_open, members.contains_key("anyOf")) {
                (true, true) => beside = Some(json!({"anyOf": inner})),
                (true, false) => {
                    open.insert("anyOf".to_owned(), inner);
                }
                (false, _) => {
                    open.insert(name.clone(), inner);
                }
            }
        }
        if let Some(beside) = beside {
            let parts = open.entry("allOf").or_insert_with(|| json!([]));
            if let Value::Array(parts) = parts {
                parts.push(beside);
            }
        }
        Value::Object(open)
    }

    fn are_distinguished(&mut self, branches: &[Value]) -> bool {
        if branches.len() > MAX_BRANCHES {
            return false;
        }
        let shapes: Vec<Shape> = branches
            .iter()
            .map(|branch| self.shape(branch, 0, &mut Vec::new()))
            .collect();
        shapes.iter().enumerate().all(|(index, one)| {
            let others = shapes.iter().skip(index + 1);
            others
                .into_iter()
                .all(|other| one.is_distinguished_from(other))
        })
    }

    fn shape(&mut self, schema: &Value, depth: usize, open: &mut Vec<String>) -> Shape {
        let mut shape = Shape::any();
        let Some(members) = schema.as_object().filter(|_| depth <= MAX_DEPTH) else {
            return shape;
        };
        shape.own = scalar(members);
        let required = members.get("required").and_then(Value::as_array);
        let required = required.into_iter().flatten().filter_map(Value::as_str);
        shape.required.extend(required.map(str::to_owned));
        let properties = members.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let scalar = self.scalar(property, depth + 1);
            shape.properties.insert(name.clone(), scalar);
        }
        let is_closed = members.get("additionalProperties") == Some(&json!(false))
            && !members.contains_key("patternProperties");
        if is_closed {
            shape.closed = Some(shape.properties.keys().cloned().collect());
        }
        if let Some(name) = target(members.get("$ref")) {
            let target = self.definition(name, depth, open);
            shape.intersect(target);
        }
        for keyword in ["allOf", "oneOf", "anyOf"] {
            let Some(Value::Array(parts)) = members.get(keyword) else {
                continue;
            };
            let mut parts = parts.iter().take(MAX_BRANCHES);
            if keyword == "allOf" {
                for part in parts {
                    let part = self.shape(part, depth + 1, open);
                    shape.intersect(part);
                }
            } else if let Some(first) = parts.next() {
                let mut union = self.shape(first, depth + 1, open);
                for part in parts {
                    let part = self.shape(part, depth + 1, open);
                    union.join(part);
                }
                shape.intersect(union);
            }
        }
        shape
    }

    fn definition(&mut self, name: &str, depth: usize, open: &mut Vec<String>) -> Shape {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let definitions = self.definitions;
        let Some((_, key, schema)) = definitions.get_full(name) else {
            return Shape::any();
        };
        if open.iter().any(|one| one == name) {
            return Shape::any();
        }
        open.push(name.to_owned());
        let shape = self.shape(&schema.json, depth + 1, open);
        open.pop();
        self.known.insert(key, shape.clone());
        shape
    }

    /// What the values of a property are, through references and parts.
    fn scalar(&mut self, schema: &Value, depth: usize) -> Scalar {
        let Some(members) = schema.as_object().filter(|_| depth <= MAX_DEPTH) else {
            return Scalar::ANY;
        };
        let mut found = scalar(members);
        if let Some(name) = target(members.get("$ref"))
            && let Some(schema) = self.definitions.get(name)
        {
            found.intersect(self.scalar(&schema.json, depth + 1));
        }
        if let Some(Value::Array(parts)) = members.get("allOf") {
            for part in parts.iter().take(4) {
                found.intersect(self.scalar(part, depth + 1));
            }
        }
        found
    }
}

/// Whether a keyword's schema says what a value must not be, or what follows from it: a looser one
/// would accept less.
fn is_negated(keyword: &str) -> bool {
    matches!(keyword, "not" | "if")
}

/// The types and values that a schema's own keywords leave.
fn scalar(members: &Map<String, Value>) -> Scalar {
    let mut kinds = match members.get("type") {
        Some(Value::String(kind)) => kind_of(kind),
        Some(Value::Array(several)) => {
            let several = several.iter().filter_map(Value::as_str);
            several.fold(0, |kinds, kind| kinds | kind_of(kind))
        }
        _ => ANY,
    };
    let values = match (members.get("const"), members.get("enum")) {
        (Some(only), _) => Some(vec![only.clone()]),
        (None, Some(Value::Array(values))) => Some(values.clone()),
        _ => None,
    };
    if let Some(values) = &values {
        kinds &= values.iter().fold(0, |kinds, value| kinds | kind(value));
    }
    Scalar { kinds, values }
}

fn kind_of(name: &str) -> Kinds {
    match name {
        "null" => NULL,
        "boolean" => BOOLEAN,
        "object" => OBJECT,
        "array" => ARRAY,
        "string" => STRING,
        "integer" => INTEGER,
        "number" => INTEGER | FRACTION,
        _ => ANY,
    }
}

fn kind(value: &Value) -> Kinds {
    match value {
        Value::Null => NULL,
        Value::Bool(_) => BOOLEAN,
        Value::Object(_) => OBJECT,
        Value::Array(_) => ARRAY,
        Value::String(_) => STRING,
        Value::Number(number) => match number.as_f64() {
            Some(number) if number.fract() == 0.0 => INTEGER,
            _ => FRACTION,
        },
    }
}
