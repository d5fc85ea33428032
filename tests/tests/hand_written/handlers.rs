//! What handlers can do, and what becomes of those that fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use runtime::codegen::{Connector, Context, NoArguments, Tool};
use runtime::config::{FieldValue, Public};
use serde_json::json;
use tests::harness::example::WORKSPACE;
use tests::harness::signed_in::SignedIn;
use tokio::sync::Notify;

use crate::world::{call, connected, error, signed_in};

#[tokio::test]
async fn one_call_makes_several_calls_of_operations() {
    let world = signed_in(|_| ()).await;
    let client = connected(&world, "full").await;
    let arguments = json!({"names": ["Spring", "Summer"]});
    let result = call(&client, "create_campaigns", arguments).await;
    let created = &result["structuredContent"]["result"];
    let created = created.as_array().unwrap();
    assert_eq!(created.len(), 2);
    assert_ne!(created[0], created[1], "a key was used twice: {result}");
}

#[tokio::test]
async fn arguments_are_checked_before_the_handler_runs() {
    let world = signed_in(|_| ()).await;
    let client = connected(&world, "full").await;
    let before = world.relay.passed();
    let arguments = json!({"names": [{"first": "Spring"}]});
    let result = call(&client, "create_campaigns", arguments).await;
    assert_eq!(error(&result)["kind"], "invalid_arguments");
    assert_eq!(world.relay.passed(), before);
}

#[tokio::test]
async fn error_of_an_operation_is_that_of_the_call() {
    let world = signed_in(|_| ()).await;
    let client = connected(&world, "full").await;
    let result = call(&client, "get_account", json!({"account_id": "acc_none"})).await;
    let error = error(&result);
    assert_eq!(
        (&error["kind"], &error["status"]),
        (&json!("not_found"), &json!(404))
    );
}

#[tokio::test]
async fn generated_tool_is_wrapped_with_its_schemas() {
    let world = signed_in(|_| ()).await;
    let client = connected(&world, "full").await;
    let account = json!({"account_id": "acc_harbor_tiktok"});
    let result = call(&client, "get_account", account).await;
    assert_eq!(result["structuredContent"]["id"], "acc_harbor_tiktok");
    let account = json!({"account_id": "acc_harbor_youtube"});
    let result = call(&client, "get_account", account).await;
    assert_eq!(
        error(&result)["message"],
        "This account is not for assistants."
    );
}

#[tokio::test]
async fn read_of_a_read_only_connection_calls_no_write() {
    let world = signed_in(|_| ()).await;
    let client = connected(&world, "read-only").await;
    let before = world.relay.passed();
    let result = call(&client, "rename_by_a_read", json!({})).await;
    assert_eq!(error(&result)["kind"], "forbidden");
    assert_eq!(world.relay.passed(), before);
    let client = connected(&world, "full").await;
    let result = call(&client, "rename_by_a_read", json!({})).await;
    assert_eq!(result["structuredContent"]["name"], "Renamed");
}

#[tokio::test]
async fn constant_that_no_catalogue_has_is_a_write_by_its_method() {
    let world = signed_in(|_| ()).await;
    let client = connected(&world, "read-only").await;
    let before = world.relay.passed();
    let result = call(&client, "rename_by_a_constant", json!({})).await;
    assert_eq!(error(&result)["kind"], "forbidden");
    assert_eq!(world.relay.passed(), before);
    let client = connected(&world, "full").await;
    call(&client, "rename_by_a_constant", json!({})).await;
    assert_eq!(world.relay.passed(), before + 1);
}

