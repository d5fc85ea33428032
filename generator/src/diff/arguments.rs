//! The arguments of a tool: which there are, where each travels, and how it is written there.

use serde_json::Value;

use super::change::{Change, Kind};
use super::comparison::{Comparison, Way};
use super::definitions::Definitions;
use super::renames;
use super::value::{code, names};
use crate::ir::{Content, Encoding, In, Operation, Parameter, RequestBody};
use crate::pairing::shape;

/// One argument, as it is compared.
#[derive(Clone, Copy, Debug)]
struct Argument<'o> {
    name: &'o str,
    wire: &'o str,
    place: Place<'o>,
    /// True where it is required: of a property, by the body, if there is one.
    required: bool,
    schema: &'o Value,
}

/// Where an argument travels, and how it is written there.
#[derive(Clone, Copy, Debug)]
enum Place<'o> {
    Parameter(&'o Parameter),
    Property(&'o Encoding),
    Body(&'o Content),
}

/// Adds the differences of the arguments of two operations.
pub(super) fn compare(
    definitions: &Definitions,
    old: &Operation,
    new: &Operation,
    changes: &mut Vec<Change>,
) {
    let mut cx = Comparison::new(definitions, &new.name, Way::Argument);
    let is_other_body = is_other_body(old, new);
    if let Some(message) = &is_other_body {
        cx.contract("", message);
    }
    let of = |operation| {
        let mut all = arguments(operation);
        if is_other_body.is_some() {
            all.retain(|one| matches!(one.place, Place::Parameter(_)));
        }
        all
    };
    let (before, after) = (of(old), of(new));
    let whole = body_requirement(&mut cx, old, new);
    let pairs = pairs(&cx, old, new, &before, &after);
    for (index, one) in before.iter().enumerate() {
        if !pairs.iter().any(|(from, _)| *from == index) {
            let message = match new.parameters.iter().any(|other| is_bound(other, one)) {
                true => "is filled from the caller's workspace now",
                false => "is gone",
            };
            cx.push(Kind::ArgumentRemoved, one.name, message.to_owned());
        }
    }
    for (index, one) in after.iter().enumerate() {
        match pairs.iter().find(|(_, to)| *to == index) {
            Some((from, _)) => {
                if let Some(from) = before.get(*from) {
                    pair(&mut cx, from, one, whole, (old, new));
                }
            }
            None => match is_needed(new, one) {
                true => {
                    let message = "is new, and required".to_owned();
                    cx.push(Kind::ArgumentAddedRequired, one.name, message);
                }
                false => cx.push(Kind::ArgumentAddedOptional, one.name, "is new".to_owned()),
            },
        }
    }
    changes.append(&mut cx.changes);
}

/// Returns true where `parameter` is the one of the argument, and the caller does not choose it.
fn is_bound(parameter: &Parameter, argument: &Argument) -> bool {
    parameter.bind.is_some() && parameter.name == argument.wire
}

/// The arguments of an operation that its callers choose; the one that selects the media type is
/// compared with the media types.
fn arguments(operation: &Operation) -> Vec<Argument<'_>> {
    let schema = |name: &str| {
        let properties = operation.input.json.get("properties")?.as_object()?;
        properties.get(name)
    };
    let mut arguments = Vec::new();
    for parameter in operation.parameters.iter().filter(|one| one.bind.is_none()) {
        if let Some(schema) = schema(&parameter.argument) {
            arguments.push(Argument {
                name: &parameter.argument,
                wire: &parameter.name,
                place: Place::Parameter(parameter),
                required: parameter.required,
                schema,
            });
        }
    }
    let Some(body) = &operation.request_body else {
        return arguments;
    };
    match &body.content {
        Content::Properties(properties) => {
            for property in properties.iter().filter(|one| one.bind.is_none()) {
                if let Some(schema) = schema(&property.argument) {
                    arguments.push(Argument {
                        name: &property.argument,
                        wire: &property.name,
                        place: Place::Property(&property.encoding),
                        required: property.required,
                        schema,
                    });
                }
            }
        }
        content @ (Content::Argument(name, _) | Content::Members(name, _)) => {
            if let Some(schema) = schema(name) {
                arguments.push(Argument {
                    name,
                    wire: "",
                    place: Place::Body(content),
                    required: body.required,
                    schema,
                });
            }
        }
    }
    arguments
}

/// Returns true where every call has to set an argument.
fn is_needed(operation: &Operation, argument: &Argument) -> bool {
    let of_body = matches!(argument.place, Place::Property(_));
    let body = operation.request_body.as_ref();
    argument.required && (!of_body || body.is_some_and(|body| body.required))
}

/// Reports a body whose parts were arguments and that is one argument now, or the reverse.
fn is_other_body(old: &Operation, new: &Operation) -> Option<String> {
    let parts = |body: &RequestBody| match &body.content {
        Content::Properties(properties) => {
            let names_of = properties.iter().map(|one| one.argument.as_str());
            (true, names(names_of))
        }
        Content::Argument(name, _) | Content::Members(name, _) => (false, code(name)),
    };
    let (is_flat, before) = parts(old.request_body.as_ref()?);
    let (is_flat_now, after) = parts(new.request_body.as_ref()?);
    (is_flat != is_flat_now)
        .then(|| format!("the body was made of {before}, and is made of {after} now"))
}

/// Reports a body that is required now, or no longer. Returns true where both sides have one, so
/// that its parts are compared by what the body itself needs.
fn body_requirement(cx: &mut Comparison, old: &Operation, new: &Operation) -> bool {
    let (Some(before), Some(after)) = (&old.request_body, &new.request_body) else {
        return false;
    };
    let required: Vec<&str> = arguments(new)
        .iter()
        .filter(|one| matches!(one.place, Place::Property(_)) && one.required)
        .map(|one| one.name)
        .collect();
    let is_flat = matches!(after.content, Content::Properties(_));
    if is_flat && before.required != after.required && !required.is_empty() {
        let (kind, message) = match after.required {
            true => (
                Kind::ArgumentRequired,
                "the body is required now, and so are its arguments",
            ),
            false => (
                Kind::ArgumentOptional,
                "the body may be left out now, and so may its arguments",
            ),
        };
        match required.as_slice() {
            [one] => cx.push(kind, one, message.replace("its arguments", "the argument")),
            all => cx.push(
                kind,
                "",
                format!("{message} {}", names(all.iter().copied())),
            ),
        }
    }
    true
}

/// Returns true where two arguments are the same one.
type Step<'s> = dyn Fn(&Argument, &Argument) -> bool + 's;

/// Matches the arguments of both sides: by place and name on the wire, by position in the path, by
/// name, by name on the wire elsewhere, and by being alike in the same place.
fn pairs(
    cx: &Comparison,
    old: &Operation,
    new: &Operation,
    before: &[Argument],
    after: &[Argument],
) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let is_same_shape = shape(&old.path) == shape(&new.path);
    let (from, to) = (variables(&old.path), variables(&new.path));
    let position = |all: &[&str], one: &Argument| all.iter().position(|name| *name == one.wire);
    let steps: [&Step; 4] = [
        &|a, b| is_same_place(a, b) && is_same_wire(a, b),
        &|a, b| {
            let is_variable = |one: &Argument| in_path(one).then_some(());
            let both = is_variable(a).and(is_variable(b)).is_some();
            both && is_same_shape && position(&from, a) == position(&to, b)
        },
        &|a, b| a.name == b.name,
        &|a, b| !a.wire.is_empty() && is_same_wire(a, b),
    ];
    for step in steps {
        for (index, one) in before.iter().enumerate() {
            if pairs.iter().any(|(from, _)| *from == index) {
                continue;
            }
            let mut open = after.iter().enumerate();
            let found = open.find(|(to, other)| {
                !pairs.iter().any(|(_, taken)| taken == to) && step(one, other)
            });
            if let Some((to, _)) = found {
                pairs.push((index, to));
            }
        }
    }
    let gone: Vec<usize> = (0..before.len())
        .filter(|index| !pairs.iter().any(|(from, _)| from == index))
        .collect();
    let more: Vec<usize> = (0..after.len())
        .filter(|index| !pairs.iter().any(|(_, to)| to == index))
        .collect();
    let renamed = renames::find(&gone, &more, |from, to| {
        let (Some(one), Some(other)) = (before.get(*from), after.get(*to)) else {
            return false;
        };
        is_same_place(one, other)
            && one.required == other.required
            && cx.is_alike(one.schema, other.schema)
    });
    for (from, to) in renamed {
        if let (Some(from), Some(to)) = (gone.get(from), more.get(to)) {
            pairs.push((*from, *to));
        }
    }
    pairs
}

