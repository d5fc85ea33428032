//! Linking an agent to a workspace.

use serde::Serialize;

use super::Page;
use super::consent::as_word;
use super::portal::Visit;
use crate::operation::Access;

/// The form that links an agent. Posts `csrf_token`, `name`, `credential` (a wallet's address, a JSON Web
/// Key Set or its URL), `workspace` (an id) and `level` to its own address.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LinkAgent {
    /// Who looks.
    pub(crate) visit: Visit,
    /// The workspaces that an agent can act for.
    pub(crate) workspaces: Vec<AgentWorkspace>,
    /// Whether agents sign in with wallets.
    pub(crate) wallets: bool,
    /// Whether agents sign in with keys.
    pub(crate) keys: bool,
    /// The most that an agent can be allowed.
    #[serde(serialize_with = "as_word")]
    pub(crate) highest: Access,
    /// The level that is chosen.
    #[serde(serialize_with = "as_word")]
    pub(crate) level: Access,
    /// The name that was typed.
    pub(crate) name: String,
    /// What is wrong with the name, as a sentence.
    pub(crate) name_problem: Option<String>,
    /// The address, keys or URL that was typed.
    pub(crate) credential: String,
    /// What is wrong with it, as a sentence.
    pub(crate) credential_problem: Option<String>,
    /// The agent that was linked just now.
    pub(crate) linked: Option<LinkedAgent>,
}

/// A workspace that an agent can act for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AgentWorkspace {
    /// What the form posts.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// Whether it is chosen.
    pub(crate) selected: bool,
}

/// What an agent is configured with.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LinkedAgent {
    /// The name that the person chose.
    pub(crate) name: String,
    /// What it names itself by.
    pub(crate) client_id: String,
    /// The URL of the connector.
    pub(crate) resource: String,
}

impl Page for LinkAgent {
    const TEMPLATE: &'static str = "portal/agents.html";
}
