//! Traces that a collector of OpenTelemetry receives.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use runtime::config::{Config, PlanFrom, QuotaPeriod};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Client, TestServer};

/// A collector: what it received, and what it answers.
#[derive(Debug)]
struct Collector {
    url: String,
    bodies: Mutex<Vec<(HeaderMap, Value)>>,
    status: Mutex<StatusCode>,
}

async fn receive(
    State(collector): State<Arc<Collector>>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let status = *collector.status.lock().unwrap();
    if status.is_success() {
        let body = serde_json::from_str(&body).unwrap();
        collector.bodies.lock().unwrap().push((headers, body));
    }
    status
}

impl Collector {
    async fn start() -> Arc<Collector> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let collector = Arc::new(Collector {
            url: format!("http://{}/v1/traces", listener.local_addr().unwrap()),
            bodies: Mutex::default(),
            status: Mutex::new(StatusCode::OK),
        });
        let router = Router::new()
            .route("/v1/traces", post(receive))
            .with_state(Arc::clone(&collector));
        tokio::spawn(async move { axum::serve(listener, router).await });
        collector
    }

    /// Every span of a trace that came.
    fn spans(&self, trace: &str) -> Vec<Value> {
        let bodies = self.bodies.lock().unwrap();
        let spans = bodies.iter().flat_map(|(_, body)| {
            let spans = &body["resourceSpans"][0]["scopeSpans"][0]["spans"];
            spans.as_array().unwrap().clone()
        });
        spans.filter(|span| span["traceId"] == trace).collect()
    }

    /// Waits for so many spans of a trace.
    async fn until(&self, trace: &str, number: usize) -> Vec<Value> {
        for _ in 0..600 {
            let spans = self.spans(trace);
            if spans.len() >= number {
                return spans;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{:?}", self.spans(trace));
    }

    fn text(&self) -> String {
        let bodies = self.bodies.lock().unwrap();
        bodies.iter().map(|(_, body)| body.to_string()).collect()
    }
}

fn attribute<'a>(span: &'a Value, name: &str) -> &'a Value {
    let attributes = span["attributes"].as_array().unwrap();
    let found = attributes.iter().find(|it| it["key"] == name);
    let value = found.map_or(&Value::Null, |it| &it["value"]);
    match value {
        Value::Object(value) => value.values().next().unwrap(),
        value => value,
    }
}

fn named<'a>(spans: &'a [Value], name: &str) -> &'a Value {
    let found = spans.iter().find(|span| span["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {spans:?}"))
}

async fn connected(change: impl FnOnce(&mut Config)) -> (TestServer, String) {
    let server = TestServer::with(change).await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    (server, token)
}

