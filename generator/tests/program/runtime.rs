//! Where a generated crate finds its runtime.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::thread;

use crate::apis::scratch;

const SPEC: &str =
    r#"{"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {"/a": {"get": {}}}}"#;

/// A directory with a description in it.
fn with_spec(name: &str) -> PathBuf {
    let directory = scratch(name);
    fs::write(directory.join("api.json"), SPEC).unwrap();
    directory
}

fn run(program: &Path, directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command
        .arg("api.json")
        .args(arguments)
        .current_dir(directory);
    loop {
        match command.output() {
            // A program that was just written: a process that another test starts has it open still.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => thread::yield_now(),
            done => return done.unwrap(),
        }
    }
}

fn generator(directory: &Path, arguments: &[&str]) -> Output {
    run(
        Path::new(env!("CARGO_BIN_EXE_generator")),
        directory,
        arguments,
    )
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn reported(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The manifest of the crate that was written.
fn manifest(directory: &Path) -> String {
    fs::read_to_string(directory.join("generated/Cargo.toml")).unwrap()
}

/// The dependency as the manifest has it.
fn dependency(directory: &Path) -> toml::Table {
    let manifest: toml::Table = manifest(directory).parse().unwrap();
    manifest["dependencies"]["runtime"]
        .as_table()
        .unwrap()
        .clone()
}

#[test]
fn runtime_beside_the_generator_is_the_default() {
    let directory = with_spec("runtime_default");
    assert_eq!(code(&generator(&directory, &[])), Some(0));
    let dependency = dependency(&directory);
    assert_eq!(dependency["package"].as_str(), Some("drawbridge-runtime"));
    let path = directory
        .join("generated")
        .join(dependency["path"].as_str().unwrap());
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime");
    assert_eq!(path.canonicalize().unwrap(), own.canonicalize().unwrap());
}

#[test]
fn runtime_in_a_repository_is_named_by_url_and_tag() {
    let directory = with_spec("runtime_git");
    let named = [
        "--runtime",
        "https://example.com/a/b.git",
        "--runtime-tag",
        "v0.1.0",
    ];
    let done = generator(&directory, &named);
    assert_eq!(code(&done), Some(0), "{}", reported(&done));
    let written = manifest(&directory);
    assert!(
        written.contains(
            "runtime = { package = \"drawbridge-runtime\", git = \"https://example.com/a/b.git\", \
             tag = \"v0.1.0\" }\n"
        ),
        "{written}"
    );
    // The command in the header makes the same crate again.
    let header = written.lines().next().unwrap();
    let command =
        "generator ../api.json --runtime https://example.com/a/b.git --runtime-tag v0.1.0";
    assert!(header.contains(command), "{header}");
    let again = [&named[..], &["--check"]].concat();
    assert_eq!(code(&generator(&directory, &again)), Some(0));
}

#[test]
fn wrong_runtime_is_a_usage_error_that_says_what_is_right() {
    let directory = with_spec("runtime_usage");
    for (arguments, text) in [
        (
            &["--runtime", "https://example.com/a/b"][..],
            "--runtime-tag v",
        ),
        (&["--runtime-tag", "v1"], "--runtime <DIR|URL>"),
        (
            &[
                "--runtime",
                "https://me:s3cr3t@example.com/a/b",
                "--runtime-tag",
                "v1",
            ],
            "leave the credentials out",
        ),
    ] {
        let done = generator(&directory, arguments);
        assert_eq!(code(&done), Some(2), "{arguments:?}");
        assert!(reported(&done).contains(text), "{}", reported(&done));
        assert!(!reported(&done).contains("s3cr3t"), "{}", reported(&done));
    }
    assert!(!directory.join("generated").exists());
}

#[test]
fn directory_without_the_runtime_is_refused() {
    let directory = with_spec("runtime_directory");
    fs::create_dir(directory.join("other")).unwrap();
    let other = "[package]\nname = \"runtime\"\n";
    fs::write(directory.join("other/Cargo.toml"), other).unwrap();
    for (place, text) in [
        (
            "other",
            "--runtime other: the crate there is `runtime`; name the directory of drawbridge-runtime",
        ),
        // Versions of a registry are none of ours.
        (
            "0.1",
            "--runtime 0.1: no crate there; name the directory of drawbridge-runtime, or the URL",
        ),
    ] {
        let done = generator(&directory, &["--runtime", place]);
        assert_eq!(code(&done), Some(1));
        assert!(reported(&done).contains(text), "{}", reported(&done));
    }
    assert!(!directory.join("generated").exists());
}

/// Puts a copy of the program into `directory`.
fn copied(program: &[u8], directory: &Path) -> PathBuf {
    let copy = directory.join("generator");
    fs::create_dir_all(directory).unwrap();
    // For the permissions.
    fs::copy(env!("CARGO_BIN_EXE_generator"), &copy).unwrap();
    fs::write(&copy, program).unwrap();
    copy
}

#[test]
fn generator_that_was_moved_finds_its_runtime() {
    let directory = with_spec("runtime_moved");
    let program = fs::read(env!("CARGO_BIN_EXE_generator")).unwrap();
    let done = run(&copied(&program, &directory.join("bin")), &directory, &[]);
    assert_eq!(code(&done), Some(0), "{}", reported(&done));
    assert!(dependency(&directory).contains_key("path"));
}

/// The program, as if its checkout had been where nothing is.
#[cfg(target_os = "linux")]
fn without_checkout() -> &'static [u8] {
    static PROGRAM: OnceLock<Vec<u8>> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let mut program = fs::read(env!("CARGO_BIN_EXE_generator")).unwrap();
        let known = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime").as_bytes();
        let places: Vec<usize> = program
            .windows(known.len())
            .enumerate()
            .filter_map(|(at, window)| (window == known).then_some(at))
            .collect();
        assert!(!places.is_empty(), "the program names no checkout");
        for at in places {
            program[at + 1..at + known.len()].fill(b'x');
        }
        program
    })
}

#[cfg(target_os = "linux")]
#[test]
fn generator_without_its_checkout_says_what_to_pass() {
    let directory = with_spec("runtime_gone");
    // Outside of this checkout, which is around the scratch directory.
    let elsewhere = std::env::temp_dir().join(format!("generator-{}", std::process::id()));
    let program = copied(without_checkout(), &elsewhere);
    let done = run(&program, &directory, &[]);
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime");
    let named = run(&program, &directory, &["--runtime", own]);
    fs::remove_dir_all(&elsewhere).unwrap();
    assert_eq!(code(&done), Some(1));
    assert!(
        reported(&done).contains(
            "error: the runtime that this generator was built with is gone; name another by \
             --runtime DIRECTORY, or by --runtime URL --runtime-tag TAG"
        ),
        "{}",
        reported(&done)
    );
    assert_eq!(code(&named), Some(0), "{}", reported(&named));
}

#[cfg(target_os = "linux")]
#[test]
fn generator_of_a_checkout_that_was_moved_finds_the_runtime_in_it() {
    let directory = with_spec("runtime_checkout");
    let program = copied(without_checkout(), &directory.join("moved/target/debug"));
    let manifest = "[package]\nname = \"drawbridge-runtime\"\n";
    fs::create_dir(directory.join("moved/runtime")).unwrap();
    fs::write(directory.join("moved/runtime/Cargo.toml"), manifest).unwrap();
    let done = run(&program, &directory, &[]);
    assert_eq!(code(&done), Some(0), "{}", reported(&done));
    assert_eq!(
        dependency(&directory)["path"].as_str(),
        Some("../moved/runtime")
    );
}
