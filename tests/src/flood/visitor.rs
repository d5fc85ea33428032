//! The person who signs in during a flood.

use std::net::IpAddr;

use url::Url;

use crate::harness::browser::Browser;
use crate::harness::oauth::OAuthClient;
use crate::harness::person::{self, Choice};

/// The first person of a server, at an address of their own.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    address: IpAddr,
    client: OAuthClient,
    server: Url,
}

impl Visitor {
    pub(super) fn new(address: IpAddr, client: OAuthClient, server: Url) -> Visitor {
        Visitor {
            address,
            client,
            server,
        }
    }

    /// Connects the client once more, in a browser without cookies: from its authorization request
    /// to the token.
    pub(super) async fn sign_in(&self) -> anyhow::Result<()> {
        let mut browser = Browser::at(self.address, &self.server)?;
        let request = self.client.authorization_request()?;
        let choice = Choice::Level("full");
        let response = person::authorize(&mut browser, request.as_str(), choice).await?;
        self.client.redeem(&response).await?;
        Ok(())
    }
}
