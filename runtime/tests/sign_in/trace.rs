//! TRACE has the API repeat the request, so it carries no credential of any kind (RFC 9110 §9.3.8).

use http::HeaderMap;
use runtime::config::{Config, OnBehalfOfSettings};
use serde_json::json;

use crate::key_service::{KeyService, SETTINGS};
use crate::support::{Client, TestServer};

const SECRETS: [&str; 4] = [
    "authorization",
    "x-operator-key",
    "x-on-behalf-of",
    "x-secret",
];

const HEADERS: &str = "[upstream.headers]\nX-Secret = 'a-secret-of-the-operator'\n\
                       X-Public = { public = 'a' }\n";

fn check(line: &str, headers: &HeaderMap) {
    assert!(line.starts_with("TRACE"), "{line}");
    for name in SECRETS {
        assert!(!headers.contains_key(name), "{name}");
    }
    assert_eq!(headers["x-public"], "a");
}

#[tokio::test]
async fn trace_carries_no_key_of_a_connection() {
    let (service, bench) = KeyService::start_with(&format!("{SETTINGS}{HEADERS}"), |_| ()).await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    // This API refuses whatever has no key.
    bench.call(&tokens.access, "trace_pets", json!({})).await;
    let state = service.0.lock().unwrap();
    let (line, headers, _) = state.asked.last().unwrap();
    check(line, headers);
}

#[tokio::test]
async fn trace_carries_neither_a_key_of_the_operator_nor_a_statement() {
    let settings = format!(
        "[server]\npublic_url = \"https://mcp.example.com\"\n\
         [upstream.credentials]\napi_key = \"key-of-the-operator\"\n{HEADERS}"
    );
    let config = Config::parse(&settings, "connector.toml".as_ref()).unwrap();
    let bench = TestServer::of(KeyService::default().catalog(), config, |config| {
        config.upstream.on_behalf_of = Some(OnBehalfOfSettings {
            header: "X-On-Behalf-Of".to_owned(),
            audience: "https://api.example.com".to_owned(),
            key_file: config.store.path.with_extension("key"),
            reuse_seconds: 0,
        });
    });
    let bench = bench.await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    for tool in ["get_pet", "trace_pets"] {
        let answer = bench.call(&tokens.access, tool, json!({})).await;
        assert_ne!(answer.json()["result"]["isError"], true);
    }
    let asked = bench.asked.lock().unwrap();
    let (_, _, headers) = &asked[0];
    let carried = ["authorization", "x-on-behalf-of", "x-secret"];
    assert!(
        carried.iter().all(|name| headers.contains_key(*name)),
        "{headers:?}"
    );
    let (method, _, headers) = &asked[1];
    check(method, headers);
}
