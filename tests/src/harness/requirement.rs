//! What a suite needs beyond Rust, and what becomes of it where that is missing.

use std::io::Write;
use std::path::PathBuf;

/// The variable under which nothing may be skipped.
pub const REQUIRE_ALL: &str = "REQUIRE_ALL";

/// Takes what a suite needs, or says that the suite is skipped, and why.
///
/// # Panics
/// Where it is missing and [`REQUIRE_ALL`] is set.
pub fn require<T>(found: Result<T, String>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(missing) => {
            let test = std::thread::current()
                .name()
                .unwrap_or("a suite")
                .to_owned();
            assert!(
                std::env::var_os(REQUIRE_ALL).is_none(),
                "{test} cannot be skipped while {REQUIRE_ALL} is set: {missing}"
            );
            // Past the test runner's capture, which shows the output of failures only.
            let notice = format!("skipped {test}: {missing}\n");
            let _ = std::io::stderr().write_all(notice.as_bytes());
            None
        }
    }
}

/// The corpus of real descriptions: `SPEC_CORPUS`, or `specs` in the directory `shared` beside
/// this checkout.
///
/// # Errors
/// Where there is none.
pub fn corpus() -> Result<PathBuf, String> {
    let directory = match std::env::var_os("SPEC_CORPUS") {
        Some(directory) => PathBuf::from(directory),
        None => repository().join("../shared/specs"),
    };
    match directory.join("corpus.dev.json").is_file() {
        true => Ok(directory),
        false => Err(format!(
            "no corpus of descriptions at {}; SPEC_CORPUS says where it is",
            directory.display()
        )),
    }
}

/// Small descriptions that failed in the field: `field` in the directory `shared` beside this
/// checkout.
///
/// # Errors
/// Where there are none.
pub fn field() -> Result<PathBuf, String> {
    let directory = repository().join("../shared/field");
    match directory.is_dir() {
        true => Ok(directory),
        false => Err(format!("no cases of the field at {}", directory.display())),
    }
}

/// Requests paired with operations, to measure search: `SEARCH_EVAL`, or `search_eval` in the
/// directory `shared` beside this checkout.
///
/// # Errors
/// Where there are none.
pub fn search_eval() -> Result<PathBuf, String> {
    let directory = match std::env::var_os("SEARCH_EVAL") {
        Some(directory) => PathBuf::from(directory),
        None => repository().join("../shared/search_eval"),
    };
    match directory.join("README.md").is_file() {
        true => Ok(directory),
        false => Err(format!(
            "no requests to measure search at {}; SEARCH_EVAL says where they are",
            directory.display()
        )),
    }
}

/// The interpreter of Python that is on this machine.
///
/// # Errors
/// Where there is none.
pub fn python() -> Result<&'static str, String> {
    let mut python = std::process::Command::new("python3");
    match python.arg("--version").output() {
        Ok(output) if output.status.success() => Ok("python3"),
        _ => Err("no python3 on the path".to_owned()),
    }
}

/// The root of this checkout.
#[must_use]
pub fn repository() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).unwrap_or(here)
}
