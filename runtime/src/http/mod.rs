//! The one HTTP client: bounded in time and size, and never sent elsewhere than it was aimed.

mod guarded;
mod open;
mod piece;
mod setup;

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::capacity::{Account, Room, memory};

pub use guarded::{Document, Fetch, FetchError, GuardedFetch};
pub(crate) use open::Opened;
pub(crate) use piece::Piece;

/// What is sent as `User-Agent`.
pub(crate) const USER_AGENT: &str = concat!("drawbridge/", env!("CARGO_PKG_VERSION"));

/// Whether the host of a URL or of a `Host` header is this machine.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Whether an origin is a loopback address, for which https is not asked.
pub(crate) fn is_loopback(origin: &str) -> bool {
    let url = Url::parse(origin).ok();
    url.is_some_and(|url| url.host_str().is_some_and(is_loopback_host))
}

/// How many redirects in a row are followed.
const MAX_REDIRECTS: usize = 5;

/// Limits of every exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// From the first byte sent to the last byte read, redirects included.
    pub(crate) total: Duration,
    /// Until a connection is established.
    pub(crate) connect: Duration,
    /// Bytes of a body that are read, after decompression.
    pub(crate) body: usize,
    /// How long a body is read that may never end.
    pub(crate) stream: Duration,
    /// Whether an answer with these headers may never end.
    pub(crate) may_be_endless: fn(&HeaderMap) -> bool,
}

/// A client with its pool of connections. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    inner: reqwest::Client,
    limits: Limits,
}

/// A request, ready to be sent.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The body where it is sent as it is read from elsewhere: its pieces, one after the other. `body` is
    /// empty then.
    pub(crate) pieces: Vec<Piece>,
    /// The room that the body takes, where it is large.
    pub(crate) room: Option<Arc<Room>>,
    /// Who takes the room for a large answer; without one, none is taken.
    pub(crate) account: Option<Account>,
}

impl TryFrom<Outgoing> for http::Request<Bytes> {
    type Error = http::Error;

    fn try_from(outgoing: Outgoing) -> Result<Self, http::Error> {
        let mut request = http::Request::builder()
            .method(outgoing.method)
            .uri(outgoing.url.as_str())
            .body(outgoing.body)?;
        *request.headers_mut() = outgoing.headers;
        Ok(request)
    }
}

/// An answer, its body as far as limits allow.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) cut: Option<Cut>,
    /// The room that the body takes, where it is large.
    pub(crate) room: Option<Arc<Room>>,
}

/// A body that is not there as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) cause: CutCause,
    /// Bytes that are missing, where the server reported the length.
    pub(crate) missing: Option<u64>,
}

/// Why a body is not there as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CutCause {
    /// It is longer than the limit.
    Limit,
    /// It took longer than the limit.
    Time,
    /// The connection broke.
    Broken,
}

/// Why there is no answer. Messages never contain a URL's query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection.
    Unreachable(String),
    /// The connection closed before the request was written, or the API reports that it did not
    /// handle the request (RFC 9113 §6.8, §8.7).
    Unhandled(String),
    /// The connection broke before an answer came.
    Broken(String),
    /// No answer in time.
    Timeout,
    /// What came is no HTTP.
    Garbage(String),
    /// A redirect that is not followed.
    Redirect {
        status: StatusCode,
        headers: Box<HeaderMap>,
        /// Where to, without query and fragment.
        target: String,
        reason: &'static str,
    },
    /// The client refuses its own request.
    Request(String),
}

impl Client {
    /// Returns when a request that is sent now has to be answered.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.limits.total
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// Where there is none.
    pub(crate) async fn send(&self, mut request: Outgoing) -> Result<Incoming, Failure> {
        self.attempt(&mut request, self.deadline()).await
    }

    /// Sends a request once and reads its answer. A large body is taken out of `request` as soon as
    /// it was sent: it takes no room any more while that for the answer is waited for.
    ///
    /// Redirects are followed on the same scheme, host and port only, as RFC 9110 §15.4 says: 303
    /// becomes GET, and so does 302 after POST as everyone does; 307 and 308 repeat the request.
    /// Any other redirect that would change a method or lose a body is not followed.
    ///
    /// # Errors
    /// Where there is no answer.
    pub(crate) async fn attempt(
        &self,
        request: &mut Outgoing,
        deadline: Instant,
    ) -> Result<Incoming, Failure> {
        let response = self.follow(request, deadline).await?;
        if request.room.take().is_some() {
            request.body = Bytes::new();
        }
        self.read(response, deadline, request.account.as_ref())
            .await
    }

