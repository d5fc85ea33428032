//! Chance, handed in so that nothing else asks for it.

use std::fmt::Debug;

use rand::Rng;

/// Gives random bytes.
pub trait Random: Debug + Send + Sync {
    /// Fills `bytes`. What it gives cannot be guessed from what it gave before.
    fn fill(&self, bytes: &mut [u8]);
}

/// The cryptographically secure generator of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}
