//! Faults of the certificate, before a real TLS server.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tests::harness::requirement::require;

use crate::deployment::{Deployment, Findings, assert_fault, free_address};

fn openssl() -> Result<(), String> {
    let found = Command::new("openssl").arg("version").output();
    found
        .map(drop)
        .map_err(|_| "no openssl on the path".to_owned())
}

/// Runs commands of openssl in a directory.
fn run(directory: &Path, commands: &[&str]) {
    for command in commands {
        let mut program = Command::new("openssl");
        program.args(command.split(' ')).current_dir(directory);
        let output = program.output().unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
    }
}

/// Examines a deployment behind a server with a certificate for `name` that lasts so many days.
async fn examine(test: &str, name: &str, days: &str) -> Option<Findings> {
    require(openssl())?;
    let mut deployment = Deployment::new(test).await;
    deployment.start().await.shutdown().await;
    let directory = deployment.directory.clone();
    std::fs::write(
        directory.join("names"),
        format!("subjectAltName=DNS:{name}\n"),
    )
    .unwrap();
    let sign = format!(
        "x509 -req -in ee.csr -CA ca.pem -CAkey ca.key -out ee.pem -days {days} -extfile names"
    );
    run(
        &directory,
        &[
            "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=authority -days 30",
            "req -newkey rsa:2048 -nodes -keyout ee.key -out ee.csr -subj /CN=server",
            &sign,
        ],
    );
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
    let authority = directory.join("ca.pem").display().to_string();
    deployment.environment = vec![("SSL_CERT_FILE", authority)];
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
