//! Agents with wallets.

use std::time::Duration;

use http::Method;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use super::{
    EIP_4361, Wallet, access, answer, challenge, link, link_page, revoke, sign_in, with_agents,
};
use crate::people::{invite, join};
use crate::support::{Client, ORIGIN, RESOURCE, Response, TestServer, encode};

#[tokio::test]
async fn r57_fresh_wallet_is_refused_until_a_person_links_it_and_then_calls_tools() {
    let bench = TestServer::with(with_agents).await;
    let mut browser = bench.first_person().await;
    let wallet = Wallet::fresh(1);
    let asked = challenge(&bench, "agt_unknown", &wallet).await;
    let message = asked["message"].as_str().unwrap();
    for client_id in ["", "agt_unknown", "another"] {
        let signature = wallet.sign(message);
        let refused = answer(&bench, client_id, message, &signature, &[]).await;
        assert_eq!(
            (refused.status, refused.error().as_str()),
            (400, "unauthorized_client")
        );
        assert!(refused.body.contains("in the portal"), "{}", refused.body);
    }
    let client_id = link(&mut browser, &wallet.address(), "full").await;
    let signed_in = sign_in(&bench, &client_id, &wallet, &[]).await;
    let token = access(&signed_in);
    assert_eq!(signed_in.json()["expires_in"], 3600);
    assert_eq!(signed_in.json()["scope"], "mcp:read mcp:write");
    assert_eq!(signed_in.header("cache-control"), "no-store");
    assert_eq!(bench.tools(&token).await.len(), 3);
    let called = bench
        .call(&token, "create_pet", json!({"name": "Rex"}))
        .await;
    assert_eq!(called.json()["result"]["isError"], false, "{}", called.body);
    assert_eq!(bench.calls(), 1);
    // At the end of the token, the agent signs in again.
    bench.clock.advance(Duration::from_secs(3600));
    assert_eq!(bench.call(&token, "get_pet", json!({})).await.status, 401);
    let again = access(&sign_in(&bench, &client_id, &wallet, &[]).await);
    assert_eq!(bench.call(&again, "get_pet", json!({})).await.status, 200);
}

#[tokio::test]
async fn access_token_of_an_agent_is_verified_by_a_foreign_library_and_names_the_account() {
    let bench = TestServer::with(with_agents).await;
    let mut browser = bench.first_person().await;
    let wallet = Wallet::fresh(1);
    let client_id = link(&mut browser, &wallet.address(), "read-only").await;
    let token = access(&sign_in(&bench, &client_id, &wallet, &[]).await);
    let metadata = bench
        .get("/.well-known/oauth-authorization-server")
        .await
        .json();
    for (member, values) in [
        (
            "grant_types_supported",
            vec![EIP_4361, "client_credentials", "refresh_token"],
        ),
        (
            "token_endpoint_auth_methods_supported",
            vec!["none", "private_key_jwt"],
        ),
        (
            "token_endpoint_auth_signing_alg_values_supported",
            vec!["EdDSA", "ES256", "RS256"],
        ),
    ] {
        let listed = metadata[member].as_array().unwrap();
        assert!(
            values.iter().all(|it| listed.contains(&json!(it))),
            "{member}: {listed:?}"
        );
    }
    let endpoint = format!("{ORIGIN}/oauth/agent/challenge");
    assert_eq!(metadata["agent_challenge_endpoint"], endpoint);
    let keys = bench.get(metadata["jwks_uri"].as_str().unwrap()).await;
    let keys: JwkSet = serde_json::from_str(&keys.body).unwrap();
    let header = decode_header(&token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[RESOURCE]);
    validation.set_issuer(&[ORIGIN]);
    validation.validate_exp = false;
    let claims = decode::<Value>(&token, &key, &validation).unwrap().claims;
    let subject = claims["sub"].as_str().unwrap();
    assert_eq!(
        subject.to_lowercase(),
        format!("eip155:8453:{}", wallet.address())
    );
    assert_eq!(claims["client_id"], client_id);
    assert_eq!(claims["scope"], "mcp:read");
    assert!(claims["workspace"].as_str().unwrap().starts_with("wsp_"));
    assert!(claims["jti"].as_str().unwrap().starts_with("at_"));
    let lasts = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lasts, 3600);
}

