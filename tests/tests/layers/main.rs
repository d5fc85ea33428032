//! The layers of the two crates: which module may import which, which library is confined to which
//! module, and how long files and functions may be. ARCHITECTURE.md draws the same map.
//!
//! Each exception is listed with its reason, and one that is no longer needed fails the test.

mod cycles;
mod rules;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use source::Crate;

/// The lines that no file of `src` exceeds.
const FILE_LINES: usize = 500;
/// The lines that no function exceeds.
const FUNCTION_LINES: usize = 80;
/// The files of one module that may import each other in a circle.
const CYCLE_FILES: usize = 4;

/// Compares what was found with the exceptions.
///
/// # Panics
/// Where something is found that is no exception, or an exception is not needed.
fn check(rule: &str, found: &BTreeMap<String, String>, exceptions: &[(&str, &str)]) {
    let listed: BTreeSet<&str> = exceptions.iter().map(|(name, _)| *name).collect();
    for (name, reason) in exceptions {
        println!("exception to `{rule}`: {name}: {reason}");
    }
    let broken: Vec<_> = found
        .iter()
        .filter(|(name, _)| !listed.contains(name.as_str()))
        .map(|(name, details)| format!("  {name}: {details}"))
        .collect();
    let unused: Vec<_> = listed
        .iter()
        .filter(|name| !found.contains_key(**name))
        .collect();
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
    assert!(unused.is_empty(), "{rule}: not needed: {unused:?}");
}

#[test]
fn modules_of_the_runtime_import_only_lower_layers() {
    let runtime = Crate::read("runtime");
    let mut found = BTreeMap::new();
    for (from, to, place) in runtime.module_imports() {
        let allowed = rules::MODULES.iter().find(|(name, _)| *name == from);
        let allowed = allowed.map(|(_, allowed)| *allowed).unwrap_or_default();
        let is_base = rules::BASE.contains(&to.as_str());
        if !is_base && !allowed.contains(&to.as_str()) {
            found.entry(format!("{from} → {to}")).or_insert(place);
        }
    }
    check("modules import lower layers only", &found, rules::IMPORTS);
}

#[test]
fn libraries_are_confined_to_their_modules() {
    let runtime = Crate::read("runtime");
    let mut found = BTreeMap::new();
    for (module, library, place) in runtime.library_imports() {
        let rule = rules::LIBRARIES.iter().find(|(name, _)| *name == library);
        if rule.is_some_and(|(_, allowed)| !allowed.contains(&module.as_str())) {
            found
                .entry(format!("{library} in {module}"))
                .or_insert(place);
        }
    }
    let rule = "libraries are confined to their modules";
    check(rule, &found, rules::LIBRARY_USES);
}

#[test]
fn import_cycles_between_modules_do_not_exist() {
    let mut found = BTreeMap::new();
    for name in ["runtime", "generator"] {
        let edges = Crate::read(name).module_imports();
        let edges = edges.into_iter().map(|(from, to, _)| (from, to));
        for cycle in cycles::cycles(edges) {
            let modules: Vec<_> = cycle.into_iter().collect();
            found.insert(format!("{name}: {}", modules.join(", ")), String::new());
        }
    }
    check("modules import in no circle", &found, rules::MODULE_CYCLES);
}

#[test]
fn import_cycles_within_a_module_are_short() {
    let mut found = BTreeMap::new();
    for name in ["runtime", "generator"] {
        let source = Crate::read(name);
        for module in source.modules() {
            for cycle in cycles::cycles(source.file_imports(&module)) {
                if cycle.len() > CYCLE_FILES {
                    let files: Vec<_> = cycle.into_iter().collect();
                    let files = format!("{} files: {}", files.len(), files.join(", "));
                    found.insert(format!("{name}: {module}"), files);
                }
            }
        }
    }
    let rule = "circles within a module have at most 4 files";
    check(rule, &found, rules::FILE_CYCLES);
}

#[test]
fn files_and_functions_can_be_read_in_one_sitting() {
    let mut found = BTreeMap::new();
    for name in ["runtime", "generator"] {
        let source = Crate::read(name);
        for (file, lines) in source.file_lines() {
            if lines > FILE_LINES {
                found.insert(file, format!("{lines} lines"));
            }
        }
        for (function, lines) in source.function_lines() {
            if lines > FUNCTION_LINES {
                found.insert(function, format!("{lines} lines"));
            }
        }
    }
    let rule = "files have at most 500 lines, functions 80";
    check(rule, &found, rules::LENGTHS);
}
