//! The arguments of an operation and the members of its answer, by name and type.

use std::collections::HashSet;

use serde_json::Value;

use crate::ir::{Binding, Content, In, Parameter, RequestBody};
use crate::lower::operation::arguments::Arguments;
use crate::lower::response::{self, Response};
use crate::lower::schema;
use crate::openapi::{Document, Node, join};

/// How deep in an answer a member is looked for.
const DEPTH: usize = 3;
/// The most members of an answer that are looked at.
const MEMBERS: usize = 400;

/// What an argument or a member is called and of.
pub(super) struct Named {
    /// The argument's name, or the member's JSON pointer.
    pub(super) place: String,
    /// Its name without case and signs.
    pub(super) name: String,
    /// The same with the name of the object that holds it, where there is one.
    pub(super) long: String,
    pub(super) kind: Kind,
    pub(super) default: Option<i64>,
    pub(super) minimum: Option<i64>,
    /// The members of a list's items.
    pub(super) items: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Boolean,
    List,
    Object,
    Unknown,
}

/// The arguments that can be given: of the query, and of a flat body.
pub(super) fn asked(
    parameters: &[Parameter],
    body: Option<&RequestBody>,
    arguments: &Arguments,
) -> Vec<Named> {
    let mut asked = Vec::new();
    let query = parameters.iter().filter(|it| it.location == In::Query);
    let query = query.map(|it| (&it.name, &it.argument, it.bind));
    let properties = match body.map(|body| &body.content) {
        Some(Content::Properties(properties)) => properties.as_slice(),
        _ => &[],
    };
    let properties = properties
        .iter()
        .map(|it| (&it.name, &it.argument, it.bind));
    let free = |bind: Option<Binding>| bind.is_none();
    for (name, argument, bind) in query.chain(properties) {
        let Some(schema) = arguments.properties.get(argument).filter(|_| free(bind)) else {
            continue;
        };
        asked.push(Named {
            place: argument.clone(),
            name: plain(name),
            long: plain(name),
            kind: kind_of(schema),
            default: schema.get("default").and_then(Value::as_i64),
            minimum: schema.get("minimum").and_then(Value::as_i64),
            items: Vec::new(),
        });
    }
    asked
}

/// A name in lower case, without signs.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|it| it.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// The type of a schema's values, as far as it says.
fn kind_of(schema: &Value) -> Kind {
    let of = |kind: &str| match kind {
        "string" => Kind::Text,
        "integer" | "number" => Kind::Number,
        "boolean" => Kind::Boolean,
        "array" => Kind::List,
        "object" => Kind::Object,
        _ => Kind::Unknown,
    };
    match schema.get("type") {
        Some(Value::String(kind)) => of(kind),
        Some(Value::Array(kinds)) => {
            let mut kinds = kinds.iter().filter_map(Value::as_str);
            kinds.find(|kind| *kind != "null").map_or(Kind::Unknown, of)
        }
        _ if schema.get("properties").is_some() => Kind::Object,
        _ if schema.get("items").is_some() => Kind::List,
        _ => {
            let branches = ["anyOf", "oneOf"].iter().filter_map(|it| schema.get(it));
            let mut branches = branches.filter_map(Value::as_array).flatten();
            let known = branches.find_map(|one| Some(of(one.get("type")?.as_str()?)));
            known.unwrap_or(Kind::Unknown)
        }
    }
}

/// The members of the answer in JSON that means success.
pub(super) fn answered(document: &Document, responses: &[Response]) -> Vec<Named> {
    let mut members = Vec::new();
    let successes = response::successes(responses).into_iter();
    let schema = successes
        .filter_map(Response::json)
        .find_map(|media| media.get("schema"));
    if let Some(schema) = schema {
        let mut found = Found {
            document,
            members: &mut members,
        };
        found.add(&schema, ("", ""), 0);
    }
    members
}

struct Found<'f, 'd> {
    document: &'d Document,
    members: &'f mut Vec<Named>,
}

impl<'d> Found<'_, 'd> {
    /// Adds what a value is, at a JSON pointer and under the name of the object that holds it.
    fn add(&mut self, schema: &Node<'d>, (pointer, parent): (&str, &str), depth: usize) {
        if self.members.len() >= MEMBERS {
            return;
        }
        let Ok(target) = schema::target(self.document, schema) else {
            return;
        };
        let properties = properties(self.document, &target);
        let mut kind = kind_of(target.value);
        if kind == Kind::Unknown && !properties.is_empty() {
            kind = Kind::Object;
        }
        let name = pointer.rsplit('/').next().map(plain).unwrap_or_default();
        let items = match (kind, target.get("items")) {
            (Kind::List, Some(items)) => {
                let items = schema::target(self.document, &items);
                let items = items.map(|items| self::properties(self.document, &items));
                let items = items.unwrap_or_default().into_iter();
                items.map(|(name, _)| name.to_owned()).collect()
            }
            _ => Vec::new(),
        };
        self.members.push(Named {
            place: pointer.to_owned(),
            long: format!("{parent}{name}"),
            name: name.clone(),
            kind,
            default: None,
            minimum: None,
            items,
        });
        if depth < DEPTH && kind == Kind::Object {
            for (member, schema) in properties {
                self.add(&schema, (&join(pointer, member), &name), depth + 1);
            }
        }
    }
}

/// The properties of an object, with those of the schemas that it is made of.
fn properties<'d>(document: &'d Document, schema: &Node<'d>) -> Vec<(&'d str, Node<'d>)> {
    let mut all: Vec<(&str, Node)> = Vec::new();
    let mut waiting = vec![schema.clone()];
    let mut known = HashSet::new();
    while let Some(schema) = waiting.pop() {
        if known.len() > MEMBERS || !known.insert(schema.at.clone()) {
            continue;
        }
        all.extend(schema.members("properties"));
        let parts = schema.items("allOf").into_iter();
        waiting.extend(parts.filter_map(|part| schema::target(document, &part).ok()));
    }
    all.truncate(MEMBERS);
    all
}

/// The JSON pointer of the list that the pages are of: the answer itself, or the only list of objects in
/// it, or the only list.
pub(super) fn list(answered: &[Named]) -> Option<String> {
    let lists: Vec<&Named> = answered.iter().filter(|it| it.kind == Kind::List).collect();
    let nearest = lists.iter().map(|it| it.place.matches('/').count()).min()?;
    let near: Vec<_> = lists
        .into_iter()
        .filter(|it| it.place.matches('/').count() == nearest)
        .collect();
    let of_objects: Vec<_> = near.iter().filter(|it| !it.items.is_empty()).collect();
    match (near.as_slice(), of_objects.as_slice()) {
        ([only], _) => Some(only.place.clone()),
        (_, [only]) => Some(only.place.clone()),
        _ => None,
    }
}
