//! Changes of an account as a whole, by its person and by the operator.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::{PgConnection, Row};

use super::audit::record;
use super::database::Postgres;
use super::grant_end::end_grant;
use crate::model::{
    Account, Action, Cause, GrantId, Person, PersonId, RevocationReason, email_key,
};
use crate::store::decode::{account, person};
use crate::store::event::About;
use crate::store::rows::{StoredRow as _, millis};
use crate::store::{AccountChanges, AccountDeleted, Result};
use crate::token::Digest;

#[async_trait]
impl AccountChanges for Postgres {
    async fn all_accounts(&self) -> Result<Vec<Account>> {
        let rows = sqlx::query(
            "SELECT p.id AS person, p.email, p.name, p.created AS person_created, p.disabled, \
             (SELECT COUNT(*) FROM memberships m WHERE m.person = p.id) AS workspaces \
             FROM people p ORDER BY p.created, p.id",
        )
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(account).collect()
    }

    async fn disable_account(
        &self,
        person: &PersonId,
        disabled: bool,
        cause: &Cause,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let since = disabled.then(|| millis(cause.at));
        let changed = sqlx::query("UPDATE people SET disabled = $1 WHERE id = $2")
            .bind(since)
            .bind(person.as_str())
            .execute(&mut *tx)
            .await?;
        if changed.rows_affected() == 0 {
            return Ok(false);
        }
        let action = match disabled {
            true => {
                end_access(&mut tx, person, RevocationReason::AccountDisabled, cause).await?;
                Action::AccountDisabled
            }
            false => Action::AccountEnabled,
        };
        record(&mut tx, cause, action, about(person)).await?;
        self.commit(tx).await?;
        Ok(true)
    }

    async fn put_reset_link(
        &self,
        person: &PersonId,
        link: Digest,
        expires: SystemTime,
        cause: &Cause,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let kept = sqlx::query(
            "INSERT INTO reset_links (digest, person, expires) \
             SELECT $1, id, $2 FROM people WHERE id = $3 AND disabled IS NULL \
             ON CONFLICT (person) DO UPDATE SET digest = excluded.digest, \
             expires = excluded.expires",
        )
        .bind(link.as_bytes())
        .bind(millis(expires))
        .bind(person.as_str())
        .execute(&mut *tx)
        .await?;
        if kept.rows_affected() == 0 {
            return Ok(false);
        }
        record(&mut tx, cause, Action::ResetLinkMade, about(person)).await?;
        self.commit(tx).await?;
        Ok(true)
    }

    async fn reset_link(&self, link: Digest, now: SystemTime) -> Result<Option<Person>> {
        let row = sqlx::query(
            "SELECT p.id AS person, p.email, p.name, p.created AS person_created \
             FROM reset_links r JOIN people p ON p.id = r.person \
             WHERE r.digest = $1 AND r.expires > $2",
        )
        .bind(link.as_bytes())
        .bind(millis(now))
        .fetch_optional(&self.reader)
        .await?;
        row.as_ref().map(person).transpose()
    }

    async fn reset_password(
        &self,
        link: Digest,
        password_hash: &str,
        cause: &Cause,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let used = sqlx::query(
            "DELETE FROM reset_links WHERE digest = $1 AND expires > $2 RETURNING person",
        )
        .bind(link.as_bytes())
        .bind(millis(cause.at))
        .fetch_optional(&mut *tx)
        .await?;
        let Some(used) = used else {
            return Ok(false);
        };
        let person = PersonId::stored(used.text("person")?);
        sqlx::query("UPDATE people SET password_hash = $1 WHERE id = $2")
            .bind(password_hash)
            .bind(person.as_str())
            .execute(&mut *tx)
            .await?;
        forget(&mut tx, &person, &SIGN_IN).await?;
        record(&mut tx, cause, Action::PasswordReset, about(&person)).await?;
        self.commit(tx).await?;
        Ok(true)
    }

