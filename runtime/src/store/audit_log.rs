//! Rows of the audit, found by client, workspace, person, tool, request and time.

use std::fmt::Debug;

use async_trait::async_trait;
use serde::Deserialize;
use sqlx::{Database, Encode, QueryBuilder, Type};

use super::Result;
use super::rows::{StoredRow, millis, time};
use crate::model::{AGENT_PREFIX, AuditFilter, AuditNames, AuditPage, AuditRow};

/// Finds rows of the audit.
#[async_trait]
pub(crate) trait AuditLog: Debug + Send + Sync {
    /// Finds rows, the latest first: at most so many, and where the next page begins.
    async fn audit(&self, filter: &AuditFilter, most: u32) -> Result<AuditPage>;
}

/// What the store has of a row.
#[derive(Debug, Deserialize)]
pub(super) struct StoredAudit {
    number: i64,
    at: i64,
    action: String,
    request_id: String,
    person: Option<String>,
    client_id: Option<String>,
    workspace: Option<String>,
    grant_id: Option<String>,
    subject: Option<String>,
    outcome: Option<String>,
    access: Option<String>,
    elapsed_ms: Option<i64>,
    cost: Option<i64>,
    count: i64,
    last_at: Option<i64>,
    call_id: Option<i64>,
    store: Option<String>,
    upstream_id: Option<String>,
}

/// The columns of a [`StoredAudit`], in its order. `number` is the column that numbers rows.
fn columns(number: &str) -> String {
    format!(
        "a.{number} AS number, a.at, a.action, a.request_id, a.person, a.client_id, a.workspace, \
         a.grant_id, a.subject, a.outcome, a.access, a.elapsed_ms, a.cost, a.count, a.last_at, \
         a.call_id, CASE WHEN a.call_id IS NULL THEN (SELECT s.id FROM store_state s) END AS store, \
         w.upstream_id"
    )
}

/// Selects rows with all names that people know their ids by.
fn named(number: &str) -> String {
    format!(
        "SELECT {}, p.email, w.name AS workspace_name, COALESCE(g.label, g.key_name) AS connection \
         FROM audit a LEFT JOIN people p ON p.id = a.person \
         LEFT JOIN workspaces w ON w.id = a.workspace LEFT JOIN grants g ON g.id = a.grant_id",
        columns(number)
    )
}

/// Selects rows as they are exported: the API's id of the workspace is the only name.
pub(super) fn exported(number: &str) -> String {
    format!(
        "SELECT {} FROM audit a LEFT JOIN workspaces w ON w.id = a.workspace",
        columns(number)
    )
}

/// Makes the statement that finds rows. It has a condition for each part of the filter and no other,
/// so that the database sees which index serves it.
pub(super) fn select<DB>(number: &str, filter: &AuditFilter, most: u32) -> QueryBuilder<DB>
where
    DB: Database,
    DB::Arguments: Default,
    String: for<'t> Encode<'t, DB> + Type<DB>,
    i64: for<'t> Encode<'t, DB> + Type<DB>,
{
    let mut query = QueryBuilder::new(named(number));
    query.push(" WHERE a.at >= ");
    query.push_bind(filter.since.map_or(0, millis));
    if let Some(until) = filter.until {
        query.push(" AND a.at <= ").push_bind(millis(until));
    }
    let texts = [
        ("workspace", &filter.workspace),
        ("person", &filter.person),
        ("request_id", &filter.request_id),
    ];
    for (column, text) in texts {
        if let Some(text) = text {
            query.push(format_args!(" AND a.{column} = "));
            query.push_bind(text.clone());
        }
    }
    if let Some(client) = &filter.client {
        query.push(" AND (a.client_id = ").push_bind(client.clone());
        query.push(" OR a.grant_id IN (SELECT c.id FROM grants c WHERE (FALSE");
        // Not every database knows the lower case of letters beyond ASCII: these are found as typed.
        for (name, pattern) in [
            ("lower(c.key_name)", containing(&client.to_lowercase())),
            ("lower(c.label)", containing(&client.to_lowercase())),
            ("c.key_name", containing(client)),
            ("c.label", containing(client)),
        ] {
            query.push(format_args!(" OR {name} LIKE "));
            query.push_bind(pattern).push(" ESCAPE '\\'");
        }
        query.push(")");
        if let Some(workspace) = &filter.workspace {
            query.push(" AND c.workspace = ");
            query.push_bind(workspace.clone());
        }
        query.push("))");
    }
    if let Some(tool) = &filter.tool {
        // A call by an earlier name has both names.
        let alias = format!("{tool} (as ");
        query.push(" AND a.call_id IS NOT NULL AND (a.subject = ");
        query.push_bind(tool.clone());
        query.push(" OR substr(a.subject, 1, ");
        query.push(alias.chars().count()).push(") = ");
        query.push_bind(alias).push(")");
    }
    if let Some(after) = filter.after {
        query.push(format_args!(" AND (a.at, a.{number}) < ("));
        query.push_bind(after.at).push(", ");
        query.push_bind(after.row).push(")");
    }
    query.push(format_args!(" ORDER BY a.at DESC, a.{number} DESC LIMIT "));
    query.push_bind(i64::from(most) + 1);
    query
}

