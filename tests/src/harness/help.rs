//! The help texts of a program.

use std::process::Command;

/// Returns what `--help` prints, of a program and of each of its commands, whatever these are.
///
/// # Panics
/// If the program cannot be run, or a command has no help.
#[must_use]
pub fn help(program: &str) -> String {
    let mut text = String::new();
    let mut commands = vec![Vec::new()];
    while let Some(command) = commands.pop() {
        let help = help_of(program, &command);
        let below = names_of_commands(&help).into_iter();
        let below = below.map(|name| [&command[..], &[name]].concat());
        // The first that is listed comes first.
        commands.extend(below.rev());
        text += &format!("$ {} --help\n{help}\n", command.join(" "));
    }
    text
}

fn help_of(program: &str, command: &[String]) -> String {
    let mut process = Command::new(program);
    process.args(command).arg("--help").env_clear();
    let output = process.output().unwrap();
    assert!(output.status.success(), "{program} {command:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The names under `Commands:`, but that of the help itself.
fn names_of_commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| line.starts_with("  "));
    let own = listed.filter(|line| !line.starts_with("   "));
    let names = own.filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::names_of_commands;

    #[test]
    fn commands_are_those_that_a_help_lists() {
        let help = "About\n\nCommands:\n  serve  Serves\n         and serves\n  tools  Prints\n  \
                    help   Print this message\n\nOptions:\n  -h, --help  Print help\n";
        assert_eq!(names_of_commands(help), ["serve", "tools"]);
        assert!(names_of_commands("Options:\n  -h  Help\n").is_empty());
    }
}
