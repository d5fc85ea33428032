//! A browser for suites: keeps cookies, follows redirects, fills in forms.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyhow::Context;
use cookie::Cookie;
use html5ever::tendril::TendrilSink;
use http::header::{LOCATION, ORIGIN, SET_COOKIE};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, redirect::Policy};
use url::Url;

/// The most redirects that are followed.
const REDIRECTS: usize = 10;

/// One profile of a browser, for the pages of one origin.
#[derive(Clone, Debug)]
pub struct Browser {
    http: Client,
    origin: String,
    cookies: BTreeMap<String, String>,
}

/// Where a browser ends up.
#[derive(Clone, Debug)]
pub enum Landing {
    /// On a page of the origin.
    Page(Page),
    /// On the way to another one, which is not visited.
    Away(Url),
}

/// A page, and where it is.
#[derive(Clone, Debug)]
pub struct Page {
    /// HTTP status code.
    pub status: u16,
    /// Address.
    pub url: Url,
    /// Source.
    pub body: String,
}

/// A form, with the values it would send.
#[derive(Clone, Debug)]
pub struct Form {
    /// Where it is sent to.
    pub action: Url,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

impl Landing {
    /// The page.
    ///
    /// # Errors
    /// Where the browser was sent elsewhere.
    pub fn page(self) -> anyhow::Result<Page> {
        match self {
            Landing::Page(page) => Ok(page),
            Landing::Away(url) => anyhow::bail!("sent to {}", url.origin().ascii_serialization()),
        }
    }

    /// The other origin's address.
    ///
    /// # Errors
    /// Where the browser stayed.
    pub fn away(self) -> anyhow::Result<Url> {
        match self {
            Landing::Away(url) => Ok(url),
            Landing::Page(page) => anyhow::bail!("{} {}\n{}", page.status, page.url, page.body),
        }
    }
}

impl Browser {
    /// A profile without a cookie.
    ///
    /// # Errors
    /// Where the HTTP client cannot be made.
    pub fn new(origin: &Url) -> anyhow::Result<Browser> {
        Browser::with(Client::builder(), origin)
    }

    /// A profile without a cookie, whose requests come from an address of this machine.
    ///
    /// # Errors
    /// Where the HTTP client cannot be made.
    pub fn at(address: IpAddr, origin: &Url) -> anyhow::Result<Browser> {
        Browser::with(Client::builder().local_address(address), origin)
    }

    fn with(http: ClientBuilder, origin: &Url) -> anyhow::Result<Browser> {
        Ok(Browser {
            http: http.redirect(Policy::none()).build()?,
            origin: origin.origin().ascii_serialization(),
            cookies: BTreeMap::new(),
        })
    }

    /// The cookies it keeps, by name.
    #[must_use]
    pub fn cookies(&self) -> &BTreeMap<String, String> {
        &self.cookies
    }

    /// Opens an address, and goes where it is sent.
    ///
    /// # Errors
    /// Where no answer comes, or one that no browser could follow.
    pub async fn open(&mut self, address: &str) -> anyhow::Result<Landing> {
        let url = Url::parse(&self.origin)?.join(address)?;
        let request = self.http.get(url.clone());
        self.go(url, request).await
    }

