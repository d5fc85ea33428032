//! Floods of authorization requests, registrations and documents of clients: a sender uses up their
//! own budget, and no other one.

use std::time::Duration;

use serde_json::json;

use crate::browser::Browser;
use crate::support::{CLAUDE, Client, EMAIL, PASSWORD, TestServer};

/// The address of somebody who does no harm: a neighbour of the addresses that attack.
const PERSON: &str = "203.0.113.250";

/// Begins as many authorizations as are asked for, each without cookies; returns how many began.
async fn begin(bench: &TestServer, client: &Client, address: &str, times: u32) -> u32 {
    let mut begun = 0;
    for _ in 0..times {
        let answer = bench.get_from(address, &client.authorize_url()).await;
        match answer.status {
            303 => begun += 1,
            429 => assert!(!answer.header("retry-after").is_empty()),
            other => panic!("{other} {}", answer.body),
        }
    }
    begun
}

#[tokio::test]
async fn authorization_flood_of_four_addresses_does_not_stop_another_person() {
    let bench = TestServer::behind_a_proxy().await;
    bench.first_person().await;
    let client = Client::claude(&bench).await;
    for last in 1..=4 {
        let begun = begin(&bench, &client, &format!("203.0.113.{last}"), 400).await;
        assert!(begun < 400, "{begun}");
    }
    for _ in 0..28 {
        let mut browser = Browser::at(&bench, PERSON);
        let page = browser.open(&client.authorize_url()).await.page();
        assert_eq!(page.status, 200, "{}", page.body);
        let consent = browser.sign_in(&page, EMAIL, PASSWORD).await.page();
        assert_eq!(consent.status, 200, "{}", consent.body);
    }
}

#[tokio::test]
async fn invented_documents_of_many_networks_leave_half_of_the_fetches_to_who_comes_for_the_first_time()
 {
    let bench = TestServer::behind_a_proxy().await;
    // Each network may have 20 fetched, so that these would use up all there are, and more.
    for number in 0..2000 {
        let url = format!("https://evil{number}.example/client.json");
        let invented = Client::new(&url, "https://a.example/cb");
        let address = format!("{}.1.0.1", 20 + number % 100);
        bench.get_from(&address, &invented.authorize_url()).await;
    }
    let client = publish(&bench, "https://good.example/client.json");
    assert_eq!(begin(&bench, &client, "20.1.0.1", 1).await, 0);
    assert_eq!(begin(&bench, &client, PERSON, 1).await, 1);
}

#[tokio::test]
async fn addresses_of_one_ipv6_network_share_one_budget() {
    let bench = TestServer::behind_a_proxy().await;
    let client = Client::claude(&bench).await;
    let mut begun = 0;
    for number in 0..500 {
        let address = format!("2001:db8:0:1::{number:x}");
        begun += begin(&bench, &client, &address, 1).await;
    }
    assert!(begun < 200, "{begun}");
    assert_eq!(begin(&bench, &client, "2001:db8:0:2::1", 1).await, 1);
    // Many networks of one provider: others are not stopped by them.
    for number in 3..600 {
        let address = format!("2001:db8:0:{number:x}::1");
        begin(&bench, &client, &address, 3).await;
    }
    assert_eq!(begin(&bench, &client, "2001:db9::1", 1).await, 1);
    assert_eq!(begin(&bench, &client, PERSON, 1).await, 1);
}

#[tokio::test]
async fn an_ipv4_address_written_as_ipv6_is_the_ipv4_address() {
    let bench = TestServer::behind_a_proxy().await;
    let client = Client::claude(&bench).await;
    begin(&bench, &client, "203.0.113.1", 300).await;
    assert_eq!(begin(&bench, &client, "::ffff:203.0.113.1", 1).await, 0);
    assert_eq!(begin(&bench, &client, "::ffff:198.51.100.1", 1).await, 1);
}