#[tokio::test]
async fn agent_does_no_more_than_it_was_linked_for() {
    let bench = TestServer::with(with_agents).await;
    let mut browser = bench.first_person().await;
    let wallet = Wallet::fresh(1);
    let reader = link(&mut browser, &wallet.address(), "read-only").await;
    let more = [("scope", "mcp:read mcp:write")];
    let refused = sign_in(&bench, &reader, &wallet, &more).await;
    assert_eq!(
        (refused.status, refused.error().as_str()),
        (400, "invalid_scope")
    );
    let elsewhere = [("resource", "https://other.example.com/mcp")];
    let refused = sign_in(&bench, &reader, &wallet, &elsewhere).await;
    assert_eq!(refused.error(), "invalid_target");
    let token = access(&sign_in(&bench, &reader, &wallet, &[("resource", RESOURCE)]).await);
    assert_eq!(bench.tools(&token).await.len(), 2);
    let refused = bench
        .call(&token, "create_pet", json!({"name": "Rex"}))
        .await;
    assert_eq!(refused.status, 403);
    // The same wallet may be another agent that does more, and asks for less.
    let writer = link(&mut browser, &wallet.address(), "full").await;
    // A program that has its token does not end what its person linked.
    let form = [("client_id", reader.as_str()), ("token", &token)];
    let refused = bench.post_form("/oauth/revoke", &form).await;
    assert_eq!(refused.error(), "unsupported_token_type");
    assert_eq!(bench.tools(&token).await.len(), 2);
    let less = access(&sign_in(&bench, &writer, &wallet, &[("scope", "mcp:read")]).await);
    let refused = bench
        .call(&less, "create_pet", json!({"name": "Rex"}))
        .await;
    assert_eq!(refused.status, 403);
    let full = access(&sign_in(&bench, &writer, &wallet, &[]).await);
    let called = bench
        .call(&full, "create_pet", json!({"name": "Rex"}))
        .await;
    assert_eq!(called.status, 200);
    assert_eq!(bench.calls(), 1);
}

#[tokio::test]
async fn revoked_agent_has_no_access_within_a_second_at_any_server() {
    let bench = TestServer::with(with_agents).await;
    let mut browser = bench.first_person().await;
    let wallet = Wallet::fresh(1);
    let client_id = link(&mut browser, &wallet.address(), "full").await;
    let key_file = bench.database.with_extension("agents.key");
    let beside = bench.beside_with(|config| {
        with_agents(config);
        config.agents.as_mut().unwrap().key_file = key_file;
    });
    let beside = beside.await;
    let token = access(&sign_in(&bench, &client_id, &wallet, &[]).await);
    for server in [&bench, &beside] {
        assert_eq!(server.call(&token, "get_pet", json!({})).await.status, 200);
    }
    revoke(&mut browser).await;
    let refused = bench.call(&token, "get_pet", json!({})).await;
    assert_eq!(refused.status, 401);
    assert!(refused.header("www-authenticate").contains("invalid_token"));
    bench.clock.advance(Duration::from_millis(600));
    assert_eq!(beside.call(&token, "get_pet", json!({})).await.status, 401);
    let refused = sign_in(&bench, &client_id, &wallet, &[]).await;
    assert_eq!(refused.error(), "unauthorized_client");
    let keys = browser.open("/portal/keys").await.page().text();
    assert!(keys.contains("revoked here"), "{keys}");
}

