//! What clients send otherwise than the protocol has it, byte by byte, and is answered all the same.

use serde_json::{Value, json};

use crate::support::TestServer;

const VERSION: &str = "mcp-protocol-version";
const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"github-copilot-developer","version":"1.0.0"},"io.modelcontextprotocol/clientCapabilities":{}}"#;

/// Posts bytes with these header fields; returns the status and the answer.
async fn post(bench: &TestServer, headers: &[(&str, &str)], message: &str) -> (u16, Value) {
    post_to(bench, bench.server.url().as_str(), headers, message).await
}

async fn post_to(
    bench: &TestServer,
    url: &str,
    headers: &[(&str, &str)],
    message: &str,
) -> (u16, Value) {
    let mut request = bench
        .client
        .post(url)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .body(message.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

#[tokio::test]
async fn endpoint_with_a_slash_more_at_its_end_is_the_endpoint() {
    let bench = TestServer::start().await;
    let url = format!("{}/", bench.server.url());
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let (status, answer) = post_to(&bench, &url, &[], ping).await;
    assert_eq!((status, &answer["result"]), (200, &json!({})));
    let call = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"get_pet","arguments":{"id":1}}}"#;
    let (status, answer) = post_to(&bench, &url, &[], call).await;
    assert_eq!((status, &answer["result"]["isError"]), (200, &json!(false)));
    let (status, _) = post_to(&bench, &format!("{url}/"), &[], ping).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn endpoint_with_a_slash_less_at_its_end_is_the_endpoint() {
    let bench = TestServer::with(|config| config.server.path = "/a/mcp/".parse().unwrap()).await;
    let url = bench.server.url().as_str().trim_end_matches('/').to_owned();
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    assert_eq!(post_to(&bench, &url, &[], ping).await.0, 200);
    assert_eq!(post(&bench, &[], ping).await.0, 200);
}

#[tokio::test]
async fn initialize_negotiates_whatever_revision_its_header_names() {
    let bench = TestServer::start().await;
    for (header, asked, agreed) in [
        ("2024-11-05", "2024-11-05", "2025-11-25"),
        ("2024-11-05", "2025-06-18", "2025-06-18"),
        ("2025-03-26", "2025-11-25", "2025-11-25"),
        ("2025-11-25", "2025-03-26", "2025-03-26"),
        ("2024-10-07", "2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25", "2025-11-25"),
    ] {
        let message = format!(
            r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{asked}","capabilities":{{}},"clientInfo":{{"name":"old","version":"1"}}}}}}"#
        );
        let (status, answer) = post(&bench, &[(VERSION, header)], &message).await;
        assert_eq!(status, 200, "{header} {asked}: {answer}");
        assert_eq!(
            answer["result"]["protocolVersion"], agreed,
            "{header} {asked}"
        );
    }
}

#[tokio::test]
async fn initialize_is_agreed_to_with_the_method_header_of_the_request_before_it() {
    let bench = TestServer::start().await;
    let message = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"github-copilot-developer","version":"1.0.0"}}}"#;
    let headers = [(VERSION, "2026-07-28"), ("mcp-method", "server/discover")];
    let (status, answer) = post(&bench, &headers, message).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
}

#[tokio::test]
async fn other_methods_still_need_a_revision_that_is_served() {
    let bench = TestServer::start().await;
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}"#;
    let (status, answer) = post(&bench, &[(VERSION, "2024-11-05")], list).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!(-32022)));
}

#[tokio::test]
async fn params_that_are_an_empty_list_are_none() {
    let bench = TestServer::start().await;
    for method in ["tools/list", "ping", "prompts/list", "resources/list"] {
        for params in ["[]", "[ ]"] {
            let message =
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
            let (status, answer) = post(&bench, &[], &message).await;
            assert_eq!(status, 200, "{message}: {answer}");
            assert!(answer["result"].is_object(), "{message}: {answer}");
        }
    }
    let notification = r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":[]}"#;
    let response = bench.post(notification).send().await.unwrap();
    assert_eq!(response.status(), 202);
}

