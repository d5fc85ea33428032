//! A server without a proxy: it speaks HTTPS, and reads its certificate again.

use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client, Version};
use runtime::app::Server;
use runtime::config::Config;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::certificates::{certify, possible};
use crate::deployment::{Deployment, health};

/// Makes a deployment that serves a new certificate for `localhost`.
async fn deployment(test: &str) -> Option<Deployment> {
    possible()?;
    let mut deployment = Deployment::new(test).await;
    let directory = deployment.directory.clone();
    let authority = certify(&directory, "localhost", "30");
    deployment.public_url = format!(
        "https://{}",
        deployment.listen.replace("127.0.0.1", "localhost")
    );
    deployment.tables = format!(
        "{}[tls]\ncertificate_file = {}\nkey_file = {}\nreload_seconds = 1\n",
        deployment.tables,
        json!(directory.join("ee.pem")),
        json!(directory.join("ee.key")),
    );
    deployment.environment = vec![("SSL_CERT_FILE", authority.display().to_string())];
    Some(deployment)
}

/// A client that trusts one authority alone.
fn trusting(authority: &Path) -> Client {
    let authority = Certificate::from_pem(&std::fs::read(authority).unwrap()).unwrap();
    let client = Client::builder().tls_certs_only([authority]).no_proxy();
    // Each request shakes hands anew.
    client.pool_max_idle_per_host(0).build().unwrap()
}

/// Asks until a client that trusts the authority alone is answered, or is not any more.
async fn wait_until(deployment: &Deployment, authority: &Path, is_trusted: bool) {
    let client = trusting(authority);
    let url = format!("{}/healthz", deployment.public_url);
    for _ in 0..600 {
        if client.get(&url).send().await.is_ok() == is_trusted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the certificate is not replaced");
}

async fn answers(server: &Server, client: &Client) -> bool {
    let url = server.url().join("/healthz").unwrap();
    client.get(url).send().await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn server_with_a_certificate_is_examined_without_a_fault_and_healthy() {
    let Some(deployment) = deployment("https").await else {
        return;
    };
    let server = deployment.start().await;
    let findings = deployment.examine().await;
    let faulty = findings.values().find(|it| it["verdict"] == "fault");
    assert_eq!(faulty, None, "{findings:#?}");
    assert_eq!(findings["certificate"]["verdict"], "ok", "{findings:#?}");
    let output = health(&deployment, &deployment.listen).await;
    assert!(output.status.success(), "{output:?}");
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_chooses_the_version_of_http_in_the_handshake() {
    let Some(deployment) = deployment("https_versions").await else {
        return;
    };
    let server = deployment.start().await;
    let url = server.url().join("/healthz").unwrap();
    let authority = deployment.directory.join("ca.pem");
    let answer = trusting(&authority).get(url.clone()).send().await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    let pem = Certificate::from_pem(&std::fs::read(&authority).unwrap()).unwrap();
    let older = Client::builder().tls_certs_only([pem]).no_proxy();
    let older = older.http1_only().build().unwrap();
    let answer = older.get(url).send().await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_11);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificate_that_is_replaced_is_used_without_a_restart() {
    let Some(deployment) = deployment("https_replaced").await else {
        return;
    };
    let server = deployment.start().await;
    let before = deployment.directory.join("before.pem");
    std::fs::copy(deployment.directory.join("ca.pem"), &before).unwrap();
    wait_until(&deployment, &before, true).await;
    let after = certify(&deployment.directory, "localhost", "30");
    wait_until(&deployment, &after, true).await;
    wait_until(&deployment, &before, false).await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replacement_that_cannot_be_used_leaves_the_certificate_in_place() {
    let Some(deployment) = deployment("https_broken").await else {
        return;
    };
    let server = deployment.start().await;
    let client = trusting(&deployment.directory.join("ca.pem"));
    let file = deployment.directory.join("ee.pem");
    let good = std::fs::read(&file).unwrap();
    for broken in [&b"not a certificate"[..], b""] {
        std::fs::write(&file, broken).unwrap();
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert!(answers(&server, &client).await, "{broken:?}");
    }
    std::fs::remove_file(&file).unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(answers(&server, &client).await);
    std::fs::write(&file, good).unwrap();
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_that_does_not_shake_hands_is_disconnected() {
    let Some(deployment) = deployment("https_silent").await else {
        return;
    };
    let server = deployment.start().await;
    // One that says nothing, and one that speaks HTTP.
    for opening in ["", "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"] {
        let mut stream = TcpStream::connect(&deployment.listen).await.unwrap();
        stream.write_all(opening.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let read = tokio::time::timeout(Duration::from_secs(60), read).await;
        assert!(read.is_ok(), "{opening:?}");
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    }
    server.shutdown().await;
}

/// Returns what is wrong with a deployment one of whose files is replaced by another one, or removed.
async fn refusal(test: &str, (file, by): (&str, Option<&str>)) -> Option<String> {
    let deployment = deployment(test).await?;
    let file = deployment.directory.join(file);
    match by {
        Some(by) => drop(std::fs::copy(deployment.directory.join(by), file).unwrap()),
        None => std::fs::remove_file(file).unwrap(),
    }
    let config = Config::load(Some(&deployment.configure())).unwrap();
    let refused = runtime::app::check(&generated::CATALOG, &config).unwrap_err();
    Some(refused.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn certificate_that_cannot_be_used_is_refused_with_file_line_and_key() {
    let cases = [
        (
            "https_missing",
            ("ee.pem", None),
            "tls.certificate_file",
            "cannot be read",
        ),
        (
            "https_swapped",
            ("ee.pem", Some("ee.key")),
            "tls.certificate_file",
            "BEGIN CERTIFICATE",
        ),
        (
            "https_no_key",
            ("ee.key", Some("ee.pem")),
            "tls.key_file",
            "BEGIN PRIVATE KEY",
        ),
        (
            "https_another",
            ("ee.key", Some("ca.key")),
            "tls.key_file",
            "first certificate",
        ),
    ];
    for (test, change, key, message) in cases {
        let Some(refused) = refusal(test, change).await else {
            return;
        };
        assert!(refused.contains("connector.toml:"), "{refused}");
        assert!(refused.contains(key), "{refused}");
        assert!(refused.contains(message), "{refused}");
    }
}
