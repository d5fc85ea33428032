//! Accounts of people at the identity provider, and sign-ins that are under way there.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::accounts::{end_access, end_sessions};
use super::audit::record;
use super::database::Sqlite;
use super::people::{insert_person, put_membership};
use super::workspaces::{end_membership, forget_invitations};
use crate::model::{
    Action, AssignedMembership, Cause, Identified, NewPerson, PendingSignIn, PersonId,
    ProviderAccount, RevocationReason, Role, SessionId, WorkspaceId, email_key,
};
use crate::store::event::About;
use crate::store::rows::{StoredRow as _, millis};
use crate::store::{Identities, Result, Share, decode};
use crate::token::Digest;

#[async_trait]
impl Identities for Sqlite {
    async fn begin_sign_in(
        &self,
        state: Digest,
        browser: Digest,
        confirms: Option<&SessionId>,
        expires: SystemTime,
        share: Share,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO provider_sign_ins (state, browser, confirms, expires, source) \
             VALUES (?, ?, ?, ?, ?)",
        )
        .bind(state.as_bytes())
        .bind(browser.as_bytes())
        .bind(confirms.map(SessionId::as_str))
        .bind(millis(expires))
        .bind(share.source.as_bytes())
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "DELETE FROM provider_sign_ins WHERE state IN (SELECT state FROM provider_sign_ins \
             WHERE source = ? ORDER BY expires DESC, rowid DESC LIMIT -1 OFFSET ?)",
        )
        .bind(share.source.as_bytes())
        .bind(i64::from(share.most))
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await
    }

    async fn take_sign_in(
        &self,
        state: Digest,
        browser: Digest,
        now: SystemTime,
    ) -> Result<PendingSignIn> {
        // A stranger who makes a state up opens no transaction.
        let kept =
            sqlx::query("SELECT browser FROM provider_sign_ins WHERE state = ? AND expires > ?")
                .bind(state.as_bytes())
                .bind(millis(now))
                .fetch_optional(&self.reader)
                .await?;
        match kept {
            None => return Ok(PendingSignIn::Over),
            Some(kept) if kept.bytes("browser")? != browser.as_bytes() => {
                return Ok(PendingSignIn::OtherBrowser);
            }
            Some(_) => {}
        }
        let mut tx = self.begin().await?;
        let taken = sqlx::query(
            "DELETE FROM provider_sign_ins WHERE state = ? AND browser = ? AND expires > ? \
             RETURNING confirms",
        )
        .bind(state.as_bytes())
        .bind(browser.as_bytes())
        .bind(millis(now))
        .fetch_optional(&mut *tx)
        .await?;
        let Some(taken) = taken else {
            return Ok(PendingSignIn::Over);
        };
        let confirms = taken.optional_text("confirms")?.map(SessionId::stored);
        self.finish(tx).await?;
        Ok(PendingSignIn::Found { confirms })
    }

    async fn identify(
        &self,
        account: &ProviderAccount,
        person: NewPerson,
        assigned: Option<&[AssignedMembership]>,
        cause: &Cause,
    ) -> Result<Identified> {
        let mut tx = self.begin().await?;
        let unassigned = assigned.is_some_and(<[AssignedMembership]>::is_empty);
        let known = find_person(&mut tx, &account.issuer, &account.subject).await?;
        let id = match known {
            Some(id) => id,
            None if unassigned => return Ok(Identified::Unassigned),
            None => match add_identity(&mut tx, account, &person, cause).await? {
                Some(id) => id,
                None => return Ok(Identified::EmailTaken),
            },
        };
        let listed = assigned.unwrap_or_default();
        assign(&mut tx, &id, listed, &cause.clone().by(&id)).await?;
        if unassigned {
            end_sessions(&mut tx, &id).await?;
        }
        self.commit(tx).await?;
        Ok(match unassigned {
            true => Identified::Unassigned,
            false => Identified::Person(id),
        })
    }

    async fn person_of(&self, issuer: &str, subject: &str) -> Result<Option<PersonId>> {
        let mut reader = self.reader.acquire().await?;
        find_person(&mut reader, issuer, subject).await
    }

    async fn unlink(&self, person: &PersonId, cause: &Cause) -> Result<bool> {
        let mut tx = self.begin().await?;
        let unlinked = sqlx::query("DELETE FROM identities WHERE person = ?")
            .bind(person.as_str())
            .execute(&mut *tx)
            .await?;
        if unlinked.rows_affected() == 0 {
            return Ok(false);
        }
        end_sessions(&mut tx, person).await?;
        let about = About {
            person: Some(person.as_str()),
            subject: Some(person.as_str()),
            ..About::default()
        };
        record(&mut tx, cause, Action::AccountUnlinked, about).await?;
        self.commit(tx).await?;
        Ok(true)
    }
}

pub(super) async fn find_person(
    tx: &mut SqliteConnection,
    issuer: &str,
    subject: &str,
) -> Result<Option<PersonId>> {
    let row = sqlx::query("SELECT person FROM identities WHERE issuer = ? AND subject = ?")
        .bind(issuer)
        .bind(subject)
        .fetch_optional(tx)
        .await?;
    row.map(|row| Ok(PersonId::stored(row.text("person")?)))
        .transpose()
}

