//! The secrets to look for, in the spellings in which they are looked for.

use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::escape;
use crate::secret::Secret;

/// The shortest secret that is looked for, in bytes: a shorter one cannot be distinguished from other text.
pub(crate) const SHORTEST: usize = 8;

/// The secrets that answers are searched for whatever the call, each in its spellings.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    pub(super) spellings: Vec<Spelling>,
    /// The length of the longest of them.
    pub(super) longest: usize,
    /// Finds whether any spelling is there. `None` where there are none, or too many.
    pub(super) any: Option<AhoCorasick>,
}

/// A text that reveals a secret.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Spelling {
    pub(super) bytes: Vec<u8>,
    /// Whether it is the beginning of a token, the rest of which is secret too.
    pub(super) begins: bool,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secrets")
    }
}

impl Secrets {
    /// Adds secrets to look for.
    #[must_use]
    pub(crate) fn with<'s>(mut self, secrets: impl IntoIterator<Item = &'s Secret>) -> Secrets {
        for secret in secrets {
            self.add(secret.expose(), false);
        }
        self.prepare()
    }

    /// Adds a text that every token of some kind begins with.
    #[must_use]
    pub(crate) fn with_beginning(mut self, beginning: &str) -> Secrets {
        self.add(beginning, true);
        self.prepare()
    }

    fn add(&mut self, secret: &str, begins: bool) {
        let spellings = spellings(secret).into_iter();
        let spellings = spellings.map(|bytes| Spelling { bytes, begins });
        let new: Vec<_> = spellings
            .filter(|spelling| !self.spellings.contains(spelling))
            .collect();
        self.spellings.extend(new);
    }

    fn prepare(mut self) -> Secrets {
        let lengths = self.spellings.iter().map(|spelling| spelling.bytes.len());
        self.longest = lengths.max().unwrap_or_default();
        // This kind of match is the one that is searched for many bytes at a time.
        let mut builder = AhoCorasick::builder();
        let builder = builder.match_kind(MatchKind::LeftmostFirst);
        let patterns = self.spellings.iter().map(|spelling| &spelling.bytes);
        self.any = match self.spellings.is_empty() {
            true => None,
            false => builder.build(patterns).ok(),
        };
        self
    }
}

/// A secret in all the ways in which it is looked for: as it is, as forms write its spaces, in
/// hexadecimal, and in base64 wherever in the encoded text it begins. Escapes are undone instead.
pub(super) fn spellings(secret: &str) -> Vec<Vec<u8>> {
    if secret.len() < SHORTEST {
        return Vec::new();
    }
    let mut spellings = vec![
        secret.to_owned(),
        secret.replace(' ', "+"),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
        secret.bytes().map(|byte| format!("{byte:02X}")).collect(),
    ];
    for before in 0..3 {
        let bytes = [&[0; 2][..before], secret.as_bytes()].concat();
        // Characters that also hold bits of what is before and after are left out.
        let part = (before * 8).div_ceil(6)..bytes.len() * 8 / 6;
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&bytes);
            spellings.push(encoded.get(part.clone()).unwrap_or_default().to_owned());
        }
    }
    // Where the secret has what looks like an escape, undoing escapes changes it too.
    let plain = escape::undo(secret.as_bytes()).map(|plain| plain.bytes);
    let mut spellings: Vec<Vec<u8>> = spellings.into_iter().map(String::into_bytes).collect();
    spellings.extend(plain);
    spellings.retain(|spelling| spelling.len() >= SHORTEST);
    spellings.sort_unstable();
    spellings.dedup();
    spellings
}
