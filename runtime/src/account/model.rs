//! People, workspaces, and who is what in which.

use std::time::SystemTime;

use serde::Serialize;

use crate::token::Digest;

/// Declares the id of a kind of thing: random text, taken from the store as it is.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(String);

        impl $name {
            /// Draws a new id.
            pub(crate) fn new(random: &dyn $crate::random::Random) -> $name {
                $name($crate::token::random_id($prefix, random))
            }

            /// Takes an id that was stored, or that a form says.
            pub(crate) fn stored(text: impl Into<String>) -> $name {
                $name(text.into())
            }

            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}
pub(crate) use id;

id!(
    /// Id of a person.
    PersonId,
    "usr"
);
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
id!(
    /// Id of a browser session; not its secret.
    SessionId,
    "ses"
);

/// A browser that signs in, as it is recognised later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Device {
    /// The digest of the secret that it keeps.
    pub(crate) secret: Digest,
    /// The digest of the network it is in.
    pub(crate) network: Digest,
}

/// Whether a browser or a network is one from which somebody signed in to an account before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recognised {
    /// The browser is, by the digest of its secret.
    Browser(Digest),
    /// The network is.
    Network,
    /// Neither is.
    No,
}

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) id: PersonId,
    /// E-mail address, as typed.
    pub(crate) email: String,
    /// What they call themselves.
    pub(crate) name: String,
    pub(crate) created: SystemTime,
}

/// An account to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewPerson {
    pub(crate) id: PersonId,
    pub(crate) email: String,
    pub(crate) name: String,
    /// PHC string.
    pub(crate) password_hash: String,
}

/// A tenant: what connections act for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workspace {
    pub(crate) id: WorkspaceId,
    pub(crate) name: String,
    /// Id under which the API knows it.
    pub(crate) upstream_id: Option<String>,
    /// Whether nobody may call for it: the operator said so.
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
    /// E-mail address of who made it.
    pub(crate) inviter: String,
    pub(crate) expires: SystemTime,
}

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) person: Person,
    /// Which browser it is, as far as it tells.
    pub(crate) browser: String,
    pub(crate) created: SystemTime,
    pub(crate) last_seen: SystemTime,
    /// When the person last gave their password in it.
    pub(crate) confirmed: SystemTime,
}
