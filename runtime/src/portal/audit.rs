//! What happened in a workspace, for its owners.

use std::time::{Duration, SystemTime};

use axum::extract::{Path, RawQuery, State};
use chrono::{NaiveDate, NaiveTime};
use http::StatusCode;
use url::form_urlencoded;

use super::members::membership;
use super::state::{Here, WORKSPACES};
use super::visitor::Visitor;
use crate::account::{Answer, PageError};
use crate::form::Pairs;
use crate::model::{Action, AuditFilter, AuditRow, Member, Role, email_key};
use crate::page::{Activity, ActivityRow, ActivitySearch};
use crate::text;

/// The most rows of a page.
const ROWS: u32 = 50;
/// The most characters of a field that are read.
const LONGEST: usize = 254;
/// The last moment of a day, from its first.
const DAY: Duration = Duration::from_millis(86_400_000 - 1);

pub(super) async fn show(
    State(portal): Here,
    visitor: Visitor,
    Path(workspace): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let membership = membership(&portal, &visitor, &workspace).await?;
    if membership.role != Role::Owner {
        return Err(PageError::Forbidden);
    }
    let store = &portal.services.store;
    let workspace = membership.workspace;
    let query = Pairs::parse(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let members = store.members(&workspace.id).await?;
    let (search, filter) = read(&query, &members);
    let found = match filter {
        Some(filter) => {
            let filter = AuditFilter {
                workspace: Some(workspace.id.to_string()),
                ..filter
            };
            store.audit(&filter, ROWS).await?
        }
        None => Default::default(),
    };
    let path = format!("{WORKSPACES}/{}/audit", workspace.id);
    let older = found.next.map(|next| {
        let typed = fields(&search).into_iter();
        let typed = typed.filter(|(_, value)| !value.is_empty());
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(typed)
            .append_pair("after", &next.to_string())
            .finish();
        format!("{path}?{query}")
    });
    let page = Activity {
        visit: visitor.visit(),
        workspace_id: workspace.id.to_string(),
        workspace: workspace.name,
        search,
        rows: found.rows.into_iter().map(row).collect(),
        older,
    };
    Ok(portal.accounts.pages.show(StatusCode::OK, &page))
}

/// The fields of the form by their names.
fn fields(search: &ActivitySearch) -> [(&'static str, &str); 6] {
    [
        ("person", &search.person),
        ("client", &search.client),
        ("tool", &search.tool),
        ("request", &search.request),
        ("since", &search.since),
        ("until", &search.until),
    ]
}

/// Reads the form. There is no filter where something in it is wrong.
fn read(query: &Pairs, members: &[Member]) -> (ActivitySearch, Option<AuditFilter>) {
    let typed = |name: &str| -> String {
        let shown = text::shown(query.field(name));
        shown.trim().chars().take(LONGEST).collect()
    };
    let mut search = ActivitySearch {
        person: typed("person"),
        client: typed("client"),
        tool: typed("tool"),
        request: typed("request"),
        since: typed("since"),
        until: typed("until"),
        ..ActivitySearch::default()
    };
    search.is_narrow = fields(&search).iter().any(|(_, value)| !value.is_empty());
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let person = given(&search.person).map(|typed| {
        let key = email_key(&typed);
        let is_meant = |it: &&Member| email_key(&it.person.email) == key;
        let found = members.iter().find(is_meant);
        found.map(|member| member.person.id.to_string())
    });
    let day = |text: &String| given(text).map(|text| midnight(&text));
    let (since, until) = (day(&search.since), day(&search.until));
    let problem = |wrong: bool, sentence: &str| wrong.then(|| sentence.to_owned());
    search.person_problem = problem(
        person == Some(None),
        "No member of this workspace has this address.",
    );
    search.since_problem = problem(since == Some(None), "This is not a day.");
    search.until_problem = problem(until == Some(None), "This is not a day.");
    // A date field shows days alone.
    if since == Some(None) {
        search.since.clear();
    }
    if until == Some(None) {
        search.until.clear();
    }
    let wrong = [
        &search.person_problem,
        &search.since_problem,
        &search.until_problem,
    ];
    let filter = AuditFilter {
        workspace: None,
        client: given(&search.client),
        person: person.flatten(),
        tool: given(&search.tool),
        request_id: given(&search.request),
        since: since.flatten(),
        until: until.flatten().map(|midnight| midnight + DAY),
        after: query.field("after").parse().ok(),
    };
    let filter = wrong.iter().all(|it| it.is_none()).then_some(filter);
    (search, filter)
}

/// The first moment of a day, UTC.
fn midnight(day: &str) -> Option<SystemTime> {
    let day: NaiveDate = day.parse().ok()?;
    Some(day.and_time(NaiveTime::MIN).and_utc().into())
}

fn row(row: AuditRow) -> ActivityRow {
    let is_call = row.action == Action::ToolCalled.as_str();
    let subject = row.subject.as_deref().map(text::label);
    let client = row.names.connection.or(row.client_id);
    ActivityRow {
        what: match subject {
            Some(tool) if is_call => tool,
            _ => in_words(&row.action).to_owned(),
        },
        is_call,
        problem: row.outcome.filter(|outcome| outcome != "ok"),
        person: row.names.email.or(row.person),
        client: client.map(|client| text::label(&client)),
        elapsed_ms: row.elapsed_ms,
        request: row.request_id,
        count: row.count,
        at: row.at.into(),
    }
}

/// Returns what happened in a few words, or the action itself.
fn in_words(action: &str) -> &str {
    match action {
        "workspace.created" => "Workspace created",
        "workspace.linked" => "Workspace linked to the API",
        "workspace.suspended" => "Workspace suspended",
        "workspace.resumed" => "Workspace resumed",
        "workspace.chosen" => "Workspace chosen for a connection",
        "invitation.made" => "Invitation link created",
        "invitation.accepted" => "Invitation accepted",
        "invitation.withdrawn" => "Invitation link withdrawn",
        "role.changed" => "Role changed",
        "member.assigned" => "Member added by the identity provider",
        "member.removed" => "Member removed",
        "consent.approved" => "Connection approved",
        "consent.denied" => "Connection cancelled",
        "consent.refused" => "Connection refused",
        "token.issued" => "Access token issued",
        "token.refreshed" => "Access token refreshed",
        "token.refused" => "Token of another app refused",
        "token.reuse_detected" => "Refresh token used twice",
        "code.replayed" => "Authorization code used twice",
        "grant.revoked" => "API key revoked",
        "grant.expired" => "API key expired",
        "key.renamed" => "API key renamed",
        "upstream_key.made" => "Key at the API created",
        "upstream_key.not_made" => "Key at the API not created",
        "upstream_key.dropped" | "upstream_key.revoked" => "Key at the API revoked",
        "upstream_key.not_revoked" => "Key at the API not revoked yet",
        "upstream_key.unknown" => "Key at the API of unknown state",
        action => action,
    }
}
