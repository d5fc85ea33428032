//! Sealing: secrets of others are kept so that a copy of the database alone opens nothing.
//!
//! AES-256-GCM (NIST SP 800-38D) under a key that only the configuration knows, with a random
//! nonce. What is sealed is bound to its owner: put into another row, it does not open.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::random::Random;
use crate::secret::{Secret, Source};

/// Bytes of a sealing key.
const KEY_LEN: usize = 32;

/// A key that encrypts secrets of the API or of the identity provider in the store.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SealingKeySettings {
    /// The name that the store keeps beside what this key encrypted. It never changes for a key.
    pub id: String,
    /// 32 random bytes in base64.
    pub key: Source,
}

/// Whose a secret is, which is sealed along with it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Owner<'a> {
    /// A key of the API, of a grant.
    Grant {
        /// Id of the grant.
        grant: &'a str,
        /// Our id of the workspace.
        workspace: &'a str,
        /// The API's id of the key.
        key: &'a str,
    },
    /// A refresh token of the identity provider, of an account there.
    Account {
        /// The issuer identifier.
        issuer: &'a str,
        /// The subject identifier.
        subject: &'a str,
    },
    /// A token of the identity provider that is exchanged, of an account there.
    Subject {
        /// The issuer identifier.
        issuer: &'a str,
        /// The subject identifier.
        subject: &'a str,
    },
}

/// A sealed secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Sealed {
    /// Id of the sealing key.
    pub(crate) with: String,
    /// Nonce, ciphertext and tag.
    pub(crate) bytes: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Sealed");
        debug.field("with", &self.with).finish_non_exhaustive()
    }
}

/// The sealing keys: the first seals, each opens what it sealed.
pub(crate) struct SealingKeys {
    first: (String, LessSafeKey),
    others: Vec<(String, LessSafeKey)>,
    random: Arc<dyn Random>,
}

impl SealingKeys {
    /// Fetches the configured keys.
    ///
    /// # Errors
    /// Where there is none, one is no key, or two have one id; a sentence that names it.
    pub(crate) fn read(
        settings: &[SealingKeySettings],
        random: Arc<dyn Random>,
    ) -> Result<SealingKeys, String> {
        let mut keys: Vec<(String, LessSafeKey)> = Vec::new();
        for entry in settings {
            let id = &entry.id;
            if id.is_empty() || keys.iter().any(|(other, _)| other == id) {
                return Err(format!("`{id}`: each key needs an id of its own"));
            }
            let secret = entry.key.read();
            let secret = secret.map_err(|error| format!("`{id}`: {error}"))?;
            keys.push((
                id.clone(),
                key(&secret).map_err(|error| format!("`{id}`: {error}"))?,
            ));
        }
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or_else(|| {
            "is missing: write { id = \"1\", key = { env = \"SEALING_KEY\" } } and give that \
             variable 32 random bytes in base64 (`openssl rand -base64 32`)"
                .to_owned()
        })?;
        Ok(SealingKeys {
            first,
            others: keys.collect(),
            random,
        })
    }

    /// Seals a secret; `None` where the cipher fails.
    pub(crate) fn seal(&self, owner: Owner<'_>, secret: &Secret) -> Option<Sealed> {
        let (with, key) = &self.first;
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce);
        let mut text = secret.expose().as_bytes().to_vec();
        let bound = Aad::from(bound(owner, with));
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound, &mut text)
            .ok()?;
        Some(Sealed {
            with: with.clone(),
            bytes: [nonce.as_slice(), &text].concat(),
        })
    }

    /// Opens what was sealed; `None` where it is not this owner's, was changed, or was sealed with a
    /// key that is not here.
    pub(crate) fn open(&self, owner: Owner<'_>, sealed: &Sealed) -> Option<Secret> {
        let mut all = std::iter::once(&self.first).chain(&self.others);
        let (_, key) = all.find(|(id, _)| *id == sealed.with)?;
        let (nonce, text) = sealed.bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let bound = Aad::from(bound(owner, &sealed.with));
        let mut text = text.to_vec();
        let opened = key.open_in_place(nonce, bound, &mut text).ok()?;
        Some(Secret::new(std::str::from_utf8(opened).ok()?))
    }

    /// Whether the key of this id is here.
    pub(crate) fn knows(&self, id: &str) -> bool {
        let mut all = std::iter::once(&self.first).chain(&self.others);
        all.any(|(known, _)| known == id)
    }
}

