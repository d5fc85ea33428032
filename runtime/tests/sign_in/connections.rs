//! The resources that the path of the endpoint is continued with: names of connections, selections of
//! tools by tag, lists and levels, in every combination.

use runtime::codegen::{Access, Catalog, Operation};
use runtime::config::{Config, ConnectionSettings};
use serde_json::{Value, json};

use crate::browser::unescape;
use crate::oauth_client::Client;
use crate::support::{ORIGIN, TestServer};

static LIST_PETS: Operation = Operation {
    name: "list_pets",
    title: "List pets",
    tags: &["Pets"],
    path: "/pets",
    ..Operation::BASE
};
static GET_SHOP: Operation = Operation {
    name: "get_shop",
    title: "Get a shop",
    tags: &["Pet shops"],
    path: "/shop",
    ..Operation::BASE
};
static OPEN_SHOP: Operation = Operation {
    name: "open_shop",
    title: "Open a shop",
    tags: &["Pet shops", "Town"],
    method: "POST",
    access: Access::Write,
    path: "/shop",
    ..Operation::BASE
};
static TOWN: Catalog = Catalog {
    name: "town",
    server_name: "town",
    title: "Town",
    version: "1",
    operations: &[&[&LIST_PETS, &GET_SHOP, &OPEN_SHOP]],
    ..Catalog::EMPTY
};

async fn town() -> TestServer {
    let mut config = Config::default();
    config.server.public_url = Some(ORIGIN.parse().unwrap());
    TestServer::of(&TOWN, config, |config| {
        config.connections = ["work", "home"]
            .map(|name| ConnectionSettings {
                name: name.to_owned(),
            })
            .into();
    })
    .await
}

/// Every combination of the parts of a path.
fn paths() -> Vec<String> {
    let mut paths = Vec::new();
    for connection in ["", "/as/work", "/as/home"] {
        for toolset in ["", "/toolsets/pets", "/toolsets/pet-shops,pets"] {
            for listing in ["", "/search", "/tools"] {
                for level in ["", "/readonly"] {
                    paths.push(format!("/mcp{connection}{toolset}{listing}{level}"));
                }
            }
        }
    }
    paths
}

async fn client(server: &TestServer, path: &str) -> Client {
    let mut client = Client::claude(server).await;
    client.resource = format!("{ORIGIN}{path}");
    client
}

fn level(path: &str) -> &'static str {
    match path.ends_with("/readonly") || path.contains("/toolsets/pets") {
        true => "read-only",
        false => "full",
    }
}

