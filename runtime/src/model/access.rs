//! What a call may do, and for whom. Sign-in fills it; every room that acts for a caller reads it.

use std::fmt;
use std::sync::Arc;

use crate::capacity::Owner;
use crate::model::SealedKey;
use crate::operation::Access;

/// The authority one call runs under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessContext {
    /// The most the caller may do.
    pub access: Access,
    /// Id, as the API knows it, of the workspace the caller acts for. Fills arguments bound to the
    /// workspace.
    pub workspace: Option<Arc<str>>,
    /// What the caller was granted; `None` for the operator.
    pub grant: Option<Arc<Grant>>,
}

/// What a signed-in caller was granted: by whom, to which client, for which workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Id of the grant, which is also that of its API key.
    pub id: String,
    /// Id of the person who approved it.
    pub person: String,
    /// Our id of the workspace it acts for.
    pub workspace: String,
    /// The client it was given to.
    pub client_id: String,
    /// Its key at the API, where grants have one of their own.
    pub upstream_key: Option<Arc<SealedKey>>,
}

impl Owner for Grant {
    fn id(&self) -> &str {
        &self.id
    }
}

impl AccessContext {
    /// Whose share of the server's capacity the caller uses; nobody's without sign-in.
    pub(crate) fn owner(&self) -> Option<Arc<dyn Owner>> {
        let grant = Arc::clone(self.grant.as_ref()?);
        Some(grant)
    }

    /// The authority of the person who runs the server: up to `access`, in the workspace the
    /// configuration names.
    #[must_use]
    pub fn operator(access: Access, workspace: Option<&str>) -> AccessContext {
        AccessContext {
            access,
            workspace: workspace.map(Arc::from),
            grant: None,
        }
    }

    /// Whether this authority covers a tool that needs `needed`.
    #[must_use]
    pub fn allows(&self, needed: Access) -> bool {
        self.access >= needed
    }
}

/// The rule that only workspaces linked to one of the API's reach the API. It holds wherever calls
/// carry what belongs to the operator: otherwise anyone who makes a workspace of their own would
/// act with the operator's credentials, in no tenant or in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkRequired {
    /// The name of the program, for the command that links a workspace.
    program: &'static str,
}

impl LinkRequired {
    /// The rule of a server whose program has this name.
    pub(crate) fn new(program: &'static str) -> LinkRequired {
        LinkRequired { program }
    }

    /// The command by which the operator links a workspace; `workspace` is our id of it.
    pub(crate) fn command(self, workspace: impl fmt::Display) -> String {
        format!("{} workspaces --link {workspace} UPSTREAM_ID", self.program)
    }
}
