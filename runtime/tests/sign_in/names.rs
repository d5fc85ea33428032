//! Names and addresses that people and clients give: nothing is hidden in them, kept or shown.

use runtime::app::{self, Environment};
use serde_json::json;

use crate::browser::Browser;
use crate::people::{invite, workspace};
use crate::support::{Client, EMAIL, PASSWORD, TestServer};

/// Turns text around, has no width, controls a terminal, or is a letter that is rendered as nothing.
const HIDDEN: [char; 14] = [
    '\u{202e}', '\u{2066}', '\u{2069}', '\u{200f}', '\u{61c}', '\u{200b}', '\u{200d}', '\u{feff}',
    '\u{ad}', '\u{1b}', '\u{7f}', '\u{9b}', '\u{3164}', '\u{34f}',
];

/// The text with something hidden behind each of its characters.
fn hiding(text: &str) -> String {
    let mut hidden = HIDDEN.into_iter().cycle();
    let pairs = text.chars().map(|it| [Some(it), hidden.next()]);
    pairs.flatten().flatten().collect()
}

fn assert_shows_all(place: &str, text: &str) {
    let found: Vec<_> = text.chars().filter(|it| HIDDEN.contains(it)).collect();
    assert!(found.is_empty(), "{place}: {found:?}");
}

#[tokio::test]
async fn an_address_that_hides_something_makes_no_account() {
    let bench = TestServer::start().await;
    let mut browser = Browser::new(&bench);
    let link = bench.server.setup_link().unwrap().to_owned();
    for hidden in HIDDEN {
        let page = browser.open(&link).await.page();
        let form = page
            .form()
            .with("email", &format!("ad{hidden}a@example.com"))
            .with("name", "Ada")
            .with("password", PASSWORD)
            .with("workspace", "Studio");
        let refused = browser.submit(&form).await.page();
        assert_eq!(refused.status, 422, "{hidden:?}");
        assert!(refused.text().contains("This is not an e-mail address."));
        assert_shows_all("the form", &refused.body);
    }
}

#[tokio::test]
async fn names_are_kept_without_what_is_hidden_in_them() {
    let bench = TestServer::start().await;
    let mut browser = Browser::new(&bench);
    let page = browser.open(bench.server.setup_link().unwrap()).await;
    let form = page
        .page()
        .form()
        .with("email", EMAIL)
        .with("name", &hiding("Ada Lovelace"))
        .with("password", PASSWORD)
        .with("workspace", &hiding("The Studio"));
    browser.submit(&form).await.page();
    let page = browser.open("/portal/workspaces").await.page();
    let form = page.form_to("/portal/workspaces");
    browser
        .submit(&form.with("name", &hiding("Second")))
        .await
        .page();
    let page = browser.open("/portal/workspaces").await.page();
    let only_hidden: String = HIDDEN.into_iter().collect();
    let form = page.form_to("/portal/workspaces");
    let refused = browser.submit(&form.with("name", &only_hidden)).await;
    assert_eq!(refused.page().status, 422);
    for changed in [
        "UPDATE people SET name = name WHERE name = 'Ada Lovelace'",
        "UPDATE workspaces SET name = name WHERE name = 'The Studio'",
        "UPDATE workspaces SET name = name WHERE name = 'Second'",
    ] {
        bench.execute(changed).await;
    }
    for (_, reported) in bench.audit().await {
        assert_shows_all("the audit", &reported);
    }
}

#[tokio::test]
async fn a_client_is_registered_without_what_is_hidden_in_its_name() {
    let bench = TestServer::start().await;
    let body = json!({
        "client_name": hiding("Claude"),
        "redirect_uris": ["https://a.example/cb"],
    });
    let answer = bench.post_json("/oauth/register", &body).await;
    assert_eq!(answer.json()["client_name"], "Claude");
    bench
        .execute("UPDATE clients SET registered = 0 WHERE metadata LIKE '%\"Claude\"%'")
        .await;
}

#[tokio::test]
async fn what_an_earlier_version_kept_is_shown_without_what_is_hidden_in_it() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    invite(&mut browser).await;
    let page = browser.open("/portal/workspaces").await.page();
    let form = page.form_to("/portal/workspaces").with("name", "Second");
    browser.submit(&form).await.page();
    let path = workspace(&mut browser).await;
    let link = invite(&mut browser).await;
    let hidden = "char(8238, 8203, 27, 173, 12644, 8295, 65279)";
    for (table, column) in [
        ("people", "name"),
        ("people", "email"),
        ("workspaces", "name"),
        ("workspaces", "upstream_id"),
        ("grants", "client_name"),
        ("grants", "key_name"),
        ("grants", "redirect_host"),
        ("sessions", "browser"),
    ] {
        let statement =
            format!("UPDATE {table} SET {column} = 'a' || {hidden} || {column} || {hidden}");
        bench.run(&statement).await;
    }
    let picker = browser.open(&client.authorize_url()).await.page();
    let (_, id) = path.rsplit_once('/').unwrap();
    let form = picker.form().with("workspace", id);
    let consent = browser.submit(&form).await.page();
    assert_shows_all("the picker", &picker.body);
    assert_shows_all("the consent", &consent.body);
    for page in [
        "/portal/keys",
        "/portal/workspaces",
        &path,
        "/portal/account",
        &link,
    ] {
        let shown = browser.open(page).await.page();
        assert_eq!(shown.status, 200, "{page}");
        assert_shows_all(page, &shown.body);
    }
    let mut config = runtime::config::Config::default();
    config.store.path = bench.database.clone();
    for listed in app::workspaces(&config).await.unwrap() {
        assert_shows_all(
            "the list",
            &format!("{} {:?}", listed.name, listed.upstream_id),
        );
    }
    bench.run("UPDATE workspaces SET suspended = 1").await;
    bench.clock.advance(std::time::Duration::from_secs(1));
    let refused = bench.call(&tokens.access, "get_pet", json!({})).await;
    assert_eq!(refused.status, 403);
    assert_shows_all("the refusal", &refused.json().to_string());
}

#[tokio::test]
async fn an_id_of_the_apis_hides_nothing() {
    let bench = TestServer::with(|config| config.accounts.owners_link_workspaces = true).await;
    let mut browser = bench.first_person().await;
    let path = workspace(&mut browser).await;
    let (config, id) = bench.workspace("Studio").await;
    for hidden in HIDDEN {
        let wrong = format!("home{hidden}-2");
        let page = browser.open(&path).await.page();
        let form = page.form_to(&format!("{path}/link"));
        let refused = browser.submit(&form.with("upstream_id", &wrong)).await;
        assert!(refused.page().text().contains("An id has no blanks"));
        let refused = app::link_workspace(&config, &Environment::default(), &id, &wrong).await;
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("`home-2` hides characters"), "{error}");
    }
}
