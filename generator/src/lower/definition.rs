//! Schemas that several places share: what they are called, and which of them are needed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use indexmap::IndexMap;
use serde_json::Value;

use super::context::Context;
use super::name::hash;
use super::{closed, discriminator, output, schema};
use crate::diagnostic::Diagnostic;
use crate::ir;
use crate::openapi::{Document, Node, Version};

/// How a reference to a definition begins.
pub(super) const PREFIX: &str = "#/$defs/";

/// Which way a value travels, and how it is told: inputs are exact, outputs loosened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Direction {
    Input,
    /// An input that may be of any schema made from this one, which has a discriminator.
    Variants,
    /// An input that is a part of a composition, and takes what the other parts declare.
    Part,
    Output,
}

/// How many definitions an API has at most: far more than any that is used, and no more than what
/// a machine holds while it writes them down.
const MAX_DEFINITIONS: usize = 50_000;

/// The definitions that have been referred to.
pub(super) struct Definitions<'d> {
    /// Names of the schemas under `components`, by JSON pointer.
    components: HashMap<String, String>,
    taken: HashSet<String>,
    /// The schemas that are made from another (`allOf`), by the pointer of the other.
    children: HashMap<String, Vec<Node<'d>>>,
    names: HashMap<(String, Direction), String>,
    waiting: Vec<(String, Node<'d>, Direction)>,
    lowered: BTreeMap<String, ir::Schema>,
}

impl<'d> Definitions<'d> {
    pub(super) fn new(document: &'d Document) -> Self {
        let root = document.root();
        let components = root.get("components");
        let mut schemas = components
            .map(|node| node.members("schemas"))
            .unwrap_or_default();
        // Where they stand in Swagger 2.0.
        schemas.extend(root.members("definitions"));
        let (components, taken) = component_names(&schemas);
        Definitions {
            components,
            taken,
            children: children(document, &schemas),
            names: HashMap::new(),
            waiting: Vec::new(),
            lowered: BTreeMap::new(),
        }
    }

    /// Whether a schema that has not been referred to would be one too many.
    fn is_full(&self, target: &Node<'d>, direction: Direction) -> bool {
        self.names.len() >= MAX_DEFINITIONS
            && !self.names.contains_key(&(target.at.clone(), direction))
    }

    fn name(&mut self, target: &Node<'d>, direction: Direction) -> String {
        let key = (target.at.clone(), direction);
        if let Some(name) = self.names.get(&key) {
            return name.clone();
        }
        let base = match self.components.get(&target.at) {
            Some(name) => name.clone(),
            None => format!("{}_{}", last_words(&target.at), hash(&target.at, 8)),
        };
        let name = match direction {
            Direction::Input => base,
            Direction::Variants => format!("{base}_variants"),
            Direction::Part => format!("{base}_part"),
            Direction::Output => format!("{base}_output"),
        };
        // Only a component may bear the name it has in the description.
        let own = direction == Direction::Input && self.components.contains_key(&target.at);
        let name = if !own && self.taken.contains(&name) {
            format!("{name}_{}", hash(&target.at, 16))
        } else {
            name
        };
        self.names.insert(key, name.clone());
        self.waiting.push((name.clone(), target.clone(), direction));
        name
    }
}

/// Which of the schemas are made from which others.
fn children<'d>(
    document: &'d Document,
    schemas: &[(&'d str, Node<'d>)],
) -> HashMap<String, Vec<Node<'d>>> {
    let mut children: HashMap<String, Vec<Node<'d>>> = HashMap::new();
    for (_, schema) in schemas {
        for part in schema.items("allOf") {
            let parent = part.text("$ref");
            let parent = parent.and_then(|parent| follow(document, parent, &part.at).ok());
            if let Some(parent) = parent {
                children.entry(parent.at).or_default().push(schema.clone());
            }
        }
    }
    children
}

/// A name for each schema under `components`: its own where it can be part of a reference as it
/// is, else what can be kept of it.
fn component_names(schemas: &[(&str, Node)]) -> (HashMap<String, String>, HashSet<String>) {
    let mut wanted: BTreeMap<String, Vec<(&str, &str)>> = BTreeMap::new();
    for (name, node) in schemas {
        wanted
            .entry(sanitise(name))
            .or_default()
            .push((name, &node.at));
    }
    let mut names = HashMap::new();
    let mut taken: HashSet<String> = wanted.keys().cloned().collect();
    for (plain, claims) in wanted {
        let several = claims.len() > 1;
        for (name, at) in claims {
            let own = if several && name != plain {
                format!("{plain}_{}", hash(name, 16))
            } else {
                plain.clone()
            };
            taken.insert(own.clone());
            names.insert(at.to_owned(), own);
        }
    }
    (names, taken)
}

fn sanitise(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if name.is_empty() {
        return "schema".to_owned();
    }
    name.chars()
        .map(|c| if fits(c) { c } else { '_' })
        .collect()
}

