//! What a person of an identity provider may do is no more than the provider and the operator say:
//! linked accounts, lost groups, sessions, confirmations, and a provider that is away.

use std::time::Duration;

use runtime::app;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _};

use crate::browser::{Browser, Form};
use crate::identity_provider::{IdentityProvider, members, press, sign_in, to_portal};
use crate::log::log;
use crate::support::{Client, EMAIL, PASSWORD, TestServer};

const LINKS: &str = "link_verified_email = true";
const GROUP: &str = "[[identity.groups]]\ngroup = \"staff\"\nworkspace = \"home-1\"";
const DIRECTORY: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

/// Has ID tokens make these claims beside the usual ones.
fn claim(provider: &IdentityProvider, claims: Value) {
    provider.script(|script| script.claims = members(claims));
}

/// Changes the name of the person who is signed in. Returns the status of the page.
async fn change_name(browser: &mut Browser<'_>) -> u16 {
    let page = browser.open("/portal/account").await.page();
    let form = page.form_to("/portal/account/profile").with("name", "New");
    browser.submit(&form).await.page().status
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    let page = browser.open("/portal/keys").await.page();
    !page.location.starts_with("/account/sign-in")
}

#[tokio::test]
async fn account_that_another_person_prepared_is_linked_without_what_they_had() {
    let provider = IdentityProvider::start().await;
    let server = provider.server_with(LINKS, |_| ()).await;
    // Somebody has an account with this address, and a connection.
    let mut before = server.first_person().await;
    let client = Client::claude(&server).await;
    let tokens = client.connect(&mut before, "full").await;
    assert!(is_signed_in(&mut before).await);
    // The person of the address signs in at the provider for the first time.
    let mut own = Browser::new(&server);
    assert_eq!(to_portal(&provider, &mut own).await.status, 200);
    assert!(is_signed_in(&mut own).await);
    assert!(!is_signed_in(&mut before).await);
    let called = server.call(&tokens.access, "get_pet", json!({})).await;
    assert_eq!(called.status, 401);
    let refreshed = client.refresh(&server, &tokens.refresh).await;
    assert_eq!(refreshed.status, 400, "{}", refreshed.body);
    let page = before.open("/account/sign-in").await.page();
    let mut forms = page.forms().into_iter();
    let form = forms.find(|it| it.field("password").is_some()).unwrap();
    let form = form.with("email", EMAIL).with("password", PASSWORD);
    assert_eq!(before.submit(&form).await.page().status, 422);
    let ended = "SELECT COUNT(*) FROM audit WHERE action = 'grant.revoked' \
                 AND subject = 'account_linked'";
    assert_eq!(server.count(ended).await, 1);
}

#[tokio::test]
async fn sign_in_of_an_unknown_time_confirms_nothing_unless_the_product_never_reports_one() {
    for (preset, claims, expected) in [
        ("", json!({"auth_time": null}), 403),
        (
            "provider = \"auth0\"\ntenant = \"example.eu.auth0.com\"",
            json!({"auth_time": null}),
            403,
        ),
        (
            "provider = \"google\"\ntenant = \"example.com\"",
            json!({"auth_time": null, "hd": "example.com"}),
            200,
        ),
    ] {
        let provider = IdentityProvider::start().await;
        let server = provider.server(preset).await;
        claim(&provider, claims);
        let mut browser = Browser::new(&server);
        assert_eq!(to_portal(&provider, &mut browser).await.status, 200);
        assert_eq!(change_name(&mut browser).await, expected, "{preset}");
    }
}

