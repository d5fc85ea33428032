//! A relay before a server: remembers what passes, and adds the token that a program cannot send.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use url::Url;

use super::recorder::Recorded;

/// A relay. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Relay {
    url: Url,
    target: Url,
    token: Option<HeaderValue>,
    passed: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Recorded>>>,
    hold: Arc<Mutex<Option<Hold>>>,
    http: reqwest::Client,
}

/// Where a request is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Before the target hears of it.
    Request,
    /// After the target has answered, and before the caller hears of that.
    Answer,
}

/// A request that is to be held.
#[derive(Debug)]
struct Hold {
    line: (&'static str, &'static str),
    at: Stop,
    reached: oneshot::Sender<()>,
    released: oneshot::Receiver<()>,
}

/// A request that is held as soon as it comes. It goes no further when this is dropped.
#[derive(Debug)]
pub struct HeldRequest {
    reached: oneshot::Receiver<()>,
    release: oneshot::Sender<()>,
}

impl HeldRequest {
    /// Waits until the request has come to its stop.
    ///
    /// # Errors
    /// Where another request is to be held instead.
    pub async fn reached(&mut self) -> anyhow::Result<()> {
        Ok((&mut self.reached).await?)
    }

    /// Lets it go on.
    pub fn release(self) {
        // One whose caller has gone away goes nowhere.
        let _ = self.release.send(());
    }
}

impl Hold {
    async fn wait(self) -> anyhow::Result<()> {
        let _ = self.reached.send(());
        Ok(self.released.await?)
    }
}

impl Relay {
    /// Starts one before the server at `target`, on a free port of this machine.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn before(target: &Url) -> anyhow::Result<Relay> {
        Relay::start(target, None).await
    }

    /// Starts one that sends `token` as its bearer token with every request that has none.
    ///
    /// # Errors
    /// Where no port can be had, or the token is none.
    pub async fn with_token(target: &Url, token: &str) -> anyhow::Result<Relay> {
        let token = HeaderValue::try_from(format!("Bearer {token}"))?;
        Relay::start(target, Some(token)).await
    }

    async fn start(target: &Url, token: Option<HeaderValue>) -> anyhow::Result<Relay> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let mut url = target.clone();
        let port = listener.local_addr()?.port();
        url.set_port(Some(port))
            .map_err(|()| anyhow::anyhow!("{target} has no port"))?;
        let relay = Relay {
            url,
            target: target.clone(),
            token,
            passed: Arc::default(),
            seen: Arc::default(),
            hold: Arc::default(),
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()?,
        };
        let router = Router::new().fallback(pass).with_state(relay.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(relay)
    }

    /// The target's URL, but here.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// How many requests passed.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.passed.load(Ordering::SeqCst)
    }

    /// What passed since the last time this was asked.
    #[must_use]
    pub fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Holds the next request with this method whose path ends so.
    #[must_use]
    pub fn hold(&self, method: &'static str, path: &'static str, at: Stop) -> HeldRequest {
        let (reached_sender, reached) = oneshot::channel();
        let (release, released) = oneshot::channel();
        *self.hold.lock().unwrap_or_else(PoisonError::into_inner) = Some(Hold {
            line: (method, path),
            at,
            reached: reached_sender,
            released,
        });
        HeldRequest { reached, release }
    }

    /// Waits where a request of this line is to be held here.
    async fn stop(&self, line: (&str, &str), at: Stop) -> anyhow::Result<()> {
        let held = self.take_hold(line, at);
        match held {
            Some(hold) => hold.wait().await,
            None => Ok(()),
        }
    }

    fn take_hold(&self, line: (&str, &str), at: Stop) -> Option<Hold> {
        let mut hold = self.hold.lock().unwrap_or_else(PoisonError::into_inner);
        hold.take_if(|hold| hold.at == at && hold.line.0 == line.0 && line.1.ends_with(hold.line.1))
    }

    fn record(&self, request: Recorded) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(request);
    }

    async fn forward(&self, request: Request) -> anyhow::Result<Response> {
        let (head, body) = request.into_parts();
        let mut url = self.target.clone();
        url.set_path(head.uri.path());
        url.set_query(head.uri.query());
        let mut headers = head.headers;
        self.as_if_at_the_target(&mut headers)?;
        let body = body.collect().await?.to_bytes();
        self.record(Recorded {
            method: head.method.to_string(),
            target: head.uri.to_string(),
            headers: headers.clone(),
            body: body.clone(),
        });
        let line = (head.method.as_str(), head.uri.path());
        self.stop(line, Stop::Request).await?;
        let sent = self.http.request(head.method.clone(), url);
        let answer = sent.headers(headers).body(body).send().await?;
        self.stop(line, Stop::Answer).await?;
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        headers.remove(TRANSFER_ENCODING);
        let body = Body::from_stream(answer.bytes_stream());
        Ok((status, headers, body).into_response())
    }

    /// Names of this relay become the target's; foreign ones stay, so that they are refused there.
    fn as_if_at_the_target(&self, headers: &mut HeaderMap) -> anyhow::Result<()> {
        let (here, there) = (authority(&self.url), authority(&self.target));
        for name in ["host", "origin"] {
            if let Some(value) = headers.get(name) {
                let value = value.to_str()?.replace(&here, &there);
                headers.insert(name, HeaderValue::try_from(value)?);
            }
        }
        if !headers.contains_key(HOST) {
            headers.insert(HOST, HeaderValue::try_from(there)?);
        }
        if let Some(token) = &self.token
            && !headers.contains_key(AUTHORIZATION)
        {
            headers.insert(AUTHORIZATION, token.clone());
        }
        Ok(())
    }
}

fn authority(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}

async fn pass(State(relay): State<Relay>, request: Request) -> Response {
    relay.passed.fetch_add(1, Ordering::SeqCst);
    match relay.forward(request).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}
