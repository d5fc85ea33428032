//! The pages in a real browser, with scripts off.

use std::path::Path;

use tests::harness::foreign::Browser;
use tests::harness::requirement::require;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::OnceCell;

/// Where photographs of the pages are left to be looked at.
const PHOTOGRAPHS: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/photographs");

/// Runs a suite and returns what it prints, whether it passes or not.
async fn output(mut suite: Command) -> String {
    let output = suite.output().await.unwrap();
    let (stdout, stderr) = (output.stdout, output.stderr);
    let texts = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    texts.concat()
}

/// Asserts that one step of `tests/browser/walk.test.mjs` went well. All of them are walked once.
async fn walked(step: &str) {
    static REPORT: OnceCell<String> = OnceCell::const_new();
    let Some(browser) = require(Browser::find()) else {
        return;
    };
    let report = REPORT.get_or_init(|| output(suite(&browser, "walk.test.mjs")));
    assert_passed(step, report.await);
}

/// Asserts that one step of `tests/browser/team_session.test.mjs` went well: the profile of that name,
/// with a provider by others.
async fn signed_in_at_provider(step: &str) {
    static REPORT: OnceCell<String> = OnceCell::const_new();
    let Some(browser) = require(Browser::find().and_then(|it| it.with("oidc-provider"))) else {
        return;
    };
    let report = REPORT.get_or_init(|| output(suite(&browser, "team_session.test.mjs")));
    assert_passed(step, report.await);
}

/// Asserts that one step of `tests/browser/read_only_workspace.test.mjs` went well.
async fn read_only_workspace(step: &str) {
    static REPORT: OnceCell<String> = OnceCell::const_new();
    let Some(browser) = require(Browser::find()) else {
        return;
    };
    let report = REPORT.get_or_init(|| output(suite(&browser, "read_only_workspace.test.mjs")));
    assert_passed(step, report.await);
}

/// Asserts that one step of `tests/browser/minted_key.test.mjs` went well.
async fn minted_key(step: &str) {
    static REPORT: OnceCell<String> = OnceCell::const_new();
    let Some(browser) = require(Browser::find()) else {
        return;
    };
    let report = REPORT.get_or_init(|| output(suite(&browser, "minted_key.test.mjs")));
    assert_passed(step, report.await);
}

/// A suite of `tests/browser` that starts the server itself.
fn suite(browser: &Browser, file: &str) -> Command {
    let mut node = browser.node();
    node.args(["--test", "--test-reporter=tap", file])
        .env("SERVER", env!("CARGO_BIN_EXE_connector"))
        .env("API", env!("CARGO_BIN_EXE_example-api"))
        .env("SCREENSHOTS", PHOTOGRAPHS);
    node
}

fn assert_passed(step: &str, report: &str) {
    let passed = report
        .lines()
        .any(|line| line.starts_with("ok ") && line.ends_with(&format!(" - {step}")));
    assert!(passed, "{step}:\n{report}");
}

/// One test a step.
macro_rules! steps {
    ($suite:ident: $(fn $test:ident() = $step:literal;)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                $suite($step).await;
            }
        )*
    };
}

steps! {
    walked:
    fn the_printed_link_makes_one_account() =
        "the first person makes an account with the printed link, once";
    fn a_keyboard_alone_approves() =
        "a keyboard alone approves what the page says";
    fn what_is_shown_follows_the_level() =
        "what the page shows follows the level, without a script";
    fn cancel_grants_nothing() =
        "Cancel answers the client and grants nothing";
    fn switch_changes_the_workspace() =
        "Switch changes the workspace the connection acts for";
    fn a_tab_approves_what_it_shows() =
        "what one tab shows is not changed by another";
    fn two_tabs_connect_two_assistants() =
        "two tabs connect two assistants side by side";
    fn an_answered_request_is_over() =
        "an answered request is over, also in the history";
    fn another_browser_cannot_consent() =
        "another browser can do nothing with a consent page's address";
    fn without_a_workspace_nothing_is_authorized() =
        "an invited person joins, leaves, and is asked for a workspace before they connect";
    fn usage_is_shown_with_its_chart() =
        "a workspace shows the calls of its assistants and what is left of its quota";
    fn revoking_ends_access_at_once() =
        "revoking a key ends its access at once, and no other";
    fn a_keyboard_alone_signs_in_and_revokes() =
        "a keyboard alone signs in, approves, and revokes";
    fn signing_in_does_not_reveal_who_has_an_account() =
        "who signs out signs in again, and errors do not reveal who has an account";
    fn an_app_gets_a_button() =
        "an app with a scheme of its own gets a button";
    fn a_window_keeps_its_opener() =
        "a client that opens a window for the sign-in is not cut off from it";
    fn no_page_can_be_framed() =
        "no page can be framed";
}

steps! {
    signed_in_at_provider:
    fn team_session_picks_a_team_after_the_provider() =
        "a person approves the destination, signs in at the provider and picks a team";
    fn team_session_connects_a_second_assistant_without_a_new_sign_in() =
        "another assistant is connected without signing in again, and picks its own team";
    fn team_session_with_one_team_has_no_picker() =
        "a person with one team goes straight to the approval";
    fn team_session_without_a_team_is_refused() =
        "a person without a team is refused with a page that helps";
    fn team_session_that_is_cancelled_signs_no_person_in() =
        "a person who cancels at the provider is not signed in";
    fn team_session_prints_no_secret() =
        "no secret of the sign-in is in what the server prints";
}

steps! {
    read_only_workspace:
    fn read_only_workspace_locks_required_scopes() =
        "the consent page names scopes, of which the required ones are locked, and the guarantee";
    fn read_only_workspace_grants_no_scope_that_is_switched_off() =
        "a scope that is switched off is not granted, and the ID token is without its claims";
    fn read_only_workspace_serves_only_tools_that_read() =
        "only tools that read are served, and a tool that writes is not there";
    fn read_only_workspace_is_refreshed() =
        "the connection is refreshed without the person";
    fn read_only_workspace_ends_with_its_key_in_the_portal() =
        "a connection that is revoked in the portal ends at once";
}

steps! {
    minted_key:
    fn minted_key_has_its_endpoint_at_another_path() =
        "the endpoint at its own path leads to the sign-in";
    fn minted_key_lasts_until_it_is_revoked() =
        "a Full connection is a key of the API that lasts until it is revoked";
    fn minted_key_that_only_reads_writes_nothing() =
        "a Read-only connection beside it has a key of its own that writes nothing";
    fn minted_key_is_named_after_its_client() =
        "the portal lists both keys under the name of the client";
    fn minted_key_is_revoked_at_the_api() =
        "revoking keys in the portal ends the connections and their keys at the API";
    fn minted_key_is_never_printed() =
        "no key is in what the server prints";
}

#[tokio::test]
async fn every_page_fits_phone_and_desktop_in_light_and_dark() {
    let Some(browser) = require(Browser::find()) else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let gallery = runtime::page::gallery().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, gallery).await });
    let mut node = browser.node();
    node.args(["screenshots.mjs", &origin, PHOTOGRAPHS]);
    let said = output(node).await;
    assert!(said.ends_with(" pages, 0 faults\n"), "{said}");
    let photograph = Path::new(PHOTOGRAPHS).join("consent-verified-phone-dark.png");
    assert!(photograph.is_file(), "{}", photograph.display());
    server.abort();
}
