//! How servers start on a database.

use std::process::Stdio;
use std::time::{Duration, Instant};

use postgres_server::Server;
use serde_json::json;
use tests::harness::client::{Client, Revision};
use tokio::process::Command;

use crate::cluster::{Cluster, One, PATIENCE, directory, postgres};

#[tokio::test(flavor = "multi_thread")]
async fn person_signs_in_and_calls_a_tool_with_the_store_in_postgresql() {
    let Some(postgres) = postgres() else { return };
    let cluster = Cluster::start("journey", &postgres.database().unwrap())
        .await
        .unwrap();
    let client = Client::new(cluster.url.clone(), Revision::V2026_07_28);
    let client = client.with_token(&cluster.tokens.access);
    let params = json!({"name": "get_workspace", "arguments": {}});
    let result = client.request("tools/call", params).await.unwrap();
    assert_eq!(result["isError"], false, "{result}");
    cluster.person.revoke_all().await.unwrap();
    // Whichever server is asked: one believes what it read for half a second.
    let revoked = Instant::now();
    for server in 0..2 {
        while cluster
            .call(server, &cluster.tokens.access)
            .await
            .unwrap()
            .status
            != 401
        {
            assert!(
                revoked.elapsed() < PATIENCE,
                "still valid at server {server}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert!(!cluster.log().contains("hunter2"), "{}", cluster.log());
}

/// Writes the configuration of a server on a database.
fn configure(name: &str, database: &str) -> std::path::PathBuf {
    let directory = directory(name);
    let text = format!(
        "[server]\nmock = true\n[store]\npath = {}\nurl = {}\n[accounts]\nworkspaces = \"unscoped\"\n",
        json!(directory.join("connector.db")),
        json!(database),
    );
    std::fs::write(directory.join("connector.toml"), text).unwrap();
    directory
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_start_together_make_one_store() {
    let Some(postgres) = postgres() else { return };
    let database = postgres.database().unwrap();
    let directory = configure("together", &database);
    let starts = (0..4).map(|_| One::start(&directory));
    for started in futures_util::future::join_all(starts).await {
        started.unwrap();
    }
    let name = database.rsplit('/').next().unwrap();
    let stores = postgres
        .run(name, "SELECT COUNT(*) FROM store_state")
        .unwrap();
    assert_eq!(stores, "1");
    std::fs::remove_dir_all(directory).unwrap();
}

/// Starts a server that is to end by itself; returns what it says.
async fn refusal(directory: &std::path::Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_connector"))
        .args(["serve", "--listen", "127.0.0.1:0", "--config"])
        .arg(directory.join("connector.toml"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, output)
        .await
        .unwrap()
        .unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

fn record_migration(postgres: &Server, database: &str) {
    let record = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
                  execution_time) VALUES (1000, 'later', TRUE, '', 0)";
    postgres.run(database, record).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn server_works_beside_a_later_version_and_not_beside_one_that_it_does_not_know() {
    let Some(postgres) = postgres() else { return };
    let database = postgres.database().unwrap();
    let name = database.rsplit('/').next().unwrap();
    let directory = configure("later", &database);
    drop(One::start(&directory).await.unwrap());
    record_migration(postgres, name);
    drop(One::start(&directory).await.unwrap());
    postgres
        .run(name, "UPDATE store_state SET needs = 1000")
        .unwrap();
    let refused = refusal(&directory).await;
    assert!(refused.contains("store.url: "), "{refused}");
    assert!(refused.contains("newer version"), "{refused}");
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn server_without_its_database_says_so_without_the_password() {
    let Some(postgres) = postgres() else { return };
    for (name, url) in [
        ("missing", postgres.url("no_such_database")),
        (
            "closed",
            "postgres://drawbridge:hunter2@127.0.0.1:1/x".to_owned(),
        ),
    ] {
        let directory = configure(name, &url);
        let refused = refusal(&directory).await;
        assert!(refused.contains("store.url: "), "{refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
        std::fs::remove_dir_all(directory).unwrap();
    }
}
