//! Unions (`oneOf`, `anyOf`), whose variants are matched whatever their order.

use serde_json::{Map, Value, json};

use super::comparison::Comparison;
use super::definitions::{NULLABLE, UNION, target};
use super::value::{code, without_texts};

type Schema = Map<String, Value>;

/// How many variants of each side are compared with each other.
const MAX: usize = 60;

/// Returns true for a schema with variants.
pub(super) fn has(schema: &Schema) -> bool {
    schema.contains_key(UNION)
}

fn variants(schema: &Schema) -> Option<&[Value]> {
    schema.get(UNION)?.as_array().map(Vec::as_slice)
}

/// Compares a schema that is no union with one that is. Returns true where that is all there is to
/// compare: the one is a variant of the other, or a value without a union became nothing but one.
pub(super) fn one_sided(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) -> bool {
    let is_new = has(new);
    let (plain, union) = if is_new { (old, new) } else { (new, old) };
    let mut plain = without_texts(plain);
    let mut base = without_texts(union);
    for schema in [&mut plain, &mut base] {
        schema.shift_remove(NULLABLE);
    }
    base.shift_remove(UNION);
    if plain.is_empty() {
        return false;
    }
    let has_type_alone = |schema: &Schema| schema.keys().all(|keyword| keyword == "type");
    let is_union_alone = base.is_empty() || has_type_alone(&base) && !has_type_alone(&plain);
    let (plain, base) = (Value::Object(plain), Value::Object(base));
    let mut variants = variants(union).into_iter().flatten().take(MAX);
    let is_variant = variants.any(|one| {
        let whole = json!({ "allOf": [base, one] });
        match is_new {
            true => cx.is_alike(&plain, &whole),
            false => cx.is_alike(&whole, &plain),
        }
    });
    if is_variant {
        cx.null(old, new, at);
    }
    match (is_variant, is_new) {
        (true, true) => cx.widened(at, "has more variants now"),
        (true, false) => cx.narrowed(at, "has only one of its variants now"),
        (false, true) if is_union_alone => cx.contract(at, "has variants now"),
        (false, false) if is_union_alone => cx.contract(at, "no longer has variants"),
        _ => return false,
    }
    true
}

/// Compares the variants of two schemas.
pub(super) fn compare(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    match (variants(old), variants(new)) {
        (None, None) => {}
        (Some(before), Some(after)) => both(cx, before, after, at),
        (None, Some(_)) => cx.narrowed(at, "has only some variants now"),
        (Some(_), None) => cx.widened(at, "may be anything, not only one of its variants"),
    }
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
