//! References in lowered schemas.

use std::collections::BTreeSet;

use serde_json::Value;

use super::walk::children;

/// How a reference to a definition begins.
pub(crate) const PREFIX: &str = "#/$defs/";

pub(crate) fn target(reference: Option<&Value>) -> Option<&str> {
    reference?.as_str()?.strip_prefix(PREFIX)
}

/// The definitions that a lowered schema names itself, sorted.
pub(crate) fn named(schema: &Value) -> Vec<String> {
    let mut names = BTreeSet::new();
    collect(schema, &mut names);
    names.into_iter().collect()
}

fn collect(schema: &Value, names: &mut BTreeSet<String>) {
    names.extend(target(schema.get("$ref")).map(str::to_owned));
    children(schema, &mut |_, _, one| collect(one, names));
}
