//! Schemas of outputs: what a model may expect of the structured content.
//!
//! APIs keep their own descriptions less well than clients hold servers to them, and one answer
//! that does not fit makes common clients fail the call. So outputs are loosened: they say which
//! fields there are and of what type, and nothing that could reject an answer for less.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use crate::ir;
use crate::lower::context::Context;
use crate::lower::response::{self, Response};
use crate::lower::schema::{self, loosened};
use crate::lower::settings::Outputs;
use crate::openapi::{Document, Node};

/// The largest output schema that is published, in bytes of compact JSON with its definitions and
/// without the room for notes.
const MAX_BYTES: usize = 4096;
/// What part of a tool's definition it may take.
const MAX_PART: usize = 4;

/// The member of structured content that holds what the answer says beside its body: its status,
/// header fields, its missing parts, and what does not fit the schema.
const NOTES: &str = "_notes";

/// The schema of an operation's structured content: the published or the declared one.
pub(crate) fn output<'d>(cx: &mut Context<'d>, responses: &[Response<'d>]) -> Option<ir::Schema> {
    match cx.outputs {
        Outputs::Published => published(cx, responses),
        Outputs::Declared => declared(cx, responses),
    }
}

/// The schema of an operation's structured content, where all its answers are JSON and have one
/// and the same. It leaves room for [`NOTES`].
fn published<'d>(cx: &mut Context<'d>, responses: &[Response<'d>]) -> Option<ir::Schema> {
    let good = response::successes(responses);
    if !good.iter().all(|one| one.is_json_only()) {
        return None;
    }
    let mut schemas = Vec::new();
    for response in good {
        schemas.push(response.json()?.get("schema")?);
    }
    let first = schemas.first()?;
    let same = |one: &Node| one.value == first.value;
    if !schemas.iter().all(same) {
        return None;
    }
    let target = schema::target(cx.document, first).ok()?;
    let json = match class(cx.document, &target, &mut HashMap::new()) {
        Class::Object => {
            if !has_room(cx.document, &target, true, &mut HashSet::new()) {
                return None;
            }
            let mut json = loosened(cx, &target);
            json.as_object_mut()?
                .insert("type".to_owned(), json!("object"));
            json
        }
        Class::Other => json!({"type": "object", "properties": {"result": loosened(cx, first)}}),
        Class::Any => return None,
    };
    let definitions = schema::named(&json);
    let mut schema = ir::Schema { json, definitions };
    let limit = MAX_BYTES.min(cx.max_definition_bytes / MAX_PART);
    schema::size(cx, &schema, limit)?;
    let properties = schema.json.as_object_mut()?.entry("properties");
    let properties = properties.or_insert_with(|| json!({})).as_object_mut()?;
    properties.insert(NOTES.to_owned(), json!({"type": "object"}));
    Some(schema)
}

/// The schemas of all answers in JSON that mean success, as the description has them: one of several
/// where these differ.
fn declared<'d>(cx: &mut Context<'d>, responses: &[Response<'d>]) -> Option<ir::Schema> {
    let mut variants: Vec<Value> = Vec::new();
    for response in response::successes(responses) {
        let Some(schema) = response.json().and_then(|media| media.get("schema")) else {
            continue;
        };
        let variant = loosened(cx, &schema);
        if !variants.contains(&variant) {
            variants.push(variant);
        }
    }
    let json = match variants.len() {
        0 => return None,
        1 => variants.pop()?,
        _ => json!({"anyOf": variants}),
    };
    let definitions = schema::named(&json);
    Some(ir::Schema { json, definitions })
}

/// Whether the parts of a schema that apply to the same value allow it a member [`NOTES`] of any
/// type. The root itself does, since that member is among its own properties.
fn has_room(document: &Document, node: &Node, is_root: bool, known: &mut HashSet<String>) -> bool {
    if !known.insert(node.at.clone()) {
        return true;
    }
    if known.len() > MAX_CLASSIFIED {
        return false;
    }
    let additional = node.get("additionalProperties");
    let restricts = additional.is_some_and(|one| one.object().is_some_and(|one| !one.is_empty()));
    let declares = node
        .get("properties")
        .is_some_and(|properties| properties.get(NOTES).is_some());
    if !is_root && (restricts || declares) {
        return false;
    }
    let reference = node.text("$ref").map(|it| document.target(it, &node.at));
    if let Some(Ok(target)) = &reference
        && !has_room(document, target, false, known)
    {
        return false;
    }
    let branches = ["allOf", "anyOf", "oneOf"];
    let branches = branches.iter().flat_map(|keyword| node.items(keyword));
    let mut branches = branches.collect::<Vec<_>>().into_iter();
    branches.all(|one| has_room(document, &one, false, known))
}

/// What a schema's values are, as far as it says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Object,
    Other,
    Any,
}

/// How many schemas are looked at to find out what the values of one are.
const MAX_CLASSIFIED: usize = 1000;

/// `known` are those that have been looked at; one that leads back into itself says nothing.
fn class(document: &Document, node: &Node, known: &mut HashMap<String, Class>) -> Class {
    if let Some(class) = known.get(&node.at) {
        return *class;
    }
    if known.len() >= MAX_CLASSIFIED {
        return Class::Any;
    }
    known.insert(node.at.clone(), Class::Any);
    let class = class_of(document, node, known);
    known.insert(node.at.clone(), class);
    class
}

fn class_of(document: &Document, node: &Node, known: &mut HashMap<String, Class>) -> Class {
    if let Some(reference) = node.text("$ref") {
        return match schema::follow(document, reference, &node.at) {
            Ok(target) => class(document, &target, known),
            Err(_) => Class::Any,
        };
    }
    let of = |kind: &str| {
        if kind == "object" {
            Class::Object
        } else {
            Class::Other
        }
    };
    match node.get("type").map(|kind| kind.value) {
        Some(Value::String(kind)) => return of(kind),
        Some(Value::Array(kinds)) => {
            let kinds = kinds
                .iter()
                .filter_map(Value::as_str)
                .filter(|kind| *kind != "null");
            return all(kinds.map(of));
        }
        _ => {}
    }
    if node.get("properties").is_some() {
        return Class::Object;
    }
    if node.get("items").is_some() {
        return Class::Other;
    }
    for branch in node.items("allOf") {
        match class(document, &branch, known) {
            Class::Any => {}
            class => return class,
        }
    }
    let branches: Vec<Node> = node
        .items("oneOf")
        .into_iter()
        .chain(node.items("anyOf"))
        .collect();
    let is_null = |node: &Node| node.text("type") == Some("null");
    all(branches
        .iter()
        .filter(|one| !is_null(one))
        .map(|one| class(document, one, known)))
}

/// The class of all, if it is one.
fn all(mut classes: impl Iterator<Item = Class>) -> Class {
    let Some(first) = classes.next() else {
        return Class::Any;
    };
    if classes.all(|one| one == first) {
        first
    } else {
        Class::Any
    }
}
