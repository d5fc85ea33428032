//! The configuration: its reference page, its errors, and the command that checks it.

#[cfg(test)]
mod command;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod page;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod source;