    async fn change_profile(
        &self,
        person: &PersonId,
        email: &str,
        name: &str,
        cause: &Cause,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let key = email_key(email);
        let taken = sqlx::query("SELECT 1 FROM people WHERE email_key = $1 AND id <> $2")
            .bind(&key)
            .bind(person.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        if taken.is_some() {
            return Ok(false);
        }
        sqlx::query(
            "DELETE FROM reset_links WHERE person = $1 AND EXISTS \
             (SELECT 1 FROM people WHERE id = $1 AND email_key <> $2)",
        )
        .bind(person.as_str())
        .bind(&key)
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE people SET email = $1, email_key = $2, name = $3 WHERE id = $4")
            .bind(email)
            .bind(&key)
            .bind(name)
            .bind(person.as_str())
            .execute(&mut *tx)
            .await?;
        record(&mut tx, cause, Action::AccountChanged, about(person)).await?;
        self.commit(tx).await?;
        Ok(true)
    }

    async fn delete_account(&self, person: &PersonId, cause: &Cause) -> Result<AccountDeleted> {
        let mut tx = self.begin().await?;
        let workspaces = sqlx::query(
            "SELECT m.workspace, m.role = 'owner' AS owns, COUNT(o.person) AS others, \
             COUNT(CASE WHEN o.role = 'owner' AND p.disabled IS NULL THEN 1 END) AS owners \
             FROM memberships m \
             LEFT JOIN memberships o ON o.workspace = m.workspace AND o.person <> m.person \
             LEFT JOIN people p ON p.id = o.person \
             WHERE m.person = $1 GROUP BY m.workspace, m.role",
        )
        .bind(person.as_str())
        .fetch_all(&mut *tx)
        .await?;
        let mut deserted: Vec<String> = Vec::new();
        for row in workspaces {
            let (owns, others, owners): (bool, i64, i64) = (
                row.try_get("owns")?,
                row.try_get("others")?,
                row.try_get("owners")?,
            );
            match others {
                0 => deserted.push(row.try_get("workspace")?),
                _ if owns && owners == 0 => return Ok(AccountDeleted::LastOwner),
                _ => {}
            }
        }
        end_access(&mut tx, person, RevocationReason::AccountDeleted, cause).await?;
        for workspace in &deserted {
            sqlx::query("DELETE FROM workspaces WHERE id = $1")
                .bind(workspace)
                .execute(&mut *tx)
                .await?;
            let about = About {
                workspace: Some(workspace),
                ..About::default()
            };
            record(&mut tx, cause, Action::WorkspaceDeleted, about).await?;
        }
        sqlx::query("DELETE FROM people WHERE id = $1")
            .bind(person.as_str())
            .execute(&mut *tx)
            .await?;
        record(&mut tx, cause, Action::AccountDeleted, about(person)).await?;
        self.commit(tx).await?;
        Ok(AccountDeleted::Done)
    }
}

fn about(person: &PersonId) -> About<'_> {
    About {
        person: Some(person.as_str()),
        subject: Some(person.as_str()),
        ..About::default()
    }
}

/// Forgets by what a person is signed in or recognised.
const SIGN_IN: [&str; 2] = [
    "DELETE FROM sessions WHERE person = $1",
    "DELETE FROM devices WHERE person = $1",
];

/// Forgets what a person, or anyone to whom they sent a link, could begin or finish.
const BEGUN: [&str; 3] = [
    "DELETE FROM transactions WHERE person = $1",
    "DELETE FROM invitations WHERE inviter = $1",
    "DELETE FROM reset_links WHERE person = $1",
];

/// Forgets by what calls were made in a person's name.
const SUBJECTS: [&str; 1] = [
    "UPDATE identities SET subject_with = NULL, subject_sealed = NULL, subject_until = NULL \
     WHERE person = $1",
];

async fn forget(
    tx: &mut PgConnection,
    person: &PersonId,
    statements: &[&'static str],
) -> Result<()> {
    for statement in statements {
        sqlx::query(*statement)
            .bind(person.as_str())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// Ends sessions of a person, and the recognition of their browsers.
pub(super) async fn end_sessions(tx: &mut PgConnection, person: &PersonId) -> Result<()> {
    forget(tx, person, &SIGN_IN).await
}

/// Forgets the tokens of a person that are exchanged for tokens of the API.
pub(super) async fn forget_subjects(tx: &mut PgConnection, person: &PersonId) -> Result<()> {
    forget(tx, person, &SUBJECTS).await
}

/// Ends the grants of a person.
pub(super) async fn end_grants(
    tx: &mut PgConnection,
    person: &PersonId,
    reason: RevocationReason,
    cause: &Cause,
) -> Result<()> {
    let grants = sqlx::query("SELECT id FROM grants WHERE person = $1 AND revoked IS NULL")
        .bind(person.as_str())
        .fetch_all(&mut *tx)
        .await?;
    for grant in grants {
        let grant = GrantId::stored(grant.text("id")?);
        end_grant(tx, &grant, reason, cause).await?;
    }
    Ok(())
}

/// Ends everything by which a person reaches the API or this server.
pub(super) async fn end_access(
    tx: &mut PgConnection,
    person: &PersonId,
    reason: RevocationReason,
    cause: &Cause,
) -> Result<()> {
    end_grants(tx, person, reason, cause).await?;
    forget_subjects(tx, person).await?;
    forget(tx, person, &SIGN_IN).await?;
    forget(tx, person, &BEGUN).await
}
