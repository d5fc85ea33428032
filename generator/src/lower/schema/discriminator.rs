//! Discriminators: one property of a value says which schema of a union it follows (OpenAPI 3.2
//! §4.25, Discriminator Object).
//!
//! In the description that is a hint. Here it is made part of the schema, in plain JSON Schema:
//! each branch accepts its own names only, and the union none but these.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::MAX_DEPTH;
use super::access;
use super::definition::Direction;
use super::follow::{follow, target};
use super::named::PREFIX;
use super::value::as_declared;
use crate::lower::context::Context;
use crate::openapi::{Document, Node, join};

/// The most schemas made from one that a value may be declared to be: with more the definition would
/// say nothing but these.
const MAX_CHILDREN: usize = 40;

/// What a schema's discriminator says.
pub(crate) struct Discriminator<'d> {
    /// The property that names the branch.
    pub(crate) property: &'d str,
    /// Names, and the schemas they represent: references, or names of components.
    mapping: Option<&'d Map<String, Value>>,
    /// The schema of values without a name or with an unknown one (since 3.2).
    default: Option<&'d str>,
}

impl<'d> Discriminator<'d> {
    /// The discriminator of a Schema Object, if it has one.
    pub(crate) fn of(schema: &'d Map<String, Value>) -> Option<Discriminator<'d>> {
        let found = schema.get("discriminator")?;
        let property = found.get("propertyName")?.as_str()?;
        Some(Discriminator {
            property,
            mapping: found.get("mapping").and_then(Value::as_object),
            default: found.get("defaultMapping").and_then(Value::as_str),
        })
    }

    /// The names that the mapping lists.
    pub(crate) fn mapped(&self) -> impl Iterator<Item = &'d str> {
        let mapping = self.mapping.into_iter();
        mapping.flat_map(Map::keys).map(String::as_str)
    }

    /// Makes the union `keyword` of the Schema Object at `at`, as it is lowered, follow the
    /// discriminator. A union of which a branch has no name stays as it is.
    pub(crate) fn enforce(
        &self,
        cx: &mut Context<'d>,
        at: &str,
        keyword: &str,
        source: &'d Map<String, Value>,
        lowered: &mut Map<String, Value>,
    ) {
        let Some(branches) = source.get(keyword).and_then(Value::as_array) else {
            return;
        };
        let branches: Vec<Node> = branches
            .iter()
            .enumerate()
            .map(|(index, value)| Node {
                value,
                at: join(&join(at, keyword), &index.to_string()),
            })
            .collect();
        // What callers cannot send does not select.
        if branches
            .iter()
            .any(|one| is_read_only(cx, one, self.property))
        {
            return;
        }
        let mut names: Vec<Branch> = Vec::new();
        for branch in &branches {
            match self.branch(cx, branch) {
                Some(found) => names.push(found),
                None => {
                    cx.warn(
                        &branch.at,
                        format!(
                            "no value of `{}` selects this variant; the discriminator is not enforced",
                            self.property
                        ),
                        "refer to a named schema, or give the property a `const`",
                    );
                    return;
                }
            }
        }
        let all = distinct(names.iter().flat_map(Branch::names));
        let has_default = names.iter().any(|one| matches!(one, Branch::Default));
        let Some(Value::Array(variants)) = lowered.get_mut(keyword) else {
            return;
        };
        for (variant, names) in variants.iter_mut().zip(&names) {
            match names {
                Branch::Named(names) => narrow(variant, self.property, &one_of(names), true),
                Branch::Default if all.is_empty() => {}
                Branch::Default => {
                    narrow(variant, self.property, &json!({"not": one_of(&all)}), false);
                }
                Branch::Other => {}
            }
        }
        if !all.is_empty() && !has_default {
            let mut schema = Value::Object(std::mem::take(lowered));
            narrow(&mut schema, self.property, &json!({"enum": all}), true);
            if let Value::Object(schema) = schema {
                *lowered = schema;
            }
        }
    }

    /// What selects a branch; none if nothing does.
    fn branch(&self, cx: &Context<'d>, branch: &Node<'d>) -> Option<Branch> {
        let reference = branch.text("$ref");
        let target = target(cx.document, branch).ok()?;
        if !may_be_object(&target) {
            return Some(Branch::Other);
        }
        let is_default = self
            .default
            .and_then(|name| self.schema(cx, name, &branch.at));
        if is_default.is_some_and(|at| at == target.at) {
            return Some(Branch::Default);
        }
        let implicit = reference.and_then(|reference| reference.rsplit(['/', '#']).next());
        let candidates = self.candidates(cx, &target, implicit.unwrap_or_default());
        // What the branch itself says of the property is what it accepts.
        let names = match values(cx, &target, self.property) {
            Some(own) => both(&own, &candidates).unwrap_or(own),
            None => candidates,
        };
        (!names.is_empty()).then_some(Branch::Named(names))
    }

