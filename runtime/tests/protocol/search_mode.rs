//! Search mode: the few tools that find, describe and call all others.

use runtime::app::Environment;
use runtime::codegen::Catalog;
use serde_json::{Value, json};

use crate::support::{CATALOG, TestServer};

/// The catalogue as the generator writes it where the definitions exceed the budget.
static LARGE: Catalog = Catalog {
    search_mode: true,
    ..CATALOG
};

/// One exchange at a path of the server.
async fn rpc_at(server: &TestServer, path: &str, method: &str, params: Value) -> Value {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let request = server.post(message.to_string()).build().unwrap();
    let mut url = request.url().clone();
    url.set_path(path);
    let mut request = request;
    *request.url_mut() = url;
    let response = server.client.execute(request).await.unwrap();
    response.json().await.unwrap()
}

async fn names_at(server: &TestServer, path: &str) -> Vec<String> {
    let answer = rpc_at(server, path, "tools/list", json!({})).await;
    let tools = answer["result"]["tools"].as_array().unwrap().iter();
    tools
        .map(|tool| tool["name"].as_str().unwrap().to_owned())
        .collect()
}

async fn call(server: &TestServer, tool: &str, arguments: Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments});
    let mut answer = rpc_at(server, "/mcp/search", "tools/call", params).await;
    answer["result"].take()
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

const OWN: [&str; 6] = [
    "search_tools",
    "describe_tools",
    "call_read_tool",
    "call_write_tool",
    "call_destructive_tool",
    "whoami",
];

#[tokio::test]
async fn search_path_lists_the_tools_of_search_mode_and_tools_path_lists_all() {
    let server = TestServer::start().await;
    assert_eq!(names_at(&server, "/mcp/search").await, OWN);
    assert_eq!(names_at(&server, "/mcp/search/").await, OWN);
    assert_eq!(names_at(&server, "/mcp").await.len(), 12);
    assert_eq!(
        names_at(&server, "/mcp/tools").await,
        names_at(&server, "/mcp").await
    );
}

#[tokio::test]
async fn endpoint_lists_the_tools_of_search_mode_where_the_generator_chose_it() {
    let server = TestServer::of(&LARGE, Environment::default(), |_| ()).await;
    assert_eq!(names_at(&server, "/mcp").await, OWN);
    assert_eq!(names_at(&server, "/mcp/tools").await.len(), 12);
    // Clients that keep an earlier list call tools by their own names.
    let result = server.call("get_pet", json!({"id": 1})).await;
    assert_eq!(result["structuredContent"], json!({"name": "Rex"}));
}

#[tokio::test]
async fn read_only_path_without_sign_in_lists_and_calls_no_write() {
    let server = TestServer::start().await;
    let read_only = names_at(&server, "/mcp/readonly").await;
    assert!(read_only.contains(&"get_pet".to_owned()), "{read_only:?}");
    assert!(
        !read_only.contains(&"create_pet".to_owned()),
        "{read_only:?}"
    );
    let own = names_at(&server, "/mcp/search/readonly").await;
    assert!(!own.contains(&"call_write_tool".to_owned()), "{own:?}");
    for (path, params) in [
        (
            "/mcp/readonly",
            json!({"name": "create_pet", "arguments": {"name": "Rex"}}),
        ),
        (
            "/mcp/search/readonly",
            json!({"name": "call_write_tool", "arguments":
                {"name": "create_pet", "arguments": {"name": "Rex"}}}),
        ),
    ] {
        let answer = rpc_at(&server, path, "tools/call", params).await;
        let is_refused = answer["error"].is_object() || answer["result"]["isError"] == true;
        assert!(is_refused, "{path}: {answer}");
    }
    assert!(server.api.seen().is_empty());
}

#[tokio::test]
async fn search_is_followed_by_the_right_call() {
    let server = TestServer::start().await;
    let found = call(&server, "search_tools", json!({"query": "new pet"})).await;
    assert_eq!(found["isError"], false, "{found}");
    assert!(text(&found).contains("\ncreate_pet POST"), "{found}");
    assert!(text(&found).contains("Input of create_pet"), "{found}");
    let arguments = json!({"name": "create_pet", "arguments": {"name": "Rex"}});
    let made = call(&server, "call_write_tool", arguments).await;
    assert_eq!(made["isError"], false, "{made}");
    assert_eq!(server.api.seen()[0].method, "POST");
}

