//! `generator diff`: pairs of descriptions that differ by one thing, and the change that is reported.

#[cfg(test)]
mod bodies;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod keywords;
#[cfg(test)]
mod outputs;
#[cfg(test)]
mod parameters;
#[cfg(test)]
mod program;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tools;
#[cfg(test)]
mod unchanged;
#[cfg(test)]
mod unions;