/// The names in braces of a path.
fn variables(path: &str) -> Vec<&str> {
    let parts = path.split('{').skip(1);
    parts
        .filter_map(|part| Some(part.split_once('}')?.0))
        .collect()
}

fn in_path(argument: &Argument) -> bool {
    matches!(argument.place, Place::Parameter(parameter) if parameter.location == In::Path)
}

fn is_same_place(one: &Argument, other: &Argument) -> bool {
    place(one) == place(other)
}

/// Field names of HTTP have no letter case (RFC 9110 §5.1).
fn is_same_wire(one: &Argument, other: &Argument) -> bool {
    match place(one) {
        "header" => one.wire.eq_ignore_ascii_case(other.wire),
        _ => one.wire == other.wire,
    }
}

/// Where an argument travels, in words.
fn place(argument: &Argument) -> &'static str {
    match argument.place {
        Place::Property(_) | Place::Body(_) => "body",
        Place::Parameter(parameter) => match parameter.location {
            In::Path => "path",
            In::Query => "query",
            In::QueryString => "whole query string",
            In::Header => "header",
            In::Cookie => "cookie",
        },
    }
}

/// Adds the differences of one argument. `whole` says that both sides have a body, whose own
/// requirement has been compared.
fn pair(
    cx: &mut Comparison,
    old: &Argument,
    new: &Argument,
    whole: bool,
    (before, after): (&Operation, &Operation),
) {
    if old.name != new.name {
        let message = format!("was called {}", code(old.name));
        cx.push(Kind::ArgumentRenamed, new.name, message);
    }
    let (from, to) = (place(old), place(new));
    if from != to {
        let message = format!("was sent in the {from}, and is sent in the {to} now");
        cx.push(Kind::ArgumentMoved, new.name, message);
    } else if let Some(message) = wire_difference(old, new, (before, after)) {
        let change = Change::new(Kind::ContractChanged, cx.tool, message);
        cx.changes.push(change.of(new.name).breaking(false));
    }
    let is_property = |one: &Argument| matches!(one.place, Place::Property(_));
    let (was, is) = match whole && is_property(old) && is_property(new) {
        true => (old.required, new.required),
        false => (is_needed(before, old), is_needed(after, new)),
    };
    match (was, is) {
        (false, true) => {
            cx.push(
                Kind::ArgumentRequired,
                new.name,
                "is required now".to_owned(),
            );
        }
        (true, false) => {
            cx.push(
                Kind::ArgumentOptional,
                new.name,
                "may be left out now".to_owned(),
            );
        }
        _ => {}
    }
    cx.compare(old.schema, new.schema, new.name);
}

