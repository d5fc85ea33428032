//! The runtime over real HTTP on both sides.

#[cfg(test)]
mod aliases;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod direct;
#[cfg(test)]
mod directories;
#[cfg(test)]
mod given;
#[cfg(test)]
mod host;
#[cfg(test)]
mod http;
#[cfg(test)]
mod large;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod search_mode;
#[cfg(test)]
mod stdio;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tolerance;
