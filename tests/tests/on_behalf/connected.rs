//! What a connection can do at the API, whichever way the API learns whom it is for.

use runtime::app::{Environment, serve_streams};
use runtime::codegen::{Access, Catalog, Operation, Parameter, Schema};
use runtime::config::{Auth, Config};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use crate::connection::Assistant;
use crate::world::{Mode, World};

/// A bundle of Harbor that can be published, for 30 credits.
const BUNDLE: &str = "bnd_autumn_menu";

#[tokio::test]
async fn r50_full_writes_once_and_credits_are_spent() {
    for mode in Mode::ALL {
        let world = World::start(mode).await;
        let claude = Assistant::register(&world).await;
        let full = claude.connect(&mut world.ada().await, "full").await;
        world.heard();
        let bundle = full
            .call("publish_bundle", json!({"bundle_id": BUNDLE}))
            .await;
        assert_eq!(bundle["status"], "published", "{mode:?}");
        let heard = world.heard();
        assert_eq!(heard.len(), 1, "{mode:?} {heard:?}");
        assert_eq!(world.balance("wsp_harbor").await, 440 - 30, "{mode:?}");
        let reported = full.call("get_credit_balance", json!({})).await;
        assert_eq!(reported["balance"], 410, "{mode:?}");
    }
}

#[tokio::test]
async fn r49_read_only_is_refused_before_anything_leaves() {
    for mode in Mode::ALL {
        let world = World::start(mode).await;
        let claude = Assistant::register(&world).await;
        let read = claude.connect(&mut world.ada().await, "read-only").await;
        let seen = read.call("get_bundle", json!({"bundle_id": BUNDLE})).await;
        assert_eq!(seen["status"], "configured", "{mode:?}");
        world.heard();
        let refused = read
            .send("publish_bundle", json!({"bundle_id": BUNDLE}))
            .await;
        assert_eq!(refused.status, 403, "{mode:?}");
        assert!(world.heard().is_empty(), "{mode:?}");
        assert_eq!(world.balance("wsp_harbor").await, 440, "{mode:?}");
    }
}

/// A tool that a mistaken description calls a read.
static PUBLISH: Operation = Operation {
    name: "publish",
    title: "Publish a bundle",
    description: "Publishes a bundle.",
    method: "POST",
    path: "/bundles/{bundle_id}/publish",
    access: Access::Read,
    parameters: &[Parameter::path("bundle_id")],
    security: &[&["api_key"]],
    input: Schema {
        json: r#"{"type":"object","properties":{"bundle_id":{"type":"string"}},"required":["bundle_id"],"additionalProperties":false}"#,
        definitions: &[],
    },
    ..Operation::BASE
};

static MISTAKEN: Catalog = Catalog {
    operations: &[&[&PUBLISH]],
    name: "mistaken",
    server_name: "mistaken",
    title: "Marquee",
    version: "1",
    summary: "",
    logo: None,
    repeated: &[],
    description: "",
    servers: &[],
    tags: &[],
    search_mode: false,
    security_schemes: &[
        runtime::codegen::SecurityScheme {
            name: "api_key",
            kind: runtime::codegen::SecurityKind::Bearer,
        },
        runtime::codegen::SecurityScheme {
            name: "operator_key",
            kind: runtime::codegen::SecurityKind::ApiKey {
                location: runtime::codegen::In::Header,
                name: "X-Operator-Key",
            },
        },
    ],
};

#[tokio::test]
async fn r49_what_read_only_lets_through_by_mistake_the_api_refuses() {
    for mode in Mode::ALL {
        let world = World::of(mode, &MISTAKEN).await;
        let claude = Assistant::register(&world).await;
        let read = claude.connect(&mut world.ada().await, "read-only").await;
        world.heard();
        let error = read.fail("publish", json!({"bundle_id": BUNDLE})).await;
        assert_eq!(error["kind"], "forbidden", "{mode:?} {error}");
        assert_eq!(world.heard().len(), 1, "{mode:?}");
        assert_eq!(world.balance("wsp_harbor").await, 440, "{mode:?}");
    }
}

