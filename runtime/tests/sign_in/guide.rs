//! The guide at `/docs`: each page in HTML and in Markdown, for everybody who reaches the server.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::oauth_client::Client;
use crate::support::{RESOURCE, TestServer};

/// The paths that a page links below `/docs`, without their fragments.
fn links(html: &str) -> BTreeSet<String> {
    let html = html.replace("&#x2f;", "/");
    let links = html.split("href=\"").skip(1);
    let links = links.filter_map(|rest| rest.split(['"', '#']).next());
    let of_guide = links.filter(|it| it.starts_with("/docs"));
    of_guide.map(str::to_owned).collect()
}

#[tokio::test]
async fn every_page_of_the_guide_is_linked_and_has_a_twin_in_markdown() {
    let server = TestServer::start().await;
    let mut seen = BTreeSet::new();
    let mut next = links(&server.get("/").await.body);
    assert!(!next.is_empty());
    while let Some(path) = next.pop_first() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let page = server.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        if path.ends_with(".md") {
            let kind = page.header("content-type");
            assert_eq!(kind, "text/markdown; charset=utf-8", "{path}");
            assert!(page.body.starts_with("# "), "{path}: {}", page.body);
            assert!(
                !page.body.contains("{{") && !page.body.contains("{%"),
                "{path}"
            );
            continue;
        }
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let linked = links(&page.body);
        assert!(linked.contains(&format!("{path}.md")), "{path}: {linked:?}");
        next.extend(linked);
    }
    for path in [
        "/docs",
        "/docs/connect",
        "/docs/sign-in",
        "/docs/access",
        "/docs/manage",
        "/docs/errors",
        "/docs/agents",
        "/docs/tools",
        "/docs/tools/get_pet",
        "/docs/troubleshooting",
    ] {
        assert!(seen.contains(path), "{path}: {seen:?}");
        assert!(seen.contains(&format!("{path}.md")), "{path}: {seen:?}");
    }
    let home = server.get("/index.md").await;
    let url = format!("```text\n{RESOURCE}\n```");
    assert!(home.body.contains(&url), "{}", home.body);
}

#[tokio::test]
async fn page_of_a_tool_has_the_definition_that_clients_list() {
    let server = TestServer::start().await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    let listed = server
        .rpc(Some(&token), "tools/list", json!({}))
        .await
        .json();
    let tools = listed["result"]["tools"].as_array().unwrap().clone();
    let index = server.get("/docs/tools.md").await.body;
    for tool in tools {
        let name = tool["name"].as_str().unwrap();
        let twin = server.get(&format!("/docs/tools/{name}.md")).await;
        if !index.contains(&format!("/docs/tools/{name}.md")) {
            // One of the server's own.
            assert_eq!(twin.status, 404, "{name}");
            continue;
        }
        let (_, schema) = twin
            .body
            .split_once("## Input schema\n\n```json\n")
            .unwrap();
        let (schema, _) = schema.split_once("\n```").unwrap();
        let schema: Value = serde_json::from_str(schema).unwrap();
        assert_eq!(
            schema["properties"], tool["inputSchema"]["properties"],
            "{name}"
        );
        assert_eq!(
            schema["required"], tool["inputSchema"]["required"],
            "{name}"
        );
    }
}

#[tokio::test]
async fn guide_that_is_switched_off_is_not_there() {
    let server = TestServer::with(|config| config.site.docs = false).await;
    for path in [
        "/docs",
        "/docs.md",
        "/docs/tools",
        "/docs/tools/get_pet",
        "/index.md",
    ] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
    let home = server.get("/").await;
    assert!(links(&home.body).is_empty(), "{}", home.body);
}

#[tokio::test]
async fn guide_of_a_server_that_only_reads_has_no_tool_that_writes() {
    let server = TestServer::with(|config| config.server.read_only = true).await;
    let tools = server.get("/docs/tools.md").await.body;
    assert!(
        tools.contains("get_pet") && tools.contains("none changes anything"),
        "{tools}"
    );
    assert!(
        !tools.contains("changes something") && !tools.contains("deletes"),
        "{tools}"
    );
    let access = server.get("/docs/access.md").await.body;
    assert!(access.contains("All connections are Read-only"), "{access}");
}

#[tokio::test]
async fn page_that_does_not_exist_is_404() {
    let server = TestServer::start().await;
    for path in [
        "/docs/other",
        "/docs/other.md",
        "/docs/tools/no_such_tool",
        "/docs/tools/.md",
    ] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
}
