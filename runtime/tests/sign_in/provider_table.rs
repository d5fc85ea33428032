//! What goes wrong at an identity provider, or is done wrong on purpose: a table. In each row nothing
//! is granted, and a page says what helps.

use std::time::Duration;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::identity_provider::{
    IdentityProvider, Script, Signature, members, onward, press, sign_in, to_portal, wait,
};
use crate::support::{Client, Response, TestServer};

/// What the provider does otherwise.
type Change = fn(&mut Script);

/// A row: what is wrong, how the provider does it, and the status and words of the page.
struct Row {
    name: &'static str,
    script: Change,
    status: u16,
    words: &'static str,
}

const fn row(name: &'static str, script: fn(&mut Script), status: u16, words: &'static str) -> Row {
    Row {
        name,
        script,
        status,
        words,
    }
}

fn claims(script: &mut Script, value: Value) {
    script.claims = members(value);
}

fn answer(script: &mut Script, value: Value) {
    script.answer = members(value);
}

fn discovery(script: &mut Script, value: Value) {
    script.discovery = members(value);
}

const FAILED: &str = "could not be used";
const AWAY: &str = "cannot be reached";
const NOT_SET_UP: &str = "not set up as it has to be";

/// What is wrong with an answer, an ID token, or the provider itself.
const ROWS: &[Row] = &[
    row(
        "state: missing",
        |it| answer(it, json!({"state": null})),
        400,
        "has ended",
    ),
    row(
        "state: another one",
        |it| answer(it, json!({"state": "another"})),
        400,
        "has ended",
    ),
    row(
        "iss of the answer: wrong",
        |it| answer(it, json!({"iss": "https://evil.example"})),
        400,
        FAILED,
    ),
    row(
        "iss of the answer: missing",
        |it| answer(it, json!({"iss": null})),
        400,
        FAILED,
    ),
    row(
        "code: missing",
        |it| answer(it, json!({"code": null})),
        400,
        FAILED,
    ),
    row(
        "code: unknown",
        |it| answer(it, json!({"code": "unknown"})),
        400,
        FAILED,
    ),
    row(
        "error: access_denied",
        |it| answer(it, json!({"code": null, "error": "access_denied"})),
        403,
        "access denied",
    ),
    row(
        "error: with a code",
        |it| answer(it, json!({"error": "access_denied"})),
        403,
        "access denied",
    ),
    row(
        "error: markup",
        |it| answer(it, json!({"code": null, "error": "<b>"})),
        400,
        FAILED,
    ),
    row(
        "ID token: iss wrong",
        |it| claims(it, json!({"iss": "https://evil.example"})),
        400,
        FAILED,
    ),
    row(
        "ID token: iss missing",
        |it| claims(it, json!({"iss": null})),
        400,
        FAILED,
    ),
    row(
        "ID token: aud wrong",
        |it| claims(it, json!({"aud": "another-client"})),
        400,
        FAILED,
    ),
    row(
        "ID token: aud missing",
        |it| claims(it, json!({"aud": null})),
        400,
        FAILED,
    ),
    row(
        "ID token: two aud, no azp",
        |it| claims(it, json!({"aud": ["our client", "other"]})),
        400,
        FAILED,
    ),
    row(
        "ID token: azp wrong",
        |it| claims(it, json!({"azp": "other"})),
        400,
        FAILED,
    ),
    row(
        "ID token: nonce wrong",
        |it| claims(it, json!({"nonce": "another"})),
        400,
        FAILED,
    ),
    row(
        "ID token: nonce missing",
        |it| claims(it, json!({"nonce": null})),
        400,
        FAILED,
    ),
    row(
        "ID token: sub missing",
        |it| claims(it, json!({"sub": null})),
        400,
        FAILED,
    ),
    row(
        "ID token: sub empty",
        |it| claims(it, json!({"sub": ""})),
        400,
        FAILED,
    ),
    row(
        "ID token: sub of 256 bytes",
        |it| claims(it, json!({"sub": "a".repeat(256)})),
        400,
        FAILED,
    ),
    row(
        "ID token: expired",
        |it| claims(it, json!({"exp": 1_000})),
        400,
        FAILED,
    ),
    row(
        "ID token: exp missing",
        |it| claims(it, json!({"exp": null})),
        400,
        FAILED,
    ),
    row(
        "ID token: exp is a text",
        |it| claims(it, json!({"exp": "tomorrow"})),
        400,
        FAILED,
    ),
    row(
        "ID token: iat missing",
        |it| claims(it, json!({"iat": null})),
        400,
        FAILED,
    ),
    row(
        "ID token: iat in the future",
        |it| {
            claims(
                it,
                json!({"iat": 4_000_000_000_u64, "exp": 4_000_000_300_u64}),
            );
        },
        400,
        FAILED,
    ),
    row(
        "ID token: not valid yet",
        |it| claims(it, json!({"nbf": 4_000_000_000_u64})),
        400,
        FAILED,
    ),
    row(
        "alg: none",
        |it| it.signature = Signature::Missing,
        400,
        FAILED,
    ),
    row(
        "alg: HS256 with the client secret",
        |it| it.signature = Signature::ClientSecret,
        400,
        FAILED,
    ),
    row(
        "alg: HS256 with the public key",
        |it| it.signature = Signature::PublicKey,
        400,
        FAILED,
    ),
    row(
        "crit: an extension that is not known",
        |it| it.is_critical = true,
        400,
        FAILED,
    ),
    row(
        "signature: of another key",
        |it| it.signature = Signature::Forged,
        400,
        FAILED,
    ),
    row(
        "signature: of an unknown key",
        |it| it.signature = Signature::Key(1),
        400,
        FAILED,
    ),
    row(
        "token endpoint: invalid_client",
        |it| it.token_error = Some("invalid_client"),
        502,
        NOT_SET_UP,
    ),
    row(
        "token endpoint: redirect_uri_mismatch",
        |it| it.token_error = Some("redirect_uri_mismatch"),
        502,
        NOT_SET_UP,
    ),
    row(
        "token endpoint: server_error",
        |it| it.token_error = Some("server_error"),
        502,
        AWAY,
    ),
    row(
        "error: unauthorized_client",
        |it| answer(it, json!({"code": null, "error": "unauthorized_client"})),
        502,
        NOT_SET_UP,
    ),
    row(
        "e-mail: missing",
        |it| claims(it, json!({"email": null})),
        403,
        "e-mail address",
    ),
    row(
        "e-mail: none, hidden characters",
        |it| claims(it, json!({"email": "a\u{202e}@example.com"})),
        403,
        "e-mail address",
    ),
    row(
        "userinfo: about another person",
        |it| {
            claims(it, json!({"email": null}));
            it.userinfo = Some(json!({"sub": "person-2", "email": "ada@example.com"}));
        },
        400,
        FAILED,
    ),
    row(
        "discovery: another issuer",
        |it| discovery(it, json!({"issuer": "https://evil.example"})),
        502,
        NOT_SET_UP,
    ),
    row(
        "discovery: an endpoint without TLS",
        |it| discovery(it, json!({"token_endpoint": "http://evil.example/token"})),
        502,
        NOT_SET_UP,
    ),
    row(
        "discovery: no JWKS",
        |it| discovery(it, json!({"jwks_uri": null})),
        502,
        AWAY,
    ),
    row("provider: down", |it| it.is_down = true, 502, AWAY),
];

