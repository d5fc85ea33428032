//! Servers that share a PostgreSQL database: real processes, a real database, real requests.

mod cluster;
mod command;
mod copy;
mod outage;
mod shared;
mod start;
