//! The example's server with hand-written tools, and who calls them.

use runtime::codegen::schemars::JsonSchema;
use runtime::codegen::{
    Binding, CallError, Connector, Context, ErrorKind, Json, NoArguments, Operation, Parameter,
    Schema, Tool,
};
use runtime::config::Config;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tests::harness::client::{Client, Revision};
use tests::harness::oauth::OAuthClient;
use tests::harness::person::Choice;
use tests::harness::signed_in::SignedIn;

use crate::publishable_key;

/// A change of the workspace, as somebody writes it who forgets what its method means.
static RENAME: Operation = Operation {
    name: "rename_workspace",
    method: "PATCH",
    path: "/workspaces/{workspace_id}",
    parameters: &[Parameter {
        bind: Some(Binding::Workspace),
        ..Parameter::path("workspace_id")
    }],
    ..Operation::BASE
};

/// A read with a header field that the server sets.
static LIST_FOR_TENANT: Operation = Operation {
    name: "list_for_tenant",
    description: "Lists the accounts of a tenant. There is more to say.",
    brief: Some("Lists the accounts of a tenant. …"),
    path: "/accounts",
    parameters: &[Parameter {
        argument: "tenant",
        required: true,
        ..Parameter::header("X-Tenant")
    }],
    long_answers: true,
    security: &[&["api_key"]],
    input: Schema {
        json: r#"{"type":"object","properties":{"tenant":{"type":"string"}},"required":["tenant"]}"#,
        definitions: &[],
    },
    ..Operation::BASE
};

/// Where the client would be answered.
const CALLBACK: &str = "http://127.0.0.1/callback";

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "runtime::codegen::schemars")]
struct Campaigns {
    /// The names of the campaigns.
    names: Vec<String>,
}

async fn create_campaigns(
    context: Context,
    Campaigns { names }: Campaigns,
) -> Result<Json<Vec<Value>>, CallError> {
    let mut created = Vec::new();
    for name in names {
        let operation = &generated::tools::bundles::CREATE_BUNDLE;
        let bundle: Value = context.call_as(operation, json!({"name": name})).await?;
        created.push(bundle["id"].clone());
    }
    Ok(Json(created))
}

/// The tool of the example, and others that do what tools should not, or more than one thing.
pub(crate) fn connector() -> Connector {
    let create = Tool::write("create_campaigns")
        .title("Create campaigns")
        .description("Creates one draft for each name.")
        .cost(5)
        .handler(create_campaigns);
    let rename =
        Tool::read("rename_by_a_read").handler(async |context: Context, _: NoArguments| {
            let operation = &generated::tools::workspaces::UPDATE_WORKSPACE;
            context.call(operation, json!({"name": "Renamed"})).await
        });
    let panic = Tool::read("panic").handler(async |_: Context, _: NoArguments| {
        let nothing: Option<&'static str> = std::env::var_os("NEVER SET").map(|_| "set");
        Ok(nothing.unwrap())
    });
    let panic_in_a_write = Tool::write("panic_in_a_write").handler(
        async |_: Context, _: NoArguments| -> Result<(), CallError> {
            panic!("secret of the owner")
        },
    );
    let whoami = Tool::read("describe_caller").handler(async |context: Context, _: NoArguments| {
        Ok(json!({
            "workspace": context.workspace(),
            "workspace_id": context.workspace_id(),
            "person_id": context.person_id(),
            "request_id": context.request_id(),
        }))
    });
    let guarded = Tool::wrap(&generated::tools::accounts::GET_ACCOUNT).handler(
        async |context: Context, arguments: Map<String, Value>| {
            if arguments["account_id"] == "acc_harbor_youtube" {
                let message = "This account is not for assistants.";
                return Err(context.error(ErrorKind::Forbidden, message));
            }
            let operation = &generated::tools::accounts::GET_ACCOUNT;
            context.call(operation, arguments).await
        },
    );
    let constant = Tool::read("rename_by_a_constant")
        .handler(async |context: Context, _: NoArguments| context.call(&RENAME, json!({})).await);
    let tenant = Tool::wrap(&LIST_FOR_TENANT).handler(
        async |context: Context, arguments: Map<String, Value>| {
            context.call(&LIST_FOR_TENANT, arguments).await
        },
    );
    let first = Tool::read("first_account").handler(async |context: Context, _: NoArguments| {
        let operation = &generated::tools::accounts::LIST_ACCOUNTS;
        context.call(operation, json!({"limit": 1})).await
    });
    Connector::new(&generated::CATALOG)
        .tool(constant)
        .tool(tenant)
        .tool(first)
        .tool(publishable_key::tool())
        .tool(create)
        .tool(rename)
        .tool(panic)
        .tool(panic_in_a_write)
        .tool(whoami)
        .replace(guarded)
        .without(&generated::tools::webhooks::DELETE_WEBHOOK)
}

/// A server with sign-in.
pub(crate) async fn signed_in(change: impl FnOnce(&mut Config)) -> SignedIn {
    SignedIn::start_with(connector(), change).await.unwrap()
}

/// A client with a connection of this level.
pub(crate) async fn connected(world: &SignedIn, level: &'static str) -> Client {
    world.person.choose(Choice::Level(level));
    let client = OAuthClient::register(world.server.url(), CALLBACK);
    let tokens = client.await.unwrap().connect(&world.person).await.unwrap();
    let client = Client::new(world.server.url().clone(), Revision::V2026_07_28);
    client.with_token(&tokens.access)
}

/// Calls a tool.
pub(crate) async fn call(client: &Client, tool: &str, arguments: Value) -> Value {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    client.call(tool, arguments).await.unwrap()
}

/// The error in a result.
pub(crate) fn error(result: &Value) -> Value {
    assert_eq!(result["isError"], true, "{result}");
    let text = result["content"][0]["text"].as_str().unwrap();
    serde_json::from_str::<Value>(text).unwrap()["error"].take()
}
