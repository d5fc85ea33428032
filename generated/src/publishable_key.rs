//! `get_publishable_key`: a tool that is written by hand. The first call makes a key for the
//! workspace; all others return the same one.

use runtime::codegen::schemars::{self, JsonSchema};
use runtime::codegen::serde::{self, Deserialize, Serialize};
use runtime::codegen::serde_json::json;
use runtime::codegen::{
    Access, CallError, Context, Example, Json, NoArguments, Operation, Parameter, Schema, Tool,
};

/// Lists the keys of the workspace. The description hides the operation (`x-mcp: false`), so that it
/// is no tool and its constant is written here.
static LIST_KEYS: Operation = Operation {
    name: "list_publishable_keys",
    path: "/publishable-keys",
    security: &[&["api_key"]],
    example: Some(Example {
        status: 200,
        media_type: "application/json",
        body: r#"{"data":[{"key":"mq_pub_5t8w2c9x4k7m1d6q"}],"next_cursor":null}"#,
    }),
    ..Operation::BASE
};

/// Makes a key.
static CREATE_KEY: Operation = Operation {
    name: "create_publishable_key",
    method: "POST",
    path: "/publishable-keys",
    access: Access::Write,
    idempotent: false,
    parameters: &[Parameter {
        argument: "idempotency_key",
        ..Parameter::header("Idempotency-Key")
    }],
    security: &[&["api_key"]],
    input: Schema {
        json: r#"{"type":"object","properties":{"idempotency_key":{"type":"string"}}}"#,
        definitions: &[],
    },
    ..Operation::BASE
};

#[derive(Deserialize)]
#[serde(crate = "self::serde")]
struct Keys {
    data: Vec<Key>,
}

#[derive(Deserialize)]
#[serde(crate = "self::serde")]
struct Key {
    key: String,
}

/// What the tool returns.
#[derive(Serialize, JsonSchema)]
#[serde(crate = "self::serde")]
#[schemars(crate = "self::schemars")]
struct PublishableKey {
    /// The key. It is no secret: pages and feeds contain it.
    key: String,
    /// The URL of a picture, with the id of the media in place of `{media_id}`.
    url_template: String,
}

/// The tool. Read-only connections can call it: a person sees no change, although the first call
/// makes the key.
pub(crate) fn tool() -> Tool {
    Tool::read("get_publishable_key")
        .title("Get the publishable key")
        .description(
            "Returns the publishable key of the workspace, and the template of URLs that show its \
             pictures. Use it to embed pictures in pages and feeds.",
        )
        .phrases(&["embed a picture", "URL of an image"])
        .tags(&["media"])
        .writes_for_readers()
        .output::<PublishableKey>()
        .handler(get_publishable_key)
}

async fn get_publishable_key(
    context: Context,
    _: NoArguments,
) -> Result<Json<PublishableKey>, CallError> {
    let keys: Keys = context.call_as(&LIST_KEYS, ()).await?;
    let key = match keys.data.into_iter().next() {
        Some(key) => key,
        None => create_key(&context).await?,
    };
    let url_template = format!(
        "https://img.marquee.example/{{media_id}}.png?key={}",
        key.key
    );
    Ok(Json(PublishableKey {
        key: key.key,
        url_template,
    }))
}

/// Makes the key of the workspace. First calls that run at the same time send the same idempotency
/// key, on whichever server they are, so that the API makes one.
async fn create_key(context: &Context) -> Result<Key, CallError> {
    let workspace = context.workspace().unwrap_or("of-the-credential");
    let arguments = json!({"idempotency_key": format!("publishable-key-{workspace}")});
    context.call_as(&CREATE_KEY, arguments).await
}
