//! How clients show the server and its tools to people.

use rmcp::model::{MetaObject, Tool as Definition};
use serde_json::Value;

use crate::operation::Access;

/// How clients show the server.
#[derive(Clone, Debug)]
pub(crate) struct Presentation {
    /// Its name for people.
    pub(crate) title: String,
    /// Its icon, which its tools have too.
    pub(crate) icon: Option<Icon>,
    /// How clients sign in for its tools.
    pub(crate) security: SecuritySchemes,
}

/// The `securitySchemes` of tools, as ChatGPT reads them in `_meta`: each a list of
/// `{"type": "noauth"}` or `{"type": "oauth2", "scopes": […]}`.
#[derive(Clone, Debug)]
pub(crate) struct SecuritySchemes {
    /// Of tools that only read.
    pub(crate) read: Value,
    /// Of the others.
    pub(crate) write: Value,
}

/// An image by its URL.
#[derive(Clone, Debug)]
pub(crate) struct Icon {
    pub(crate) url: String,
    /// Its media type, where it is known.
    pub(crate) media_type: Option<&'static str>,
    /// Its size as MCP spells it: `48x48`, or `any`.
    pub(crate) sizes: Option<String>,
}

impl Icon {
    pub(super) fn definition(&self) -> rmcp::model::Icon {
        let mut icon = rmcp::model::Icon::new(&self.url);
        icon.mime_type = self.media_type.map(str::to_owned);
        icon.sizes = self.sizes.clone().map(|sizes| vec![sizes]);
        icon
    }
}

impl SecuritySchemes {
    /// Writes into a definition how clients sign in for the tool, and returns how many bytes that
    /// takes. The protocol's library has no place for the field beside `_meta`.
    pub(in crate::mcp) fn describe(&self, definition: &mut Definition, access: Access) -> usize {
        let schemes = match access {
            Access::Read => &self.read,
            Access::Write => &self.write,
        };
        let meta = definition.meta.get_or_insert_with(MetaObject::default);
        meta.insert("securitySchemes".to_owned(), schemes.clone());
        "securitySchemes".len() + schemes.to_string().len()
    }
}
