//! What a wallet signs: a message of Sign-In with Ethereum (EIP-4361) that this server writes. The server
//! keeps nothing of it. The nonce proves that the message is of this server, and a nonce that was used is
//! kept until it expires.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;
use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};

use super::proof::{AgentGrant, too_often};
use crate::json;
use crate::jwt::SKEW;
use crate::limit::Source;
use crate::media_type;
use crate::model::ClientId;
use crate::oauth::authority::Authority;
use crate::oauth::error::{OAuthError, no_store};
use crate::random::Random;
use crate::request_body;
use crate::wallet::WalletAddress;

/// The path where challenges are asked for.
pub(in crate::oauth) const CHALLENGE: &str = "/oauth/agent/challenge";

/// How long a challenge can be answered.
pub(super) const LASTS: Duration = Duration::from_mins(5);
/// The longest request, in bytes, and the most values of JSON in it.
const LONGEST: usize = 4096;
const MAX_VALUES: usize = 50;
/// The longest message of a wallet, in bytes.
pub(super) const LONGEST_MESSAGE: usize = 4096;
/// The longest `client_id` of an agent, in bytes.
const LONGEST_CLIENT_ID: usize = 64;
/// Bytes of a nonce that are drawn, and of those that prove it.
const DRAWN: usize = 16;
const PROOF: usize = 16;

/// What the person or program behind the wallet reads before it signs. It agrees to nothing else.
const STATEMENT: &str =
    "Sign in to this connector as an agent. This moves no funds and costs nothing.";

/// A request for a challenge.
#[derive(Deserialize)]
struct ChallengeRequest {
    client_id: String,
    address: String,
    chain_id: u64,
}

/// A challenge.
#[derive(Serialize)]
struct ChallengeResponse<'a> {
    /// What the wallet signs as a personal message (EIP-191).
    message: String,
    /// Seconds until it can no longer be answered.
    expires_in: u64,
    /// How it is answered, at the token endpoint.
    grant_type: AgentGrant,
    token_endpoint: &'a str,
}

/// What a message says beside what is the same in all messages of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    /// The agent that asked for it.
    pub(super) client: ClientId,
    pub(super) address: WalletAddress,
    pub(super) chain_id: u64,
    /// When it was written, in seconds since 1970.
    pub(super) issued: u64,
    pub(super) nonce: String,
}

impl Challenge {
    /// Writes a new challenge.
    fn new(
        client: ClientId,
        address: WalletAddress,
        chain_id: u64,
        now: SystemTime,
        (key, random): (&hmac::Key, &dyn Random),
    ) -> Challenge {
        let mut drawn = [0; DRAWN];
        random.fill(&mut drawn);
        let mut challenge = Challenge {
            client,
            address,
            chain_id,
            issued: seconds(now),
            nonce: hexadecimal(&drawn),
        };
        let proof = hexadecimal(&challenge.proof(key));
        challenge.nonce.push_str(&proof);
        challenge
    }

    /// What proves the nonce: it is of this challenge, and of no other.
    fn proof(&self, key: &hmac::Key) -> Vec<u8> {
        let drawn = self.nonce.get(..2 * DRAWN).unwrap_or_default();
        let text = format!(
            "{drawn}\n{}\n{}\n{}\n{}",
            self.client, self.address, self.chain_id, self.issued
        );
        let tag = hmac::sign(key, text.as_bytes());
        tag.as_ref().iter().take(PROOF).copied().collect()
    }

    /// Whether the nonce is one that this server drew for this challenge.
    pub(super) fn is_proved(&self, key: &hmac::Key) -> bool {
        let proof = self.nonce.get(2 * DRAWN..).unwrap_or_default();
        let expected = hexadecimal(&self.proof(key));
        let equal = aws_lc_rs::constant_time::verify_slices_are_equal;
        equal(proof.as_bytes(), expected.as_bytes()).is_ok()
    }

    /// Whether it can still be answered.
    pub(super) fn is_valid_at(&self, now: SystemTime) -> bool {
        let now = seconds(now);
        let latest = now.saturating_add(SKEW.as_secs());
        self.issued <= latest && now < self.issued.saturating_add(LASTS.as_secs())
    }

