//! Faults of the disk, of the database's files and of the process: what clients are answered
//! meanwhile and afterwards, which keys are left at the API, and which calls are missing in the
//! audit. Each row of the tables is printed: `cargo test -p tests --test faults -- --nocapture`.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod database;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod files;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod log;
#[cfg(test)]
mod row;
#[cfg(test)]
mod world;
#[cfg(test)]
mod writes;
