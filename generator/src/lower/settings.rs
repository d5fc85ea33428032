//! How a description becomes tools.

use crate::BUDGET;
use crate::lock::Lock;
use crate::selection::Selection;

/// How large the definition of a tool is at most as clients are served it, in bytes of compact
/// JSON, unless something else is asked for.
pub const MAX_DEFINITION_BYTES: usize = 24_000;

/// How a description becomes tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How large the definition of a tool may be, in bytes of compact JSON.
    pub max_definition_bytes: usize,
    /// How many tokens the definitions of all tools may take. Beyond that, they are shortened.
    pub budget: usize,
    /// The operations that become tools, of those that `x-mcp` does not hide.
    pub only: Selection,
    /// Which output schemas the tools have.
    pub outputs: Outputs,
    /// The names that tools have from an earlier run, and keep.
    pub lock: Lock,
}

/// Which output schemas tools have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outputs {
    /// Those that clients are served: small ones, loosened, and of JSON objects only.
    #[default]
    Published,
    /// All that the description declares for answers in JSON, with every keyword: for reports.
    Declared,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            max_definition_bytes: MAX_DEFINITION_BYTES,
            budget: BUDGET,
            only: Selection::default(),
            outputs: Outputs::default(),
            lock: Lock::default(),
        }
    }
}
