//! The differences that are meant, each with its reason.

use generator::diagnostic::{Diagnostic, Severity};
use generator::ir::In;
use generator::openapi::strict::{self, Body};

use super::difference::{Difference, Form, Written, location};

/// Why a difference is meant.
#[derive(Debug)]
pub struct Reason {
    /// What it is counted under.
    pub name: &'static str,
    /// Why we read it as we do.
    pub why: &'static str,
    explains: fn(&Difference, &Case) -> bool,
}

/// One operation, and its known properties.
pub(super) struct Case<'a> {
    pub(super) operation: &'a strict::Operation,
    /// The path as we read it.
    pub(super) path: &'a str,
    pub(super) is_hidden: bool,
    pub(super) diagnostics: &'a [Diagnostic],
}

/// All reasons.
pub const REASONS: &[Reason] = &[
    Reason {
        name: "hidden",
        why: "`x-mcp: false` makes no tool of the operation",
        explains: |difference, case| {
            matches!(difference, Difference::OperationMissing) && case.is_hidden
        },
    },
    Reason {
        name: "left out",
        why: "no request can be made as the operation says; an error names it",
        explains: |difference, case| {
            matches!(difference, Difference::OperationMissing) && case.is_left_out()
        },
    },
    Reason {
        name: "path read otherwise",
        why: "other tools write paths so; a warning says how it is read",
        explains: |difference, case| match difference {
            Difference::Path(ours) => ours.path == case.path,
            _ => false,
        },
    },
    Reason {
        name: "dropped parameter",
        why: "no request can carry it, or callers are not to set it; a warning says so",
        explains: |difference, case| match difference {
            Difference::ParameterMissing(strict) => {
                case.warns(|found| match found.file {
                    None => found.pointer == strict.pointer,
                    // The pointer leads into a file of the description, which is a part of it here.
                    Some(_) => strict.pointer.ends_with(&found.pointer),
                })
            }
            _ => false,
        },
    },
    Reason {
        name: "undeclared parameter",
        why: "the path has an undeclared place for it; a warning says so",
        explains: |difference, case| match difference {
            Difference::ParameterAdded(ours) => {
                let warning = format!("the parameter `{}` of the path is not declared", ours.name);
                ours.location == In::Path && case.warns(|found| found.message.starts_with(&warning))
            }
            _ => false,
        },
    },
    Reason {
        name: "rejected",
        why: "openapiv3 rejects what says so, and we read what can be read",
        explains: |difference, case| match difference {
            Difference::ParameterAdded(ours) => case.rejects(&ours.name, location(ours.location)),
            // One of the same name and place is rejected, which counts before the one that is read.
            Difference::ParameterOther(strict, _) | Difference::ParameterMissing(strict) => {
                case.rejects(&strict.name, strict.location)
            }
            Difference::Body(Body::Rejected, _) | Difference::Security(None, _) => true,
            _ => false,
        },
    },
    Reason {
        name: "optional in the path",
        why: "a parameter of the path is required, whatever it says itself",
        explains: |difference, _| match difference {
            Difference::ParameterOther(strict, ours) => {
                let required = Written {
                    required: true,
                    ..Written::strictly(strict)
                };
                ours.location == In::Path && required == Written::by_us(ours)
            }
            _ => false,
        },
    },
    Reason {
        name: "deepObject, not exploded",
        why: "the style has no other form than the exploded one",
        explains: |difference, _| match difference {
            Difference::ParameterOther(strict, ours) => {
                let mut exploded = Written::strictly(strict);
                if let Form::Style {
                    style: "deepObject",
                    explode,
                    ..
                } = &mut exploded.form
                {
                    *explode = true;
                }
                exploded == Written::by_us(ours)
            }
            _ => false,
        },
    },
    Reason {
        name: "many schemes",
        why: "an operation keeps the alternatives with the first 64 schemes; a warning says so",
        explains: |difference, case| match difference {
            Difference::Security(Some(strict), ours) => {
                let kept = strict.iter().zip(ours).take_while(|(a, b)| a == b).count();
                let warning = "the alternatives name more than 64 schemes";
                kept == ours.len() && case.warns(|found| found.message.starts_with(warning))
            }
            _ => false,
        },
    },
    Reason {
        name: "body of which nothing is said",
        why: "a GET, HEAD or DELETE request has no body that an API could expect; a note says so",
        explains: |difference, case| match difference {
            Difference::Body(Body::Described { .. }, None) => {
                let note = "the description says nothing of";
                let method = case.operation.method.as_str();
                matches!(method, "GET" | "HEAD" | "DELETE")
                    && case
                        .diagnostics
                        .iter()
                        .any(|found| found.message.starts_with(note))
            }
            _ => false,
        },
    },
    Reason {
        name: "body without content",
        why: "nothing says what to send; a warning says so",
        explains: |difference, case| match difference {
            Difference::Body(Body::Described { media_types, .. }, None) => {
                let warning = "the request body has no content";
                media_types.is_empty() && case.warns(|found| found.message.starts_with(warning))
            }
            _ => false,
        },
    },
];

impl Reason {
    /// The first reason for a difference.
    pub(super) fn of(difference: &Difference, case: &Case) -> Option<&'static Reason> {
        REASONS
            .iter()
            .find(|reason| (reason.explains)(difference, case))
    }
}

impl Case<'_> {
    fn is_left_out(&self) -> bool {
        let strict::Operation { method, path, .. } = self.operation;
        let left_out = [
            format!("{method} {path} is left out: "),
            format!("{method} {} is left out: ", self.path),
            format!("the operations of {path} are left out: "),
            format!("the path {path} is no object"),
        ];
        let errors = self.diagnostics.iter();
        let mut errors = errors.filter(|found| found.severity == Severity::Error);
        errors.any(|found| {
            let mut beginnings = left_out.iter();
            beginnings.any(|beginning| found.message.starts_with(beginning))
        })
    }

    fn warns(&self, of: impl Fn(&Diagnostic) -> bool) -> bool {
        let warnings = self.diagnostics.iter();
        let mut warnings = warnings.filter(|found| found.severity == Severity::Warning);
        warnings.any(of)
    }

    /// Whether openapiv3 rejects a parameter of this name and place.
    fn rejects(&self, name: &str, location: &str) -> bool {
        let lists = [&self.operation.around, &self.operation.request.parameters];
        let mut rejected = lists.into_iter().flat_map(|list| &list.rejected);
        rejected.any(|(other, place)| other == name && place == location)
    }
}
