//! Unions (`oneOf`, `anyOf`), whose variants are matched whatever their order.

use serde_json::{Map, Value};

use super::comparison::Comparison;
use super::definitions::target;
use super::value::code;

type Schema = Map<String, Value>;

/// How many variants of each side are compared with each other.
const MAX: usize = 60;

/// Returns true for a schema with variants.
pub(super) fn has(schema: &Schema) -> bool {
    schema.contains_key("oneOf") || schema.contains_key("anyOf")
}

fn variants(schema: &Schema) -> Option<&[Value]> {
    let union = schema.get("oneOf").or_else(|| schema.get("anyOf"))?;
    union.as_array().map(Vec::as_slice)
}

/// Compares the variants of two schemas. One that has no variants is a union of itself.
pub(super) fn compare(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    match (variants(old), variants(new)) {
        (None, None) => {}
        (Some(before), Some(after)) => both(cx, before, after, at),
        (None, Some(after)) => {
            let alone = Value::Object(without_texts(old));
            let fits = old.contains_key("type") && after.iter().any(|one| cx.is_alike(&alone, one));
            match fits {
                true => cx.widened(at, "has more variants now"),
                false if has_content(old) => cx.contract(at, "has variants now"),
                false => cx.narrowed(at, "has only some variants now"),
            }
        }
        (Some(before), None) => {
            let alone = Value::Object(without_texts(new));
            let fits =
                new.contains_key("type") && before.iter().any(|one| cx.is_alike(one, &alone));
            match fits {
                true => cx.narrowed(at, "has only one of its variants now"),
                false if has_content(new) => cx.contract(at, "no longer has variants"),
                false => cx.widened(at, "may be anything, not only one of its variants"),
            }
        }
    }
}

fn without_texts(schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    for text in ["title", "description", "examples", "default", "deprecated"] {
        schema.shift_remove(text);
    }
    schema
}

fn has_content(schema: &Schema) -> bool {
    !without_texts(schema).is_empty()
}

fn both(cx: &mut Comparison, before: &[Value], after: &[Value], at: &str) {
    if before.len() > MAX || after.len() > MAX {
        if before != after {
            cx.contract(at, "has other variants");
        }
        return;
    }
    let mut gone: Vec<&Value> = before.iter().collect();
    let mut more: Vec<&Value> = after.iter().collect();
    // By their name, then by what they accept.
    take_pairs(&mut gone, &mut more, |one, other| {
        identity(one).is_some() && identity(one) == identity(other)
    })
    .into_iter()
    .for_each(|(one, other)| cx.compare(one, other, at));
    let alike = take_pairs(&mut gone, &mut more, |one, other| cx.is_alike(one, other));
    for (one, other) in alike {
        cx.compare(one, other, at);
    }
    if let ([one], [other]) = (gone.as_slice(), more.as_slice()) {
        return cx.compare(one, other, at);
    }
    for one in gone {
        cx.narrowed(at, format!("the variant {} is gone", name(one)));
    }
    for one in more {
        cx.widened(at, format!("the variant {} is new", name(one)));
    }
}

/// Takes out what is the same on both sides.
fn take_pairs<'v>(
    gone: &mut Vec<&'v Value>,
    more: &mut Vec<&'v Value>,
    is_same: impl Fn(&Value, &Value) -> bool,
) -> Vec<(&'v Value, &'v Value)> {
    let mut pairs = Vec::new();
    gone.retain(|one| {
        let found = more.iter().position(|other| is_same(one, other));
        if let Some(index) = found {
            pairs.push((*one, more.remove(index)));
        }
        found.is_none()
    });
    pairs
}

/// The definition that a variant is made of, if it is: `Pet`, or `Pet[]` for a list of them.
fn identity(variant: &Value) -> Option<String> {
    match target(variant) {
        Some(name) => Some(name.to_owned()),
        None => Some(identity(variant.get("items")?)? + "[]"),
    }
}

/// The name of a variant: that of its definition, its title or its type.
fn name(variant: &Value) -> String {
    let text = |keyword: &str| match variant.get(keyword)? {
        Value::String(text) => Some(text.clone()),
        Value::Array(list) => Some(list.first()?.as_str()?.to_owned()),
        _ => None,
    };
    let own = identity(variant)
        .or_else(|| text("title"))
        .or_else(|| text("type"));
    code(&own.unwrap_or_else(|| variant.to_string()))
}
