//! What is kept of sign-ins at the identity provider, so that they end when the provider ends them.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::accounts::{end_access, end_grants, forget_subjects};
use super::audit::record;
use super::database::Sqlite;
use super::identities::{assign, find_person};
use crate::model::{
    Action, Cause, GrantId, KeptSignIn, KeptSubject, LogoutRequest, PersonId, ProviderAccount,
    Recheck, RecheckRequest, RecheckTurn, Rechecked, RevocationReason, SubjectToken,
};
use crate::store::event::About;
use crate::store::rows::{StoredRow as _, millis, to_json};
use crate::store::{Rechecks, Result, decode};
use crate::token::Digest;

#[async_trait]
impl Rechecks for Sqlite {
    async fn keep_sign_in(&self, account: &ProviderAccount, kept: &KeptSignIn) -> Result<()> {
        let mut tx = self.begin().await?;
        let token = kept.token.as_ref();
        sqlx::query(
            "UPDATE identities SET \
             sealed_with = CASE WHEN ?3 THEN COALESCE(?1, sealed_with) ELSE ?1 END, \
             sealed = CASE WHEN ?3 THEN COALESCE(?2, sealed) ELSE ?2 END, \
             due = CASE WHEN COALESCE(?2, CASE WHEN ?3 THEN sealed END) IS NULL THEN ?5 ELSE ?4 END, \
             tried = ?6, lease = NULL WHERE issuer = ?7 AND subject = ?8",
        )
        .bind(token.map(|it| it.with.as_str()))
        .bind(token.map(|it| it.bytes.as_slice()))
        .bind(kept.keeps_former)
        .bind(millis(kept.check))
        .bind(millis(kept.end))
        .bind(millis(kept.at))
        .bind(&account.issuer)
        .bind(&account.subject)
        .execute(&mut *tx)
        .await?;
        if kept.subject.is_some() || !kept.keeps_former {
            let name = (account.issuer.as_str(), account.subject.as_str());
            keep_subject(&mut tx, name, kept.subject.as_ref()).await?;
        }
        self.finish(tx).await
    }

    async fn begin_recheck(
        &self,
        person: &PersonId,
        request: &RecheckRequest,
    ) -> Result<RecheckTurn> {
        let (at, tried_before) = (millis(request.at), request.tried_before.map(millis));
        let renewed = request.renewal.map(|it| millis(it.used_until));
        let renewed_before = request.renewal.map(|it| millis(it.tried_before));
        // A turn that ends later than any other server's could was taken before the clock was set back.
        let longest = 2 * millis(request.until) - at;
        // Most of the time nothing is due, and no transaction is opened.
        // What a server of an earlier version wrote has no `due`: it ends 30 days after the first sign-in.
        let kept = sqlx::query(
            "SELECT IFNULL(lease, 0) > ?1 AND IFNULL(lease, 0) <= ?4 AS leased \
             FROM identities WHERE person = ?2 \
             AND (IFNULL(due, created + 2592000000) <= ?1 OR (sealed IS NOT NULL AND (IFNULL(tried, 0) <= ?3 \
             OR IFNULL(subject_until, 0) <= ?5 AND (IFNULL(tried, 0) <= ?6 OR tried > ?1))))",
        )
        .bind(at)
        .bind(person.as_str())
        .bind(tried_before)
        .bind(longest)
        .bind(renewed)
        .bind(renewed_before)
        .fetch_optional(&self.reader)
        .await?;
        match kept {
            None => return Ok(RecheckTurn::None),
            Some(kept) if kept.flag("leased")? => return Ok(RecheckTurn::Other),
            Some(_) => {}
        }
        let mut tx = self.begin().await?;
        let taken = sqlx::query(
            "UPDATE identities SET lease = ?4 WHERE person = ?2 \
             AND (IFNULL(lease, 0) <= ?1 OR lease > ?5) \
             AND (IFNULL(due, created + 2592000000) <= ?1 OR (sealed IS NOT NULL AND (IFNULL(tried, 0) <= ?3 \
             OR IFNULL(subject_until, 0) <= ?6 AND (IFNULL(tried, 0) <= ?7 OR tried > ?1)))) \
             RETURNING person, issuer, subject, sealed_with, sealed",
        )
        .bind(at)
        .bind(person.as_str())
        .bind(tried_before)
        .bind(millis(request.until))
        .bind(longest)
        .bind(renewed)
        .bind(renewed_before)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(taken) = taken else {
            // Another caller was faster: it asks now, or has asked.
            return Ok(RecheckTurn::Other);
        };
        let recheck = decode::recheck(&taken)?;
        self.finish(tx).await?;
        Ok(RecheckTurn::Own(recheck))
    }

