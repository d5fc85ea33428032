//! Authorization requests on their way to an answer, and the codes that come of them.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::PgConnection;

use super::audit::record;
use super::database::Postgres;
use super::grant_end::end_grant;
use super::keys::put_tokens;
use super::{upstream_key_intents, upstream_keys};
use crate::model::{
    Action, Answered, Approval, Cause, GrantId, IssuedCode, NewTokens, Pending, PersonId,
    Redemption, RevocationReason, Seen, Transaction, WorkspaceId, bounds,
};
use crate::store::event::About;
use crate::store::rows::{StoredRow as _, millis, to_json};
use crate::store::{Authorizations, Result, Share, decode};
use crate::token::Digest;

/// Locks the grant of a code until the transaction ends, so that the changes of one grant happen one
/// after the other.
const LOCK_GRANT: &str = "SELECT 1 FROM grants WHERE id = \
     (SELECT grant_id FROM codes WHERE digest = $1) FOR UPDATE";

#[async_trait]
impl Authorizations for Postgres {
    async fn begin(
        &self,
        handle: Digest,
        browser: Digest,
        transaction: &Transaction,
        expires: SystemTime,
        share: Share,
        cause: &Cause,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO transactions (handle, browser, request, client_name, refreshes, \
             workspace, expires, source, seen, person) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(handle.as_bytes())
        .bind(browser.as_bytes())
        .bind(to_json(&transaction.request)?)
        .bind(&transaction.client_name)
        .bind(transaction.refreshes)
        .bind(transaction.workspace.as_ref().map(WorkspaceId::as_str))
        .bind(millis(expires))
        .bind(share.source.as_bytes())
        .bind(transaction.seen != Seen::No || cause.person.is_some())
        .bind(cause.person.as_ref().map(PersonId::as_str))
        .execute(&mut *tx)
        .await?;
        give_way(&mut tx, handle, share, cause.person.as_ref()).await?;
        if cause.person.is_some() {
            record(&mut tx, cause, Action::AuthorizeStarted, About::default()).await?;
        }
        self.finish(tx).await
    }

