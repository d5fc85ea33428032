//! A store that is copied from one database to another.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tests::example_api::{self, Options};
use tests::harness::client::{Client, Revision};
use tests::harness::example::mint_settings;
use tests::harness::oauth::Tokens;
use tests::harness::process::Deployment;

use crate::cluster::{directory, postgres};

fn copy(from: &str, to: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector"));
    command.args(["store", "copy", from, to]).output().unwrap()
}

/// Has the server of a deployment use a store from its next start on.
fn configure(deployment: &Deployment, store: &Value) {
    let file = deployment.directory.join("connector.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut config: toml::Table = text.parse().unwrap();
    let store = serde_json::from_value(store.clone()).unwrap();
    config.insert("store".to_owned(), toml::Value::Table(store));
    std::fs::write(&file, config.to_string()).unwrap();
}

/// Starts the server, calls a tool with a token of an earlier start, and refreshes it.
async fn go_on(deployment: &Deployment, tokens: &Tokens) -> Tokens {
    let server = deployment.start().await.unwrap();
    let client = Client::new(deployment.url.clone(), Revision::V2026_07_28);
    let client = client.with_token(&tokens.access);
    let params = json!({"name": "get_workspace", "arguments": {}});
    let result = client.request("tools/call", params).await.unwrap();
    assert_eq!(result["isError"], false, "{result}");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &tokens.refresh),
        ("client_id", &deployment.client.id),
    ];
    let tokens = deployment.client.tokens(&form).await.unwrap();
    // A person who is known signs in, and connects another client.
    deployment.client.connect(&deployment.person).await.unwrap();
    server.stop().await.unwrap();
    tokens
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_go_on_when_their_store_is_copied_to_postgresql_and_back() {
    let Some(postgres) = postgres() else { return };
    let directory = directory("copy");
    let api = example_api::start(Options::default()).await.unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_connector"));
    let tables = mint_settings(&api.operator_key);
    let upstream = api.url.parse().unwrap();
    let deployment = Deployment::prepare_with(program, &directory, &upstream, &tables);
    let deployment = deployment.await.unwrap();
    let tokens = go_on(&deployment, &deployment.tokens).await;

    let (file, database) = (deployment.database(), postgres.database().unwrap());
    let copied = copy(file.to_str().unwrap(), &database);
    assert!(copied.status.success(), "{copied:?}");
    configure(&deployment, &json!({"path": &file, "url": &database}));
    let tokens = go_on(&deployment, &tokens).await;

    let back = directory.join("back.db");
    let copied = copy(&database, back.to_str().unwrap());
    assert!(copied.status.success(), "{copied:?}");
    configure(&deployment, &json!({"path": &back}));
    go_on(&deployment, &tokens).await;
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn store_is_not_copied_over_another_one() {
    let Some(postgres) = postgres() else { return };
    let directory = directory("copy-refused");
    let api = example_api::start(Options::default()).await.unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_connector"));
    let tables = mint_settings(&api.operator_key);
    let upstream = api.url.parse().unwrap();
    let deployment = Deployment::prepare_with(program, &directory, &upstream, &tables);
    let file = deployment.await.unwrap().database();
    let (file, database) = (file.to_str().unwrap(), postgres.database().unwrap());
    assert!(copy(file, &database).status.success());
    let missing = directory.join("missing.db");
    for (from, to, refused) in [
        (file, database.as_str(), "is not empty"),
        (&database, file, "is not empty"),
        (missing.to_str().unwrap(), &database, "there is no store at"),
        (file, ":memory:", "gone with its server"),
        (
            file,
            "postgres://a:hunter2@127.0.0.1:1/x",
            "the store to copy to: ",
        ),
        (
            file,
            "postgress://a:hunter2@127.0.0.1:1/x",
            "does not begin with postgres://",
        ),
        (
            "POSTGRES://a:hunter2@127.0.0.1:1/x",
            &database,
            "the store to copy: ",
        ),
    ] {
        let output = copy(from, to);
        let reported = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{from} {to}");
        assert!(reported.contains(refused), "{reported}");
        assert!(!reported.contains("hunter2"), "{reported}");
    }
    // What was refused has changed nothing.
    let grants = postgres.run(
        database.rsplit('/').next().unwrap(),
        "SELECT COUNT(*) FROM grants",
    );
    assert_eq!(grants.unwrap(), "1");
    std::fs::remove_dir_all(directory).unwrap();
}
