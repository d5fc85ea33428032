//! MCP over HTTP, as clients of every revision see it.

use serde_json::{Value, json};

use crate::support::TestServer;

fn initialize(version: &str) -> Value {
    json!({
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    })
}

fn names(list: &Value) -> Vec<&str> {
    let tools = list["tools"].as_array().unwrap();
    tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect()
}

/// What clients put before their model.
const INSTRUCTIONS: &str =
    "Pets: All about pets.\n\nThis connection has read and write access.\n12 tools.";

#[tokio::test]
async fn each_revision_with_a_handshake_is_agreed_to() {
    let bench = TestServer::start().await;
    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let answer = bench.rpc("initialize", initialize(version)).await;
        assert_eq!(answer["result"]["protocolVersion"], version);
    }
}

#[tokio::test]
async fn the_revision_of_2024_is_answered_with_a_later_one() {
    let bench = TestServer::start().await;
    let answer = bench.rpc("initialize", initialize("2024-11-05")).await;
    assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
}

#[tokio::test]
async fn initialize_reports_what_the_description_says_of_the_api() {
    let bench = TestServer::start().await;
    let answer = bench.rpc("initialize", initialize("2025-11-25")).await;
    assert_eq!(answer["result"]["instructions"], INSTRUCTIONS);
    assert_eq!(answer["result"]["serverInfo"]["version"], "1.2.3");
    assert_eq!(answer["result"]["capabilities"], json!({"tools": {}}));
}

#[tokio::test]
async fn discover_reports_the_revisions_that_are_served() {
    let bench = TestServer::start().await;
    let (_, answer) = bench.modern("server/discover", json!({})).await;
    let expected = json!(["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]);
    assert_eq!(answer["result"]["supportedVersions"], expected);
    assert_eq!(answer["result"]["instructions"], INSTRUCTIONS);
}

#[tokio::test]
async fn tools_are_listed_in_the_order_of_their_names() {
    let bench = TestServer::start().await;
    let answer = bench.rpc("tools/list", json!({})).await;
    let expected = [
        "create_pet",
        "fail",
        "get_file",
        "get_note",
        "get_nothing",
        "get_pet",
        "get_photo",
        "list_pets",
        "probe",
        "upload",
        "wait",
        "wait_and_write",
    ];
    assert_eq!(names(&answer["result"]), expected);
}

#[tokio::test]
async fn a_definition_says_all_that_the_description_says() {
    let bench = TestServer::start().await;
    let answer = bench.rpc("tools/list", json!({})).await;
    let expected = r##"{"name":"create_pet","title":"Create a pet","description":"Creates a pet.","inputSchema":{"type":"object","properties":{"name":{"type":"string"},"owner":{"$ref":"#/$defs/Owner"}},"required":["name"],"additionalProperties":false,"$defs":{"Owner":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}}},"annotations":{"readOnlyHint":false,"destructiveHint":false,"idempotentHint":false,"openWorldHint":true},"_meta":{"securitySchemes":[{"type":"noauth"}]}}"##;
    assert_eq!(answer["result"]["tools"][0].to_string(), expected);
}

#[tokio::test]
async fn open_world_hint_is_false_for_reads_and_true_for_writes() {
    let bench = TestServer::start().await;
    let answer = bench.rpc("tools/list", json!({})).await;
    for tool in answer["result"]["tools"].as_array().unwrap() {
        let hints = &tool["annotations"];
        assert_ne!(hints["openWorldHint"], hints["readOnlyHint"], "{tool}");
    }
}

#[tokio::test]
async fn a_list_says_how_long_it_may_be_kept_and_by_whom() {
    let bench = TestServer::start().await;
    let (_, answer) = bench.modern("tools/list", json!({})).await;
    assert_eq!(answer["result"]["ttlMs"], 300_000);
    assert_eq!(answer["result"]["cacheScope"], "private");
}

#[tokio::test]
async fn an_invalid_cursor_is_a_protocol_error() {
    let bench = TestServer::start().await;
    let answer = bench.rpc("tools/list", json!({"cursor": "nonsense"})).await;
    assert_eq!(answer["error"]["code"], -32602);
}

#[tokio::test]
async fn an_unknown_tool_is_a_protocol_error() {
    let bench = TestServer::start().await;
    let answer = bench.rpc("tools/call", json!({"name": "get_pets"})).await;
    assert_eq!(answer["error"]["code"], -32602);
    let message = "unknown tool: `get_pets`; did you mean `get_pet`?";
    assert_eq!(answer["error"]["message"], message);
}

#[tokio::test]
async fn a_call_without_a_name_is_a_protocol_error_about_its_parameters() {
    let bench = TestServer::start().await;
    let answer = bench.rpc("tools/call", json!({"arguments": {}})).await;
    assert_eq!(answer["error"]["code"], -32602);
}

#[tokio::test]
async fn what_is_not_offered_is_an_empty_list_for_earlier_revisions() {
    let bench = TestServer::start().await;
    let prompts = bench.rpc("prompts/list", json!({})).await;
    assert_eq!(prompts["result"]["prompts"], json!([]));
}

#[tokio::test]
async fn what_is_not_offered_does_not_exist_for_2026_07_28() {
    let bench = TestServer::start().await;
    for method in ["prompts/list", "resources/list", "resources/templates/list"] {
        let (status, answer) = bench.modern(method, json!({})).await;
        assert_eq!(
            (status, &answer["error"]["code"]),
            (404, &json!(-32601)),
            "{method}"
        );
    }
}

#[tokio::test]
async fn a_header_that_contradicts_the_body_is_refused() {
    let bench = TestServer::start().await;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "get_pet", "arguments": {"id": 1}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {}}}});
    let response = bench
        .post(message.to_string())
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "list_pets")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["error"]["code"], -32020);
}

#[tokio::test]
async fn an_unknown_revision_is_answered_with_those_that_are_served() {
    let bench = TestServer::start().await;
    let message = r#"{"jsonrpc":"2.0","id":5,"method":"tools/list"}"#;
    for version in ["2024-11-05", "1999-01-01"] {
        let request = bench.post(message).header("mcp-protocol-version", version);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 400);
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["id"], 5);
        assert_eq!(answer["error"]["code"], -32022);
        assert_eq!(answer["error"]["data"]["requested"], version);
    }
}

#[tokio::test]
async fn a_read_only_server_lists_no_writes() {
    let bench = TestServer::with(|config| config.server.read_only = true).await;
    let answer = bench.rpc("tools/list", json!({})).await;
    assert!(!names(&answer["result"]).contains(&"create_pet"));
}

#[tokio::test]
async fn a_read_only_server_refuses_a_write_before_anything_is_sent() {
    let bench = TestServer::with(|config| config.server.read_only = true).await;
    let result = bench.call("create_pet", json!({"name": "Rex"})).await;
    assert_eq!(result["isError"], true);
    assert_eq!(result["structuredContent"]["error"]["kind"], "forbidden");
    assert!(bench.api.seen().is_empty());
}
