//! Workspaces, their members and invitations.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::{Row, SqliteConnection};

use super::audit::record;
use super::database::Sqlite;
use super::grant_end::end_grant;
use super::people::{put_membership, put_workspace, use_invitation};
use super::transaction::Transaction;
use crate::model::{
    Action, Cause, GrantId, Invitation, InvitationId, Member, Membership, PersonId, Requester,
    RevocationReason, Role, Workspace, WorkspaceId, WorkspaceLink, bounds,
};
use crate::store::event::About;
use crate::store::rows::{StoredRow as _, millis};
use crate::store::{MembersChanged, Result, Workspaces, decode};
use crate::token::Digest;

#[async_trait]
impl Workspaces for Sqlite {
    async fn create_workspace(
        &self,
        workspace: &Workspace,
        owner: &PersonId,
        cause: &Cause,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        put_workspace(&mut tx, workspace, owner, cause).await?;
        self.commit(tx).await?;
        Ok(())
    }

    async fn all_workspaces(&self) -> Result<Vec<Workspace>> {
        let rows = sqlx::query(
            "SELECT id AS workspace, name AS workspace_name, upstream_id, suspended FROM workspaces \
             ORDER BY created, id",
        )
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(decode::workspace).collect()
    }

    async fn link_workspace(
        &self,
        workspace: &WorkspaceId,
        upstream_id: &str,
        cause: &Cause,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let requester = requester(&mut tx, workspace.as_str(), cause).await?;
        if !requester.links_workspace() {
            return Ok(false);
        }
        let link = sqlx::query("SELECT upstream_id, linked_before FROM workspaces WHERE id = ?")
            .bind(workspace.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        let Some(link) = link else {
            return Ok(false);
        };
        let link = WorkspaceLink {
            upstream_id: link.optional_text("upstream_id")?,
            linked_before: link.optional_text("linked_before")?,
        };
        let (link, ends_grants) = link.change(upstream_id);
        if ends_grants {
            let all = "SELECT id FROM grants WHERE workspace = ? AND revoked IS NULL";
            let grants = sqlx::query(all).bind(workspace.as_str());
            for grant in grants.fetch_all(&mut *tx).await? {
                let grant = GrantId::stored(grant.text("id")?);
                end_grant(&mut tx, &grant, RevocationReason::WorkspaceLinked, cause).await?;
            }
        }
        sqlx::query("UPDATE workspaces SET upstream_id = ?, linked_before = ? WHERE id = ?")
            .bind(link.upstream_id)
            .bind(link.linked_before)
            .bind(workspace.as_str())
            .execute(&mut *tx)
            .await?;
        self.end(tx, cause, Action::WorkspaceLinked, workspace, upstream_id)
            .await?;
        Ok(true)
    }

    async fn suspend_workspace(
        &self,
        workspace: &WorkspaceId,
        suspended: bool,
        cause: &Cause,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let since = suspended.then(|| millis(cause.at));
        let changed = sqlx::query("UPDATE workspaces SET suspended = ? WHERE id = ?")
            .bind(since)
            .bind(workspace.as_str())
            .execute(&mut *tx)
            .await?;
        if changed.rows_affected() == 0 {
            return Ok(false);
        }
        let action = match suspended {
            true => Action::WorkspaceSuspended,
            false => Action::WorkspaceResumed,
        };
        let about = About {
            workspace: Some(workspace.as_str()),
            ..About::default()
        };
        record(&mut tx, cause, action, about).await?;
        self.commit(tx).await?;
        Ok(true)
    }

    async fn last_workspace(&self, person: &PersonId) -> Result<Option<WorkspaceId>> {
        let row = sqlx::query(
            "SELECT workspace FROM grants WHERE person = ? \
             ORDER BY MAX(created, IFNULL(last_used, 0)) DESC, id LIMIT 1",
        )
        .bind(person.as_str())
        .fetch_optional(&self.reader)
        .await?;
        row.map(|row| Ok(WorkspaceId::stored(row.text("workspace")?)))
            .transpose()
    }

    async fn memberships(&self, person: &PersonId) -> Result<Vec<Membership>> {
        let rows = sqlx::query(
            "SELECT m.role, w.id AS workspace, w.name AS workspace_name, w.upstream_id, w.suspended, \
             (SELECT COUNT(*) FROM memberships o WHERE o.workspace = w.id) AS members \
             FROM memberships m JOIN workspaces w ON w.id = m.workspace \
             WHERE m.person = ? ORDER BY m.created, w.id",
        )
        .bind(person.as_str())
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(decode::membership).collect()
    }

    async fn members(&self, workspace: &WorkspaceId) -> Result<Vec<Member>> {
        let rows = sqlx::query(
            "SELECT m.role, m.created AS joined, p.id AS person, p.email, p.name, \
             p.created AS person_created \
             FROM memberships m JOIN people p ON p.id = m.person \
             WHERE m.workspace = ? ORDER BY m.role = 'owner' DESC, p.email_key",
        )
        .bind(workspace.as_str())
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(decode::member).collect()
    }

    async fn invitations(
        &self,
        workspace: &WorkspaceId,
        now: SystemTime,
    ) -> Result<Vec<Invitation>> {
        let rows = sqlx::query(
            "SELECT i.id, i.role, i.expires, p.email, w.id AS workspace, \
             w.name AS workspace_name, w.upstream_id, w.suspended \
             FROM invitations i LEFT JOIN people p ON p.id = i.inviter \
             JOIN workspaces w ON w.id = i.workspace \
             WHERE i.workspace = ? AND i.expires > ? ORDER BY i.created DESC, i.id",
        )
        .bind(workspace.as_str())
        .bind(millis(now))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(decode::invitation).collect()
    }

    async fn invite(
        &self,
        id: &InvitationId,
        link: Digest,
        workspace: &WorkspaceId,
        role: Role,
        expires: SystemTime,
        cause: &Cause,
    ) -> Result<MembersChanged> {
        let mut tx = self.begin().await?;
        let requester = requester(&mut tx, workspace.as_str(), cause).await?;
        if !requester.invites() {
            return Ok(MembersChanged::Refused);
        }
        sqlx::query(
            "INSERT INTO invitations (id, digest, workspace, role, inviter, created, expires) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(id.as_str())
        .bind(link.as_bytes())
        .bind(workspace.as_str())
        .bind(role.as_str())
        .bind(cause.person.as_ref().map(PersonId::as_str))
        .bind(millis(cause.at))
        .bind(millis(expires))
        .execute(&mut *tx)
        .await?;
        let oldest = sqlx::query(
            "DELETE FROM invitations WHERE inviter = ?1 AND rowid NOT IN (SELECT rowid FROM \
             invitations WHERE inviter = ?1 ORDER BY rowid DESC LIMIT ?2) RETURNING id, workspace",
        )
        .bind(cause.person.as_ref().map(PersonId::as_str))
        .bind(bounds::INVITATIONS_OF_PERSON)
        .fetch_all(&mut *tx)
        .await?;
        for withdrawn in oldest {
            let about = About {
                workspace: Some(withdrawn.try_get("workspace")?),
                subject: Some(withdrawn.try_get("id")?),
                ..About::default()
            };
            record(&mut tx, cause, Action::InvitationWithdrawn, about).await?;
        }
        self.end(tx, cause, Action::InvitationMade, workspace, id.as_str())
            .await?;
        Ok(MembersChanged::Done)
    }

    async fn invitation(&self, link: Digest, now: SystemTime) -> Result<Option<Invitation>> {
        let row = sqlx::query(
            "SELECT i.id, i.role, i.expires, p.email, w.id AS workspace, \
             w.name AS workspace_name, w.upstream_id, w.suspended \
             FROM invitations i LEFT JOIN people p ON p.id = i.inviter \
             JOIN workspaces w ON w.id = i.workspace \
             LEFT JOIN memberships m ON m.person = i.inviter AND m.workspace = w.id \
             WHERE i.digest = ? AND i.expires > ? AND (i.inviter IS NULL OR m.role = 'owner')",
        )
        .bind(link.as_bytes())
        .bind(millis(now))
        .fetch_optional(&self.reader)
        .await?;
        row.as_ref().map(decode::invitation).transpose()
    }

    async fn accept_invitation(&self, link: Digest, cause: &Cause) -> Result<Option<WorkspaceId>> {
        let Some(person) = &cause.person else {
            return Ok(None);
        };
        let mut tx = self.begin().await?;
        let at = millis(cause.at);
        let Some((workspace, role)) = use_invitation(&mut tx, link, at).await? else {
            return Ok(None);
        };
        let raised = put_membership(&mut tx, person, &workspace, role, at).await?;
        let about = About {
            workspace: Some(&workspace),
            ..About::default()
        };
        record(&mut tx, cause, Action::InvitationAccepted, about).await?;
        if raised {
            let about = About {
                subject: Some(person.as_str()),
                ..about
            };
            record(&mut tx, cause, Action::RoleChanged, about).await?;
        }
        self.commit(tx).await?;
        Ok(Some(WorkspaceId::stored(workspace)))
    }

    async fn withdraw_invitation(
        &self,
        workspace: &WorkspaceId,
        invitation: &InvitationId,
        cause: &Cause,
    ) -> Result<MembersChanged> {
        let mut tx = self.begin().await?;
        let requester = requester(&mut tx, workspace.as_str(), cause).await?;
        if !requester.manages_members() {
            return Ok(MembersChanged::Refused);
        }
        let withdrawn = sqlx::query("DELETE FROM invitations WHERE workspace = ? AND id = ?")
            .bind(workspace.as_str())
            .bind(invitation.as_str())
            .execute(&mut *tx)
            .await?;
        if withdrawn.rows_affected() == 0 {
            return Ok(MembersChanged::Refused);
        }
        self.end(
            tx,
            cause,
            Action::InvitationWithdrawn,
            workspace,
            invitation.as_str(),
        )
        .await?;
        Ok(MembersChanged::Done)
    }

    async fn change_role(
        &self,
        workspace: &WorkspaceId,
        member: &PersonId,
        role: Role,
        cause: &Cause,
    ) -> Result<MembersChanged> {
        let mut tx = self.begin().await?;
        let requester = requester(&mut tx, workspace.as_str(), cause).await?;
        if !requester.manages_members() {
            return Ok(MembersChanged::Refused);
        }
        let changed =
            sqlx::query("UPDATE memberships SET role = ? WHERE workspace = ? AND person = ?")
                .bind(role.as_str())
                .bind(workspace.as_str())
                .bind(member.as_str())
                .execute(&mut *tx)
                .await?;
        if changed.rows_affected() == 0 {
            return Ok(MembersChanged::Refused);
        }
        if owners(&mut tx, workspace).await? == 0 {
            return Ok(MembersChanged::LastOwner);
        }
        if role != Role::Owner {
            forget_invitations(&mut tx, workspace, member).await?;
        }
        self.end(tx, cause, Action::RoleChanged, workspace, member.as_str())
            .await?;
        Ok(MembersChanged::Done)
    }

    async fn remove_member(
        &self,
        workspace: &WorkspaceId,
        member: &PersonId,
        cause: &Cause,
    ) -> Result<MembersChanged> {
        let mut tx = self.begin().await?;
        let requester = requester(&mut tx, workspace.as_str(), cause).await?;
        if !requester.removes(member) {
            return Ok(MembersChanged::Refused);
        }
        let removed = sqlx::query("DELETE FROM memberships WHERE workspace = ? AND person = ?")
            .bind(workspace.as_str())
            .bind(member.as_str())
            .execute(&mut *tx)
            .await?;
        if removed.rows_affected() == 0 {
            return Ok(MembersChanged::Refused);
        }
        if owners(&mut tx, workspace).await? == 0 {
            return Ok(MembersChanged::LastOwner);
        }
        forget_member(&mut tx, workspace, member, cause).await?;
        self.commit(tx).await?;
        Ok(MembersChanged::Done)
    }
}

impl Sqlite {
    /// Writes down what was done in a workspace, and ends the step with it.
    async fn end(
        &self,
        mut tx: Transaction,
        cause: &Cause,
        action: Action,
        workspace: &WorkspaceId,
        subject: &str,
    ) -> Result<()> {
        let about = About {
            workspace: Some(workspace.as_str()),
            subject: Some(subject),
            ..About::default()
        };
        record(&mut tx, cause, action, about).await?;
        self.commit(tx).await
    }
}

/// Returns who asks for a change of a workspace, with their role in it.
pub(super) async fn requester(
    tx: &mut SqliteConnection,
    workspace: &str,
    cause: &Cause,
) -> Result<Requester> {
    let row = sqlx::query("SELECT role FROM memberships WHERE workspace = ? AND person = ?")
        .bind(workspace)
        .bind(cause.person.as_ref().map(PersonId::as_str))
        .fetch_optional(tx)
        .await?;
    let role = row.as_ref().map(decode::role).transpose()?;
    Ok(Requester::new(cause, role))
}

/// Ends a membership, and what the member has by it.
pub(super) async fn end_membership(
    tx: &mut SqliteConnection,
    workspace: &WorkspaceId,
    member: &PersonId,
    cause: &Cause,
) -> Result<()> {
    let removed = sqlx::query("DELETE FROM memberships WHERE workspace = ? AND person = ?")
        .bind(workspace.as_str())
        .bind(member.as_str())
        .execute(&mut *tx)
        .await?;
    match removed.rows_affected() {
        0 => Ok(()),
        _ => forget_member(tx, workspace, member, cause).await,
    }
}

/// Ends the grants of one who is no member any more, and withdraws their links.
async fn forget_member(
    tx: &mut SqliteConnection,
    workspace: &WorkspaceId,
    member: &PersonId,
    cause: &Cause,
) -> Result<()> {
    let about = About {
        workspace: Some(workspace.as_str()),
        subject: Some(member.as_str()),
        ..About::default()
    };
    record(tx, cause, Action::MemberRemoved, about).await?;
    forget_invitations(tx, workspace, member).await?;
    sqlx::query("DELETE FROM assigned_memberships WHERE person = ? AND workspace = ?")
        .bind(member.as_str())
        .bind(workspace.as_str())
        .execute(&mut *tx)
        .await?;
    let grants =
        sqlx::query("SELECT id FROM grants WHERE workspace = ? AND person = ? AND revoked IS NULL")
            .bind(workspace.as_str())
            .bind(member.as_str())
            .fetch_all(&mut *tx)
            .await?;
    for grant in grants {
        let grant = GrantId::stored(grant.text("id")?);
        end_grant(tx, &grant, RevocationReason::MemberLeft, cause).await?;
    }
    Ok(())
}

/// Withdraws the links of one who is no owner any more: they could come back through them.
pub(super) async fn forget_invitations(
    tx: &mut SqliteConnection,
    workspace: &WorkspaceId,
    inviter: &PersonId,
) -> Result<()> {
    sqlx::query("DELETE FROM invitations WHERE workspace = ? AND inviter = ?")
        .bind(workspace.as_str())
        .bind(inviter.as_str())
        .execute(tx)
        .await?;
    Ok(())
}

/// Returns how many owners a workspace has who can sign in.
async fn owners(tx: &mut SqliteConnection, workspace: &WorkspaceId) -> Result<i64> {
    let row = sqlx::query(
        "SELECT COUNT(*) FROM memberships m JOIN people p ON p.id = m.person \
             WHERE m.workspace = ? AND m.role = 'owner' AND p.disabled IS NULL",
    )
    .bind(workspace.as_str())
    .fetch_one(tx)
    .await?;
    Ok(row.try_get(0)?)
}
