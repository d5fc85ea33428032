//! The generated server as a program: what it does not start with, it names, with an exit code.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// An empty directory of this test's own.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// Runs the server, which is to end by itself; no setting reaches it from the environment.
fn connector(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector"));
    command.args(arguments).current_dir(directory);
    command.env_clear().stdin(Stdio::null()).output().unwrap()
}

/// Runs the server with a `connector.toml` of this text.
fn configured(name: &str, text: &str) -> Output {
    let directory = scratch(name);
    fs::write(directory.join("connector.toml"), text).unwrap();
    connector(&directory, &["serve"])
}

/// That the program ended with this exit code, said this to people, and nothing to programs.
fn says(output: &Output, code: i32, text: &str) {
    let reported = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{reported}");
    assert!(
        reported.starts_with("error: ") && reported.contains(text),
        "{reported}"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn a_flag_that_does_not_exist_is_wrong_usage() {
    let directory = scratch("program_flag");
    for command in ["serve", "stdio", "tools"] {
        let output = connector(&directory, &[command, "--bogus"]);
        says(&output, 2, "unexpected argument '--bogus'");
    }
}

#[test]
fn a_command_that_does_not_exist_is_wrong_usage() {
    let output = connector(&scratch("program_command"), &["sevre"]);
    says(&output, 2, "sevre");
}

#[test]
fn a_file_that_is_not_toml_is_reported_with_its_line() {
    let output = configured("program_toml", "[server]\nlisten = \n");
    says(&output, 1, "connector.toml:2: ");
}

#[test]
fn a_key_that_does_not_exist_is_reported_with_file_and_line() {
    let output = configured("program_key", "[upstream]\n\ntimeout = 5\n");
    says(&output, 1, "connector.toml:3: upstream.timeout: ");
}

#[test]
fn a_value_of_the_wrong_type_is_reported_with_file_line_and_key() {
    let output = configured("program_value", "[server]\nread_only = \"yes\"\n");
    says(&output, 1, "connector.toml:2: server.read_only: ");
}

#[test]
fn a_value_that_cannot_be_meant_is_reported_with_its_key() {
    let output = configured("program_limit", "[upstream]\ntimeout_seconds = 0\n");
    says(&output, 1, "connector.toml:2: upstream.timeout_seconds: ");
}

#[test]
fn a_flag_undoes_what_the_file_says() {
    let directory = scratch("program_undo");
    let tools = |arguments: &[&str]| connector(&directory, arguments).stdout;
    let all = tools(&["tools"]);
    fs::write(
        directory.join("connector.toml"),
        "[server]\nread_only = true\n",
    )
    .unwrap();
    assert!(tools(&["tools"]).len() < all.len());
    assert_eq!(tools(&["tools", "--read-only=false"]), all);
}

#[test]
fn a_file_that_is_named_and_not_there_is_reported() {
    let directory = scratch("program_absent");
    let output = connector(&directory, &["serve", "--config", "absent.toml"]);
    says(&output, 1, "absent.toml: cannot be read: ");
}

#[test]
fn a_port_that_is_taken_is_reported() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let arguments = ["serve", "--mock", "--listen", &address];
    let output = connector(&scratch("program_port"), &arguments);
    says(&output, 1, &format!("cannot listen on {address}: "));
}

#[test]
fn without_sign_in_an_address_for_everybody_is_refused() {
    let directory = scratch("program_open");
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let output = connector(
            &directory,
            &["serve", "--mock", "--auth", "none", "--listen", address],
        );
        says(&output, 1, "listen on a loopback address");
    }
}

#[test]
fn an_address_for_others_needs_an_https_url() {
    let directory = scratch("program_public");
    let serve = ["serve", "--mock", "--listen", "0.0.0.0:0"];
    says(
        &connector(&directory, &serve),
        1,
        "server.public_url: is not set",
    );
    for url in ["http://mcp.example.com", "http://127.0.0.1:8080"] {
        let arguments = [&serve[..], &["--public-url", url]].concat();
        says(&connector(&directory, &arguments), 1, "is no https URL");
    }
}

#[test]
fn a_store_that_cannot_be_made_is_reported_with_its_path() {
    let directory = scratch("program_store");
    let arguments = [
        "serve",
        "--mock",
        "--listen",
        "127.0.0.1:0",
        "--store",
        "absent/a.db",
    ];
    says(
        &connector(&directory, &arguments),
        1,
        "absent/a.db cannot be opened",
    );
}

#[test]
fn a_credential_for_no_scheme_is_reported_without_its_value() {
    let text = "[upstream.credentials]\nnope = \"s3cret\"\n";
    let output = configured("program_credential", text);
    says(&output, 1, "connector.toml:2: upstream.credentials.nope: ");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("s3cret"));
}

#[test]
fn a_credential_that_is_missing_is_reported_with_its_scheme_and_tools() {
    let output = configured("program_missing", "[upstream.credentials]\n");
    says(&output, 1, "connector.toml:1: upstream.credentials: ");
    let reported = String::from_utf8_lossy(&output.stderr);
    for part in [
        "\n  api_key: for ",
        "\n  api_key = { env = \"API_KEY\" }\n",
        "\"hide\"",
    ] {
        assert!(reported.contains(part), "{reported}");
    }
}
