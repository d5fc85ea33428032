//! The presets of known providers, each against claims and peculiarities of that provider.

use std::time::Duration;

use serde_json::{Value, json};

use crate::browser::{Browser, Page};
use crate::identity_provider::{IdentityProvider, members, onward, press, to_portal};
use crate::support::TestServer;

const DIRECTORY: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

/// A provider of a product, and a server whose people sign in there.
async fn start(path: &str, preset: &str, more: &str) -> (IdentityProvider, TestServer) {
    let provider = IdentityProvider::start_at(path).await;
    let server = provider.server(&format!("{preset}\n{more}")).await;
    (provider, server)
}

/// Signs in as a person with these claims.
async fn with_claims(provider: &IdentityProvider, server: &TestServer, claims: Value) -> Page {
    provider.script(|script| script.claims = members(claims));
    to_portal(provider, &mut Browser::new(server)).await
}

const GROUP: &str = "[[identity.groups]]\ngroup = \"staff\"\nworkspace = \"home-1\"";

#[tokio::test]
async fn google_admits_people_of_its_domain_only() {
    let preset = "provider = \"google\"\ntenant = \"example.com\"";
    let (provider, server) = start("", preset, "").await;
    // A Google account of another organization, or of none, may have any address.
    for hd in [
        json!("evil.example"),
        json!(null),
        json!(""),
        json!(["example.com"]),
    ] {
        let page = with_claims(&provider, &server, json!({"hd": hd, "auth_time": null})).await;
        assert_eq!(page.status, 403, "{}", page.text());
        assert!(
            page.text().contains("another organization"),
            "{}",
            page.text()
        );
    }
    let page = with_claims(
        &provider,
        &server,
        json!({"hd": "Example.com", "auth_time": null}),
    )
    .await;
    assert_eq!(page.status, 200, "{}", page.text());
    let mut browser = Browser::new(&server);
    let page = browser.open("/account/sign-in").await.page();
    assert!(
        page.text().contains("Continue with Google"),
        "{}",
        page.text()
    );
    let url = onward(&press(&mut browser, &page).await);
    assert!(url.as_str().contains("&hd=example.com"), "{url}");
}

#[tokio::test]
async fn google_confirms_by_a_choice_of_the_account_since_it_reports_no_time() {
    let preset = "provider = \"google\"\ntenant = \"example.com\"";
    let (provider, server) = start("", preset, "").await;
    provider
        .script(|script| script.claims = members(json!({"hd": "example.com", "auth_time": null})));
    let mut browser = Browser::new(&server);
    to_portal(&provider, &mut browser).await;
    server.clock.advance(Duration::from_mins(16));
    let page = browser.open("/portal/account").await.page();
    let form = page
        .form_to("/portal/account/profile")
        .with("name", "Grace");
    let question = browser.submit(&form).await.page();
    let url = onward(&press(&mut browser, &question).await);
    assert!(url.as_str().contains("prompt=select_account"), "{url}");
    browser.open(&provider.sign_in(&url)).await.page();
    let changed = browser.submit(&form).await.page();
    assert!(
        changed.text().contains("Your details were changed"),
        "{}",
        changed.text()
    );
}

#[tokio::test]
async fn entra_admits_people_of_its_directory_and_links_no_address_that_it_did_not_prove() {
    let preset =
        format!("provider = \"entra\"\ntenant = \"{DIRECTORY}\"\nlink_verified_email = true");
    let path = format!("/{DIRECTORY}/v2.0");
    let provider = IdentityProvider::start_at(&path).await;
    let server = provider.server_with(&preset, |_| ()).await;
    server.first_person().await;
    let own = json!({"tid": DIRECTORY, "oid": "o-1", "email_verified": null, "auth_time": null});
    let with = |more: Value| {
        let mut claims = members(own.clone());
        claims.extend(members(more));
        Value::Object(claims)
    };
    let guest = with(json!({"tid": "00000000-0000-0000-0000-000000000000"}));
    let page = with_claims(&provider, &server, guest).await;
    assert!(
        page.text().contains("another organization"),
        "{}",
        page.text()
    );
    // Anyone who runs a directory can give a person any address in `email`.
    for claimed in [
        json!({}),
        json!({"xms_edov": false}),
        json!({"xms_edov": "0"}),
    ] {
        let page = with_claims(&provider, &server, with(claimed)).await;
        assert_eq!(page.status, 409, "{}", page.text());
    }
    let page = with_claims(&provider, &server, with(json!({"xms_edov": true}))).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(server.count("SELECT COUNT(*) FROM people").await, 1);
    // Without the optional claim, the name that people type is the address.
    let typed =
        json!({"sub": "person-2", "email": null, "preferred_username": "grace@example.com"});
    let page = with_claims(&provider, &server, with(typed)).await;
    assert!(page.text().contains("grace@example.com"), "{}", page.text());
}

