//! What is known of a file before it is fetched, and of the link to it.

use std::fmt;

use serde_json::{Map, Value, json};

/// How links are made.
#[derive(Clone, Debug)]
pub(crate) struct FileLinks {
    /// The origin of their URLs.
    pub(crate) origin: Box<str>,
    /// A longer answer has a link, in bytes.
    pub(crate) link_above: usize,
    /// The most bytes of a file that is uploaded.
    pub(crate) max_upload: u64,
}

/// A link to the whole answer of a call.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct FileLink {
    /// The URL, which is a secret: it alone is enough to fetch the file.
    pub(crate) uri: String,
    pub(crate) name: String,
    pub(crate) media_type: String,
    /// How many bytes the file has, where that is known.
    pub(crate) bytes: Option<u64>,
    /// When the link ends (RFC 3339).
    pub(crate) expires: String,
}

impl fmt::Debug for FileLink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("FileLink");
        debug.field("name", &self.name).finish_non_exhaustive()
    }
}

/// A call that can be made again by a link.
#[derive(Clone)]
pub(in crate::call) struct Repeated {
    pub(super) tool: &'static str,
    pub(super) arguments: Map<String, Value>,
}

impl fmt::Debug for Repeated {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Repeated");
        debug.field("tool", &self.tool).finish_non_exhaustive()
    }
}

/// What is known of a file before it is fetched.
#[derive(Clone, Copy, Debug)]
pub(in crate::call) struct Described<'d> {
    pub(in crate::call) media_type: &'d str,
    pub(in crate::call) bytes: Option<u64>,
}

impl FileLink {
    /// The link as data.
    pub(in crate::call) fn to_value(&self) -> Value {
        let mut value = json!({
            "uri": self.uri,
            "name": self.name,
            "media_type": self.media_type,
            "expires": self.expires,
        });
        if let Some(bytes) = self.bytes {
            value["bytes"] = Value::from(bytes);
        }
        value
    }
}
