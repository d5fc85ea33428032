//! Search mode and the list of all tools as resources of their own.

use serde_json::json;

use crate::oauth_client::Client;
use crate::support::TestServer;

/// A client of the resource at this path.
async fn client(server: &TestServer, path: &str) -> Client {
    let mut client = Client::claude(server).await;
    client.resource = format!("https://mcp.example.com{path}");
    client
}

const PATHS: [&str; 6] = [
    "/mcp",
    "/mcp/readonly",
    "/mcp/search",
    "/mcp/search/readonly",
    "/mcp/tools",
    "/mcp/tools/readonly",
];

#[tokio::test]
async fn each_list_is_a_resource_with_metadata_of_its_own() {
    let server = TestServer::start().await;
    for path in PATHS {
        let document = format!("/.well-known/oauth-protected-resource{path}");
        let metadata = server.get(&document).await.json();
        assert_eq!(
            metadata["resource"],
            format!("https://mcp.example.com{path}")
        );
        let refused = server.rpc_at(path, None, "tools/list", json!({})).await;
        assert_eq!(refused.status, 401, "{path}");
        let challenge = refused.header("www-authenticate");
        assert!(challenge.contains(&format!("{document}\"")), "{challenge}");
    }
}

#[tokio::test]
async fn token_of_one_list_opens_no_other() {
    let server = TestServer::start().await;
    let mut browser = server.first_person().await;
    for path in ["/mcp/search", "/mcp/tools", "/mcp/search/readonly"] {
        let level = if path.ends_with("readonly") {
            "read-only"
        } else {
            "full"
        };
        let tokens = client(&server, path)
            .await
            .connect(&mut browser, level)
            .await;
        for other in PATHS {
            let token = Some(tokens.access.as_str());
            let answer = server.rpc_at(other, token, "tools/list", json!({})).await;
            let expected = if other == path { 200 } else { 401 };
            assert_eq!(answer.status, expected, "{path} at {other}");
        }
    }
}

#[tokio::test]
async fn read_grant_of_search_mode_reaches_no_write() {
    let server = TestServer::start().await;
    let mut browser = server.first_person().await;
    let path = "/mcp/search";
    let tokens = client(&server, path)
        .await
        .connect(&mut browser, "read-only")
        .await;
    let calls = |own: &str, inner: &str| {
        let arguments = json!({"name": inner, "arguments": {"name": "Rex"}});
        json!({"name": own, "arguments": arguments})
    };
    let mut attempts = vec![json!({"name": "create_pet", "arguments": {"name": "Rex"}})];
    for own in ["call_read_tool", "call_write_tool", "call_destructive_tool"] {
        for inner in ["create_pet", "Create_Pet", "create_pet ", "call_write_tool"] {
            attempts.push(calls(own, inner));
        }
        let nested = calls("call_write_tool", "create_pet");
        attempts.push(json!({"name": own, "arguments": nested}));
        let nested = json!({"name": "call_write_tool", "arguments": nested["arguments"]});
        attempts.push(json!({"name": "call_read_tool", "arguments": nested}));
    }
    for params in attempts {
        let token = Some(tokens.access.as_str());
        let answer = server
            .rpc_at(path, token, "tools/call", params.clone())
            .await;
        let refused = answer.status == 403 || answer.json()["result"]["isError"] == true;
        assert!(refused, "{params}: {}", answer.body);
    }
    assert_eq!(server.calls(), 0);
    // The refusals are recorded under the tool that was meant.
    let audit = server.audit_until("tool.called").await;
    let mut refused = audit
        .iter()
        .filter(|(_, subject)| subject.ends_with(" create_pet"));
    assert!(refused.next().is_some(), "{audit:?}");
    // The same call gets through with the other level.
    let tokens = client(&server, path)
        .await
        .connect(&mut browser, "full")
        .await;
    let token = Some(tokens.access.as_str());
    let params = calls("call_write_tool", "create_pet");
    let answer = server.rpc_at(path, token, "tools/call", params).await;
    assert_eq!(answer.json()["result"]["isError"], false, "{}", answer.body);
    assert_eq!(server.calls(), 1);
}

#[tokio::test]
async fn tools_of_search_mode_answer_where_all_tools_are_listed() {
    let server = TestServer::start().await;
    let mut browser = server.first_person().await;
    let path = "/mcp/tools";
    let tokens = client(&server, path)
        .await
        .connect(&mut browser, "read-only")
        .await;
    let token = Some(tokens.access.as_str());
    let params = json!({"name": "call_read_tool", "arguments": {"name": "get_home"}});
    let answer = server.rpc_at(path, token, "tools/call", params).await;
    assert_eq!(answer.json()["result"]["isError"], false, "{}", answer.body);
}

#[tokio::test]
async fn cursor_of_the_whole_list_continues_no_list_of_search_mode() {
    let server = TestServer::start().await;
    let mut browser = server.first_person().await;
    let path = "/mcp/search";
    let tokens = client(&server, path)
        .await
        .connect(&mut browser, "read-only")
        .await;
    let token = Some(tokens.access.as_str());
    // `get_home` in base64, as a cursor of `/mcp/tools` has it.
    let params = json!({"cursor": "Z2V0X2hvbWU"});
    let answer = server.rpc_at(path, token, "tools/list", params).await;
    assert_eq!(answer.json()["error"]["code"], -32602, "{}", answer.body);
}

#[tokio::test]
async fn audit_records_the_tool_that_search_mode_calls() {
    let server = TestServer::start().await;
    let mut browser = server.first_person().await;
    let path = "/mcp/search";
    let tokens = client(&server, path)
        .await
        .connect(&mut browser, "full")
        .await;
    let params = json!({"name": "call_read_tool", "arguments": {"name": "get_home"}});
    let token = Some(tokens.access.as_str());
    let answer = server.rpc_at(path, token, "tools/call", params).await;
    assert_eq!(answer.json()["result"]["isError"], false, "{}", answer.body);
    let audit = server.audit_until("tool.called").await;
    let called = audit.iter().filter(|(action, _)| action == "tool.called");
    let called: Vec<_> = called.map(|(_, reported)| reported.as_str()).collect();
    assert_eq!(called.len(), 1, "{called:?}");
    assert!(called[0].ends_with(" get_home"), "{called:?}");
}

#[tokio::test]
async fn consent_page_for_search_mode_lists_the_tools_that_it_calls() {
    let server = TestServer::start().await;
    let mut browser = server.first_person().await;
    let client = client(&server, "/mcp/search").await;
    let page = browser.open(&client.authorize_url()).await.page();
    assert!(page.body.contains("Create a pet"), "{}", page.body);
    assert!(!page.body.contains("call_write_tool"), "{}", page.body);
}

#[tokio::test]
async fn whoami_names_the_person_and_the_workspace_of_the_connection() {
    let server = TestServer::start().await;
    let mut browser = server.first_person().await;
    let path = "/mcp/search";
    let tokens = client(&server, path)
        .await
        .connect(&mut browser, "full")
        .await;
    let params = json!({"name": "whoami", "arguments": {}});
    let token = Some(tokens.access.as_str());
    let answer = server
        .rpc_at(path, token, "tools/call", params)
        .await
        .json();
    let expected = json!({
        "person": {"name": "Ada"},
        "workspace": {"name": "Studio", "id": "home-1"},
        "access": "read and write",
    });
    assert_eq!(answer["result"]["structuredContent"], expected, "{answer}");
}
