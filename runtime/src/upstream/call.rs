//! One call: the request is built and sent, and its answer is read.

use std::sync::Arc;

use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};
use url::Url;

use super::diagnostic::{self, Meaning, Problem};
use super::error::{FailedAnswer, OversizedFile, UpstreamError};
use super::own::{self, OwnKey, Renewal, Sent};
use super::request::RequestError;
use super::response::{self, Answer};
use super::retry::{Exchange, NoAnswer, Sending};
use super::{
    Body, Taken, Truncation, TruncationCause, Uploads, Upstream, content, fields, link, mock, page,
    span,
};
use crate::capacity::{Room, RunningCall};
use crate::credential::Redactor;
use crate::http::{Client, Failure, Incoming, Outgoing};
use crate::model::AccessContext;
use crate::offload;
use crate::operation::{Access, Operation};
use crate::request_body::Rooms;
use crate::trace::ActiveSpan;

/// What a call holds while it runs.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// Its place among the calls that run. A write that goes on without its caller keeps it.
    pub(crate) call: Option<RunningCall>,
    /// The room that its arguments take.
    pub(crate) rooms: Rooms,
    /// Whether its arguments are large.
    pub(crate) is_large: bool,
    /// Its place among the calls of one request.
    pub(crate) number: u32,
    /// The uploads that its arguments name.
    pub(crate) uploads: Uploads,
}

impl Upstream {
    /// Calls one operation. `arguments` are valid against its input schema; arguments bound to
    /// the caller's workspace come from `context`.
    ///
    /// A write that was started runs to its end even where the caller stops waiting.
    ///
    /// # Errors
    /// Where nothing could be sent, no answer came, or the API answered with a failure.
    pub async fn call(
        &self,
        operation: &'static Operation,
        arguments: Map<String, Value>,
        context: &AccessContext,
        request_id: &str,
    ) -> Result<Answer, UpstreamError> {
        let held = Held::default();
        let answer = self.call_holding(operation, arguments, context, request_id, held);
        answer.await.map(|(answer, _)| answer)
    }

    /// As [`Upstream::call`], for a call that holds something. A large answer comes with the room
    /// that it takes.
    pub(crate) async fn call_holding(
        &self,
        operation: &'static Operation,
        mut arguments: Map<String, Value>,
        context: &AccessContext,
        request_id: &str,
        held: Held,
    ) -> Result<(Answer, Option<Room>), UpstreamError> {
        self.idempotency_keys
            .fill(operation, &mut arguments, (request_id, held.number));
        let mut own = self.own_key(operation, context, request_id).await?;
        // The next page of an answer is named by arguments, most of which are those of this call.
        let is_paged = operation.request_body.is_none() || operation.paging.is_some();
        let has_pages = is_paged && !held.is_large;
        let (request, arguments) = offload::run(held.is_large, || {
            let sent = (&arguments, &held.uploads);
            let request = self.outgoing(operation, sent, context, &own, request_id);
            (request, has_pages.then_some(arguments))
        });
        let mut request = request?;
        let account = self.account(context);
        // Of what the arguments took, only the request that they became is still there.
        drop(held.rooms.work);
        request.room = held.rooms.body.map(Arc::new);
        request.account = Some(account.clone());
        let mut redactor = self.redactor(&request, &own);
        let taken = held.uploads.taken;
        let exchange = match &self.client {
            Some(client) => {
                let place = (request_id, held.number);
                let span = span::begin(&self.traces, operation, &mut request, place);
                let sending = Sending {
                    operation,
                    request,
                    grant: context.grant.clone(),
                    deadline: client.deadline(),
                };
                let renewal = self.renewal(&sending, &own, (taken.is_some(), request_id));
                let call = held.call;
                let held = HeldWhileSent { call, span, taken };
                let sent = self.send(client, sending, renewal, held).await;
                let (exchange, token) = sent.map_err(RequestError::Person)?;
                if let Some(token) = &token {
                    redactor.add(token);
                    own.renewed();
                }
                exchange
            }
            None => {
                settle(taken, true).await;
                Exchange::of(mock::answer(operation))
            }
        };
        let attempts = exchange.attempts();
        let incoming = exchange.answer.map_err(|no_answer| {
            let error = match no_answer {
                NoAnswer::CircuitOpen(wait) => UpstreamError::of_open_circuit(wait),
                NoAnswer::Failure(mut failure) => {
                    redact_target(&mut failure, &redactor);
                    UpstreamError::of_failure(failure, &self.request_ids, &redactor)
                }
            };
            error.after(attempts)
        })?;
        let room = response::room(&incoming, self.limits.values, &account).await;
        let answer = offload::run(room.is_some(), || {
            self.read(operation, incoming, &own, &redactor)
        });
        let (mut answer, headers) = answer.map_err(|error| error.after(attempts))?;
        answer.next_page =
            arguments.and_then(|it| next_page(operation, &it, &headers, &answer.body));
        Ok((answer, room))
    }

