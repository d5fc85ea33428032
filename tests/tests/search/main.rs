//! How often search finds the operation that a request means: requests paired with operations, over
//! real descriptions.
//!
//! `cargo test -p tests --test search -- --nocapture` prints the table. `UPDATE_FIGURES=1` records the
//! figures that later runs are compared with.

#[cfg(test)]
mod command;
#[cfg(test)]
mod evaluation;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod read_grant;
#[cfg(test)]
mod reserved;
#[cfg(test)]
mod tokens;