    async fn seen(&self, handle: Digest, browser: Digest, seen: &Seen) -> Result<()> {
        let person = match seen {
            Seen::No | Seen::BySomebody => None,
            Seen::By(person) => Some(person),
        };
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE transactions SET seen = TRUE, person = COALESCE($1, person) \
             WHERE handle = $2 AND browser = $3",
        )
        .bind(person.map(PersonId::as_str))
        .bind(handle.as_bytes())
        .bind(browser.as_bytes())
        .execute(&mut *tx)
        .await?;
        if let Some(person) = person {
            give_way_of_person(&mut tx, handle, person).await?;
        }
        self.finish(tx).await
    }

    async fn pending(&self, handle: Digest, browser: Digest, now: SystemTime) -> Result<Pending> {
        let row = sqlx::query(
            "SELECT browser, person, seen, request, client_name, refreshes, workspace \
             FROM transactions WHERE handle = $1 AND expires > $2",
        )
        .bind(handle.as_bytes())
        .bind(millis(now))
        .fetch_optional(&self.reader)
        .await?;
        let Some(row) = row else {
            return Ok(Pending::Over);
        };
        if row.bytes("browser")? != browser.as_bytes() {
            return Ok(Pending::OtherBrowser);
        }
        Ok(Pending::Found(Box::new(decode::transaction(&row)?)))
    }

    async fn choose_workspace(
        &self,
        handle: Digest,
        browser: Digest,
        workspace: &WorkspaceId,
        cause: &Cause,
    ) -> Result<Answered> {
        let mut tx = self.begin().await?;
        let about = About {
            workspace: Some(workspace.as_str()),
            ..About::default()
        };
        if may_connect(&mut tx, cause.person.as_ref(), workspace)
            .await?
            .is_none()
        {
            record(&mut tx, cause, Action::ConsentRefused, about).await?;
            self.commit(tx).await?;
            return Ok(Answered::NotAMember);
        }
        let chosen = sqlx::query(
            "UPDATE transactions SET workspace = $1 WHERE handle = $2 AND browser = $3 AND expires > $4",
        )
        .bind(workspace.as_str())
        .bind(handle.as_bytes())
        .bind(browser.as_bytes())
        .bind(millis(cause.at))
        .execute(&mut *tx)
        .await?;
        if chosen.rows_affected() == 0 {
            return Ok(Answered::Over);
        }
        record(&mut tx, cause, Action::WorkspaceChosen, about).await?;
        self.commit(tx).await?;
        Ok(Answered::Done)
    }

    async fn deny(&self, handle: Digest, browser: Digest, cause: &Cause) -> Result<Answered> {
        let mut tx = self.begin().await?;
        let Some(pending) = take(&mut tx, handle, browser, cause).await? else {
            return Ok(Answered::Over);
        };
        let cause = cause.clone().through(&pending.request.client_id);
        let about = About {
            workspace: pending.workspace.as_ref().map(WorkspaceId::as_str),
            ..About::default()
        };
        record(&mut tx, &cause, Action::ConsentDenied, about).await?;
        self.commit(tx).await?;
        Ok(Answered::Done)
    }

    async fn approve(
        &self,
        handle: Digest,
        browser: Digest,
        approval: &Approval,
        cause: &Cause,
    ) -> Result<Answered> {
        let mut tx = self.begin().await?;
        // A key that was made for one of the API's workspaces never serves another.
        let found = may_connect(&mut tx, Some(&approval.person), &approval.workspace).await?;
        if found.is_none_or(|upstream_id| upstream_id != approval.upstream_id) {
            let about = About {
                workspace: Some(approval.workspace.as_str()),
                ..About::default()
            };
            record(&mut tx, cause, Action::ConsentRefused, about).await?;
            self.commit(tx).await?;
            return Ok(Answered::NotAMember);
        }
        let Some(pending) = take(&mut tx, handle, browser, cause).await? else {
            return Ok(Answered::Over);
        };
        let request = &pending.request;
        sqlx::query(
            "INSERT INTO grants (id, person, workspace, client_id, client_name, key_name, \
             redirect_uri, redirect_host, resource, scopes, refreshes, code_challenge, signed_in, \
             created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        )
        .bind(approval.grant.as_str())
        .bind(approval.person.as_str())
        .bind(approval.workspace.as_str())
        .bind(request.client_id.as_str())
        .bind(&pending.client_name)
        .bind(&approval.key_name)
        .bind(request.redirect_uri.as_str())
        .bind(&approval.redirect_host)
        .bind(request.resource.as_str())
        .bind(approval.scopes.to_string())
        .bind(approval.refreshes)
        .bind(request.code_challenge.as_str())
        .bind(millis(approval.signed_in))
        .bind(millis(cause.at))
        .execute(&mut *tx)
        .await?;
        sqlx::query("INSERT INTO codes (digest, grant_id, expires, nonce) VALUES ($1, $2, $3, $4)")
            .bind(approval.code.as_bytes())
            .bind(approval.grant.as_str())
            .bind(millis(approval.code_expires))
            .bind(&request.nonce)
            .execute(&mut *tx)
            .await?;
        let scopes = approval.scopes.to_string();
        let about = About {
            workspace: Some(approval.workspace.as_str()),
            grant: Some(approval.grant.as_str()),
            subject: Some(&scopes),
            ..About::default()
        };
        let cause = cause.clone().through(&request.client_id);
        record(&mut tx, &cause, Action::ConsentApproved, about).await?;
        if let Some(key) = &approval.upstream_key {
            if !upstream_key_intents::fulfil(&mut tx, &approval.grant).await? {
                return Ok(Answered::KeyTakenBack);
            }
            let (grant, workspace) = (&approval.grant, &approval.workspace);
            upstream_keys::put(&mut tx, grant, workspace, key, &cause).await?;
        }
        self.commit(tx).await?;
        Ok(Answered::Done)
    }

    async fn consent_refused(&self, cause: &Cause) -> Result<()> {
        let mut tx = self.begin_beside().await?;
        record(&mut tx, cause, Action::ConsentRefused, About::default()).await?;
        self.finish(tx).await
    }

    async fn code(&self, code: Digest) -> Result<Option<IssuedCode>> {
        let select = "SELECT g.id, g.client_id, g.redirect_uri, g.code_challenge, g.resource, g.scopes, \
             g.refreshes, c.nonce FROM codes c JOIN grants g ON g.id = c.grant_id \
             JOIN memberships m ON m.person = g.person AND m.workspace = g.workspace \
             WHERE c.digest = $1";
        let row = sqlx::query(select)
            .bind(code.as_bytes())
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(decode::issued_code).transpose()
    }

    async fn redeem(&self, code: Digest, tokens: &NewTokens, cause: &Cause) -> Result<Redemption> {
        let mut tx = self.begin_beside().await?;
        let at = millis(cause.at);
        sqlx::query(LOCK_GRANT)
            .bind(code.as_bytes())
            .execute(&mut *tx)
            .await?;
        let redeemed = sqlx::query(
            "UPDATE codes SET redeemed = $1 WHERE digest = $2 AND redeemed IS NULL \
             AND expires > $1 AND EXISTS (SELECT 1 FROM grants g JOIN memberships m \
             ON m.person = g.person AND m.workspace = g.workspace WHERE g.id = grant_id) \
             RETURNING grant_id",
        )
        .bind(at)
        .bind(code.as_bytes())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = redeemed else {
            return replayed(self, tx, code, cause).await;
        };
        let grant = GrantId::stored(row.text("grant_id")?);
        sqlx::query("UPDATE grants SET exchanged = $1 WHERE id = $2")
            .bind(at)
            .bind(grant.as_str())
            .execute(&mut *tx)
            .await?;
        put_tokens(&mut tx, &grant, tokens, None, at).await?;
        let about = About {
            grant: Some(grant.as_str()),
            ..About::default()
        };
        record(&mut tx, cause, Action::TokenIssued, about).await?;
        self.commit(tx).await?;
        Ok(Redemption::Redeemed)
    }
}

