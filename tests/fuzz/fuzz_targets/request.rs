//! From an operation and any arguments to a request: it goes to the API and below its base path,
//! nothing in it ends a header or a part early, the credential is the configured one, and what was
//! given can be read back.

#![no_main]

use std::cell::RefCell;
use std::sync::{Arc, LazyLock};

use bumpalo::Bump;
use bytes::Bytes;
use fuzz::descriptor::{DescribedParameter, DescribedStyle, Descriptor, Location};
use fuzz::{chance, mutate, words};
use http::{HeaderMap, Request, header};
use libfuzzer_sys::{Corpus, fuzz_mutator, fuzz_target};
use percent_encoding::percent_decode_str;
use runtime::call::CallError;
use runtime::clock::SystemClock;
use runtime::codegen::{Access, Catalog, In, Operation, SecurityKind, SecurityScheme};
use runtime::config::UpstreamSettings;
use runtime::model::AccessContext;
use runtime::upstream::{Mode, Upstream};
use serde_json::Value;
use url::{Url, form_urlencoded};

const BASES: [&str; 3] = [
    "https://api.example.com",
    "https://api.example.com:8443/v1/",
    "http://127.0.0.1:1/a%20b/c;d",
];
const SECRET: &str = "s3cr3t";
const REQUEST_ID: &str = "r1";
const WORKSPACE: &str = "w/1";

static CATALOG: Catalog = Catalog {
    name: "fuzz",
    server_name: "fuzz",
    title: "Fuzz",
    version: "1",
    summary: "",
    logo: None,
    repeated: &[],
    description: "",
    servers: &[],
    tags: &[],
    search_mode: false,
    security_schemes: &[
        scheme("header", In::Header, "X-Key"),
        scheme("query", In::Query, "key"),
        scheme("cookie", In::Cookie, "key"),
    ],
    operations: &[],
};

const fn scheme(name: &'static str, location: In, key: &'static str) -> SecurityScheme {
    SecurityScheme {
        name,
        kind: SecurityKind::ApiKey {
            location,
            name: key,
        },
    }
}

static UPSTREAMS: LazyLock<Vec<(Url, Upstream)>> = LazyLock::new(|| {
    let upstream = |base: &str| {
        let text = format!(
            "url = '{base}'\n[credentials]\nheader = '{SECRET}'\nquery = '{SECRET}'\ncookie = '{SECRET}'"
        );
        let settings: UpstreamSettings = toml::from_str(&text).expect("settings");
        let upstream = Upstream::new(&CATALOG, &settings, Mode::Live, Arc::new(SystemClock));
        (Url::parse(base).expect("a URL"), upstream.expect("an API"))
    };
    BASES.into_iter().map(upstream).collect()
});

thread_local! {
    static ROOM: RefCell<Bump> = RefCell::new(Bump::new());
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::document(data, size, max_size, seed, &words::CALL)
});

fuzz_target!(init: { chance::fix(); LazyLock::force(&UPSTREAMS) }, |data: &[u8]| -> Corpus {
    let Ok(call) = serde_json::from_slice::<Descriptor>(data) else {
        return Corpus::Reject;
    };
    ROOM.with_borrow_mut(|room| {
        call.with(room, |operation| check(&call, operation));
        room.reset();
    });
    Corpus::Keep
});

fn check(call: &Descriptor, operation: &'static Operation) {
    let (base, upstream) = &UPSTREAMS[call.base % UPSTREAMS.len()];
    let context = AccessContext::operator(Access::Write, Some(WORKSPACE));
    let request = upstream.request(operation, &call.arguments, &context, REQUEST_ID);
    let request = match request {
        Ok(request) => request,
        Err(error) => {
            let error = CallError::of_upstream(&error, operation, REQUEST_ID);
            assert!(!error.message.contains(SECRET), "{error:?}");
            return;
        }
    };
    goes_to_the_api(call, base, &request);
    heads_are_sound(request.headers());
    has_its_credential(call, &request);
    let parameters: Vec<_> = call
        .parameters
        .iter()
        .filter(|one| is_alone(one, call))
        .collect();
    for parameter in parameters {
        if let Some(Value::String(text)) = call.arguments.get(argument(parameter)) {
            reads_back(parameter, text, call, &request);
        }
    }
    body_reads_back(call, &request);
}

