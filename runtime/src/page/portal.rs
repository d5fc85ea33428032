//! The portal: API keys, workspaces and their members, the account.

use serde::Serialize;

use super::Page;
use super::consent::as_word;
use super::moment::Moment;
use super::workspace::NotLinked;
use crate::model::Role;
use crate::operation::Access;

/// What every page of the portal knows.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Visit {
    /// Binds the forms to the browser they were given to.
    pub(crate) csrf_token: String,
    /// E-mail address of the person.
    pub(crate) account: String,
    /// What was just done, as a sentence.
    pub(crate) done: Option<String>,
    /// Why something was just not done, as a sentence.
    pub(crate) problem: Option<String>,
}

/// The API keys a person may see: their own, and those of the workspaces they own. Posts
/// `csrf_token` and `key` to `/portal/keys/revoke`, with `name` to `/portal/keys/rename`, `csrf_token` alone to
/// `/portal/keys/revoke-all`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ApiKeys {
    /// Who looks.
    pub(crate) visit: Visit,
    /// Keys that work, latest first.
    pub(crate) active: Vec<ApiKey>,
    /// Keys that no longer do, latest first.
    pub(crate) ended: Vec<ApiKey>,
    /// Whether there are older ones that are not shown.
    pub(crate) more: bool,
    /// The URL of the connector, for those who have no key yet.
    pub(crate) resource: String,
    /// The page where agents are linked, where they can sign in.
    pub(crate) agents_url: Option<&'static str>,
}

/// One key: the grant of a person to a client.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ApiKey {
    /// What the form posts.
    pub(crate) id: String,
    /// The name that its person chose, or else `{client} (MCP connector)`.
    pub(crate) name: String,
    /// `{client} (MCP connector)`, where the person chose another name.
    pub(crate) made_as: Option<String>,
    /// What an unverified client calls itself; empty where it says nothing.
    pub(crate) claimed_name: Option<String>,
    /// The agent whose key it is, where a program without a person has it.
    pub(crate) agent: Option<Agent>,
    /// The identity provider that decided on it, where no person approved it.
    pub(crate) issuer: Option<String>,
    /// Where its authorization went; empty for an agent, and where no person approved it.
    pub(crate) host: String,
    /// Whose key it is, where it is not the visitor's own.
    pub(crate) owner: Option<String>,
    /// Name of the workspace it acts for.
    pub(crate) workspace: String,
    /// The name of the connection, where the server has several.
    pub(crate) connection: Option<String>,
    /// The tags whose tools it unlocks, where these are not all.
    pub(crate) tags: Vec<String>,
    /// Full or Read-only.
    #[serde(serialize_with = "as_word")]
    pub(crate) level: Access,
    /// Its scopes.
    pub(crate) scopes: Vec<String>,
    /// When it was approved.
    pub(crate) created: Moment,
    /// When a call was last made with it.
    pub(crate) last_used: Option<Moment>,
    /// The tools that were called with it last, the latest first.
    pub(crate) last_tools: Vec<String>,
    /// When it ends by itself.
    pub(crate) expires: Option<Moment>,
    /// When and how it ended, if it has.
    pub(crate) ended: Option<Ended>,
}

/// An agent: a program that signs in without a person.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Agent {
    /// What it names itself by.
    pub(crate) client_id: String,
    /// What it signs in with, in a few words.
    pub(crate) credential: String,
}

/// How a key ended.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ended {
    /// When.
    pub(crate) at: Moment,
    /// In a few words: "revoked by you", "expired".
    pub(crate) how: String,
}

impl Page for ApiKeys {
    const TEMPLATE: &'static str = "portal/keys.html";
}

/// The workspaces of a person. Posts `csrf_token` and `name` to `/portal/workspaces`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Workspaces {
    /// Who looks.
    pub(crate) visit: Visit,
    /// The person's own memberships.
    pub(crate) workspaces: Vec<WorkspaceRow>,
}

/// One workspace as its members see it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WorkspaceRow {
    /// Part of its page's address: `/portal/workspaces/{id}`.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// What the person is in it.
    pub(crate) role: Role,
    /// How many members it has.
    pub(crate) members: u64,
    /// How the API knows it.
    pub(crate) upstream_id: Option<String>,
    /// Whether calls for it are refused.
    pub(crate) suspended: bool,
    /// Why it takes no connections yet.
    pub(crate) not_linked: Option<NotLinked>,
}

