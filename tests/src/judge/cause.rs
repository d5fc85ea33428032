//! Why a request that is as its description says can still be refused: every cause that is known,
//! and how a refusal is recognised as one of it: by what the description asks for at the refused place, and
//! by what was sent. For each, a minimal case is in `tests/tests/judge/causes.yaml`.

use generator::ir;
use serde_json::Value;

use super::prism::Violation;
use super::refusal::Refusal;

/// A cause that is not ours.
#[derive(Debug)]
pub struct Cause {
    /// Its name in tables and cases.
    pub name: &'static str,
    /// The side that causes it.
    pub side: Side,
    applies: fn(&Refusal<'_>, &Violation) -> bool,
}

/// The side that causes a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The description contradicts itself or its specification.
    Description,
    /// The judge reads the description or the request wrongly.
    Judge,
}

/// Every known cause.
pub const CAUSES: &[Cause] = &[
    Cause {
        name: "path-parameters-side-by-side",
        side: Side::Description,
        applies: |refusal, violation| {
            let path = refusal.operation.path.to_ascii_lowercase();
            is(violation, "required", "path")
                && missing(violation).is_some_and(|name| {
                    path.contains(&format!("}}{{{name}}}"))
                        || path.contains(&format!("{{{name}}}{{"))
                })
        },
    },
    Cause {
        name: "query-or-fragment-in-path",
        side: Side::Description,
        applies: |refusal, violation| {
            violation.code == "route" && refusal.operation.path.contains(['?', '#'])
        },
    },
    Cause {
        name: "accept-as-a-parameter",
        side: Side::Description,
        applies: |refusal, violation| {
            violation.path == ["header", "accept"] && refusal.parameter("accept").is_none()
        },
    },
    Cause {
        name: "authorization-as-a-parameter",
        side: Side::Description,
        applies: |refusal, violation| {
            is(violation, "required", "header")
                && missing(violation) == Some("authorization")
                && refusal.parameter("authorization").is_none()
        },
    },
    Cause {
        name: "enum-beside-an-array",
        side: Side::Description,
        applies: |refusal, violation| {
            let mut schemas = refusal.described(&violation.path).into_iter();
            violation.code == "enum"
                && schemas.any(|one| of_type(one, "array") && one.get("enum").is_some())
        },
    },
    Cause {
        name: "required-list-may-be-empty",
        side: Side::Description,
        applies: |refusal, violation| {
            let given = missing(violation).and_then(|name| refusal.given(name));
            given.is_some_and(|value| value.as_array().is_some_and(Vec::is_empty))
        },
    },
    Cause {
        name: "objects-in-a-delimited-list",
        side: Side::Description,
        applies: |refusal, violation| {
            let name = violation.path.get(1);
            let items = name.and_then(|name| refusal.given(name));
            let items = items.and_then(Value::as_array);
            in_place(violation, "query")
                && items.is_some_and(|items| items.iter().any(Value::is_object))
        },
    },
    Cause {
        name: "nullable-without-type",
        side: Side::Description,
        applies: |refusal, violation| {
            let mut schemas = refusal.described(&violation.path).into_iter();
            in_place(violation, "body")
                && refusal.at(violation).is_some_and(Value::is_null)
                && schemas.any(|one| one["nullable"] == true && one.get("type").is_none())
        },
    },
    Cause {
        name: "fields-beside-a-parameter-reference",
        side: Side::Description,
        applies: |refusal, violation| {
            let name = missing(violation).unwrap_or_default();
            is(violation, "required", "query")
                && refusal.parameter_entries().any(|entry| {
                    let found = refusal.resolve(entry)["name"].as_str();
                    entry.get("$ref").is_some()
                        && entry["required"] == true
                        && found.is_some_and(|found| found.eq_ignore_ascii_case(name))
                })
        },
    },
    Cause {
        name: "empty-value-in-a-path",
        side: Side::Description,
        applies: |refusal, violation| {
            let parameters = refusal.operation.parameters.iter();
            let mut in_path = parameters.filter(|one| one.location == ir::In::Path);
            violation.code == "unsent"
                && in_path.any(|one| refusal.arguments.get(&one.argument).is_some_and(is_empty))
        },
    },
    Cause {
        name: "repeated-field-of-a-form",
        side: Side::Judge,
        applies: |refusal, violation| {
            let sent = field(violation).map(|name| refusal.fields(name));
            let given = refusal.at(violation).and_then(Value::as_array);
            is(violation, "type", "body")
                && sent.zip(given).is_some_and(|(sent, given)| {
                    let given = given.iter().map(text);
                    !sent.is_empty() && given.eq(sent.iter().map(|one| one.to_string()))
                })
        },
    },
    Cause {
        name: "json-in-a-field-of-a-form",
        side: Side::Judge,
        applies: |refusal, violation| {
            let sent = field(violation).map(|name| refusal.fields(name));
            let given = refusal.at(violation).filter(|value| value.is_object());
            is(violation, "type", "body")
                && sent.zip(given).is_some_and(|(sent, given)| {
                    let mut sent = sent.iter().map(|one| serde_json::from_str(one).ok());
                    sent.next().flatten().as_ref() == Some(given) && sent.next().is_none()
                })
        },
    },
    Cause {
        name: "undescribed-field-of-a-form",
        side: Side::Judge,
        applies: |refusal, violation| {
            let name = missing(violation).unwrap_or_default();
            let described = [violation.path.as_slice(), &[name.to_owned()]].concat();
            let sent = refusal.fields(name);
            is(violation, "required", "body")
                && refusal.described(&described).is_empty()
                && sent.first().is_some_and(|sent| {
                    let given = refusal.given(name).map(text);
                    given.as_deref() == Some(sent.as_ref())
                })
        },
    },
    Cause {
        name: "read-only-within-an-alternative",
        side: Side::Judge,
        applies: |refusal, violation| {
            let name = missing(violation).unwrap_or_default();
            let property = [violation.path.as_slice(), &[name.to_owned()]].concat();
            let is_read_only = |schema: &&Value| schema["readOnly"] == true;
            is(violation, "required", "body")
                && refusal.described(&property).iter().any(is_read_only)
        },
    },
    Cause {
        name: "text-body-of-another-type",
        side: Side::Judge,
        applies: |refusal, violation| {
            let sent = refusal.verdict.body.as_ref();
            violation.code == "type"
                && violation.path == ["body"]
                && refusal.media_type().starts_with("text/")
                && refusal.given_body().map(text).as_deref() == sent.and_then(Value::as_str)
        },
    },
    Cause {
        name: "list-among-alternatives-in-a-header",
        side: Side::Judge,
        applies: |refusal, violation| {
            let mut schemas = refusal.described(&violation.path).into_iter();
            is(violation, "anyOf", "header")
                && refusal.at(violation).is_some_and(Value::is_array)
                && schemas.next().is_some_and(|one| !of_type(one, "array"))
                && schemas.any(|one| of_type(one, "array"))
        },
    },
    Cause {
        name: "methods-of-3-2",
        side: Side::Judge,
        applies: |refusal, violation| {
            let known = [
                "GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE",
            ];
            violation.code == "route" && !known.contains(&refusal.operation.method.as_str())
        },
    },
    Cause {
        name: "list-in-a-path",
        side: Side::Judge,
        applies: |refusal, violation| {
            let parameters = refusal.operation.parameters.iter();
            let mut in_path = parameters.filter(|one| one.location == ir::In::Path);
            violation.code == "crash"
                && in_path.any(|one| {
                    let items = refusal.arguments.get(&one.argument);
                    let items = items.and_then(Value::as_array);
                    one.style == ir::Style::Simple && items.is_some_and(|items| items.len() > 1)
                })
        },
    },
    Cause {
        name: "matrix-before-another-parameter",
        side: Side::Judge,
        applies: |refusal, violation| {
            let styles = refusal.operation.parameters.iter().map(|one| one.style);
            violation.code == "crash" && styles.into_iter().any(|one| one == ir::Style::Matrix)
        },
    },
    Cause {
        name: "alternatives-overlap",
        side: Side::Description,
        applies: |refusal, violation| {
            // Nothing in the description distinguishes these alternatives, so that any may be sent.
            let mut schemas = refusal.described(&violation.path).into_iter();
            fits_several(violation) && schemas.any(|schema| schema.get("oneOf").is_some())
        },
    },
];

