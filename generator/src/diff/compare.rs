//! Two APIs: which tools there are, and the differences of each.

use super::change::{ALL_TOOLS, Change, Kind};
use super::comparison::{Comparison, Way};
use super::definitions::Definitions;
use super::value::{code, joined};
use super::{aliases, arguments, media_types, security, servers, texts};
use crate::ir::{Access, Api, Operation};
use crate::pairing::{Entry, pair, shape};

/// Returns the differences of two APIs as the users of their tools see them: first those of all
/// tools, then those of each, in the order of the tools' names. Both are lowered with the same
/// settings, and with [`Outputs::Declared`](crate::lower::Outputs::Declared).
pub fn compare(old: &Api, new: &Api) -> Vec<Change> {
    let definitions = Definitions::new(&old.definitions, &new.definitions);
    let pairing = pair(&entries(old), &entries(new));
    let mut tools: Vec<(String, Vec<Change>)> = Vec::new();
    let mut connections = Connections::default();
    for (from, to) in &pairing.both {
        if let (Some(before), Some(after)) = (old.operations.get(*from), new.operations.get(*to)) {
            let changes = tool(&definitions, before, after);
            connections.add((old, before), (new, after));
            tools.push((after.name.clone(), changes));
        }
    }
    for index in &pairing.removed {
        if let Some(one) = old.operations.get(*index) {
            let change = removed(&definitions, one, new);
            tools.push((one.name.clone(), vec![change]));
        }
    }
    for index in &pairing.added {
        if let Some(one) = new.operations.get(*index) {
            let message = format!(
                "{} is a tool now, to {}",
                code(&route(one)),
                verb(one.access)
            );
            let change = Change::new(Kind::ToolAdded, &one.name, message);
            tools.push((one.name.clone(), vec![change]));
        }
    }
    let mut changes: Vec<Change> = texts::of_api(old, new).into_iter().collect();
    changes.extend(mode(old, new));
    changes.extend(connections.of_all());
    for (name, own) in &mut tools {
        own.extend(connections.of_one(name));
    }
    tools.sort_by(|a, b| a.0.cmp(&b.0));
    changes.extend(tools.into_iter().flat_map(|(_, own)| own));
    changes
}

/// Another list of tools for clients. Every tool still answers to its name.
fn mode(old: &Api, new: &Api) -> Option<Change> {
    let message = match (old.search_mode, new.search_mode) {
        (false, true) => "clients are shown the tools of search mode instead of all tools",
        (true, false) => "clients are shown all tools instead of those of search mode",
        _ => return None,
    };
    Some(Change::new(Kind::ModeChanged, ALL_TOOLS, message))
}

/// A tool that is gone. Where another one answers to its name and takes the same arguments, calls go
/// on.
fn removed(definitions: &Definitions, old: &Operation, new: &Api) -> Change {
    let message = format!("{} is no longer a tool", code(&route(old)));
    let Some(successor) = aliases::successor(new, &old.name) else {
        return Change::new(Kind::ToolRemoved, &old.name, message);
    };
    let mut changes = Vec::new();
    arguments::compare(definitions, old, successor, &mut changes);
    let message = format!("{message}; {} answers to its name", code(&successor.name));
    let breaking = changes.iter().any(|change| change.breaking);
    Change::new(Kind::ToolRemoved, &old.name, message).breaking(breaking)
}

fn entries(api: &Api) -> Vec<Entry<'_>> {
    let operations = api.operations.iter();
    operations
        .map(|one| Entry {
            name: &one.name,
            method: &one.method,
            path: &one.path,
            operation_id: one.operation_id.as_deref(),
        })
        .collect()
}

/// Changes of servers and credentials, which are one change where all tools have the same.
#[derive(Default)]
struct Connections {
    tools: usize,
    servers: Vec<Change>,
    security: Vec<Change>,
}

impl Connections {
    fn add(&mut self, old: (&Api, &Operation), new: (&Api, &Operation)) {
        self.tools += 1;
        self.servers.extend(servers::compare(old, new));
        self.security.extend(security::compare(old, new));
    }

    /// Returns true where all of several tools have the same change.
    fn is_shared(&self, changes: &[Change]) -> bool {
        let is_same = |one: &Change, other: &Change| {
            one.message == other.message && one.breaking == other.breaking
        };
        self.tools > 1
            && changes.len() == self.tools
            && changes
                .windows(2)
                .all(|two| matches!(two, [one, other] if is_same(one, other)))
    }

    fn of_all(&self) -> Vec<Change> {
        let shared = [&self.servers, &self.security].into_iter();
        let shared = shared.filter(|changes| self.is_shared(changes));
        let shared = shared.filter_map(|changes| changes.first());
        let of_all = |change: &Change| Change {
            tool: ALL_TOOLS.to_owned(),
            ..change.clone()
        };
        shared.map(of_all).collect()
    }

    fn of_one(&self, tool: &str) -> Vec<Change> {
        let own = [&self.servers, &self.security].into_iter();
        let own = own.filter(|changes| !self.is_shared(changes)).flatten();
        own.filter(|change| change.tool == tool).cloned().collect()
    }
}

