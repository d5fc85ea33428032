//! The members of objects and the items of lists.

use serde_json::{Map, Value};

use super::change::Kind;
use super::comparison::{Comparison, Way};
use super::renames;
use super::value::{code, fits_all};

type Schema = Map<String, Value>;

/// Compares what two schemas say about the parts of their values.
pub(super) fn compare(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    properties(cx, old, new, at);
    further(cx, old, new, at);
    patterns(cx, old, new, at);
    items(cx, old, new, at);
}

/// The path to a member of the value at a path.
fn member(at: &str, name: &str) -> String {
    match at {
        "" => name.to_owned(),
        at => format!("{at}.{name}"),
    }
}

fn declared(schema: &Schema) -> impl Iterator<Item = (&str, &Value)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties = properties.into_iter().flatten();
    properties.map(|(name, schema)| (name.as_str(), schema))
}

fn is_required(schema: &Schema, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|names| names.iter().any(|one| one == name))
}

fn find<'s>(schema: &'s Schema, name: &str) -> Option<&'s Value> {
    schema.get("properties")?.as_object()?.get(name)
}

fn properties(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    let gone = declared(old).filter(|(name, _)| find(new, name).is_none());
    let gone: Vec<(&str, &Value)> = gone.collect();
    let more = declared(new).filter(|(name, _)| find(old, name).is_none());
    let more: Vec<(&str, &Value)> = more.collect();
    let renamed = renames::find(&gone, &more, |(from, old_schema), (to, new_schema)| {
        is_required(old, from) == is_required(new, to) && cx.is_alike(old_schema, new_schema)
    });
    for (index, (name, _)) in gone.iter().enumerate() {
        let path = member(at, name);
        match renamed.iter().find(|(from, _)| *from == index) {
            Some((_, to)) => {
                let new_name = more.get(*to).map_or("", |(name, _)| *name);
                match cx.way {
                    Way::Argument => {
                        let message = format!("was called {}", code(name));
                        cx.push(Kind::ArgumentRenamed, &member(at, new_name), message);
                    }
                    Way::Output => {
                        let message = format!("is called {} now", code(new_name));
                        cx.push(Kind::OutputRemoved, &path, message);
                    }
                }
            }
            None => match cx.way {
                Way::Argument => cx.push(Kind::ArgumentRemoved, &path, "is gone".to_owned()),
                Way::Output => cx.push(Kind::OutputRemoved, &path, "is gone".to_owned()),
            },
        }
    }
    for (index, (name, _)) in more.iter().enumerate() {
        if renamed.iter().any(|(_, to)| *to == index) {
            continue;
        }
        let path = member(at, name);
        let (kind, message) = match (cx.way, is_required(new, name)) {
            (Way::Argument, true) => (Kind::ArgumentAddedRequired, "is new, and required"),
            (Way::Argument, false) => (Kind::ArgumentAddedOptional, "is new"),
            (Way::Output, _) => (Kind::OutputAdded, "is new"),
        };
        cx.push(kind, &path, message.to_owned());
    }
    for (name, schema) in declared(old) {
        if let Some(other) = find(new, name) {
            let path = member(at, name);
            requirement(cx, is_required(old, name), is_required(new, name), &path);
            cx.compare(schema, other, &path);
        }
    }
    undeclared(cx, old, new, at);
}

fn requirement(cx: &mut Comparison, old: bool, new: bool, at: &str) {
    match (old, new, cx.way) {
        (false, true, Way::Argument) => {
            cx.push(Kind::ArgumentRequired, at, "is required now".to_owned());
        }
        (true, false, Way::Argument) => {
            cx.push(Kind::ArgumentOptional, at, "may be left out now".to_owned());
        }
        (false, true, Way::Output) => cx.narrowed(at, "is always there now"),
        (true, false, Way::Output) => cx.widened(at, "may be missing now"),
        _ => {}
    }
}

