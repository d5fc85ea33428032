//! Short names for long texts.

use sha2::{Digest, Sha256};

/// The first digits of the SHA-256 of a text, in hexadecimal: at most 64.
pub(crate) fn hash(text: &str, digits: usize) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.truncate(digits);
    hex
}