/// Returns the pattern of texts that contain this one.
fn containing(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\");
    let escaped = escaped.replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// Reads a row with its names.
pub(super) fn decode(row: &impl StoredRow) -> Result<AuditRow> {
    let mut decoded = decode_exported(row)?;
    let names = &mut decoded.names;
    names.email = row.optional_text("email")?;
    names.workspace = row.optional_text("workspace_name")?;
    names.connection = row.optional_text("connection")?;
    Ok(decoded)
}

/// Reads a row of [`exported`].
pub(super) fn decode_exported(row: &impl StoredRow) -> Result<AuditRow> {
    let stored = StoredAudit {
        number: row.number("number")?,
        at: row.number("at")?,
        action: row.text("action")?,
        request_id: row.text("request_id")?,
        person: row.optional_text("person")?,
        client_id: row.optional_text("client_id")?,
        workspace: row.optional_text("workspace")?,
        grant_id: row.optional_text("grant_id")?,
        subject: row.optional_text("subject")?,
        outcome: row.optional_text("outcome")?,
        access: row.optional_text("access")?,
        elapsed_ms: row.optional_number("elapsed_ms")?,
        cost: row.optional_number("cost")?,
        count: row.number("count")?,
        last_at: row.optional_number("last_at")?,
        call_id: row.optional_number("call_id")?,
        store: row.optional_text("store")?,
        upstream_id: row.optional_text("upstream_id")?,
    };
    Ok(stored.into())
}

impl From<StoredAudit> for AuditRow {
    fn from(stored: StoredAudit) -> AuditRow {
        let id = match (stored.call_id, &stored.store) {
            (Some(call), _) => format!("call_{call:016x}"),
            (None, store) => {
                let store = store.as_deref().unwrap_or_default();
                let store = store.strip_prefix("sto_").unwrap_or(store);
                format!("evt_{store}_{}", stored.number)
            }
        };
        let kind = match &stored.client_id {
            Some(client) if client.starts_with(AGENT_PREFIX) => Some("agent"),
            None if stored.person.is_none() => None,
            _ => Some("user"),
        };
        let count = |number: i64| u64::try_from(number).ok();
        AuditRow {
            id,
            kind,
            at: time(stored.at),
            action: stored.action,
            request_id: stored.request_id,
            person: stored.person,
            client_id: stored.client_id,
            workspace: stored.workspace,
            grant: stored.grant_id,
            subject: stored.subject,
            outcome: stored.outcome,
            access: stored.access,
            elapsed_ms: stored.elapsed_ms.and_then(count),
            cost: stored.cost.and_then(count),
            count: count(stored.count).unwrap_or(0),
            last_at: stored.last_at.map(time),
            names: AuditNames {
                upstream_workspace: stored.upstream_id,
                ..AuditNames::default()
            },
            row: stored.number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_with_wildcards_is_matched_literally() {
        assert_eq!(containing("a_b%\\"), "%a\\_b\\%\\\\%");
    }
}
