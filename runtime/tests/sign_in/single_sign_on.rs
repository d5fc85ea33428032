//! Signing in at a company's identity provider: for the portal, for a client, and once more before
//! something that cannot be undone.

use std::time::Duration;

use serde_json::json;

use crate::browser::{Browser, Form};
use crate::identity_provider::{
    CLIENT_SECRET, IdentityProvider, members, onward, press, sign_in, to_portal, wait,
};
use crate::support::{CLAUDE, Client, EMAIL, ORIGIN, PASSWORD, TestServer};

/// Two groups of the company, each of a workspace.
const GROUPS: &str = r#"
[[identity.groups]]
group = "engineering"
workspace = "home-eng"
name = "Engineering"

[[identity.groups]]
group = "leads"
workspace = "home-eng"
name = "Engineering"
role = "owner"

[[identity.groups]]
group = "sales"
workspace = "home-sales"
"#;

/// Has the provider say which groups the person is in.
fn groups(provider: &IdentityProvider, groups: &[&str]) {
    provider.script(|script| drop(script.claims.insert("groups".to_owned(), json!(groups))));
}

#[tokio::test]
async fn person_signs_in_at_the_provider_and_connects_a_client() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    assert_eq!(server.server.setup_link(), None);
    let callback = format!("{ORIGIN}/account/callback");
    assert_eq!(server.server.callback(), Some(callback.as_str()));
    let client = Client::claude(&server).await;
    let mut browser = Browser::new(&server);
    // Client and destination first, then the provider, then the workspace, then the approval.
    let page = browser.open(&client.authorize_url()).await.page();
    assert!(
        page.text().contains("to connect Claude to Pets"),
        "{}",
        page.text()
    );
    assert!(page.text().contains("claude.ai"), "{}", page.text());
    assert!(!page.body.contains("type=\"password\""));
    let page = sign_in(&provider, &mut browser, &page).await.page();
    assert!(
        page.location.ends_with("/new-workspace"),
        "{}",
        page.location
    );
    let page = browser
        .submit(&page.form().with("name", "Studio"))
        .await
        .page();
    assert!(
        page.text().contains("Claude wants to access Pets"),
        "{}",
        page.text()
    );
    assert!(page.text().contains("ada@example.com"));
    let tokens = client.connect(&mut browser, "full").await;
    let called = server.call(&tokens.access, "get_pet", json!({})).await;
    assert_eq!(called.json()["result"]["structuredContent"]["name"], "Rex");
    // The next time, the same person has the same account.
    let mut elsewhere = Browser::new(&server);
    let page = to_portal(&provider, &mut elsewhere).await;
    assert!(
        page.location.starts_with("/portal/keys"),
        "{}",
        page.location
    );
    assert!(page.text().contains("Claude"), "{}", page.text());
    assert_eq!(server.count("SELECT COUNT(*) FROM people").await, 1);
}

#[tokio::test]
async fn provider_sees_only_what_it_needs_and_the_server_keeps_no_secret() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    let mut browser = Browser::new(&server);
    let page = browser.open("/account/sign-in").await.page();
    let page = press(&mut browser, &page).await;
    let url = onward(&page);
    assert!(
        url.as_str()
            .starts_with(&format!("{}/authorize?p=1&", provider.issuer()))
    );
    let cookie = page.response.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-provider-"), "{cookie}");
    for attribute in [
        "HttpOnly",
        "Secure",
        "SameSite=Lax",
        "Max-Age=600",
        "Path=/",
    ] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let secret = cookie.split(['=', '.']).nth(1).unwrap().to_owned();
    assert!(!url.as_str().contains(&secret));
    let state = url
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1;
    // The store knows digests only.
    let dump = server
        .count("SELECT COUNT(*) FROM provider_sign_ins WHERE typeof(state) = 'blob' AND length(state) = 32")
        .await;
    assert_eq!(dump, 1);
    let bytes = std::fs::read(&server.database).unwrap();
    let wal = std::fs::read(server.database.with_extension("db-wal")).unwrap_or_default();
    for text in [state.as_bytes(), secret.as_bytes()] {
        for file in [&bytes, &wal] {
            assert!(!file.windows(text.len()).any(|it| it == text));
        }
    }
    let back = provider.sign_in(&url);
    assert_eq!(browser.open(&back).await.page().status, 200);
    let requests = provider.token_requests();
    assert!(requests[0].starts_with("Basic "), "{requests:?}");
    assert!(!requests[0].contains("client_secret"), "{requests:?}");
    assert!(!requests[0].contains(&secret), "{requests:?}");
}

