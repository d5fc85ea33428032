//! What limits the harm of a browser left open, of guessing, and of a workspace gone bad.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use serde_json::json;

use crate::browser::{Browser, Page};
use crate::log::log;
use crate::people::{invite, join};
use crate::support::{Client, EMAIL, PASSWORD, TestServer, Tokens};

/// A server with a person who connected a client.
async fn connected(bench: &TestServer) -> (Browser<'_>, Client, Tokens) {
    let mut browser = bench.first_person().await;
    let client = Client::claude(bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    (browser, client, tokens)
}

async fn status(bench: &TestServer, token: &str) -> u16 {
    bench.rpc(Some(token), "tools/list", json!({})).await.status
}

/// The address of the page of the person's only workspace.
async fn workspace(browser: &mut Browser<'_>) -> String {
    let text = browser.open("/portal/workspaces").await.page().text();
    let (_, rest) = text.split_once("/portal/workspaces/").unwrap();
    format!("/portal/workspaces/{}", rest.split('"').next().unwrap())
}

#[tokio::test]
async fn after_a_quarter_of_an_hour_what_cannot_be_undone_needs_the_password() {
    let bench = TestServer::start().await;
    let (mut browser, _, tokens) = connected(&bench).await;
    bench.clock.advance(Duration::from_mins(15));
    let keys = browser.open("/portal/keys").await.page();
    let question = browser
        .submit(&keys.form_to("/portal/keys/revoke-all"))
        .await
        .page();
    assert_eq!(question.status, 403);
    assert!(question.text().contains("Confirm it is you"));
    assert_eq!(status(&bench, &tokens.access).await, 200);

    let wrong = browser.sign_in(&question, EMAIL, "not the password").await;
    let wrong = wrong.page();
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("This is not your password."));
    assert_eq!(status(&bench, &tokens.access).await, 200);

    let done = browser.sign_in(&wrong, EMAIL, PASSWORD).await.page();
    assert!(done.text().contains("Your keys were revoked."));
    assert_eq!(status(&bench, &tokens.access).await, 401);
}

#[tokio::test]
async fn the_question_for_the_password_keeps_what_the_form_said() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let path = workspace(&mut browser).await;
    bench.clock.advance(Duration::from_mins(20));
    let invite = browser
        .open(&path)
        .await
        .page()
        .form_to(&format!("{path}/invite"));
    let question = browser.submit(&invite.with("role", "owner")).await.page();
    let shown = browser.sign_in(&question, EMAIL, PASSWORD).await.page();
    assert!(shown.text().contains("/account/join/"), "{}", shown.body);
    // For a quarter of an hour it is not asked again.
    let again = shown.form_to(&format!("{path}/invite"));
    let shown = browser.submit(&again.with("role", "member")).await.page();
    assert!(shown.text().contains("/account/join/"), "{}", shown.body);
}

/// Forms of the portal that ask for no password: they end nothing of value, or ask for it anyway.
const FREE: [&str; 4] = [
    "/portal/keys/rename",
    "/portal/sign-out",
    "/portal/workspaces",
    "/portal/account/password",
];

#[tokio::test]
async fn every_form_that_ends_or_grants_something_needs_the_password_after_a_quarter_of_an_hour() {
    let letting = |config: &mut runtime::config::Config| {
        config.accounts.owners_link_workspaces = true;
    };
    let bench = TestServer::with(letting).await;
    let (mut browser, _, tokens) = connected(&bench).await;
    let link = invite(&mut browser).await;
    join(&bench, &link).await;
    invite(&mut browser).await;
    let mut other = Browser::new(&bench);
    let page = other.open("/account/sign-in").await.page();
    other.sign_in(&page, EMAIL, PASSWORD).await.page();
    let path = workspace(&mut browser).await;
    let before = bench.audit().await;

    bench.clock.advance(Duration::from_mins(15));
    let mut asked = BTreeSet::new();
    for page in [
        "/portal/keys",
        "/portal/workspaces",
        &path,
        "/portal/account",
    ] {
        for form in browser.open(page).await.page().forms() {
            if FREE.contains(&form.action.as_str()) {
                continue;
            }
            let question = browser.submit(&form).await.page();
            assert_eq!(question.status, 403, "{}", form.action);
            assert!(question.text().contains("Confirm it is you"));
            asked.insert(form.action.replace(&path, "*"));
        }
    }
    let expected = [
        "*/invite",
        "*/leave",
        "*/link",
        "*/remove",
        "*/role",
        "*/uninvite",
        "/portal/account/profile",
        "/portal/account/sign-out",
        "/portal/account/sign-out-others",
        "/portal/keys/revoke",
        "/portal/keys/revoke-all",
    ];
    assert!(asked.iter().eq(expected), "{asked:?}");
    assert_eq!(bench.audit().await, before);
    assert_eq!(status(&bench, &tokens.access).await, 200);

    let keys = browser.open("/portal/keys").await.page();
    let revocation = keys.form_to("/portal/keys/revoke");
    let question = browser.submit(&revocation).await.page();
    browser.sign_in(&question, EMAIL, PASSWORD).await.page();
    assert_eq!(status(&bench, &tokens.access).await, 401);
}

/// Enters a wrong password as `client`, through a proxy, until it has to wait.
async fn guess(bench: &TestServer, client: &str) -> u16 {
    let mut browser = Browser::new(bench);
    let mut page: Page = browser.open("/account/sign-in").await.page();
    for _ in 0..7 {
        let form = page.form().with("email", EMAIL).with("password", "wrong");
        page = browser
            .submit_from(&form, &[("x-forwarded-for", client)])
            .await
            .page();
    }
    page.status
}

