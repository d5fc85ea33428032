//! How often connections and workspaces may call.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::browser::Browser;
use crate::support::{CLAUDE, Client, Response, TestServer, Tokens};

/// A connection of the person of a browser to a new workspace of theirs.
pub(crate) async fn connect_to_new_workspace(browser: &mut Browser<'_>, client: &Client) -> Tokens {
    let page = browser.open(&client.authorize_url()).await.page();
    let new = format!("{}/new-workspace", page.location);
    let page = browser.open(&new).await.page();
    let named = page.form().with("name", "Second");
    let page = browser.submit(&named).await.page();
    let form = page.form().press("decision", "approve");
    let response = browser.submit(&form).await.response(CLAUDE);
    Tokens::of(&client.redeem(browser.bench(), &response["code"]).await)
}

/// The error of a call that is refused, without the id of the request.
pub(crate) fn error(answer: &Response) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let result = &answer.json()["result"];
    assert_eq!(result["isError"], true, "{}", answer.body);
    let text = result["content"][0]["text"].as_str().unwrap();
    let text: Value = serde_json::from_str(text).unwrap();
    let mut error = text["error"].clone();
    error.as_object_mut().unwrap().remove("request_id").unwrap();
    error
}

pub(crate) fn is_success(answer: &Response) -> bool {
    answer.json()["result"]["isError"] == false
}

/// Calls so many times, and counts the successes.
pub(crate) async fn successes(server: &TestServer, token: &str, times: usize) -> usize {
    let calls = (0..times).map(|_| server.call(token, "get_pet", json!({})));
    let answers = futures_util::future::join_all(calls).await;
    answers.iter().filter(|answer| is_success(answer)).count()
}

fn rate_headers(answer: &Response) -> [&str; 3] {
    ["limit", "remaining", "reset"].map(|name| answer.header(&format!("x-ratelimit-{name}")))
}

/// A server that runs as many calls at once as a test makes.
pub(crate) async fn start() -> TestServer {
    TestServer::with(|config| {
        config.server.max_calls_per_grant = 200;
        config.server.max_calls_per_workspace = 200;
    })
    .await
}

#[tokio::test]
async fn r47_call_121_of_a_minute_is_refused_with_the_time_to_wait() {
    let server = start().await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    assert_eq!(successes(&server, &token, 121).await, 120);
    assert_eq!(server.calls(), 120, "the one that is refused is not sent");
    let refused = server.call(&token, "get_pet", json!({})).await;
    let expected = json!({
        "kind": "rate_limited",
        "message": "Rate limit of this connection exceeded: it may make 120 calls a minute; \
                    nothing was sent.",
        "retryable": true,
        "retry_after_seconds": 1,
        "rate_limit": {"limit": 120, "remaining": 0},
        "hint": "Wait 1 second, then call again. The connection is still valid: do not reconnect.",
    });
    assert_eq!(error(&refused), expected);
    // The bucket fills continuously: two more after a second, and all of them after a minute.
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(successes(&server, &token, 5).await, 2);
    server.clock.advance(Duration::from_mins(1));
    assert_eq!(successes(&server, &token, 121).await, 120);
}

#[tokio::test]
async fn r44_grants_of_a_workspace_share_its_rate_and_another_workspace_has_its_own() {
    let server = TestServer::with(|config| {
        config.limits.calls_per_minute_per_grant = 4;
        config.limits.calls_per_minute_per_workspace = 6;
    })
    .await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let first = client.connect(&mut browser, "full").await.access;
    let second = client.connect(&mut browser, "full").await.access;
    let other = connect_to_new_workspace(&mut browser, &client).await.access;
    server.link_workspace("Second", "home-2").await;
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(successes(&server, &first, 6).await, 4);
    assert_eq!(successes(&server, &second, 6).await, 2);
    let refused = server.call(&second, "get_pet", json!({})).await;
    let message = "Rate limit of this workspace exceeded: all its connections together may make \
                   6 calls a minute; nothing was sent.";
    assert_eq!(error(&refused)["message"], message);
    assert_eq!(error(&refused)["retry_after_seconds"], 10);
    assert_eq!(successes(&server, &other, 6).await, 4);
    // No call gets through sooner than that.
    server.clock.advance(Duration::from_millis(9_999));
    assert_eq!(successes(&server, &second, 1).await, 0);
    server.clock.advance(Duration::from_millis(1));
    assert_eq!(successes(&server, &second, 2).await, 1);
}

