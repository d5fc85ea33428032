//! Texts: of APIs, tools and schemas.

use serde_json::{Map, Value};

use super::change::{ALL_TOOLS, Change, Kind};
use super::comparison::Comparison;
use super::value::joined;
use crate::ir::{Api, Operation};

/// How the description of a deprecated tool begins.
const DEPRECATED: &str = "Deprecated:";

/// The change in the texts of the whole API, if there is one.
pub(super) fn of_api(old: &Api, new: &Api) -> Option<Change> {
    let mut changed = Vec::new();
    if old.title != new.title {
        changed.push("the title".to_owned());
    }
    if old.description != new.description {
        changed.push("the description".to_owned());
    }
    let message = changed_texts(&changed, "of the API")?;
    Some(Change::new(Kind::DescriptionChanged, ALL_TOOLS, message))
}

/// The change in the texts of a tool, if there is one. A title or a description that is made of the
/// name or the route does not count.
pub(super) fn of_tool(old: &Operation, new: &Operation) -> Option<Change> {
    let route = |one: &Operation| format!("{} {}", one.method, one.path);
    let own = |one: &Operation| {
        let text = one.description.trim_start_matches(DEPRECATED);
        !text.ends_with(&route(one))
    };
    let is_deprecated = |one: &Operation| one.description.starts_with(DEPRECATED);
    let change = |message: &str| Some(Change::new(Kind::DescriptionChanged, &new.name, message));
    match (is_deprecated(old), is_deprecated(new)) {
        (false, true) => return change("the tool is deprecated now"),
        (true, false) => return change("the tool is no longer deprecated"),
        _ => {}
    }
    let mut changed = Vec::new();
    if old.title != new.title && old.name == new.name {
        changed.push("the title".to_owned());
    }
    if old.description != new.description && (own(old) || own(new)) {
        changed.push("the description".to_owned());
    }
    change(&changed_texts(&changed, "")?)
}

fn changed_texts(changed: &[String], of: &str) -> Option<String> {
    if changed.is_empty() {
        return None;
    }
    let message = format!("{} {of}", joined(changed));
    Some(format!("{} changed", message.trim_end()))
}

/// Adds the change in the texts of a schema, if there is one.
pub(super) fn of_schema(
    cx: &mut Comparison,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    at: &str,
) {
    let is_deprecated = |schema: &Map<String, Value>| schema.contains_key("deprecated");
    let mut messages = Vec::new();
    match (is_deprecated(old), is_deprecated(new)) {
        (false, true) => messages.push("is deprecated now".to_owned()),
        (true, false) => messages.push("is no longer deprecated".to_owned()),
        _ => {}
    }
    let mut changed = Vec::new();
    if old.get("title") != new.get("title") {
        changed.push("the title".to_owned());
    }
    if own_text(old) != own_text(new) {
        changed.push("the description".to_owned());
    }
    if old.get("examples") != new.get("examples") {
        changed.push("the examples".to_owned());
    }
    messages.extend(changed_texts(&changed, ""));
    if !messages.is_empty() {
        cx.push(Kind::DescriptionChanged, at, messages.join("; "));
    }
}

/// The description without its last sentence where that is ours: the name that is sent.
fn own_text(schema: &Map<String, Value>) -> &str {
    let text = schema.get("description").and_then(Value::as_str);
    let text = text.unwrap_or_default();
    match text.rfind("Sent as `") {
        Some(at) if text.ends_with('.') => text.get(..at).unwrap_or(text).trim_end(),
        _ => text.trim_end(),
    }
}