    /// Sends a request, and those that redirects lead to. Returns the answer before its body is read.
    ///
    /// # Errors
    /// Where there is no answer.
    async fn follow(
        &self,
        request: &Outgoing,
        deadline: Instant,
    ) -> Result<reqwest::Response, Failure> {
        let mut redirected: Option<Outgoing> = None;
        let mut left = MAX_REDIRECTS;
        loop {
            let current = redirected.as_ref().unwrap_or(request);
            let response = self.once(current, deadline).await;
            let response = match redirected {
                None => response?,
                Some(_) => response.map_err(after_redirect)?,
            };
            match redirect(current, response.status(), response.headers(), left)? {
                None => return Ok(response),
                Some(next) => redirected = Some(next),
            }
            left -= 1;
        }
    }

    /// Sends a request and reads its answer, which may be a redirect.
    pub(crate) async fn send_once(&self, request: Outgoing) -> Result<Incoming, Failure> {
        let deadline = Instant::now() + self.limits.total;
        let response = self.once(&request, deadline).await?;
        self.read(response, deadline, request.account.as_ref())
            .await
    }

    async fn once(
        &self,
        request: &Outgoing,
        deadline: Instant,
    ) -> Result<reqwest::Response, Failure> {
        let mut sent = reqwest::Request::new(request.method.clone(), request.url.clone());
        *sent.headers_mut() = request.headers.clone();
        if !request.body.is_empty() {
            *sent.body_mut() = Some(reqwest::Body::from(request.body.clone()));
        }
        if !request.pieces.is_empty() {
            let length = HeaderValue::from(piece::length(&request.pieces));
            sent.headers_mut().insert(CONTENT_LENGTH, length);
            let pieces = piece::stream(request.pieces.clone());
            *sent.body_mut() = Some(reqwest::Body::wrap_stream(pieces));
        }
        match timeout_at(deadline, self.inner.execute(sent)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(match failure(error) {
                Failure::Unreachable(reason) => {
                    let origin = request.url.origin().ascii_serialization();
                    Failure::Unreachable(format!("{origin}: {reason}"))
                }
                Failure::Unhandled(reason) => {
                    let origin = request.url.origin().ascii_serialization();
                    Failure::Unhandled(format!("{origin}: {reason}"))
                }
                other => other,
            }),
            Err(_) => Err(Failure::Timeout),
        }
    }

    /// Reads a body up to the limit. What is beyond is neither kept nor waited for. Of a long one, the
    /// rest is not read before there is room for it.
    async fn read(
        &self,
        mut response: reqwest::Response,
        deadline: Instant,
        account: Option<&Account>,
    ) -> Result<Incoming, Failure> {
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        if let Some(coding) = unreadable(&headers) {
            let message = format!("the body is compressed as {coding}, which was not accepted");
            return Err(Failure::Garbage(message));
        }
        let declared = declared_length(&headers);
        let endless = (self.limits.may_be_endless)(&headers);
        let deadline = match endless {
            true => deadline.min(Instant::now() + self.limits.stream),
            false => deadline,
        };
        let longest = declared.and_then(|declared| usize::try_from(declared).ok());
        let longest = longest.unwrap_or(self.limits.body).min(self.limits.body);
        let mut body = BytesMut::new();
        let mut room = None;
        let mut cause = None;
        while cause.is_none() {
            if let (Some(account), None) = (account, &room)
                && body.len() > memory::FREE
            {
                match timeout_at(deadline, account.room_for_body(longest)).await {
                    Ok(taken) => room = taken.map(Arc::new),
                    Err(_) => {
                        cause = Some(CutCause::Time);
                        break;
                    }
                }
            }
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(None)) => break,
                Ok(Ok(Some(chunk))) => {
                    let room = self.limits.body - body.len();
                    if chunk.len() > room {
                        cause = Some(CutCause::Limit);
                    }
                    body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                }
                Ok(Err(error)) if body.is_empty() => return Err(failure(error)),
                Err(_) if body.is_empty() && !endless => return Err(Failure::Timeout),
                Ok(Err(_)) => cause = Some(CutCause::Broken),
                Err(_) => cause = Some(CutCause::Time),
            }
        }
        let body = body.freeze();
        let cut = cause.map(|cause| Cut {
            cause,
            missing: declared.map(|declared| declared.saturating_sub(body.len() as u64)),
        });
        Ok(Incoming {
            status,
            headers,
            body,
            cut,
            room,
        })
    }
}

