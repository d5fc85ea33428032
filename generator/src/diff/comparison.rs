//! The state of comparing the schemas of one tool, and how their differences are noted.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

use super::change::{Change, Kind};
use super::definitions::Definitions;

/// How deep schemas are compared, and how many pairs of one tool, attempts to match included.
/// Beyond, a difference is reported without its place.
pub(super) const MAX_DEPTH: usize = 64;
const MAX_PAIRS: usize = 50_000;

/// Which way the values of a schema travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Callers send them: less of them breaks calls.
    Argument,
    /// Callers read them.
    Output,
}

/// Compares the schemas of one tool.
pub(super) struct Comparison<'c, 'a> {
    pub(super) definitions: &'c Definitions<'a>,
    pub(super) tool: &'c str,
    pub(super) way: Way,
    /// True where texts count.
    pub(super) texts: bool,
    pub(super) changes: Vec<Change>,
    /// The changes that have been added: none is added twice.
    known: HashSet<(Kind, String, String)>,
    /// Pairs of definitions that have been compared: what changed in one is reported once a tool.
    pub(super) seen: HashSet<(String, String)>,
    pub(super) depth: usize,
    /// How many pairs may still be compared.
    pub(super) left: Rc<Cell<usize>>,
}

impl<'c, 'a> Comparison<'c, 'a> {
    pub(super) fn new(definitions: &'c Definitions<'a>, tool: &'c str, way: Way) -> Self {
        Comparison {
            definitions,
            tool,
            way,
            texts: true,
            changes: Vec::new(),
            known: HashSet::new(),
            seen: HashSet::new(),
            depth: 0,
            left: Rc::new(Cell::new(MAX_PAIRS)),
        }
    }

    /// Fewer values fit.
    pub(super) fn narrowed(&mut self, at: &str, message: impl Into<String>) {
        let kind = match self.way {
            Way::Argument => Kind::ArgumentNarrowed,
            Way::Output => Kind::OutputNarrowed,
        };
        self.push(kind, at, message.into());
    }

    /// More values fit.
    pub(super) fn widened(&mut self, at: &str, message: impl Into<String>) {
        let kind = match self.way {
            Way::Argument => Kind::ArgumentWidened,
            Way::Output => Kind::OutputWidened,
        };
        self.push(kind, at, message.into());
    }

    /// Other values fit, or it cannot be decided which.
    pub(super) fn contract(&mut self, at: &str, message: &str) {
        self.push(Kind::ContractChanged, at, message.to_owned());
    }

    /// Adds a change of the value at a path, unless the same one has been added: variants of one
    /// value may differ in the same way.
    pub(super) fn push(&mut self, kind: Kind, at: &str, message: String) {
        if !self.known.insert((kind, at.to_owned(), message.clone())) {
            return;
        }
        let change = match self.way {
            Way::Argument if at.is_empty() => Change::new(kind, self.tool, message),
            Way::Argument => Change::new(kind, self.tool, message).of(at),
            Way::Output if at.is_empty() => {
                Change::new(kind, self.tool, format!("the answer: {message}"))
            }
            Way::Output => Change::new(kind, self.tool, format!("`{at}` in the answer: {message}")),
        };
        self.changes.push(change);
    }
}
