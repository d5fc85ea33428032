//! Rows of the audit on their way to a sink.

use std::sync::atomic::Ordering;
use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, QueryBuilder};

use super::database::Sqlite;
use crate::model::{AuditRow, Sink};
use crate::store::audit_log::{self, StoredAudit};
use crate::store::event::UNKNOWN;
use crate::store::rows::millis;
use crate::store::{AuditExport, Result, StoreError};

#[async_trait]
impl AuditExport for Sqlite {
    async fn export_to(&self, sinks: &[Sink]) -> Result<u64> {
        let [audit, calls] = [Sink::Audit, Sink::Metering].map(|it| i64::from(sinks.contains(&it)));
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE store_state SET exports_audit = ?1, exports_calls = ?2")
            .bind(audit)
            .bind(calls)
            .execute(&mut *tx)
            .await?;
        let mut released = 0;
        // What waits for a sink that is no longer configured would wait for ever.
        for (is_configured, statement) in [
            (
                audit,
                "UPDATE audit SET pending_export = 0 WHERE pending_export = 1",
            ),
            (
                calls,
                "UPDATE audit SET pending_metering = 0 WHERE pending_metering = 1",
            ),
        ] {
            if is_configured == 0 {
                let cleared = sqlx::query(statement).execute(&mut *tx).await?;
                released += cleared.rows_affected();
            }
        }
        self.audit_counted.store(0, Ordering::Relaxed);
        self.finish(tx).await?;
        Ok(released)
    }

    async fn waiting(&self, sink: Sink, begun: SystemTime, most: u32) -> Result<Vec<AuditRow>> {
        // All rows are one value: each row of an answer is handed from thread to thread by itself, and
        // costs more than the rest of it.
        let mut query = QueryBuilder::<sqlx::Sqlite>::new(
            "SELECT json_group_array(json_array(number, at, action, request_id, person, client_id, \
             workspace, grant_id, subject, outcome, access, elapsed_ms, cost, count, last_at, call_id, \
             store, upstream_id)) FROM (",
        );
        query.push(audit_log::exported("id"));
        let pending = sink.columns().pending;
        query.push(format_args!(" WHERE a.{pending} = 1"));
        query.push(" AND (a.outcome IS NULL OR a.outcome <> ");
        query.push_bind(UNKNOWN).push(" OR a.at < ");
        query.push_bind(millis(begun));
        query.push(") ORDER BY a.id LIMIT ");
        query.push_bind(i64::from(most)).push(")");
        let rows: String = query.build_query_scalar().fetch_one(&self.reader).await?;
        let rows: Vec<StoredAudit> =
            serde_json::from_str(&rows).map_err(|error| StoreError(error.into()))?;
        let mut rows: Vec<AuditRow> = rows.into_iter().map(AuditRow::from).collect();
        // What is aggregated has no order.
        rows.sort_by_key(|row| row.row);
        Ok(rows)
    }

    async fn received(&self, sink: Sink, rows: &[AuditRow]) -> Result<()> {
        let rows = rows.iter().map(|row| {
            let outcome = row.outcome.as_deref();
            (row.row, row.count, outcome)
        });
        let rows = serde_json::to_string(&rows.collect::<Vec<_>>())
            .map_err(|error| StoreError(error.into()))?;
        let pending = sink.columns().pending;
        let statement = format!(
            "UPDATE audit SET {pending} = 0 FROM json_each(?) r WHERE audit.id = r.value ->> 0 \
             AND audit.count = r.value ->> 1 AND audit.outcome IS r.value ->> 2"
        );
        let mut tx = self.begin().await?;
        sqlx::query(AssertSqlSafe(statement))
            .bind(rows)
            .execute(&mut *tx)
            .await?;
        // Rows that wait no longer may be removed.
        self.audit_counted.store(0, Ordering::Relaxed);
        self.finish(tx).await
    }

    async fn lease_sink(
        &self,
        sink: Sink,
        holder: &str,
        now: SystemTime,
        until: SystemTime,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let leased = sqlx::query(
            "INSERT INTO export_leases (sink, holder, until) VALUES (?1, ?2, ?3) \
             ON CONFLICT (sink) DO UPDATE SET holder = excluded.holder, until = excluded.until \
             WHERE export_leases.holder = excluded.holder OR export_leases.until <= ?4",
        )
        .bind(sink.columns().name)
        .bind(holder)
        .bind(millis(until))
        .bind(millis(now))
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await?;
        Ok(leased.rows_affected() > 0)
    }

    async fn release_sink(&self, sink: Sink, holder: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM export_leases WHERE sink = ?1 AND holder = ?2")
            .bind(sink.columns().name)
            .bind(holder)
            .execute(&mut *tx)
            .await?;
        self.finish(tx).await
    }
}
