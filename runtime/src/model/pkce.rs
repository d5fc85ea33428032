//! Proof Key for Code Exchange (RFC 7636), method S256 only.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// A `code_challenge` made with S256: the SHA-256 of a verifier, 43 characters of base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct CodeChallenge(String);

/// A `code_verifier`: 43 to 128 unreserved characters (RFC 7636 §4.1).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CodeVerifier(String);

impl CodeChallenge {
    /// Takes a challenge; `None` where no verifier could ever match it.
    pub(crate) fn parse(text: &str) -> Option<CodeChallenge> {
        let hash = URL_SAFE_NO_PAD.decode(text).ok()?;
        (hash.len() == 32).then(|| CodeChallenge(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this challenge was made from `verifier`.
    pub(crate) fn admits(&self, verifier: &CodeVerifier) -> bool {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.0.as_bytes())) == self.0
    }
}

impl CodeVerifier {
    /// Takes a verifier; `None` where it has the wrong length or other characters.
    pub(crate) fn parse(text: &str) -> Option<CodeVerifier> {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let fits = (43..=128).contains(&text.len()) && text.bytes().all(unreserved);
        fits.then(|| CodeVerifier(text.to_owned()))
    }
}

impl fmt::Debug for CodeVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CodeVerifier([secret])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, Appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_matches() {
        let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
        assert!(challenge.admits(&CodeVerifier::parse(VERIFIER).unwrap()));
        let other = VERIFIER.replace('d', "e");
        assert!(!challenge.admits(&CodeVerifier::parse(&other).unwrap()));
    }

    #[test]
    fn a_challenge_is_43_characters_of_base64url_without_padding() {
        for wrong in [
            &CHALLENGE[..42],
            &format!("{CHALLENGE}="),
            "",
            &"+".repeat(43),
        ] {
            assert_eq!(CodeChallenge::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_verifier_is_43_to_128_unreserved_characters() {
        assert!(CodeVerifier::parse(&"a".repeat(43)).is_some());
        assert!(CodeVerifier::parse(&"a".repeat(128)).is_some());
        for wrong in [
            "a".repeat(42),
            "a".repeat(129),
            format!("{} ", "a".repeat(50)),
        ] {
            assert_eq!(CodeVerifier::parse(&wrong), None, "{wrong}");
        }
    }
}
