//! The life of an account: its password, its end, and what the operator does to it.

use std::time::Duration;

use runtime::app;
use serde_json::json;

use crate::browser::{Browser, Page};
use crate::key_service::KeyService;
use crate::people::{OTHER, invite, invite_as, join, workspace};
use crate::support::{Client, EMAIL, PASSWORD, TestServer};

/// A password that is long enough, and among the first that attackers try.
const COMMON: &str = "Password2026!";
const REFUSED: &str = "Attackers try this password first.";

const NEW_PASSWORD: &str = "a walk along the harbour";

/// Deletes the person's account in the portal.
pub(crate) async fn delete_account(browser: &mut Browser<'_>) {
    let page = browser.open(DELETE).await.page();
    let deleted = browser.submit(&page.form_to(DELETE)).await.page();
    assert!(
        deleted.text().contains("Your account is deleted"),
        "{}",
        deleted.body
    );
}

const DELETE: &str = "/portal/account/delete";

/// Signs in with a new browser.
async fn sign_in(bench: &TestServer, email: &str, password: &str) -> Page {
    let mut browser = Browser::new(bench);
    let page = browser.open("/account/sign-in").await.page();
    browser.sign_in(&page, email, password).await.page()
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    let page = browser.open("/portal/account").await.page();
    page.location == "/portal/account"
}

async fn reset_link(bench: &TestServer, account: &str) -> Option<String> {
    let (config, environment) = bench.operator();
    let link = app::reset_link(&config, &environment, account).await;
    link.unwrap()
}

/// How often an action is in the audit.
async fn audited(bench: &TestServer, action: &str) -> usize {
    let audit = bench.audit().await;
    audit.iter().filter(|(it, _)| it == action).count()
}

#[tokio::test]
async fn common_password_is_refused_for_a_new_account_and_for_an_existing_one() {
    let bench = TestServer::start().await;
    let mut owner = bench.first_person().await;
    let link = invite(&mut owner).await;
    let mut guest = Browser::new(&bench);
    let page = guest.open(&link).await.page();
    let form = page.form().with("email", OTHER).with("name", "Grace");
    let refused = guest.submit(&form.with("password", COMMON)).await.page();
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains(REFUSED), "{}", refused.body);

    let page = owner.open("/portal/account").await.page();
    let form = page
        .form_to("/portal/account/password")
        .with("current_password", PASSWORD)
        .with("new_password", COMMON);
    let refused = owner.submit(&form).await.page();
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains(REFUSED), "{}", refused.body);
}

#[tokio::test]
async fn local_clients_are_distinguished_in_the_portal_by_the_names_they_claim() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    for (name, redirect_uri) in [
        ("Claude Code", "http://localhost:3118/callback"),
        ("Codex", "http://127.0.0.1:1455/auth/callback"),
    ] {
        let id = bench.register(name, &[redirect_uri]).await;
        let client = Client::new(&id, redirect_uri);
        client.connect(&mut browser, "full").await;
    }
    let page = browser.open("/portal/keys").await.page();
    for key in [
        "Claude Code on localhost, unverified (MCP connector)",
        "Codex on 127.0.0.1, unverified (MCP connector)",
    ] {
        assert!(page.text().contains(key), "{}", page.body);
    }
}

#[tokio::test]
async fn disabled_person_is_signed_out_and_signs_in_again_once_enabled() {
    let bench = TestServer::start().await;
    let mut owner = bench.first_person().await;
    let mut guest = join(&bench, &invite(&mut owner).await).await;
    assert!(is_signed_in(&mut guest).await);

    bench.disable_account(OTHER, true).await;
    assert!(!is_signed_in(&mut guest).await);
    let refused = sign_in(&bench, OTHER, PASSWORD).await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.text().contains("disabled this account"),
        "{}",
        refused.body
    );
    // Without the password, the answer is that for any account.
    let wrong = sign_in(&bench, OTHER, "not the password").await;
    assert_eq!(wrong.status, 422);
    assert!(!wrong.text().contains("disabled"), "{}", wrong.body);
    let (config, _) = bench.operator();
    let listed = app::accounts(&config).await.unwrap();
    let mut disabled = listed.iter().filter(|it| it.disabled.is_some());
    let account = disabled.next().unwrap();
    assert_eq!((account.email.as_str(), account.workspaces), (OTHER, 1));
    assert!(disabled.next().is_none());

    bench.disable_account(&account.id, false).await;
    assert_eq!(sign_in(&bench, OTHER, PASSWORD).await.status, 200);
    assert_eq!(audited(&bench, "account.disabled").await, 1);
    assert_eq!(audited(&bench, "account.enabled").await, 1);
}

