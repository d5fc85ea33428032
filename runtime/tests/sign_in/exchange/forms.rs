//! The requests that exchange a token, byte by byte.

use std::collections::BTreeMap;

use serde_json::json;

use super::World;
use crate::identity_provider::CLIENT_SECRET;

/// What is sent for a call under some settings: where, how it is authenticated, and the form.
async fn sent(settings: &str) -> (String, BTreeMap<String, String>) {
    let world = World::with(settings).await;
    let ada = world.connected("ada").await;
    ada.succeed(&world.server, "get_pet").await;
    let mut all = world.provider.exchanges();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn form(members: &[(&str, &str)]) -> BTreeMap<String, String> {
    let members = members.iter();
    members
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// `our client` and its secret, as HTTP Basic authentication has them.
const BASIC: &str = "/token Basic b3VyK2NsaWVudDpzZWNyZXQlM0FvZiUyQnRoZSUyNmNsaWVudA==";

#[tokio::test]
async fn token_exchange_is_that_of_rfc_8693() {
    let grant_type = "urn:ietf:params:oauth:grant-type:token-exchange";
    let access_token = "urn:ietf:params:oauth:token-type:access_token";
    let jwt = "urn:ietf:params:oauth:token-type:jwt";
    let least = [
        ("grant_type", grant_type),
        ("subject_token", "access-token-of-ada-1"),
        ("subject_token_type", access_token),
        ("requested_token_type", access_token),
    ];
    let found = sent("form = \"token-exchange\"").await;
    assert_eq!(found, (BASIC.to_owned(), form(&least)));
    let settings = format!(
        "form = \"token-exchange\"\naudience = \"pets\"\nresource = \"https://pets.example.com/v1\"\n\
         scopes = [\"pets.read\", \"pets.write\"]\nsubject_token_type = \"{jwt}\"\n\
         requested_token_type = \"{jwt}\""
    );
    let all = [
        ("grant_type", grant_type),
        ("subject_token", "access-token-of-ada-1"),
        ("subject_token_type", jwt),
        ("requested_token_type", jwt),
        ("audience", "pets"),
        ("resource", "https://pets.example.com/v1"),
        ("scope", "pets.read pets.write"),
    ];
    assert_eq!(sent(&settings).await, (BASIC.to_owned(), form(&all)));
}

#[tokio::test]
async fn on_behalf_of_is_that_of_entra() {
    let settings = "form = \"on-behalf-of\"\nscopes = [\"api://pets/.default\"]\n\
                    client_authentication = \"post\"";
    let expected = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", "access-token-of-ada-1"),
        ("requested_token_use", "on_behalf_of"),
        ("scope", "api://pets/.default"),
        ("client_id", "our client"),
        ("client_secret", CLIENT_SECRET),
    ];
    let found = sent(settings).await;
    assert_eq!(found, ("/token -".to_owned(), form(&expected)));
}

#[tokio::test]
async fn id_token_is_exchanged_where_that_is_configured() {
    let (_, found) = sent("form = \"token-exchange\"\nsubject = \"id-token\"").await;
    let kind = "urn:ietf:params:oauth:token-type:id_token";
    assert_eq!(found["subject_token_type"], kind);
    assert_eq!(found["subject_token"].split('.').count(), 3);
}

#[tokio::test]
async fn another_endpoint_is_asked_with_its_own_credentials() {
    let world = World::start().await;
    let issuer = world.provider.issuer().to_owned();
    let settings = format!(
        "form = \"token-exchange\"\ntoken_endpoint = \"{issuer}/exchange\"\n\
         client_id = \"client-2\"\nclient_secret = \"secret-2\""
    );
    let world = World {
        exchange: settings,
        ..world
    };
    let ada = world.connected("ada").await;
    let other = world.beside().await;
    ada.succeed(&other, "get_pet").await;
    let (at, found) = world.provider.exchanges().remove(0);
    assert_eq!(at, "/exchange Basic Y2xpZW50LTI6c2VjcmV0LTI=");
    assert!(!found.contains_key("client_secret"));
}

#[tokio::test]
async fn answer_that_is_no_bearer_token_of_the_api_is_refused() {
    let cases = [
        json!({"token_type": "DPoP"}),
        json!({"token_type": "N_A"}),
        json!({"access_token": null}),
        json!({"access_token": "access-token-of-ada-1"}),
        json!({"access_token": "two words"}),
        json!({"access_token": "a\r\nX-Admin: 1"}),
    ];
    for changes in cases {
        let world = World::start().await;
        let ada = world.connected("ada").await;
        world.provider.script(|script| {
            script.exchanged = crate::identity_provider::members(changes.clone());
        });
        let error = ada.fail(&world.server, "get_pet").await;
        assert_eq!(error["kind"], "missing_credential", "{changes}: {error}");
        assert!(world.heard().is_empty(), "{changes}");
    }
}
