//! What a restructuring must leave as it is, recorded.
//!
//! `UPDATE_GUARD=1 cargo test -p tests --test guard` records anew. Each run writes the texts
//! behind the hashes that differ to `target/tmp/guard/found`, and recording writes all of them to
//! `target/tmp/guard/recorded`; so a difference is seen by recording at the commit before it and
//! `diff -r target/tmp/guard/recorded target/tmp/guard/found` after a run at the commit that
//! makes it.

#[cfg(test)]
mod descriptions;
#[cfg(test)]
mod help;
#[cfg(test)]
mod subject;

/// The variable under which the tests record what they find.
#[cfg(test)]
const UPDATE: &str = "UPDATE_GUARD";
