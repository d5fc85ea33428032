//! Names that operations keep.

use super::file::Lock;
use crate::diagnostic::Diagnostic;
use crate::pairing::{Entry, pair, shape};

/// The names that operations had in an earlier run.
#[derive(Debug)]
pub(crate) struct Keeper<'l> {
    lock: &'l Lock,
    /// For each operation of the description, the locked tool that it is.
    matched: Vec<Option<usize>>,
}

/// The locked name of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept<'l> {
    pub(crate) name: &'l str,
    method: &'l str,
    path: &'l str,
    operation_id: Option<&'l str>,
}

impl<'l> Keeper<'l> {
    /// Matches operations, in the order of the description, with those of the lock: by method and
    /// path, then by operationId.
    pub(crate) fn new(lock: &'l Lock, operations: &[Entry]) -> Keeper<'l> {
        let locked = lock.tools.iter().map(|one| Entry {
            name: &one.tool,
            method: &one.method,
            path: &one.path,
            operation_id: one.operation_id.as_deref(),
        });
        let mut matched = vec![None; operations.len()];
        for (old, new) in pair(&locked.collect::<Vec<_>>(), operations).both {
            if let Some(matched) = matched.get_mut(new) {
                *matched = Some(old);
            }
        }
        Keeper { lock, matched }
    }

    /// The locked name of the operation at a place of the description.
    pub(crate) fn kept(&self, operation: usize) -> Option<Kept<'l>> {
        let index = (*self.matched.get(operation)?)?;
        let locked = self.lock.tools.get(index)?;
        Some(Kept {
            name: &locked.tool,
            method: &locked.method,
            path: &locked.path,
            operation_id: locked.operation_id.as_deref(),
        })
    }
}

impl Kept<'_> {
    /// Reports an operation that is elsewhere or has another id, and keeps its name.
    pub(crate) fn report(&self, at: &str, now: &Entry) -> Option<Diagnostic> {
        let is_moved = now.method != self.method || shape(now.path) != shape(self.path);
        let is_renamed = now.operation_id != self.operation_id;
        let was = match (is_moved, is_renamed) {
            (true, _) => format!("`{} {}`", self.method, self.path),
            (false, true) => match self.operation_id {
                Some(id) => format!("called `{id}`"),
                None => "without an operationId".to_owned(),
            },
            (false, false) => return None,
        };
        Some(Diagnostic::note(
            at,
            format!(
                "{} {} was {was}; the tool keeps its name `{}`",
                now.method, now.path, self.name
            ),
            "name it anew with `name` in `x-mcp`, and its old name with `aliases`",
        ))
    }
}