/// Something readable from the end of a pointer.
fn last_words(pointer: &str) -> String {
    let tokens: Vec<&str> = pointer.rsplit('/').take(3).collect();
    let words: Vec<String> = tokens
        .into_iter()
        .rev()
        .filter(|token| {
            !matches!(
                *token,
                "properties" | "schemas" | "items" | "schema" | "$defs"
            )
        })
        .map(sanitise)
        .collect();
    if words.is_empty() {
        "schema".to_owned()
    } else {
        words.join("_")
    }
}

/// The name of the definition that a reference at the pointer `at` leads to; none where it leads
/// nowhere, which is reported.
pub(super) fn reference<'d>(
    cx: &mut Context<'d>,
    reference: &str,
    at: &str,
    direction: Direction,
) -> Option<String> {
    match follow(cx.document, reference, at) {
        Ok(target) => {
            let known = cx
                .definitions
                .names
                .contains_key(&(target.at.clone(), direction));
            let plain = !known
                && match direction {
                    Direction::Variants => !discriminator::has_variants(cx, &target),
                    Direction::Part => {
                        !closed::is_closed_somewhere(cx.document, &target.at, target.value)
                    }
                    Direction::Input | Direction::Output => false,
                };
            let direction = if plain { Direction::Input } else { direction };
            if cx.definitions.is_full(&target, direction) {
                cx.warn(
                    "/components/schemas",
                    format!(
                        "more than {MAX_DEFINITIONS} schemas are used; the others accept anything"
                    ),
                    "hide operations that are not needed, or divide the description",
                );
                return None;
            }
            Some(cx.definitions.name(&target, direction))
        }
        Err(found) => {
            let message = format!("{}; anything is accepted here", found.message);
            cx.report(Diagnostic { message, ..found });
            None
        }
    }
}

/// How many schemas that are nothing but a reference are passed by. Each schema that leads through
/// a long chain follows all of it, so without a bound the work grows with the square of its length.
const MAX_HOPS: usize = 16;

/// A reference to a schema as it is.
pub(super) fn refer<'d>(cx: &mut Context<'d>, target: &Node<'d>) -> String {
    format!("{PREFIX}{}", cx.definitions.name(target, Direction::Input))
}

/// The schemas that are made from the one at `parent`, and from these again, each once; none if
/// they are more than `most`.
pub(super) fn descendants<'d>(
    cx: &Context<'d>,
    parent: &Node<'d>,
    most: usize,
) -> Option<Vec<Node<'d>>> {
    let mut seen = HashSet::from([parent.at.clone()]);
    let mut found = Vec::new();
    let mut waiting = vec![&parent.at];
    while let Some(at) = waiting.pop() {
        for child in cx.definitions.children.get(at).into_iter().flatten() {
            if seen.insert(child.at.clone()) {
                if found.len() == most {
                    return None;
                }
                found.push(child.clone());
                waiting.push(&child.at);
            }
        }
    }
    Some(found)
}

/// What a reference leads to once schemas that are nothing but a reference are passed by.
pub(super) fn follow<'d>(
    document: &'d Document,
    reference: &str,
    at: &str,
) -> Result<Node<'d>, Diagnostic> {
    let mut node = document.target(reference, at)?;
    for _ in 0..MAX_HOPS {
        let next = node.text("$ref").filter(|_| {
            let alone = node.object().is_some_and(|schema| schema.len() == 1);
            alone || document.version() <= Version::V3_0
        });
        let Some(next) = next else {
            return Ok(node);
        };
        node = document.target(next, &node.at)?;
    }
    Err(Diagnostic::warning(
        node.at,
        format!("the references lead in a circle, or through more than {MAX_HOPS} others"),
        "let one of them lead to a schema",
    ))
}

/// Lowers what has been referred to, and what that refers to.
pub(super) fn settle(cx: &mut Context) {
    while let Some((name, node, direction)) = cx.definitions.waiting.pop() {
        let json = match direction {
            Direction::Input => schema::lower(cx, &node),
            Direction::Variants => discriminator::variants(cx, &node),
            Direction::Part => schema::lower_part(cx, &node),
            Direction::Output => output::loosened(cx, &node),
        };
        let definitions = named(&json);
        cx.definitions
            .lowered
            .insert(name, ir::Schema { json, definitions });
    }
}

/// The size of a schema with all that it reaches, as compact JSON; none above `limit`.
pub(super) fn size(cx: &mut Context, schema: &ir::Schema, limit: usize) -> Option<usize> {
    settle(cx);
    let mut total = schema.json.to_string().len();
    let mut waiting: Vec<&String> = schema.definitions.iter().collect();
    let mut seen = HashSet::new();
    while let Some(name) = waiting.pop() {
        if !seen.insert(name) {
            continue;
        }
        let definition = cx.definitions.lowered.get(name)?;
        total += name.len() + 4 + definition.json.to_string().len();
        if total > limit {
            return None;
        }
        waiting.extend(&definition.definitions);
    }
    let total = if seen.is_empty() {
        total
    } else {
        total + r#","$defs":{}"#.len()
    };
    (total <= limit).then_some(total)
}