fn key(secret: &Secret) -> Result<LessSafeKey, String> {
    let bytes = STANDARD.decode(secret.expose().trim()).unwrap_or_default();
    let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| {
        format!("has to be {KEY_LEN} random bytes in base64, as `openssl rand -base64 32` prints")
    })?;
    Ok(LessSafeKey::new(key))
}

/// What is authenticated beside the secret, in a spelling that no two owners share.
fn bound(owner: Owner<'_>, with: &str) -> Vec<u8> {
    let parts = match owner {
        Owner::Grant {
            grant,
            workspace,
            key,
        } => json!(["upstream key", grant, workspace, key, with]),
        Owner::Account { issuer, subject } => {
            json!(["provider refresh token", issuer, subject, with])
        }
        Owner::Subject { issuer, subject } => {
            json!(["provider subject token", issuer, subject, with])
        }
    };
    parts.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    const OWNER: Owner<'_> = owner("key_1", "wsp_1", "k");

    const fn owner<'a>(grant: &'a str, workspace: &'a str, key: &'a str) -> Owner<'a> {
        Owner::Grant {
            grant,
            workspace,
            key,
        }
    }

    fn keys(ids: &[&str]) -> SealingKeys {
        let settings = ids.iter().map(|id| {
            // A key of its own for each id.
            let bytes = [id.as_bytes()[0]; KEY_LEN];
            SealingKeySettings {
                id: (*id).to_owned(),
                key: Source::Literal(Secret::new(&STANDARD.encode(bytes))),
            }
        });
        SealingKeys::read(&settings.collect::<Vec<_>>(), Arc::new(SystemRandom)).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_its_owner_only() {
        let (keys, secret) = (keys(&["a"]), Secret::new("mq_full_secret"));
        let sealed = keys.seal(OWNER, &secret).unwrap();
        assert_eq!(keys.open(OWNER, &sealed), Some(secret));
        let account = Owner::Account {
            issuer: "key_1",
            subject: "wsp_1",
        };
        for other in [
            owner("key_2", "wsp_1", "k"),
            owner("key_1", "wsp_2", "k"),
            owner("key_1", "wsp_1", "other"),
            account,
        ] {
            assert_eq!(keys.open(other, &sealed), None, "{other:?}");
        }
        // A refresh token is never taken for a token that is exchanged, nor the reverse.
        let subject = Owner::Subject {
            issuer: "key_1",
            subject: "wsp_1",
        };
        let secret = Secret::new("refresh");
        let sealed = keys.seal(account, &secret).unwrap();
        assert_eq!(keys.open(subject, &sealed), None);
        let sealed = keys.seal(subject, &secret).unwrap();
        assert_eq!(keys.open(account, &sealed), None);
    }

    #[test]
    fn a_changed_byte_anywhere_is_noticed() {
        let keys = keys(&["a"]);
        let sealed = keys.seal(OWNER, &Secret::new("secret")).unwrap();
        for at in 0..sealed.bytes.len() {
            let mut changed = sealed.clone();
            changed.bytes[at] ^= 1;
            assert_eq!(keys.open(OWNER, &changed), None, "{at}");
        }
        let mut cut = sealed;
        cut.bytes.truncate(NONCE_LEN - 1);
        assert_eq!(keys.open(OWNER, &cut), None);
    }

    #[test]
    fn the_first_key_seals_and_earlier_ones_still_open() {
        let secret = Secret::new("secret");
        let before = keys(&["a"]).seal(OWNER, &secret).unwrap();
        let both = keys(&["b", "a"]);
        assert_eq!(both.open(OWNER, &before), Some(secret.clone()));
        let after = both.seal(OWNER, &secret).unwrap();
        assert_eq!(after.with, "b");
        assert_eq!(keys(&["b"]).open(OWNER, &before), None);
        assert!(keys(&["b"]).knows("b") && !keys(&["b"]).knows("a"));
    }

    #[test]
    fn the_same_secret_is_never_sealed_to_the_same_bytes() {
        let (keys, secret) = (keys(&["a"]), Secret::new("secret"));
        let seal = || keys.seal(OWNER, &secret).unwrap().bytes;
        assert_ne!(seal(), seal());
    }

    #[test]
    fn a_key_of_the_wrong_length_is_refused_without_being_shown() {
        let settings = [SealingKeySettings {
            id: "a".to_owned(),
            key: Source::Literal(Secret::new("aHVudGVyMg==")),
        }];
        let error = SealingKeys::read(&settings, Arc::new(SystemRandom));
        let error = error.err().unwrap();
        assert!(
            error.contains("`a`") && error.contains("32 random bytes"),
            "{error}"
        );
        assert!(!error.contains("aHVudGVyMg"), "{error}");
    }
}