#[tokio::test]
async fn agent_ends_with_the_membership_of_the_person_who_linked_it() {
    let bench = TestServer::with(with_agents).await;
    let mut owner = bench.first_person().await;
    let invitation = invite(&mut owner).await;
    let mut member = join(&bench, &invitation).await;
    let wallet = Wallet::fresh(1);
    let client_id = link(&mut member, &wallet.address(), "full").await;
    let token = access(&sign_in(&bench, &client_id, &wallet, &[]).await);
    assert_eq!(bench.call(&token, "get_pet", json!({})).await.status, 200);
    // The owner sees the agent among the keys, and whose it is.
    let keys = owner.open("/portal/keys").await.page().text();
    assert!(
        keys.contains("Night reports") && keys.contains("grace@example.com"),
        "{keys}"
    );
    let workspace = crate::people::workspace(&mut member).await;
    let page = member.open(&workspace).await.page();
    member
        .submit(&page.form_to(&format!("{workspace}/leave")))
        .await;
    assert_eq!(bench.call(&token, "get_pet", json!({})).await.status, 401);
    let refused = sign_in(&bench, &client_id, &wallet, &[]).await;
    assert_eq!(refused.error(), "unauthorized_client");
}

#[tokio::test]
async fn r59_audit_distinguishes_agents_from_people() {
    use runtime::app::{self, AuditFilter};

    let bench = TestServer::with(with_agents).await;
    let mut browser = bench.first_person().await;
    let wallet = Wallet::fresh(1);
    let client_id = link(&mut browser, &wallet.address(), "full").await;
    let agent = access(&sign_in(&bench, &client_id, &wallet, &[]).await);
    let person = Client::claude(&bench)
        .await
        .connect(&mut browser, "full")
        .await;
    for token in [&agent, &person.access] {
        assert_eq!(bench.call(token, "get_pet", json!({})).await.status, 200);
    }
    let (config, _) = bench.operator();
    bench.server.shutdown().await;
    let filter = AuditFilter {
        client: Some(client_id.clone()),
        ..AuditFilter::default()
    };
    let page = app::audit(&config, filter, 20).await.unwrap();
    // The clock is still, so that their order says nothing.
    let mut found: Vec<_> = page.rows.iter().map(|row| row.action.as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, ["agent.linked", "agent.signed_in", "tool.called"]);
    assert!(page.rows.iter().all(|row| row.kind == Some("agent")));
    assert!(
        page.rows
            .iter()
            .all(|row| row.person.is_some() && row.workspace.is_some())
    );
    let all = app::audit(&config, AuditFilter::default(), 99)
        .await
        .unwrap();
    let calls = all.rows.iter().filter(|row| row.action == "tool.called");
    let mut kinds: Vec<_> = calls.map(|row| row.kind.unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["agent", "user"]);
}

#[tokio::test]
async fn agents_of_one_workspace_share_its_limits_with_assistants() {
    let bench = TestServer::with(|config| {
        with_agents(config);
        config.limits.calls_per_minute_per_grant = 3;
        config.limits.calls_per_minute_per_workspace = 4;
    })
    .await;
    let mut browser = bench.first_person().await;
    let wallet = Wallet::fresh(1);
    let client_id = link(&mut browser, &wallet.address(), "full").await;
    // A new token of the same agent has no limits of its own.
    let first = access(&sign_in(&bench, &client_id, &wallet, &[]).await);
    let second = access(&sign_in(&bench, &client_id, &wallet, &[]).await);
    let person = Client::claude(&bench)
        .await
        .connect(&mut browser, "full")
        .await;
    let mut outcomes = Vec::new();
    for token in [
        &first,
        &first,
        &second,
        &second,
        &person.access,
        &person.access,
    ] {
        let called = bench.call(token, "get_pet", json!({})).await;
        outcomes.push(called.json()["result"]["isError"] == true);
    }
    assert_eq!(outcomes, [false, false, false, true, false, true]);
}