    async fn end_recheck(
        &self,
        recheck: &Recheck,
        outcome: &Rechecked,
        cause: &Cause,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let (token, due, assigned) = match outcome {
            Rechecked::Admitted {
                token,
                assigned,
                next,
                ..
            } => (token.as_ref(), Some(*next), assigned.as_ref()),
            Rechecked::Unanswered { next } => (None, Some(*next), None),
            Rechecked::Ended { assigned, .. } => (None, None, assigned.as_ref()),
        };
        let before = recheck.token.as_ref().map(|it| it.bytes.as_slice());
        // Of a sign-in that ended, another end is due: of what a request made that was under way.
        let changed = sqlx::query(
            "UPDATE identities SET \
             sealed_with = CASE WHEN ?3 IS NOT NULL THEN COALESCE(?1, sealed_with) END, \
             sealed = CASE WHEN ?3 IS NOT NULL THEN COALESCE(?2, sealed) END, \
             due = COALESCE(?3, ?4), tried = ?4, lease = NULL \
             WHERE issuer = ?5 AND subject = ?6 AND sealed IS ?7 \
             AND (?3 IS NOT NULL OR lease IS NOT NULL)",
        )
        .bind(token.map(|it| it.with.as_str()))
        .bind(token.map(|it| it.bytes.as_slice()))
        .bind(due.map(millis))
        .bind(millis(cause.at))
        .bind(&recheck.issuer)
        .bind(&recheck.subject)
        .bind(before)
        .execute(&mut *tx)
        .await?;
        if changed.rows_affected() == 0 {
            return Ok(false);
        }
        if let Rechecked::Admitted { subject, .. } = outcome
            && subject.is_some()
        {
            let name = (recheck.issuer.as_str(), recheck.subject.as_str());
            keep_subject(&mut tx, name, subject.as_ref()).await?;
        }
        let cause = cause.clone().by(&recheck.person);
        if let Some(assigned) = assigned {
            assign(&mut tx, &recheck.person, assigned, &cause).await?;
        }
        if let Rechecked::Ended { reason, .. } = outcome {
            end_access(&mut tx, &recheck.person, *reason, &cause).await?;
            let about = About {
                subject: Some(reason.as_str()),
                ..About::default()
            };
            record(&mut tx, &cause, Action::SignInEnded, about).await?;
        }
        self.commit(tx).await?;
        Ok(true)
    }

