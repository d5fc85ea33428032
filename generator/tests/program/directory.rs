//! What happens to the files of the output directory.

use std::fs;
use std::path::Path;

use generator::ir::Api;
use generator::output::State;
use generator::{GenerateError, Options, Outcome, Report, write};

use crate::apis::{operation, scratch, small};

/// Writes `api` into `out` without findings.
fn generate(api: &Api, out: &Path) -> Result<Report, GenerateError> {
    write(api, Vec::new(), &Options::new("api.yaml", out))
}

/// What differs, as path and state.
fn check(api: &Api, out: &Path) -> Vec<(String, State)> {
    let options = Options {
        check: true,
        ..Options::new("api.yaml", out)
    };
    match write(api, Vec::new(), &options).map(|report| report.outcome) {
        Ok(Outcome::Compared(found)) => found.into_iter().map(|d| (d.path, d.state)).collect(),
        other => panic!("{other:?}"),
    }
}

/// An API whose one tool is in another module.
fn moved() -> Api {
    Api {
        operations: vec![operation("list_pets", "animals")],
        ..small()
    }
}

#[test]
fn the_second_run_writes_nothing() {
    let out = scratch("second_run").join("pets");
    generate(&small(), &out).unwrap();
    match generate(&small(), &out).unwrap().outcome {
        Outcome::Written(done) => assert_eq!((done.written, done.pruned), (0, 0)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn equal_input_produces_equal_bytes() {
    let out = scratch("equal_bytes").join("pets");
    let texts = || -> Vec<String> {
        generate(&small(), &out).unwrap();
        let manifest = fs::read_to_string(out.join(".generated")).unwrap();
        // A digest follows the path. Other lines are the choices that the manifest records.
        let paths = manifest.lines().filter_map(|line| line.split(' ').next());
        let paths = paths.map(|path| out.join(path));
        let files = paths.filter(|path| path.is_file());
        let texts = files.map(|path| fs::read_to_string(path).unwrap());
        [manifest.clone()].into_iter().chain(texts).collect()
    };
    let once = texts();
    assert!(once.len() > 5, "{once:?}");
    fs::remove_dir_all(&out).unwrap();
    assert_eq!(texts(), once);
}

#[test]
fn files_of_the_previous_run_go_and_so_do_empty_directories() {
    let out = scratch("prune").join("pets");
    generate(&small(), &out).unwrap();
    generate(&moved(), &out).unwrap();
    assert!(out.join("src/tools/animals.rs").exists());
    assert!(!out.join("src/tools/pets.rs").exists());
}

#[test]
fn files_that_the_generator_did_not_write_stay() {
    let out = scratch("foreign_file").join("pets");
    generate(&small(), &out).unwrap();
    fs::write(out.join("src/tools/mine.rs"), "mine").unwrap();
    generate(&moved(), &out).unwrap();
    assert_eq!(
        fs::read_to_string(out.join("src/tools/mine.rs")).unwrap(),
        "mine"
    );
}

#[test]
fn files_of_the_owner_are_created_once() {
    let out = scratch("owner").join("pets");
    generate(&small(), &out).unwrap();
    fs::write(out.join("connector.toml"), "# mine").unwrap();
    fs::write(out.join("src/main.rs"), "// mine").unwrap();
    generate(&moved(), &out).unwrap();
    assert_eq!(
        fs::read_to_string(out.join("connector.toml")).unwrap(),
        "# mine"
    );
    assert_eq!(
        fs::read_to_string(out.join("src/main.rs")).unwrap(),
        "// mine"
    );
    assert_eq!(check(&moved(), &out), []);
}

#[test]
fn a_generated_file_that_was_edited_ends_the_run_before_it_writes() {
    let out = scratch("edited").join("pets");
    generate(&small(), &out).unwrap();
    // One that would be written anew, and one that would be pruned.
    for path in ["README.md", "src/tools/pets.rs"] {
        let path = out.join(path);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text + "// mine\n").unwrap();
    }
    let before = fs::read_to_string(out.join(".generated")).unwrap();
    let error = generate(&moved(), &out).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "README.md, src/tools/pets.rs: were edited since the generator wrote them"
        ),
        "{error}"
    );
    assert!(!out.join("src/tools/animals.rs").exists());
    assert_eq!(fs::read_to_string(out.join(".generated")).unwrap(), before);

    let options = Options {
        overwrite: true,
        ..Options::new("api.yaml", &out)
    };
    write(&moved(), Vec::new(), &options).unwrap();
    assert_eq!(check(&moved(), &out), []);
}

