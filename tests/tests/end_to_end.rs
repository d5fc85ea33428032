//! From an MCP client through the generated server to the example API and back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use runtime::config::Config;
use runtime::config::MissingCredentials;
use serde_json::{Map, Value, json};
use tests::harness::client::{Client, Revision};
use tests::harness::example::{Example, WORKSPACE};

async fn call(client: &Client, tool: &str, arguments: Value) -> Value {
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object");
    };
    client.call(tool, arguments).await.unwrap()
}

/// Calls a tool and takes its structured content.
async fn ok(example: &Example, tool: &str, arguments: Value) -> Value {
    let mut result = call(&example.client, tool, arguments).await;
    assert_ne!(result["isError"], true, "{result}");
    result["structuredContent"].take()
}

/// Calls a tool and takes the error in its text.
async fn error(example: &Example, tool: &str, arguments: Value) -> Value {
    let result = call(&example.client, tool, arguments).await;
    assert_eq!(result["isError"], true, "{result}");
    reported(&result)
}

fn reported(result: &Value) -> Value {
    let text = result["content"][0]["text"].as_str().unwrap();
    serde_json::from_str::<Value>(text).unwrap()["error"].take()
}

async fn definition(client: &Client, tool: &str) -> Value {
    let tools = client.tools().await.unwrap();
    let found = tools
        .into_iter()
        .find(|definition| definition["name"] == tool);
    found.unwrap_or_default()
}

#[tokio::test]
async fn a_campaign_goes_from_draft_to_published_and_is_paid_for() {
    let example = Example::start().await.unwrap();
    let before = ok(&example, "get_credit_balance", json!({})).await;
    let draft = ok(&example, "create_bundle", json!({"name": "Winter blend"})).await;
    let bundle = draft["id"].clone();
    let configuration = json!({
        "bundle_id": bundle,
        "account_ids": ["acc_harbor_instagram"],
        "media_ids": ["med_cold_brew"],
    });
    let configured = ok(&example, "configure_bundle", configuration).await;
    assert_eq!(configured["status"], "configured");
    let published = ok(&example, "publish_bundle", json!({"bundle_id": bundle})).await;
    assert_eq!(published["status"], "published");
    let after = ok(&example, "get_credit_balance", json!({})).await;
    let spent = before["balance"].as_i64().unwrap() - after["balance"].as_i64().unwrap();
    assert_eq!(json!(spent), published["cost"]);
    assert!(spent > 0);
}

#[tokio::test]
async fn both_revisions_get_the_same_answer() {
    let example = Example::start().await.unwrap();
    let older = Client::new(example.server.url().clone(), Revision::V2025_11_25);
    let arguments = json!({"account_id": "acc_harbor_tiktok"});
    let new = call(&example.client, "get_account", arguments.clone()).await;
    let old = call(&older, "get_account", arguments).await;
    assert_eq!(old["structuredContent"], new["structuredContent"]);
    assert_eq!(old["content"], new["content"]);
}

#[tokio::test]
async fn the_text_of_an_object_is_the_object() {
    let example = Example::start().await.unwrap();
    let result = call(&example.client, "get_profile", json!({})).await;
    let text = result["content"][0]["text"].as_str().unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(text).unwrap(),
        result["structuredContent"]
    );
}

#[tokio::test]
async fn an_array_is_wrapped() {
    let example = Example::start().await.unwrap();
    let comments = ok(
        &example,
        "list_comments",
        json!({"bundle_id": "bnd_cold_brew"}),
    )
    .await;
    assert_eq!(comments["result"][0]["replies"][0]["id"], "cmt_recut");
}

#[tokio::test]
async fn a_filter_in_a_query_reaches_the_api_with_all_its_parts() {
    let example = Example::start().await.unwrap();
    let arguments = json!({
        "status": ["draft", "published"],
        "tags": ["launch", "summer"],
        "filter": {"created_after": "2026-09-01T00:00:00Z", "min_cost": 10},
        "sort": "created_at",
    });
    let page = ok(&example, "list_bundles", arguments).await;
    let found: Vec<&Value> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["id"])
        .collect();
    assert_eq!(found, ["bnd_cold_brew"]);
}

