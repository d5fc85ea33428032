//! The generator through its public doors: what it writes builds, and touches nothing else.

mod apis;
mod builds;
mod command;
mod directory;