/// Links an account of the provider to the person with its e-mail address, where that is allowed, or
/// to a new one. Returns `None` where another person has the address.
async fn add_identity(
    tx: &mut SqliteConnection,
    account: &ProviderAccount,
    person: &NewPerson,
    cause: &Cause,
) -> Result<Option<PersonId>> {
    let row = sqlx::query(
        "SELECT id, EXISTS (SELECT 1 FROM identities i WHERE i.person = people.id \
         AND i.issuer = ?) AS has_identity FROM people WHERE email_key = ?",
    )
    .bind(&account.issuer)
    .bind(email_key(&person.email))
    .fetch_optional(&mut *tx)
    .await?;
    let (id, action) = match row {
        // A person who signs in at the provider already is known there as somebody else.
        Some(row) if account.may_link && !row.flag("has_identity")? => {
            let id = PersonId::stored(row.text("id")?);
            take_over(tx, &id, &cause.clone().by(&id)).await?;
            (id, Action::AccountLinked)
        }
        Some(_) => return Ok(None),
        None => {
            insert_person(tx, person, cause).await?;
            (person.id.clone(), Action::SignedUp)
        }
    };
    sqlx::query("INSERT INTO identities (issuer, subject, person, created) VALUES (?, ?, ?, ?)")
        .bind(&account.issuer)
        .bind(&account.subject)
        .bind(id.as_str())
        .bind(millis(cause.at))
        .execute(&mut *tx)
        .await?;
    record(tx, &cause.clone().by(&id), action, About::default()).await?;
    Ok(Some(id))
}

/// Ends everything by which a person has reached this server and the API before their account is
/// linked. An address is typed by anyone: the person who typed it may be another one than the
/// provider names.
async fn take_over(tx: &mut SqliteConnection, person: &PersonId, cause: &Cause) -> Result<()> {
    for statement in [
        "UPDATE people SET password_hash = '' WHERE id = ?",
        "DELETE FROM identities WHERE person = ?",
    ] {
        sqlx::query(statement)
            .bind(person.as_str())
            .execute(&mut *tx)
            .await?;
    }
    end_access(tx, person, RevocationReason::AccountLinked, cause).await
}

/// Ends what earlier claims assigned and these do not, and makes the memberships that are new.
pub(super) async fn assign(
    tx: &mut SqliteConnection,
    person: &PersonId,
    assigned: &[AssignedMembership],
    cause: &Cause,
) -> Result<()> {
    let before = sqlx::query("SELECT workspace FROM assigned_memberships WHERE person = ?")
        .bind(person.as_str())
        .fetch_all(&mut *tx)
        .await?;
    for row in before {
        let workspace = WorkspaceId::stored(row.text("workspace")?);
        if assigned.iter().any(|it| it.workspace.id == workspace) {
            continue;
        }
        sqlx::query("DELETE FROM assigned_memberships WHERE person = ? AND workspace = ?")
            .bind(person.as_str())
            .bind(workspace.as_str())
            .execute(&mut *tx)
            .await?;
        end_membership(tx, &workspace, person, cause).await?;
    }
    for membership in assigned {
        assign_one(tx, person, membership, cause).await?;
    }
    Ok(())
}

async fn assign_one(
    tx: &mut SqliteConnection,
    person: &PersonId,
    membership: &AssignedMembership,
    cause: &Cause,
) -> Result<()> {
    let AssignedMembership { workspace, role } = membership;
    let (id, at) = (workspace.id.as_str(), millis(cause.at));
    let made = sqlx::query(
        "INSERT INTO workspaces (id, name, upstream_id, created) VALUES (?, ?, ?, ?) \
         ON CONFLICT DO NOTHING",
    )
    .bind(id)
    .bind(&workspace.name)
    .bind(&workspace.upstream_id)
    .bind(at)
    .execute(&mut *tx)
    .await?;
    if made.rows_affected() > 0 {
        let about = About {
            workspace: Some(id),
            subject: Some(&workspace.name),
            ..About::default()
        };
        record(tx, cause, Action::WorkspaceCreated, about).await?;
    }
    let about = About {
        workspace: Some(id),
        subject: Some(role.as_str()),
        ..About::default()
    };
    let row = sqlx::query(
        "SELECT m.role, EXISTS (SELECT 1 FROM assigned_memberships a WHERE a.person = m.person \
         AND a.workspace = m.workspace) AS is_assigned \
         FROM memberships m WHERE m.person = ? AND m.workspace = ?",
    )
    .bind(person.as_str())
    .bind(id)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else {
        put_membership(tx, person, id, *role, at).await?;
        sqlx::query(
            "INSERT INTO assigned_memberships (person, workspace) VALUES (?, ?) \
             ON CONFLICT DO NOTHING",
        )
        .bind(person.as_str())
        .bind(id)
        .execute(&mut *tx)
        .await?;
        return record(tx, cause, Action::MemberAssigned, about).await;
    };
    if !row.flag("is_assigned")? || decode::role(&row)? == *role {
        return Ok(());
    }
    sqlx::query("UPDATE memberships SET role = ? WHERE person = ? AND workspace = ?")
        .bind(role.as_str())
        .bind(person.as_str())
        .bind(id)
        .execute(&mut *tx)
        .await?;
    if *role == Role::Member {
        forget_invitations(tx, &workspace.id, person).await?;
    }
    record(tx, cause, Action::RoleChanged, about).await
}