/// The trace context that the API received with the last request.
fn context(server: &TestServer) -> String {
    let asked = server.asked.lock().unwrap();
    let (_, _, headers) = asked.last().unwrap();
    headers["traceparent"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn request_call_and_exchange_are_spans_of_one_trace_that_goes_on_at_the_api() {
    let collector = Collector::start().await;
    let (server, token) = connected(|config| {
        config.traces.url = Some(collector.url.parse().unwrap());
        let key = serde_json::from_value(json!("key-of-the-collector")).unwrap();
        config.traces.headers.insert("x-key".to_owned(), key);
    })
    .await;
    let arguments = json!({"name": "a-secret-name"});
    let answer = server.call(&token, "create_pet", arguments).await;
    let trace = answer.header("x-request-id").to_owned();
    let spans = collector.until(&trace, 3).await;
    assert_eq!(spans.len(), 3, "{spans:?}");
    let request = named(&spans, "POST /mcp");
    let call = named(&spans, "tools/call create_pet");
    let exchange = named(&spans, "POST /pets");
    assert_eq!(request.get("parentSpanId"), None);
    assert_eq!(call["parentSpanId"], request["spanId"]);
    assert_eq!(exchange["parentSpanId"], call["spanId"]);
    let sent = format!("00-{trace}-{}-01", exchange["spanId"].as_str().unwrap());
    assert_eq!(context(&server), sent);

    assert_eq!(
        (&request["kind"], &exchange["kind"]),
        (&json!(2), &json!(3))
    );
    for (span, name, value) in [
        (request, "http.request.method", "POST"),
        (request, "http.route", "/mcp"),
        (request, "http.response.status_code", "200"),
        (call, "gen_ai.tool.name", "create_pet"),
        (call, "mcp.method.name", "tools/call"),
        (exchange, "url.template", "/pets"),
        (exchange, "server.address", "127.0.0.1"),
        (exchange, "http.response.status_code", "200"),
    ] {
        assert_eq!(attribute(span, name), value, "{name}: {span}");
    }
    assert!(spans.iter().all(|span| span.get("status").is_none()));
    let (headers, body) = collector.bodies.lock().unwrap()[0].clone();
    assert_eq!(headers["x-key"], "key-of-the-collector");
    assert_eq!(headers["content-type"], "application/json");
    let resource = &body["resourceSpans"][0]["resource"];
    assert_eq!(attribute(resource, "service.name"), "pets");

    // A page and a call that fails, and none of what is secret.
    let failed = server.call(&token, "create_pet", json!({"nickname": "a-secret-name"}));
    let failed = failed.await.header("x-request-id").to_owned();
    let spans = collector.until(&failed, 2).await;
    let call = named(&spans, "tools/call create_pet");
    assert_eq!(attribute(call, "error.type"), "invalid_arguments");
    assert_eq!(call["status"]["code"], 2);
    let text = collector.text();
    assert!(text.contains("/account/"), "pages are there, too");
    for secret in [
        "a-secret-name",
        &token,
        "ada@example.com",
        "key-of-the-collector",
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn each_exchange_of_a_call_is_a_span_of_its_own() {
    let collector = Collector::start().await;
    let (server, token) = connected(|config| {
        config.traces.url = Some(collector.url.parse().unwrap());
        config.quota.plan_from = Some(PlanFrom {
            operation: "get_home".to_owned(),
            arguments: None,
            plan: None,
            limit: Some("/calls".to_owned().try_into().unwrap()),
            period: Some(QuotaPeriod::Day),
        });
    })
    .await;
    let answer = server.call(&token, "get_pet", json!({})).await;
    let trace = answer.header("x-request-id").to_owned();
    let spans = collector.until(&trace, 4).await;
    let (plan, pet) = (
        named(&spans, "GET /homes/{home}"),
        named(&spans, "GET /pets"),
    );
    assert_ne!(plan["spanId"], pet["spanId"]);
    assert_eq!(plan["parentSpanId"], pet["parentSpanId"]);
    assert!(
        !collector.text().contains("home-1"),
        "a path has its template"
    );
}

#[tokio::test]
async fn nothing_is_sent_where_traces_are_off_or_not_sampled() {
    let (server, token) = connected(|_| ()).await;
    let answer = server.call(&token, "get_pet", json!({})).await;
    let trace = answer.header("x-request-id");
    assert!(context(&server).starts_with(&format!("00-{trace}-")));
    assert!(context(&server).ends_with("-00"));

    let collector = Collector::start().await;
    let (server, token) = connected(|config| {
        config.traces.url = Some(collector.url.parse().unwrap());
        config.traces.sample_ratio = 0.0;
    })
    .await;
    server.call(&token, "get_pet", json!({})).await;
    assert!(context(&server).ends_with("-00"));
    server.server.shutdown().await;
    assert!(collector.bodies.lock().unwrap().is_empty());
}

#[tokio::test]
async fn spans_outlast_a_collector_that_is_down_and_the_end_of_the_server() {
    let collector = Collector::start().await;
    *collector.status.lock().unwrap() = StatusCode::SERVICE_UNAVAILABLE;
    let (server, token) = connected(|config| {
        config.traces.url = Some(collector.url.parse().unwrap());
    })
    .await;
    let answer = server.call(&token, "get_pet", json!({})).await;
    let trace = answer.header("x-request-id").to_owned();
    // It is asked meanwhile, and refuses.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(collector.spans(&trace).is_empty());
    *collector.status.lock().unwrap() = StatusCode::OK;
    collector.until(&trace, 3).await;
    let last = server.call(&token, "get_pet", json!({})).await;
    server.server.shutdown().await;
    assert_eq!(collector.spans(last.header("x-request-id")).len(), 3);
}
