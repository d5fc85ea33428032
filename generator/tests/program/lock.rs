//! `tools.lock`: names that tools keep from one run to the next.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::apis::scratch;

fn spec(operations: &str) -> String {
    format!("openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n{operations}")
}

const OLD: &str =
    "  /pets: {get: {operationId: list_pets}}\n  /owners: {get: {operationId: list_owners}}\n";

/// A directory with a crate of a description.
fn with_crate(name: &str, operations: &str) -> PathBuf {
    let directory = scratch(name);
    let done = generate(&directory, operations, &[]);
    assert!(done.status.success(), "{done:?}");
    directory
}

/// Writes the description anew, and its crate.
fn generate(directory: &Path, operations: &str, arguments: &[&str]) -> Output {
    fs::write(directory.join("api.yaml"), spec(operations)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_generator"));
    let command = command.arg("api.yaml").args(arguments);
    command.current_dir(directory).output().unwrap()
}

/// The lock without its head and the hashes.
fn locked(directory: &Path) -> Vec<String> {
    let text = fs::read_to_string(directory.join("generated/tools.lock")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words: Vec<&str> = line.split(' ').collect();
            assert_eq!(words.remove(2).len(), 16, "{line}");
            words.join(" ")
        })
        .collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn crate_has_a_lock_with_a_line_for_each_tool() {
    let directory = with_crate("lock_lines", OLD);
    assert_eq!(
        locked(&directory),
        [
            "list_owners read GET /owners list_owners",
            "list_pets read GET /pets list_pets",
        ]
    );
    let manifest = fs::read_to_string(directory.join("generated/.generated")).unwrap();
    assert!(manifest.contains("\ntools.lock\n"), "{manifest}");
}

#[test]
fn operation_with_another_id_keeps_the_name_of_its_tool_and_is_reported() {
    let directory = with_crate("lock_renamed", OLD);
    let new = OLD.replace("list_pets", "findPets");
    let done = generate(&directory, &new, &[]);
    assert_eq!(locked(&directory)[1], "list_pets read GET /pets findPets");
    let found = stderr(&done);
    assert!(
        found.contains("GET /pets was called `list_pets`; the tool keeps its name `list_pets`"),
        "{found}"
    );
    // The second run has nothing to report and nothing to write.
    let before = fs::read(directory.join("generated/tools.lock")).unwrap();
    let done = generate(&directory, &new, &[]);
    assert!(
        !stderr(&done).contains("keeps its name"),
        "{}",
        stderr(&done)
    );
    assert_eq!(
        fs::read(directory.join("generated/tools.lock")).unwrap(),
        before
    );
}

#[test]
fn operation_that_moved_keeps_the_name_of_its_tool() {
    let old = "  /pets: {get: {operationId: listPets, x-mcp: {name: pets}}}\n";
    let directory = with_crate("lock_moved", old);
    let new = "  /v2/pets: {get: {operationId: listPets}}\n";
    let done = generate(&directory, new, &[]);
    assert_eq!(locked(&directory), ["pets read GET /v2/pets listPets"]);
    assert!(
        stderr(&done).contains("the tool keeps its name `pets`"),
        "{}",
        stderr(&done)
    );
}

#[test]
fn kept_name_goes_before_the_id_of_a_new_operation() {
    let directory = with_crate("lock_claim", "  /z: {get: {operationId: find}}\n");
    let new = "  /a: {get: {operationId: find}}\n  /z: {get: {operationId: search}}\n";
    generate(&directory, new, &[]);
    assert_eq!(
        locked(&directory),
        ["find read GET /z search", "find_get_a read GET /a find"]
    );
}

#[test]
fn chosen_name_goes_before_a_kept_one_and_the_alias_is_proposed() {
    let directory = with_crate("lock_chosen", OLD);
    let named = OLD.replace("list_pets}", "list_pets, x-mcp: {name: pets}}");
    let done = generate(&directory, &named, &[]);
    assert_eq!(locked(&directory)[1], "pets read GET /pets list_pets");
    let found = stderr(&done);
    assert!(
        found.contains("the tool `list_pets` (`GET /pets`) is gone"),
        "{found}"
    );
    let proposal = "x-mcp: { name: pets, aliases: [list_pets] }";
    assert!(
        found.contains(&format!("add to `GET /pets`: `{proposal}`")),
        "{found}"
    );
    // As proposed, nothing is reported.
    let directory = with_crate("lock_proposed", OLD);
    let aliased = OLD.replace("list_pets}", &format!("list_pets, {proposal}}}"));
    let done = generate(&directory, &aliased, &[]);
    assert!(!stderr(&done).contains("is gone"), "{}", stderr(&done));
    let tools = fs::read_to_string(directory.join("generated/src/tools/default.rs")).unwrap();
    assert!(tools.contains("name: \"list_pets\""), "{tools}");
}

#[test]
fn tool_whose_operation_is_gone_is_reported_with_the_line_to_add() {
    let directory = with_crate("lock_gone", OLD);
    let done = generate(
        &directory,
        "  /owners: {get: {operationId: list_owners}}\n",
        &[],
    );
    let found = stderr(&done);
    assert!(
        found.contains("the tool `list_pets` (`GET /pets`) is gone"),
        "{found}"
    );
    assert!(
        found.contains("`x-mcp: { aliases: [list_pets] }`"),
        "{found}"
    );
}

#[test]
fn check_compares_the_lock() {
    let directory = with_crate("lock_check", OLD);
    assert!(generate(&directory, OLD, &["--check"]).status.success());
    let lock = directory.join("generated/tools.lock");
    let text = fs::read_to_string(&lock).unwrap();
    fs::write(&lock, text.replace(" findPets", "")).unwrap();
    fs::write(
        &lock,
        fs::read_to_string(&lock)
            .unwrap()
            .replace("list_owners read ", "list_owners write "),
    )
    .unwrap();
    let done = generate(&directory, OLD, &["--check"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(
        stderr(&done).contains("tools.lock: differs"),
        "{}",
        stderr(&done)
    );
}

#[test]
fn lock_that_cannot_be_read_is_an_error_that_names_the_line() {
    let directory = with_crate("lock_broken", OLD);
    let lock = directory.join("generated/tools.lock");
    let text = fs::read_to_string(&lock).unwrap();
    fs::write(&lock, format!("{text}<<<<<<< HEAD\n")).unwrap();
    let done = generate(&directory, OLD, &[]);
    assert_eq!(done.status.code(), Some(1));
    assert!(
        stderr(&done).contains("tools.lock:5: "),
        "{}",
        stderr(&done)
    );
}

fn diff(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_generator"));
    command.arg("diff").args(arguments).current_dir(directory);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn crates_are_compared_by_their_locks() {
    let directory = with_crate("lock_diff", OLD);
    fs::rename(directory.join("generated"), directory.join("old")).unwrap();
    let new = "  /pets: {get: {operationId: list_pets, parameters: [{name: a, in: query, schema: {type: \
               string}}]}}\n  /cats: {get: {operationId: list_cats}}\n  /owners: {get: {operationId: \
               list_owners, x-mcp: {access: write}}}\n";
    generate(&directory, new, &[]);
    let expected = "breaking  contract_changed         `list_pets`: its arguments or its request changed; \
                    compare the descriptions to see how\n";
    for (old, new) in [
        ("old", "generated"),
        ("old/tools.lock", "generated/tools.lock"),
        ("old", "api.yaml"),
    ] {
        let found = diff(&directory, &[old, new]);
        assert!(found.contains(expected), "{found}");
        assert!(
            found.contains("access_changed           `list_owners`"),
            "{found}"
        );
        assert!(
            found.contains("tool_added               `list_cats`"),
            "{found}"
        );
        assert!(
            found.ends_with("major: 3 changes, 2 of them breaking\n"),
            "{found}"
        );
    }
}

#[test]
fn texts_and_order_do_not_change_the_hash_of_a_contract() {
    let directory = with_crate("lock_hash", OLD);
    let hash = || {
        let text = fs::read_to_string(directory.join("generated/tools.lock")).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("list_pets "))
            .unwrap();
        line.split(' ').nth(2).unwrap().to_owned()
    };
    let with = |schema: &str| {
        let parameter = format!("{{name: a, in: query, schema: {schema}}}");
        let operation =
            format!("  /pets: {{get: {{operationId: list_pets, parameters: [{parameter}]}}}}\n");
        generate(&directory, &operation, &[]);
        hash()
    };
    let one = with("{type: string, enum: [a, b], description: A}");
    assert_eq!(
        with("{enum: [b, a], type: string, description: B, title: C}"),
        one
    );
    assert_ne!(with("{type: string, enum: [a, b, c]}"), one);
}
