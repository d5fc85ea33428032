//! Grants, which are API keys, and their tokens.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;

use super::audit::{record, record_calls};
use super::database::Postgres;
use super::grant_end::end_grant;
use super::workspaces::requester;
use crate::model::{
    Action, Authentication, Cause, ClientId, GrantId, IssuedRefreshToken, Key, NewTokens, PersonId,
    RevocationReason, Rotation, Scopes, Subject, Successor, ToolCall, bounds,
};
use crate::store::event::About;
use crate::store::rows::{StoredRow as _, millis};
use crate::store::{Keys, Result, decode};
use crate::token::Digest;

/// Locks the grant of a refresh token until the transaction ends, so that the changes of one grant
/// happen one after the other.
const LOCK_GRANT: &str = "SELECT 1 FROM grants WHERE id = \
     (SELECT grant_id FROM refresh_tokens WHERE digest = $1) FOR UPDATE";

/// How many of the latest calls of a client in a workspace are looked at for the tools that a key
/// was last used for.
const LATEST_CALLS: i64 = 500;

#[async_trait]
impl Keys for Postgres {
    async fn refresh_token(&self, token: Digest) -> Result<Option<IssuedRefreshToken>> {
        let select = "SELECT g.id, g.person, g.client_id, g.resource, g.scopes, w.suspended \
             FROM refresh_tokens r \
             JOIN grants g ON g.id = r.grant_id JOIN workspaces w ON w.id = g.workspace \
             JOIN memberships m ON m.person = g.person AND m.workspace = g.workspace \
             WHERE r.digest = $1";
        let row = sqlx::query(select)
            .bind(token.as_bytes())
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(decode::issued_refresh_token).transpose()
    }

    async fn rotate(
        &self,
        token: Digest,
        successor: &Successor,
        cause: &Cause,
    ) -> Result<Rotation> {
        let mut tx = self.begin_beside().await?;
        sqlx::query(LOCK_GRANT)
            .bind(token.as_bytes())
            .execute(&mut *tx)
            .await?;
        let at = millis(cause.at);
        let repeat_until = millis(cause.at + successor.overlap);
        let rotated = sqlx::query(
            "UPDATE refresh_tokens SET rotated = $1, repeat_until = $2, salt = $3, \
             access_expires = $4, access_scopes = $6 \
             WHERE digest = $5 AND rotated IS NULL AND expires > $1 \
             AND EXISTS (SELECT 1 FROM grants g JOIN memberships m \
             ON m.person = g.person AND m.workspace = g.workspace WHERE g.id = grant_id) \
             RETURNING grant_id",
        )
        .bind(at)
        .bind(repeat_until)
        .bind(&successor.salt[..])
        .bind(successor.tokens.access_expires.map(millis))
        .bind(token.as_bytes())
        .bind(successor.access_scopes.as_ref().map(Scopes::to_string))
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = rotated else {
            return repeated(self, tx, token, cause).await;
        };
        let grant = GrantId::stored(row.text("grant_id")?);
        // The tokens of the rotation before can no longer be repeated.
        sqlx::query("UPDATE refresh_tokens SET salt = NULL WHERE grant_id = $1 AND digest <> $2")
            .bind(grant.as_str())
            .bind(token.as_bytes())
            .execute(&mut *tx)
            .await?;
        // Calls on their way carry the access token of before.
        sqlx::query(
            "UPDATE access_tokens SET expires = LEAST(COALESCE(expires, $1), $1) WHERE grant_id = $2",
        )
        .bind(repeat_until)
        .bind(grant.as_str())
        .execute(&mut *tx)
        .await?;
        let scopes = successor.access_scopes.as_ref();
        put_tokens(&mut tx, &grant, &successor.tokens, scopes, at).await?;
        forget_oldest(&mut tx, &grant).await?;
        let about = About {
            grant: Some(grant.as_str()),
            ..About::default()
        };
        record(&mut tx, cause, Action::TokenRefreshed, about).await?;
        self.commit(tx).await?;
        Ok(Rotation::Rotated)
    }

    async fn token_refused(&self, grant: &GrantId, cause: &Cause) -> Result<()> {
        let mut tx = self.begin_beside().await?;
        let about = About {
            grant: Some(grant.as_str()),
            ..About::default()
        };
        record(&mut tx, cause, Action::TokenRefused, about).await?;
        self.commit(tx).await?;
        Ok(())
    }

    async fn authenticate(&self, token: Digest, now: SystemTime) -> Result<Authentication> {
        let select = "SELECT a.expires, g.id, g.person, g.client_id, g.resource, g.last_used, \
             COALESCE(a.scopes, g.scopes) AS scopes, \
             w.id AS workspace, w.name AS workspace_name, w.upstream_id, w.suspended, \
             u.key_id, u.sealed_with, u.sealed, \
             (SELECT MIN(COALESCE(i.due, i.created + 2592000000)) FROM identities i \
             WHERE i.person = g.person) AS recheck \
             FROM access_tokens a JOIN grants g ON g.id = a.grant_id \
             JOIN workspaces w ON w.id = g.workspace \
             JOIN memberships m ON m.person = g.person AND m.workspace = g.workspace \
             LEFT JOIN upstream_keys u ON u.grant_id = g.id \
             WHERE a.digest = $1 AND (a.expires IS NULL OR a.expires > $2) AND g.revoked IS NULL";
        let row = sqlx::query(select)
            .bind(token.as_bytes())
            .bind(millis(now))
            .fetch_optional(&self.reader)
            .await?;
        let Some(row) = row else {
            return Ok(Authentication::Invalid);
        };
        Ok(Authentication::Active(Arc::new(decode::access_token(
            &row,
        )?)))
    }

