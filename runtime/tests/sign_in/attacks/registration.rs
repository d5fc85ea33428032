//! By those who register as clients, or name documents that say so.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::assert_error;
use crate::browser::Browser;
use crate::support::{CLAUDE, Client, EMAIL, PASSWORD, TestServer};

#[tokio::test]
async fn registrations() {
    let bench = TestServer::start().await;
    let deep = format!(
        "{{\"redirect_uris\":{}{}}}",
        "[".repeat(300),
        "]".repeat(300)
    );
    let uri = |uri: &str| json!({"redirect_uris": [uri]}).to_string();
    let many: Vec<_> = (0..1000)
        .map(|n| format!("https://a.example/{n}"))
        .collect();
    let table: Vec<(String, &str)> = vec![
        (uri("javascript:alert(1)"), "invalid_redirect_uri"),
        (uri("ms-msdt:/id"), "invalid_redirect_uri"),
        (uri("search-ms://query=x"), "invalid_redirect_uri"),
        (uri("ldap://evil.example/x"), "invalid_redirect_uri"),
        (uri("itms-services://x/"), "invalid_redirect_uri"),
        (uri("data:text/html,x"), "invalid_redirect_uri"),
        (uri("https://a.example/#f"), "invalid_redirect_uri"),
        (uri("https://user:pass@a.example/"), "invalid_redirect_uri"),
        (uri("http://evil.example/"), "invalid_redirect_uri"),
        (uri("https://co.uk/"), "invalid_redirect_uri"),
        (uri("https://*.a.example/"), "invalid_redirect_uri"),
        (uri("https://a.example/?iss=x"), "invalid_redirect_uri"),
        (uri(""), "invalid_redirect_uri"),
        (json!({"redirect_uris": many[..11].to_vec()}).to_string(), "invalid_redirect_uri"),
        (json!({"redirect_uris": many}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": []}).to_string(), "invalid_redirect_uri"),
        (json!({}).to_string(), "invalid_redirect_uri"),
        (json!({"redirect_uris": "https://a.example/"}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": [1]}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": ["https://a.example/"], "client_id": "x"}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": ["https://a.example/"], "client_name": 1}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": ["https://a.example/"], "grant_types": ["implicit"]}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": ["https://a.example/"], "response_types": ["token"]}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": ["https://a.example/"], "token_endpoint_auth_method": "private_key_jwt"}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": ["https://a.example/"], "software_statement": "e30"}).to_string(), "invalid_software_statement"),
        (deep, "invalid_client_metadata"),
        ("[]".to_owned(), "invalid_client_metadata"),
        ("{".to_owned(), "invalid_client_metadata"),
        (" ".repeat(1_000_000), "invalid_client_metadata"),
    ];
    let headers = [("content-type", "application/json")];
    for (body, error) in table {
        let what = body[..body.len().min(80)].to_owned();
        let answer = bench
            .send(Method::POST, "/oauth/register", &headers, Some(body))
            .await;
        assert_error(&answer, 400, error, &what);
    }
    let answer = bench
        .send(Method::POST, "/oauth/register", &[], Some("{}".to_owned()))
        .await;
    assert_error(&answer, 400, "invalid_client_metadata", "no media type");
}

#[tokio::test]
async fn a_flood_of_registrations_is_stopped_and_known_clients_go_on() {
    let bench = TestServer::start().await;
    let known = bench.register("Claude", &[CLAUDE]).await;
    let mut refused = 0;
    for number in 0..200 {
        let body = json!({"redirect_uris": [format!("https://a.example/{number}")]});
        let answer = bench.post_json("/oauth/register", &body).await;
        if answer.status != 201 {
            assert_error(&answer, 429, "temporarily_unavailable", "flood");
            assert!(!answer.header("retry-after").is_empty());
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            refused += 1;
        }
    }
    assert!(refused > 0);
    assert_eq!(bench.register("Claude", &[CLAUDE]).await, known);
}

/// Whether an authorization request of a client gets as far as the person.
async fn is_known(browser: &mut Browser<'_>, client: &Client) -> bool {
    let page = browser.open(&client.authorize_url()).await.page();
    page.status == 200
}

#[tokio::test]
async fn registrations_in_masses_put_out_each_other_and_no_client_in_use() {
    let bench = TestServer::with(|config| config.oauth.registered_clients = 2).await;
    let mut browser = bench.first_person().await;
    let claude = Client::claude(&bench).await;
    claude.connect(&mut browser, "full").await;
    let mut others = Vec::new();
    for number in 0..3 {
        let uri = format!("https://a.example/{number}");
        let id = bench.register("A", &[&uri]).await;
        others.push(Client::new(&id, &uri));
        bench.clock.advance(Duration::from_secs(1));
        // To be asked for does not make it one in use.
        assert!(is_known(&mut browser, &others[0]).await == (number == 0));
    }
    assert!(is_known(&mut browser, &claude).await);
    assert!(is_known(&mut browser, &others[2]).await);
    others[2].connect(&mut browser, "full").await;
    let body = json!({"redirect_uris": ["https://a.example/3"]});
    let refused = bench.post_json("/oauth/register", &body).await;
    assert_error(&refused, 429, "temporarily_unavailable", "all in use");
}

#[tokio::test]
async fn documents_of_clients_at_places_that_are_no_documents() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    for url in [
        "https://127.0.0.1/client.json",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/client.json",
        "https://[::ffff:10.0.0.1]/client.json",
        "https://0x7f.1/client.json",
        "https://2130706433/client.json",
        "http://client.example/client.json",
        "https://client.example/",
        "https://client.example:8443/client.json",
        "https://client.example/a/../client.json",
        "https://CLIENT.example/client.json",
        "https://user@client.example/client.json",
        "https://client.example/client.json#a",
    ] {
        let client = Client::new(url, "https://client.example/cb");
        let page = browser.open(&client.authorize_url()).await.page();
        assert_eq!(page.status, 400, "{url}");
    }
    assert_eq!(bench.fetched(), 0);
}

#[tokio::test]
async fn documents_named_in_masses_keep_no_other_client_out() {
    let bench = TestServer::behind_a_proxy().await;
    let mut browser = bench.first_person().await;
    let publish = |url: &str| {
        let uri = format!("{url}/cb");
        let document = json!({"client_id": url, "client_name": "A", "redirect_uris": [uri]});
        bench.documents.put(url, &document.to_string());
        Client::new(url, &uri)
    };
    let known = publish("https://known.example/client.json");
    assert!(is_known(&mut browser, &known).await);
    bench.clock.advance(Duration::from_hours(24 * 3));
    let page = browser.open("/account/sign-in").await.page();
    browser.sign_in(&page, EMAIL, PASSWORD).await.page();
    let flood = async |address: String, url: String| {
        let client = Client::new(&url, "https://a.example/cb");
        let answer = bench.get_from(&address, &client.authorize_url()).await;
        assert!(matches!(answer.status, 429 | 502), "{}", answer.body);
    };
    for number in 0..500 {
        let address = format!("203.0.{}.1", number % 20);
        flood(address, format!("https://evil.example/{number}")).await;
    }
    assert!(bench.fetched() < 300, "{}", bench.fetched());
    let new = publish("https://new.example/client.json");
    assert!(is_known(&mut browser, &new).await);
    // Documents of many sites, named from many networks: a client that was known stays so.
    for number in 0..1600 {
        let address = format!("{}.{}.1.1", number % 200, number % 251);
        flood(address, format!("https://evil{number}.example/x")).await;
    }
    assert!(bench.fetched() < 1600, "{}", bench.fetched());
    assert!(is_known(&mut browser, &known).await);
}

#[tokio::test]
async fn a_document_is_fetched_once_for_all_who_name_it_and_not_again_at_once_where_it_failed() {
    let bench = TestServer::start().await;
    let client = Client::new("https://a.example/client.json", "https://a.example/cb");
    for _ in 0..3 {
        assert_eq!(bench.get(&client.authorize_url()).await.status, 502);
    }
    assert_eq!(bench.fetched(), 1);
    bench.clock.advance(Duration::from_mins(1));
    let document = json!({
        "client_id": client.client_id,
        "client_name": "A",
        "redirect_uris": [client.redirect_uri],
    });
    bench
        .documents
        .put(&client.client_id, &document.to_string());
    let url = client.authorize_url();
    let all = futures_util::future::join_all((0..8).map(|_| bench.get(&url))).await;
    assert!(all.iter().all(|answer| answer.status == 303));
    assert_eq!(bench.fetched(), 2);
}
