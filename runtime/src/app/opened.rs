//! Errors in answer to a person who opened an address in a browser: a page in place of JSON.

use axum::extract::Request;
use axum::response::Response;
use http::header::{ACCEPT, CONTENT_LENGTH};
use http::{HeaderMap, Method, StatusCode};

use crate::media_type;
use crate::page::{Notice, Pages};
use crate::request_id;

/// Where a person was when an error came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The MCP endpoint.
    Endpoint,
    Elsewhere,
}

/// Whether a browser opens the address of a request as a page. Programs, `curl` among them, accept
/// anything or JSON, and do not name HTML.
pub(super) fn is_by_a_person(request: &Request) -> bool {
    request.method() == Method::GET && names_html(request.headers())
}

fn names_html(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).any(|range| {
        let essence = range.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("text/html")
    })
}

/// The answer as a person reads it: status and header fields are those of `answer`, and an error that
/// is not a page yet becomes one. `has_home` says whether there is a page at the root.
pub(super) fn for_person(
    pages: &Pages,
    answer: Response,
    place: Place,
    has_home: bool,
) -> Response {
    let status = answer.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || media_type::is(answer.headers(), media_type::HTML) {
        return answer;
    }
    let id = answer.headers().get(request_id::HEADER);
    let id = id.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let notice = match (place, status) {
        _ if status.is_server_error() => Notice::unavailable(id),
        (Place::Endpoint, _) => Notice::endpoint(id),
        (_, StatusCode::NOT_FOUND) => Notice::nothing_here(id),
        (_, StatusCode::METHOD_NOT_ALLOWED) => Notice::for_programs(id),
        _ => Notice::refused(id),
    };
    let notice = match has_home {
        true => notice.leading_home(),
        false => notice,
    };
    let mut page = pages.show(status, &notice);
    let (parts, _) = answer.into_parts();
    for name in parts.headers.keys() {
        if *name == CONTENT_LENGTH || page.headers().contains_key(name) {
            continue;
        }
        for value in parts.headers.get_all(name) {
            page.headers_mut().append(name.clone(), value.clone());
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn only_a_browser_that_opens_a_page_names_html() {
        let request = |method: &str, accept: &str| {
            let request = http::Request::builder().method(method).uri("/mcp");
            let request = request.header(ACCEPT, accept).body(Body::empty());
            is_by_a_person(&request.unwrap())
        };
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert!(request("GET", browser));
        assert!(request("GET", "application/json, Text/HTML;q=0.5"));
        for accept in ["*/*", "application/json", "text/event-stream", "text/*", ""] {
            assert!(!request("GET", accept), "{accept}");
        }
        assert!(!request("POST", browser));
    }
}
