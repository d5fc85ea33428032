//! Files that were uploaded before the call that sends them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::http::Piece;

/// A file that was uploaded.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) filename: Option<String>,
    pub(crate) media_type: Option<String>,
    pub(crate) content: Piece,
}

/// The uploads that the arguments of a call name, by the texts that name them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uploads(pub(crate) BTreeMap<String, Upload>);

impl Uploads {
    /// The upload that an argument names.
    pub(super) fn find(&self, value: &Value) -> Option<&Upload> {
        self.0.get(value.as_str()?)
    }
}
