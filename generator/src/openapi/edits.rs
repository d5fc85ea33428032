//! What reading changed in a description, step by step, so that a place in the changed description
//! leads back to the text that contains it: the description's own, or an overlay's.

use std::collections::HashMap;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// In the description, at this JSON pointer.
    Description(String),
    /// In the overlay of this index, at this JSON pointer.
    Overlay(usize, String),
}

/// Where a place has its value from since a step.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// From the overlay of this index, at this JSON pointer.
    Overlay(usize, String),
    /// From another place of the description, as it was before the step.
    Copy(String),
}

/// The changes, in their order.
#[derive(Debug, Default)]
pub(super) struct Edits {
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    /// An item was taken out of a list, so that those behind it moved up.
    Removed { list: String, index: usize },
    /// These places were written at once.
    Written(HashMap<String, Source>),
}

impl Edits {
    pub(super) fn remove(&mut self, list: String, index: usize) {
        self.steps.push(Step::Removed { list, index });
    }

    pub(super) fn write(&mut self, places: HashMap<String, Source>) {
        if !places.is_empty() {
            self.steps.push(Step::Written(places));
        }
    }

    /// Forgets that a place was written.
    pub(super) fn forget(&mut self, place: &str) {
        for step in &mut self.steps {
            if let Step::Written(places) = step {
                places.remove(place);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns where the value that `pointer` leads to was written.
    pub(super) fn origin(&self, pointer: &str) -> Origin {
        let mut pointer = pointer.to_owned();
        for step in self.steps.iter().rev() {
            match step {
                Step::Removed { list, index } => {
                    if let Some(before) = before_removal(list, *index, &pointer) {
                        pointer = before;
                    }
                }
                Step::Written(places) => match nearest(places, &pointer) {
                    Some((Source::Overlay(overlay, at), rest)) => {
                        return Origin::Overlay(*overlay, format!("{at}{rest}"));
                    }
                    // The reference that was replaced, which was written here.
                    Some((Source::Copy(_), "/$ref")) => {}
                    Some((Source::Copy(from), rest)) => pointer = format!("{from}{rest}"),
                    None => {}
                },
            }
        }
        Origin::Description(pointer)
    }
}

/// The pointer that led to the same value before the item was removed, if it is another.
fn before_removal(list: &str, index: usize, pointer: &str) -> Option<String> {
    let inside = pointer.strip_prefix(list)?.strip_prefix('/')?;
    let (token, rest) = inside.split_at(inside.find('/').unwrap_or(inside.len()));
    let now = token.parse::<usize>().ok().filter(|now| *now >= index)?;
    Some(format!("{list}/{}{rest}", now + 1))
}

/// The innermost of the places around what `pointer` leads to, and the rest of the pointer.
fn nearest<'p, 's>(
    places: &'s HashMap<String, Source>,
    pointer: &'p str,
) -> Option<(&'s Source, &'p str)> {
    let mut end = pointer.len();
    loop {
        let (around, rest) = pointer.split_at(end);
        if let Some(source) = places.get(around) {
            return Some((source, rest));
        }
        end = around.rfind('/')?;
    }
}
