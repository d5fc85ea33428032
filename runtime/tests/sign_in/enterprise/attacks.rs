//! Assertions that open nothing: a table, which is printed. In each row no connection and no token is made.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    CLIENT, FULL, OTHER, OTHER_SECRET, SECRET, access, assertion, connections, groups, person,
    send, send_as, with_group,
};
use crate::identity_provider::{IdentityProvider, Signature};
use crate::support::{ORIGIN, RESOURCE, Response, TestServer};

/// A server, and how many tokens it has issued.
struct Table<'a> {
    server: &'a TestServer,
    rows: usize,
}

impl Table<'_> {
    async fn tokens(&self) -> i64 {
        self.server
            .count("SELECT COUNT(*) FROM access_tokens")
            .await
    }

    /// Prints a row, and checks that the assertion was refused with this error and these words.
    fn row(&mut self, attack: &str, found: &Response, error: &str, words: &str) {
        let description = found.json()["error_description"].to_string();
        let (status, name) = (found.status, found.error());
        println!("| {attack} | {status} | {name} | {description} |");
        assert_eq!(name, error, "{attack}: {}", found.body);
        assert!(description.contains(words), "{attack}: {description}");
        assert!((400..=401).contains(&found.status), "{attack}");
        self.rows += 1;
    }
}

/// What is wrong with the header or the claims of an assertion, and the words of its refusal.
fn claims(now: i64) -> Vec<(&'static str, Value, Value, &'static str)> {
    let same = || json!({});
    let typ = |typ: Value| json!({"typ": typ});
    let other = "https://other.example";
    vec![
        (
            "issuer: unknown",
            same(),
            json!({"iss": other}),
            "no issuer",
        ),
        (
            "issuer: this server",
            same(),
            json!({"iss": ORIGIN}),
            "no issuer",
        ),
        ("issuer: missing", same(), json!({"iss": null}), "no issuer"),
        (
            "audience: another server",
            same(),
            json!({"aud": other}),
            "another audience",
        ),
        (
            "audience: with a slash",
            same(),
            json!({"aud": format!("{ORIGIN}/")}),
            "another audience",
        ),
        (
            "audience: the resource",
            same(),
            json!({"aud": RESOURCE}),
            "another audience",
        ),
        (
            "audience: two",
            same(),
            json!({"aud": [ORIGIN, other]}),
            "several audiences",
        ),
        (
            "audience: missing",
            same(),
            json!({"aud": null}),
            "lacks a claim",
        ),
        (
            "client: another",
            same(),
            json!({"client_id": OTHER}),
            "another client",
        ),
        (
            "client: a list",
            same(),
            json!({"client_id": [CLIENT]}),
            "another client",
        ),
        (
            "client: missing",
            same(),
            json!({"client_id": null}),
            "another client",
        ),
        (
            "resource: another server",
            same(),
            json!({"resource": format!("{other}/mcp")}),
            "not here",
        ),
        (
            "resource: another path",
            same(),
            json!({"resource": format!("{ORIGIN}/other")}),
            "not here",
        ),
        (
            "resource: two",
            same(),
            json!({"resource": [RESOURCE, RESOURCE]}),
            "several resources",
        ),
        (
            "resource: no text",
            same(),
            json!({"resource": 1}),
            "several resources",
        ),
        (
            "expired",
            same(),
            json!({"iat": now - 400, "exp": now - 61}),
            "expired",
        ),
        (
            "expiry: missing",
            same(),
            json!({"exp": null}),
            "lacks a claim",
        ),
        (
            "expiry: no number",
            same(),
            json!({"exp": "soon"}),
            "lacks a claim",
        ),
        (
            "not yet valid: nbf",
            same(),
            json!({"nbf": now + 61}),
            "not valid yet",
        ),
        (
            "not yet valid: iat",
            same(),
            json!({"iat": now + 61}),
            "not valid yet",
        ),
        ("iat: missing", same(), json!({"iat": null}), "no `iat`"),
        (
            "lifetime: more than an hour",
            same(),
            json!({"exp": now + 3601}),
            "more than 3600",
        ),
        (
            "lifetime: without end",
            same(),
            json!({"exp": i64::MAX}),
            "more than 3600",
        ),
        (
            "jti: missing",
            same(),
            json!({"jti": null}),
            "no usable `jti`",
        ),
        ("jti: empty", same(), json!({"jti": ""}), "no usable `jti`"),
        (
            "jti: 256 bytes",
            same(),
            json!({"jti": "x".repeat(256)}),
            "no usable `jti`",
        ),
        (
            "subject: missing",
            same(),
            json!({"sub": null}),
            "lacks a claim",
        ),
        (
            "subject: with a line break",
            same(),
            json!({"sub": "person-1\n"}),
            "no usable `sub`",
        ),
        (
            "type: JWT",
            typ(json!("JWT")),
            same(),
            "no identity assertion",
        ),
        (
            "type: an access token",
            typ(json!("at+jwt")),
            same(),
            "no identity assertion",
        ),
        (
            "type: missing",
            typ(json!(null)),
            same(),
            "no identity assertion",
        ),
        (
            "an extension that has to be understood",
            json!({"crit": ["b64"]}),
            same(),
            "extensions",
        ),
        ("key: unknown", json!({"kid": "key-9"}), same(), "no key"),
        (
            "bound to a key (DPoP)",
            same(),
            json!({"cnf": {"jkt": "x"}}),
            "bound to a key",
        ),
        (
            "authorization_details",
            same(),
            json!({"authorization_details": [{"type": "x"}]}),
            "authorization_details",
        ),
        (
            "tenant: not configured",
            same(),
            json!({"tenant": "t1"}),
            "another organization",
        ),
        (
            "scope: of another server",
            same(),
            json!({"scope": "chat.read"}),
            "no scope",
        ),
        (
            "scope: of sign-in alone",
            same(),
            json!({"scope": "openid email"}),
            "no scope",
        ),
        (
            "scope: a list",
            same(),
            json!({"scope": ["mcp:read"]}),
            "no scope",
        ),
        (
            "scope: characters",
            same(),
            json!({"scope": "mcp:read\n"}),
            "no scope",
        ),
        (
            "person: unknown",
            same(),
            json!({"sub": "person-9"}),
            "no account",
        ),
        (
            "person: of another issuer's name",
            same(),
            json!({"sub": "Person-1"}),
            "no account",
        ),
        (
            "person: new, without an address",
            same(),
            json!({"sub": "person-9", "groups": ["engineering"]}),
            "no e-mail address",
        ),
        (
            "person: new, with an address that is taken",
            same(),
            json!({"sub": "person-9", "groups": ["engineering"], "email": "ada@example.com"}),
            "another account",
        ),
        (
            "person: new, in no group",
            same(),
            json!({"sub": "person-9", "groups": ["visitors"], "email": "e@example.com"}),
            "in no group",
        ),
        (
            "groups: too many",
            same(),
            json!({"hasgroups": true}),
            "too many",
        ),
    ]
}