/// Compares which members are required that no property declares.
fn undeclared(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    let names = |schema: &Schema| -> Vec<String> {
        let required = schema.get("required").and_then(Value::as_array);
        let names = required.into_iter().flatten().filter_map(Value::as_str);
        let names = names.filter(|name| find(old, name).is_none() && find(new, name).is_none());
        names.map(str::to_owned).collect()
    };
    let (before, after) = (names(old), names(new));
    for name in before.iter().filter(|name| !after.contains(name)) {
        requirement(cx, true, false, &member(at, name));
    }
    for name in after.iter().filter(|name| !before.contains(name)) {
        requirement(cx, false, true, &member(at, name));
    }
}

/// The values that members have which a schema does not name.
#[derive(Clone, Copy)]
enum Further<'s> {
    Any,
    None,
    Of(&'s Value),
}

fn further_of(schema: &Schema) -> Further<'_> {
    match schema.get("additionalProperties") {
        None => Further::Any,
        Some(Value::Bool(false)) => Further::None,
        Some(inner) if fits_all(inner) => Further::Any,
        Some(inner) => Further::Of(inner),
    }
}

fn further(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    match (further_of(old), further_of(new)) {
        (Further::Any, Further::Any) => {
            let name = "additionalProperties";
            texts_alone(cx, old.get(name), new.get(name), &member(at, "*"));
        }
        (Further::None, Further::None) => {}
        (Further::Of(old), Further::Of(new)) => cx.compare(old, new, &member(at, "*")),
        (_, Further::None) => cx.narrowed(at, "no members beside the declared ones fit now"),
        (Further::None, _) => cx.widened(at, "members beside the declared ones fit now"),
        (Further::Any, Further::Of(_)) => {
            cx.narrowed(at, "members beside the declared ones follow a schema now");
        }
        (Further::Of(_), Further::Any) => {
            cx.widened(at, "members beside the declared ones may be anything now");
        }
    }
}

/// Compares the texts of two schemas that every value fits.
fn texts_alone(cx: &mut Comparison, old: Option<&Value>, new: Option<&Value>, at: &str) {
    if old != new {
        let any = Value::Bool(true);
        cx.compare(old.unwrap_or(&any), new.unwrap_or(&any), at);
    }
}

fn patterns(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    let of = |schema: &Schema| -> Map<String, Value> {
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        patterns.cloned().unwrap_or_default()
    };
    let (before, after) = (of(old), of(new));
    for (pattern, schema) in &before {
        match after.get(pattern) {
            Some(other) => cx.compare(schema, other, &member(at, pattern)),
            None => {
                let message = format!("members named by {} are no longer described", code(pattern));
                cx.contract(at, &message);
            }
        }
    }
    for pattern in after.keys().filter(|name| !before.contains_key(*name)) {
        let message = format!("members named by {} follow a schema now", code(pattern));
        cx.narrowed(at, message);
    }
}

fn items(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    let of = |schema: &Schema| {
        schema
            .get("items")
            .filter(|inner| !fits_all(inner))
            .cloned()
    };
    match (of(old), of(new)) {
        (None, None) => texts_alone(cx, old.get("items"), new.get("items"), &format!("{at}[]")),
        (Some(old), Some(new)) => cx.compare(&old, &new, &format!("{at}[]")),
        (Some(_), None) => cx.widened(&format!("{at}[]"), "may be anything now"),
        (None, Some(_)) => cx.narrowed(&format!("{at}[]"), "follows a schema now"),
    }
    let first = |schema: &Schema| -> Vec<Value> {
        let items = schema.get("prefixItems").and_then(Value::as_array);
        items.cloned().unwrap_or_default()
    };
    let (before, after) = (first(old), first(new));
    for (index, (old, new)) in before.iter().zip(&after).enumerate() {
        cx.compare(old, new, &format!("{at}[{index}]"));
    }
    match before.len().cmp(&after.len()) {
        std::cmp::Ordering::Less => {
            cx.narrowed(at, "more of its items follow a schema of their own");
        }
        std::cmp::Ordering::Greater => {
            cx.widened(at, "fewer of its items follow a schema of their own");
        }
        std::cmp::Ordering::Equal => {}
    }
}
