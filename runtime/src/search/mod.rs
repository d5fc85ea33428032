//! Search over the operations of an API: an inverted index, ranked by BM25F, without a model and
//! without a network.
//!
//! An answer consists of *families*, operations that share a tag and the beginning of their path,
//! because a neighbor of the best match is often the operation that was meant.

mod answer;
mod fields;
mod index;
mod language;
mod query;
mod rank;
#[cfg(test)]
mod tests;
mod words;

pub use answer::{Family, Found, Hit};
pub use index::Index;
