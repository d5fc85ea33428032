//! Which workspaces reach the API: those that the operator linked to one of the API's, through
//! their members, and no others.

use std::fmt::Write as _;
use std::time::Duration;

use runtime::app::{self, Environment};
use runtime::config::{Config, WorkspaceScope};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::accounts::delete_account;
use crate::browser::{Browser, Form, Landing, Page};
use crate::key_service::{KeyService, SETTINGS};
use crate::people::{OTHER, invite, join, workspace};
use crate::support::{Client, PASSWORD, Response, TestServer, Tokens};

/// One credential of the operator's for all calls.
const SERVICE: &str = r#"
[server]
public_url = "https://mcp.example.com"
[upstream.credentials]
api_key = "key-of-the-operator"
"#;

/// How the API learns whom a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Not at all: every call carries the operator's credential.
    Service,
    /// By a signed statement beside that credential.
    Statement,
    /// By a key that was made for the connection.
    Mint,
}

impl Mode {
    const ALL: [Mode; 3] = [Mode::Service, Mode::Statement, Mode::Mint];
}

/// A server in one of the modes, and the API that records what it is asked.
struct World {
    bench: TestServer,
    service: Option<KeyService>,
}

impl World {
    /// The first person's workspace is linked to `home-1` of the API.
    async fn start(mode: Mode) -> World {
        World::with(mode, |_| ()).await
    }

    async fn with(mode: Mode, change: impl FnOnce(&mut Config)) -> World {
        if mode == Mode::Mint {
            let (service, bench) = KeyService::start_with(SETTINGS, change).await;
            return World {
                bench,
                service: Some(service),
            };
        }
        let bench = started(SERVICE, |config| {
            if mode == Mode::Statement {
                let key_file = config.store.path.with_extension("key");
                config.upstream.on_behalf_of = Some(runtime::config::OnBehalfOfSettings {
                    header: "X-On-Behalf-Of".to_owned(),
                    audience: "https://api.example.com".to_owned(),
                    key_file,
                    reuse_seconds: 0,
                });
            }
            change(config);
        });
        World {
            bench: bench.await,
            service: None,
        }
    }

    /// How many requests the API has seen, beside those that revoke keys.
    fn asked(&self) -> usize {
        match &self.service {
            Some(service) => service.count("") - service.count("DELETE"),
            None => self.bench.calls(),
        }
    }
}

/// A server of these settings before an API that answers every call.
async fn started(settings: &str, change: impl FnOnce(&mut Config)) -> TestServer {
    let config = Config::parse(settings, "connector.toml".as_ref()).unwrap();
    TestServer::of(KeyService::default().catalog(), config, change).await
}

/// Makes a workspace on the way of a sign-in; the consent page that comes of it.
async fn own_workspace(browser: &mut Browser<'_>, client: &Client, name: &str) -> Page {
    let page = browser.open(&client.authorize_url()).await.page();
    let page = match page.location.ends_with("/new-workspace") {
        true => page,
        false => {
            let handle: Vec<_> = page.location.split('/').take(4).collect();
            let path = format!("{}/new-workspace", handle.join("/"));
            browser.open(&path).await.page()
        }
    };
    browser.submit(&page.form().with("name", name)).await.page()
}

/// The form of a consent page as somebody sends it who does not care what the page offers.
fn approval(page: &Page) -> Form {
    page.form()
        .with("level", "full")
        .press("decision", "approve")
}

/// Leaves the only workspace that the person is in.
async fn leave(browser: &mut Browser<'_>) {
    let path = workspace(browser).await;
    let page = browser.open(&path).await.page();
    let left = browser
        .submit(&page.form_to(&format!("{path}/leave")))
        .await;
    assert!(left.page().text().contains("You left the workspace"));
}

/// Removes the member who was invited.
async fn remove(owner: &mut Browser<'_>) {
    let path = workspace(owner).await;
    let page = owner.open(&path).await.page();
    let form = page.form_to(&format!("{path}/remove"));
    let removed = owner.submit(&form).await.page();
    assert!(removed.text().contains("The member was removed"));
}

