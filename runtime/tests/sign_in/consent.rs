//! The consent page: what it says, whose it is, and what an answer can and cannot do.

use std::time::Duration;

use crate::browser::{Browser, Page};
use crate::people;
use crate::support::{CLAUDE, Client, EMAIL, PASSWORD, RESOURCE, TestServer, Tokens};

async fn consent(browser: &mut Browser<'_>, client: &Client) -> Page {
    browser.open(&client.authorize_url()).await.page()
}

#[tokio::test]
async fn r15_r16_only_the_exact_redirect_uri_of_a_publisher_is_verified_and_the_destination_is_shown()
 {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let claude = Client::claude(&bench).await;
    let page = consent(&mut browser, &claude).await;
    assert!(page.text().contains("Verified publisher: Anthropic"));
    assert!(page.text().contains(CLAUDE));
    assert_eq!(destination(&page), "claude.ai");
    assert!(!page.text().contains("has not been verified"));
    for (uri, host) in [
        ("https://evil.example/cb", "evil.example"),
        (
            "https://claude.ai.evil.example/api/mcp/auth_callback",
            "claude.ai.evil.example",
        ),
        ("http://localhost:3118/callback", "localhost"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor:"),
    ] {
        let id = bench.register("Claude", &[uri]).await;
        let page = consent(&mut browser, &Client::new(&id, uri)).await;
        assert!(page.text().contains("Unverified"), "{uri}");
        assert!(!page.text().contains("Verified publisher"), "{uri}");
        assert!(page.text().contains(uri), "{uri}");
        assert_eq!(destination(&page), host);
        let site = uri.starts_with("https:");
        assert_eq!(page.text().contains("has not been verified"), site, "{uri}");
    }
}

/// The host that a consent page names as where the authorization goes.
fn destination(page: &Page) -> String {
    let text = page.text();
    let (_, host) = text.split_once("<p class=\"host\">").unwrap();
    let host = host.split("</p>").next().unwrap();
    let host = host.replace("<span class=\"subdomain\">", "");
    assert!(text.contains("Only approve destinations you recognise."));
    host.replace("</span>", "")
}

#[tokio::test]
async fn r16_a_hostile_address_is_text() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let uri = "https://evil.example/cb?\"><script>alert(1)</script><a/href='javascript:x";
    let id = bench.register("Claude", &[uri]).await;
    let page = consent(&mut browser, &Client::new(&id, uri)).await;
    assert!(page.text().contains(uri), "{}", page.body);
    assert!(!page.body.contains("<script"), "{}", page.body);
    assert!(!page.body.contains("<a/href"), "{}", page.body);
    let links = page.body.split("href=\"").skip(1);
    let mut links = links.filter_map(|link| link.split('"').next());
    assert!(links.all(|link| link.starts_with("&#x2f;") || link.starts_with('/')));
}

#[tokio::test]
async fn r26_a_destination_on_this_machine_is_warned_of() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let uri = "http://127.0.0.1:5000/cb";
    let client = Client::new(&bench.register("Tool", &[uri]).await, uri);
    let page = consent(&mut browser, &client).await;
    assert!(
        page.text()
            .contains("This goes to a program on this computer")
    );
    let claude = Client::claude(&bench).await;
    assert!(
        !consent(&mut browser, &claude)
            .await
            .text()
            .contains("this computer")
    );
}

#[tokio::test]
async fn r28_a_hostile_name_is_text_and_never_the_name_of_a_key() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let name = format!(
        "\u{202e}<script>alert(1)</script><img src=x>{}",
        "x".repeat(10_000)
    );
    let uri = "https://evil.example/cb";
    let client = Client::new(&bench.register(&name, &[uri]).await, uri);
    let page = consent(&mut browser, &client).await;
    assert!(!page.body.contains("<script"), "{}", page.body);
    assert!(!page.body.contains("<img src=x"));
    assert!(!page.body.contains('\u{202e}'));
    client.connect(&mut browser, "read-only").await;
    let keys = browser.open("/portal/keys").await.page();
    assert!(
        keys.text()
            .contains("Unverified app (evil.example) (MCP connector)")
    );
}

#[tokio::test]
async fn r20_r21_r23_the_page_offers_the_levels_scopes_and_tools_there_are() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let mut client = Client::claude(&bench).await;
    let page = consent(&mut browser, &client).await;
    assert_eq!(page.form().field("level"), Some("read-only"));
    for reported in [
        "get_pet",
        "get_home",
        "create_pet",
        "Read-only guarantee",
        "OAuth 2.1",
    ] {
        assert!(page.text().contains(reported), "{reported}");
    }
    client.scope = "mcp:read mcp:write".to_owned();
    assert_eq!(
        consent(&mut browser, &client).await.form().field("level"),
        Some("full")
    );
}

