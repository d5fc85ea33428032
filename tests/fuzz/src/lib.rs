//! What the fuzz targets share: changing documents as documents, and judging what comes out.
//!
//! Inputs are JSON, so that a seed can be written by hand and a finding can be read.

pub mod chance;
pub mod descriptor;
pub mod emitted;
pub mod mutate;
pub mod words;