#[tokio::test]
async fn a_removed_guest_gets_no_grant_through_a_workspace_of_their_own() {
    for mode in Mode::ALL {
        let world = World::start(mode).await;
        let bench = &world.bench;
        let mut owner = bench.first_person().await;
        let mut guest = join(bench, &invite(&mut owner).await).await;
        remove(&mut owner).await;
        let client = Client::claude(bench).await;
        let consent = own_workspace(&mut guest, &client, "Mine").await;
        let refused = guest.submit(&approval(&consent)).await.page();
        assert_eq!(refused.status, 409, "{mode:?} {}", refused.body);
        assert!(refused.text().contains("Mine is not linked"), "{mode:?}");
        assert_eq!(world.asked(), 0, "{mode:?}");
    }
}

#[tokio::test]
async fn a_stranger_who_signs_up_gets_no_grant_before_the_operator_links() {
    for mode in Mode::ALL {
        let world = World::with(mode, |config| config.accounts.sign_up = true).await;
        let bench = &world.bench;
        let client = Client::claude(bench).await;
        let mut stranger = Browser::new(bench);
        let page = stranger.open("/account/sign-up").await.page();
        let form = page
            .form()
            .with("email", "eve@example.com")
            .with("name", "Eve")
            .with("password", PASSWORD)
            .with("workspace", "Eve's");
        stranger.submit(&form).await.page();
        let consent = stranger.open(&client.authorize_url()).await.page();
        let refused = stranger.submit(&approval(&consent)).await.page();
        assert_eq!(refused.status, 409, "{mode:?} {}", refused.body);
        assert_eq!(world.asked(), 0, "{mode:?}");
    }
}

#[tokio::test]
async fn the_consent_page_says_what_to_do_before_anything_is_clicked() {
    let world = World::with(Mode::Service, |config| config.upstream.workspace = None).await;
    let bench = &world.bench;
    let mut browser = bench.first_person().await;
    let (_, id) = bench.workspace("Studio").await;
    let command = format!("pets workspaces --link {id} UPSTREAM_ID");
    assert!(bench.server.warnings()[0].contains("pets workspaces --link ID UPSTREAM_ID"));
    let client = Client::claude(bench).await;
    let consent = browser.open(&client.authorize_url()).await.page();
    let offered = |page: &Page| page.text().contains("value=\"approve\"");
    assert!(!offered(&consent), "{}", consent.body);
    assert!(consent.text().contains(&command), "{}", consent.body);
    let refused = browser.submit(&approval(&consent)).await.page();
    assert!(refused.text().contains(&command), "{}", refused.body);
    let portal = browser.open(&workspace(&mut browser.clone()).await).await;
    assert!(portal.page().text().contains(&command));

    bench.link_workspace("Studio", "home-1").await;
    let consent = browser.open(&consent.location).await.page();
    assert!(offered(&consent), "{}", consent.body);
    let tokens = client.connect(&mut browser, "full").await;
    assert_eq!(
        outcome(&bench.call(&tokens.access, "get_pet", json!({})).await),
        "answered"
    );
}

/// What a call came to.
fn outcome(answer: &Response) -> String {
    if answer.status != 200 {
        return answer.status.to_string();
    }
    let result = answer.json()["result"].take();
    match result["isError"] == true {
        false => "answered".to_owned(),
        true => {
            let text = result["content"][0]["text"].as_str().unwrap();
            let error: Value = serde_json::from_str(text).unwrap();
            error["error"]["kind"].as_str().unwrap().to_owned()
        }
    }
}

/// What the token endpoint answered.
fn issue(answer: &Response) -> String {
    match answer.status {
        200 => "issued".to_owned(),
        _ => answer.error(),
    }
}

/// What an approval came to.
fn grant(landing: Landing) -> String {
    match landing {
        Landing::Away(_) => "granted".to_owned(),
        Landing::Page(page) if page.location.ends_with("/new-workspace") => {
            "needs a workspace".to_owned()
        }
        Landing::Page(page) => page.status.to_string(),
    }
}

/// What became of a workspace, of a person's place in it, or of their account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Linked,
    Unlinked,
    Suspended,
    Removed,
    Left,
    Disabled,
    Deleted,
}