/// What a sign-in left behind.
async fn granted(server: &TestServer) -> [i64; 3] {
    [
        server.count("SELECT COUNT(*) FROM people").await,
        server.count("SELECT COUNT(*) FROM sessions").await,
        server.count("SELECT COUNT(*) FROM grants").await,
    ]
}

/// Checks that nothing of a page or its address has a secret of the sign-in.
fn check(name: &str, page: &crate::browser::Page, status: u16, words: &str) {
    println!("| {name} | {} | {} |", page.status, title(page));
    assert_eq!(page.status, status, "{name}: {}", page.text());
    assert!(page.text().contains(words), "{name}: {}", page.text());
    for secret in ["code-0", "secret:of", "access-token-of"] {
        assert!(!page.body.contains(secret), "{name}: {secret}");
    }
    let session: &Response = &page.response;
    for cookie in session.headers.get_all("set-cookie") {
        assert!(!cookie.to_str().unwrap().contains("session="), "{name}");
    }
}

fn title(page: &crate::browser::Page) -> String {
    let text = page.text();
    let lead = text.split("<p class=\"lead\">").nth(1).unwrap_or_default();
    lead.split("</p>").next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn nothing_is_granted_by_an_answer_that_is_wrong() {
    for row in ROWS {
        let provider = IdentityProvider::start().await;
        let server = provider.server("").await;
        provider.script(row.script);
        let mut browser = Browser::new(&server);
        let page = browser.open("/account/sign-in").await.page();
        let mut page = press(&mut browser, &page).await;
        if page.status == 200 {
            let back = provider.sign_in(&onward(&page));
            page = browser.open(&back).await.page();
        }
        check(row.name, &page, row.status, row.words);
        assert_eq!(granted(&server).await, [0, 0, 0], "{}", row.name);
        if provider.asked("/token") > 0 {
            // The cookie is used up with the sign-in, whatever became of it.
            let left = browser.cookies.keys().find(|it| it.contains("provider-"));
            assert_eq!(left, None, "{}", row.name);
        }
        // What was wrong once does not keep the person out.
        provider.script(|script| *script = Script::default());
        wait(&server);
        let page = to_portal(&provider, &mut browser).await;
        assert_eq!(page.status, 200, "{}: {}", row.name, page.text());
    }
}

#[tokio::test]
async fn answer_is_used_once_and_by_its_own_browser_only() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    let mut browser = Browser::new(&server);
    let page = browser.open("/account/sign-in").await.page();
    let page = press(&mut browser, &page).await;
    let back = provider.sign_in(&onward(&page));
    let mut other = Browser::new(&server);
    let elsewhere = other.open(&back).await.page();
    check(
        "state: other browser",
        &elsewhere,
        403,
        "does not belong to this browser",
    );
    // Nor with cookies of a sign-in of its own.
    let page = other.open("/account/sign-in").await.page();
    press(&mut other, &page).await;
    let elsewhere = other.open(&back).await.page();
    check(
        "state: other browser, cookie of another sign-in",
        &elsewhere,
        403,
        "does not belong",
    );
    // Nor under the name of this one.
    let name = browser
        .cookies
        .keys()
        .find(|it| it.contains("provider-"))
        .unwrap()
        .clone();
    let own = other
        .cookies
        .iter()
        .find(|(it, _)| it.contains("provider-"));
    let value = own.unwrap().1.clone();
    other.cookies.insert(name, value);
    let elsewhere = other.open(&back).await.page();
    check(
        "state: other browser, cookie renamed",
        &elsewhere,
        403,
        "does not belong",
    );
    assert_eq!(granted(&server).await, [0, 0, 0]);
    assert_eq!(provider.asked("/token"), 0);
    // The browser that began it is not harmed by that.
    assert_eq!(browser.clone().open(&back).await.page().status, 200);
    let again = browser.open(&back).await.page();
    check("state: used again", &again, 400, "has ended");
    assert_eq!(granted(&server).await, [1, 1, 0]);
}

