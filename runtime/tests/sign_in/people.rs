//! Accounts, workspaces, and the portal where keys are ended.

use std::time::Duration;

use serde_json::json;

use crate::browser::{Browser, Page};
use crate::support::{CLAUDE, Client, EMAIL, PASSWORD, TestServer, Tokens};

pub(crate) const OTHER: &str = "grace@example.com";

/// Invites a member into the first person's workspace; returns the link.
pub(crate) async fn invite(browser: &mut Browser<'_>) -> String {
    invite_as(browser, "member").await
}

/// Where the person's first workspace is shown.
pub(crate) async fn workspace(browser: &mut Browser<'_>) -> String {
    let page = browser.open("/portal/workspaces").await.page();
    let (_, rest) = page
        .body
        .split_once("href=\"&#x2f;portal&#x2f;workspaces&#x2f;")
        .or_else(|| page.body.split_once("href=\"/portal/workspaces/"))
        .unwrap();
    let id = rest.split('"').next().unwrap();
    format!("/portal/workspaces/{id}")
}

pub(crate) async fn invite_as(browser: &mut Browser<'_>, role: &str) -> String {
    let workspace = workspace(browser).await;
    invite_to(browser, &workspace, role).await
}

/// Invites somebody into the workspace at a path; returns the link.
pub(crate) async fn invite_to(browser: &mut Browser<'_>, workspace: &str, role: &str) -> String {
    let members = browser.open(workspace).await.page();
    let form = members.form_to(&format!("{workspace}/invite"));
    let page = browser.submit(&form.with("role", role)).await.page();
    let text = page.text();
    let (_, link) = text.split_once("/account/join/").unwrap();
    let link = link.split(['"', '<', ' ']).next().unwrap();
    format!("/account/join/{link}")
}

pub(crate) async fn join<'a>(bench: &'a TestServer, link: &str) -> Browser<'a> {
    join_as(bench, link, OTHER).await
}

/// Opens the link of an invitation, and makes an account with this address.
pub(crate) async fn join_as<'a>(bench: &'a TestServer, link: &str, email: &str) -> Browser<'a> {
    let mut browser = Browser::new(bench);
    let page = browser.open(link).await.page();
    let form = page
        .form()
        .with("email", email)
        .with("name", "Grace")
        .with("password", PASSWORD);
    let page = browser.submit(&form).await.page();
    assert!(page.text().contains("You joined the workspace."));
    browser
}

#[tokio::test]
async fn the_first_link_makes_one_account_and_no_more() {
    let bench = TestServer::start().await;
    let link = bench.server.setup_link().unwrap().to_owned();
    bench.first_person().await;
    let page = Browser::new(&bench).open(&link).await.page();
    assert_eq!(page.status, 404);
    assert!(page.text().contains("no longer works"));
}

#[tokio::test]
async fn the_first_link_works_for_a_day() {
    let bench = TestServer::start().await;
    let link = bench.server.setup_link().unwrap().to_owned();
    bench.clock.advance(Duration::from_hours(24));
    assert_eq!(Browser::new(&bench).open(&link).await.page().status, 404);
}

#[tokio::test]
async fn sign_up_is_refused_where_it_is_not_open() {
    let bench = TestServer::start().await;
    assert_eq!(
        Browser::new(&bench)
            .open("/account/sign-up")
            .await
            .page()
            .status,
        404
    );
}

#[tokio::test]
async fn r19_who_has_no_workspace_makes_one_and_the_same_sign_in_goes_on() {
    let bench = TestServer::start().await;
    let mut owner = bench.first_person().await;
    let link = invite(&mut owner).await;
    let mut browser = join(&bench, &link).await;
    let page = browser.open("/portal/workspaces").await.page();
    let text = page.text();
    let (_, rest) = text.split_once("/portal/workspaces/").unwrap();
    let id = rest.split('"').next().unwrap().to_owned();
    let members = browser
        .open(&format!("/portal/workspaces/{id}"))
        .await
        .page();
    let leave = members.form_to(&format!("/portal/workspaces/{id}/leave"));
    browser.submit(&leave).await.page();
    let client = Client::claude(&bench).await;
    let page = browser.open(&client.authorize_url()).await.page();
    assert!(
        page.location.ends_with("/new-workspace"),
        "{}",
        page.location
    );
    assert!(!page.text().contains("value=\"approve\""));
    let form = page.form().with("name", "Mine");
    let page = browser.submit(&form).await.page();
    assert!(
        page.text().contains("<strong>Mine</strong>"),
        "{}",
        page.body
    );
    let form = page.form().press("decision", "approve");
    let response = browser.submit(&form).await.response(CLAUDE);
    assert_eq!(client.redeem(&bench, &response["code"]).await.status, 200);
}

