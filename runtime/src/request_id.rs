//! The id that every request gets: in the answer's header, in a result's `_meta`, in the log, and
//! in the call to the API.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

use crate::random::Random;

/// The header that carries the id, in lower case as HTTP/2 wants it.
pub const HEADER: &str = "x-request-id";

/// An id of 128 random bits, in 32 lower-case hexadecimal digits.
///
/// It is always ours: an id that a client sends is not taken over, so that no client can make its
/// requests look like another's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// Draws a new id.
    #[must_use]
    pub fn new(random: &dyn Random) -> RequestId {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        let id = u128::from_be_bytes(bytes);
        RequestId(format!("{id:032x}").into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as the value of [`HEADER`].
    #[must_use]
    pub fn to_header(&self) -> HeaderValue {
        // Hexadecimal digits are always a valid value, so that the empty one is never used.
        HeaderValue::from_str(&self.0).unwrap_or(HeaderValue::from_static(""))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Ones;

    impl Random for Ones {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(1);
        }
    }

    #[test]
    fn an_id_spells_the_random_bytes_in_hexadecimal() {
        assert_eq!(RequestId::new(&Ones).as_str(), "01".repeat(16));
    }
}