/// What signs an assertion, and the words of the refusal.
const SIGNATURES: [(&str, Signature, &str); 4] = [
    ("alg none", Signature::Missing, "malformed"),
    (
        "HS256 with the public key",
        Signature::PublicKey,
        "algorithm",
    ),
    (
        "HS256 with a secret that both know",
        Signature::ClientSecret,
        "algorithm",
    ),
    ("a key of another issuer", Signature::Forged, "signature"),
];

#[tokio::test]
async fn assertion_that_is_wrong_in_one_way_opens_nothing() {
    let (provider, server) = with_group().await;
    person(&provider, &server).await;
    let mut table = Table {
        server: &server,
        rows: 0,
    };
    println!("| assertion | status | error | description |\n|---|---|---|---|");
    for place in 0..claims(0).len() {
        // Of one network address, no more than one each second.
        server.clock.advance(Duration::from_secs(1));
        let now = server.clock.millis() / 1000;
        let (attack, head, changes, words) = claims(now).swap_remove(place);
        let sent = provider.assertion(CLIENT, head, changes);
        let found = send(&server, &sent, &[]).await;
        table.row(attack, &found, "invalid_grant", words);
        assert_eq!(table.tokens().await, 0, "{attack}");
    }
    for (attack, signature, words) in SIGNATURES {
        server.clock.advance(Duration::from_secs(1));
        provider.script(|script| script.signature = signature);
        let sent = assertion(&provider, json!({}));
        provider.script(|script| script.signature = Signature::Published);
        let found = send(&server, &sent, &[]).await;
        table.row(attack, &found, "invalid_grant", words);
    }
    let good = assertion(&provider, json!({}));
    let (rest, signature) = good.rsplit_once('.').unwrap();
    let (head, payload) = rest.split_once('.').unwrap();
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    for (attack, sent, words) in [
        ("no signature", format!("{rest}."), "signature"),
        (
            "a changed signature",
            format!("{rest}.{other}{}", &signature[1..]),
            "signature",
        ),
        ("two parts", rest.to_owned(), "malformed"),
        ("no token", "assertion".to_owned(), "malformed"),
        (
            "more than 8192 bytes",
            format!("{head}.{payload}.{}", "A".repeat(8192)),
            "longer than",
        ),
    ] {
        let found = send(&server, &sent, &[]).await;
        let words = if attack == "no token" {
            "no issuer"
        } else {
            words
        };
        table.row(attack, &found, "invalid_grant", words);
    }
    // What the request asks for beside the assertion.
    for (attack, name, value, error) in [
        (
            "resource of the request: another",
            "resource",
            "https://other.example/mcp",
            "invalid_target",
        ),
        (
            "scope of the request: none of this server",
            "scope",
            "openid",
            "invalid_scope",
        ),
        (
            "scope of the request: characters",
            "scope",
            "a\"b",
            "invalid_scope",
        ),
        ("two assertions", "assertion", "x", "invalid_request"),
    ] {
        let found = send(&server, &assertion(&provider, json!({})), &[(name, value)]).await;
        table.row(attack, &found, error, "");
    }
    assert_eq!(table.tokens().await, 0);
    assert_eq!(connections(&server).await, 0);
    let people = "SELECT COUNT(*) FROM people";
    assert_eq!(server.count(people).await, 1);
    println!("{} rows", table.rows);
    // Nothing but that was wrong.
    access(&send(&server, &assertion(&provider, json!({})), &[]).await);
    let reasons: Vec<_> = server
        .audit()
        .await
        .into_iter()
        .map(|(_, about)| about)
        .collect();
    for reason in [
        "other_issuer",
        "other_client",
        "resource",
        "lifetime",
        "no_id",
        "unknown_person",
    ] {
        let is_of = |about: &String| about.ends_with(reason) && about.contains(" assistant ");
        assert!(reasons.iter().any(is_of), "{reason}: {reasons:?}");
    }
}

