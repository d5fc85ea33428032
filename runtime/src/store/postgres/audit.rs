//! The audit, and what goes where there are too many rows.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row as _};

use super::database::Postgres;
use super::text::storable;
use super::usage;
use crate::model::{Action, AuditFilter, AuditPage, Cause, ToolCall};
use crate::store::Result;
use crate::store::audit_log::{self, AuditLog};
use crate::store::event::{
    About, Event, OwnerOfGrant, ROWS_A_MINUTE, SharedRows, Trim, UNKNOWN, WAITING, keep,
};
use crate::store::usage::days_of;

/// The most calls that one statement stores.
const CALLS: usize = 1000;
/// The most rows that one statement forgets.
const PURGED: i64 = 10_000;
/// After which part of the most rows they are counted: so many may be there beyond them, for each
/// process.
const COUNTED: u64 = 100;
/// The advisory lock of the one process that removes rows: two would remove twice as many.
const TRIM_LOCK: i64 = 0x6472_6177_0000_0002;

/// Writes an event down.
pub(super) async fn record(
    tx: &mut PgConnection,
    cause: &Cause,
    action: Action,
    about: About<'_>,
) -> Result<()> {
    let grant = grant_of(tx, cause, about).await?;
    let mut event = Event::new(cause, action, about, grant.as_ref());
    if let Some(rows) = event.shared() {
        if count(tx, event.at, &rows.own).await? {
            return Ok(());
        }
        event = match is_full(tx, &rows).await? {
            false => Event {
                repeats: Some(rows.own),
                ..event
            },
            true => event.anonymous(&rows),
        };
    }
    insert(tx, &event).await
}

/// Finds out whose a grant is, where an event does not say it.
async fn grant_of(
    tx: &mut PgConnection,
    cause: &Cause,
    about: About<'_>,
) -> Result<Option<OwnerOfGrant>> {
    let Some(grant) = about.grant.filter(|_| about.is_incomplete(cause)) else {
        return Ok(None);
    };
    let row = sqlx::query("SELECT person, workspace, client_id FROM grants WHERE id = $1")
        .bind(grant)
        .fetch_optional(tx)
        .await?;
    row.as_ref().map(OwnerOfGrant::decode).transpose()
}

async fn insert(tx: &mut PgConnection, event: &Event<'_>) -> Result<()> {
    sqlx::query(
        "INSERT INTO audit (at, request_id, action, person, client_id, workspace, grant_id, \
         subject, keep, repeats, pending_export) \
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, exports_audit FROM store_state \
         ON CONFLICT (repeats) WHERE repeats IS NOT NULL \
         DO UPDATE SET count = audit.count + 1, last_at = excluded.at, \
         pending_export = excluded.pending_export",
    )
    .bind(event.at)
    .bind(event.request_id)
    .bind(event.action.as_str())
    .bind(event.person.map(storable))
    .bind(event.client.map(storable))
    .bind(event.about.workspace.map(storable))
    .bind(event.about.grant.map(storable))
    .bind(event.about.subject.map(storable))
    .bind(keep(event.action))
    .bind(event.repeats.as_ref().map(<[u8; 16]>::as_slice))
    .execute(tx)
    .await?;
    Ok(())
}

/// Counts an event in the row for its minute. Returns whether there is one.
async fn count(tx: &mut PgConnection, at: i64, key: &[u8; 16]) -> Result<bool> {
    let statement = "UPDATE audit SET count = count + 1, last_at = $1, \
                     pending_export = (SELECT exports_audit FROM store_state) WHERE repeats = $2";
    let counted = sqlx::query(statement)
        .bind(at)
        .bind(key.as_slice())
        .execute(tx)
        .await?;
    Ok(counted.rows_affected() > 0)
}

/// Reports whether a group has all the rows that it may have.
async fn is_full(tx: &mut PgConnection, rows: &SharedRows) -> Result<bool> {
    let row = sqlx::query(
        "SELECT COUNT(*) FROM (SELECT 1 FROM audit WHERE repeats BETWEEN $1 AND $2 LIMIT $3) AS rows",
    )
    .bind(rows.first.as_slice())
    .bind(rows.others.as_slice())
    .bind(ROWS_A_MINUTE)
    .fetch_one(tx)
    .await?;
    Ok(row.try_get::<i64, _>(0)? >= ROWS_A_MINUTE)
}

