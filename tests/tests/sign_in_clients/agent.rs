//! The agent of `specs/profiles/agent`, which signs with libraries of other people.

use serde_json::json;
use tests::harness::foreign::Node;
use tests::harness::requirement::require;
use tests::harness::signed_in::SignedIn;

use crate::sdk::home;

/// A wallet without funds: its private key is in the documentation of web3.js.
const WALLET_KEY: &str = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
const ADDRESS: &str = "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23";

/// What a run of the agent printed, to its output and to its errors.
struct Printed {
    success: bool,
    output: String,
    errors: String,
}

/// Runs the agent.
async fn run(node: &Node, name: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Printed {
    let mut agent = node.agent(&home(name)).unwrap();
    let output = agent
        .envs(variables.iter().copied())
        .args(arguments)
        .output()
        .await
        .unwrap();
    Printed {
        success: output.status.success(),
        output: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What the agent signs in with, and what its person enters.
async fn is_linked_and_calls(node: &Node, name: &str, credential: (&str, &str)) {
    let world = SignedIn::profile("agent/connector").await.unwrap();
    let url = world.server.url().to_string();
    let shown = run(node, name, &[credential], &[&url]).await;
    let linkable = shown.output.trim();
    assert!(shown.success && !linkable.is_empty(), "{}", shown.errors);

    let unlinked = [credential, ("CLIENT_ID", "agt_unknown")];
    let refused = run(node, name, &unlinked, &[&url]).await;
    assert!(
        !refused.success && refused.errors.contains("link it"),
        "{}",
        refused.errors
    );

    let client_id = world
        .person
        .link_agent(linkable, "read-only")
        .await
        .unwrap();
    let linked = [credential, ("CLIENT_ID", client_id.as_str())];
    let tools = run(node, name, &linked, &[&url]).await;
    assert!(tools.success, "{}", tools.errors);
    let names: Vec<_> = tools.output.lines().collect();
    assert!(names.contains(&"get_workspace"), "{names:?}");
    assert!(!names.contains(&"update_workspace"), "{names:?}");
    let read = run(node, name, &linked, &[&url, "get_workspace"]).await;
    assert!(
        read.success && read.output.contains("Harbor Coffee"),
        "{}",
        read.errors
    );
    let passed = world.relay.passed();
    let arguments = json!({"name": "Quay"}).to_string();
    let write = run(node, name, &linked, &[&url, "update_workspace", &arguments]).await;
    assert!(!write.success, "{}", write.output);
    assert_eq!(world.relay.passed(), passed);

    world.person.revoke_all().await.unwrap();
    let revoked = run(node, name, &linked, &[&url, "get_workspace"]).await;
    assert!(
        !revoked.success && revoked.errors.contains("link it"),
        "{}",
        revoked.errors
    );
    // Once a browser was signed in, no person was asked.
    assert_eq!(world.person.visits(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_of_the_profile_signs_in_with_a_wallet_once_it_is_linked() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    let credential = ("WALLET_KEY", WALLET_KEY);
    is_linked_and_calls(&node, "agent-wallet", credential).await;
    let shown = run(
        &node,
        "agent-address",
        &[credential],
        &["http://localhost/"],
    )
    .await;
    assert_eq!(shown.output.trim().to_lowercase(), ADDRESS);
}

#[tokio::test(flavor = "multi_thread")]
async fn agent_of_the_profile_signs_in_with_a_key_once_it_is_linked() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    // The key of RFC 8037, appendix A.
    let key = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "one", "alg": "EdDSA",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let file = home("agent-key-file").join("key.json");
    std::fs::write(&file, key.to_string()).unwrap();
    let credential = ("KEY_FILE", file.to_str().unwrap());
    is_linked_and_calls(&node, "agent-key", credential).await;
}
