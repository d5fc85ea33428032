//! At the token endpoint and the MCP endpoint.

use http::Method;
use serde_json::json;

use super::assert_error;
use crate::support::{Client, TestServer, encode};

#[tokio::test]
async fn malformed_requests_to_the_token_endpoint() {
    let bench = TestServer::start().await;
    let client = Client::claude(&bench).await;
    let id = encode(&[("client_id", &client.client_id)]);
    let form = "application/x-www-form-urlencoded";
    let table: Vec<(&str, String, u16, &str)> = vec![
        (form, String::new(), 400, "invalid_request"),
        (form, id.clone(), 400, "invalid_request"),
        (
            form,
            format!("{id}&grant_type=authorization_code"),
            400,
            "invalid_request",
        ),
        (
            form,
            format!("{id}&grant_type=refresh_token"),
            400,
            "invalid_request",
        ),
        (
            form,
            format!("{id}&grant_type=implicit"),
            400,
            "unsupported_grant_type",
        ),
        (
            form,
            format!("{id}&grant_type=urn:ietf:params:oauth:grant-type:token-exchange"),
            400,
            "unsupported_grant_type",
        ),
        (
            form,
            format!("{id}&grant_type=authorization_code&code=x"),
            400,
            "invalid_grant",
        ),
        (
            form,
            format!("{id}&{id}&grant_type=refresh_token"),
            400,
            "invalid_request",
        ),
        (form, format!("{id}&grant_type=%ff"), 400, "invalid_request"),
        (
            form,
            format!("{id}&x={}", "x".repeat(20_000)),
            400,
            "invalid_request",
        ),
        (
            form,
            "client_id=unknown&grant_type=refresh_token".to_owned(),
            401,
            "invalid_client",
        ),
        ("application/json", "{}".to_owned(), 400, "invalid_request"),
        ("text/plain", id.clone(), 400, "invalid_request"),
        ("", id.clone(), 400, "invalid_request"),
        ("garbage\u{7f}", id.clone(), 400, "invalid_request"),
    ];
    for (media_type, body, status, error) in table {
        let headers = match media_type.is_ascii() && !media_type.contains('\u{7f}') {
            true => vec![("content-type", media_type)],
            false => Vec::new(),
        };
        let what = format!("{media_type} {}", &body[..body.len().min(60)]);
        let answer = bench
            .send(Method::POST, "/oauth/token", &headers, Some(body))
            .await;
        assert_error(&answer, status, error, &what);
    }
    assert_eq!(bench.get("/oauth/token?code=a").await.status, 405);
}

#[tokio::test]
async fn clients_that_come_with_a_secret() {
    let bench = TestServer::start().await;
    let client = Client::claude(&bench).await;
    let id = client.client_id.as_str();
    type Row<'a> = (Option<&'a str>, Vec<(&'a str, &'a str)>, u16, &'a str);
    let table: Vec<Row<'_>> = vec![
        (Some("Basic YTpi"), vec![], 401, "invalid_client"),
        (Some("bAsIc YTpi"), vec![], 401, "invalid_client"),
        (Some("Basic ???"), vec![], 401, "invalid_client"),
        (
            Some("Basic YTpi"),
            vec![("client_id", id)],
            400,
            "invalid_request",
        ),
        (
            None,
            vec![("client_id", id), ("client_secret", "s")],
            401,
            "invalid_client",
        ),
        (
            None,
            vec![("client_id", id), ("client_assertion", "eyJ")],
            401,
            "invalid_client",
        ),
    ];
    for path in ["/oauth/token", "/oauth/revoke"] {
        for (authorization, form, status, error) in &table {
            let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
            headers.extend(authorization.map(|it| ("authorization", it)));
            let mut form = form.clone();
            form.push(("grant_type", "refresh_token"));
            let answer = bench
                .send(Method::POST, path, &headers, Some(encode(&form)))
                .await;
            assert_error(
                &answer,
                *status,
                error,
                &format!("{path} {authorization:?}"),
            );
            let challenged = answer.header("www-authenticate").starts_with("Basic");
            assert_eq!(challenged, authorization.is_some() && *status == 401);
        }
    }
}

#[tokio::test]
async fn a_store_that_is_gone_takes_no_key_away() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    bench.break_store().await;
    let answer = bench
        .rpc(Some(&tokens.access), "tools/list", json!({}))
        .await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("www-authenticate"), "");
    assert!(!answer.header("retry-after").is_empty());
    let answer = client.refresh(&bench, &tokens.refresh).await;
    assert_error(&answer, 503, "temporarily_unavailable", "refresh");
    let form = [
        ("token", tokens.access.as_str()),
        ("client_id", client.client_id.as_str()),
    ];
    let answer = bench.post_form("/oauth/revoke", &form).await;
    assert_error(&answer, 503, "temporarily_unavailable", "revoke");
    let page = browser.open(&client.authorize_url()).await.page();
    assert_eq!(page.status, 503);
}

#[tokio::test]
async fn a_message_that_is_too_long_is_reported_to_read_only_connections_too() {
    let bench = TestServer::with(|config| config.server.max_request_bytes = 1000).await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "read-only").await;
    let params = json!({"padding": "x".repeat(1000)});
    let answer = bench.rpc(Some(&tokens.access), "tools/list", params).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.header("retry-after"), "");
    assert!(
        answer.body.contains("at most 1000 bytes"),
        "{}",
        answer.body
    );
}
