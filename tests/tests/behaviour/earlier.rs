//! What an earlier version left behind works: its database with a person, a workspace that is
//! linked and a connection, and its `connector.toml`.

use std::fs;
use std::path::{Path, PathBuf};

use http::{HeaderMap, Method, StatusCode};
use runtime::app::{self, Server};
use runtime::config::Config;
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tests::harness::recorder::Recorder;
use tests::harness::requirement::repository;
use tests::harness::server::environment;
use url::Url;

use crate::conversation::Conversation;

/// As they were issued when the database was recorded.
const ACCESS_TOKEN: &str = "mcpk_live_OdSVJyHOLCLNS0Ezvt0jfrmAT0W1UHGldmWjgEYNwTj_09FRvC";
const REFRESH_TOKEN: &str = "mcpk_live_refresh_qcr5MDKSFVny4IFQEZ8C9j0BTc2aNxb8An1QQ6wBac7_4OR7IH";
const CLIENT_ID: &str = "client_95c37485f49f93b2f2c8f98e7d0c43f3";

/// A directory with what the earlier version left, but for the address of the API.
async fn deployment(name: &str, api: &Url) -> PathBuf {
    let earlier = repository().join("tests/tests/behaviour/earlier");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    let settings = fs::read_to_string(earlier.join("connector.toml")).unwrap();
    let settings = settings.replace("http://127.0.0.1:9/", api.as_str());
    fs::write(directory.join("connector.toml"), settings).unwrap();
    let database = SqliteConnectOptions::new()
        .filename(directory.join("connector.db"))
        .create_if_missing(true)
        .foreign_keys(false);
    let database = SqlitePool::connect_with(database).await.unwrap();
    let script = fs::read_to_string(earlier.join("connector.sql")).unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(script))
        .execute(&database)
        .await
        .unwrap();
    database.close().await;
    directory
}

async fn start(directory: &Path) -> Server {
    let config = Config::load(Some(&directory.join("connector.toml"))).unwrap();
    let server = app::start(&generated::CATALOG, config, environment()).await;
    server.unwrap()
}

fn wire(server: &Server) -> Conversation {
    let origin = Url::parse("https://mcp.example.com/").unwrap();
    Conversation::with(server.addr(), &origin)
}

async fn call(wire: &mut Conversation, token: &str) -> (StatusCode, String) {
    let authorization = format!("Bearer {token}");
    let headers = [
        ("content-type", "application/json"),
        ("authorization", &*authorization),
    ];
    let params = json!({"name": "get_workspace", "arguments": {}});
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let said = wire
        .send(Method::POST, "/mcp", &headers, &call.to_string())
        .await;
    (said.status, said.body)
}

fn sent<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).unwrap().to_str().unwrap()
}

#[tokio::test]
async fn access_token_of_an_earlier_version_calls_tools() {
    let api = Recorder::start().await.unwrap();
    let directory = deployment("earlier_access", api.url()).await;
    let server = start(&directory).await;
    assert!(server.setup_link().is_none());
    let (status, body) = call(&mut wire(&server), ACCESS_TOKEN).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let [request] = &api.take()[..] else {
        panic!("{body}");
    };
    assert!(
        request.target.contains("/v1/workspaces/wsp_harbor"),
        "{}",
        request.target
    );
    assert_eq!(
        sent(&request.headers, "authorization"),
        "Bearer of-this-suite"
    );
    assert_eq!(sent(&request.headers, "x-api-version"), "2026-11-01");
    assert!(request.headers.contains_key("x-on-behalf-of"));
    server.shutdown().await;
}

#[tokio::test]
async fn refresh_token_of_an_earlier_version_is_rotated() {
    let api = Recorder::start().await.unwrap();
    let directory = deployment("earlier_refresh", api.url()).await;
    let server = start(&directory).await;
    let mut wire = wire(&server);
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", REFRESH_TOKEN),
        ("client_id", CLIENT_ID),
    ];
    let tokens = wire.post("/oauth/token", &form).await.json();
    let access = tokens["access_token"].as_str().unwrap().to_owned();
    assert_eq!(call(&mut wire, &access).await.0, StatusCode::OK);
    server.shutdown().await;
}

#[tokio::test]
async fn person_of_an_earlier_version_signs_in_and_finds_their_key() {
    let api = Recorder::start().await.unwrap();
    let directory = deployment("earlier_person", api.url()).await;
    let server = start(&directory).await;
    let mut wire = wire(&server);
    let said = wire.open("/portal/keys").await;
    let page = wire.open(said.location().as_str()).await.page();
    let form = page.form_with("password").unwrap();
    let form = form.with("email", "ada@example.com");
    let form = form.with("password", "correct horse battery staple");
    let said = wire.submit(&form).await;
    let keys = wire.open(said.location().as_str()).await;
    assert!(keys.body.contains("client.example"), "{}", keys.body);
    server.shutdown().await;
}
