//! Earlier names of tools: clients with an old list of tools go on calling them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use runtime::app::Environment;
use runtime::clock::Clock;
use runtime::codegen::{Access, Alias, Catalog, Operation, Parameter, Schema};
use serde_json::{Value, json};

use crate::support::TestServer;

static GET_PET: Operation = Operation {
    name: "get_pet",
    title: "Get a pet",
    description: "Returns one pet.",
    aliases: &[
        Alias {
            name: "fetch_pet",
            until: None,
            calls: true,
        },
        Alias {
            name: "pet",
            until: Some("2027-03-31"),
            calls: true,
        },
        Alias {
            name: "pet_by_name",
            until: None,
            calls: false,
        },
    ],
    path: "/pets/{id}",
    parameters: &[Parameter::path("id")],
    input: Schema {
        json: r#"{"type":"object","properties":{"id":{"type":"integer"}},"required":["id"],"additionalProperties":false}"#,
        definitions: &[],
    },
    ..Operation::BASE
};

static UPLOAD: Operation = Operation {
    name: "upload",
    title: "Upload",
    description: "Makes a file.",
    aliases: &[
        Alias {
            name: "send_file",
            until: None,
            calls: true,
        },
        Alias {
            name: "upload_form",
            until: None,
            calls: false,
        },
    ],
    method: "POST",
    path: "/files",
    access: Access::Write,
    ..Operation::BASE
};

static CATALOG: Catalog = Catalog {
    name: "pets-program",
    server_name: "pets",
    title: "Pets",
    version: "1",
    summary: "",
    logo: None,
    repeated: &[],
    description: "",
    servers: &[],
    tags: &[],
    search_mode: false,
    security_schemes: &[],
    operations: &[&[&GET_PET, &UPLOAD]],
};

/// A clock that a test sets.
#[derive(Clone, Debug)]
struct Day(Arc<Mutex<u64>>);

impl Clock for Day {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(*self.0.lock().unwrap())
    }
}

/// 2027-03-31, one second before midnight.
const LAST_SECOND: u64 = 1_806_537_599;

async fn server(read_only: bool) -> (TestServer, Day) {
    let day = Day(Arc::new(Mutex::new(LAST_SECOND)));
    let environment = Environment {
        clock: Arc::new(day.clone()),
        ..Environment::default()
    };
    let change = |config: &mut runtime::config::Config| config.server.read_only = read_only;
    (TestServer::of(&CATALOG, environment, change).await, day)
}

async fn error(server: &TestServer, tool: &str) -> Value {
    let params = json!({"name": tool, "arguments": {"id": 5}});
    server.rpc("tools/call", params).await["error"]["message"].take()
}

#[tokio::test]
async fn alias_calls_the_tool_in_every_revision() {
    let (server, _) = server(false).await;
    let result = server.call("fetch_pet", json!({"id": 5})).await;
    assert_eq!(result["isError"], false, "{result}");
    let params = json!({"name": "fetch_pet", "arguments": {"id": 6}});
    let (status, answer) = server.modern("tools/call", params).await;
    assert_eq!((status, &answer["result"]["isError"]), (200, &json!(false)));
    let seen: Vec<String> = server.api.seen().into_iter().map(|it| it.uri).collect();
    assert_eq!(seen, ["/pets/5", "/pets/6"]);
}

#[tokio::test]
async fn arguments_of_a_call_by_an_alias_are_validated() {
    let (server, _) = server(false).await;
    let result = server.call("fetch_pet", json!({})).await;
    let error = &result["structuredContent"]["error"];
    assert_eq!(error["kind"], "invalid_arguments", "{result}");
    assert!(server.api.seen().is_empty());
}

#[tokio::test]
async fn alias_is_answered_until_the_end_of_its_last_day() {
    let (server, day) = server(false).await;
    let result = server.call("pet", json!({"id": 5})).await;
    assert_eq!(result["isError"], false, "{result}");
    *day.0.lock().unwrap() += 1;
    assert_eq!(
        error(&server, "pet").await,
        "unknown tool: `pet`; it is called `get_pet` now"
    );
    assert_eq!(server.api.seen().len(), 1);
}

#[tokio::test]
async fn alias_that_does_not_call_is_an_error_that_names_the_tool() {
    let (server, _) = server(false).await;
    let result = server.call("pet_by_name", json!({"name": "Rex"})).await;
    let error = &result["structuredContent"]["error"];
    assert_eq!(result["isError"], true);
    assert_eq!(error["kind"], "tool_replaced", "{result}");
    assert_eq!(
        error["message"],
        "`pet_by_name` was replaced by `get_pet`; nothing was sent."
    );
    assert!(error["hint"].as_str().unwrap().contains("`get_pet`"));
    assert!(server.api.seen().is_empty());
}

#[tokio::test]
async fn alias_is_in_no_list() {
    let (server, _) = server(false).await;
    let listed = server.rpc("tools/list", json!({})).await.to_string();
    assert!(listed.contains("get_pet"));
    for alias in [
        "fetch_pet",
        "\"pet\"",
        "pet_by_name",
        "send_file",
        "upload_form",
    ] {
        assert!(!listed.contains(alias), "{alias}: {listed}");
    }
}

#[tokio::test]
async fn alias_of_a_write_is_refused_where_the_write_is() {
    let (server, _) = server(true).await;
    let by_name = server.call("upload", json!({})).await;
    let error = |result: &Value| {
        let error = &result["structuredContent"]["error"];
        (error["kind"].clone(), error["message"].clone())
    };
    assert_eq!(error(&by_name).0, "forbidden", "{by_name}");
    for alias in ["send_file", "upload_form"] {
        let by_alias = server.call(alias, json!({})).await;
        assert_eq!(error(&by_alias), error(&by_name), "{alias}");
    }
    assert!(server.api.seen().is_empty());
}