#[tokio::test]
async fn tokens_of_the_provider_are_not_kept() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    to_portal(&provider, &mut Browser::new(&server)).await;
    for name in ["db", "db-wal"] {
        let file = std::fs::read(server.database.with_extension(name)).unwrap_or_default();
        let token = b"access-token-of-the-provider";
        assert!(!file.windows(token.len()).any(|it| it == token));
    }
}

#[tokio::test]
async fn sign_in_page_of_an_unknown_client_warns_before_the_provider() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    let redirect = "https://unknown.example/cb";
    let id = server.register("Claude", &[redirect]).await;
    let mut browser = Browser::new(&server);
    let page = browser
        .open(&Client::new(&id, redirect).authorize_url())
        .await
        .page();
    let text = page.text();
    assert!(text.contains("unknown.example"), "{text}");
    assert!(text.contains("has not been verified"), "{text}");
    // A person who does not know it cancels, and nothing was asked of the provider.
    let cancel = page
        .forms()
        .into_iter()
        .find(|it| it.action.ends_with("/cancel"));
    browser.submit(&cancel.unwrap()).await;
    assert_eq!(provider.asked("/token"), 0);
}

#[tokio::test]
async fn password_sign_in_that_is_switched_off_has_no_way_in() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    to_portal(&provider, &mut Browser::new(&server)).await;
    let mut browser = Browser::new(&server);
    let page = browser.open("/account/sign-in").await.page();
    let form = page.form();
    for path in ["/account/sign-in", "/account/sign-up"] {
        let form = Form {
            action: path.to_owned(),
            ..form.clone()
        };
        let form = form.with("email", EMAIL).with("password", PASSWORD);
        assert_eq!(browser.submit(&form).await.page().status, 404, "{path}");
    }
    assert_eq!(browser.open("/account/reset/x").await.page().status, 404);
}

#[tokio::test]
async fn account_of_the_provider_has_no_password_to_guess() {
    let provider = IdentityProvider::start().await;
    let server = provider.server_with("", |_| ()).await;
    provider.person("person-2", "grace@example.com");
    to_portal(&provider, &mut Browser::new(&server)).await;
    let mut browser = Browser::new(&server);
    let page = browser.open("/account/sign-in").await.page();
    let form = page
        .forms()
        .into_iter()
        .find(|it| it.field("password").is_some());
    for password in ["", " ", "$argon2id$"] {
        let form = form.clone().unwrap().with("email", "grace@example.com");
        let landed = browser
            .submit(&form.with("password", password))
            .await
            .page();
        assert_eq!(landed.status, 422, "{}", landed.text());
    }
}

#[tokio::test]
async fn verified_address_has_its_account_only_where_that_is_switched_on() {
    for (more, verified, expected) in [
        ("link_verified_email = true", json!(true), true),
        ("link_verified_email = true", json!(false), false),
        ("link_verified_email = true", json!(null), false),
        ("", json!(true), false),
    ] {
        let provider = IdentityProvider::start().await;
        let server = provider.server_with(more, |_| ()).await;
        server.first_person().await;
        provider.script(|script| drop(script.claims.insert("email_verified".to_owned(), verified)));
        let mut browser = Browser::new(&server);
        let page = to_portal(&provider, &mut browser).await;
        match expected {
            true => {
                let page = browser.open("/portal/workspaces").await.page();
                assert!(page.text().contains("Studio"), "{}", page.text());
            }
            false => {
                assert_eq!(page.status, 409, "{}", page.text());
                assert!(page.text().contains("not linked"), "{}", page.text());
                let page = browser.open("/portal/keys").await.page();
                assert!(page.location.starts_with("/account/sign-in"));
            }
        }
        assert_eq!(server.count("SELECT COUNT(*) FROM people").await, 1);
    }
}

#[tokio::test]
async fn account_that_is_linked_is_not_linked_again() {
    let provider = IdentityProvider::start().await;
    let server = provider
        .server_with("link_verified_email = true", |_| ())
        .await;
    server.first_person().await;
    to_portal(&provider, &mut Browser::new(&server)).await;
    provider.person("person-2", EMAIL);
    let page = to_portal(&provider, &mut Browser::new(&server)).await;
    assert_eq!(page.status, 409, "{}", page.text());
}