#[tokio::test]
async fn replayed_authorization_requests_leave_at_most_200_rows_of_an_address() {
    let bench = TestServer::behind_a_proxy().await;
    let mut person = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let mut visitor = Browser::at(&bench, "203.0.113.2");
    visitor.open("/account/sign-in").await.page();
    person = person.moved_to("203.0.113.3");
    let cookies = |browser: &Browser<'_>| {
        let cookies = browser.cookies.iter();
        let cookies: Vec<_> = cookies.map(|(name, it)| format!("{name}={it}")).collect();
        cookies.join("; ")
    };
    // Without cookies, with the one of a visitor, and signed in. Time passes, so that budgets fill
    // again.
    for (address, cookies) in [
        ("203.0.113.1", String::new()),
        ("203.0.113.2", cookies(&visitor)),
        ("203.0.113.3", cookies(&person)),
    ] {
        let before = bench.count("SELECT COUNT(*) FROM transactions").await;
        for _ in 0..1000 {
            let headers = [("x-forwarded-for", address), ("cookie", cookies.as_str())];
            let url = client.authorize_url();
            bench.send(http::Method::GET, &url, &headers, None).await;
            bench.clock.advance(Duration::from_millis(500));
        }
        let rows = bench.count("SELECT COUNT(*) FROM transactions").await - before;
        assert!((1..=200).contains(&rows), "{address}: {rows}");
        bench.clock.advance(Duration::from_mins(1));
    }
}

#[tokio::test]
async fn a_consent_under_way_outlives_a_flood_from_the_same_address() {
    let bench = TestServer::behind_a_proxy().await;
    bench.first_person().await;
    let client = Client::claude(&bench).await;
    let address = "203.0.113.1";
    // One looks at the page for signing in, the other is signed in already.
    let mut early = Browser::at(&bench, address);
    let sign_in = early.open(&client.authorize_url()).await.page();
    let mut late = Browser::at(&bench, address);
    let page = late.open(&client.authorize_url()).await.page();
    let consent = late.sign_in(&page, EMAIL, PASSWORD).await.page();
    for _ in 0..1000 {
        begin(&bench, &client, address, 1).await;
        bench.clock.advance(Duration::from_millis(400));
    }
    let form = consent.form().press("decision", "approve");
    late.submit(&form).await.response(CLAUDE);
    let page = early.sign_in(&sign_in, EMAIL, PASSWORD).await.page();
    assert_eq!(page.status, 200, "{}", page.body);
    let form = page.form().press("decision", "approve");
    early.submit(&form).await.response(CLAUDE);
}

#[tokio::test]
async fn a_flood_displaces_itself_and_never_another_address() {
    let bench = TestServer::behind_a_proxy().await;
    bench.first_person().await;
    let client = Client::claude(&bench).await;
    let mut person = Browser::at(&bench, PERSON);
    let sign_in = person.open(&client.authorize_url()).await.page();
    for number in 0..1100 {
        let address = format!("203.0.113.{}", number % 200);
        begin(&bench, &client, &address, 1).await;
        bench.clock.advance(Duration::from_millis(400));
    }
    let page = person.sign_in(&sign_in, EMAIL, PASSWORD).await.page();
    assert_eq!(page.status, 200, "{}", page.body);
}

#[tokio::test]
async fn registration_flood_of_one_address_does_not_turn_other_clients_away() {
    let bench = TestServer::behind_a_proxy().await;
    let mut refused = 0;
    // 17 a second, for a minute.
    for number in 0..1020 {
        let uri = format!("https://a.example/{number}");
        let answer = bench.register_from("203.0.113.1", &uri).await;
        if answer.status == 429 {
            assert!(!answer.header("retry-after").is_empty());
            assert_eq!(answer.error(), "temporarily_unavailable");
            refused += 1;
        }
        if number % 50 == 0 {
            let uri = format!("https://b.example/{number}");
            let other = bench.register_from(PERSON, &uri).await;
            assert_eq!(other.status, 201, "{number}: {}", other.body);
        }
        bench.clock.advance(Duration::from_millis(59));
    }
    assert!(refused > 500, "{refused}");
}

