//! Faults of the store: what clients and people are answered meanwhile, and that everything works
//! again once the cause is gone.

use std::time::Duration;

use serde_json::json;

use crate::browser::Browser;
use crate::support::{Client, EMAIL, PASSWORD, TestServer, Tokens};

/// A server with a person who connected a client.
async fn connected(bench: &TestServer) -> (Browser<'_>, Client, Tokens) {
    let mut browser = bench.first_person().await;
    let client = Client::claude(bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    (browser, client, tokens)
}

async fn call(bench: &TestServer, tokens: &Tokens) -> u16 {
    bench
        .call(&tokens.access, "get_pet", json!({}))
        .await
        .status
}

/// Has every write that records an event fail: SQLite rolls the transaction back by itself, as it
/// does on a full disk.
const ROLL_BACK: &str = "CREATE TRIGGER fault BEFORE INSERT ON audit BEGIN \
                         SELECT RAISE(ROLLBACK, 'the disk is full'); END";

/// A revocation, a refresh, a registration and a new authorization while the store fails, and again
/// when it does not.
#[tokio::test]
async fn a_transaction_that_sqlite_rolled_back_does_not_break_the_next_one() {
    let bench = &TestServer::start().await;
    let (mut browser, client, tokens) = connected(bench).await;
    let keys = browser.open("/portal/keys").await.page();
    let revoke = keys.form_to("/portal/keys/revoke");
    bench.run(ROLL_BACK).await;
    for _ in 0..2 {
        let page = browser.submit(&revoke).await.page();
        assert_eq!(page.status, 503, "{}", page.body);
        assert!(page.response.headers.contains_key("retry-after"));
        let refresh = client.refresh(bench, &tokens.refresh).await;
        assert_eq!(
            (refresh.status, refresh.error().as_str()),
            (503, "temporarily_unavailable")
        );
        assert!(refresh.headers.contains_key("retry-after"));
        // What was not revoked works.
        assert_eq!(call(bench, &tokens).await, 200);
        assert_eq!(browser.open("/portal/keys").await.page().status, 200);
    }
    bench.run("DROP TRIGGER fault").await;
    let tokens = Tokens::of(&client.refresh(bench, &tokens.refresh).await);
    let second = client.connect(&mut browser, "full").await;
    assert_eq!(call(bench, &second).await, 200);
    let page = browser.submit(&revoke).await.page();
    assert!(
        page.text().contains("The key was revoked."),
        "{}",
        page.body
    );
    assert_eq!(call(bench, &tokens).await, 401);
    assert_eq!(call(bench, &second).await, 200);
}

/// Waits until the server says that it is ready, or that it is not.
async fn until_ready(bench: &TestServer, status: u16) {
    for _ in 0..600 {
        if bench.get("/readyz").await.status == status {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("/readyz never answered {status}");
}

#[tokio::test]
async fn a_server_that_cannot_write_is_not_ready_until_it_can() {
    let bench = TestServer::start().await;
    assert_eq!(bench.get("/readyz").await.status, 200);
    bench
        .run(
            "CREATE TRIGGER fault BEFORE UPDATE ON store_state BEGIN \
             SELECT RAISE(ROLLBACK, 'the disk is full'); END",
        )
        .await;
    until_ready(&bench, 503).await;
    let answer = bench.get("/readyz").await;
    assert_eq!(answer.json(), json!({"status": "store unavailable"}));
    assert_eq!(bench.get("/healthz").await.status, 200);
    bench.run("DROP TRIGGER fault").await;
    until_ready(&bench, 200).await;
}

#[tokio::test]
async fn however_many_probes_there_are_they_write_once_a_second() {
    let bench = TestServer::start().await;
    let changes = async || {
        let number = "SELECT generation FROM store_state";
        sqlx::query_scalar::<_, i64>(number)
            .fetch_one(&mut bench.connect().await)
            .await
            .unwrap()
    };
    let before = changes().await;
    let begun = std::time::Instant::now();
    for _ in 0..3 {
        let probes = (0..100).map(|_| bench.get("/readyz"));
        let answers = futures_util::future::join_all(probes).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
    }
    // The server itself writes once, soon after its start.
    let most = 2 + begun.elapsed().as_secs();
    let written = changes().await - before;
    assert!(
        (1..=most).contains(&written.try_into().unwrap()),
        "{written} in {most} seconds"
    );
}

#[tokio::test]
async fn while_another_process_holds_the_database_calls_and_pages_are_answered() {
    let bench = TestServer::start().await;
    let (mut browser, client, tokens) = connected(&bench).await;
    // Both would be noted as used, if that could be written.
    bench.clock.advance(Duration::from_mins(5));
    let mut other = bench.connect().await;
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let begun = std::time::Instant::now();
    assert_eq!(call(&bench, &tokens).await, 200);
    // What waits for the other process waits five seconds.
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
    let refresh = client.refresh(&bench, &tokens.refresh);
    let page = browser.open("/portal/keys");
    let (refresh, page) = tokio::join!(refresh, page);
    assert_eq!((refresh.status, page.page().status), (503, 200));
    until_ready(&bench, 503).await;
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    until_ready(&bench, 200).await;
    let tokens = Tokens::of(&client.refresh(&bench, &tokens.refresh).await);
    assert_eq!(call(&bench, &tokens).await, 200);
}

/// Moves the files of a database aside, or back.
fn moved(bench: &TestServer, from: &str, to: &str) {
    for suffix in ["", "-wal", "-shm"] {
        let name = |place: &str| {
            let mut path = bench.database.clone().into_os_string();
            path.push(place);
            path.push(suffix);
            path
        };
        std::fs::rename(name(from), name(to)).unwrap();
    }
}

/// Checks that nothing is written and no person is signed out.
async fn unwritable(
    bench: &TestServer,
    browser: &mut Browser<'_>,
    client: &Client,
    tokens: &Tokens,
) {
    until_ready(bench, 503).await;
    assert_eq!(call(bench, tokens).await, 200);
    assert_eq!(browser.open("/portal/keys").await.page().status, 200);
    let refresh = client.refresh(bench, &tokens.refresh).await;
    assert_eq!(
        (refresh.status, refresh.error().as_str()),
        (503, "temporarily_unavailable")
    );
    let unknown = bench
        .rpc(Some("mcpk_test_x"), "tools/list", json!({}))
        .await;
    assert_eq!(unknown.status, 401);
    let mut other = Browser::new(bench);
    let page = other.open("/account/sign-in").await.page();
    assert_eq!(
        other.sign_in(&page, EMAIL, PASSWORD).await.page().status,
        503
    );
    assert!(
        !browser
            .set_cookies
            .iter()
            .any(|it| it.contains("session=;"))
    );
}

#[cfg(unix)]
#[tokio::test]
async fn into_a_database_that_was_removed_nothing_is_written_until_it_is_back() {
    let bench = TestServer::start().await;
    let (mut browser, client, tokens) = connected(&bench).await;
    moved(&bench, "", "-aside");
    unwritable(&bench, &mut browser, &client, &tokens).await;
    assert!(!bench.database.exists(), "a database was made");
    moved(&bench, "-aside", "");
    until_ready(&bench, 200).await;
    let tokens = Tokens::of(&client.refresh(&bench, &tokens.refresh).await);
    assert_eq!(call(&bench, &tokens).await, 200);
}

#[cfg(unix)]
#[tokio::test]
async fn a_database_that_was_put_in_the_place_of_another_signs_no_person_out() {
    let (bench, empty) = (TestServer::start().await, TestServer::start().await);
    let (mut browser, client, tokens) = connected(&bench).await;
    moved(&bench, "", "-aside");
    for suffix in ["", "-wal", "-shm"] {
        let file = |database: &std::path::Path| {
            let mut path = database.to_owned().into_os_string();
            path.push(suffix);
            path
        };
        std::fs::copy(file(&empty.database), file(&bench.database)).unwrap();
    }
    unwritable(&bench, &mut browser, &client, &tokens).await;
}
