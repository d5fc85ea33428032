//! `health`: what a container asks of the server in it.

use std::process::Output;

use tokio::process::Command;

use crate::deployment::{Deployment, free_address};

async fn health(deployment: &Deployment, listen: &str) -> Output {
    deployment.configure();
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector"));
    let command = command.args(["health", "--listen", listen]);
    let command = command.current_dir(&deployment.directory).env_clear();
    // Nothing listens there.
    let command = command.env("HTTP_PROXY", "http://127.0.0.1:9");
    command.output().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn server_that_answers_is_healthy_also_where_it_listens_at_every_address() {
    let deployment = Deployment::new("healthy").await;
    let server = deployment.start().await;
    let (_, port) = deployment.listen.rsplit_once(':').unwrap();
    for listen in [deployment.listen.clone(), format!("0.0.0.0:{port}")] {
        let output = health(&deployment, &listen).await;
        assert!(output.status.success(), "{output:?}");
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_that_does_not_answer_is_not_healthy() {
    let deployment = Deployment::new("unhealthy").await;
    let address = free_address();
    let output = health(&deployment, &address).await;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("http://{address}/readyz")), "{said}");
}
