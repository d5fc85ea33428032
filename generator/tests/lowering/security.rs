use generator::ir::{In, SecurityKind};

use crate::support::{described, operation};

const SCHEMES: &str = "components: {securitySchemes: {key: {type: apiKey, in: query, name: k}, basic: {type: http, \
                       scheme: Basic}, token: {type: oauth2}, odd: {type: http, scheme: Digest}, bad: {type: magic}}}";

/// The alternatives of an operation, scheme by scheme.
fn alternatives(operation_says: &str, document_says: &str) -> Vec<Vec<String>> {
    let parts = format!("{document_says}\n{SCHEMES}");
    let (operation, _) = operation("3.0.0", operation_says, &parts);
    let schemes = operation.security.into_iter();
    schemes
        .map(|all| all.into_iter().map(|one| one.scheme).collect())
        .collect()
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
fn an_alternative_with_an_undeclared_scheme_is_dropped_whole() {
    assert_eq!(
        alternatives(
            "security: [{key: [], none: []}, {basic: []}, {bad: []}]",
            ""
        ),
        [["basic"]]
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