async fn signs_in(bench: &TestServer, client: &str) -> bool {
    let mut browser = Browser::new(bench);
    let page = browser.open("/account/sign-in").await.page();
    let form = page.form().with("email", EMAIL).with("password", PASSWORD);
    let about = [("x-forwarded-for", client)];
    browser.submit_from(&form, &about).await.page().status == 200
}

#[tokio::test]
async fn a_guesser_behind_a_trusted_proxy_holds_up_only_themselves() {
    let trusting = |config: &mut runtime::config::Config| {
        config.server.trusted_proxies = vec!["127.0.0.0/8".to_owned()];
    };
    let bench = TestServer::with(trusting).await;
    bench.first_person().await;
    assert_eq!(guess(&bench, "203.0.113.7").await, 429);
    assert!(!signs_in(&bench, "198.51.100.1, 203.0.113.7").await);
    assert!(signs_in(&bench, "203.0.113.8").await);
}

#[tokio::test]
async fn without_a_trusted_proxy_forwarded_addresses_are_ignored() {
    let bench = TestServer::start().await;
    bench.first_person().await;
    assert_eq!(guess(&bench, "203.0.113.7").await, 429);
    assert!(!signs_in(&bench, "203.0.113.8").await);
}

#[tokio::test]
async fn proxy_that_is_not_configured_is_reported_once_with_the_line_to_write() {
    let log = log();
    let bench = TestServer::start().await;
    let ask = async |from: &str, forwarded: Option<&str>| {
        let http = reqwest::Client::builder().local_address(from.parse::<IpAddr>().unwrap());
        let url = format!("http://{}/account/sign-in", bench.server.addr());
        let mut request = http
            .build()
            .unwrap()
            .get(url)
            .header("host", "mcp.example.com");
        if let Some(forwarded) = forwarded {
            request = request.header("x-forwarded-for", forwarded);
        }
        assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    };
    ask("127.0.0.71", None).await;
    assert!(log.warnings("127.0.0.71").is_empty());
    for _ in 0..3 {
        ask("127.0.0.72", Some("203.0.113.7")).await;
    }
    let lines = log.warnings("127.0.0.72");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let wanted = "connector.toml, below [server]: trusted_proxies = [\"127.0.0.72\"]";
    assert!(lines[0].contains(wanted), "{lines:?}");
    // Many peers make no flood of lines.
    for last in 100..120 {
        ask(&format!("127.0.3.{last}"), Some("203.0.113.7")).await;
    }
    assert!(log.warnings("127.0.3.").len() < 10);
}

#[tokio::test]
async fn a_suspended_workspace_is_refused_with_its_name_until_it_is_resumed() {
    let bench = TestServer::start().await;
    let (mut browser, client, tokens) = connected(&bench).await;
    bench.suspend_workspace("Studio", true).await;
    bench.clock.advance(Duration::from_secs(1));
    let refused = bench.call(&tokens.access, "get_pet", json!({})).await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.body.contains("“Studio” is suspended"),
        "{}",
        refused.body
    );
    // A challenge would have the client ask its person for more.
    assert_eq!(refused.header("www-authenticate"), "");
    assert_eq!(bench.calls(), 0);
    let refresh = client.refresh(&bench, &tokens.refresh).await;
    assert_eq!(refresh.error(), "invalid_grant");
    let page = browser.open(&client.authorize_url()).await.page();
    assert!(page.text().contains("workspace"), "{}", page.body);
    assert!(!page.text().contains("value=\"approve\""), "{}", page.body);

    bench.suspend_workspace("Studio", false).await;
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(
        bench
            .call(&tokens.access, "get_pet", json!({}))
            .await
            .status,
        200
    );
    let next = Tokens::of(&client.refresh(&bench, &tokens.refresh).await);
    assert_eq!(status(&bench, &next.access).await, 200);
}

#[tokio::test]
async fn an_owner_ties_a_workspace_to_the_apis_where_the_operator_lets_owners() {
    let letting = |config: &mut runtime::config::Config| {
        config.accounts.owners_link_workspaces = true;
    };
    let bench = TestServer::with(letting).await;
    let (mut browser, client, before) = connected(&bench).await;
    let path = workspace(&mut browser).await;
    let link = browser
        .open(&path)
        .await
        .page()
        .form_to(&format!("{path}/link"));
    let wrong = browser
        .submit(&link.clone().with("upstream_id", "a b"))
        .await;
    assert!(wrong.page().text().contains("An id has no blanks"));
    browser
        .submit(&link.with("upstream_id", "home-2"))
        .await
        .page();
    // What was approved for the tenant before is not good for this one.
    assert_eq!(status(&bench, &before.access).await, 401);
    let tokens = client.connect(&mut browser, "full").await;
    bench.call(&tokens.access, "get_home", json!({})).await;
    let asked = bench.asked.lock().unwrap().clone();
    let paths: Vec<_> = asked.iter().map(|(_, path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/homes/home-2"]);
}

#[tokio::test]
async fn without_the_operators_leave_no_owner_reaches_another_tenant() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let path = workspace(&mut browser).await;
    let page = browser.open(&path).await.page();
    let mut form = page.form_to(&format!("{path}/invite"));
    form.action = format!("{path}/link");
    let refused = browser.submit(&form.with("upstream_id", "home-2")).await;
    assert_eq!(refused.page().status, 404);
}
