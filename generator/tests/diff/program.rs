//! The command: formats, exit statuses, and revisions of git.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// An empty directory of this test's own, in Cargo's directory for tests.
fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("diff_{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn spec(limit: u32) -> String {
    format!(
        "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n  /pets:\n    get:\n      operationId: \
         list_pets\n      parameters:\n      - {{name: limit, in: query, schema: {{type: integer, maximum: \
         {limit}}}}}\n"
    )
}

fn diff(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_generator"));
    command.arg("diff").args(arguments).current_dir(directory);
    command.output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A directory with two descriptions, `old.yaml` and `new.yaml`.
fn pair(name: &str, old: u32, new: u32) -> PathBuf {
    let directory = scratch(name);
    fs::write(directory.join("old.yaml"), spec(old)).unwrap();
    fs::write(directory.join("new.yaml"), spec(new)).unwrap();
    directory
}

#[test]
fn diff_prints_the_changes_and_the_verdict() {
    let directory = pair("text", 100, 50);
    let done = diff(&directory, &["old.yaml", "new.yaml"]);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(
        stdout(&done),
        "breaking  argument_narrowed        `list_pets`, argument `limit`: the maximum was 100, and is 50 \
         now\nmajor: 1 change, 1 of them breaking\n"
    );
    let done = diff(&directory, &["old.yaml", "new.yaml", "--format", "json"]);
    assert_eq!(
        stdout(&done),
        "{\"kind\":\"argument_narrowed\",\"tool\":\"list_pets\",\"argument\":\"limit\",\"breaking\":true,\
         \"message\":\"the maximum was 100, and is 50 now\"}\n"
    );
    assert_eq!(stderr(&done), "major: 1 change, 1 of them breaking\n");
    let done = diff(
        &directory,
        &["old.yaml", "new.yaml", "--format", "markdown"],
    );
    assert!(
        stdout(&done).starts_with("## Tools: major"),
        "{}",
        stdout(&done)
    );
}

#[test]
fn diff_fails_on_the_changes_that_are_named() {
    let code = |old, new, fail_on: &str| {
        let directory = pair(&format!("fail_{old}_{new}_{fail_on}"), old, new);
        let done = diff(&directory, &["old.yaml", "new.yaml", "--fail-on", fail_on]);
        done.status.code().unwrap()
    };
    assert_eq!(code(100, 50, "breaking"), 1);
    assert_eq!(code(50, 100, "breaking"), 0);
    assert_eq!(code(50, 100, "any"), 1);
    assert_eq!(code(50, 50, "any"), 0);
}

#[test]
fn side_that_cannot_be_read_is_an_error_that_names_it() {
    let directory = pair("missing", 1, 2);
    let done = diff(&directory, &["old.yaml", "none.yaml"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(
        stderr(&done).contains("cannot read none.yaml"),
        "{}",
        stderr(&done)
    );
    let done = diff(&directory, &["old.yaml"]);
    assert_eq!(done.status.code(), Some(2), "{}", stderr(&done));
}

#[test]
fn operation_that_cannot_be_read_is_reported_beside_the_changes() {
    let directory = pair("broken", 1, 1);
    let broken = spec(1) + "  /a: {get: 7}\n";
    fs::write(directory.join("new.yaml"), broken).unwrap();
    let done = diff(&directory, &["old.yaml", "new.yaml"]);
    assert_eq!(stdout(&done), "none: no changes, 0 of them breaking\n");
    let found = stderr(&done);
    assert!(
        found.contains("GET /a is left out") && found.contains("new.yaml"),
        "{found}"
    );
}

fn git(directory: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=t", "-c", "user.email=t@example.com"]);
    git.args([
        "-c",
        "commit.gpgsign=false",
        "-c",
        "init.defaultBranch=main",
    ]);
    let done = git.args(arguments).current_dir(directory).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

/// A repository with two commits of `specs/api.yaml`, its file of schemas and its overlay, and a third
/// state in the working tree.
fn repository(name: &str) -> PathBuf {
    let directory = scratch(name);
    fs::create_dir_all(directory.join("specs")).unwrap();
    git(&directory, &["init", "--quiet"]);
    let state = |limit: u32, overlay: &str| {
        let spec = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  /pets:\n    get:\n      \
                    operationId: list_pets\n      parameters:\n      - {name: limit, in: query, schema: \
                    {$ref: 'parts/limit.yaml'}}\n";
        let write = |path: &str, text: &str| {
            let path = directory.join("specs").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("api.yaml", spec);
        write(
            "parts/limit.yaml",
            &format!("type: integer\nmaximum: {limit}\n"),
        );
        let overlay = format!(
            "overlay: 1.0.0\ninfo: {{title: o, version: '1'}}\nactions:\n- target: $.paths['/pets'].get\n  \
             update: {{x-mcp: {{title: {overlay}}}}}\n"
        );
        write("api.overlay.yaml", &overlay);
    };
    for limit in [100, 50] {
        state(limit, &format!("At most {limit}"));
        git(&directory, &["add", "--all"]);
        git(&directory, &["commit", "--quiet", "--message", "a state"]);
    }
    state(10, "At most 50");
    directory
}

#[test]
fn revisions_of_a_description_are_compared_with_their_files_and_overlays() {
    let directory = repository("revisions");
    let between = |old: &str, new: &str| {
        format!(
            "breaking  argument_narrowed        `list_pets`, argument `limit`: the maximum was {old}, and \
             is {new} now\n"
        )
    };
    let title = "-         description_changed      `list_pets`: the title changed\n";
    let summary = |count| format!("major: {count}, 1 of them breaking\n");
    let done = diff(
        &directory,
        &["HEAD~1:specs/api.yaml", "HEAD:specs/api.yaml"],
    );
    let expected = between("100", "50") + title + &summary("2 changes");
    assert_eq!(stdout(&done), expected, "{}", stderr(&done));
    let done = diff(&directory, &["--spec", "specs/api.yaml", "HEAD~1", "HEAD"]);
    assert_eq!(stdout(&done), expected, "{}", stderr(&done));
    let done = diff(
        &directory.join("specs"),
        &["HEAD~1:./api.yaml", "HEAD:./api.yaml"],
    );
    assert_eq!(stdout(&done), expected, "{}", stderr(&done));
    let with_tree = between("50", "10") + &summary("1 change");
    let done = diff(&directory, &["HEAD:specs/api.yaml", "specs/api.yaml"]);
    assert_eq!(stdout(&done), with_tree, "{}", stderr(&done));
    let done = diff(&directory, &["--spec", "specs/api.yaml", "HEAD"]);
    assert_eq!(stdout(&done), with_tree, "{}", stderr(&done));
}

#[test]
fn revision_that_cannot_be_read_is_an_error_that_names_it() {
    let directory = repository("no_revision");
    for (side, expected) in [
        (
            "nowhere:specs/api.yaml",
            "`nowhere` is no revision of this repository",
        ),
        ("--output=x:specs/api.yaml", "unexpected argument"),
        ("HEAD:api.yaml", "HEAD has no file api.yaml"),
        ("HEAD:../api.yaml", "leads out of the repository"),
        ("HEAD:specs", "HEAD has no file specs"),
    ] {
        let done = diff(&directory, &[side, "specs/api.yaml"]);
        assert_ne!(done.status.code(), Some(0), "{side}");
        assert!(
            stderr(&done).contains(expected),
            "{side}: {}",
            stderr(&done)
        );
    }
}

#[test]
fn side_that_begins_with_a_dash_is_no_option_of_git() {
    let directory = repository("options");
    // A file that looks like an option is read like any other.
    let specs = directory.join("specs");
    fs::copy(
        specs.join("api.yaml"),
        directory.join("--output=written.yaml"),
    )
    .unwrap();
    fs::rename(specs.join("parts"), directory.join("parts")).unwrap();
    git(&directory, &["add", "--all"]);
    git(&directory, &["commit", "--quiet", "--message", "options"]);
    let same = "none: no changes, 0 of them breaking\n";
    for side in ["HEAD:--output=written.yaml", "HEAD:./--output=written.yaml"] {
        let done = diff(&directory, &[side, side]);
        assert_eq!(stdout(&done), same, "{side}: {}", stderr(&done));
    }
    let spec = "--spec=--output=written.yaml";
    let done = diff(&directory, &[spec, "HEAD", "HEAD"]);
    assert_eq!(stdout(&done), same, "{}", stderr(&done));
    // A revision that looks like one is none: git neither obeys it nor prints what it asks for.
    for name in [
        "--output=written",
        "--git-dir",
        "--all",
        "--show-toplevel",
        "--end-of-options",
        "--",
        "-h",
    ] {
        let side = format!("{name}:specs/api.yaml");
        let named = ["--", side.as_str(), "specs/api.yaml"];
        let of_file = ["--spec", "specs/api.yaml", "--", name];
        for arguments in [named.as_slice(), &of_file] {
            let done = diff(&directory, arguments);
            let expected = format!("`{name}` is no revision of this repository");
            assert_eq!(done.status.code(), Some(1), "{arguments:?}: {done:?}");
            assert!(stderr(&done).contains(&expected), "{}", stderr(&done));
        }
    }
    assert!(!directory.join("written").exists());
}

#[test]
fn overlay_that_no_longer_applies_is_reported() {
    let directory = pair("overlay", 1, 1);
    let overlay = "overlay: 1.0.0\ninfo: {title: o, version: '1'}\nactions:\n- target: $.paths['/pets'].get\n  \
                   update: {x-mcp: {title: T}}\n";
    fs::write(directory.join("o.yaml"), overlay).unwrap();
    let new = spec(1).replace("/pets", "/animals");
    fs::write(directory.join("new.yaml"), new).unwrap();
    let done = diff(&directory, &["old.yaml", "new.yaml", "--overlay", "o.yaml"]);
    let found = stdout(&done);
    assert!(
        found
            .contains("curation_unmatched       all tools: `$.paths['/pets'].get` selects nothing"),
        "{found}"
    );
}

#[test]
fn definitions_that_exceed_the_budget_change_the_mode() {
    let directory = scratch("mode");
    let long = "A word and another one. ".repeat(40);
    let spec = |count: usize| {
        let operation = |index: usize| {
            format!("  /o{index}:\n    get: {{operationId: o{index}, description: {long:?}}}\n")
        };
        let operations: String = (0..count).map(operation).collect();
        format!("openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n{operations}")
    };
    fs::write(directory.join("small.yaml"), spec(20)).unwrap();
    fs::write(directory.join("large.yaml"), spec(600)).unwrap();
    for (sides, shown) in [
        (
            ["small.yaml", "large.yaml"],
            "the tools of search mode instead of all tools",
        ),
        (
            ["large.yaml", "small.yaml"],
            "all tools instead of those of search mode",
        ),
    ] {
        let done = diff(&directory, &[sides[0], sides[1], "--format", "json"]);
        let expected = format!(
            "{{\"kind\":\"mode_changed\",\"tool\":\"*\",\"breaking\":false,\"message\":\"clients are shown \
             {shown}\"}}"
        );
        assert!(stdout(&done).contains(&expected), "{done:?}");
    }
    let done = diff(&directory, &["large.yaml", "large.yaml"]);
    assert!(!stdout(&done).contains("mode"), "{done:?}");
}
