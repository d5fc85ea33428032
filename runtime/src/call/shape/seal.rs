//! How a part of an answer is sealed while it is kept: with a key that only its cursor has.
//!
//! AES-256-GCM (NIST SP 800-38D). The key is derived from the random half of the cursor, of which the
//! place of keeping has digests alone. Each key seals each number of a part once, so that the number is
//! the nonce.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::token::Digest;

/// The key of the parts of one answer.
pub(super) struct PartKey(LessSafeKey);

impl PartKey {
    /// Derives the key from the secret of a cursor. Returns nothing where the cipher fails.
    pub(super) fn of(secret: &str) -> Option<PartKey> {
        let key = Digest::of(&format!("key of a kept answer {secret}"));
        let key = UnboundKey::new(&AES_256_GCM, key.as_bytes()).ok()?;
        Some(PartKey(LessSafeKey::new(key)))
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
        let key = PartKey::of("secret").unwrap();
        let sealed = key.seal(1, "owner", b"part".to_vec()).unwrap();
        assert!(!sealed.windows(4).any(|bytes| bytes == b"part"));
        assert_eq!(key.open(1, "owner", sealed.clone()).unwrap(), b"part");
        let other = PartKey::of("Secret").unwrap();
        assert!(other.open(1, "owner", sealed.clone()).is_none());
        assert!(key.open(2, "owner", sealed.clone()).is_none());
        assert!(key.open(1, "another", sealed).is_none());
    }
}
