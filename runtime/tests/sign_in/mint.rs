//! Keys at the API: each connection has one of its own, which comes and goes with it.

use std::time::Duration;

use serde_json::json;

use crate::browser::Browser;
use crate::key_service::{KeyService, SETTINGS};
use crate::people;
use crate::support::{CLAUDE, Client, TestServer, Tokens};

/// A person, and Claude connected with Full.
async fn connected(bench: &TestServer) -> (Browser<'_>, Client, Tokens) {
    let mut browser = bench.first_person().await;
    let client = Client::claude(bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    (browser, client, tokens)
}

async fn works(bench: &TestServer, token: &str) -> bool {
    let answer = bench.call(token, "get_pet", json!({})).await;
    answer.status == 200 && answer.json()["result"]["isError"] != true
}

#[tokio::test]
async fn a_connection_calls_the_api_with_a_key_of_its_own() {
    let (service, bench) = KeyService::start().await;
    let (mut browser, client, full) = connected(&bench).await;
    let read = client.connect(&mut browser, "read-only").await;
    assert!(works(&bench, &full.access).await && works(&bench, &read.access).await);
    let state = service.0.lock().unwrap();
    let reported: Vec<_> = state.asked.iter().map(|(line, ..)| line.as_str()).collect();
    let create = "POST /v1/workspaces/home-1/api-keys";
    assert_eq!(reported, [create, create, "GET /v1/pets", "GET /v1/pets"]);
    for (at, level) in [(0, "full"), (1, "read")] {
        let body = json!({"name": "Claude (MCP connector)", "level": level});
        assert_eq!(state.asked[at].2, body);
    }
    let keys: Vec<_> = state.asked[2..]
        .iter()
        .map(|(_, headers, _)| headers["authorization"].to_str().unwrap())
        .collect();
    assert_eq!(keys, ["Bearer secret-of-k-1", "Bearer secret-of-k-2"]);
}

#[tokio::test]
async fn a_refresh_keeps_the_key() {
    let (service, bench) = KeyService::start().await;
    let (_, client, tokens) = connected(&bench).await;
    let next = Tokens::of(&client.refresh(&bench, &tokens.refresh).await);
    assert!(works(&bench, &next.access).await);
    assert_eq!(service.count("POST"), 1);
    assert_eq!(service.good(), ["k 1"]);
}

#[tokio::test]
async fn a_copy_of_the_database_holds_no_key_of_the_api() {
    let (_service, bench) = KeyService::start().await;
    let (_browser, _, tokens) = connected(&bench).await;
    assert!(works(&bench, &tokens.access).await);
    for suffix in ["", "-wal"] {
        let mut file = bench.database.clone().into_os_string();
        file.push(suffix);
        let bytes = std::fs::read(file).unwrap_or_default();
        let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        assert!(!has(b"secret-of-k-1"));
    }
}

#[tokio::test]
async fn revoking_in_the_portal_revokes_at_the_api() {
    let (service, bench) = KeyService::start().await;
    let (mut browser, _, tokens) = connected(&bench).await;
    let page = browser.open("/portal/keys").await.page();
    browser
        .submit(&page.form_to("/portal/keys/revoke"))
        .await
        .page();
    assert!(!works(&bench, &tokens.access).await);
    service.until(|it| it.good().is_empty()).await;
}

#[tokio::test]
async fn what_a_client_revokes_is_revoked_at_the_api_and_its_sibling_is_not() {
    let (service, bench) = KeyService::start().await;
    let (mut browser, client, first) = connected(&bench).await;
    let second = client.connect(&mut browser, "full").await;
    let form = [
        ("token", first.refresh.as_str()),
        ("client_id", client.client_id.as_str()),
    ];
    assert_eq!(bench.post_form("/oauth/revoke", &form).await.status, 200);
    service.until(|it| it.good() == ["k 2"]).await;
    assert!(works(&bench, &second.access).await);
}

#[tokio::test]
async fn a_replayed_code_and_a_reused_refresh_token_end_the_key_at_the_api() {
    let (service, bench) = KeyService::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let code = client.code(&mut browser, "full").await;
    client.redeem(&bench, &code).await;
    client.redeem(&bench, &code).await;
    service.until(|it| it.good().is_empty()).await;
    let tokens = client.connect(&mut browser, "full").await;
    client.refresh(&bench, &tokens.refresh).await;
    bench.clock.advance(Duration::from_hours(1));
    client.refresh(&bench, &tokens.refresh).await;
    service.until(|it| it.good().is_empty()).await;
}

#[tokio::test]
async fn keys_of_connections_that_ended_by_themselves_are_revoked() {
    let (service, bench) = KeyService::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    // One code that is never redeemed, and one connection that is never used again.
    client.code(&mut browser, "full").await;
    client.connect(&mut browser, "full").await;
    bench.clock.advance(Duration::from_mins(11));
    service.until(|it| it.good() == ["k 2"]).await;
    bench.clock.advance(Duration::from_hours(366 * 24));
    service.until(|it| it.good().is_empty()).await;
    let audit = bench.audit().await;
    let expired = audit.iter().filter(|(action, _)| action == "grant.expired");
    assert_eq!(expired.count(), 2);
}

#[tokio::test]
async fn keys_of_who_leaves_and_of_a_workspace_that_is_gone_are_revoked() {
    let (service, bench) = KeyService::start().await;
    let mut owner = bench.first_person().await;
    let mut member = people::join(&bench, &people::invite(&mut owner).await).await;
    let client = Client::claude(&bench).await;
    client.connect(&mut owner, "full").await;
    client.connect(&mut member, "full").await;
    let page = owner.open("/portal/workspaces").await.page();
    let text = page.text();
    let (_, rest) = text.split_once("/portal/workspaces/").unwrap();
    let path = format!("/portal/workspaces/{}", rest.split('"').next().unwrap());
    let members = owner.open(&path).await.page();
    let removal = members.form_to(&format!("{path}/remove"));
    owner.submit(&removal).await.page();
    service.until(|it| it.good() == ["k 1"]).await;
    bench.execute("DELETE FROM workspaces").await;
    bench.clock.advance(Duration::from_secs(30));
    service.until(|it| it.good().is_empty()).await;
}

#[tokio::test]
async fn a_revocation_that_fails_is_tried_again_until_it_succeeds() {
    let (service, bench) = KeyService::start().await;
    service.set(|it| it.revoke = Some(503));
    let (mut browser, _, tokens) = connected(&bench).await;
    let page = browser.open("/portal/keys").await.page();
    browser
        .submit(&page.form_to("/portal/keys/revoke"))
        .await
        .page();
    // Here it is dead at once, whatever the API says.
    assert!(!works(&bench, &tokens.access).await);
    service.until(|it| it.count("DELETE") == 1).await;
    // Its id is all that is still known of it.
    bench
        .execute(
            "UPDATE upstream_keys SET key_id = key_id WHERE sealed IS NULL AND sealed_with IS NULL",
        )
        .await;
    for tries in 2..5 {
        bench.clock.advance(Duration::from_mins(2));
        service.until(|it| it.count("DELETE") >= tries).await;
    }
    assert_eq!(service.good(), ["k 1"]);
    let said = "the API has not revoked its own key for it yet";
    let page = browser.open("/portal/keys").await.page();
    assert!(page.text().contains(said), "{}", page.body);
    service.set(|it| it.revoke = None);
    bench.clock.advance(Duration::from_hours(1));
    service.until(|it| it.good().is_empty()).await;
    let audit = bench.audit_until("upstream_key.revoked").await;
    let failed = audit
        .iter()
        .find(|(action, _)| action == "upstream_key.not_revoked");
    assert!(failed.unwrap().1.contains("503"), "{audit:?}");
}

#[tokio::test]
async fn a_revocation_that_failed_is_taken_up_by_the_next_server() {
    let (service, bench) = KeyService::start().await;
    service.set(|it| it.revoke = Some(500));
    let (mut browser, _, _) = connected(&bench).await;
    let page = browser.open("/portal/keys").await.page();
    browser
        .submit(&page.form_to("/portal/keys/revoke"))
        .await
        .page();
    bench.audit_until("upstream_key.not_revoked").await;
    let (database, url) = (bench.database.clone(), service.listen().await);
    bench.server.shutdown().await;
    service.set(|it| it.revoke = None);
    let config = runtime::config::Config::parse(SETTINGS, "connector.toml".as_ref()).unwrap();
    let next = TestServer::of(service.catalog(), config, |config| {
        config.upstream.url = Some(url.parse().unwrap());
        config.store.path = database;
    });
    let next = next.await;
    assert!(
        next.server
            .warnings()
            .iter()
            .any(|it| it.contains("not revoked"))
    );
    next.clock.advance(Duration::from_hours(2));
    service.until(|it| it.good().is_empty()).await;
}

#[tokio::test]
async fn where_no_key_is_made_nothing_is_granted_and_the_person_learns_it() {
    let (service, bench) = KeyService::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    for answer in [
        (500, json!({})),
        (403, json!({"detail": "the operator's key is wrong"})),
        (201, json!({"key": "secret-of-nothing"})),
        (302, json!({})),
    ] {
        service.set(|it| it.create = Some(answer));
        let page = browser.open(&client.authorize_url()).await.page();
        let form = page.form().press("decision", "approve");
        let reported = browser.submit(&form).await.page();
        assert_eq!(reported.status, 502, "{}", reported.body);
        assert!(
            reported.text().contains("Nothing was granted"),
            "{}",
            reported.body
        );
        // The same page can be sent again, once the API has come to itself.
        service.set(|it| it.create = None);
        let response = browser.submit(&form).await.response(CLAUDE);
        let tokens = Tokens::of(&client.redeem(&bench, &response["code"]).await);
        assert!(works(&bench, &tokens.access).await);
    }
    assert_eq!(service.good().len(), 4);
    let audit = bench.audit().await;
    let count = |name: &str| audit.iter().filter(|(action, _)| action == name).count();
    assert_eq!(count("upstream_key.not_made"), 4);
    assert_eq!(
        (count("consent.approved"), count("upstream_key.made")),
        (4, 4)
    );
}

#[tokio::test]
async fn a_key_that_cannot_be_read_or_finds_no_grant_is_taken_back() {
    let (service, bench) = KeyService::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    service.set(|it| it.create = Some((201, json!({"key": {"id": "k 7"}}))));
    let page = browser.open(&client.authorize_url()).await.page();
    let form = page.form().press("decision", "approve");
    assert_eq!(browser.submit(&form).await.page().status, 502);
    service
        .until(|it| it.count("DELETE /v1/api-keys/k%207") == 1)
        .await;
    service.set(|it| it.create = None);
    // Of two answers at once one becomes a grant; the key of the other is revoked. No key is
    // returned before both are asked for.
    let mut twin = browser.clone();
    service.set(|it| it.paused = true);
    let both_asked = async {
        service.until(|it| it.count("POST") == 3).await;
        service.set(|it| it.paused = false);
    };
    let (first, second, ()) = tokio::join!(browser.submit(&form), twin.submit(&form), both_asked);
    let pages = [first, second].into_iter();
    let away = pages.filter(|it| matches!(it, crate::browser::Landing::Away(_)));
    assert_eq!(away.count(), 1);
    service.until(|it| it.good().len() == 1).await;
    let audit = bench.audit().await;
    let dropped = audit.iter().filter(|(it, _)| it == "upstream_key.dropped");
    assert_eq!(dropped.count(), 2);
}

#[tokio::test]
async fn a_workspace_that_the_api_does_not_know_gets_no_key() {
    let (service, bench) = KeyService::start_with(SETTINGS, |config| {
        config.upstream.workspace = None;
    })
    .await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let page = browser.open(&client.authorize_url()).await.page();
    let form = page.form().press("decision", "approve");
    let reported = browser.submit(&form).await.page();
    assert_eq!(reported.status, 409);
    assert!(
        reported.text().contains("Studio is not linked"),
        "{}",
        reported.body
    );
    assert_eq!(service.count("POST"), 0);
}

#[tokio::test]
async fn a_key_that_the_api_no_longer_takes_asks_for_a_new_connection() {
    let (service, bench) = KeyService::start().await;
    let (_, _, tokens) = connected(&bench).await;
    service.set(|it| it.keys[0].1 = false);
    let answer = bench.call(&tokens.access, "get_pet", json!({})).await;
    let error = &answer.json()["result"]["structuredContent"]["error"];
    assert_eq!(error["kind"], "unauthenticated", "{}", answer.body);
    assert!(error["hint"].as_str().unwrap().contains("connect again"));
    // The API repeats the key it was given; the model does not get to see it.
    assert!(!answer.body.contains("secret-of"), "{}", answer.body);
    assert!(answer.body.contains("[secret]"), "{}", answer.body);
}

#[tokio::test]
async fn a_key_that_was_put_into_another_row_opens_nothing() {
    let (service, bench) = KeyService::start().await;
    let (mut browser, client, first) = connected(&bench).await;
    let second = client.connect(&mut browser, "full").await;
    bench
        .execute(
            "UPDATE upstream_keys SET key_id = 'k 2', sealed = (SELECT sealed FROM upstream_keys \
             WHERE key_id = 'k 2') WHERE key_id = 'k 1'",
        )
        .await;
    bench.clock.advance(Duration::from_secs(1));
    let answer = bench.call(&first.access, "get_pet", json!({})).await;
    assert!(
        answer.body.contains("no key for the API"),
        "{}",
        answer.body
    );
    assert!(works(&bench, &second.access).await);
    assert_eq!(service.count("GET"), 1);
}

#[tokio::test]
async fn settings_that_no_key_can_be_made_with_are_reported_at_start() {
    for (from, to, reported) in [
        (
            "POST /workspaces/{workspace}/api-keys",
            "/api-keys",
            "connector.toml:11: upstream.mint.create.request: `/api-keys` is no request",
        ),
        (
            "\"/key/id\"",
            "\"key.id\"",
            "connector.toml:14: upstream.mint.create.id: `key.id` is no JSON Pointer",
        ),
        (
            "{workspace}",
            "{tenant}",
            "upstream.mint.create.request: `{tenant}` represents nothing; there is {name}",
        ),
        (
            "levels =",
            "# levels =",
            "upstream.mint.create.levels: is missing",
        ),
        (
            "DELETE /api-keys/{id}",
            "DELETE /api-keys",
            "upstream.mint.revoke.request: does not say which key",
        ),
        (
            "\"api_key\"",
            "\"apikey\"",
            "upstream.mint.scheme: the API has no security scheme `apikey`; write one of these: \
             api_key, operator_key",
        ),
        (
            "operator_key = ",
            "operator = ",
            "upstream.mint.credentials.operator: the API has no security scheme of this name",
        ),
        (
            "sealing_keys =",
            "# sealing_keys =",
            "upstream.mint.sealing_keys: is missing: write",
        ),
        (
            "MDEyMzQ1",
            "",
            "upstream.mint.sealing_keys: `1`: has to be 32 random bytes in base64",
        ),
        (
            "[upstream.mint]",
            "[upstream.on_behalf_of]\naudience = \"a\"\n[upstream.mint]",
            "upstream.mint: this and upstream.on_behalf_of are two ways",
        ),
    ] {
        assert!(SETTINGS.contains(from), "{from}");
        let error = KeyService::refused(&SETTINGS.replacen(from, to, 1)).await;
        assert!(error.contains(reported), "{error}\nnot: {reported}");
    }
}

#[tokio::test]
async fn a_sealing_key_that_is_still_needed_is_asked_for_at_start() {
    let (service, bench) = KeyService::start().await;
    let (_browser, _, _) = connected(&bench).await;
    let database = bench.database.clone();
    bench.server.shutdown().await;
    let other = SETTINGS.replace("id = \"1\"", "id = \"2\"");
    let mut config = runtime::config::Config::parse(&other, "connector.toml".as_ref()).unwrap();
    config.server.auth = runtime::config::Auth::Oauth;
    config.server.listen.set_port(0);
    config.upstream.url = Some("http://127.0.0.1:9/".parse().unwrap());
    config.store.path = database;
    let environment = runtime::app::Environment::default();
    let started = runtime::app::start(service.catalog(), config, environment).await;
    let error = started.unwrap_err().to_string();
    assert!(
        error.contains("sealing_keys") && error.contains("`1`"),
        "{error}"
    );
}