#[tokio::test]
async fn clients_registered_by_one_address_give_way_to_each_other_only() {
    let bench = TestServer::behind_a_proxy().await;
    let mut browser = bench.first_person().await;
    let theirs = bench.register_from(PERSON, "https://b.example/cb").await;
    let shared = "https://c.example/cb";
    bench.register_from("203.0.113.1", shared).await;
    let used = bench.register_from("203.0.113.1", CLAUDE).await;
    let used = Client::new(used.json()["client_id"].as_str().unwrap(), CLAUDE);
    used.connect(&mut browser, "full").await;
    // Another client of the same metadata is the same client: not one address's alone.
    let both = bench.register_from(PERSON, shared).await;
    for number in 0..1000 {
        let uri = format!("https://a.example/{number}");
        bench.register_from("203.0.113.1", &uri).await;
        bench.clock.advance(Duration::from_mins(1));
    }
    let rows = bench.count("SELECT COUNT(*) FROM clients").await;
    assert!(rows <= 203, "{rows}");
    for (id, uri) in [(theirs, "https://b.example/cb"), (both, shared)] {
        let client = Client::new(id.json()["client_id"].as_str().unwrap(), uri);
        let page = browser.open(&client.authorize_url()).await.page();
        assert_eq!(page.status, 200, "{uri}");
    }
    let page = browser.open(&used.authorize_url()).await.page();
    assert_eq!(page.status, 200, "{}", page.body);
}

/// Publishes a document of a client; returns the client.
fn publish(bench: &TestServer, url: &str) -> Client {
    let uri = format!("{url}/cb");
    let document = json!({"client_id": url, "client_name": "A", "redirect_uris": [uri]});
    bench.documents.put(url, &document.to_string());
    Client::new(url, &uri)
}

#[tokio::test]
async fn invented_documents_of_few_addresses_do_not_use_up_the_fetches() {
    let bench = TestServer::behind_a_proxy().await;
    for number in 0..400 {
        let url = format!("https://evil{number}.example/client.json");
        let invented = Client::new(&url, "https://a.example/cb");
        let address = format!("203.0.113.{}", number % 4);
        let answer = bench.get_from(&address, &invented.authorize_url()).await;
        match answer.status {
            502 => {}
            429 => assert!(!answer.header("retry-after").is_empty()),
            other => panic!("{other} {}", answer.body),
        }
    }
    assert!(bench.fetched() < 100, "{}", bench.fetched());
    for number in 0..10 {
        let client = publish(&bench, &format!("https://good{number}.example/client.json"));
        assert_eq!(begin(&bench, &client, PERSON, 1).await, 1, "{number}");
    }
}

#[tokio::test]
async fn invented_documents_of_an_assistants_site_do_not_keep_the_assistant_out() {
    let bench = TestServer::behind_a_proxy().await;
    for number in 0..400 {
        let url = format!("https://claude.ai/oauth/{number}");
        let invented = Client::new(&url, CLAUDE);
        let address = format!("203.0.{}.1", number % 4);
        bench.get_from(&address, &invented.authorize_url()).await;
    }
    // One that is known here, and one that is not.
    for name in ["mcp-oauth-client-metadata", "another"] {
        let client = publish(&bench, &format!("https://claude.ai/oauth/{name}"));
        assert_eq!(begin(&bench, &client, PERSON, 1).await, 1, "{name}");
    }
}

#[tokio::test]
async fn documents_of_one_address_give_way_to_each_other() {
    let bench = TestServer::behind_a_proxy().await;
    for number in 0..1000 {
        let client = publish(&bench, &format!("https://a.example/{number}"));
        begin(&bench, &client, "203.0.113.1", 1).await;
        bench.clock.advance(Duration::from_mins(1));
    }
    let rows = bench.count("SELECT COUNT(*) FROM client_documents").await;
    assert!(rows <= 200, "{rows}");
}

