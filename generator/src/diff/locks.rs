//! Two locks. They show which tools there are, their access, and whether their contract is the same.

use super::change::{Change, Kind};
use super::value::code;
use crate::ir::Access;
use crate::lock::{Lock, Locked};
use crate::pairing::{Entry, pair};

/// Returns the differences of two locks, in the order of the tools' names.
pub fn compare_locks(old: &Lock, new: &Lock) -> Vec<Change> {
    let pairing = pair(&entries(old), &entries(new));
    let mut changes = Vec::new();
    for (from, to) in &pairing.both {
        if let (Some(before), Some(after)) = (old.tools.get(*from), new.tools.get(*to)) {
            changes.extend(tool(before, after));
        }
    }
    for locked in pairing
        .removed
        .iter()
        .filter_map(|index| old.tools.get(*index))
    {
        let message = format!("{} is no longer a tool", route(locked));
        changes.push(Change::new(Kind::ToolRemoved, &locked.tool, message));
    }
    for locked in pairing
        .added
        .iter()
        .filter_map(|index| new.tools.get(*index))
    {
        let message = format!("{} is a tool now", route(locked));
        changes.push(Change::new(Kind::ToolAdded, &locked.tool, message));
    }
    changes.sort_by(|a, b| a.tool.cmp(&b.tool));
    changes
}

fn entries(lock: &Lock) -> Vec<Entry<'_>> {
    let tools = lock.tools.iter();
    tools
        .map(|one| Entry {
            name: &one.tool,
            method: &one.method,
            path: &one.path,
            operation_id: one.operation_id.as_deref(),
        })
        .collect()
}

fn route(locked: &Locked) -> String {
    code(&format!("{} {}", locked.method, locked.path))
}

fn tool(old: &Locked, new: &Locked) -> Option<Change> {
    if old.tool != new.tool {
        let message = format!("was called {}", code(&old.tool));
        return Some(Change::new(Kind::ToolRenamed, &new.tool, message));
    }
    if old.access != new.access {
        let (message, breaking) = match new.access {
            Access::Write => ("only read, and may change something now", true),
            Access::Read => ("could change something, and only reads now", false),
        };
        let change = Change::new(Kind::AccessChanged, &new.tool, message);
        return Some(change.breaking(breaking));
    }
    if old.contract != new.contract {
        let message = "its arguments or its request changed; compare the descriptions to see how";
        return Some(Change::new(Kind::ContractChanged, &new.tool, message));
    }
    None
}
