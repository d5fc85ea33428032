//! The validating upstream: every tool of a description is called, through a real server, with
//! arguments made from the schema that they are checked against, and a validator of other people
//! says of each request whether it is what the description asks for.

pub mod arguments;
pub mod cause;
pub mod fit;
pub mod prism;
pub mod refusal;
pub mod run;
mod scalar;