#[tokio::test]
async fn assistants_egress_has_a_larger_budget_of_its_own() {
    let bench = TestServer::behind_a_proxy().await;
    // Others use up what is for all.
    for number in 0..600 {
        let address = format!("{}.{}.1.1", 20 + number / 200, number % 200);
        let uri = format!("https://a.example/{number}");
        bench.register_from(&address, &uri).await;
    }
    let mut registered = 0;
    for number in 0..1500 {
        let address = format!("160.79.{}.{}", 104 + number % 8, number % 250);
        let uri = format!("https://b.example/{number}");
        registered += u32::from(bench.register_from(&address, &uri).await.status == 201);
    }
    // More than one address may, and not without an end.
    assert!((500..1500).contains(&registered), "{registered}");
}

#[tokio::test]
async fn shared_egress_is_configured_and_what_is_no_range_is_named() {
    let bench = TestServer::behind_a_proxy_with(|config| {
        config.oauth.shared_egress = vec!["203.0.113.0/24".to_owned()];
    })
    .await;
    let client = Client::claude(&bench).await;
    assert_eq!(begin(&bench, &client, "203.0.113.1", 300).await, 300);
    assert!(begin(&bench, &client, "160.79.104.1", 300).await < 300);

    let mut config = runtime::config::Config::default();
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    config.store.path = ":memory:".into();
    config.upstream.url = Some("http://127.0.0.1:1".parse().unwrap());
    config.oauth.shared_egress = vec!["claude.ai".to_owned()];
    let environment = runtime::app::Environment::default();
    let error = runtime::app::start(&crate::support::CATALOG, config, environment).await;
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("oauth.shared_egress: `claude.ai` is no address"),
        "{error}"
    );
}

#[tokio::test]
async fn flood_of_sign_ups_of_one_address_does_not_stop_another_person() {
    let bench = TestServer::behind_a_proxy_with(|config| config.accounts.sign_up = true).await;
    bench.first_person().await;
    let sign_up = async |address: &str, number: u32| {
        let mut browser = Browser::at(&bench, address);
        let page = browser.open("/account/sign-up").await.page();
        let form = page.form().with("email", &format!("p{number}@example.com"));
        let form = form.with("name", "P").with("password", PASSWORD);
        browser.submit(&form.with("workspace", "W")).await.page()
    };
    let mut refused = 0;
    for number in 0..40 {
        let page = sign_up("203.0.113.1", number).await;
        if page.status == 429 {
            assert!(!page.response.header("retry-after").is_empty());
            assert!(page.text().contains("accounts were made from your network"));
            refused += 1;
        }
    }
    assert!(refused > 20, "{refused}");
    assert_eq!(sign_up(PERSON, 100).await.status, 200);
}

#[tokio::test]
async fn refused_requests_say_in_plain_words_what_happened_and_when_to_try_again() {
    let bench = TestServer::behind_a_proxy().await;
    let client = Client::claude(&bench).await;
    begin(&bench, &client, "203.0.113.1", 300).await;
    let refused = bench.get_from("203.0.113.1", &client.authorize_url()).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), "2");
    for said in [
        "Too many connections were begun from your network",
        "Nothing was changed. Try again in 2 seconds.",
    ] {
        assert!(refused.body.contains(said), "{}", refused.body);
    }
    bench.clock.advance(Duration::from_secs(2));
    assert_eq!(begin(&bench, &client, "203.0.113.1", 1).await, 1);
}

#[tokio::test]
async fn person_who_is_signed_in_or_was_is_not_stopped_by_a_flood_from_their_own_address() {
    let bench = TestServer::behind_a_proxy().await;
    let mut browser = bench.first_person().await.moved_to("203.0.113.1");
    let client = Client::claude(&bench).await;
    begin(&bench, &client, "203.0.113.1", 300).await;
    assert_eq!(begin(&bench, &client, "203.0.113.1", 1).await, 0);
    let page = browser.open(&client.authorize_url()).await.page();
    assert_eq!(page.status, 200, "{}", page.body);
    let account = browser.open("/portal/account").await.page();
    let sign_out = account.form_to("/portal/sign-out");
    browser.submit(&sign_out).await.page();
    let page = browser.open(&client.authorize_url()).await.page();
    assert_eq!(page.status, 200, "{}", page.body);
}
