//! `--watch`: the crate and its server follow the description.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use crate::apis::scratch;

/// Long enough for a machine under load: the tests wait for what happens, and end sooner.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running generator, and the lines that it and the server print.
struct Watching {
    generator: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(directory: &Path, arguments: &[&str]) -> Watching {
        let mut generator = Command::new(env!("CARGO_BIN_EXE_generator"))
            .args(["api.yaml", "--watch"])
            .args(["--runtime", "https://git.example.com/d.git"])
            .args(["--runtime-tag", "v1"])
            .args(arguments)
            .current_dir(directory)
            .env("CARGO", directory.join("cargo"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = mpsc::channel();
        let stderr = BufReader::new(generator.stderr.take().unwrap());
        std::thread::spawn(move || {
            let sent = stderr.lines().map_while(Result::ok);
            sent.for_each(|line| drop(send.send(line)));
        });
        Watching { generator, lines }
    }

    /// Waits for a line that contains a text.
    fn wait_for(&self, text: &str) -> String {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => seen.push(line),
                Err(error) => panic!("no `{text}` ({error}): {seen:#?}"),
            }
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.generator.kill();
        let _ = self.generator.wait();
    }
}

/// A description in two files, whose one tool has this name.
fn describe(directory: &Path, name: &str) {
    let operation = format!("get: {{operationId: {name}, responses: {{}}}}\n");
    fs::write(directory.join("item.yaml"), operation).unwrap();
    let description = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n\
                       paths: {/items: {$ref: item.yaml}}\n";
    fs::write(directory.join("api.yaml"), description).unwrap();
}

fn described(test: &str) -> PathBuf {
    let directory = scratch(test);
    describe(&directory, "list_items");
    directory
}

fn lock(directory: &Path) -> String {
    fs::read_to_string(directory.join("generated/tools.lock")).unwrap()
}

#[test]
fn a_change_of_a_file_of_the_description_is_in_the_crate() {
    let directory = described("watch_change");
    let watching = Watching::start(&directory, &[]);
    watching.wait_for("watching api.yaml");
    assert!(lock(&directory).contains("GET /items list_items"));
    // An edit in two steps: what cannot be read is reported, and leaves the crate as it is.
    fs::write(directory.join("item.yaml"), "get: {operationId: [").unwrap();
    watching.wait_for("watching api.yaml");
    assert!(lock(&directory).contains("GET /items list_items"));
    describe(&directory, "find_items");
    watching.wait_for("watching api.yaml");
    assert!(lock(&directory).contains("GET /items find_items"));
}

#[test]
fn an_overlay_that_appears_is_applied() {
    let directory = described("watch_overlay");
    let watching = Watching::start(&directory, &[]);
    watching.wait_for("watching api.yaml");
    let overlay = "overlay: 1.0.0\ninfo: {title: o, version: '1'}\nactions:\n\
                   - {target: '$.info', update: {title: Renamed}}\n";
    fs::write(directory.join("api.overlay.yaml"), overlay).unwrap();
    watching.wait_for("with api.overlay.yaml");
    watching.wait_for("watching api.yaml");
    let readme = fs::read_to_string(directory.join("generated/README.md")).unwrap();
    assert!(readme.contains("# Renamed"), "{readme}");
}

#[cfg(unix)]
#[test]
fn the_server_is_started_again_after_a_change() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = described("watch_run");
    // Cargo, and the program that it builds: which reports that it runs, and its process.
    let script = |name: &str, text: String| {
        let path = directory.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let program = directory.join("program");
    script(
        "program",
        "#!/bin/sh\necho \"serving $$\" >&2\nexec sleep 60\n".into(),
    );
    script(
        "cargo",
        format!(
            "#!/bin/sh\necho '{{\"reason\":\"compiler-artifact\",\"executable\":\"{}\"}}'\n",
            program.display()
        ),
    );
    let mut watching = Watching::start(&directory, &["--run"]);
    let first = watching.wait_for("serving ");
    describe(&directory, "find_items");
    let second = watching.wait_for("serving ");
    assert_ne!(first, second);
    let is_running = |line: &str| {
        let process = line.rsplit(' ').next().unwrap();
        let found = Command::new("kill")
            .args(["-0", process])
            .stderr(Stdio::null())
            .status();
        found.unwrap().success()
    };
    assert!(!is_running(&first) && is_running(&second));

    // The server ends with the generator.
    let generator = watching.generator.id().to_string();
    Command::new("kill").arg(generator).status().unwrap();
    assert_eq!(watching.generator.wait().unwrap().code(), Some(128 + 15));
    assert!(!is_running(&second));
}
