//! What a strict reader of OpenAPI 3.0 rejects in a description, for people and for programs.
//!
//! The generator reads more than such readers do, and goes on where something is wrong. Other tools
//! that are fed the same description may not.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::openapi::Document;
use crate::openapi::strict::{self, Count, Verdict};
use crate::report;

/// What is rejected in a description, and what the generator itself found.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// The version of the specification that the description follows, as it says.
    pub version: String,
    /// What a strict reader of OpenAPI 3.0 says; none for a description of a later version.
    pub strict: Option<Strict>,
    /// The overlays that were applied, in order.
    pub overlays: Vec<String>,
    /// The generator's own findings.
    pub diagnostics: Vec<Diagnostic>,
}

/// What a strict reader says.
#[derive(Clone, Debug, Serialize)]
pub struct Strict {
    /// The operations.
    pub operations: Count,
    /// The schemas that several places may share.
    pub schemas: Count,
    /// How many other parts are rejected: of the components, and the description around them.
    pub other_parts_rejected: usize,
    /// The operations that are rejected.
    pub rejected: Vec<RejectedOperation>,
    /// Everything that is rejected.
    pub rejections: Vec<Diagnostic>,
}

/// An operation that a strict reader rejects.
#[derive(Clone, Debug, Serialize)]
pub struct RejectedOperation {
    /// HTTP method in upper case.
    pub method: String,
    /// Path template.
    pub path: String,
    /// Its JSON pointer.
    pub pointer: String,
    /// What in it is rejected, as indices of [`Strict::rejections`].
    pub because: Vec<usize>,
}

impl Check {
    /// Reads a description strictly.
    pub(crate) fn new(document: &Document) -> Check {
        let text = |field: &str| {
            let version = document.value().get(field)?;
            Some(
                version
                    .as_str()
                    .map_or_else(|| version.to_string(), str::to_owned),
            )
        };
        Check {
            version: match text("openapi") {
                Some(version) => format!("OpenAPI {version}"),
                None => format!("Swagger {}", text("swagger").unwrap_or_default()),
            },
            strict: strict::check(document).map(Strict::new),
            overlays: document.overlays().to_vec(),
            diagnostics: Vec::new(),
        }
    }

    /// Whether a strict reader takes the whole description; none where it does not apply.
    pub fn is_accepted(&self) -> Option<bool> {
        let strict = self.strict.as_ref()?;
        Some(strict.rejections.is_empty())
    }

    /// What is rejected and why, as text for people; `spec` is the description's file.
    pub fn text(&self, spec: &Path) -> String {
        let Some(strict) = &self.strict else {
            return format!(
                "{}: {}: not applicable, strict readers of OpenAPI 3.0 take no later version\n",
                spec.display(),
                report::error(&self.version),
            );
        };
        let mut text = report::diagnostics(spec, &strict.rejections, false);
        text.push_str(&strict.table());
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "rejected: {} of {} operations, {} of {} shared schemas, {} other parts",
            strict.operations.rejected,
            strict.operations.read,
            strict.schemas.rejected,
            strict.schemas.read,
            strict.other_parts_rejected,
        );
        text
    }
}

impl Strict {
    fn new(verdict: Verdict) -> Strict {
        let read = verdict.operations.len();
        let rejected: Vec<RejectedOperation> = verdict
            .operations
            .into_iter()
            .filter(|operation| !operation.rejections.is_empty())
            .map(|operation| RejectedOperation {
                method: operation.method,
                path: operation.path,
                pointer: operation.pointer,
                because: operation.rejections,
            })
            .collect();
        Strict {
            operations: Count {
                read,
                rejected: rejected.len(),
            },
            schemas: verdict.schemas,
            other_parts_rejected: verdict.parts,
            rejected,
            rejections: verdict.rejections,
        }
    }

    /// The operations that are rejected, each with the place of the first reason.
    fn table(&self) -> String {
        let mut table = String::new();
        for operation in &self.rejected {
            let first = operation.because.first();
            let Some(first) = first.and_then(|first| self.rejections.get(*first)) else {
                continue;
            };
            let request = format!("{} {}", operation.method, operation.path);
            let _ = write!(table, "rejected {}", report::error(&request));
            let _ = match first.line {
                Some(line) => write!(table, "  line {line}"),
                None => write!(table, "  {}", report::error(&first.pointer)),
            };
            let more = operation.because.len() - 1;
            let _ = match more {
                0 => writeln!(table),
                _ => writeln!(table, " and {more} more"),
            };
        }
        if !table.is_empty() {
            table.push('\n');
        }
        table
    }
}