#[tokio::test]
async fn r21_unverified_client_that_asks_for_full_finds_read_only_preselected() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    for uri in [
        "https://evil.example/cb",
        "http://127.0.0.1:5000/cb",
        "app.example:/cb",
    ] {
        let mut client = Client::new(&bench.register("Claude", &[uri]).await, uri);
        client.scope = "mcp:read mcp:write".to_owned();
        let page = consent(&mut browser, &client).await;
        assert_eq!(page.form().field("level"), Some("read-only"), "{uri}");
    }
    // A person can choose Full all the same.
    let uri = "http://127.0.0.1:5000/cb";
    let client = Client::new(&bench.register("Tool", &[uri]).await, uri);
    let tokens = client.connect(&mut browser, "full").await;
    assert_eq!(bench.tools(&tokens.access).await.len(), 3);
}

#[tokio::test]
async fn r15_redirect_uri_of_a_connector_of_chatgpt_is_labelled_as_openai() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let uri = "https://chatgpt.com/connector/oauth/Zk3d9Q";
    let client = Client::new(&bench.register("anything", &[uri]).await, uri);
    let page = consent(&mut browser, &client).await;
    assert!(page.text().contains("Verified publisher: OpenAI"));
    assert!(
        page.text()
            .contains("below an address that OpenAI documents")
    );
    let uri = "https://chatgpt.com/connector/oauth/Zk3d9Q/else";
    let client = Client::new(&bench.register("ChatGPT", &[uri]).await, uri);
    assert!(
        consent(&mut browser, &client)
            .await
            .text()
            .contains("Unverified")
    );
}

/// The names of the tools that a consent page lists: those that read, and those that write.
fn listed(page: &Page) -> [Vec<String>; 2] {
    let (_, tools) = page.body.split_once("id=\"tools\"").unwrap();
    let (tools, _) = tools.split_once("Read-only guarantee").unwrap();
    let (read, write) = tools.split_once("with-full").unwrap_or((tools, ""));
    [read, write].map(|part| {
        let names = part.split("<code>").skip(1);
        names
            .map(|it| it.split('<').next().unwrap().to_owned())
            .collect()
    })
}

#[tokio::test]
async fn r22_r23_the_page_lists_the_tools_that_the_grant_then_has() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let page = consent(&mut browser, &client).await;
    let [read, write] = listed(&page);
    // The guarantee is there with Read-only, and hidden with Full.
    assert!(page.body.contains("note ok with-read-only"));
    assert!(page.text().contains("can’t write or delete data."));
    let tokens = client.connect(&mut browser, "read-only").await;
    let mut tools = bench.tools(&tokens.access).await;
    assert_eq!(sorted(&read), tools);
    let tokens = client.connect(&mut browser, "full").await;
    tools = bench.tools(&tokens.access).await;
    assert_eq!(sorted(&[read, write].concat()), tools);
}

#[tokio::test]
async fn r22_what_can_only_read_is_guaranteed_to() {
    let bench = TestServer::with(|config| config.server.read_only = true).await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let page = consent(&mut browser, &client).await;
    assert!(
        page.body.contains("<div class=\"note ok\">"),
        "{}",
        page.body
    );
    let [read, write] = listed(&page);
    assert_eq!(write, Vec::<String>::new());
    let tokens = client.connect(&mut browser, "read-only").await;
    assert_eq!(sorted(&read), bench.tools(&tokens.access).await);
}

fn sorted(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort();
    names
}

#[tokio::test]
async fn r24_the_page_says_how_it_is_secured_and_where_it_is_ended() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let page = consent(&mut browser, &client).await;
    let text = page.text();
    let (_, security) = text.split_once("id=\"security\"").unwrap();
    for reported in [CLAUDE, RESOURCE, "OAuth 2.1 + PKCE", "/portal/keys"] {
        assert!(security.contains(reported), "{reported}: {security}");
    }
}

#[tokio::test]
async fn r25_cancel_reports_the_client_and_grants_nothing() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let page = consent(&mut browser, &client).await;
    let (_, button) = page.body.rsplit_once("<button").unwrap();
    assert!(
        button.contains("name=\"decision\" value=\"deny\""),
        "{button}"
    );
    assert!(button.contains(">Cancel</button>"), "{button}");
    let form = page.form().press("decision", "deny");
    let response = browser.submit(&form).await.response(CLAUDE);
    assert_eq!(response["error"], "access_denied");
    assert_eq!(response["state"], client.state);
    assert_eq!(response["iss"], bench.origin);
    assert!(!response.contains_key("code"));
    let keys = browser.open("/portal/keys").await.page();
    assert!(!keys.text().contains("Claude (MCP connector)"));
}

