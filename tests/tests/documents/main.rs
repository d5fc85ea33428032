//! The documents: their links lead somewhere, their settings are read, and their commands work.

#[cfg(test)]
mod commands;
#[cfg(test)]
mod layout;
#[cfg(test)]
mod links;
#[cfg(test)]
mod markdown;
#[cfg(test)]
mod script;
