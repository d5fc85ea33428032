//! Passwords: hashed with Argon2id, so that a copy of the store does not reveal them.

use std::thread::available_parallelism;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use super::common_passwords::is_common;
use crate::limit::Queue;
use crate::random::Random;

/// The shortest password, in characters (NIST SP 800-63B-4 §3.1.1.2 asks for no less than 8).
pub(crate) const SHORTEST_PASSWORD: usize = 10;
/// The longest, in bytes, so that hashing cannot be made to take for ever.
const LONGEST: usize = 1024;
/// Hashes made at the same time, where there are as many processors: each takes 19 MiB.
const AT_ONCE: usize = 4;
/// The most that wait for each that is made. A hash takes some 30 ms, so that a waiting person is served
/// within a second.
const WAITING: usize = 24;
/// What a password is compared with where there is no account, so that this takes as long.
const NO_ACCOUNT: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmU$x2Jb6hFZpnMCVL9FKjwAuW8mpYCGw2hyD2p01D2m6fA";

/// Hashes and compares passwords, a few at a time. Of those who wait, who tried least is served
/// first, so that a flood of guesses holds up itself.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    queue: Queue,
}

impl Default for Passwords {
    fn default() -> Passwords {
        let at_once = available_parallelism().map_or(1, usize::from).min(AT_ONCE);
        Passwords {
            queue: Queue::new(at_once, at_once * WAITING),
        }
    }
}

/// Why a password was neither hashed nor compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasswordError {
    /// Too many wait.
    #[error("too many passwords are being compared")]
    Busy,
    /// Hashing failed.
    #[error("the password could not be hashed")]
    Failed,
}

/// Returns the sentence that says why a password is refused for the account of an e-mail address, or
/// `None` where it is accepted (NIST SP 800-63B-4 §3.1.1.2: length, and a list of common passwords).
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
    let own = email.rsplit_once('@').map_or(email, |(local, _)| local);
    if is_common(password, own) {
        return Some("Attackers try this password first. Use another, such as a short sentence.");
    }
    None
}

impl Passwords {
    /// Hashes a password into a PHC string.
    ///
    /// # Errors
    /// Where too many wait, or hashing fails.
    pub(crate) async fn hash(
        &self,
        password: &str,
        rank: u32,
        random: &dyn Random,
    ) -> Result<String, PasswordError> {
        let mut salt = [0; 16];
        random.fill(&mut salt);
        let password = password.to_owned();
        let hash = self.run(rank, move || {
            let hash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).ok()
        });
        hash.await?.ok_or(PasswordError::Failed)
    }

    /// Whether `password` is the one that was hashed. Without a hash the answer is no, and takes as
    /// long.
    ///
    /// # Errors
    /// Where too many wait, or where it cannot be found out, which says nothing about the password.
    pub(crate) async fn verify(
        &self,
        password: &str,
        hash: Option<&str>,
        rank: u32,
    ) -> Result<bool, PasswordError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(NO_ACCOUNT).to_owned();
        let password = password.get(..LONGEST).unwrap_or(password).to_owned();
        let same = self.run(rank, move || {
            let hash = PasswordHash::new(&hash).ok()?;
            match argon2()?.verify_password(password.as_bytes(), &hash) {
                Ok(()) => Some(true),
                Err(Error::PasswordInvalid) => Some(false),
                Err(_) => None,
            }
        });
        let same = same.await?.ok_or(PasswordError::Failed)?;
        Ok(known && same)
    }

    async fn run<T: Send + 'static>(
        &self,
        rank: u32,
        work: impl FnOnce() -> Option<T> + Send + 'static,
    ) -> Result<Option<T>, PasswordError> {
        let permit = self.queue.wait(rank).await.ok_or(PasswordError::Busy)?;
        // The permit goes with the work, which continues when the caller is gone.
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        Ok(done.await.ok().flatten())
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
            .hash("correct horse", 0, &SystemRandom)
            .await
            .unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let verify = async |password, hash| passwords.verify(password, hash, 0).await;
        assert_eq!(verify("correct horse", Some(&*hash)).await, Ok(true));
        assert_eq!(verify("correct house", Some(&*hash)).await, Ok(false));
        assert_eq!(verify("correct horse", None).await, Ok(false));
        // A hash that cannot be read is no wrong password.
        let unreadable = verify("correct horse", Some("$argon2id$")).await;
        assert_eq!(unreadable, Err(PasswordError::Failed));
    }

    #[test]
    fn the_hash_of_no_account_can_be_compared_with() {
        let hash = PasswordHash::new(NO_ACCOUNT).unwrap();
        assert!(hash.hash.is_some());
    }

    #[test]
    fn short_and_obvious_passwords_are_refused() {
        let wrong = [
            "short",
            "aaaaaaaaaaaaaaa",
            "ada@example.com",
            "Password2026!",
            "1234567890",
        ];
        for wrong in wrong {
            assert!(objection(wrong, "Ada@example.com").is_some(), "{wrong}");
        }
        assert_eq!(objection("correct horse battery", "ada@example.com"), None);
    }
}
