//! Names of tools, those of an earlier run kept.

use super::annotation::Overrides;
use super::name::{Key, names as distinct};
use super::source::Source;
use crate::lock::{Keeper, Lock};
use crate::lower::context::Context;
use crate::openapi::join;
use crate::pairing::Entry;

/// A name for each operation that becomes a tool: one that a person chose, else the one that the lock
/// has, else one made from the description. Reports operations that keep a name which the description
/// no longer has.
pub(crate) fn names<'d>(
    cx: &mut Context<'d>,
    lock: &Lock,
    shown: &[(&Source<'d>, &mut Overrides)],
) -> Vec<String> {
    let entries = shown.iter().map(|(source, _)| Entry {
        name: "",
        method: &source.method,
        path: &source.path,
        operation_id: source.operation_id(),
    });
    let entries: Vec<Entry> = entries.collect();
    let keeper = Keeper::new(lock, &entries);
    let keys = shown
        .iter()
        .enumerate()
        .map(|(index, (source, overrides))| {
            let kept = keeper.kept(index).map(|kept| kept.name);
            overrides.key(source, kept)
        });
    let keys: Vec<Key> = keys.collect();
    let names = distinct(&keys);
    for ((key, name), (source, _)) in keys.iter().zip(&names).zip(shown) {
        if let Some(chosen) = key.chosen_reserved() {
            cx.warn(
                source.operation.at.as_str(),
                format!(
                    "`{chosen}` is the name of a tool of search mode; the tool is called `{name}`"
                ),
                "choose another `name` in `x-mcp`",
            );
        }
    }
    for (index, (entry, name)) in entries.iter().zip(&names).enumerate() {
        let kept = keeper.kept(index).filter(|kept| kept.name == name);
        let at = shown
            .get(index)
            .map(|(source, _)| source.operation.at.as_str());
        if let (Some(kept), Some(at)) = (kept, at)
            && let Some(found) = kept.report(&join(at, "operationId"), entry)
        {
            cx.report(found);
        }
    }
    names
}
