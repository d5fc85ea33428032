//! Traces are sent to a collector of OpenTelemetry, in batches.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::{ConfigError, TraceSettings};
use crate::http::{self as client, Client, Failure, Limits, Outgoing, is_loopback_host};
use crate::operation::Catalog;
use crate::trace::{BATCH, Service, Span, Traces, otlp_request};

/// How long spans wait for others.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a collector may take for a batch, and for all that is left once the server ends.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most of an answer that is read.
const ANSWER: usize = 4096;

/// What sends traces.
#[derive(Debug)]
pub(super) struct TraceExporter {
    traces: Traces,
    client: Client,
    url: Url,
    headers: HeaderMap,
    service: Service,
    /// Spans that the collector could not take yet.
    kept: Vec<Span>,
    fails: bool,
}

impl TraceExporter {
    /// Prepares to send traces, where a collector is configured. `proxy`: whether it is reached through the
    /// proxy that the environment names. One on this machine never is.
    ///
    /// # Errors
    /// Where a header field cannot be read, or no client can be made.
    pub(super) fn new(
        settings: &TraceSettings,
        traces: &Traces,
        catalog: &Catalog,
        proxy: bool,
    ) -> Result<Option<TraceExporter>, ConfigError> {
        let Some(url) = settings.url.clone() else {
            return Ok(None);
        };
        let limits = Limits {
            total: PATIENCE,
            connect: PATIENCE,
            body: ANSWER,
            stream: PATIENCE,
            may_be_endless: |_| false,
        };
        let is_here = url.host_str().is_some_and(is_loopback_host);
        let client = Client::new(limits, proxy && !is_here);
        Ok(Some(TraceExporter {
            traces: traces.clone(),
            client: client.map_err(|error| ConfigError::new("traces", error))?,
            url,
            headers: headers(settings)?,
            service: Service {
                name: catalog.server_name.to_owned(),
                version: catalog.version.to_owned(),
            },
            kept: Vec::new(),
            fails: false,
        }))
    }

    /// Sends spans as they end, until the token is cancelled.
    pub(super) fn start(self) -> (CancellationToken, JoinHandle<()>) {
        let ending = CancellationToken::new();
        let sent = self.run(ending.clone());
        (ending, tokio::spawn(sent))
    }

    /// Sends spans until the server is `ending`, and then those that are left, in a bounded time.
    async fn run(self, ending: CancellationToken) {
        let is_over = async {
            ending.cancelled().await;
            tokio::time::sleep(PATIENCE).await;
        };
        tokio::select! {
            () = self.send_all(&ending) => {}
            () = is_over => tracing::warn!("the server ends before the collector took all spans"),
        }
    }

    /// Sends spans as they end, until the server is `ending`, and then those that are left, up to the first
    /// failure.
    async fn send_all(mut self, ending: &CancellationToken) {
        let mut ticks = tokio::time::interval(PAUSE);
        loop {
            let has_ended = tokio::select! {
                () = ending.cancelled() => true,
                _ = ticks.tick() => false,
                // A collector that fails is asked once a second.
                () = self.traces.due(), if !self.fails => false,
            };
            while self.send().await {}
            if has_ended || (self.fails && ending.is_cancelled()) {
                break;
            }
        }
    }

    /// Sends a batch. Returns whether there may be more to send now.
    async fn send(&mut self) -> bool {
        if self.kept.is_empty() {
            let (spans, dropped) = self.traces.take();
            if dropped > 0 {
                tracing::warn!(
                    dropped,
                    "spans were dropped: more came than the collector took"
                );
            }
            self.kept = spans;
        }
        if self.kept.is_empty() {
            return false;
        }
        let number = self.kept.len();
        let sent = Outgoing {
            method: Method::POST,
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: Bytes::from(otlp_request(&self.service, &self.kept)),
            pieces: Vec::new(),
            room: None,
            account: None,
        };
        let reason = match self.client.send(sent).await {
            Ok(answer) if answer.status.is_success() => None,
            Ok(answer) => {
                if !is_transient(answer.status) {
                    // It would be refused again.
                    self.kept.clear();
                }
                Some(format!("it answered {}", answer.status))
            }
            Err(failure) => Some(reason_of(failure)),
        };
        match (&reason, self.fails) {
            (Some(reason), false) => {
                tracing::warn!(reason, "the collector does not take traces");
            }
            (None, true) => tracing::info!("the collector takes traces again"),
            _ => {}
        }
        self.fails = reason.is_some();
        if reason.is_none() {
            self.kept.clear();
        }
        reason.is_none() && number == BATCH
    }
}

/// Says why there is no answer.
fn reason_of(failure: Failure) -> String {
    match failure {
        Failure::Unreachable(reason)
        | Failure::Unhandled(reason)
        | Failure::Broken(reason)
        | Failure::Garbage(reason)
        | Failure::Request(reason) => reason,
        Failure::Timeout => "it did not answer in time".to_owned(),
        Failure::Redirect { .. } => "it redirects, which is not followed".to_owned(),
    }
}

/// Statuses after which a batch is sent again (OTLP/HTTP, "Failures").
fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

fn headers(settings: &TraceSettings) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::new();
    for (name, source) in &settings.headers {
        let invalid = |error: String| ConfigError::new(format!("traces.headers.{name}"), error);
        let secret = source.read().map_err(|error| invalid(error.to_string()))?;
        let mut value = HeaderValue::from_str(secret.expose())
            .map_err(|_| invalid("is no value of a header field".to_owned()))?;
        value.set_sensitive(true);
        let name = HeaderName::try_from(name.as_str()).map_err(|it| invalid(it.to_string()))?;
        headers.insert(name, value);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(client::USER_AGENT));
    Ok(headers)
}
