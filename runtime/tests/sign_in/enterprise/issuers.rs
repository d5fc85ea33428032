//! The identity provider behind assertions: its keys, its people, and what it says of them later.

use std::time::Duration;

use serde_json::json;

use super::{
    CLIENT, FULL, SECRET, access, assertion, connections, groups, person, refused, send, with_group,
};
use crate::identity_provider::{IdentityProvider, Signature, wait};
use crate::key_service::{KeyService, SETTINGS};
use crate::support::{EMAIL, ORIGIN, TestServer};

/// The groups of an issuer at which people do not sign in.
const OWN_GROUPS: &str = r#"
[[enterprise.issuers.groups]]
group = "partners"
workspace = "home-partners"
name = "Partners"
"#;

/// A server whose people have passwords or sign in at another provider, and which accepts assertions of
/// this one.
async fn beside_passwords(provider: &IdentityProvider, of_issuer: &str) -> TestServer {
    let settings = super::settings(provider.issuer(), "", of_issuer);
    let identity = IdentityProvider::start().await.settings("");
    TestServer::of_at(
        &crate::support::CATALOG,
        {
            let mut config = runtime::config::Config::default();
            config.server.public_url = Some(ORIGIN.parse().unwrap());
            config
        },
        |config| {
            config.identity = Some(identity);
            config.enterprise = Some(settings);
        },
        provider.clock(),
    )
    .await
}

#[tokio::test]
async fn keys_of_the_issuer_are_replaced_and_the_former_one_signs_nothing_any_more() {
    let (provider, server) = with_group().await;
    person(&provider, &server).await;
    access(&send(&server, &assertion(&provider, json!({})), &[]).await);
    let former = assertion(&provider, json!({}));
    wait(&server);
    provider.script(|script| script.published = 1);
    // A key that is not known has the keys fetched again.
    access(&send(&server, &assertion(&provider, json!({})), &[]).await);
    refused(&send(&server, &former, &[]).await, "no key");
    // The keys are those of the provider at which people sign in, fetched once for both.
    let fetched = provider.asked("/keys");
    for _ in 0..5 {
        refused(&send(&server, &former, &[]).await, "no key");
    }
    assert_eq!(provider.asked("/keys"), fetched);
    // The other key of the provider, of another algorithm.
    provider.script(|script| script.signature = Signature::Curve);
    access(&send(&server, &assertion(&provider, json!({})), &[]).await);
}

#[tokio::test]
async fn issuer_that_is_away_is_reported_and_ends_nothing() {
    let provider = IdentityProvider::start().await;
    let server = beside_passwords(&provider, &format!("{FULL}\n{OWN_GROUPS}")).await;
    let claims = json!({"groups": ["partners"], "email": "p@partner.example"});
    provider.script(|script| script.is_down = true);
    let answer = send(&server, &assertion(&provider, claims.clone()), &[]).await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (503, "temporarily_unavailable")
    );
    assert_eq!(answer.header("retry-after"), "10");
    provider.script(|script| script.is_down = false);
    server.clock.advance(Duration::from_secs(11));
    let token = access(&send(&server, &assertion(&provider, claims.clone()), &[]).await);
    // What is known of the keys is used while the issuer is away.
    provider.script(|script| script.is_down = true);
    server.clock.advance(Duration::from_secs(60));
    access(&send(&server, &assertion(&provider, claims), &[]).await);
    assert_eq!(server.call(&token, "get_pet", json!({})).await.status, 200);
}

#[tokio::test]
async fn issuer_at_which_people_do_not_sign_in_has_accounts_of_its_own() {
    let provider = IdentityProvider::start().await;
    let keys = provider.issuer().to_owned() + "/keys";
    let of_issuer = format!("{FULL}\njwks_uri = \"{keys}\"\n{OWN_GROUPS}");
    let server = beside_passwords(&provider, &of_issuer).await;
    server.first_person().await;
    // Not even a verified address leads to the account of another person.
    let claims = json!({"groups": ["partners"], "email": EMAIL, "email_verified": true});
    refused(
        &send(&server, &assertion(&provider, claims), &[]).await,
        "another account",
    );
    let claims = json!({"groups": ["partners"], "email": "p@partner.example"});
    let token = access(&send(&server, &assertion(&provider, claims), &[]).await);
    server.call(&token, "get_home", json!({})).await;
    assert_eq!(server.asked.lock().unwrap()[0].1, "/homes/home-partners");
    // No discovery document is needed where the URL of the keys is set.
    assert_eq!(provider.asked("/discovery"), 0);
    // However long the person does not come back, the next assertion connects.
    server.clock.advance(Duration::from_hours(24 * 400));
    let token = access(&send(&server, &assertion(&provider, json!({})), &[]).await);
    assert_eq!(server.call(&token, "get_pet", json!({})).await.status, 200);
    assert_eq!(server.count("SELECT COUNT(*) FROM people").await, 2);
}

