//! Parts of answers that clients have not asked for yet, and the cursors that name them.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::part::Part;
use super::seal::PartKey;
use crate::clock::Clock;
use crate::model::AccessContext;
use crate::random::Random;
use crate::token::{self, Digest};

/// The argument of a tool that continues an answer.
pub(in crate::call) const CURSOR: &str = "_cursor";

/// How long a part is kept.
const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// The most bytes that are kept for all.
const BYTES: usize = 64 * 1024 * 1024;

/// The most bytes that are kept for one connection.
const BYTES_OF_OWNER: usize = BYTES / 4;

/// Keeps parts of answers, and returns each to whom its answer was for.
pub(crate) struct Keeper {
    kept: KeptAnswers,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Keeper").finish_non_exhaustive()
    }
}

/// Kept parts, sealed, in the memory of this process.
#[derive(Debug, Default)]
struct KeptAnswers(Mutex<Answers>);

#[derive(Debug, Default)]
struct Answers {
    /// The oldest first.
    answers: VecDeque<KeptAnswer>,
    parts: HashMap<Digest, SealedPart>,
    bytes: usize,
}

#[derive(Debug)]
struct SealedPart {
    bytes: Vec<u8>,
    expires: SystemTime,
}

#[derive(Debug)]
struct KeptAnswer {
    owner: String,
    expires: SystemTime,
    bytes: usize,
    parts: Vec<Digest>,
}

/// A part that was asked for, and the cursor of the next one.
#[derive(Debug)]
pub(in crate::call) struct Continued {
    pub(in crate::call) part: Part,
    pub(in crate::call) next: String,
}

/// The secret of a kept answer, and the number of one of its parts.
struct Cursor<'c> {
    secret: &'c str,
    number: u32,
}

impl Keeper {
    /// Keeps parts in the memory of this process.
    pub(crate) fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Keeper {
        Keeper {
            kept: KeptAnswers::default(),
            clock,
            random,
        }
    }

    /// Keeps the parts of an answer of `tool` to `caller`. Returns the cursor of the first of them, or
    /// nothing where they cannot be kept.
    pub(in crate::call) fn keep(
        &self,
        parts: Vec<Part>,
        tool: &str,
        caller: &AccessContext,
    ) -> Option<String> {
        let secret = token::random_text(&*self.random);
        let key = PartKey::of(&secret)?;
        let (owner, bound) = (owner(caller), bound(tool, caller));
        let mut sealed = Vec::with_capacity(parts.len());
        for (number, part) in (0..).zip(parts) {
            let part = part.to_bytes()?;
            let cursor = Cursor {
                secret: &secret,
                number,
            };
            sealed.push((cursor.digest(), key.seal(number, &bound, part)?));
        }
        let now = self.clock.now();
        let expires = now.checked_add(LIFETIME)?;
        self.kept.keep(owner, sealed, now, expires)?;
        let first = Cursor {
            secret: &secret,
            number: 0,
        };
        Some(first.to_string())
    }

    /// Returns the part that a cursor names. Returns nothing where it is not kept (any longer), or is of
    /// an answer of another tool or to another caller.
    pub(in crate::call) fn part(
        &self,
        cursor: &str,
        tool: &str,
        caller: &AccessContext,
    ) -> Option<Continued> {
        let cursor = Cursor::read(cursor)?;
        let sealed = self.kept.part(&cursor.digest(), self.clock.now())?;
        let key = PartKey::of(cursor.secret)?;
        let part = key.open(cursor.number, &bound(tool, caller), sealed)?;
        let next = Cursor {
            number: cursor.number.checked_add(1)?,
            ..cursor
        };
        Some(Continued {
            part: Part::from_bytes(&part)?,
            next: next.to_string(),
        })
    }
}

/// Whose an answer is: the grant, or nothing for the operator.
fn owner(caller: &AccessContext) -> String {
    let grant = caller.grant.as_deref();
    grant.map(|grant| grant.id.to_string()).unwrap_or_default()
}

/// Returns what a part is sealed for, in a spelling that no two share.
fn bound(tool: &str, caller: &AccessContext) -> String {
    json!(["kept answer", owner(caller), tool]).to_string()
}

impl<'c> Cursor<'c> {
    fn read(text: &'c str) -> Option<Cursor<'c>> {
        let (secret, number) = text.split_once('_')?;
        let number = number.parse().ok()?;
        (secret.len() == token::LENGTH).then_some(Cursor { secret, number })
    }

    fn digest(&self) -> Digest {
        Digest::of(&self.to_string())
    }
}

impl fmt::Display for Cursor<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}_{}", self.secret, self.number)
    }
}

impl KeptAnswers {
    /// Keeps the parts of an answer. Returns nothing where they are more than is kept for one
    /// connection.
    fn keep(
        &self,
        owner: String,
        parts: Vec<(Digest, Vec<u8>)>,
        now: SystemTime,
        expires: SystemTime,
    ) -> Option<()> {
        let bytes: usize = parts.iter().map(|(_, part)| part.len()).sum();
        if bytes > BYTES_OF_OWNER {
            return None;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.answers.front().is_some_and(|it| it.expires <= now) {
            kept.remove(0);
        }
        while kept.bytes_of(&owner) + bytes > BYTES_OF_OWNER
            && let Some(oldest) = kept.answers.iter().position(|it| it.owner == owner)
        {
            kept.remove(oldest);
        }
        while kept.bytes + bytes > BYTES && !kept.answers.is_empty() {
            kept.remove(0);
        }
        kept.bytes += bytes;
        kept.answers.push_back(KeptAnswer {
            owner,
            expires,
            bytes,
            parts: parts.iter().map(|(digest, _)| *digest).collect(),
        });
        let parts = parts.into_iter();
        let parts = parts.map(|(digest, bytes)| (digest, SealedPart { bytes, expires }));
        kept.parts.extend(parts);
        Some(())
    }

    fn part(&self, digest: &Digest, now: SystemTime) -> Option<Vec<u8>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let part = kept.parts.get(digest)?;
        (part.expires > now).then(|| part.bytes.clone())
    }
}

impl Answers {
    fn bytes_of(&self, owner: &str) -> usize {
        let answers = self.answers.iter().filter(|it| it.owner == owner);
        answers.map(|it| it.bytes).sum()
    }

    fn remove(&mut self, place: usize) {
        let Some(removed) = self.answers.remove(place) else {
            return;
        };
        self.bytes -= removed.bytes;
        for digest in removed.parts {
            self.parts.remove(&digest);
        }
    }
}

/// Returns the arguments that continue an answer.
pub(in crate::call) fn arguments(cursor: &str) -> Value {
    json!({ CURSOR: cursor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_that_is_larger_than_a_connection_may_have_is_not_kept_and_removes_no_other() {
        let kept = KeptAnswers::default();
        let now = SystemTime::UNIX_EPOCH;
        let expires = now + LIFETIME;
        let keep = |name: &str, bytes: usize| {
            let part = (Digest::of(name), vec![0; bytes]);
            kept.keep("owner".to_owned(), vec![part], now, expires)
        };
        assert_eq!(keep("first", 1), Some(()));
        assert_eq!(keep("large", BYTES_OF_OWNER + 1), None);
        assert!(kept.part(&Digest::of("first"), now).is_some());
        assert!(kept.part(&Digest::of("large"), now).is_none());
        assert_eq!(kept.0.lock().unwrap().bytes, 1);
    }
}
