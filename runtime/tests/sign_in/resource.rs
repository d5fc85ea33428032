//! What must not work at the endpoint itself, with a key that is good for something else.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Client, Response, TestServer};

/// Sends a message as it is.
async fn send(
    bench: &TestServer,
    token: &str,
    headers: &[(&str, &str)],
    message: &str,
) -> Response {
    let bearer = format!("Bearer {token}");
    let mut all = vec![
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("authorization", bearer.as_str()),
    ];
    all.extend(headers);
    let body = Some(message.to_owned());
    bench.send(Method::POST, "/mcp", &all, body).await
}

fn call(tool: &str) -> Value {
    let params = json!({"name": tool, "arguments": {"name": "Rex"}});
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
}

/// The same call, stateless.
fn call_of_2026(tool: &str) -> String {
    let mut call = call(tool);
    call["params"]["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    call.to_string()
}

#[tokio::test]
async fn no_spelling_of_a_write_gets_past_a_read_only_connection() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "read-only").await;
    let renamed = |name: &str| call(name).to_string();
    let named = |name| {
        [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", name),
        ]
    };
    let twice = renamed("create_pet").replace("\"method\"", "\"method\":\"tools/list\",\"method\"");
    let table: Vec<(Vec<(&str, &str)>, String)> = vec![
        (vec![], renamed("create_pet")),
        (vec![], renamed("Create_Pet")),
        (vec![], renamed("create_pet ")),
        (vec![], renamed("create\\u005fpet").replace("\\\\u", "\\u")),
        (vec![], format!("[{}]", renamed("create_pet"))),
        (
            vec![],
            format!("[{},{}]", call("get_pet"), call("create_pet")),
        ),
        (vec![], twice),
        // A header of the newest revision, and a call of an older one, which knows none.
        (vec![("mcp-name", "get_pet")], renamed("create_pet")),
        (named("get_pet").to_vec(), call_of_2026("create_pet")),
        (named("create_pet").to_vec(), call_of_2026("create_pet")),
        (named("CREATE_PET").to_vec(), call_of_2026("create_pet")),
    ];
    for (headers, message) in table {
        let answer = send(&bench, &tokens.access, &headers, &message).await;
        let refused = answer.status >= 400 || answer.json()["error"].is_object();
        assert!(refused, "{headers:?} {message}: {}", answer.body);
    }
    assert_eq!(bench.calls(), 0);
}

#[tokio::test]
async fn what_a_server_no_longer_offers_keys_of_before_no_longer_have() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let full = client.connect(&mut browser, "full").await;
    let other = bench.beside_with(|config| config.server.read_only = true);
    let other = other.await;
    assert_eq!(other.tools(&full.access).await, ["get_home", "get_pet"]);
    let refused = other.call(&full.access, "create_pet", json!({"name": "Rex"}));
    let refused = refused.await;
    assert_eq!(
        refused.json()["result"]["isError"],
        true,
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn what_one_key_may_see_is_kept_for_no_other() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let read = client.connect(&mut browser, "read-only").await;
    let full = client.connect(&mut browser, "full").await;
    for (token, tools) in [(&read, 2), (&full, 3), (&read, 2)] {
        let list = json!({
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/list",
            "params": {"_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            }},
        });
        let headers = [
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/list"),
        ];
        let answer = send(&bench, &token.access, &headers, &list.to_string()).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let result = &answer.json()["result"];
        assert_eq!(result["cacheScope"], "private", "{}", answer.body);
        assert_eq!(result["tools"].as_array().map(Vec::len), Some(tools));
    }
}

#[tokio::test]
async fn a_token_is_read_in_its_one_header_and_nowhere_else() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    let token = tokens.access.as_str();
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "access_token": token});
    let list = list.to_string();
    let json = ("content-type", "application/json");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let cookie = format!("access_token={token}");
    let table = [
        (
            format!("/mcp?access_token={token}"),
            vec![json],
            list.clone(),
        ),
        ("/mcp".to_owned(), vec![json], list.clone()),
        (
            "/mcp".to_owned(),
            vec![form],
            format!("access_token={token}"),
        ),
        (
            "/mcp".to_owned(),
            vec![json, ("cookie", &*cookie)],
            list.clone(),
        ),
        (
            "/mcp".to_owned(),
            vec![json, ("x-api-key", token)],
            list.clone(),
        ),
        (
            "/mcp".to_owned(),
            vec![json, ("proxy-authorization", token)],
            list,
        ),
    ];
    for (path, headers, body) in table {
        let answer = bench.send(Method::POST, &path, &headers, Some(body)).await;
        assert_eq!(answer.status, 401, "{path} {headers:?}");
        let challenge = answer.header("www-authenticate");
        assert!(!challenge.contains("error="), "{challenge}");
    }
}

#[tokio::test]
async fn tokens_that_open_nothing() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    let bearer = |token: &str| format!("Bearer {token}");
    let flipped = tokens.access.replace("mcpk_live_", "mcpk_live_x");
    let good = bearer(&tokens.access);
    let table: Vec<(Vec<String>, u16, bool)> = vec![
        (vec![], 401, false),
        (vec!["Basic YTpi".to_owned()], 401, false),
        (vec!["Bearer".to_owned()], 401, false),
        (vec!["Bearer ".to_owned()], 401, false),
        (vec![tokens.access.clone()], 401, false),
        (vec![bearer("x")], 401, true),
        (vec![bearer(&flipped)], 401, true),
        (vec![bearer(&tokens.refresh)], 401, true),
        (vec![bearer(&format!("{} ", "x".repeat(5000)))], 401, true),
        (vec![good.clone(), good.clone()], 400, true),
        (vec![good.clone(), bearer("x")], 400, true),
    ];
    for (headers, status, reported) in table {
        let mut sent = vec![
            ("content-type", "application/json"),
            ("accept", "application/json"),
        ];
        sent.extend(headers.iter().map(|it| ("authorization", it.as_str())));
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
        let answer = bench.send(Method::POST, "/mcp", &sent, Some(message)).await;
        assert_eq!(answer.status, status, "{headers:?}");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.starts_with("Bearer "), "{challenge}");
        assert_eq!(
            challenge.contains("error="),
            reported,
            "{headers:?} {challenge}"
        );
    }
}