/// For each state what happens, whatever the mode: to an approval that was under way, to the
/// connection, to its refresh token and to a call.
const EXPECTED: [(State, [&str; 4]); 7] = [
    (State::Linked, ["granted", "200", "issued", "answered"]),
    (
        State::Unlinked,
        ["409", "200", "issued", "workspace_not_linked"],
    ),
    (
        State::Suspended,
        ["needs a workspace", "403", "invalid_grant", "403"],
    ),
    (
        State::Removed,
        ["needs a workspace", "401", "invalid_grant", "401"],
    ),
    (
        State::Left,
        ["needs a workspace", "401", "invalid_grant", "401"],
    ),
    (State::Disabled, ["400", "401", "invalid_grant", "401"]),
    (State::Deleted, ["400", "401", "invalid_grant", "401"]),
];

/// What happens to a member's approval, connection, refresh token and call once `state` is so, and
/// how many requests the API saw meanwhile.
async fn observe(mode: Mode, state: State) -> ([String; 4], usize) {
    let world = World::start(mode).await;
    let bench = &world.bench;
    let mut owner = bench.first_person().await;
    let mut member = join(bench, &invite(&mut owner).await).await;
    let client = Client::claude(bench).await;
    let tokens = client.connect(&mut member, "full").await;
    let first = bench.call(&tokens.access, "get_pet", json!({})).await;
    assert_eq!(outcome(&first), "answered", "{mode:?}");
    let consent = member.open(&client.authorize_url()).await.page();
    let form = approval(&consent);
    match state {
        State::Linked => {}
        State::Unlinked => bench.link_workspace("Studio", "").await,
        State::Suspended => bench.suspend_workspace("Studio", true).await,
        State::Removed => remove(&mut owner).await,
        State::Left => leave(&mut member).await,
        State::Disabled => bench.disable_account(OTHER, true).await,
        State::Deleted => delete_account(&mut member).await,
    }
    // Another process made the change, as far as it was the operator's.
    bench.clock.advance(Duration::from_secs(1));
    let before = world.asked();
    let call = bench.call(&tokens.access, "get_pet", json!({})).await;
    let list = bench
        .rpc(Some(&tokens.access), "tools/list", json!({}))
        .await;
    let refresh = client.refresh(bench, &tokens.refresh).await;
    let approved = member.submit(&form).await;
    let cells = [
        grant(approved),
        list.status.to_string(),
        issue(&refresh),
        outcome(&call),
    ];
    (cells, world.asked() - before)
}

