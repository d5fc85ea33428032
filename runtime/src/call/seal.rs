//! How the rest of an answer and the purpose of a link are sealed while they are kept: with a key that
//! only the cursor or the link has.
//!
//! AES-256-GCM (NIST SP 800-38D). The key is derived from the random part of the cursor or link, of which
//! the place of keeping has digests alone: a copy of it opens nothing, with no other key beside it. Each key
//! seals each number once, so that the number is the nonce.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::token::Digest;

/// The key of what one secret names.
pub(super) struct SecretKey(LessSafeKey);

impl SecretKey {
    /// Derives the key of a purpose from a secret. Returns nothing where the cipher fails.
    pub(super) fn of(purpose: &str, secret: &str) -> Option<SecretKey> {
        let key = Digest::of(&format!("key of a {purpose} {secret}"));
        let key = UnboundKey::new(&AES_256_GCM, key.as_bytes()).ok()?;
        Some(SecretKey(LessSafeKey::new(key)))
    }

    /// Seals a part for those who are named by `bound`. Returns nothing where the cipher fails.
    pub(super) fn seal(&self, number: u32, bound: &str, mut part: Vec<u8>) -> Option<Vec<u8>> {
        let aad = Aad::from(bound.as_bytes());
        let sealed = self
            .0
            .seal_in_place_append_tag(nonce(number), aad, &mut part);
        sealed.ok()?;
        Some(part)
    }

    /// Opens a part. Returns nothing where it was sealed with another key, for others, or as another
    /// number.
    pub(super) fn open(&self, number: u32, bound: &str, mut part: Vec<u8>) -> Option<Vec<u8>> {
        let aad = Aad::from(bound.as_bytes());
        let opened = self.0.open_in_place(nonce(number), aad, &mut part);
        let length = opened.ok()?.len();
        part.truncate(length);
        Some(part)
    }
}

fn nonce(number: u32) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    for (slot, byte) in bytes.iter_mut().zip(number.to_be_bytes()) {
        *slot = byte;
    }
    Nonce::assume_unique_for_key(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_opens_with_its_key_for_its_owner_under_its_number_alone() {
        let key = SecretKey::of("part", "secret").unwrap();
        let sealed = key.seal(1, "owner", b"part".to_vec()).unwrap();
        assert!(!sealed.windows(4).any(|bytes| bytes == b"part"));
        assert_eq!(key.open(1, "owner", sealed.clone()).unwrap(), b"part");
        let other = SecretKey::of("part", "Secret").unwrap();
        assert!(other.open(1, "owner", sealed.clone()).is_none());
        let other = SecretKey::of("link", "secret").unwrap();
        assert!(other.open(1, "owner", sealed.clone()).is_none());
        assert!(key.open(2, "owner", sealed.clone()).is_none());
        assert!(key.open(1, "another", sealed).is_none());
    }
}
