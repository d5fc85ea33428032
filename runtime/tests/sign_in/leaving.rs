//! People who leave the company: the provider is asked again, and what they had here ends.

use std::time::Duration;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::identity_provider::{IdentityProvider, to_portal};
use crate::log::log;
use crate::support::{Client, Response, TestServer, Tokens};

/// Refresh tokens are kept, and each group is of a workspace.
pub(crate) const SETTINGS: &str = r#"
sealing_keys = [{ id = "1", key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" }]
recheck_seconds = 60

[[identity.groups]]
group = "engineering"
workspace = "home-eng"

[[identity.groups]]
group = "sales"
workspace = "home-sales"
"#;

const INTERVAL: Duration = Duration::from_secs(60);

fn groups(provider: &IdentityProvider, groups: &[&str]) {
    provider.script(|script| drop(script.claims.insert("groups".to_owned(), json!(groups))));
}

/// A provider that issues refresh tokens to people of one group.
pub(crate) async fn provider() -> IdentityProvider {
    let provider = IdentityProvider::start().await;
    provider.script(|script| script.issues_refresh_tokens = true);
    groups(&provider, &["engineering"]);
    provider
}

/// A person who signed in and connected a client.
pub(crate) struct Connected<'a> {
    pub(crate) browser: Browser<'a>,
    pub(crate) client: Client,
    pub(crate) tokens: Tokens,
}

pub(crate) async fn connected<'a>(
    provider: &IdentityProvider,
    server: &'a TestServer,
) -> Connected<'a> {
    let mut browser = Browser::new(server);
    to_portal(provider, &mut browser).await;
    let mut client = Client::claude(server).await;
    client.scope = "mcp:read offline_access".to_owned();
    let tokens = client.connect(&mut browser, "read-only").await;
    assert_eq!(call(server, &tokens).await.status, 200);
    Connected {
        browser,
        client,
        tokens,
    }
}

pub(crate) async fn call(server: &TestServer, tokens: &Tokens) -> Response {
    server.call(&tokens.access, "get_pet", json!({})).await
}

/// The last refresh token that the server sent to the provider.
fn sent(provider: &IdentityProvider) -> String {
    let requests = provider.token_requests();
    let last = requests.last().unwrap();
    let at = last.find("refresh_token=refresh").unwrap();
    last[at + "refresh_token=".len()..].to_owned()
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    let page = browser.open("/portal/keys").await.page();
    page.location.starts_with("/portal/keys")
}

#[tokio::test]
async fn person_who_left_is_out_within_the_interval() {
    let provider = provider().await;
    let server = provider.server(SETTINGS).await;
    let mut person = connected(&provider, &server).await;
    provider.script(|script| script.has_left = true);
    // Within the interval nothing is asked.
    server.clock.advance(INTERVAL - Duration::from_secs(1));
    assert_eq!(call(&server, &person.tokens).await.status, 200);
    assert!(is_signed_in(&mut person.browser).await);
    assert_eq!(provider.refreshes(), 0);
    server.clock.advance(Duration::from_secs(1));
    let refused = call(&server, &person.tokens).await;
    assert_eq!(refused.status, 401, "{}", refused.body);
    assert!(refused.header("www-authenticate").contains("invalid_token"));
    assert_eq!(provider.refreshes(), 1);
    assert!(!is_signed_in(&mut person.browser).await);
    let refreshed = person.client.refresh(&server, &person.tokens.refresh).await;
    assert_eq!(refreshed.error(), "invalid_grant");
    let audit = server.audit().await;
    for (action, reason) in [
        ("grant.revoked", "provider_refused"),
        ("login.ended_by_provider", "provider_refused"),
    ] {
        let found = audit
            .iter()
            .find(|(it, about)| it == action && about.ends_with(reason));
        assert!(found.is_some(), "{action}: {audit:?}");
    }
    // Nothing is left to ask about.
    server.clock.advance(INTERVAL);
    assert_eq!(call(&server, &person.tokens).await.status, 401);
    assert_eq!(provider.refreshes(), 1);
}

