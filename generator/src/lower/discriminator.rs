//! Discriminators: one property of a value says which schema of a union it follows (OpenAPI 3.2
//! §4.25, Discriminator Object).
//!
//! In the description that is a hint. Here it is made part of the schema, in plain JSON Schema:
//! each branch accepts its own names only, and the union none but these.

use serde_json::{Map, Value, json};

use super::context::Context;
use super::definition;
use super::schema::MAX_DEPTH;
use crate::openapi::{Node, join};

/// What a schema's discriminator says.
pub(super) struct Discriminator<'d> {
    /// The property that names the branch.
    pub(super) property: &'d str,
    /// Names, and the schemas they stand for: references, or names of components.
    mapping: Option<&'d Map<String, Value>>,
    /// The schema of values without a name or with an unknown one (since 3.2).
    default: Option<&'d str>,
}

impl<'d> Discriminator<'d> {
    /// The discriminator of a Schema Object, if it has one.
    pub(super) fn of(schema: &'d Map<String, Value>) -> Option<Discriminator<'d>> {
        let found = schema.get("discriminator")?;
        // Swagger 2.0 names the property alone.
        let property = found
            .as_str()
            .or_else(|| found.get("propertyName")?.as_str())?;
        Some(Discriminator {
            property,
            mapping: found.get("mapping").and_then(Value::as_object),
            default: found.get("defaultMapping").and_then(Value::as_str),
        })
    }

    /// The names that the mapping lists.
    pub(super) fn mapped(&self) -> impl Iterator<Item = &'d str> {
        let mapping = self.mapping.into_iter();
        mapping.flat_map(Map::keys).map(String::as_str)
    }

    /// Makes the union `keyword` of the Schema Object at `at`, as it is lowered, follow the
    /// discriminator. A union of which a branch has no name stays as it is.
    pub(super) fn enforce(
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
        let target = match reference {
            Some(reference) => definition::follow(cx.document, reference, &branch.at).ok()?,
            None => branch.clone(),
        };
        if !may_be_object(&target) {
            return Some(Branch::Other);
        }
        let is_target = |name: &str| {
            self.schema(cx, name, &branch.at)
                .is_some_and(|at| at == target.at)
        };
        if self.default.is_some_and(is_target) {
            return Some(Branch::Default);
        }
        let mut mapped: Vec<Value> = Vec::new();
        for (name, schema) in self.mapping.into_iter().flatten() {
            if schema.as_str().is_some_and(is_target) {
                mapped.push(json!(name));
            }
        }
        // What the branch itself says of the property is what it accepts.
        if let Some(own) = values(cx, &target, self.property, 0) {
            let both: Vec<Value> = own
                .iter()
                .filter(|one| mapped.contains(one))
                .cloned()
                .collect();
            return Some(Branch::Named(if both.is_empty() { own } else { both }));
        }
        let implicit = reference.and_then(|reference| reference.rsplit(['/', '#']).next());
        mapped.extend(
            implicit
                .filter(|name| !name.is_empty())
                .map(|name| json!(name)),
        );
        let names = distinct(mapped.iter());
        (!names.is_empty()).then_some(Branch::Named(names))
    }

    /// The pointer of the schema that an entry of the mapping names.
    fn schema(&self, cx: &Context<'d>, name: &str, at: &str) -> Option<String> {
        let component = format!(
            "#/components/schemas/{}",
            name.replace('~', "~0").replace('/', "~1")
        );
        let found = definition::follow(cx.document, &component, at)
            .or_else(|_| definition::follow(cx.document, name, at));
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
    let target = match schema.text("$ref") {
        Some(reference) => definition::follow(cx.document, reference, &schema.at).ok(),
        None => Some(schema.clone()),
    };
    let own = target.and_then(|target| target.get("properties")?.get(property));
    own.is_some_and(|own| own.flag("readOnly") == Some(true))
}

/// The values that a schema allows for one of its properties, where it lists them.
fn values<'d>(
    cx: &Context<'d>,
    schema: &Node<'d>,
    property: &str,
    depth: usize,
) -> Option<Vec<Value>> {
    if depth > MAX_DEPTH {
        return None;
    }
    let target = match schema.text("$ref") {
        Some(reference) => definition::follow(cx.document, reference, &schema.at).ok()?,
        None => schema.clone(),
    };
    let own = target.get("properties").and_then(|all| all.get(property));
    if let Some(own) = own.and_then(|own| listed(cx, &own, depth)) {
        return Some(own);
    }
    let mut parts = target.items("allOf").into_iter();
    if let Some(found) = parts.find_map(|part| values(cx, &part, property, depth + 1)) {
        return Some(found);
    }
    for keyword in ["oneOf", "anyOf"] {
        let branches = target.items(keyword);
        if branches.is_empty() {
            continue;
        }
        let each: Option<Vec<_>> = branches
            .iter()
            .map(|branch| values(cx, branch, property, depth + 1))
            .collect();
        return each.map(|each| distinct(each.iter().flatten()));
    }
    None
}

/// The values of a schema that lists them.
fn listed<'d>(cx: &Context<'d>, schema: &Node<'d>, depth: usize) -> Option<Vec<Value>> {
    if depth > MAX_DEPTH {
        return None;
    }
    if let Some(only) = schema.get("const") {
        return Some(vec![only.value.clone()]);
    }
    if let Some(values) = schema
        .get("enum")
        .and_then(|values| values.value.as_array())
    {
        return (!values.is_empty()).then(|| values.clone());
    }
    if let Some(reference) = schema.text("$ref") {
        let target = definition::follow(cx.document, reference, &schema.at).ok()?;
        return listed(cx, &target, depth + 1);
    }
    let mut parts = schema.items("allOf").into_iter();
    parts.find_map(|part| listed(cx, &part, depth + 1))
}
