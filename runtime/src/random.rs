//! Chance, handed in so that nothing else asks for it.

use std::fmt::Debug;

use rand::Rng;

/// A source of random bytes.
pub trait Random: Debug + Send + Sync {
    /// Fills `bytes`. They cannot be predicted from earlier ones.
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