#[tokio::test]
async fn person_who_left_is_out_when_their_browser_comes_back() {
    let provider = provider().await;
    let server = provider.server(SETTINGS).await;
    let mut person = connected(&provider, &server).await;
    provider.script(|script| script.has_left = true);
    server.clock.advance(INTERVAL);
    assert!(!is_signed_in(&mut person.browser).await);
    assert_eq!(call(&server, &person.tokens).await.status, 401);
    assert_eq!(provider.refreshes(), 1);
}

#[tokio::test]
async fn refresh_of_a_client_asks_the_provider_before_the_interval_is_over() {
    let provider = provider().await;
    let settings = SETTINGS.replace("recheck_seconds = 60", "recheck_seconds = 86400");
    let server = provider.server(&settings).await;
    let person = connected(&provider, &server).await;
    // Several clients that refresh within a minute cause one question.
    server.clock.advance(Duration::from_secs(59));
    let refreshed = person.client.refresh(&server, &person.tokens.refresh).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    assert_eq!(provider.refreshes(), 0);
    let tokens = Tokens::of(&refreshed);
    server.clock.advance(Duration::from_secs(1));
    let refreshed = person.client.refresh(&server, &tokens.refresh).await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    assert_eq!(provider.refreshes(), 1);
    let tokens = Tokens::of(&refreshed);
    provider.script(|script| script.has_left = true);
    server.clock.advance(Duration::from_mins(1));
    let refreshed = person.client.refresh(&server, &tokens.refresh).await;
    assert_eq!(refreshed.error(), "invalid_grant");
    assert_eq!(call(&server, &tokens).await.status, 401);
}

#[tokio::test]
async fn outage_of_the_provider_ends_nothing() {
    let provider = provider().await;
    let server = provider.server(SETTINGS).await;
    let mut person = connected(&provider, &server).await;
    let outages: [fn(&IdentityProvider, bool); 4] = [
        |provider, is_away| provider.script(|script| script.is_down = is_away),
        |provider, is_away| {
            let error = is_away.then_some("temporarily_unavailable");
            provider.script(|script| script.token_error = error);
        },
        |provider, is_away| {
            let error = is_away.then_some("invalid_client");
            provider.script(|script| script.token_error = error);
        },
        // The ID token cannot be checked.
        |provider, is_away| {
            let changed = if is_away {
                json!("person-2")
            } else {
                json!("person-1")
            };
            provider.script(|script| drop(script.claims.insert("sub".to_owned(), changed)));
        },
    ];
    for (number, outage) in outages.into_iter().enumerate() {
        outage(&provider, true);
        for _ in 0..3 {
            server.clock.advance(INTERVAL);
            let answer = call(&server, &person.tokens).await;
            assert_eq!(answer.status, 200, "{number}: {}", answer.body);
            assert!(is_signed_in(&mut person.browser).await, "{number}");
        }
        let refreshed = person.client.refresh(&server, &person.tokens.refresh).await;
        assert_eq!(refreshed.status, 200, "{number}: {}", refreshed.body);
        person.tokens = Tokens::of(&refreshed);
        outage(&provider, false);
    }
    // What was not answered is asked again, and a person who left during the outage is out then.
    provider.script(|script| script.has_left = true);
    server.clock.advance(INTERVAL);
    assert_eq!(call(&server, &person.tokens).await.status, 401);
}

#[tokio::test]
async fn during_an_outage_the_provider_is_asked_once_a_minute() {
    let provider = provider().await;
    let server = provider.server(SETTINGS).await;
    let person = connected(&provider, &server).await;
    provider.script(|script| script.token_error = Some("server_error"));
    server.clock.advance(INTERVAL);
    for _ in 0..5 {
        assert_eq!(call(&server, &person.tokens).await.status, 200);
        server.clock.advance(Duration::from_secs(10));
    }
    assert_eq!(provider.refreshes(), 1);
    server.clock.advance(Duration::from_secs(10));
    assert_eq!(call(&server, &person.tokens).await.status, 200);
    assert_eq!(provider.refreshes(), 2);
}

