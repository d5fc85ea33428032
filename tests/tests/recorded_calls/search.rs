//! `audit`, as a support person types it.

use std::process::Command;

use serde_json::{Value, json};

use crate::world::{World, read};

impl World {
    /// What the command prints: to standard output, and to standard error.
    fn audit(&self, arguments: &[&str]) -> (String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_connector"))
            .arg("audit")
            .arg("--config")
            .arg(self.deployment.directory.join("connector.toml"))
            .args(arguments)
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_call_is_found_by_the_command_with_its_request_id() {
    let world = World::prepare("search").await;
    let server = world.start().await;
    world.call(read()).await.unwrap();
    let wrong = ("get_workspace", json!({"no_such_argument": 1}));
    let failed = world.call(wrong).await.unwrap().request_id.unwrap();
    assert_eq!(world.ended(&failed).await, ["invalid_arguments"]);
    let search = ["--tool", "get_workspace", "--since", "5m"];
    let (table, _) = world.audit(&search);
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 2, "{table}");
    assert!(
        lines[0].contains("invalid_arguments") && lines[0].contains(&failed),
        "{table}"
    );
    let (text, _) = world.audit(&["--request", &failed, "--format", "json"]);
    let row: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(row["outcome"], "invalid_arguments");
    assert_eq!((&row["access"], &row["cost"]), (&json!("read"), &json!(0)));
    let (page, hint) = world.audit(&["--tool", "get_workspace", "--limit", "1"]);
    assert_eq!(page.trim_end(), lines[0]);
    let (_, position) = hint.split_once("--after ").unwrap();
    let older = ["--tool", "get_workspace", "--after", position.trim()];
    assert_eq!(world.audit(&older).0.trim_end(), lines[1]);
    let (nothing, error) = world.audit(&["--workspace", "No such workspace"]);
    assert_eq!(nothing, "");
    assert!(
        error.contains("there is no workspace `No such workspace`"),
        "{error}"
    );
    server.stop().await.unwrap();
}
