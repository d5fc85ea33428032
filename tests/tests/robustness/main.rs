//! What must not matter, and what must do no harm: the order of a description, a bad start, a bad
//! answer.

#[cfg(test)]
mod failures;
#[cfg(test)]
mod order;
#[cfg(test)]
mod program;
#[cfg(test)]
mod start;
