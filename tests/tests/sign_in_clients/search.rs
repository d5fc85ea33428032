//! Search mode, with clients of other people: they search, and call what was found.

use std::path::PathBuf;

use runtime::codegen::Catalog;
use serde_json::json;
use sqlx::Connection as _;
use tests::harness::foreign::{Node, Python};
use tests::harness::requirement::require;
use tests::harness::signed_in::SignedIn;

use crate::program::Inspector;
use crate::sdk::{PythonSdk, TypeScript, home};
use crate::story::Client;

/// The example's tools behind those of search mode.
static SEARCHED: Catalog = Catalog {
    search_mode: true,
    ..generated::CATALOG
};

/// A server whose store is in a file of its own.
async fn searched(name: &str) -> (SignedIn, PathBuf) {
    let store = home(name).join("connector.db");
    let path = store.clone();
    let world = SignedIn::start_with(&SEARCHED, |config| config.store.path = path);
    (world.await.unwrap(), store)
}

/// The tool that the requests are about.
const TOOL: &str = "get_workspace";

/// `search_tools` finds the tool, and `call_read_tool` calls it.
async fn searches_and_calls(client: &mut impl Client) {
    let query = json!({"query": "the workspace that I work in"});
    let search = json!({"name": "search_tools", "arguments": query});
    let found = client.call(&search, 0).await.unwrap();
    let text = found["content"][0]["text"].as_str().unwrap();
    assert!(text.contains(TOOL), "{text}");
    let inner = json!({"name": TOOL, "arguments": {}});
    let call = json!({"name": "call_read_tool", "arguments": inner});
    let result = client.call(&call, 0).await.unwrap();
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("Harbor Coffee"), "{result}");
}

/// The audit has a row for the inner tool.
async fn assert_recorded(world: SignedIn, store: PathBuf) {
    world.server.shutdown().await;
    let url = format!("sqlite:{}", store.display());
    let mut store = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let rows = "SELECT subject, outcome FROM audit WHERE action = 'tool.called' AND outcome = 'ok'";
    let rows: Vec<(String, String)> = sqlx::query_as(rows).fetch_all(&mut store).await.unwrap();
    let called = rows.iter().filter(|(subject, _)| subject == TOOL).count();
    assert_eq!(called, 1, "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn typescript_sdks_search_and_call() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    for (name, mut terms) in [
        ("search-v1", json!({"sdk": "v1"})),
        ("search-v2", json!({"sdk": "v2", "era": "auto"})),
    ] {
        let (world, store) = searched(name).await;
        terms["url"] = json!(world.server.url());
        terms["person"] = json!(world.person.desk());
        terms["credentials"] = json!(home(&format!("{name}-client")).join("credentials.json"));
        let node = node.clone();
        searches_and_calls(&mut TypeScript { node, terms }).await;
        assert_recorded(world, store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn python_sdk_searches_and_calls() {
    let Some(python) = require(Python::find()) else {
        return;
    };
    let (world, store) = searched("search-python").await;
    let terms = json!({
        "era": "auto",
        "url": world.server.url(),
        "person": world.person.desk(),
    });
    searches_and_calls(&mut PythonSdk::start(python.session(), &terms)).await;
    assert_recorded(world, store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inspector_searches_and_calls() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    let (world, store) = searched("search-inspector").await;
    let home = home("search-inspector-client");
    searches_and_calls(&mut Inspector {
        node,
        world: &world,
        home,
    })
    .await;
    assert_recorded(world, store).await;
}
