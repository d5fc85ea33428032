//! What our reading of a description says, held against what openapiv3 says.
//!
//! Both are asked for the same: operations by method and path, their parameters and how these are
//! written, the media types of bodies, and security. Where they differ, either one is wrong or the
//! difference is meant, and then [`REASONS`] has it.

mod difference;
mod reason;

use std::collections::{BTreeMap, HashSet};

use generator::diagnostic::Diagnostic;
use generator::ir;
use generator::lower::Lowered;
use generator::openapi::Document;
use generator::openapi::strict;
use serde_json::{Value, json};

use difference::{Difference, differences};
use reason::Case;
pub use reason::{REASONS, Reason};

/// What openapiv3 says of a description.
#[derive(Debug)]
pub struct SecondOpinion {
    operations: Vec<strict::Operation>,
    /// The pointers of operations that `x-mcp: false` hides.
    hidden: HashSet<String>,
}

/// What came of holding one reading against the other.
#[derive(Debug, Default)]
pub struct Comparison {
    /// How many operations openapiv3 found.
    pub operations: usize,
    /// How many differences there are for each reason.
    pub explained: BTreeMap<&'static str, usize>,
    /// The differences for which there is none.
    pub unexplained: Vec<String>,
}

impl SecondOpinion {
    /// Has openapiv3 read a description; none if it is of a version that it does not know.
    #[must_use]
    pub fn of(document: &Document) -> Option<SecondOpinion> {
        let operations = strict::operations(document)?;
        let root = document.value();
        let tags = root.get("tags").and_then(Value::as_array);
        let by_tag = tags.into_iter().flatten().any(hides);
        let hidden = operations.iter().filter(|operation| {
            let at = operation.pointer.as_str();
            let item = at.rfind('/').and_then(|end| at.get(..end));
            let around = item.and_then(|item| root.pointer(item));
            by_tag || around.is_some_and(hides) || target(root, at).is_some_and(hides)
        });
        let hidden = hidden.map(|operation| operation.pointer.clone()).collect();
        Some(SecondOpinion { operations, hidden })
    }

    /// Holds our reading of the same description against it.
    #[must_use]
    pub fn compare(&self, lowered: &Lowered) -> Comparison {
        let ours = lowered.api.operations.iter();
        let mut ours: BTreeMap<(String, String), &ir::Operation> = ours
            .map(|one| ((one.method.clone(), one.path.clone()), one))
            .collect();
        let mut comparison = Comparison {
            operations: self.operations.len(),
            ..Comparison::default()
        };
        for operation in &self.operations {
            let path = read_as(operation, &lowered.diagnostics);
            let case = Case {
                operation,
                path: &path,
                is_hidden: self.hidden.contains(&operation.pointer),
                diagnostics: &lowered.diagnostics,
            };
            match ours.remove(&(operation.method.clone(), path.clone())) {
                Some(ours) => {
                    if ours.path != operation.path {
                        comparison.add(&Difference::Path(ours), &case);
                    }
                    for difference in differences(operation, ours) {
                        comparison.add(&difference, &case);
                    }
                }
                None => comparison.add(&Difference::OperationMissing, &case),
            }
        }
        for (method, path) in ours.keys() {
            let only = format!("{method} {path}: openapiv3 finds no such operation");
            comparison.unexplained.push(only);
        }
        comparison
    }
}

/// The path of an operation as the warnings at its path item say that we read it.
fn read_as(operation: &strict::Operation, diagnostics: &[Diagnostic]) -> String {
    let mut path = operation.path.clone();
    // RFC 6901 §3.
    let item = format!("/paths/{}", path.replace('~', "~0").replace('/', "~1"));
    for found in diagnostics.iter().filter(|found| found.pointer == item) {
        let Some((written, read)) = found.message.split_once("it is read as `") else {
            continue;
        };
        let read = read.trim_end_matches('`');
        if written.starts_with("the path ") {
            path = format!("/{path}");
        } else if let Some(expression) = written.split('`').nth(1) {
            path = path.replacen(expression, read, 1);
        }
    }
    path
}

fn hides(value: &Value) -> bool {
    value.get("x-mcp") == Some(&json!(false))
}

/// What is at a pointer, references followed.
fn target<'v>(root: &'v Value, at: &str) -> Option<&'v Value> {
    let mut value = root.pointer(at)?;
    for _ in 0..64 {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
            break;
        };
        value = root.pointer(reference.strip_prefix('#')?)?;
    }
    Some(value)
}

impl Comparison {
    fn add(&mut self, difference: &Difference, case: &Case) {
        match Reason::of(difference, case) {
            Some(reason) => *self.explained.entry(reason.name).or_default() += 1,
            None => {
                let strict::Operation { method, path, .. } = case.operation;
                self.unexplained
                    .push(format!("{method} {path}: {difference}"));
            }
        }
    }
}