#[tokio::test]
async fn session_of_the_provider_lasts_half_a_day_however_much_it_is_used() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    let mut browser = Browser::new(&server);
    to_portal(&provider, &mut browser).await;
    let cookie = browser
        .set_cookies
        .iter()
        .find(|it| it.contains("session="));
    assert!(cookie.unwrap().contains("Max-Age=43200"), "{cookie:?}");
    for _ in 0..2 {
        server.clock.advance(Duration::from_mins(359));
        assert!(is_signed_in(&mut browser).await);
    }
    server.clock.advance(Duration::from_mins(3));
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn sign_in_without_a_group_ends_the_sessions_of_other_browsers() {
    let provider = IdentityProvider::start().await;
    let server = provider.server(GROUP).await;
    claim(&provider, json!({"groups": ["staff"]}));
    let mut browser = Browser::new(&server);
    to_portal(&provider, &mut browser).await;
    assert!(is_signed_in(&mut browser).await);
    claim(&provider, json!({"groups": []}));
    let refused = to_portal(&provider, &mut Browser::new(&server)).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn confirmation_keeps_and_assigns_only_what_is_of_the_person_and_recent() {
    let provider = IdentityProvider::start().await;
    let server = provider.server(GROUP).await;
    claim(&provider, json!({"groups": ["staff"]}));
    let mut browser = Browser::new(&server);
    to_portal(&provider, &mut browser).await;
    let early = server.clock.millis() / 1000;
    let due = "SELECT MAX(due) FROM identities";
    let before = server.count(due).await;
    server.clock.advance(Duration::from_mins(16));
    let mut confirm = async |claims| {
        let page = browser.open("/portal/account").await.page();
        let form = page.form_to("/portal/account/profile").with("name", "New");
        let question = browser.submit(&form).await.page();
        claim(&provider, claims);
        sign_in(&provider, &mut browser, &question).await.page()
    };
    // An earlier sign-in prolongs nothing, and its groups do not count.
    let page = confirm(json!({"groups": [], "auth_time": early})).await;
    assert_eq!(page.status, 403, "{}", page.text());
    assert_eq!(server.count(due).await, before);
    let members = "SELECT COUNT(*) FROM memberships";
    assert_eq!(server.count(members).await, 1);
    // Groups count as at a sign-in: without one, the person is out.
    let page = confirm(json!({"groups": []})).await;
    assert_eq!(page.status, 403, "{}", page.text());
    assert!(page.text().contains("in no group"), "{}", page.text());
    assert_eq!(server.count(members).await, 0);
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn passwords_that_are_switched_off_end_their_sessions_links_and_forms() {
    let provider = IdentityProvider::start().await;
    let before = provider.server_with("", |_| ()).await;
    let link = before.server.setup_link().unwrap().to_owned();
    let switched = async |server: &TestServer| {
        let settings = provider.settings("");
        let off = |config: &mut runtime::config::Config| {
            config.identity = Some(settings);
            config.accounts.passwords = false;
        };
        server.beside_with(off).await
    };
    let server = switched(&before).await;
    let unused = Browser::new(&server).open(&link).await.page();
    assert_eq!(unused.status, 404, "{}", unused.text());
    let mut earlier = before.first_person().await;
    let page = earlier.open("/portal/account").await.page();
    let password = page.form_to("/portal/account/password");
    before.clock.advance(Duration::from_mins(16));
    let mut browser = Browser::new(&server);
    browser.cookies = earlier.cookies.clone();
    assert!(!is_signed_in(&mut browser).await);
    for action in ["/portal/account/profile", "/portal/account/password"] {
        let form = Form {
            action: action.to_owned(),
            ..password.clone()
        };
        let form = form.with("password", PASSWORD).with("name", "New");
        let form = form.with("current_password", PASSWORD);
        let page = browser.submit(&form).await.page();
        assert!(page.location.starts_with("/account/sign-in"), "{action}");
    }
    assert_eq!(
        before
            .count("SELECT COUNT(*) FROM people WHERE name = 'New'")
            .await,
        0
    );
    // Nor does a person of the provider have a password to change.
    provider.person("person-2", "grace@example.com");
    let mut browser = Browser::new(&server);
    to_portal(&provider, &mut browser).await;
    let page = browser.open("/portal/account").await.page();
    let form = Form {
        action: "/portal/account/password".to_owned(),
        ..page.form_to("/portal/account/profile")
    };
    assert_eq!(browser.submit(&form).await.page().status, 404);
}

#[tokio::test]
async fn person_whose_subject_changed_signs_in_once_the_operator_unlinked_the_account() {
    let provider = IdentityProvider::start().await;
    let server = provider.server(LINKS).await;
    let mut first = Browser::new(&server);
    to_portal(&provider, &mut first).await;
    provider.person("person-2", EMAIL);
    let page = to_portal(&provider, &mut Browser::new(&server)).await;
    assert_eq!(page.status, 409, "{}", page.text());
    let (config, environment) = server.operator();
    let unlink = async |account| {
        let done = app::unlink_account(&config, &environment, account).await;
        done.unwrap()
    };
    assert_eq!(unlink("unknown@example.com").await, None);
    assert_eq!(unlink(EMAIL).await, Some(true));
    assert_eq!(unlink(EMAIL).await, Some(false));
    assert!(!is_signed_in(&mut first).await);
    let page = to_portal(&provider, &mut Browser::new(&server)).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(server.count("SELECT COUNT(*) FROM people").await, 1);
}

#[tokio::test]
async fn people_and_workspaces_outlast_a_change_of_the_issuer() {
    let (old, new) = (
        IdentityProvider::start().await,
        IdentityProvider::start().await,
    );
    let more = format!("{LINKS}\n{GROUP}");
    let before = old.server(&more).await;
    claim(&old, json!({"groups": ["staff"]}));
    to_portal(&old, &mut Browser::new(&before)).await;
    let settings = new.settings(&more);
    let server = before.beside_with(|config| {
        config.identity = Some(settings);
        config.accounts.passwords = false;
    });
    let server = server.await;
    claim(&new, json!({"groups": ["staff"], "sub": "another"}));
    let page = to_portal(&new, &mut Browser::new(&server)).await;
    assert_eq!(page.status, 200, "{}", page.text());
    for table in [
        "SELECT COUNT(*) FROM people",
        "SELECT COUNT(*) FROM workspaces",
    ] {
        assert_eq!(server.count(table).await, 1, "{table}");
    }
}

/// The failed sign-ins that the audit has of the provider.
async fn refusals(server: &TestServer) -> Vec<String> {
    let audit = server.audit().await.into_iter();
    let failed = audit.filter(|(action, _)| action == "login.failed");
    let subjects = failed.filter_map(|(_, details)| {
        let subject = details.split_once("provider: ")?;
        Some(subject.1.to_owned())
    });
    subjects.collect()
}

#[tokio::test]
async fn refused_sign_ins_are_audited_and_logged_with_their_reason() {
    let log = log();
    let provider = IdentityProvider::start().await;
    let server = provider.server(GROUP).await;
    let mut browser = Browser::new(&server);
    claim(&provider, json!({"groups": ["staff"]}));
    to_portal(&provider, &mut browser).await;
    server.clock.advance(Duration::from_mins(16));
    let page = browser.open("/portal/account").await.page();
    let form = page.form_to("/portal/account/profile").with("name", "New");
    let confirm = async |browser: &mut Browser<'_>, claims| {
        let question = browser.submit(&form).await.page();
        claim(&provider, claims);
        let page = sign_in(&provider, browser, &question).await.page();
        assert_eq!(page.status, 403, "{}", page.text());
    };
    let staff = json!(["staff"]);
    confirm(&mut browser, json!({"groups": staff, "auth_time": null})).await;
    confirm(&mut browser, json!({"groups": staff, "sub": "person-2"})).await;
    for (claims, status) in [
        (json!({"groups": staff, "sub": "person-2"}), 409),
        (json!({"groups": []}), 403),
    ] {
        claim(&provider, claims);
        let page = to_portal(&provider, &mut Browser::new(&server)).await;
        assert_eq!(page.status, status, "{}", page.text());
    }
    server.disable_account(EMAIL, true).await;
    claim(&provider, json!({"groups": staff}));
    to_portal(&provider, &mut Browser::new(&server)).await;
    let reasons = [
        "the provider does not report a new sign-in (`auth_time`)",
        "another person signed in than the one of the session",
        "another account has the e-mail address",
        "the person is in no group that may use this server",
        "the account is disabled here",
    ];
    assert_eq!(refusals(&server).await, reasons);
    let warnings = log.warnings(provider.issuer());
    assert_eq!(warnings.len(), reasons.len(), "{warnings:?}");
    for (warning, reason) in warnings.iter().zip(reasons) {
        assert!(warning.contains(reason), "{warning}");
        assert!(!warning.contains("callback URL"), "{warning}");
    }
    // A code that is refused can be one for another callback URL.
    server.disable_account(EMAIL, false).await;
    provider.script(|script| script.token_error = Some("invalid_grant"));
    to_portal(&provider, &mut Browser::new(&server)).await;
    let warnings = log.warnings(provider.issuer());
    let last = warnings.last().unwrap();
    assert!(last.contains("callback URL exactly"), "{last}");
    assert!(last.contains("/account/callback"), "{last}");
}

#[tokio::test]
async fn address_is_linked_only_by_the_claim_that_is_about_it() {
    let entra = format!("provider = \"entra\"\ntenant = \"{DIRECTORY}\"");
    for (preset, claims) in [
        (entra.as_str(), json!({"xms_edov": null})),
        (
            entra.as_str(),
            json!({"xms_edov": true, "email": "none", "preferred_username": EMAIL}),
        ),
        (
            entra.as_str(),
            json!({"xms_edov": true, "email": null, "preferred_username": EMAIL}),
        ),
        ("", json!({"xms_edov": true, "email_verified": null})),
    ] {
        let provider = IdentityProvider::start().await;
        let server = provider
            .server_with(&format!("{preset}\n{LINKS}"), |_| ())
            .await;
        server.first_person().await;
        let mut own = members(json!({"tid": DIRECTORY, "email_verified": true}));
        own.extend(members(claims));
        provider.script(|script| script.claims = own.clone());
        let page = to_portal(&provider, &mut Browser::new(&server)).await;
        assert_eq!(page.status, 409, "{own:?}: {}", page.text());
    }
}

#[tokio::test]
async fn groups_that_are_left_out_are_not_the_roles_of_another_claim() {
    let preset = format!("provider = \"entra\"\ntenant = \"{DIRECTORY}\"");
    let provider = IdentityProvider::start().await;
    let more = format!("{preset}\ngroups_claim = \"roles\"\n{GROUP}");
    let server = provider.server(&more).await;
    claim(&provider, json!({"tid": DIRECTORY, "hasgroups": true}));
    let page = to_portal(&provider, &mut Browser::new(&server)).await;
    assert!(page.text().contains("in no group"), "{}", page.text());
}

#[tokio::test]
async fn provider_that_is_away_is_asked_once_in_ten_seconds() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    provider.script(|script| script.documents_are_away = true);
    let mut browser = Browser::new(&server);
    let page = browser.open("/account/sign-in").await.page();
    for _ in 0..3 {
        assert_eq!(press(&mut browser, &page).await.status, 502);
    }
    assert_eq!(provider.asked("/discovery"), 1);
    server.clock.advance(Duration::from_secs(11));
    assert_eq!(press(&mut browser, &page).await.status, 502);
    assert_eq!(provider.asked("/discovery"), 2);
}

