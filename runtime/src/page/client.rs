//! The client that asks for access, as a page shows it. `oauth` decides who it is.

use serde::Serialize;

/// A client as the pages name it: by its publisher where that is known for certain, otherwise as
/// unverified, with the name that it claims in quotation marks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Client {
    /// Its own name, or its name in the publishers file. Empty where it has none.
    pub(crate) name: String,
    /// Who is behind it. `None` is the warning "Unverified".
    pub(crate) publisher: Option<Publisher>,
    /// Where the authorization is sent.
    pub(crate) destination: Destination,
}

/// Where a form of a page may end that can answer the client, if there is one.
pub(super) fn form_targets(client: Option<&Client>) -> &[String] {
    client.map_or(&[], |client| &client.destination.form_targets)
}

/// Where an authorization is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Destination {
    pub(crate) kind: DestinationKind,
    /// The host of a site, with its port where that is not the scheme's own; the host of a loopback
    /// address; the scheme of an app.
    pub(crate) host: String,
    /// The beginning of `host` that its owner chooses freely, so that it proves nothing: what
    /// is before the registrable domain.
    pub(crate) subdomain: String,
    /// Where a form may end that sends the authorization here, as sources of a Content Security
    /// Policy.
    #[serde(skip)]
    pub(crate) form_targets: Vec<String>,
    /// The whole redirect URI, safe to read: nothing in it is invisible or turns text around.
    pub(crate) redirect_uri: String,
}

/// What kind of place a redirect URI names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DestinationKind {
    /// A site.
    Web,
    /// A program on the person's own machine that listens on a loopback address (RFC 8252 §7.3).
    Loopback,
    /// A program that claims a URI scheme of its own (RFC 8252 §7.1).
    App,
}

/// Who is behind a client, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Publisher {
    /// The organisation.
    pub(crate) name: String,
    /// The day its redirect URI was last compared with what it documents, `YYYY-MM-DD`.
    pub(crate) checked: String,
    /// Whether a part of the redirect URI is not fixed, below a path that is the organisation's own.
    pub(crate) by_prefix: bool,
}
