//! Codes, keys and refresh tokens: what they are good for, how often, and how long.

use std::time::Duration;

use serde_json::json;

use crate::support::{Client, EMAIL, PASSWORD, Response, TestServer, Tokens};

async fn works(bench: &TestServer, token: &str) -> bool {
    bench.rpc(Some(token), "tools/list", json!({})).await.status == 200
}

#[tokio::test]
async fn r29_a_code_is_redeemed_once_and_its_second_coming_ends_the_key() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let code = client.code(&mut browser, "full").await;
    let tokens = Tokens::of(&client.redeem(&bench, &code).await);
    assert!(works(&bench, &tokens.access).await);
    let replayed = client.redeem(&bench, &code).await;
    assert_eq!(
        (replayed.status, replayed.error().as_str()),
        (400, "invalid_grant")
    );
    assert!(!works(&bench, &tokens.access).await);
    let refreshed = client.refresh(&bench, &tokens.refresh).await;
    assert_eq!(refreshed.error(), "invalid_grant");
}

#[tokio::test]
async fn r29_a_code_that_comes_back_the_next_day_still_ends_the_key() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let code = client.code(&mut browser, "full").await;
    let tokens = Tokens::of(&client.redeem(&bench, &code).await);
    bench.clock.advance(Duration::from_hours(23));
    // A server that starts forgets what is over; a used code is not, yet.
    let other = bench.beside().await;
    assert!(works(&other, &tokens.access).await);
    assert_eq!(client.redeem(&other, &code).await.error(), "invalid_grant");
    assert!(!works(&other, &tokens.access).await);
}

#[tokio::test]
async fn r30_a_code_lives_ten_minutes() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let in_time = client.code(&mut browser, "full").await;
    bench.clock.advance(Duration::from_secs(599));
    assert_eq!(client.redeem(&bench, &in_time).await.status, 200);
    let late = client.code(&mut browser, "full").await;
    bench.clock.advance(Duration::from_secs(601));
    assert_eq!(client.redeem(&bench, &late).await.error(), "invalid_grant");
}

#[tokio::test]
async fn a_code_that_is_not_quite_the_one_that_was_given_opens_nothing_and_costs_nothing() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let code = client.code(&mut browser, "full").await;
    let flipped = match code.split_at(1) {
        ("a", rest) => format!("b{rest}"),
        (_, rest) => format!("a{rest}"),
    };
    for other in [
        &flipped,
        &code.to_uppercase(),
        &code[..20],
        &format!("{code}a"),
    ] {
        assert_eq!(
            client.redeem(&bench, other).await.error(),
            "invalid_grant",
            "{other}"
        );
    }
    assert_eq!(client.redeem(&bench, &code).await.status, 200);
}

#[tokio::test]
async fn r31_nothing_but_the_verifier_of_the_challenge_redeems_a_code_and_no_mistake_costs_it() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let code = client.code(&mut browser, "full").await;
    let other = bench.register("Other", &["https://other.example/cb"]).await;
    let (short, long, wrong) = ("a".repeat(42), "a".repeat(129), "a".repeat(50));
    let mistakes: [(&str, Option<&str>, &str); 9] = [
        ("code_verifier", None, "invalid_grant"),
        ("code_verifier", Some(&short), "invalid_grant"),
        ("code_verifier", Some(&long), "invalid_grant"),
        ("code_verifier", Some(&wrong), "invalid_grant"),
        ("client_id", Some(&other), "invalid_grant"),
        (
            "redirect_uri",
            Some("https://claude.ai/other"),
            "invalid_grant",
        ),
        (
            "resource",
            Some("https://other.example/mcp"),
            "invalid_target",
        ),
        ("client_id", Some("unknown"), "invalid_client"),
        ("client_secret", Some("secret"), "invalid_client"),
    ];
    for (name, value, error) in mistakes {
        let mut form = client.redemption(&code);
        form.retain(|(it, _)| *it != name);
        form.extend(value.map(|value| (name, value)));
        let refused = bench.post_form("/oauth/token", &form).await;
        assert_eq!(refused.error(), error, "{name} {value:?}");
    }
    assert_eq!(client.redeem(&bench, &code).await.status, 200);
}

