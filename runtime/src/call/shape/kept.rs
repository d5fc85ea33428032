//! Parts of answers that clients have not asked for yet, and the cursors that name them.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::part::Part;
use crate::call::seal::SecretKey;
use crate::clock::Clock;
use crate::model::AccessContext;
use crate::random::Random;
use crate::store::{SealedPart, Store, StoreError};
use crate::token::{self, Digest};

/// The argument of a tool that continues an answer.
pub(in crate::call) const CURSOR: &str = "_cursor";

/// How long a part is kept.
const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// The most bytes that are kept for all in the memory of a process.
const BYTES: usize = 64 * 1024 * 1024;

/// The most bytes that are kept for one connection.
const BYTES_OF_OWNER: usize = BYTES / 4;

/// What the keys of parts are for.
const PURPOSE: &str = "kept answer";

/// Keeps parts of answers, and returns each to whom its answer was for. Those of people who signed in are in
/// the store that servers share, all others in the memory of this process.
pub(crate) struct Keeper {
    here: KeptAnswers,
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
    parts: HashMap<Digest, PartHere>,
    bytes: usize,
}

#[derive(Debug)]
struct PartHere {
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

/// The parts of an answer, sealed.
pub(in crate::call) struct SealedAnswer {
    /// The cursor of the first of them, a secret.
    cursor: String,
    parts: Vec<SealedPart>,
}

impl fmt::Debug for SealedAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("SealedAnswer");
        debug
            .field("parts", &self.parts.len())
            .finish_non_exhaustive()
    }
}

/// A part that was asked for, and the cursor of the next one.
pub(in crate::call) struct Continued {
    pub(in crate::call) part: Part,
    pub(in crate::call) next: String,
}

impl fmt::Debug for Continued {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Continued").finish_non_exhaustive()
    }
}

/// The secret of a kept answer, and the number of one of its parts.
struct Cursor<'c> {
    secret: &'c str,
    number: u32,
}

impl Keeper {
    pub(crate) fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Keeper {
        Keeper {
            here: KeptAnswers::default(),
            clock,
            random,
        }
    }

    /// Seals the parts of an answer of `tool` to `caller`. Returns nothing where the cipher fails.
    pub(in crate::call) fn seal(
        &self,
        parts: Vec<Part>,
        tool: &str,
        caller: &AccessContext,
    ) -> Option<SealedAnswer> {
        let secret = token::random_text(&*self.random);
        let (key, bound) = (SecretKey::of(PURPOSE, &secret)?, bound(tool, caller));
        let mut sealed = Vec::with_capacity(parts.len());
        for (number, part) in (0..).zip(parts) {
            let cursor = Cursor {
                secret: &secret,
                number,
            };
            sealed.push(SealedPart {
                digest: cursor.digest(),
                bytes: key.seal(number, &bound, part.to_bytes()?)?,
            });
        }
        let first = Cursor {
            secret: &secret,
            number: 0,
        };
        Some(SealedAnswer {
            cursor: first.to_string(),
            parts: sealed,
        })
    }

    /// Keeps the parts of an answer to `caller`: in the store, where there is one. Returns the cursor of the
    /// first of them, or nothing where they cannot be kept.
    pub(in crate::call) async fn keep(
        &self,
        answer: SealedAnswer,
        caller: &AccessContext,
        store: Option<&dyn Store>,
    ) -> Option<String> {
        let SealedAnswer { cursor, parts } = answer;
        let now = self.clock.now();
        let expires = now.checked_add(LIFETIME)?;
        let is_kept = match (store, &caller.grant) {
            (Some(store), Some(grant)) => {
                let kept = store.keep_answer(&grant.id, &parts, now, expires).await;
                kept.unwrap_or_else(|error| {
                    tracing::error!(%error, "the rest of an answer is not kept");
                    false
                })
            }
            _ => self.here.keep(owner(caller), parts, now, expires),
        };
        is_kept.then_some(cursor)
    }

    /// Returns the part that a cursor names. Returns nothing where it is not kept (any longer), or is of
    /// an answer of another tool or to another caller.
    ///
    /// # Errors
    /// Where the store fails.
    pub(in crate::call) async fn part(
        &self,
        cursor: &str,
        tool: &str,
        caller: &AccessContext,
        store: Option<&dyn Store>,
    ) -> Result<Option<Continued>, StoreError> {
        let Some(cursor) = Cursor::read(cursor) else {
            return Ok(None);
        };
        let (digest, now) = (cursor.digest(), self.clock.now());
        let sealed = match (store, &caller.grant) {
            (Some(store), Some(grant)) => store.kept_part(digest, &grant.id, now).await?,
            _ => self.here.part(&digest, now),
        };
        Ok(sealed.and_then(|sealed| cursor.open(sealed, &bound(tool, caller))))
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

    fn open(self, sealed: Vec<u8>, bound: &str) -> Option<Continued> {
        let key = SecretKey::of(PURPOSE, self.secret)?;
        let part = key.open(self.number, bound, sealed)?;
        let next = Cursor {
            number: self.number.checked_add(1)?,
            ..self
        };
        Some(Continued {
            part: Part::from_bytes(&part)?,
            next: next.to_string(),
        })
    }
}

impl fmt::Display for Cursor<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}_{}", self.secret, self.number)
    }
}

impl KeptAnswers {
    /// Keeps the parts of an answer. Returns false where they are more than is kept for one connection.
    fn keep(
        &self,
        owner: String,
        parts: Vec<SealedPart>,
        now: SystemTime,
        expires: SystemTime,
    ) -> bool {
        let bytes: usize = parts.iter().map(|part| part.bytes.len()).sum();
        if bytes > BYTES_OF_OWNER {
            return false;
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
            parts: parts.iter().map(|part| part.digest).collect(),
        });
        let parts = parts.into_iter().map(|SealedPart { digest, bytes }| {
            let part = PartHere { bytes, expires };
            (digest, part)
        });
        kept.parts.extend(parts);
        true
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
            let part = SealedPart {
                digest: Digest::of(name),
                bytes: vec![0; bytes],
            };
            kept.keep("owner".to_owned(), vec![part], now, expires)
        };
        assert!(keep("first", 1));
        assert!(!keep("large", BYTES_OF_OWNER + 1));
        assert!(kept.part(&Digest::of("first"), now).is_some());
        assert!(kept.part(&Digest::of("large"), now).is_none());
        assert_eq!(kept.0.lock().unwrap().bytes, 1);
    }
}
