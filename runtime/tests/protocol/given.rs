//! Arguments whose value the server fills: they are neither offered nor needed.

use runtime::app::Environment;
use runtime::codegen::{
    Access, Catalog, Content, In, Operation, Parameter, Property, RequestBody, Schema,
    SecurityKind, SecurityScheme,
};
use runtime::config::Config;
use serde_json::{Value, json};

use crate::support::TestServer;

const ORDER: Operation = Operation {
    name: "order",
    title: "Order",
    description: "Orders something.",
    method: "POST",
    path: "/pets",
    access: Access::Write,
    parameters: &[
        Parameter {
            required: true,
            argument: "tenant",
            ..Parameter::header("X-Tenant")
        },
        Parameter {
            required: true,
            ..Parameter::header("X-Api-Key")
        },
        Parameter::header("X-Trace"),
    ],
    request_body: Some(RequestBody {
        required: false,
        content: Content::Properties(&[Property::new("name")]),
        media_types: &["application/json"],
        media_type_argument: None,
    }),
    security: &[&["key"], &[]],
    input: INPUT,
    ..Operation::BASE
};

static CUT: Operation = Operation {
    name: "cut",
    published: Some(Schema {
        json: r#"{"type":"object","properties":{"tenant":{},"X-Api-Key":{}},"required":["tenant","X-Api-Key"]}"#,
        definitions: &[],
    }),
    ..ORDER
};

const INPUT: Schema = Schema {
    json: r#"{"type":"object","properties":{"tenant":{"type":"string"},"X-Api-Key":{"type":"string"},"X-Trace":{"type":"string"},"name":{"type":"string"}},"required":["tenant","X-Api-Key"],"additionalProperties":false}"#,
    definitions: &[],
};

static CATALOG: Catalog = Catalog {
    name: "orders",
    server_name: "orders",
    title: "Orders",
    version: "1",
    summary: "",
    logo: None,
    repeated: &[],
    description: "",
    servers: &[],
    tags: &[],
    search_mode: false,
    security_schemes: &[SecurityScheme {
        name: "key",
        kind: SecurityKind::ApiKey {
            location: In::Header,
            name: "X-Api-Key",
        },
    }],
    operations: &[&[&ORDER, &CUT]],
};

async fn bench(settings: &str) -> TestServer {
    let read = Config::parse(settings, "connector.toml".as_ref()).unwrap();
    TestServer::of(&CATALOG, Environment::default(), |config| {
        config.upstream.headers = read.upstream.headers;
        config.upstream.credentials = read.upstream.credentials;
    })
    .await
}

async fn input(bench: &TestServer, name: &str) -> Value {
    let listed = bench.rpc("tools/list", json!({})).await;
    let tools = listed["result"]["tools"].as_array().unwrap().iter();
    let tool = tools.clone().find(|tool| tool["name"] == name).unwrap();
    tool["inputSchema"].clone()
}

fn names(input: &Value) -> Vec<&String> {
    input["properties"].as_object().unwrap().keys().collect()
}

#[tokio::test]
async fn arguments_that_nothing_fills_are_offered_and_needed() {
    let bench = bench("").await;
    let input = input(&bench, "order").await;
    assert_eq!(names(&input), ["tenant", "X-Api-Key", "X-Trace", "name"]);
    let result = bench.call("order", json!({})).await;
    assert_eq!(result["isError"], true, "{result}");
}

const GIVEN: &str = "[upstream.headers]\nx-tenant = { public = 'acme-173' }\n\
                     [upstream.credentials]\nkey = 'the-key-of-all'\n";

#[tokio::test]
async fn a_configured_header_and_a_credential_are_neither_offered_nor_needed() {
    let bench = bench(GIVEN).await;
    let input = input(&bench, "order").await;
    assert_eq!(names(&input), ["X-Trace", "name"]);
    assert!(input.get("required").is_none(), "{input}");
    let result = bench.call("order", json!({"name": "Rex"})).await;
    assert_ne!(result["isError"], true, "{result}");
    let seen = bench.api.seen().remove(0);
    assert_eq!(seen.headers["x-tenant"], "acme-173");
    assert_eq!(seen.headers["x-api-key"], "the-key-of-all");
}

#[tokio::test]
async fn a_definition_that_is_cut_offers_none_of_them_either() {
    let bench = bench(GIVEN).await;
    let input = input(&bench, "cut").await;
    assert!(
        names(&input).is_empty() && input.get("required").is_none(),
        "{input}"
    );
    let result = bench.call("cut", json!({})).await;
    assert_ne!(result["isError"], true, "{result}");
}

#[tokio::test]
async fn an_argument_that_is_not_offered_is_refused_by_name() {
    let bench = bench(GIVEN).await;
    let result = bench.call("order", json!({"tenant": "evil"})).await;
    assert_eq!(result["isError"], true, "{result}");
    assert!(result.to_string().contains("tenant"), "{result}");
    assert!(bench.api.seen().is_empty());
}
