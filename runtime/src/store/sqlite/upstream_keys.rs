//! Keys that were made at the API for grants.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::{Row, SqliteConnection};

use super::audit::record;
use super::database::Sqlite;
use super::upstream_key_intents;
use crate::model::{Action, Cause, GrantId, SealedKey, WorkspaceId};
use crate::store::event::About;
use crate::store::rows::millis;
use crate::store::{EndedUpstreamKey, Result, UpstreamKeyState, UpstreamKeys, decode};

#[async_trait]
impl UpstreamKeys for Sqlite {
    async fn drop_upstream_key(
        &self,
        grant: &GrantId,
        workspace: &WorkspaceId,
        key: &str,
        cause: &Cause,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO upstream_keys (grant_id, workspace, key_id, due) VALUES (?, ?, ?, ?)",
        )
        .bind(grant.as_str())
        .bind(workspace.as_str())
        .bind(key)
        .bind(millis(cause.at))
        .execute(&mut *tx)
        .await?;
        upstream_key_intents::take(&mut tx, grant).await?;
        let about = About {
            workspace: Some(workspace.as_str()),
            grant: Some(grant.as_str()),
            subject: Some(key),
            ..About::default()
        };
        record(&mut tx, cause, Action::UpstreamKeyDropped, about).await?;
        self.commit(tx).await
    }

    async fn end_unused_upstream_keys(&self, cause: &Cause) -> Result<u64> {
        let mut tx = self.begin().await?;
        let ended = sqlx::query(
            "UPDATE upstream_keys SET due = ?1, sealed = NULL, sealed_with = NULL \
             WHERE due IS NULL AND NOT EXISTS (SELECT 1 FROM grants g \
             JOIN memberships m ON m.person = g.person AND m.workspace = g.workspace \
             WHERE g.id = grant_id AND g.revoked IS NULL AND (EXISTS (SELECT 1 FROM codes c WHERE c.grant_id = g.id \
             AND c.redeemed IS NULL AND c.expires > ?1) \
             OR EXISTS (SELECT 1 FROM access_tokens a WHERE a.grant_id = g.id \
             AND (a.expires IS NULL OR a.expires > ?1)) \
             OR EXISTS (SELECT 1 FROM refresh_tokens r WHERE r.grant_id = g.id \
             AND r.rotated IS NULL AND r.expires > ?1) \
             OR (g.issuer IS NOT NULL AND g.expires > ?1))) \
             RETURNING grant_id, workspace, key_id",
        )
        .bind(millis(cause.at))
        .fetch_all(&mut *tx)
        .await?;
        for row in &ended {
            let about = About {
                workspace: Some(row.try_get("workspace")?),
                grant: Some(row.try_get("grant_id")?),
                subject: Some(row.try_get("key_id")?),
                ..About::default()
            };
            record(&mut tx, cause, Action::GrantExpired, about).await?;
        }
        match ended.is_empty() {
            true => tx.rollback().await?,
            false => self.commit(tx).await?,
        }
        Ok(ended.len() as u64)
    }

    async fn claim_ended_upstream_keys(
        &self,
        most: u32,
        now: SystemTime,
        until: SystemTime,
    ) -> Result<Vec<EndedUpstreamKey>> {
        // Most of the time there is nothing to do, and no caller should wait for that.
        let due = sqlx::query("SELECT 1 FROM upstream_keys WHERE due <= ? LIMIT 1")
            .bind(millis(now))
            .fetch_optional(&self.reader)
            .await?;
        if due.is_none() {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let rows = sqlx::query(
            "UPDATE upstream_keys SET due = ?1, attempts = attempts + 1 WHERE grant_id IN \
             (SELECT grant_id FROM upstream_keys WHERE due <= ?2 ORDER BY due LIMIT ?3) \
             RETURNING grant_id, key_id, attempts",
        )
        .bind(millis(until))
        .bind(millis(now))
        .bind(most)
        .fetch_all(&mut *tx)
        .await?;
        self.finish(tx).await?;
        rows.iter().map(decode::ended_upstream_key).collect()
    }

    async fn upstream_key_revoked(&self, grant: &GrantId, cause: &Cause) -> Result<()> {
        let mut tx = self.begin().await?;
        let gone = sqlx::query(
            "DELETE FROM upstream_keys WHERE grant_id = ? AND due IS NOT NULL \
             RETURNING workspace, key_id",
        )
        .bind(grant.as_str())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(gone) = gone else {
            return Ok(());
        };
        let about = About {
            workspace: Some(gone.try_get("workspace")?),
            grant: Some(grant.as_str()),
            subject: Some(gone.try_get("key_id")?),
            ..About::default()
        };
        record(&mut tx, cause, Action::UpstreamKeyRevoked, about).await?;
        self.commit(tx).await
    }

    async fn upstream_key_not_revoked(
        &self,
        grant: &GrantId,
        reason: &str,
        retry: SystemTime,
        cause: &Cause,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let kept = sqlx::query(
            "UPDATE upstream_keys SET due = ?, failure = ? \
             WHERE grant_id = ? AND due IS NOT NULL RETURNING workspace",
        )
        .bind(millis(retry))
        .bind(reason)
        .bind(grant.as_str())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(kept) = kept else {
            return Ok(());
        };
        let about = About {
            workspace: Some(kept.try_get("workspace")?),
            grant: Some(grant.as_str()),
            subject: Some(reason),
            ..About::default()
        };
        record(&mut tx, cause, Action::UpstreamKeyNotRevoked, about).await?;
        self.commit(tx).await
    }

    async fn upstream_keys(&self) -> Result<UpstreamKeyState> {
        let rows = sqlx::query("SELECT sealed_with, due FROM upstream_keys")
            .fetch_all(&self.reader)
            .await?;
        let mut state = UpstreamKeyState::default();
        for row in rows {
            state
                .sealed_with
                .extend(row.try_get::<Option<String>, _>("sealed_with")?);
            if row.try_get::<Option<i64>, _>("due")?.is_some() {
                state.to_revoke += 1;
            }
        }
        let intents = sqlx::query("SELECT COUNT(*) FROM upstream_key_intents")
            .fetch_one(&self.reader)
            .await?;
        state.intended = intents.try_get::<i64, _>(0)?.try_into().unwrap_or(0);
        Ok(state)
    }
}

/// Keeps the key of a grant that is being made.
pub(super) async fn put(
    tx: &mut SqliteConnection,
    grant: &GrantId,
    workspace: &WorkspaceId,
    key: &SealedKey,
    cause: &Cause,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO upstream_keys (grant_id, workspace, key_id, sealed_with, sealed) \
         VALUES (?, ?, ?, ?, ?)",
    )
    .bind(grant.as_str())
    .bind(workspace.as_str())
    .bind(&key.id)
    .bind(&key.sealed_with)
    .bind(&key.sealed)
    .execute(&mut *tx)
    .await?;
    let about = About {
        workspace: Some(workspace.as_str()),
        grant: Some(grant.as_str()),
        subject: Some(&key.id),
        ..About::default()
    };
    record(tx, cause, Action::UpstreamKeyMade, about).await
}

/// Forgets the key of a grant that ends, and leaves its id to be revoked at the API.
pub(super) async fn end(tx: &mut SqliteConnection, grant: &GrantId, cause: &Cause) -> Result<()> {
    sqlx::query(
        "UPDATE upstream_keys SET due = ?, sealed = NULL, sealed_with = NULL \
         WHERE grant_id = ? AND due IS NULL",
    )
    .bind(millis(cause.at))
    .bind(grant.as_str())
    .execute(tx)
    .await?;
    Ok(())
}
