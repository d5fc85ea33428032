//! What an API repeats of the credentials that it was called with goes no further, wherever and in
//! whatever form it repeats them; and an answer without any is what the API sent.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use runtime::call::CallError;
use runtime::codegen::{Catalog, In, Operation, SecurityKind, SecurityScheme, Value};
use runtime::upstream::{Answer, Body, Mode, Upstream};
use serde_json::json;

use crate::support::{Api, NewYear, call};

/// It has what URLs, JSON and HTML write otherwise.
const KEY: &str = r#"sk/live+Ab9=xY"7&q\Zt~51"#;
const TOKEN: &str = "tok_5f1c9a7e3b2d4860";
const COOKIE: &str = "ck.90817263/5463==";
const PASSWORD: &str = "staple horse/battery";
const FIELD: &str = "gateway-6a1b2c3d4e";

const SETTINGS: &str = r#"
headers = { X-Gateway = "gateway-6a1b2c3d4e" }
[credentials]
key = 'sk/live+Ab9=xY"7&q\Zt~51'
token = "tok_5f1c9a7e3b2d4860"
cookie = "ck.90817263/5463=="
login = { username = "ada", password = "staple horse/battery" }
"#;

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
        scheme(
            "key",
            SecurityKind::ApiKey {
                location: In::Query,
                name: "key",
            },
        ),
        scheme(
            "cookie",
            SecurityKind::ApiKey {
                location: In::Cookie,
                name: "c",
            },
        ),
        scheme("token", SecurityKind::Bearer),
        scheme("login", SecurityKind::Basic),
    ],
    operations: &[],
};

const fn scheme(name: &'static str, kind: SecurityKind) -> SecurityScheme {
    SecurityScheme { name, kind }
}

const GET: Operation = Operation {
    security: &[&["key", "cookie", "token"]],
    ..Operation::BASE
};

const HEAD: Operation = Operation {
    method: "HEAD",
    ..GET
};

/// Every secret that is configured, those that this call does not send included.
fn secrets() -> [(&'static str, String); 6] {
    [
        ("a key in the query", KEY.to_owned()),
        ("a bearer token", TOKEN.to_owned()),
        ("a cookie", COOKIE.to_owned()),
        ("a password", PASSWORD.to_owned()),
        (
            "a user name with its password",
            STANDARD.encode(format!("ada:{PASSWORD}")),
        ),
        ("a configured header", FIELD.to_owned()),
    ]
}

/// The ways in which text spells a secret.
fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let json = |text: &str| json!(text).to_string().trim_matches('"').to_owned();
    let each = |form: fn(u32) -> String| secret.chars().map(|it| form(u32::from(it))).collect();
    vec![
        ("as in JSON", json(secret)),
        ("with escaped slashes", json(secret).replace('/', "\\/")),
        ("as UTF-16 units", each(|code| format!("\\u{code:04x}"))),
        (
            "as upper-case UTF-16 units",
            each(|code| format!("\\u{code:04X}")),
        ),
        (
            "in percent",
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        ),
        (
            "all in percent, lower case",
            each(|code| format!("%{code:02x}")),
        ),
        ("in percent twice", {
            let once = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
            utf8_percent_encode(&once, NON_ALPHANUMERIC).to_string()
        }),
        (
            "as in a form",
            url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        ),
        ("as HTML numbers", each(|code| format!("&#{code};"))),
        ("in base64", STANDARD.encode(secret)),
        (
            "in base64 after a name",
            STANDARD.encode(format!("user:{secret} and more")),
        ),
        (
            "in hexadecimal",
            secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
        ),
    ]
}

