//! Earlier names of tools: `aliases` of `x-mcp`.

use std::collections::{HashMap, HashSet};

use super::name::is_reserved;
use crate::ir::{Alias, Operation};
use crate::lock::{Lock, Locked};
use crate::lower::context::Context;
use crate::openapi::{Node, join};
use crate::pairing::shape;

/// The key of `x-mcp`.
pub(super) const ALIASES: &str = "aliases";
/// The longest name that all clients take.
const MAX: usize = 64;

/// Reads a list of names, and of objects `{name, until, call}`.
pub(super) fn read(cx: &mut Context, list: &Node) -> Vec<Alias> {
    let items = list.value.as_array().into_iter().flatten().enumerate();
    let nodes = items.map(|(index, value)| Node {
        value,
        at: join(&list.at, &index.to_string()),
    });
    let mut aliases: Vec<Alias> = Vec::new();
    for node in nodes {
        if let Some(alias) = one(cx, &node)
            && !aliases.iter().any(|known| known.name == alias.name)
        {
            aliases.push(alias);
        }
    }
    aliases
}

fn one(cx: &mut Context, node: &Node) -> Option<Alias> {
    let name = node.value.as_str().or_else(|| node.text("name"));
    let Some(name) = name.map(str::trim).filter(|name| is_name(name)) else {
        cx.warn(
            node.at.as_str(),
            "the alias has no name that a tool can have; it is ignored",
            "write a name of at most 64 letters, digits, `_` and `-`, or `{name: …, until: 2027-03-31}`",
        );
        return None;
    };
    for (key, value) in node.entries() {
        if !["name", "until", "call"].contains(&key) {
            cx.warn(
                value.at,
                format!("an alias has no key `{key}`; it is ignored"),
                "the keys are name, until and call",
            );
        }
    }
    let until = node.get("until").and_then(|until| {
        let day = until
            .value
            .as_str()
            .map(str::trim)
            .filter(|day| is_day(day));
        if day.is_none() {
            cx.warn(
                until.at,
                format!("the last day of the alias `{name}` is no date; the alias has no end"),
                "write it as in `until: 2027-03-31`",
            );
        }
        day.map(str::to_owned)
    });
    let calls = node.get("call").is_none_or(|call| {
        let calls = call.value.as_bool();
        if calls.is_none() {
            cx.warn(
                call.at,
                format!("`call` of the alias `{name}` is no boolean; the alias calls the tool"),
                "write `call: false` where calls are answered with an error that names the tool",
            );
        }
        calls.unwrap_or(true)
    });
    Some(Alias {
        name: name.to_owned(),
        until,
        calls,
    })
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !name.is_empty() && name.len() <= MAX && name.chars().all(fits)
}

/// Returns true for a day of the calendar in the form of RFC 3339 (`full-date`).
fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let number = |part: &str, digits: usize| {
        let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse::<u32>().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2))
    else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Drops aliases that are names of tools, of search mode too, or aliases of another, and reports
/// them; and reports locked names that nothing answers to any more.
pub(crate) fn settle(cx: &mut Context, operations: &mut [Operation], lock: &Lock) {
    let names: HashSet<String> = operations.iter().map(|one| one.name.clone()).collect();
    let mut owners: HashMap<String, String> = HashMap::new();
    for operation in operations.iter_mut() {
        let own = operation.name.clone();
        operation.aliases.retain(|alias| {
            let problem = match owners.get(&alias.name) {
                _ if alias.name == own => "is its own name".to_owned(),
                _ if is_reserved(&alias.name) => "is the name of a tool of search mode".to_owned(),
                _ if names.contains(&alias.name) => "is the name of another tool".to_owned(),
                Some(other) => format!("is an alias of `{other}` already"),
                None => {
                    owners.insert(alias.name.clone(), own.clone());
                    return true;
                }
            };
            cx.warn(
                "/paths",
                format!(
                    "the alias `{}` of `{own}` {problem}; it is ignored",
                    alias.name
                ),
                "take it out of `aliases`, or name the tool otherwise",
            );
            false
        });
    }
    let shapes: Vec<String> = operations.iter().map(|one| shape(&one.path)).collect();
    for locked in &lock.tools {
        let name = &locked.tool;
        if names.contains(name) || owners.contains_key(name) {
            continue;
        }
        let help = match successor(operations, &shapes, locked) {
            _ if is_reserved(name) => format!(
                "nothing is to be done: `{name}` is the name of a tool of search mode, so it cannot be \
                 an alias; assistants find the new name once they read the list again"
            ),
            Some(one) => format!(
                "add to `{} {}`: `x-mcp: {{ name: {}, aliases: [{name}] }}`",
                one.method, one.path, one.name
            ),
            None => format!(
                "where another operation replaces it, add there: `x-mcp: {{ aliases: [{name}] }}`, or \
                 `{{ name: {name}, call: false }}` in the list if its arguments are other ones"
            ),
        };
        cx.warn(
            "/paths",
            format!(
                "the tool `{name}` (`{} {}`) is gone; assistants that still call it get an error",
                locked.method, locked.path
            ),
            help,
        );
    }
}

/// Returns the operation that a locked tool is now: the one of its method and path, else of its
/// path with other names for the variables, else of its operationId. `shapes` are the paths of the
/// operations without the names of their variables.
fn successor<'o>(
    operations: &'o [Operation],
    shapes: &[String],
    locked: &Locked,
) -> Option<&'o Operation> {
    let wanted = shape(&locked.path);
    let of_method = || {
        let all = operations.iter().zip(shapes);
        all.filter(|(one, _)| one.method == locked.method)
    };
    let by_path = of_method().find(|(one, _)| one.path == locked.path);
    let found = by_path.or_else(|| of_method().find(|(_, shape)| **shape == wanted));
    let id = locked.operation_id.as_deref();
    found.map(|(one, _)| one).or_else(|| {
        let mut all = operations.iter();
        all.find(|one| id.is_some() && one.operation_id.as_deref() == id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_is_one_of_the_calendar() {
        for day in ["2027-03-31", "2028-02-29", "2000-02-29"] {
            assert!(is_day(day), "{day}");
        }
        for text in [
            "2027-02-29",
            "2027-13-01",
            "2027-4-1",
            "31.3.2027",
            "2027-03-32",
            "2100-02-29",
            "",
        ] {
            assert!(!is_day(text), "{text}");
        }
    }
}