#[tokio::test]
async fn person_without_an_account_connects_only_where_groups_assign_a_workspace() {
    let provider = IdentityProvider::start().await;
    let server = beside_passwords(&provider, FULL).await;
    server.first_person().await;
    let claims = json!({"groups": ["partners"], "email": "p@partner.example"});
    refused(
        &send(&server, &assertion(&provider, claims), &[]).await,
        "no account",
    );
    assert_eq!(server.count("SELECT COUNT(*) FROM people").await, 1);
}

#[tokio::test]
async fn issuer_with_several_organizations_is_accepted_for_one() {
    let provider = IdentityProvider::start().await;
    groups(&provider, &["engineering"]);
    let with = format!("{FULL}\ntenant = \"t1\"");
    let server = super::server(&provider, "", &with).await;
    person(&provider, &server).await;
    access(&send(&server, &assertion(&provider, json!({"tenant": "t1"})), &[]).await);
    for tenant in [json!("t2"), json!(null), json!(["t1"])] {
        let sent = assertion(&provider, json!({"tenant": tenant}));
        refused(&send(&server, &sent, &[]).await, "another organization");
    }
}

#[tokio::test]
async fn assertion_proves_that_the_provider_still_admits_its_person() {
    let (provider, server) = with_group().await;
    person(&provider, &server).await;
    // The sign-in of the person lasts 30 days without a refresh token, and each assertion counts as one.
    for _ in 0..3 {
        server.clock.advance(Duration::from_hours(24 * 20));
        let token = access(&send(&server, &assertion(&provider, json!({})), &[]).await);
        assert_eq!(server.call(&token, "get_pet", json!({})).await.status, 200);
    }
}

#[tokio::test]
async fn person_who_left_the_provider_is_out_although_the_assertion_is_still_valid() {
    let provider = IdentityProvider::start().await;
    groups(&provider, &["engineering"]);
    provider.script(|script| script.issues_refresh_tokens = true);
    let settings = super::settings(provider.issuer(), "", FULL);
    let more = format!(
        "logout_ends_connections = true\n{}",
        crate::leaving::SETTINGS
    );
    let server = provider
        .server_with(&more, |config| {
            config.accounts.passwords = false;
            config.enterprise = Some(settings);
        })
        .await;
    person(&provider, &server).await;
    let token = access(&send(&server, &assertion(&provider, json!({})), &[]).await);
    let form = [("logout_token", provider.logout_token(json!({}), json!({})))];
    let form: Vec<_> = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let answer = server.post_form("/account/backchannel-logout", &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(server.call(&token, "get_pet", json!({})).await.status, 401);
    server.clock.advance(Duration::from_secs(2));
    person(&provider, &server).await;
    let sent = assertion(&provider, json!({}));
    let token = access(&send(&server, &sent, &[]).await);
    provider.script(|script| script.has_left = true);
    server.clock.advance(Duration::from_secs(61));
    assert_eq!(server.call(&token, "get_pet", json!({})).await.status, 401);
    refused(&send(&server, &sent, &[]).await, "was ended");
    assert_eq!(connections(&server).await, 0);
}

#[tokio::test]
async fn connection_has_a_key_of_its_own_at_the_api_where_connections_do() {
    let provider = IdentityProvider::start().await;
    let settings = super::settings(provider.issuer(), "", &format!("{FULL}\n{OWN_GROUPS}"));
    let (service, server) = KeyService::start_with(SETTINGS, |config| {
        config.server.public_url = Some(ORIGIN.parse().unwrap());
        config.enterprise = Some(settings);
    })
    .await;
    let now = server.clock.millis() / 1000;
    let claims = |id: &str| {
        json!({
            "groups": ["partners"], "email": "p@partner.example", "jti": id,
            "iat": now, "exp": now + 300,
        })
    };
    let sent = assertion(&provider, claims("1"));
    let answers = (0..5).map(|_| send(&server, &sent, &[]));
    let answers = futures_util::future::join_all(answers).await;
    let token = access(&answers[0]);
    for answer in &answers {
        access(answer);
    }
    access(&send(&server, &assertion(&provider, claims("2")), &[]).await);
    service.until(|it| it.good().len() == 1).await;
    let called = server.call(&token, "get_pet", json!({})).await;
    assert_eq!(called.json()["result"]["isError"], false, "{}", called.body);
    // Its end ends the key.
    let form = [
        ("token", token.as_str()),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
    ];
    server.post_form("/oauth/revoke", &form).await;
    service.until(|it| it.good().is_empty()).await;
    // Where the API makes no key, there is no connection.
    service.set(|it| it.create = Some((403, json!({"error": "no"}))));
    server.clock.advance(Duration::from_secs(2));
    let mut late = claims("3");
    late["iat"] = json!(now + 2);
    let answer = send(&server, &assertion(&provider, late), &[]).await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (503, "temporarily_unavailable")
    );
    assert_eq!(connections(&server).await, 0);
}