#[tokio::test]
async fn rotated_refresh_token_takes_the_place_of_the_one_before() {
    let provider = provider().await;
    provider.script(|script| script.rotates = true);
    let server = provider.server(SETTINGS).await;
    let person = connected(&provider, &server).await;
    for number in 1..4 {
        server.clock.advance(INTERVAL);
        assert_eq!(call(&server, &person.tokens).await.status, 200, "{number}");
        assert_eq!(
            sent(&provider),
            format!("refresh-token-of-the-provider-{number}")
        );
    }
    // Also where the ID token beside it cannot be used.
    provider.script(|script| drop(script.claims.insert("aud".to_owned(), json!("another"))));
    server.clock.advance(INTERVAL);
    assert_eq!(call(&server, &person.tokens).await.status, 200);
    provider.script(|script| drop(script.claims.remove("aud")));
    server.clock.advance(INTERVAL);
    assert_eq!(call(&server, &person.tokens).await.status, 200);
    assert_eq!(sent(&provider), "refresh-token-of-the-provider-5");
}

#[tokio::test]
async fn two_servers_ask_the_provider_once() {
    let provider = provider().await;
    provider.script(|script| {
        script.rotates = true;
        script.refresh_takes = Duration::from_millis(300);
    });
    let server = provider.server(SETTINGS).await;
    let settings = provider.settings(SETTINGS);
    let other = server
        .beside_with(|config| {
            config.accounts.passwords = false;
            config.identity = Some(settings);
        })
        .await;
    let person = connected(&provider, &server).await;
    for round in 1..4 {
        server.clock.advance(INTERVAL);
        let calls = (0..20).map(|number| {
            let here = if number % 2 == 0 { &server } else { &other };
            call(here, &person.tokens)
        });
        for answer in futures_util::future::join_all(calls).await {
            assert_eq!(answer.status, 200, "{round}: {}", answer.body);
        }
        assert_eq!(provider.refreshes(), round);
    }
    // A person who left is refused by both, however many calls come at once.
    provider.script(|script| script.has_left = true);
    server.clock.advance(INTERVAL);
    let calls = (0..20).map(|number| {
        let here = if number % 2 == 0 { &server } else { &other };
        call(here, &person.tokens)
    });
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.status, 401, "{}", answer.body);
    }
    assert_eq!(provider.refreshes(), 4);
}

#[tokio::test]
async fn token_that_is_replaced_while_the_store_fails_is_not_lost() {
    let provider = provider().await;
    provider.script(|script| script.rotates = true);
    let server = provider.server(SETTINGS).await;
    let person = connected(&provider, &server).await;
    let fault = "CREATE TRIGGER fault BEFORE UPDATE OF tried ON identities BEGIN \
                 SELECT RAISE(ROLLBACK, 'the disk is full'); END";
    server.run(fault).await;
    server.clock.advance(INTERVAL);
    assert_eq!(call(&server, &person.tokens).await.status, 503);
    assert_eq!(provider.refreshes(), 1);
    server.run("DROP TRIGGER fault").await;
    // The next call waits until the answer is kept, and asks nothing.
    assert_eq!(call(&server, &person.tokens).await.status, 200);
    assert_eq!(provider.refreshes(), 1);
    server.clock.advance(INTERVAL);
    assert_eq!(call(&server, &person.tokens).await.status, 200);
    assert_eq!(sent(&provider), "refresh-token-of-the-provider-2");
}

#[tokio::test]
async fn server_that_lacks_the_sealing_key_of_another_one_ends_nothing() {
    const ADDED: &str = "[{ id = \"2\", key = \"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=\" }, ";
    let provider = provider().await;
    let server = provider.server(SETTINGS).await;
    let changed = SETTINGS.replace("sealing_keys = [", &format!("sealing_keys = {ADDED}"));
    let beside = async |settings: &str| {
        let settings = provider.settings(settings);
        let change = |config: &mut runtime::config::Config| {
            config.accounts.passwords = false;
            config.identity = Some(settings);
        };
        server.beside_with(change).await
    };
    let other = beside(&changed).await;
    let mut person = connected(&provider, &other).await;
    let sealed = "SELECT COUNT(*) FROM identities WHERE sealed_with = '2'";
    assert_eq!(server.count(sealed).await, 1);
    server.clock.advance(INTERVAL);
    assert_eq!(call(&server, &person.tokens).await.status, 200);
    assert_eq!(provider.refreshes(), 0);
    // The server that has the key asks, and a person who left is out.
    server.clock.advance(INTERVAL);
    assert_eq!(call(&other, &person.tokens).await.status, 200);
    assert_eq!(provider.refreshes(), 1);
    assert!(is_signed_in(&mut person.browser).await);
    // Without any key, nothing can be asked at all, and the sign-in ends.
    let without = SETTINGS.replace("sealing_keys", "# sealing_keys");
    let without = beside(&without).await;
    server.clock.advance(INTERVAL);
    assert_eq!(call(&without, &person.tokens).await.status, 401);
    assert_eq!(provider.refreshes(), 1);
}

