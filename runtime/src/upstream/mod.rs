//! The call to the API: one request built, sent, and its answer read.

mod error;
mod response;
mod settings;

use std::sync::Arc;

use serde_json::{Map, Value};

pub use error::{CallError, ErrorKind, RateLimit};
pub use response::{Answer, Body, Truncation};
pub use settings::{Settings, SettingsError};

use crate::access::AccessContext;
use crate::clock::Clock;
use crate::operation::{Catalog, Operation};

/// Who answers the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The API.
    Live,
    /// The examples of its description. Requests are built and checked all the same.
    Mock,
}

/// The API that the tools call.
#[derive(Debug)]
pub struct Upstream {
    mode: Mode,
    clock: Arc<dyn Clock>,
}

impl Upstream {
    /// Prepares to call the API of `catalog`.
    ///
    /// # Errors
    /// Where configuration and description together do not say how to reach the API.
    pub fn new(
        _catalog: &'static Catalog,
        _settings: &Settings,
        mode: Mode,
        clock: Arc<dyn Clock>,
    ) -> Result<Upstream, SettingsError> {
        Ok(Upstream { mode, clock })
    }

    /// What an operator should be told at start: operations that cannot be called because no
    /// credential is configured that they would take.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &[]
    }

    /// Calls one operation. `arguments` are valid against its input schema.
    ///
    /// A write that was started runs to its end even where the caller stops waiting.
    ///
    /// # Errors
    /// Where nothing could be sent, no answer came, or the API answered with a failure.
    pub async fn call(
        &self,
        _operation: &'static Operation,
        _arguments: Map<String, Value>,
        _context: &AccessContext,
        request_id: &str,
    ) -> Result<Answer, CallError> {
        tracing::trace!(mode = ?self.mode, now = ?self.clock.now(), "call");
        Err(CallError::new(
            ErrorKind::Internal,
            "calls are not possible yet",
            request_id,
        ))
    }
}
