//! The profiles of `specs/profiles`, with clients of other people.

use serde_json::{Value, json};
use tests::harness::foreign::{Browser, Node, Provider, Python};
use tests::harness::person::Choice;
use tests::harness::requirement::require;
use tests::harness::signed_in::SignedIn;

use crate::sdk::{PythonSdk, TypeScript, home};
use crate::story::Client;

const A_YEAR: u64 = 365 * 24 * 60 * 60;
const A_DAY: u64 = 24 * 60 * 60 + 1;

fn read() -> Value {
    json!({"name": "get_workspace", "arguments": {}})
}

fn write() -> Value {
    json!({"name": "update_workspace", "arguments": {"name": "Quay"}})
}

/// A connection for a workspace that only reads, and that is refreshed.
async fn reads_a_workspace(world: &SignedIn, client: &mut impl Client) {
    world.person.choose(Choice::Level("read-only"));
    let result = client.call(&read(), 0).await.unwrap();
    assert_eq!(result["structuredContent"]["name"], "Harbor Coffee");
    let passed = world.relay.passed();
    match client.call(&write(), 0).await {
        Ok(result) => assert_eq!(result["isError"], true, "{result}"),
        Err(failure) => assert_ne!(failure, ""),
    }
    assert_eq!(world.relay.passed(), passed);
    world.a_day_passes();
    let result = client.call(&read(), A_DAY).await.unwrap();
    assert_eq!(result["structuredContent"]["name"], "Harbor Coffee");
    assert_eq!(world.person.visits(), 1);
}

/// A connection that is a key of the API, which lasts until it is revoked.
async fn has_a_key(world: &SignedIn, client: &mut impl Client) {
    let result = client.call(&read(), 0).await.unwrap();
    assert_eq!(result["structuredContent"]["name"], "Harbor Coffee");
    for _ in 0..365 {
        world.a_day_passes();
    }
    let result = client.call(&write(), A_YEAR).await.unwrap();
    assert_eq!(result["structuredContent"]["name"], "Quay");
    assert_eq!(world.person.visits(), 1);
    world.person.revoke_all().await.unwrap();
    // The client has lost its access: the person is asked again.
    world.person.choose(Choice::Level("read-only"));
    let result = client.call(&read(), A_YEAR).await.unwrap();
    assert_eq!(result["structuredContent"]["name"], "Quay");
    assert_eq!(world.person.visits(), 2);
}

/// A connection for a person and their team, who sign in at the identity provider. It lasts a day, and is
/// refreshed.
async fn acts_for_a_team(world: &SignedIn, client: &mut impl Client) {
    let result = client.call(&read(), 0).await.unwrap();
    assert_eq!(result["structuredContent"]["name"], "Harbor Coffee");
    assert_eq!(world.person.visits(), 1);
    world.person.revoke_all().await.unwrap();
    let result = client.call(&write(), 0).await.unwrap();
    assert_eq!(result["structuredContent"]["name"], "Quay");
    assert_eq!(world.person.visits(), 2);
    world.a_day_passes();
    let result = client.call(&read(), A_DAY).await.unwrap();
    assert_eq!(result["structuredContent"]["name"], "Quay");
    assert_eq!(world.person.visits(), 2);
}

/// An identity provider by others, where it is installed.
async fn provider() -> Option<Provider> {
    let browser = require(Browser::find().and_then(|it| it.with("oidc-provider")))?;
    Some(Provider::start(&browser).await.unwrap())
}

fn typescript(world: &SignedIn, node: Node, name: &str, mut terms: Value) -> TypeScript {
    terms["url"] = json!(world.server.url());
    terms["person"] = json!(world.person.desk());
    terms["credentials"] = json!(home(name).join("credentials.json"));
    TypeScript { node, terms }
}

fn python(world: &SignedIn, python: &Python) -> PythonSdk {
    let terms = json!({
        "era": "auto",
        "url": world.server.url(),
        "person": world.person.desk(),
    });
    PythonSdk::start(python.session(), &terms)
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_workspace_serves_the_typescript_sdks() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    for (name, terms) in [
        ("workspace-v1", json!({"sdk": "v1"})),
        ("workspace-v2", json!({"sdk": "v2", "era": "auto"})),
    ] {
        let world = SignedIn::profile("read-only-workspace").await.unwrap();
        let mut client = typescript(&world, node.clone(), name, terms);
        reads_a_workspace(&world, &mut client).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_workspace_serves_the_python_sdk() {
    let Some(found) = require(Python::find()) else {
        return;
    };
    let world = SignedIn::profile("read-only-workspace").await.unwrap();
    reads_a_workspace(&world, &mut python(&world, &found)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn minted_key_serves_the_typescript_sdks() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    for (name, terms) in [
        ("key-v1", json!({"sdk": "v1"})),
        ("key-v2", json!({"sdk": "v2", "era": "auto"})),
    ] {
        let world = SignedIn::profile("minted-key").await.unwrap();
        let mut client = typescript(&world, node.clone(), name, terms);
        has_a_key(&world, &mut client).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn minted_key_serves_the_python_sdk() {
    let Some(found) = require(Python::find()) else {
        return;
    };
    let world = SignedIn::profile("minted-key").await.unwrap();
    has_a_key(&world, &mut python(&world, &found)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn team_session_serves_the_typescript_sdks() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    for (name, terms) in [
        ("team-v1", json!({"sdk": "v1"})),
        ("team-v2", json!({"sdk": "v2", "era": "auto"})),
    ] {
        let Some(mut provider) = provider().await else {
            return;
        };
        let world = SignedIn::team_session(&mut provider).await.unwrap();
        let mut client = typescript(&world, node.clone(), name, terms);
        acts_for_a_team(&world, &mut client).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn team_session_serves_the_python_sdk() {
    let Some(found) = require(Python::find()) else {
        return;
    };
    let Some(mut provider) = provider().await else {
        return;
    };
    let world = SignedIn::team_session(&mut provider).await.unwrap();
    acts_for_a_team(&world, &mut python(&world, &found)).await;
}
