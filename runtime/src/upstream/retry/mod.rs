//! Requests that are sent again, where that is safe.

mod breaker;
mod idempotency_key;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use tokio::time::Instant;

use self::breaker::{Breakers, Health};
pub(super) use self::idempotency_key::IdempotencyKeys;
use super::diagnostic::{self, Problem};
use super::error::Attempts;
use super::server::Servers;
use super::stream::may_be_endless;
use super::{Body, content};
use crate::clock::Clock;
use crate::config::{RetrySettings, UpstreamSettings};
use crate::credential::Redactor;
use crate::http::{Client, CutCause, Failure, Incoming, Opened, Outgoing};
use crate::limit::{Keyed, Rate};
use crate::model::Grant;
use crate::operation::Operation;
use crate::random::{Random, SystemRandom};

/// The longest body in which a wait is looked for, in bytes.
const LONGEST_BODY: usize = 64 * 1024;
/// The most workspaces whose retries are counted.
const WORKSPACES: usize = 10_000;

/// Sends requests, and sends them again where they fail for a moment and that is safe.
#[derive(Debug)]
pub(super) struct Retries {
    settings: RetrySettings,
    budget: Keyed<Box<str>>,
    breakers: Breakers,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// Why no answer came.
#[derive(Clone, Debug)]
pub(super) enum NoAnswer {
    /// The request failed.
    Failure(Failure),
    /// Nothing was sent, since the API has failed repeatedly. A call is made again after so long.
    CircuitOpen(Duration),
}

/// What came of a request.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) answer: Result<Incoming, NoAnswer>,
    attempts: u32,
    was_sent: bool,
}

impl Exchange {
    /// An answer to a request that was sent once.
    pub(super) fn of(incoming: Incoming) -> Exchange {
        Exchange::once(Ok(incoming))
    }

    /// A request that was sent once and failed.
    pub(super) fn failed(failure: Failure) -> Exchange {
        Exchange::once(Err(NoAnswer::Failure(failure)))
    }

    fn once(answer: Result<Incoming, NoAnswer>) -> Exchange {
        Exchange {
            attempts: u32::from(!matches!(answer, Err(NoAnswer::CircuitOpen(_)))),
            answer,
            was_sent: false,
        }
    }

    /// Reports that nothing of the request reached the API.
    pub(super) fn is_unsent(&self) -> bool {
        let is_unsent = matches!(
            &self.answer,
            Err(NoAnswer::CircuitOpen(_)
                | NoAnswer::Failure(
                    Failure::Unreachable(_) | Failure::Unhandled(_) | Failure::Request(_)
                ))
        );
        is_unsent && !self.was_sent
    }

    /// The status of the answer.
    pub(super) fn status(&self) -> Option<StatusCode> {
        self.answer.as_ref().ok().map(|incoming| incoming.status)
    }

    /// The same, after a request that the API did not handle, because of its credential.
    pub(super) fn after(self, former: &Exchange) -> Exchange {
        Exchange {
            attempts: self.attempts + former.attempts,
            ..self
        }
    }

    /// How often the request was sent.
    pub(super) fn attempts(&self) -> Attempts {
        Attempts {
            number: self.attempts,
            was_sent: self.was_sent,
        }
    }
}

/// A request, and whose it is.
pub(super) struct Sending {
    pub(super) operation: &'static Operation,
    pub(super) request: Outgoing,
    /// What its caller was granted; none without sign-in.
    pub(super) grant: Option<Arc<Grant>>,
    pub(super) deadline: Instant,
}

impl Retries {
    pub(super) fn new(
        servers: &Servers,
        settings: &UpstreamSettings,
        clock: &Arc<dyn Clock>,
    ) -> Retries {
        let each = settings.retries.per_minute_per_workspace.max(1);
        let rate = Rate::new(each, Duration::from_mins(1) / each);
        Retries {
            budget: Keyed::new(rate, WORKSPACES),
            breakers: Breakers::new(servers, &settings.circuit_breaker, clock),
            settings: settings.retries.clone(),
            clock: Arc::clone(clock),
            random: Arc::new(SystemRandom),
        }
    }

    /// Draws the pauses with other random bytes.
    pub(super) fn set_random(&mut self, random: Arc<dyn Random>) {
        self.random = random;
    }