    async fn end_provider_sessions(
        &self,
        request: &LogoutRequest,
        cause: &Cause,
    ) -> Result<Option<u64>> {
        let mut tx = self.begin().await?;
        let kept = sqlx::query(
            "INSERT INTO logout_tokens (digest, expires) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )
        .bind(request.token.as_bytes())
        .bind(millis(request.expires))
        .execute(&mut *tx)
        .await?;
        if kept.rows_affected() == 0 {
            return Ok(None);
        }
        let mut people = Vec::new();
        if let Some(subject) = &request.subject {
            people.extend(find_person(&mut tx, &request.issuer, subject).await?);
        } else if let Some(session) = &request.provider_session {
            people = people_of(&mut tx, session.as_bytes()).await?;
        }
        let mut ended = 0;
        for person in &people {
            let cause = cause.clone().by(person);
            ended += end_sessions_of_provider(&mut tx, person, request).await?;
            if request.ends_grants {
                end_grants(&mut tx, person, RevocationReason::ProviderLogout, &cause).await?;
                forget_subjects(&mut tx, person).await?;
            }
            let about = About {
                subject: Some(RevocationReason::ProviderLogout.as_str()),
                ..About::default()
            };
            record(&mut tx, &cause, Action::SignInEnded, about).await?;
        }
        self.commit(tx).await?;
        Ok(Some(ended))
    }

    async fn reported(&self, issuer: &str, subject: &str) -> Result<Option<SystemTime>> {
        let row = sqlx::query("SELECT tried FROM identities WHERE issuer = ? AND subject = ?")
            .bind(issuer)
            .bind(subject)
            .fetch_optional(&self.reader)
            .await?;
        Ok(row
            .map(|row| row.optional_time("tried"))
            .transpose()?
            .flatten())
    }

    async fn kept_subject(&self, person: &PersonId, issuer: &str) -> Result<Option<KeptSubject>> {
        let row = sqlx::query(
            "SELECT subject, subject_with, subject_sealed, subject_until, sealed IS NOT NULL AS renewable \
             FROM identities WHERE person = ?1 AND issuer = ?2",
        )
        .bind(person.as_str())
        .bind(issuer)
        .fetch_optional(&self.reader)
        .await?;
        row.as_ref().map(decode::kept_subject).transpose()
    }

    async fn live_grants(&self, grants: &[GrantId]) -> Result<Vec<GrantId>> {
        let ids: Vec<&str> = grants.iter().map(GrantId::as_str).collect();
        let rows = sqlx::query(
            "SELECT id FROM grants WHERE revoked IS NULL \
             AND id IN (SELECT value FROM json_each(?))",
        )
        .bind(to_json(&ids)?)
        .fetch_all(&self.reader)
        .await?;
        let ids = rows.iter().map(|row| row.text("id"));
        ids.map(|id| id.map(GrantId::stored)).collect()
    }

    async fn provider_tokens_sealed_with(&self) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "SELECT sealed_with FROM identities WHERE sealed_with IS NOT NULL \
             UNION SELECT subject_with FROM identities WHERE subject_with IS NOT NULL \
             ORDER BY sealed_with",
        )
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(|row| row.text("sealed_with")).collect()
    }
}

/// Keeps the token of an account that is exchanged, in place of the one before.
async fn keep_subject(
    tx: &mut SqliteConnection,
    (issuer, subject): (&str, &str),
    token: Option<&SubjectToken>,
) -> Result<()> {
    let sealed = token.and_then(|it| it.sealed.as_ref());
    sqlx::query(
        "UPDATE identities SET subject_with = ?1, subject_sealed = ?2, subject_until = ?3 \
         WHERE issuer = ?4 AND subject = ?5",
    )
    .bind(sealed.map(|it| it.with.as_str()))
    .bind(sealed.map(|it| it.bytes.as_slice()))
    .bind(token.map(|it| millis(it.until)))
    .bind(issuer)
    .bind(subject)
    .execute(tx)
    .await?;
    Ok(())
}

/// Returns the people whose sessions came from a session at the provider.
async fn people_of(tx: &mut SqliteConnection, provider_session: &[u8]) -> Result<Vec<PersonId>> {
    let rows = sqlx::query("SELECT DISTINCT person FROM sessions WHERE provider_session = ?1")
        .bind(provider_session)
        .fetch_all(tx)
        .await?;
    let people = rows.iter();
    people
        .map(|row| Ok(PersonId::stored(row.text("person")?)))
        .collect()
}

/// Ends the sessions of a person that came from the provider, or from one session there.
async fn end_sessions_of_provider(
    tx: &mut SqliteConnection,
    person: &PersonId,
    request: &LogoutRequest,
) -> Result<u64> {
    let session = request.provider_session.as_ref();
    let ended = sqlx::query(
        "DELETE FROM sessions WHERE person = ?1 AND method = 'provider' \
         AND (?2 IS NULL OR provider_session = ?2)",
    )
    .bind(person.as_str())
    .bind(session.map(Digest::as_bytes))
    .execute(tx)
    .await?;
    Ok(ended.rows_affected())
}
