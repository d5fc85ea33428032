//! Typed inputs: the front for people who call tools from Rust.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::operation::Operation;

/// The arguments of one tool as a Rust struct. Generated, one struct a tool, behind the feature
/// `typed` of the generated crate.
///
/// A typed input becomes the same JSON arguments that a model would send and takes the same path
/// from there; it is a way to write them down, not a second way to call.
pub trait Input: Serialize {
    /// The tool these are the arguments of.
    const OPERATION: &'static Operation;

    /// The arguments as they go into `tools/call`.
    ///
    /// # Errors
    /// Where a value the caller put in has no JSON form, such as a map with keys that are no text.
    fn arguments(&self) -> Result<Map<String, Value>, serde_json::Error> {
        match serde_json::to_value(self)? {
            Value::Object(arguments) => Ok(arguments),
            other => Ok(Map::from_iter([("body".to_owned(), other)])),
        }
    }
}
