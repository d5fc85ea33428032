//! Takes secrets out of what comes in parts.

use bytes::{Bytes, BytesMut};

use super::{Edges, Redactor};

/// The most bytes that are held back for a secret whose end has not come.
const LONGEST: usize = 256 * 1024;

/// Blanks the secrets in bytes that come in parts, so that all else stays at its place. As many bytes are
/// held back as a secret may have, since its end may be in the next part.
#[derive(Debug)]
pub(crate) struct RedactedStream {
    redactor: Redactor,
    held: BytesMut,
}

impl RedactedStream {
    /// Looks for the secrets of `redactor`.
    pub(crate) fn new(redactor: Redactor) -> RedactedStream {
        RedactedStream {
            redactor,
            held: BytesMut::new(),
        }
    }

    /// Takes the next part. Returns what can be passed on, which may be nothing.
    pub(crate) fn push(&mut self, part: Bytes) -> Bytes {
        if self.redactor.is_idle() {
            return part;
        }
        self.held.extend_from_slice(&part);
        let length = self.held.len();
        let end = length.saturating_sub(self.redactor.reach());
        let found = self.redactor.find(&self.held, Edges::default());
        // A secret stays in one piece: of a token, the rest may still come.
        let across = found.iter().find(|it| it.start < end && end < it.end);
        let end = match across {
            Some(secret) if length - secret.start <= LONGEST => secret.start,
            _ => end,
        };
        let mut ready = self.held.split_to(end);
        for secret in found {
            let end = secret.end.min(end);
            if let Some(secret) = ready.get_mut(secret.start..end) {
                secret.fill(b'*');
            }
        }
        ready.freeze()
    }

    /// Returns what is left at the end.
    pub(crate) fn finish(self) -> Bytes {
        self.redactor.bytes(&self.held.freeze(), Edges::default())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::credential::Secrets;
    use crate::secret::Secret;

    fn redactor() -> Redactor {
        let secrets = Secrets::default().with([&Secret::new("a-secret-of-the-operator")]);
        let mut redactor = Redactor::new(Arc::new(secrets.with_beginning("eyJhbGciOi")));
        redactor.add(&Secret::new("key/of the person"));
        redactor
    }

    #[test]
    fn secrets_are_blanked_wherever_a_stream_is_divided() {
        let text = format!(
            "begin a-secret-of-the-operator {} key\\/of%20the\\u0020person eyJhbGciOi{}.x end",
            "filler ".repeat(50),
            "Q".repeat(3_000),
        );
        let whole = redactor().bytes(&Bytes::from(text.clone()), Edges::default());
        assert_ne!(whole, text.as_bytes());
        for size in [1, 7, 100, 1_000, 10_000] {
            let mut stream = RedactedStream::new(redactor());
            let mut passed = Vec::new();
            for part in text.as_bytes().chunks(size) {
                passed.extend_from_slice(&stream.push(Bytes::copy_from_slice(part)));
            }
            passed.extend_from_slice(&stream.finish());
            assert_eq!(passed, whole, "{size}");
        }
    }

    #[test]
    fn what_is_held_back_has_a_bound() {
        let mut stream = RedactedStream::new(redactor());
        stream.push(Bytes::from("eyJhbGciOi"));
        for _ in 0..100 {
            stream.push(Bytes::from(vec![b'Q'; 16 * 1024]));
            assert!(stream.held.len() <= LONGEST + 16 * 1024);
        }
    }
}
