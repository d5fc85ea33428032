//! What is written down: who did what, through which client, in which workspace, when, in which
//! request, and how it ended.

use std::time::Duration;

use serde_json::json;

use crate::browser::Browser;
use crate::people::{invite, join, workspace};
use crate::support::{CLAUDE, Client, EMAIL, PASSWORD, TestServer, Tokens};

#[tokio::test]
async fn r52_every_step_is_written_down_once_and_without_a_secret() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let code = client.code(&mut browser, "full").await;
    let issued = client.redeem(&bench, &code).await;
    let tokens = Tokens::of(&issued);
    let refreshed = client.refresh(&bench, &tokens.refresh).await;
    let next = Tokens::of(&refreshed);
    // Within one minute they would be one row.
    bench.clock.advance(Duration::from_mins(1));
    let denied = browser.open(&client.authorize_url()).await.page();
    let form = denied.form().press("decision", "deny");
    browser.submit(&form).await.response(CLAUDE);
    let replayed = client.redeem(&bench, &code).await;
    let audit = bench.audit().await;
    let actions: Vec<_> = audit.iter().map(|(action, _)| action.as_str()).collect();
    let expected = [
        "setup_link.made",
        "account.created",
        "workspace.created",
        "login.ok",
        "authorize.started",
        "consent.approved",
        "token.issued",
        "token.refreshed",
        "authorize.started",
        "consent.denied",
        "code.replayed",
        "grant.revoked",
    ];
    assert_eq!(actions, expected);
    // Who, through which client, in which workspace, for which key.
    let reported = |at: usize| audit[at].1.split(' ').collect::<Vec<_>>();
    let (started, approved, denied) = (reported(4), reported(5), reported(9));
    let [_, person, id, workspace, grant, ..] = approved[..] else {
        panic!("{approved:?}");
    };
    assert!(person.starts_with("usr_") && workspace.starts_with("wsp_"));
    assert!(grant.starts_with("key_"), "{approved:?}");
    assert_eq!(id, client.client_id);
    assert!(audit[5].1.ends_with("mcp:read mcp:write"), "{approved:?}");
    for row in [started, denied] {
        assert_eq!(row[1..3], [person, id], "{row:?}");
    }
    for (at, answer) in [(6, &issued), (7, &refreshed), (10, &replayed)] {
        let row = reported(at);
        let expected = [answer.header("x-request-id"), person, id, workspace, grant];
        assert_eq!(row[..5], expected);
    }
    let revoked = reported(11);
    assert_eq!(revoked[1..5], [person, id, workspace, grant]);
    let reported = format!("{audit:?}");
    for secret in [
        &code,
        &tokens.access,
        &tokens.refresh,
        &next.access,
        &client.verifier,
    ] {
        assert!(!reported.contains(secret.as_str()));
    }
}

#[tokio::test]
async fn who_comes_with_the_secret_of_another_client_is_written_down() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let id = bench.register("Other", &["https://other.example/cb"]).await;
    let thief = Client::new(&id, &client.redirect_uri);
    let code = client.code(&mut browser, "full").await;
    assert_eq!(thief.redeem(&bench, &code).await.error(), "invalid_grant");
    let tokens = Tokens::of(&client.redeem(&bench, &code).await);
    // Within one minute they would be one row.
    bench.clock.advance(Duration::from_mins(1));
    let refused = thief.refresh(&bench, &tokens.refresh).await;
    assert_eq!(refused.error(), "invalid_grant");
    let audit = bench.audit().await;
    let grant = |row: &str| row.split(' ').nth(4).unwrap().to_owned();
    let issued = audit.iter().find(|(action, _)| action == "token.issued");
    let owner = grant(&issued.unwrap().1);
    let refusals = audit.iter().filter(|(action, _)| action == "token.refused");
    let refusals: Vec<_> = refusals.map(|(_, row)| row).collect();
    assert_eq!(refusals.len(), 2, "{audit:?}");
    for row in refusals {
        assert_eq!(row.split(' ').nth(2), Some(id.as_str()), "{row}");
        assert_eq!(grant(row), owner, "{row}");
    }
}