#[tokio::test]
async fn entra_with_too_many_groups_grants_nothing_and_ends_nothing() {
    let preset = format!("provider = \"entra\"\ntenant = \"{DIRECTORY}\"");
    let path = format!("/{DIRECTORY}/v2.0");
    let (provider, server) = start(&path, &preset, GROUP).await;
    let groups = json!({"tid": DIRECTORY, "groups": ["staff"]});
    let page = with_claims(&provider, &server, groups).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let memberships = "SELECT COUNT(*) FROM memberships";
    assert_eq!(server.count(memberships).await, 1);
    for overage in [
        json!({"tid": DIRECTORY, "_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {
            "endpoint": "https://graph.example/users/o-1/getMemberObjects"
        }}}),
        json!({"tid": DIRECTORY, "hasgroups": true}),
    ] {
        let page = with_claims(&provider, &server, overage).await;
        assert_eq!(page.status, 403, "{}", page.text());
        assert!(page.text().contains("so many groups"), "{}", page.text());
        assert_eq!(server.count(memberships).await, 1);
    }
    // App roles are listed in another claim, however many groups there are.
    let more = format!("groups_claim = \"roles\"\n{GROUP}");
    let (provider, server) = start(&path, &preset, &more).await;
    let roles = json!({"tid": DIRECTORY, "roles": ["staff"], "hasgroups": true});
    let page = with_claims(&provider, &server, roles).await;
    assert_eq!(page.status, 200, "{}", page.text());
}

#[tokio::test]
async fn okta_signs_in_at_a_custom_authorization_server_and_lists_groups_by_a_scope() {
    let preset = "provider = \"okta\"\ntenant = \"example.okta.com/oauth2/default\"\n\
                  scopes = [\"openid\", \"profile\", \"email\", \"groups\"]";
    let (provider, server) = start("/oauth2/default", preset, GROUP).await;
    let mut browser = Browser::new(&server);
    let page = browser.open("/account/sign-in").await.page();
    assert!(
        page.text().contains("Continue with Okta"),
        "{}",
        page.text()
    );
    let url = onward(&press(&mut browser, &page).await);
    assert!(
        url.as_str().contains("scope=openid+profile+email+groups"),
        "{url}"
    );
    // A token of the organization's own server is one of another issuer.
    let origin = provider.issuer().replace("/oauth2/default", "");
    let page = with_claims(
        &provider,
        &server,
        json!({"iss": origin, "groups": ["staff"]}),
    )
    .await;
    assert_eq!(page.status, 400, "{}", page.text());
    // Where a code is exchanged, ID tokens leave the profile to the userinfo endpoint.
    provider.script(|script| {
        let info =
            json!({"sub": "00u1", "email": "ada@example.com", "groups": ["staff"], "name": "Ada"});
        script.userinfo = Some(info);
    });
    let (provider, server) = (
        provider.clone(),
        provider.server(&format!("{preset}\n{GROUP}")).await,
    );
    let thin = json!({"sub": "00u1", "email": null, "email_verified": null, "name": null});
    let page = with_claims(&provider, &server, thin).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(server.count("SELECT COUNT(*) FROM memberships").await, 1);
}

#[tokio::test]
async fn auth0_has_an_issuer_with_a_slash_and_claims_in_a_namespace() {
    let preset = "provider = \"auth0\"\ntenant = \"example.eu.auth0.com\"\n\
                  groups_claim = \"https://example.com/groups\"";
    let (provider, server) = start("/", preset, GROUP).await;
    let subject = "google-oauth2|1234";
    let claims = json!({"sub": subject, "https://example.com/groups": ["staff"]});
    let page = with_claims(&provider, &server, claims).await;
    assert_eq!(page.status, 200, "{}", page.text());
    // The claim without its namespace is one that anyone could add.
    let page = with_claims(
        &provider,
        &server,
        json!({"sub": subject, "groups": ["staff"]}),
    )
    .await;
    assert_eq!(page.status, 403, "{}", page.text());
}

#[tokio::test]
async fn keycloak_has_a_realm_an_authorized_party_and_groups_as_paths() {
    let preset = "provider = \"keycloak\"\ntenant = \"id.example.com/realms/staff\"";
    let group = GROUP.replace("\"staff\"", "\"/staff/engineering\"");
    let (provider, server) = start("/realms/staff", preset, &group).await;
    provider.script(|script| script.answer = members(json!({"session_state": "s"})));
    let claims = |groups: Value| json!({"azp": "our client", "typ": "ID", "groups": groups});
    let page = with_claims(&provider, &server, claims(json!(["/staff/engineering"]))).await;
    assert_eq!(page.status, 200, "{}", page.text());
    // A group of the same name elsewhere in the tree is another one.
    for other in [
        json!(["engineering"]),
        json!(["/staff"]),
        json!(["/Staff/Engineering"]),
    ] {
        let page = with_claims(&provider, &server, claims(other)).await;
        assert_eq!(page.status, 403, "{}", page.text());
    }
}