#[tokio::test]
async fn r39_r40_a_key_is_listed_and_revoking_it_takes_the_access_away_at_once() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    // A second call finds the key where the first one left it, and not in the database.
    for _ in 0..2 {
        assert_eq!(bench.tools(&tokens.access).await.len(), 3);
    }
    let page = browser.open("/portal/keys").await.page();
    for reported in [
        "Claude (MCP connector)",
        "claude.ai",
        "Studio",
        "mcp:read",
        "mcp:write",
    ] {
        assert!(page.text().contains(reported), "{reported}: {}", page.body);
    }
    assert!(!page.text().contains(&tokens.access));
    let revoke = page.form_to("/portal/keys/revoke");
    browser.submit(&revoke).await.page();
    let refused = bench
        .rpc(Some(&tokens.access), "tools/list", json!({}))
        .await;
    assert_eq!(refused.status, 401);
    assert!(
        refused
            .header("www-authenticate")
            .contains("resource_metadata=")
    );
    let said = refused.json()["error"]["message"].clone();
    assert!(said.as_str().unwrap().starts_with("Not authenticated"));
    assert!(refused.body.contains("Reconnect"));
    assert_eq!(
        client.refresh(&bench, &tokens.refresh).await.error(),
        "invalid_grant"
    );
    // R42, R43: connecting again is all it takes.
    let again = client.connect(&mut browser, "full").await;
    assert_eq!(bench.tools(&again.access).await.len(), 3);
    let old = client.refresh(&bench, &tokens.refresh).await;
    assert_eq!(old.error(), "invalid_grant");
    assert_eq!(bench.tools(&again.access).await.len(), 3);
}

/// What the portal says of a fact of one key.
fn fact<'p>(key: &'p str, name: &str) -> &'p str {
    let (_, rest) = key.split_once(&format!("<dt>{name}</dt><dd>")).unwrap();
    rest.split("</dd>").next().unwrap()
}

#[tokio::test]
async fn r35_r39_two_keys_of_one_client_are_distinguished() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let full = client.connect(&mut browser, "full").await;
    bench.clock.advance(Duration::from_hours(1));
    client.connect(&mut browser, "read-only").await;
    bench.clock.advance(Duration::from_hours(1));
    bench.tools(&full.access).await;
    let text = browser.open("/portal/keys").await.page().text();
    let keys: Vec<_> = text.split("<article").skip(1).collect();
    let expected = [
        (
            "Read-only",
            "mcp:read",
            "2025-12-18T01:00:00Z",
            "Never",
            "2026-03-18T01:00:00Z",
        ),
        (
            "Full",
            "mcp:write",
            "2025-12-18T00:00:00Z",
            "2025-12-18T02:00:00Z",
            "2026-03-18T00:00:00Z",
        ),
    ];
    assert_eq!(keys.len(), expected.len());
    for (key, (level, scope, created, used, expires)) in keys.into_iter().zip(expected) {
        let (_, tag) = key.split_once("class=\"tag").unwrap();
        assert!(
            tag.split("</span>").next().unwrap().contains(level),
            "{tag}"
        );
        assert!(
            fact(key, "Scopes").contains(&format!("{scope}</code>")),
            "{key}"
        );
        assert!(fact(key, "Created").contains(created), "{key}");
        assert!(fact(key, "Last used").contains(used), "{key}");
        assert!(fact(key, "Expires").contains(expires), "{key}");
        assert_eq!(
            (fact(key, "Destination"), fact(key, "Workspace")),
            ("claude.ai", "Studio")
        );
    }
}