#[tokio::test]
async fn r52_a_failed_call_is_found_by_client_workspace_and_time() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let full = client.connect(&mut browser, "full").await;
    let read = client.connect(&mut browser, "read-only").await;
    bench.clock.advance(Duration::from_hours(1));
    bench.call(&full.access, "get_pet", json!({})).await;
    let wrong = bench.call(&full.access, "get_pet", json!({"x": 1})).await;
    let id = wrong.header("x-request-id").to_owned();
    bench
        .call(&read.access, "create_pet", json!({"name": "Rex"}))
        .await;
    // What was noted is written down before the server has ended.
    let (database, now) = (bench.database.clone(), bench.clock.millis());
    bench.server.shutdown().await;
    use sqlx::{Connection as _, Row as _};
    let url = format!("sqlite:{}", database.display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let found = sqlx::query(
        "SELECT request_id, subject, outcome, grant_id FROM audit WHERE client_id = ? \
         AND workspace = (SELECT id FROM workspaces WHERE name = 'Studio') AND at BETWEEN ? AND ? \
         AND person = (SELECT id FROM people WHERE email = ?) AND action = 'tool.called' \
         ORDER BY id",
    )
    .bind(&client.client_id)
    .bind(now - 60_000)
    .bind(now)
    .bind(EMAIL)
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let reported: Vec<(String, String)> = found
        .iter()
        .map(|row| (row.get("subject"), row.get("outcome")))
        .collect();
    let pairs: Vec<_> = reported
        .iter()
        .map(|(tool, it)| (tool.as_str(), it.as_str()))
        .collect();
    let expected = [
        ("get_pet", "ok"),
        ("get_pet", "invalid_arguments"),
        ("create_pet", "insufficient_scope"),
    ];
    assert_eq!(pairs, expected);
    assert_eq!(found[1].get::<String, _>("request_id"), id);
    let grants: Vec<String> = found.iter().map(|row| row.get("grant_id")).collect();
    assert!(grants[0] == grants[1] && grants[1] != grants[2]);
}

/// The calls that are recorded, once the server has ended: their tools and their outcomes.
async fn recorded_calls(bench: TestServer) -> Vec<(String, String)> {
    use sqlx::{Connection as _, Row as _};
    let url = format!("sqlite:{}", bench.database.display());
    // What was noted is written down before the server has ended.
    bench.server.shutdown().await;
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let query = "SELECT subject, outcome FROM audit WHERE action = 'tool.called' ORDER BY id";
    let rows = sqlx::query(query).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|it| (it.get(0), it.get(1))).collect()
}

fn row(tool: &str, outcome: &str) -> (String, String) {
    (tool.to_owned(), outcome.to_owned())
}

#[tokio::test]
async fn call_by_an_alias_is_recorded_with_both_names_and_needs_the_access_of_its_tool() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let full = client.connect(&mut browser, "full").await;
    let read = client.connect(&mut browser, "read-only").await;
    bench.call(&full.access, "fetch_pet", json!({})).await;
    let refused = bench
        .call(&read.access, "add_pet", json!({"name": "Rex"}))
        .await;
    assert_eq!(refused.status, 403);
    assert_eq!(bench.asked.lock().unwrap().len(), 1);
    assert_eq!(
        recorded_calls(bench).await,
        [
            row("get_pet (as fetch_pet)", "ok"),
            row("create_pet", "insufficient_scope"),
        ]
    );
}

#[tokio::test]
async fn call_by_an_alias_that_does_not_call_is_recorded_and_needs_the_access_of_its_tool() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let full = client.connect(&mut browser, "full").await;
    let read = client.connect(&mut browser, "read-only").await;
    let arguments = json!({"name": "Rex"});
    let replaced = bench
        .call(&full.access, "register_pet", arguments.clone())
        .await;
    assert_eq!(replaced.status, 200);
    let refused = bench.call(&read.access, "register_pet", arguments).await;
    assert_eq!(refused.status, 403);
    assert!(bench.asked.lock().unwrap().is_empty());
    assert_eq!(
        recorded_calls(bench).await,
        [
            row("create_pet (as register_pet)", "tool_replaced"),
            row("create_pet", "insufficient_scope"),
        ]
    );
}

#[tokio::test]
async fn what_is_over_is_kept_as_long_as_is_configured_and_strangers_have_nothing_written() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    client.connect(&mut browser, "full").await;
    let page = browser.open("/portal/keys").await.page();
    browser
        .submit(&page.form_to("/portal/keys/revoke"))
        .await
        .page();
    let written = bench.audit().await.len();
    Browser::new(&bench)
        .open(&client.authorize_url())
        .await
        .page();
    bench.register("Other", &["https://other.example/cb"]).await;
    assert_eq!(bench.audit().await.len(), written);
    for (days, key, events) in [
        (89, true, true),
        (2, false, true),
        (273, false, true),
        (1, false, false),
    ] {
        bench.clock.advance(Duration::from_hours(24 * days));
        // A server that starts forgets what is over.
        bench.beside().await;
        let approved = bench.audit().await;
        let approved = approved
            .iter()
            .any(|(action, _)| action == "consent.approved");
        assert_eq!(approved, events, "{days}");
        let page = browser.open("/account/sign-in").await.page();
        browser.sign_in(&page, EMAIL, PASSWORD).await.page();
        let page = browser.open("/portal/keys").await.page();
        let listed = page.text().contains("Claude (MCP connector)");
        assert_eq!(listed, key, "{days}");
    }
}

