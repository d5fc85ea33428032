//! Bounds, formats and patterns: keywords with one value, of which more or less is known.

use serde_json::{Map, Value};

use super::comparison::{Comparison, Way};
use super::value::code;

type Schema = Map<String, Value>;

/// Compares the bounds of two schemas, and how their texts are formed.
pub(super) fn compare(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    lower_bound(cx, old, new, at);
    upper_bound(cx, old, new, at);
    for (keyword, name) in [
        ("minLength", "smallest length"),
        ("minItems", "smallest number of items"),
        ("minProperties", "smallest number of members"),
    ] {
        let of = |schema: &Schema| number(schema.get(keyword)).filter(|count| *count > 0.0);
        let shown = |schema: &Schema| schema.get(keyword).map(Value::to_string);
        let (before, after) = (of(old), of(new));
        let narrows = after.unwrap_or(0.0) > before.unwrap_or(0.0);
        if after != before {
            one(cx, at, name, shown(old), shown(new), narrows);
        }
    }
    for (keyword, name) in [
        ("maxLength", "greatest length"),
        ("maxItems", "greatest number of items"),
        ("maxProperties", "greatest number of members"),
    ] {
        let of = |schema: &Schema| number(schema.get(keyword));
        let shown = |schema: &Schema| schema.get(keyword).map(Value::to_string);
        let (before, after) = (of(old), of(new));
        let infinite = f64::INFINITY;
        let narrows = after.unwrap_or(infinite) < before.unwrap_or(infinite);
        if after != before {
            one(cx, at, name, shown(old), shown(new), narrows);
        }
    }
    multiple(cx, old, new, at);
    format(cx, old, new, at);
    pattern(cx, old, new, at);
}

/// Reports one bound that changed.
fn one(
    cx: &mut Comparison,
    at: &str,
    name: &str,
    before: Option<String>,
    after: Option<String>,
    narrows: bool,
) {
    let message = match (before, after) {
        (Some(before), Some(after)) => format!("the {name} was {before}, and is {after} now"),
        (None, Some(after)) => format!("the {name} is {after} now"),
        (Some(before), None) => format!("the {name} {before} is gone"),
        (None, None) => return,
    };
    match narrows {
        true => cx.narrowed(at, message),
        false => cx.widened(at, message),
    }
}

fn number(value: Option<&Value>) -> Option<f64> {
    value?.as_f64()
}

/// A bound with whether it is itself excluded, and its text.
fn bound(
    schema: &Schema,
    plain: &str,
    exclusive: &str,
    is_upper: bool,
) -> Option<(f64, bool, String)> {
    let plain = schema
        .get(plain)
        .and_then(|value| Some((value.as_f64()?, value)));
    let exclusive = schema.get(exclusive);
    let exclusive = exclusive.and_then(|value| Some((value.as_f64()?, value)));
    match (plain, exclusive) {
        (None, None) => None,
        (Some((bound, value)), None) => Some((bound, false, value.to_string())),
        (None, Some((bound, value))) => Some((bound, true, format!("{value} (excluded)"))),
        (Some((plain, value)), Some((bound, other))) => {
            let is_tighter = if is_upper {
                bound <= plain
            } else {
                bound >= plain
            };
            match is_tighter {
                true => Some((bound, true, format!("{other} (excluded)"))),
                false => Some((plain, false, value.to_string())),
            }
        }
    }
}

fn lower_bound(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    let of = |schema| bound(schema, "minimum", "exclusiveMinimum", false);
    let (before, after) = (of(old), of(new));
    let place = |bound: &Option<(f64, bool, String)>| {
        let (bound, is_excluded) = bound
            .as_ref()
            .map_or((f64::NEG_INFINITY, false), |one| (one.0, one.1));
        (bound, u8::from(is_excluded))
    };
    let (from, to) = (place(&before), place(&after));
    if from != to {
        let text = |bound: Option<(f64, bool, String)>| bound.map(|one| one.2);
        one(cx, at, "minimum", text(before), text(after), to > from);
    }
}

fn upper_bound(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    let of = |schema| bound(schema, "maximum", "exclusiveMaximum", true);
    let (before, after) = (of(old), of(new));
    let place = |bound: &Option<(f64, bool, String)>| {
        let (bound, is_excluded) = bound
            .as_ref()
            .map_or((f64::INFINITY, false), |one| (one.0, one.1));
        (bound, u8::from(!is_excluded))
    };
    let (from, to) = (place(&before), place(&after));
    if from != to {
        let text = |bound: Option<(f64, bool, String)>| bound.map(|one| one.2);
        one(cx, at, "maximum", text(before), text(after), to < from);
    }
}

fn multiple(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    let (before, after) = (number(old.get("multipleOf")), number(new.get("multipleOf")));
    if before == after {
        return;
    }
    let narrows = match (before, after) {
        // Every multiple of the old one is one of the new one.
        (Some(before), Some(after)) => (before / after).fract() != 0.0,
        (before, _) => before.is_none(),
    };
    let text = |schema: &Schema| schema.get("multipleOf").map(Value::to_string);
    one(cx, at, "step", text(old), text(new), narrows);
}

/// Formats of which the values of one are among those of the other.
const WIDER_FORMATS: &[(&str, &str)] = &[
    ("int32", "int64"),
    ("float", "double"),
    ("int32", "double"),
    ("email", "idn-email"),
    ("hostname", "idn-hostname"),
    ("uri", "uri-reference"),
    ("uri", "iri"),
    ("uri-reference", "iri-reference"),
];

fn format(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    let of = |schema: &Schema| {
        schema
            .get("format")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let (before, after) = (of(old), of(new));
    if before == after {
        return;
    }
    let is_wider = |from: &str, to: &str| WIDER_FORMATS.contains(&(from, to));
    let narrows = match (&before, &after) {
        // Readers of one format do not read another.
        (Some(before), Some(after))
            if cx.way == Way::Output && !is_wider(before, after) && !is_wider(after, before) =>
        {
            let (before, after) = (code(before), code(after));
            return cx.contract(at, &format!("the format was {before}, and is {after} now"));
        }
        (Some(before), Some(after)) => !is_wider(before, after),
        (before, _) => before.is_none(),
    };
    let text = |format: Option<String>| format.map(|format| code(&format));
    one(cx, at, "format", text(before), text(after), narrows);
}

/// Which texts match two patterns cannot be compared, so that another pattern narrows.
fn pattern(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    let of = |schema: &Schema| schema.get("pattern").and_then(Value::as_str).map(code);
    let (before, after) = (of(old), of(new));
    if old.get("pattern") != new.get("pattern") {
        let narrows = after.is_some();
        one(cx, at, "pattern", before, after, narrows);
    }
}
