//! The help texts of both programs.

use std::process::Command;

use crate::golden::assert_unchanged;

fn help(program: &str, commands: &[&[&str]]) -> String {
    let mut text = String::new();
    for command in commands {
        let mut process = Command::new(program);
        process.args(*command).arg("--help").env_clear();
        let output = process.output().unwrap();
        assert!(output.status.success(), "{command:?}");
        text += &format!("$ {} --help\n", command.join(" "));
        text += &String::from_utf8(output.stdout).unwrap();
        text.push('\n');
    }
    text
}

#[test]
fn help_of_the_generated_server_is_as_recorded() {
    let commands: &[&[&str]] = &[&[], &["serve"], &["stdio"], &["tools"], &["workspaces"]];
    let text = help(env!("CARGO_BIN_EXE_connector"), commands);
    assert_unchanged("help-server.txt", &text);
}
