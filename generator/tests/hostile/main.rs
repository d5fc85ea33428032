//! Descriptions made to do harm: the program ends within bounds of memory and time, says what is
//! wrong and where, and writes nothing but its crate.

#[cfg(all(test, unix))]
mod circles;
#[cfg(all(test, unix))]
mod files;
#[cfg(all(test, unix))]
mod nesting;
#[cfg(all(test, unix))]
mod sizes;
#[cfg(all(test, unix))]
mod support;