#[tokio::test]
async fn pages_follow_each_other_until_the_cursor_is_null() {
    let example = Example::start().await.unwrap();
    let whole = ok(&example, "list_bundles", json!({"limit": 100})).await;
    let mut found = Vec::new();
    let mut arguments = json!({"limit": 1});
    loop {
        let page = ok(&example, "list_bundles", arguments).await;
        found.extend(page["data"].as_array().unwrap().iter().cloned());
        match &page["next_cursor"] {
            Value::Null => break,
            cursor => arguments = json!({"limit": 1, "cursor": cursor}),
        }
    }
    assert!(found.len() > 1);
    assert_eq!(json!(found), whole["data"]);
}

#[tokio::test]
async fn null_is_sent_and_an_absent_argument_is_not() {
    let example = Example::start().await.unwrap();
    let account = json!({"account_id": "acc_harbor_tiktok", "status": "paused"});
    let paused = ok(&example, "update_account", account).await;
    assert_eq!(paused["niche"], "coffee");
    let account = json!({"account_id": "acc_harbor_tiktok", "niche": null});
    let cleared = ok(&example, "update_account", account).await;
    assert_eq!(
        (&cleared["niche"], &cleared["status"]),
        (&Value::Null, &json!("paused"))
    );
}

#[tokio::test]
async fn a_bound_argument_is_filled_in_and_cannot_be_chosen() {
    let example = Example::start().await.unwrap();
    let workspace = ok(&example, "get_workspace", json!({})).await;
    assert_eq!(workspace["id"], WORKSPACE);
    let definition = definition(&example.client, "get_workspace").await;
    assert_eq!(
        definition["inputSchema"]["properties"].get("workspace_id"),
        None
    );
    let refused = error(
        &example,
        "get_workspace",
        json!({"workspace_id": "wsp_other"}),
    )
    .await;
    assert_eq!(refused["kind"], "invalid_arguments");
}

#[tokio::test]
async fn a_picture_is_image_content() {
    let example = Example::start().await.unwrap();
    let result = call(&example.client, "get_avatar", json!({})).await;
    let image = &result["content"][0];
    assert_eq!(
        (&image["type"], &image["mimeType"]),
        (&json!("image"), &json!("image/png"))
    );
    let bytes = STANDARD.decode(image["data"].as_str().unwrap()).unwrap();
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
}

#[tokio::test]
async fn a_picture_that_is_put_comes_back_byte_for_byte() {
    let example = Example::start().await.unwrap();
    let before = call(
        &example.client,
        "get_media_content",
        json!({"media_id": "med_cold_brew"}),
    );
    let picture = before.await["content"][0]["data"].clone();
    ok(&example, "put_avatar", json!({"body": {"base64": picture}})).await;
    let after = call(&example.client, "get_avatar", json!({})).await;
    assert_eq!(after["content"][0]["data"], picture);
}

#[tokio::test]
async fn a_file_is_uploaded_with_its_metadata() {
    let example = Example::start().await.unwrap();
    let text = "WEBVTT\n\n00:00.000 --> 00:02.000\nSlow-steeped for eighteen hours.\n";
    let file = json!({"text": text, "filename": "brew.vtt", "content_type": "text/vtt"});
    let metadata = json!({"title": "Subtitles", "tags": ["launch"]});
    let upload = json!({"file": file, "metadata": metadata});
    let stored = ok(&example, "upload_media", upload).await;
    assert_eq!(stored["filename"], "brew.vtt");
    assert_eq!(stored["tags"], json!(["launch"]));
    let content = call(
        &example.client,
        "get_media_content",
        json!({"media_id": stored["id"]}),
    );
    assert_eq!(content.await["content"][0]["text"], text);
}

#[tokio::test]
async fn an_answer_without_content_is_a_success() {
    let example = Example::start().await.unwrap();
    let gone = json!({"webhook_id": "whk_harbor_news"});
    let deleted = call(&example.client, "delete_webhook", gone.clone()).await;
    assert_ne!(deleted["isError"], true, "{deleted}");
    assert_eq!(error(&example, "get_webhook", gone).await["status"], 404);
}

#[tokio::test]
async fn one_of_several_shapes_is_taken_as_it_is() {
    let example = Example::start().await.unwrap();
    let target = json!({"kind": "chat", "channel": "#campaigns", "mention": null});
    let arguments = json!({"name": "Chat", "events": ["credits.low"], "target": target});
    let webhook = ok(&example, "create_webhook", arguments).await;
    assert_eq!(webhook["target"], target);
}

