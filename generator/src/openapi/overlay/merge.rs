//! Merging: what an update adds to the value it changes, and what it replaces there.

use std::collections::HashMap;

use serde_json::Value;

use super::super::edits::Source as WrittenIn;
use super::super::node::kind;
use super::super::pointer::join;
use crate::diagnostic::Diagnostic;

/// The merge of a value of an overlay into one of the description.
pub(super) struct Merge<'m> {
    /// Where the value is in the overlay.
    pub(super) at: &'m str,
    pub(super) from: &'m WrittenIn,
    pub(super) written: &'m mut HashMap<String, WrittenIn>,
    /// How many values it has added or replaced.
    pub(super) changes: usize,
}

impl Merge<'_> {
    /// Notes that `place` has what is at `rest` in the value.
    pub(super) fn note(&mut self, place: String, rest: &str) {
        let from = match self.from {
            WrittenIn::Overlay(overlay, at) => WrittenIn::Overlay(*overlay, format!("{at}{rest}")),
            WrittenIn::Copy(from) => WrittenIn::Copy(format!("{from}{rest}")),
        };
        self.written.insert(place, from);
        self.changes += 1;
    }

    pub(super) fn append(
        &mut self,
        items: &mut Vec<Value>,
        more: &[Value],
        place: &str,
        rest: &str,
    ) {
        for (index, item) in more.iter().enumerate() {
            let from = join(rest, &index.to_string());
            self.note(join(place, &items.len().to_string()), &from);
            items.push(item.clone());
        }
    }

    /// Merges `update`, which is at `rest` in the value, into `target` at `place`.
    pub(super) fn merge(
        &mut self,
        target: &mut Value,
        update: &Value,
        place: &str,
        rest: &str,
    ) -> Result<(), Diagnostic> {
        match (target, update) {
            (Value::Object(members), Value::Object(more)) => {
                for (name, update) in more {
                    let (place, rest) = (join(place, name), join(rest, name));
                    match members.get_mut(name) {
                        Some(target) => self.merge(target, update, &place, &rest)?,
                        None => {
                            members.insert(name.clone(), update.clone());
                            self.note(place, &rest);
                        }
                    }
                }
                Ok(())
            }
            (Value::Array(items), Value::Array(more)) => {
                self.append(items, more, place, rest);
                Ok(())
            }
            // A name without a value, in an outline of the description.
            (Value::Object(_) | Value::Array(_), Value::Null) => Ok(()),
            (target, update) => {
                let is_primitive = |value: &Value| !value.is_object() && !value.is_array();
                if target.is_null() || is_primitive(target) && is_primitive(update) {
                    if target != update {
                        *target = update.clone();
                        self.note(place.to_owned(), rest);
                    }
                    return Ok(());
                }
                let (is, wanted) = (kind(update), kind(target));
                Err(Diagnostic::error(
                    format!("{}{rest}", self.at),
                    format!("{is} cannot be merged into {wanted} of the description"),
                    format!("give {wanted}, or remove what is there in an action before"),
                ))
            }
        }
    }
}
