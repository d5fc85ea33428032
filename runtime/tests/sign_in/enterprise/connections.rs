//! What an assertion makes: a connection like any other.

use std::time::Duration;

use serde_json::json;

use super::{
    CLIENT, FULL, SECRET, access, assertion, connections, groups, person, refused, send, server,
    with_group,
};
use crate::identity_provider::IdentityProvider;
use crate::support::{ORIGIN, RESOURCE, TestServer};

#[tokio::test]
async fn assertion_connects_a_client_without_a_browser_and_the_client_calls_a_tool() {
    let (provider, server) = with_group().await;
    // The person was never here: their group has a workspace.
    let claims = json!({"groups": ["engineering"], "email": "ada@example.com", "name": "Ada"});
    let answer = send(&server, &assertion(&provider, claims), &[]).await;
    let token = access(&answer);
    let answer = answer.json();
    assert_eq!(answer["scope"], "mcp:read mcp:write");
    assert_eq!(answer["expires_in"], 3600);
    assert_eq!(answer["resource"], RESOURCE);
    let called = server.call(&token, "get_home", json!({})).await;
    assert_eq!(called.json()["result"]["isError"], false, "{}", called.body);
    assert_eq!(server.asked.lock().unwrap()[0].1, "/homes/home-eng");
    let written = server
        .call(&token, "create_pet", json!({"name": "Rex"}))
        .await;
    assert_eq!(
        written.json()["result"]["isError"],
        false,
        "{}",
        written.body
    );
    assert_eq!(server.count("SELECT COUNT(*) FROM people").await, 1);
    // The person who signs in later is the same one, and sees the connection.
    let mut browser = person(&provider, &server).await;
    let page = browser.open("/portal/keys").await.page();
    assert!(
        page.text().contains("Assistant (MCP connector)"),
        "{}",
        page.text()
    );
    assert_eq!(server.count("SELECT COUNT(*) FROM people").await, 1);
    // The token ends by itself, within the hour.
    server.clock.advance(Duration::from_hours(1));
    let called = server.call(&token, "get_pet", json!({})).await;
    assert_eq!(called.status, 401);
}

#[tokio::test]
async fn metadata_announces_the_grant_only_where_it_is_configured() {
    let (_, server) = with_group().await;
    let metadata = server
        .get("/.well-known/oauth-authorization-server")
        .await
        .json();
    let has = |member: &str, value: &str| {
        let all = metadata[member].as_array().unwrap();
        all.iter().any(|it| it == value)
    };
    assert!(
        has("grant_types_supported", super::JWT_BEARER),
        "{metadata}"
    );
    assert_eq!(
        metadata["authorization_grant_profiles_supported"],
        json!(["urn:ietf:params:oauth:grant-profile:id-jag"])
    );
    let methods = json!(["none", "client_secret_basic", "client_secret_post"]);
    assert_eq!(metadata["token_endpoint_auth_methods_supported"], methods);
    assert_eq!(
        metadata["revocation_endpoint_auth_methods_supported"],
        methods
    );
    let without = TestServer::start().await;
    let metadata = without
        .get("/.well-known/oauth-authorization-server")
        .await
        .json();
    assert!(
        metadata
            .get("authorization_grant_profiles_supported")
            .is_none()
    );
    assert_eq!(
        metadata["token_endpoint_auth_methods_supported"],
        json!(["none"])
    );
    let client = without
        .register("Claude", &["https://claude.ai/api/mcp/auth_callback"])
        .await;
    let form = [
        ("grant_type", super::JWT_BEARER),
        ("client_id", client.as_str()),
        ("assertion", "a.b.c"),
    ];
    let answer = without.post_form("/oauth/token", &form).await;
    assert_eq!(answer.error(), "unsupported_grant_type");
}

