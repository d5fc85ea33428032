//! Agents: programs that act for one workspace without a person. An agent has a grant, as an
//! assistant has, and what it signs in with.

use std::collections::HashSet;
use std::time::SystemTime;

use url::Url;

use super::{ClientId, GrantId, PersonId, ResourceIndicator, Scopes, SealedKey, WorkspaceId};
use crate::jwt::{self, Algorithm, Jwk};
use crate::random::Random;
use crate::token::{self, Digest};
use crate::wallet::WalletAddress;

/// What the `client_id` of every agent begins with, and that of no other client.
pub(crate) const AGENT_PREFIX: &str = "agt_";

/// The most keys of an agent.
pub(crate) const AGENT_KEYS: usize = 10;

/// The algorithms by which agents sign assertions.
pub(crate) const AGENT_ALGORITHMS: [Algorithm; 5] = [
    Algorithm::EdDSA,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::RS256,
    Algorithm::PS256,
];

/// What an agent signs in with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AgentCredential {
    /// The wallet of this address.
    Wallet(WalletAddress),
    /// One of these keys: a JSON Web Key Set as it was entered (RFC 7517 §5).
    Keys(String),
    /// One of the keys at this URL.
    KeysAt(Url),
}

/// Why something cannot be the keys of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AgentKeysError {
    /// It is not a JSON Web Key Set.
    #[error("This is not a JSON Web Key Set: an object with `keys`.")]
    Form,
    /// A private key, or a shared secret, is among them.
    #[error(
        "A private key or a shared secret is in it. Enter public keys only, and replace this key."
    )]
    Private,
    /// There is none that can be used.
    #[error(
        "There is no key in it that an agent can sign in with: Ed25519, P-256, P-384, or RSA of 2048 bits \
         or more, for signatures of EdDSA, ES256, ES384, RS256 or PS256."
    )]
    None,
    /// An assertion could not name its key.
    #[error("There are several keys in it: each needs a `kid` of its own.")]
    Names,
    /// There are too many.
    #[error("There are more than 10 keys in it.")]
    Many,
}

impl AgentCredential {
    /// Reads a JSON Web Key Set of public keys.
    ///
    /// # Errors
    /// Where it is not one.
    pub(crate) fn keys(text: &str) -> Result<AgentCredential, AgentKeysError> {
        let set: serde_json::Value =
            serde_json::from_str(text).map_err(|_| AgentKeysError::Form)?;
        let listed = set.get("keys").and_then(serde_json::Value::as_array);
        let listed = listed.ok_or(AgentKeysError::Form)?;
        // RFC 7518 §6.2.2, §6.3.2, §6.4: what only the holder of a private key, or of a secret, has.
        let is_private = |key: &serde_json::Value| key.get("d").or(key.get("k")).is_some();
        if listed.iter().any(is_private) {
            return Err(AgentKeysError::Private);
        }
        if listed.len() > AGENT_KEYS {
            return Err(AgentKeysError::Many);
        }
        let mut names = HashSet::new();
        let mut is_named = |key: &serde_json::Value| {
            let name = key.get("kid").and_then(serde_json::Value::as_str);
            name.is_some_and(|name| names.insert(name.to_owned()))
        };
        if listed.len() > 1 && !listed.iter().all(&mut is_named) {
            return Err(AgentKeysError::Names);
        }
        let known = jwt::keys(&set, AGENT_KEYS).ok_or(AgentKeysError::Form)?;
        let is_usable = |key: &Jwk| jwt::is_usable(key, &AGENT_ALGORITHMS);
        match known.iter().any(is_usable) {
            true => Ok(AgentCredential::Keys(set.to_string())),
            false => Err(AgentKeysError::None),
        }
    }

    /// The keys that were entered.
    pub(crate) fn entered_keys(&self) -> Option<Vec<Jwk>> {
        let AgentCredential::Keys(text) = self else {
            return None;
        };
        let set = serde_json::from_str(text).ok()?;
        jwt::keys(&set, AGENT_KEYS)
    }

    /// As the store spells it: the kind, and the credential.
    pub(crate) fn as_stored(&self) -> (&'static str, String) {
        match self {
            AgentCredential::Wallet(address) => ("wallet", address.to_string()),
            AgentCredential::Keys(keys) => ("keys", keys.clone()),
            AgentCredential::KeysAt(url) => ("keys_at", url.to_string()),
        }
    }

    /// The inverse of [`AgentCredential::as_stored`].
    pub(crate) fn stored(kind: &str, text: String) -> Option<AgentCredential> {
        match kind {
            "wallet" => WalletAddress::parse(&text)
                .ok()
                .map(AgentCredential::Wallet),
            "keys" => Some(AgentCredential::Keys(text)),
            "keys_at" => text.parse().ok().map(AgentCredential::KeysAt),
            _ => None,
        }
    }

    /// How the agent signs in, in a word for people and for events.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            AgentCredential::Wallet(_) => "wallet",
            AgentCredential::Keys(_) | AgentCredential::KeysAt(_) => "key",
        }
    }
}

