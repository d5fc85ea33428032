//! Where hand-written tools appear, and who sees and calls them.

use runtime::app::{self, Environment, serve_streams};
use runtime::codegen::{Connector, Context, NoArguments, Tool};
use runtime::config::{Auth, Config, QuotaPeriod, QuotaPlan};
use serde_json::{Value, json};
use sqlx::Connection as _;
use tests::harness::browser::Landing;
use tests::harness::oauth::OAuthClient;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;

use crate::publishable_key;
use crate::world::{call, connected, connector, error, signed_in};

async fn definition(tools: &[Value], name: &str) -> Value {
    let found = tools.iter().find(|tool| tool["name"] == name);
    found.cloned().unwrap_or_default()
}

#[tokio::test]
async fn tool_is_listed_with_its_texts_hints_and_schemas() {
    let world = signed_in(|_| ()).await;
    let client = connected(&world, "full").await;
    let tools = client.tools().await.unwrap();
    let tool = definition(&tools, "create_campaigns").await;
    assert_eq!(tool["title"], "Create campaigns");
    assert_eq!(tool["description"], "Creates one draft for each name.");
    assert_eq!(
        tool["annotations"],
        json!({
            "readOnlyHint": false,
            "destructiveHint": false,
            "idempotentHint": false,
            "openWorldHint": true,
        })
    );
    let input = json!({
        "type": "object",
        "properties": {
            "names": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The names of the campaigns.",
            },
        },
        "required": ["names"],
    });
    assert_eq!(tool["inputSchema"], input);
    let key = definition(&tools, "get_publishable_key").await;
    assert_eq!(key["annotations"]["readOnlyHint"], true);
    assert_eq!(
        key["outputSchema"]["required"],
        json!(["key", "url_template"])
    );
}

#[tokio::test]
async fn replaced_and_left_out_tools_are_not_listed_as_generated() {
    let world = signed_in(|_| ()).await;
    let client = connected(&world, "full").await;
    let tools = client.tools().await.unwrap();
    assert_eq!(definition(&tools, "delete_webhook").await, Value::Null);
    let named = tools.iter().filter(|tool| tool["name"] == "get_account");
    assert_eq!(named.count(), 1);
}

#[tokio::test]
async fn tool_that_writes_is_neither_listed_to_nor_called_by_a_read_only_connection() {
    let world = signed_in(|_| ()).await;
    let client = connected(&world, "read-only").await;
    let tools = client.tools().await.unwrap();
    assert_eq!(definition(&tools, "create_campaigns").await, Value::Null);
    let before = world.relay.passed();
    let arguments = json!({"names": ["Winter"]});
    let params = json!({"name": "create_campaigns", "arguments": arguments});
    let answer = client.send("tools/call", params).await.unwrap();
    assert_eq!(answer.status, 403);
    assert_eq!(world.relay.passed(), before);
}

#[tokio::test]
async fn tool_is_on_the_consent_page() {
    let world = signed_in(|_| ()).await;
    let client = OAuthClient::register(world.server.url(), "http://127.0.0.1/callback");
    let address = client.await.unwrap().authorization_request().unwrap();
    let landing = world.person.consent(address.as_str()).await.unwrap();
    let Landing::Page(page) = landing else {
        panic!("sent away");
    };
    assert!(
        page.body.contains("Get the publishable key"),
        "{}",
        page.body
    );
    assert!(page.body.contains("Create campaigns"), "{}", page.body);
}

