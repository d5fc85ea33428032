//! `config check`, as operators run it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn check(name: &str, text: &str, environment: &[(&str, &str)]) -> (Output, PathBuf) {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("config-{name}"));
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("connector.toml");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector"));
    command.args(["config", "check", "--config"]).arg(&file);
    command.env_clear().envs(environment.iter().copied());
    (command.output().unwrap(), directory)
}

#[test]
fn config_check_prints_the_settings_in_force_without_secrets() {
    let text = "[upstream.credentials]\napi_key = \"hunter2\"\n[server]\npath = \"/here\"\n";
    let environment = [("DRAWBRIDGE_LISTEN", "127.0.0.1:9")];
    let (output, directory) = check("good", text, &environment);
    let printed = String::from_utf8(output.stdout).unwrap();
    let reported = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{reported}");
    for line in [
        "listen = \"127.0.0.1:9\"",
        "path = \"/here\"",
        "api_key = \"[secret]\"",
    ] {
        assert!(printed.contains(line), "{line}\n{printed}");
    }
    assert!(!printed.contains("hunter2") && !reported.contains("hunter2"));
    // It opens nothing, and makes nothing.
    assert_eq!(std::fs::read_dir(directory).unwrap().count(), 1);
}

#[test]
fn config_check_fails_where_the_server_would_not_start() {
    let (output, _) = check("bad", "[upstream.credentials]\napi_kee = \"k\"\n", &[]);
    let reported = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(
        reported.contains("connector.toml:2: upstream.credentials.api_kee: "),
        "{reported}"
    );
}

#[test]
fn config_check_makes_no_signing_key() {
    let text =
        "[upstream.credentials]\napi_key = \"k\"\n[upstream.on_behalf_of]\naudience = \"a\"\n";
    let (output, directory) = check("statement", text, &[]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(std::fs::read_dir(directory).unwrap().count(), 1);
}
