//! Servers that share a PostgreSQL database: real processes, a real database, real requests.

mod cluster;
mod command;
mod copy;
mod files;
mod outage;
mod replicas;
mod shared;
mod start;