#[tokio::test]
async fn caller_that_goes_away_loses_no_token_that_was_replaced() {
    let provider = provider().await;
    provider.script(|script| {
        script.rotates = true;
        script.refresh_takes = Duration::from_millis(300);
    });
    let server = provider.server(SETTINGS).await;
    let person = connected(&provider, &server).await;
    server.clock.advance(INTERVAL);
    let left = tokio::time::timeout(Duration::from_millis(100), call(&server, &person.tokens));
    assert!(left.await.is_err());
    // The next one waits for the answer that is on its way, and asks nothing.
    assert_eq!(call(&server, &person.tokens).await.status, 200);
    assert_eq!(provider.refreshes(), 1);
    server.clock.advance(INTERVAL);
    assert_eq!(call(&server, &person.tokens).await.status, 200);
    assert_eq!(sent(&provider), "refresh-token-of-the-provider-2");
}

#[tokio::test]
async fn groups_of_a_refreshed_id_token_are_applied_as_at_a_sign_in() {
    let provider = provider().await;
    let server = provider.server(SETTINGS).await;
    let mut person = connected(&provider, &server).await;
    groups(&provider, &["sales"]);
    server.clock.advance(INTERVAL);
    // The connection was for the workspace of the former group; the person stays.
    assert_eq!(call(&server, &person.tokens).await.status, 401);
    assert!(is_signed_in(&mut person.browser).await);
    let memberships = "SELECT COUNT(*) FROM memberships m JOIN workspaces w ON w.id = m.workspace \
                       WHERE w.upstream_id = 'home-sales'";
    assert_eq!(server.count(memberships).await, 1);
    assert_eq!(server.count("SELECT COUNT(*) FROM memberships").await, 1);
    let tokens = person
        .client
        .connect(&mut person.browser, "read-only")
        .await;
    // In no group, the person is out, and so is every connection.
    groups(&provider, &[]);
    server.clock.advance(INTERVAL);
    assert_eq!(call(&server, &tokens).await.status, 401);
    assert!(!is_signed_in(&mut person.browser).await);
    assert_eq!(server.count("SELECT COUNT(*) FROM memberships").await, 0);
    let ended = "SELECT COUNT(*) FROM grants WHERE reason IN ('member_left', 'no_group')";
    assert_eq!(server.count(ended).await, 2);
}

#[tokio::test]
async fn refresh_without_an_id_token_leaves_groups_as_they_are() {
    let provider = provider().await;
    let server = provider.server(SETTINGS).await;
    let person = connected(&provider, &server).await;
    provider.script(|script| script.refreshes_without_id_token = true);
    groups(&provider, &[]);
    server.clock.advance(INTERVAL);
    assert_eq!(call(&server, &person.tokens).await.status, 200);
    assert_eq!(provider.refreshes(), 1);
    assert_eq!(server.count("SELECT COUNT(*) FROM memberships").await, 1);
}