#[tokio::test]
async fn invitation_of_a_disabled_owner_leads_nowhere_even_once_enabled() {
    let bench = TestServer::start().await;
    let mut owner = bench.first_person().await;
    let mut second = join(&bench, &invite_as(&mut owner, "owner").await).await;
    let link = invite_as(&mut second, "owner").await;
    bench.disable_account(OTHER, true).await;
    assert_eq!(Browser::new(&bench).open(&link).await.page().status, 404);
    bench.disable_account(OTHER, false).await;
    assert_eq!(Browser::new(&bench).open(&link).await.page().status, 404);
}

#[tokio::test]
async fn workspace_keeps_an_owner_who_can_sign_in() {
    let bench = TestServer::start().await;
    let mut owner = bench.first_person().await;
    join(&bench, &invite_as(&mut owner, "owner").await).await;
    bench.disable_account(OTHER, true).await;
    let path = workspace(&mut owner).await;
    let page = owner.open(&path).await.page();
    let left = owner.submit(&page.form_to(&format!("{path}/leave"))).await;
    assert!(left.page().text().contains("A workspace needs an owner."));
}

#[tokio::test]
async fn keys_at_the_api_of_disabled_and_deleted_people_are_revoked() {
    let (service, bench) = KeyService::start().await;
    let mut owner = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let mut guest = join(&bench, &invite(&mut owner).await).await;
    client.connect(&mut guest, "full").await;
    client.connect(&mut owner, "full").await;
    assert_eq!(service.good(), ["k 1", "k 2"]);
    bench.disable_account(OTHER, true).await;
    service.until(|it| it.good() == ["k 2"]).await;
    bench.disable_account(OTHER, false).await;
    let mut guest = Browser::new(&bench);
    let page = guest.open("/account/sign-in").await.page();
    guest.sign_in(&page, OTHER, PASSWORD).await.page();
    client.connect(&mut guest, "full").await;
    delete_account(&mut guest).await;
    service.until(|it| it.good() == ["k 2"]).await;
}

#[tokio::test]
async fn reset_link_sets_a_password_once_and_signs_everybody_out() {
    let bench = TestServer::start().await;
    let mut signed_in = bench.first_person().await;
    let link = reset_link(&bench, "ADA@example.com").await.unwrap();
    let mut browser = Browser::new(&bench);
    let page = browser.open(&link).await.page();
    assert!(page.text().contains(EMAIL), "{}", page.body);
    let refused = browser
        .submit(&page.form().with("new_password", COMMON))
        .await
        .page();
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains(REFUSED), "{}", refused.body);
    let set = browser
        .submit(&refused.form().with("new_password", NEW_PASSWORD))
        .await
        .page();
    assert!(set.text().contains("Your password is set"), "{}", set.body);

    assert!(!is_signed_in(&mut signed_in).await);
    assert_eq!(sign_in(&bench, EMAIL, PASSWORD).await.status, 422);
    assert_eq!(sign_in(&bench, EMAIL, NEW_PASSWORD).await.status, 200);
    assert_eq!(browser.open(&link).await.page().status, 404);
    let again = browser
        .submit(&page.form().with("new_password", PASSWORD))
        .await
        .page();
    assert_eq!(again.status, 404);
    assert_eq!(audited(&bench, "password.reset_link_made").await, 1);
    assert_eq!(audited(&bench, "password.reset").await, 1);
}

#[tokio::test]
async fn reset_link_ends_by_time_by_a_newer_one_and_with_the_account() {
    let bench = TestServer::start().await;
    let mut owner = bench.first_person().await;
    join(&bench, &invite(&mut owner).await).await;
    let works = async |link: &str| Browser::new(&bench).open(link).await.page().status == 200;
    let first = reset_link(&bench, OTHER).await.unwrap();
    assert!(works(&first).await);
    let second = reset_link(&bench, OTHER).await.unwrap();
    assert!(!works(&first).await);
    bench.clock.advance(Duration::from_hours(24));
    assert!(!works(&second).await);
    let third = reset_link(&bench, OTHER).await.unwrap();
    bench.disable_account(OTHER, true).await;
    assert!(!works(&third).await);
    assert_eq!(reset_link(&bench, OTHER).await, None);
    assert_eq!(reset_link(&bench, "stranger@example.com").await, None);
}