/// The differences of one tool.
fn tool(definitions: &Definitions, old: &Operation, new: &Operation) -> Vec<Change> {
    let mut changes = Vec::new();
    if old.name != new.name {
        let is_answered = aliases::answers(new, &old.name);
        let message = match is_answered {
            true => format!("was called {}, and answers to that name", code(&old.name)),
            false => format!("was called {}", code(&old.name)),
        };
        let change = Change::new(Kind::ToolRenamed, &new.name, message);
        changes.push(change.breaking(!is_answered));
    }
    aliases::compare(old, new, &mut changes);
    let route = route_difference(old, new);
    match access(old, new) {
        Some(change) => changes.push(Change {
            message: match &route {
                Some(route) => format!("{}; {route}", change.message),
                None => change.message.clone(),
            },
            ..change
        }),
        None => {
            if let Some(route) = &route {
                let change = Change::new(Kind::ContractChanged, &new.name, route.as_str());
                changes.push(change.breaking(false));
            }
            // Another method has other hints by itself.
            if old.method == new.method {
                changes.extend(hints(old, new));
            }
        }
    }
    arguments::compare(definitions, old, new, &mut changes);
    changes.extend(media_types::of_body(old, new));
    let answers = media_types::of_answers(old, new);
    output(definitions, old, new, answers.is_some(), &mut changes);
    changes.extend(answers);
    changes.extend(texts::of_tool(old, new));
    changes
}

fn route(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.path)
}

/// Reports an operation that is elsewhere, but for what arguments of its path explain.
fn route_difference(old: &Operation, new: &Operation) -> Option<String> {
    let fixed = |path: &str| {
        let shape = shape(path);
        let parts = shape
            .split('/')
            .filter(|part| !part.is_empty() && *part != "{}");
        parts.map(str::to_owned).collect::<Vec<_>>()
    };
    let count = |path: &str| shape(path).matches("{}").count();
    let is_same_path = shape(&old.path) == shape(&new.path)
        || count(&old.path) != count(&new.path) && fixed(&old.path) == fixed(&new.path);
    if old.method == new.method && is_same_path {
        return None;
    }
    Some(format!(
        "calls {} instead of {}",
        code(&route(new)),
        code(&route(old))
    ))
}

fn verb(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
    }
}

/// A tool that only reads can be called with a grant that only reads.
fn access(old: &Operation, new: &Operation) -> Option<Change> {
    if old.access == new.access {
        return None;
    }
    let (message, breaking) = match new.access {
        Access::Write => ("only read, and may change something now", true),
        Access::Read => ("could change something, and only reads now", false),
    };
    Some(Change::new(Kind::AccessChanged, &new.name, message).breaking(breaking))
}

fn hints(old: &Operation, new: &Operation) -> Option<Change> {
    let open = |one: &Operation| one.open_world.unwrap_or(one.access == Access::Write);
    let all = [
        ("destructive", old.destructive, new.destructive),
        ("idempotent", old.idempotent, new.idempotent),
        ("open-world", open(old), open(new)),
    ];
    let changed = all.iter().filter(|(_, before, after)| before != after);
    let changed: Vec<String> = changed
        .map(|(name, _, after)| match after {
            true => format!("{name} now"),
            false => format!("no longer {name}"),
        })
        .collect();
    let message = format!("is marked as {}", joined(&changed));
    (!changed.is_empty()).then(|| Change::new(Kind::HintChanged, &new.name, message))
}

/// Adds the differences of the answers: of their schema, and of the header fields that they have.
fn output(
    definitions: &Definitions,
    old: &Operation,
    new: &Operation,
    has_other_media_types: bool,
    changes: &mut Vec<Change>,
) {
    let mut cx = Comparison::new(definitions, &new.name, Way::Output);
    let has_answer = |one: &Operation| !media_types::answers(one).is_empty();
    match (&old.output, &new.output) {
        (Some(before), Some(after)) => cx.compare(&before.json, &after.json, ""),
        _ if has_other_media_types => {}
        (None, Some(_)) => cx.push(Kind::OutputAdded, "", "is described now".to_owned()),
        (Some(_), None) => cx.push(Kind::OutputRemoved, "", "is no longer described".to_owned()),
        (None, None) => match (has_answer(old), has_answer(new)) {
            (false, true) => cx.push(Kind::OutputAdded, "", "has content now".to_owned()),
            (true, false) => cx.push(Kind::OutputRemoved, "", "has no content now".to_owned()),
            _ => {}
        },
    }
    changes.append(&mut cx.changes);
    for name in &old.response_headers {
        if !new.response_headers.contains(name) {
            let message = format!("the header field {} of the answer is gone", code(name));
            changes.push(Change::new(Kind::OutputRemoved, &new.name, message));
        }
    }
    for name in &new.response_headers {
        if !old.response_headers.contains(name) {
            let message = format!("the header field {} of the answer is new", code(name));
            changes.push(Change::new(Kind::OutputAdded, &new.name, message));
        }
    }
}
