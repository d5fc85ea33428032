//! A clock that is set back ends no session, no connection and no sign-in early.

use std::time::Duration;

use serde_json::json;

use crate::browser::Browser;
use crate::support::{Client, EMAIL, PASSWORD, TestServer, Tokens};

const BACK: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_hours(1),
    Duration::from_hours(30),
    Duration::from_hours(24 * 400),
];

#[tokio::test]
async fn clock_that_is_set_back_ends_no_session_early() {
    for back in BACK {
        let bench = &TestServer::start().await;
        let mut browser = bench.first_person().await;
        let mut client = Client::claude(bench).await;
        client.scope = "mcp:read mcp:write offline_access".to_owned();
        let first = client.connect(&mut browser, "full").await;
        // A token that was issued before, and one that was rotated just before.
        bench.clock.advance(Duration::from_hours(2));
        let second = Tokens::of(&client.refresh(bench, &first.refresh).await);
        bench.clock.set_back(back);
        let is_ok = async |tokens: &Tokens| {
            let called = bench.call(&tokens.access, "get_pet", json!({})).await;
            assert_eq!(called.status, 200, "{back:?}: {}", called.body);
        };
        is_ok(&second).await;
        let page = browser.open("/portal/keys").await.page();
        assert_eq!((page.status, page.location.as_str()), (200, "/portal/keys"));
        // The grace of the former token lasts longer, not shorter.
        let repeated = Tokens::of(&client.refresh(bench, &first.refresh).await);
        assert_eq!(repeated.refresh, second.refresh);
        let third = Tokens::of(&client.refresh(bench, &second.refresh).await);
        is_ok(&third).await;
        // What begins now works, too: a new sign-in, and a new connection.
        let mut other = Browser::new(bench);
        let page = other.open("/account/sign-in").await.page();
        other.sign_in(&page, EMAIL, PASSWORD).await;
        let connected = client.connect(&mut other, "full").await;
        is_ok(&connected).await;
        // Nor does any of it end when the time is what it was, unless it lasts no longer than that.
        bench.clock.advance(back);
        if back < Duration::from_hours(12) {
            let page = browser.open("/portal/keys").await.page();
            assert_eq!(page.location, "/portal/keys", "{back:?}");
            is_ok(&third).await;
            is_ok(&connected).await;
        }
        if back < Duration::from_hours(24 * 90) {
            Tokens::of(&client.refresh(bench, &third.refresh).await);
            Tokens::of(&client.refresh(bench, &connected.refresh).await);
        }
    }
}
