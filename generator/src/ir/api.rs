//! An API as a whole.

use indexmap::IndexMap;
use serde::Serialize;

use super::{Operation, Schema, SecurityScheme, Server};

/// One API, ready to be written as a crate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Api {
    /// The name of the server towards clients: the title as a name; empty where it has none.
    pub server_name: String,
    /// `info.title`.
    pub title: String,
    /// `info.version`, as written.
    pub version: String,
    /// What the API is, in at most two sentences; empty where the description does not say it.
    pub summary: String,
    /// `info.description`, or empty.
    pub description: String,
    /// Servers of the document.
    pub servers: Vec<Server>,
    /// The tags that operations have and that the description explains, in its order.
    pub tags: Vec<Tag>,
    /// The https URL of the API's logo: `info.x-logo.url`.
    pub logo: Option<String>,
    /// Texts that are left out of definitions, since many tools repeat them.
    pub repeated: Vec<Repeated>,
    /// Security schemes by name, sorted.
    pub security_schemes: Vec<SecurityScheme>,
    /// The first of the servers that calls can be built on, its variables filled in.
    pub base_url: Option<String>,
    /// Whether a parameter or a property is filled with the caller's workspace.
    pub binds_workspace: bool,
    /// Whether clients are shown the tools of search mode instead of all tools.
    pub search_mode: bool,
    /// Operations, sorted by tool name.
    pub operations: Vec<Operation>,
    /// The shared schemas that an operation reaches, by their key under `$defs`, sorted.
    pub definitions: IndexMap<String, Schema>,
}

/// A tag with its description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// Its description, which is not empty.
    pub description: String,
}

/// A text that many tools repeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Repeated {
    /// The argument that it describes; none of a sentence that describes tools.
    pub argument: Option<String>,
    /// The text, shortened.
    pub text: String,
}
