//! A conversation over HTTP that is written down as it happens, the same each time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;

use http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, Method, StatusCode};
use reqwest::redirect::Policy;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tests::harness::browser::{Form, Page};
use url::Url;

/// A body longer than this is written down as its digest.
const LONG: usize = 4096;

/// Someone who sends requests to one server, and writes down what both say.
pub(crate) struct Conversation {
    http: reqwest::Client,
    server: SocketAddr,
    origin: Url,
    cookies: BTreeMap<String, String>,
    /// What was said so far.
    pub(crate) text: String,
}

/// An answer.
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    url: Url,
}

impl Said {
    /// The answer as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Where it leads.
    pub(crate) fn location(&self) -> Url {
        let location = self.headers.get(LOCATION).unwrap().to_str().unwrap();
        self.url.join(location).unwrap()
    }

    /// The answer as a page.
    pub(crate) fn page(&self) -> Page {
        Page {
            status: self.status.as_u16(),
            url: self.url.clone(),
            body: self.body.clone(),
        }
    }
}

impl Conversation {
    /// Begins one with the server at this address, which people reach at `origin`.
    pub(crate) fn with(server: SocketAddr, origin: &Url) -> Conversation {
        let http = reqwest::Client::builder().redirect(Policy::none());
        Conversation {
            http: http.build().unwrap(),
            server,
            origin: origin.clone(),
            cookies: BTreeMap::new(),
            text: String::new(),
        }
    }

    /// Writes a heading.
    pub(crate) fn heading(&mut self, text: &str) {
        let _ = writeln!(self.text, "\n# {text}\n");
    }

    /// Forgets the cookies: another browser.
    pub(crate) fn another_browser(&mut self) {
        self.cookies.clear();
    }

    /// Sends a request.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Said {
        let url = self.origin.join(path).unwrap();
        let mut direct = url.clone();
        direct.set_scheme("http").unwrap();
        direct.set_ip_host(self.server.ip()).unwrap();
        direct.set_port(Some(self.server.port())).unwrap();
        let mut request = self.http.request(method.clone(), direct);
        request = request.header(HOST, self.origin.host_str().unwrap());
        let target = url.as_str().strip_prefix(self.origin.as_str());
        let _ = writeln!(self.text, "> {method} /{}", target.unwrap_or_default());
        if !self.cookies.is_empty() {
            let pairs = self.cookies.iter();
            let pairs: Vec<_> = pairs.map(|(name, it)| format!("{name}={it}")).collect();
            request = request.header(COOKIE, pairs.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
            let _ = writeln!(self.text, "> {name}: {value}");
        }
        if !body.is_empty() {
            let _ = writeln!(self.text, ">\n> {body}");
            request = request.body(body.to_owned());
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.text().await.unwrap();
        self.keep_cookies(&headers);
        self.write_down(&url, status, &headers, &body);
        Said {
            status,
            headers,
            body,
            url,
        }
    }

    /// Opens an address as a browser does.
    pub(crate) async fn open(&mut self, address: &str) -> Said {
        self.send(Method::GET, address, &[("accept", "text/html")], "")
            .await
    }

    /// Sends a form as a browser does.
    pub(crate) async fn submit(&mut self, form: &Form) -> Said {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form.fields)
            .finish();
        let origin = self.origin.origin().ascii_serialization();
        let headers = [
            (CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded"),
            (ORIGIN.as_str(), &origin),
            ("sec-fetch-site", "same-origin"),
        ];
        let path = form.action.to_string();
        self.send(Method::POST, &path, &headers, &body).await
    }

    /// Sends a form as a program does.
    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Said {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let headers = [(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")];
        self.send(Method::POST, path, &headers, &body).await
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE) {
            let cookie = cookie::Cookie::parse(header.to_str().unwrap()).unwrap();
            let (name, value) = (cookie.name().to_owned(), cookie.value().to_owned());
            match cookie.max_age().is_some_and(|age| age.is_zero()) {
                true => self.cookies.remove(&name),
                false => self.cookies.insert(name, value),
            };
        }
    }

    fn write_down(&mut self, url: &Url, status: StatusCode, headers: &HeaderMap, body: &str) {
        // The page of keys names the tools that were called last, a moment after they were called,
        // and a rate fills as time passes.
        let is_unsteady = |name: &str| {
            name == "content-length" && url.path() == "/portal/keys"
                || matches!(name, "x-ratelimit-remaining" | "x-ratelimit-reset")
        };
        let value = |name: &str, value: &str| match is_unsteady(name) {
            true => "~".to_owned(),
            false => value.to_owned(),
        };
        let mut lines: Vec<String> = headers
            .iter()
            .map(|(name, text)| (name.as_str(), text.to_str().unwrap()))
            .filter(|(name, _)| *name != "date")
            .map(|(name, text)| format!("< {name}: {}", value(name, text)))
            .collect();
        lines.sort();
        let _ = writeln!(self.text, "< {}\n{}", status.as_u16(), lines.join("\n"));
        if body.starts_with("<!doctype html>") {
            let _ = writeln!(self.text, "<\n{}", summary(url, status, body));
        } else if body.len() > LONG {
            let digest = Sha256::digest(without_random(body));
            let digest: String = digest[..8].iter().map(|it| format!("{it:02x}")).collect();
            let _ = writeln!(self.text, "<\n< {} bytes, SHA-256 {digest}…", body.len());
        } else if !body.is_empty() {
            let _ = writeln!(self.text, "<\n< {}", body.replace('\n', "\n< "));
        }
        self.text.push('\n');
    }
}

/// The text with random values left out, so that one more of them changes nothing that follows.
pub(crate) fn without_random(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut left = String::with_capacity(text.len());
    for part in text.split_inclusive(|c| !is_part(c)) {
        let word = part.trim_end_matches(|c| !is_part(c));
        let is_random = word.len() >= 20 && word.contains(|c: char| c.is_ascii_digit());
        match is_random {
            true => left.extend(["~", &part[word.len()..]]),
            false => left.push_str(part),
        }
    }
    left
}

/// What a page is for: its title, and the forms that it has. `pages.html` has the rest.
fn summary(url: &Url, status: StatusCode, body: &str) -> String {
    let between = |open: &str, close: &str| {
        let (_, rest) = body.split_once(open)?;
        Some(rest.split_once(close)?.0.to_owned())
    };
    let mut text = format!("< page: {}\n", between("<title>", "</title>").unwrap());
    let page = Page {
        status: status.as_u16(),
        url: url.clone(),
        body: body.to_owned(),
    };
    for form in page.forms() {
        let fields: Vec<_> = form
            .fields
            .iter()
            .map(|(name, it)| format!("{name}={it}"))
            .collect();
        let _ = writeln!(text, "< form {}: {}", form.action.path(), fields.join(" "));
    }
    text.trim_end().to_owned()
}
