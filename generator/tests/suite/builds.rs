//! What is emitted builds, whatever a description says.

use std::path::Path;
use std::process::Command;

use generator::ir::Api;
use generator::{Options, write};

use crate::apis::{hostile, scratch};

/// Builds a crate, every warning an error. It is built where this test was, as the workspace
/// builds, so that the dependencies are there already.
fn build(directory: &Path, features: &str) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
    std::fs::copy(workspace.join("Cargo.lock"), directory.join("Cargo.lock")).unwrap();
    let done = Command::new(env!("CARGO"))
        .args([
            "build",
            "--lib",
            "--offline",
            "--features",
            features,
            "--target-dir",
        ])
        .arg(target)
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .current_dir(directory)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success() && !told.contains("warning:"),
        "{told}"
    );
}

#[test]
fn hostile_text_everywhere_still_builds_without_warnings() {
    let out = scratch("hostile").join("hostile-api");
    write(&hostile(), Vec::new(), &Options::new("hostile.yaml", &out)).unwrap();
    build(&out, "");
    build(&out, "typed");
}

#[test]
fn an_empty_catalogue_builds() {
    let out = scratch("empty").join("test");
    write(
        &Api::default(),
        Vec::new(),
        &Options::new("empty.yaml", &out),
    )
    .unwrap();
    build(&out, "typed");
}
