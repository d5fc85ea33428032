//! Runs the program on a description, within bounds.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Map, Value, json};

/// How much memory the program may ask the system for, in kB: address space, which is more than
/// what it uses.
const MEMORY: u64 = 2_000_000;
/// How many seconds of processor time it may use. It ends far earlier, on any machine: this is for
/// what grows with a power of its input.
const SECONDS: u64 = 60;

/// What became of a run.
pub(crate) struct Run {
    /// The exit code; none if it was killed.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) reported: String,
}

impl Run {
    /// It refuses the description, and says this.
    #[track_caller]
    pub(crate) fn refuses(&self, saying: &str) {
        assert_eq!(self.code, Some(1), "{}", self.beginning());
        assert!(self.reported.contains(saying), "{}", self.beginning());
    }

    /// It writes a crate of so many tools, and says this.
    #[track_caller]
    pub(crate) fn makes(&self, tools: usize, saying: &str) {
        assert_eq!(self.code, Some(0), "{}", self.beginning());
        let made = format!("\n{tools} tools (");
        assert!(self.reported.contains(&made), "{}", self.beginning());
        assert!(self.reported.contains(saying), "{}", self.beginning());
    }

    fn beginning(&self) -> &str {
        self.reported.get(..2000).unwrap_or(&self.reported)
    }
}

/// An empty directory of this test's own. Its parent belongs to it too: references reach that far.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("hostile")
        .join(name);
    let _ = fs::remove_dir_all(&parent);
    let directory = parent.join("api");
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// Runs the program on a description of this text, called `api.EXTENSION`.
pub(crate) fn run(name: &str, extension: &str, text: impl AsRef<[u8]>) -> Run {
    let directory = scratch(name);
    let spec = directory.join(format!("api.{extension}"));
    fs::write(&spec, text).unwrap();
    let run = run_on(&spec);
    let _ = fs::remove_dir_all(directory.parent().unwrap());
    run
}

/// Runs the program on a description that is there. A crate without tools is written, too.
pub(crate) fn run_on(spec: &Path) -> Run {
    let out = spec.parent().unwrap().join("made");
    let empty = "--allow-empty".as_ref();
    let done = limited(&[spec.as_os_str(), empty, "--out".as_ref(), out.as_os_str()]);
    Run {
        code: done.status.code(),
        reported: String::from_utf8(done.stderr).unwrap(),
    }
}

/// Runs `generator check` on a description of this text; it reports what is rejected.
pub(crate) fn check(name: &str, text: &str) -> Run {
    let directory = scratch(name);
    let spec = directory.join("api.json");
    fs::write(&spec, text).unwrap();
    let done = limited(&["check".as_ref(), spec.as_os_str()]);
    let _ = fs::remove_dir_all(directory.parent().unwrap());
    Run {
        code: done.status.code(),
        reported: String::from_utf8(done.stdout).unwrap(),
    }
}

fn limited(arguments: &[&OsStr]) -> Output {
    let limited = format!("ulimit -v {MEMORY} && ulimit -t {SECONDS} && exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &limited, env!("CARGO_BIN_EXE_generator")])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// A description of one operation, `POST /a`, that takes and returns values of `schema`.
pub(crate) fn one(schema: &Value, schemas: &Map<String, Value>) -> String {
    let content = json!({"application/json": {"schema": schema}});
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Hostile", "version": "1"},
        "paths": {"/a": {"post": {
            "requestBody": {"content": content},
            "responses": {"200": {"description": "Done.", "content": content}},
        }}},
        "components": {"schemas": schemas},
    })
    .to_string()
}

/// Schemas `s0` to `sN`, each made of its number and a reference to the next one.
pub(crate) fn chain(length: usize, link: impl Fn(usize, Value) -> Value) -> Map<String, Value> {
    let link = |at: usize| (format!("s{at}"), link(at, schema(at + 1)));
    let end = (format!("s{length}"), json!({"type": "object"}));
    (0..length).map(link).chain([end]).collect()
}

/// A reference to the schema `sN`.
pub(crate) fn schema(number: usize) -> Value {
    json!({"$ref": format!("#/components/schemas/s{number}")})
}
