//! Written by the generator.
