//! MCP over stdio: the same server, one message a line.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::RoleServer;
use rmcp::model::{ClientJsonRpcMessage, ClientNotification, RequestId, ServerJsonRpcMessage};
use rmcp::service::serve_server_with_ct;
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Gateway;
use super::lines::MendedLines;

/// Serves until `read` ends and every request that came by then is answered, or until `shutdown`.
///
/// # Errors
/// Where the first message does not open the conversation, or a stream breaks.
pub(crate) async fn serve(
    gateway: Gateway,
    read: impl AsyncRead + Send + Unpin + 'static,
    write: impl AsyncWrite + Send + Unpin + 'static,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let transport = Lingering {
        inner: AsyncRwTransport::new_server(MendedLines::new(read), write),
        open: Arc::default(),
        ended: false,
    };
    match serve_server_with_ct(gateway, transport, shutdown).await {
        Ok(service) => service.waiting().await.map(drop).map_err(io::Error::other),
        // A client that goes away without a word has asked for nothing.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(rmcp::service::ServerInitializeError::Cancelled) => Ok(()),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// A transport whose input does not end before the requests it brought are answered: the library
/// waits five seconds for these, and a call to an API may take longer.
struct Lingering<T> {
    inner: T,
    open: Arc<Open>,
    ended: bool,
}

/// Requests without an answer yet.
#[derive(Default)]
struct Open {
    ids: Mutex<HashSet<RequestId>>,
    closed: Notify,
}

impl Open {
    fn ids(&self) -> MutexGuard<'_, HashSet<RequestId>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self, id: &RequestId) {
        self.ids().remove(id);
        self.closed.notify_one();
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for Lingering<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = Result<(), T::Error>> + Send + 'static {
        let answered = match &message {
            ServerJsonRpcMessage::Response(response) => Some(response.id.clone()),
            ServerJsonRpcMessage::Error(error) => error.id.clone(),
            _ => None,
        };
        let open = Arc::clone(&self.open);
        let send = self.inner.send(message);
        async move {
            let sent = send.await;
            if let Some(id) = answered {
                open.close(&id);
            }
            sent
        }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        if !self.ended {
            let message = self.inner.receive().await;
            match &message {
                Some(ClientJsonRpcMessage::Request(request)) => {
                    self.open.ids().insert(request.id.clone());
                }
                Some(ClientJsonRpcMessage::Notification(notification)) => {
                    // A cancelled request gets no answer.
                    if let ClientNotification::CancelledNotification(cancelled) =
                        &notification.notification
                        && let Some(id) = &cancelled.params.request_id
                    {
                        self.open.close(id);
                    }
                }
                Some(_) => {}
                None => self.ended = true,
            }
            if !self.ended {
                return message;
            }
        }
        while !self.open.ids().is_empty() {
            self.open.closed.notified().await;
        }
        None
    }

    fn close(&mut self) -> impl Future<Output = Result<(), T::Error>> + Send {
        self.inner.close()
    }
}
