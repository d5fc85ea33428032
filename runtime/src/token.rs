//! Secrets that this server makes: random text to hand out once, and the digest that is kept.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

use crate::random::Random;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Characters of a random text: 43 of 62 are a little more than 256 bits.
pub(crate) const LENGTH: usize = 43;

/// The SHA-256 of a secret: what the store keeps and looks up. The secrets have 256 random bits,
/// so that nothing slower is needed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    /// The digest of a secret.
    pub(crate) fn of(secret: &str) -> Digest {
        Digest::of_bytes(secret.as_bytes())
    }

    /// The digest of a file.
    pub(crate) fn of_bytes(content: &[u8]) -> Digest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, content).as_ref());
        Digest(bytes)
    }

    /// Takes a digest that was stored.
    pub(crate) fn stored(bytes: [u8; 32]) -> Digest {
        Digest(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The first bytes in hexadecimal.
    pub(crate) fn hex(&self, bytes: usize) -> String {
        let bytes = self.0.iter().take(bytes);
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Digest(…)")
    }
}

/// Draws a text of 43 letters and digits that cannot be guessed.
pub(crate) fn random_text(random: &dyn Random) -> String {
    text_from(|bytes| random.fill(bytes))
}

/// A text of 43 letters and digits from a source of uniform bytes.
pub(crate) fn text_from(mut fill: impl FnMut(&mut [u8])) -> String {
    let mut text = String::with_capacity(LENGTH);
    loop {
        let mut bytes = [0; 64];
        fill(&mut bytes);
        for byte in bytes {
            // 248 is the largest multiple of 62 below 256: bytes from there on would make the
            // first digits likelier than the others.
            if byte < 248 {
                text.push(char::from(BASE62[usize::from(byte % 62)]));
            }
            if text.len() == LENGTH {
                return text;
            }
        }
    }
}

/// Draws an id: `prefix_` and 22 letters and digits (131 bits).
pub(crate) fn random_id(prefix: &str, random: &dyn Random) -> String {
    let mut text = random_text(random);
    text.truncate(22);
    format!("{prefix}_{text}")
}

/// A number as `width` digits of base 62, the most significant first.
pub(crate) fn base62(mut number: u32, width: usize) -> String {
    let mut digits = vec![BASE62[0]; width];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(number % 62) as usize];
        number /= 62;
    }
    digits.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_would_favour_some_characters_are_skipped() {
        let mut next = 240_u8;
        let text = text_from(|bytes| {
            for byte in bytes {
                *byte = next;
                next = next.wrapping_add(1);
            }
        });
        // 240 to 247 are 54 to 61; 248 to 255 are skipped; 0 follows.
        assert_eq!(&text[..10], "stuvwxyz01");
        assert_eq!(text.len(), 43);
    }

    #[test]
    fn a_number_has_a_fixed_width() {
        assert_eq!(base62(0, 6), "000000");
        assert_eq!(base62(61, 6), "00000z");
        assert_eq!(base62(u32::MAX, 6), "4gfFC3");
    }
}
