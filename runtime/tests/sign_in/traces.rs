//! Traces that a collector of OpenTelemetry receives.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, Method, StatusCode};
use runtime::config::{Config, PlanFrom, QuotaPeriod};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::support::{Client, TestServer};

/// A collector: what it received, and what it answers.
#[derive(Debug)]
struct Collector {
    url: String,
    bodies: Mutex<Vec<(HeaderMap, Value)>>,
    status: Mutex<StatusCode>,
    /// How often it was asked.
    asked: AtomicUsize,
    /// Whether it never answers.
    hangs: AtomicBool,
}

async fn receive(
    State(collector): State<Arc<Collector>>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    collector.asked.fetch_add(1, Ordering::SeqCst);
    if collector.hangs.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
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
            asked: AtomicUsize::new(0),
            hangs: AtomicBool::new(false),
        });
        let router = Router::new()
            .route("/v1/traces", post(receive))
            .with_state(Arc::clone(&collector));
        tokio::spawn(async move { axum::serve(listener, router).await });
        collector
    }

    /// Every span that came.
    fn all(&self) -> Vec<Value> {
        let bodies = self.bodies.lock().unwrap();
        let spans = bodies.iter().flat_map(|(_, body)| {
            let spans = &body["resourceSpans"][0]["scopeSpans"][0]["spans"];
            spans.as_array().unwrap().clone()
        });
        spans.collect()
    }

    /// Every span of a trace that came.
    fn spans(&self, trace: &str) -> Vec<Value> {
        let mut spans = self.all();
        spans.retain(|span| span["traceId"] == trace);
        spans
    }

    /// Waits for a span that is as asked.
    async fn any(&self, is_asked: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..600 {
            if let Some(span) = self.all().into_iter().find(&is_asked) {
                return span;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{:?}", self.all());
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

#[tokio::test]
async fn path_method_and_host_of_a_request_are_in_no_span() {
    let collector = Collector::start().await;
    let (server, _) = connected(|config| {
        config.traces.url = Some(collector.url.parse().unwrap());
    })
    .await;
    let host = [("host", "a-secret.example")];
    let refused = server.send(Method::POST, "/mcp", &host, None).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    let other = Method::from_bytes(b"A-SECRET").unwrap();
    for (method, path, name, route) in [
        (Method::POST, "/mcp/toolsets/a-secret", "POST", Value::Null),
        (Method::POST, "/mcp/as/a-secret", "POST", Value::Null),
        (Method::GET, "/a-secret?a-secret", "GET", Value::Null),
        (other, "/mcp", "HTTP /mcp", json!("/mcp")),
        (
            Method::POST,
            "/mcp/readonly/search/?a-secret",
            "POST /mcp/search/readonly",
            json!("/mcp/search/readonly"),
        ),
    ] {
        let answer = server.send(method, path, &[], None).await;
        let spans = collector.until(answer.header("x-request-id"), 1).await;
        assert_eq!(spans[0]["name"], name, "{path}");
        assert_eq!(attribute(&spans[0], "http.route"), &route, "{path}");
        let method = name.split(' ').next().unwrap().replace("HTTP", "_OTHER");
        assert_eq!(attribute(&spans[0], "http.request.method"), &method);
    }
    assert!(collector.spans(refused.header("x-request-id")).is_empty());
    let text = collector.text().to_lowercase();
    assert!(!text.contains("a-secret"), "{text}");
}

/// An API that answers a request once it is let.
#[derive(Debug, Default)]
struct SlowApi {
    is_asked: Notify,
    answers: Notify,
}

async fn answer(State(api): State<Arc<SlowApi>>) -> axum::Json<Value> {
    api.is_asked.notify_one();
    api.answers.notified().await;
    axum::Json(json!({}))
}

#[tokio::test]
async fn exchange_of_a_write_ends_with_its_answer_though_its_caller_went_away() {
    let collector = Collector::start().await;
    let api = Arc::new(SlowApi::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/pets", post(answer));
    let router = router.with_state(Arc::clone(&api));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let (server, token) = connected(|config| {
        config.traces.url = Some(collector.url.parse().unwrap());
        config.upstream.url = Some(url.parse().unwrap());
    })
    .await;
    tokio::select! {
        answer = server.call(&token, "create_pet", json!({"name": "Rex"})) => panic!("{}", answer.body),
        () = api.is_asked.notified() => {}
    }
    let is_left = |span: &Value| attribute(span, "error.type") == "cancelled";
    let left = collector.any(is_left).await;
    api.answers.notify_one();
    let exchange = collector.any(|span| span["name"] == "POST /pets").await;
    assert_eq!(exchange["traceId"], left["traceId"]);
    assert_eq!(attribute(&exchange, "http.response.status_code"), "200");
    assert_eq!(exchange.get("status"), None, "{exchange}");
}

#[tokio::test]
async fn end_of_the_server_waits_once_for_a_collector_that_does_not_answer() {
    let collector = Collector::start().await;
    collector.hangs.store(true, Ordering::SeqCst);
    let (server, token) = connected(|config| {
        config.traces.url = Some(collector.url.parse().unwrap());
    })
    .await;
    while collector.asked.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.call(&token, "get_pet", json!({})).await;
    server.server.shutdown().await;
    assert_eq!(collector.asked.load(Ordering::SeqCst), 1);
}
