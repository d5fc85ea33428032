//! A person's workspaces, and making one.

use axum::extract::State;
use http::StatusCode;

use super::state::{Here, Portal, WORKSPACES};
use super::visitor::{Flash, Visitor};
use crate::account::{Accounts, Answer, Posted};
use crate::model::{Membership, Workspace, WorkspaceId};
use crate::page::{Visit, WorkspaceRow, Workspaces};
use crate::text;

pub(super) async fn show(State(portal): Here, visitor: Visitor) -> Answer {
    let visit = visitor.visit();
    page(&portal, &visitor, visit, StatusCode::OK).await
}

pub(super) async fn create(State(portal): Here, visitor: Visitor, Posted(form): Posted) -> Answer {
    let name = text::label(form.field("name"));
    if name.is_empty() {
        let visit = visitor.visit_with("Give the workspace a name.");
        return page(&portal, &visitor, visit, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let workspace = Workspace {
        id: WorkspaceId::new(&*portal.services.random),
        name,
        upstream_id: None,
        suspended: false,
    };
    let store = &portal.services.store;
    let me = &visitor.session.person.id;
    store
        .create_workspace(&workspace, me, &visitor.cause())
        .await?;
    portal.show(WORKSPACES, Flash::WorkspaceCreated)
}

async fn page(portal: &Portal, visitor: &Visitor, visit: Visit, status: StatusCode) -> Answer {
    let me = &visitor.session.person.id;
    let memberships = portal.services.store.memberships(me).await?;
    let rows = memberships.into_iter().map(|it| row(&portal.accounts, it));
    let page = Workspaces {
        visit,
        workspaces: rows.collect(),
    };
    Ok(portal.accounts.pages.show(status, &page))
}

/// A workspace as its member sees it.
pub(super) fn row(accounts: &Accounts, membership: Membership) -> WorkspaceRow {
    WorkspaceRow {
        not_linked: accounts.not_linked(&membership),
        id: membership.workspace.id.to_string(),
        name: membership.workspace.name,
        role: membership.role,
        members: membership.members,
        upstream_id: membership.workspace.upstream_id,
        suspended: membership.workspace.suspended,
    }
}
