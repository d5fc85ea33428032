//! The commands that the book shows: each is run as it is printed, in a directory of its own with
//! the real programs, unless a mark says why not. Those that are not run, and those within
//! sentences, name subcommands and options that exist.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tests::harness::requirement::{repository, require};

use crate::markdown::{self, Document};
use crate::script::{self, Kind};

/// The programs of the book, and where they are here.
const PROGRAMS: [(&str, &str); 2] = [
    ("generator", env!("CARGO_BIN_EXE_describe")),
    ("generated", env!("CARGO_BIN_EXE_connector")),
];
/// The programs of others that the book's commands use.
const OTHERS: [&str; 3] = ["bash", "curl", "openssl"];

/// The programs that the commands need.
fn others() -> Result<(), String> {
    for program in OTHERS {
        let mut command = Command::new(program);
        let found = command.arg("--version").output();
        if found.is_err() {
            return Err(format!("no {program} on the path"));
        }
    }
    Ok(())
}

/// A directory for a chapter: the description, the profiles, and the programs in `bin`.
fn directory(document: &Document) -> PathBuf {
    let name = document.path.file_stem().unwrap().to_str().unwrap();
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("documents_{name}"));
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(directory.join("bin")).unwrap();
    for (name, program) in PROGRAMS {
        symlink(program, directory.join("bin").join(name)).unwrap();
    }
    std::fs::copy(
        repository().join("specs/api.yaml"),
        directory.join("openapi.yaml"),
    )
    .unwrap();
    let profiles = directory.join("specs/profiles");
    copy(&repository().join("specs/profiles"), &profiles);
    directory
}

/// Copies the files of a directory, and those below it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let (from, to) = (file.path(), to.join(file.file_name()));
        match from.is_dir() {
            true if from.ends_with("node_modules") => {}
            true => copy(&from, &to),
            false => drop(std::fs::copy(&from, &to).unwrap()),
        }
    }
}

/// Runs the commands of a chapter.
fn run(document: &Document) {
    if require(others()).is_none() {
        return;
    }
    // Free for the moment: the chapter's server is the only one that takes it.
    let address = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
    let address = address.unwrap().to_string();
    let Some(script) = script::script(document, &address) else {
        return;
    };
    let directory = directory(document);
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(&directory)
        .env_clear()
        .env(
            "PATH",
            format!("{}:{path}", directory.join("bin").display()),
        )
        .env("SCRATCH", &directory)
        .env("DRAWBRIDGE_LISTEN", &address)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}");
}

#[test]
fn commands_of_the_book_work_as_printed() {
    for document in markdown::book() {
        run(&document);
    }
}

#[test]
fn commands_that_are_not_run_say_why() {
    for document in markdown::book() {
        for block in document.blocks.iter().filter(|it| it.language == "sh") {
            if let Kind::NotRun(reason) = script::kind(block) {
                assert!(!reason.is_empty(), "{}", document.at(block.line));
                for command in script::commands(block) {
                    println!("not run: {}: {command} ({reason})", document.at(block.line));
                }
            }
        }
    }
}

/// The help of each subcommand that was asked for.
#[derive(Default)]
struct Help(BTreeMap<String, String>);

impl Help {
    /// What is wrong with a command line of one of the programs, if anything is.
    fn wrong(&mut self, command: &str) -> Option<String> {
        let mut words = command.split_whitespace();
        let program = words.next()?;
        let (_, path) = PROGRAMS.iter().find(|(name, _)| *name == program)?;
        let words: Vec<_> = words.collect();
        let is_subcommand = |word: &&&str| word.chars().all(|it| it.is_ascii_lowercase());
        let subcommands: Vec<&str> = words.iter().take_while(is_subcommand).copied().collect();
        let help = self.0.entry(format!("{program} {}", subcommands.join(" ")));
        let help = help.or_insert_with(|| {
            let mut command = Command::new(path);
            let output = command.args(&subcommands).arg("--help").output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        });
        if help.is_empty() {
            return Some(format!("no subcommand `{}`", subcommands.join(" ")));
        }
        let options = words.iter().filter(|word| word.starts_with("--"));
        let known = help.split(|it: char| it.is_whitespace() || "[,=".contains(it));
        let known: Vec<_> = known.collect();
        let unknown: Vec<_> = options
            .map(|option| option.split('=').next().unwrap_or(option))
            .filter(|option| !known.contains(option))
            .collect();
        (!unknown.is_empty()).then(|| format!("no option {}", unknown.join(", ")))
    }
}

#[test]
fn command_lines_name_subcommands_and_options_that_exist() {
    let (mut help, mut found, mut count) = (Help::default(), Vec::new(), 0);
    for document in markdown::all() {
        let spans = document
            .spans
            .iter()
            .map(|(line, text)| (*line, text.as_str()));
        let blocks = document.blocks.iter().filter(|it| it.language == "sh");
        let blocks = blocks.flat_map(|block| script::commands(block).map(|it| (block.line, it)));
        for (line, command) in spans.chain(blocks) {
            let command = command.replace("cargo run -p generator --", "generator");
            count += usize::from(PROGRAMS.iter().any(|(name, _)| command.starts_with(name)));
            if let Some(wrong) = help.wrong(&command) {
                found.push(format!("{}: {command}: {wrong}", document.at(line)));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(count > 20, "{count} command lines");
}

#[test]
fn command_line_with_an_unknown_subcommand_or_option_is_reported() {
    let mut help = Help::default();
    for command in [
        "generated sevre",
        "generated serve --bogus",
        "generator x.yaml --bogus",
    ] {
        assert!(help.wrong(command).is_some(), "{command}");
    }
    assert_eq!(help.wrong("generated workspaces --link ID OTHER"), None);
}
