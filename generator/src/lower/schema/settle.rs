//! Lowers the definitions that are needed, and no others.

use std::collections::{BTreeMap, HashSet};

use indexmap::IndexMap;

use super::circle::break_circles;
use super::definition::Direction;
use super::loose::loosened;
use super::named::named;
use super::{discriminator, lower};
use crate::ir;
use crate::lower::context::Context;

/// Lowers what has been referred to, and what that refers to.
pub(crate) fn settle(cx: &mut Context) {
    while let Some((name, node, direction)) = cx.definitions.waiting.pop() {
        let json = match direction {
            Direction::Input => lower::lower(cx, &node),
            Direction::Variants => discriminator::variants(cx, &node),
            Direction::Part => lower::lower_part(cx, &node),
            Direction::Output => loosened(cx, &node),
        };
        let definitions = named(&json);
        cx.definitions
            .lowered
            .insert(name, ir::Schema { json, definitions });
    }
}

/// The size of a schema with all that it reaches, as compact JSON; none above `limit`.
pub(crate) fn size(cx: &mut Context, schema: &ir::Schema, limit: usize) -> Option<usize> {
    settle(cx);
    let mut total = schema.json.to_string().len();
    let mut waiting: Vec<&String> = schema.definitions.iter().collect();
    let mut seen = HashSet::new();
    while let Some(name) = waiting.pop() {
        if !seen.insert(name) {
            continue;
        }
        let definition = cx.definitions.lowered.get(name)?;
        total += name.len() + 4 + definition.json.to_string().len();
        if total > limit {
            return None;
        }
        waiting.extend(&definition.definitions);
    }
    let total = if seen.is_empty() {
        total
    } else {
        total + r#","$defs":{}"#.len()
    };
    (total <= limit).then_some(total)
}

/// The definitions that operations reach, by name.
pub(crate) fn reached(
    cx: &mut Context,
    operations: &[ir::Operation],
) -> IndexMap<String, ir::Schema> {
    settle(cx);
    let mut waiting: Vec<String> = Vec::new();
    for operation in operations {
        let schemas = [Some(&operation.input), operation.output.as_ref()];
        waiting.extend(
            schemas
                .into_iter()
                .flatten()
                .flat_map(|schema| schema.definitions.clone()),
        );
    }
    let mut reached = BTreeMap::new();
    while let Some(name) = waiting.pop() {
        if let Some(schema) = cx.definitions.lowered.remove(&name) {
            waiting.extend(schema.definitions.iter().cloned());
            reached.insert(name, schema);
        }
    }
    let reached = break_circles(cx, reached);
    reached.into_iter().collect()
}
