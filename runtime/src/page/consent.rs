//! Consent: what a client asks for, and the person's answer.

use serde::{Serialize, Serializer};

use super::Page;
use super::client::Client;
use super::workspace::NotLinked;
use crate::operation::Access;
use crate::tool::Tool;

/// What an approval grants, to whom and as whom. Posts to its own address: `csrf_token`,
/// `decision` (`approve` or `deny`), `workspace`, `level` ([`level_word`]) and a `scope` for each one
/// granted.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Consent {
    /// Binds the form to the browser it was given to.
    pub(crate) csrf_token: String,
    /// The client that asks.
    pub(crate) client: Client,
    /// E-mail address of the person.
    pub(crate) account: String,
    /// Where the person signs in as somebody else, and comes back.
    pub(crate) other_account_url: Option<String>,
    /// Id of the workspace the connection will act for. The form posts it, so that what is approved
    /// is what was shown, whatever happened in another tab.
    pub(crate) workspace_id: String,
    /// Its name.
    pub(crate) workspace: String,
    /// The workspace picker of this sign-in, or where to make a second workspace.
    pub(crate) switch_url: Option<String>,
    /// Why the workspace cannot be connected to; then nothing can be approved.
    pub(crate) not_linked: Option<NotLinked>,
    /// The most that may be granted. With `Read` there is no choice of a level.
    #[serde(serialize_with = "as_word")]
    pub(crate) highest: Access,
    /// The level chosen so far: `Read`, unless the request needs more.
    #[serde(serialize_with = "as_word")]
    pub(crate) level: Access,
    /// The scopes the client asks for, of those there are.
    pub(crate) scopes: Vec<ScopeChoice>,
    /// The tools this unlocks.
    pub(crate) tools: Tools,
    /// The name of the connection, where the server has several.
    pub(crate) connection: Option<String>,
    /// The tags whose tools are unlocked, where these are not all.
    pub(crate) tags: Vec<String>,
    /// The URL of the connector.
    pub(crate) resource: String,
}

/// One scope of the request.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ScopeChoice {
    /// The scope-token (RFC 6749 §3.3).
    pub(crate) name: String,
    /// What it allows, in a few words.
    pub(crate) description: String,
    /// Who decides on it.
    pub(crate) kind: ScopeKind,
    /// Whether the form grants it as it is shown.
    pub(crate) checked: bool,
}

/// Who decides on a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ScopeKind {
    /// Nothing works without it: locked on.
    Required,
    /// It comes with the level Full and goes with Read-only; the form does not post it.
    Full,
    /// The person.
    Optional,
}

/// The tools of a connector, in the order of their names.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Tools {
    read: Vec<ListedTool>,
    write: Vec<ListedTool>,
    /// Whether one of them deletes something.
    deletes: bool,
}

/// One tool.
#[derive(Clone, Copy, Debug, Serialize)]
struct ListedTool {
    name: &'static str,
    title: &'static str,
    /// Whether it deletes something.
    deletes: bool,
    /// Whether it may destroy something otherwise.
    destructive: bool,
}

impl Tools {
    /// Sorts tools by the access that they need.
    pub(crate) fn new<'a>(all: impl IntoIterator<Item = &'a Tool>) -> Tools {
        let mut tools = Tools::default();
        for tool in all {
            let list = match tool.access() {
                Access::Read => &mut tools.read,
                Access::Write => &mut tools.write,
            };
            tools.deletes |= tool.deletes();
            list.push(ListedTool {
                name: tool.name(),
                title: tool.title(),
                deletes: tool.deletes(),
                destructive: tool.is_destructive(),
            });
        }
        tools.read.sort_by_key(|tool| tool.name);
        tools.write.sort_by_key(|tool| tool.name);
        tools
    }
}

/// A level as forms and templates spell it.
pub(crate) fn level_word(level: Access) -> &'static str {
    match level {
        Access::Read => "read-only",
        Access::Write => "full",
    }
}

/// The inverse of [`level_word`].
pub(crate) fn level_from_word(word: &str) -> Option<Access> {
    match word {
        "read-only" => Some(Access::Read),
        "full" => Some(Access::Write),
        _ => None,
    }
}

/// Serialises a level as [`level_word`] spells it.
pub(super) fn as_word<S: Serializer>(level: &Access, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(level_word(*level))
}

impl Page for Consent {
    const TEMPLATE: &'static str = "consent.html";

    fn form_targets(&self) -> &[String] {
        &self.client.destination.form_targets
    }
}
