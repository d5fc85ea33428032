//! Accounts and browser sessions.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::audit::record;
use super::database::Sqlite;
use crate::model::{
    Action, Cause, Credentials, NewPerson, NewSession, PersonId, Recognised, Role, Session,
    SessionId, Workspace, bounds, email_key,
};
use crate::store::event::About;
use crate::store::rows::{StoredRow as _, millis};
use crate::store::{Entry, People, Result, SignedUp, decode};
use crate::token::Digest;

#[async_trait]
impl People for Sqlite {
    async fn put_setup_link(
        &self,
        link: Digest,
        expires: SystemTime,
        cause: &Cause,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        if has_people(&mut tx).await? {
            return Ok(false);
        }
        sqlx::query("DELETE FROM setup_links")
            .execute(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO setup_links (digest, expires) VALUES (?, ?)")
            .bind(link.as_bytes())
            .bind(millis(expires))
            .execute(&mut *tx)
            .await?;
        record(&mut tx, cause, Action::SetupLinkMade, About::default()).await?;
        self.commit(tx).await?;
        Ok(true)
    }

    async fn is_setup_link(&self, link: Digest, now: SystemTime) -> Result<bool> {
        let found = sqlx::query("SELECT 1 FROM setup_links WHERE digest = ? AND expires > ?")
            .bind(link.as_bytes())
            .bind(millis(now))
            .fetch_optional(&self.reader)
            .await?;
        Ok(found.is_some())
    }

    async fn sign_up(
        &self,
        entry: Entry,
        person: NewPerson,
        workspace: Option<Workspace>,
        cause: &Cause,
    ) -> Result<SignedUp> {
        let mut tx = self.begin().await?;
        let at = millis(cause.at);
        let joins = match entry {
            Entry::Open => None,
            Entry::SetupLink(link) => {
                let used = sqlx::query("DELETE FROM setup_links WHERE digest = ? AND expires > ?")
                    .bind(link.as_bytes())
                    .bind(at)
                    .execute(&mut *tx)
                    .await?;
                if used.rows_affected() == 0 || has_people(&mut tx).await? {
                    return Ok(SignedUp::DeadLink);
                }
                None
            }
            Entry::Invitation(link) => match use_invitation(&mut tx, link, at).await? {
                Some(joins) => Some(joins),
                None => return Ok(SignedUp::DeadLink),
            },
        };
        if !insert_person(&mut tx, &person, cause).await? {
            return Ok(SignedUp::EmailTaken);
        }
        let cause = cause.clone().by(&person.id);
        record(&mut tx, &cause, Action::SignedUp, About::default()).await?;
        if let Some((workspace, role)) = joins {
            put_membership(&mut tx, &person.id, &workspace, role, at).await?;
            let about = About {
                workspace: Some(&workspace),
                ..About::default()
            };
            record(&mut tx, &cause, Action::InvitationAccepted, about).await?;
        }
        if let Some(workspace) = workspace {
            put_workspace(&mut tx, &workspace, &person.id, &cause).await?;
        }
        self.commit(tx).await?;
        Ok(SignedUp::Done)
    }

    async fn credentials(&self, email: &str) -> Result<Option<Credentials>> {
        let row = sqlx::query(
            "SELECT id AS person, email, name, created AS person_created, password_hash, \
             disabled IS NOT NULL AS is_disabled \
             FROM people WHERE email_key = ?",
        )
        .bind(email_key(email))
        .fetch_optional(&self.reader)
        .await?;
        row.as_ref().map(decode::credentials).transpose()
    }

    async fn set_password(
        &self,
        person: &PersonId,
        password_hash: &str,
        keep: &SessionId,
        device: Option<Digest>,
        cause: &Cause,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE people SET password_hash = ? WHERE id = ?")
            .bind(password_hash)
            .bind(person.as_str())
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM sessions WHERE person = ? AND id <> ?")
            .bind(person.as_str())
            .bind(keep.as_str())
            .execute(&mut *tx)
            .await?;
        sqlx::query("UPDATE sessions SET confirmed = ? WHERE id = ?")
            .bind(millis(cause.at))
            .bind(keep.as_str())
            .execute(&mut *tx)
            .await?;
        // Anyone who knew the former password is a stranger now.
        sqlx::query("DELETE FROM devices WHERE person = ?1 AND digest IS NOT ?2")
            .bind(person.as_str())
            .bind(device.as_ref().map(Digest::as_bytes))
            .execute(&mut *tx)
            .await?;
        record(&mut tx, cause, Action::PasswordChanged, About::default()).await?;
        self.commit(tx).await?;
        Ok(())
    }

    async fn open_session(&self, session: &NewSession, cause: &Cause) -> Result<bool> {
        let mut tx = self.begin().await?;
        let opened = sqlx::query(
            "INSERT INTO sessions \
             (id, digest, person, method, browser, created, last_seen, confirmed, expires, \
             provider_session) \
             SELECT ?1, ?2, id, ?4, ?5, ?6, ?6, ?8, ?7, ?9 FROM people \
             WHERE id = ?3 AND disabled IS NULL",
        )
        .bind(session.id.as_str())
        .bind(session.secret.as_bytes())
        .bind(cause.person.as_ref().map(PersonId::as_str))
        .bind(session.method.as_str())
        .bind(&session.browser)
        .bind(millis(cause.at))
        .bind(millis(session.expires))
        .bind(millis(session.confirmed))
        .bind(session.provider_session.as_ref().map(Digest::as_bytes))
        .execute(&mut *tx)
        .await?;
        if opened.rows_affected() == 0 {
            return Ok(false);
        }
        if let Some(person) = &cause.person {
            keep_device(&mut tx, person, session, millis(cause.at)).await?;
        }
        record(&mut tx, cause, Action::SignedIn, About::default()).await?;
        self.commit(tx).await?;
        Ok(true)
    }

    async fn recognise(
        &self,
        email: &str,
        device: Option<Digest>,
        network: Digest,
    ) -> Result<Recognised> {
        let rows = sqlx::query(
            "SELECT d.digest FROM people p JOIN devices d ON d.person = p.id \
             WHERE p.email_key = ? AND (d.network = ? OR d.digest = ?)",
        )
        .bind(email_key(email))
        .bind(network.as_bytes())
        .bind(device.as_ref().map(Digest::as_bytes))
        .fetch_all(&self.reader)
        .await?;
        let mut recognised = Recognised::No;
        for row in &rows {
            let found = row.bytes("digest")?;
            match device.filter(|device| device.as_bytes() == found) {
                Some(device) => return Ok(Recognised::Browser(device)),
                None => recognised = Recognised::Network,
            }
        }
        Ok(recognised)
    }

    async fn last_person(&self, device: Digest) -> Result<Option<PersonId>> {
        let row = sqlx::query(
            "SELECT person FROM devices WHERE digest = ? ORDER BY last_used DESC LIMIT 1",
        )
        .bind(device.as_bytes())
        .fetch_optional(&self.reader)
        .await?;
        row.map(|row| Ok(PersonId::stored(row.text("person")?)))
            .transpose()
    }

    async fn session(
        &self,
        secret: Digest,
        now: SystemTime,
        idle_since: SystemTime,
    ) -> Result<Option<Session>> {
        let select = "SELECT s.id AS session, s.method, s.browser, s.created, s.last_seen, s.confirmed, p.id AS person, p.email, \
             p.name, p.created AS person_created \
             FROM sessions s JOIN people p ON p.id = s.person \
             WHERE s.digest = ? AND s.expires > ? AND s.last_seen > ?";
        let look = || {
            sqlx::query(select)
                .bind(secret.as_bytes())
                .bind(millis(now))
                .bind(millis(idle_since))
        };
        let Some(row) = self.find(look).await? else {
            return Ok(None);
        };
        let session = decode::session(&row)?;
        // A page is shown even where this fails.
        if session.is_to_be_noted(now)
            && let Err(error) = self.seen(secret, now).await
        {
            tracing::warn!(%error, "it could not be noted that a session was used");
        }
        Ok(Some(session))
    }

    async fn confirm_session(&self, session: &SessionId, cause: &Cause) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE sessions SET confirmed = ? WHERE id = ?")
            .bind(millis(cause.at))
            .bind(session.as_str())
            .execute(&mut *tx)
            .await?;
        let about = About {
            subject: Some(session.as_str()),
            ..About::default()
        };
        record(&mut tx, cause, Action::SignInConfirmed, about).await?;
        self.commit(tx).await?;
        Ok(())
    }