impl Page for Workspaces {
    const TEMPLATE: &'static str = "portal/workspaces.html";
}

/// The members of one workspace. Below `/portal/workspaces/{id}`, posts `csrf_token` with: `role`
/// to `invite`; `invitation` to `uninvite`; `member` and `role` to `role`; `member` to `remove`;
/// `upstream_id` to `link`; nothing to `leave`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Members {
    /// Who looks.
    pub(crate) visit: Visit,
    /// The workspace.
    pub(crate) workspace: WorkspaceRow,
    /// Whether the person may say how the API knows it.
    pub(crate) may_link: bool,
    /// Who is in it, owners first.
    pub(crate) members: Vec<Member>,
    /// Links that wait to be used. Empty for whom may not invite.
    pub(crate) invitations: Vec<PendingInvitation>,
    /// The link just made; it is shown this once.
    pub(crate) new_link: Option<String>,
}

/// One member.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Member {
    /// What the forms post.
    pub(crate) id: String,
    /// What they call themselves.
    pub(crate) name: String,
    /// E-mail address.
    pub(crate) email: String,
    /// What they are in the workspace.
    pub(crate) role: Role,
    /// Whether it is the visitor.
    pub(crate) you: bool,
    /// Since when.
    pub(crate) joined: Moment,
}

/// One link that waits to be used.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PendingInvitation {
    /// What the form posts.
    pub(crate) id: String,
    /// What the person who uses it will be.
    pub(crate) role: Role,
    /// Who made it.
    pub(crate) inviter: String,
    /// Until when it works.
    pub(crate) expires: Moment,
}

impl Page for Members {
    const TEMPLATE: &'static str = "portal/members.html";
}

/// A person's account. Posts `csrf_token` with: `name` and `new_email` to
/// `/portal/account/profile`; `current_password` and `new_password` to
/// `/portal/account/password`; `session` to `/portal/account/sign-out`; nothing to
/// `/portal/account/sign-out-others`. The header's form posts `csrf_token` to `/portal/sign-out`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Account {
    /// Who looks.
    pub(crate) visit: Visit,
    /// Name and e-mail address.
    pub(crate) profile: Profile,
    /// Browsers that are signed in, this one first.
    pub(crate) sessions: Vec<Session>,
    /// Whether the person has a password to change.
    pub(crate) has_password: bool,
    /// The fewest characters of a password.
    pub(crate) password_minimum: usize,
    /// What is wrong with the current password that was typed, as a sentence.
    pub(crate) current_password_problem: Option<String>,
    /// What is wrong with the new password that was typed, as a sentence.
    pub(crate) new_password_problem: Option<String>,
    /// When another password can be tried, in seconds from now.
    #[serde(skip)]
    pub(crate) retry_after: Option<u64>,
}

/// The form that changes a person's name and e-mail address.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Profile {
    /// The name as it is, or as it was typed.
    pub(crate) name: String,
    /// The address as it is, or as it was typed.
    pub(crate) email: String,
    /// What is wrong with the name, as a sentence.
    pub(crate) name_problem: Option<String>,
    /// What is wrong with the address, as a sentence.
    pub(crate) email_problem: Option<String>,
}

/// What ends with a person's account. Posts `csrf_token` to its own address.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DeleteAccount {
    /// Who looks.
    pub(crate) visit: Visit,
    /// How many of the person's own keys work.
    pub(crate) connections: usize,
    /// Names of the workspaces without another member.
    pub(crate) deleted: Vec<String>,
    /// Names of the workspaces that go on without the person.
    pub(crate) left: Vec<String>,
    /// Workspaces that would have no owner left, which the person has to change first.
    pub(crate) ownerless: Vec<OwnedWorkspace>,
}

/// A workspace of which a person is the only owner.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OwnedWorkspace {
    /// Part of its page's address: `/portal/workspaces/{id}`.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
}

impl Page for DeleteAccount {
    const TEMPLATE: &'static str = "portal/delete_account.html";
}

/// A browser that is signed in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Session {
    /// What the form posts.
    pub(crate) id: String,
    /// Which browser it is, as far as its header fields show.
    pub(crate) browser: String,
    /// Since when.
    pub(crate) created: Moment,
    /// When it last asked for something.
    pub(crate) last_seen: Moment,
    /// Whether it is this one.
    pub(crate) current: bool,
}

impl Page for Account {
    const TEMPLATE: &'static str = "portal/account.html";

    fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }
}
