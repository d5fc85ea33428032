//! The members of a workspace, and the links that lead into it.

use std::time::Duration;

use axum::extract::{Path, State};
use http::StatusCode;

use super::confirmed::Confirmed;
use super::state::{Here, Portal, WORKSPACES};
use super::visitor::{Flash, Visitor};
use super::workspaces::row;
use crate::account::{Answer, PageError};
use crate::model::{InvitationId, Membership, PersonId, Role, WorkspaceId};
use crate::page::{self, Members, PendingInvitation};
use crate::store::MembersChanged;
use crate::text;
use crate::token::{self, Digest};

/// How long a link into a workspace works.
const INVITATION: Duration = Duration::from_hours(7 * 24);
/// The longest id of the API's, in bytes.
const LONGEST_UPSTREAM_ID: usize = 254;

pub(super) async fn show(
    State(portal): Here,
    visitor: Visitor,
    Path(workspace): Path<String>,
) -> Answer {
    let membership = membership(&portal, &visitor, &workspace).await?;
    page(&portal, &visitor, membership, None).await
}

pub(super) async fn invite(
    State(portal): Here,
    Path(workspace): Path<String>,
    Confirmed { visitor, form }: Confirmed,
) -> Answer {
    let accounts = &portal.accounts;
    let membership = membership(&portal, &visitor, &workspace).await?;
    let role = Role::parse(form.field("role")).ok_or(PageError::Forbidden)?;
    let secret = token::random_text(&*accounts.services.random);
    let outcome = accounts
        .services
        .store
        .invite(
            &InvitationId::new(&*accounts.services.random),
            Digest::of(&secret),
            &membership.workspace.id,
            role,
            visitor.browser.at + INVITATION,
            &visitor.cause(),
        )
        .await?;
    match outcome {
        // Shown in the answer to the form and nowhere else: the store keeps its digest only.
        MembersChanged::Done => {
            let link = format!("{}/account/join/{secret}", accounts.origin);
            page(&portal, &visitor, membership, Some(link)).await
        }
        MembersChanged::Refused | MembersChanged::LastOwner => Err(PageError::Forbidden),
    }
}

pub(super) async fn uninvite(
    State(portal): Here,
    Path(workspace): Path<String>,
    Confirmed { visitor, form }: Confirmed,
) -> Answer {
    let id = WorkspaceId::stored(workspace);
    let invitation = InvitationId::stored(form.field("invitation"));
    let store = &portal.services.store;
    let outcome = store
        .withdraw_invitation(&id, &invitation, &visitor.cause())
        .await?;
    changed(&portal, &id, outcome, Flash::InvitationWithdrawn)
}

pub(super) async fn change_role(
    State(portal): Here,
    Path(workspace): Path<String>,
    Confirmed { visitor, form }: Confirmed,
) -> Answer {
    let id = WorkspaceId::stored(workspace);
    let member = PersonId::stored(form.field("member"));
    let role = Role::parse(form.field("role")).ok_or(PageError::Forbidden)?;
    let store = &portal.services.store;
    let outcome = store
        .change_role(&id, &member, role, &visitor.cause())
        .await?;
    changed(&portal, &id, outcome, Flash::RoleChanged)
}

pub(super) async fn remove(
    State(portal): Here,
    Path(workspace): Path<String>,
    Confirmed { visitor, form }: Confirmed,
) -> Answer {
    let id = WorkspaceId::stored(workspace);
    let member = PersonId::stored(form.field("member"));
    let store = &portal.services.store;
    let outcome = store.remove_member(&id, &member, &visitor.cause()).await?;
    changed(&portal, &id, outcome, Flash::MemberRemoved)
}

/// Says under which id the API knows the workspace, where owners may.
pub(super) async fn link(
    State(portal): Here,
    Path(workspace): Path<String>,
    Confirmed { visitor, form }: Confirmed,
) -> Answer {
    let accounts = &portal.accounts;
    if !accounts.settings.owners_link_workspaces {
        return Err(PageError::NotFound);
    }
    let id = WorkspaceId::stored(workspace);
    let upstream_id = form.field("upstream_id").trim();
    let back = format!("{WORKSPACES}/{id}");
    if !is_upstream_id(upstream_id) {
        return portal.show(&back, Flash::NoUpstreamId);
    }
    let cause = visitor.cause();
    match accounts
        .services
        .store
        .link_workspace(&id, upstream_id, &cause)
        .await?
    {
        true => portal.show(&back, Flash::WorkspaceLinked),
        false => Err(PageError::Forbidden),
    }
}

/// Whether a text can be an id of the API's; the empty one unlinks the workspace.
fn is_upstream_id(text: &str) -> bool {
    text::is_visible(text) && text.len() <= LONGEST_UPSTREAM_ID
}

pub(super) async fn leave(
    State(portal): Here,
    Path(workspace): Path<String>,
    Confirmed { visitor, .. }: Confirmed,
) -> Answer {
    let id = WorkspaceId::stored(workspace);
    let me = &visitor.session.person.id;
    let store = &portal.services.store;
    match store.remove_member(&id, me, &visitor.cause()).await? {
        MembersChanged::Done => portal.show(WORKSPACES, Flash::Left),
        outcome => changed(&portal, &id, outcome, Flash::Left),
    }
}

/// The visitor's own membership. A person without one does not learn whether the workspace exists.
pub(super) async fn membership(
    portal: &Portal,
    visitor: &Visitor,
    workspace: &str,
) -> Result<Membership, PageError> {
    let me = &visitor.session.person.id;
    let memberships = portal.services.store.memberships(me).await?;
    memberships
        .into_iter()
        .find(|membership| membership.workspace.id.as_str() == workspace)
        .ok_or(PageError::NotFound)
}

fn changed(portal: &Portal, id: &WorkspaceId, outcome: MembersChanged, done: Flash) -> Answer {
    let flash = match outcome {
        MembersChanged::Done => done,
        MembersChanged::LastOwner => Flash::LastOwner,
        MembersChanged::Refused => return Err(PageError::Forbidden),
    };
    portal.show(&format!("{WORKSPACES}/{id}"), flash)
}

async fn page(
    portal: &Portal,
    visitor: &Visitor,
    membership: Membership,
    new_link: Option<String>,
) -> Answer {
    let store = &portal.services.store;
    let id = membership.workspace.id.clone();
    let invitations = match membership.role {
        Role::Owner => store.invitations(&id, visitor.browser.at).await?,
        Role::Member => Vec::new(),
    };
    let members = store
        .members(&id)
        .await?
        .into_iter()
        .map(|member| page::Member {
            you: member.person.id == visitor.session.person.id,
            id: member.person.id.to_string(),
            name: member.person.name,
            email: member.person.email,
            role: member.role,
            joined: member.joined.into(),
        });
    let invitations = invitations.into_iter().map(|invitation| PendingInvitation {
        id: invitation.id.to_string(),
        role: invitation.role,
        inviter: invitation
            .inviter
            .unwrap_or_else(|| "the operator of this server".to_owned()),
        expires: invitation.expires.into(),
    });
    let page = Members {
        visit: visitor.visit(),
        may_link: membership.role == Role::Owner && portal.accounts.settings.owners_link_workspaces,
        workspace: row(&portal.accounts, membership),
        members: members.collect(),
        invitations: invitations.collect(),
        new_link,
    };
    Ok(portal.accounts.pages.show(StatusCode::OK, &page))
}
