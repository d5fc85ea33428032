//! The example API over HTTP: what it describes, and how it behaves.

#[cfg(test)]
mod bundles;
#[cfg(test)]
mod description;
#[cfg(test)]
mod input;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod objects;
#[cfg(test)]
mod on_behalf_of;
#[cfg(test)]
mod service;