    /// Sends a form, as a page of the origin does.
    ///
    /// # Errors
    /// As [`Browser::open`].
    pub async fn submit(&mut self, form: &Form) -> anyhow::Result<Landing> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form.fields)
            .finish();
        let request = self
            .http
            .post(form.action.clone())
            .header(ORIGIN, self.origin.as_str())
            .header("Sec-Fetch-Site", "same-origin")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body);
        self.go(form.action.clone(), request).await
    }

    async fn go(&mut self, mut url: Url, mut request: RequestBuilder) -> anyhow::Result<Landing> {
        for _ in 0..REDIRECTS {
            let cookies = self.cookies.iter();
            let cookies: Vec<_> = cookies.map(|(name, it)| format!("{name}={it}")).collect();
            let answer = request.header("Cookie", cookies.join("; ")).send().await?;
            self.keep(&answer)?;
            let status = answer.status();
            if !status.is_redirection() {
                return Ok(Landing::Page(Page {
                    status: status.as_u16(),
                    url,
                    body: answer.text().await?,
                }));
            }
            // 307 and 308 would send a form on, password and all, to wherever they lead.
            anyhow::ensure!(matches!(status.as_u16(), 302 | 303), "{status} at {url}");
            let next = answer.headers().get(LOCATION).context("no Location")?;
            let next = url.join(next.to_str()?)?;
            if next.origin().ascii_serialization() != self.origin {
                return Ok(Landing::Away(next));
            }
            (request, url) = (self.http.get(next.clone()), next);
        }
        anyhow::bail!("sent in circles, at last to {url}")
    }

    fn keep(&mut self, answer: &Response) -> anyhow::Result<()> {
        for header in answer.headers().get_all(SET_COOKIE) {
            let cookie = Cookie::parse(header.to_str()?)?;
            let (name, value) = (cookie.name().to_owned(), cookie.value().to_owned());
            match cookie.max_age().is_some_and(|age| age.is_zero()) {
                true => self.cookies.remove(&name),
                false => self.cookies.insert(name, value),
            };
        }
        Ok(())
    }
}

impl Page {
    /// All forms, in the order of the page.
    #[must_use]
    pub fn forms(&self) -> Vec<Form> {
        let dom = html5ever::parse_document(RcDom::default(), Default::default());
        let document = dom.one(self.body.as_str()).document;
        let forms = elements(&document, "form").into_iter();
        forms.filter_map(|form| self.form(&form)).collect()
    }

    /// The first form that has a field of this name.
    ///
    /// # Errors
    /// Where there is none.
    pub fn form_with(&self, field: &str) -> anyhow::Result<Form> {
        let mut forms = self.forms().into_iter();
        let found = forms.find(|form| form.fields.iter().any(|(name, _)| name == field));
        found.with_context(|| format!("no form with {field} at {}:\n{}", self.url, self.body))
    }

    /// The first form that is sent to this path.
    ///
    /// # Errors
    /// Where there is none.
    pub fn form_to(&self, path: &str) -> anyhow::Result<Form> {
        let found = self.forms().into_iter();
        let mut found = found.filter(|form| form.action.path() == path);
        let found = found.next();
        found.with_context(|| format!("no form to {path} at {}:\n{}", self.url, self.body))
    }

    fn form(&self, form: &Handle) -> Option<Form> {
        let action = attribute(form, "action").unwrap_or_default();
        let fields = elements(form, "input").into_iter().filter_map(|input| {
            let kind = attribute(&input, "type").unwrap_or_default();
            let choice = matches!(kind.as_str(), "radio" | "checkbox");
            let sent = !choice || attribute(&input, "checked").is_some();
            let name = attribute(&input, "name")?;
            let value = attribute(&input, "value").unwrap_or_default();
            (sent && attribute(&input, "disabled").is_none()).then_some((name, value))
        });
        Some(Form {
            action: self.url.join(&action).ok()?,
            fields: fields.collect(),
        })
    }
}

impl Form {
    /// Sets a field, in place of all of that name: what is typed, chosen or pressed.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Form {
        self.fields.retain(|(it, _)| it != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}

fn elements(node: &Handle, name: &str) -> Vec<Handle> {
    let mut found = Vec::new();
    for child in node.children.borrow().iter() {
        if let NodeData::Element { name: it, .. } = &child.data
            && &*it.local == name
        {
            found.push(child.clone());
        }
        found.extend(elements(child, name));
    }
    found
}

fn attribute(node: &Handle, name: &str) -> Option<String> {
    let NodeData::Element { attrs, .. } = &node.data else {
        return None;
    };
    let attributes = attrs.borrow();
    let found = attributes.iter().find(|it| &*it.name.local == name);
    found.map(|it| it.value.to_string())
}
