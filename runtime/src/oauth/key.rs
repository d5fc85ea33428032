//! The text of access and refresh tokens: `prefix_environment_random_checksum`.
//!
//! The prefix lets scanners find a token that leaked; the checksum reveals a mistyped or made-up one
//! without a look into the store.

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};

use crate::model::SALT;
use crate::random::Random;
use crate::secret::Secret;
use crate::token;

/// How this server's tokens begin.
#[derive(Clone, Debug)]
pub(crate) struct KeyFormat {
    prefix: String,
    environment: &'static str,
}

/// The tokens of one issue.
#[derive(Clone, Debug)]
pub(crate) struct TokenPair {
    pub(crate) access: Secret,
    pub(crate) refresh: Secret,
}

/// How many bytes HKDF is to return.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl KeyFormat {
    /// Tokens that begin with `prefix`, which is of lower-case letters and digits.
    pub(crate) fn new(prefix: &str, environment: &'static str) -> KeyFormat {
        KeyFormat {
            prefix: prefix.to_owned(),
            environment,
        }
    }

    /// Draws new tokens.
    pub(crate) fn draw(&self, random: &dyn Random) -> TokenPair {
        TokenPair {
            access: self.write("", &token::random_text(random)),
            refresh: self.write("refresh_", &token::random_text(random)),
        }
    }

    /// The tokens that follow `refresh`, which needs both it and the salt of its rotation: who
    /// knows the store only, or the token only, cannot find them. The same two give the same
    /// tokens, so that an answer that was lost can be given again.
    pub(crate) fn derive(&self, refresh: &Secret, salt: &[u8; SALT]) -> TokenPair {
        let key = Salt::new(HKDF_SHA256, salt).extract(refresh.expose().as_bytes());
        let text = |kind: &[u8]| {
            let mut round = 0_u8;
            token::text_from(|bytes| {
                // The output is shorter than HKDF's limit, so that this cannot fail.
                let expanded = key
                    .expand(&[kind, &[round]], Length(bytes.len()))
                    .and_then(|output| output.fill(bytes));
                debug_assert!(expanded.is_ok());
                round = round.wrapping_add(1);
            })
        };
        TokenPair {
            access: self.write("", &text(b"access token")),
            refresh: self.write("refresh_", &text(b"refresh token")),
        }
    }

    fn write(&self, kind: &str, random: &str) -> Secret {
        let text = format!("{}_{}_{kind}{random}", self.prefix, self.environment);
        Secret::new(&format!("{text}_{}", checksum(&text)))
    }
}

/// Whether a token has the form that this server's tokens have, of whatever prefix.
pub(crate) fn is_well_formed(token: &str) -> bool {
    token.len() <= 256
        && token
            .rsplit_once('_')
            .is_some_and(|(text, sum)| checksum(text) == sum)
}

fn checksum(text: &str) -> String {
    token::base62(crc32fast::hash(text.as_bytes()), 6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    #[test]
    fn a_token_reveals_its_prefix_environment_and_checksum() {
        let format = KeyFormat::new("mcpk", "live");
        let pair = format.draw(&SystemRandom);
        let parts: Vec<_> = pair.access.expose().split('_').collect();
        assert_eq!((parts[0], parts[1]), ("mcpk", "live"));
        assert_eq!((parts[2].len(), parts[3].len()), (43, 6));
        assert!(is_well_formed(pair.access.expose()));
        assert!(is_well_formed(pair.refresh.expose()));
    }

    #[test]
    fn one_wrong_character_is_reported_without_a_look_into_the_store() {
        let token = KeyFormat::new("mcpk", "live").draw(&SystemRandom).access;
        let wrong = token.expose().replacen("mcpk_live", "mcpk_test", 1);
        assert!(!is_well_formed(&wrong));
        assert!(!is_well_formed(""));
        assert!(!is_well_formed("a_b"));
    }

    #[test]
    fn successors_follow_from_token_and_salt_alone() {
        let format = KeyFormat::new("mcpk", "live");
        let first = format.draw(&SystemRandom);
        let second = format.derive(&first.refresh, &[1; SALT]);
        let again = format.derive(&first.refresh, &[1; SALT]);
        assert_eq!(second.access, again.access);
        assert_eq!(second.refresh, again.refresh);
        assert_ne!(second.access, second.refresh);
        assert_ne!(
            second.access,
            format.derive(&first.refresh, &[2; SALT]).access
        );
    }
}
