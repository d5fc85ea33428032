//! Keys at the API that were made without the server's knowledge: they are found and revoked.

use std::time::Duration;

use serde_json::json;

use crate::key_service::{KeyService, SETTINGS, with_list, with_repeats};
use crate::support::{CLAUDE, Client, TestServer, Tokens};

/// Has a person approve a connection; returns the status of the page that they see then.
async fn approve(bench: &TestServer) -> u16 {
    let mut browser = bench.first_person().await;
    let client = Client::claude(bench).await;
    let page = browser.open(&client.authorize_url()).await.page();
    let form = page.form().press("decision", "approve");
    browser.submit(&form).await.page().status
}

/// The subjects of all events of this kind.
async fn reported(bench: &TestServer, action: &str) -> Vec<String> {
    let audit = bench.audit_until(action).await;
    let found = audit.into_iter().filter(|(it, _)| it == action);
    found.map(|(_, reported)| reported).collect()
}

#[tokio::test]
async fn a_key_behind_a_failed_answer_is_found_on_any_page_of_the_list_and_revoked() {
    let (service, bench) = KeyService::start_with(&with_list(), |_| ()).await;
    service.set(|it| it.foreign(3));
    service.set(|it| it.broken = Some(502));
    assert_eq!(approve(&bench).await, 502);
    service.until(|it| it.good() == ["k 1", "k 2", "k 3"]).await;
    let revoked = reported(&bench, "upstream_key.revoked").await;
    assert!(
        revoked.len() == 1 && revoked[0].ends_with(" k 4"),
        "{revoked:?}"
    );
    assert_eq!(service.count("POST"), 1);
    assert_eq!(service.count("GET /v1/workspaces/home-1/api-keys"), 2);
}

#[tokio::test]
async fn a_key_behind_a_failed_answer_is_asked_for_again_and_revoked() {
    let (service, bench) = KeyService::start_with(&with_repeats(), |_| ()).await;
    service.set(|it| it.broken = Some(502));
    assert_eq!(approve(&bench).await, 502);
    service.until(|it| it.count("POST") >= 2).await;
    service.set(|it| it.broken = None);
    bench.clock.advance(Duration::from_secs(5));
    service
        .until(|it| it.keys() == 1 && it.good().is_empty())
        .await;
}