#[tokio::test]
async fn r32_a_key_lasts_24_hours() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "read-only").await;
    assert_eq!(tokens.expires_in, Some(86_400));
    bench.clock.advance(Duration::from_millis(86_399_900));
    // Twice: what was found good a moment ago lasts no longer either.
    assert!(works(&bench, &tokens.access).await);
    assert!(works(&bench, &tokens.access).await);
    bench.clock.advance(Duration::from_millis(100));
    let expired = bench
        .rpc(Some(&tokens.access), "tools/list", json!({}))
        .await;
    assert_eq!(expired.status, 401);
    assert!(
        expired
            .header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );
}

#[tokio::test]
async fn r33_a_refresh_changes_the_secret_and_keeps_the_key() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let mut tokens = client.connect(&mut browser, "full").await;
    for _ in 0..3 {
        bench.clock.advance(Duration::from_hours(24));
        let next = Tokens::of(&client.refresh(&bench, &tokens.refresh).await);
        assert_ne!(next.access, tokens.access);
        assert_ne!(next.refresh, tokens.refresh);
        assert_eq!(next.scope, tokens.scope);
        assert_eq!(next.expires_in, Some(86_400));
        tokens = next;
        assert!(works(&bench, &tokens.access).await);
    }
    let page = browser.open("/portal/keys").await.page();
    let page = browser.sign_in(&page, EMAIL, PASSWORD).await.page();
    let keys = page
        .forms()
        .into_iter()
        .filter(|form| form.action == "/portal/keys/revoke");
    assert_eq!(keys.count(), 1, "{}", page.body);
}

#[tokio::test]
async fn a_lost_answer_is_given_again_within_the_overlap_and_calls_on_their_way_go_through() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let first = client.connect(&mut browser, "full").await;
    let second = Tokens::of(&client.refresh(&bench, &first.refresh).await);
    bench.clock.advance(Duration::from_secs(20));
    let again = Tokens::of(&client.refresh(&bench, &first.refresh).await);
    assert_eq!(
        (&again.access, &again.refresh),
        (&second.access, &second.refresh)
    );
    assert_eq!(again.expires_in, Some(86_380));
    assert!(works(&bench, &first.access).await);
    bench.clock.advance(Duration::from_secs(10));
    assert!(!works(&bench, &first.access).await);
    assert!(works(&bench, &second.access).await);
}

#[tokio::test]
async fn a_refresh_token_that_comes_back_after_the_overlap_ends_the_key() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let first = client.connect(&mut browser, "full").await;
    let second = Tokens::of(&client.refresh(&bench, &first.refresh).await);
    bench.clock.advance(Duration::from_secs(30));
    assert_eq!(
        client.refresh(&bench, &first.refresh).await.error(),
        "invalid_grant"
    );
    assert!(!works(&bench, &second.access).await);
    assert_eq!(
        client.refresh(&bench, &second.refresh).await.error(),
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_refresh_token_whose_successor_was_used_ends_the_key_at_once() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let first = client.connect(&mut browser, "full").await;
    let second = Tokens::of(&client.refresh(&bench, &first.refresh).await);
    let third = Tokens::of(&client.refresh(&bench, &second.refresh).await);
    assert_eq!(
        client.refresh(&bench, &first.refresh).await.error(),
        "invalid_grant"
    );
    assert!(!works(&bench, &third.access).await);
}

#[tokio::test]
async fn what_is_wrong_with_a_refresh_is_reported_and_rotates_nothing() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "read-only").await;
    let other = bench.register("Other", &["https://other.example/cb"]).await;
    let base = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh.as_str()),
        ("client_id", client.client_id.as_str()),
    ];
    for (name, value, error) in [
        ("client_id", other.as_str(), "invalid_grant"),
        ("scope", "mcp:read mcp:write", "invalid_scope"),
        ("resource", "https://other.example/mcp", "invalid_target"),
        (
            "refresh_token",
            "mcpk_live_refresh_x_000000",
            "invalid_grant",
        ),
        ("refresh_token", tokens.access.as_str(), "invalid_grant"),
        ("grant_type", "password", "unsupported_grant_type"),
        ("grant_type", "client_credentials", "unsupported_grant_type"),
    ] {
        let mut form = base.to_vec();
        form.retain(|(it, _)| *it != name);
        form.push((name, value));
        let refused = bench.post_form("/oauth/token", &form).await;
        assert_eq!(refused.error(), error, "{name} {value}");
    }
    // Had one of these rotated it, this would be its second coming.
    bench.clock.advance(Duration::from_mins(1));
    assert_eq!(client.refresh(&bench, &tokens.refresh).await.status, 200);
}