/// What was written down after the first `seen` events: the action, the person, the workspace and
/// what it was about.
async fn since(bench: &TestServer, seen: usize) -> Vec<(String, String, String, String)> {
    let audit = bench.audit().await;
    let rows = audit.into_iter().skip(seen).map(|(action, reported)| {
        let part = |at: usize| reported.splitn(6, ' ').nth(at).unwrap().to_owned();
        (action, part(1), part(3), part(5))
    });
    rows.collect()
}

#[tokio::test]
async fn r52_what_happens_in_a_workspace_is_written_down() {
    let bench = TestServer::start().await;
    let mut ada = bench.first_person().await;
    let seen = bench.audit().await.len();
    let link = invite(&mut ada).await;
    join(&bench, &link).await;
    invite(&mut ada).await;
    let path = workspace(&mut ada).await;
    for command in ["uninvite", "role", "remove"] {
        let page = ada.open(&path).await.page();
        let form = page.form_to(&format!("{path}/{command}"));
        assert_eq!(ada.submit(&form).await.page().status, 200, "{command}");
    }
    bench.link_workspace("Studio", "home-2").await;
    bench.suspend_workspace("Studio", true).await;
    bench.suspend_workspace("Studio", false).await;

    let rows = since(&bench, seen).await;
    let studio = path.rsplit('/').next().unwrap();
    let [made, joined, ..] = &rows[..] else {
        panic!("{rows:?}");
    };
    let (ada, grace) = (made.1.as_str(), joined.1.as_str());
    assert!(ada.starts_with("usr_") && grace.starts_with("usr_") && ada != grace);
    let expected = [
        ("invitation.made", ada, studio, "inv_"),
        ("account.created", grace, "-", "-"),
        ("invitation.accepted", grace, studio, "-"),
        ("login.ok", grace, "-", "-"),
        ("invitation.made", ada, studio, "inv_"),
        ("invitation.withdrawn", ada, studio, "inv_"),
        ("role.changed", ada, studio, grace),
        ("member.removed", ada, studio, grace),
        // The operator's actions are not those of a person with an account.
        ("workspace.linked", "-", studio, "home-2"),
        ("workspace.suspended", "-", studio, "-"),
        ("workspace.resumed", "-", studio, "-"),
    ];
    assert_eq!(rows.len(), expected.len(), "{rows:?}");
    for ((action, person, workspace, subject), wanted) in rows.iter().zip(expected) {
        let row = (action.as_str(), person.as_str(), workspace.as_str());
        assert_eq!(row, (wanted.0, wanted.1, wanted.2));
        assert!(subject.starts_with(wanted.3), "{action}: {subject}");
    }
}

#[tokio::test]
async fn r52_what_happens_to_an_account_is_written_down() {
    let bench = TestServer::start().await;
    let mut ada = bench.first_person().await;
    let seen = bench.audit().await.len();
    let mut browser = Browser::new(&bench);
    let page = browser.open("/account/sign-in").await.page();
    let page = browser.sign_in(&page, EMAIL, "wrong password").await.page();
    browser.sign_in(&page, EMAIL, PASSWORD).await.page();
    let account = browser.open("/portal/account").await.page();
    let form = account.form_to("/portal/account/sign-out-others");
    browser.submit(&form).await.page();
    let page = ada.open("/portal/account").await.page();
    assert!(page.location.starts_with("/account/sign-in"));
    let form = account
        .form_to("/portal/account/password")
        .with("current_password", PASSWORD)
        .with("new_password", "another long password");
    browser.submit(&form).await.page();
    let client = Client::claude(&bench).await;
    client.code(&mut browser, "full").await;
    bench.clock.advance(Duration::from_mins(15));
    let path = workspace(&mut browser).await;
    let members = browser.open(&path).await.page();
    let form = members.form_to(&format!("{path}/invite"));
    let question = browser.submit(&form).await.page();
    let form = question.form().with("password", "another long password");
    browser.submit(&form).await.page();
    let page = browser.open("/portal/account").await.page();
    browser
        .submit(&page.form_to("/portal/sign-out"))
        .await
        .page();

    let rows = since(&bench, seen).await;
    let person = rows[1].1.as_str();
    let reported: Vec<_> = rows.iter().map(|row| (row.0.as_str(), &*row.1)).collect();
    let expected = [
        ("login.failed", "-"),
        ("login.ok", person),
        ("login.ended", person),
        ("password.changed", person),
        ("authorize.started", person),
        ("consent.approved", person),
        ("login.confirmed", person),
        ("invitation.made", person),
        ("login.ended", person),
    ];
    assert_eq!(reported, expected);
    assert_eq!(rows[0].3, EMAIL);
}

