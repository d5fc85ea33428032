//! Rows of the audit on their way to a sink.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, QueryBuilder};

use super::database::Postgres;
use crate::model::{AuditRow, Sink};
use crate::store::audit_log;
use crate::store::event::UNKNOWN;
use crate::store::rows::millis;
use crate::store::{AuditExport, Result};

/// The most rows that one statement changes.
const RELEASED: i64 = 10_000;

#[async_trait]
impl AuditExport for Postgres {
    async fn export_to(&self, sinks: &[Sink]) -> Result<u64> {
        let [audit, calls] = [Sink::Audit, Sink::Metering].map(|it| i64::from(sinks.contains(&it)));
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE store_state SET exports_audit = $1, exports_calls = $2")
            .bind(audit)
            .bind(calls)
            .execute(&mut *tx)
            .await?;
        self.finish(tx).await?;
        // What waits for a sink that is no longer configured would wait for ever.
        let mut released = 0;
        for sink in [Sink::Audit, Sink::Metering] {
            if !sinks.contains(&sink) {
                released += self.release(sink).await?;
            }
        }
        Ok(released)
    }

    async fn waiting(&self, sink: Sink, begun: SystemTime, most: u32) -> Result<Vec<AuditRow>> {
        let mut query = QueryBuilder::<sqlx::Postgres>::new(audit_log::exported("seq"));
        let pending = sink.columns().pending;
        query.push(format_args!(" WHERE a.{pending} = 1"));
        query.push(" AND (a.outcome IS NULL OR a.outcome <> ");
        query.push_bind(UNKNOWN).push(" OR a.at < ");
        query.push_bind(millis(begun));
        query.push(") ORDER BY a.seq LIMIT ");
        query.push_bind(i64::from(most));
        let rows = query.build().fetch_all(&self.reader).await?;
        rows.iter().map(audit_log::decode_exported).collect()
    }

    async fn received(&self, sink: Sink, rows: &[AuditRow]) -> Result<()> {
        let pending = sink.columns().pending;
        // Rows that another change has locked are sent once more: no change waits for this one.
        let statement = format!(
            "UPDATE audit SET {pending} = 0 WHERE seq IN (SELECT a.seq FROM audit a \
             JOIN UNNEST($1::bigint[], $2::bigint[], $3::text[]) AS r (seq, count, outcome) \
             ON a.seq = r.seq AND a.count = r.count AND a.outcome IS NOT DISTINCT FROM r.outcome \
             FOR UPDATE OF a SKIP LOCKED)"
        );
        let count = |count| i64::try_from(count).unwrap_or(i64::MAX);
        let outcome = |row: &AuditRow| row.outcome.clone();
        sqlx::query(AssertSqlSafe(statement))
            .bind(rows.iter().map(|row| row.row).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| count(row.count)).collect::<Vec<_>>())
            .bind(rows.iter().map(outcome).collect::<Vec<_>>())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    async fn lease_sink(
        &self,
        sink: Sink,
        holder: &str,
        now: SystemTime,
        until: SystemTime,
    ) -> Result<bool> {
        let leased = sqlx::query(
            "INSERT INTO export_leases (sink, holder, until) VALUES ($1, $2, $3) \
             ON CONFLICT (sink) DO UPDATE SET holder = excluded.holder, until = excluded.until \
             WHERE export_leases.holder = excluded.holder OR export_leases.until <= $4",
        )
        .bind(sink.columns().name)
        .bind(holder)
        .bind(millis(until))
        .bind(millis(now))
        .execute(&self.writer)
        .await?;
        Ok(leased.rows_affected() > 0)
    }

    async fn release_sink(&self, sink: Sink, holder: &str) -> Result<()> {
        sqlx::query("DELETE FROM export_leases WHERE sink = $1 AND holder = $2")
            .bind(sink.columns().name)
            .bind(holder)
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

impl Postgres {
    /// Has no row wait for a sink: so many at once that each statement ends in time. Returns how many
    /// waited.
    async fn release(&self, sink: Sink) -> Result<u64> {
        let pending = sink.columns().pending;
        let statement = format!(
            "UPDATE audit SET {pending} = 0 WHERE seq IN (SELECT seq FROM audit \
             WHERE {pending} = 1 ORDER BY seq LIMIT $1 FOR UPDATE)"
        );
        let mut released = 0;
        loop {
            let changed = sqlx::query(AssertSqlSafe(statement.clone()))
                .bind(RELEASED)
                .execute(&self.writer)
                .await?;
            released += changed.rows_affected();
            if changed.rows_affected() < RELEASED.unsigned_abs() {
                return Ok(released);
            }
        }
    }
}
