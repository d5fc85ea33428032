//! The paths of the pages.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};

use super::state::{
    ACCOUNT, AGENTS, DELETE_ACCOUNT, Here, KEYS, Portal, WORKSPACES, WorkspaceLimits,
};
use super::{account, agents, audit, deletion, keys, members, profile, usage, workspaces};
use crate::account::{Accounts, Answer};
use crate::oauth::{Authority, Resources};

/// The pages, to be put behind [`crate::account::with_browser`].
pub(crate) fn router(
    accounts: &Arc<Accounts>,
    resources: Arc<Resources>,
    limits: WorkspaceLimits,
    authority: Option<Arc<Authority>>,
) -> Router {
    let portal = Portal {
        accounts: Arc::clone(accounts),
        services: accounts.services.clone(),
        resources,
        limits,
        authority,
    };
    Router::new()
        .route("/portal", get(enter))
        .route("/portal/", get(enter))
        .route("/account", get(enter_account))
        .route("/account/", get(enter_account))
        // Where people look for a page to sign in on.
        .route("/login", get(enter))
        .route(KEYS, get(keys::show))
        .route("/portal/keys/revoke", post(keys::revoke))
        .route("/portal/keys/rename", post(keys::rename))
        .route("/portal/keys/revoke-all", post(keys::revoke_all))
        .route(AGENTS, get(agents::show).post(agents::link))
        .route(WORKSPACES, get(workspaces::show).post(workspaces::create))
        .route("/portal/workspaces/{workspace}", get(members::show))
        .route("/portal/workspaces/{workspace}/audit", get(audit::show))
        .route("/portal/workspaces/{workspace}/usage", get(usage::show))
        .route(
            "/portal/workspaces/{workspace}/invite",
            post(members::invite),
        )
        .route(
            "/portal/workspaces/{workspace}/uninvite",
            post(members::uninvite),
        )
        .route(
            "/portal/workspaces/{workspace}/role",
            post(members::change_role),
        )
        .route(
            "/portal/workspaces/{workspace}/remove",
            post(members::remove),
        )
        .route("/portal/workspaces/{workspace}/link", post(members::link))
        .route("/portal/workspaces/{workspace}/leave", post(members::leave))
        .route(ACCOUNT, get(account::show))
        .route("/portal/account/profile", post(profile::change))
        .route(DELETE_ACCOUNT, get(deletion::show).post(deletion::delete))
        .route("/portal/account/password", post(account::change_password))
        .route("/portal/account/sign-out", post(account::close_session))
        .route(
            "/portal/account/sign-out-others",
            post(account::close_others),
        )
        .route("/portal/sign-out", post(account::sign_out))
        .with_state(Arc::new(portal))
}

async fn enter(State(portal): Here) -> Answer {
    portal.accounts.send_to(KEYS)
}

async fn enter_account(State(portal): Here) -> Answer {
    portal.accounts.send_to(ACCOUNT)
}