#[tokio::test]
async fn members_of_linked_workspaces_reach_the_api_and_all_others_do_not() {
    let mut table = format!(
        "{:<10} {:<10} {:<18} {:<15} {:<14} {:<21} {}\n",
        "workspace", "mode", "new grant", "existing grant", "refresh", "call", "API saw"
    );
    let mut wrong = Vec::new();
    for (state, expected) in EXPECTED {
        for mode in Mode::ALL {
            let (cells, asked) = observe(mode, state).await;
            let [granted, list, refresh, call] = &cells;
            let (state_name, mode_name) = (format!("{state:?}"), format!("{mode:?}"));
            writeln!(
                table,
                "{state_name:<10} {mode_name:<10} {granted:<18} {list:<15} {refresh:<14} {call:<21} {asked}"
            )
            .unwrap();
            // One call, and one key that is made for the new grant.
            let seen = match (state, mode) {
                (State::Linked, Mode::Mint) => 2,
                (State::Linked, _) => 1,
                _ => 0,
            };
            if cells.each_ref().map(String::as_str) != expected || asked != seen {
                wrong.push((state, mode));
            }
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{wrong:?}\n{table}");
}

#[tokio::test]
async fn a_connection_outlasts_an_unlinked_workspace_and_serves_no_other_tenant() {
    for mode in Mode::ALL {
        let world = World::start(mode).await;
        let bench = &world.bench;
        let mut browser = bench.first_person().await;
        let client = Client::claude(bench).await;
        let tokens = client.connect(&mut browser, "full").await;
        let link = async |upstream_id| {
            bench.link_workspace("Studio", upstream_id).await;
            bench.clock.advance(Duration::from_secs(1));
        };
        link("").await;
        let refused = bench.call(&tokens.access, "get_pet", json!({})).await;
        assert_eq!(outcome(&refused), "workspace_not_linked", "{mode:?}");
        let (_, id) = bench.workspace("Studio").await;
        let command = format!("pets workspaces --link {id} UPSTREAM_ID");
        assert!(refused.body.contains(&command), "{}", refused.body);
        let next = Tokens::of(&client.refresh(bench, &tokens.refresh).await);

        link("home-1").await;
        let called = bench.call(&next.access, "get_pet", json!({})).await;
        assert_eq!(outcome(&called), "answered", "{mode:?}");

        link("").await;
        link("home-2").await;
        let refused = bench.call(&next.access, "get_pet", json!({})).await;
        assert_eq!(refused.status, 401, "{mode:?}");
        let refused = client.refresh(bench, &next.refresh).await;
        assert_eq!(refused.error(), "invalid_grant", "{mode:?}");
    }
}

#[tokio::test]
async fn whatever_of_the_operators_a_call_would_carry_needs_a_link() {
    for settings in [
        "[upstream.headers]\nAuthorization = \"Bearer key-of-the-operator\"\n\
         [upstream.credentials]\napi_key = \"another\"",
        "[upstream]\nmissing_credentials = \"hide\"\n[upstream.headers]\nX-Key = \"operator\"",
        // Something on the way adds it.
        "[upstream]\nmissing_credentials = \"send\"",
    ] {
        let settings = format!("[server]\npublic_url = \"https://mcp.example.com\"\n{settings}");
        let bench = started(&settings, |config| config.upstream.workspace = None).await;
        let mut browser = bench.first_person().await;
        let client = Client::claude(&bench).await;
        let consent = browser.open(&client.authorize_url()).await.page();
        // Where all tools are hidden, there is nothing to write with, and no Full to choose.
        let approval = consent.form().press("decision", "approve");
        let refused = browser.submit(&approval).await.page();
        assert_eq!(refused.status, 409, "{settings}");
    }
}

#[tokio::test]
async fn consent_page_lists_the_tools_that_are_served_and_grants_no_more() {
    let settings = "[server]\npublic_url = \"https://mcp.example.com\"\n\
                    [upstream]\nmissing_credentials = \"hide\"";
    let bench = started(settings, |_| ()).await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let consent = browser.open(&client.authorize_url()).await.page();
    assert!(!consent.text().contains("get_pet"), "{}", consent.text());
    assert!(consent.form().field("level") == Some("read-only"));
    let forged = approval(&consent);
    assert_eq!(browser.submit(&forged).await.page().status, 403);
}

#[tokio::test]
async fn an_api_that_is_called_without_credentials_needs_no_link() {
    let bench = TestServer::with(|config| config.upstream.workspace = None).await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    let called = bench.call(&tokens.access, "get_pet", json!({})).await;
    assert_eq!(outcome(&called), "answered");
    assert!(bench.server.warnings().is_empty());
}

/// No two tenants are kept apart, and anyone may make an account.
fn open_to_anyone(config: &mut Config) {
    config.accounts.sign_up = true;
    config.accounts.workspaces = WorkspaceScope::Unscoped;
    config.upstream.workspace = None;
}

#[tokio::test]
async fn an_unscoped_api_is_reached_from_every_workspace_and_the_start_says_so() {
    for mode in [Mode::Service, Mode::Statement] {
        let world = World::with(mode, |config| {
            config.accounts.workspaces = WorkspaceScope::Unscoped;
            config.upstream.workspace = None;
        });
        let world = world.await;
        let bench = &world.bench;
        let warnings = bench.server.warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("every workspace calls the API"));
        let mut browser = bench.first_person().await;
        let client = Client::claude(bench).await;
        let tokens = client.connect(&mut browser, "full").await;
        let called = bench.call(&tokens.access, "get_pet", json!({})).await;
        assert_eq!(outcome(&called), "answered", "{mode:?}");
    }
}

#[tokio::test]
async fn an_unscoped_api_makes_no_key_that_wants_a_workspace() {
    let world = World::with(Mode::Mint, |config| {
        config.accounts.workspaces = WorkspaceScope::Unscoped;
        config.upstream.workspace = None;
    });
    let world = world.await;
    let mut browser = world.bench.first_person().await;
    let client = Client::claude(&world.bench).await;
    let consent = browser.open(&client.authorize_url()).await.page();
    assert!(consent.text().contains("workspaces --link"));
    let refused = browser.submit(&approval(&consent)).await.page();
    assert_eq!((refused.status, world.asked()), (409, 0));
}

#[tokio::test]
async fn examples_need_no_link_for_any_account() {
    let bench = started(SERVICE, |config| {
        config.server.mock = true;
        open_to_anyone(config);
    });
    let bench = bench.await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    let called = bench.call(&tokens.access, "get_pet", json!({})).await;
    assert_eq!((outcome(&called).as_str(), bench.calls()), ("answered", 0));
    assert!(bench.server.warnings().is_empty());
}

#[tokio::test]
async fn open_sign_up_with_open_tenants_is_refused_until_it_is_confirmed() {
    let accounts = |more: &str| {
        let settings = SERVICE.replace(
            "[server]",
            &format!("[accounts]\nsign_up = true\n{more}\n[server]"),
        );
        async move { KeyService::start_error(&settings).await }
    };
    for (setting, named) in [
        ("workspaces = \"unscoped\"", "workspaces = \"unscoped\""),
        (
            "owners_link_workspaces = true",
            "owners_link_workspaces = true",
        ),
    ] {
        let error = accounts(setting).await.unwrap();
        assert!(error.contains(":3: accounts.sign_up: "), "{error}");
        assert!(
            error.contains(named) && error.contains("confirm_open_access"),
            "{error}"
        );
        let confirmed = accounts(&format!("{setting}\nconfirm_open_access = true")).await;
        assert_eq!(confirmed, None);
    }
    assert_eq!(accounts("").await, None);
}

#[tokio::test]
async fn a_grant_without_its_membership_opens_nothing() {
    for mode in Mode::ALL {
        let world = World::start(mode).await;
        let bench = &world.bench;
        let mut owner = bench.first_person().await;
        let mut member = join(bench, &invite(&mut owner).await).await;
        let client = Client::claude(bench).await;
        let tokens = client.connect(&mut member, "full").await;
        let code = client.code(&mut member, "full").await;
        let before = world.asked();
        bench
            .execute("DELETE FROM memberships WHERE role = 'member'")
            .await;
        bench.clock.advance(Duration::from_secs(1));
        let called = bench.call(&tokens.access, "get_pet", json!({})).await;
        assert_eq!(called.status, 401, "{mode:?}");
        let refreshed = client.refresh(bench, &tokens.refresh).await;
        assert_eq!(refreshed.error(), "invalid_grant", "{mode:?}");
        let redeemed = client.redeem(bench, &code).await;
        assert_eq!(redeemed.error(), "invalid_grant", "{mode:?}");
        assert_eq!(world.asked(), before, "{mode:?}");
        if let Some(service) = &world.service {
            bench.clock.advance(Duration::from_mins(1));
            service.until(|it| it.good().is_empty()).await;
        }
    }
}

#[tokio::test]
async fn who_runs_the_server_needs_no_link() {
    let mut config = Config::default();
    let bench = started(SERVICE, |served| {
        served.upstream.workspace = None;
        config.upstream = served.upstream.clone();
    });
    let bench = bench.await;
    let (mut input, read) = tokio::io::duplex(1 << 16);
    let (write, mut output) = tokio::io::duplex(1 << 16);
    let hello = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    });
    let call = json!({"name": "get_pet", "arguments": {}});
    for message in [
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}),
    ] {
        let line = format!("{message}\n");
        input.write_all(line.as_bytes()).await.unwrap();
    }
    drop(input);
    let (catalog, environment) = (KeyService::default().catalog(), Environment::default());
    let stop = tokio_util::sync::CancellationToken::new();
    let served = app::serve_streams(catalog, &config, &environment, read, write, stop);
    served.await.unwrap().unwrap();
    let mut said = String::new();
    output.read_to_string(&mut said).await.unwrap();
    assert!(said.contains("Rex"), "{said}");
    assert_eq!(bench.calls(), 1);
}

#[tokio::test]
async fn a_blank_id_links_nothing() {
    let error = KeyService::refused(
        &SERVICE.replace("[upstream.c", "[upstream]\nworkspace = \" \"\n[upstream.c"),
    )
    .await;
    assert!(error.contains("upstream.workspace: is empty"), "{error}");
    let bench = started(SERVICE, |_| ()).await;
    let mut browser = bench.first_person().await;
    bench.link_workspace("Studio", " ").await;
    let client = Client::claude(&bench).await;
    let consent = browser.open(&client.authorize_url()).await.page();
    let refused = browser.submit(&approval(&consent)).await.page();
    assert_eq!(refused.status, 409);
}
