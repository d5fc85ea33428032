//! Workspaces, their members and invitations.

use std::time::SystemTime;

use serde::Serialize;

use super::{Person, id};

id!(
    /// Id of a workspace.
    WorkspaceId,
    "wsp"
);

id!(
    /// Id of an invitation; not its secret.
    InvitationId,
    "inv"
);

/// A tenant: what connections act for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workspace {
    pub(crate) id: WorkspaceId,
    pub(crate) name: String,
    /// Id under which the API knows it.
    pub(crate) upstream_id: Option<String>,
    /// Whether the operator suspended it, so that calls for it are refused.
    pub(crate) suspended: bool,
}

/// What a person is in a workspace. `Member < Owner`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Role {
    /// May connect assistants to it.
    Member,
    /// May also invite, change roles, remove members and revoke their keys.
    Owner,
}

impl Role {
    /// As forms and the store spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Role::Member => "member",
            Role::Owner => "owner",
        }
    }

    /// The inverse of [`Role::as_str`].
    pub(crate) fn parse(word: &str) -> Option<Role> {
        [Role::Member, Role::Owner]
            .into_iter()
            .find(|role| role.as_str() == word)
    }
}

/// A workspace as one of its members has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) workspace: Workspace,
    pub(crate) role: Role,
    /// How many members the workspace has.
    pub(crate) members: u64,
}

/// A member as the others see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) person: Person,
    pub(crate) role: Role,
    pub(crate) joined: SystemTime,
}

/// A link into a workspace that waits to be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invitation {
    pub(crate) id: InvitationId,
    pub(crate) workspace: Workspace,
    pub(crate) role: Role,
    /// E-mail address of the person who made it; `None` where the operator did.
    pub(crate) inviter: Option<String>,
    pub(crate) expires: SystemTime,
}

/// The API's workspace that one of ours is, or was before it was unlinked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WorkspaceLink {
    /// The API's id, where it is linked.
    pub(crate) upstream_id: Option<String>,
    /// The API's id that it had, where it is not linked any more.
    pub(crate) linked_before: Option<String>,
}

impl WorkspaceLink {
    /// Links to the API's workspace of this id, or unlinks where the id is empty. Returns the new
    /// link, and whether grants end by it: they were approved for another of the API's workspaces.
    pub(crate) fn change(self, upstream_id: &str) -> (WorkspaceLink, bool) {
        let known = self.upstream_id.or(self.linked_before);
        match upstream_id.is_empty() {
            true => (
                WorkspaceLink {
                    upstream_id: None,
                    linked_before: known,
                },
                false,
            ),
            false => (
                WorkspaceLink {
                    upstream_id: Some(upstream_id.to_owned()),
                    linked_before: None,
                },
                known.is_some_and(|known| known != upstream_id),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_end_only_when_a_workspace_is_linked_to_another_one_than_before() {
        let mut link = WorkspaceLink {
            upstream_id: None,
            linked_before: None,
        };
        for (to, ends) in [
            ("", false),
            ("ours", false),
            ("ours", false),
            ("", false),
            ("", false),
            ("ours", false),
            ("", false),
            ("theirs", true),
            ("ours", true),
        ] {
            let (changed, ended) = link.change(to);
            assert_eq!(ended, ends, "{to}");
            assert_eq!(changed.upstream_id.as_deref().unwrap_or_default(), to);
            link = changed;
        }
    }
}