#[tokio::test]
async fn rate_holds_by_every_list_and_every_way_of_calling() {
    let server = TestServer::with(|config| config.limits.calls_per_minute_per_grant = 1).await;
    let mut browser = server.first_person().await;
    let mut client = Client::claude(&server).await;
    client.resource = "https://mcp.example.com/mcp/search".to_owned();
    let token = client.connect(&mut browser, "full").await.access;
    let call = async |params: Value| {
        let path = "/mcp/search";
        server
            .rpc_at(path, Some(&token), "tools/call", params)
            .await
    };
    let search = || call(json!({"name": "search_tools", "arguments": {"query": "pet"}}));
    assert!(is_success(
        &call(json!({"name": "get_pet", "arguments": {}})).await
    ));
    let ways = [
        json!({"name": "get_pet", "arguments": {}}),
        json!({"name": "fetch_pet", "arguments": {}}),
        json!({"name": "call_read_tool", "arguments": {"name": "get_pet"}}),
        // A member that the fast path does not know has the protocol's library answer.
        json!({"name": "get_pet", "arguments": {}, "more": 1}),
    ];
    let mut errors = Vec::new();
    for params in ways {
        // A search reaches no API, and does not count.
        assert!(is_success(&search().await));
        errors.push(error(&call(params).await));
        server.clock.advance(Duration::from_secs(1));
    }
    for error in &mut errors {
        // The time to wait gets shorter.
        error
            .as_object_mut()
            .unwrap()
            .retain(|name, _| name == "kind" || name == "message");
    }
    assert_eq!(errors[0]["kind"], "rate_limited");
    errors.dedup();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(server.calls(), 1);
    // Refusals are recorded, one in a second.
    for _ in 0..7 {
        call(json!({"name": "get_pet", "arguments": {}})).await;
    }
    let refused = "SELECT count(*) FROM audit WHERE outcome = 'rate_limited'";
    for _ in 0..600 {
        if server.count(refused).await == 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.count(refused).await, 5);
}

#[tokio::test]
async fn loop_of_refused_calls_is_recorded_once_a_second_of_each_kind() {
    let server = TestServer::with(|config| config.limits.calls_per_minute_per_grant = 1).await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "read-only").await.access;
    assert!(is_success(&server.call(&token, "get_pet", json!({})).await));
    for _ in 0..20 {
        let refused = server.call(&token, "get_pet", json!({})).await;
        assert_eq!(error(&refused)["kind"], "rate_limited");
        let write = json!({"name": "Rex"});
        assert_eq!(server.call(&token, "create_pet", write).await.status, 403);
    }
    server.clock.advance(Duration::from_secs(60));
    assert!(is_success(&server.call(&token, "get_pet", json!({})).await));
    // The last call is recorded after all others.
    let calls = "SELECT count(*) FROM audit WHERE action = 'tool.called' AND outcome = 'ok'";
    for _ in 0..600 {
        if server.count(calls).await == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.count(calls).await, 2);
    for refused in [
        "SELECT count(*) FROM audit WHERE outcome = 'rate_limited'",
        "SELECT count(*) FROM audit WHERE outcome = 'insufficient_scope'",
    ] {
        assert_eq!(server.count(refused).await, 1, "{refused}");
    }
}

#[tokio::test]
async fn r48_every_answer_to_a_valid_token_has_the_rate_of_the_workspace() {
    let server = TestServer::start().await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "read-only").await.access;
    let bearer = format!("Bearer {token}");
    let list = server.rpc(Some(&token), "tools/list", json!({})).await;
    assert_eq!(rate_headers(&list), ["120", "120", "0"]);
    let call = server.call(&token, "get_pet", json!({})).await;
    assert_eq!(rate_headers(&call), ["120", "119", "1"]);
    let more = json!({"name": "get_pet", "arguments": {}, "more": 1});
    let call = server.rpc(Some(&token), "tools/call", more).await;
    assert_eq!(rate_headers(&call), ["120", "118", "1"]);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let no_json = Some("{".to_owned());
    let no_json = server.send(Method::POST, "/mcp", &headers, no_json).await;
    let get = server.send(Method::GET, "/mcp", &headers, None).await;
    let write = server
        .call(&token, "create_pet", json!({"name": "Rex"}))
        .await;
    for (status, answer) in [(400, no_json), (405, get), (403, write)] {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(rate_headers(&answer), ["120", "118", "1"], "{status}");
    }
    // Without a token there is no workspace.
    let refused = server.rpc(None, "tools/list", json!({})).await;
    assert_eq!(refused.status, 401);
    assert_eq!(rate_headers(&refused), ["", "", ""]);
}

#[tokio::test]
async fn calls_of_a_workspace_beyond_its_number_at_once_are_rate_limited() {
    let api = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", api.local_addr().unwrap());
    let server = TestServer::with(|config| {
        config.upstream.url = Some(url.parse().unwrap());
        config.server.max_calls_per_workspace = 1;
        config.server.shutdown_seconds = 1;
    })
    .await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let first = client.connect(&mut browser, "full").await.access;
    let second = client.connect(&mut browser, "full").await.access;
    let check = async {
        let connection = api.accept().await.unwrap();
        let refused = server.call(&second, "get_pet", json!({})).await;
        drop(connection);
        error(&refused)
    };
    let limit = Duration::from_secs(60);
    let error = tokio::select! {
        answer = server.call(&first, "get_pet", json!({})) => {
            panic!("the API does not answer: {}", answer.body)
        }
        checked = tokio::time::timeout(limit, check) => checked.unwrap(),
    };
    assert_eq!(error["kind"], "rate_limited");
    let message = "The connections of this workspace already run 1 calls, the most that are \
                   allowed at once; nothing was sent.";
    assert_eq!(error["message"], message);
}
