//! How clients authenticate that connect by assertions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::{CLIENT, JWT_BEARER, SECRET, access, assertion, groups, person};
use crate::agents::Key;
use crate::identity_provider::IdentityProvider;
use crate::support::{ORIGIN, Response, TestServer, encode};

const KEYS_URL: &str = "https://assistant.example.com/jwks.json";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A server with one client, which authenticates as these settings say.
async fn server(of_client: &str) -> (IdentityProvider, TestServer) {
    let provider = IdentityProvider::start().await;
    groups(&provider, &["engineering"]);
    let mut settings = super::settings(provider.issuer(), "", super::FULL);
    let text = format!(
        "[enterprise]\n[[enterprise.clients]]\nclient_id = \"{CLIENT}\"\nname = \"Assistant\"\n{of_client}"
    );
    let config = runtime::config::Config::parse(&text, std::path::Path::new("connector.toml"));
    settings.clients = config.unwrap().enterprise.unwrap().clients;
    let server = provider
        .server_with(super::GROUPS, |config| {
            config.accounts.passwords = false;
            config.enterprise = Some(settings);
        })
        .await;
    person(&provider, &server).await;
    (provider, server)
}

/// Sends an assertion with a header field and further fields.
async fn send(
    server: &TestServer,
    assertion: &str,
    authorization: Option<&str>,
    more: &[(&str, &str)],
) -> Response {
    let mut form = vec![("grant_type", JWT_BEARER), ("assertion", assertion)];
    form.extend(more);
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend(authorization.map(|value| ("authorization", value)));
    let form = Some(encode(&form));
    server
        .send(Method::POST, "/oauth/token", &headers, form)
        .await
}

/// A request, its header field and further fields, and the status and error of the answer.
type Row<'a> = (
    &'a str,
    Option<&'a str>,
    Vec<(&'a str, &'a str)>,
    u16,
    &'a str,
);

fn basic(client: &str, secret: &str) -> String {
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(client), encode(secret));
    format!("Basic {}", STANDARD.encode(pair))
}

/// The claims of a client assertion that is valid for a minute.
fn claims(server: &TestServer, id: &str) -> Value {
    let now = server.clock.millis() / 1000;
    json!({
        "iss": CLIENT, "sub": CLIENT, "aud": ORIGIN, "iat": now, "exp": now + 60, "jti": id,
    })
}

#[tokio::test]
async fn client_with_a_secret_proves_it_in_one_way() {
    let (provider, server) = server(&format!("client_secret = \"{SECRET}\"")).await;
    let sent = assertion(&provider, json!({}));
    let good = basic(CLIENT, SECRET);
    access(&send(&server, &sent, Some(&good), &[]).await);
    access(&send(&server, &sent, Some(&good.replace("Basic", "bAsIc")), &[]).await);
    let id = ("client_id", CLIENT);
    access(&send(&server, &sent, Some(&good), &[id]).await);
    access(&send(&server, &sent, None, &[id, ("client_secret", SECRET)]).await);
    let key = Key::new("one");
    let proof = key.assertion(&claims(&server, "1"));
    let of_key = [
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", proof.as_str()),
    ];
    println!("| request | status | error |\n|---|---|---|");
    let wrong = basic(CLIENT, "wrong");
    let unknown = basic("unknown", SECRET);
    let table: Vec<Row<'_>> = vec![
        ("no secret", None, vec![id], 401, "invalid_client"),
        (
            "a wrong secret",
            None,
            vec![id, ("client_secret", "x")],
            401,
            "invalid_client",
        ),
        (
            "a wrong secret, Basic",
            Some(&wrong),
            vec![],
            401,
            "invalid_client",
        ),
        (
            "an unknown client",
            None,
            vec![("client_id", "x"), ("client_secret", SECRET)],
            401,
            "invalid_client",
        ),
        (
            "an unknown client, Basic",
            Some(&unknown),
            vec![],
            401,
            "invalid_client",
        ),
        ("no client", None, vec![], 400, "invalid_request"),
        (
            "no client, a secret",
            None,
            vec![("client_secret", SECRET)],
            400,
            "invalid_request",
        ),
        (
            "Basic and a secret",
            Some(&good),
            vec![("client_secret", SECRET)],
            400,
            "invalid_request",
        ),
        (
            "Basic and another client",
            Some(&good),
            vec![("client_id", "x")],
            400,
            "invalid_request",
        ),
        (
            "Basic and a key",
            Some(&good),
            of_key.to_vec(),
            400,
            "invalid_request",
        ),
        ("a key", None, of_key.to_vec(), 401, "invalid_client"),
        (
            "a key and a secret",
            None,
            [of_key.to_vec(), vec![("client_secret", SECRET)]].concat(),
            400,
            "invalid_request",
        ),
        ("Bearer", Some("Bearer x"), vec![id], 401, "invalid_client"),
        (
            "Basic without a pair",
            Some("Basic eA=="),
            vec![id],
            401,
            "invalid_client",
        ),
    ];
    for (request, header, more, status, error) in table {
        let answer = send(&server, &sent, header, &more).await;
        println!("| {request} | {} | {} |", answer.status, answer.error());
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (status, error),
            "{request}"
        );
        let challenge = answer.header("www-authenticate");
        let is_asked = header.is_some() && status == 401;
        assert_eq!(
            challenge.starts_with("Basic "),
            is_asked,
            "{request}: {challenge}"
        );
    }
    assert_eq!(super::connections(&server).await, 1);
}

