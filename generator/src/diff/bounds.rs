//! Bounds, formats and patterns: keywords with one value, of which more or less is known.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::comparison::{Comparison, Way};
use super::schema::kinds;
use super::value::{code, order};

type Schema = Map<String, Value>;

/// Compares the bounds of two schemas, and how their texts are formed.
pub(super) fn compare(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    ends(cx, old, new, at);
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

/// A bound of numbers.
struct Bound<'s> {
    value: &'s Value,
    is_excluded: bool,
}

impl Bound<'_> {
    fn text(&self) -> String {
        match self.is_excluded {
            true => format!("{} (excluded)", self.value),
            false => self.value.to_string(),
        }
    }

    /// Compares how much two bounds of the same end exclude.
    fn tightness(&self, other: &Bound, is_upper: bool) -> Option<Ordering> {
        let order = order(self.value, other.value)?;
        let order = if is_upper { order.reverse() } else { order };
        Some(order.then(self.is_excluded.cmp(&other.is_excluded)))
    }
}

/// The tighter one of the two bounds at one end.
fn bound<'s>(
    schema: &'s Schema,
    plain: &str,
    exclusive: &str,
    is_upper: bool,
) -> Option<Bound<'s>> {
    let of = |keyword: &str, is_excluded| {
        let value = schema.get(keyword).filter(|value| value.is_number())?;
        Some(Bound { value, is_excluded })
    };
    match (of(plain, false), of(exclusive, true)) {
        (Some(plain), Some(exclusive)) => match exclusive.tightness(&plain, is_upper) {
            Some(Ordering::Less) => Some(plain),
            _ => Some(exclusive),
        },
        (plain, exclusive) => plain.or(exclusive),
    }
}

fn ends(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    for (name, exclusive, is_upper) in [
        ("minimum", "exclusiveMinimum", false),
        ("maximum", "exclusiveMaximum", true),
    ] {
        let of = |schema| bound(schema, name, exclusive, is_upper);
        let (before, after) = (of(old), of(new));
        let narrows = match (&before, &after) {
            (Some(before), Some(after)) => match after.tightness(before, is_upper) {
                None | Some(Ordering::Equal) => continue,
                Some(order) => order.is_gt(),
            },
            (before, _) => before.is_none(),
        };
        let text = |bound: Option<Bound>| bound.map(|bound| bound.text());
        one(cx, at, name, text(before), text(after), narrows);
    }
}

fn multiple(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    let (before, after) = (number(old.get("multipleOf")), number(new.get("multipleOf")));
    if before == after {
        return;
    }
    let narrows = match (before, after) {
        // Every multiple of the old one is one of the new one.
        (Some(before), Some(after)) => !is_multiple(before, after),
        (before, _) => before.is_none(),
    };
    let text = |schema: &Schema| schema.get("multipleOf").map(Value::to_string);
    one(cx, at, "step", text(old), text(new), narrows);
}

/// Returns true where a number is a multiple of another, as far as floats hold them: 0.3 of 0.1.
fn is_multiple(of: f64, step: f64) -> bool {
    let ratio = of / step;
    let nearest = ratio.round();
    let error = (ratio.abs() * f64::EPSILON * 4.0).max(1e-9);
    nearest.abs() >= 1.0 && (ratio - nearest).abs() <= error
}

/// Formats of which the values of one are among those of the other.
const WIDER_FORMATS: &[(&str, &str)] = &[
    ("int32", "int64"),
    ("float", "double"),
    ("int32", "double"),
    ("int64", "double"),
    ("email", "idn-email"),
    ("hostname", "idn-hostname"),
    ("uri", "uri-reference"),
    ("uri", "iri"),
    ("uri-reference", "iri-reference"),
];

/// Formats of numbers, which say nothing about texts.
const NUMERIC_FORMATS: &[&str] = &["int32", "int64", "float", "double"];

/// Returns true where the types differ and say all that there is to say about the formats.
fn is_covered(old: &Schema, new: &Schema, before: Option<&str>, after: Option<&str>) -> bool {
    let (old_kinds, new_kinds) = (kinds(old), kinds(new));
    if old_kinds == new_kinds || before.is_some() && after.is_some() && !is_numeric(before, after) {
        return false;
    }
    let has_texts = [old_kinds, new_kinds]
        .iter()
        .all(|kinds| kinds.as_ref().is_none_or(|kinds| kinds.contains("string")));
    after.is_none() || !has_texts || is_numeric(before, after)
}

fn is_numeric(before: Option<&str>, after: Option<&str>) -> bool {
    let mut formats = [before, after].into_iter().flatten();
    formats.all(|format| NUMERIC_FORMATS.contains(&format))
}

fn format(cx: &mut Comparison, old: &Schema, new: &Schema, at: &str) {
    let of = |schema: &Schema| {
        schema
            .get("format")
            .and_then(Value::as_str)
            // How a form shows the value, no restriction.
            .filter(|format| *format != "password")
            .map(str::to_owned)
    };
    let (before, after) = (of(old), of(new));
    if before == after || is_covered(old, new, before.as_deref(), after.as_deref()) {
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
