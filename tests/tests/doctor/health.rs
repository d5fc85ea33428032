//! `health`: what a container asks of the server in it.

use crate::deployment::{Deployment, free_address, health};

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
