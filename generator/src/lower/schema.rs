//! Schemas: from the dialects of OpenAPI to JSON Schema 2020-12, in one of two directions.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::keyword;
use super::name::{hash, sanitize};
use crate::diagnostic::Diagnostic;
use crate::ir::Schema;
use crate::openapi::{Dialect, Schemas, join};

/// How deep a schema may be nested; what lies deeper accepts anything.
const MAX_DEPTH: usize = 200;
/// How many references may follow each other.
const MAX_HOPS: usize = 32;

/// Which way values travel that a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Direction {
    /// To the API. Read-only properties are left out, every rule stays.
    Input,
    /// From the API. Write-only properties are left out, and so is every rule that an API's answer
    /// may break without harm, for clients discard an answer that breaks one.
    Output,
}

/// Lowers the schemas of one document and gathers the definitions they share.
pub(super) struct Lowering<'d> {
    schemas: &'d Schemas,
    dialect: Dialect,
    /// Finished definitions; `None` while one is being lowered.
    definitions: IndexMap<String, Option<Schema>>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<'d> Lowering<'d> {
    pub(super) fn new(schemas: &'d Schemas, dialect: Dialect) -> Self {
        Lowering {
            schemas,
            dialect,
            definitions: IndexMap::new(),
            diagnostics: Vec::new(),
        }
    }

    /// The definitions that `roots` reach, sorted by name.
    pub(super) fn reached<'s>(
        &self,
        roots: impl IntoIterator<Item = &'s Schema>,
    ) -> IndexMap<String, Schema> {
        let mut open: Vec<String> = roots
            .into_iter()
            .flat_map(|schema| schema.definitions.iter().cloned())
            .collect();
        let mut reached = IndexMap::new();
        while let Some(name) = open.pop() {
            let Some(Some(schema)) = self.definitions.get(&name) else {
                continue;
            };
            if !reached.contains_key(&name) {
                open.extend(schema.definitions.iter().cloned());
                reached.insert(name, schema.clone());
            }
        }
        reached.sort_keys();
        reached
    }

    /// A schema that stands in the document, lowered.
    pub(super) fn lower(&mut self, schema: &Value, at: &str, direction: Direction) -> Value {
        self.schema(schema, at, direction, 0)
    }

    /// Follows references from `schema` to what they lead to, and where that stands.
    pub(super) fn follow<'s>(&self, schema: &'s Value, at: &str) -> (&'s Value, String)
    where
        'd: 's,
    {
        let (mut schema, mut at) = (schema, at.to_owned());
        for _ in 0..MAX_HOPS {
            let reference = schema.get("$ref").and_then(Value::as_str);
            match reference.and_then(|reference| self.schemas.resolve(reference)) {
                Some((pointer, target)) => (schema, at) = (target, pointer),
                None => break,
            }
        }
        (schema, at)
    }

    fn schema(&mut self, schema: &Value, at: &str, direction: Direction, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            self.warn(
                at,
                format!("the schema is nested more than {MAX_DEPTH} deep; what is deeper accepts anything"),
                "name inner schemas under components and refer to them",
            );
            return json!({});
        }
        match schema {
            Value::Object(object) => self.object(object, at, direction, depth),
            // Some clients take no boolean where a schema is due.
            Value::Bool(false) => json!({"not": {}}),
            Value::Bool(true) => json!({}),
            _ => {
                self.warn(at, "is no schema; anything is accepted", "write an object");
                json!({})
            }
        }
    }

    fn object(
        &mut self,
        schema: &Map<String, Value>,
        at: &str,
        direction: Direction,
        depth: usize,
    ) -> Value {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
            return self.keywords(schema, at, direction, depth);
        };
        let own = Value::Object(schema.clone());
        let Some((pointer, target)) = self.schemas.resolve(reference) else {
            self.warn(
                at,
                format!("the reference `{reference}` leads nowhere; anything is accepted"),
                "refer to a schema that the description holds",
            );
            return json!({});
        };
        let end = self.follow(&own, at).0;
        if end
            .get("$ref")
            .and_then(Value::as_str)
            .is_some_and(|on| self.schemas.resolve(on).is_some())
        {
            self.warn(
                at,
                "the reference leads in a circle; anything is accepted",
                "describe a schema",
            );
            return json!({});
        }
        // Set-aside schemas are written where they were used, unless they have a name of their own.
        if reference.starts_with("urn:") {
            return self.schema(target, &pointer, direction, depth + 1);
        }
        let name = self.definition(target, &pointer, direction);
        let mut lowered = Map::from_iter([("$ref".to_owned(), format!("#/$defs/{name}").into())]);
        // OpenAPI 3.0 gives what stands beside a reference no meaning.
        if self.dialect == Dialect::JsonSchema202012 && schema.len() > 1 {
            let mut siblings = schema.clone();
            siblings.shift_remove("$ref");
            if let Value::Object(siblings) = self.keywords(&siblings, at, direction, depth) {
                lowered.extend(siblings);
            }
        }
        lowered.into()
    }

    /// The name of the definition made of the schema at `pointer`.
    fn definition(&mut self, schema: &Value, pointer: &str, direction: Direction) -> String {
        let name = definition_name(pointer, direction);
        if !self.definitions.contains_key(&name) {
            self.definitions.insert(name.clone(), None);
            let mut json = self.schema(schema, pointer, direction, 0);
            if direction == Direction::Output {
                json = keyword::nullable(json);
            }
            self.definitions.insert(name.clone(), Some(finished(json)));
        }
        name
    }

    fn keywords(
        &mut self,
        schema: &Map<String, Value>,
        at: &str,
        direction: Direction,
        depth: usize,
    ) -> Value {
        let mut lowered = Map::new();
        let left_out = self.left_out(schema, at, direction);
        for (key, value) in schema {
            let at = join(at, key);
            let nested = |this: &mut Self, value: &Value, at: &str| {
                this.schema(value, at, direction, depth + 1)
            };
            match key.as_str() {
                "properties" | "patternProperties" | "dependentSchemas" => {
                    let Some(map) = value.as_object() else {
                        continue;
                    };
                    let is_properties = key == "properties";
                    let mut kept = Map::new();
                    for (name, value) in map {
                        if is_properties && left_out.contains(name.as_str()) {
                            continue;
                        }
                        if key == "patternProperties" && !keyword::is_ecma(name) {
                            self.drop_pattern(&at, name);
                            continue;
                        }
                        let mut value = nested(self, value, &join(&at, name));
                        if direction == Direction::Output {
                            value = keyword::nullable(value);
                        }
                        kept.insert(name.clone(), value);
                    }
                    lowered.insert(key.clone(), kept.into());
                }
                "items" => match value {
                    Value::Array(several) => {
                        let several = several.iter().enumerate();
                        let several: Vec<_> = several
                            .map(|(n, value)| nested(self, value, &join(&at, &n.to_string())))
                            .collect();
                        lowered.insert("prefixItems".to_owned(), several.into());
                    }
                    one => {
                        let mut one = nested(self, one, &at);
                        if direction == Direction::Output {
                            one = keyword::nullable(one);
                        }
                        lowered.insert(key.clone(), one);
                    }
                },
                "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
                    let several = value.as_array().into_iter().flatten().enumerate();
                    let several: Vec<_> = several
                        .map(|(n, value)| nested(self, value, &join(&at, &n.to_string())))
                        .collect();
                    if several.is_empty() {
                        continue;
                    }
                    // Without the rules that tell them apart, several may fit.
                    let loose = direction == Direction::Output && key == "oneOf";
                    let key = if loose { "anyOf" } else { key.as_str() };
                    lowered.insert(key.to_owned(), several.into());
                }
                "additionalProperties" | "unevaluatedProperties" | "unevaluatedItems" => {
                    let value = match (value, direction) {
                        (Value::Bool(false), Direction::Output) => continue,
                        (Value::Bool(_), _) => value.clone(),
                        (other, Direction::Input) => nested(self, other, &at),
                        (other, Direction::Output) => keyword::nullable(nested(self, other, &at)),
                    };
                    lowered.insert(key.clone(), value);
                }
                "not" | "if" | "then" | "else" | "contains" | "propertyNames"
                    if direction == Direction::Input =>
                {
                    let value = nested(self, value, &at);
                    lowered.insert(key.clone(), value);
                }
                "required" if direction == Direction::Input => {
                    let names: BTreeSet<&str> = value
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(Value::as_str)
                        .filter(|name| !left_out.contains(name))
                        .collect();
                    let ordered: Vec<Value> = value
                        .as_array()
                        .into_iter()
                        .flatten()
                        .filter(|name| name.as_str().is_some_and(|name| names.contains(name)))
                        .fold(Vec::new(), |mut kept, name| {
                            if !kept.contains(name) {
                                kept.push(name.clone());
                            }
                            kept
                        });
                    if !ordered.is_empty() {
                        lowered.insert(key.clone(), ordered.into());
                    }
                }
                "pattern" if direction == Direction::Input => match value.as_str() {
                    Some(pattern) if keyword::is_ecma(pattern) => {
                        lowered.insert(key.clone(), value.clone());
                    }
                    Some(pattern) => self.drop_pattern(&at, pattern),
                    None => {}
                },
                _ => match keyword::plain(key, value, direction) {
                    keyword::Plain::Keep(key, value) => {
                        lowered.insert(key.to_owned(), value);
                    }
                    keyword::Plain::Ignore => {}
                    keyword::Plain::Wrong(message, help) => self.warn(&at, message, help),
                },
            }
        }
        if direction == Direction::Input {
            keyword::exclusive_bounds(schema, &mut lowered);
        }
        let lowered = Value::Object(lowered);
        if schema.get("nullable") == Some(&Value::Bool(true)) {
            keyword::nullable(lowered)
        } else {
            lowered
        }
    }

    /// The properties that do not travel in this direction.
    fn left_out<'s>(
        &self,
        schema: &'s Map<String, Value>,
        at: &str,
        direction: Direction,
    ) -> BTreeSet<&'s str> {
        let mark = match direction {
            Direction::Input => "readOnly",
            Direction::Output => "writeOnly",
        };
        let properties = schema.get("properties").and_then(Value::as_object);
        let properties = properties.into_iter().flatten();
        let marked = properties.filter(|(_, property)| {
            let is_marked = |schema: &Value| schema.get(mark) == Some(&Value::Bool(true));
            is_marked(property) || is_marked(self.follow(property, at).0)
        });
        marked.map(|(name, _)| name.as_str()).collect()
    }

    fn drop_pattern(&mut self, at: &str, pattern: &str) {
        self.diagnostics.push(Diagnostic::note(
            at,
            format!("the pattern `{pattern}` is no ECMAScript regular expression and is left out"),
            "write it in the syntax of ECMA-262, as JSON Schema demands",
        ));
    }

    fn warn(&mut self, at: &str, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics
            .push(Diagnostic::warning(at, message, help));
    }
}