/// How an argument is sent differently in the same place, where callers notice nothing of it.
fn wire_difference(
    old: &Argument,
    new: &Argument,
    (before, after): (&Operation, &Operation),
) -> Option<String> {
    if !is_same_wire(old, new) && old.name == new.name && !in_path(new) {
        return Some(format!("is sent as {} now", code(new.wire)));
    }
    let media_types = |operation: &Operation| {
        let body = operation.request_body.as_ref();
        body.map(|body| body.media_types.clone())
    };
    let is_same = match (old.place, new.place) {
        (Place::Parameter(old), Place::Parameter(new)) => {
            let written = |one: &Parameter| Parameter {
                argument: String::new(),
                name: String::new(),
                required: false,
                bind: None,
                ..one.clone()
            };
            written(old) == written(new)
        }
        // Of another media type, everything is written in another way.
        _ if media_types(before) != media_types(after) => true,
        (Place::Property(old), Place::Property(new)) => old == new,
        (Place::Body(old), Place::Body(new)) => is_written_alike(old, new),
        _ => true,
    };
    (!is_same).then(|| "is written in another way in the request".to_owned())
}

fn is_written_alike(old: &Content, new: &Content) -> bool {
    match (old, new) {
        (Content::Argument(_, old), Content::Argument(_, new)) => old == new,
        (Content::Members(_, old), Content::Members(_, new)) => old == new,
        _ => false,
    }
}