#[tokio::test]
async fn client_with_a_key_signs_each_request_once() {
    let key = Key::new("one");
    for published in [false, true] {
        let set = key.set();
        let of_client = match published {
            false => format!("jwks = '{set}'"),
            true => format!("jwks_uri = \"{KEYS_URL}\""),
        };
        let (provider, server) = server(&of_client).await;
        server.documents.put(KEYS_URL, &set);
        let metadata = server
            .get("/.well-known/oauth-authorization-server")
            .await
            .json();
        let methods = json!(["none", "private_key_jwt"]);
        assert_eq!(metadata["token_endpoint_auth_methods_supported"], methods);
        let algorithms = &metadata["token_endpoint_auth_signing_alg_values_supported"];
        assert!(
            algorithms.as_array().unwrap().contains(&json!("EdDSA")),
            "{metadata}"
        );
        let sent = assertion(&provider, json!({}));
        let send_with = async |proof: &str| {
            let more = [
                ("client_assertion_type", ASSERTION_TYPE),
                ("client_assertion", proof),
            ];
            send(&server, &sent, None, &more).await
        };
        let proof = key.assertion(&claims(&server, "1"));
        access(&send_with(&proof).await);
        access(&send_with(&key.assertion(&claims(&server, "2"))).await);
        let mut late = claims(&server, "3");
        late["exp"] = json!(server.clock.millis() / 1000 + 3600);
        let mut elsewhere = claims(&server, "4");
        elsewhere["aud"] = json!("https://other.example");
        let stranger = Key::new("one").assertion(&claims(&server, "5"));
        for (attack, proof) in [
            ("used before", proof),
            ("valid for too long", key.assertion(&late)),
            ("for another server", key.assertion(&elsewhere)),
            ("of another key", stranger),
            ("the identity assertion", sent.clone()),
        ] {
            let answer = send_with(&proof).await;
            let found = (answer.status, answer.error());
            assert_eq!(
                found,
                (401, "invalid_client".to_owned()),
                "{attack}: {}",
                answer.body
            );
        }
        // Without the key, the client is not taken for a public one.
        let answer = send(&server, &sent, None, &[("client_id", CLIENT)]).await;
        assert_eq!(answer.error(), "invalid_client");
        let answer = send(&server, &sent, Some(&basic(CLIENT, SECRET)), &[]).await;
        assert_eq!(answer.error(), "invalid_client");
    }
}

#[tokio::test]
async fn client_without_authentication_connects_where_it_is_configured_as_public() {
    let (provider, server) = server("public = true").await;
    let metadata = server
        .get("/.well-known/oauth-authorization-server")
        .await
        .json();
    assert_eq!(
        metadata["token_endpoint_auth_methods_supported"],
        json!(["none"])
    );
    let sent = assertion(&provider, json!({}));
    access(&send(&server, &sent, None, &[("client_id", CLIENT)]).await);
    for (header, more) in [
        (Some(basic(CLIENT, SECRET)), vec![]),
        (None, vec![("client_id", CLIENT), ("client_secret", SECRET)]),
    ] {
        let answer = send(&server, &sent, header.as_deref(), &more).await;
        assert_eq!(answer.error(), "invalid_client", "{}", answer.body);
    }
}
