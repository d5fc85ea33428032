//! An answer whose body is passed on as it comes.

use std::fmt;
use std::io;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::{Client, Failure, Incoming, Outgoing, chain, declared_length, unreadable};

/// An answer whose body is not read yet.
pub(crate) struct Opened {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// How many bytes the body has, where the server states that.
    pub(crate) length: Option<u64>,
    /// Its parts. It ends with an error where the connection breaks, or nothing comes for as long as an
    /// exchange may take.
    pub(crate) body: BoxStream<'static, io::Result<Bytes>>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Opened");
        debug.field("status", &self.status).finish_non_exhaustive()
    }
}

impl From<Incoming> for Opened {
    fn from(incoming: Incoming) -> Opened {
        let body = stream::iter([Ok(incoming.body.clone())]);
        Opened {
            status: incoming.status,
            length: Some(incoming.body.len() as u64),
            headers: incoming.headers,
            body: body.boxed(),
        }
    }
}

impl Client {
    /// Sends a request once, and returns its answer before the body is read. Redirects are followed as
    /// [`Client::attempt`] follows them. The body may take any time, as long as some of it comes; one that may
    /// never end is over after [`Limits::stream`](super::Limits::stream).
    ///
    /// # Errors
    /// Where there is no answer.
    pub(crate) async fn open(&self, request: &Outgoing) -> Result<Opened, Failure> {
        let mut response = self.follow(request, self.deadline()).await?;
        let headers = std::mem::take(response.headers_mut());
        if let Some(coding) = unreadable(&headers) {
            let message = format!("the body is compressed as {coding}, which was not accepted");
            return Err(Failure::Garbage(message));
        }
        let status = response.status();
        let patience = self.limits.total;
        let is_endless = (self.limits.may_be_endless)(&headers);
        let over = is_endless.then(|| Instant::now() + self.limits.stream);
        let body = stream::unfold(Some(response), move |response| async move {
            let mut response = response?;
            let is_over = || over.is_some_and(|over| over <= Instant::now());
            if is_over() {
                return None;
            }
            let late = Instant::now() + patience;
            let until = over.map_or(late, |over| over.min(late));
            match timeout_at(until, response.chunk()).await {
                Ok(Ok(None)) => None,
                Ok(Ok(Some(chunk))) => Some((Ok(chunk), Some(response))),
                Ok(Err(error)) => {
                    let error = io::Error::other(chain(&error.without_url()));
                    Some((Err(error), None))
                }
                Err(_) if is_over() => None,
                Err(_) => Some((Err(io::ErrorKind::TimedOut.into()), None)),
            }
        });
        Ok(Opened {
            status,
            length: declared_length(&headers),
            headers,
            body: body.boxed(),
        })
    }
}
