//! The API's own id of a request, from the header fields of its answer.

use http::{HeaderMap, HeaderName};

use crate::config::HeaderField;

/// Header fields in which APIs send the id of a request, the most usual first.
const USUAL: &[&str] = &[
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "x-amzn-requestid",
    "x-amz-request-id",
    "x-ms-request-id",
    "x-github-request-id",
    "x-goog-request-id",
    "x-fb-trace-id",
    "apigw-requestid",
    "paypal-debug-id",
    "twilio-request-id",
    "x-okta-request-id",
    "x-slack-req-id",
    "x-zendesk-request-id",
    "atl-traceid",
    "x-trace-id",
    "x-cloud-trace-context",
    "cf-ray",
];
/// The longest id that is reported, in characters.
const LONGEST: usize = 200;

/// The header fields that hold the id of a request: those that the operator configured, then the
/// usual ones.
#[derive(Clone, Debug, Default)]
pub(in crate::upstream) struct RequestIds {
    configured: Vec<HeaderName>,
}

impl RequestIds {
    pub(in crate::upstream) fn new(configured: &[HeaderField]) -> RequestIds {
        let configured = configured.iter().map(|field| field.0.clone());
        RequestIds {
            configured: configured.collect(),
        }
    }

    /// Returns the id in `headers`, shortened to 200 characters.
    pub(in crate::upstream) fn find(&self, headers: &HeaderMap) -> Option<String> {
        let configured = self.configured.iter().map(HeaderName::as_str);
        let mut names = configured.chain(USUAL.iter().copied());
        names.find_map(|name| {
            let id = headers.get(name)?.to_str().ok()?.trim();
            (!id.is_empty()).then(|| id.chars().take(LONGEST).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn found(configured: &[&'static str], pairs: &[(&'static str, &'static str)]) -> String {
        let configured = configured.iter().copied().map(HeaderName::from_static);
        let configured: Vec<_> = configured.map(HeaderField).collect();
        let headers = pairs.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        RequestIds::new(&configured)
            .find(&headers.collect())
            .unwrap()
    }

    #[test]
    fn the_most_usual_id_is_taken() {
        let headers = [("cf-ray", "c"), ("x-request-id", "a")];
        assert_eq!(found(&[], &headers), "a");
    }

    #[test]
    fn a_configured_field_comes_first() {
        let headers = [("x-request-id", "a"), ("x-acme-trace", "t")];
        assert_eq!(found(&["x-acme-trace"], &headers), "t");
        assert_eq!(found(&["x-absent"], &headers), "a");
    }
}
