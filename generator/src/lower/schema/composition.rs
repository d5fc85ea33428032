//! Compositions, bounded.
//!
//! A validator checks a value once along every path that leads to a schema through `$ref`, `allOf`,
//! `anyOf` and their like, and the paths through schemas that are composed of each other double with
//! every schema. Here, no value is checked by more than [`MAX_CHECKS`] schemas: what is beyond is taken
//! out, so that a schema only accepts more than before, and reported; the API judges that.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::named::{named, target};
use super::walk::children;
use crate::ir;
use crate::lower::context::Context;
use crate::openapi::keyword::{self, Applies, Form};

/// How many schemas apply to one value at most, counted along every path. The largest of known APIs
/// come to some hundreds, a chain of ten thousand schemas to thirty thousand.
const MAX_CHECKS: usize = 50_000;

type Definitions = IndexMap<String, ir::Schema>;

/// Bounds all inputs, outputs and definitions.
pub(crate) fn bound_compositions(
    cx: &mut Context,
    operations: &mut [ir::Operation],
    definitions: &mut Definitions,
) {
    let mut bound = Bound::default();
    let mut loosened = BTreeSet::new();
    for name in in_order(definitions) {
        let Some(schema) = definitions.get_mut(&name) else {
            continue;
        };
        let checks = bound.schema(&mut schema.json);
        if std::mem::take(&mut bound.has_removed) {
            loosened.insert(name.clone());
        }
        bound.known.insert(name, checks);
    }
    let mut tools = BTreeSet::new();
    for operation in operations.iter_mut() {
        for schema in schemas_of(operation) {
            bound.schema(&mut schema.json);
        }
        if std::mem::take(&mut bound.has_removed) {
            tools.insert(operation.name.clone());
        }
    }
    if loosened.is_empty() && tools.is_empty() {
        return;
    }
    let affected = reaching(definitions, &loosened);
    for (name, schema) in definitions.iter_mut() {
        soften(&mut schema.json, loosened.contains(name), &affected);
        schema.definitions = named(&schema.json);
    }
    for operation in operations.iter_mut() {
        let is_loosened = tools.contains(&operation.name);
        for schema in schemas_of(operation) {
            soften(&mut schema.json, is_loosened, &affected);
            schema.definitions = named(&schema.json);
        }
    }
    let places = loosened.into_iter().map(|name| {
        let place = cx.definitions.place(&name).map(str::to_owned);
        (place.unwrap_or("/components/schemas".to_owned()), name)
    });
    let tools = tools.into_iter().map(|name| ("/paths".to_owned(), name));
    for (at, name) in places.chain(tools).collect::<Vec<_>>() {
        cx.warn(
            at,
            format!(
                "`{name}` is not checked in all parts: more than {MAX_CHECKS} schemas apply to the same \
                 value"
            ),
            "compose it of fewer schemas",
        );
    }
}

fn schemas_of(operation: &mut ir::Operation) -> impl Iterator<Item = &mut ir::Schema> {
    std::iter::once(&mut operation.input).chain(operation.output.as_mut())
}

/// The names of the definitions, each after those that apply to the same value.
fn in_order(definitions: &Definitions) -> Vec<String> {
    let next = |name: &str| {
        let mut targets = Vec::new();
        if let Some(schema) = definitions.get(name) {
            in_place(&schema.json, &mut targets);
        }
        targets.into_iter()
    };
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    for start in definitions.keys() {
        // Depth first, without recursion: names may form long chains.
        let mut open = Vec::new();
        if seen.insert(start.as_str()) {
            open.push((start.as_str(), next(start)));
        }
        while let Some((name, targets)) = open.last_mut() {
            match targets.next() {
                Some(target) if seen.insert(target) => open.push((target, next(target))),
                Some(_) => {}
                None => {
                    order.push((*name).to_owned());
                    open.pop();
                }
            }
        }
    }
    order
}

/// Collects the definitions that apply to the same value as the schema.
fn in_place<'v>(schema: &'v Value, targets: &mut Vec<&'v str>) {
    targets.extend(target(schema.get("$ref")));
    children(schema, &mut |_, keyword, one| {
        if keyword.applies == Applies::InPlace {
            in_place(one, targets);
        }
    });
}

