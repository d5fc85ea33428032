//! Rows of the audit, found by client, workspace, person, tool, request and time.

use std::fmt::Debug;

use async_trait::async_trait;
use sqlx::{Database, Encode, QueryBuilder, Type};

use super::Result;
use super::rows::{StoredRow, millis};
use crate::model::{AGENT_PREFIX, AuditFilter, AuditNames, AuditPage, AuditRow};

/// Finds rows of the audit.
#[async_trait]
pub(crate) trait AuditLog: Debug + Send + Sync {
    /// Finds rows, the latest first: at most so many, and where the next page begins.
    async fn audit(&self, filter: &AuditFilter, most: u32) -> Result<AuditPage>;
}

/// The columns of a row, with the names that people know its ids by. `number` is the column that
/// numbers rows.
pub(super) fn columns(number: &str) -> String {
    format!(
        "SELECT a.{number} AS number, a.at, a.action, a.request_id, a.person, a.client_id, \
         a.workspace, a.grant_id, a.subject, a.outcome, a.access, a.elapsed_ms, a.cost, a.count, \
         a.last_at, a.call_id, (SELECT s.id FROM store_state s) AS store, p.email, \
         w.name AS workspace_name, w.upstream_id, COALESCE(g.label, g.key_name) AS connection \
         FROM audit a LEFT JOIN people p ON p.id = a.person \
         LEFT JOIN workspaces w ON w.id = a.workspace LEFT JOIN grants g ON g.id = a.grant_id"
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
    let mut query = QueryBuilder::new(columns(number));
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

/// Reads a row of [`columns`].
pub(super) fn decode(row: &impl StoredRow) -> Result<AuditRow> {
    let number = row.number("number")?;
    let optional_count = |column: &str| -> Result<Option<u64>> {
        let number = row.optional_number(column)?;
        Ok(number.and_then(|number| u64::try_from(number).ok()))
    };
    let id = match row.optional_number("call_id")? {
        Some(call) => format!("call_{call:016x}"),
        None => {
            let store = row.text("store")?;
            let store = store.strip_prefix("sto_").unwrap_or(&store);
            format!("evt_{store}_{number}")
        }
    };
    let (client_id, person) = (
        row.optional_text("client_id")?,
        row.optional_text("person")?,
    );
    let kind = match &client_id {
        Some(client) if client.starts_with(AGENT_PREFIX) => Some("agent"),
        None if person.is_none() => None,
        _ => Some("user"),
    };
    Ok(AuditRow {
        id,
        kind,
        at: row.time("at")?,
        action: row.text("action")?,
        request_id: row.text("request_id")?,
        person,
        client_id,
        workspace: row.optional_text("workspace")?,
        grant: row.optional_text("grant_id")?,
        subject: row.optional_text("subject")?,
        outcome: row.optional_text("outcome")?,
        access: row.optional_text("access")?,
        elapsed_ms: optional_count("elapsed_ms")?,
        cost: optional_count("cost")?,
        count: row.count("count")?,
        last_at: row.optional_time("last_at")?,
        names: AuditNames {
            email: row.optional_text("email")?,
            workspace: row.optional_text("workspace_name")?,
            upstream_workspace: row.optional_text("upstream_id")?,
            connection: row.optional_text("connection")?,
        },
        row: number,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_with_wildcards_is_matched_literally() {
        assert_eq!(containing("a_b%\\"), "%a\\_b\\%\\\\%");
    }
}
