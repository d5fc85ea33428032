//! The generated server as a program, started with no configuration at all.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use tests::harness::requirement::repository;

use crate::program::scratch;

/// A server that runs until it is dropped.
struct Running {
    program: Child,
    /// What it said when it started.
    greeting: String,
    /// The URL that it said.
    url: String,
    /// What it may still say.
    _rest: Lines<BufReader<ChildStderr>>,
}

impl Running {
    fn start(directory: &Path, arguments: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_connector"));
        command
            .args(["serve", "--mock", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .current_dir(directory)
            .env_clear()
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        let mut program = command.spawn().unwrap();
        let mut greeting = String::new();
        let mut lines = BufReader::new(program.stderr.take().unwrap()).lines();
        while !greeting.contains("Claude, ChatGPT") {
            let line = lines
                .next()
                .unwrap_or_else(|| panic!("it ended: {greeting}"));
            greeting.push_str(&line.unwrap());
            greeting.push('\n');
        }
        let url = greeting
            .lines()
            .map(str::trim)
            .find(|it| it.ends_with("/mcp"));
        Running {
            url: url
                .unwrap_or_else(|| panic!("no URL: {greeting}"))
                .to_owned(),
            program,
            greeting,
            _rest: lines,
        }
    }

    fn setup_link(&self) -> Option<&str> {
        let mut lines = self.greeting.lines().map(str::trim);
        lines.find(|line| line.contains("/account/welcome/"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[tokio::test]
async fn without_configuration_people_sign_in_and_the_first_start_prints_a_link() {
    let directory = scratch("start_bare");
    let server = Running::start(&directory, &[]);
    let answer = reqwest::Client::new()
        .post(&server.url)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.headers().contains_key("www-authenticate"));
    let welcome = reqwest::get(server.setup_link().unwrap()).await.unwrap();
    assert_eq!(welcome.status(), 200);
}

#[cfg(unix)]
#[test]
fn the_store_is_beside_the_configuration_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = scratch("start_store");
    let elsewhere = scratch("start_elsewhere");
    let file = directory.join("connector.toml");
    std::fs::write(&file, "[server]\npath = \"/mcp\"\n").unwrap();
    let _server = Running::start(&elsewhere, &["--config", file.to_str().unwrap()]);
    for name in ["connector.db", "connector.db-wal", "connector.db-shm"] {
        let metadata = std::fs::metadata(directory.join(name)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[tokio::test]
async fn without_sign_in_nothing_is_kept_and_no_person_signs_in() {
    let directory = scratch("start_open");
    let server = Running::start(&directory, &["--auth", "none"]);
    assert_eq!(server.setup_link(), None);
    assert!(
        server.greeting.contains("Sign-in is off"),
        "{}",
        server.greeting
    );
    let answer = reqwest::Client::new()
        .post(&server.url)
        .send()
        .await
        .unwrap();
    assert_ne!(answer.status(), 401);
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0);
}

#[test]
fn greeting_line_of_each_client_is_in_the_book() {
    let server = Running::start(&scratch("start_clients"), &[]);
    let chapter = std::fs::read_to_string(repository().join("docs/clients.md")).unwrap();
    let said = server
        .greeting
        .replace(&server.url, "http://127.0.0.1:8080/mcp");
    let (_, clients) = said.split_once("  Claude Code").unwrap();
    let mut lines = format!("  Claude Code{clients}");
    lines.truncate(lines.find("  Claude, ChatGPT").unwrap());
    assert_eq!(lines.lines().count(), 6, "{lines}");
    for line in lines.lines() {
        // The client's name takes a column of its own.
        let line = line[18..].trim().trim_start_matches("mcp.json: ");
        assert!(chapter.contains(&format!("`{line}`")), "{line}");
    }
}