#[derive(Default)]
struct Bound {
    /// How many schemas apply to a value of a definition.
    known: HashMap<String, usize>,
    /// Whether something was taken out.
    has_removed: bool,
}

impl Bound {
    /// Bounds a schema and all that are in it. Returns how many schemas apply to a value of it.
    fn schema(&mut self, json: &mut Value) -> usize {
        let Some(members) = json.as_object_mut() else {
            return 1;
        };
        let reference = target(members.get("$ref")).and_then(|name| self.known.get(name));
        let mut checks = 1 + reference.copied().unwrap_or(0);
        if checks > MAX_CHECKS {
            members.shift_remove("$ref");
            self.has_removed = true;
            checks = 1;
        }
        for name in members.keys().cloned().collect::<Vec<_>>() {
            let Some(keyword) = keyword::of(&name) else {
                continue;
            };
            let Some(value) = members.get_mut(&name) else {
                continue;
            };
            let within: Vec<usize> = schemas(keyword.form, value)
                .into_iter()
                .map(|one| self.schema(one))
                .collect();
            if keyword.applies != Applies::InPlace {
                continue;
            }
            let all: usize = within.iter().sum();
            if checks + all <= MAX_CHECKS {
                checks += all;
                continue;
            }
            self.has_removed = true;
            match name.as_str() {
                "allOf" => checks = retain(members, &within, checks),
                "if" => remove_condition(members),
                _ => drop(members.shift_remove(&name)),
            }
        }
        checks
    }
}

/// Keeps the parts of `allOf` that are within the bound. Returns how many schemas apply then.
fn retain(members: &mut Map<String, Value>, within: &[usize], mut checks: usize) -> usize {
    let mut within = within.iter();
    if let Some(Value::Array(parts)) = members.get_mut("allOf") {
        parts.retain(|_| {
            let one = within.next().copied().unwrap_or_default();
            let fits = checks + one <= MAX_CHECKS;
            checks += if fits { one } else { 0 };
            fits
        });
        if parts.is_empty() {
            members.shift_remove("allOf");
        }
    }
    checks
}

/// The schemas that a keyword holds.
fn schemas(form: Form, value: &mut Value) -> Vec<&mut Value> {
    match (form, value) {
        (Form::One, one) => vec![one],
        (Form::List, Value::Array(list)) => list.iter_mut().collect(),
        (Form::Named, Value::Object(named)) => named.values_mut().collect(),
        (Form::List | Form::Named, _) => Vec::new(),
    }
}

/// The definitions that lead to one of these, and these.
fn reaching(definitions: &Definitions, these: &BTreeSet<String>) -> BTreeSet<String> {
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, schema) in definitions {
        for target in &schema.definitions {
            users.entry(target).or_default().push(name);
        }
    }
    let mut found = these.clone();
    let mut open: Vec<&str> = these.iter().map(String::as_str).collect();
    while let Some(name) = open.pop() {
        for user in users.get(name).into_iter().flatten() {
            if found.insert((*user).to_owned()) {
                open.push(user);
            }
        }
    }
    found
}

/// Writes what refuses a value because another schema accepts it, so that it does not: `oneOf`, `not`
/// and conditions whose schemas accept more than before.
fn soften(json: &mut Value, is_loosened: bool, affected: &BTreeSet<String>) {
    let accepts_more =
        |value: &Value| is_loosened || named(value).iter().any(|name| affected.contains(name));
    let Some(members) = json.as_object_mut() else {
        return;
    };
    let of_branches = |members: &Map<String, Value>| {
        let mut branches = members
            .get("oneOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        branches.any(accepts_more)
    };
    if of_branches(members)
        && let Some(branches) = members.shift_remove("oneOf")
    {
        members.entry("anyOf").or_insert(branches);
    }
    if members.get("not").is_some_and(accepts_more) {
        members.shift_remove("not");
    }
    if members.get("if").is_some_and(accepts_more) {
        remove_condition(members);
    }
    for (name, value) in members.iter_mut() {
        if let Some(keyword) = keyword::of(name) {
            for one in schemas(keyword.form, value) {
                soften(one, is_loosened, affected);
            }
        }
    }
}

fn remove_condition(members: &mut Map<String, Value>) {
    for keyword in ["if", "then", "else"] {
        members.shift_remove(keyword);
    }
}
