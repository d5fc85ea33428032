//! What a call may do, and for whom. Sign-in fills it; every room that acts for a caller reads it.

use std::sync::Arc;

use crate::credential::SealedKey;
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

impl AccessContext {
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