    /// Reads what a message says. Whether it says nothing else shows where it is written again.
    pub(super) fn read(message: &str) -> Option<Challenge> {
        let field = |name: &str| message.lines().find_map(|line| line.strip_prefix(name));
        let issued = DateTime::parse_from_rfc3339(field("Issued At: ")?).ok()?;
        Some(Challenge {
            client: agent(field("Request ID: ")?)?,
            address: WalletAddress::parse(message.lines().nth(1)?).ok()?,
            chain_id: field("Chain ID: ")?.parse().ok()?,
            issued: issued.timestamp().try_into().ok()?,
            nonce: nonce(message)?.to_owned(),
        })
    }

    /// Writes the message (EIP-4361). `domain` is the host of the issuer, and `resource` what the agent
    /// gets access to.
    pub(super) fn write(&self, domain: &str, resource: &str) -> String {
        let Challenge {
            client,
            address,
            chain_id,
            issued,
            nonce,
        } = self;
        let (from, until) = (moment(*issued), moment(issued + LASTS.as_secs()));
        format!(
            "{domain} wants you to sign in with your Ethereum account:\n{address}\n\n{STATEMENT}\n\n\
             URI: {resource}\nVersion: 1\nChain ID: {chain_id}\nNonce: {nonce}\nIssued At: {from}\n\
             Expiration Time: {until}\nRequest ID: {client}\nResources:\n- {resource}"
        )
    }
}

/// Returns the nonce of a message, where it has the form of one of ours.
fn nonce(message: &str) -> Option<&str> {
    let mut lines = message.lines();
    let nonce = lines.find_map(|line| line.strip_prefix("Nonce: "))?;
    let is_plain = nonce.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_plain && nonce.len() == 2 * (DRAWN + PROOF)).then_some(nonce)
}

/// Reads the `client_id` of an agent that a message can contain: EIP-4361 takes a `Request ID` of
/// these characters as it is.
fn agent(text: &str) -> Option<ClientId> {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-');
    let fits = text.len() <= LONGEST_CLIENT_ID && text.bytes().all(is_plain);
    let client = ClientId::parse(text).filter(|_| fits)?;
    client.is_agent().then_some(client)
}

pub(in crate::oauth) async fn challenge(
    State(authority): State<Arc<Authority>>,
    request: Request,
) -> Result<Response, OAuthError> {
    let Some(agents) = &authority.agents else {
        return Err(OAuthError::invalid_request("agents cannot sign in here"));
    };
    let source = source(&authority, &request);
    let now = authority.services.clock.now();
    agents.take(&source, now).map_err(too_often)?;
    let asked = read(request).await?;
    // Whether there is such an agent is not looked up, so that the answer does not reveal it.
    let client = agent(&asked.client_id).ok_or_else(|| {
        let message = "client_id has to be that of an agent, as the portal shows it where a person links \
                       the agent";
        OAuthError::invalid_request(message)
    })?;
    let address = WalletAddress::parse(&asked.address);
    let address = address.map_err(|error| OAuthError::invalid_request(&error.to_string()))?;
    if !agents.settings.chain_ids.contains(&asked.chain_id) {
        let known = agents.settings.chain_ids.iter().map(u64::to_string);
        let known = known.collect::<Vec<_>>().join(", ");
        let message = format!("chain_id has to be one of {known}");
        return Err(OAuthError::invalid_request(&message));
    }
    let secrets = (&agents.nonce_key, &*authority.services.random);
    let challenge = Challenge::new(client, address, asked.chain_id, now, secrets);
    let response = ChallengeResponse {
        message: challenge.write(&authority.domain(), authority.agent_resource().as_str()),
        expires_in: LASTS.as_secs(),
        grant_type: AgentGrant::Wallet,
        token_endpoint: &authority.token_endpoint(),
    };
    Ok((no_store(), Json(response)).into_response())
}

/// Where a request comes from.
pub(in crate::oauth) fn source(authority: &Authority, request: &Request) -> Source {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let shared = &authority.accounts.shared_egress;
    let source = address.map(|it| Source::of(it.0.ip(), shared));
    source.unwrap_or_else(Source::unknown)
}

