//! The trace context of a request to the API (W3C Trace Context, Level 1).

use http::{HeaderName, HeaderValue};

/// The header that carries the trace context.
pub(super) const PARENT: HeaderName = HeaderName::from_static("traceparent");

/// Returns the trace context of the request with this id. The id, 32 hexadecimal digits, is that of
/// the trace, so that the API's traces are found by it; its second half is the id of this server's
/// span. The API decides whether it records the trace (flags 00). `None` for another form of id.
pub(super) fn parent(request_id: &str) -> Option<HeaderValue> {
    let is_digit = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
    let is_trace_id = request_id.len() == 32 && request_id.bytes().all(is_digit);
    let span_id = request_id.get(16..).filter(|_| is_trace_id)?;
    // §3.2.2.3, §3.2.2.4: ids of zeros are invalid.
    if span_id.bytes().all(|it| it == b'0') {
        return None;
    }
    HeaderValue::from_str(&format!("00-{request_id}-{span_id}-00")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_id_is_the_id_of_the_trace() {
        let parent = parent("0af7651916cd43dd8448eb211c80319c").unwrap();
        let expected = "00-0af7651916cd43dd8448eb211c80319c-8448eb211c80319c-00";
        assert_eq!(parent, expected);
    }

    #[test]
    fn ids_that_no_trace_can_have_make_no_context() {
        for id in [
            "r-1",
            "",
            "0AF7651916CD43DD8448EB211C80319C",
            &"0".repeat(32),
        ] {
            assert_eq!(parent(id), None, "{id}");
        }
    }
}
