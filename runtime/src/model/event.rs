//! Events: what happened, who caused it, and when.

use std::borrow::Cow;
use std::time::SystemTime;

use serde::Deserialize;

use super::{ClientId, PersonId};

/// What all events of one request have in common. The store adds what was done and to what, since
/// only it knows the outcome, and writes the event along with the change.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    /// When.
    pub(crate) at: SystemTime,
    /// The request.
    pub(crate) request_id: String,
    /// Who asks, where that is known.
    pub(crate) person: Option<PersonId>,
    /// The client that asks, where one does.
    pub(crate) client: Option<ClientId>,
}

impl Cause {
    /// A cause of which only time and request are known.
    pub(crate) fn new(at: SystemTime, request_id: &str) -> Cause {
        Cause {
            at,
            request_id: request_id.to_owned(),
            person: None,
            client: None,
        }
    }

    /// Adds who asks.
    #[must_use]
    pub(crate) fn by(mut self, person: &PersonId) -> Cause {
        self.person = Some(person.clone());
        self
    }

    /// Adds the client that asks.
    #[must_use]
    pub(crate) fn through(mut self, client: &ClientId) -> Cause {
        self.client = Some(client.clone());
        self
    }
}

/// What was done, or tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    SetupLinkMade,
    SignedUp,
    SignedIn,
    SignInFailed,
    SignInConfirmed,
    SignedOut,
    AccountLinked,
    AccountUnlinked,
    SignInEnded,
    PasswordChanged,
    PasswordReset,
    ResetLinkMade,
    AccountChanged,
    AccountDisabled,
    AccountEnabled,
    AccountDeleted,
    WorkspaceCreated,
    WorkspaceDeleted,
    WorkspaceLinked,
    WorkspaceSuspended,
    WorkspaceResumed,
    InvitationMade,
    InvitationAccepted,
    InvitationWithdrawn,
    RoleChanged,
    MemberAssigned,
    MemberRemoved,
    AuthorizeStarted,
    WorkspaceChosen,
    ConsentApproved,
    ConsentDenied,
    ConsentRefused,
    TokenIssued,
    CodeReplayed,
    TokenRefreshed,
    TokenRefused,
    RefreshTokenReused,
    GrantRevoked,
    GrantExpired,
    KeyRenamed,
    ToolCalled,
    AgentLinked,
    AgentSignedIn,
    AgentRefused,
    AssertionGranted,
    AssertionExchanged,
    AssertionRefused,
    UpstreamKeyMade,
    UpstreamKeyNotMade,
    UpstreamKeyDropped,
    UpstreamKeyRevoked,
    UpstreamKeyNotRevoked,
    UpstreamKeyUnknown,
}

/// How long an event is kept where there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// What was tried, and changed nothing: these go first.
    Tried,
    /// A call of a tool.
    Call,
    /// What changed something for people and grants: these go last.
    Change,
}

impl Action {
    /// Whether events of one minute that agree in what is said of them are one row with a count: who
    /// causes them can do so as often as they like.
    pub(crate) fn repeats(self) -> bool {
        matches!(
            self,
            Action::TokenRefreshed
                | Action::AgentSignedIn
                | Action::AssertionExchanged
                | Action::AccountChanged
                | Action::KeyRenamed
        ) || self.keep() == Keep::Tried
    }

    /// How long it is kept where there are too many.
    pub(crate) fn keep(self) -> Keep {
        match self {
            Action::SignInFailed
            | Action::AuthorizeStarted
            | Action::WorkspaceChosen
            | Action::ConsentDenied
            | Action::ConsentRefused
            | Action::CodeReplayed
            | Action::TokenRefused
            | Action::AgentRefused
            | Action::AssertionRefused
            | Action::UpstreamKeyNotMade => Keep::Tried,
            Action::ToolCalled => Keep::Call,
            _ => Keep::Change,
        }
    }

    /// As the store and reports spell it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Action::SetupLinkMade => "setup_link.made",
            Action::SignedUp => "account.created",
            Action::SignedIn => "login.ok",
            Action::SignInFailed => "login.failed",
            Action::SignInConfirmed => "login.confirmed",
            Action::SignedOut => "login.ended",
            Action::AccountLinked => "account.linked",
            Action::AccountUnlinked => "account.unlinked",
            Action::SignInEnded => "login.ended_by_provider",
            Action::PasswordChanged => "password.changed",
            Action::PasswordReset => "password.reset",
            Action::ResetLinkMade => "password.reset_link_made",
            Action::AccountChanged => "account.changed",
            Action::AccountDisabled => "account.disabled",
            Action::AccountEnabled => "account.enabled",
            Action::AccountDeleted => "account.deleted",
            Action::WorkspaceCreated => "workspace.created",
            Action::WorkspaceDeleted => "workspace.deleted",
            Action::WorkspaceLinked => "workspace.linked",
            Action::WorkspaceSuspended => "workspace.suspended",
            Action::WorkspaceResumed => "workspace.resumed",
            Action::InvitationMade => "invitation.made",
            Action::InvitationAccepted => "invitation.accepted",
            Action::InvitationWithdrawn => "invitation.withdrawn",
            Action::RoleChanged => "role.changed",
            Action::MemberAssigned => "member.assigned",
            Action::MemberRemoved => "member.removed",
            Action::AuthorizeStarted => "authorize.started",
            Action::WorkspaceChosen => "workspace.chosen",
            Action::ConsentApproved => "consent.approved",
            Action::ConsentDenied => "consent.denied",
            Action::ConsentRefused => "consent.refused",
            Action::TokenIssued => "token.issued",
            Action::CodeReplayed => "code.replayed",
            Action::TokenRefreshed => "token.refreshed",
            Action::TokenRefused => "token.refused",
            Action::RefreshTokenReused => "token.reuse_detected",
            Action::GrantRevoked => "grant.revoked",
            Action::GrantExpired => "grant.expired",
            Action::KeyRenamed => "key.renamed",
            Action::AgentLinked => "agent.linked",
            Action::AgentSignedIn => "agent.signed_in",
            Action::AgentRefused => "agent.refused",
            Action::AssertionGranted => "assertion.granted",
            Action::AssertionExchanged => "assertion.exchanged",
            Action::AssertionRefused => "assertion.refused",
            Action::ToolCalled => "tool.called",
            Action::UpstreamKeyMade => "upstream_key.made",
            Action::UpstreamKeyNotMade => "upstream_key.not_made",
            Action::UpstreamKeyDropped => "upstream_key.dropped",
            Action::UpstreamKeyRevoked => "upstream_key.revoked",
            Action::UpstreamKeyNotRevoked => "upstream_key.not_revoked",
            Action::UpstreamKeyUnknown => "upstream_key.unknown",
        }
    }
}

/// A call that a signed-in caller made, or was refused, as a line of the spool says it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct ToolCall<'a> {
    /// Differs from that of every other call.
    pub(crate) id: i64,
    #[serde(borrow)]
    pub(crate) request_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) person: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) client_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) workspace: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) grant: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) tool: Cow<'a, str>,
    /// When it ended, or began where it has not, in milliseconds since 1970.
    pub(crate) at: i64,
    /// `ok`, or the kind of failure. `None`: it has begun.
    #[serde(default)]
    pub(crate) outcome: Option<&'a str>,
    /// What access it needs: `read` or `write`.
    #[serde(default)]
    pub(crate) access: Option<&'a str>,
    /// How long it took, in milliseconds, where it has ended.
    #[serde(default)]
    pub(crate) elapsed_ms: Option<i64>,
    /// What it costs of a quota, where it has ended.
    #[serde(default)]
    pub(crate) cost: Option<i64>,
}