#[tokio::test]
async fn answer_that_comes_too_late_is_not_used() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    let mut browser = Browser::new(&server);
    let page = browser.open("/account/sign-in").await.page();
    let page = press(&mut browser, &page).await;
    let back = provider.sign_in(&onward(&page));
    server.clock.advance(Duration::from_secs(601));
    let late = browser.open(&back).await.page();
    check("state: after ten minutes", &late, 400, "has ended");
    assert_eq!(granted(&server).await, [0, 0, 0]);
}

#[tokio::test]
async fn answer_with_a_parameter_twice_is_not_used() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    for (name, status) in [("state", 400), ("code", 400), ("iss", 400)] {
        let mut browser = Browser::new(&server);
        let page = browser.open("/account/sign-in").await.page();
        let page = press(&mut browser, &page).await;
        let back = provider.sign_in(&onward(&page));
        let twice = browser.open(&format!("{back}&{name}=another")).await.page();
        check(&format!("{name}: twice"), &twice, status, "");
    }
    assert_eq!(granted(&server).await, [0, 0, 0]);
}

#[tokio::test]
async fn destination_that_the_cookie_was_changed_to_is_not_followed() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    let mut browser = Browser::new(&server);
    let page = browser.open("/account/sign-in").await.page();
    let page = press(&mut browser, &page).await;
    let back = provider.sign_in(&onward(&page));
    for (name, value) in &mut browser.cookies {
        if name.contains("provider-") {
            *value = format!("{}.//evil.example", value.split('.').next().unwrap());
        }
    }
    let page = browser.open(&back).await.page();
    check("cookie: another destination", &page, 403, "does not belong");
}

#[tokio::test]
async fn person_whose_account_is_disabled_is_not_signed_in() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    to_portal(&provider, &mut Browser::new(&server)).await;
    server.disable_account("ada@example.com", true).await;
    let mut browser = Browser::new(&server);
    let page = to_portal(&provider, &mut browser).await;
    check(
        "person: account disabled here",
        &page,
        403,
        "disabled this account",
    );
    assert_eq!(granted(&server).await, [1, 0, 0]);
}

