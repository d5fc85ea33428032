//! Tools that are written in Rust beside the generated ones.

#[path = "../../../generated/src/publishable_key.rs"]
mod publishable_key;

#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod handlers;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod world;
