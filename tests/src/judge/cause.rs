//! Why a request that is as its description says can still be refused: every cause that is known,
//! and how a refusal is told to be of it. For each, a minimal case stands in
//! `tests/tests/judge/causes.yaml`.

use generator::ir;
use serde_json::Value;

use super::prism::{Verdict, Violation};

/// A cause that is not ours.
#[derive(Debug)]
pub struct Cause {
    /// Its name in tables and cases.
    pub name: &'static str,
    /// Whose fault it is.
    pub fault: Fault,
    applies: fn(&Refusal<'_>, &Violation) -> bool,
}

/// Whose fault a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The description contradicts itself or its specification.
    Description,
    /// The judge reads the description or the request wrongly.
    Judge,
}

/// A request that was refused.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// The description, as it was read.
    pub document: &'a Value,
    /// The operation.
    pub operation: &'a ir::Operation,
    /// The arguments.
    pub arguments: &'a Value,
}

/// Every known cause.
pub const CAUSES: &[Cause] = &[
    Cause {
        name: "path-parameters-side-by-side",
        fault: Fault::Description,
        applies: |refusal, violation| {
            is(violation, "required", "path") && refusal.operation.path.contains("}{")
        },
    },
    Cause {
        name: "query-or-fragment-in-path",
        fault: Fault::Description,
        applies: |refusal, violation| {
            violation.code == "route" && refusal.operation.path.contains(['?', '#'])
        },
    },
    Cause {
        name: "accept-as-a-parameter",
        fault: Fault::Description,
        applies: |_, violation| {
            violation
                .path
                .iter()
                .map(String::as_str)
                .eq(["header", "accept"])
        },
    },
    Cause {
        name: "required-list-may-be-empty",
        fault: Fault::Description,
        applies: |refusal, violation| {
            let given = missing(violation).and_then(|name| refusal.given(name));
            given.is_some_and(|value| value.as_array().is_some_and(Vec::is_empty))
        },
    },
    Cause {
        name: "objects-in-a-delimited-list",
        fault: Fault::Description,
        applies: |refusal, violation| {
            let items = violation.path.get(1).and_then(|name| refusal.given(name));
            let items = items.and_then(Value::as_array);
            violation.path.first().is_some_and(|first| first == "query")
                && items.is_some_and(|items| items.iter().any(Value::is_object))
        },
    },
    Cause {
        name: "alternatives-overlap-but-for-their-discriminator",
        fault: Fault::Description,
        applies: |refusal, violation| {
            is(violation, "oneOf", "body")
                && any(refusal.document, &|object| {
                    object.get("discriminator").is_some()
                })
        },
    },
    Cause {
        name: "fields-beside-a-parameter-reference",
        fault: Fault::Description,
        applies: |refusal, violation| {
            let name = missing(violation);
            is(violation, "required", "query")
                && any(refusal.document, &|object| {
                    let reference = object.get("$ref").and_then(Value::as_str);
                    let target = reference.and_then(|text| text.strip_prefix('#'));
                    let target = target.and_then(|text| refusal.document.pointer(text));
                    object.get("required") == Some(&Value::Bool(true))
                        && target.is_some_and(|target| {
                            let found = target["name"].as_str();
                            found
                                .zip(name)
                                .is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
                        })
                })
        },
    },
    Cause {
        name: "empty-value-in-a-path",
        fault: Fault::Description,
        applies: |_, violation| {
            violation.code == "unsent"
                && violation
                    .message
                    .contains("may not be empty: it is part of the path")
        },
    },
    Cause {
        name: "repeated-field-of-a-form",
        fault: Fault::Judge,
        applies: |refusal, violation| {
            is(violation, "type", "body")
                && refusal.is_form()
                && refusal.at(violation).is_some_and(Value::is_array)
        },
    },
    Cause {
        name: "json-in-a-field-of-a-form",
        fault: Fault::Judge,
        applies: |refusal, violation| {
            is(violation, "type", "body")
                && refusal.is_form()
                && refusal.at(violation).is_some_and(Value::is_object)
        },
    },
    Cause {
        name: "undescribed-field-of-a-form",
        fault: Fault::Judge,
        applies: |refusal, violation| {
            let given = missing(violation).and_then(|name| refusal.given(name));
            is(violation, "required", "body") && refusal.is_form() && given.is_some()
        },
    },
    Cause {
        name: "read-only-within-an-alternative",
        fault: Fault::Judge,
        applies: |refusal, violation| {
            let name = missing(violation).unwrap_or_default();
            is(violation, "required", "body")
                && any(refusal.document, &|object| {
                    let property = object.get("properties").and_then(|all| all.get(name));
                    property.is_some_and(|property| property["readOnly"] == true)
                })
        },
    },
    Cause {
        name: "text-body-of-another-type",
        fault: Fault::Judge,
        applies: |refusal, violation| {
            is(violation, "type", "body")
                && violation.path.len() == 1
                && refusal.media_type().starts_with("text/")
        },
    },
    Cause {
        name: "number-or-text",
        fault: Fault::Judge,
        applies: |_, violation| is(violation, "oneOf", "path") || is(violation, "oneOf", "query"),
    },
    Cause {
        name: "list-among-alternatives-in-a-header",
        fault: Fault::Judge,
        applies: |refusal, violation| {
            is(violation, "anyOf", "header") && refusal.at(violation).is_some_and(Value::is_array)
        },
    },
    Cause {
        name: "methods-of-3-2",
        fault: Fault::Judge,
        applies: |refusal, violation| {
            let known = [
                "GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE",
            ];
            violation.code == "route" && !known.contains(&refusal.operation.method.as_str())
        },
    },
    Cause {
        name: "matrix-before-another-parameter",
        fault: Fault::Judge,
        applies: |refusal, violation| {
            let styles = refusal.operation.parameters.iter().map(|one| one.style);
            violation.code == "crash" && styles.into_iter().any(|one| one == ir::Style::Matrix)
        },
    },
];

