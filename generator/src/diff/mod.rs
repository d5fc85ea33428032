//! The changes between two descriptions as the users of their tools see them: what no tool shows is
//! no change.

mod aliases;
mod arguments;
mod bounds;
mod change;
mod compare;
mod comparison;
mod definitions;
mod locks;
mod media_types;
mod members;
mod renames;
mod report;
mod schema;
mod security;
mod servers;
mod several;
mod side;
mod texts;
mod unions;
mod value;

pub use change::{ALL_TOOLS, Change, Kind, Verdict};
pub use compare::compare;
pub use locks::compare_locks;
pub use report::Diff;
pub use side::Side;
