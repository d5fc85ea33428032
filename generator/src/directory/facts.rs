//! What a description says of the connector beside its operations.

use crate::openapi::{Document, Node};

/// The links of a connector, and its icon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `info.x-privacy-policy`.
    pub privacy: Option<String>,
    /// `info.termsOfService`.
    pub terms: Option<String>,
    /// `info.contact.url`, or else its e-mail address.
    pub support: Option<String>,
    /// `externalDocs.url`.
    pub documentation: Option<String>,
    /// True where some operation needs a credential.
    pub signs_in: bool,
}

impl Facts {
    /// Reads them.
    pub(crate) fn of(document: &Document) -> Facts {
        let root = document.root();
        let info = root.get("info");
        let text = |node: Option<&Node>, field: &str| {
            let text = node.and_then(|node| node.text(field));
            text.map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let within = |name: &str| info.as_ref().and_then(|info| info.get(name));
        let contact = within("contact");
        let email = text(contact.as_ref(), "email").map(|email| format!("mailto:{email}"));
        Facts {
            privacy: text(info.as_ref(), "x-privacy-policy"),
            terms: text(info.as_ref(), "termsOfService"),
            support: text(contact.as_ref(), "url").or(email),
            documentation: text(root.get("externalDocs").as_ref(), "url"),
            signs_in: false,
        }
    }
}
