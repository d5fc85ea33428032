//! A store that fails every nth request to it, before or after it did what was asked: no client is
//! signed out, nothing is done by halves, and everything works once it fails no more.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use runtime::app::{StoreFailure, StoreFailures};
use runtime::config::{Auth, Config};
use serde_json::json;

use crate::browser::{Browser, Landing};
use crate::support::{
    CLAUDE, Client, EMAIL, ORIGIN, PASSWORD, Parts, Response, TestServer, Tokens, scratch,
};

/// Up to every how many requests one fails.
const LONGEST: u64 = 24;
/// How often everything is done with each of them: a connection keeps 100 refresh tokens, all of which are
/// counted here.
const ROUNDS: u64 = 3;
/// How often something is tried.
const TRIES: u64 = 4;

/// Has every nth request fail.
#[derive(Debug, Default)]
struct EveryNth {
    /// 0 where none fails.
    nth: AtomicU64,
    loses_answers: AtomicU64,
    requests: AtomicU64,
    failed: AtomicU64,
}

impl EveryNth {
    fn set(&self, nth: u64, failure: StoreFailure) {
        let loses = u64::from(failure == StoreFailure::AnswerLost);
        self.loses_answers.store(loses, Ordering::SeqCst);
        self.requests.store(0, Ordering::SeqCst);
        self.nth.store(nth, Ordering::SeqCst);
    }

    fn stop(&self) {
        self.nth.store(0, Ordering::SeqCst);
    }
}

impl StoreFailures for EveryNth {
    fn next(&self) -> Option<StoreFailure> {
        let nth = self.nth.load(Ordering::SeqCst);
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        if nth == 0 || !number.is_multiple_of(nth) {
            return None;
        }
        self.failed.fetch_add(1, Ordering::SeqCst);
        Some(match self.loses_answers.load(Ordering::SeqCst) {
            0 => StoreFailure::Refused,
            _ => StoreFailure::AnswerLost,
        })
    }
}

async fn start(failures: &Arc<EveryNth>) -> TestServer {
    let mut config = Config::parse("", Path::new("connector.toml")).unwrap();
    config.server.public_url = Some(ORIGIN.parse().unwrap());
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    config.server.auth = Auth::Oauth;
    config.server.mock = true;
    config.upstream.workspace = Some("home-1".to_owned());
    config.store.path = scratch();
    let parts = Parts {
        clock: Arc::default(),
        documents: Arc::default(),
        failures: Some(Arc::clone(failures) as Arc<dyn StoreFailures>),
    };
    TestServer::start_with_parts(config, parts).await
}

/// Checks that an answer is success, or an outage that says when to try again. Returns whether it
/// is success.
fn is_done(what: &str, answer: &Response) -> bool {
    match answer.status {
        200 | 201 => true,
        503 => {
            assert!(answer.headers.contains_key("retry-after"), "{what}");
            false
        }
        status => panic!("{what}: {status} {}", answer.body),
    }
}

/// A client that refreshes until that succeeds.
async fn refresh(bench: &TestServer, client: &Client, tokens: &mut Tokens) {
    for _ in 0..TRIES {
        let answer = client.refresh(bench, &tokens.refresh).await;
        if is_done("refresh", &answer) {
            *tokens = Tokens::of(&answer);
            return;
        }
        assert_eq!(answer.error(), "temporarily_unavailable");
    }
}

/// A page of the portal, which is shown or says that the server cannot answer just now: it never
/// asks the person to sign in.
async fn page(browser: &mut Browser<'_>) {
    let page = browser.open("/portal/keys").await.page();
    assert!(
        page.location.starts_with("/portal/keys"),
        "{}",
        page.location
    );
    is_done("page", &page.response);
}

/// A person who approves, as far as that goes; the code, where there is one.
async fn approve(browser: &mut Browser<'_>, client: &Client) -> Option<String> {
    let page = browser.open(&client.authorize_url()).await.page();
    if !is_done("authorize", &page.response) {
        return None;
    }
    // Where the session could not be looked up, the page is about the request alone.
    assert!(!page.body.contains("type=\"password\""), "{}", page.body);
    let form = page.form().with("level", "full");
    let form = form.press("decision", "approve");
    match browser.submit(&form).await {
        Landing::Away(location) => {
            let url = url::Url::parse(&location).unwrap();
            let code = url.query_pairs().find(|(name, _)| name == "code");
            Some(code.unwrap().1.into_owned())
        }
        Landing::Page(page) => {
            assert_eq!(page.status, 503, "{}", page.body);
            None
        }
    }
}

