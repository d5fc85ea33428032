//! The operator's commands on a database.

use std::process::{Command, Output};

use serde_json::json;

use crate::cluster::{Cluster, directory, postgres};

fn run(arguments: &[&str], file: &std::path::Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector"));
    command.args(arguments).arg("--config").arg(file);
    command.output().unwrap()
}

#[test]
fn config_check_shows_no_part_of_the_database_url() {
    let directory = directory("check");
    let file = directory.join("connector.toml");
    let url = "postgres://operator:hunter2@db.example/connector";
    std::fs::write(
        &file,
        format!("[server]\nmock = true\n[store]\nurl = {}\n", json!(url)),
    )
    .unwrap();
    let output = run(&["config", "check"], &file);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("url = \"[secret]\""), "{printed}");
    for text in [&output.stdout, &output.stderr] {
        assert!(!String::from_utf8_lossy(text).contains("hunter2"));
    }
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn help_shows_no_part_of_the_database_url() {
    for command in [&["serve", "--help"][..], &["accounts", "--help"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_connector"))
            .args(command)
            .env(
                "DRAWBRIDGE_STORE_URL",
                "postgres://operator:hunter2@db.example/x",
            )
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(printed.contains("DRAWBRIDGE_STORE_URL"), "{printed}");
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workspaces_and_accounts_are_listed_of_the_database() {
    let Some(postgres) = postgres() else { return };
    let database = postgres.database().unwrap();
    let cluster = Cluster::start("commands", &database).await.unwrap();
    let directory = directory("commands-file");
    let file = directory.join("connector.toml");
    std::fs::write(&file, format!("[store]\nurl = {}\n", json!(database))).unwrap();
    for (command, listed) in [("workspaces", "Harbor"), ("accounts", "Ada")] {
        let output = run(&[command], &file);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(
            printed.contains(listed),
            "{printed} {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    std::fs::write(
        &file,
        format!("[store]\nurl = {}\n", json!(postgres.database().unwrap())),
    )
    .unwrap();
    let output = run(&["workspaces"], &file);
    let refused = String::from_utf8_lossy(&output.stderr);
    assert!(
        refused.contains("store.url: there is no store in the database"),
        "{refused}"
    );
    std::fs::remove_dir_all(directory).unwrap();
    drop(cluster);
}