    /// The names of a schema: those that the mapping assigns to it, and its own.
    fn candidates(&self, cx: &Context<'d>, schema: &Node<'d>, own: &str) -> Vec<Value> {
        let mut names: Vec<Value> = Vec::new();
        for (name, target) in self.mapping.into_iter().flatten() {
            let target = target
                .as_str()
                .and_then(|target| self.schema(cx, target, &schema.at));
            if target.is_some_and(|at| at == schema.at) {
                names.push(json!(name));
            }
        }
        if !own.is_empty() && !names.contains(&json!(own)) {
            names.push(json!(own));
        }
        names
    }

    /// A schema with this discriminator and those that are made from it, with their names; none
    /// where nothing is made from it, or the names say nothing.
    fn family(&self, cx: &Context<'d>, parent: &Node<'d>) -> Option<Vec<(Node<'d>, Vec<Value>)>> {
        let children = cx.definitions.descendants(parent, MAX_CHILDREN)?;
        if children.is_empty() {
            return None;
        }
        let of_parent = values(cx, parent, self.property);
        let mut family = Vec::new();
        for member in [parent.clone()].into_iter().chain(children) {
            let own = member.at.rsplit('/').next().unwrap_or_default();
            let own = own.replace("~1", "/").replace("~0", "~");
            let candidates = self.candidates(cx, &member, &own);
            let names = match values(cx, &member, self.property) {
                None => candidates,
                Some(own) => match both(&own, &candidates) {
                    Some(names) => names,
                    None if member.at == parent.at => continue,
                    None if Some(&own) == of_parent.as_ref() => return None,
                    None => own,
                },
            };
            family.push((member, names));
        }
        Some(family)
    }

    /// The pointer of the schema that an entry of the mapping names.
    fn schema(&self, cx: &Context<'d>, name: &str, at: &str) -> Option<String> {
        let component = format!("#{}", join(cx.document.dialect().schemas, name));
        let found = follow(cx.document, &component, at).or_else(|_| follow(cx.document, name, at));
        found.ok().map(|node| node.at)
    }
}

/// What selects a branch.
enum Branch {
    /// These values of the property.
    Named(Vec<Value>),
    /// All values that select no other branch.
    Default,
    /// Nothing: its values are no objects.
    Other,
}

impl Branch {
    fn names(&self) -> &[Value] {
        match self {
            Branch::Named(names) => names,
            Branch::Default | Branch::Other => &[],
        }
    }
}

/// Whether a value of the schema may be of any that is made from it: the schema has a
/// discriminator, and no list of its own of what there is.
pub(crate) fn has_variants<'d>(cx: &Context<'d>, schema: &Node<'d>) -> bool {
    parent(schema).is_some_and(|discriminator| {
        !is_read_only(cx, schema, discriminator.property)
            && discriminator.family(cx, schema).is_some()
    })
}

fn parent<'d>(schema: &Node<'d>) -> Option<Discriminator<'d>> {
    let source = schema.object()?;
    let is_listed = source.contains_key("oneOf") || source.contains_key("anyOf");
    Discriminator::of(source).filter(|_| !is_listed)
}

/// The schema of values that may be of any schema made from this one.
pub(crate) fn variants<'d>(cx: &mut Context<'d>, schema: &Node<'d>) -> Value {
    let found = parent(schema);
    let found = found.and_then(|found| Some((found.family(cx, schema)?, found.property)));
    let Some((family, property)) = found else {
        return json!({});
    };
    let all = distinct(family.iter().flat_map(|(_, names)| names));
    let mut branches = Vec::new();
    for (member, names) in family {
        let name = refer(cx, &member);
        let mut branch = json!({"$ref": name});
        narrow(&mut branch, property, &one_of(&names), true);
        branches.push(branch);
    }
    let mut union = json!({"oneOf": branches});
    narrow(&mut union, property, &json!({"enum": all}), true);
    union
}

/// A reference to a schema as it is.
fn refer<'d>(cx: &mut Context<'d>, target: &Node<'d>) -> String {
    format!("{PREFIX}{}", cx.definitions.name(target, Direction::Input))
}

/// The values that are in both lists, if any is.
fn both(own: &[Value], others: &[Value]) -> Option<Vec<Value>> {
    let both: Vec<Value> = own
        .iter()
        .filter(|one| others.contains(one))
        .cloned()
        .collect();
    (!both.is_empty()).then_some(both)
}

fn distinct<'v>(values: impl Iterator<Item = &'v Value>) -> Vec<Value> {
    let mut distinct: Vec<Value> = Vec::new();
    for value in values {
        if !distinct.contains(value) {
            distinct.push(value.clone());
        }
    }
    distinct
}