#[tokio::test]
async fn the_shape_that_is_named_is_the_one_whose_violation_is_reported() {
    let example = Example::start().await.unwrap();
    let arguments =
        |target: Value| json!({"name": "W", "events": ["credits.low"], "target": target});
    let incomplete = arguments(json!({"kind": "email"}));
    let refused = error(&example, "create_webhook", incomplete).await;
    let reported = refused["message"].as_str().unwrap();
    assert!(
        reported.contains("(/target/address is required)"),
        "{reported}"
    );
    assert!(!reported.contains("url"), "{reported}");
    let unknown = arguments(json!({"kind": "pager"}));
    let refused = error(&example, "create_webhook", unknown).await;
    let reported = refused["message"].as_str().unwrap();
    assert!(
        reported
            .contains(r#"/target/kind: is "pager", has to be one of: "https", "email", "chat""#),
        "{reported}"
    );
}

#[tokio::test]
async fn the_apis_problem_is_reported_with_both_request_ids() {
    let example = Example::start().await.unwrap();
    let params = json!({"name": "get_bundle", "arguments": {"bundle_id": "bnd_none"}});
    let answer = example.client.send("tools/call", params).await.unwrap();
    let result = &answer.message["result"];
    assert_eq!(result["isError"], true);
    let error = reported(result);
    assert_eq!(
        (&error["kind"], &error["status"]),
        (&json!("not_found"), &json!(404))
    );
    assert_eq!(error["retryable"], false);
    assert!(
        error["message"].as_str().unwrap().contains("bnd_none"),
        "{error}"
    );
    // The example API keeps an id that it is sent.
    let id = json!(answer.request_id.unwrap());
    assert_eq!(
        (&error["request_id"], &error["upstream_request_id"]),
        (&id, &id)
    );
    assert_eq!(error["details"]["request_id"], id);
}

#[tokio::test]
async fn a_state_that_forbids_it_is_a_conflict() {
    let example = Example::start().await.unwrap();
    let draft = ok(&example, "create_bundle", json!({"name": "Empty"})).await;
    let conflict = error(
        &example,
        "publish_bundle",
        json!({"bundle_id": draft["id"]}),
    )
    .await;
    assert_eq!(
        (&conflict["kind"], &conflict["status"]),
        (&json!("conflict"), &json!(409))
    );
}

#[tokio::test]
async fn too_many_requests_say_when_to_come_back() {
    let few = |options: &mut tests::example_api::Options| options.requests_per_minute = 2;
    let example = Example::start_with(few, |_| ()).await.unwrap();
    ok(&example, "get_profile", json!({})).await;
    ok(&example, "get_profile", json!({})).await;
    let limited = error(&example, "get_profile", json!({})).await;
    assert_eq!(
        (&limited["kind"], &limited["status"]),
        (&json!("rate_limited"), &json!(429))
    );
    assert_eq!(limited["retryable"], true);
    assert_eq!(limited["retry_after_seconds"], 30);
    assert_eq!(limited["rate_limit"]["limit"], 2);
    assert_eq!(limited["rate_limit"]["remaining"], 0);
    assert_eq!(limited["rate_limit"]["reset_at"], "2026-11-21T10:01:00Z");
}

#[tokio::test]
async fn a_key_that_the_api_does_not_know_is_unauthorized_and_not_repeated() {
    let wrong = |config: &mut runtime::config::Config| {
        let url = config.upstream.url.clone().unwrap();
        *config = tests::harness::example::connected(&url, "mq_full_wrong");
    };
    let example = Example::start_with(|_| (), wrong).await.unwrap();
    let refused = error(&example, "get_profile", json!({})).await;
    assert_eq!(
        (&refused["kind"], &refused["status"]),
        (&json!("unauthenticated"), &json!(401))
    );
    assert!(!refused.to_string().contains("mq_full_wrong"));
}

#[tokio::test]
async fn wrong_arguments_are_all_named_and_nothing_is_sent() {
    let example = Example::start().await.unwrap();
    let arguments = json!({"nme": "Winter blend", "tags": [{}]});
    let refused = error(&example, "create_bundle", arguments).await;
    assert_eq!(refused["kind"], "invalid_arguments");
    assert_eq!(refused.get("status"), None);
    let reported = refused.to_string();
    for part in ["nme", "name", "tags"] {
        assert!(reported.contains(part), "`{part}` is not named: {reported}");
    }
}

#[tokio::test]
async fn a_path_value_stays_one_segment() {
    let example = Example::start().await.unwrap();
    let slash = error(
        &example,
        "get_account",
        json!({"account_id": "a/../../profile"}),
    )
    .await;
    assert_eq!(slash["kind"], "invalid_arguments");
    let up = error(&example, "get_account", json!({"account_id": ".."})).await;
    assert_eq!(up["kind"], "invalid_arguments");
    let inside = error(&example, "get_account", json!({"account_id": "a/b?c#d"})).await;
    assert_eq!(inside["status"], 404);
    assert!(
        inside["message"].as_str().unwrap().contains("a/b?c#d"),
        "{inside}"
    );
}

#[tokio::test]
async fn tools_without_a_credential_are_left_out_where_that_is_said() {
    let hide = |config: &mut Config| {
        let key = config.upstream.credentials.remove("api_key").unwrap();
        let credentials = &mut config.upstream.credentials;
        credentials.insert("operator_key".to_owned(), key);
        config.upstream.missing_credentials = MissingCredentials::Hide;
    };
    let example = Example::start_with(|_| (), hide).await.unwrap();
    let tools = example.client.tools().await.unwrap();
    let names: Vec<&Value> = tools.iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["list_workspaces"]);
    assert!(example.server.warnings()[0].contains("\n  api_key: for "));
}

