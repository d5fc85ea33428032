//! What attackers of agents try. Each table is printed.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::keys::{claims, send};
use super::with::hexadecimal;
use super::{EIP_4361, Key, Wallet, access, answer, challenge, link, sign_in, with_agents};
use crate::support::{ORIGIN, RESOURCE, Response, TestServer};

/// Prints a row.
fn row(attack: &str, found: &Response) {
    println!("| {attack} | {} | {} |", found.status, found.error());
}

/// Changes a part of a message that has to be there.
fn change(message: &str, from: &str, to: &str) -> String {
    assert!(message.contains(from), "{from}: {message}");
    message.replacen(from, to, 1)
}

#[tokio::test]
async fn a59_wallet_signs_in_only_with_its_own_signature_of_a_challenge_of_this_server() {
    let bench = TestServer::with(with_agents).await;
    let other = TestServer::with(with_agents).await;
    let mut browser = bench.first_person().await;
    let (wallet, stranger) = (Wallet::fresh(1), Wallet::fresh(2));
    let client = link(&mut browser, &wallet.address(), "full").await;
    let reader = link(&mut browser, &wallet.address(), "read-only").await;
    let of_stranger = link(&mut browser, &stranger.address(), "full").await;
    let asked = async |bench: &TestServer, wallet: &Wallet| {
        let challenge = challenge(bench, &client, wallet).await;
        challenge["message"].as_str().unwrap().to_owned()
    };
    let altered: [(&str, &str, &str); 14] = [
        (
            "another domain",
            "mcp.example.com wants",
            "evil.example wants",
        ),
        (
            "a look-alike domain",
            "mcp.example.com wants",
            "mcp.ex\u{430}mple.com wants",
        ),
        (
            "another URI",
            "URI: https://mcp.example.com/mcp",
            "URI: https://evil.example/mcp",
        ),
        ("another chain of the list", "Chain ID: 8453", "Chain ID: 1"),
        ("another chain", "Chain ID: 8453", "Chain ID: 137"),
        (
            "another agent's id",
            "Request ID: agt_",
            "Request ID: agt_0",
        ),
        ("no agent's id", "Request ID: agt_", "Request Id: agt_"),
        ("another version", "Version: 1", "Version: 2"),
        (
            "another statement",
            "This moves no funds",
            "This moves some funds",
        ),
        (
            "a later end",
            "Expiration Time: 2025",
            "Expiration Time: 2035",
        ),
        (
            "a later beginning",
            "\nResources:",
            "\nNot Before: 2035-01-01T00:00:00Z\nResources:",
        ),
        (
            "one resource more",
            "- https://mcp",
            "- https://evil.example/\n- https://mcp",
        ),
        ("a second nonce", "\nIssued At", "\nNonce: 1\nIssued At"),
        (
            "a line at the end",
            "Resources:\n- https://mcp.example.com/mcp",
            "Resources:\n- https://mcp.example.com/mcp\n",
        ),
    ];
    println!("| attack | status | error |\n|---|---|---|");
    for (attack, from, to) in altered {
        let message = change(&asked(&bench, &wallet).await, from, to);
        let found = answer(&bench, &client, &message, &wallet.sign(&message), &[]).await;
        row(attack, &found);
        assert_eq!(
            (found.status, found.error().as_str()),
            (400, "invalid_grant"),
            "{attack}"
        );
    }
    // Two digits of the nonce, drawn or proving, are others.
    for place in [0, 62] {
        let message = asked(&bench, &wallet).await;
        let at = message.find("Nonce: ").unwrap() + "Nonce: ".len() + place;
        let digits = if message[at..].starts_with("00") {
            "11"
        } else {
            "00"
        };
        let message = format!("{}{digits}{}", &message[..at], &message[at + 2..]);
        let found = answer(&bench, &client, &message, &wallet.sign(&message), &[]).await;
        row("another nonce", &found);
        assert!(found.body.contains("not one that this"), "{}", found.body);
    }
    // Each signature is of a fresh message, so that nothing else is wrong.
    let signature = |attack: &str, message: &str| {
        let good = wallet.sign(message);
        let v = |v: &str| format!("{}{v}", &good[..good.len() - 2]);
        match attack {
            "the signature of another wallet" => stranger.sign(message),
            "a signature of another text" => wallet.sign("Hello"),
            "the second signature of the same (high s)" => wallet.sign_high(message),
            "64 bytes" => v(""),
            "v = 35" => v("23"),
            "v = 2" => v("02"),
            "zeros" => format!("0x{}1b", "00".repeat(64)),
            "no hexadecimal digits" => "0xzz".to_owned(),
            "the bytes of a contract (ERC-6492)" => format!("0x{}", "64926492".repeat(8)),
            _ => panic!("{attack}"),
        }
    };
    for attack in [
        "the signature of another wallet",
        "a signature of another text",
        "the second signature of the same (high s)",
        "64 bytes",
        "v = 35",
        "v = 2",
        "zeros",
        "no hexadecimal digits",
        "the bytes of a contract (ERC-6492)",
    ] {
        let message = asked(&bench, &wallet).await;
        let signature = signature(attack, &message);
        let found = answer(&bench, &client, &message, &signature, &[]).await;
        row(attack, &found);
        assert_eq!(
            (found.status, found.error().as_str()),
            (400, "invalid_grant"),
            "{attack}"
        );
        // The nonce is used up, so that the right signature comes too late.
        let found = answer(&bench, &client, &message, &wallet.sign(&message), &[]).await;
        assert!(
            found.body.contains("answered before"),
            "{attack}: {}",
            found.body
        );
    }
    // A challenge that was answered.
    let message = asked(&bench, &wallet).await;
    let token = access(&answer(&bench, &client, &message, &wallet.sign(&message), &[]).await);
    let found = answer(&bench, &client, &message, &wallet.sign(&message), &[]).await;
    row("a challenge that was answered", &found);
    assert_eq!(found.error(), "invalid_grant");
    // A challenge for another wallet, signed by either.
    for signer in [&wallet, &stranger] {
        let message = asked(&bench, &stranger).await;
        let found = answer(&bench, &client, &message, &signer.sign(&message), &[]).await;
        row("the challenge of another wallet", &found);
        assert_eq!(found.error(), "invalid_grant");
    }
    // The wallet of one agent under the name of another.
    let message = asked(&bench, &wallet).await;
    let found = answer(&bench, &of_stranger, &message, &wallet.sign(&message), &[]).await;
    row("the client_id of another agent", &found);
    assert_eq!(found.error(), "invalid_grant");
    // The wallet signed for one of its agents, and the answer names the other.
    let message = challenge(&bench, &reader, &wallet).await;
    let message = message["message"].as_str().unwrap();
    let found = answer(&bench, &client, message, &wallet.sign(message), &[]).await;
    row("the client_id of another agent of the same wallet", &found);
    assert_eq!(found.error(), "invalid_grant");
    assert!(found.body.contains("another client_id"), "{}", found.body);
    // A challenge that another server of the same name wrote.
    let message = asked(&other, &wallet).await;
    let found = answer(&bench, &client, &message, &wallet.sign(&message), &[]).await;
    row("a challenge of another server", &found);
    assert_eq!(found.error(), "invalid_grant");
    // A text of the client's own.
    let found = answer(&bench, &client, "Hello", &wallet.sign("Hello"), &[]).await;
    row("a text that the client wrote", &found);
    assert_eq!(found.error(), "invalid_grant");
    // Too late.
    let message = asked(&bench, &wallet).await;
    bench.clock.advance(Duration::from_mins(5));
    let found = answer(&bench, &client, &message, &wallet.sign(&message), &[]).await;
    row("a challenge that expired", &found);
    assert!(found.body.contains("expired"), "{}", found.body);
    assert_eq!(found.error(), "invalid_grant");
    // Nothing of that ended the token, and each refusal is among the events of the agent.
    assert_eq!(bench.call(&token, "get_pet", json!({})).await.status, 200);
    let events = bench.audit().await;
    for reason in [
        "replayed",
        "other_agent",
        "high_s",
        "signature",
        "expired",
        "other_wallet",
    ] {
        let is_of = |(action, what): &(String, String)| {
            action == "agent.refused" && what.ends_with(reason) && what.contains(&client)
        };
        assert!(events.iter().any(is_of), "{reason}: {events:?}");
    }
    let addresses = [&wallet, &stranger].map(Wallet::address);
    let shows = |what: &str| addresses.iter().any(|it| what.contains(&it[2..]));
    let is_shown = |(_, what): &(String, String)| shows(&what.to_lowercase());
    assert!(!events.iter().any(is_shown), "{events:?}");
}