#[tokio::test]
async fn agents_are_off_unless_they_are_configured() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let asked = json!({
        "client_id": "agt_unknown", "address": Wallet::fresh(1).address(), "chain_id": 1,
    });
    let answer = bench.post_json("/oauth/agent/challenge", &asked).await;
    assert_eq!(answer.status, 404);
    for grant_type in [EIP_4361, "client_credentials"] {
        let client = Client::claude(&bench).await.client_id;
        let form = [("grant_type", grant_type), ("client_id", &client)];
        let answer = bench.post_form("/oauth/token", &form).await;
        assert_eq!(answer.error(), "unsupported_grant_type");
    }
    assert_eq!(browser.open("/portal/agents").await.page().status, 404);
    let keys = browser.open("/portal/keys").await.page().text();
    assert!(!keys.contains("agent"), "{keys}");
    let metadata = bench
        .get("/.well-known/oauth-authorization-server")
        .await
        .json();
    let grants = json!(["authorization_code", "refresh_token"]);
    assert_eq!(metadata["grant_types_supported"], grants);
    assert_eq!(
        metadata["token_endpoint_auth_methods_supported"],
        json!(["none"])
    );
    assert!(metadata.get("agent_challenge_endpoint").is_none());
}

#[tokio::test]
async fn form_that_links_an_agent_names_what_is_wrong() {
    let bench = TestServer::with(with_agents).await;
    let mut browser = bench.first_person().await;
    for (credential, problem) in [
        ("", "neither an address, nor a key set, nor an https URL"),
        ("0x1234", "0x and 40 hexadecimal digits"),
        (
            "0x2C7536E3605D9C16a7a3D7b1898e529396a65c23",
            "checksum of the address is wrong",
        ),
        ("{}", "not a JSON Web Key Set"),
        ("http://agent.example.com/jwks", "Enter an https URL"),
        ("https://10.0.0.1/jwks", "Enter an https URL"),
    ] {
        let page = link_page(&mut browser, credential, "full").await;
        assert_eq!(page.status, 422, "{credential}");
        assert!(
            page.text().contains(problem),
            "{credential}: {}",
            page.text()
        );
    }
    // What was not offered is refused.
    let page = browser.open("/portal/agents").await.page();
    let form = page
        .form_to("/portal/agents")
        .with("name", "x")
        .with("level", "full");
    let form = form.with("credential", &Wallet::fresh(1).address());
    let refused = browser
        .submit(&form.clone().with("workspace", "wsp_other"))
        .await
        .page();
    assert_eq!(refused.status, 403);
    let refused = browser
        .submit(&form.clone().with("level", "owner"))
        .await
        .page();
    assert_eq!(refused.status, 403);
    // A form of another site, or without the browser's own token, links nothing.
    let refused = browser
        .submit(&form.clone().with("csrf_token", "x"))
        .await
        .page();
    assert_eq!(refused.status, 403);
    // After a while, the person proves once more who they are.
    bench.clock.advance(Duration::from_mins(16));
    let question = browser.submit(&form).await.page();
    assert_eq!(question.status, 403);
    assert!(
        question.body.contains("type=\"password\""),
        "{}",
        question.body
    );
    assert_eq!(bench.count("SELECT COUNT(*) FROM agents").await, 0);
}

#[tokio::test]
async fn challenges_and_sign_ins_of_one_address_are_bounded() {
    let bench = TestServer::with(with_agents).await;
    let wallet = Wallet::fresh(1);
    for _ in 0..120 {
        challenge(&bench, "agt_unknown", &wallet).await;
    }
    let asked = json!({
        "client_id": "agt_unknown", "address": wallet.address(), "chain_id": 8453,
    });
    let answer = bench.post_json("/oauth/agent/challenge", &asked).await;
    assert_eq!(answer.status, 429, "{}", answer.body);
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
    // Nothing of them is kept.
    assert_eq!(bench.count("SELECT COUNT(*) FROM used_assertions").await, 0);
}