#[tokio::test]
async fn described_tool_is_complete() {
    let server = TestServer::start().await;
    let described = call(&server, "describe_tools", json!({"names": ["create_pet"]})).await;
    let tool = &described["structuredContent"]["tools"][0];
    let listed = rpc_at(&server, "/mcp/tools", "tools/list", json!({})).await;
    let listed = listed["result"]["tools"].as_array().unwrap().iter();
    let listed = listed
        .clone()
        .find(|it| it["name"] == "create_pet")
        .unwrap();
    for field in ["name", "title", "description", "inputSchema"] {
        assert_eq!(tool[field], listed[field], "{field}");
    }
    assert_eq!(tool["called_with"], "call_write_tool");
    let repeated: Value = serde_json::from_str(text(&described)).unwrap();
    assert_eq!(repeated, described["structuredContent"]);
}

#[tokio::test]
async fn call_by_the_wrong_tool_names_the_right_one_and_sends_nothing() {
    let server = TestServer::start().await;
    for (own, inner, right) in [
        ("call_read_tool", "create_pet", "call_write_tool"),
        ("call_destructive_tool", "create_pet", "call_write_tool"),
        ("call_write_tool", "get_pet", "call_read_tool"),
        ("call_destructive_tool", "get_pet", "call_read_tool"),
    ] {
        let result = call(&server, own, json!({"name": inner, "arguments": {}})).await;
        assert_eq!(result["isError"], true, "{own} {inner}: {result}");
        assert!(text(&result).contains(&format!("`{right}`")), "{result}");
    }
    assert!(server.api.seen().is_empty());
}

#[tokio::test]
async fn wrong_names_and_arguments_are_answered_with_the_right_ones() {
    let server = TestServer::start().await;
    for (own, arguments, part) in [
        ("call_read_tool", json!({"name": "get_pte"}), "`get_pet`"),
        (
            "describe_tools",
            json!({"names": ["lst_pets"]}),
            "`list_pets`",
        ),
        (
            "call_read_tool",
            json!({"tool": "get_pet"}),
            r#"\"name\": \"NAME\""#,
        ),
        ("search_tools", json!({}), r#"\"query\": "#),
        (
            "describe_tools",
            json!({"names": "get_pet"}),
            r#"\"names\": [\"NAME\"]"#,
        ),
        (
            "call_read_tool",
            json!({"name": "get_pet", "arguments": {}}),
            "/id: is required",
        ),
        (
            "call_read_tool",
            json!({"name": "call_write_tool"}),
            "no tool `call_write_tool`",
        ),
    ] {
        let result = call(&server, own, arguments.clone()).await;
        assert_eq!(result["isError"], true, "{own} {arguments}: {result}");
        assert!(text(&result).contains(part), "{own} {arguments}: {result}");
    }
    assert!(server.api.seen().is_empty());
}

#[tokio::test]
async fn search_mode_of_a_read_only_server_neither_finds_nor_makes_writes() {
    let server = TestServer::with(|config| config.server.read_only = true).await;
    let listed = names_at(&server, "/mcp/search").await;
    assert_eq!(
        listed,
        ["search_tools", "describe_tools", "call_read_tool", "whoami"]
    );
    let found = call(&server, "search_tools", json!({"query": "create a pet"})).await;
    assert!(!text(&found).contains("create_pet"), "{found}");
    for own in ["call_read_tool", "call_write_tool", "call_destructive_tool"] {
        let arguments = json!({"name": "create_pet", "arguments": {"name": "Rex"}});
        let result = call(&server, own, arguments).await;
        assert_eq!(result["isError"], true, "{own}: {result}");
    }
    assert!(server.api.seen().is_empty());
}

#[tokio::test]
async fn tools_of_search_mode_have_correct_hints() {
    let server = TestServer::start().await;
    let answer = rpc_at(&server, "/mcp/search", "tools/list", json!({})).await;
    for tool in answer["result"]["tools"].as_array().unwrap() {
        let (name, hints) = (tool["name"].as_str().unwrap(), &tool["annotations"]);
        let reads = !matches!(name, "call_write_tool" | "call_destructive_tool");
        assert_eq!(hints["readOnlyHint"], reads, "{name}");
        assert_eq!(
            hints["destructiveHint"],
            name == "call_destructive_tool",
            "{name}"
        );
        assert_eq!(hints["openWorldHint"], !reads, "{name}");
        assert!(tool["title"].is_string(), "{name}");
    }
}

#[tokio::test]
async fn whoami_without_sign_in_is_the_operator() {
    let server = TestServer::with(|config| {
        config.server.read_only = true;
        config.upstream.workspace = Some("home-1".to_owned());
    });
    let answer = call(&server.await, "whoami", json!({})).await;
    let expected = json!({
        "person": "the operator of this server",
        "workspace": {"id": "home-1"},
        "access": "read",
    });
    assert_eq!(answer["structuredContent"], expected);
}