/// The definitions that operations reach, by name.
pub(super) fn reached(
    cx: &mut Context,
    operations: &[ir::Operation],
) -> IndexMap<String, ir::Schema> {
    settle(cx);
    let mut waiting: Vec<String> = Vec::new();
    for operation in operations {
        let schemas = [Some(&operation.input), operation.output.as_ref()];
        waiting.extend(
            schemas
                .into_iter()
                .flatten()
                .flat_map(|schema| schema.definitions.clone()),
        );
    }
    let mut reached = BTreeMap::new();
    while let Some(name) = waiting.pop() {
        if let Some(schema) = cx.definitions.lowered.remove(&name) {
            waiting.extend(schema.definitions.iter().cloned());
            reached.insert(name, schema);
        }
    }
    let reached = break_circles(cx, reached);
    reached.into_iter().collect()
}

/// Keywords whose schemas apply to the very value that the schema around them applies to.
const IN_PLACE: [&str; 7] = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else"];

/// A schema that applies itself to the same value has no meaning, and sends validators into a
/// circle (JSON Schema 2020-12 §9.4.1). Such references are taken out.
fn break_circles(
    cx: &mut Context,
    mut schemas: BTreeMap<String, ir::Schema>,
) -> BTreeMap<String, ir::Schema> {
    let edges: BTreeMap<String, BTreeSet<String>> = schemas
        .iter()
        .map(|(name, schema)| {
            let mut targets = BTreeSet::new();
            in_place(&schema.json, &mut |target| {
                targets.insert(target.to_owned());
            });
            (name.clone(), targets)
        })
        .collect();
    let mut done = HashSet::new();
    for start in edges.keys() {
        // Depth first, without recursion: names may form long chains.
        let mut open: Vec<(&String, Vec<&String>)> = Vec::new();
        let mut above = HashSet::new();
        let targets = |name| {
            edges
                .get(name)
                .map(|set| set.iter().collect())
                .unwrap_or_default()
        };
        if !done.contains(start) {
            open.push((start, targets(start)));
            above.insert(start);
        }
        while let Some((name, rest)) = open.last_mut() {
            let name = *name;
            let Some(next) = rest.pop() else {
                done.insert(name);
                above.remove(name);
                open.pop();
                continue;
            };
            if above.contains(next) {
                cx.warn(
                    "/components/schemas",
                    format!("the schema `{name}` contains itself by way of `{next}`; that part accepts anything"),
                    "let the circle pass through a property or an item",
                );
                if let Some(schema) = schemas.get_mut(name) {
                    cut(&mut schema.json, next);
                    schema.definitions = named(&schema.json);
                }
            } else if !done.contains(next) {
                open.push((next, targets(next)));
                above.insert(next);
            }
        }
    }
    schemas
}

/// Visits the references of a schema that apply in place.
fn in_place(schema: &Value, visit: &mut dyn FnMut(&str)) {
    let Some(members) = schema.as_object() else {
        return;
    };
    if let Some(name) = target(members.get("$ref")) {
        visit(name);
    }
    for keyword in IN_PLACE {
        match members.get(keyword) {
            Some(Value::Array(schemas)) => schemas.iter().for_each(|one| in_place(one, visit)),
            Some(one) => in_place(one, visit),
            None => {}
        }
    }
    if let Some(schemas) = members.get("dependentSchemas").and_then(Value::as_object) {
        schemas.values().for_each(|one| in_place(one, visit));
    }
}

/// Removes the in-place references to a definition.
fn cut(schema: &mut Value, name: &str) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    if target(members.get("$ref")) == Some(name) {
        members.shift_remove("$ref");
    }
    for keyword in IN_PLACE {
        match members.get_mut(keyword) {
            Some(Value::Array(schemas)) => schemas.iter_mut().for_each(|one| cut(one, name)),
            Some(one) => cut(one, name),
            None => {}
        }
    }
    if let Some(schemas) = members
        .get_mut("dependentSchemas")
        .and_then(Value::as_object_mut)
    {
        schemas.values_mut().for_each(|one| cut(one, name));
    }
}

fn target(reference: Option<&Value>) -> Option<&str> {
    reference?.as_str()?.strip_prefix(PREFIX)
}

/// The definitions that a lowered schema names itself, sorted.
pub(super) fn named(schema: &Value) -> Vec<String> {
    let mut names = BTreeSet::new();
    collect(schema, &mut names);
    names.into_iter().collect()
}

/// Looks into every place a lowered schema can have a schema in.
fn collect(schema: &Value, names: &mut BTreeSet<String>) {
    let Some(members) = schema.as_object() else {
        return;
    };
    for (keyword, value) in members {
        match (keyword.as_str(), value) {
            ("$ref", Value::String(reference)) => {
                names.extend(reference.strip_prefix(PREFIX).map(str::to_owned));
            }
            ("properties" | "patternProperties" | "dependentSchemas", Value::Object(schemas)) => {
                schemas.values().for_each(|one| collect(one, names));
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => {
                schemas.iter().for_each(|one| collect(one, names));
            }
            (
                "items"
                | "contains"
                | "additionalProperties"
                | "propertyNames"
                | "not"
                | "if"
                | "then"
                | "else"
                | "unevaluatedItems"
                | "unevaluatedProperties"
                | "contentSchema",
                one,
            ) => collect(one, names),
            _ => {}
        }
    }
}