/// An agent that a person links to a workspace.
#[derive(Clone, Debug)]
pub(crate) struct NewAgent {
    pub(crate) grant: GrantId,
    pub(crate) client_id: ClientId,
    pub(crate) credential: AgentCredential,
    /// Who links it.
    pub(crate) person: PersonId,
    pub(crate) workspace: WorkspaceId,
    /// The API's id of the workspace, as it was when the person chose it.
    pub(crate) upstream_id: Option<String>,
    /// The name that the person chose.
    pub(crate) name: String,
    pub(crate) scopes: Scopes,
    pub(crate) resource: ResourceIndicator,
    /// When the person last proved who they are.
    pub(crate) signed_in: SystemTime,
    /// Its key at the API, where grants have one of their own.
    pub(crate) upstream_key: Option<SealedKey>,
}

impl NewAgent {
    /// Draws the `client_id` of a new agent.
    pub(crate) fn client_id(random: &dyn Random) -> ClientId {
        ClientId::stored(token::random_id(AGENT_PREFIX.trim_end_matches('_'), random))
    }

    /// The name of its key, which no person chose.
    pub(crate) fn key_name(&self) -> String {
        format!("Agent {} ({})", self.client_id, self.credential.kind())
    }
}

/// What became of linking an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linked {
    /// It is linked.
    Done,
    /// The person is no member of the workspace, or it is suspended or was linked anew. Nothing was
    /// changed.
    Refused,
    /// The person has too many agents in the workspace. Nothing was changed.
    TooMany,
    /// Another server took the key at the API back. Nothing was changed.
    KeyTakenBack,
}

/// An agent that may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Agent {
    pub(crate) grant: GrantId,
    pub(crate) client_id: ClientId,
    pub(crate) credential: AgentCredential,
    /// Who linked it.
    pub(crate) person: PersonId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) scopes: Scopes,
    pub(crate) resource: ResourceIndicator,
    /// Whether its workspace is suspended.
    pub(crate) suspended: bool,
}

/// What became of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgentSignIn {
    /// Its access token is kept.
    Done,
    /// The agent may no longer sign in. Nothing was changed.
    Ended,
    /// The agent has too many access tokens that are valid. Nothing was changed.
    TooMany {
        /// When the first of them expires.
        until: SystemTime,
    },
}

/// The access token of a sign-in, to be kept.
#[derive(Clone, Debug)]
pub(crate) struct AgentToken {
    pub(crate) digest: Digest,
    pub(crate) expires: SystemTime,
    /// What it allows, where that is less than the agent may.
    pub(crate) scopes: Option<Scopes>,
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn set_with_a_private_key_or_without_a_usable_one_is_refused() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let public = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
        let private = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","d":"{x}"}}"#);
        let set = |key: &str| AgentCredential::keys(&format!(r#"{{"keys":[{key}]}}"#));
        assert!(set(&public).is_ok());
        assert_eq!(set(&private), Err(AgentKeysError::Private));
        assert_eq!(
            set(r#"{"kty":"oct","k":"AAAA"}"#),
            Err(AgentKeysError::Private)
        );
        assert_eq!(
            set(r#"{"kty":"OKP","crv":"X25519"}"#),
            Err(AgentKeysError::None)
        );
        assert_eq!(AgentCredential::keys(&public), Err(AgentKeysError::Form));
        let named = |id: &str| format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"{id}"}}"#);
        let (one, two) = (named("one"), named("two"));
        assert!(set(&format!("{one},{two}")).is_ok());
        for unnamed in [format!("{one},{public}"), format!("{one},{one}")] {
            assert_eq!(set(&unnamed), Err(AgentKeysError::Names));
        }
        let many = [public.as_str(); 11].join(",");
        assert_eq!(set(&many), Err(AgentKeysError::Many));
    }

    #[test]
    fn key_is_usable_by_its_curve_its_length_and_what_it_declares() {
        let bytes = |length: usize| URL_SAFE_NO_PAD.encode(vec![0xff; length]);
        let ec = |curve: &str, length: usize, more: &str| {
            let x = bytes(length);
            format!(r#"{{"kty":"EC","crv":"{curve}","x":"{x}","y":"{x}"{more}}}"#)
        };
        let rsa = |length: usize, more: &str| {
            format!(
                r#"{{"kty":"RSA","n":"{}","e":"AQAB"{more}}}"#,
                bytes(length)
            )
        };
        let set = |key: &str| AgentCredential::keys(&format!(r#"{{"keys":[{key}]}}"#));
        for usable in [
            ec("P-256", 32, ""),
            ec("P-384", 48, r#","alg":"ES384","use":"sig""#),
            rsa(256, ""),
            rsa(512, r#","alg":"PS256""#),
        ] {
            assert!(set(&usable).is_ok(), "{usable}");
        }
        for unusable in [
            ec("P-521", 66, ""),
            ec("P-256", 48, ""),
            ec("P-256", 32, r#","use":"enc""#),
            ec("P-256", 32, r#","alg":"ES384""#),
            rsa(128, ""),
            rsa(256, r#","alg":"RS512""#),
            r#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#.to_owned(),
        ] {
            assert_eq!(set(&unusable), Err(AgentKeysError::None), "{unusable}");
        }
    }

    #[test]
    fn credential_is_read_as_it_was_stored() {
        let address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        for credential in [
            AgentCredential::Wallet(WalletAddress::parse(address).unwrap()),
            AgentCredential::Keys("{}".to_owned()),
            AgentCredential::KeysAt("https://agent.example.com/jwks".parse().unwrap()),
        ] {
            let (kind, text) = credential.as_stored();
            assert_eq!(AgentCredential::stored(kind, text), Some(credential));
        }
    }
}
