//! Faults of the certificate, before a real TLS server.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::certificates::{certify, possible};
use crate::deployment::{Deployment, Findings, assert_fault, free_address};

/// Examines a deployment behind a server with a certificate for `name` that lasts so many days.
async fn examine(test: &str, name: &str, days: &str) -> Option<Findings> {
    possible()?;
    let mut deployment = Deployment::new(test).await;
    deployment.start().await.shutdown().await;
    let directory = deployment.directory.clone();
    let authority = certify(&directory, name, days);
    // A certificate for no day has expired a second later.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let address = free_address();
    let mut server = Command::new("openssl")
        .args([
            "s_server", "-www", "-quiet", "-cert", "ee.pem", "-key", "ee.key", "-accept", &address,
        ])
        .current_dir(&directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while tokio::net::TcpStream::connect(&address).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    deployment.public_url = format!("https://{}", address.replace("127.0.0.1", "localhost"));
    deployment.environment = vec![("SSL_CERT_FILE", authority.display().to_string())];
    let findings = deployment.examine().await;
    server.kill().unwrap();
    server.wait().unwrap();
    Some(findings)
}

#[tokio::test(flavor = "multi_thread")]
async fn certificate_that_expired_is_named() {
    let Some(findings) = examine("expired", "localhost", "0").await else {
        return;
    };
    assert_fault(&findings, "certificate", "expired", "renew");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificate_for_another_name_is_named() {
    let Some(findings) = examine("other_name", "other.example", "30").await else {
        return;
    };
    assert_fault(
        &findings,
        "certificate",
        "another name",
        "server.public_url",
    );
}