#[tokio::test]
async fn r36_one_person_in_two_workspaces_reaches_the_chosen_one_only() {
    for mode in Mode::ALL {
        let world = World::start(mode).await;
        let claude = Assistant::register(&world).await;
        let mut browser = world.ada().await;
        claude.new_workspace(&mut browser, "Juniper").await;
        world.link("Juniper", "wsp_juniper").await;
        let harbor = claude.connect_in(&mut browser, "Harbor", "full").await;
        let juniper = claude.connect_in(&mut browser, "Juniper", "full").await;
        for (connection, own, balance) in
            [(&harbor, "wsp_harbor", 440), (&juniper, "wsp_juniper", 30)]
        {
            let all = connection.call("list_workspaces", json!({})).await;
            let ids: Vec<_> = all["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| &it["id"])
                .collect();
            assert_eq!(ids, [own], "{mode:?}");
            let reported = connection.call("get_credit_balance", json!({})).await;
            assert_eq!(reported["balance"], balance, "{mode:?}");
        }
        // The other's id is no argument, and the other's things are not there.
        world.heard();
        let error = harbor
            .fail("get_workspace", json!({"workspace_id": "wsp_juniper"}))
            .await;
        assert_eq!(error["kind"], "invalid_arguments", "{mode:?}");
        assert!(world.heard().is_empty(), "{mode:?}");
        let theirs = json!({"bundle_id": "bnd_morning_routine"});
        for tool in ["get_bundle", "publish_bundle"] {
            let error = harbor.fail(tool, theirs.clone()).await;
            assert_eq!(error["kind"], "not_found", "{mode:?} {tool}");
        }
        let seen = juniper.call("get_bundle", theirs).await;
        assert_eq!(seen["status"], "configured", "{mode:?}");
        assert_eq!(world.balance("wsp_juniper").await, 30, "{mode:?}");
    }
}

#[tokio::test]
async fn r51_the_api_hears_of_the_connection_and_never_its_token() {
    for mode in Mode::ALL {
        let world = World::start(mode).await;
        let claude = Assistant::register(&world).await;
        let mut browser = world.ada().await;
        let first = claude.connect(&mut browser, "full").await;
        let second = claude.connect(&mut browser, "full").await;
        world.heard();
        let mut ids = Vec::new();
        for connection in [&first, &second] {
            for tool in ["get_workspace", "get_profile"] {
                let answer = connection.send(tool, json!({})).await;
                assert_ne!(answer.message["result"]["isError"], true, "{mode:?}");
                ids.extend(answer.request_id);
            }
        }
        let heard = world.heard();
        let text = |at: usize, name: &str| {
            let value = heard[at].headers.get(name);
            value.map_or(String::new(), |it| it.to_str().unwrap().to_owned())
        };
        for (at, request) in heard.iter().enumerate() {
            assert_eq!(text(at, "x-request-id"), ids[at], "{mode:?}");
            for token in [&first.token, &second.token] {
                let reported = format!("{request:?} {:?}", text(at, "authorization"));
                assert!(!reported.contains(token.as_str()), "{mode:?}");
            }
        }
        let keys: Vec<_> = (0..4).map(|at| text(at, "authorization")).collect();
        let statements: std::collections::BTreeSet<_> =
            (0..4).map(|at| text(at, "x-on-behalf-of")).collect();
        match mode {
            // A key for each connection …
            Mode::Mint => {
                assert!(keys[0] == keys[1] && keys[2] == keys[3] && keys[0] != keys[2]);
                assert_eq!(statements.len(), 1, "{statements:?}");
            }
            // … or one key, and a statement for each call.
            Mode::Service => {
                let key = format!("Bearer {}", world.api.connector_key);
                assert!(keys.iter().all(|it| *it == key));
                assert_eq!(statements.len(), 4);
            }
        }
    }
}

#[tokio::test]
async fn r52_what_a_connection_did_is_found_by_client_workspace_and_time() {
    for mode in Mode::ALL {
        let world = World::start(mode).await;
        let claude = Assistant::register(&world).await;
        let full = claude.connect(&mut world.ada().await, "full").await;
        full.call("publish_bundle", json!({"bundle_id": BUNDLE}))
            .await;
        let error = full
            .fail("get_bundle", json!({"bundle_id": "bnd_gone"}))
            .await;
        let failed = error["request_id"].as_str().unwrap().to_owned();
        let (workspace, client) = (world.workspace("Harbor").await, claude.client_id.clone());
        let audit = world.audit(&workspace, &client, 0).await;
        let reported: Vec<_> = audit
            .iter()
            .map(|(reported, _)| reported.as_str())
            .collect();
        let made = reported
            .iter()
            .filter(|it| it.starts_with("upstream_key.made key_"));
        assert_eq!(
            made.count(),
            usize::from(mode == Mode::Mint),
            "{reported:?}"
        );
        let rest: Vec<_> = reported
            .iter()
            .filter(|it| !it.starts_with("upstream_key"))
            .collect();
        let expected = [
            "consent.approved mcp:read mcp:write",
            "token.issued",
            "tool.called publish_bundle ok",
            "tool.called get_bundle not_found",
        ];
        assert_eq!(rest, expected.iter().collect::<Vec<_>>(), "{mode:?}");
        assert_eq!(audit.last().unwrap().1, failed, "{mode:?}");
    }
}

#[tokio::test]
async fn r12_stdio_serves_what_a_full_connection_is_served() {
    let world = World::start(Mode::Service).await;
    let claude = Assistant::register(&world).await;
    let mut remote = claude
        .connect(&mut world.ada().await, "full")
        .await
        .tools()
        .await;
    // Over stdio, no link leads to the server: files come within arguments.
    let all = remote.len();
    remote.retain(|tool| tool["name"] != "request_upload");
    assert_eq!(remote.len() + 1, all);
    let mut local = over_stdio(&world.config).await;
    // Nor is there a sign-in, which remote definitions describe.
    for tool in remote.iter_mut().chain(&mut local) {
        tool.as_object_mut().unwrap().remove("_meta");
    }
    let text = |tools: &mut Vec<Value>| {
        let mut lines: Vec<_> = tools.iter().map(Value::to_string).collect();
        lines.sort();
        lines
    };
    assert_eq!(text(&mut local), text(&mut remote.clone()));
    assert!(remote.len() > 20, "{}", remote.len());
}

/// The catalogue that a client over standard input and output is given.
async fn over_stdio(config: &Config) -> Vec<Value> {
    let mut config = config.clone();
    config.server.auth = Auth::None;
    let (mut input, read) = tokio::io::duplex(1 << 20);
    let (write, mut output) = tokio::io::duplex(1 << 20);
    let hello = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    });
    for message in [
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}),
    ] {
        let line = format!("{message}\n");
        input.write_all(line.as_bytes()).await.unwrap();
    }
    drop(input);
    let (environment, stop) = (Environment::default(), CancellationToken::new());
    let served = serve_streams(
        &generated::CATALOG,
        &config,
        &environment,
        read,
        write,
        stop,
    );
    served.await.unwrap().unwrap();
    let mut text = String::new();
    output.read_to_string(&mut text).await.unwrap();
    let answer: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    answer["result"]["tools"].as_array().unwrap().clone()
}
