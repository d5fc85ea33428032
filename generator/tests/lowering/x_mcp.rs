use generator::diagnostic::Severity;
use generator::ir::{Access, Binding};
use serde_json::json;

use crate::support::{described, messages, operation, properties};

#[test]
fn false_hides_and_the_nearest_says_so() {
    let lowered = described(
        "3.1.0",
        "  /a:\n    get: {tags: [t]}\n    put: {tags: [t], x-mcp: true}\n  /b:\n    x-mcp: false\n    get: {}\n\
         tags: [{name: t, x-mcp: false}]\n",
    );
    let shown: Vec<_> = lowered
        .api
        .operations
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(shown, ["put_a"]);
    assert!(lowered.diagnostics.is_empty());
}

/// The names of the tools of these paths.
fn tools(paths: &str) -> Vec<String> {
    let operations = described("3.1.0", paths).api.operations.into_iter();
    operations.map(|operation| operation.name).collect()
}

#[test]
fn object_of_x_mcp_shows_what_is_hidden_around_it() {
    assert_eq!(
        tools("  /a:\n    x-mcp: false\n    get: {x-mcp: {name: a}}\n    put: {}\n"),
        ["a"]
    );
    assert_eq!(
        tools(
            "  /a:\n    x-mcp: {access: read}\n    get: {tags: [t]}\n  /b:\n    get: {tags: [t]}\n\
             tags: [{name: t, x-mcp: false}]\n"
        ),
        ["get_a"]
    );
    assert_eq!(
        tools("  /a:\n    x-mcp: false\n    get: {x-mcp: true}\n    put: {x-mcp: {}}\n"),
        ["get_a", "put_a"]
    );
}

#[test]
fn false_of_x_mcp_hides_whatever_an_object_around_it_says() {
    assert!(
        tools(
            "  /a:\n    x-mcp: {access: read}\n    get: {x-mcp: false}\n  /b:\n    x-mcp: false\n\
             \x20   get: {tags: [t]}\ntags: [{name: t, x-mcp: {access: read}}]\n"
        )
        .is_empty()
    );
}

#[test]
fn unknown_key_of_x_mcp_is_reported_with_the_likely_one() {
    for (slip, meant) in [
        ("nmae", "name"),
        ("acces", "access"),
        ("readOnly", ""),
        ("openWorld", "open_world"),
        ("idempotentHint", "idempotent"),
        ("desc", "description"),
    ] {
        let (_, found) = operation("3.1.0", &format!("x-mcp: {{{slip}: x}}"), "");
        assert_eq!(found.len(), 1, "{}", messages(&found));
        let expected = match meant {
            "" => "the keys are name".to_owned(),
            meant => format!("did you mean `{meant}`?"),
        };
        assert!(
            found[0].help.starts_with(&expected),
            "{slip}: {}",
            found[0].help
        );
    }
}

#[test]
fn extension_that_may_be_a_slip_is_reported() {
    for slip in ["x-MCP", "x_mcp", "x-mpc", "xmcp"] {
        let (_, found) = operation("3.1.0", &format!("{slip}: {{name: a}}"), "");
        let all = messages(&found);
        assert!(all.contains(&format!("`{slip}` has no effect")), "{all}");
    }
}

#[test]
fn overrides_go_before_everything_else() {
    let (operation, _) = operation(
        "3.1.0",
        "operationId: a\nsummary: b\nx-mcp: {name: 'do it', title: T, description: D, access: read, idempotent: false}",
        "",
    );
    assert_eq!(operation.name, "do_it");
    assert_eq!(
        (operation.title.as_str(), operation.description.as_str()),
        ("T", "D")
    );
    assert_eq!(
        (
            operation.access,
            operation.destructive,
            operation.idempotent
        ),
        (Access::Read, false, false)
    );
}

#[test]
fn what_x_mcp_does_not_know_is_reported() {
    let (_, diagnostics) = operation(
        "3.1.0",
        "x-mcp: {nmae: a, access: admin, destructive: 1, bind: {a: user}}",
        "",
    );
    assert_eq!(diagnostics.len(), 4, "{}", messages(&diagnostics));
}

#[test]
fn what_may_have_been_meant_to_hide_is_no_tool() {
    let lowered = described("3.1.0", "  /a:\n    get: {x-mcp: no}\n    put: {}\n");
    let shown: Vec<_> = lowered
        .api
        .operations
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(shown, ["put_a"]);
    assert_eq!(lowered.diagnostics[0].severity, Severity::Error);
    assert_eq!(lowered.diagnostics[0].pointer, "/paths/~1a/get/x-mcp");
}

#[test]
fn a_bound_argument_is_not_the_caller_s() {
    let (operation, diagnostics) = operation(
        "3.1.0",
        "parameters: [{name: w, in: query, required: true}, {name: q, in: query}]\n\
         requestBody: {content: {application/json: {schema: {type: object, required: [b, c], properties: {b: {}, c: {}}}}}}\n\
         x-mcp: {bind: {w: workspace, b: workspace}}",
        "",
    );
    assert!(diagnostics.is_empty());
    assert_eq!(operation.parameters[0].bind, Some(Binding::Workspace));
    assert_eq!(properties(&operation)[0].bind, Some(Binding::Workspace));
    assert_eq!(
        operation.input.json,
        json!({"type": "object", "properties": {"q": {}, "c": {}}, "additionalProperties": false})
    );
}