#[tokio::test]
async fn a_key_that_the_list_does_not_show_is_looked_for_until_it_could_not_come_any_more() {
    let (service, bench) = KeyService::start_with(&with_list(), |_| ()).await;
    service.set(|it| it.create = Some((500, json!({}))));
    assert_eq!(approve(&bench).await, 502);
    let list = "GET /v1/workspaces/home-1/api-keys";
    for times in 1..4 {
        service.until(|it| it.count(list) >= times).await;
        bench.clock.advance(Duration::from_secs(100));
    }
    let not_made = async || {
        let audit = bench.audit().await;
        audit
            .iter()
            .filter(|(action, _)| action == "upstream_key.not_made")
            .count()
    };
    assert_eq!(not_made().await, 1);
    bench.clock.advance(Duration::from_secs(100));
    for _ in 0..600 {
        if not_made().await == 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it is looked for in vain for ever");
}

#[tokio::test]
async fn an_api_that_fails_while_a_key_is_looked_for_is_asked_again() {
    let (service, bench) = KeyService::start_with(&with_list(), |_| ()).await;
    service.set(|it| (it.broken, it.revoke) = (Some(502), Some(503)));
    assert_eq!(approve(&bench).await, 502);
    let failed = reported(&bench, "upstream_key.not_revoked").await;
    assert!(failed[0].contains("503"), "{failed:?}");
    service.set(|it| it.revoke = None);
    bench.clock.advance(Duration::from_secs(5));
    service.until(|it| it.good().is_empty()).await;
}

#[tokio::test]
async fn a_key_that_cannot_be_found_is_reported_to_the_operator_once() {
    let (service, bench) = KeyService::start().await;
    let warnings = bench.server.warnings();
    assert!(
        warnings.iter().any(|it| it.contains("upstream.mint.find")),
        "{warnings:?}"
    );
    service.set(|it| it.broken = Some(502));
    assert_eq!(approve(&bench).await, 502);
    let unknown = reported(&bench, "upstream_key.unknown").await;
    assert!(
        unknown.len() == 1 && unknown[0].contains("Claude (MCP connector)"),
        "{unknown:?}"
    );
    for settings in [with_list(), with_repeats()] {
        let (_, bench) = KeyService::start_with(&settings, |_| ()).await;
        assert_eq!(bench.server.warnings(), [""; 0]);
    }
}

#[tokio::test]
async fn no_key_is_asked_for_that_is_not_written_down_before() {
    let (service, bench) = KeyService::start_with(&with_list(), |_| ()).await;
    bench
        .run(
            "CREATE TRIGGER fault BEFORE INSERT ON upstream_key_intents BEGIN \
             SELECT RAISE(ROLLBACK, 'the disk is full'); END",
        )
        .await;
    assert_eq!(approve(&bench).await, 503);
    assert_eq!(service.count("POST"), 0);
}

#[tokio::test]
async fn a_key_whose_grant_cannot_be_written_is_revoked() {
    let (service, bench) = KeyService::start_with(&with_list(), |_| ()).await;
    bench
        .run(
            "CREATE TRIGGER fault BEFORE INSERT ON upstream_keys BEGIN \
             SELECT RAISE(ROLLBACK, 'the disk is full'); END",
        )
        .await;
    assert_eq!(approve(&bench).await, 503);
    service
        .until(|it| it.keys() == 1 && it.good().is_empty())
        .await;
}

/// A person who approves while the API takes its time, and a second server is there; what they see
/// in the end.
async fn approving(service: &KeyService, bench: &TestServer, meanwhile: impl AsyncFnOnce()) -> u16 {
    service.set(|it| it.paused = true);
    let meanwhile = async {
        service.until(|it| it.count("POST") == 1).await;
        meanwhile().await;
        service.set(|it| it.paused = false);
    };
    let mut browser = bench.first_person().await;
    let _other = beside(service, bench).await;
    let client = Client::claude(bench).await;
    let page = browser.open(&client.authorize_url()).await.page();
    let form = page.form().press("decision", "approve");
    let (landing, ()) = tokio::join!(browser.submit(&form), meanwhile);
    match landing {
        crate::browser::Landing::Page(page) => page.status,
        away @ crate::browser::Landing::Away(_) => {
            let code = away.response(CLAUDE)["code"].clone();
            let tokens = Tokens::of(&client.redeem(bench, &code).await);
            bench
                .call(&tokens.access, "get_pet", json!({}))
                .await
                .status
        }
    }
}

/// One more server on the store of another one, with the same key service.
async fn beside(service: &KeyService, bench: &TestServer) -> TestServer {
    let url = service.listen().await;
    let config = runtime::config::Config::parse(&with_list(), "connector.toml".as_ref()).unwrap();
    let change = |config: &mut runtime::config::Config| {
        config.upstream.url = Some(url.parse().unwrap());
        config.store.path.clone_from(&bench.database);
    };
    TestServer::of_at(service.catalog(), config, change, bench.clock.clone()).await
}

#[tokio::test]
async fn a_key_that_one_server_asks_for_is_left_alone_by_another() {
    let (service, bench) = KeyService::start_with(&with_list(), |_| ()).await;
    let status = approving(&service, &bench, async || {
        bench.clock.advance(Duration::from_secs(14));
        // Both servers look for keys to revoke twice a second.
        tokio::time::sleep(Duration::from_millis(1500)).await;
    });
    assert_eq!(status.await, 200);
    assert_eq!(service.good(), ["k 1"]);
    assert_eq!(service.count("GET /v1/workspaces/home-1/api-keys"), 0);
}

#[tokio::test]
async fn a_server_that_was_not_heard_of_too_long_makes_no_grant_with_a_revoked_key() {
    let (service, bench) = KeyService::start_with(&with_list(), |_| ()).await;
    let status = approving(&service, &bench, async || {
        bench.clock.advance(Duration::from_secs(16));
        service.until(|it| it.good().is_empty()).await;
    });
    assert_eq!(status.await, 502);
    service
        .until(|it| it.keys() == 1 && it.good().is_empty())
        .await;
}

#[tokio::test]
async fn settings_that_find_no_key_are_reported_at_start() {
    for (from, to, reported) in [
        (
            " {grant}",
            "",
            "upstream.mint.find: the request that makes a key says nothing",
        ),
        (
            "next = ",
            "# next = ",
            "upstream.mint.find.next: is missing",
        ),
        (
            "?from={cursor}",
            "",
            "upstream.mint.find.request: does not say where the next page",
        ),
        (
            "{cursor}",
            "{page}",
            "upstream.mint.find.request: `{page}` represents nothing",
        ),
        (
            "\"/label\"",
            "\"label\"",
            "upstream.mint.find.grant: `label` is no JSON Pointer",
        ),
    ] {
        let settings = with_list();
        assert!(settings.contains(from), "{from}");
        let error = KeyService::refused(&settings.replacen(from, to, 1)).await;
        assert!(error.contains(reported), "{error}\nnot: {reported}");
    }
    let repeats = with_repeats().replace("\"Idempotency-Key\"", "\"Idempotency Key\"");
    let error = KeyService::refused(&repeats).await;
    assert!(
        error.contains("`Idempotency Key` is no name of a header field"),
        "{error}"
    );
    assert!(!SETTINGS.contains("idempotency"));
}