#[tokio::test]
async fn a59_requests_for_a_challenge_that_are_wrong_are_refused() {
    let bench = TestServer::with(with_agents).await;
    let address = Wallet::fresh(1).address();
    let with = |member: &str, value: Value| {
        let mut asked = json!({"client_id": "agt_1", "address": address, "chain_id": 1});
        match value {
            Value::Null => asked.as_object_mut().unwrap().remove(member),
            value => asked
                .as_object_mut()
                .unwrap()
                .insert(member.to_owned(), value),
        };
        asked
    };
    assert_eq!(
        bench
            .post_json("/oauth/agent/challenge", &with("chain_id", json!(1)))
            .await
            .status,
        200
    );
    let table = [
        ("no client_id", with("client_id", Value::Null)),
        (
            "the client_id of an assistant",
            with("client_id", json!("cli_1")),
        ),
        (
            "a line break in the client_id",
            with("client_id", json!("agt_1\nResources:\n- x")),
        ),
        (
            "a long client_id",
            with("client_id", json!(format!("agt_{}", "x".repeat(61)))),
        ),
        ("no address", with("address", Value::Null)),
        ("no chain", with("chain_id", Value::Null)),
        ("a chain that is not listed", with("chain_id", json!(137))),
        ("a negative chain", with("chain_id", json!(-1))),
        ("half an address", with("address", json!(&address[..20]))),
        (
            "a wrong checksum",
            with(
                "address",
                json!("0x2C7536E3605D9C16a7a3D7b1898e529396a65c23"),
            ),
        ),
        ("a name", with("address", json!("vitalik.eth"))),
        ("a list", json!([])),
        (
            "a line break",
            with("address", json!(format!("{address}\nURI: x"))),
        ),
    ];
    println!("| attack | status | error |\n|---|---|---|");
    for (attack, body) in table {
        let found = bench.post_json("/oauth/agent/challenge", &body).await;
        row(attack, &found);
        assert_eq!(
            (found.status, found.error().as_str()),
            (400, "invalid_request"),
            "{attack}"
        );
    }
    let found = bench
        .post_form("/oauth/agent/challenge", &[("address", &address)])
        .await;
    assert_eq!(found.error(), "invalid_request");
    let found = bench.get("/oauth/agent/challenge").await;
    assert_eq!(found.status, 405);
}

