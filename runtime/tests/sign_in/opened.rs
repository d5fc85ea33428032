//! Addresses that a person opens in a browser: a page, where a program reads JSON.

use http::Method;

use crate::browser::{Browser, unescape};
use crate::support::{Client, Response, TestServer};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn open(bench: &TestServer, location: &str, accept: &str) -> Response {
    bench
        .send(Method::GET, location, &[("accept", accept)], None)
        .await
}

#[tokio::test]
async fn address_opened_in_a_browser_answers_with_a_page_and_its_status() {
    let bench = TestServer::start().await;
    for (location, status, title) in [
        ("/nothing", 404, "There is no such page"),
        ("/.well-known/nothing", 404, "There is no such page"),
        ("/portal/nothing", 404, "There is no such page"),
        ("/mcp", 401, "This address is for your assistant"),
        ("/mcp/", 401, "This address is for your assistant"),
        ("/mcp/readonly", 401, "This address is for your assistant"),
        ("/oauth/token", 405, "This address is for programs"),
        ("/oauth/register", 405, "This address is for programs"),
        ("/portal/sign-out", 405, "This address is for programs"),
    ] {
        let page = open(&bench, location, BROWSER).await;
        assert_eq!(page.status, status, "{location}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.body.contains(title), "{location}: {}", page.body);
        assert!(unescape(&page.body).contains("href=\"/\""), "{location}");
        assert!(
            page.header("content-security-policy")
                .contains("default-src 'none'")
        );
        let id = page.header("x-request-id");
        assert!(!id.is_empty() && page.body.contains(id), "{location}");
    }
}

#[tokio::test]
async fn program_reads_json_where_a_browser_shows_a_page() {
    let bench = TestServer::start().await;
    for accept in [
        "*/*",
        "application/json",
        "application/json, text/event-stream",
    ] {
        for location in ["/nothing", "/mcp"] {
            let answer = open(&bench, location, accept).await;
            assert_eq!(answer.header("content-type"), "application/json");
            assert!(answer.json()["error"]["message"].is_string(), "{location}");
        }
    }
}

#[tokio::test]
async fn page_at_the_endpoint_keeps_the_challenge() {
    let bench = TestServer::start().await;
    let program = open(&bench, "/mcp", "*/*").await;
    let page = open(&bench, "/mcp", BROWSER).await;
    assert!(page.header("www-authenticate").starts_with("Bearer "));
    assert_eq!(
        page.header("www-authenticate"),
        program.header("www-authenticate")
    );
    assert_eq!(page.header("cache-control"), "no-store");
}

#[tokio::test]
async fn addresses_that_people_guess_lead_to_the_portal() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    for (location, heading) in [
        ("/login", "<h1>API keys</h1>"),
        ("/portal", "<h1>API keys</h1>"),
        ("/portal/", "<h1>API keys</h1>"),
        ("/account", "<h1>Account</h1>"),
        ("/account/", "<h1>Account</h1>"),
    ] {
        let page = browser.open(location).await.page();
        assert!(page.body.contains(heading), "{location}: {}", page.body);
    }
}

#[tokio::test]
async fn cancel_answers_the_client_before_anybody_signed_in() {
    let bench = TestServer::start().await;
    bench.first_person().await;
    let client = Client::claude(&bench).await;
    let mut browser = Browser::new(&bench);
    let page = browser.open(&client.authorize_url()).await.page();
    assert!(page.text().contains("No account?"));
    let form = page
        .forms()
        .into_iter()
        .find(|it| it.action.ends_with("/cancel"))
        .unwrap();
    let answer = browser.submit(&form).await.response(&client.redirect_uri);
    assert_eq!(answer["error"], "access_denied");
    // The request is over.
    let again = browser.open(&page.location).await.page();
    assert_eq!(again.status, 400);
    let audit = bench.audit_until("consent.denied").await;
    assert!(audit.iter().any(|(action, _)| action == "consent.denied"));
}

#[tokio::test]
async fn cancel_needs_the_browser_and_its_form() {
    let bench = TestServer::start().await;
    bench.first_person().await;
    let client = Client::claude(&bench).await;
    let mut browser = Browser::new(&bench);
    let page = browser.open(&client.authorize_url()).await.page();
    let mut forms = page.forms().into_iter();
    let form = forms.rfind(|it| it.action.ends_with("/cancel")).unwrap();
    let forged = form.clone().with("csrf_token", "another");
    assert_eq!(browser.submit(&forged).await.page().status, 403);
    let mut stranger = Browser::new(&bench);
    assert_eq!(stranger.submit(&form).await.page().status, 403);
    // The request still waits.
    assert_eq!(browser.open(&page.location).await.page().status, 200);
}

#[tokio::test]
async fn callback_url_that_is_not_registered_is_named_in_the_words_people_search_for() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let url = client.authorize_url_with(&[("redirect_uri", Some("https://evil.example/cb"))]);
    let page = browser.open(&url).await.page();
    assert_eq!(page.status, 400);
    assert!(
        page.text().contains("callback URL mismatch"),
        "{}",
        page.text()
    );
    let url = client.authorize_url_with(&[("client_id", Some("unknown"))]);
    let page = browser.open(&url).await.page();
    assert!(page.text().contains("unknown client_id"), "{}", page.text());
}