#[tokio::test]
async fn r52_a_chosen_workspace_and_a_reused_token_are_written_down() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let page = browser.open("/portal/workspaces").await.page();
    let form = page.form_to("/portal/workspaces").with("name", "Second");
    browser.submit(&form).await.page();
    let (_, second) = bench.workspace("Second").await;
    let client = Client::claude(&bench).await;
    let seen = bench.audit().await.len();
    let picker = browser.open(&client.authorize_url()).await.page();
    let form = picker.form().with("workspace", &second);
    let consent = browser.submit(&form).await.page();
    let form = consent.form().press("decision", "approve");
    let response = browser.submit(&form).await.response(CLAUDE);
    let tokens = Tokens::of(&client.redeem(&bench, &response["code"]).await);
    client.refresh(&bench, &tokens.refresh).await;
    bench.clock.advance(Duration::from_hours(1));
    client.refresh(&bench, &tokens.refresh).await;

    let rows = since(&bench, seen).await;
    let reported: Vec<_> = rows.iter().map(|row| (row.0.as_str(), &*row.2)).collect();
    let expected = [
        ("authorize.started", "-"),
        ("workspace.chosen", &second),
        ("consent.approved", &second),
        ("token.issued", &second),
        ("token.refreshed", &second),
        ("token.reuse_detected", &second),
        ("grant.revoked", &second),
    ];
    assert_eq!(reported, expected);
}

#[tokio::test]
async fn what_cannot_be_written_down_does_not_happen() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    let code = client.code(&mut browser, "full").await;
    let page = browser.open(&client.authorize_url()).await.page();
    let approval = page.form().press("decision", "approve");
    let keys = browser.open("/portal/keys").await.page();
    let revocation = keys.form_to("/portal/keys/revoke");

    bench.run("ALTER TABLE audit RENAME TO lost").await;
    for form in [&approval, &revocation] {
        assert_eq!(browser.submit(form).await.page().status, 503);
    }
    assert_eq!(client.redeem(&bench, &code).await.status, 503);
    let refreshed = client.refresh(&bench, &tokens.refresh).await;
    assert_eq!(refreshed.status, 503);
    bench.run("ALTER TABLE lost RENAME TO audit").await;

    // Neither was the page, the code or the token used up, nor did the key end.
    browser.submit(&approval).await.response(CLAUDE);
    assert_eq!(client.redeem(&bench, &code).await.status, 200);
    assert_eq!(bench.tools(&tokens.access).await.len(), 3);
    let next = Tokens::of(&client.refresh(&bench, &tokens.refresh).await);
    assert_eq!(bench.tools(&next.access).await.len(), 3);
}

/// How many rows there are of an action, and how many events they represent.
async fn rows(bench: &TestServer, action: &str) -> (i64, i64) {
    use sqlx::{Connection as _, Row as _};
    let url = format!("sqlite:{}", bench.database.display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let row = sqlx::query("SELECT COUNT(*), IFNULL(SUM(count), 0) FROM audit WHERE action = ?");
    let row = row.bind(action).fetch_one(&mut connection).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test]
async fn what_is_tried_again_within_a_minute_is_one_row_with_a_count() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let id = bench.register("Other", &["https://other.example/cb"]).await;
    let thief = Client::new(&id, &client.redirect_uri);

    let code = client.code(&mut browser, "full").await;
    for _ in 0..30 {
        thief.redeem(&bench, &code).await;
    }
    assert_eq!(rows(&bench, "token.refused").await, (1, 30));

    let mut tokens = Tokens::of(&client.redeem(&bench, &code).await);
    for _ in 0..10 {
        tokens = Tokens::of(&client.refresh(&bench, &tokens.refresh).await);
    }
    assert_eq!(rows(&bench, "token.refreshed").await, (1, 10));

    for _ in 0..30 {
        client.redeem(&bench, &code).await;
    }
    assert_eq!(rows(&bench, "code.replayed").await, (1, 30));

    let (started, _) = rows(&bench, "authorize.started").await;
    assert_eq!(started, 1);
    let page = browser.open(&client.authorize_url()).await.page();
    for _ in 0..15 {
        browser.open(&client.authorize_url()).await.page();
    }
    assert_eq!(rows(&bench, "authorize.started").await, (1, 17));

    let form = page.form().with("workspace", "wsp_of_somebody_else");
    let form = form.press("decision", "approve");
    for _ in 0..15 {
        assert_eq!(browser.submit(&form).await.page().status, 403);
    }
    assert_eq!(rows(&bench, "consent.refused").await, (1, 15));

    // A minute later it is a row of its own.
    bench.clock.advance(Duration::from_mins(1));
    client.redeem(&bench, &code).await;
    assert_eq!(rows(&bench, "code.replayed").await, (2, 31));
}