#[tokio::test]
async fn sign_in_page_says_what_the_operator_wants_of_people_who_forgot_the_password() {
    let bench = TestServer::start().await;
    let page = Browser::new(&bench).open("/account/sign-in").await.page();
    let default = "Forgot your password? Ask the people who run this server";
    assert!(page.text().contains(default), "{}", page.body);
    let configured = "Write to <help@example.com>.".to_owned();
    let bench = TestServer::with(|config| {
        config.accounts.forgot_password = Some(configured.clone());
        config.site.support_url = Some("https://help.example.com/".parse().unwrap());
    });
    let bench = bench.await;
    let page = Browser::new(&bench).open("/account/sign-in").await.page();
    assert!(page.text().contains(&configured), "{}", page.body);
    assert!(!page.body.contains(&configured), "not escaped");
    let help = "href=\"https://help.example.com/\"";
    let forgot = page.text();
    let (_, forgot) = forgot.split_once("Forgot your password?").unwrap();
    let (forgot, _) = forgot.split_once("</p>").unwrap();
    assert!(forgot.contains(help), "{forgot}");
}

#[tokio::test]
async fn operators_invitation_makes_an_owner_and_works_once() {
    let bench = TestServer::start().await;
    let mut owner = bench.first_person().await;
    let (config, environment) = bench.operator();
    let (_, id) = bench.workspace("Studio").await;
    let invited = app::invitation_link(&config, &environment, &id, true).await;
    let link = invited.unwrap().unwrap();
    let unknown = app::invitation_link(&config, &environment, "wsp_none", true).await;
    assert_eq!(unknown.unwrap(), None);
    let path = workspace(&mut owner).await;
    let members = owner.open(&path).await.page();
    let by = "by the operator of this server";
    assert!(members.text().contains(by), "{}", members.body);

    let mut guest = join(&bench, &link).await;
    assert_eq!(Browser::new(&bench).open(&link).await.page().status, 404);
    let page = guest.open(&path).await.page();
    assert!(page.text().contains("Invite by link"), "{}", page.body);
}

#[tokio::test]
async fn person_changes_name_and_address_and_signs_in_with_the_new_address() {
    let bench = TestServer::start().await;
    let mut owner = bench.first_person().await;
    join(&bench, &invite(&mut owner).await).await;
    let link = reset_link(&bench, EMAIL).await.unwrap();
    let page = owner.open("/portal/account").await.page();
    let form = page.form_to("/portal/account/profile");
    for (name, email, problem) in [
        ("", "ada@example.org", "Enter your name."),
        ("Ada", "ada@", "This is not an e-mail address."),
        ("Ada", "GRACE@example.com", "This address cannot be used."),
    ] {
        let form = form.clone().with("name", name).with("new_email", email);
        let refused = owner.submit(&form).await.page();
        assert_eq!(refused.status, 422, "{name} {email}");
        assert!(refused.text().contains(problem), "{}", refused.body);
    }
    let form = form
        .with("name", "Ada Lovelace")
        .with("new_email", "ada@example.org");
    let changed = owner.submit(&form).await.page();
    for shown in [
        "Your details were changed.",
        "Ada Lovelace",
        "ada@example.org",
    ] {
        assert!(changed.text().contains(shown), "{}", changed.body);
    }
    assert_eq!(sign_in(&bench, EMAIL, PASSWORD).await.status, 422);
    assert_eq!(
        sign_in(&bench, "ada@example.org", PASSWORD).await.status,
        200
    );
    // It was sent to the address before.
    assert_eq!(Browser::new(&bench).open(&link).await.page().status, 404);
    assert_eq!(audited(&bench, "account.changed").await, 1);
}

#[tokio::test]
async fn addresses_of_accounts_are_not_found_out_by_changing_ones_own() {
    let bench = TestServer::start().await;
    let mut owner = bench.first_person().await;
    join(&bench, &invite(&mut owner).await).await;
    let page = owner.open("/portal/account").await.page();
    let form = page.form_to("/portal/account/profile").with("name", "Ada");
    let taken = form.clone().with("new_email", OTHER);
    let mut answers = Vec::new();
    for _ in 0..12 {
        answers.push(owner.submit(&taken).await.page().status);
    }
    assert_eq!(answers.first(), Some(&422));
    assert_eq!(answers.last(), Some(&429));
    // The name alone is changed all the same.
    let changed = owner.submit(&form.with("new_email", EMAIL)).await.page();
    assert_eq!(changed.status, 200);
}