    async fn subject(&self, grant: &GrantId) -> Result<Option<Subject>> {
        let row = sqlx::query(
            "SELECT g.signed_in, p.id AS person, p.email, p.name, p.created AS person_created \
             FROM grants g JOIN people p ON p.id = g.person WHERE g.id = $1",
        )
        .bind(grant.as_str())
        .fetch_optional(&self.reader)
        .await?;
        row.as_ref().map(decode::subject).transpose()
    }

    async fn used(&self, grant: &GrantId, at: SystemTime) -> Result<()> {
        let mut tx = self.begin_beside().await?;
        sqlx::query(
            "UPDATE grants SET last_used = $1 WHERE id = $2 AND COALESCE(last_used, 0) < $1",
        )
        .bind(millis(at))
        .bind(grant.as_str())
        .execute(&mut *tx)
        .await?;
        self.commit(tx).await
    }

    async fn tools_called(&self, calls: &[ToolCall<'_>]) -> Result<()> {
        if calls.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin_beside().await?;
        record_calls(&mut tx, calls).await?;
        self.finish_with(tx, calls.len()).await
    }

    async fn revoke_token(&self, token: Digest, cause: &Cause) -> Result<bool> {
        let client = cause.client.as_ref();
        // Strangers, who bring any token, do not have others wait for their turn to write.
        let row = grant_of_token(token, client)
            .fetch_optional(&self.reader)
            .await?;
        if row.is_none() {
            return Ok(false);
        }
        let mut tx = self.begin().await?;
        let row = grant_of_token(token, client)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(row) = row else {
            return Ok(false);
        };
        let grant = GrantId::stored(row.text("id")?);
        let ended = end_grant(&mut tx, &grant, RevocationReason::Client, cause).await?;
        self.commit(tx).await?;
        Ok(ended)
    }

    async fn revoke(
        &self,
        grant: &GrantId,
        reason: RevocationReason,
        cause: &Cause,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let found = sqlx::query("SELECT person, workspace FROM grants WHERE id = $1")
            .bind(grant.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        let Some(found) = found else {
            return Ok(false);
        };
        let requester = requester(&mut tx, &found.text("workspace")?, cause).await?;
        let person = PersonId::stored(found.text("person")?);
        if !requester.revokes_grant_of(&person) {
            return Ok(false);
        }
        let ended = end_grant(&mut tx, grant, reason, cause).await?;
        self.commit(tx).await?;
        Ok(ended)
    }

    async fn revoke_all(&self, cause: &Cause) -> Result<u64> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query("SELECT id FROM grants WHERE person = $1 AND revoked IS NULL")
            .bind(cause.person.as_ref().map(PersonId::as_str))
            .fetch_all(&mut *tx)
            .await?;
        let mut ended = 0;
        for row in rows {
            let grant = GrantId::stored(row.text("id")?);
            if end_grant(&mut tx, &grant, RevocationReason::Person, cause).await? {
                ended += 1;
            }
        }
        self.commit(tx).await?;
        Ok(ended)
    }

    async fn rename_key(
        &self,
        grant: &GrantId,
        label: Option<&str>,
        cause: &Cause,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let renamed = sqlx::query(
            "UPDATE grants SET label = $1 WHERE id = $2 AND person = $3 AND revoked IS NULL",
        )
        .bind(label)
        .bind(grant.as_str())
        .bind(cause.person.as_ref().map(PersonId::as_str))
        .execute(&mut *tx)
        .await?;
        if renamed.rows_affected() == 0 {
            return Ok(false);
        }
        let about = About {
            grant: Some(grant.as_str()),
            ..About::default()
        };
        record(&mut tx, cause, Action::KeyRenamed, about).await?;
        self.finish(tx).await?;
        Ok(true)
    }

    async fn keys(&self, person: &PersonId, now: SystemTime, most: u32) -> Result<Vec<Key>> {
        let rows = sqlx::query(
            "SELECT g.id, g.client_id, c.kind, c.credential, g.person, g.workspace, g.key_name, g.label, g.client_name, g.redirect_uri, \
             g.redirect_host, g.scopes, g.resource, g.created, g.last_used, g.expires, g.revoked, \
             g.reason, g.issuer, p.email, p.name, p.created AS person_created, \
             w.name AS workspace_name, w.upstream_id, w.suspended, EXISTS (SELECT 1 FROM upstream_keys u \
             WHERE u.grant_id = g.id AND u.failure IS NOT NULL) AS upstream_key_left, \
             (SELECT string_agg(subject, ' ' ORDER BY last DESC) FROM (SELECT subject, MAX(at) AS last \
             FROM (SELECT subject, grant_id, at FROM audit WHERE workspace = g.workspace \
             AND client_id = g.client_id AND call_id IS NOT NULL ORDER BY at DESC LIMIT $4) latest \
             WHERE grant_id = g.id GROUP BY subject ORDER BY last DESC LIMIT 3) tools) AS last_tools \
             FROM grants g JOIN people p ON p.id = g.person \
             JOIN workspaces w ON w.id = g.workspace LEFT JOIN agents c ON c.grant_id = g.id \
             WHERE g.exchanged IS NOT NULL AND (g.person = $1 OR EXISTS \
             (SELECT 1 FROM memberships m WHERE m.workspace = g.workspace AND m.person = $1 \
             AND m.role = 'owner')) ORDER BY g.revoked IS NOT NULL OR COALESCE(g.expires <= $2, FALSE), \
             g.created DESC, g.id LIMIT $3",
        )
        .bind(person.as_str())
        .bind(millis(now))
        .bind(i64::from(most))
        .bind(LATEST_CALLS)
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(decode::key).collect()
    }
}

/// The grant of a token of either kind, if it is one of this client.
fn grant_of_token(
    token: Digest,
    client: Option<&ClientId>,
) -> Query<'static, sqlx::Postgres, PgArguments> {
    sqlx::query(
        "SELECT id FROM grants WHERE client_id = $1 AND id IN \
         (SELECT grant_id FROM access_tokens WHERE digest = $2 \
         UNION ALL SELECT grant_id FROM refresh_tokens WHERE digest = $2)",
    )
    .bind(client.map(|client| client.as_str().to_owned()))
    .bind(token.as_bytes().to_vec())
}

