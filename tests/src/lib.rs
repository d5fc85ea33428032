//! The example API, the harness, and the suites in `tests/`: everything here uses public
//! interfaces.

pub mod bench;
pub mod example_api;
pub mod flood;
pub mod harness;
pub mod judge;
pub mod stress;
