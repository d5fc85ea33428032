//! Agents where each connection has a key of its own at the API.

use serde_json::json;

use super::{Wallet, access, link, link_page, revoke, sign_in, with_agents};
use crate::key_service::{KeyService, SETTINGS};

#[tokio::test]
async fn agent_calls_the_api_with_a_key_of_its_own_which_ends_with_it() {
    let (service, bench) = KeyService::start_with(SETTINGS, with_agents).await;
    let mut browser = bench.first_person().await;
    let wallet = Wallet::fresh(1);
    let client_id = link(&mut browser, &wallet.address(), "read-only").await;
    assert_eq!(service.good(), ["k 1"]);
    // A key is one of the agent, however often it signs in.
    for _ in 0..2 {
        let token = access(&sign_in(&bench, &client_id, &wallet, &[]).await);
        let called = bench.call(&token, "get_pet", json!({})).await;
        assert_eq!(called.json()["result"]["isError"], false, "{}", called.body);
    }
    {
        let state = service.0.lock().unwrap();
        let name = format!("Agent {client_id} (wallet)");
        assert_eq!(state.asked[0].2, json!({"name": name, "level": "read"}));
        let key = state.asked[1].1["authorization"].to_str().unwrap();
        assert_eq!(key, "Bearer secret-of-k-1");
    }
    revoke(&mut browser).await;
    service.until(|it| it.good().is_empty()).await;
}

#[tokio::test]
async fn agent_is_not_linked_where_the_api_makes_no_key() {
    let (service, bench) = KeyService::start_with(SETTINGS, with_agents).await;
    let mut browser = bench.first_person().await;
    service.set(|it| it.create = Some((403, json!({"error": "no"}))));
    let page = link_page(&mut browser, &Wallet::fresh(1).address(), "full").await;
    assert_eq!(page.status, 502, "{}", page.text());
    assert_eq!(bench.count("SELECT COUNT(*) FROM agents").await, 0);
    assert_eq!(bench.count("SELECT COUNT(*) FROM grants").await, 0);
}
