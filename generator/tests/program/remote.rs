//! A description at a URL: fetched within bounds, kept in the crate, and fetched again when asked.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::apis::scratch;

const ENTRY: &str = "openapi: 3.1.0
info: {title: Pets, version: '1'}
paths:
  /pets: {$ref: 'paths/pets.yaml'}
  /owners: {$ref: '../common/owners.yaml#/owners'}
";
const PETS: &str =
    "get:\n  operationId: list_pets\n  parameters: [{name: q, in: query, schema: {type: bool}}]\n";
const OWNERS: &str = "owners: {get: {operationId: list_owners, parameters: [{name: o, in: query, schema: {$ref: 'https://other.example/s.yaml'}}]}}\n";

/// What a host answers: by path, a status line, a header field and a body.
type Answers = BTreeMap<&'static str, (&'static str, String, String)>;

/// A host on the loopback interface.
struct Host {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Answers>>,
}

impl Host {
    fn start(files: &[(&'static str, &str)]) -> Host {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let answers = files.iter();
        let answers: Answers = answers
            .map(|(path, body)| (*path, ("200 OK", String::new(), (*body).to_owned())))
            .collect();
        let host = Host {
            address,
            requests: Arc::default(),
            answers: Arc::new(Mutex::new(answers)),
        };
        let (requests, answers) = (Arc::clone(&host.requests), Arc::clone(&host.answers));
        // Ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let request = lines.next().unwrap().unwrap();
                for line in lines {
                    if line.unwrap().is_empty() {
                        break;
                    }
                }
                let path = request.split(' ').nth(1).unwrap().to_owned();
                let answers = answers.lock().unwrap();
                let missing = ("404 Not Found", String::new(), String::new());
                let (status, header, body) = answers.get(path.as_str()).unwrap_or(&missing);
                requests.lock().unwrap().push(path.clone());
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{header}\r\n"
                );
                // A client that has read enough hangs up.
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        host
    }

    fn answer(&self, path: &'static str, status: &'static str, header: &str, body: &str) {
        let answer = (status, header.to_owned(), body.to_owned());
        self.answers.lock().unwrap().insert(path, answer);
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

fn pets() -> Host {
    Host::start(&[
        ("/v1/openapi.yaml", ENTRY),
        ("/v1/paths/pets.yaml", PETS),
        ("/common/owners.yaml", OWNERS),
    ])
}

fn generator(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_generator"));
    command.args(arguments).current_dir(directory);
    // A proxy of the machine does not reach this test's host.
    command
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1");
    command.output().unwrap()
}

fn reported(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn description_at_a_url_is_fetched_with_its_files_and_kept() {
    let directory = scratch("remote_kept");
    let host = pets();
    let url = host.url("/v1/openapi.yaml");
    let done = generator(&directory, &[&url]);
    let text = reported(&done);
    assert!(done.status.success(), "{text}");
    assert!(text.contains("2 tools"), "{text}");
    let mut requests = host.requests();
    requests.sort();
    assert_eq!(
        requests,
        [
            "/common/owners.yaml",
            "/v1/openapi.yaml",
            "/v1/paths/pets.yaml"
        ]
    );
    let kept = directory.join("generated/description");
    assert_eq!(
        fs::read_to_string(kept.join("v1/openapi.yaml")).unwrap(),
        ENTRY
    );
    assert_eq!(
        fs::read_to_string(kept.join("common/owners.yaml")).unwrap(),
        OWNERS
    );
    let manifest = fs::read_to_string(directory.join("generated/.generated")).unwrap();
    assert!(
        manifest.lines().any(|line| line.starts_with("# source: ")
            && line.ends_with(&format!(" description/v1/openapi.yaml {url}"))),
        "{manifest}"
    );
    // Findings name the file that the crate keeps.
    let place = "generated/description/v1/paths/pets.yaml:3 (";
    assert!(text.contains(place), "{text}");
}

#[test]
fn later_runs_read_the_copy_until_they_are_asked_to_fetch() {
    let directory = scratch("remote_again");
    let host = pets();
    let url = host.url("/v1/openapi.yaml");
    assert!(generator(&directory, &[&url]).status.success());
    host.requests();
    host.answer(
        "/v1/paths/pets.yaml",
        "200 OK",
        "",
        "get: {operationId: search_pets}\n",
    );
    for arguments in [&[url.as_str()][..], &[&url, "--check"]] {
        let done = generator(&directory, arguments);
        assert!(done.status.success(), "{}", reported(&done));
        assert!(
            reported(&done).contains("from the copy in generated"),
            "{}",
            reported(&done)
        );
    }
    assert_eq!(host.requests(), [""; 0]);
    let done = generator(&directory, &[&url, "--check", "--fetch"]);
    assert!(!done.status.success());
    assert!(
        reported(&done).contains("+get: {operationId: search_pets}"),
        "{}",
        reported(&done)
    );
    assert!(generator(&directory, &[&url, "--fetch"]).status.success());
    let tools = fs::read_to_string(directory.join("generated/src/tools/default.rs")).unwrap();
    assert!(tools.contains("search_pets"), "{tools}");
}

#[test]
fn copy_that_was_changed_is_reported() {
    let directory = scratch("remote_changed");
    let host = pets();
    let url = host.url("/v1/openapi.yaml");
    assert!(generator(&directory, &[&url]).status.success());
    fs::write(
        directory.join("generated/description/v1/openapi.yaml"),
        "x: 1\n",
    )
    .unwrap();
    let done = generator(&directory, &[&url]);
    assert!(!done.status.success());
    let expected = format!("error: generated/description: is not what was fetched from {url}");
    assert!(reported(&done).contains(&expected), "{}", reported(&done));
}

#[test]
fn check_without_a_copy_fetches_nothing() {
    let directory = scratch("remote_check");
    let host = pets();
    let done = generator(&directory, &[&host.url("/v1/openapi.yaml"), "--check"]);
    assert!(!done.status.success());
    assert!(
        reported(&done).contains("has no copy of it"),
        "{}",
        reported(&done)
    );
    assert_eq!(host.requests(), [""; 0]);
}

#[test]
fn inspect_reads_a_url_and_writes_nothing() {
    let directory = scratch("remote_inspect");
    let host = pets();
    let done = generator(&directory, &["inspect", &host.url("/v1/openapi.yaml")]);
    assert!(done.status.success(), "{}", reported(&done));
    assert!(String::from_utf8_lossy(&done.stdout).contains("list_owners"));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
}

#[test]
fn url_that_answers_with_something_else_is_reported() {
    let directory = scratch("remote_other");
    let host = Host::start(&[(
        "/docs",
        "<!DOCTYPE html><script>SwaggerUIBundle({url: '/v1/openapi.yaml'})</script>",
    )]);
    host.answer(
        "/moved",
        "302 Found",
        "location: http://example.com/openapi.json\r\n",
        "",
    );
    host.answer("/circle", "302 Found", "location: /circle\r\n", "");
    for (path, expected) in [
        (
            "/docs",
            "an HTML page, not an OpenAPI description; the page shows the description at `/v1/openapi.yaml`",
        ),
        ("/none", "cannot be fetched: the host answers 404 Not Found"),
        (
            "/moved",
            "redirects to http://example.com/openapi.json, which is not protected by TLS",
        ),
        ("/circle", "it redirects more than 5 times"),
    ] {
        let done = generator(&directory, &[&host.url(path)]);
        assert_eq!(done.status.code(), Some(1));
        let text = reported(&done);
        assert!(text.contains(&format!("error: {}", host.url(""))), "{text}");
        assert!(text.contains(expected), "{text}");
    }
    assert!(!directory.join("generated").exists());
}

#[test]
fn redirect_on_the_loopback_interface_is_followed() {
    let directory = scratch("remote_redirect");
    let host = pets();
    host.answer("/latest", "302 Found", "location: /v1/openapi.yaml\r\n", "");
    let done = generator(&directory, &[&host.url("/latest")]);
    assert!(done.status.success(), "{}", reported(&done));
    assert!(
        directory
            .join("generated/description/v1/openapi.yaml")
            .exists()
    );
}

#[test]
fn description_that_does_not_end_is_cut_off() {
    let directory = scratch("remote_large");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        let block = vec![b' '; 1 << 20];
        while stream.write_all(&block).is_ok() {}
    });
    let done = generator(&directory, &[&format!("http://{address}/openapi.yaml")]);
    assert_eq!(done.status.code(), Some(1));
    assert!(
        reported(&done).contains("it is larger than 64 MiB"),
        "{}",
        reported(&done)
    );
}
