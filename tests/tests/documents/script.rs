//! The commands of a chapter as one script, in the order in which a reader types them.

use std::fmt::Write as _;

use crate::markdown::{Block, Document};

/// Stops the script's server, and starts one whose greeting it waits for.
const PRELUDE: &str = r#"set -euo pipefail
server=
stop() { [[ -z $server ]] || { kill "$server"; wait "$server" || true; server=; }; }
trap stop EXIT
serve() {
    stop
    "$@" 2> "$SCRATCH/log" &
    server=$!
    until grep -q 'Claude, ChatGPT' "$SCRATCH/log"; do
        kill -0 "$server" || { cat "$SCRATCH/log" >&2; exit 1; }
        sleep 0.05
    done
}
"#;

/// What a block of commands is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    /// It runs and succeeds.
    Runs,
    /// It runs and exits with this status.
    Exits(i32),
    /// It is not run, for this reason.
    NotRun(&'a str),
}

/// Reads the mark of a block of commands.
///
/// # Panics
/// Where the mark is none that is known.
pub(crate) fn kind(block: &Block) -> Kind<'_> {
    match block.note.split_once(": ") {
        None if block.note.is_empty() => Kind::Runs,
        Some(("exits", status)) => Kind::Exits(status.parse().unwrap()),
        Some(("not-run", reason)) => Kind::NotRun(reason),
        _ => panic!("line {}: unknown mark `{}`", block.line, block.note),
    }
}

/// The commands in a block, one for each line.
pub(crate) fn commands(block: &Block) -> impl Iterator<Item = &str> {
    let lines = block.text.lines().map(|line| match line.split_once(" #") {
        Some((command, _)) => command.trim(),
        None => line.trim(),
    });
    lines.filter(|line| !line.is_empty())
}

/// The script of a chapter, or nothing if it has no command that runs. The server that it starts
/// listens at `address`, where the chapter says 127.0.0.1:8080.
pub(crate) fn script(document: &Document, address: &str) -> Option<String> {
    let mut script = PRELUDE.to_owned();
    let mut is_empty = true;
    for block in &document.blocks {
        if let Some(file) = block.note.strip_prefix("file=") {
            let text = &block.text;
            write!(script, "cat > {file} <<'END_OF_FILE'\n{text}END_OF_FILE\n").unwrap();
        }
        if block.language != "sh" {
            continue;
        }
        let status = match kind(block) {
            Kind::NotRun(_) => continue,
            Kind::Runs => 0,
            Kind::Exits(status) => status,
        };
        is_empty = false;
        for command in commands(block) {
            let command = command.replace("127.0.0.1:8080", address);
            let place = document.at(block.line);
            writeln!(script, "echo '{place}: {}' >&2", command.replace('\'', "")).unwrap();
            match status {
                0 if command.starts_with("generated serve") => writeln!(script, "serve {command}"),
                0 => writeln!(script, "{command}"),
                _ => writeln!(
                    script,
                    "status=0; {command} || status=$?; [[ $status == {status} ]]"
                ),
            }
            .unwrap();
        }
    }
    (!is_empty).then_some(script)
}
