//! Each reason for which the readings may differ, in the smallest description that shows it.

use std::collections::BTreeMap;
use std::path::Path;

use generator::lower::lower;
use generator::openapi::parse;
use second_opinion::{Comparison, REASONS, SecondOpinion};

/// A reason, and the paths of a description in which the readings differ for it, once.
const CASES: &[(&str, &str)] = &[
    ("hidden", "/a: {get: {x-mcp: false, responses: {}}}"),
    (
        "left out",
        "/a: {get: {responses: {}, parameters: [{name: 'a b', in: header, required: true, schema: {}}]}}",
    ),
    ("path read otherwise", "a: {get: {responses: {}}}"),
    (
        "path read otherwise",
        "'/a/{id*}': {get: {responses: {}, parameters: [{name: id, in: path, required: true, schema: {}}]}}",
    ),
    (
        "dropped parameter",
        "/a: {get: {responses: {}, parameters: [{name: Authorization, in: header, schema: {}}]}}",
    ),
    ("undeclared parameter", "'/a/{id}': {get: {responses: {}}}"),
    (
        "rejected",
        "/a: {get: {responses: {}, parameters: [{name: a, in: query, style: simple, schema: {}}]}}",
    ),
    (
        "rejected",
        "/a: {get: {responses: {}, security: {key: []}}}",
    ),
    (
        "rejected",
        "/a: {post: {responses: {}, requestBody: {required: 5, content: {a/b: {}}}}}",
    ),
    (
        "optional in the path",
        "'/a/{id}': {get: {responses: {}, parameters: [{name: id, in: path, schema: {}}]}}",
    ),
    (
        "deepObject, not exploded",
        "/a: {get: {responses: {}, parameters: [{name: a, in: query, style: deepObject, schema: {}}]}}",
    ),
    (
        "body of which nothing is said",
        "/a: {get: {responses: {}, requestBody: {content: {a/b: {}}}}}",
    ),
    (
        "body without content",
        "/a: {post: {responses: {}, requestBody: {content: {}}}}",
    ),
];

/// A reason whose case is too long to write.
const MANY_SCHEMES: &str = "many schemes";

fn compared(paths: &str) -> Comparison {
    let text = format!("openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\npaths:\n  {paths}\n");
    let document = parse(Path::new("api.yaml"), text).unwrap();
    let opinion = SecondOpinion::of(&document).unwrap();
    opinion.compare(&lower(document))
}

#[test]
fn each_reason_explains_its_case() {
    for (name, paths) in CASES {
        let comparison = compared(paths);
        assert_eq!(comparison.operations, 1, "{paths}");
        assert_eq!(comparison.unexplained, [""; 0], "{paths}");
        assert_eq!(
            comparison.explained,
            BTreeMap::from([(*name, 1)]),
            "{paths}"
        );
    }
}

#[test]
fn each_reason_has_a_case() {
    for reason in REASONS {
        let mut cases = CASES.iter().map(|(name, _)| *name).chain([MANY_SCHEMES]);
        let has_case = cases.any(|name| name == reason.name);
        assert!(has_case, "no case for `{}`: {}", reason.name, reason.why);
    }
}

#[test]
fn alternatives_beyond_the_bound_are_explained() {
    let keys = (0..65).map(|at| format!("{{key{at}: []}}"));
    let keys = keys.collect::<Vec<_>>().join(", ");
    let comparison = compared(&format!(
        "/a: {{get: {{responses: {{}}, security: [{keys}]}}}}"
    ));
    assert_eq!(comparison.unexplained, [""; 0]);
    assert_eq!(comparison.explained, BTreeMap::from([(MANY_SCHEMES, 1)]));
}

/// Both readings keep what is written beside a reference in place of an operation that leads
/// nowhere, or in a circle.
#[test]
fn an_operation_whose_reference_leads_nowhere_is_read_alike() {
    for reference in ["#/none", "", "#/paths/~1a~1{id}/put"] {
        let comparison = compared(&format!(
            "'/a/{{id}}': {{put: {{$ref: '{reference}', responses: {{}}, security: [{{key: []}}], \
             parameters: [{{name: id, in: path, required: true, schema: {{}}}}], \
             requestBody: {{required: true, content: {{a/b: {{}}}}}}}}}}"
        ));
        assert_eq!(comparison.operations, 1, "{reference}");
        assert_eq!(comparison.unexplained, [""; 0], "{reference}");
    }
}

/// Unintended differences are not explained away.
#[test]
fn other_differences_are_reported() {
    let paths = "/a: {post: {responses: {}, parameters: [{name: a, in: query, schema: {}}, \
                 {name: b, in: header, schema: {}}], \
                 requestBody: {content: {a/b: {}}}, security: [{key: []}]}}";
    let text = format!("openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\npaths:\n  {paths}\n");
    let document = parse(Path::new("api.yaml"), text).unwrap();
    let opinion = SecondOpinion::of(&document).unwrap();
    let mut lowered = lower(document);
    assert_eq!(opinion.compare(&lowered).unexplained, [""; 0]);

    let operation = &mut lowered.api.operations[0];
    operation.parameters[0].required = true;
    operation.parameters[1].name = "c".to_owned();
    operation.request_body = None;
    operation.security.clear();
    let found = opinion.compare(&lowered).unexplained.join("\n");
    for difference in [
        "the parameter query `a` is Written { required: false,",
        "we add the parameter header `c`",
        "we lack the parameter header `b`",
        "the body is Described",
        "the security is Some",
    ] {
        assert!(found.contains(difference), "{difference}: {found}");
    }
    lowered.api.operations[0].method = "PUT".to_owned();
    let found = opinion.compare(&lowered).unexplained.join("\n");
    assert!(
        found.contains("POST /a: we have no such operation"),
        "{found}"
    );
    assert!(
        found.contains("PUT /a: openapiv3 finds no such operation"),
        "{found}"
    );
}
