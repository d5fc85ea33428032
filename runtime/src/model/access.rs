//! What a call may do, and for whom. Sign-in fills it; every room that acts for a caller reads it.

use std::fmt;
use std::sync::Arc;

use super::Grant;
use crate::capacity::Owner;
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
    pub(crate) grant: Option<Arc<Grant>>,
}

impl AccessContext {
    /// The owner of the share of capacity that the caller uses; none without sign-in.
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