fn goes_to_the_api(call: &Descriptor, base: &Url, request: &Request<Bytes>) {
    let url = Url::parse(&request.uri().to_string()).expect("a URL");
    assert_eq!(url.origin(), base.origin());
    assert_eq!(
        url.as_str(),
        request.uri().to_string(),
        "is changed on the way"
    );
    let below = url.path().strip_prefix(base.path().trim_end_matches('/'));
    let below = below.expect("the base path");
    assert!(below.starts_with('/'), "{below}");
    assert!(!has_dots(below), "{below}");
    let is_reserved =
        |one: &DescribedParameter| one.location == Location::Path && one.allow_reserved;
    if !call.parameters.iter().any(is_reserved) {
        let slashes = segments_of(&call.path);
        assert_eq!(
            below.matches('/').count(),
            slashes,
            "{below} of {}",
            call.path
        );
    }
}

/// How many slashes the path of a template has outside of its expressions, the first counted always.
fn segments_of(template: &str) -> usize {
    let mut slashes = usize::from(!template.starts_with('/'));
    let mut rest = template;
    loop {
        let expression = rest
            .split_once('{')
            .and_then(|(before, after)| Some((before, after.split_once('}')?.1)));
        let (literal, after) =
            expression.map_or((rest, None), |(before, after)| (before, Some(after)));
        let path = literal.split(['?', '#']).next().unwrap_or_default();
        slashes += path.matches('/').count();
        match after {
            Some(after) if path.len() == literal.len() => rest = after,
            _ => return slashes,
        }
    }
}

/// Whether a server that decodes a path up to three times finds `.` or `..` in it.
fn has_dots(path: &str) -> bool {
    let mut path = path.to_owned();
    (0..=3).any(|_| {
        let found = path
            .split(['/', '\\'])
            .any(|part| matches!(part, "." | ".."));
        path = percent_decode_str(&path).decode_utf8_lossy().into_owned();
        found
    })
}

fn heads_are_sound(headers: &HeaderMap) {
    for (name, value) in headers {
        let sound = |&byte: &u8| byte == b'\t' || byte >= b' ' && byte != 0x7f;
        assert!(value.as_bytes().iter().all(sound), "{name}: {value:?}");
        assert!(
            !matches!(
                name.as_str(),
                "host"
                    | "connection"
                    | "transfer-encoding"
                    | "te"
                    | "trailer"
                    | "upgrade"
                    | "expect"
                    | "keep-alive"
                    | "proxy-authorization"
                    | "proxy-connection"
                    | "authorization"
            ),
            "{name}"
        );
    }
    for once in [
        header::ACCEPT,
        header::USER_AGENT,
        header::CONTENT_TYPE,
        header::COOKIE,
    ] {
        assert!(headers.get_all(&once).iter().count() <= 1, "{once}");
    }
    let length = headers.get(header::CONTENT_LENGTH);
    assert!(length.is_none_or(|length| length == "0"), "{length:?}");
}

fn has_its_credential(call: &Descriptor, request: &Request<Bytes>) {
    let has = |name: &str| call.security.iter().any(|scheme| scheme == name);
    let secrets = |found: Vec<String>| assert_eq!(found, [SECRET], "the credential");
    if has("header") {
        let values = request.headers().get_all("x-key").iter();
        secrets(
            values
                .map(|value| value.to_str().unwrap_or_default().to_owned())
                .collect(),
        );
    }
    // A query that is given as a whole may hold anything.
    let whole = |one: &DescribedParameter| one.location == Location::QueryString;
    if has("query") && !call.parameters.iter().any(whole) && !call.path.contains('?') {
        let pairs = query(request).into_iter();
        secrets(
            pairs
                .filter(|(name, _)| name == "key")
                .map(|(_, value)| value)
                .collect(),
        );
    }
    if has("cookie") {
        let pairs = cookies(request).into_iter();
        secrets(
            pairs
                .filter(|(name, _)| name == "key")
                .map(|(_, value)| value)
                .collect(),
        );
    }
}

fn argument(parameter: &DescribedParameter) -> &str {
    parameter.argument.as_deref().unwrap_or(&parameter.name)
}