/// The parts of a token.
fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<_> = token.split('.').collect();
    parts.try_into().unwrap()
}

fn base64(value: &Value) -> String {
    use base64::Engine as _;
    let bytes = value.to_string();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn decoded(part: &str) -> Value {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

/// The key that signs access tokens.
struct ServerKey(aws_lc_rs::signature::Ed25519KeyPair);

impl ServerKey {
    fn read(bench: &TestServer) -> ServerKey {
        use aws_lc_rs::signature::Ed25519KeyPair;
        use base64::Engine as _;
        let file = bench.database.with_extension("agents.key");
        let text = std::fs::read_to_string(file).unwrap();
        let pkcs8 = base64::engine::general_purpose::STANDARD.decode(text.trim());
        ServerKey(Ed25519KeyPair::from_pkcs8(&pkcs8.unwrap()).unwrap())
    }

    /// The token of these parts.
    fn sign(&self, head: &str, body: &str) -> String {
        use base64::Engine as _;
        let signed = format!("{head}.{body}");
        let signature = self.0.sign(signed.as_bytes());
        let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(signature);
        format!("{signed}.{signature}")
    }
}

/// Puts a token into the store, as one of the agent that signed in.
async fn know(bench: &TestServer, token: &str) {
    use aws_lc_rs::digest::{SHA256, digest};
    let digest = hexadecimal(digest(&SHA256, token.as_bytes()).as_ref());
    let statement = format!(
        "INSERT OR IGNORE INTO access_tokens (digest, grant_id, expires, scopes) \
         SELECT x'{digest}', grant_id, expires, scopes FROM access_tokens LIMIT 1"
    );
    bench.run_all(&statement).await;
}

#[tokio::test]
async fn a59_endpoint_takes_no_access_token_that_was_altered_or_is_for_something_else() {
    let bench = TestServer::with(|config| {
        with_agents(config);
        config.upstream.on_behalf_of = Some(runtime::config::OnBehalfOfSettings {
            header: "X-On-Behalf-Of".to_owned(),
            audience: RESOURCE.to_owned(),
            // A statement for the API is signed with the same key here, which no server should do.
            key_file: config.store.path.with_extension("agents.key"),
            reuse_seconds: 0,
        });
    })
    .await;
    let mut browser = bench.first_person().await;
    let wallet = Wallet::fresh(1);
    let client = link(&mut browser, &wallet.address(), "full").await;
    let token = access(&sign_in(&bench, &client, &wallet, &[]).await);
    assert_eq!(bench.call(&token, "get_pet", json!({})).await.status, 200);
    let statement = {
        let asked = bench.asked.lock().unwrap();
        let (_, _, headers) = asked.last().unwrap();
        headers["x-on-behalf-of"].to_str().unwrap().to_owned()
    };
    let [head, body, signature] = parts(&token);
    // What the server's own key signs, so that nothing but the change is wrong.
    let server_key = ServerKey::read(&bench);
    let changed = |part: &str, member: &str, value: Value| {
        let mut changed = decoded(part);
        match value {
            Value::Null => changed.as_object_mut().unwrap().remove(member),
            value => changed
                .as_object_mut()
                .unwrap()
                .insert(member.to_owned(), value),
        };
        base64(&changed)
    };
    let with_head =
        |member: &str, value: Value| server_key.sign(&changed(head, member, value), body);
    let with_claim =
        |member: &str, value: Value| server_key.sign(head, &changed(body, member, value));
    let unsigned =
        |member: &str, value: Value| format!("{head}.{}.{signature}", changed(body, member, value));
    let now = bench.clock.millis() / 1000;
    let own = Key::new(decoded(head)["kid"].as_str().unwrap());
    let own_header = own.header(decoded(head)["kid"].as_str().unwrap(), "at+jwt");
    let symmetric = Header {
        typ: Some("at+jwt".to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    let keys = bench.get("/oauth/jwks").await.body;
    let confused = encode(
        &symmetric,
        &decoded(body),
        &EncodingKey::from_secret(keys.as_bytes()),
    );
    let flipped = match signature.starts_with('A') {
        true => format!("{head}.{body}.B{}", &signature[1..]),
        false => format!("{head}.{body}.A{}", &signature[1..]),
    };
    let table = [
        (
            "alg none",
            format!(
                "{}.{body}.",
                base64(&json!({"alg": "none", "typ": "at+jwt"}))
            ),
        ),
        (
            "alg HS256 with the public keys as secret",
            confused.unwrap(),
        ),
        ("another typ", with_head("typ", json!("JWT"))),
        ("no typ", with_head("typ", Value::Null)),
        ("another alg", with_head("alg", json!("RS256"))),
        ("another kid", with_head("kid", json!("../../etc/passwd"))),
        (
            "a key of its own under the same kid",
            own.sign(&own_header, &decoded(body)),
        ),
        (
            "another audience",
            with_claim("aud", json!("https://other.example.com/mcp")),
        ),
        (
            "another issuer",
            with_claim("iss", json!("https://other.example.com")),
        ),
        (
            "more scope",
            unsigned("scope", json!("mcp:read mcp:write openid")),
        ),
        ("a later end", unsigned("exp", json!(4_000_000_000_u64))),
        ("expired", with_claim("exp", json!(now - 61))),
        ("no end", with_claim("exp", Value::Null)),
        ("issued in the future", with_claim("iat", json!(now + 120))),
        ("not valid yet", with_claim("nbf", json!(now + 120))),
        ("no audience", with_claim("aud", Value::Null)),
        ("another signature", flipped),
        ("a statement for the API of the same key", statement),
        (
            "a token of 7 kB",
            with_claim("padding", json!("A".repeat(5_000))),
        ),
        ("two parts", format!("{head}.{body}")),
    ];
    println!("| attack | status | error |\n|---|---|---|");
    // The store knows each of them as a token of the agent, so that only the check refuses it.
    let again = server_key.sign(head, body);
    know(&bench, &with_claim("jti", json!("at_other"))).await;
    let resigned = with_claim("jti", json!("at_other"));
    assert_eq!(again, token);
    assert_eq!(
        bench.call(&resigned, "get_pet", json!({})).await.status,
        200
    );
    for (attack, forged) in table {
        know(&bench, &forged).await;
        let found = bench.call(&forged, "get_pet", json!({})).await;
        println!(
            "| {attack} | {} | {} |",
            found.status,
            found.header("www-authenticate")
        );
        assert_eq!(found.status, 401, "{attack}");
        assert!(
            found.header("www-authenticate").contains("invalid_token"),
            "{attack}"
        );
    }
    // The token of one resource opens no other, and is none for the userinfo of people.
    let found = bench
        .rpc_at("/mcp/readonly", Some(&token), "tools/list", json!({}))
        .await;
    assert_eq!(found.status, 401);
    assert_eq!(bench.call(&token, "get_pet", json!({})).await.status, 200);
    // Signed here, but unknown to the store: the key alone opens nothing.
    bench.run_all("DELETE FROM access_tokens").await;
    bench.clock.advance(Duration::from_millis(600));
    assert_eq!(bench.call(&token, "get_pet", json!({})).await.status, 401);
}

#[tokio::test]
async fn a46_assertions_that_are_wrong_open_nothing() {
    let bench = TestServer::with(with_agents).await;
    let mut browser = bench.first_person().await;
    let key = Key::new("one");
    let client = link(&mut browser, &key.set(), "full").await;
    let wallet = link(&mut browser, &Wallet::fresh(1).address(), "full").await;
    let now = bench.clock.millis() / 1000;
    let with = |member: &str, value: Value| {
        let mut changed = claims(&bench, &client, member);
        match value {
            Value::Null => changed.as_object_mut().unwrap().remove(member),
            value => changed
                .as_object_mut()
                .unwrap()
                .insert(member.to_owned(), value),
        };
        key.assertion(&changed)
    };
    let plain = claims(&bench, &client, "plain");
    let symmetric = Header {
        kid: Some("one".to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    let secret = EncodingKey::from_secret(key.set().as_bytes());
    let none = base64(&json!({"alg": "none", "kid": "one"}));
    let table = [
        ("alg none", format!("{none}.{}.", base64(&plain))),
        (
            "alg HS256 with the public keys as secret",
            encode(&symmetric, &plain, &secret).unwrap(),
        ),
        (
            "a key of its own under the same kid",
            Key::new("one").assertion(&plain),
        ),
        (
            "kid is a path",
            key.sign(&key.header("../../dev/null", "JWT"), &plain),
        ),
        (
            "typ of an access token",
            key.sign(&key.header("one", "at+jwt"), &plain),
        ),
        (
            "another audience",
            with("aud", json!("https://other.example.com")),
        ),
        ("the resource as audience", with("aud", json!(RESOURCE))),
        (
            "an audience with a slash",
            with("aud", json!(format!("{ORIGIN}/"))),
        ),
        (
            "several audiences",
            with("aud", json!([ORIGIN, "https://other.example.com"])),
        ),
        ("no audience", with("aud", Value::Null)),
        ("another issuer", with("iss", json!("somebody"))),
        ("a list of its issuer", with("iss", json!([client]))),
        ("another subject", with("sub", json!(wallet))),
        ("an unknown subject", with("sub", json!("agt_unknown"))),
        ("no end", with("exp", Value::Null)),
        ("an end in two hours", with("exp", json!(now + 7200))),
        ("an end that no number has", with("exp", json!(1e300))),
        ("expired", with("exp", json!(now - 61))),
        ("not valid yet", with("nbf", json!(now + 120))),
        ("issued in the future", with("iat", json!(now + 120))),
        ("no jti", with("jti", Value::Null)),
        ("an empty jti", with("jti", json!(""))),
        ("a long jti", with("jti", json!("x".repeat(300)))),
        ("no token at all", "x".to_owned()),
    ];
    println!("| attack | status | error |\n|---|---|---|");
    for (attack, assertion) in table {
        let found = send(&bench, &assertion, &[]).await;
        row(attack, &found);
        assert_eq!(
            (found.status, found.error().as_str()),
            (401, "invalid_client"),
            "{attack}"
        );
    }
    let good = |id: &str| key.assertion(&claims(&bench, &client, id));
    // Refusals without effect on a jti: what is wrong with the request is found before it is used.
    for (attack, more, error) in [
        (
            "another client_id",
            vec![("client_id", wallet.as_str())],
            "invalid_client",
        ),
        (
            "a secret beside it",
            vec![("client_secret", "x")],
            "invalid_request",
        ),
        (
            "more scope",
            vec![("scope", "mcp:read openid")],
            "invalid_scope",
        ),
        (
            "another resource",
            vec![("resource", "https://other.example.com/")],
            "invalid_target",
        ),
        (
            "two assertions",
            vec![("client_assertion", "x")],
            "invalid_request",
        ),
    ] {
        let found = send(&bench, &good("kept"), &more).await;
        row(attack, &found);
        assert_eq!(found.error(), error, "{attack}");
    }
    access(&send(&bench, &good("kept"), &[]).await);
    let found = send(&bench, &good("kept"), &[]).await;
    row("a jti that was used", &found);
    assert_eq!(
        (found.status, found.error().as_str()),
        (401, "invalid_client")
    );
    // Another assertion type, none, or no assertion: never another way to authenticate.
    for form in [
        vec![
            ("grant_type", "client_credentials"),
            ("client_id", client.as_str()),
        ],
        vec![
            ("grant_type", "client_credentials"),
            ("client_assertion", "x"),
        ],
        vec![
            ("grant_type", "refresh_token"),
            ("client_id", client.as_str()),
            ("refresh_token", "x"),
        ],
        vec![
            ("grant_type", "authorization_code"),
            ("client_id", client.as_str()),
            ("code", "x"),
        ],
        vec![
            ("grant_type", EIP_4361),
            ("client_id", client.as_str()),
            ("message", "x"),
            ("signature", "x"),
        ],
    ] {
        let found = bench.post_form("/oauth/token", &form).await;
        row(&format!("{form:?}"), &found);
        assert!((400..=401).contains(&found.status), "{form:?}");
    }
    // An agent is no client that people authorize.
    let authorize = format!("/oauth/authorize?response_type=code&client_id={client}");
    assert_eq!(bench.get(&authorize).await.status, 400);
}
