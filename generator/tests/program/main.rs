//! The generator as a program: what it writes builds, and touches nothing else.

#[cfg(test)]
mod apis;
#[cfg(test)]
mod builds;
#[cfg(test)]
mod check;
#[cfg(test)]
mod command;
#[cfg(test)]
mod directories;
#[cfg(test)]
mod directory;
#[cfg(test)]
mod lock;
#[cfg(test)]
mod no_description;
#[cfg(test)]
mod only;
#[cfg(test)]
mod packages;
#[cfg(test)]
mod regenerate;
#[cfg(test)]
mod remote;
#[cfg(test)]
mod runtime;
#[cfg(test)]
mod vendor;
#[cfg(test)]
mod watch;