#[tokio::test]
async fn arguments_that_are_an_empty_list_are_none() {
    let bench = TestServer::start().await;
    for params in [
        r#"{"name":"list_pets","arguments":[]}"#,
        r#"{"arguments": [ ],"name":"list_pets"}"#,
    ] {
        let message =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        let (status, answer) = post(&bench, &[(VERSION, "2025-06-18")], &message).await;
        assert_eq!(status, 200, "{params}: {answer}");
        assert_eq!(answer["result"]["isError"], false, "{params}: {answer}");
    }
    let modern = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"list_pets","arguments":[],{META}}}}}"#
    );
    let headers = [
        (VERSION, "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "list_pets"),
    ];
    let (status, answer) = post(&bench, &headers, &modern).await;
    assert_eq!(
        (status, &answer["result"]["isError"]),
        (200, &json!(false)),
        "{answer}"
    );
    assert_eq!(bench.api.seen().len(), 3);
}

#[tokio::test]
async fn lists_that_are_not_empty_are_refused() {
    let bench = TestServer::start().await;
    for params in [
        r#"{"name":"list_pets","arguments":[1]}"#,
        r#"{"name":"list_pets","arguments":[{}]}"#,
        r#"{"name":"list_pets","name":"get_pet","arguments":[]}"#,
        r#"["list_pets",[]]"#,
    ] {
        let message =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        let (_, answer) = post(&bench, &[], &message).await;
        assert!(answer["error"]["code"].is_i64(), "{params}: {answer}");
    }
    assert!(bench.api.seen().is_empty());
}

#[tokio::test]
async fn level_of_logging_can_be_set_and_changes_nothing() {
    let bench = TestServer::start().await;
    for params in [r#"{"level":"debug"}"#, r#"{"level":"verbose"}"#, "{}", "[]"] {
        let message =
            format!(r#"{{"jsonrpc":"2.0","id":3,"method":"logging/setLevel","params":{params}}}"#);
        for headers in [&[][..], &[(VERSION, "2025-11-25")]] {
            let (status, answer) = post(&bench, headers, &message).await;
            assert_eq!(status, 200, "{answer}");
            assert_eq!(answer, json!({"jsonrpc": "2.0", "id": 3, "result": {}}));
        }
    }
}

#[tokio::test]
async fn level_of_logging_is_no_method_of_the_revision_that_removed_it() {
    let bench = TestServer::start().await;
    let (status, answer) = bench
        .modern("logging/setLevel", json!({"level": "debug"}))
        .await;
    assert_eq!((status, &answer["error"]["code"]), (404, &json!(-32601)));
}

#[tokio::test]
async fn discover_is_answered_whatever_its_header_fields_repeat() {
    let bench = TestServer::start().await;
    let full =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{{{META}}}}}"#);
    let bare = r#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#.to_owned();
    let none = r#"{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{}}"#.to_owned();
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"server/discover","params":[]}"#.to_owned();
    let discover = ("mcp-method", "server/discover");
    for (headers, message) in [
        (vec![(VERSION, "2026-07-28"), discover], &full),
        (vec![(VERSION, "2026-07-28")], &full),
        (vec![discover], &full),
        (vec![], &full),
        (vec![(VERSION, "2025-11-25"), discover], &full),
        (
            vec![(VERSION, "2026-07-28"), ("mcp-method", "initialize")],
            &full,
        ),
        (
            vec![(VERSION, "2026-07-28"), discover, ("mcp-name", "x")],
            &full,
        ),
        (vec![(VERSION, "2025-11-25")], &bare),
        (vec![(VERSION, "2024-11-05")], &none),
        (vec![], &bare),
        (vec![], &list),
    ] {
        let (status, answer) = post(&bench, &headers, message).await;
        assert_eq!(status, 200, "{headers:?} {message}: {answer}");
        assert!(
            answer["result"]["supportedVersions"].is_array(),
            "{headers:?}: {answer}"
        );
    }
}

#[tokio::test]
async fn discover_of_a_revision_that_is_not_served_names_those_that_are() {
    let bench = TestServer::start().await;
    let message =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{{{META}}}}}"#);
    let message = message.replace("2026-07-28", "2031-01-01");
    let headers = [(VERSION, "2031-01-01"), ("mcp-method", "server/discover")];
    let (status, answer) = post(&bench, &headers, &message).await;
    assert_eq!(
        (status, &answer["error"]["code"]),
        (400, &json!(-32022)),
        "{answer}"
    );
    assert!(answer["error"]["data"]["supported"].is_array(), "{answer}");
}
