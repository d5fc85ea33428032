//! Keys that the API is being asked for.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::{PgConnection, Row};

use super::audit::record;
use super::database::Postgres;
use super::text::storable;
use crate::model::{Action, Cause, GrantId, Order, WorkspaceId};
use crate::store::event::About;
use crate::store::rows::millis;
use crate::store::{Result, Settled, UpstreamKeyIntent, UpstreamKeyIntents, decode};

#[async_trait]
impl UpstreamKeyIntents for Postgres {
    async fn intend_upstream_key(
        &self,
        workspace: &WorkspaceId,
        order: &Order,
        asked: SystemTime,
        until: SystemTime,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO upstream_key_intents (grant_id, workspace, key_name, upstream_workspace, \
             access, asked, due) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&order.grant)
        .bind(workspace.as_str())
        .bind(&order.name)
        .bind(&order.workspace)
        .bind(decode::access_word(order.access))
        .bind(millis(asked))
        .bind(millis(until))
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await
    }

    async fn keep_upstream_key_intent(&self, grant: &GrantId, until: SystemTime) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE upstream_key_intents SET due = $1 WHERE grant_id = $2 AND attempts = 0",
        )
        .bind(millis(until))
        .bind(grant.as_str())
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await
    }

    async fn upstream_key_not_made(
        &self,
        grant: &GrantId,
        workspace: &WorkspaceId,
        reason: &str,
        look: Option<SystemTime>,
        cause: &Cause,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        match look {
            None => drop(take(&mut tx, grant).await?),
            Some(look) => {
                let statement = "UPDATE upstream_key_intents SET due = $1, failure = $2 \
                                 WHERE grant_id = $3 AND attempts = 0";
                sqlx::query(statement)
                    .bind(millis(look))
                    .bind(storable(reason))
                    .bind(grant.as_str())
                    .execute(&mut *tx)
                    .await?;
            }
        }
        let about = About {
            workspace: Some(workspace.as_str()),
            subject: Some(reason),
            ..About::default()
        };
        record(&mut tx, cause, Action::UpstreamKeyNotMade, about).await?;
        self.commit(tx).await
    }

    async fn claim_upstream_key_intents(
        &self,
        most: u32,
        now: SystemTime,
        until: SystemTime,
    ) -> Result<Vec<UpstreamKeyIntent>> {
        // Most of the time there is none, and no caller should wait for that.
        let due = sqlx::query("SELECT 1 FROM upstream_key_intents WHERE due <= $1 LIMIT 1")
            .bind(millis(now))
            .fetch_optional(&self.reader)
            .await?;
        if due.is_none() {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let rows = sqlx::query(
            "UPDATE upstream_key_intents SET due = $1, attempts = attempts + 1 WHERE grant_id IN \
             (SELECT grant_id FROM upstream_key_intents WHERE due <= $2 ORDER BY due LIMIT $3) \
             RETURNING grant_id, key_name, upstream_workspace, access, asked, attempts",
        )
        .bind(millis(until))
        .bind(millis(now))
        .bind(i64::from(most))
        .fetch_all(&mut *tx)
        .await?;
        self.finish(tx).await?;
        rows.iter().map(decode::upstream_key_intent).collect()
    }

    async fn settle_upstream_key_intent(
        &self,
        grant: &GrantId,
        settled: Settled<'_>,
        cause: &Cause,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let Some(workspace) = take(&mut tx, grant).await? else {
            return Ok(());
        };
        let about = |subject| About {
            workspace: Some(&workspace),
            grant: Some(grant.as_str()),
            subject,
            ..About::default()
        };
        match settled {
            Settled::NotMade => {
                let subject = Some("the API has no key of this connection");
                record(&mut tx, cause, Action::UpstreamKeyNotMade, about(subject)).await?;
            }
            Settled::Revoked(keys) => {
                for key in keys {
                    let subject = Some(key.as_str());
                    record(&mut tx, cause, Action::UpstreamKeyRevoked, about(subject)).await?;
                }
            }
            Settled::Unknown(name) => {
                let about = about(Some(name));
                record(&mut tx, cause, Action::UpstreamKeyUnknown, about).await?;
            }
        }
        self.commit(tx).await
    }

    async fn postpone_upstream_key_intent(
        &self,
        grant: &GrantId,
        failure: Option<&str>,
        retry: SystemTime,
        cause: &Cause,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let kept = sqlx::query(
            "UPDATE upstream_key_intents SET due = $1, failure = $2 WHERE grant_id = $3 \
             RETURNING workspace",
        )
        .bind(millis(retry))
        .bind(failure.map(storable))
        .bind(grant.as_str())
        .fetch_optional(&mut *tx)
        .await?;
        if let (Some(kept), Some(reason)) = (kept, failure) {
            let about = About {
                workspace: Some(kept.try_get("workspace")?),
                grant: Some(grant.as_str()),
                subject: Some(reason),
                ..About::default()
            };
            record(&mut tx, cause, Action::UpstreamKeyNotRevoked, about).await?;
        }
        self.commit(tx).await
    }
}

/// Takes the intent of a grant away, as it becomes one, unless somebody else has taken it on. Reports
/// whether it was there.
pub(super) async fn fulfil(tx: &mut PgConnection, grant: &GrantId) -> Result<bool> {
    let done = "DELETE FROM upstream_key_intents WHERE grant_id = $1 AND attempts = 0";
    let done = sqlx::query(done).bind(grant.as_str()).execute(tx).await?;
    Ok(done.rows_affected() > 0)
}

/// Removes an intent; returns its workspace.
pub(super) async fn take(tx: &mut PgConnection, grant: &GrantId) -> Result<Option<String>> {
    let row =
        sqlx::query("DELETE FROM upstream_key_intents WHERE grant_id = $1 RETURNING workspace")
            .bind(grant.as_str())
            .fetch_optional(tx)
            .await?;
    Ok(row.map(|row| row.try_get("workspace")).transpose()?)
}
