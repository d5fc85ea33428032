//! What clients are shown of an input that is too large for them: the schema cut at depth.
//!
//! What is nearest to the root stays, breadth first, for as long as there is room; the rest becomes
//! an open schema of its type, whose description says what was cut. Calls are checked against the
//! whole, so the cut may accept more, and never accepts less.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use serde_json::{Map, Value, json};

use super::size::{Sizes, compact};
use crate::diagnostic::Diagnostic;
use crate::ir;
use crate::lower::context::Context;
use crate::lower::schema::{children, named, replaced};
use crate::openapi::join;

/// How large a negation may be to stay, in bytes: it is kept or dropped as a whole.
const MAX_NEGATION: usize = 200;
/// How much of its own description what is cut keeps, in characters.
const MAX_CUT_DESCRIPTION: usize = 100;

/// Gives each operation whose definition is too large a smaller one to be published.
pub(crate) fn bound(cx: &mut Context, api: &mut ir::Api) {
    let max = cx.max_definition_bytes;
    let sizes = Sizes::new(api);
    let unpublished = cx.patterns.checked();
    let definitions = Definitions::new(api, unpublished);
    let published: Vec<Option<Cut>> = api
        .operations
        .iter()
        .map(|operation| {
            let size = sizes.tool(operation);
            if size <= max && !definitions.reaches_unpublished(&operation.input) {
                return None;
            }
            let others = size - sizes.schema(&operation.input);
            let json = cut(
                &operation.input.json,
                &definitions,
                max.saturating_sub(others),
            );
            Some(Cut {
                size,
                left: others + compact(&json),
                json,
            })
        })
        .collect();
    for (operation, published) in api.operations.iter_mut().zip(published) {
        let Some(Cut { size, left, json }) = published else {
            continue;
        };
        let method = operation.method.to_ascii_lowercase();
        let at = join(&join("/paths", &operation.path), &method);
        let name = &operation.name;
        if size > max {
            cx.report(Diagnostic::note(
            &at,
            format!(
                "the definition of `{name}` takes {size} bytes; clients are shown its upper part, calls are checked against the whole"
            ),
            "hide properties that are not needed, to say which part that is",
        ));
        }
        if left > max {
            cx.warn(
                at,
                format!("without its arguments the definition of `{name}` takes {left} bytes still, and {max} are allowed"),
                "shorten its description, or allow more with --max-definition-bytes",
            );
        }
        let definitions = Vec::new();
        operation.published = Some(ir::Schema { json, definitions });
    }
}

/// A definition that was too large.
struct Cut {
    /// The bytes it took.
    size: usize,
    /// The bytes it takes with the schema that is published.
    left: usize,
    json: Value,
}

/// The definitions of an API, ready to be cut.
struct Definitions<'a> {
    by_name: HashMap<&'a str, (&'a Value, OnceCell<Value>)>,
    api: &'a ir::Api,
    /// The patterns that are checked and not published.
    unpublished: &'a HashSet<String>,
}

impl<'a> Definitions<'a> {
    fn new(api: &'a ir::Api, unpublished: &'a HashSet<String>) -> Self {
        let definitions = api.definitions.iter();
        Definitions {
            api,
            unpublished,
            by_name: definitions
                .map(|(name, schema)| (name.as_str(), (&schema.json, OnceCell::new())))
                .collect(),
        }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let (json, loose) = self.by_name.get(name)?;
        Some(loose.get_or_init(|| loosened(json, self.unpublished)))
    }

    /// Whether the schema, or one that it refers to, contains a pattern that is not published.
    fn reaches_unpublished(&self, schema: &ir::Schema) -> bool {
        if self.unpublished.is_empty() {
            return false;
        }
        let mut seen: HashSet<&str> = HashSet::new();
        let mut next: Vec<&ir::Schema> = vec![schema];
        while let Some(schema) = next.pop() {
            if holds_pattern(&schema.json, self.unpublished) {
                return true;
            }
            let new = schema.definitions.iter().filter(|name| seen.insert(name));
            next.extend(new.filter_map(|name| self.api.definitions.get(name)));
        }
        false
    }
}

fn holds_pattern(schema: &Value, patterns: &HashSet<String>) -> bool {
    let own = schema.get("pattern").and_then(Value::as_str);
    let mut found = own.is_some_and(|own| patterns.contains(own));
    children(schema, &mut |_, _, one| {
        found = found || holds_pattern(one, patterns);
    });
    found
}