/// Forgets the oldest tokens of a grant whose client refreshes over and over.
pub(super) async fn forget_oldest(tx: &mut PgConnection, grant: &GrantId) -> sqlx::Result<()> {
    for statement in [
        "DELETE FROM refresh_tokens WHERE grant_id = $1 AND seq NOT IN (SELECT seq FROM \
         refresh_tokens WHERE grant_id = $1 ORDER BY seq DESC LIMIT $2)",
        "DELETE FROM access_tokens WHERE grant_id = $1 AND seq NOT IN (SELECT seq FROM \
         access_tokens WHERE grant_id = $1 ORDER BY seq DESC LIMIT $2)",
    ] {
        sqlx::query(statement)
            .bind(grant.as_str())
            .bind(i64::from(bounds::TOKENS_OF_GRANT))
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// Keeps the tokens of one issue, which is what a client counts as used by. Without `access_scopes`
/// the access token has all that was granted.
pub(super) async fn put_tokens(
    tx: &mut PgConnection,
    grant: &GrantId,
    tokens: &NewTokens,
    access_scopes: Option<&Scopes>,
    at: i64,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO access_tokens (digest, grant_id, expires, scopes) VALUES ($1, $2, $3, $4)",
    )
    .bind(tokens.access.as_bytes())
    .bind(grant.as_str())
    .bind(tokens.access_expires.map(millis))
    .bind(access_scopes.map(Scopes::to_string))
    .execute(&mut *tx)
    .await?;
    if let Some(refresh) = &tokens.refresh {
        sqlx::query("INSERT INTO refresh_tokens (digest, grant_id, expires) VALUES ($1, $2, $3)")
            .bind(refresh.digest.as_bytes())
            .bind(grant.as_str())
            .bind(millis(refresh.expires))
            .execute(&mut *tx)
            .await?;
    }
    let ends = match &tokens.refresh {
        Some(refresh) => Some(refresh.expires),
        None => tokens.access_expires,
    };
    sqlx::query("UPDATE grants SET expires = $1 WHERE id = $2")
        .bind(ends.map(millis))
        .bind(grant.as_str())
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "UPDATE clients SET last_used = $1 WHERE id = (SELECT client_id FROM grants WHERE id = $2)",
    )
    .bind(at)
    .bind(grant.as_str())
    .execute(tx)
    .await?;
    Ok(())
}

/// A refresh token that cannot be rotated: if it was rotated already, the successor is returned
/// again, or the grant ends.
async fn repeated(
    store: &Postgres,
    mut tx: super::transaction::Transaction,
    token: Digest,
    cause: &Cause,
) -> Result<Rotation> {
    let row = sqlx::query(
        "SELECT grant_id, salt, access_expires, access_scopes, repeat_until FROM refresh_tokens \
         WHERE digest = $1 AND rotated IS NOT NULL",
    )
    .bind(token.as_bytes())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else {
        return Ok(Rotation::Expired);
    };
    if let Some(repeated) = decode::repetition(&row, millis(cause.at))? {
        return Ok(repeated);
    }
    let grant = GrantId::stored(row.text("grant_id")?);
    let about = About {
        grant: Some(grant.as_str()),
        ..About::default()
    };
    record(&mut tx, cause, Action::RefreshTokenReused, about).await?;
    end_grant(&mut tx, &grant, RevocationReason::RefreshTokenReused, cause).await?;
    store.commit(tx).await?;
    Ok(Rotation::Reused)
}