#[tokio::test]
async fn only_owner_names_another_one_before_the_account_is_deleted() {
    let bench = TestServer::start().await;
    let mut owner = bench.first_person().await;
    let free = owner.open(DELETE).await.page().form_to(DELETE);
    let mut guest = join(&bench, &invite(&mut owner).await).await;
    let page = owner.open(DELETE).await.page();
    assert!(
        page.text().contains("You are its only owner."),
        "{}",
        page.body
    );
    assert!(page.forms().iter().all(|form| form.action != DELETE));
    // The form of before the invitation.
    let refused = owner.submit(&free).await.page();
    assert!(
        refused.text().contains("A workspace needs an owner."),
        "{}",
        refused.body
    );
    assert!(is_signed_in(&mut owner).await);

    let path = workspace(&mut owner).await;
    let members = owner.open(&path).await.page();
    owner
        .submit(&members.form_to(&format!("{path}/role")))
        .await
        .page();
    let page = owner.open(DELETE).await.page();
    assert!(
        page.text()
            .contains("you leave, and the other members stay"),
        "{}",
        page.body
    );
    delete_account(&mut owner).await;
    assert!(
        guest
            .open(&path)
            .await
            .page()
            .text()
            .contains("Invite by link")
    );
}

#[tokio::test]
async fn deleted_account_leaves_neither_person_nor_workspace_behind() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    let page = browser.open(DELETE).await.page();
    for named in ["Your connected assistant loses access", "Studio"] {
        assert!(page.text().contains(named), "{}", page.body);
    }
    bench.clock.advance(Duration::from_mins(15));
    let question = browser.submit(&page.form_to(DELETE)).await.page();
    assert_eq!(question.status, 403);
    assert!(question.text().contains("Confirm it is you"));
    let deleted = browser.sign_in(&question, EMAIL, PASSWORD).await.page();
    assert!(
        deleted.text().contains("Your account is deleted"),
        "{}",
        deleted.body
    );

    assert!(!is_signed_in(&mut browser).await);
    assert_eq!(sign_in(&bench, EMAIL, PASSWORD).await.status, 422);
    let refused = bench
        .rpc(Some(&tokens.access), "tools/list", json!({}))
        .await;
    assert_eq!(refused.status, 401);
    for left in [
        "SELECT COUNT(*) FROM people",
        "SELECT COUNT(*) FROM workspaces",
        "SELECT COUNT(*) FROM grants",
        "SELECT COUNT(*) FROM sessions",
        "SELECT COUNT(*) FROM devices",
    ] {
        assert_eq!(bench.count(left).await, 0, "{left}");
    }
    for action in ["account.deleted", "workspace.deleted", "grant.revoked"] {
        assert_eq!(audited(&bench, action).await, 1, "{action}");
    }
}

#[tokio::test]
async fn key_is_renamed_by_its_person_only_and_its_app_stays_named() {
    let bench = TestServer::start().await;
    let mut owner = bench.first_person().await;
    let mut guest = join(&bench, &invite(&mut owner).await).await;
    let client = Client::claude(&bench).await;
    client.connect(&mut guest, "full").await;
    let page = guest.open("/portal/keys").await.page();
    let form = page.form_to("/portal/keys/rename");
    let renamed = guest
        .submit(&form.clone().with("name", "Grace's laptop"))
        .await
        .page();
    for shown in [
        "The key was renamed.",
        "Grace's laptop",
        "Claude (MCP connector)",
    ] {
        assert!(renamed.text().contains(shown), "{}", renamed.body);
    }
    // The owner of the workspace sees the key, and may end it but not rename it.
    let seen = owner.open("/portal/keys").await.page();
    assert!(
        seen.forms()
            .iter()
            .all(|form| form.action != "/portal/keys/rename")
    );
    let token = seen
        .form_to("/portal/keys/revoke")
        .field("csrf_token")
        .unwrap()
        .to_owned();
    let forged = form.clone().with("name", "Mine").with("csrf_token", &token);
    let refused = owner.submit(&forged).await.page();
    assert!(
        refused.text().contains("is not yours to end"),
        "{}",
        refused.body
    );

    let plain = guest.submit(&form.with("name", " ")).await.page();
    assert!(!plain.text().contains("Grace's laptop"), "{}", plain.body);
    assert_eq!(audited(&bench, "key.renamed").await, 1);
}
