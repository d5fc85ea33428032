//! What every HTTP request passes: it gets its id and the address it comes from, and is turned away
//! where its Host is not one of ours; its answer gets the headers that all have. And what every
//! message passes: it is turned away where its Origin is not one of ours.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Method, StatusCode};

use super::origin::{HostPolicy, Refusal};
use super::proxies::Proxies;
use crate::mcp::plain_error;
use crate::random::Random;
use crate::request_id::{self, RequestId};
use crate::trace::{self, ActiveSpan, SpanKind, Traces};

const REQUEST_ID: HeaderName = HeaderName::from_static(request_id::HEADER);

#[derive(Debug)]
pub(super) struct RequestGate {
    pub(super) hosts: HostPolicy,
    pub(super) proxies: Proxies,
    pub(super) random: Arc<dyn Random>,
    pub(super) traces: Traces,
    /// Whether clients reach this server by https.
    pub(super) https: bool,
}

/// A request that has come to the gate.
pub(super) struct Passage {
    id: RequestId,
    /// When it came, its method and its route, where requests are logged or traced.
    seen: Option<(Instant, Method, Option<String>)>,
    span: Option<ActiveSpan>,
    /// Why it is refused, where it is.
    pub(super) refusal: Option<Refusal>,
}

impl RequestGate {
    /// Checks a request, and notes on it its id and the address that it comes from. `route` names the
    /// route it is for, where there is one: what is in the path itself may be a secret, such as a link that
    /// is valid once.
    pub(super) fn enter(
        &self,
        request: &mut Request,
        route: impl FnOnce(&Request) -> Option<String>,
    ) -> Passage {
        let id = RequestId::new(&*self.random);
        let is_probe = matches!(request.uri().path(), "/healthz" | "/readyz");
        let refusal = self.hosts.check_host(request, is_probe).err();
        // What a server is sent that is for another one is none of its requests.
        let mut span = match is_probe || refusal.is_some() {
            true => None,
            false => (self.traces).begin(id.as_str(), SpanKind::Request, String::new),
        };
        let is_logged = tracing::enabled!(tracing::Level::DEBUG);
        let seen = (is_logged || span.is_some())
            .then(|| (Instant::now(), request.method().clone(), route(request)));
        if let (Some(span), Some((_, method, route))) = (&mut span, &seen) {
            self.describe(span, method, route.as_deref());
        }
        if refusal.is_none() {
            request.extensions_mut().insert(id.clone());
            let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
            if let Some(&ConnectInfo(peer)) = peer {
                if let Some(forwarded) = self.proxies.unlisted(peer.ip(), request.headers()) {
                    request.extensions_mut().insert(forwarded);
                }
                let client = self.proxies.client(peer.ip(), request.headers());
                if client != peer.ip() {
                    let client = SocketAddr::new(client, peer.port());
                    request.extensions_mut().insert(ConnectInfo(client));
                }
            }
        }
        Passage {
            id,
            seen,
            span,
            refusal,
        }
    }

    /// Names the span of a request, as OpenTelemetry describes those of HTTP servers.
    fn describe(&self, span: &mut ActiveSpan, method: &Method, route: Option<&str>) {
        let (method, named) = trace::method(method.as_str());
        span.set("http.request.method", method);
        span.set("url.scheme", if self.https { "https" } else { "http" });
        match route {
            Some(route) => {
                span.rename(format!("{named} {route}"));
                span.set("http.route", route);
            }
            None => span.rename(named.to_owned()),
        }
    }

    /// Adds the header fields that all answers have.
    pub(super) fn leave(&self, passage: Passage, response: &mut Response) {
        let Passage { id, seen, span, .. } = passage;
        let status = response.status().as_u16();
        if let Some(mut span) = span {
            span.set("http.response.status_code", status);
            let error = (status >= 500).then(|| status.to_string());
            span.end(error.as_deref());
        }
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, id.to_header());
        // A browser takes every answer for what its Content-Type says it is …
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.https {
            // … and for a year asks by https only.
            let year = HeaderValue::from_static("max-age=31536000");
            headers.insert(STRICT_TRANSPORT_SECURITY, year);
        }
        if let Some((started, method, route)) = seen {
            let elapsed_us = started.elapsed().as_micros();
            let route = route.as_deref().unwrap_or("none");
            tracing::debug!(request_id = %id, %method, route, status, elapsed_us, "request");
        }
    }
}

/// The route that the router found for a request.
fn matched(request: &Request) -> Option<String> {
    let matched = request.extensions().get::<MatchedPath>();
    matched.map(|it| it.as_str().to_owned())
}

/// Passes a request of the router through the gate.
pub(super) async fn pass(
    State(gate): State<Arc<RequestGate>>,
    mut request: Request,
    next: Next,
) -> Response {
    let passage = gate.enter(&mut request, matched);
    let mut response = match passage.refusal {
        Some((status, refusal)) => plain_error(status, refusal),
        None => next.run(request).await,
    };
    gate.leave(passage, &mut response);
    response
}

pub(super) async fn pass_endpoint(
    State(hosts): State<Arc<HostPolicy>>,
    request: Request,
    next: Next,
) -> Response {
    match hosts.refuse_origin(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => plain_error(StatusCode::FORBIDDEN, refusal),
    }
}