    /// Reads what came as the answer of a call, and marks the secrets in it. Returns the header
    /// fields beside it.
    ///
    /// # Errors
    /// Where the API answered with a failure.
    fn read(
        &self,
        operation: &Operation,
        mut incoming: Incoming,
        own: &OwnKey,
        redactor: &Redactor,
    ) -> Result<(Answer, HeaderMap), UpstreamError> {
        redactor.headers(&mut incoming.headers);
        let (body, truncated) = response::read(&incoming, self.limits, redactor);
        let status = incoming.status;
        // 304 answers a condition that an argument made: nothing new is a success.
        let is_failure = !status.is_success() && status != StatusCode::NOT_MODIFIED;
        if is_failure || self.reports_failure(&body) {
            let failed = self.failed(&incoming, body, own, redactor);
            return Err(UpstreamError::of_answer(failed, redactor));
        }
        if let Some(file) = self.oversized(&incoming, &body, truncated) {
            return Err(UpstreamError::of_file(file, redactor));
        }
        let answer = Answer {
            status: incoming.status.as_u16(),
            body,
            fields: fields::with_meaning(operation, &incoming.headers, redactor),
            next_page: None,
            upstream_request_id: self.request_ids.find(&incoming.headers),
            truncated,
        };
        Ok((answer, incoming.headers))
    }

    /// Returns true where an answer with a successful status is a failure by `upstream.failure`.
    fn reports_failure(&self, body: &Body) -> bool {
        match (&self.failure, body) {
            (Some(rule), Body::Json(value)) => rule.is_met_by(value),
            _ => false,
        }
    }

    /// A file of which only the beginning was read.
    fn oversized(
        &self,
        incoming: &Incoming,
        body: &Body,
        truncated: Option<Truncation>,
    ) -> Option<OversizedFile> {
        let truncated = truncated.filter(|it| it.cause == TruncationCause::Limit)?;
        let (Body::Image { media_type, .. }
        | Body::Audio { media_type, .. }
        | Body::Binary { media_type, .. }) = body
        else {
            return None;
        };
        Some(OversizedFile {
            status: incoming.status,
            request_id: self.request_ids.find(&incoming.headers),
            media_type: media_type.clone(),
            received: truncated.received,
            length: truncated
                .missing
                .map(|missing| truncated.received + missing),
        })
    }

    /// The diagnosis in an answer that is a failure.
    fn failed(
        &self,
        incoming: &Incoming,
        body: Body,
        own: &OwnKey,
        redactor: &Redactor,
    ) -> FailedAnswer {
        let (status, headers) = (incoming.status, &incoming.headers);
        let now = self.clock.now();
        let mut problem = Problem::read(&content::media_type(headers), body, redactor);
        if status.is_server_error() {
            // Those of the caller's own request, in a 4xx, are its data.
            problem = problem.without_internal_addresses();
        }
        problem.meaning = Meaning::of_headers(headers).or(problem.meaning);
        let rate_limit = diagnostic::rate_limit(headers, now);
        let wait = diagnostic::retry_after(headers, now).or_else(|| problem.wait());
        let is_exhausted = rate_limit
            .as_ref()
            .is_some_and(|it| it.remaining == Some(0));
        let is_rate_limited = status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::FORBIDDEN && is_exhausted
            || problem.meaning == Some(Meaning::RateLimited);
        let until_reset = rate_limit.as_ref().filter(|_| is_rate_limited);
        FailedAnswer {
            status,
            request_id: (self.request_ids.find(headers)).or_else(|| problem.request_id.take()),
            retry_after_seconds: wait.or_else(|| until_reset?.wait(now)),
            rate_limit,
            problem,
            own: own.carried(),
        }
    }

