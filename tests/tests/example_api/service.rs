//! A server and a client for one test.

use std::sync::Arc;

use jiff::Timestamp;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use tests::example_api::{self, ManualClock, Options, Running, SeededWorkspace};

/// A fresh server whose clock is on 20 November 2026, and a client for it.
pub(crate) struct Service {
    pub(crate) running: Running,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) client: Client,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        let now: Timestamp = "2026-11-20T11:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::new(now));
        let options = Options {
            clock: clock.clone(),
            rng_seed: Some(7),
            ..options
        };
        let running = example_api::start(options).await.unwrap();
        Self {
            running,
            clock,
            client: Client::builder().no_proxy().build().unwrap(),
        }
    }

    pub(crate) fn harbor(&self) -> &SeededWorkspace {
        self.running.workspace("wsp_harbor").unwrap()
    }

    pub(crate) fn juniper(&self) -> &SeededWorkspace {
        self.running.workspace("wsp_juniper").unwrap()
    }

    pub(crate) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.running.url))
    }

    /// A request with Harbor's full key.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(&self.harbor().full_key)
    }

    /// A request of the operator.
    pub(crate) fn operator(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path)
            .header("X-Operator-Key", &self.running.operator_key)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(with_json(self.request(Method::POST, path), &body)).await
    }
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response: Response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self {
            status,
            headers,
            bytes: response.bytes().await.unwrap().to_vec(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The ids of a page's items.
    pub(crate) fn ids(&self) -> Vec<String> {
        let page = self.json();
        let items = page["data"]
            .as_array()
            .unwrap_or_else(|| panic!("no page: {page}"));
        items
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub(crate) fn with_json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    with_body(request, "application/json", body.to_string())
}

pub(crate) fn with_body(
    request: RequestBuilder,
    content_type: &str,
    body: impl Into<reqwest::Body>,
) -> RequestBuilder {
    request.header("Content-Type", content_type).body(body)
}

/// The part and the pointer of each thing that a problem names.
pub(crate) fn violations(answer: &Answer) -> Vec<(String, String)> {
    let problem = answer.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = problem["errors"]
        .as_array()
        .unwrap_or_else(|| panic!("no errors: {problem}"));
    errors
        .iter()
        .map(|error| (text(&error["in"]), text(&error["pointer"])))
        .collect()
}

pub(crate) fn violation(part: &str, pointer: &str) -> Vec<(String, String)> {
    vec![(part.to_owned(), pointer.to_owned())]
}
