use generator::ir::{In, SecurityKind};

use crate::support::{described, messages, operation};

const SCHEMES: &str = "components: {securitySchemes: {key: {type: apiKey, in: query, name: k}, basic: {type: http, \
                       scheme: Basic}, token: {type: oauth2}, odd: {type: http, scheme: Digest}, bad: {type: magic}}}";

/// The alternatives of an operation, scheme by scheme.
fn alternatives(operation_says: &str, document_says: &str) -> Vec<Vec<String>> {
    let parts = format!("{document_says}\n{SCHEMES}");
    let (operation, _) = operation("3.0.0", operation_says, &parts);
    let schemes = operation.security.into_iter();
    schemes.collect()
}

#[test]
fn an_operation_overrides_the_document() {
    let document = "security: [{key: []}]";
    assert_eq!(alternatives("", document), [["key"]]);
    assert_eq!(alternatives("security: []", document), [[""; 0]; 0]);
    assert_eq!(
        alternatives("security: [{}, {token: [a]}]", document),
        [vec![], vec!["token"]]
    );
}

#[test]
fn schemes_of_one_alternative_go_together() {
    assert_eq!(
        alternatives("security: [{key: [], basic: []}]", ""),
        [["key", "basic"]]
    );
}

#[test]
fn security_is_not_lost_by_a_mistake() {
    assert_eq!(
        alternatives(
            "security: [{key: [], none: []}, {basic: []}, {bad: []}]",
            ""
        ),
        [vec!["key", "none"], vec!["basic"], vec!["bad"]]
    );
    assert_eq!(alternatives("security: [key]", ""), [["key"]]);
    assert_eq!(alternatives("security: {key: []}", ""), [["key"]]);
    assert_eq!(alternatives("security: [[]]", ""), [[""]]);
}

#[test]
fn too_many_schemes_are_no_free_access() {
    let all: Vec<String> = (0..65).map(|at| format!("k{at}: []")).collect();
    let together = format!("security: [{{{}}}, {{}}]", all.join(", "));
    assert_eq!(alternatives(&together, ""), [["more than 64 schemes"]]);
    let each: Vec<String> = all.iter().map(|one| format!("{{{one}}}")).collect();
    let each = format!("security: [{}]", each.join(", "));
    assert_eq!(alternatives(&each, "").len(), 64);
}

#[test]
fn a_scheme_that_is_not_declared_is_reported() {
    let parts = "security: [{none: []}]";
    let (_, found) = operation("3.0.0", "", parts);
    assert_eq!(
        messages(&found),
        "/security/0/none the security scheme `none` is not declared; what needs it cannot be used\n"
    );
}

#[test]
fn schemes_say_what_credential_they_want() {
    let schemes = described("3.0.0", &format!("  {{}}\n{SCHEMES}"))
        .api
        .security_schemes;
    let kinds: Vec<_> = schemes
        .into_iter()
        .map(|scheme| (scheme.name, scheme.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("basic".to_owned(), SecurityKind::Basic),
            (
                "key".to_owned(),
                SecurityKind::ApiKey {
                    location: In::Query,
                    name: "k".to_owned()
                }
            ),
            ("odd".to_owned(), SecurityKind::Http("Digest".to_owned())),
            ("token".to_owned(), SecurityKind::Bearer),
        ]
    );
}

#[test]
fn the_nearest_servers_count() {
    let lowered = described(
        "3.0.0",
        "  /a:\n    servers: [{url: /item}]\n    get: {servers: [{url: /operation}]}\n    put: {}\n  /b:\n    get: {}\n\
         servers: [{url: 'https://{h}/', variables: {h: {default: 8443, enum: [8443, 443]}}}]\n",
    );
    let urls = |index: usize| {
        let servers = &lowered.api.operations[index].servers;
        servers
            .iter()
            .map(|server| server.url.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (urls(0), urls(1), urls(2)),
        (
            vec!["/operation".to_owned()],
            vec![],
            vec!["/item".to_owned()]
        )
    );
    let variable = &lowered.api.servers[0].variables[0];
    assert_eq!(
        (variable.default.as_str(), variable.allowed.len()),
        ("8443", 2)
    );
}
