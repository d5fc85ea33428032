//! What a person sees in a browser: a typed context and a template for each page, one stylesheet,
//! no script where people sign in, and headers that allow nothing else.
//!
//! A page is a struct that holds what the page says. `Pages` renders it into an answer:
//! `pages.show(StatusCode::OK, &page)`.

mod agents;
mod assets;
mod audit;
mod client;
mod connect;
mod consent;
#[cfg(test)]
mod document;
#[cfg(any(test, feature = "gallery"))]
mod gallery;
mod guide;
mod hand_over;
mod logo;
mod moment;
mod notice;
mod portal;
mod prose;
mod provider;
mod response;
mod sign_in;
mod site;
mod usage;
mod workspace;

use serde::Serialize;

pub(crate) use agents::{AgentWorkspace, LinkAgent, LinkedAgent};
pub(crate) use audit::{Activity, ActivityRow, ActivitySearch};
pub(crate) use client::{Client, Destination, DestinationKind, Publisher};
pub(crate) use connect::{Connect, ConnectorFacts};
pub(crate) use consent::{Consent, ScopeChoice, ScopeKind, Tools, level_from_word};
#[cfg(test)]
pub(crate) use document::Document;
#[cfg(any(test, feature = "gallery"))]
pub use gallery::gallery;
pub(crate) use guide::{AgentFacts, Chapter, Guide, GuideFacts, NamedConnection};
pub(crate) use hand_over::{HandOver, Outcome, Target};
pub(crate) use logo::{LARGEST_LOGO, Logo};
pub(crate) use notice::{Busy, Notice, RequestProblem};
pub(crate) use portal::{
    Account, Agent, ApiKey, ApiKeys, DeleteAccount, Ended, Member, Members, OwnedWorkspace,
    PendingInvitation, Profile, Session, Visit, WorkspaceRow, Workspaces,
};
pub(crate) use provider::{ProviderChoice, ProviderProblem, ToProvider};
pub(crate) use response::Pages;
pub(crate) use sign_in::{
    ResetPassword, SignIn, SignInProblem, SignUp, SignUpProblems, SignUpReason,
};
pub(crate) use site::{Site, SiteLink};
pub(crate) use usage::{Chart, QuotaFacts, UsageRow, WorkspaceUsage};
pub(crate) use workspace::{Invitation, NewWorkspace, NotLinked, WorkspaceChoice, WorkspacePicker};

/// What a page says.
pub(crate) trait Page: Serialize + Sized {
    /// Name of its template.
    const TEMPLATE: &'static str;

    /// Whether the page has buttons that copy. Then it may load the one script of ours that does
    /// so, and has no form.
    const COPIES: bool = false;

    /// Where outside of our origin an answer to one of the page's forms may redirect to, as sources
    /// of a Content Security Policy.
    fn form_targets(&self) -> &[String] {
        &[]
    }

    /// Where the browser goes from here by itself.
    fn refresh(&self) -> Option<&str> {
        None
    }

    /// When another try makes sense, in seconds (RFC 9110 §10.2.3).
    fn retry_after(&self) -> Option<u64> {
        None
    }
}
