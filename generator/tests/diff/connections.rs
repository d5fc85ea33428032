//! Credentials and servers.

use crate::support::{assert_none, assert_one, described, diff, lines};

/// A description of two operations, with these members.
fn two(members: &str) -> String {
    described(
        "3.1.0",
        &format!(
            "{members}, paths: {{/a: {{get: {{operationId: a}}}}, /b: {{get: {{operationId: b}}}}}}"
        ),
    )
}

/// A description of one operation with this security, and two schemes.
fn secured(security: &str) -> String {
    let schemes = "components: {securitySchemes: {key: {type: apiKey, in: header, name: X-Key}, \
                   oauth: {type: oauth2, flows: {}}}}";
    described(
        "3.1.0",
        &format!("{schemes}, paths: {{/a: {{get: {{operationId: a, security: {security}}}}}}}"),
    )
}

#[test]
fn credential_that_differs_is_one_change() {
    for (old, new, expected, verdict) in [
        (
            "[]",
            "[{key: []}]",
            "!security_changed a: needed no credential, and needs `key` (header field `X-Key`) now",
            "major",
        ),
        (
            "[{key: []}]",
            "[]",
            "security_changed a: needed `key` (header field `X-Key`), and needs no credential now",
            "minor",
        ),
        (
            "[{key: []}]",
            "[{key: []}, {oauth: []}]",
            "security_changed a: needed `key` (header field `X-Key`), and needs `key` (header field `X-Key`) or \
          `oauth` (bearer token) now",
            "minor",
        ),
        (
            "[{key: []}, {oauth: []}]",
            "[{oauth: []}]",
            "!security_changed a: needed `key` (header field `X-Key`) or `oauth` (bearer token), and needs \
          `oauth` (bearer token) now",
            "major",
        ),
        (
            "[{oauth: [read]}]",
            "[{oauth: [read, write]}]",
            "!security_changed a: needed `oauth` (bearer token) for `read`, and needs `oauth` (bearer token) \
          for `read` and `write` now",
            "major",
        ),
        (
            "[{oauth: [read, write]}]",
            "[{oauth: [read]}]",
            "security_changed a: needed `oauth` (bearer token) for `read` and `write`, and needs `oauth` \
          (bearer token) for `read` now",
            "minor",
        ),
        (
            "[{key: []}]",
            "[{key: [], oauth: []}]",
            "!security_changed a: needed `key` (header field `X-Key`), and needs `key` (header field `X-Key`) \
          with `oauth` (bearer token) now",
            "major",
        ),
    ] {
        assert_one(&secured(old), &secured(new), expected, verdict);
    }
    assert_none(
        &secured("[{key: []}, {oauth: []}]"),
        &secured("[{oauth: []}, {key: []}]"),
    );
    assert_none(&secured("[]"), &secured("[{}]"));
}

#[test]
fn change_of_all_tools_is_one_line() {
    let with = |kind: &str| {
        two(&format!(
            "security: [{{s: []}}], components: {{securitySchemes: {{s: {kind}}}}}"
        ))
    };
    assert_one(
        &with("{type: http, scheme: basic}"),
        &with("{type: http, scheme: bearer}"),
        "!security_changed *: needed `s` (HTTP Basic), and needs `s` (bearer token) now",
        "major",
    );
    assert_one(
        &two("servers: [{url: 'https://a.example'}]"),
        &two("servers: [{url: 'https://b.example'}]"),
        "!server_changed *: calls went to `https://a.example`, and go to `https://b.example` now",
        "major",
    );
}

#[test]
fn server_that_differs_is_one_change() {
    let with = |servers: &str| {
        described(
            "3.1.0",
            &format!("servers: [{servers}], paths: {{/a: {{get: {{operationId: a}}}}}}"),
        )
    };
    const A: &str = "{url: 'https://a.example'}";
    for (old, new, expected, verdict) in [
        (
            A,
            "{url: 'https://a.example/v2'}",
            "!server_changed a: calls went to `https://a.example`, and go to `https://a.example/v2` now",
            "major",
        ),
        (
            A,
            "{url: 'https://a.example'}, {url: 'https://b.example'}",
            "server_changed a: there are more servers to choose from",
            "minor",
        ),
        (
            "{url: 'https://a.example'}, {url: 'https://b.example'}",
            A,
            "!server_changed a: `https://b.example` can no longer be chosen as it was",
            "major",
        ),
        (
            "{url: 'https://{r}.example', variables: {r: {default: eu}}}",
            "{url: 'https://{r}.example', variables: {r: {default: us}}}",
            "!server_changed a: calls went to `https://eu.example`, and go to `https://us.example` now",
            "major",
        ),
    ] {
        assert_one(&with(old), &with(new), expected, verdict);
    }
    assert_none(
        &with(A),
        &with("{url: 'https://a.example', description: Production}"),
    );
}

#[test]
fn server_of_one_operation_is_a_change_of_that_tool() {
    let with = |own: &str| {
        described(
            "3.1.0",
            &format!(
                "servers: [{{url: 'https://a.example'}}], paths: {{/a: {{get: {{operationId: a{own}}}}}, /b: \
                 {{get: {{operationId: b}}}}}}"
            ),
        )
    };
    assert_eq!(
        lines(&diff(
            &with(""),
            &with(", servers: [{url: 'https://b.example'}]")
        ))[0],
        "!server_changed a: calls went to `https://a.example`, and go to `https://b.example` now"
    );
}