    async fn sessions(
        &self,
        person: &PersonId,
        now: SystemTime,
        idle_since: SystemTime,
    ) -> Result<Vec<Session>> {
        let rows = sqlx::query(
            "SELECT s.id AS session, s.method, s.browser, s.created, s.last_seen, s.confirmed, p.id AS person, p.email, \
             p.name, p.created AS person_created \
             FROM sessions s JOIN people p ON p.id = s.person \
             WHERE s.person = ? AND s.expires > ? AND s.last_seen > ? \
             ORDER BY s.last_seen DESC, s.id",
        )
        .bind(person.as_str())
        .bind(millis(now))
        .bind(millis(idle_since))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(decode::session).collect()
    }

    async fn close_session(
        &self,
        person: &PersonId,
        session: &SessionId,
        cause: &Cause,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let closed = sqlx::query("DELETE FROM sessions WHERE person = ? AND id = ?")
            .bind(person.as_str())
            .bind(session.as_str())
            .execute(&mut *tx)
            .await?;
        if closed.rows_affected() == 0 {
            return Ok(false);
        }
        let about = About {
            subject: Some(session.as_str()),
            ..About::default()
        };
        record(&mut tx, cause, Action::SignedOut, about).await?;
        self.commit(tx).await?;
        Ok(true)
    }