#[tokio::test]
async fn until_revoked_means_no_end_and_no_refresh() {
    let bench = TestServer::with(|config| config.oauth.until_revoked = true).await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    assert_eq!((tokens.expires_in, tokens.refresh.as_str()), (None, ""));
    bench.clock.advance(Duration::from_hours(24 * 3650));
    assert!(works(&bench, &tokens.access).await);
}

#[tokio::test]
async fn two_hundred_redemptions_at_once_have_one_winner() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let code = client.code(&mut browser, "full").await;
    let all = (0..200).map(|_| client.redeem(&bench, &code));
    let answers: Vec<Response> = futures_util::future::join_all(all).await;
    let won = answers.iter().filter(|it| it.status == 200).count();
    let lost = answers
        .iter()
        .filter(|it| it.status == 400 && it.error() == "invalid_grant");
    assert_eq!((won, lost.count()), (1, 199));
}

#[tokio::test]
async fn two_hundred_refreshes_at_once_have_one_successor() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    let all = (0..200).map(|_| client.refresh(&bench, &tokens.refresh));
    let answers: Vec<Response> = futures_util::future::join_all(all).await;
    let successors: Vec<Tokens> = answers.iter().map(Tokens::of).collect();
    assert!(successors.iter().all(|it| *it == successors[0]));
    assert!(works(&bench, &successors[0].access).await);
}

#[tokio::test]
async fn r38_nothing_that_opens_anything_is_kept_in_clear() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let code = client.code(&mut browser, "full").await;
    let tokens = Tokens::of(&client.redeem(&bench, &code).await);
    let next = Tokens::of(&client.refresh(&bench, &tokens.refresh).await);
    let mut secrets = vec![
        code,
        tokens.access,
        tokens.refresh,
        next.access,
        next.refresh,
        client.verifier.clone(),
        PASSWORD.to_owned(),
        bench
            .server
            .setup_link()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned(),
    ];
    secrets.extend(browser.cookies.values().cloned());
    for suffix in ["", "-wal"] {
        let mut file = bench.database.clone().into_os_string();
        file.push(suffix);
        let bytes = std::fs::read(file).unwrap();
        for secret in &secrets {
            let found = bytes
                .windows(secret.len())
                .any(|it| it == secret.as_bytes());
            assert!(!found, "{secret} is in the database");
        }
    }
}

#[tokio::test]
async fn a_refresh_for_less_narrows_the_access_token_and_not_the_grant() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let first = client.connect(&mut browser, "full").await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", first.refresh.as_str()),
        ("client_id", client.client_id.as_str()),
        ("scope", "mcp:read openid"),
    ];
    let narrow = Tokens::of(&bench.post_form("/oauth/token", &form).await);
    assert_eq!(narrow.scope, "mcp:read");
    assert_eq!(bench.tools(&narrow.access).await, ["get_home", "get_pet"]);
    let pet = || json!({"name": "Rex"});
    let refused = bench.call(&narrow.access, "create_pet", pet()).await;
    assert_eq!(refused.status, 403);
    // Sent again within the overlap, the answer has the same token.
    let again = Tokens::of(&client.refresh(&bench, &first.refresh).await);
    assert_eq!(
        (&again.access, &again.scope),
        (&narrow.access, &narrow.scope)
    );

    let whole = Tokens::of(&client.refresh(&bench, &narrow.refresh).await);
    assert_eq!(whole.scope, first.scope);
    assert_eq!(
        bench.call(&whole.access, "create_pet", pet()).await.status,
        200
    );
}