#[tokio::test]
async fn an_answer_counts_once_and_within_ten_minutes() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let form = consent(&mut browser, &client)
        .await
        .form()
        .press("decision", "approve");
    browser.submit(&form).await.response(CLAUDE);
    assert_eq!(browser.submit(&form).await.page().status, 400);
    let form = consent(&mut browser, &client)
        .await
        .form()
        .press("decision", "approve");
    bench.clock.advance(Duration::from_secs(601));
    let page = browser.submit(&form).await.page();
    assert_eq!(page.status, 400);
    assert!(page.text().contains("from your assistant"), "{}", page.body);
}

#[tokio::test]
async fn another_browser_cannot_answer() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let page = consent(&mut browser, &client).await;
    let form = page.form().press("decision", "approve");
    // Another browser, signed in as the same person, with the address of the page.
    let mut other = Browser::new(&bench);
    let sign_in = other.open("/account/sign-in").await.page();
    other.sign_in(&sign_in, EMAIL, PASSWORD).await.page();
    assert_eq!(other.open(&page.location).await.page().status, 403);
    let csrf = other.open("/portal/keys").await.page().forms()[0].clone();
    let stolen = form
        .clone()
        .with("csrf_token", csrf.field("csrf_token").unwrap());
    assert_eq!(other.submit(&stolen).await.page().status, 403);
    // The same browser, from elsewhere.
    for about in [
        [
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
        ],
        [("origin", "null"), ("sec-fetch-site", "cross-site")],
    ] {
        assert_eq!(browser.submit_from(&form, &about).await.page().status, 403);
    }
    let about = [("sec-fetch-site", "cross-site")];
    assert_eq!(browser.submit_from(&form, &about).await.page().status, 403);
    let wrong = form.clone().with("csrf_token", "wrong");
    assert_eq!(browser.submit(&wrong).await.page().status, 403);
    // None of this used the transaction up.
    browser.submit(&form).await.response(CLAUDE);
}

#[tokio::test]
async fn r20_a_form_cannot_ask_for_more_than_was_offered() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let mut client = Client::claude(&bench).await;
    client.resource = format!("{}/readonly", client.resource);
    for change in ["level", "unlisted", "write", "missing", "workspace"] {
        let form = consent(&mut browser, &client)
            .await
            .form()
            .press("decision", "approve");
        let form = match change {
            "level" => form.with("level", "full"),
            "unlisted" => form.and("scope", "admin"),
            "write" => form.and("scope", "mcp:write"),
            "missing" => form.without("scope", "mcp:read"),
            _ => form.with("workspace", "wsp_of_somebody_else"),
        };
        assert_eq!(browser.submit(&form).await.page().status, 403, "{change}");
    }
    // What Full alone has cannot be slipped in beside Read-only.
    let client = Client::claude(&bench).await;
    let form = consent(&mut browser, &client).await.form();
    let form = form.press("decision", "approve").and("scope", "mcp:write");
    assert_eq!(form.field("level"), Some("read-only"));
    assert_eq!(browser.submit(&form).await.page().status, 403);
    let refused = "SELECT SUM(count) FROM audit WHERE action = 'consent.refused'";
    assert_eq!(bench.count(refused).await, 6);
}

#[tokio::test]
async fn what_a_form_says_of_the_request_counts_for_nothing() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let form = consent(&mut browser, &client)
        .await
        .form()
        .press("decision", "approve")
        .with("client_id", "other")
        .with("redirect_uri", "https://evil.example/")
        .with("code_challenge", "other");
    let response = browser.submit(&form).await.response(CLAUDE);
    let tokens = Tokens::of(&client.redeem(&bench, &response["code"]).await);
    assert_eq!(bench.tools(&tokens.access).await.len(), 2);
}

#[tokio::test]
async fn what_is_approved_is_what_was_shown_to_whom_it_was_shown() {
    let bench = TestServer::with(|config| config.accounts.sign_up = true).await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    // Another tab chooses another workspace.
    let page = consent(&mut browser, &client).await;
    let shown = page.form().press("decision", "approve");
    let new = browser
        .open(&format!("{}/new-workspace", page.location))
        .await
        .page();
    browser
        .submit(&new.form().with("name", "Second"))
        .await
        .page();
    assert_eq!(browser.submit(&shown).await.page().status, 403);
    // Another tab signs in as somebody else.
    let page = browser.open(&page.location).await.page();
    let shown = page.form().press("decision", "approve");
    let sign_up = browser
        .open(&format!("{}/sign-up", page.location))
        .await
        .page();
    let form = sign_up
        .form()
        .with("email", "grace@example.com")
        .with("name", "Grace")
        .with("password", PASSWORD)
        .with("workspace", "Graces");
    browser.submit(&form).await.page();
    assert_eq!(browser.submit(&shown).await.page().status, 403);
}