#[tokio::test]
async fn wrapped_tool_does_not_ask_for_what_the_server_fills() {
    let world = signed_in(|config| {
        let tenant = FieldValue::Public(Public {
            public: "harbor".to_owned(),
        });
        config
            .upstream
            .headers
            .insert("X-Tenant".to_owned(), tenant);
    })
    .await;
    let client = connected(&world, "read-only").await;
    let tools = client.tools().await.unwrap();
    let tool = tools.iter().find(|tool| tool["name"] == "list_for_tenant");
    let tool = tool.unwrap();
    assert_eq!(tool["description"], "Lists the accounts of a tenant. …");
    assert_eq!(tool["inputSchema"].get("required"), None, "{tool}");
    assert!(tool["inputSchema"]["properties"]["_fields"].is_object());
    drop(world.relay.take());
    let result = call(&client, "list_for_tenant", json!({"_fields": ["id"]})).await;
    assert_ne!(result["isError"], true, "{result}");
    let sent = world.relay.take();
    assert_eq!(sent[0].headers["x-tenant"], "harbor");
}

#[tokio::test]
async fn answer_of_an_operation_has_no_next_page_for_another_tool() {
    let world = signed_in(|_| ()).await;
    let client = connected(&world, "read-only").await;
    let result = call(&client, "list_accounts", json!({"limit": 1})).await;
    assert!(result.to_string().contains("next_page"), "{result}");
    let result = call(&client, "first_account", json!({})).await;
    assert_ne!(result["isError"], true, "{result}");
    assert!(!result.to_string().contains("next_page"), "{result}");
}

#[tokio::test]
async fn handler_knows_who_calls() {
    let world = signed_in(|_| ()).await;
    let client = connected(&world, "read-only").await;
    let result = call(&client, "describe_caller", json!({})).await;
    let caller = &result["structuredContent"];
    assert_eq!(caller["workspace"], WORKSPACE);
    assert!(caller["person_id"].is_string() && caller["workspace_id"].is_string());
    assert_eq!(
        caller["request_id"],
        result["_meta"]["drawbridge/request-id"]
    );
}

#[tokio::test]
async fn panic_is_an_internal_error_and_the_server_goes_on() {
    let world = signed_in(|_| ()).await;
    let client = connected(&world, "full").await;
    for tool in ["panic", "panic_in_a_write"] {
        let result = call(&client, tool, json!({})).await;
        assert_eq!(error(&result)["kind"], "internal");
        assert!(!result.to_string().contains("secret of the owner"));
    }
    let result = call(&client, "describe_caller", json!({})).await;
    assert_ne!(result["isError"], true, "{result}");
}

/// Notifies once it is dropped.
struct OnDrop(Arc<Notify>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn write_runs_to_its_end_after_its_caller_went_away() {
    let (begun, goes_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let is_done = Arc::new(AtomicBool::new(false));
    let (waits, dropped) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let parts = (waits.clone(), dropped.clone());
    let read = Tool::read("read_for_ever").handler(move |_: Context, _: NoArguments| {
        let (waits, dropped) = parts.clone();
        async move {
            let _dropped = OnDrop(dropped);
            waits.notify_one();
            std::future::pending::<()>().await;
            Ok(())
        }
    });
    let parts = (begun.clone(), goes_on.clone(), is_done.clone());
    let slow = Tool::write("slow").handler(move |_: Context, _: NoArguments| {
        let (begun, goes_on, is_done) = parts.clone();
        async move {
            begun.notify_one();
            goes_on.notified().await;
            is_done.store(true, Ordering::SeqCst);
            Ok(())
        }
    });
    let connector = Connector::new(&generated::CATALOG).tool(slow).tool(read);
    let world = SignedIn::start_with(connector, |_| ()).await.unwrap();
    let client = connected(&world, "full").await;
    let reader = client.clone();
    let calling = tokio::spawn(async move { call(&client, "slow", json!({})).await });
    begun.notified().await;
    let reading = tokio::spawn(async move { call(&reader, "read_for_ever", json!({})).await });
    waits.notified().await;
    for caller in [calling, reading] {
        caller.abort();
        let _ = caller.await;
    }
    // The read ends once the server sees that its caller went away, which the write's did before.
    let ended = tokio::time::timeout(Duration::from_secs(30), dropped.notified());
    ended.await.unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!is_done.load(Ordering::SeqCst));
    goes_on.notify_one();
    world.server.shutdown().await;
    assert!(is_done.load(Ordering::SeqCst));
}
