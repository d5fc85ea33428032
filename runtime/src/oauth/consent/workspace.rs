//! The person chooses the workspace that a connection acts for, or makes their first.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::{CANCEL, ConsentRequest, Next, PendingAuthorization, next};
use crate::account::{Answer, Browser, PageError, Posted};
use crate::model::{Answered, Workspace, WorkspaceId};
use crate::oauth::authority::Authority;
use crate::page::{NewWorkspace, WorkspaceChoice, WorkspacePicker};
use crate::text;

type Here = State<Arc<Authority>>;

pub(super) async fn show_picker(
    State(authority): Here,
    ConsentRequest { browser, pending }: ConsentRequest,
) -> Answer {
    let (session, memberships) = match next(&authority, &browser, &pending).await? {
        Next::Ready(session, memberships) => (session, memberships),
        Next::Go(location) => return authority.accounts.send_to(&location),
    };
    let person = &session.person.id;
    let chosen = match pending.transaction.workspace.clone() {
        Some(chosen) => Some(chosen),
        None => authority.services.store.last_workspace(person).await?,
    };
    let page = WorkspacePicker {
        csrf_token: browser.csrf_token(),
        client: pending.client(),
        cancel_url: CANCEL.to_owned(),
        account: session.person.email,
        workspaces: memberships
            .into_iter()
            .map(|membership| WorkspaceChoice {
                selected: chosen.as_ref() == Some(&membership.workspace.id),
                not_linked: authority.accounts.not_linked(&membership).is_some(),
                id: membership.workspace.id.to_string(),
                name: membership.workspace.name,
                role: membership.role,
            })
            .collect(),
        new_workspace_url: Some(pending.path("/new-workspace")),
    };
    Ok(authority.accounts.pages.show(StatusCode::OK, &page))
}

pub(super) async fn pick(
    State(authority): Here,
    ConsentRequest { browser, pending }: ConsentRequest,
    Posted(form): Posted,
) -> Answer {
    let accounts = &authority.accounts;
    let Some(session) = accounts.session(&browser).await? else {
        return accounts.send_to(&pending.path("/sign-in"));
    };
    let workspace = WorkspaceId::stored(form.field("workspace"));
    choose(
        &authority,
        &browser,
        &pending,
        &session.person.id,
        &workspace,
    )
    .await?;
    accounts.send_to(&pending.path(""))
}

async fn choose(
    authority: &Authority,
    browser: &Browser,
    pending: &PendingAuthorization,
    person: &crate::model::PersonId,
    workspace: &WorkspaceId,
) -> Result<(), PageError> {
    let client_id = &pending.transaction.request.client_id;
    let cause = browser.cause().by(person).through(client_id);
    let store = &authority.services.store;
    match store
        .choose_workspace(pending.digest, pending.browser, workspace, &cause)
        .await?
    {
        Answered::Done => Ok(()),
        Answered::Over | Answered::KeyTakenBack => Err(PageError::Expired),
        Answered::NotAMember => Err(PageError::Forbidden),
    }
}

pub(super) async fn show_new(
    State(authority): Here,
    ConsentRequest { browser, pending }: ConsentRequest,
) -> Answer {
    let accounts = &authority.accounts;
    let Some(session) = accounts.session(&browser).await? else {
        return accounts.send_to(&pending.path("/sign-in"));
    };
    let first = accounts
        .services
        .store
        .memberships(&session.person.id)
        .await?
        .is_empty();
    let page = NewWorkspace {
        csrf_token: browser.csrf_token(),
        client: pending.client(),
        cancel_url: CANCEL.to_owned(),
        account: session.person.email,
        first,
        needs_link: accounts.link_required.is_some(),
        name: String::new(),
        problem: None,
    };
    Ok(accounts.pages.show(StatusCode::OK, &page))
}

pub(super) async fn create(
    State(authority): Here,
    ConsentRequest { browser, pending }: ConsentRequest,
    Posted(form): Posted,
) -> Answer {
    let accounts = &authority.accounts;
    let Some(session) = accounts.session(&browser).await? else {
        return accounts.send_to(&pending.path("/sign-in"));
    };
    let name = text::label(form.field("name"));
    if name.is_empty() {
        let page = NewWorkspace {
            csrf_token: browser.csrf_token(),
            client: pending.client(),
            cancel_url: CANCEL.to_owned(),
            account: session.person.email,
            first: accounts
                .services
                .store
                .memberships(&session.person.id)
                .await?
                .is_empty(),
            needs_link: accounts.link_required.is_some(),
            name,
            problem: Some("Give the workspace a name.".to_owned()),
        };
        return Ok(accounts.pages.show(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let workspace = Workspace {
        id: WorkspaceId::new(&*accounts.services.random),
        name,
        upstream_id: None,
        suspended: false,
    };
    let cause = browser.cause().by(&session.person.id);
    let me = &session.person.id;
    accounts
        .services
        .store
        .create_workspace(&workspace, me, &cause)
        .await?;
    choose(
        &authority,
        &browser,
        &pending,
        &session.person.id,
        &workspace.id,
    )
    .await?;
    accounts.send_to(&pending.path(""))
}
