//! `/metrics`, on a listener of its own.

use serde_json::json;

use crate::support::{Client, EMAIL, TestServer};

async fn lines(server: &TestServer) -> Vec<String> {
    let addr = server.server.metrics().unwrap();
    let answer = reqwest::get(format!("http://{addr}/metrics"))
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await.unwrap();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn metrics_count_calls_sign_ins_and_limits_without_a_name() {
    let server = TestServer::with(|config| {
        config.metrics.listen = Some("127.0.0.1:0".parse().unwrap());
        config.limits.calls_per_minute_per_grant = 4;
    })
    .await;
    let mut browser = server.first_person().await;
    let mut other = crate::browser::Browser::new(&server);
    let page = other.open("/account/sign-in").await.page();
    other.sign_in(&page, EMAIL, "wrong password").await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    for arguments in [json!({}), json!({}), json!({"x": 1})] {
        server.call(&token, "get_pet", arguments).await;
    }
    server
        .call(&token, "create_pet", json!({"name": "Rex"}))
        .await;
    server.call(&token, "get_pet", json!({})).await;
    let lines = lines(&server).await;
    for expected in [
        r#"drawbridge_calls_total{access="read",outcome="ok"} 2"#,
        r#"drawbridge_calls_total{access="read",outcome="invalid_arguments"} 1"#,
        r#"drawbridge_calls_total{access="read",outcome="rate_limited"} 1"#,
        r#"drawbridge_calls_total{access="write",outcome="ok"} 1"#,
        r#"drawbridge_limited_calls_total{limit="grant_rate"} 1"#,
        r#"drawbridge_limited_calls_total{limit="workspace_rate"} 0"#,
        "drawbridge_upstream_duration_seconds_count 3",
        "drawbridge_call_duration_seconds_count 5",
        "drawbridge_calls_in_flight 0",
        r#"drawbridge_sign_ins_total{outcome="ok"} 1"#,
        r#"drawbridge_sign_ins_total{outcome="failed"} 1"#,
        "drawbridge_store_errors_total 0",
    ] {
        assert!(
            lines.iter().any(|line| line == expected),
            "{expected}\n{lines:#?}"
        );
    }
    let text = lines.join("\n");
    for name in [EMAIL, "Studio", "get_pet", "claude", "usr_", "wsp_", "key_"] {
        assert!(!text.contains(name), "{name}");
    }
    // Not where the internet is.
    assert_eq!(server.get("/metrics").await.status, 404);
}

#[tokio::test]
async fn metrics_are_served_nowhere_unless_an_address_is_configured() {
    let server = TestServer::start().await;
    assert_eq!(server.server.metrics(), None);
    assert_eq!(server.get("/metrics").await.status, 404);
}

#[tokio::test]
async fn address_of_metrics_that_is_taken_is_an_error_that_names_its_key() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = runtime::config::Config::default();
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    config.store.path = ":memory:".into();
    config.upstream.url = Some("http://127.0.0.1:1".parse().unwrap());
    config.metrics.listen = Some(taken.local_addr().unwrap());
    let environment = runtime::app::Environment::default();
    let error = runtime::app::start(&crate::support::CATALOG, config, environment).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("`metrics.listen`"), "{error}");
}
