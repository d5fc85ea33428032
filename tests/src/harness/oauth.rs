//! An OAuth client of the suites: everything that it sends is in the hands of the test.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use rand::RngExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::person::Person;

/// A client that registered itself at the authorization server of one resource.
#[derive(Clone, Debug)]
pub struct OAuthClient {
    http: reqwest::Client,
    resource: Url,
    /// `client_id`.
    pub id: String,
    /// `redirect_uri`.
    pub redirect_uri: String,
    /// `code_verifier` (RFC 7636).
    pub verifier: String,
    /// `state`.
    pub state: String,
}

/// The answer of the token endpoint.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// `access_token`.
    pub access: String,
    /// `refresh_token`.
    pub refresh: String,
}

impl OAuthClient {
    /// Registers a public client with the one redirect URI.
    ///
    /// # Errors
    /// Where it is not registered.
    pub async fn register(resource: &Url, redirect_uri: &str) -> anyhow::Result<OAuthClient> {
        let mut client = OAuthClient {
            http: reqwest::Client::new(),
            resource: resource.clone(),
            id: String::new(),
            redirect_uri: redirect_uri.to_owned(),
            verifier: URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>()),
            state: URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 16]>()),
        };
        let metadata = json!({
            "client_name": "A suite's client",
            "redirect_uris": [redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        });
        let request = client.http.post(resource.join("/oauth/register")?);
        let request = request.header("Content-Type", "application/json");
        let answer = request.body(metadata.to_string()).send().await?;
        let answer: Value = serde_json::from_str(&answer.text().await?)?;
        client.id = text(&answer, "client_id")?;
        Ok(client)
    }

    /// The address of its authorization request.
    ///
    /// # Errors
    /// Where the resource's URL is no base.
    pub fn authorization_request(&self) -> anyhow::Result<Url> {
        let mut url = self.resource.join("/oauth/authorize")?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("state", &self.state)
            .append_pair("scope", "mcp:read mcp:write offline_access")
            .append_pair("resource", self.resource.as_str());
        Ok(url)
    }

    /// The form that redeems a code.
    #[must_use]
    pub fn redemption<'a>(&'a self, code: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", &self.id),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", &self.verifier),
            ("resource", self.resource.as_str()),
        ]
    }

    /// Sends a form to an endpoint of the authorization server.
    ///
    /// # Errors
    /// Where no answer comes.
    pub async fn post(
        &self,
        path: &str,
        form: &[(&str, &str)],
    ) -> anyhow::Result<(StatusCode, String)> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self.http.post(self.resource.join(path)?);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let answer = request.body(body).send().await?;
        Ok((answer.status(), answer.text().await?))
    }

    /// Sends a form to the token endpoint, which is to give tokens.
    ///
    /// # Errors
    /// If it returns none.
    pub async fn tokens(&self, form: &[(&str, &str)]) -> anyhow::Result<Tokens> {
        let (status, body) = self.post("/oauth/token", form).await?;
        anyhow::ensure!(status == StatusCode::OK, "{status} {body}");
        let answer: Value = serde_json::from_str(&body)?;
        Ok(Tokens {
            access: text(&answer, "access_token")?,
            refresh: text(&answer, "refresh_token")?,
        })
    }

    /// Has a person approve, and redeems the code.
    ///
    /// # Errors
    /// Where the person does not approve, or the code opens nothing.
    pub async fn connect(&self, person: &Person) -> anyhow::Result<Tokens> {
        let request = self.authorization_request()?;
        let response = person.authorize(request.as_str()).await?;
        self.redeem(&response).await
    }

    /// Redeems the code of a response that was sent to the redirect URI.
    ///
    /// # Errors
    /// Where there is no code in it, or the code opens nothing.
    pub async fn redeem(&self, response: &Url) -> anyhow::Result<Tokens> {
        let mut pairs = response.query_pairs();
        let code = pairs.find(|(name, _)| name == "code");
        let (_, code) = code.context("the response has no code")?;
        self.tokens(&self.redemption(&code)).await
    }
}

fn text(answer: &Value, member: &str) -> anyhow::Result<String> {
    let found = answer[member].as_str().map(str::to_owned);
    found.with_context(|| format!("no {member} in {answer}"))
}
