//! Earlier names of tools: `aliases` of `x-mcp`.

use std::path::Path;

use generator::diagnostic::Diagnostic;
use generator::ir::Alias;
use generator::lock::Lock;
use generator::lower::{Lowered, RESERVED_NAMES, Settings, lower_with};
use generator::openapi::parse;

use crate::support::{described, messages, operation};

/// These paths as they are lowered where the lock has one line.
fn after(locked: &str, paths: &str) -> Lowered {
    let text = format!("openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n{paths}");
    let document = parse(Path::new("api.yaml"), text).unwrap();
    let settings = Settings {
        lock: Lock::parse(Path::new("tools.lock"), locked).unwrap(),
        ..Settings::default()
    };
    lower_with(document, &settings)
}

/// The help for the one tool that is gone.
fn help_for_gone(diagnostics: &[Diagnostic]) -> &str {
    let mut gone = diagnostics
        .iter()
        .filter(|it| it.message.contains(" is gone"));
    let found = gone.next().unwrap();
    assert!(gone.next().is_none(), "{diagnostics:?}");
    &found.help
}

#[test]
fn aliases_are_names_or_objects() {
    let (operation, found) = operation(
        "3.1.0",
        "x-mcp: {aliases: [old, {name: older, until: 2027-03-31}, {name: oldest, call: false}]}",
        "",
    );
    assert!(found.is_empty(), "{}", messages(&found));
    let alias = |name: &str, until: Option<&str>, calls| Alias {
        name: name.to_owned(),
        until: until.map(str::to_owned),
        calls,
    };
    assert_eq!(
        operation.aliases,
        [
            alias("old", None, true),
            alias("older", Some("2027-03-31"), true),
            alias("oldest", None, false),
        ]
    );
}

#[test]
fn alias_that_cannot_be_used_is_reported() {
    for (aliases, expected) in [
        ("[a b]", "the alias has no name that a tool can have"),
        ("[7]", "the alias has no name that a tool can have"),
        (
            "[{until: 2027-03-31}]",
            "the alias has no name that a tool can have",
        ),
        (
            "[{name: a, until: soon}]",
            "the last day of the alias `a` is no date",
        ),
        (
            "[{name: a, until: 2027-02-30}]",
            "the last day of the alias `a` is no date",
        ),
        (
            "[{name: a, call: never}]",
            "`call` of the alias `a` is no boolean",
        ),
        ("[{name: a, to: b}]", "an alias has no key `to`"),
        ("[post_x]", "the alias `post_x` of `post_x` is its own name"),
        (
            "old",
            "the value of `aliases` in `x-mcp` is not of the right type",
        ),
    ] {
        let (_, found) = operation("3.1.0", &format!("x-mcp: {{aliases: {aliases}}}"), "");
        let all = messages(&found);
        assert!(all.contains(expected), "{aliases}: {all}");
        assert_eq!(found.len(), 1, "{aliases}: {all}");
    }
}

#[test]
fn alias_that_another_tool_has_is_dropped_and_reported() {
    let lowered = described(
        "3.1.0",
        "  /a: {get: {operationId: a, x-mcp: {aliases: [b, old]}}}\n  /b: {get: {operationId: b, x-mcp: \
         {aliases: [old]}}}\n",
    );
    let all = messages(&lowered.diagnostics);
    assert!(
        all.contains("the alias `b` of `a` is the name of another tool"),
        "{all}"
    );
    assert!(
        all.contains("the alias `old` of `b` is an alias of `a` already"),
        "{all}"
    );
    let aliases = |index: usize| lowered.api.operations[index].aliases.len();
    assert_eq!((aliases(0), aliases(1)), (1, 0));
}

#[test]
fn aliases_of_a_path_item_or_a_tag_are_reported() {
    let lowered = described(
        "3.1.0",
        "  /a:\n    x-mcp: {aliases: [old]}\n    get: {operationId: a}\n",
    );
    let all = messages(&lowered.diagnostics);
    assert!(
        all.contains("`aliases` are names of one tool; they are ignored here"),
        "{all}"
    );
    assert!(lowered.api.operations[0].aliases.is_empty());
}

#[test]
fn alias_that_is_a_tool_of_search_mode_is_dropped_and_reported() {
    for name in RESERVED_NAMES {
        for alias in [name.to_owned(), format!("{{name: {name}, call: false}}")] {
            let fields = format!("x-mcp: {{aliases: [{alias}]}}");
            let (operation, found) = operation("3.1.0", &fields, "");
            assert!(operation.aliases.is_empty(), "{alias}");
            let expected =
                format!("the alias `{name}` of `post_x` is the name of a tool of search mode");
            let all = messages(&found);
            assert!(all.contains(&expected), "{alias}: {all}");
            assert_eq!(found.len(), 1, "{alias}: {all}");
        }
    }
}

#[test]
fn locked_tool_with_the_name_of_one_of_search_mode_gets_no_proposal() {
    let locked = "whoami read 0000000000000000 GET /me whoami\n";
    for paths in ["  /me: {get: {operationId: whoami}}\n", "  {}\n"] {
        let lowered = after(locked, paths);
        let help = help_for_gone(&lowered.diagnostics);
        assert!(
            help.contains("is the name of a tool of search mode") && !help.contains("x-mcp"),
            "{help}"
        );
    }
}

#[test]
fn alias_is_proposed_for_an_operation_whose_path_variable_is_renamed() {
    let locked = "getPet read 0000000000000000 GET /pets/{id} getPet\n";
    let paths = "  /pets/{petId}:\n    parameters: [{name: petId, in: path, required: true, schema: {type: \
                 string}}]\n    delete: {operationId: deletePet}\n    get: {operationId: fetchPet, x-mcp: \
                 {name: pet}}\n";
    let lowered = after(locked, paths);
    assert_eq!(
        help_for_gone(&lowered.diagnostics),
        "add to `GET /pets/{petId}`: `x-mcp: { name: pet, aliases: [getPet] }`"
    );
}