#[tokio::test]
async fn scope_above_the_cap_is_granted_at_the_cap() {
    let provider = IdentityProvider::start().await;
    groups(&provider, &["engineering"]);
    let capped = server(&provider, "", "clients = [\"assistant\"]").await;
    person(&provider, &capped).await;
    let full = server(&provider, "", FULL).await;
    person(&provider, &full).await;
    println!("| cap | assertion | request | answer |\n|---|---|---|---|");
    let (read, both) = ("mcp:read", "mcp:read mcp:write");
    let table = [
        (&capped, Some(both), None, read),
        (&capped, Some("mcp:write"), None, read),
        (&capped, Some(both), Some(both), read),
        (&full, Some(both), None, both),
        (&full, Some("openid mcp:write other"), None, both),
        (&full, Some(both), Some(read), read),
        (&full, Some(read), Some(both), read),
        (&full, Some(read), None, read),
        (&full, None, Some(both), read),
        (&full, None, None, read),
    ];
    for (server, claim, request, expected) in table {
        let sent = assertion(&provider, json!({"scope": claim}));
        let more: Vec<_> = request.iter().map(|scope| ("scope", *scope)).collect();
        let answer = send(server, &sent, &more).await;
        let cap = match std::ptr::eq(server, &capped) {
            true => "read-only",
            false => "full",
        };
        let scope = answer.json()["scope"].clone();
        println!(
            "| {cap} | {} | {} | {scope} |",
            claim.unwrap_or("-"),
            request.unwrap_or("-")
        );
        assert_eq!(scope, expected);
        let token = access(&answer);
        let written = server
            .call(&token, "create_pet", json!({"name": "Rex"}))
            .await;
        let status = if expected == both { 200 } else { 403 };
        assert_eq!(written.status, status, "{}", written.body);
    }
    // A resource that allows reads only is a cap of its own.
    let claims = json!({"resource": format!("{RESOURCE}/readonly")});
    let answer = send(&full, &assertion(&provider, claims), &[]).await;
    assert_eq!(answer.json()["scope"], read);
}

#[tokio::test]
async fn same_assertion_is_exchanged_again_for_the_same_connection_until_it_expires() {
    let (provider, server) = with_group().await;
    person(&provider, &server).await;
    let sent = assertion(&provider, json!({}));
    let first = access(&send(&server, &sent, &[]).await);
    server.clock.advance(Duration::from_mins(4));
    let second = access(&send(&server, &sent, &[]).await);
    assert_ne!(first, second);
    // The client that lost an answer has one more token, and no token ends by that.
    for token in [&first, &second] {
        assert_eq!(server.call(token, "get_pet", json!({})).await.status, 200);
    }
    // It can ask for less, and gets no more than before.
    let answer = send(&server, &sent, &[("scope", "mcp:read")]).await;
    assert_eq!(answer.json()["scope"], "mcp:read");
    assert_eq!(connections(&server).await, 1);
    // The next assertion continues the connection.
    access(&send(&server, &assertion(&provider, json!({})), &[]).await);
    assert_eq!(connections(&server).await, 1);
    server.clock.advance(Duration::from_mins(2));
    refused(&send(&server, &sent, &[]).await, "expired");
    assert_eq!(server.call(&second, "get_pet", json!({})).await.status, 200);
}

#[tokio::test]
async fn same_assertion_is_exchanged_once_where_that_is_configured() {
    let provider = IdentityProvider::start().await;
    groups(&provider, &["engineering"]);
    let server = server(&provider, "resubmission = false\ntoken_seconds = 60", FULL).await;
    person(&provider, &server).await;
    let sent = assertion(&provider, json!({}));
    let answer = send(&server, &sent, &[]).await;
    assert_eq!(answer.json()["expires_in"], 60);
    access(&answer);
    refused(&send(&server, &sent, &[]).await, "exchanged before");
    access(&send(&server, &assertion(&provider, json!({})), &[]).await);
}

#[tokio::test]
async fn parallel_exchanges_of_one_assertion_make_one_connection() {
    let (provider, server) = with_group().await;
    person(&provider, &server).await;
    let sent = assertion(&provider, json!({}));
    let answers = (0..20).map(|_| send(&server, &sent, &[]));
    for answer in futures_util::future::join_all(answers).await {
        access(&answer);
    }
    assert_eq!(connections(&server).await, 1);
    // What is remembered of the assertion is forgotten once it has expired.
    let kept = "SELECT COUNT(*) FROM identity_assertions";
    server.beside().await;
    assert_eq!(server.count(kept).await, 1);
    server.clock.advance(Duration::from_mins(6));
    server.beside().await;
    assert_eq!(server.count(kept).await, 0);
    assert_eq!(connections(&server).await, 1);
}