#[tokio::test]
async fn key_shows_the_tools_that_were_called_with_it_last() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let used = client.connect(&mut browser, "full").await;
    client.connect(&mut browser, "full").await;
    for tool in ["get_home", "get_pet", "get_home"] {
        bench.clock.advance(Duration::from_secs(1));
        bench.call(&used.access, tool, json!({})).await;
    }
    for _ in 0..600 {
        let page = browser.open("/portal/keys").await.page();
        if page
            .body
            .contains("<code>get_home</code> <code>get_pet</code>")
        {
            assert_eq!(
                page.text().matches("Last tools").count(),
                1,
                "{}",
                page.body
            );
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the tools of a key never came to be shown");
}

#[tokio::test]
async fn r39_a_member_sees_and_ends_their_own_keys_and_an_owner_those_of_the_workspace() {
    let bench = TestServer::start().await;
    let mut owner = bench.first_person().await;
    let link = invite(&mut owner).await;
    let mut member = join(&bench, &link).await;
    let client = Client::claude(&bench).await;
    let of_owner = client.connect(&mut owner, "full").await;
    let of_member = client.connect(&mut member, "full").await;
    let revocations = async |browser: &mut Browser<'_>| {
        let forms = browser
            .open("/portal/keys")
            .await
            .page()
            .forms()
            .into_iter();
        forms
            .filter(|form| form.action == "/portal/keys/revoke")
            .collect::<Vec<_>>()
    };
    let (mine, all) = (
        revocations(&mut member).await,
        revocations(&mut owner).await,
    );
    assert_eq!((mine.len(), all.len()), (1, 2));
    let own = mine[0].field("key").unwrap();
    let mut keys = all.iter().filter_map(|form| form.field("key"));
    let other = keys.find(|key| *key != own).unwrap();
    let tried = member.submit(&mine[0].clone().with("key", other)).await;
    assert!(tried.page().text().contains("is not yours to end"));
    assert_eq!(bench.tools(&of_owner.access).await.len(), 3);
    let form = all
        .iter()
        .find(|form| form.field("key") == Some(own))
        .unwrap();
    owner.submit(form).await.page();
    let refused = bench
        .rpc(Some(&of_member.access), "tools/list", json!({}))
        .await;
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn r41_a_client_revokes_its_own_tokens_and_no_other_ones() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let other = bench.register("Other", &["https://other.example/cb"]).await;
    let tokens = client.connect(&mut browser, "full").await;
    for (token, id) in [
        (&tokens.access, other.as_str()),
        (&tokens.refresh, "unknown"),
    ] {
        let form = [("token", token.as_str()), ("client_id", id)];
        assert_eq!(bench.post_form("/oauth/revoke", &form).await.status, 200);
    }
    assert_eq!(bench.tools(&tokens.access).await.len(), 3);
    let form = [
        ("token", tokens.refresh.as_str()),
        ("client_id", client.client_id.as_str()),
    ];
    assert_eq!(bench.post_form("/oauth/revoke", &form).await.status, 200);
    let keys = browser.open("/portal/keys").await.page();
    assert!(keys.text().contains("disconnected by the assistant"));
    let forms = keys.forms();
    assert!(
        forms
            .iter()
            .all(|form| form.action != "/portal/keys/revoke")
    );
    assert_eq!(
        bench
            .rpc(Some(&tokens.access), "tools/list", json!({}))
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn who_is_removed_from_a_workspace_loses_their_keys_there() {
    let bench = TestServer::start().await;
    let mut owner = bench.first_person().await;
    let link = invite(&mut owner).await;
    let mut member = join(&bench, &link).await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut member, "full").await;
    let page = owner.open("/portal/workspaces").await.page();
    let text = page.text();
    let (_, rest) = text.split_once("/portal/workspaces/").unwrap();
    let id = rest.split('"').next().unwrap().to_owned();
    let members = owner.open(&format!("/portal/workspaces/{id}")).await.page();
    let removal = members.form_to(&format!("/portal/workspaces/{id}/remove"));
    owner.submit(&removal).await.page();
    assert_eq!(
        bench
            .rpc(Some(&tokens.access), "tools/list", json!({}))
            .await
            .status,
        401
    );
    let refreshed = client.refresh(&bench, &tokens.refresh).await;
    assert_eq!(refreshed.error(), "invalid_grant");
}

#[tokio::test]
async fn the_links_of_an_owner_end_with_being_one() {
    let bench = TestServer::start().await;
    let mut ada = bench.first_person().await;
    let link = invite_as(&mut ada, "owner").await;
    let mut grace = join(&bench, &link).await;
    let status = async |link: &str| Browser::new(&bench).open(link).await.page().status;
    let workspace = workspace(&mut ada).await;
    let mut of_grace = Vec::new();
    for (command, role) in [("role", "member"), ("role", "owner"), ("remove", "")] {
        if role != "owner" {
            of_grace.push(invite_as(&mut grace, "owner").await);
            assert_eq!(status(&of_grace[of_grace.len() - 1]).await, 200);
        }
        let members = ada.open(&workspace).await.page();
        let form = members
            .forms()
            .into_iter()
            .rfind(|form| form.action == format!("{workspace}/{command}"))
            .unwrap();
        ada.submit(&form.with("role", role)).await.page();
    }
    let of_ada = invite(&mut ada).await;
    for link in of_grace {
        assert_eq!(status(&link).await, 404);
    }
    assert_eq!(status(&of_ada).await, 200);
}

/// Follows a link into a workspace, signed in.
async fn follow(browser: &mut Browser<'_>, link: &str) {
    let page = browser.open(link).await.page();
    let joined = browser.submit(&page.form_to(link)).await.page();
    assert!(joined.text().contains("You joined the workspace."));
}

/// Whether the person owns their workspace: only owners are offered to invite.
async fn owns(browser: &mut Browser<'_>) -> bool {
    let path = workspace(browser).await;
    let forms = browser.open(&path).await.page().forms();
    forms.iter().any(|form| form.action.ends_with("/invite"))
}

#[tokio::test]
async fn a_member_who_follows_an_owners_invitation_becomes_owner() {
    let bench = TestServer::start().await;
    let mut ada = bench.first_person().await;
    let mut grace = join(&bench, &invite(&mut ada).await).await;
    assert!(!owns(&mut grace).await);
    let link = invite_as(&mut ada, "owner").await;
    follow(&mut grace, &link).await;
    assert!(owns(&mut grace).await);
    let audit = bench.audit().await;
    assert_eq!(audit.last().unwrap().0, "role.changed");
}

#[tokio::test]
async fn an_owner_who_follows_a_members_invitation_stays_owner() {
    let bench = TestServer::start().await;
    let mut ada = bench.first_person().await;
    let mut grace = join(&bench, &invite_as(&mut ada, "owner").await).await;
    let link = invite(&mut ada).await;
    follow(&mut grace, &link).await;
    assert!(owns(&mut grace).await);
}

#[tokio::test]
async fn a_link_that_outlived_its_owner_leads_nowhere() {
    let bench = TestServer::start().await;
    let mut ada = bench.first_person().await;
    let link = invite_as(&mut ada, "owner").await;
    let page = Browser::new(&bench).open(&link).await.page();
    let mut late = Browser::new(&bench);
    let form = late.open(&link).await.page().form();
    let form = form
        .with("email", OTHER)
        .with("name", "Grace")
        .with("password", PASSWORD);
    assert_eq!(page.status, 200);
    bench
        .execute("UPDATE memberships SET role = 'member'")
        .await;
    assert_eq!(Browser::new(&bench).open(&link).await.page().status, 404);
    assert_eq!(late.submit(&form).await.page().status, 404);
}

#[tokio::test]
async fn a_browser_that_was_left_alone_is_not_listed_as_signed_in() {
    let bench = TestServer::start().await;
    let mut first = bench.first_person().await;
    bench.clock.advance(Duration::from_hours(8));
    let mut second = Browser::new(&bench);
    let page = second.open("/account/sign-in").await.page();
    second.sign_in(&page, EMAIL, PASSWORD).await.page();
    // Others can be signed out.
    let others = async |browser: &mut Browser<'_>| {
        let forms = browser.open("/portal/account").await.page().forms();
        let others = forms.iter().filter(|form| form.field("session").is_some());
        others.count()
    };
    assert_eq!(others(&mut second).await, 1);
    bench.clock.advance(Duration::from_hours(4));
    assert_eq!(others(&mut second).await, 0);
    assert_ne!(
        first.open("/portal/account").await.page().location,
        "/portal/account"
    );
}

