//! `--vendor`: a crate that builds from its own directory alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::apis::scratch;

const SPEC: &str =
    r#"{"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {"/a": {"get": {}}}}"#;

fn generator(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_generator"));
    command.args(arguments).current_dir(directory);
    command.output().unwrap()
}

/// A crate with the runtime in it.
fn vendored(name: &str) -> PathBuf {
    let directory = scratch(name);
    fs::write(directory.join("api.json"), SPEC).unwrap();
    let done = generator(&directory, &["api.json", "--vendor"]);
    assert!(done.status.success(), "{done:?}");
    directory
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// Name and version of the packages in a lock file, those of a registry.
fn locked(file: &Path) -> BTreeSet<(String, String)> {
    let lock: toml::Table = fs::read_to_string(file).unwrap().parse().unwrap();
    let packages = lock["package"].as_array().unwrap().iter();
    let packages = packages.filter(|package| package.get("source").is_some());
    let text = |package: &toml::Value, field: &str| package[field].as_str().unwrap().to_owned();
    packages
        .map(|package| (text(package, "name"), text(package, "version")))
        .collect()
}

#[test]
fn vendored_crate_resolves_alone_to_the_tested_versions() {
    let directory = vendored("vendor_alone");
    let alone = scratch("vendor_alone_copy");
    copy(&directory.join("generated"), &alone);
    let host = Command::new("rustc")
        .args(["--print", "host-tuple"])
        .output();
    let host = String::from_utf8(host.unwrap().stdout).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    // Packages for other platforms are not downloaded until something builds for them.
    cargo.args(["metadata", "--offline", "--format-version", "1"]);
    cargo.args(["--filter-platform", host.trim()]);
    let done = cargo.current_dir(&alone).output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let metadata: Value = serde_json::from_slice(&done.stdout).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let runtime = packages.find(|package| package["name"] == "drawbridge-runtime");
    let manifest = Path::new(runtime.unwrap()["manifest_path"].as_str().unwrap());
    assert!(
        manifest.starts_with(alone.canonicalize().unwrap()),
        "{manifest:?}"
    );
    // Cargo has completed the lock file, and changed no version.
    let tested = locked(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock"));
    let resolved = locked(&alone.join("Cargo.lock"));
    assert!(resolved.len() > 50, "{resolved:?}");
    let other: Vec<_> = resolved.difference(&tested).collect();
    assert!(other.is_empty(), "{other:?}");
}

#[test]
fn vendored_crate_is_its_own_build_context() {
    let crate_ = vendored("vendor_context").join("generated");
    let dockerfile = fs::read_to_string(crate_.join("Dockerfile")).unwrap();
    assert!(dockerfile.contains("--tag generated .\n"), "{dockerfile}");
    assert!(
        dockerfile.contains("--manifest-path Cargo.toml"),
        "{dockerfile}"
    );
    let mut steps = dockerfile.lines().filter(|line| !line.starts_with('#'));
    assert!(steps.all(|line| !line.contains("..")), "{dockerfile}");
    let ignored = fs::read_to_string(crate_.join(".dockerignore")).unwrap();
    for path in [
        "/target",
        "/connector.key",
        "/connector.db*",
        "/agents.key",
        "/openid.key",
    ] {
        assert!(ignored.lines().any(|line| line == path), "{ignored}");
    }
    for file in [
        "src/lib.rs",
        "LICENSE-MIT",
        "migrations/sqlite/0001_sign_in.sql",
    ] {
        let path = crate_.join("vendor/drawbridge-runtime").join(file);
        assert!(path.is_file(), "{file}");
    }
    assert!(!crate_.join("vendor/drawbridge-runtime/tests").exists());
}

#[test]
fn vendoring_is_recorded_and_holds_until_another_runtime_is_named() {
    let directory = vendored("vendor_recorded");
    let manifest = |directory: &Path| {
        let text = fs::read_to_string(directory.join("generated/Cargo.toml")).unwrap();
        text.parse::<toml::Table>().unwrap()["dependencies"]["runtime"]["path"].to_string()
    };
    // Cargo leaves packages out that this crate does not need.
    let lock = directory.join("generated/Cargo.lock");
    fs::write(&lock, "# Cargo's own\n").unwrap();
    assert!(
        generator(&directory, &["api.json", "--check"])
            .status
            .success()
    );
    assert!(generator(&directory, &["api.json"]).status.success());
    assert!(manifest(&directory).contains("vendor/drawbridge-runtime"));
    assert_eq!(fs::read_to_string(&lock).unwrap(), "# Cargo's own\n");
    let runtime = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime");
    let done = generator(&directory, &["api.json", "--runtime", runtime]);
    assert!(done.status.success(), "{done:?}");
    assert!(!manifest(&directory).contains("vendor"));
    assert!(!directory.join("generated/vendor").exists());
}

#[test]
fn changed_file_of_the_copied_runtime_is_found_by_check() {
    let directory = vendored("vendor_changed");
    let file = directory.join("generated/vendor/drawbridge-runtime/src/lib.rs");
    fs::write(&file, "").unwrap();
    let done = generator(&directory, &["api.json", "--check"]);
    assert!(!done.status.success());
    let reported = String::from_utf8_lossy(&done.stderr);
    assert!(
        reported.contains("vendor/drawbridge-runtime/src/lib.rs: differs"),
        "{reported}"
    );
}

#[test]
fn runtime_in_a_repository_is_not_copied() {
    let directory = scratch("vendor_git");
    fs::write(directory.join("api.json"), SPEC).unwrap();
    let url = "https://example.com/a/b.git";
    let arguments = [
        "api.json",
        "--vendor",
        "--runtime",
        url,
        "--runtime-tag",
        "v1",
    ];
    assert_eq!(generator(&directory, &arguments).status.code(), Some(2));
}