async fn read(request: Request) -> Result<ChallengeRequest, OAuthError> {
    if !media_type::is(request.headers(), media_type::JSON) {
        let message = "the Content-Type has to be application/json";
        return Err(OAuthError::invalid_request(message));
    }
    let body = request_body::read(request.into_body(), LONGEST).await;
    let body = body.map_err(|error| {
        OAuthError::invalid_request(&error.message()).with_status(error.status())
    })?;
    let fail = |error: &dyn std::fmt::Display| {
        let message =
            format!("the request is no object with client_id, address and chain_id: {error}");
        OAuthError::invalid_request(&message)
    };
    json::check(&body, MAX_VALUES).map_err(|error| fail(&error))?;
    serde_json::from_slice(&body).map_err(|error| fail(&error))
}

fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// A time as RFC 3339 writes it.
fn moment(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok();
    let time = time.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let text = time.map(|it| it.to_rfc3339_opts(SecondsFormat::Secs, true));
    text.unwrap_or_default()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    const DOMAIN: &str = "mcp.example.com";
    const RESOURCE: &str = "https://mcp.example.com/mcp";

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000)
    }

    fn challenge(key: &hmac::Key) -> Challenge {
        let address = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23";
        let address = WalletAddress::parse(address).unwrap();
        let client = agent("agt_7Yd0q2Lr9sVxW4eTnB1uKc").unwrap();
        Challenge::new(client, address, 8453, now(), (key, &SystemRandom))
    }

    #[test]
    fn message_is_written_as_eip_4361_says_and_read_again() {
        let key = super::super::nonce::key(b"key");
        let written = challenge(&key);
        let message = written.write(DOMAIN, RESOURCE);
        let nonce = &written.nonce;
        let expected = format!(
            "mcp.example.com wants you to sign in with your Ethereum account:\n\
             0x2c7536E3605D9C16a7a3D7b1898e529396a65c23\n\n{STATEMENT}\n\n\
             URI: https://mcp.example.com/mcp\nVersion: 1\nChain ID: 8453\nNonce: {nonce}\n\
             Issued At: 2026-11-18T11:06:40Z\nExpiration Time: 2026-11-18T11:11:40Z\n\
             Request ID: agt_7Yd0q2Lr9sVxW4eTnB1uKc\nResources:\n- https://mcp.example.com/mcp"
        );
        assert_eq!(message, expected);
        let read = Challenge::read(&message).unwrap();
        assert_eq!(read, written);
        assert!(read.is_proved(&key));
        assert!(!read.is_proved(&super::super::nonce::key(b"another server's")));
    }

    #[test]
    fn nonce_proves_one_agent_one_address_one_chain_and_one_time() {
        let key = super::super::nonce::key(b"key");
        let first = challenge(&key);
        let other = WalletAddress::parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed").unwrap();
        for changed in [
            Challenge {
                client: agent("agt_another").unwrap(),
                ..first.clone()
            },
            Challenge {
                chain_id: 1,
                ..first.clone()
            },
            Challenge {
                address: other,
                ..first.clone()
            },
            Challenge {
                issued: first.issued + 1,
                ..first.clone()
            },
            Challenge {
                nonce: first.nonce.replace(&first.nonce[..2], "zz"),
                ..first.clone()
            },
            Challenge {
                nonce: String::new(),
                ..first.clone()
            },
        ] {
            assert!(!changed.is_proved(&key), "{changed:?}");
        }
    }

    #[test]
    fn challenge_is_valid_for_five_minutes() {
        let first = challenge(&super::super::nonce::key(b"key"));
        assert!(first.is_valid_at(now()));
        assert!(first.is_valid_at(now() + Duration::from_secs(299)));
        assert!(!first.is_valid_at(now() + Duration::from_secs(300)));
        // The clock of another server of the same store may be ahead.
        assert!(first.is_valid_at(now() - SKEW));
        assert!(!first.is_valid_at(now() - SKEW - Duration::from_secs(1)));
    }
}