#[tokio::test]
async fn assertion_of_another_client_or_for_a_suspended_workspace_opens_nothing() {
    let (provider, server) = with_group().await;
    person(&provider, &server).await;
    let mut table = Table {
        server: &server,
        rows: 0,
    };
    println!("| assertion | status | error | description |\n|---|---|---|---|");
    let (other, both) = (
        (OTHER, OTHER_SECRET),
        "clients = [\"assistant\", \"other\"]",
    );
    // The other client authenticates, and has an assertion of the first one.
    let found = send_as(&server, other, &assertion(&provider, json!({})), &[]).await;
    table.row(
        "another client's",
        &found,
        "unauthorized_client",
        "cannot connect",
    );
    let own = provider.assertion(OTHER, json!({}), json!({}));
    let found = send_as(&server, other, &own, &[]).await;
    table.row(
        "of a client that the issuer does not have",
        &found,
        "unauthorized_client",
        "",
    );
    let open = super::server(&provider, "", both).await;
    person(&provider, &open).await;
    let sent = assertion(&provider, json!({}));
    let found = send_as(&open, other, &sent, &[]).await;
    table.row(
        "another client's, of the same issuer",
        &found,
        "invalid_grant",
        "another client",
    );
    access(&send(&open, &sent, &[]).await);
    let found = send_as(&open, other, &sent, &[]).await;
    table.row(
        "another client's, after its exchange",
        &found,
        "invalid_grant",
        "another client",
    );
    access(&send_as(&open, other, &own, &[]).await);
    assert_eq!(table.tokens().await, 0);
    // The same `jti`: with other bytes, and of another client.
    let first = assertion(&provider, json!({"jti": "twin"}));
    let token = access(&send(&server, &first, &[]).await);
    server.clock.advance(Duration::from_secs(1));
    for (attack, changes) in [
        ("same jti, other bytes", json!({"jti": "twin"})),
        (
            "same jti, more scope",
            json!({"jti": "twin", "scope": "mcp:read"}),
        ),
        (
            "same jti, another person",
            json!({"jti": "twin", "sub": "person-2"}),
        ),
    ] {
        let found = send(&server, &assertion(&provider, changes), &[]).await;
        table.row(attack, &found, "invalid_grant", "same `jti`");
    }
    assert_eq!(table.tokens().await, 1);
    // The signature of RSA is the same each time: the bytes are, too.
    access(&send(&server, &first, &[]).await);
    server.suspend_workspace("Engineering", true).await;
    let found = send(&server, &assertion(&provider, json!({})), &[]).await;
    table.row("suspended workspace", &found, "invalid_grant", "suspended");
    let found = send(&server, &first, &[]).await;
    table.row(
        "suspended workspace, resubmission",
        &found,
        "invalid_grant",
        "suspended",
    );
    assert_eq!(table.tokens().await, 2);
    server.suspend_workspace("Engineering", false).await;
    access(&send(&server, &first, &[]).await);
    assert_eq!(server.call(&token, "get_pet", json!({})).await.status, 200);
    println!("{} rows", table.rows);
}

