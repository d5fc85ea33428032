//! The types that the layers share: people, workspaces, clients, grants, and what happened. They import
//! each other, `operation` and the base modules only.

mod access;
mod agent;
mod assertion;
mod audit;
mod authorization;
pub(crate) mod bounds;
mod client;
mod device;
mod event;
mod exchange;
mod grant;
mod id;
mod identity;
mod person;
mod pkce;
mod quota;
mod redirect_uri;
mod refused;
mod requester;
mod resource;
mod scope;
mod session;
mod upstream_key;
mod usage;
mod workspace;

pub use access::AccessContext;
pub(crate) use access::LinkRequired;
pub(crate) use agent::{
    AGENT_ALGORITHMS, AGENT_KEYS, AGENT_PREFIX, Agent, AgentCredential, AgentSignIn, AgentToken,
    Linked, NewAgent,
};
pub(crate) use assertion::{Asserted, AssertedGrant, AssertedToken, Assertion, KnownAssertion};
pub(crate) use audit::Sink;
pub use audit::{AuditCursor, AuditFilter, AuditNames, AuditPage, AuditRow};
pub(crate) use authorization::{
    Answered, Approval, AuthorizationRequest, IssuedCode, Pending, Redemption, Seen, Transaction,
};
pub(crate) use client::{CachedMetadata, ClientId, ClientMetadata, MetadataError, ResponseType};
pub(crate) use device::{Device, Recognised};
pub(crate) use event::{Action, Cause, Keep, ToolCall};
pub(crate) use exchange::{ExchangeError, ExchangedToken, KeptSubject, SubjectToken, used_until};
pub(crate) use grant::{
    AccessToken, Authentication, Grant, GrantId, IssuedRefreshToken, Key, NewRefreshToken,
    NewTokens, RevocationReason, Rotation, SALT, Subject, Successor,
};
pub(crate) use id::id;
pub(crate) use identity::{
    AssignedMembership, Identified, KeptSignIn, LogoutRequest, PendingSignIn, ProviderAccount,
    Recheck, RecheckRequest, RecheckTurn, Rechecked, Renewal,
};
pub(crate) use person::{Account, Credentials, NewPerson, Person, PersonId, email_key};
pub(crate) use pkce::{CodeChallenge, CodeVerifier};
pub use quota::QuotaPeriod;
pub(crate) use quota::{Period, QuotaRequest};
pub(crate) use redirect_uri::{RedirectUri, RedirectUriError, is_of_browsers};
pub(crate) use refused::{Refused, WaitReason, Whose, retry_after};
pub(crate) use requester::Requester;
pub(crate) use resource::ResourceIndicator;
pub(crate) use scope::{Scope, Scopes};
pub(crate) use session::{AuthenticationMethod, NewSession, Session, SessionId};
pub(crate) use upstream_key::Order;
pub use upstream_key::SealedKey;
pub(crate) use usage::UsageDay;
pub(crate) use workspace::{
    Invitation, InvitationId, Member, Membership, Role, Workspace, WorkspaceId, WorkspaceLink,
};