#[tokio::test]
async fn portal_lists_renames_and_revokes_a_connection_of_an_assertion() {
    let (provider, server) = with_group().await;
    let mut browser = person(&provider, &server).await;
    let sent = assertion(&provider, json!({}));
    let earlier = assertion(&provider, json!({}));
    let token = access(&send(&server, &sent, &[]).await);
    let page = browser.open("/portal/keys").await.page();
    let text = page.text();
    for shown in [
        "Assistant (MCP connector)",
        "By your organization",
        "Connected by",
        provider.issuer(),
        "Engineering",
        "Full",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    let form = page.form_to("/portal/keys/rename").with("name", "At work");
    let page = browser.submit(&form).await.page();
    assert!(page.text().contains("At work"), "{}", page.text());
    let form = page.form_to("/portal/keys/revoke");
    let page = browser.submit(&form).await.page();
    assert!(
        page.text().contains("The key was revoked."),
        "{}",
        page.text()
    );
    let called = server.call(&token, "get_pet", json!({})).await;
    assert_eq!(called.status, 401);
    // Neither the same assertion nor one that was made before the revocation connects again.
    refused(&send(&server, &sent, &[]).await, "was ended");
    refused(&send(&server, &earlier, &[]).await, "was ended");
    server.clock.advance(Duration::from_secs(2));
    refused(&send(&server, &sent, &[]).await, "was ended");
    assert_eq!(connections(&server).await, 0);
    // The provider decides anew.
    access(&send(&server, &assertion(&provider, json!({})), &[]).await);
    assert_eq!(connections(&server).await, 1);
}

#[tokio::test]
async fn connection_of_an_assertion_is_audited_as_any_other() {
    let (provider, server) = with_group().await;
    person(&provider, &server).await;
    let sent = assertion(&provider, json!({}));
    let token = access(&send(&server, &sent, &[]).await);
    access(&send(&server, &sent, &[]).await);
    let twin = assertion(&provider, json!({"jti": "twin"}));
    access(&send(&server, &twin, &[]).await);
    let other = assertion(&provider, json!({"jti": "twin", "name": "Eve"}));
    refused(&send(&server, &other, &[]).await, "same `jti`");
    server.call(&token, "get_pet", json!({})).await;
    let audit = server.audit_until("tool.called").await;
    let of_client = audit
        .iter()
        .filter(|(_, about)| about.contains(" assistant "));
    let of_client: Vec<_> = of_client.collect();
    let actions: Vec<_> = of_client
        .iter()
        .map(|(action, _)| action.as_str())
        .collect();
    assert_eq!(
        actions,
        [
            "assertion.granted",
            "assertion.exchanged",
            "assertion.refused",
            "tool.called"
        ]
    );
    assert!(
        of_client[0].1.ends_with("mcp:read mcp:write"),
        "{of_client:?}"
    );
    assert!(of_client[2].1.ends_with("replayed"), "{of_client:?}");
    let grant = of_client[0].1.split(' ').nth(4).unwrap();
    assert!(grant.starts_with("key_"), "{of_client:?}");
    for place in [0, 1, 3] {
        assert!(of_client[place].1.contains(grant), "{of_client:?}");
        assert!(of_client[place].1.contains("wsp_"), "{of_client:?}");
    }
    let counted = "SELECT count FROM audit WHERE action = 'assertion.exchanged'";
    assert_eq!(server.count(counted).await, 3);
    // Neither an assertion nor a token nor the secret is kept.
    let (payload, signature) = (
        sent.split('.').nth(1).unwrap(),
        sent.split('.').nth(2).unwrap(),
    );
    for name in ["db", "db-wal"] {
        let file = std::fs::read(server.database.with_extension(name)).unwrap_or_default();
        for text in [payload, signature, token.as_str(), SECRET] {
            assert!(!file.windows(text.len()).any(|it| it == text.as_bytes()));
        }
    }
}

#[tokio::test]
async fn connection_ends_with_the_groups_of_its_person_and_with_the_account() {
    let (provider, server) = with_group().await;
    let claims = json!({"groups": ["engineering", "sales"], "email": "ada@example.com"});
    let sent = assertion(&provider, claims);
    let token = access(&send(&server, &sent, &[]).await);
    // The first group of the configuration is the one that counts.
    server.call(&token, "get_home", json!({})).await;
    assert_eq!(server.asked.lock().unwrap()[0].1, "/homes/home-eng");
    server.clock.advance(Duration::from_secs(2));
    let unused = json!({"groups": ["engineering"]});
    let unused = assertion(&provider, unused);
    server.clock.advance(Duration::from_secs(2));
    let sales = assertion(&provider, json!({"groups": ["sales"]}));
    let other = access(&send(&server, &sales, &[]).await);
    assert_eq!(server.call(&token, "get_pet", json!({})).await.status, 401);
    refused(&send(&server, &sent, &[]).await, "was ended");
    server.call(&other, "get_home", json!({})).await;
    assert_eq!(server.asked.lock().unwrap()[1].1, "/homes/home-sales");
    // One that the provider made before brings no group back.
    access(&send(&server, &unused, &[]).await);
    let query = "SELECT COUNT(*) FROM memberships m JOIN workspaces w ON w.id = m.workspace \
                 WHERE w.upstream_id = 'home-eng'";
    assert_eq!(server.count(query).await, 0);
    // In no group any more.
    server.clock.advance(Duration::from_secs(2));
    let none = assertion(&provider, json!({"groups": []}));
    refused(&send(&server, &none, &[]).await, "in no group");
    assert_eq!(server.call(&other, "get_pet", json!({})).await.status, 401);
    assert_eq!(connections(&server).await, 0);
    // Disabled by the operator.
    server.clock.advance(Duration::from_secs(2));
    let back = assertion(&provider, json!({"groups": ["sales"]}));
    let token = access(&send(&server, &back, &[]).await);
    server.disable_account("ada@example.com", true).await;
    server.clock.advance(Duration::from_secs(2));
    assert_eq!(server.call(&token, "get_pet", json!({})).await.status, 401);
    refused(&send(&server, &back, &[]).await, "was ended");
    let next = assertion(&provider, json!({}));
    refused(&send(&server, &next, &[]).await, "disabled");
}

#[tokio::test]
async fn person_with_several_workspaces_connects_to_the_one_that_is_configured() {
    let provider = IdentityProvider::start().await;
    groups(&provider, &["engineering", "sales"]);
    let open = server(&provider, "", FULL).await;
    person(&provider, &open).await;
    let sent = assertion(&provider, json!({}));
    refused(&send(&open, &sent, &[]).await, "several workspaces");
    let with = format!("{FULL}\nworkspace = \"home-sales\"");
    let set = server(&provider, "", &with).await;
    person(&provider, &set).await;
    let token = access(&send(&set, &assertion(&provider, json!({})), &[]).await);
    set.call(&token, "get_home", json!({})).await;
    assert_eq!(set.asked.lock().unwrap()[0].1, "/homes/home-sales");
    // A person who is no member of it cannot connect.
    let claims = json!({"sub": "person-2", "groups": ["engineering"], "email": "b@example.com"});
    refused(
        &send(&set, &assertion(&provider, claims), &[]).await,
        "no workspace",
    );
}

#[tokio::test]
async fn connection_is_revoked_and_continued_at_any_server_of_the_store() {
    let (provider, first) = with_group().await;
    person(&provider, &first).await;
    let settings = super::settings(provider.issuer(), "", FULL);
    let identity = provider.settings(super::GROUPS);
    let second = first
        .beside_with(|config| {
            config.accounts.passwords = false;
            config.identity = Some(identity);
            config.enterprise = Some(settings);
        })
        .await;
    let sent = assertion(&provider, json!({}));
    let token = access(&send(&first, &sent, &[]).await);
    assert_eq!(second.call(&token, "get_pet", json!({})).await.status, 200);
    let again = access(&send(&second, &sent, &[]).await);
    assert_eq!(connections(&first).await, 1);
    // The client ends the connection at one of them (RFC 7009).
    let form = [
        ("token", token.as_str()),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
    ];
    let answer = second.post_form("/oauth/revoke", &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(second.call(&again, "get_pet", json!({})).await.status, 401);
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(first.call(&token, "get_pet", json!({})).await.status, 401);
    refused(&send(&first, &sent, &[]).await, "was ended");
    refused(&send(&second, &sent, &[]).await, "was ended");
}

#[tokio::test]
async fn assertion_is_accepted_in_every_form_that_the_specification_allows() {
    let (provider, server) = with_group().await;
    person(&provider, &server).await;
    let now = server.clock.millis() / 1000;
    for (form, head, claims) in [
        (
            "a list of one audience",
            json!({}),
            json!({"aud": [ORIGIN]}),
        ),
        (
            "a list of one resource",
            json!({}),
            json!({"resource": [RESOURCE]}),
        ),
        ("no resource", json!({}), json!({"resource": null})),
        (
            "a resource with a slash",
            json!({}),
            json!({"resource": format!("{RESOURCE}/")}),
        ),
        (
            "a type with its prefix",
            json!({"typ": "application/oauth-id-jag+jwt"}),
            json!({}),
        ),
        (
            "a type in capitals",
            json!({"typ": "OAUTH-ID-JAG+JWT"}),
            json!({}),
        ),
        ("a beginning", json!({}), json!({"nbf": now})),
        (
            "a clock that is half a minute ahead",
            json!({}),
            json!({"iat": now + 30, "nbf": now + 30}),
        ),
        (
            "a clock that is half a minute behind",
            json!({}),
            json!({"iat": now - 330, "exp": now - 30}),
        ),
        (
            "claims that this server does not use",
            json!({}),
            json!({"auth_time": now, "amr": ["mfa"], "act": {"sub": "agent"}, "aud_sub": "a"}),
        ),
    ] {
        let sent = provider.assertion(CLIENT, head, claims);
        let answer = send(&server, &sent, &[("resource", RESOURCE)]).await;
        assert_eq!(answer.status, 200, "{form}: {}", answer.body);
        assert_eq!(answer.json()["resource"], RESOURCE, "{form}");
    }
    assert_eq!(connections(&server).await, 1);
}
