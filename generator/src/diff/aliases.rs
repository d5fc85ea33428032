//! Earlier names of tools, which go on being answered.

use super::change::{Change, Kind};
use super::value::code;
use crate::ir::{Alias, Api, Operation};

/// Adds the differences in the earlier names of a tool. The one by which it was renamed is part of
/// that change.
pub(super) fn compare(old: &Operation, new: &Operation, changes: &mut Vec<Change>) {
    let is_renaming = |alias: &Alias| old.name != new.name && alias.name == old.name;
    for alias in new.aliases.iter().filter(|alias| !is_renaming(alias)) {
        match old.aliases.iter().find(|known| known.name == alias.name) {
            None => {
                let message = format!("answers to {}, too{}", code(&alias.name), until(alias));
                changes.push(Change::new(Kind::AliasAdded, &new.name, message));
            }
            Some(known) if known != alias => changes.push(changed(known, alias, &new.name)),
            Some(_) => {}
        }
    }
    for alias in &old.aliases {
        let is_there = new.aliases.iter().any(|known| known.name == alias.name);
        if !is_there && alias.name != new.name {
            let message = format!("no longer answers to {}", code(&alias.name));
            changes.push(Change::new(Kind::AliasRemoved, &new.name, message));
        }
    }
}

fn until(alias: &Alias) -> String {
    match (&alias.until, alias.calls) {
        (None, true) => String::new(),
        (Some(day), true) => format!(", until {day}"),
        (None, false) => ", with an error that names it".to_owned(),
        (Some(day), false) => format!(", until {day}, with an error that names it"),
    }
}

fn changed(old: &Alias, new: &Alias, tool: &str) -> Change {
    let end = match until(new) {
        text if text.is_empty() => ", without an end".to_owned(),
        text => text,
    };
    let message = format!("now answers to {}{end}", code(&new.name));
    let is_shorter = match (&old.until, &new.until) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(old), Some(new)) => new < old,
    };
    let breaking = is_shorter || old.calls && !new.calls;
    Change::new(Kind::ContractChanged, tool, message).breaking(breaking)
}

/// The tool that answers calls by a name which is gone, as that one would have.
pub(super) fn successor<'a>(api: &'a Api, name: &str) -> Option<&'a Operation> {
    api.operations.iter().find(|one| answers(one, name))
}

/// Returns true where calls of a tool by an earlier name reach it.
pub(super) fn answers(operation: &Operation, name: &str) -> bool {
    let mut aliases = operation.aliases.iter();
    aliases.any(|alias| alias.name == name && alias.calls)
}