#[tokio::test]
async fn what_is_hidden_renamed_or_changed_in_access_shows_in_the_list() {
    let example = Example::start().await.unwrap();
    let tools = example.client.tools().await.unwrap();
    let find = |name: &str| tools.iter().find(|tool| tool["name"] == name);
    assert!(find("list_api_keys").is_none());
    assert!(find("export_analytics").is_none());
    let export = find("export_analytics_csv").unwrap();
    assert_eq!(export["title"], "Export analytics as CSV");
    let query = find("query_analytics").unwrap();
    assert_eq!(query["annotations"]["readOnlyHint"], true);
    let cancel = find("cancel_bundle").unwrap();
    assert_eq!(cancel["annotations"]["destructiveHint"], true);
}

#[tokio::test]
async fn a_read_only_server_hides_and_refuses_what_changes_something() {
    let read_only = |config: &mut runtime::config::Config| config.server.read_only = true;
    let example = Example::start_with(|_| (), read_only).await.unwrap();
    let tools = example.client.tools().await.unwrap();
    assert!(
        tools
            .iter()
            .all(|tool| tool["annotations"]["readOnlyHint"] == true)
    );
    let params = json!({"name": "delete_webhook", "arguments": {"webhook_id": "whk_harbor_news"}});
    let answer = example.client.send("tools/call", params).await.unwrap();
    let refused =
        answer.message["error"].is_object() || answer.message["result"]["isError"] == true;
    assert!(refused, "{}", answer.message);
    let still_there = json!({"webhook_id": "whk_harbor_news"});
    ok(&example, "get_webhook", still_there).await;
}

#[tokio::test]
async fn a_post_that_is_said_to_read_stays_on_a_read_only_server() {
    let read_only = |config: &mut runtime::config::Config| config.server.read_only = true;
    let example = Example::start_with(|_| (), read_only).await.unwrap();
    let mut operations = generated::CATALOG.operations.iter().copied().flatten();
    let query = operations.find(|operation| operation.name == "query_analytics");
    assert_eq!(query.unwrap().method, "POST");
    assert!(
        definition(&example.client, "query_analytics")
            .await
            .is_object()
    );
    let question = json!({"metrics": ["views"], "from": "2026-09-01", "to": "2026-09-30"});
    ok(&example, "query_analytics", question).await;
}

#[tokio::test]
async fn what_is_hidden_cannot_be_called() {
    let example = Example::start().await.unwrap();
    for hidden in ["list_api_keys", "export_analytics"] {
        let params = json!({"name": hidden, "arguments": {}});
        let answer = example.client.send("tools/call", params).await.unwrap();
        assert_eq!(answer.message["error"]["code"], -32602, "{hidden}");
    }
}

#[tokio::test]
async fn an_unknown_tool_is_an_error_of_the_protocol() {
    let example = Example::start().await.unwrap();
    let params = json!({"name": "get_acount", "arguments": Map::new()});
    let answer = example.client.send("tools/call", params).await.unwrap();
    assert_eq!(answer.message["error"]["code"], -32602);
}
