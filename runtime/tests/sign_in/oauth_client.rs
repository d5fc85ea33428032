//! An OAuth client, as the specifications want one.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::browser::Browser;
use crate::support::{CLAUDE, RESOURCE, Response, TestServer, encode};

/// An OAuth client that does everything right, until a test has it do otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) verifier: String,
    pub(crate) state: String,
    pub(crate) scope: String,
    pub(crate) resource: String,
}

impl Client {
    pub(crate) fn new(client_id: &str, redirect_uri: &str) -> Client {
        Client {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            verifier: "a-verifier-of-at-least-43-characters-is-needed-0".to_owned(),
            state: "state of the client".to_owned(),
            scope: "mcp:read".to_owned(),
            resource: RESOURCE.to_owned(),
        }
    }

    /// Claude, registered.
    pub(crate) async fn claude(bench: &TestServer) -> Client {
        let id = bench.register("Claude", &[CLAUDE]).await;
        let mut client = Client::new(&id, CLAUDE);
        client.resource = bench.server.url().to_string();
        client
    }

    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.verifier.as_bytes()))
    }

    pub(crate) fn parameters(&self) -> Vec<(&'static str, String)> {
        vec![
            ("response_type", "code".to_owned()),
            ("client_id", self.client_id.clone()),
            ("redirect_uri", self.redirect_uri.clone()),
            ("code_challenge", self.challenge()),
            ("code_challenge_method", "S256".to_owned()),
            ("state", self.state.clone()),
            ("scope", self.scope.clone()),
            ("resource", self.resource.clone()),
        ]
    }

    /// The URL that the browser is sent to, with some parameters set or (where `None`) left out.
    pub(crate) fn authorize_url_with(&self, changes: &[(&'static str, Option<&str>)]) -> String {
        let mut parameters = self.parameters();
        for (name, value) in changes {
            parameters.retain(|(it, _)| it != name);
            parameters.extend(value.map(|value| (*name, value.to_owned())));
        }
        let pairs: Vec<_> = parameters
            .iter()
            .map(|(name, it)| (*name, it.as_str()))
            .collect();
        format!("/oauth/authorize?{}", encode(&pairs))
    }

    pub(crate) fn authorize_url(&self) -> String {
        self.authorize_url_with(&[])
    }

    /// The form that redeems a code.
    pub(crate) fn redemption<'a>(&'a self, code: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", &self.verifier),
            ("resource", &self.resource),
        ]
    }

    /// Has the person approve; returns the code. Checks what a careful client checks.
    pub(crate) async fn code(&self, browser: &mut Browser<'_>, level: &str) -> String {
        let page = browser.open(&self.authorize_url()).await.page();
        assert_eq!(page.status, 200, "{}", page.body);
        let form = page
            .form()
            .with("level", level)
            .press("decision", "approve");
        let response = browser.submit(&form).await.response(&self.redirect_uri);
        assert_eq!(response["state"], self.state);
        assert_eq!(response["iss"], browser.bench().origin);
        response["code"].clone()
    }

    /// Redeems a code.
    pub(crate) async fn redeem(&self, bench: &TestServer, code: &str) -> Response {
        bench
            .post_form("/oauth/token", &self.redemption(code))
            .await
    }

    /// Signs in all the way; returns the answer of the token endpoint.
    pub(crate) async fn connect(&self, browser: &mut Browser<'_>, level: &str) -> Tokens {
        let code = self.code(browser, level).await;
        let response = self.redeem(browser.bench(), &code).await;
        assert_eq!(response.status, 200, "{}", response.body);
        Tokens::of(&response)
    }

    /// Refreshes.
    pub(crate) async fn refresh(&self, bench: &TestServer, token: &str) -> Response {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", self.client_id.as_str()),
            ("resource", self.resource.as_str()),
        ];
        bench.post_form("/oauth/token", &form).await
    }
}

/// The answer of the token endpoint.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) scope: String,
    pub(crate) expires_in: Option<u64>,
}

impl Tokens {
    pub(crate) fn of(response: &Response) -> Tokens {
        let body = response.json();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(text("token_type"), "Bearer");
        Tokens {
            access: text("access_token"),
            refresh: text("refresh_token"),
            scope: text("scope"),
            expires_in: body["expires_in"].as_u64(),
        }
    }
}
