//! Credentials towards the API.

use std::sync::Arc;

use runtime::call::ErrorKind;
use runtime::codegen::{Catalog, In, Operation, Parameter, SecurityKind, SecurityScheme};
use runtime::config::Config;
use runtime::upstream::{Mode, Upstream};
use serde_json::{Value, json};

use crate::support::{Api, NewYear, call, closed};

const fn key(name: &'static str, location: In) -> SecurityScheme {
    SecurityScheme {
        name,
        kind: SecurityKind::ApiKey { location, name },
    }
}

static ALL: Operation = Operation {
    name: "all",
    parameters: &[
        Parameter::header("h"),
        Parameter::query("q"),
        Parameter::cookie("c"),
    ],
    security: &[&["h", "q", "c", "token"]],
    ..Operation::BASE
};

static CATALOG: Catalog = Catalog {
    name: "test",
    server_name: "test",
    title: "Test",
    version: "1",
    summary: "",
    logo: None,
    repeated: &[],
    description: "",
    servers: &[],
    tags: &[],
    search_mode: false,
    security_schemes: &[
        key("h", In::Header),
        key("q", In::Query),
        key("c", In::Cookie),
        SecurityScheme {
            name: "token",
            kind: SecurityKind::Bearer,
        },
        SecurityScheme {
            name: "login",
            kind: SecurityKind::Basic,
        },
    ],
    operations: &[&[&ALL]],
};

fn upstream(api: &Api, credentials: &str, mode: Mode) -> Upstream {
    let settings = api.settings(credentials);
    Upstream::new(&CATALOG, &settings, mode, Arc::new(NewYear)).unwrap()
}

const EACH: &str = "credentials = { h = 'h1', q = 'q&1', c = 'c/1==', token = 't1' }";

#[tokio::test]
async fn each_scheme_is_where_it_belongs() {
    let api = Api::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let upstream = upstream(&api, EACH, Mode::Live);
    call(&upstream, &ALL, &Value::Null).await.unwrap();
    let request = api.seen().remove(0);
    for line in [
        "GET /?q=q%261 HTTP/1.1",
        "\r\nh: h1\r\n",
        "\r\ncookie: c=c/1==\r\n",
        "\r\nauthorization: Bearer t1\r\n",
    ] {
        assert!(request.contains(line), "{line} in {request}");
    }
}

#[tokio::test]
async fn no_argument_overrides_a_credential() {
    let api = Api::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let upstream = upstream(&api, EACH, Mode::Live);
    let arguments = json!({"h": "evil", "q": "evil", "c": "evil"});
    call(&upstream, &ALL, &arguments).await.unwrap();
    assert!(!api.seen().remove(0).contains("evil"));
}

#[tokio::test]
async fn a_configured_header_is_on_every_call_and_neither_overridden_nor_reported() {
    static REPORTED: Operation = Operation {
        parameters: &[Parameter::header("X-Tenant")],
        ..Operation::BASE
    };
    let api = Api::answering("HTTP/1.1 400 Bad Request\r\nContent-Length: 8\r\n\r\nacme-173").await;
    let upstream = upstream(&api, "headers = { X-Tenant = 'acme-173' }", Mode::Live);
    let arguments = json!({"X-Tenant": "evil"});
    let error = call(&upstream, &REPORTED, &arguments).await.unwrap_err();
    let request = api.seen().remove(0);
    assert!(request.contains("\r\nx-tenant: acme-173\r\n"), "{request}");
    assert!(!request.contains("evil"), "{request}");
    assert!(!format!("{error:?}").contains("acme-173"), "{error:?}");
}