    /// Sends a request, and sends it again where that is safe, until an answer comes or the time or
    /// the budget is used up.
    pub(super) async fn send(&self, client: &Client, mut sending: Sending) -> Exchange {
        let had_room = sending.request.room.is_some();
        let answer = self.attempt(client, &mut sending).await;
        let exchange = Exchange::once(answer);
        // Nearly all calls end here.
        if self.repeats(&exchange, &sending) == Repeats::No {
            return exchange;
        }
        Box::pin(self.send_again(client, sending, exchange, had_room)).await
    }

    async fn send_again(
        &self,
        client: &Client,
        mut sending: Sending,
        mut exchange: Exchange,
        had_room: bool,
    ) -> Exchange {
        while let Some(pause) = self.pause(&exchange, &sending) {
            // The body of a large request is gone once it was sent.
            if had_room && sending.request.room.is_none() {
                break;
            }
            let (tool, attempts) = (sending.operation.name, exchange.attempts);
            let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            tracing::info!(tool, attempts, pause_ms, "a request is sent again");
            let was_sent = exchange.was_sent || reached(&exchange.answer);
            tokio::time::sleep(pause).await;
            let answer = self.attempt(client, &mut sending).await;
            if let Err(NoAnswer::CircuitOpen(_)) = answer {
                // What failed before says more.
                break;
            }
            exchange = Exchange {
                answer,
                attempts: attempts + 1,
                was_sent,
            };
        }
        exchange
    }

    async fn attempt(&self, client: &Client, sending: &mut Sending) -> Result<Incoming, NoAnswer> {
        let breaker = self.breakers.of(sending.operation);
        let permit = breaker.enter(workspace(&sending.grant));
        let permit = permit.map_err(NoAnswer::CircuitOpen)?;
        let answer = client.attempt(&mut sending.request, sending.deadline).await;
        permit.settle(health(answer.as_ref().map(|answer| answer.status)));
        answer.map_err(NoAnswer::Failure)
    }

    /// Sends a request once, and returns its answer before the body is read.
    pub(super) async fn open(
        &self,
        client: &Client,
        operation: &Operation,
        request: &Outgoing,
        grant: &Option<Arc<Grant>>,
    ) -> Result<Opened, NoAnswer> {
        let breaker = self.breakers.of(operation);
        let permit = breaker.enter(workspace(grant));
        let permit = permit.map_err(NoAnswer::CircuitOpen)?;
        let opened = client.open(request).await;
        permit.settle(health(opened.as_ref().map(|opened| opened.status)));
        opened.map_err(NoAnswer::Failure)
    }

    /// Returns whether a request may be sent again after what came of it.
    fn repeats(&self, exchange: &Exchange, sending: &Sending) -> Repeats {
        let repeats = match &exchange.answer {
            Err(NoAnswer::Failure(Failure::Unreachable(_) | Failure::Unhandled(_))) => {
                Repeats::Always
            }
            Err(NoAnswer::Failure(Failure::Broken(_))) => Repeats::WhereSafe,
            Err(_) => Repeats::No,
            Ok(incoming) if is_transient(incoming.status) || is_cut_off(incoming) => {
                Repeats::WhereSafe
            }
            Ok(_) => Repeats::No,
        };
        match repeats {
            _ if exchange.attempts >= self.settings.max_attempts => Repeats::No,
            Repeats::WhereSafe if !is_safe(sending) => Repeats::No,
            repeats => repeats,
        }
    }

    /// Returns the pause before the next attempt, where there is one, and takes it of the budget.
    fn pause(&self, exchange: &Exchange, sending: &Sending) -> Option<Duration> {
        if self.repeats(exchange, sending) == Repeats::No {
            return None;
        }
        let now = self.clock.now();
        let asked = exchange.answer.as_ref().ok();
        let asked = asked.and_then(|incoming| asked_wait(incoming, now));
        let longest = Duration::from_secs(self.settings.max_delay_seconds);
        let pause = match asked {
            Some(asked) if asked > longest => return None,
            // Others were asked to wait just as long.
            Some(asked) => {
                asked + self.jittered(Duration::from_millis(self.settings.initial_delay_ms))
            }
            None => self.backoff(exchange.attempts).min(longest),
        };
        if Instant::now() + pause >= sending.deadline {
            return None;
        }
        let workspace = workspace(&sending.grant);
        let taken = self.budget.take(workspace.into(), 1, now);
        if taken.is_err() {
            tracing::info!(workspace, "the retries of a workspace are used up");
        }
        taken.ok().map(|()| pause)
    }

