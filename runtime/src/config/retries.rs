//! `[upstream.retries]` and `[upstream.circuit_breaker]`: requests that fail for a moment.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::value::within;

/// When a request to the API is sent again. Only one that is safe to repeat is: its method is
/// idempotent (RFC 9110 §9.2.2), `x-mcp` says so of its operation, it carries an idempotency key, or
/// it did not reach the API.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetrySettings {
    /// How often a request is sent at most: 1 to 10. 1 turns retries off.
    pub max_attempts: u32,
    /// The pause before the second attempt, in milliseconds: 1 to 60,000. It doubles with each
    /// attempt, and a random part of up to a half is taken off.
    pub initial_delay_ms: u64,
    /// The longest pause, in seconds: 1 to 3,600. Where the API asks for a longer one
    /// (`Retry-After`), the call fails at once and reports it.
    pub max_delay_seconds: u64,
    /// How many requests are sent again in a minute for all calls of one workspace: 1 to 1,000,000.
    pub per_minute_per_workspace: u32,
    /// Sends an idempotency key with calls that have none, where the description declares the header
    /// field `Idempotency-Key`.
    pub idempotency_keys: bool,
}

impl Default for RetrySettings {
    fn default() -> RetrySettings {
        RetrySettings {
            max_attempts: 3,
            initial_delay_ms: 200,
            max_delay_seconds: 10,
            per_minute_per_workspace: 30,
            idempotency_keys: true,
        }
    }
}

impl RetrySettings {
    /// Checks the bounds of numbers.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let values = [
            ("max_attempts", u64::from(self.max_attempts), 10),
            ("initial_delay_ms", self.initial_delay_ms, 60_000),
            ("max_delay_seconds", self.max_delay_seconds, 3_600),
            (
                "per_minute_per_workspace",
                u64::from(self.per_minute_per_workspace),
                1_000_000,
            ),
        ];
        values
            .into_iter()
            .try_for_each(|(name, value, most)| within(&key("retries", name), value, 1..=most))
    }
}

/// When calls fail at once because the API has failed repeatedly. Each host of the API has a circuit
/// breaker of its own.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CircuitBreakerSettings {
    /// How many failures in a row open the circuit: 0 to 10,000. 0 turns it off.
    pub failures: u32,
    /// How long an open circuit lets no call through, in seconds: 1 to 3,600. One call is made then,
    /// and closes the circuit if the API answers it.
    pub open_seconds: u64,
}

impl Default for CircuitBreakerSettings {
    fn default() -> CircuitBreakerSettings {
        CircuitBreakerSettings {
            failures: 10,
            open_seconds: 10,
        }
    }
}

impl CircuitBreakerSettings {
    /// Checks the bounds of numbers.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let section = "circuit_breaker";
        within(
            &key(section, "failures"),
            u64::from(self.failures),
            0..=10_000,
        )?;
        within(&key(section, "open_seconds"), self.open_seconds, 1..=3_600)
    }
}

fn key(section: &str, name: &str) -> String {
    format!("upstream.{section}.{name}")
}