#[tokio::test]
async fn failed_sign_ins_of_many_accounts_within_a_minute_are_few_rows() {
    let bench = TestServer::behind_a_proxy().await;
    bench.first_person().await;
    let mut browser = Browser::at(&bench, "203.0.113.1");
    let page = browser.open("/account/sign-in").await.page();
    for number in 0..120 {
        browser = browser.moved_to(&format!("203.0.{}.1", number % 60));
        let email = format!("person{number}@example.com");
        let failed = browser.sign_in(&page, &email, "not the password").await;
        assert_eq!(failed.page().status, 422);
    }
    let (rows, events) = rows(&bench, "login.failed").await;
    assert_eq!(events, 120);
    assert!(rows <= 60, "{rows}");
    // Those with a row of their own are counted by it.
    let reported = bench.audit().await;
    assert!(
        reported
            .iter()
            .any(|(_, row)| row.ends_with("person7@example.com"))
    );
}

#[tokio::test]
async fn audit_has_at_most_as_many_rows_as_configured_and_what_changed_something_stays_longest() {
    let bench = TestServer::with(|config| config.store.audit_rows = 1000).await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    // What older days left: guesses and calls.
    let older = |action: &str, keep: u8, from: u32, rows: u32| {
        format!(
            "WITH RECURSIVE n (i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n \
             WHERE i < {from} + {rows} - 1) \
             INSERT INTO audit (at, request_id, action, keep) SELECT i, 'r', '{action}', {keep} FROM n"
        )
    };
    bench.run_all(&older("login.failed", 0, 1, 400)).await;
    bench.run_all(&older("tool.called", 1, 500, 900)).await;
    let all = "SELECT COUNT(*) FROM audit";
    assert!(bench.count(all).await > 1300);
    // Whatever is written next makes room.
    let next = async |tokens: Tokens| {
        bench.clock.advance(Duration::from_mins(1));
        Tokens::of(&client.refresh(&bench, &tokens.refresh).await)
    };
    let tokens = next(tokens).await;
    let rows = bench.count(all).await;
    assert!((980..=1000).contains(&rows), "{rows}");
    let guesses = "SELECT COUNT(*) FROM audit WHERE action = 'login.failed'";
    let calls = "SELECT COUNT(*) FROM audit WHERE action = 'tool.called'";
    // The traces of what was tried do not go altogether, and then the oldest calls do.
    let (guessed, called) = (bench.count(guesses).await, bench.count(calls).await);
    assert!((80..=110).contains(&guessed), "{guessed}");
    assert!(called > 850, "{called}");
    let oldest = "SELECT MIN(at) FROM audit WHERE action = 'login.failed'";
    assert!(bench.count(oldest).await > 280);

    bench.run_all(&older("grant.revoked", 2, 2000, 900)).await;
    let tokens = next(tokens).await;
    assert!(bench.count(all).await <= 1000);
    assert!(bench.count(calls).await < 100);
    bench.run_all(&older("login.failed", 0, 3000, 500)).await;
    next(tokens).await;
    assert!(bench.count(all).await <= 1000);
    let kept = "SELECT COUNT(*) FROM audit WHERE action = 'consent.approved' \
                OR action = 'grant.revoked'";
    assert_eq!(bench.count(kept).await, 901);
    // The number of rows is known without counting them.
    let known = bench.count("SELECT audit_rows FROM store_state").await;
    assert_eq!(known, bench.count(all).await);
}

#[tokio::test]
async fn the_most_rows_of_the_audit_are_within_bounds() {
    for wrong in [0, 999, 1_000_000_001] {
        let mut config = runtime::config::Config::default();
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.store.path = ":memory:".into();
        config.upstream.url = Some("http://127.0.0.1:1".parse().unwrap());
        config.store.audit_rows = wrong;
        let environment = runtime::app::Environment::default();
        let error = runtime::app::start(&crate::support::CATALOG, config, environment).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("store.audit_rows"), "{error}");
    }
}
