//! A scripted browser: keeps cookies, follows redirects, fills in forms. It sends what browsers
//! send with a form, and keeps from scripts what they would.

use std::collections::BTreeMap;

use http::Method;

use crate::support::{Response, TestServer, encode};

/// One profile of a browser.
#[derive(Clone)]
pub(crate) struct Browser<'a> {
    bench: &'a TestServer,
    pub(crate) cookies: BTreeMap<String, String>,
    /// All `Set-Cookie` headers that came.
    pub(crate) set_cookies: Vec<String>,
    /// The address that a proxy reports for it.
    address: Option<String>,
}

/// Where a browser ends up.
#[derive(Debug)]
pub(crate) enum Landing {
    /// On a page of the server.
    Page(Page),
    /// Elsewhere.
    Away(String),
}

impl Landing {
    pub(crate) fn page(self) -> Page {
        match self {
            Landing::Page(page) => page,
            Landing::Away(location) => panic!("sent to {location}"),
        }
    }
}

/// A page, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) body: String,
    pub(crate) response: Response,
}

/// A form as it would be sent.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Form {
    /// Sets a field, in place of all of that name.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Form {
        self.fields.retain(|(it, _)| it != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a field.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Form {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str, value: &str) -> Form {
        self.fields.retain(|(it, text)| it != name || text != value);
        self
    }

    /// Presses a button.
    pub(crate) fn press(self, name: &str, value: &str) -> Form {
        self.with(name, value)
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields
            .find(|(it, _)| it == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Page {
    /// What the page says, as its source but without the escapes.
    pub(crate) fn text(&self) -> String {
        unescape(&self.body)
    }

    /// The one form of the page's main part.
    pub(crate) fn form(&self) -> Form {
        let mut forms = self.forms();
        assert!(
            !forms.is_empty(),
            "no form at {}: {}",
            self.location,
            self.body
        );
        forms.remove(0)
    }

    /// A path of the page, relative to its own.
    fn at(&self, path: &str) -> String {
        match self.location.rsplit_once('/') {
            Some((directory, _)) if !path.contains('/') => format!("{directory}/{path}"),
            _ => path.to_owned(),
        }
    }

    /// The form that is sent to an address.
    pub(crate) fn form_to(&self, action: &str) -> Form {
        let mut forms = self.forms().into_iter();
        forms
            .find(|form| form.action == action)
            .unwrap_or_else(|| panic!("no form to {action}: {}", self.body))
    }

    /// All forms, with the values they would send as they are.
    pub(crate) fn forms(&self) -> Vec<Form> {
        let mut forms = Vec::new();
        for part in self.body.split("<form").skip(1) {
            let (head, rest) = part.split_once('>').unwrap();
            let inside = rest.split("</form>").next().unwrap();
            let action = attribute(head, "action");
            let action = action.map_or_else(|| self.location.clone(), |it| self.at(&it));
            let mut fields = Vec::new();
            for tag in inside.split("<input").skip(1) {
                let tag = tag.split_once('>').unwrap().0;
                let kind = attribute(tag, "type").unwrap_or_default();
                let off = matches!(kind.as_str(), "radio" | "checkbox") && !has(tag, "checked");
                if off || has(tag, "disabled") {
                    continue;
                }
                if let Some(name) = attribute(tag, "name") {
                    fields.push((name, attribute(tag, "value").unwrap_or_default()));
                }
            }
            forms.push(Form { action, fields });
        }
        forms
    }
}

fn has(tag: &str, flag: &str) -> bool {
    tag.split_whitespace()
        .any(|word| word.trim_end_matches('/') == flag)
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let value = rest.split('"').next()?;
    Some(unescape(value))
}

pub(crate) fn unescape(text: &str) -> String {
    text.replace("&#x2f;", "/")
        .replace("&#x27;", "'")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

impl<'a> Browser<'a> {
    pub(crate) fn new(bench: &'a TestServer) -> Browser<'a> {
        Browser {
            bench,
            cookies: BTreeMap::new(),
            set_cookies: Vec::new(),
            address: None,
        }
    }

    /// A browser behind a proxy, at this address.
    pub(crate) fn at(bench: &'a TestServer, address: &str) -> Browser<'a> {
        Browser {
            address: Some(address.to_owned()),
            ..Browser::new(bench)
        }
    }

    /// The same browser at another address.
    pub(crate) fn moved_to(mut self, address: &str) -> Browser<'a> {
        self.address = Some(address.to_owned());
        self
    }

    pub(crate) fn bench(&self) -> &'a TestServer {
        self.bench
    }

    /// Opens an address, and goes where it is sent.
    pub(crate) async fn open(&mut self, location: &str) -> Landing {
        self.go(Method::GET, location.to_owned(), None, &[]).await
    }

    /// Sends a form.
    pub(crate) async fn submit(&mut self, form: &Form) -> Landing {
        let origin = self.bench.origin.clone();
        let headers = [
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        self.submit_from(form, &headers).await
    }

    /// Sends a form with these headers about where it comes from.
    pub(crate) async fn submit_from(&mut self, form: &Form, headers: &[(&str, &str)]) -> Landing {
        let fields = form.fields.iter();
        let pairs: Vec<_> = fields
            .map(|(name, it)| (name.as_str(), it.as_str()))
            .collect();
        let body = encode(&pairs);
        self.go(Method::POST, form.action.clone(), Some(body), headers)
            .await
    }

    /// Signs in with the first person's password.
    pub(crate) async fn sign_in(&mut self, page: &Page, email: &str, password: &str) -> Landing {
        let form = page.form().with("email", email).with("password", password);
        self.submit(&form).await
    }

    async fn go(
        &mut self,
        mut method: Method,
        mut location: String,
        mut body: Option<String>,
        about: &[(&str, &str)],
    ) -> Landing {
        for _ in 0..10 {
            let cookies: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, it)| format!("{name}={it}"))
                .collect();
            let cookies = cookies.join("; ");
            let mut headers = vec![("cookie", cookies.as_str())];
            let address = self.address.as_deref();
            headers.extend(address.map(|address| ("x-forwarded-for", address)));
            if body.is_some() {
                headers.push(("content-type", "application/x-www-form-urlencoded"));
                headers.extend(about);
            }
            let response = self
                .bench
                .send(method.clone(), &location, &headers, body.take())
                .await;
            self.keep(&response);
            let next = response.header("location").to_owned();
            if !(300..400).contains(&response.status) {
                return Landing::Page(Page {
                    status: response.status,
                    body: response.body.clone(),
                    location: location
                        .strip_prefix(&self.bench.origin)
                        .unwrap_or(&location)
                        .to_owned(),
                    response,
                });
            }
            // 307 would send the form, password and all, to wherever it goes.
            assert!(matches!(response.status, 302 | 303), "{}", response.status);
            if !next.starts_with('/') && !next.starts_with(&self.bench.origin) {
                return Landing::Away(next);
            }
            (method, location) = (Method::GET, next);
        }
        panic!("sent in circles");
    }

    fn keep(&mut self, response: &Response) {
        for header in response.headers.get_all("set-cookie") {
            let text = header.to_str().unwrap();
            self.set_cookies.push(text.to_owned());
            let pair = text.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match text.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
    }
}
