//! Descriptions made to do harm: the program ends within bounds of memory and time, says what is
//! wrong and where, and writes nothing but its crate.

#![cfg(unix)]

#[cfg(test)]
mod circles;
#[cfg(test)]
mod files;
#[cfg(test)]
mod nesting;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod strict;
#[cfg(test)]
mod support;
