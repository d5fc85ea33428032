//! Calls are recorded before and after they are made, whatever becomes of the process and its disk.

#[cfg(test)]
mod kills;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod search;
#[cfg(test)]
mod world;
