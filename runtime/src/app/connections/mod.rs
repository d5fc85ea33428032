//! The connections of clients: accepted, served, and bounded in number and in time, so that no client
//! holds them open by sending slowly, by not reading, or by doing nothing.

mod acceptance;
mod answer;
mod body;
mod limits;
mod progress;
mod registry;
mod tls;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::answer::Answer;
use self::body::RequestBody;
use self::progress::{Progress, Streams};
use self::registry::{OpenRequest, Place, Registry, State};
use super::routes::Routes;

pub(super) use self::acceptance::Acceptance;
pub(super) use self::limits::Limits;
pub(crate) use self::limits::raise_file_limit;
pub(super) use self::tls::Tls;

/// How long to wait where no connection can be accepted, most likely for want of file descriptors.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a connection that is closed for doing nothing may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

/// The longest head of a request, in bytes.
const MAX_HEAD: u32 = 32 * 1024;

/// How many requests one HTTP/2 connection may have open.
const MAX_STREAMS: u32 = 100;

/// How many streams a client may have reset before they were answered, or have made this server
/// reset, until its connection is closed ("rapid reset", CVE-2023-44487).
const MAX_RESETS: usize = 50;

/// How much of a body a client may send over HTTP/2 before it is read.
const WINDOW: u32 = 256 * 1024;

/// How much of an answer waits in a stream of HTTP/2 for its client to read on.
const MAX_SEND_BUFFER: usize = 64 * 1024;

/// Answers the requests of all who connect, until `stopped`; then waits for those in flight.
pub(super) async fn serve(
    listener: TcpListener,
    routes: Routes,
    Acceptance { limits, tls }: Acceptance,
    stopped: CancellationToken,
) {
    if let Some(tls) = tls.clone() {
        tokio::spawn(
            stopped
                .clone()
                .run_until_cancelled_owned(tls.keep_current()),
        );
    }
    let patience = limits.patience;
    let registry = Arc::new(Registry::new(limits));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                refused(&error).await;
                continue;
            }
        };
        // A connection beyond the limits is closed by being dropped.
        let Some(place) = registry.admit(peer.ip()) else {
            continue;
        };
        // Without this, small answers wait for the client's delayed acknowledgements.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let connection = Connection {
            routes: routes.clone(),
            peer,
            patience,
            place,
        };
        match &tls {
            Some(tls) => connections.spawn(connection.secure(stream, tls.clone(), stopped.clone())),
            None => connections.spawn(connection.serve(stream, stopped.clone())),
        };
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

async fn refused(error: &io::Error) {
    let of_one_client = matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    );
    if !of_one_client {
        tracing::error!(%error, "no connection can be accepted");
        tokio::time::sleep(PAUSE).await;
    }
}

/// One connection of a client.
struct Connection {
    routes: Routes,
    peer: SocketAddr,
    patience: Duration,
    place: Place,
}

impl Connection {
    /// Shakes hands, and then serves it.
    async fn secure(self, stream: TcpStream, tls: Tls, stopped: CancellationToken) {
        let secured = tokio::select! {
            secured = tls.accept(stream, self.patience) => secured,
            () = self.place.state().evicted() => None,
            () = stopped.cancelled() => None,
        };
        if let Some(stream) = secured {
            self.serve(stream, stopped).await;
        }
    }

    /// Answers its requests until either side ends it, or it is closed for one of the limits.
    async fn serve<S>(self, stream: S, stopped: CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Connection {
            routes,
            peer,
            patience,
            place,
        } = self;
        let state = place.state();
        let streams = Streams::new(patience);
        let unread = streams.unread();
        // That of HTTP/1.1, whose answers come one after the other.
        let progress = Arc::new(Progress::new());
        let service = {
            let (state, progress) = (Arc::clone(state), Arc::clone(&progress));
            service_fn(move |request| {
                let (request, progress) = (prepare(request, peer, patience), Arc::clone(&progress));
                answer(routes.clone(), request, state.request(), progress)
            })
        };
        let builder = builder(streams, patience);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        // Each is polled only when it is woken, and not whenever the connection is.
        let mut events = FuturesUnordered::<BoxFuture<'_, Event>>::new();
        events.push(stopped.cancelled().map(|()| Event::Stopping).boxed());
        events.push(state.idle(patience).map(|()| Event::Idle).boxed());
        events.push(state.evicted().map(|()| Event::Evicted).boxed());
        events.push(progress.stalled(patience).map(|()| Event::Unread).boxed());
        events.push(unread.cancelled().map(|()| Event::Unread).boxed());
        let mut is_closing = false;
        let why = loop {
            let event = tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(error, "a connection broke");
                    }
                    return;
                }
                Some(event) = events.next() => event,
            };
            match event {
                Event::Stopping => {}
                Event::Idle | Event::Evicted if is_closing => continue,
                Event::Evicted if state.idle_since().is_some() => {
                    break "it was closed for a new one";
                }
                Event::Idle | Event::Evicted => {
                    is_closing = true;
                    events.push(goodbye(state).boxed());
                }
                Event::Unused => break "it had no request",
                Event::Unread => break "its client does not read",
            }
            connection.as_mut().graceful_shutdown();
        };
        tracing::debug!(why, "a connection was closed");
    }
}

/// What happens to a connection from outside.
enum Event {
    /// The server ends.
    Stopping,
    /// It had no request open for long.
    Idle,
    /// It has to give way to another one.
    Evicted,
    /// It has had no request open since it was to be closed.
    Unused,
    /// Its client does not read.
    Unread,
}

/// Waits until a connection that is closed has had time to end, and has no request open.
async fn goodbye(state: &State) -> Event {
    tokio::time::sleep(GOODBYE).await;
    state.idle(GOODBYE).await;
    Event::Unused
}

fn builder(streams: Streams, patience: Duration) -> Builder<Streams> {
    let mut builder = Builder::new(streams);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(MAX_HEAD as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(patience)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(MAX_RESETS)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_send_buf_size(MAX_SEND_BUFFER);
    builder
}

/// A request as the router takes it.
fn prepare(request: Request<Incoming>, peer: SocketAddr, patience: Duration) -> Request<Body> {
    let mut request = RequestBody::of(request, patience).map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

async fn answer(
    routes: Routes,
    request: Request<Body>,
    open: OpenRequest,
    progress: Arc<Progress>,
) -> Result<Response<Answer>, Infallible> {
    let response = routes.answer(request).await;
    let progress = Progress::of_stream_or(progress);
    Ok(response.map(|body| Answer::new(body, progress, open)))
}