/// Writes calls of tools down. Each statement stores them in the order of their ids, so that two
/// processes that store the same calls wait for each other and are not in a deadlock.
pub(super) async fn record_calls(tx: &mut PgConnection, calls: &[ToolCall<'_>]) -> Result<()> {
    let mut calls: Vec<_> = calls.iter().collect();
    calls.sort_by_key(|call| call.id);
    let mut stored = Vec::new();
    for some in calls.chunks(CALLS) {
        stored.extend(insert_calls(tx, some).await?);
    }
    usage::count(tx, &days_of(calls.into_iter(), &stored)).await
}

/// Each column of the calls is one array: a statement with a value for each column of each call is
/// planned anew for each number of calls. Returns the ids of those that are new, or have ended since
/// they were stored.
async fn insert_calls(tx: &mut PgConnection, calls: &[&ToolCall<'_>]) -> Result<Vec<i64>> {
    fn texts<'a>(
        calls: &'a [&'a ToolCall<'_>],
        text: fn(&'a ToolCall<'_>) -> &'a str,
    ) -> Vec<Cow<'a, str>> {
        calls.iter().map(|call| storable(text(call))).collect()
    }
    let stored = sqlx::query_scalar(
        "INSERT INTO audit (call_id, at, request_id, person, client_id, workspace, grant_id, subject, \
         outcome, access, elapsed_ms, cost, action, keep, pending_export, pending_metering) \
         SELECT *, $13, $14, (SELECT exports_audit FROM store_state), \
         (SELECT exports_calls FROM store_state) FROM UNNEST($1::bigint[], $2::bigint[], $3::text[], $4::text[], \
         $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[], \
         $12::bigint[]) \
         ON CONFLICT (call_id) WHERE call_id IS NOT NULL DO UPDATE \
         SET at = excluded.at, outcome = excluded.outcome, elapsed_ms = excluded.elapsed_ms, \
         cost = excluded.cost, pending_export = excluded.pending_export, \
         pending_metering = excluded.pending_metering WHERE audit.outcome = $15 \
         RETURNING call_id",
    )
    .bind(calls.iter().map(|call| call.id).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.at).collect::<Vec<_>>())
    .bind(texts(calls, |call| &call.request_id))
    .bind(texts(calls, |call| &call.person))
    .bind(texts(calls, |call| &call.client_id))
    .bind(texts(calls, |call| &call.workspace))
    .bind(texts(calls, |call| &call.grant))
    .bind(texts(calls, |call| &call.tool))
    .bind(texts(calls, |call| call.outcome.unwrap_or(UNKNOWN)))
    .bind(calls.iter().map(|call| call.access).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.elapsed_ms).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.cost).collect::<Vec<_>>())
    .bind(Action::ToolCalled.as_str())
    .bind(keep(Action::ToolCalled))
    .bind(UNKNOWN)
    .fetch_all(tx)
    .await?;
    Ok(stored)
}

/// Forgets events that are older than `before`: so many at once that no caller waits for it.
pub(super) async fn purge(pool: &PgPool, before: i64) -> Result<()> {
    // Each has an index.
    for rows in [
        "keep IN (0, 1, 2) AND pending_export = 0 AND pending_metering = 0",
        "pending_export = 1",
        "pending_metering = 1",
    ] {
        let statement = format!(
            "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE {rows} AND at <= $1 \
             LIMIT $2 FOR UPDATE SKIP LOCKED)"
        );
        loop {
            let gone = sqlx::query(AssertSqlSafe(statement.clone()))
                .bind(before)
                .bind(PURGED)
                .execute(pool)
                .await?;
            if gone.rows_affected() < PURGED.unsigned_abs() {
                break;
            }
        }
    }
    Ok(())
}

#[async_trait]
impl AuditLog for Postgres {
    async fn audit(&self, filter: &AuditFilter, most: u32) -> Result<AuditPage> {
        let mut select = audit_log::select::<sqlx::Postgres>("seq", filter, most);
        let rows = select.build().fetch_all(&self.reader).await?;
        let rows: Result<Vec<_>> = rows.iter().map(audit_log::decode).collect();
        Ok(AuditPage::of(rows?, most))
    }
}