#[tokio::test]
async fn r36_one_person_in_two_workspaces_reaches_the_one_they_chose_and_no_other() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    bench.call(&tokens.access, "get_home", json!({})).await;
    // The workspace's own id is not the model's to choose.
    let tried = bench
        .call(&tokens.access, "get_home", json!({"home": "home-2"}))
        .await;
    assert_eq!(tried.json()["result"]["isError"], true, "{}", tried.body);
    let second = browser.open(&client.authorize_url()).await.page();
    let page = browser
        .open(&format!("{}/new-workspace", second.location))
        .await
        .page();
    let page = browser
        .submit(&page.form().with("name", "Second"))
        .await
        .page();
    let form = page.form().press("decision", "approve");
    let response = browser.submit(&form).await.response(CLAUDE);
    let other = Tokens::of(&client.redeem(&bench, &response["code"]).await);
    // As long as the API does not know the second workspace, nothing of it can be reached.
    let unknown = bench.call(&other.access, "get_home", json!({})).await;
    assert_eq!(
        unknown.json()["result"]["isError"],
        true,
        "{}",
        unknown.body
    );
    bench.link_workspace("Second", "home-2").await;
    bench.clock.advance(Duration::from_secs(1));
    bench.call(&other.access, "get_home", json!({})).await;
    bench.call(&tokens.access, "get_home", json!({})).await;
    let asked = bench.asked.lock().unwrap().clone();
    let paths: Vec<_> = asked.iter().map(|(_, path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/homes/home-1", "/homes/home-2", "/homes/home-1"]);
}

#[tokio::test]
async fn wrong_passwords_say_the_same_for_everybody_and_soon_have_to_wait() {
    let bench = TestServer::start().await;
    bench.first_person().await;
    let mut said: Vec<(u16, String)> = Vec::new();
    for email in [EMAIL, "unknown@example.com"] {
        let mut browser = Browser::new(&bench);
        let mut page: Page = browser.open("/account/sign-in").await.page();
        for _ in 0..7 {
            page = browser.sign_in(&page, email, "wrong password").await.page();
            let reported = page.text().replace(email, "");
            let csrf = page.form().field("csrf_token").unwrap().to_owned();
            said.push((page.status, reported.replace(&csrf, "")));
        }
    }
    let (known, unknown) = said.split_at(7);
    assert_eq!(known, unknown);
    let statuses: Vec<_> = known.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [422, 422, 422, 422, 422, 422, 429]);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let bench = TestServer::start().await;
    let mut here = bench.first_person().await;
    let mut there = Browser::new(&bench);
    let page = there.open("/account/sign-in").await.page();
    there.sign_in(&page, EMAIL, PASSWORD).await.page();
    let account = here.open("/portal/account").await.page();
    let form = account
        .form_to("/portal/account/password")
        .with("current_password", PASSWORD)
        .with("new_password", "another long password");
    assert_eq!(here.submit(&form).await.page().status, 200);
    assert!(
        here.open("/portal/keys")
            .await
            .page()
            .location
            .starts_with("/portal/keys")
    );
    let page = there.open("/portal/keys").await.page();
    assert!(
        page.location.starts_with("/account/sign-in"),
        "{}",
        page.location
    );
}