fn names(answer: &Value) -> Vec<&str> {
    let tools = answer["result"]["tools"].as_array().unwrap().iter();
    tools.map(|tool| tool["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_combination_is_a_resource_with_metadata_of_its_own() {
    let server = town().await;
    for path in paths() {
        let document = format!("/.well-known/oauth-protected-resource{path}");
        let metadata = server.get(&document).await;
        assert_eq!(metadata.status, 200, "{path}");
        assert_eq!(metadata.json()["resource"], format!("{ORIGIN}{path}"));
        let refused = server.rpc_at(&path, None, "tools/list", json!({})).await;
        assert_eq!(refused.status, 401, "{path}");
        let challenge = refused.header("www-authenticate");
        assert!(
            challenge.contains(&format!("{ORIGIN}{document}\"")),
            "{challenge}"
        );
    }
}

#[tokio::test]
async fn token_of_one_resource_opens_no_other() {
    let server = town().await;
    let mut browser = server.first_person().await;
    let paths = paths();
    let mut client = Client::claude(&server).await;
    for path in &paths {
        client.resource = format!("{ORIGIN}{path}");
        let tokens = client.connect(&mut browser, level(path)).await;
        for other in &paths {
            let token = Some(tokens.access.as_str());
            let answer = server.rpc_at(other, token, "tools/list", json!({})).await;
            let expected = if other == path { 200 } else { 401 };
            assert_eq!(answer.status, expected, "{path} at {other}");
        }
    }
}

#[tokio::test]
async fn other_spellings_of_a_path_are_the_same_resource() {
    let server = town().await;
    let mut browser = server.first_person().await;
    let path = "/mcp/as/work/toolsets/pet-shops,pets/tools/readonly";
    let spelling = "/mcp/readonly/tools/toolsets/Pets,pet%20shops,pets/as/work/";
    let document = format!("/.well-known/oauth-protected-resource{spelling}");
    let metadata = server.get(&document).await.json();
    assert_eq!(metadata["resource"], format!("{ORIGIN}{spelling}"));
    let client = client(&server, spelling).await;
    let tokens = client.connect(&mut browser, "read-only").await;
    for at in [path, spelling] {
        let token = Some(tokens.access.as_str());
        let answer = server.rpc_at(at, token, "tools/list", json!({})).await;
        assert_eq!(names(&answer.json()), ["get_shop", "list_pets"], "{at}");
    }
    let next = client.refresh(&server, &tokens.refresh).await;
    assert_eq!(next.status, 200, "{}", next.body);
}

#[tokio::test]
async fn toolset_decides_what_is_listed_found_and_called() {
    let server = town().await;
    let mut browser = server.first_person().await;
    for (path, expected) in [
        ("/mcp/toolsets/town", vec!["open_shop"]),
        ("/mcp/toolsets/pet-shops", vec!["get_shop", "open_shop"]),
        ("/mcp/toolsets/pet-shops/readonly", vec!["get_shop"]),
        ("/mcp/toolsets/pets", vec!["list_pets"]),
    ] {
        let client = client(&server, path).await;
        let tokens = client.connect(&mut browser, level(path)).await;
        let token = Some(tokens.access.as_str());
        let answer = server.rpc_at(path, token, "tools/list", json!({})).await;
        assert_eq!(names(&answer.json()), expected, "{path}");
        for tool in ["list_pets", "get_shop", "open_shop"] {
            let own = match tool {
                "open_shop" => "call_write_tool",
                _ => "call_read_tool",
            };
            for params in [
                json!({"name": tool, "arguments": {}}),
                json!({"name": own, "arguments": {"name": tool}}),
            ] {
                let before = server.calls();
                let answer = server.rpc_at(path, token, "tools/call", params).await;
                let called = server.calls() > before;
                assert_eq!(called, expected.contains(&tool), "{path} {}", answer.body);
            }
            let params = json!({"name": "describe_tools", "arguments": {"names": [tool]}});
            let answer = server.rpc_at(path, token, "tools/call", params).await;
            let is_described = answer.json()["result"]["isError"] == false;
            assert_eq!(is_described, expected.contains(&tool), "{path}");
        }
        let params = json!({"name": "search_tools", "arguments": {"query": "pets and shops"}});
        let answer = server.rpc_at(path, token, "tools/call", params).await;
        for tool in ["list_pets", "get_shop", "open_shop"] {
            assert_eq!(
                answer.body.contains(tool),
                expected.contains(&tool),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn unknown_tag_is_not_found_and_answered_with_the_nearest() {
    let server = town().await;
    for place in ["", "/.well-known/oauth-protected-resource"] {
        let path = format!("{place}/mcp/toolsets/pet-shop");
        let answer = match place {
            "" => server.rpc_at(&path, None, "tools/list", json!({})).await,
            _ => server.get(&path).await,
        };
        assert_eq!(answer.status, 404, "{path}");
        assert!(
            answer.body.contains("`pet-shops`, `pets`"),
            "{}",
            answer.body
        );
    }
    for path in ["/mcp/as/other", "/mcp/as", "/mcp/search/tools"] {
        let answer = server.rpc_at(path, None, "tools/list", json!({})).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let mut client = Client::claude(&server).await;
    client.resource = format!("{ORIGIN}/mcp/toolsets/pet-shop");
    let refused = server.get(&client.authorize_url()).await;
    let location = refused.header("location");
    assert!(location.contains("error=invalid_target"), "{location}");
}

#[tokio::test]
async fn consent_page_and_portal_name_the_connection_and_the_tags() {
    let server = town().await;
    let mut browser = server.first_person().await;
    let path = "/mcp/as/work/toolsets/pets";
    let client = client(&server, path).await;
    let page = browser.open(&client.authorize_url()).await.page();
    let page = unescape(&page.body);
    assert!(page.contains("<dt>Connection</dt>"), "{page}");
    assert!(page.contains("<strong>work</strong>"), "{page}");
    assert!(page.contains("<code>pets</code>"), "{page}");
    assert!(page.contains("list_pets") && !page.contains("get_shop"));
    client.connect(&mut browser, "read-only").await;
    let portal = browser.open("/portal/keys").await.page().body;
    assert!(
        portal.contains("<dt>Connection</dt><dd>work</dd>"),
        "{portal}"
    );
    assert!(portal.contains("<dt>Tools of</dt><dd><code>pets</code></dd>"));
}

#[tokio::test]
async fn instructions_name_the_connection_its_workspace_access_and_tools() {
    let server = town().await;
    let mut browser = server.first_person().await;
    let initialize = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    });
    for (path, level, expected) in [
        (
            "/mcp/as/work/toolsets/pet-shops,pets",
            "full",
            "Town\n\nThis connection is named work and acts for the workspace “Studio” with read and \
             write access.\nIt has only the tools of pet-shops, pets.\n3 tools: Pet shops 2, Pets 1.",
        ),
        (
            "/mcp",
            "read-only",
            "Town\n\nThis connection acts for the workspace “Studio” with read access: what changes \
             something is refused.\n2 tools: Pet shops 1, Pets 1.",
        ),
    ] {
        let client = client(&server, path).await;
        let tokens = client.connect(&mut browser, level).await;
        let token = Some(tokens.access.as_str());
        let answer = server
            .rpc_at(path, token, "initialize", initialize.clone())
            .await;
        assert_eq!(answer.json()["result"]["instructions"], expected, "{path}");
    }
}
