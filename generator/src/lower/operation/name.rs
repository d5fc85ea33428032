//! Tool names: one for each operation, whatever the description calls it.

use std::collections::{BTreeMap, HashSet};

use super::text::word_ranges;
use crate::lower::digest::hash;

/// The longest name that all clients take.
const MAX: usize = 64;

/// The names of the tools that a server has in search mode. No other tool has one of them, by its
/// name or by an alias: one name would be two tools, by the path of the endpoint.
pub const RESERVED_NAMES: [&str; 7] = [
    "call_destructive_tool",
    "call_read_tool",
    "call_write_tool",
    "describe_tools",
    "request_upload",
    "search_tools",
    "whoami",
];

/// What a tool's name is made from.
#[derive(Clone, Debug)]
pub(crate) struct Key<'a> {
    /// The name asked for, or kept, or the operationId.
    pub(crate) wanted: Option<&'a str>,
    pub(crate) claim: Claim,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
}

/// How strong the claim of an operation to its name is, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Claim {
    /// A person chose it: `name` of `x-mcp`.
    Chosen,
    /// The tool has had it since an earlier run.
    Kept,
    /// It is derived from the description.
    Derived,
}

impl Key<'_> {
    fn route(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Returns the name that a person chose, where it is reserved.
    pub(crate) fn chosen_reserved(&self) -> Option<String> {
        let chosen = (self.claim == Claim::Chosen).then(|| candidate(self));
        chosen.filter(|name| is_reserved(name))
    }
}

/// Returns true for the name of a tool of search mode.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED_NAMES.contains(&name)
}

/// A name for each key, in the order of the keys: `^[A-Za-z0-9_-]{1,64}$`, none twice. A name
/// depends on the set of keys alone, not on their order.
pub(crate) fn names(keys: &[Key]) -> Vec<String> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, key) in keys.iter().enumerate() {
        groups.entry(free(candidate(key))).or_default().push(index);
    }
    let reserved = RESERVED_NAMES.map(str::to_owned);
    let mut taken: HashSet<String> = groups.keys().cloned().chain(reserved).collect();
    let mut names = vec![String::new(); keys.len()];
    for (name, mut group) in groups {
        // An operation with this name in the description has the first claim.
        group.sort_by_key(|&index| {
            let key = keys.get(index);
            let other = key.and_then(|key| key.wanted) != Some(&name);
            (
                key.map(|key| key.claim),
                other,
                key.map(|key| (key.path.to_owned(), key.method.to_owned())),
            )
        });
        for (nth, index) in group.into_iter().enumerate() {
            let own = match keys.get(index) {
                Some(key) if nth > 0 => distinct(&name, key, &mut taken),
                _ => name.clone(),
            };
            if let Some(slot) = names.get_mut(index) {
                *slot = own;
            }
        }
    }
    names
}

/// The name, or another one where it is reserved.
fn free(name: String) -> String {
    match is_reserved(&name) {
        true => name + "_operation",
        false => name,
    }
}

fn candidate(key: &Key) -> String {
    if let Some(wanted) = key.wanted {
        let name = sanitise(wanted);
        if name.contains(|c: char| c.is_ascii_alphanumeric()) {
            return fit(&name, wanted);
        }
    }
    match from_route(key).as_str() {
        "" => format!("operation_{}", hash(&key.route(), 8)),
        name => fit(name, &key.route()),
    }
}

/// `GET /users/{id}/keys` is `get_users_id_keys`.
fn from_route(key: &Key) -> String {
    let method = sanitise(key.method).to_ascii_lowercase();
    let name = format!("{method}_{}", sanitise(key.path));
    name.trim_matches('_').to_owned()
}

/// Only the characters that names may have; a run of others becomes one `_`, or nothing at the
/// ends.
pub(crate) fn sanitise(text: &str) -> String {
    let mut name = String::new();
    let mut gap = false;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '_' || c == '-' {
            if gap && !name.is_empty() && !name.ends_with('_') && c != '_' {
                name.push('_');
            }
            gap = false;
            name.push(c);
        } else {
            gap = true;
        }
    }
    name
}

/// `name` if it is short enough, else as many of its words as fit and a hash of `source`.
fn fit(name: &str, source: &str) -> String {
    if name.len() <= MAX {
        return name.to_owned();
    }
    format!("{}_{}", beginning(name, MAX - 9), hash(source, 8))
}

/// The words at the beginning of a name that fit into `limit` bytes.
fn beginning(name: &str, limit: usize) -> &str {
    let ends = word_ranges(name).into_iter().map(|range| range.end);
    let end = ends.take_while(|&end| end <= limit).last().unwrap_or(limit);
    name.get(..end).unwrap_or(name)
}

/// `name` with the route it represents, or as much of it as fits; in the worst case with a hash of
/// the route that is long enough to be new.
fn distinct(name: &str, key: &Key, taken: &mut HashSet<String>) -> String {
    let distinct = fit(&format!("{name}_{}", from_route(key)), &key.route());
    if taken.insert(distinct.clone()) {
        return distinct;
    }
    let digits = [8, 16, 32, 48].into_iter();
    let mut hashed = digits.map(|digits| {
        let base = if name.len() + 1 + digits > MAX {
            beginning(name, MAX - 1 - digits)
        } else {
            name
        };
        format!("{base}_{}", hash(&key.route(), digits))
    });
    hashed
        .find(|name| taken.insert(name.clone()))
        .unwrap_or(distinct)
}