    /// The pause after so many attempts: it doubles with each.
    fn backoff(&self, attempts: u32) -> Duration {
        let doubled = 1_u32.checked_shl(attempts.saturating_sub(1));
        let initial = Duration::from_millis(self.settings.initial_delay_ms);
        self.jittered(initial.saturating_mul(doubled.unwrap_or(u32::MAX)))
    }

    /// A random duration between a half of `most` and `most`, so that those who failed together do
    /// not return together.
    fn jittered(&self, most: Duration) -> Duration {
        let mut bytes = [0; 2];
        self.random.fill(&mut bytes);
        let half = most / 2;
        half + half.mul_f64(f64::from(u16::from_be_bytes(bytes)) / f64::from(u16::MAX))
    }
}

/// Whether a request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeats {
    No,
    /// Where doing it twice is as good as doing it once.
    WhereSafe,
    /// The request was not handled.
    Always,
}

/// The workspace that a call acts for, by our id; the empty text without sign-in.
fn workspace(grant: &Option<Arc<Grant>>) -> &str {
    grant
        .as_deref()
        .map_or("", |grant| grant.workspace.as_str())
}

/// Returns true where sending a request twice is as good as sending it once: its operation is
/// idempotent, or it carries an idempotency key that the description declares.
pub(super) fn is_safe(sending: &Sending) -> bool {
    sending.operation.idempotent
        || idempotency_key::is_sent(sending.operation, &sending.request.headers)
}

/// Statuses that pass: too many requests, or a gateway or server that cannot answer now.
fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 502 | 503 | 504)
}

/// Returns true where the connection broke within the body. Those that never end are cut off somewhere.
fn is_cut_off(incoming: &Incoming) -> bool {
    let is_broken = incoming
        .cut
        .is_some_and(|cut| cut.cause == CutCause::Broken);
    // The room for a long one would be taken twice.
    is_broken && incoming.room.is_none() && !may_be_endless(&incoming.headers)
}

/// Returns true where the API may have handled the request. It did not where it answers that it was
/// asked too often (429) or too early (425).
fn reached(answer: &Result<Incoming, NoAnswer>) -> bool {
    match answer {
        Err(
            NoAnswer::CircuitOpen(_)
            | NoAnswer::Failure(Failure::Unreachable(_) | Failure::Unhandled(_)),
        ) => false,
        Err(NoAnswer::Failure(_)) => true,
        Ok(incoming) => !matches!(incoming.status.as_u16(), 425 | 429),
    }
}

/// How long the API asks to wait.
fn asked_wait(incoming: &Incoming, now: SystemTime) -> Option<Duration> {
    let headers = &incoming.headers;
    let limit = || {
        let is_limited = incoming.status == StatusCode::TOO_MANY_REQUESTS;
        let limit = is_limited.then(|| diagnostic::rate_limit(headers, now));
        limit.flatten()?.wait(now)
    };
    let wait = diagnostic::retry_after(headers, now);
    let wait = wait.or_else(|| wait_in_body(incoming)).or_else(limit);
    wait.map(Duration::from_secs)
}

/// How long the body of a failure asks to wait, where it is short JSON.
fn wait_in_body(incoming: &Incoming) -> Option<u64> {
    if incoming.body.len() > LONGEST_BODY {
        return None;
    }
    let body = Body::Json(serde_json::from_slice(&incoming.body).ok()?);
    let media_type = content::media_type(&incoming.headers);
    // Nothing of the body but the number goes on.
    let redactor = Redactor::new(Arc::default());
    Problem::read(&media_type, body, &redactor).wait()
}

fn health(status: Result<StatusCode, &Failure>) -> Health {
    match status {
        Err(Failure::Unreachable(_)) => Health::Unreachable,
        // The host of a request that it did not handle is there: other workspaces go on calling it.
        Err(Failure::Unhandled(_) | Failure::Broken(_) | Failure::Timeout) => Health::Failed,
        Ok(status) if matches!(status.as_u16(), 502..=504) => Health::Failed,
        Ok(_) | Err(_) => Health::Answered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_that_cannot_be_made_counts_on_the_host_and_nothing_else_does() {
        let reason = || "reason".to_owned();
        for (failure, expected) in [
            (Failure::Unreachable(reason()), Health::Unreachable),
            (Failure::Unhandled(reason()), Health::Failed),
            (Failure::Broken(reason()), Health::Failed),
            (Failure::Timeout, Health::Failed),
        ] {
            assert_eq!(health(Err(&failure)), expected);
        }
    }
}
