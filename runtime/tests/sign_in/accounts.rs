//! The life of an account: its password, its end, and what the operator does to it.

use crate::browser::Browser;
use crate::people::{OTHER, invite};
use crate::support::{Client, PASSWORD, TestServer};

/// A password that is long enough, and among the first that attackers try.
const COMMON: &str = "Password2026!";
const REFUSED: &str = "Attackers try this password first.";

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