/// An answer, from its head (without the status line's end) and its body.
fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// The places at which an answer holds what it repeats. The text that is given is as it is in a
/// JSON string, which is what every form is.
fn places(form: &str) -> Vec<(&'static str, Vec<u8>)> {
    let json = |status: &str, body: String| {
        let head = format!("{status}\r\nContent-Type: application/json");
        answer(&head, body.as_bytes())
    };
    let text = |head: &str, body: String| answer(head, body.as_bytes());
    let broken = |head: &str, body: String| {
        format!("HTTP/1.1 {head}\r\nContent-Length: 9999\r\n\r\n{body}").into_bytes()
    };
    vec![
        (
            "a string",
            json("200 OK", format!(r#"{{"a":[{{"b":"x {form} y"}}]}}"#)),
        ),
        ("a name", json("200 OK", format!(r#"{{"{form}":1}}"#))),
        ("a whole value", json("200 OK", format!("\"{form}\""))),
        (
            "text",
            text("200 OK\r\nContent-Type: text/plain", format!("x {form} y")),
        ),
        (
            "a page",
            text(
                "200 OK\r\nContent-Type: text/html",
                format!("<p>{form}</p>"),
            ),
        ),
        (
            "a form",
            text(
                "200 OK\r\nContent-Type: application/x-www-form-urlencoded",
                format!("a={form}"),
            ),
        ),
        ("unlabelled text", text("200 OK", format!("x {form} y"))),
        (
            "lines of JSON",
            text(
                "200 OK\r\nContent-Type: application/x-ndjson",
                format!("1\n{{\"a\":\"{form}\"}}\n"),
            ),
        ),
        (
            "an event",
            text(
                "200 OK\r\nContent-Type: text/event-stream",
                format!("data: {form}\n\ndata: {{\"a\":\"{form}\"}}\n\n"),
            ),
        ),
        (
            "the name of an event",
            text(
                "200 OK\r\nContent-Type: text/event-stream",
                format!("event: {form}\nid: {form}\ndata: 1\n\n"),
            ),
        ),
        (
            "a picture",
            text(
                "200 OK\r\nContent-Type: image/png",
                format!("\u{1}{form}\u{2}"),
            ),
        ),
        (
            "sound",
            text(
                "200 OK\r\nContent-Type: audio/wav",
                format!("\u{1}{form}\u{2}"),
            ),
        ),
        (
            "a file",
            text(
                "200 OK\r\nContent-Type: application/pdf",
                format!("\u{1}{form}\u{2}"),
            ),
        ),
        (
            "JSON that broke off",
            broken(
                "200 OK\r\nContent-Type: application/json",
                format!(r#"{{"a":"{form}","#),
            ),
        ),
        (
            "a problem",
            json(
                "400 No\r\nX: y",
                format!(r#"{{"title":"No","detail":"bad {form}!","key":"{form}"}}"#),
            ),
        ),
        (
            "a name in a failure",
            json("500 No", format!(r#"{{"errors":{{"{form}":["bad"]}}}}"#)),
        ),
        (
            "text of a failure",
            text("401 No\r\nContent-Type: text/plain", format!("bad {form}")),
        ),
        (
            "a long text of a failure",
            text(
                "401 No\r\nContent-Type: text/plain",
                format!("{} {form} {}", "x".repeat(480), "y".repeat(9000)),
            ),
        ),
        (
            "the title of a failure",
            text(
                "502 No\r\nContent-Type: text/html",
                format!("<title>bad {form}</title>"),
            ),
        ),
        (
            "a failure that broke off",
            broken(
                "500 No\r\nContent-Type: application/json",
                format!(r#"{{"a":"{form}","#),
            ),
        ),
        (
            "lines of a failure",
            text(
                "500 No\r\nContent-Type: application/x-ndjson",
                format!("{{\"message\":\"{form}\"}}\n"),
            ),
        ),
    ]
}

/// The header fields of answers that hold what they repeat.
fn fields(form: &str) -> Vec<(&'static str, &'static Operation, Vec<u8>)> {
    let field =
        |status: &str, name: &str| answer(&format!("{status}\r\n{name}: /a?b={form}&c"), b"");
    let body = |name: &str| {
        answer(
            &format!("400 No\r\n{name}: {form}"),
            b"{\"message\":\"no\"}",
        )
    };
    vec![
        ("Location", &GET, field("201 Made", "Location")),
        ("Link", &GET, field("204 Done", "Link")),
        ("ETag", &GET, field("304 Same", "ETag")),
        (
            "Content-Location",
            &GET,
            field("204 Done", "Content-Location"),
        ),
        ("a field of HEAD", &HEAD, field("200 OK", "X-Any")),
        ("the id of a request", &GET, field("200 OK", "X-Request-Id")),
        ("the id of a failed request", &GET, body("X-Request-Id")),
        ("a limit", &GET, body("RateLimit-Reset")),
        (
            "a media type",
            &GET,
            answer(
                &format!("200 OK\r\nContent-Type: application/{form}"),
                b"\xff\x00",
            ),
        ),
        (
            "a parameter of a media type",
            &GET,
            answer(
                &format!("200 OK\r\nContent-Type: application/pdf; name={form}"),
                b"%PDF",
            ),
        ),
        (
            "a redirect",
            &GET,
            field("302 Found", "Location: http://127.0.0.2:1/p"),
        ),
        (
            "the path of a redirect",
            &GET,
            answer(
                &format!("302 Found\r\nLocation: http://127.0.0.2:1/{form}/x"),
                b"",
            ),
        ),
    ]
}

/// An API that answers as configured, and what calls it with all credentials. One for a whole
/// table: each has a client of its own, which takes a while to make.
struct Parrot {
    upstream: Upstream,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Parrot {
    async fn start() -> Parrot {
        let answer = Arc::<Mutex<Vec<u8>>>::default();
        let said = Arc::clone(&answer);
        let api = Api::start(move |_| said.lock().unwrap().clone()).await;
        let settings = api.settings(SETTINGS);
        let upstream = Upstream::new(&CATALOG, &settings, Mode::Live, Arc::new(NewYear)).unwrap();
        Parrot { upstream, answer }
    }

    async fn call(
        &self,
        operation: &'static Operation,
        answer: Vec<u8>,
    ) -> Result<Answer, CallError> {
        *self.answer.lock().unwrap() = answer;
        call(&self.upstream, operation, &Value::Null).await
    }
}

/// All that a caller gets to see.
fn shown(outcome: &Result<Answer, CallError>) -> String {
    let answer = match outcome {
        Err(error) => return serde_json::to_string(error).unwrap(),
        Ok(answer) => answer,
    };
    let body = match &answer.body {
        Body::Empty => String::new(),
        Body::Json(value) => value.to_string(),
        Body::Text(text) => text.clone(),
        Body::Image { media_type, bytes }
        | Body::Audio { media_type, bytes }
        | Body::Binary { media_type, bytes } => {
            format!("{media_type} {}", String::from_utf8_lossy(bytes))
        }
    };
    format!(
        "{body} {:?} {:?}",
        answer.fields, answer.upstream_request_id
    )
}

/// A part of the secret that can be read from a text, by somebody who tries every encoding.
fn readable(text: &str, secret: &str) -> Option<String> {
    let mut views = vec![text.to_owned()];
    for round in 0..4 {
        let last = views[round].clone();
        let next = percent_decode_str(&last).decode_utf8_lossy().into_owned();
        let next = html(&units(&next)).replace(['\0', '\\'], "");
        views.push(next);
    }
    let encoded = text.split(|it: char| !it.is_ascii_alphanumeric() && !"+/-_".contains(it));
    for run in encoded {
        let run = run.replace('-', "+").replace('_', "/");
        for start in 0..4.min(run.len()) {
            let whole = (run.len() - start) / 4 * 4;
            let bytes = STANDARD
                .decode(&run[start..start + whole])
                .unwrap_or_default();
            views.push(String::from_utf8_lossy(&bytes).into_owned());
        }
        let digits: Vec<char> = run.chars().collect();
        for start in 0..2.min(digits.len()) {
            let pairs = digits[start..]
                .chunks(2)
                .map(|pair| pair.iter().collect::<String>());
            let bytes = pairs.map_while(|pair| u8::from_str_radix(&pair, 16).ok());
            views.push(String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned());
        }
    }
    let secret: Vec<char> = secret.replace('\\', "").chars().collect();
    let parts = secret
        .windows(6)
        .map(|part| part.iter().collect::<String>());
    let mut found = parts.filter(|part| {
        let as_in_a_form = part.replace(' ', "+");
        let mut views = views.iter();
        views.any(|view| view.contains(part) || view.contains(&as_in_a_form))
    });
    found.next()
}

fn units(text: &str) -> String {
    let mut parts = text.split("\\u");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part
            .get(..4)
            .and_then(|it| u32::from_str_radix(it, 16).ok());
        match code.and_then(char::from_u32) {
            Some(character) => {
                out.push(character);
                out.push_str(&part[4..]);
            }
            None => out.push_str(part),
        }
    }
    out
}

fn html(text: &str) -> String {
    let mut parts = text.split("&#");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once(';').unwrap_or_default();
        match code.parse().ok().and_then(char::from_u32) {
            Some(character) => out.extend([character]),
            None => out.push_str(code),
        }
        out.push_str(rest);
    }
    out.replace("&quot;", "\"").replace("&amp;", "&")
}

#[tokio::test]
async fn a_repeated_credential_is_marked_in_every_place_and_form() {
    let parrot = Parrot::start().await;
    let mut leaks = Vec::new();
    let mut seen = 0;
    for (what, secret) in secrets() {
        for (how, form) in forms(&secret) {
            for (place, sent) in places(&form) {
                let outcome = parrot.call(&GET, sent).await;
                if let Some(part) = readable(&shown(&outcome), &secret) {
                    leaks.push(format!(
                        "{what} {how} in {place}: {part} in {}",
                        shown(&outcome)
                    ));
                }
                seen += 1;
            }
        }
    }
    assert!(
        leaks.is_empty(),
        "{} of {seen}:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

#[tokio::test]
async fn a_repeated_credential_is_marked_in_every_header_field() {
    let parrot = Parrot::start().await;
    let mut leaks = Vec::new();
    for (what, secret) in secrets() {
        for (how, form) in forms(&secret) {
            for (place, operation, sent) in fields(&form) {
                let outcome = parrot.call(operation, sent).await;
                if let Some(part) = readable(&shown(&outcome), &secret) {
                    leaks.push(format!(
                        "{what} {how} in {place}: {part} in {}",
                        shown(&outcome)
                    ));
                }
            }
        }
    }
    assert!(leaks.is_empty(), "{}:\n{}", leaks.len(), leaks.join("\n"));
}

#[tokio::test]
async fn a_repeated_credential_is_marked_in_every_charset() {
    let parrot = Parrot::start().await;
    let latin: Vec<u8> = format!("caf\u{e9} {KEY}")
        .chars()
        .map(|it| it as u8)
        .collect();
    let little = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<_>>()
    };
    let big = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<_>>()
    };
    let json = json!({ "a": KEY }).to_string();
    for status in ["200 OK", "400 No"] {
        for (charset, body) in [
            ("text/plain; charset=iso-8859-1", latin.clone()),
            ("text/plain", latin.clone()),
            ("text/plain; charset=utf-16le", little(KEY)),
            ("text/plain; charset=utf-16be", big(KEY)),
            ("text/plain", [b"\xff\xfe", &little(KEY)[..]].concat()),
            ("application/json", [b"\xfe\xff", &big(&json)[..]].concat()),
            ("application/json; charset=utf-16le", little(&json)),
            // Without a mark or a name, there is no way to see it.
            ("text/plain", little(KEY)),
            ("application/octet-stream", little(KEY)),
            ("image/png", big(KEY)),
        ] {
            let head = format!("{status}\r\nContent-Type: {charset}");
            let outcome = parrot.call(&GET, answer(&head, &body)).await;
            let shown = shown(&outcome);
            assert_eq!(readable(&shown, KEY), None, "{status} {charset}: {shown}");
        }
    }
}

#[tokio::test]
async fn the_beginning_of_a_credential_is_marked_wherever_an_answer_is_cut() {
    let parrot = Parrot::start().await;
    let json = ("application/json", "200 OK");
    for (how, form) in forms(KEY) {
        for (media_type, status) in [json, ("image/png", "200 OK"), ("text/plain", "500 No")] {
            let body = format!("{{\"a\":\"{form}");
            let whole = answer(
                &format!("{status}\r\nContent-Type: {media_type}"),
                body.as_bytes(),
            );
            for cut in 0..form.len() {
                // The connection breaks in the middle of it.
                let sent = whole[..whole.len() - cut].to_vec();
                let shown = shown(&parrot.call(&GET, sent).await);
                let part = readable(&shown, KEY);
                assert_eq!(part, None, "{how}, {media_type}, without {cut}: {shown}");
            }
        }
    }
}

#[tokio::test]
async fn a_credential_is_marked_before_an_answer_is_cut_at_the_values_that_are_allowed() {
    static TOKEN_ONLY: Operation = Operation {
        security: &[&["token"]],
        ..Operation::BASE
    };
    let sent = "[0,1,abc:def,ghi:jkl,2,3,4,5,6,7,8]";
    let sent = answer("200 OK\r\nContent-Type: application/json", sent.as_bytes());
    let api = Api::start(move |_| sent.clone()).await;
    for values in 1..10 {
        let settings =
            format!("max_response_nodes = {values}\ncredentials = {{ token = 'abc:def,ghi:jkl' }}");
        let settings = api.settings(&settings);
        let upstream = Upstream::new(&CATALOG, &settings, Mode::Live, Arc::new(NewYear)).unwrap();
        let answer = call(&upstream, &TOKEN_ONLY, &Value::Null).await.unwrap();
        let Body::Text(text) = answer.body else {
            panic!("it is no JSON");
        };
        assert!(answer.truncated.is_some());
        assert!(!text.contains("abc"), "{values} values: {text}");
    }
}

#[tokio::test]
async fn a_credential_that_is_a_number_is_marked_without_breaking_the_json_around_it() {
    let sent = r#"{"account":4081992716354433,"items":[1,40819927163544331]}"#;
    let sent = answer("200 OK\r\nContent-Type: application/json", sent.as_bytes());
    let api = Api::start(move |_| sent.clone()).await;
    let settings = api.settings("credentials = { token = '4081992716354433' }");
    let upstream = Upstream::new(&CATALOG, &settings, Mode::Live, Arc::new(NewYear)).unwrap();
    static TOKEN_ONLY: Operation = Operation {
        security: &[&["token"]],
        ..Operation::BASE
    };
    let answer = call(&upstream, &TOKEN_ONLY, &Value::Null).await.unwrap();
    let expected = json!({"account": "[secret]", "items": [1, "[secret]"]});
    assert_eq!(answer.body, Body::Json(expected));
}

#[tokio::test]
async fn an_answer_without_credentials_is_what_the_api_sent() {
    let parrot = Parrot::start().await;
    let near = format!("{} {}", &KEY[1..], &TOKEN[..TOKEN.len() - 1]).replace(['\\', '"'], "");
    for text in [
        r#"{"a":"x\/y \u00e9 \"q\" %2F &amp; \\","b":1.10,"c":[],"\u0061b":null}"#.to_owned(),
        format!(r#"{{"near":"{near}"}}"#),
        r#"{"a":"%","b":"&","c":"\u0000"}"#.to_owned(),
    ] {
        let sent = answer("200 OK\r\nContent-Type: application/json", text.as_bytes());
        let body = parrot.call(&GET, sent).await.unwrap().body;
        assert_eq!(body, Body::Json(serde_json::from_str(&text).unwrap()));
        let sent = answer(
            "200 OK\r\nContent-Type: text/x-any",
            format!("# {text}").as_bytes(),
        );
        let body = parrot.call(&GET, sent).await.unwrap().body;
        assert_eq!(body, Body::Text(format!("# {text}")));
        let sent = answer("200 OK\r\nContent-Type: image/png", text.as_bytes());
        let Body::Image { bytes, .. } = parrot.call(&GET, sent).await.unwrap().body else {
            panic!("it is a picture");
        };
        assert_eq!(bytes, text);
    }
}

#[tokio::test]
async fn a_short_credential_or_a_public_header_shreds_no_answer() {
    let body = r#"{"a":"abc key 2026-11-01 application/json acme-173"}"#;
    let sent = answer("200 OK\r\nContent-Type: application/json", body.as_bytes());
    let api = Api::start(move |_| sent.clone()).await;
    let settings = api.settings(
        "credentials = { token = 'key' }\n[headers]\nX-Api-Version = '2026-11-01'\n\
         Accept = 'application/json'\nX-Tenant = { public = 'acme-173' }",
    );
    let upstream = Upstream::new(&CATALOG, &settings, Mode::Live, Arc::new(NewYear)).unwrap();
    static OPEN: Operation = Operation::BASE;
    let answer = call(&upstream, &OPEN, &Value::Null).await.unwrap();
    assert_eq!(answer.body, Body::Json(serde_json::from_str(body).unwrap()));
}
