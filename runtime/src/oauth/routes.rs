//! The paths of the endpoints.

use std::sync::Arc;

use axum::routing::{any, get, post};
use axum::{Router, middleware};
use http::{HeaderName, Method};
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use super::agents::challenge::{CHALLENGE, challenge};
use super::authority::Authority;
use super::{authorize, consent, metadata, register, revoke, token, userinfo};
use crate::account::with_browser;

/// The endpoints.
pub(crate) fn router(authority: &Arc<Authority>) -> Router {
    // Programs in browsers call these from anywhere; none of them looks at a cookie.
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([
            http::header::WWW_AUTHENTICATE,
            http::header::RETRY_AFTER,
            HeaderName::from_static(crate::request_id::HEADER),
        ]);
    // What MCP 2025-03-26 falls back to where no metadata is read. Its clients, and SDKs that kept
    // the tokens but not the metadata, refresh and sign in there.
    let mut programs = Router::new()
        .route("/oauth/token", post(token::token))
        .route("/token", post(token::token))
        .route("/oauth/revoke", post(revoke::revoke));
    if authority.policy.registration {
        programs = programs
            .route("/oauth/register", post(register::register))
            .route("/register", post(register::register));
    }
    if authority
        .agents
        .as_ref()
        .is_some_and(|agents| agents.takes_wallets())
    {
        programs = programs.route(CHALLENGE, post(challenge));
    }
    if authority.openid.is_some() {
        let userinfo = get(userinfo::userinfo).post(userinfo::userinfo);
        programs = programs.route(metadata::USERINFO, userinfo);
    }
    let people = Router::new()
        .route("/oauth/authorize", any(authorize::authorize))
        .route("/authorize", any(authorize::authorize))
        .merge(consent::router())
        .layer(middleware::from_fn_with_state(
            Arc::clone(&authority.accounts),
            with_browser,
        ))
        .with_state(Arc::clone(authority));
    programs
        .with_state(Arc::clone(authority))
        .merge(metadata::router(authority))
        .layer(cors)
        .merge(people)
}
