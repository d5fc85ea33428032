//! Passwords: hashed with Argon2id, so that a copy of the store does not tell them.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::random::Random;

/// The shortest password, in characters (NIST SP 800-63B-4 §3.1.1.2 asks for no less than 8).
pub(crate) const SHORTEST_PASSWORD: usize = 10;
/// The longest, in bytes, so that hashing cannot be made to take for ever.
const LONGEST: usize = 1024;
/// Hashes made at the same time: each takes 19 MiB.
const AT_ONCE: usize = 4;
/// What a password is compared with where there is no account, so that this takes as long.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmU$x2Jb6hFZpnMCVL9FKjwAuW8mpYCGw2hyD2p01D2m6fA";

/// Hashes and compares passwords, a few at a time.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    permits: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Passwords {
        Passwords {
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

/// Says in a sentence why a password cannot be taken, if it cannot.
pub(crate) fn objection(password: &str, email: &str) -> Option<&'static str> {
    if password.chars().count() < SHORTEST_PASSWORD {
        return Some("Use at least 10 characters.");
    }
    if password.len() > LONGEST {
        return Some("Use at most 1024 characters.");
    }
    let mut distinct: Vec<char> = password.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 5 || password.eq_ignore_ascii_case(email) {
        return Some("This is too easy to guess.");
    }
    None
}

impl Passwords {
    /// Hashes a password into a PHC string; `None` where that fails, which is told in the log.
    pub(crate) async fn hash(&self, password: &str, random: &dyn Random) -> Option<String> {
        let mut salt = [0; 16];
        random.fill(&mut salt);
        let password = password.to_owned();
        self.run(move || {
            let hash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).ok()
        })
        .await
    }

    /// Whether `password` is the one that was hashed; `None` where that cannot be found out, which
    /// says nothing about the password. Without a hash the answer is no, and takes as long.
    pub(crate) async fn verify(&self, password: &str, hash: Option<&str>) -> Option<bool> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(NOBODY).to_owned();
        let password = password.get(..LONGEST).unwrap_or(password).to_owned();
        let same = self.run(move || {
            let hash = PasswordHash::new(&hash).ok()?;
            match argon2()?.verify_password(password.as_bytes(), &hash) {
                Ok(()) => Some(true),
                Err(Error::PasswordInvalid) => Some(false),
                Err(_) => None,
            }
        });
        Some(known && same.await?)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Option<T> + Send + 'static,
    ) -> Option<T> {
        let permit = self.permits.acquire().await.ok()?;
        let done = tokio::task::spawn_blocking(work).await;
        drop(permit);
        done.ok().flatten()
    }
}

/// Argon2id with 19 MiB and two passes (OWASP Password Storage Cheat Sheet).
fn argon2() -> Option<Argon2<'static>> {
    let params = Params::new(19 * 1024, 2, 1, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    #[tokio::test]
    async fn only_the_same_password_verifies() {
        let passwords = Passwords::default();
        let hash = passwords
            .hash("correct horse", &SystemRandom)
            .await
            .unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let verify = async |password, hash| passwords.verify(password, hash).await;
        assert_eq!(verify("correct horse", Some(&*hash)).await, Some(true));
        assert_eq!(verify("correct house", Some(&*hash)).await, Some(false));
        assert_eq!(verify("correct horse", None).await, Some(false));
        // A hash that cannot be read is no wrong password.
        assert_eq!(verify("correct horse", Some("$argon2id$")).await, None);
    }

    #[test]
    fn the_hash_of_nobody_can_be_compared_with() {
        let hash = PasswordHash::new(NOBODY).unwrap();
        assert!(hash.hash.is_some());
    }

    #[test]
    fn short_and_obvious_passwords_are_refused() {
        for wrong in ["short", "aaaaaaaaaaaaaaa", "ada@example.com"] {
            assert!(objection(wrong, "Ada@example.com").is_some(), "{wrong}");
        }
        assert_eq!(objection("correct horse battery", "ada@example.com"), None);
    }
}