#[test]
fn a_crate_without_digests_is_written_anew() {
    let out = scratch("no_digests").join("pets");
    generate(&small(), &out).unwrap();
    let manifest = out.join(".generated");
    let text = fs::read_to_string(&manifest).unwrap();
    let paths = text.lines().map(|line| match line.rsplit_once(' ') {
        Some((path, _)) if !line.starts_with('#') => path,
        _ => line,
    });
    let text: String = paths.map(|path| format!("{path}\n")).collect();
    fs::write(&manifest, text).unwrap();
    fs::write(out.join("README.md"), "of an earlier version").unwrap();
    generate(&moved(), &out).unwrap();
    assert_eq!(check(&moved(), &out), []);
}

#[test]
fn check_reports_what_changed_is_missing_and_is_extra_and_writes_nothing() {
    let out = scratch("check").join("pets");
    generate(&small(), &out).unwrap();
    fs::write(out.join("README.md"), "edited").unwrap();
    let found = check(&moved(), &out);
    for (path, state) in [
        ("README.md", State::Changed),
        ("src/tools/animals.rs", State::Missing),
        ("src/tools/pets.rs", State::Extra),
    ] {
        assert!(
            found.contains(&(path.to_owned(), state)),
            "{path}: {found:?}"
        );
    }
    assert_eq!(fs::read_to_string(out.join("README.md")).unwrap(), "edited");
    assert!(!out.join("src/tools/animals.rs").exists());
}

#[test]
fn check_of_a_directory_that_is_not_there_finds_all_missing() {
    let out = scratch("check_absent").join("pets");
    assert!(
        check(&small(), &out)
            .iter()
            .all(|(_, state)| *state == State::Missing)
    );
    assert!(!out.exists());
}

#[test]
fn a_directory_of_somebody_else_is_refused() {
    let out = scratch("somebody");
    fs::write(out.join("thesis.txt"), "x").unwrap();
    let refused = generate(&small(), &out).unwrap_err().to_string();
    assert!(refused.contains("not empty"), "{refused}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn an_output_without_a_name_is_refused() {
    for out in [".", "..", "/", ""] {
        let refused = generate(&small(), Path::new(out)).unwrap_err().to_string();
        assert!(refused.contains("named after the last part"), "{refused}");
    }
}

#[test]
fn a_manifest_that_leads_outside_removes_nothing() {
    let parent = scratch("outside");
    fs::write(parent.join("kept"), "x").unwrap();
    let out = parent.join("pets");
    generate(&small(), &out).unwrap();
    fs::write(out.join(".generated"), "../kept\n").unwrap();
    assert!(generate(&small(), &out).is_err());
    assert!(parent.join("kept").exists());
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_outside_is_not_followed() {
    let parent = scratch("link");
    let (out, elsewhere) = (parent.join("pets"), parent.join("elsewhere"));
    fs::create_dir(&elsewhere).unwrap();
    generate(&small(), &out).unwrap();
    fs::remove_dir_all(out.join("src/tools")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, out.join("src/tools")).unwrap();
    let refused = generate(&small(), &out).unwrap_err().to_string();
    assert!(refused.contains("outside"), "{refused}");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn names_that_cargo_refuses_become_others() {
    let parent = scratch("names");
    for (last, name) in [
        ("test", "test-server"),
        ("fn", "fn-server"),
        ("9 lives", "api-9-lives"),
        ("\u{540d}", "generated"),
    ] {
        generate(&small(), &parent.join(last)).unwrap();
        let manifest = fs::read_to_string(parent.join(last).join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains(&format!("[package]\nname = \"{name}\"\n")),
            "{manifest}"
        );
    }
}

#[test]
fn a_member_of_a_workspace_is_not_a_root_of_its_own() {
    let parent = scratch("member");
    fs::write(
        parent.join("Cargo.toml"),
        "[workspace]\nmembers = [\"in*\"]\n",
    )
    .unwrap();
    for (last, is_root) in [("inside", false), ("other", true)] {
        generate(&small(), &parent.join(last)).unwrap();
        let manifest = fs::read_to_string(parent.join(last).join("Cargo.toml")).unwrap();
        assert_eq!(manifest.contains("[workspace]"), is_root);
    }
}

#[test]
fn an_empty_catalogue_is_written_only_if_allowed_and_not_strict() {
    let out = scratch("strict").join("pets");
    let options = Options {
        strict: true,
        allow_empty: true,
        ..Options::new("api.yaml", &out)
    };
    let report = write(&Api::default(), Vec::new(), &options).unwrap();
    assert_eq!(report.outcome, Outcome::Refused);
    assert!(!out.exists());
    let options = Options {
        strict: false,
        ..options
    };
    let report = write(&Api::default(), Vec::new(), &options).unwrap();
    assert!(report.is_success());
}