/// The causes of a refusal. `Err`: a violation that no cause explains.
///
/// Where alternatives are refused, the judge lists what is wrong with each of them; then one cause
/// is enough.
///
/// # Errors
/// Where it is of no known cause.
pub fn causes<'v>(
    refusal: &Refusal<'_>,
    verdict: &'v Verdict,
) -> Result<Vec<&'static Cause>, &'v Violation> {
    let mut found: Vec<&'static Cause> = Vec::new();
    let mut unknown = None;
    for violation in &verdict.violations {
        match CAUSES
            .iter()
            .find(|cause| (cause.applies)(refusal, violation))
        {
            Some(cause) if found.iter().any(|other| other.name == cause.name) => {}
            Some(cause) => found.push(cause),
            None => unknown = Some(violation),
        }
    }
    let of_alternatives =
        |violation: &Violation| violation.code == "oneOf" || violation.code == "anyOf";
    match unknown {
        Some(violation) if found.is_empty() || !verdict.violations.iter().any(of_alternatives) => {
            Err(violation)
        }
        _ => Ok(found),
    }
}

fn is(violation: &Violation, code: &str, place: &str) -> bool {
    violation.code == code && violation.path.first().is_some_and(|first| first == place)
}

/// The name that is said to be missing.
fn missing(violation: &Violation) -> Option<&str> {
    let (_, name) = violation.message.split_once("required property '")?;
    (violation.code == "required").then_some(name.trim_end_matches('\''))
}

/// Whether `holds` of any object in a value.
fn any(value: &Value, holds: &dyn Fn(&Value) -> bool) -> bool {
    match value {
        Value::Object(members) => holds(value) || members.values().any(|one| any(one, holds)),
        Value::Array(items) => items.iter().any(|one| any(one, holds)),
        _ => false,
    }
}

impl<'a> Refusal<'a> {
    /// The argument for what is called `name` on the wire; header and query names are lowered by
    /// the judge.
    fn given(&self, name: &str) -> Option<&'a Value> {
        let parameters = self.operation.parameters.iter();
        let mut named = parameters.map(|one| (one.name.as_str(), one.argument.as_str()));
        let argument = match named.find(|(wire, _)| wire.eq_ignore_ascii_case(name)) {
            Some((_, argument)) => argument,
            None => match self
                .operation
                .request_body
                .as_ref()
                .map(|body| &body.content)
            {
                Some(ir::Content::Properties(properties)) => {
                    let found = properties.iter().find(|one| one.name == name)?;
                    found.argument.as_str()
                }
                Some(ir::Content::Argument(argument, _)) => {
                    return self.arguments.get(argument)?.get(name);
                }
                None => return None,
            },
        };
        self.arguments.get(argument)
    }

    /// What was given where the violation is.
    fn at(&self, violation: &Violation) -> Option<&'a Value> {
        let (name, way) = violation.path.get(1..)?.split_first()?;
        way.iter()
            .try_fold(self.given(name)?, |value, step| match value {
                Value::Array(items) => items.get(step.parse::<usize>().ok()?),
                other => other.get(step),
            })
    }

    /// The media type that the body was sent in, or the empty text.
    fn media_type(&self) -> &'a str {
        let Some(body) = &self.operation.request_body else {
            return "";
        };
        let selected = body.media_type_argument.as_ref();
        let selected = selected.and_then(|argument| self.arguments.get(argument)?.as_str());
        let first = body.media_types.first().map_or("", String::as_str);
        selected.unwrap_or(first)
    }

    fn is_form(&self) -> bool {
        let media_type = self.media_type();
        media_type.starts_with("multipart/")
            || media_type.starts_with("application/x-www-form-urlencoded")
    }
}