    async fn close_other_sessions(
        &self,
        person: &PersonId,
        keep: &SessionId,
        cause: &Cause,
    ) -> Result<u64> {
        let mut tx = self.begin().await?;
        let closed = sqlx::query("DELETE FROM sessions WHERE person = ? AND id <> ?")
            .bind(person.as_str())
            .bind(keep.as_str())
            .execute(&mut *tx)
            .await?;
        record(&mut tx, cause, Action::SignedOut, About::default()).await?;
        self.commit(tx).await?;
        Ok(closed.rows_affected())
    }

    async fn sign_in_failed(&self, email: &str, cause: &Cause) -> Result<()> {
        let mut tx = self.begin().await?;
        let about = About {
            subject: Some(email),
            ..About::default()
        };
        record(&mut tx, cause, Action::SignInFailed, about).await?;
        self.finish(tx).await
    }
}

impl Sqlite {
    /// Notes that something was asked in a session.
    async fn seen(&self, secret: Digest, now: SystemTime) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE sessions SET last_seen = MAX(last_seen, ?) WHERE digest = ?")
            .bind(millis(now))
            .bind(secret.as_bytes())
            .execute(&mut *tx)
            .await?;
        self.finish(tx).await
    }
}

/// Remembers that a person signed in with a browser, and forgets what they used the longest ago.
async fn keep_device(
    tx: &mut SqliteConnection,
    person: &PersonId,
    session: &NewSession,
    at: i64,
) -> Result<()> {
    let device = &session.device;
    sqlx::query(
        "INSERT INTO devices (digest, person, network, last_used) VALUES (?, ?, ?, ?) \
         ON CONFLICT DO UPDATE SET network = excluded.network, last_used = excluded.last_used",
    )
    .bind(device.secret.as_bytes())
    .bind(person.as_str())
    .bind(device.network.as_bytes())
    .bind(at)
    .execute(&mut *tx)
    .await?;
    // Where the clock was set back, the new ones are not the latest, and stay all the same.
    sqlx::query(
        "DELETE FROM devices WHERE person = ?1 AND digest IN (SELECT digest FROM devices \
         WHERE person = ?1 ORDER BY digest = ?3 DESC, last_used DESC, rowid DESC LIMIT -1 OFFSET ?2)",
    )
    .bind(person.as_str())
    .bind(bounds::BROWSERS_OF_PERSON)
    .bind(device.secret.as_bytes())
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions \
         WHERE person = ?1 ORDER BY id = ?3 DESC, last_seen DESC, rowid DESC LIMIT -1 OFFSET ?2)",
    )
    .bind(person.as_str())
    .bind(bounds::BROWSERS_OF_PERSON)
    .bind(session.id.as_str())
    .execute(&mut *tx)
    .await?;
    Ok(())
}