#[tokio::test]
async fn documents_of_before_serve_for_a_day_while_they_cannot_be_fetched() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    to_portal(&provider, &mut Browser::new(&server)).await;
    provider.script(|script| script.documents_are_away = true);
    server.clock.advance(Duration::from_hours(23));
    for _ in 0..2 {
        let page = to_portal(&provider, &mut Browser::new(&server)).await;
        assert_eq!(page.status, 200, "{}", page.text());
    }
    assert_eq!(
        (provider.asked("/discovery"), provider.asked("/keys")),
        (2, 2)
    );
    // A key that is not among them is not found by waiting.
    provider.script(|script| script.published = 1);
    let page = to_portal(&provider, &mut Browser::new(&server)).await;
    assert_eq!(page.status, 502, "{}", page.text());
    server.clock.advance(Duration::from_hours(2));
    let mut browser = Browser::new(&server);
    let page = browser.open("/account/sign-in").await.page();
    assert_eq!(press(&mut browser, &page).await.status, 502);
}

#[tokio::test]
async fn answer_that_nothing_waits_for_does_not_wait_for_the_store_to_write() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    let url = format!("sqlite:{}", server.database.display());
    let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
    // While somebody writes, no transaction begins.
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let page = server.get("/account/callback?state=x&code=y").await;
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(page.status, 400, "{}", page.body);
}
