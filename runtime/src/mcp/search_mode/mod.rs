//! Search mode: a handful of tools that find, describe and call all others, for catalogues that are
//! too large to be listed.

mod answers;
mod calls;
mod definitions;
mod tools;

pub(super) use definitions::definitions;
pub(super) use tools::OwnTool;
