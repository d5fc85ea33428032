//! Search mode: a handful of tools that find, describe and call all others, for catalogues that are
//! too large to be listed.

mod answers;
mod calls;
mod definitions;
mod describe;
mod tools;

pub(super) use definitions::{definition_of_uploads, definitions, description_of_tools, outline};
pub(super) use tools::OwnTool;