#[tokio::test]
async fn a_session_ends_after_twelve_idle_hours() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    for _ in 0..3 {
        bench.clock.advance(Duration::from_hours(11));
        assert!(
            browser
                .open("/portal/keys")
                .await
                .page()
                .location
                .starts_with("/portal/keys")
        );
    }
    bench.clock.advance(Duration::from_hours(12));
    let page = browser.open("/portal/keys").await.page();
    assert!(page.location.starts_with("/account/sign-in"));
}

#[tokio::test]
async fn a_session_ends_after_thirty_days_however_much_is_asked_in_it() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let is_signed_in = async |browser: &mut Browser<'_>| {
        let page = browser.open("/portal/keys").await.page();
        page.location == "/portal/keys"
    };
    for _ in 0..65 {
        bench.clock.advance(Duration::from_hours(11));
        assert!(is_signed_in(&mut browser).await);
    }
    bench.clock.advance(Duration::from_hours(5));
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn signing_in_again_ends_the_session_before() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let mut before = browser.clone();
    let page = browser.open(&client.authorize_url()).await.page();
    let sign_in = browser
        .open(&format!("{}/sign-in", page.location))
        .await
        .page();
    browser.sign_in(&sign_in, EMAIL, PASSWORD).await.page();
    let keys = browser.open("/portal/keys").await.page();
    assert_eq!(keys.location, "/portal/keys");
    let page = before.open("/portal/keys").await.page();
    assert!(page.location.starts_with("/account/sign-in"));
}

#[tokio::test]
async fn a_form_from_elsewhere_signs_no_person_in() {
    let bench = TestServer::start().await;
    bench.first_person().await;
    let mut browser = Browser::new(&bench);
    let page = browser.open("/account/sign-in").await.page();
    let form = page.form().with("email", EMAIL).with("password", PASSWORD);
    let about = [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    assert_eq!(browser.submit_from(&form, &about).await.page().status, 403);
    let wrong = form.with("csrf_token", "0");
    assert_eq!(browser.submit(&wrong).await.page().status, 403);
}

#[tokio::test]
async fn r40_what_one_server_revokes_another_on_the_same_database_refuses_within_a_second() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let other = bench.beside().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    for _ in 0..2 {
        assert_eq!(other.tools(&tokens.access).await.len(), 3);
    }
    let form = [
        ("token", tokens.access.as_str()),
        ("client_id", client.client_id.as_str()),
    ];
    assert_eq!(bench.post_form("/oauth/revoke", &form).await.status, 200);
    other.clock.advance(Duration::from_secs(1));
    let refused = other
        .rpc(Some(&tokens.access), "tools/list", json!({}))
        .await;
    assert_eq!(refused.status, 401);
}