/// The schema without what would accept less once a part of it is looser: exactly one of several,
/// negations, conditions, and what looks at what other parts have seen; and without the patterns that
/// are not published.
fn loosened(schema: &Value, unpublished: &HashSet<String>) -> Value {
    let Some(members) = schema.as_object() else {
        return schema.clone();
    };
    let mut loose = Map::new();
    let mut alternatives = None;
    for (keyword, value) in members {
        let value = match (keyword.as_str(), value) {
            (
                "if"
                | "then"
                | "else"
                | "unevaluatedProperties"
                | "unevaluatedItems"
                | "maxContains",
                _,
            ) => continue,
            ("pattern", Value::String(pattern)) if unpublished.contains(pattern) => continue,
            ("not", value)
                if compact(value) > MAX_NEGATION
                    || !named(value).is_empty()
                    || holds_pattern(value, unpublished) =>
            {
                continue;
            }
            ("not", value) => value.clone(),
            ("oneOf", Value::Array(schemas)) => {
                alternatives = Some(
                    schemas
                        .iter()
                        .map(|one| loosened(one, unpublished))
                        .collect::<Value>(),
                );
                continue;
            }
            (keyword, value) => replaced(keyword, value, |_, one| loosened(one, unpublished)),
        };
        loose.insert(keyword.clone(), value);
    }
    if let Some(alternatives) = alternatives {
        if !loose.contains_key("anyOf") {
            loose.insert("anyOf".to_owned(), alternatives);
        } else if let Value::Array(parts) = loose.entry("allOf").or_insert_with(|| json!([])) {
            parts.push(json!({"anyOf": alternatives}));
        }
    }
    Value::Object(loose)
}

/// What stands in place of what is cut.
#[derive(Clone, Copy)]
enum Stub {
    /// Its type, and a description of what is missing.
    Noted,
    /// Its type.
    Bare,
}

impl Stub {
    fn of(self, schema: &Value) -> Value {
        let mut stub = Map::new();
        if let Some(is) = schema.get("type") {
            stub.insert("type".to_owned(), is.clone());
        }
        // What a list is of is never cut away: without it, models send anything.
        if let Some(items) = schema.get("items") {
            stub.insert("items".to_owned(), Stub::Bare.of(items));
        }
        if let Stub::Noted = self {
            let own = schema.get("description").and_then(Value::as_str);
            let own = own.unwrap_or_default();
            let mut text: String = own.chars().take(MAX_CUT_DESCRIPTION).collect();
            if text.len() < own.len() {
                text.push('…');
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&format!(
                "(cut: {}; see the API's documentation)",
                missing(schema)
            ));
            stub.insert("description".to_owned(), text.into());
        }
        Value::Object(stub)
    }
}

/// What is missing where a schema is cut.
fn missing(schema: &Value) -> String {
    let count = |keyword: &str| match schema.get(keyword) {
        Some(Value::Object(schemas)) => schemas.len(),
        Some(Value::Array(schemas)) => schemas.len(),
        _ => 0,
    };
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let names: Vec<String> = properties
            .keys()
            .take(3)
            .map(|name| name.chars().take(40).collect())
            .collect();
        return format!(
            "{} properties, such as {}",
            properties.len(),
            names.join(", ")
        );
    }
    let several = [
        ("enum", "values"),
        ("anyOf", "alternatives"),
        ("allOf", "parts"),
    ];
    match several.iter().find(|(keyword, _)| count(keyword) > 1) {
        Some((keyword, what)) => format!("{} {what}", count(keyword)),
        None if schema.get("items").is_some() => "its items".to_owned(),
        None if schema.get("additionalProperties").is_some() => "its values".to_owned(),
        None => "the rest of what describes it".to_owned(),
    }
}

/// A schema of at most `room` bytes that accepts all that `root` does. Its definitions stand in
/// itself.
fn cut(root: &Value, definitions: &Definitions, room: usize) -> Value {
    let root = loosened(root, definitions.unpublished);
    let mut cutting = Cutting {
        whole: definitions,
        root: Value::Null,
        definitions: BTreeMap::new(),
        waiting: VecDeque::new(),
        size: r#","$defs":{}"#.len(),
        room,
    };
    let all = Part {
        definition: None,
        at: String::new(),
        whole: &root,
        stub_size: 0,
    };
    if !cutting.place(&all) {
        return opened(&root, room);
    }
    while let Some(part) = cutting.waiting.pop_front() {
        cutting.place(&part);
    }
    cutting.into_schema()
}

/// A schema while it is filled up from its root.
struct Cutting<'w> {
    whole: &'w Definitions<'w>,
    root: Value,
    definitions: BTreeMap<String, Value>,
    /// What is cut and may still be filled in, the nearest first.
    waiting: VecDeque<Part<'w>>,
    size: usize,
    room: usize,
}