#[tokio::test]
async fn key_that_the_provider_rotated_is_fetched_once() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    to_portal(&provider, &mut Browser::new(&server)).await;
    provider.script(|script| script.published = 1);
    // Right after a fetch, an unknown key is not worth another one.
    let page = to_portal(&provider, &mut Browser::new(&server)).await;
    check("key: rotated a second ago", &page, 400, FAILED);
    wait(&server);
    let page = to_portal(&provider, &mut Browser::new(&server)).await;
    assert_eq!(page.status, 200, "{}", page.text());
    println!("| key: rotated | 200 | signed in |");
    assert_eq!(provider.asked("/keys"), 2);
    // The key from before the rotation is not accepted any more.
    provider.script(|script| script.signature = Signature::Key(0));
    wait(&server);
    let page = to_portal(&provider, &mut Browser::new(&server)).await;
    check("key: withdrawn", &page, 400, FAILED);
}

#[tokio::test]
async fn tokens_that_are_right_in_other_ways_are_accepted() {
    let cases: [(&str, Change); 5] = [
        ("ES256", |it| it.signature = Signature::Curve),
        ("several audiences with azp", |it| {
            claims(
                it,
                json!({"aud": ["our client", "other"], "azp": "our client"}),
            );
        }),
        ("client_secret_post", |it| {
            discovery(
                it,
                json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]}),
            );
        }),
        ("e-mail from userinfo", |it| {
            claims(it, json!({"email": null}));
            it.userinfo = Some(json!({"sub": "person-1", "email": "ada@example.com"}));
        }),
        ("a clock that is half a minute ahead", |it| {
            claims(it, json!({"iat": 56 * 365 * 86_400 + 30}));
        }),
    ];
    for (name, script) in cases {
        let provider = IdentityProvider::start().await;
        let server = provider.server("").await;
        provider.script(script);
        let page = to_portal(&provider, &mut Browser::new(&server)).await;
        assert_eq!(page.status, 200, "{name}: {}", page.text());
        println!("| {name} | 200 | signed in |");
    }
}

#[tokio::test]
async fn claims_of_the_id_token_do_not_verify_an_address_of_userinfo() {
    let provider = IdentityProvider::start().await;
    let server = provider
        .server_with("link_verified_email = true", |_| ())
        .await;
    server.first_person().await;
    provider.script(|script| {
        claims(script, json!({"email": null, "email_verified": true}));
        script.userinfo = Some(json!({"sub": "person-1", "email": "ada@example.com"}));
    });
    let page = to_portal(&provider, &mut Browser::new(&server)).await;
    check("e-mail: verified is another one", &page, 409, "not linked");
}

#[tokio::test]
async fn attacker_who_began_a_connection_gains_nothing_by_a_victim_at_the_provider() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    let client = Client::claude(&server).await;
    // The attacker goes as far as the provider, and sends its URL to the victim.
    let mut attacker = Browser::new(&server);
    let page = attacker.open(&client.authorize_url()).await.page();
    let page = press(&mut attacker, &page).await;
    let back = provider.sign_in(&onward(&page));
    let victim = Browser::new(&server).open(&back).await.page();
    check(
        "confused deputy: the victim comes back",
        &victim,
        403,
        "does not belong",
    );
    assert_eq!(granted(&server).await, [0, 0, 0]);
}

#[tokio::test]
async fn form_that_another_site_sends_does_not_begin_a_sign_in() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    let mut browser = Browser::new(&server);
    let page = browser.open("/account/sign-in").await.page();
    let form = page.form();
    let headers = [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    let landed = browser.submit_from(&form, &headers).await.page();
    check("form: of another site", &landed, 403, "does not belong");
    let forged = form.with("csrf_token", "guessed");
    let landed = browser.submit(&forged).await.page();
    check("form: without its token", &landed, 403, "does not belong");
    let begun = "SELECT COUNT(*) FROM provider_sign_ins";
    assert_eq!(server.count(begun).await, 0);
}

#[tokio::test]
async fn consent_of_one_browser_is_not_reached_through_the_provider_by_another() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    let client = Client::claude(&server).await;
    let mut attacker = Browser::new(&server);
    let page = attacker.open(&client.authorize_url()).await.page();
    let handle = page.location.clone();
    let mut victim = Browser::new(&server);
    let page = victim.open("/account/sign-in").await.page();
    // The handle as a destination: the page there belongs to the attacker's browser.
    let consent = handle.trim_end_matches("/sign-in");
    let page = victim
        .open(&format!("{}?next={consent}", page.location))
        .await
        .page();
    let page = sign_in(&provider, &mut victim, &page).await.page();
    check(
        "confused deputy: the attacker's consent page",
        &page,
        403,
        "does not belong",
    );
    assert_eq!(server.count("SELECT COUNT(*) FROM grants").await, 0);
}
