//! Faults between clients and the server.

use crate::deployment::{Deployment, assert_fault, free_address};
use crate::front::{self, Does};

/// Examines a server behind a proxy.
async fn behind(name: &str, does: Does) -> crate::deployment::Findings {
    let mut deployment = Deployment::new(name).await;
    let address = free_address();
    deployment.public_url = format!("http://{address}");
    let server = deployment.start().await;
    front::start(&address, &deployment.listen, does).await;
    let findings = deployment.examine().await;
    server.shutdown().await;
    findings
}

#[tokio::test(flavor = "multi_thread")]
async fn deployment_without_faults_is_sound() {
    let findings = behind("sound", Does::Nothing).await;
    for subject in [
        "configuration",
        "public URL",
        "Host",
        "challenge",
        "Authorization",
        "resource metadata",
        "server metadata",
        "store",
        "API",
        "API credentials",
        "clock",
    ] {
        let verdict = findings.get(subject).map(|it| &it["verdict"]);
        assert_eq!(verdict, Some(&"ok".into()), "{subject}: {findings:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_at_the_root_is_sound() {
    let mut deployment = Deployment::new("root").await;
    deployment.path = "/".to_owned();
    let server = deployment.start().await;
    let findings = deployment.examine().await;
    server.shutdown().await;
    let faulty = findings.values().find(|it| it["verdict"] == "fault");
    assert_eq!(faulty, None, "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn public_url_without_a_server_is_named() {
    let deployment = Deployment::new("unreachable").await;
    deployment.start().await.shutdown().await;
    let findings = deployment.examine().await;
    assert_fault(
        &findings,
        "public URL",
        &deployment.listen,
        "start the server",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn public_url_with_http_of_a_host_that_redirects_to_https_is_named() {
    let findings = behind("redirect", Does::RedirectsToHttps).await;
    assert_fault(&findings, "public URL", "speaks https", "server.public_url");
}

#[tokio::test(flavor = "multi_thread")]
async fn public_url_with_https_of_a_server_without_tls_is_named() {
    let mut deployment = Deployment::new("plain").await;
    let server = deployment.start().await;
    deployment.public_url = deployment.public_url.replace("http:", "https:");
    let findings = deployment.examine().await;
    server.shutdown().await;
    assert_fault(
        &findings,
        "public URL",
        "speaks http",
        "end TLS at the proxy",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy_that_drops_the_token_is_named() {
    let findings = behind("token", Does::DropsAuthorization).await;
    assert_fault(
        &findings,
        "Authorization",
        "does not receive",
        "Authorization",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy_that_rewrites_the_host_is_named() {
    let findings = behind("host", Does::RewritesHost).await;
    assert_fault(&findings, "Host", "another Host", "server.allowed_hosts");
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy_that_drops_the_challenge_is_named() {
    // Without it, what becomes of the token cannot be seen either.
    let findings = behind("challenge", Does::DropsChallenge).await;
    let challenge = &findings["challenge"];
    assert_eq!(challenge["verdict"], "fault", "{findings:#?}");
    let remedy = challenge["remedy"].as_str().unwrap();
    assert!(remedy.contains("WWW-Authenticate"), "{remedy}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_that_clients_cannot_fetch_is_named() {
    let path = "/.well-known/oauth-protected-resource";
    let findings = behind("no_resource", Does::Hides(path)).await;
    assert_fault(&findings, "resource metadata", "404", "/.well-known/");
    let path = "/.well-known/oauth-authorization-server";
    let findings = behind("no_server", Does::Hides(path)).await;
    assert_fault(&findings, "server metadata", "404", "/.well-known/");
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_of_another_server_is_named() {
    let path = "/.well-known/oauth-protected-resource/mcp";
    let findings = behind("other_resource", Does::Replaces(path)).await;
    let fault = "`resource` is https://other.example";
    assert_fault(&findings, "resource metadata", fault, "restart the server");
    let path = "/.well-known/oauth-authorization-server";
    let findings = behind("other_server", Does::Replaces(path)).await;
    let fault = "`issuer` is https://other.example";
    assert_fault(&findings, "server metadata", fault, "restart the server");
}

#[tokio::test(flavor = "multi_thread")]
async fn path_that_leads_to_another_server_is_named() {
    let findings = behind("path", Does::Hides("/mcp")).await;
    let challenge = &findings["challenge"];
    let fault = challenge["message"].as_str().unwrap();
    assert!(fault.contains("answers 404"), "{findings:#?}");
}