/// A part of the schema that is cut.
struct Part<'w> {
    /// The definition it stands in; none in the root.
    definition: Option<String>,
    /// Its JSON pointer in there.
    at: String,
    whole: &'w Value,
    /// The size of what stands in its place.
    stub_size: usize,
}

impl<'w> Cutting<'w> {
    /// Puts a part in its place, its own parts cut, if there is room for it: with a note in each,
    /// or else with one note for all of them.
    fn place(&mut self, part: &Part<'w>) -> bool {
        for stub in [Stub::Noted, Stub::Bare] {
            let (upper, parts) = upper(part.whole, stub);
            let new = self.new_definitions(&upper, stub);
            let added = compact(&upper) + new.iter().map(|new| new.size).sum::<usize>();
            let size = (self.size + added).saturating_sub(part.stub_size);
            if size > self.room {
                continue;
            }
            let place = match &part.definition {
                None => self.root.pointer_mut(&part.at),
                Some(name) => self
                    .definitions
                    .get_mut(name)
                    .and_then(|definition| definition.pointer_mut(&part.at)),
            };
            let Some(place) = place else { return false };
            *place = upper;
            self.size = size;
            for (below, whole, stub_size) in parts {
                self.waiting.push_back(Part {
                    definition: part.definition.clone(),
                    at: format!("{}{below}", part.at),
                    whole,
                    stub_size,
                });
            }
            for new in new {
                self.waiting.push_back(Part {
                    definition: Some(new.name.clone()),
                    at: String::new(),
                    whole: new.whole,
                    stub_size: compact(&new.stub),
                });
                self.definitions.insert(new.name, new.stub);
            }
            return true;
        }
        false
    }

    /// What a schema refers to that is not there yet.
    fn new_definitions(&self, schema: &Value, stub: Stub) -> Vec<NewDefinition<'w>> {
        let names = named(schema).into_iter();
        names
            .filter(|name| !self.definitions.contains_key(name))
            .filter_map(|name| {
                let whole = self.whole.get(&name)?;
                let stub = stub.of(whole);
                let size = compact(&name) + ":,".len() + compact(&stub);
                Some(NewDefinition {
                    name,
                    whole,
                    stub,
                    size,
                })
            })
            .collect()
    }

    fn into_schema(self) -> Value {
        let mut root = self.root;
        if let (Some(members), false) = (root.as_object_mut(), self.definitions.is_empty()) {
            let definitions = self.definitions.into_iter().collect();
            members.insert("$defs".to_owned(), Value::Object(definitions));
        }
        root
    }
}

/// A definition that is about to be named.
struct NewDefinition<'w> {
    name: String,
    whole: &'w Value,
    stub: Value,
    size: usize,
}

/// A part of a schema: its JSON pointer, the whole of it, and the size of what stands in its place.
type Below<'w> = (String, &'w Value, usize);

/// A schema whose parts are cut, and these parts. What is no larger than what would stand in its
/// place stays.
fn upper(schema: &Value, stub: Stub) -> (Value, Vec<Below<'_>>) {
    let mut parts = Vec::new();
    let Some(members) = schema.as_object() else {
        return (schema.clone(), parts);
    };
    let mut part = |at: String, schema| {
        let stub = stub.of(schema);
        let size = compact(&stub);
        if compact(schema) <= size {
            return schema.clone();
        }
        parts.push((at, schema, size));
        stub
    };
    let mut upper = Map::new();
    for (keyword, value) in members {
        let value = match keyword.as_str() {
            // It is kept or dropped as a whole.
            "not" => value.clone(),
            keyword => replaced(keyword, value, &mut part),
        };
        upper.insert(keyword.clone(), value);
    }
    if let (Stub::Bare, false) = (stub, parts.is_empty()) {
        let own = schema.get("description").and_then(Value::as_str);
        let own = own.map(|own| format!("{own} ")).unwrap_or_default();
        let note = "(parts of this are cut; see the API's documentation)";
        upper.insert("description".to_owned(), format!("{own}{note}").into());
    }
    (Value::Object(upper), parts)
}

/// A root with as many properties as there is room for, which accepts others too.
fn opened(root: &Value, room: usize) -> Value {
    let mut properties = Map::new();
    let all = root.get("properties").and_then(Value::as_object);
    let count = all.map_or(0, Map::len);
    let mut schema = json!({
        "type": "object",
        "description": format!(
            "The first of {count} arguments, without their schemas; see the API's documentation."
        ),
        "properties": {},
    });
    let mut size = compact(&schema);
    for (name, property) in all.into_iter().flatten() {
        let stub = Stub::Bare.of(property);
        size += compact(name) + ":,".len() + compact(&stub);
        if size > room {
            break;
        }
        properties.insert(name.clone(), stub);
    }
    schema["properties"] = Value::Object(properties);
    schema
}
