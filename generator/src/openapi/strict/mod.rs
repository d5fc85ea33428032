//! The strict reader beside ours: what openapiv3, which knows OpenAPI 3.0 and nothing else, makes
//! of a description.
//!
//! It reads all or nothing and says no places. So each object is handed to it alone (`shell`), and
//! the walk from one to the next is ours (`reader`): what it rejects has a place, and costs only
//! itself.

mod kind;
mod reader;
mod request;
mod shell;
mod wording;

use std::sync::Arc;

use super::Document;
use super::version::Version;
use crate::diagnostic::Diagnostic;
use reader::Reader;
pub use request::{Body, Parameter, Parameters, Request, Security};

/// What a strict reader says of a description.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// All operations, in the order of the description.
    pub operations: Vec<Operation>,
    /// How many schemas there are that several places may share.
    pub schemas: Count,
    /// How many other such parts are rejected: responses, parameters, security schemes and the
    /// like, and the description around them.
    pub parts: usize,
    /// Everything that is rejected, in the order of its lines.
    pub rejections: Vec<Diagnostic>,
}

/// How many there are, and how many of them are rejected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Count {
    /// All of them.
    pub read: usize,
    /// Those that are rejected.
    pub rejected: usize,
}

/// An operation as a strict reader has it.
#[derive(Clone, Debug)]
pub struct Operation {
    /// HTTP method in upper case.
    pub method: String,
    /// Path template.
    pub path: String,
    /// Its JSON pointer.
    pub pointer: String,
    /// What in it is rejected, as indices of [`Verdict::rejections`], at most 100: in its path
    /// item, its parameters, body and responses, by reference or not, and the schemas written in
    /// them.
    pub rejections: Vec<usize>,
    /// Parameters of its path item, before those of its own.
    pub around: Arc<Parameters>,
    /// How it is requested.
    pub request: Arc<Request>,
}

/// What a strict reader of OpenAPI 3.0 says of a description: one of 3.0, or of Swagger 2.0, which
/// was brought into its shape. None for one of another version, which such a reader does not take.
pub fn check(document: &Document) -> Option<Verdict> {
    is_for(document).then(|| Reader::new(document, true).check())
}

/// The operations as a strict reader of OpenAPI 3.0 has them: as [`check`], without a look at
/// schemas and at what no operation needs to be requested. The indices of rejections lead nowhere.
pub fn operations(document: &Document) -> Option<Vec<Operation>> {
    is_for(document).then(|| Reader::new(document, false).operations())
}

fn is_for(document: &Document) -> bool {
    document.version() <= Version::V3_0
}

impl Verdict {
    /// Whether a strict reader takes the description as it is.
    pub fn is_accepted(&self) -> bool {
        self.rejections.is_empty()
    }

    /// Puts what is rejected into the order of its lines.
    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.rejections.len()).collect();
        let place = |index: &usize| {
            let found = self.rejections.get(*index);
            found.map(|found| (found.line.unwrap_or(usize::MAX), found.pointer.clone()))
        };
        order.sort_by_cached_key(place);
        let mut places = vec![0; order.len()];
        for (to, from) in order.iter().enumerate() {
            if let Some(place) = places.get_mut(*from) {
                *place = to;
            }
        }
        for operation in &mut self.operations {
            for index in &mut operation.rejections {
                *index = places.get(*index).copied().unwrap_or(*index);
            }
            operation.rejections.sort_unstable();
            operation.rejections.dedup();
        }
        let mut rejections: Vec<_> = places.into_iter().zip(self.rejections.drain(..)).collect();
        rejections.sort_by_key(|(place, _)| *place);
        self.rejections = rejections.into_iter().map(|(_, found)| found).collect();
    }
}