#[tokio::test]
async fn a_header_that_is_the_requests_own_is_refused_at_start() {
    let api = Api::answering("").await;
    for (header, why) in [
        (
            "Host = 'a'",
            "upstream.headers.Host: is set by the request itself",
        ),
        (
            "'a b' = 'a'",
            "upstream.headers.a b: is no name of a header",
        ),
        (
            "A = { env = 'NO_SUCH_VARIABLE' }",
            "upstream.headers.A: the environment variable",
        ),
        ("A = \"a\\nb\"", "upstream.headers.A: its value is none"),
    ] {
        let settings = api.settings(&format!("headers = {{ {header} }}"));
        let refused = Upstream::new(&CATALOG, &settings, Mode::Live, Arc::new(NewYear));
        let error = refused.unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}");
    }
}

#[tokio::test]
async fn a_cookie_that_would_be_two_is_refused_at_start() {
    let api = Api::answering("").await;
    let settings = api.settings("credentials = { c = 'c; d=1' }");
    let refused = Upstream::new(&CATALOG, &settings, Mode::Live, Arc::new(NewYear));
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("a cookie cannot hold")
    );
}

#[tokio::test]
async fn cookies_of_a_header_parameter_join_the_others_and_override_none() {
    static BOTH: Operation = Operation {
        parameters: &[Parameter::header("Cookie"), Parameter::cookie("p")],
        security: &[&["c"]],
        ..Operation::BASE
    };
    let api = Api::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let upstream = upstream(&api, EACH, Mode::Live);
    let arguments = json!({"Cookie": "a=1; c=evil; p=evil", "p": "2"});
    call(&upstream, &BOTH, &arguments).await.unwrap();
    let request = api.seen().remove(0);
    assert!(
        request.contains("\r\ncookie: a=1; p=2; c=c/1==\r\n"),
        "{request}"
    );
}

#[tokio::test]
async fn without_a_credential_that_is_wanted_nothing_starts() {
    let api = Api::answering("").await;
    let mut upstream = upstream(&api, "credentials = { h = 'h1' }", Mode::Live);
    let error = upstream.check_credentials(&CATALOG).unwrap_err();
    let reported = "upstream.credentials: the API wants a credential that is not configured:\n  \
                h with q with c with token: for all\n\n\
                Write what there is into connector.toml:\n\n  \
                [upstream.credentials]\n  q = { env = \"Q\" }\n  c = { env = \"C\" }\n  \
                token = { env = \"TOKEN\" }\n\n\
                To go on without, write under [upstream]: missing_credentials = \"hide\"";
    assert!(error.to_string().starts_with(reported), "{error}");
}

#[tokio::test]
async fn the_list_of_tools_leaves_out_what_a_server_would() {
    let listed = |settings: &str| {
        let mut config = Config::default();
        config.upstream = toml::from_str(settings).unwrap();
        let tools = runtime::app::definitions(&CATALOG, &config).unwrap();
        tools.len()
    };
    let hide = "url = 'http://api.test'\nmissing_credentials = 'hide'\n";
    assert_eq!(listed(hide), 0);
    assert_eq!(listed(&format!("{hide}{EACH}")), 1);
    assert_eq!(listed("missing_credentials = 'send'"), 1);
}

#[tokio::test]
async fn who_says_so_calls_without_a_credential() {
    let api = Api::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let mut upstream = upstream(&api, "missing_credentials = 'send'", Mode::Live);
    let warning = upstream.check_credentials(&CATALOG).unwrap();
    assert!(warning.unwrap().contains("the API is called without"));
    call(&upstream, &ALL, &Value::Null).await.unwrap();
    assert!(api.seen()[0].starts_with("GET / HTTP/1.1\r\n"));
}