/// Whether nothing else in the call is written to the same place.
fn is_alone(parameter: &DescribedParameter, call: &Descriptor) -> bool {
    let place = |one: &DescribedParameter| one.location == parameter.location;
    let credential = match parameter.location {
        Location::Header => parameter.name.eq_ignore_ascii_case("x-key"),
        _ => parameter.name == "key",
    };
    call.parameters.iter().filter(|one| place(one)).count() == 1
        && (!credential || call.security.is_empty())
        && !parameter.bind
        && parameter.content.is_none()
        && !parameter.allow_reserved
}

fn reads_back(
    parameter: &DescribedParameter,
    text: &str,
    call: &Descriptor,
    request: &Request<Bytes>,
) {
    let name = parameter.name.as_str();
    let pair = (name.to_owned(), text.to_owned());
    match parameter.location {
        Location::Path => {
            let alone = call.path.strip_suffix(&format!("/{{{name}}}"));
            let style = parameter.style.unwrap_or(DescribedStyle::Simple);
            if alone.is_some_and(|rest| !rest.contains(['{', '?']))
                && style == DescribedStyle::Simple
            {
                let last = request.uri().path().rsplit('/').next().unwrap_or_default();
                assert_eq!(decoded(last), text);
            }
        }
        Location::Query => {
            if !call.path.contains('?')
                && !call
                    .parameters
                    .iter()
                    .any(|one| one.location == Location::QueryString)
                && !matches!(
                    parameter.style,
                    Some(DescribedStyle::Simple | DescribedStyle::Label | DescribedStyle::Matrix)
                )
            {
                assert!(
                    query(request).contains(&pair),
                    "{pair:?} in {}",
                    request.uri()
                );
            }
        }
        Location::Cookie => {
            if matches!(parameter.style, None | Some(DescribedStyle::Form)) {
                assert!(
                    cookies(request).contains(&pair),
                    "{pair:?} in {:?}",
                    request.headers()
                );
            }
        }
        Location::Header | Location::QueryString => {}
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn query(request: &Request<Bytes>) -> Vec<(String, String)> {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn cookies(request: &Request<Bytes>) -> Vec<(String, String)> {
    let Some(cookies) = request.headers().get(header::COOKIE) else {
        return Vec::new();
    };
    let cookies = String::from_utf8_lossy(cookies.as_bytes());
    let pairs = cookies
        .split("; ")
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn body_reads_back(call: &Descriptor, request: &Request<Bytes>) {
    let Some(body) = &call.body else {
        assert!(request.body().is_empty());
        return;
    };
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let bytes = request.body();
    if content_type == "application/json" {
        let sent: Value = serde_json::from_slice(bytes).expect("JSON");
        if let Some(argument) = &body.argument {
            assert_eq!(call.arguments.get(argument), Some(&sent));
        }
    } else if let Some((_, boundary)) = content_type.split_once("; boundary=") {
        multipart(bytes, boundary);
    }
}

/// Every part has a head of one or two known lines, and the last boundary is the end.
fn multipart(bytes: &[u8], boundary: &str) {
    let text = String::from_utf8_lossy(bytes);
    let parts: Vec<&str> = text.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.first(), Some(&""));
    assert_eq!(parts.last(), Some(&"--\r\n"));
    let middle = parts.get(1..parts.len() - 1).unwrap_or_default();
    for part in middle {
        let (head, _) = part.split_once("\r\n\r\n").expect("a head");
        let mut lines = head.strip_prefix("\r\n").expect("a line").split("\r\n");
        let disposition = lines.next().unwrap_or_default();
        assert!(
            disposition.starts_with("Content-Disposition: form-data; name=\""),
            "{disposition}"
        );
        let quotes = disposition.matches('"').count();
        let quoted = if disposition.contains("\"; filename=\"") {
            4
        } else {
            2
        };
        assert!(
            quotes == quoted && disposition.ends_with('"'),
            "{disposition}"
        );
        let content_type = lines.next().unwrap_or("Content-Type: ");
        assert!(content_type.starts_with("Content-Type: "), "{content_type}");
        assert_eq!(lines.next(), None);
        assert!(!head.trim_start().contains(['\r', '\n']) || head.matches('\n').count() <= 2);
    }
}
