//! What is no file, what leads elsewhere, and what is too large to be read.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::{run_on, scratch};

/// A description whose one operation takes what is in `file`.
fn referring(file: &str) -> String {
    format!(
        "openapi: 3.1.0\npaths:\n  /a:\n    post:\n      requestBody:\n        content:\n          \
         application/json:\n            schema: {{$ref: '{file}'}}\n"
    )
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_pipe_without_a_writer_is_no_description() {
    let spec = scratch("pipe").join("api.yaml");
    pipe(&spec);
    run_on(&spec).refuses("a pipe or a device");
}

#[test]
fn a_device_without_end_is_no_description() {
    let spec = scratch("device").join("api.yaml");
    symlink("/dev/zero", &spec).unwrap();
    run_on(&spec).refuses("a pipe or a device");
}

#[test]
fn a_link_that_leads_to_itself_is_no_description() {
    let spec = scratch("loop").join("api.yaml");
    symlink("api.yaml", &spec).unwrap();
    run_on(&spec).refuses("cannot read");
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let spec = scratch("large").join("api.yaml");
    File::create(&spec).unwrap().set_len(1 << 40).unwrap();
    run_on(&spec).refuses("larger than 64 MiB");
}

#[test]
fn a_reference_to_a_file_that_is_too_large_is_reported() {
    let spec = scratch("large_reference").join("api.yaml");
    let large = spec.with_file_name("large.yaml");
    File::create(large).unwrap().set_len(1 << 40).unwrap();
    fs::write(&spec, referring("large.yaml")).unwrap();
    run_on(&spec).makes(1, "larger than 64 MiB");
}

#[test]
fn references_lead_to_no_pipe_and_no_directory() {
    let spec = scratch("pipe_reference").join("api.yaml");
    pipe(&spec.with_file_name("pipe.yaml"));
    for file in ["pipe.yaml", ".", "..", "./"] {
        fs::write(&spec, referring(file)).unwrap();
        run_on(&spec).makes(1, "leads to no file near this one");
    }
}

#[test]
fn an_overlay_beside_the_description_is_a_file() {
    let spec = scratch("pipe_overlay").join("api.yaml");
    pipe(&spec.with_extension("overlay.yaml"));
    fs::write(&spec, "openapi: 3.1.0\npaths: {/a: {get: {}}}\n").unwrap();
    run_on(&spec).makes(1, "");
}

#[test]
fn references_stay_near_the_description() {
    let spec = scratch("outside").join("api.yaml");
    let outside = spec.ancestors().nth(3).unwrap().join("outside.yaml");
    fs::write(&outside, "type: object\ndescription: SECRET\n").unwrap();
    symlink(&outside, spec.with_file_name("link.yaml")).unwrap();
    symlink(outside.parent().unwrap(), spec.with_file_name("up")).unwrap();
    for file in [
        "../../outside.yaml",
        "%2e%2e/%2E%2E/outside.yaml",
        "x/../../../outside.yaml",
        "link.yaml",
        "up/outside.yaml",
        outside.to_str().unwrap(),
        "/etc/passwd",
        "../../../../../../../../../../../../etc/passwd",
        "file:///etc/passwd",
        "http://127.0.0.1:1/x.yaml",
        "//127.0.0.1/x.yaml",
    ] {
        fs::write(&spec, referring(file)).unwrap();
        run_on(&spec).makes(1, "leads to no file near this one");
        let schemas = spec.with_file_name("made").join("src/schemas.rs");
        assert!(!schemas.exists(), "{file}");
    }
}
