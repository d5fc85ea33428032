//! Earlier names of tools: `aliases` of `x-mcp`.

use generator::ir::Alias;

use crate::support::{described, messages, operation};

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
