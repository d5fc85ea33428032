//! Workspaces on the way to a consent: choosing one, making the first, joining one.

use serde::Serialize;

use super::Page;
use super::client::{Client, form_targets};
use crate::model::Role;

/// Why a workspace takes no connections yet: it is not linked to one of the API's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct NotLinked {
    /// The command by which the operator links it.
    pub(crate) command: String,
    /// The page where the person links it, if they may.
    pub(crate) portal_url: Option<String>,
}

/// The workspaces a connection may act for. Posts `csrf_token` and `workspace` (an id) to its own
/// address.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WorkspacePicker {
    /// Binds the form to the browser it was given to.
    pub(crate) csrf_token: String,
    /// The client that asks.
    pub(crate) client: Client,
    /// E-mail address of the person.
    pub(crate) account: String,
    /// The person's own workspaces, at least one.
    pub(crate) workspaces: Vec<WorkspaceChoice>,
    /// Where the person cancels: posts `csrf_token`.
    pub(crate) cancel_url: String,
    /// Where another workspace is made, if the person may make one.
    pub(crate) new_workspace_url: Option<String>,
}

/// One workspace to choose.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WorkspaceChoice {
    /// What the form posts.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// What the person is in it.
    pub(crate) role: Role,
    /// Whether it is the one chosen so far. At most one is.
    pub(crate) selected: bool,
    /// Whether it takes no connections before it is linked to one of the API's.
    pub(crate) not_linked: bool,
}

impl Page for WorkspacePicker {
    const TEMPLATE: &'static str = "workspace_picker.html";

    fn form_targets(&self) -> &[String] {
        form_targets(Some(&self.client))
    }
}

/// The person has no workspace, without which nothing can be authorized. Posts `csrf_token` and
/// `name` to its own address; after that the same sign-in goes on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NewWorkspace {
    /// Binds the form to the browser it was given to.
    pub(crate) csrf_token: String,
    /// The client that asks.
    pub(crate) client: Client,
    /// E-mail address of the person.
    pub(crate) account: String,
    /// Where the person cancels: posts `csrf_token`.
    pub(crate) cancel_url: String,
    /// Whether it is the person's first.
    pub(crate) first: bool,
    /// Whether it takes no connections before the operator links it to one of the API's.
    pub(crate) needs_link: bool,
    /// What was typed before.
    pub(crate) name: String,
    /// What is wrong with it, as a sentence.
    pub(crate) problem: Option<String>,
}

impl Page for NewWorkspace {
    const TEMPLATE: &'static str = "new_workspace.html";

    fn form_targets(&self) -> &[String] {
        form_targets(Some(&self.client))
    }
}

/// An invitation, opened by a person with an account. Posts `csrf_token` to its own address.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Invitation {
    /// Binds the form to the browser it was given to.
    pub(crate) csrf_token: String,
    /// E-mail address of the person.
    pub(crate) account: String,
    /// Name of the workspace.
    pub(crate) workspace: String,
    /// What the person will be in it.
    pub(crate) role: Role,
}

impl Page for Invitation {
    const TEMPLATE: &'static str = "invitation.html";
}