#[tokio::test]
async fn nothing_is_sent_without_a_credential_that_is_wanted() {
    let api = Api::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let upstream = upstream(&api, "", Mode::Live);
    let error = call(&upstream, &ALL, &Value::Null).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::MissingCredential);
    assert_eq!(api.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn a_mock_wants_no_credential() {
    let api = Api::answering("").await;
    let mut upstream = upstream(&api, "", Mode::Mock);
    assert_eq!(upstream.check_credentials(&CATALOG).unwrap(), None);
    assert_eq!(
        call(&upstream, &ALL, &Value::Null).await.unwrap().status,
        204
    );
    assert_eq!(api.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn a_key_that_the_api_repeats_in_an_error_is_taken_out() {
    let api = Api::answering("HTTP/1.1 401 No\r\n\r\n{\"message\":\"bad key sk-12345678\"}").await;
    let credentials = EACH.replace("t1", "sk-12345678");
    let upstream = upstream(&api, &credentials, Mode::Live);
    let error = call(&upstream, &ALL, &Value::Null).await.unwrap_err();
    assert_eq!(error.message, "bad key [secret]");
    assert_eq!(error.details, Some(json!({"message": "bad key [secret]"})));
}

#[tokio::test]
async fn a_key_that_the_api_repeats_in_a_header_field_is_taken_out() {
    let api =
        Api::answering("HTTP/1.1 201 Made\r\nLocation: /items/5?q=sk%2F12345678\r\n\r\n").await;
    let upstream = upstream(&api, &EACH.replace("q&1", "sk/12345678"), Mode::Live);
    let answer = call(&upstream, &ALL, &Value::Null).await.unwrap();
    let location = ("location".to_owned(), "/items/5?q=[secret]".to_owned());
    assert_eq!(answer.fields, [location]);
}

#[tokio::test]
async fn an_unreachable_api_is_reported_without_the_key_in_its_url() {
    let mut api = Api::answering("").await;
    api.url = closed().await;
    let upstream = upstream(&api, EACH, Mode::Live);
    let error = call(&upstream, &ALL, &Value::Null).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::UpstreamUnavailable);
    let text = serde_json::to_string(&error).unwrap();
    let says_why = text.contains("Connection refused");
    let is_hidden = !text.contains("q&1") && !text.contains("%261");
    assert!(says_why && is_hidden, "{text}");
}

#[tokio::test]
async fn a_password_is_taken_out_as_it_was_sent_too() {
    static LOGIN: Operation = Operation {
        security: &[&["login"]],
        ..Operation::BASE
    };
    let api = Api::answering(
        "HTTP/1.1 401 No\r\n\r\n{\"message\":\"not QWxhZGRpbjpvcGVuIHNlc2FtZQ== nor open%20sesame\"}",
    )
    .await;
    let credentials =
        "credentials = { login = { username = 'Aladdin', password = 'open sesame' } }";
    let upstream = upstream(&api, credentials, Mode::Live);
    let error = call(&upstream, &LOGIN, &Value::Null).await.unwrap_err();
    assert_eq!(error.message, "not [secret] nor [secret]");
}

static ECHO: Operation = Operation {
    name: "echo",
    method: "TRACE",
    security: &[&["token"]],
    ..Operation::BASE
};

#[tokio::test]
async fn trace_is_sent_without_a_credential_and_needs_none() {
    static ECHOES: Catalog = Catalog {
        name: "test",
        server_name: "test",
        title: "Test",
        version: "1",
        summary: "",
        logo: None,
        repeated: &[],
        description: "",
        servers: &[],
        tags: &[],
        search_mode: false,
        security_schemes: &[SecurityScheme {
            name: "token",
            kind: SecurityKind::Bearer,
        }],
        operations: &[&[&ECHO]],
    };
    let api = Api::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    for settings in ["", "credentials = { token = 't1-of-the-operator' }"] {
        let settings = api.settings(settings);
        let mut upstream =
            Upstream::new(&ECHOES, &settings, Mode::Live, Arc::new(NewYear)).unwrap();
        assert_eq!(upstream.check_credentials(&ECHOES).unwrap(), None);
        call(&upstream, &ECHO, &Value::Null).await.unwrap();
    }
    for request in api.seen() {
        assert!(request.starts_with("TRACE"), "{request}");
        assert!(!request.contains("authorization"), "{request}");
    }
}