/// The causes of a refusal. `Err`: a violation that no cause explains.
///
/// Where alternatives are refused, the judge lists what is wrong with each of them, and says so of
/// all; then a cause for one of them is enough.
///
/// # Errors
/// Where it is of no known cause.
pub fn causes<'v>(refusal: &Refusal<'v>) -> Result<Vec<&'static Cause>, &'v Violation> {
    let violations = &refusal.verdict.violations;
    let cause = |violation: &Violation| {
        CAUSES
            .iter()
            .find(|cause| (cause.applies)(refusal, violation))
    };
    let of_alternatives = |one: &&Violation| one.code == "oneOf" || one.code == "anyOf";
    let is_explained = |violation: &Violation| {
        let mut alternatives = violations.iter().filter(of_alternatives);
        alternatives.any(|all| {
            let mut within = violations
                .iter()
                .filter(|one| one.path.starts_with(&all.path));
            violation.path.starts_with(&all.path) && within.any(|one| cause(one).is_some())
        })
    };
    let mut found: Vec<&'static Cause> = Vec::new();
    for violation in violations {
        match cause(violation) {
            Some(cause) if found.iter().any(|other| other.name == cause.name) => {}
            Some(cause) => found.push(cause),
            None if is_explained(violation) => {}
            None => return Err(violation),
        }
    }
    Ok(found)
}

fn in_place(violation: &Violation, place: &str) -> bool {
    violation.path.first().is_some_and(|first| first == place)
}

fn is(violation: &Violation, code: &str, place: &str) -> bool {
    violation.code == code && in_place(violation, place)
}

/// Whether the value fits several alternatives, and not none.
fn fits_several(violation: &Violation) -> bool {
    violation.code == "oneOf" && violation.message.ends_with(", and matches several")
}

/// The name that is said to be missing.
fn missing(violation: &Violation) -> Option<&str> {
    let (_, name) = violation.message.split_once("required property '")?;
    (violation.code == "required").then_some(name.trim_end_matches('\''))
}

/// The field of a body that the violation is of, and not of a part of it.
fn field(violation: &Violation) -> Option<&str> {
    match violation.path.as_slice() {
        [place, field] if place == "body" => Some(field),
        _ => None,
    }
}

/// A value where there is but text.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        other => other == "",
    }
}

fn of_type(schema: &Value, kind: &str) -> bool {
    let types = &schema["type"];
    types == kind
        || types
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == kind))
}
