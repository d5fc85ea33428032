//! Definitions of a large catalogue, shortened: a client passes all of them to its model before the
//! first question. What is shortened is whole in the descriptor, from which `describe_tools` answers and
//! calls are checked.

mod input;
mod output;
mod repeated;

use std::collections::HashSet;

use super::bound::{Definitions, loosened};
use super::cut::cut_with_main_call;
use super::size::{Sizes, compact};
use crate::BYTES_OF_A_TOKEN;
use crate::ir;
use crate::lower::context::Context;
use crate::lower::settings::Outputs;
use input::Trimmed;
use repeated::Repeated;

/// The most tokens that all definitions take, as far as names and required arguments allow it.
const MOST: usize = 300_000;

/// How much is kept of a definition, in bytes.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// Of the description of the tool.
    description: usize,
    /// Of the description of an argument.
    argument: usize,
    /// Of the output schema.
    output: usize,
    /// Of all of it.
    definition: usize,
}

/// From the one that keeps most.
const LEVELS: [Level; 6] = [
    level(400, 160, 1_500, 12_000),
    level(300, 120, 800, 6_000),
    level(240, 100, 400, 3_000),
    level(200, 80, 200, 1_800),
    level(160, 60, 80, 1_200),
    level(120, 40, 40, 800),
];

const fn level(description: usize, argument: usize, output: usize, definition: usize) -> Level {
    Level {
        description,
        argument,
        output,
        definition,
    }
}

/// A definition as it is published.
struct Short {
    description: String,
    input: ir::Schema,
    output: Option<ir::Schema>,
    bytes: usize,
}

/// Shortens the definitions of a catalogue that has more tokens than clients are shown at once.
pub(crate) fn shorten(cx: &Context, api: &mut ir::Api) {
    let sizes = Sizes::new(api);
    let whole: usize = api.operations.iter().map(|one| sizes.tool(one)).sum();
    if cx.outputs == Outputs::Declared || whole <= cx.budget.saturating_mul(BYTES_OF_A_TOKEN) {
        return;
    }
    let repeated = Repeated::find(api);
    let mut shorts = Vec::new();
    for level in LEVELS {
        shorts = at_level(api, level, &repeated, cx);
        let bytes: usize = shorts.iter().map(|short| short.bytes).sum();
        if bytes <= MOST * BYTES_OF_A_TOKEN {
            break;
        }
    }
    for (operation, short) in api.operations.iter_mut().zip(shorts) {
        if short.description != operation.description {
            operation.brief = Some(short.description);
        }
        if short.input != operation.input {
            operation.published = Some(short.input);
        }
        if short.output != operation.output {
            operation.published_output = short.output;
        }
    }
    api.repeated = repeated.into_texts();
}

/// The definitions of all tools with what a level keeps.
fn at_level(api: &ir::Api, level: Level, repeated: &Repeated, cx: &Context) -> Vec<Short> {
    let unpublished = cx.patterns.checked();
    let sizes = Sizes::new(api);
    let trimmed = Trimmed::new(api, level.argument);
    let definitions = Definitions::new(trimmed.api(), unpublished);
    let whole = Definitions::new(api, unpublished);
    let shorts = api.operations.iter().map(|operation| {
        let description = repeated.brief(operation, level.description);
        let output = operation.output.as_ref();
        let output = output.map(|output| output::outline(output, api, level.output));
        let none = ir::Schema::no_arguments();
        let others = sizes.definition(operation, &description, &none, output.as_ref());
        let room = level
            .definition
            .saturating_sub(others - compact(&none.json));
        let root = trimmed.root(&operation.input.json, &repeated.arguments);
        let input = trimmed.embedded(root.clone());
        let is_publishable = !whole.reaches_unpublished(&operation.input);
        let input = match is_publishable && compact(&input) <= room {
            true => input,
            false => cut_with_main_call(
                &loosened(&root, unpublished),
                &definitions,
                room,
                cx.max_definition_bytes,
            ),
        };
        let input = match input == operation.input.json {
            // It shares its definitions with others.
            true => operation.input.clone(),
            false => ir::Schema {
                json: input,
                definitions: Vec::new(),
            },
        };
        Short {
            bytes: sizes.definition(operation, &description, &input, output.as_ref()),
            description,
            input,
            output,
        }
    });
    shorts.collect()
}

/// The definitions that schemas reach, by name.
fn reached<'a>(
    schemas: impl Iterator<Item = &'a ir::Schema>,
    api: &'a ir::Api,
) -> HashSet<&'a str> {
    let mut reached: HashSet<&str> = HashSet::new();
    let mut next: Vec<&str> = schemas
        .flat_map(|schema| schema.definitions.iter().map(String::as_str))
        .collect();
    while let Some(name) = next.pop() {
        if let Some(definition) = api.definitions.get(name)
            && reached.insert(name)
        {
            next.extend(definition.definitions.iter().map(String::as_str));
        }
    }
    reached
}
