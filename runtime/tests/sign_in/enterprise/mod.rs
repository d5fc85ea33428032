//! Clients that connect by assertions of an identity provider, without a browser (ID-JAG).

mod attacks;
mod clients;
mod connections;
mod issuers;

use runtime::config::{Config, EnterpriseSettings};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::identity_provider::{IdentityProvider, to_portal};
use crate::support::{Response, TestServer};

pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The client that connects, its secret, and another client.
const CLIENT: &str = "assistant";
const SECRET: &str = "secret: of+the assistant";
const OTHER: &str = "other";
const OTHER_SECRET: &str = "secret of the other";

/// The groups of the provider at which people sign in.
const GROUPS: &str = r#"
[[identity.groups]]
group = "engineering"
workspace = "home-eng"
name = "Engineering"

[[identity.groups]]
group = "sales"
workspace = "home-sales"
name = "Sales"
"#;

/// The settings of two clients, and of an issuer whose assertions one of them uses.
fn settings(issuer: &str, of_section: &str, of_issuer: &str) -> EnterpriseSettings {
    let text = format!(
        r#"
[enterprise]
{of_section}

[[enterprise.clients]]
client_id = "{CLIENT}"
name = "Assistant"
client_secret = "{SECRET}"

[[enterprise.clients]]
client_id = "{OTHER}"
name = "Other"
client_secret = "{OTHER_SECRET}"

[[enterprise.issuers]]
issuer = "{issuer}"
{of_issuer}
"#
    );
    let config = Config::parse(&text, std::path::Path::new("connector.toml"));
    config.unwrap().enterprise.unwrap()
}

/// What most tests set for the issuer.
const FULL: &str = "clients = [\"assistant\"]\nlevel = \"full\"";

/// A server whose people sign in at the provider, whose assertions it accepts.
async fn server(provider: &IdentityProvider, of_section: &str, of_issuer: &str) -> TestServer {
    let settings = settings(provider.issuer(), of_section, of_issuer);
    let change = |config: &mut Config| {
        config.accounts.passwords = false;
        config.enterprise = Some(settings);
    };
    provider.server_with(GROUPS, change).await
}

/// A provider with person-1 in a group, and a server that accepts its assertions.
async fn with_group() -> (IdentityProvider, TestServer) {
    let provider = IdentityProvider::start().await;
    groups(&provider, &["engineering"]);
    let server = server(&provider, "", FULL).await;
    (provider, server)
}

/// Has sign-ins and nothing else list these groups.
fn groups(provider: &IdentityProvider, groups: &[&str]) {
    provider.script(|script| drop(script.claims.insert("groups".to_owned(), json!(groups))));
}

/// Person-1 in a browser.
async fn person<'a>(provider: &IdentityProvider, server: &'a TestServer) -> Browser<'a> {
    let mut browser = Browser::new(server);
    let page = to_portal(provider, &mut browser).await;
    assert!(page.location.starts_with("/portal"), "{}", page.location);
    browser
}

/// An assertion for the client.
fn assertion(provider: &IdentityProvider, claims: Value) -> String {
    provider.assertion(CLIENT, json!({}), claims)
}

/// Sends an assertion as the client.
async fn send(server: &TestServer, assertion: &str, more: &[(&str, &str)]) -> Response {
    send_as(server, (CLIENT, SECRET), assertion, more).await
}

async fn send_as(
    server: &TestServer,
    (client, secret): (&str, &str),
    assertion: &str,
    more: &[(&str, &str)],
) -> Response {
    let mut form = vec![
        ("grant_type", JWT_BEARER),
        ("assertion", assertion),
        ("client_id", client),
        ("client_secret", secret),
    ];
    form.extend(more);
    server.post_form("/oauth/token", &form).await
}

/// The access token of an answer.
fn access(answer: &Response) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = answer.json();
    assert_eq!(token["token_type"], "Bearer");
    for absent in ["refresh_token", "id_token"] {
        assert!(token.get(absent).is_none(), "{token}");
    }
    assert_eq!(answer.header("cache-control"), "no-store");
    token["access_token"].as_str().unwrap().to_owned()
}

/// Checks that an answer is `invalid_grant`, with these words.
fn refused(answer: &Response, words: &str) {
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (400, "invalid_grant"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains(words), "{words}: {}", answer.body);
}

/// How many connections there are that have not been revoked.
async fn connections(server: &TestServer) -> i64 {
    let query = "SELECT COUNT(*) FROM grants WHERE revoked IS NULL";
    server.count(query).await
}