fn one_of(names: &[Value]) -> Value {
    match names {
        [name] => json!({"const": name}),
        names => json!({"enum": names}),
    }
}

/// Has the schema's `property` satisfy `names` as well.
fn narrow(schema: &mut Value, property: &str, names: &Value, required: bool) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    let properties = members.entry("properties").or_insert_with(|| json!({}));
    match properties.get_mut(property) {
        None => properties[property] = names.clone(),
        Some(Value::Object(own)) => {
            // What is there already is no looser: it is where the names were taken from.
            let is_closed = own.contains_key("const") || own.contains_key("enum");
            if let (false, Some(names)) = (is_closed, names.as_object()) {
                own.extend(names.clone());
            }
        }
        Some(_) => {}
    }
    let name = json!(property);
    if let (true, Value::Array(needed)) = (
        required,
        members.entry("required").or_insert_with(|| json!([])),
    ) && !needed.contains(&name)
    {
        needed.push(name);
    }
}

/// Whether a schema accepts objects, as far as its type says.
fn may_be_object(schema: &Node) -> bool {
    match schema.get("type").map(|kind| kind.value) {
        Some(Value::String(kind)) => kind == "object",
        Some(Value::Array(kinds)) => kinds.contains(&json!("object")),
        _ => schema.get("const").is_none() && schema.get("enum").is_none(),
    }
}

/// Whether a property of a schema is for answers only.
fn is_read_only(cx: &Context, schema: &Node, property: &str) -> bool {
    let target = target(cx.document, schema).ok();
    let own = target.and_then(|target| target.get("properties")?.get(property));
    own.is_some_and(|own| access::is_read_only(cx.document, &own.at, own.value))
}

/// The values that a schema allows for one of its properties, where it lists them.
fn values<'d>(cx: &Context<'d>, schema: &Node<'d>, property: &str) -> Option<Vec<Value>> {
    let mut search = Search {
        document: cx.document,
        property,
        values: HashMap::new(),
        listed: HashMap::new(),
    };
    search.values(schema, 0)
}

/// What schemas have been found to list, by their pointers. There may be many ways to the same one;
/// one that leads back into itself lists nothing.
type Found = HashMap<String, Option<Vec<Value>>>;

/// A search for the values of a property.
struct Search<'s, 'd> {
    document: &'d Document,
    property: &'s str,
    values: Found,
    listed: Found,
}

impl<'d> Search<'_, 'd> {
    fn values(&mut self, schema: &Node<'d>, depth: usize) -> Option<Vec<Value>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let target = target(self.document, schema).ok()?;
        if let Some(found) = self.values.get(&target.at) {
            return found.clone();
        }
        self.values.insert(target.at.clone(), None);
        let found = self.values_of(&target, depth);
        self.values.insert(target.at, found.clone());
        found
    }

    fn values_of(&mut self, target: &Node<'d>, depth: usize) -> Option<Vec<Value>> {
        let own = target
            .get("properties")
            .and_then(|all| all.get(self.property));
        if let Some(own) = own.and_then(|own| self.listed(&own, depth)) {
            return Some(own);
        }
        let mut parts = target.items("allOf").into_iter();
        if let Some(found) = parts.find_map(|part| self.values(&part, depth + 1)) {
            return Some(found);
        }
        for keyword in ["oneOf", "anyOf"] {
            let branches = target.items(keyword);
            if branches.is_empty() {
                continue;
            }
            let each: Option<Vec<_>> = branches
                .iter()
                .map(|branch| self.values(branch, depth + 1))
                .collect();
            return each.map(|each| distinct(each.iter().flatten()));
        }
        None
    }

    /// The values of a schema that lists them.
    fn listed(&mut self, schema: &Node<'d>, depth: usize) -> Option<Vec<Value>> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(found) = self.listed.get(&schema.at) {
            return found.clone();
        }
        self.listed.insert(schema.at.clone(), None);
        let found = self.listed_of(schema, depth);
        self.listed.insert(schema.at.clone(), found.clone());
        found
    }

    fn listed_of(&mut self, schema: &Node<'d>, depth: usize) -> Option<Vec<Value>> {
        let read = |value: &Value| as_declared(self.document, schema, value);
        if let Some(only) = schema.get("const") {
            return Some(vec![read(only.value)]);
        }
        if let Some(values) = schema
            .get("enum")
            .and_then(|values| values.value.as_array())
        {
            return (!values.is_empty()).then(|| values.iter().map(read).collect());
        }
        if let Some(reference) = schema.text("$ref") {
            let target = follow(self.document, reference, &schema.at).ok()?;
            return self.listed(&target, depth + 1);
        }
        let mut parts = schema.items("allOf").into_iter();
        parts.find_map(|part| self.listed(&part, depth + 1))
    }
}
