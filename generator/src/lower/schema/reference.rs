//! References of lowered schemas to definitions.

use super::definition::{Direction, MAX_DEFINITIONS};
use super::follow::follow;
use super::{all_of, discriminator};
use crate::diagnostic::Diagnostic;
use crate::lower::context::Context;

/// The name of the definition that a reference at the pointer `at` leads to; none where it leads
/// nowhere, which is reported.
pub(crate) fn reference<'d>(
    cx: &mut Context<'d>,
    reference: &str,
    at: &str,
    direction: Direction,
) -> Option<String> {
    match follow(cx.document, reference, at) {
        Ok(target) => {
            let known = cx.definitions.is_known(&target, direction);
            let plain = !known
                && match direction {
                    Direction::Variants => !discriminator::has_variants(cx, &target),
                    Direction::Part => {
                        !all_of::is_closed_somewhere(cx.document, &target.at, target.value)
                    }
                    Direction::Input | Direction::Output => false,
                };
            let direction = if plain { Direction::Input } else { direction };
            if cx.definitions.is_full(&target, direction) {
                cx.warn(
                    "/components/schemas",
                    format!(
                        "more than {MAX_DEFINITIONS} schemas are used; the others accept anything"
                    ),
                    "hide operations that are not needed, or divide the description",
                );
                return None;
            }
            Some(cx.definitions.name(&target, direction))
        }
        Err(found) => {
            let message = format!("{}; anything is accepted here", found.message);
            cx.report(Diagnostic { message, ..found });
            None
        }
    }
}