#[test]
fn a_binding_holds_wherever_the_name_is_sent() {
    let (operation, diagnostics) = operation(
        "3.1.0",
        "parameters: [{name: w, in: query}, {name: w, in: header}]\n\
         requestBody: {content: {application/json: {schema: {type: object, properties: {w: {}, c: {}}}}}}\n\
         x-mcp: {bind: {w: workspace}}",
        "",
    );
    assert!(diagnostics.is_empty());
    assert_eq!(
        operation.input.json,
        json!({"type": "object", "properties": {"c": {}}, "additionalProperties": false})
    );
}

#[test]
fn an_operation_that_binds_what_it_does_not_send_is_no_tool() {
    let paths = "  /a:\n    put: {x-mcp: {bind: {w: workspace}}, requestBody: {content: {application/json: {schema: {anyOf: [{properties: {w: {}}}]}}}}}\n    get: {}\n";
    let lowered = described("3.1.0", paths);
    assert_eq!(lowered.api.operations.len(), 1);
    assert_eq!(lowered.diagnostics[0].severity, Severity::Error);
    assert_eq!(
        lowered.diagnostics[0].pointer,
        "/paths/~1a/put/x-mcp/bind/w"
    );
}

#[test]
fn a_binding_that_no_operation_can_use_is_reported() {
    let paths = "  /a:\n    x-mcp: {bind: {w: workspace, v: workspace}}\n    get: {parameters: [{name: w, in: query}]}\n    put: {}\n";
    let diagnostics = described("3.1.0", paths).diagnostics;
    assert_eq!(diagnostics.len(), 1, "{}", messages(&diagnostics));
    assert_eq!(diagnostics[0].pointer, "/paths/~1a/x-mcp/bind/v");
}

#[test]
fn a_world_is_open_to_writes_unless_the_extension_says_otherwise() {
    for (fields, expected) in [
        ("responses: {}", None),
        ("x-mcp: {open_world: false}", Some(false)),
        ("x-mcp: {open_world: true}", None),
        ("x-mcp: {open_world: true, access: read}", Some(true)),
        ("x-mcp: {open_world: false, access: read}", None),
    ] {
        let (operation, diagnostics) = crate::support::operation("3.0.3", fields, "");
        assert_eq!(operation.open_world, expected, "{fields}");
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
    }
    let (_, diagnostics) = crate::support::operation("3.0.3", "x-mcp: {open_world: 1}", "");
    assert_eq!(diagnostics.len(), 1);
}

#[test]
fn phrases_of_x_mcp_are_in_the_operation_and_end_its_description() {
    let (operation, found) = operation(
        "3.1.0",
        "summary: Suspend\ndescription: Suspends it.\nx-mcp: {phrases: [put on  hold, stop for now]}",
        "",
    );
    assert!(found.is_empty(), "{}", messages(&found));
    assert_eq!(operation.phrases, ["put on hold", "stop for now"]);
    assert!(
        operation
            .description
            .ends_with("\n\nAlso: put on hold; stop for now"),
        "{}",
        operation.description
    );
}

#[test]
fn phrases_that_are_no_list_of_short_texts_are_reported() {
    for wrong in ["hold", "[1]", "['']", &format!("[{}]", "x".repeat(101))] {
        let (operation, found) = operation("3.1.0", &format!("x-mcp: {{phrases: {wrong}}}"), "");
        assert!(operation.phrases.is_empty());
        assert!(messages(&found).contains("`phrases` in `x-mcp`"), "{wrong}");
    }
}

#[test]
fn tags_of_operations_and_their_descriptions_are_in_the_api() {
    let lowered = described(
        "3.1.0",
        "  /a:\n    get: {tags: [t, u, t]}\ntags: [{name: t, description: Things.}, {name: x, \
         description: Unused.}, {name: u}]\n",
    );
    assert_eq!(lowered.api.operations[0].tags, ["t", "u"]);
    let tags = lowered.api.tags.iter();
    let tags: Vec<_> = tags.map(|tag| (&*tag.name, &*tag.description)).collect();
    assert_eq!(tags, [("t", "Things.")]);
}

#[test]
fn cost_of_x_mcp_is_in_the_operation_and_a_call_costs_1_without_it() {
    let cost = |x_mcp: &str| operation("3.1.0", x_mcp, "");
    for (x_mcp, expected) in [
        ("summary: S", 1),
        ("x-mcp: {cost: 0}", 0),
        ("x-mcp: {cost: 25}", 25),
        ("x-mcp: {cost: 1000000}", 1_000_000),
    ] {
        let (operation, found) = cost(x_mcp);
        assert!(found.is_empty(), "{}", messages(&found));
        assert_eq!(operation.cost, expected, "{x_mcp}");
    }
    for wrong in ["-1", "1.5", "1000001", "many", "true"] {
        let (operation, found) = cost(&format!("x-mcp: {{cost: {wrong}}}"));
        assert_eq!(operation.cost, 1, "{wrong}");
        assert!(messages(&found).contains("`cost` in `x-mcp`"), "{wrong}");
    }
}