#[tokio::test]
async fn groups_assign_workspaces_and_roles_and_take_them_away() {
    let provider = IdentityProvider::start().await;
    let server = provider.server(GROUPS).await;
    groups(&provider, &["engineering", "chess"]);
    let client = Client::claude(&server).await;
    let mut browser = Browser::new(&server);
    to_portal(&provider, &mut browser).await;
    let tokens = client.connect(&mut browser, "read-only").await;
    // The workspace is the one that the API knows by this id.
    server.call(&tokens.access, "get_home", json!({})).await;
    let path = server.asked.lock().unwrap().last().unwrap().1.clone();
    assert_eq!(path, "/homes/home-eng");
    let roles = "SELECT COUNT(*) FROM memberships WHERE role = 'owner'";
    assert_eq!(server.count(roles).await, 0);
    groups(&provider, &["engineering", "leads", "sales"]);
    let mut browser = Browser::new(&server);
    to_portal(&provider, &mut browser).await;
    assert_eq!(server.count(roles).await, 1);
    let page = browser.open("/portal/workspaces").await.page();
    assert!(page.text().contains("Engineering") && page.text().contains("home-sales"));
    // Another person of the group is in the same workspace.
    groups(&provider, &["sales"]);
    provider.person("person-2", "grace@example.com");
    to_portal(&provider, &mut Browser::new(&server)).await;
    assert_eq!(server.count("SELECT COUNT(*) FROM workspaces").await, 2);
    provider.person("person-1", EMAIL);
    to_portal(&provider, &mut Browser::new(&server)).await;
    assert_eq!(
        server
            .call(&tokens.access, "get_home", json!({}))
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn person_without_a_group_gets_nothing_and_loses_what_groups_assigned() {
    let provider = IdentityProvider::start().await;
    let server = provider.server(GROUPS).await;
    groups(&provider, &["chess"]);
    let page = to_portal(&provider, &mut Browser::new(&server)).await;
    assert_eq!(page.status, 403, "{}", page.text());
    assert_eq!(server.count("SELECT COUNT(*) FROM people").await, 0);
    groups(&provider, &["engineering"]);
    let mut browser = Browser::new(&server);
    to_portal(&provider, &mut browser).await;
    let client = Client::claude(&server).await;
    let tokens = client.connect(&mut browser, "read-only").await;
    provider.script(|script| drop(script.claims.remove("groups")));
    let page = to_portal(&provider, &mut Browser::new(&server)).await;
    assert_eq!(page.status, 403, "{}", page.text());
    assert_eq!(
        server
            .call(&tokens.access, "get_pet", json!({}))
            .await
            .status,
        401
    );
    let refreshed = client.refresh(&server, &tokens.refresh).await;
    assert_eq!(refreshed.status, 400, "{}", refreshed.body);
}

#[tokio::test]
async fn portal_asks_for_a_new_sign_in_at_the_provider_before_what_cannot_be_undone() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    let mut browser = Browser::new(&server);
    to_portal(&provider, &mut browser).await;
    server.clock.advance(Duration::from_mins(16));
    let page = browser.open("/portal/account").await.page();
    assert!(!page.body.contains("current_password"), "{}", page.body);
    let form = page
        .form_to("/portal/account/profile")
        .with("name", "Grace");
    let question = browser.submit(&form).await.page();
    assert_eq!(question.status, 403);
    assert!(
        !question.body.contains("type=\"password\""),
        "{}",
        question.body
    );
    let leaving = press(&mut browser, &question).await;
    let url = onward(&leaving);
    assert!(url.as_str().contains("prompt=login"), "{url}");
    assert!(url.as_str().contains("max_age=0"), "{url}");
    let landed = browser.open(&provider.sign_in(&url)).await.page();
    assert_eq!(landed.location, "/portal/account");
    let form = landed
        .form_to("/portal/account/profile")
        .with("name", "Grace");
    let changed = browser.submit(&form).await.page();
    assert!(
        changed.text().contains("Your details were changed"),
        "{}",
        changed.text()
    );
}

#[tokio::test]
async fn sign_in_that_the_provider_did_not_repeat_confirms_nothing() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    let mut browser = Browser::new(&server);
    to_portal(&provider, &mut browser).await;
    let early = server.clock.millis() / 1000;
    server.clock.advance(Duration::from_mins(16));
    for (name, claims, status) in [
        ("an earlier sign-in", json!({"auth_time": early}), 403),
        ("no time", json!({"auth_time": null}), 403),
        ("another person", json!({"sub": "person-2"}), 403),
    ] {
        provider.script(|script| script.claims = members(claims));
        let page = browser.open("/portal/account").await.page();
        let form = page
            .form_to("/portal/account/profile")
            .with("name", "Grace");
        let question = browser.submit(&form).await.page();
        let page = sign_in(&provider, &mut browser, &question).await.page();
        assert_eq!(page.status, status, "{name}: {}", page.text());
        let again = browser.submit(&form).await.page();
        assert_eq!(again.status, 403, "{name}");
    }
    assert_eq!(server.count("SELECT COUNT(*) FROM people").await, 1);
}

