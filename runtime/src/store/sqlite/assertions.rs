//! Assertions of identity providers, and the grants that come of them.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::audit::record;
use super::authorizations::may_connect;
use super::database::Sqlite;
use super::keys::{forget_oldest, put_tokens};
use super::{upstream_key_intents, upstream_keys};
use crate::model::{
    Action, Asserted, AssertedGrant, AssertedToken, Cause, GrantId, KnownAssertion, NewTokens,
    PersonId, Scopes, WorkspaceId, bounds,
};
use crate::store::event::About;
use crate::store::rows::{StoredRow as _, millis};
use crate::store::{Assertions, Result, decode};
use crate::token::Digest;

#[async_trait]
impl Assertions for Sqlite {
    async fn assertion(&self, id: Digest, now: SystemTime) -> Result<Option<KnownAssertion>> {
        let row = sqlx::query(
            "SELECT content, client_id, grant_id FROM identity_assertions \
             WHERE id = ? AND expires > ?",
        )
        .bind(id.as_bytes())
        .bind(millis(now))
        .fetch_optional(&self.reader)
        .await?;
        row.map(|row| decode::known_assertion(id, &row)).transpose()
    }

    async fn grant_assertion(
        &self,
        grant: &AssertedGrant,
        token: &AssertedToken,
        cause: &Cause,
    ) -> Result<Asserted> {
        let mut tx = self.begin().await?;
        let found = may_connect(&mut tx, Some(&grant.person), &grant.workspace).await?;
        if found.is_none_or(|upstream| upstream != grant.upstream_id) {
            return Ok(Asserted::NotAMember);
        }
        if was_revoked_since(&mut tx, grant).await? {
            return Ok(Asserted::Ended);
        }
        let former = find(&mut tx, grant, cause).await?;
        if former.is_none() && grant.has_key && grant.upstream_key.is_none() {
            return Ok(Asserted::KeyNeeded);
        }
        let id = former.as_ref().unwrap_or(&grant.grant);
        if !note(&mut tx, grant, id, cause).await? {
            return Ok(Asserted::Known);
        }
        if former.is_none() {
            insert(&mut tx, grant, cause).await?;
            let scopes = grant.scopes.to_string();
            let about = About {
                person: Some(grant.person.as_str()),
                workspace: Some(grant.workspace.as_str()),
                grant: Some(id.as_str()),
                subject: Some(&scopes),
            };
            record(&mut tx, cause, Action::AssertionGranted, about).await?;
            if let Some(key) = &grant.upstream_key {
                if !upstream_key_intents::fulfil(&mut tx, id).await? {
                    return Ok(Asserted::KeyTakenBack);
                }
                upstream_keys::put(&mut tx, id, &grant.workspace, key, cause).await?;
            }
        }
        let asserted = issue(&mut tx, id, &grant.scopes, token, cause).await?;
        self.commit(tx).await?;
        Ok(asserted)
    }

    async fn continue_grant(
        &self,
        grant: &GrantId,
        person: &PersonId,
        token: &AssertedToken,
        cause: &Cause,
    ) -> Result<Asserted> {
        let mut tx = self.begin().await?;
        let found = sqlx::query(
            "SELECT workspace, scopes FROM grants WHERE id = ? AND person = ? \
             AND issuer IS NOT NULL AND revoked IS NULL AND expires > ?",
        )
        .bind(grant.as_str())
        .bind(person.as_str())
        .bind(millis(cause.at))
        .fetch_optional(&mut *tx)
        .await?;
        let Some(found) = found else {
            return Ok(Asserted::Ended);
        };
        let workspace = WorkspaceId::stored(found.text("workspace")?);
        let may = may_connect(&mut tx, Some(person), &workspace).await?;
        if may.is_none() {
            return Ok(Asserted::NotAMember);
        }
        let scopes = decode::scopes(&found, "scopes")?;
        let asserted = issue(&mut tx, grant, &scopes, token, cause).await?;
        self.commit(tx).await?;
        Ok(asserted)
    }

    async fn refuse_assertion(&self, reason: &str, cause: &Cause) -> Result<()> {
        let mut tx = self.begin().await?;
        let about = About {
            subject: Some(reason),
            ..About::default()
        };
        record(&mut tx, cause, Action::AssertionRefused, about).await?;
        self.finish(tx).await
    }
}