    /// What takes secrets out of the answer to `request`: those that every call may carry, and
    /// those of this one.
    pub(super) fn redactor(&self, request: &Outgoing, own: &OwnKey) -> Redactor {
        let mut redactor = Redactor::new(Arc::clone(&self.secrets));
        if let Some(key) = &own.key {
            redactor.add(&key.secret);
        }
        let statement = self.on_behalf_of.as_deref();
        let statement = statement.and_then(|it| request.headers.get(it.name())?.to_str().ok());
        // All statements begin alike, which is looked for in any case. Their signatures differ.
        if let Some((_, signature)) = statement.and_then(|it| it.rsplit_once('.')) {
            redactor.add_token(signature);
        }
        redactor
    }

    /// Runs a future to its end, even where the caller stops waiting.
    ///
    /// # Errors
    /// Where it panics.
    pub(crate) async fn run_to_its_end<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, tokio::task::JoinError> {
        self.writes.spawn(future).await
    }

    /// Sends a request. What is held with it is held until its answer is there, whether or not the
    /// caller waits: the span ends then, and the uploads are settled.
    ///
    /// # Errors
    /// Where the API does not accept the token of the person any more, and there is no other one.
    async fn send(
        &self,
        client: &Client,
        sending: Sending,
        renewal: Option<Renewal>,
        held: HeldWhileSent,
    ) -> Sent {
        if let Some(taken) = &held.taken {
            taken.begin();
        }
        if sending.operation.access == Access::Read {
            let sent = own::send(&self.retries, client, sending, renewal).await;
            held.end(&sent).await;
            return sent;
        }
        let (client, retries) = (client.clone(), Arc::clone(&self.retries));
        let sent = self.writes.spawn(async move {
            let sent = own::send(&retries, &client, sending, renewal).await;
            held.end(&sent).await;
            sent
        });
        sent.await.unwrap_or_else(|error| {
            Ok((Exchange::failed(Failure::Broken(error.to_string())), None))
        })
    }
}

/// What a call holds until its answer is there.
struct HeldWhileSent {
    call: Option<RunningCall>,
    span: Option<ActiveSpan>,
    /// The uploads that it sends.
    taken: Option<Arc<Taken>>,
}

impl HeldWhileSent {
    async fn end(self, sent: &Sent) {
        let exchange = sent.as_ref().ok().map(|(exchange, _)| exchange);
        let is_unsent = exchange.is_some_and(Exchange::is_unsent);
        if let Some(exchange) = exchange {
            span::end(self.span, exchange);
        }
        settle(self.taken, !is_unsent).await;
        drop(self.call);
    }
}

async fn settle(taken: Option<Arc<Taken>>, was_sent: bool) {
    if let Some(taken) = taken {
        taken.settle(was_sent).await;
    }
}

/// The arguments of the next page, where the header fields or the body lead to one.
fn next_page(
    operation: &Operation,
    arguments: &Map<String, Value>,
    headers: &HeaderMap,
    body: &Body,
) -> Option<Map<String, Value>> {
    let by_link = operation.request_body.is_none();
    let linked = by_link.then(|| link::next_page(operation, arguments, headers));
    match (linked.flatten(), body) {
        (Some(next), _) => Some(next),
        (None, Body::Json(body)) if !link::has_pages(headers) => {
            page::next_page(operation, arguments, body)
        }
        (None, _) => None,
    }
}

/// Leaves of a redirect's target the origin alone, where a secret is in it. It is looked for in what
/// the API sent, since a URL is not always as it was sent: each `\` in it has become `/`.
pub(super) fn redact_target(failure: &mut Failure, redactor: &Redactor) {
    if let Failure::Redirect {
        headers, target, ..
    } = failure
        && let Some(location) = headers.get(LOCATION)
        && redactor.finds(location.as_bytes())
    {
        let url = Url::parse(target);
        *target = url.map_or_else(
            |_| "another URL".to_owned(),
            |url| url.origin().ascii_serialization(),
        );
    }
}
