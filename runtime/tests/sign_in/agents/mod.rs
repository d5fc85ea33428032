//! Agents: programs that sign in with a wallet or a key, and act for the workspace that a person linked
//! them to.

mod attacks;
mod keys;
mod minted;
mod wallet;
mod with;

use runtime::config::{AgentSettings, Config};
use serde_json::{Value, json};

use crate::browser::{Browser, Page};
use crate::support::{Response, TestServer};

pub(crate) use self::with::{Key, Wallet};

/// The grant type of wallets.
const EIP_4361: &str = "urn:drawbridge:grant-type:eip4361";

/// Lets agents sign in.
pub(crate) fn with_agents(config: &mut Config) {
    config.agents = Some(AgentSettings {
        key_file: config.store.path.with_extension("agents.key"),
        ..AgentSettings::default()
    });
}

/// Posts the form that links an agent; returns the page that follows.
pub(crate) async fn link_page(browser: &mut Browser<'_>, credential: &str, level: &str) -> Page {
    let page = browser.open("/portal/agents").await.page();
    let form = page.form_to("/portal/agents");
    let form = form
        .with("name", "Night reports")
        .with("credential", credential)
        .with("level", level);
    browser.submit(&form).await.page()
}

/// Links an agent; returns its `client_id`.
pub(crate) async fn link(browser: &mut Browser<'_>, credential: &str, level: &str) -> String {
    let page = link_page(browser, credential, level).await;
    let text = page.text();
    assert_eq!(page.status, 200, "{text}");
    assert!(text.contains("Night reports is linked."), "{text}");
    let (_, rest) = text.split_once("agt_").unwrap();
    format!("agt_{}", rest.split('<').next().unwrap())
}

/// Revokes the key of an agent in the portal.
pub(crate) async fn revoke(browser: &mut Browser<'_>) {
    let page = browser.open("/portal/keys").await.page();
    let form = page.form_to("/portal/keys/revoke");
    let page = browser.submit(&form).await.page();
    assert!(
        page.text().contains("The key was revoked."),
        "{}",
        page.text()
    );
}

/// Asks for a challenge.
async fn challenge(bench: &TestServer, client_id: &str, wallet: &Wallet) -> Value {
    let asked = json!({
        "client_id": client_id, "address": wallet.address(), "chain_id": 8453,
    });
    let answer = bench.post_json("/oauth/agent/challenge", &asked).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// Answers a challenge.
async fn answer(
    bench: &TestServer,
    client_id: &str,
    message: &str,
    signature: &str,
    more: &[(&str, &str)],
) -> Response {
    let mut form = vec![
        ("grant_type", EIP_4361),
        ("client_id", client_id),
        ("message", message),
        ("signature", signature),
    ];
    form.extend(more);
    bench.post_form("/oauth/token", &form).await
}

/// Signs in with a wallet, as its agent does.
pub(crate) async fn sign_in(
    bench: &TestServer,
    client_id: &str,
    wallet: &Wallet,
    more: &[(&str, &str)],
) -> Response {
    let asked = challenge(bench, client_id, wallet).await;
    assert_eq!(asked["grant_type"], EIP_4361);
    let message = asked["message"].as_str().unwrap();
    answer(bench, client_id, message, &wallet.sign(message), more).await
}

/// The access token of an answer.
pub(crate) fn access(answer: &Response) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = answer.json();
    assert_eq!(token["token_type"], "Bearer");
    assert!(token.get("refresh_token").is_none(), "{token}");
    token["access_token"].as_str().unwrap().to_owned()
}