#[tokio::test]
async fn tool_is_found_and_described_by_search_mode() {
    let world = signed_in(|_| ()).await;
    let client = connected(&world, "read-only").await;
    let found = call(&client, "search_tools", json!({"query": "embed a picture"})).await;
    let text = found["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("get_publishable_key (read)\n"), "{text}");
    let described = json!({"names": ["get_publishable_key"]});
    let described = call(&client, "describe_tools", described).await;
    let tool = &described["structuredContent"]["tools"][0];
    // It is listed itself, and so are those of search mode not.
    assert_eq!(tool.get("called_with"), None, "{described}");
    let unknown = json!({"names": ["get_publishable_kee"]});
    let unknown = call(&client, "describe_tools", unknown).await;
    assert!(!unknown.to_string().contains("search_tools"), "{unknown}");
    let inner = json!({"name": "get_publishable_key"});
    let result = call(&client, "call_read_tool", inner).await;
    assert_ne!(result["isError"], true, "{result}");
}

#[tokio::test]
async fn call_counts_its_cost_in_the_quota_whatever_it_calls() {
    let world = signed_in(|config| {
        let period = QuotaPeriod::Day;
        let plan = QuotaPlan { limit: 9, period };
        config.quota.plans.insert("small".to_owned(), plan);
        config.quota.default_plan = Some("small".to_owned());
    })
    .await;
    let client = connected(&world, "full").await;
    let arguments = json!({"names": ["One", "Two", "Three"]});
    let result = call(&client, "create_campaigns", arguments.clone()).await;
    assert_ne!(result["isError"], true, "{result}");
    let result = call(&client, "create_campaigns", arguments).await;
    assert_eq!(error(&result)["kind"], "quota_exceeded");
}

#[tokio::test]
async fn call_that_sends_nothing_has_no_cost() {
    let world = signed_in(|config| {
        let period = QuotaPeriod::Day;
        let plan = QuotaPlan { limit: 5, period };
        config.quota.plans.insert("small".to_owned(), plan);
        config.quota.default_plan = Some("small".to_owned());
    })
    .await;
    let client = connected(&world, "full").await;
    for names in [json!([]), json!([]), json!(["One"])] {
        let arguments = json!({ "names": names });
        let result = call(&client, "create_campaigns", arguments).await;
        assert_ne!(result["isError"], true, "{result}");
    }
    let result = call(&client, "create_campaigns", json!({"names": ["Two"]})).await;
    assert_eq!(error(&result)["kind"], "quota_exceeded");
}

#[tokio::test]
async fn call_counts_in_the_rate_of_its_connection() {
    let world = signed_in(|config| config.limits.calls_per_minute_per_grant = 1).await;
    let client = connected(&world, "full").await;
    call(&client, "describe_caller", json!({})).await;
    let result = call(&client, "describe_caller", json!({})).await;
    assert_eq!(error(&result)["kind"], "rate_limited");
}

#[tokio::test]
async fn call_is_recorded_once_by_its_name() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("hand-written-audit");
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("connector.db");
    let world = signed_in(|config| config.store.path = path.clone()).await;
    let client = connected(&world, "full").await;
    call(
        &client,
        "create_campaigns",
        json!({"names": ["One", "Two"]}),
    )
    .await;
    world.server.shutdown().await;
    let url = format!("sqlite:{}", path.display());
    let mut store = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let rows = "SELECT subject, outcome FROM audit WHERE action = 'tool.called'";
    let rows: Vec<(String, String)> = sqlx::query_as(rows).fetch_all(&mut store).await.unwrap();
    assert_eq!(rows, [("create_campaigns".to_owned(), "ok".to_owned())]);
}

#[tokio::test]
async fn tool_is_called_over_standard_input_and_output() {
    let config = Config::parse("[server]\nmock = true", "connector.toml".as_ref()).unwrap();
    let (mut input, read) = tokio::io::duplex(1 << 20);
    let (write, mut output) = tokio::io::duplex(1 << 20);
    let hello = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    });
    let call = json!({"name": "get_publishable_key", "arguments": {}});
    for message in [
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}),
    ] {
        let line = format!("{message}\n");
        input.write_all(line.as_bytes()).await.unwrap();
    }
    drop(input);
    let (environment, stop) = (Environment::default(), CancellationToken::new());
    let served = serve_streams(connector(), &config, &environment, read, write, stop);
    served.await.unwrap().unwrap();
    let mut text = String::new();
    output.read_to_string(&mut text).await.unwrap();
    let answer: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let key = &answer["result"]["structuredContent"]["key"];
    assert_eq!(key, "mq_pub_5t8w2c9x4k7m1d6q", "{answer}");
}

#[test]
fn connector_that_cannot_be_served_says_why() {
    let tool = |name| Tool::read(name).handler(async |_: Context, _: NoArguments| Ok(()));
    let serve = || Connector::new(&generated::CATALOG);
    let list = Tool::read("listing").input(&json!({"type": "array"}));
    let list = list.handler(async |_: Context, _: NoArguments| Ok(()));
    let names = Tool::read("names").output::<Vec<String>>();
    let names = names.handler(async |_: Context, _: NoArguments| Ok(()));
    for (connector, why) in [
        (
            serve().tool(tool("get_account")),
            "two tools named `get_account`",
        ),
        (
            serve().tool(tool("a name")),
            "`a name` is no name of a tool",
        ),
        (
            serve().tool(tool("search_tools")),
            "of a tool of search mode",
        ),
        (serve().replace(tool("get_acount")), "no tool `get_acount`"),
        (
            serve().tool(list),
            "input schema of the tool `listing` has to be of `type: object`",
        ),
        (
            serve().tool(names),
            "output schema of the tool `names` has to be of `type: object`",
        ),
    ] {
        let mut config = Config::default();
        config.server.mock = true;
        config.server.auth = Auth::None;
        let error = app::definitions(connector, &config).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[test]
fn tool_of_the_example_is_one_of_the_definitions() {
    let connector = Connector::new(&generated::CATALOG).tool(publishable_key::tool());
    let mut config = Config::default();
    config.server.mock = true;
    let definitions = app::definitions(connector, &config).unwrap();
    assert_eq!(definitions.len(), 32);
}
