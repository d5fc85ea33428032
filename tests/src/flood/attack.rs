//! What one address sends at full speed.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::StatusCode;
use reqwest::redirect::Policy;
use serde_json::json;
use url::Url;

use crate::harness::browser::Browser;
use crate::harness::oauth::OAuthClient;
use crate::harness::person::EMAIL;

/// A kind of request that a flood consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attack {
    /// One authorization request, over and over, without cookies.
    Authorize,
    /// The same with the cookies of one browser.
    Replay,
    /// Registrations of clients.
    Register,
    /// Authorization requests of clients whose documents do not exist.
    Documents,
    /// Wrong passwords for the account of the person who signs in.
    Guesses,
}

/// What became of the requests of a flood.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Answered as if there were no flood.
    pub(super) let_in: u64,
    /// Answered with 429.
    pub(super) refused: u64,
    /// Not answered.
    pub(super) failed: u64,
}

/// One address, and what it sends.
#[derive(Clone, Debug)]
pub(super) struct Attacker {
    attack: Attack,
    address: IpAddr,
    http: reqwest::Client,
    client: OAuthClient,
    server: Url,
}

impl Attack {
    pub(super) const ALL: [Attack; 5] = [
        Attack::Authorize,
        Attack::Replay,
        Attack::Register,
        Attack::Documents,
        Attack::Guesses,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Attack::Authorize => "authorization requests",
            Attack::Replay => "the same, with cookies",
            Attack::Register => "registrations",
            Attack::Documents => "invented documents",
            Attack::Guesses => "guessed passwords",
        }
    }
}

impl Counts {
    pub(super) fn add(&mut self, other: &Counts) {
        self.let_in += other.let_in;
        self.refused += other.refused;
        self.failed += other.failed;
    }
}

impl Attacker {
    pub(super) fn new(
        attack: Attack,
        address: IpAddr,
        client: OAuthClient,
        server: Url,
    ) -> anyhow::Result<Attacker> {
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .local_address(address)
            .build()?;
        Ok(Attacker {
            attack,
            address,
            http,
            client,
            server,
        })
    }

    /// Sends one request after the other over one connection until the flood is over.
    pub(super) async fn flood(self, connection: usize, over: Arc<AtomicBool>) -> Counts {
        let mut counts = Counts::default();
        let mut browser = match Browser::at(self.address, &self.server) {
            Ok(browser) => browser,
            Err(_) => return counts,
        };
        let mut number = 0_u64;
        while !over.load(Ordering::Relaxed) {
            number += 1;
            let sent = self
                .send(&mut browser, &format!("{connection}-{number}"))
                .await;
            match sent {
                Ok(StatusCode::TOO_MANY_REQUESTS) => counts.refused += 1,
                Ok(_) => counts.let_in += 1,
                Err(_) => counts.failed += 1,
            }
        }
        counts
    }

    async fn send(&self, browser: &mut Browser, unique: &str) -> anyhow::Result<StatusCode> {
        let request = match self.attack {
            Attack::Authorize => self.http.get(self.client.authorization_request()?),
            Attack::Replay => {
                let address = self.client.authorization_request()?;
                let page = browser.open(address.as_str()).await?.page()?;
                return Ok(StatusCode::from_u16(page.status)?);
            }
            Attack::Register => {
                let uri = format!("https://{unique}.example/callback");
                let metadata = json!({"client_name": "Flood", "redirect_uris": [uri]});
                let request = self.http.post(self.server.join("/oauth/register")?);
                let request = request.header("Content-Type", "application/json");
                request.body(metadata.to_string())
            }
            Attack::Documents => {
                let mut invented = self.client.clone();
                invented.id = format!("https://{unique}.invalid/client.json");
                self.http.get(invented.authorization_request()?)
            }
            Attack::Guesses => {
                let page = browser.open("/account/sign-in").await?.page()?;
                let Ok(form) = page.form_with("password") else {
                    return Ok(StatusCode::from_u16(page.status)?);
                };
                let form = form.with("email", EMAIL).with("password", unique);
                let page = browser.submit(&form).await?.page()?;
                return Ok(StatusCode::from_u16(page.status)?);
            }
        };
        let answer = request.send().await?;
        let status = answer.status();
        answer.bytes().await?;
        Ok(status)
    }
}