#[tokio::test]
async fn without_a_refresh_token_a_sign_in_lasts_as_long_as_is_configured() {
    let cases = [
        // No refresh token comes, or none is kept.
        (false, SETTINGS.to_owned()),
        (true, SETTINGS.replace("sealing_keys", "# sealing_keys")),
    ];
    for (issues, settings) in cases {
        let provider = provider().await;
        provider.script(|script| script.issues_refresh_tokens = issues);
        let settings = format!("max_session_hours = 6\n{settings}");
        let server = provider.server(&settings).await;
        let mut person = connected(&provider, &server).await;
        server
            .clock
            .advance(Duration::from_hours(6) - Duration::from_secs(1));
        assert_eq!(call(&server, &person.tokens).await.status, 200);
        let refreshed = person.client.refresh(&server, &person.tokens.refresh).await;
        let tokens = Tokens::of(&refreshed);
        server.clock.advance(Duration::from_secs(1));
        assert_eq!(call(&server, &tokens).await.status, 401);
        let refreshed = person.client.refresh(&server, &tokens.refresh).await;
        assert_eq!(refreshed.error(), "invalid_grant");
        assert!(!is_signed_in(&mut person.browser).await);
        assert_eq!(provider.refreshes(), 0);
        let ended = "SELECT COUNT(*) FROM grants WHERE reason = 'sign_in_expired'";
        assert_eq!(server.count(ended).await, 1);
        // A new sign-in begins anew.
        connected(&provider, &server).await;
    }
}

#[tokio::test]
async fn new_sign_in_prolongs_a_sign_in_without_a_refresh_token() {
    let provider = provider().await;
    provider.script(|script| script.issues_refresh_tokens = false);
    let server = provider
        .server(&format!("max_session_hours = 6\n{SETTINGS}"))
        .await;
    let person = connected(&provider, &server).await;
    server.clock.advance(Duration::from_hours(5));
    to_portal(&provider, &mut Browser::new(&server)).await;
    server.clock.advance(Duration::from_hours(5));
    assert_eq!(call(&server, &person.tokens).await.status, 200);
}

#[tokio::test]
async fn former_refresh_token_is_kept_where_a_later_sign_in_has_none() {
    let provider = provider().await;
    let server = provider.server(SETTINGS).await;
    let person = connected(&provider, &server).await;
    // As Google, which issues one at the first sign-in only.
    provider.script(|script| script.issues_refresh_tokens = false);
    to_portal(&provider, &mut Browser::new(&server)).await;
    server.clock.advance(INTERVAL);
    assert_eq!(call(&server, &person.tokens).await.status, 200);
    assert_eq!(provider.refreshes(), 1);
}

#[tokio::test]
async fn refresh_token_is_kept_sealed_and_never_logged() {
    let log = log();
    let provider = provider().await;
    provider.script(|script| script.rotates = true);
    let server = provider.server(SETTINGS).await;
    let person = connected(&provider, &server).await;
    server.clock.advance(INTERVAL);
    call(&server, &person.tokens).await;
    assert_eq!(provider.refreshes(), 1);
    let sealed = "SELECT COUNT(*) FROM identities WHERE sealed_with = '1' AND length(sealed) > 28";
    assert_eq!(server.count(sealed).await, 1);
    provider.script(|script| script.token_error = Some("server_error"));
    server.clock.advance(INTERVAL);
    call(&server, &person.tokens).await;
    assert_eq!(log.warnings(provider.issuer()).len(), 1);
    let files = ["db", "db-wal"]
        .map(|name| std::fs::read(server.database.with_extension(name)).unwrap_or_default());
    for kept in files.iter().chain([&log.so_far()]) {
        let token = b"refresh-token-of-the-provider";
        assert!(!kept.windows(token.len()).any(|it| it == token));
    }
}

#[tokio::test]
async fn offline_access_is_requested_where_the_provider_knows_it() {
    let cases: [(&str, Value, bool); 4] = [
        (SETTINGS, json!(null), true),
        (SETTINGS, json!(["openid", "offline_access"]), true),
        (SETTINGS, json!(["openid"]), false),
        ("", json!(null), false),
    ];
    for (settings, supported, expected) in cases {
        let provider = provider().await;
        provider.script(|script| {
            script
                .discovery
                .insert("scopes_supported".to_owned(), supported.clone());
        });
        let server = provider.server(settings).await;
        let mut browser = Browser::new(&server);
        let page = browser.open("/account/sign-in").await.page();
        let page = crate::identity_provider::press(&mut browser, &page).await;
        let url = crate::identity_provider::onward(&page);
        assert_eq!(url.as_str().contains("offline_access"), expected, "{url}");
    }
}