/// A finished schema and the definitions it names.
pub(super) fn finished(json: Value) -> Schema {
    let mut definitions = BTreeSet::new();
    references(&json, &mut definitions);
    Schema {
        json,
        definitions: definitions.into_iter().collect(),
    }
}

fn references(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                match (key.as_str(), value) {
                    ("$ref", Value::String(reference)) => {
                        names.extend(reference.strip_prefix("#/$defs/").map(str::to_owned));
                    }
                    (
                        "properties" | "patternProperties" | "dependentSchemas",
                        Value::Object(map),
                    ) => {
                        map.values().for_each(|schema| references(schema, names));
                    }
                    ("default" | "examples" | "enum" | "const", _) => {}
                    (_, value) => references(value, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|schema| references(schema, names)),
        _ => {}
    }
}

/// What the definition made of the schema at `pointer` is called: its own name where it has one
/// that needs no escaping, else one that only this pointer gives.
fn definition_name(pointer: &str, direction: Direction) -> String {
    let plain = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
    };
    let component = pointer.strip_prefix("/components/schemas/");
    let name = match component.filter(|name| plain(name)) {
        Some(name) => name.to_owned(),
        None => {
            let tail = pointer.rsplit('/').next().unwrap_or_default();
            let tail: String = sanitize(tail).chars().take(48).collect();
            format!("{tail}.{}", hash(pointer))
        }
    };
    match direction {
        Direction::Input => name,
        Direction::Output => format!("{name}.output"),
    }
}