/// The bytes that a body has after decompression, which takes the header field away.
fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The failure of a request that a redirect led to: the request before it was handled.
fn after_redirect(failure: Failure) -> Failure {
    match failure {
        Failure::Unreachable(reason) | Failure::Unhandled(reason) => Failure::Broken(reason),
        other => other,
    }
}

/// The request that follows a redirect. `None`: the answer is none.
fn redirect(
    request: &Outgoing,
    status: StatusCode,
    headers: &HeaderMap,
    left: usize,
) -> Result<Option<Outgoing>, Failure> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let refuse = |target: String, reason| {
        Err(Failure::Redirect {
            status,
            headers: Box::new(headers.clone()),
            target,
            reason,
        })
    };
    let Some(location) = headers.get(LOCATION).and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    let Ok(url) = request.url.join(location) else {
        return refuse("an invalid URL".to_owned(), "its target is not a URL");
    };
    if url.origin() != request.url.origin() {
        return refuse(
            without_query(&url),
            "it leads to another scheme, host or port",
        );
    }
    if left == 0 {
        return refuse(without_query(&url), "there are too many redirects in a row");
    }
    let safe = matches!(request.method, Method::GET | Method::HEAD);
    let as_get = match status.as_u16() {
        303 => !safe,
        302 => request.method == Method::POST,
        _ => false,
    };
    if as_get {
        let mut headers = request.headers.clone();
        headers.remove(CONTENT_TYPE);
        headers.remove(CONTENT_LENGTH);
        return Ok(Some(Outgoing {
            method: Method::GET,
            url,
            headers,
            body: Bytes::new(),
            pieces: Vec::new(),
            room: None,
            account: request.account.clone(),
        }));
    }
    if !safe && matches!(status.as_u16(), 301 | 302) {
        return refuse(
            without_query(&url),
            "following it would turn a write into a read",
        );
    }
    Ok(Some(Outgoing {
        url,
        ..request.clone()
    }))
}

fn without_query(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // A URL that cannot have these has none to hide.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

fn failure(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let message = chain(&error);
    if error.is_connect() {
        return Failure::Unreachable(message);
    }
    if error.is_timeout() {
        return Failure::Timeout;
    }
    if error.is_builder() {
        return Failure::Request(message);
    }
    if sources(&error).any(is_unhandled) {
        return Failure::Unhandled(message);
    }
    let hyper = sources(&error).find_map(|source| source.downcast_ref::<hyper::Error>());
    match hyper {
        Some(hyper) if hyper.is_parse() => Failure::Garbage(message),
        None if error.is_decode() => Failure::Garbage(message),
        _ => Failure::Broken(message),
    }
}

/// Returns true where no byte of the request was written, or the server reports that it did not
/// handle the request: a stream that was refused, or came after the last one of its connection
/// (RFC 9113 §6.8, §8.7).
fn is_unhandled(source: &(dyn Error + 'static)) -> bool {
    if let Some(error) = source.downcast_ref::<hyper::Error>() {
        return error.is_canceled();
    }
    let Some(error) = source
        .downcast_ref::<h2::Error>()
        .filter(|it| it.is_remote())
    else {
        return false;
    };
    error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM)
        || error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR)
}

fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        (**error).source()
    })
}

/// The innermost cause, which is what a person can act on.
fn chain(error: &(dyn Error + 'static)) -> String {
    sources(error).last().unwrap_or(error).to_string()
}

/// The coding of a body that stays compressed. Names that are no content coding, such as `utf-8`,
/// are common, and change nothing in the body.
fn unreadable(headers: &HeaderMap) -> Option<&'static str> {
    const CODINGS: [&str; 6] = ["br", "zstd", "compress", "x-compress", "dcb", "dcz"];
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let mut named = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim);
    named.find_map(|name| {
        let coding = CODINGS.iter().find(|it| it.eq_ignore_ascii_case(name));
        coding.copied()
    })
}