/// A server behind a proxy that reports where each request comes from.
async fn behind_a_proxy(provider: &IdentityProvider) -> TestServer {
    groups(provider, &["engineering"]);
    let settings = super::settings(provider.issuer(), "", FULL);
    let change = |config: &mut runtime::config::Config| {
        config.accounts.passwords = false;
        config.server.trusted_proxies = vec!["127.0.0.0/8".to_owned()];
        config.enterprise = Some(settings);
    };
    let server = provider.server_with(super::GROUPS, change).await;
    person(provider, &server).await;
    server
}

/// Sends an assertion from an address, with a secret.
async fn send_from(server: &TestServer, address: &str, secret: &str, assertion: &str) -> Response {
    let form = crate::support::encode(&[
        ("grant_type", super::JWT_BEARER),
        ("assertion", assertion),
        ("client_id", CLIENT),
        ("client_secret", secret),
    ]);
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-forwarded-for", address),
    ];
    let post = http::Method::POST;
    server
        .send(post, "/oauth/token", &headers, Some(form))
        .await
}

#[tokio::test]
async fn exchanges_for_one_person_are_bounded() {
    let provider = IdentityProvider::start().await;
    let server = behind_a_proxy(&provider).await;
    let sent = assertion(&provider, json!({}));
    let mut answers = Vec::new();
    for number in 0..61 {
        let address = format!("198.51.{number}.7");
        answers.push(send_from(&server, &address, SECRET, &sent).await);
    }
    let good = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(good.count(), 60);
    let last = answers.last().unwrap();
    assert_eq!(
        (last.status, last.error().as_str()),
        (429, "temporarily_unavailable")
    );
    assert!(last.body.contains("this person"), "{}", last.body);
    assert_eq!(last.header("retry-after"), "1");
    server.clock.advance(Duration::from_secs(1));
    access(&send_from(&server, "203.0.113.9", SECRET, &sent).await);
    // Of many exchanges, the newest hundred tokens are kept.
    server.clock.advance(Duration::from_mins(1));
    for _ in 0..50 {
        access(&send_from(&server, "203.0.113.9", SECRET, &sent).await);
    }
    let tokens = "SELECT COUNT(*) FROM access_tokens";
    assert_eq!(server.count(tokens).await, 100);
}

#[tokio::test]
async fn guesses_of_a_secret_do_not_lock_out_the_client_elsewhere() {
    let provider = IdentityProvider::start().await;
    let server = behind_a_proxy(&provider).await;
    let sent = assertion(&provider, json!({}));
    for _ in 0..60 {
        let answer = send_from(&server, "198.51.100.7", "guess", &sent).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (401, "invalid_client")
        );
    }
    let answer = send_from(&server, "198.51.100.7", SECRET, &sent).await;
    assert_eq!(answer.status, 429);
    assert!(answer.body.contains("this network"), "{}", answer.body);
    access(&send_from(&server, "203.0.113.9", SECRET, &sent).await);
}