/// A code that cannot be redeemed: where that is because it was, its grant ends.
async fn replayed(
    store: &Postgres,
    mut tx: super::transaction::Transaction,
    code: Digest,
    cause: &Cause,
) -> Result<Redemption> {
    let row = sqlx::query("SELECT grant_id FROM codes WHERE digest = $1 AND redeemed IS NOT NULL")
        .bind(code.as_bytes())
        .fetch_optional(&mut *tx)
        .await?;
    let Some(row) = row else {
        return Ok(Redemption::Expired);
    };
    let grant = GrantId::stored(row.text("grant_id")?);
    let about = About {
        grant: Some(grant.as_str()),
        ..About::default()
    };
    record(&mut tx, cause, Action::CodeReplayed, about).await?;
    end_grant(&mut tx, &grant, RevocationReason::CodeReplayed, cause).await?;
    store.commit(tx).await?;
    Ok(Redemption::Replayed)
}

/// Takes away what a source has beyond its share, but the one that just came: those without a
/// viewer first, then those without a signed-in person, each the oldest first. A person's own requests give
/// way to each other.
async fn give_way(
    tx: &mut PgConnection,
    newest: Digest,
    share: Share,
    person: Option<&PersonId>,
) -> Result<()> {
    sqlx::query(
        "DELETE FROM transactions WHERE handle IN (SELECT handle FROM transactions \
         WHERE source = $1 ORDER BY handle = $2 DESC, person IS NOT NULL DESC, seen DESC, \
         expires DESC OFFSET $3)",
    )
    .bind(share.source.as_bytes())
    .bind(newest.as_bytes())
    .bind(i64::from(share.most))
    .execute(&mut *tx)
    .await?;
    match person {
        Some(person) => give_way_of_person(tx, newest, person).await,
        None => Ok(()),
    }
}

async fn give_way_of_person(
    tx: &mut PgConnection,
    newest: Digest,
    person: &PersonId,
) -> Result<()> {
    sqlx::query(
        "DELETE FROM transactions WHERE handle IN (SELECT handle FROM transactions \
         WHERE person = $1 ORDER BY handle = $3 DESC, expires DESC OFFSET $2)",
    )
    .bind(person.as_str())
    .bind(i64::from(bounds::REQUESTS_OF_PERSON))
    .bind(newest.as_bytes())
    .execute(tx)
    .await?;
    Ok(())
}

/// Takes a pending transaction away.
async fn take(
    tx: &mut PgConnection,
    handle: Digest,
    browser: Digest,
    cause: &Cause,
) -> Result<Option<Transaction>> {
    let row = sqlx::query(
        "DELETE FROM transactions WHERE handle = $1 AND browser = $2 AND expires > $3 \
         RETURNING person, seen, request, client_name, refreshes, workspace",
    )
    .bind(handle.as_bytes())
    .bind(browser.as_bytes())
    .bind(millis(cause.at))
    .fetch_optional(tx)
    .await?;
    row.as_ref().map(decode::transaction).transpose()
}

/// Finds out whether a person may connect clients to a workspace: as its member, as long as it is
/// not suspended, and the account not disabled. Returns the API's id of it, or `None` where they may not.
pub(super) async fn may_connect(
    tx: &mut PgConnection,
    person: Option<&PersonId>,
    workspace: &WorkspaceId,
) -> Result<Option<Option<String>>> {
    let row = sqlx::query(
        "SELECT w.upstream_id FROM memberships m JOIN workspaces w ON w.id = m.workspace \
         JOIN people p ON p.id = m.person AND p.disabled IS NULL WHERE m.person = $1 AND m.workspace = $2 AND w.suspended IS NULL",
    )
    .bind(person.map(PersonId::as_str))
    .bind(workspace.as_str())
    .fetch_optional(tx)
    .await?;
    row.map(|row| row.optional_text("upstream_id")).transpose()
}