impl Postgres {
    /// Keeps at most so many rows of the audit, and a hundredth more for each process.
    #[must_use]
    pub(crate) fn keeping(mut self, audit_rows: u64) -> Postgres {
        self.audit_rows = audit_rows;
        self
    }

    /// Counts rows that were just written, and removes some where there are too many. The change that
    /// wrote them is made, so that its caller neither waits for this nor fails with it.
    pub(super) fn written(&self, rows: u64) {
        let before = self.written.fetch_add(rows, Ordering::Relaxed);
        let written = before.saturating_add(rows);
        if written < (self.audit_rows / COUNTED).max(1) {
            return;
        }
        self.written.store(0, Ordering::Relaxed);
        let store = self.clone();
        tokio::spawn(async move {
            if let Err(error) = store.trim_audit().await {
                tracing::warn!(%error, "the rows of the audit could not be counted");
            }
        });
    }

    async fn trim_audit(&self) -> Result<()> {
        loop {
            let mut tx = self.writer.begin().await?;
            let is_first: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
                .bind(TRIM_LOCK)
                .fetch_one(&mut *tx)
                .await?;
            if !is_first {
                return Ok(());
            }
            let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM audit")
                .fetch_one(&mut *tx)
                .await?;
            let rows = rows.try_into().unwrap_or(0);
            if rows <= self.audit_rows {
                return Ok(());
            }
            // Rows that wait for a sink stay, and do not count: no other row goes in their place.
            let waiting: i64 = sqlx::query_scalar(WAITING).fetch_one(&mut *tx).await?;
            let rows = rows.saturating_sub(waiting.try_into().unwrap_or(0));
            let Some(trim) = Trim::of(rows, self.audit_rows) else {
                return Ok(());
            };
            let mut left = trim.rows;
            for (keep, spare) in trim.kinds {
                let gone = sqlx::query(
                    "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE keep = $1 \
                     AND pending_export = 0 AND pending_metering = 0 AND EXISTS \
                     (SELECT 1 FROM audit WHERE keep = $1 AND pending_export = 0 \
                     AND pending_metering = 0 LIMIT 1 OFFSET $2) ORDER BY at, seq LIMIT $3 \
                     FOR UPDATE SKIP LOCKED)",
                )
                .bind(keep)
                .bind(spare)
                .bind(i64::try_from(left).unwrap_or(i64::MAX))
                .execute(&mut *tx)
                .await?;
                left = left.saturating_sub(gone.rows_affected());
                if left == 0 {
                    break;
                }
            }
            tx.commit().await?;
            if left > 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::secret::Secret;
    use crate::store::Keys as _;

    #[tokio::test]
    async fn calls_that_are_stored_at_once_are_trimmed_and_locked_rows_are_passed_over() {
        let Ok(server) = postgres_server::shared() else {
            assert!(std::env::var_os("REQUIRE_ALL").is_none());
            return;
        };
        let url = Secret::new(&server.database().unwrap());
        let store = Postgres::open(&url).await.unwrap().keeping(1000);
        let call = |id| ToolCall {
            id,
            request_id: "req_1".into(),
            person: "per_1".into(),
            client_id: "client".into(),
            workspace: "wsp_1".into(),
            grant: "grt_1".into(),
            tool: "list".into(),
            at: id,
            outcome: Some("ok"),
            access: Some("read"),
            elapsed_ms: Some(5),
            cost: Some(1),
        };
        store.tools_called(&[call(1)]).await.unwrap();
        // Another change counts in the oldest row, and takes its time.
        let mut tx = store.begin_beside().await.unwrap();
        let lock = sqlx::query("UPDATE audit SET count = count WHERE call_id = 1");
        lock.execute(&mut *tx).await.unwrap();
        let calls: Vec<_> = (2..=1100).map(call).collect();
        store.tools_called(&calls).await.unwrap();
        let begun = Instant::now();
        let rows = async |store: &Postgres| -> i64 {
            let count = sqlx::query_scalar("SELECT COUNT(*) FROM audit");
            count.fetch_one(&store.reader).await.unwrap()
        };
        while rows(&store).await > 1000 {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "nothing is removed"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tx.commit().await.unwrap();
        let oldest = sqlx::query_scalar("SELECT MIN(call_id) FROM audit");
        let oldest: i64 = oldest.fetch_one(&store.reader).await.unwrap();
        assert_eq!(oldest, 1);
    }
}