async fn has_people(tx: &mut SqliteConnection) -> Result<bool> {
    let found = sqlx::query("SELECT 1 FROM people LIMIT 1")
        .fetch_optional(tx)
        .await?;
    Ok(found.is_some())
}

/// Makes an account. Returns `false` where there is one with its e-mail address.
pub(super) async fn insert_person(
    tx: &mut SqliteConnection,
    person: &NewPerson,
    cause: &Cause,
) -> Result<bool> {
    let made = sqlx::query(
        "INSERT INTO people (id, email, email_key, name, password_hash, created) \
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (email_key) DO NOTHING",
    )
    .bind(person.id.as_str())
    .bind(&person.email)
    .bind(email_key(&person.email))
    .bind(&person.name)
    // An account without a password has none that a hash could be made of.
    .bind(person.password_hash.as_deref().unwrap_or_default())
    .bind(millis(cause.at))
    .execute(tx)
    .await?;
    Ok(made.rows_affected() > 0)
}

/// Uses an invitation up, unless the person who made it is no owner any more. Returns workspace and role.
pub(super) async fn use_invitation(
    tx: &mut SqliteConnection,
    link: Digest,
    at: i64,
) -> Result<Option<(String, Role)>> {
    let row = sqlx::query(
        "DELETE FROM invitations WHERE digest = ? AND expires > ? \
         AND (inviter IS NULL OR EXISTS (SELECT 1 FROM memberships m WHERE m.person = inviter \
         AND m.workspace = invitations.workspace AND m.role = 'owner')) RETURNING workspace, role",
    )
    .bind(link.as_bytes())
    .bind(at)
    .fetch_optional(tx)
    .await?;
    row.map(|row| Ok((row.text("workspace")?, decode::role(&row)?)))
        .transpose()
}

/// Makes a person a member, whatever claims assigned before. A member becomes an owner where `role` is that, and an owner stays one.
/// Returns whether the role of a member changed.
pub(super) async fn put_membership(
    tx: &mut SqliteConnection,
    person: &PersonId,
    workspace: &str,
    role: Role,
    at: i64,
) -> Result<bool> {
    sqlx::query("DELETE FROM assigned_memberships WHERE person = ? AND workspace = ?")
        .bind(person.as_str())
        .bind(workspace)
        .execute(&mut *tx)
        .await?;
    let raised = sqlx::query(
        "UPDATE memberships SET role = ?1 WHERE person = ?2 AND workspace = ?3 \
         AND role <> ?1 AND ?1 = 'owner'",
    )
    .bind(role.as_str())
    .bind(person.as_str())
    .bind(workspace)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO memberships (person, workspace, role, created) VALUES (?, ?, ?, ?) \
         ON CONFLICT DO NOTHING",
    )
    .bind(person.as_str())
    .bind(workspace)
    .bind(role.as_str())
    .bind(at)
    .execute(tx)
    .await?;
    Ok(raised.rows_affected() > 0)
}

/// Makes a workspace and its owner.
pub(super) async fn put_workspace(
    tx: &mut SqliteConnection,
    workspace: &Workspace,
    owner: &PersonId,
    cause: &Cause,
) -> Result<()> {
    let at = millis(cause.at);
    sqlx::query("INSERT INTO workspaces (id, name, upstream_id, created) VALUES (?, ?, ?, ?)")
        .bind(workspace.id.as_str())
        .bind(&workspace.name)
        .bind(&workspace.upstream_id)
        .bind(at)
        .execute(&mut *tx)
        .await?;
    put_membership(tx, owner, workspace.id.as_str(), Role::Owner, at).await?;
    let about = About {
        workspace: Some(workspace.id.as_str()),
        subject: Some(&workspace.name),
        ..About::default()
    };
    record(tx, cause, Action::WorkspaceCreated, about).await
}