#[tokio::test]
async fn session_that_is_confirmed_is_the_one_that_asked() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    let mut browser = Browser::new(&server);
    to_portal(&provider, &mut browser).await;
    server.clock.advance(Duration::from_mins(16));
    let page = browser.open("/portal/account").await.page();
    let form = page
        .form_to("/portal/account/profile")
        .with("name", "Grace");
    let question = browser.submit(&form).await.page();
    let leaving = press(&mut browser, &question).await;
    // Meanwhile the person signs out in this browser.
    let page = browser.open("/portal/account").await.page();
    let mut forms = page.forms().into_iter();
    let out = forms.rfind(|it| it.action.ends_with("sign-out")).unwrap();
    browser.submit(&out).await;
    let back = provider.sign_in(&onward(&leaving));
    assert_eq!(browser.open(&back).await.page().status, 400);
}

#[tokio::test]
async fn invitation_is_followed_with_an_account_of_the_provider() {
    let provider = IdentityProvider::start().await;
    let server = provider.server_with("", |_| ()).await;
    let mut owner = server.first_person().await;
    let link = crate::people::invite(&mut owner).await;
    provider.person("person-2", "grace@example.com");
    let mut browser = Browser::new(&server);
    let path = link.strip_prefix(ORIGIN).unwrap_or(&link);
    let sign_in_page = format!("/account/sign-in?next={path}");
    let page = browser.open(&sign_in_page).await.page();
    let page = sign_in(&provider, &mut browser, &page).await.page();
    assert!(
        page.location.starts_with("/account/join/"),
        "{}",
        page.location
    );
    browser.submit(&page.form()).await;
    let page = browser.open("/portal/workspaces").await.page();
    assert!(page.text().contains("Studio"), "{}", page.text());
}

#[tokio::test]
async fn issuer_and_endpoint_may_be_different_hosts() {
    let provider = IdentityProvider::start().await;
    let server = provider
        .server_with("", |config| {
            config.accounts.passwords = false;
            config.oauth.issuer = Some("https://auth.example.com".parse().unwrap());
        })
        .await;
    let expected = "https://auth.example.com/account/callback";
    assert_eq!(server.server.callback(), Some(expected));
}

#[tokio::test]
async fn flood_of_sign_ins_of_one_address_is_bounded() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    let mut browser = Browser::new(&server);
    let page = browser.open("/account/sign-in").await.page();
    let form = page.form();
    let mut throttled = 0;
    for _ in 0..60 {
        if browser.submit(&form).await.page().status == 429 {
            throttled += 1;
        }
    }
    assert!(throttled > 0);
    // The provider is asked for its endpoints once.
    assert_eq!(provider.asked("/discovery"), 1);
}

#[tokio::test]
async fn server_starts_although_its_provider_is_away() {
    let provider = IdentityProvider::start().await;
    provider.script(|script| script.is_down = true);
    let server = provider.server("").await;
    let mut browser = Browser::new(&server);
    let page = browser.open("/account/sign-in").await.page();
    let away = press(&mut browser, &page).await;
    assert_eq!(away.status, 502, "{}", away.text());
    assert!(away.text().contains("cannot be reached"), "{}", away.text());
    provider.script(|script| script.is_down = false);
    wait(&server);
    let page = to_portal(&provider, &mut browser).await;
    assert_eq!(page.status, 200, "{}", page.text());
}

#[tokio::test]
async fn connections_go_on_while_the_provider_is_away() {
    let provider = IdentityProvider::start().await;
    let server: TestServer = provider.server(GROUPS).await;
    groups(&provider, &["sales"]);
    let mut browser = Browser::new(&server);
    to_portal(&provider, &mut browser).await;
    let client = Client::claude(&server).await;
    let tokens = client.connect(&mut browser, "read-only").await;
    provider.script(|script| script.is_down = true);
    assert_eq!(
        server
            .call(&tokens.access, "get_pet", json!({}))
            .await
            .status,
        200
    );
    assert_eq!(client.refresh(&server, &tokens.refresh).await.status, 200);
    assert_eq!(client.redirect_uri, CLAUDE);
}

#[tokio::test]
async fn r56_callback_that_the_provider_does_not_know_is_logged_with_the_expected_one() {
    let log = crate::log::log();
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    provider.script(|script| script.token_error = Some("redirect_uri_mismatch"));
    let page = to_portal(&provider, &mut Browser::new(&server)).await;
    assert_eq!(page.status, 502, "{}", page.text());
    let warnings = log.warnings(provider.issuer());
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let expected = format!("{ORIGIN}/account/callback");
    for part in ["redirect_uri_mismatch", &expected] {
        assert!(warnings[0].contains(part), "{warnings:?}");
    }
    assert!(!warnings[0].contains("code-0"), "{warnings:?}");
    let all = String::from_utf8(log.so_far()).unwrap();
    for secret in [CLIENT_SECRET, "access-token-of-the-provider"] {
        assert!(!all.contains(secret));
    }
}
