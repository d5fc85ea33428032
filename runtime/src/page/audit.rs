//! What happened in a workspace.

use serde::Serialize;

use super::Page;
use super::moment::Moment;
use super::portal::Visit;

/// The rows of the audit that are about one workspace, for its owners. The form asks for
/// `/portal/workspaces/{id}/audit` with `person`, `client`, `tool`, `request`, `since` and `until`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Activity {
    /// Who looks.
    pub(crate) visit: Visit,
    /// Id of the workspace.
    pub(crate) workspace_id: String,
    /// Its name.
    pub(crate) workspace: String,
    /// What is looked for.
    pub(crate) search: ActivitySearch,
    /// What was found, latest first.
    pub(crate) rows: Vec<ActivityRow>,
    /// Where older rows are shown.
    pub(crate) older: Option<String>,
}

/// What is looked for, as it was typed.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct ActivitySearch {
    /// E-mail address of a person.
    pub(crate) person: String,
    /// A part of the name of a connection, or the id of a client.
    pub(crate) client: String,
    /// Name of a tool.
    pub(crate) tool: String,
    /// Id of a request.
    pub(crate) request: String,
    /// The first day.
    pub(crate) since: String,
    /// The last day.
    pub(crate) until: String,
    /// What is wrong with the person, as a sentence.
    pub(crate) person_problem: Option<String>,
    /// What is wrong with the first day, as a sentence.
    pub(crate) since_problem: Option<String>,
    /// What is wrong with the last day, as a sentence.
    pub(crate) until_problem: Option<String>,
    /// Whether something is looked for.
    pub(crate) is_narrow: bool,
}

/// One row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ActivityRow {
    /// When.
    pub(crate) at: Moment,
    /// The tool that was called, or what happened in a few words.
    pub(crate) what: String,
    /// Whether it was the call of a tool.
    pub(crate) is_call: bool,
    /// How a call ended, where it did not succeed.
    pub(crate) problem: Option<String>,
    /// Who did it.
    pub(crate) person: Option<String>,
    /// Name of the connection, or else the id of the client.
    pub(crate) client: Option<String>,
    /// How long a call took, in milliseconds.
    pub(crate) elapsed_ms: Option<u64>,
    /// Id of the request.
    pub(crate) request: String,
    /// How many events of one minute the row is for.
    pub(crate) count: u64,
}

impl Page for Activity {
    const TEMPLATE: &'static str = "portal/audit.html";
}
