//! Faults of what the server itself needs.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use sqlx::{Connection as _, SqliteConnection};
use tests::harness::recorder::Reply;

use crate::deployment::{Deployment, assert_fault, free_address};

#[tokio::test(flavor = "multi_thread")]
async fn database_that_cannot_be_reached_is_named() {
    let mut deployment = Deployment::new("database").await;
    let server = deployment.start().await;
    let address = free_address();
    deployment.store = format!("url = \"postgres://person:hunter2@{address}/none\"");
    let findings = deployment.examine().await;
    server.shutdown().await;
    assert_fault(&findings, "store", "", "start the database");
    assert!(
        !format!("{findings:?}").contains("hunter2"),
        "{findings:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn store_of_a_newer_version_is_named() {
    let deployment = Deployment::new("newer").await;
    let server = deployment.start().await;
    let file = deployment.directory.join("connector.db");
    let url = format!("sqlite:{}", file.display());
    let mut store = SqliteConnection::connect(&url).await.unwrap();
    let row = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               VALUES (999999, 'of tomorrow', 1, x'00', 1)";
    sqlx::query(row).execute(&mut store).await.unwrap();
    let findings = deployment.examine().await;
    server.shutdown().await;
    assert_fault(&findings, "store", "newer version", "install the version");
}

#[tokio::test(flavor = "multi_thread")]
async fn store_of_an_older_version_is_left_as_it_is() {
    let deployment = Deployment::new("older").await;
    let server = deployment.start().await;
    let file = deployment.directory.join("connector.db");
    let url = format!("sqlite:{}", file.display());
    let mut store = SqliteConnection::connect(&url).await.unwrap();
    let last = "SELECT max(version) FROM _sqlx_migrations";
    let row = format!("DELETE FROM _sqlx_migrations WHERE version = ({last})");
    sqlx::query(sqlx::AssertSqlSafe(row))
        .execute(&mut store)
        .await
        .unwrap();
    let before: i64 = sqlx::query_scalar(last)
        .fetch_one(&mut store)
        .await
        .unwrap();
    let findings = deployment.examine().await;
    let after: i64 = sqlx::query_scalar(last)
        .fetch_one(&mut store)
        .await
        .unwrap();
    server.shutdown().await;
    assert_eq!(findings["store"]["verdict"], "ok", "{findings:#?}");
    let message = findings["store"]["message"].as_str().unwrap();
    assert!(message.contains("older version"), "{message}");
    assert_eq!(after, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn api_that_cannot_be_reached_is_named() {
    let mut deployment = Deployment::new("api").await;
    let server = deployment.start().await;
    let address = free_address();
    deployment.environment = vec![("DRAWBRIDGE_UPSTREAM_URL", format!("http://{address}"))];
    let findings = deployment.examine().await;
    server.shutdown().await;
    assert_fault(&findings, "API", &address, "upstream.url");
}

#[tokio::test(flavor = "multi_thread")]
async fn credential_that_the_api_refuses_is_named() {
    let deployment = Deployment::new("credential").await;
    let server = deployment.start().await;
    let refusal = r#"{"error": "key-of-the-operator is revoked"}"#;
    let refusal = Reply::new(StatusCode::UNAUTHORIZED, "application/json", refusal);
    deployment.api.answer(refusal);
    let findings = deployment.examine().await;
    server.shutdown().await;
    assert_fault(&findings, "API credentials", "401", "upstream.credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn clock_that_is_off_is_named() {
    let deployment = Deployment::new("clock").await;
    let server = deployment.start().await;
    let mut earlier = Reply::new(StatusCode::OK, "application/json", "{}");
    let date = SystemTime::now() - Duration::from_secs(3600);
    let date = httpdate::fmt_http_date(date);
    earlier.headers.push(("date".to_owned(), date));
    deployment.api.answer(earlier);
    let findings = deployment.examine().await;
    server.shutdown().await;
    assert_fault(&findings, "clock", "ahead of", "synchronize");
}

#[tokio::test(flavor = "multi_thread")]
async fn sealing_key_that_is_missing_is_named() {
    let mut deployment = Deployment::new("sealing_key").await;
    let server = deployment.start().await;
    deployment.tables = "[upstream.mint]\nscheme = \"api_key\"\n\
        credentials = { operator_key = \"key-of-the-operator\" }\n\
        sealing_keys = [{ id = \"1\", key = { env = \"SEALING_KEY\" } }]\n\
        [upstream.mint.create]\nrequest = \"POST /api-keys\"\n\
        body = { workspace_id = \"{workspace}\", name = \"{name} {grant}\", level = \"{level}\" }\n\
        levels = { read_only = \"read\", full = \"full\" }\nid = \"/id\"\nsecret = \"/secret\"\n\
        [upstream.mint.revoke]\nrequest = \"DELETE /api-keys/{id}\"\n\
        [upstream.mint.find]\nrequest = \"GET /api-keys?workspace_id={workspace}&cursor={cursor}\"\n\
        items = \"/data\"\nid = \"/id\"\ngrant = \"/name\"\nnext = \"/next_cursor\"\n"
        .to_owned();
    let findings = deployment.examine().await;
    server.shutdown().await;
    assert_fault(
        &findings,
        "configuration",
        "SEALING_KEY",
        "environment variable",
    );
}