/// Lets the server believe the address that the proxy reports.
fn behind_a_proxy(config: &mut runtime::config::Config) {
    with_agents(config);
    config.server.trusted_proxies = vec!["127.0.0.0/8".to_owned()];
}

/// Answers a challenge from an address.
async fn answer_from(
    bench: &TestServer,
    address: &str,
    client_id: &str,
    message: &str,
    signature: &str,
) -> Response {
    let body = encode(&[
        ("grant_type", EIP_4361),
        ("client_id", client_id),
        ("message", message),
        ("signature", signature),
    ]);
    let headers = [
        ("x-forwarded-for", address),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    bench
        .send(Method::POST, "/oauth/token", &headers, Some(body))
        .await
}

#[tokio::test]
async fn stranger_who_knows_the_client_id_of_an_agent_does_not_lock_it_out() {
    let bench = TestServer::with(behind_a_proxy).await;
    let mut browser = bench.first_person().await;
    let (wallet, stranger) = (Wallet::fresh(1), Wallet::fresh(2));
    let client_id = link(&mut browser, &wallet.address(), "full").await;
    let asked = challenge(&bench, &client_id, &wallet).await;
    let message = asked["message"].as_str().unwrap();
    let (wrong, right) = (stranger.sign(message), wallet.sign(message));
    let from = async |address: &str, message: &str, signature: &str| {
        answer_from(&bench, address, &client_id, message, signature).await
    };
    // What the server did not write is refused without a write.
    for _ in 0..10 {
        let refused = from("203.0.113.1", "Hello", &wrong).await;
        assert_eq!(refused.error(), "invalid_grant");
    }
    assert_eq!(bench.count("SELECT COUNT(*) FROM used_assertions").await, 0);
    let refusals = "SELECT COUNT(*) FROM audit WHERE action = 'agent.refused'";
    assert_eq!(bench.count(refusals).await, 0);
    let attempts = async |address: &str| {
        let mut statuses = Vec::new();
        for _ in 0..61 {
            let answer = from(address, message, &wrong).await;
            statuses.push(answer.status);
        }
        statuses
    };
    let statuses = attempts("203.0.113.2").await;
    assert_eq!(statuses[..60], [400; 60]);
    assert_eq!(statuses[60], 429);
    attempts("198.51.100.2").await;
    // From its own address the agent signs in.
    let late = from("192.0.2.1", message, &right).await;
    assert!(late.body.contains("answered before"), "{}", late.body);
    for _ in 0..60 {
        let asked = challenge(&bench, &client_id, &wallet).await;
        let message = asked["message"].as_str().unwrap();
        access(&from("192.0.2.2", message, &wallet.sign(message)).await);
    }
    // Its own sign-ins are counted wherever they come from.
    let asked = challenge(&bench, &client_id, &wallet).await;
    let message = asked["message"].as_str().unwrap();
    let refused = from("192.0.2.9", message, &wallet.sign(message)).await;
    assert_eq!(refused.status, 429, "{}", refused.body);
    assert!(refused.body.contains("this agent"), "{}", refused.body);
}

#[tokio::test]
async fn page_after_linking_an_agent_links_no_second_one_and_shows_no_agent_of_others() {
    let bench = TestServer::with(with_agents).await;
    let mut owner = bench.first_person().await;
    let invitation = invite(&mut owner).await;
    let mut member = join(&bench, &invitation).await;
    let client_id = link(&mut member, &Wallet::fresh(1).address(), "full").await;
    let address = format!("/portal/agents?linked={client_id}");
    let again = member.open(&address).await.page().text();
    assert!(again.contains("Night reports is linked."), "{again}");
    assert_eq!(bench.count("SELECT COUNT(*) FROM agents").await, 1);
    let others = owner.open(&address).await.page().text();
    assert!(!others.contains(&client_id), "{others}");
    let unknown = "/portal/agents?linked=agt_%3Cb%3E";
    let unknown = member.open(unknown).await.page().text();
    assert!(!unknown.contains("is linked"), "{unknown}");
}
