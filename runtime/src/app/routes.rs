//! Which request is answered by what.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router, middleware};
use http::header::ORIGIN;
use http::{Method, StatusCode};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use url::Url;

use super::messages::MessageRoutes;
use super::opened::{self, Place};
use super::readiness::{self, Readiness};
use super::request_gate::{self, RequestGate};
use super::sign_in::SignIn;
use crate::mcp;
use crate::page::Pages;

/// What answers every request. Cloning it is cheap.
#[derive(Clone)]
pub(super) struct Routes(Arc<Inner>);

struct Inner {
    pages: Arc<Pages>,
    /// Whether there is a page at the root.
    has_home: bool,
    gate: Arc<RequestGate>,
    messages: MessageRoutes,
    /// Answers what web pages send to the paths of messages.
    from_pages: Router,
    router: Router,
}

impl Routes {
    /// Answers messages, what people and clients sign in with, links to files, probes, and `others`.
    pub(super) fn new(
        messages: MessageRoutes,
        sign_in: Option<(&SignIn, Router)>,
        url: &Url,
        gate: RequestGate,
        stopping: &CancellationToken,
        (pages, others): (&Arc<Pages>, Router),
    ) -> Routes {
        let gate = Arc::new(gate);
        let has_home = sign_in.as_ref().is_some_and(|(it, _)| it.has_home());
        let router = router(sign_in, url, &gate, stopping, others.merge(pages.assets()));
        Routes(Arc::new(Inner {
            pages: Arc::clone(pages),
            has_home,
            from_pages: from_pages(&messages, &gate),
            gate,
            messages,
            router,
        }))
    }

    /// Answers one request.
    ///
    /// A message that no web page sent takes a shorter way than through the layers of the router: those
    /// before its route are for browsers, and cost as much as a third of what this server does itself
    /// in a call.
    pub(super) async fn answer(&self, request: Request) -> Response {
        if !opened::is_by_a_person(&request) {
            return self.answer_program(request).await;
        }
        let Inner {
            pages,
            has_home,
            messages,
            ..
        } = &*self.0;
        let path = request.uri().path();
        let place = match messages.find(path) {
            Ok(None) => Place::Elsewhere,
            _ => Place::Endpoint,
        };
        let answer = self.answer_program(request).await;
        opened::for_person(pages, answer, place, *has_home)
    }

    async fn answer_program(&self, mut request: Request) -> Response {
        let Inner {
            gate,
            messages,
            from_pages,
            router,
            ..
        } = &*self.0;
        let found = match messages.find(request.uri().path()) {
            Ok(None) => {
                let Ok(response) = router.clone().oneshot(request).await;
                return response;
            }
            found => found,
        };
        let is_of_page =
            request.method() == Method::OPTIONS || request.headers().contains_key(ORIGIN);
        let route = found.as_ref().ok().and_then(Option::as_deref);
        let passage = gate.enter(&mut request, |_| Some(route?.name().to_owned()));
        let mut response = match (&passage.refusal, found) {
            (Some((status, refusal)), _) => mcp::plain_error(*status, refusal),
            (None, _) if is_of_page => {
                let Ok(response) = from_pages.clone().oneshot(request).await;
                response
            }
            (None, Ok(Some(route))) => route.answer(request).await,
            (None, _) => messages.answer(request).await,
        };
        gate.leave(passage, &mut response);
        response
    }
}

/// Answers messages that web pages send: of those whose origin may, with what browsers ask for.
fn from_pages(messages: &MessageRoutes, gate: &Arc<RequestGate>) -> Router {
    let messages = messages.clone();
    let answer = move |request: Request| async move { messages.answer(request).await };
    let origin = request_gate::pass_endpoint;
    let origin = middleware::from_fn_with_state(Arc::new(gate.hosts.clone()), origin);
    Router::new()
        .fallback(answer)
        .layer(gate.hosts.cors())
        .layer(origin)
}

fn router(
    sign_in: Option<(&SignIn, Router)>,
    url: &Url,
    gate: &Arc<RequestGate>,
    stopping: &CancellationToken,
    others: Router,
) -> Router {
    let elsewhere: Arc<str> = format!("there is nothing here; the MCP endpoint is {url}").into();
    let store = sign_in.as_ref().map(|(sign_in, _)| sign_in.store());
    let readiness = Arc::new(Readiness::new(stopping.clone(), store));
    let people = sign_in.map(|(sign_in, files)| sign_in.pages().merge(files));
    people
        .unwrap_or_default()
        .merge(others)
        .route(
            "/healthz",
            get(|| async { Json(serde_json::json!({"status": "ok"})) }),
        )
        .route("/readyz", get(readiness::ready).with_state(readiness))
        .fallback(move || async move { mcp::plain_error(StatusCode::NOT_FOUND, &elsewhere) })
        .with_state(())
        .layer(middleware::from_fn_with_state(
            Arc::clone(gate),
            request_gate::pass,
        ))
}
