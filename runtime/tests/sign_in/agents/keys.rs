//! Agents with keys: the client credentials grant with `private_key_jwt`.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Key, access, link, link_page, revoke, with_agents};
use crate::support::{ORIGIN, Response, TestServer};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const KEYS_URL: &str = "https://agent.example.com/jwks.json";

/// The claims of an assertion that is valid for a minute.
pub(super) fn claims(bench: &TestServer, client_id: &str, id: &str) -> Value {
    let now = bench.clock.millis() / 1000;
    json!({
        "iss": client_id, "sub": client_id, "aud": ORIGIN, "iat": now, "exp": now + 60, "jti": id,
    })
}

/// Sends an assertion.
pub(super) async fn send(bench: &TestServer, assertion: &str, more: &[(&str, &str)]) -> Response {
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion),
    ];
    form.extend(more);
    bench.post_form("/oauth/token", &form).await
}

/// Signs in with a key.
async fn sign_in(bench: &TestServer, client_id: &str, key: &Key, id: &str) -> Response {
    let assertion = key.assertion(&claims(bench, client_id, id));
    send(bench, &assertion, &[("client_id", client_id)]).await
}

#[tokio::test]
async fn key_signs_in_once_it_is_linked_until_it_is_revoked() {
    let bench = TestServer::with(with_agents).await;
    let mut browser = bench.first_person().await;
    let key = Key::new("one");
    let refused = sign_in(&bench, "agt_unknown", &key, "0").await;
    assert_eq!(
        (refused.status, refused.error().as_str()),
        (401, "invalid_client")
    );
    let client_id = link(&mut browser, &key.set(), "read-only").await;
    let answer = sign_in(&bench, &client_id, &key, "1").await;
    let token = access(&answer);
    assert_eq!(answer.json()["scope"], "mcp:read");
    assert_eq!(bench.call(&token, "get_pet", json!({})).await.status, 200);
    let refused = bench
        .call(&token, "create_pet", json!({"name": "Rex"}))
        .await;
    assert_eq!(refused.status, 403);
    // The audience may be the token endpoint, and the client need not be named twice.
    let mut at_endpoint = claims(&bench, &client_id, "2");
    at_endpoint["aud"] = json!([format!("{ORIGIN}/oauth/token")]);
    access(&send(&bench, &key.assertion(&at_endpoint), &[]).await);
    revoke(&mut browser).await;
    assert_eq!(bench.call(&token, "get_pet", json!({})).await.status, 401);
    let refused = sign_in(&bench, &client_id, &key, "3").await;
    assert_eq!(
        (refused.status, refused.error().as_str()),
        (401, "invalid_client")
    );
}

#[tokio::test]
async fn assertion_opens_one_sign_in_however_many_send_it_at_once() {
    let bench = TestServer::with(with_agents).await;
    let mut browser = bench.first_person().await;
    let key = Key::new("one");
    let client_id = link(&mut browser, &key.set(), "read-only").await;
    let assertion = key.assertion(&claims(&bench, &client_id, "once"));
    let sent = (0..20).map(|_| send(&bench, &assertion, &[]));
    let answers = futures_util::future::join_all(sent).await;
    let good = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(good.count(), 1);
    let refused = answers
        .iter()
        .filter(|answer| answer.error() == "invalid_client");
    assert_eq!(refused.count(), 19);
}

#[tokio::test]
async fn keys_that_an_agent_publishes_are_fetched_and_can_be_replaced() {
    let bench = TestServer::with(with_agents).await;
    let mut browser = bench.first_person().await;
    let (first, second) = (Key::new("one"), Key::new("two"));
    let client_id = link(&mut browser, KEYS_URL, "read-only").await;
    let refused = sign_in(&bench, &client_id, &first, "0").await;
    assert_eq!(
        (refused.status, refused.error().as_str()),
        (503, "temporarily_unavailable")
    );
    assert_eq!(refused.header("retry-after"), "30");
    // What could not be fetched is not asked for again at once.
    assert_eq!(bench.fetched(), 1);
    sign_in(&bench, &client_id, &first, "0").await;
    assert_eq!(bench.fetched(), 1);
    bench.clock.advance(Duration::from_secs(31));
    bench.documents.put(KEYS_URL, &first.set());
    for id in ["1", "2", "3"] {
        access(&sign_in(&bench, &client_id, &first, id).await);
    }
    assert_eq!(bench.fetched(), 2);
    // A key that is not known has the set fetched again, unless that was just now.
    bench.documents.put(KEYS_URL, &second.set());
    let refused = sign_in(&bench, &client_id, &second, "4").await;
    assert_eq!(refused.error(), "invalid_client");
    assert_eq!(bench.fetched(), 2);
    bench.clock.advance(Duration::from_secs(31));
    access(&sign_in(&bench, &client_id, &second, "5").await);
    assert_eq!(bench.fetched(), 3);
    // The key that was removed signs nothing any more.
    let refused = sign_in(&bench, &client_id, &first, "6").await;
    assert_eq!(refused.error(), "invalid_client");
    // A key that was replaced under the same id has the set fetched again, too.
    let third = Key::new("two");
    bench.documents.put(KEYS_URL, &third.set());
    let refused = sign_in(&bench, &client_id, &third, "7").await;
    assert_eq!(refused.error(), "invalid_client");
    assert_eq!(bench.fetched(), 3);
    bench.clock.advance(Duration::from_secs(31));
    access(&sign_in(&bench, &client_id, &third, "8").await);
    assert_eq!(bench.fetched(), 4);
}

#[tokio::test]
async fn key_sets_that_no_agent_can_sign_in_with_are_not_taken() {
    let bench = TestServer::with(with_agents).await;
    let mut browser = bench.first_person().await;
    let with = |member: &str, value: &str| {
        let mut key = Key::new("one").public();
        key[member] = json!(value);
        key
    };
    for (keys, problem) in [
        (vec![with("use", "enc")], "no key in it"),
        (vec![with("alg", "RS256")], "no key in it"),
        (vec![with("x", "AAAA")], "no key in it"),
        (
            vec![Key::new("one").public(), Key::new("one").public()],
            "needs a kid of its own",
        ),
    ] {
        let set = json!({ "keys": keys }).to_string();
        let page = link_page(&mut browser, &set, "full").await;
        assert_eq!(page.status, 422);
        let text = page.text().replace('`', "");
        assert!(text.contains(problem), "{text}");
    }
    assert_eq!(bench.count("SELECT COUNT(*) FROM agents").await, 0);
}

#[tokio::test]
async fn private_keys_and_shared_secrets_are_not_taken() {
    let bench = TestServer::with(with_agents).await;
    let mut browser = bench.first_person().await;
    let mut private = Key::new("one").public();
    private["d"] = json!("AAAA");
    for set in [
        json!({"keys": [private]}),
        json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}),
    ] {
        let page = link_page(&mut browser, &set.to_string(), "full").await;
        assert_eq!(page.status, 422);
        assert!(
            page.text().contains("Enter public keys only"),
            "{}",
            page.text()
        );
    }
}