/// Redeems a code. Where the answer was lost, the code is used, and its connection, of which the client
/// knows nothing, ends when it comes again (RFC 6749 §4.1.2).
async fn redeem(bench: &TestServer, client: &Client, code: &str, failure: StoreFailure) {
    for _ in 0..TRIES {
        let answer = client.redeem(bench, code).await;
        if failure == StoreFailure::AnswerLost && answer.status == 400 {
            assert_eq!(answer.error(), "invalid_grant");
            return;
        }
        if is_done("redeem", &answer) {
            let tokens = Tokens::of(&answer);
            let revoke = [
                ("token", tokens.access.as_str()),
                ("client_id", client.client_id.as_str()),
            ];
            for _ in 0..TRIES {
                if is_done("revoke", &bench.post_form("/oauth/revoke", &revoke).await) {
                    return;
                }
            }
            return;
        }
    }
}

/// Counts what was done by halves: rows without the event that is written along with them.
async fn halves(bench: &TestServer) -> Vec<i64> {
    let mut found = Vec::new();
    for query in [
        "SELECT (SELECT COUNT(*) FROM refresh_tokens WHERE rotated IS NOT NULL) \
         - (SELECT COALESCE(SUM(count), 0) FROM audit WHERE action = 'token.refreshed')",
        "SELECT (SELECT COUNT(*) FROM grants WHERE revoked IS NOT NULL) \
         - (SELECT COALESCE(SUM(count), 0) FROM audit WHERE action = 'grant.revoked')",
        "SELECT (SELECT COUNT(*) FROM grants) \
         - (SELECT COALESCE(SUM(count), 0) FROM audit WHERE action = 'consent.approved')",
        "SELECT (SELECT COUNT(*) FROM grants WHERE exchanged IS NOT NULL) \
         - (SELECT COALESCE(SUM(count), 0) FROM audit WHERE action = 'token.issued')",
        "SELECT COUNT(*) FROM access_tokens a JOIN grants g ON g.id = a.grant_id \
         WHERE g.revoked IS NOT NULL",
        "SELECT COUNT(*) FROM grants g WHERE exchanged IS NOT NULL AND revoked IS NULL \
         AND NOT EXISTS (SELECT 1 FROM access_tokens a WHERE a.grant_id = g.id)",
    ] {
        found.push(bench.count(query).await);
    }
    found
}

async fn store_that_fails(failure: StoreFailure) {
    let failures = Arc::new(EveryNth::default());
    let bench = &start(&failures).await;
    let mut browser = bench.first_person().await;
    let mut client = Client::claude(bench).await;
    client.scope = "mcp:read mcp:write offline_access".to_owned();
    let mut tokens = client.connect(&mut browser, "full").await;
    for nth in 1..=LONGEST {
        failures.set(nth, failure);
        for _ in 0..ROUNDS {
            // What a server remembers of a token is half a second old at most: it is looked up again.
            // And no budget of requests is used up.
            bench.clock.advance(std::time::Duration::from_secs(10));
            is_done(
                "call",
                &bench.call(&tokens.access, "get_pet", json!({})).await,
            );
            refresh(bench, &client, &mut tokens).await;
            page(&mut browser).await;
            let registration = json!({
                "client_name": format!("Another {nth}"),
                "redirect_uris": [CLAUDE],
                "token_endpoint_auth_method": "none",
            });
            let registered = bench.post_json("/oauth/register", &registration).await;
            is_done("register", &registered);
            if let Some(code) = approve(&mut browser, &client).await {
                redeem(bench, &client, &code, failure).await;
            }
        }
        failures.stop();
        // Nothing was lost: the last token that arrived works, and is rotated.
        let called = bench.call(&tokens.access, "get_pet", json!({})).await;
        assert_eq!(called.status, 200, "{nth}: {}", called.body);
        let refreshed = client.refresh(bench, &tokens.refresh).await;
        assert_eq!(refreshed.status, 200, "{nth}: {}", refreshed.body);
        tokens = Tokens::of(&refreshed);
        assert_eq!(halves(bench).await, [0; 6], "{nth}");
    }
    let failed = failures.failed.load(Ordering::SeqCst);
    println!("every 1st to {LONGEST}th request, {failure:?}: {failed} failed");
    assert!(failed > 100);
    // The password is as it was, and so is the person's session.
    let mut other = Browser::new(bench);
    let page = other.open("/account/sign-in").await.page();
    let landed = other.sign_in(&page, EMAIL, PASSWORD).await.page();
    assert_eq!(landed.status, 200, "{}", landed.body);
}

#[tokio::test]
async fn store_that_refuses_every_nth_request_signs_no_client_out() {
    store_that_fails(StoreFailure::Refused).await;
}

#[tokio::test]
async fn store_whose_every_nth_answer_is_lost_signs_no_client_out() {
    store_that_fails(StoreFailure::AnswerLost).await;
}