#[tokio::test]
async fn an_approval_counts_for_the_person_who_saw_the_page() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    people::join(&bench, &people::invite(&mut browser).await).await;
    let client = Client::claude(&bench).await;
    let page = consent(&mut browser, &client).await;
    let shown = page.form().press("decision", "approve");
    // Another tab signs in as somebody who could approve the same.
    let sign_in = browser
        .open(&format!("{}/sign-in", page.location))
        .await
        .page();
    let theirs = browser.sign_in(&sign_in, people::OTHER, PASSWORD).await;
    assert!(theirs.page().text().contains(people::OTHER));
    assert_eq!(browser.submit(&shown).await.page().status, 403);
}

#[tokio::test]
async fn two_sign_ins_in_two_tabs_do_not_disturb_each_other() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let first = consent(&mut browser, &client)
        .await
        .form()
        .press("decision", "approve");
    let second = consent(&mut browser, &client)
        .await
        .form()
        .press("decision", "approve");
    let two = browser.submit(&second).await.response(CLAUDE);
    let one = browser.submit(&first).await.response(CLAUDE);
    assert_eq!(client.redeem(&bench, &one["code"]).await.status, 200);
    assert_eq!(client.redeem(&bench, &two["code"]).await.status, 200);
}

#[tokio::test]
async fn pages_can_be_neither_framed_nor_scripted_nor_kept() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let page = consent(&mut browser, &client).await;
    let policy = page.response.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self' https://claude.ai",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("script-src"), "{policy}");
    assert_eq!(page.response.header("x-frame-options"), "DENY");
    assert_eq!(page.response.header("cache-control"), "no-store");
    assert!(
        page.response
            .header("strict-transport-security")
            .contains("max-age")
    );
    assert!(!page.body.contains("<script"));
}

#[tokio::test]
async fn r17_r18_the_person_chooses_among_their_own_workspaces() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let mut stranger = people::join(&bench, &people::invite(&mut browser).await).await;
    let page = stranger.open("/portal/workspaces").await.page();
    let form = page.form_to("/portal/workspaces").with("name", "Elsewhere");
    stranger.submit(&form).await.page();
    let client = Client::claude(&bench).await;
    let page = consent(&mut browser, &client).await;
    assert!(page.text().contains("Studio") && page.text().contains(EMAIL));
    let switch = format!("href=\"{}/workspace\"", page.location);
    assert!(page.text().contains(&switch), "{}", page.body);
    let page = browser
        .open(&format!("{}/new-workspace", page.location))
        .await
        .page();
    let form = page.form().with("name", "Second");
    let page = browser.submit(&form).await.page();
    assert!(
        page.text().contains("<strong>Second</strong>"),
        "{}",
        page.body
    );
    // A new sign-in asks, for there are two now.
    let picker = consent(&mut browser, &client).await;
    assert!(
        picker.location.ends_with("/workspace"),
        "{}",
        picker.location
    );
    for name in ["Studio", "Second"] {
        assert!(picker.text().contains(name), "{}", picker.body);
    }
    assert!(!picker.text().contains("Elsewhere"), "{}", picker.body);
    let (_, elsewhere) = bench.workspace("Elsewhere").await;
    for foreign in [elsewhere.as_str(), "wsp_unknown"] {
        let form = picker.form().with("workspace", foreign);
        assert_eq!(browser.submit(&form).await.page().status, 403, "{foreign}");
        let audit = bench.audit().await;
        let (action, reported) = audit.last().unwrap();
        assert_eq!(action, "consent.refused");
        assert!(reported.contains(foreign), "{reported}");
    }
}

#[tokio::test]
async fn the_workspace_last_used_is_chosen_beforehand() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let page = browser.open("/portal/workspaces").await.page();
    let form = page.form_to("/portal/workspaces").with("name", "Second");
    browser.submit(&form).await.page();
    let picker = browser.open(&client.authorize_url()).await.page();
    assert_eq!(picker.form().field("workspace"), None);
    let text = picker.text();
    let second = text.rsplit_once("name=\"workspace\" value=\"").unwrap().1;
    let second = second.split('"').next().unwrap();
    let consent = picker.form().with("workspace", second);
    let consent = browser.submit(&consent).await.page();
    let approved = consent.form().press("decision", "approve");
    browser.submit(&approved).await.response(CLAUDE);

    let picker = browser.open(&client.authorize_url()).await.page();
    assert_eq!(picker.form().field("workspace"), Some(second));
}
