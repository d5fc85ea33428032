//! What clients are served of schemas: none that is too large or too strict for them.

mod bound;
mod budget;
mod catalogue;
mod cut;
mod output;
mod short;
mod size;

pub(crate) use bound::bound;
pub(crate) use budget::Budget;
pub(crate) use catalogue::report_catalogue;
pub(crate) use output::output;
pub(crate) use short::shorten;
pub(crate) use size::Sizes;