/// Whether a grant for the same person, workspace, client and resource was revoked after the issuer made
/// the assertion.
async fn was_revoked_since(tx: &mut SqliteConnection, grant: &AssertedGrant) -> Result<bool> {
    let revoked = sqlx::query(
        "SELECT 1 FROM grants WHERE person = ? AND workspace = ? AND client_id = ? AND resource = ? \
         AND issuer = ? AND revoked >= ? LIMIT 1",
    )
    .bind(grant.person.as_str())
    .bind(grant.workspace.as_str())
    .bind(grant.assertion.client.as_str())
    .bind(grant.resource.as_str())
    .bind(&grant.issuer)
    .bind(millis(grant.issued))
    .fetch_optional(tx)
    .await?;
    Ok(revoked.is_some())
}

/// Finds the grant that an assertion continues. One whose key at the API is being revoked is none.
async fn find(
    tx: &mut SqliteConnection,
    grant: &AssertedGrant,
    cause: &Cause,
) -> Result<Option<GrantId>> {
    let row = sqlx::query(
        "SELECT id FROM grants WHERE person = ?1 AND workspace = ?2 AND client_id = ?3 \
         AND resource = ?4 AND issuer = ?5 AND scopes = ?6 AND revoked IS NULL AND expires > ?7 \
         AND (NOT ?8 OR EXISTS (SELECT 1 FROM upstream_keys u WHERE u.grant_id = grants.id \
         AND u.due IS NULL)) ORDER BY created DESC, id LIMIT 1",
    )
    .bind(grant.person.as_str())
    .bind(grant.workspace.as_str())
    .bind(grant.assertion.client.as_str())
    .bind(grant.resource.as_str())
    .bind(&grant.issuer)
    .bind(grant.scopes.to_string())
    .bind(millis(cause.at))
    .bind(grant.has_key)
    .fetch_optional(tx)
    .await?;
    row.map(|row| Ok(GrantId::stored(row.text("id")?)))
        .transpose()
}

/// Notes that an assertion is exchanged. Returns whether it was not before.
async fn note(
    tx: &mut SqliteConnection,
    grant: &AssertedGrant,
    id: &GrantId,
    cause: &Cause,
) -> Result<bool> {
    let assertion = &grant.assertion;
    // One that has expired is only not forgotten yet.
    sqlx::query("DELETE FROM identity_assertions WHERE id = ? AND expires <= ?")
        .bind(assertion.id.as_bytes())
        .bind(millis(cause.at))
        .execute(&mut *tx)
        .await?;
    let noted = sqlx::query(
        "INSERT INTO identity_assertions (id, content, client_id, grant_id, expires) \
         VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(assertion.id.as_bytes())
    .bind(assertion.content.as_bytes())
    .bind(assertion.client.as_str())
    .bind(id.as_str())
    .bind(millis(grant.expires))
    .execute(tx)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// Makes the grant of an assertion.
async fn insert(tx: &mut SqliteConnection, grant: &AssertedGrant, cause: &Cause) -> Result<()> {
    sqlx::query(
        "INSERT INTO grants (id, person, workspace, client_id, client_name, key_name, redirect_uri, \
         redirect_host, resource, scopes, refreshes, code_challenge, signed_in, created, exchanged, \
         issuer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', '', ?7, ?8, FALSE, '', ?9, ?10, ?10, ?11)",
    )
    .bind(grant.grant.as_str())
    .bind(grant.person.as_str())
    .bind(grant.workspace.as_str())
    .bind(grant.assertion.client.as_str())
    .bind(&grant.client_name)
    .bind(&grant.key_name)
    .bind(grant.resource.as_str())
    .bind(grant.scopes.to_string())
    .bind(millis(grant.issued))
    .bind(millis(cause.at))
    .bind(&grant.issuer)
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps the access token of an exchange, which lets the grant last longer. Its oldest access tokens are
/// forgotten where there are too many.
async fn issue(
    tx: &mut SqliteConnection,
    grant: &GrantId,
    granted: &Scopes,
    token: &AssertedToken,
    cause: &Cause,
) -> Result<Asserted> {
    let scopes = token.scopes.within(granted);
    let tokens = NewTokens {
        access: token.digest,
        access_expires: Some(token.expires),
        refresh: None,
    };
    let narrowed = (scopes != *granted).then_some(&scopes);
    put_tokens(tx, grant, &tokens, narrowed, millis(cause.at)).await?;
    sqlx::query("UPDATE grants SET expires = ? WHERE id = ?")
        .bind(millis(cause.at + bounds::ASSERTED_GRANT))
        .bind(grant.as_str())
        .execute(&mut *tx)
        .await?;
    forget_oldest(tx, grant).await?;
    let about = About {
        grant: Some(grant.as_str()),
        ..About::default()
    };
    record(tx, cause, Action::AssertionExchanged, about).await?;
    Ok(Asserted::Granted {
        grant: grant.clone(),
        scopes,
    })
}
