//! Acting for a person: the example API behind a server that people sign in to, in each of the ways
//! in which the API learns whom a call is for.

#[cfg(test)]
mod connected;
#[cfg(test)]
mod connection;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod own_name;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod world;
