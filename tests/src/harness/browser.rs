//! A browser for suites: keeps cookies, follows redirects, fills in forms.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyhow::Context;
use cookie::Cookie;
use html5ever::tendril::TendrilSink;
use http::header::{LOCATION, ORIGIN, REFRESH, SET_COOKIE};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, redirect::Policy};
use url::Url;

/// The most redirects that are followed.
const REDIRECTS: usize = 10;

/// One profile of a browser, for the pages of one origin or of a few.
#[derive(Clone, Debug)]
pub struct Browser {
    http: Client,
    /// The first is the one of relative addresses.
    origins: Vec<String>,
    /// By origin and name.
    cookies: BTreeMap<(String, String), String>,
}

/// Where a browser ends up.
#[derive(Clone, Debug)]
pub enum Landing {
    /// On a page of its origins.
    Page(Page),
    /// On the way to another origin, which is not visited.
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
            origins: vec![origin.origin().ascii_serialization()],
            cookies: BTreeMap::new(),
        })
    }

    /// Visits the pages of this origin too.
    #[must_use]
    pub fn visiting(mut self, origin: &Url) -> Browser {
        self.origins.push(origin.origin().ascii_serialization());
        self
    }

    /// The values of the cookies it keeps.
    pub fn cookies(&self) -> impl Iterator<Item = &str> {
        self.cookies.values().map(String::as_str)
    }

    /// Opens an address, and goes where it is sent.
    ///
    /// # Errors
    /// Where no answer comes, or one that no browser could follow.
    pub async fn open(&mut self, address: &str) -> anyhow::Result<Landing> {
        let url = Url::parse(&self.origins[0])?.join(address)?;
        let request = self.http.get(url.clone());
        self.go(url, request).await
    }

    /// Sends a form, as if the page it is on were of the origin that it is sent to.
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
            .header(
                ORIGIN,
                self.origin_of(&form.action).unwrap_or(&self.origins[0]),
            )
            .header("Sec-Fetch-Site", "same-origin")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body);
        self.go(form.action.clone(), request).await
    }

    async fn go(&mut self, mut url: Url, mut request: RequestBuilder) -> anyhow::Result<Landing> {
        for _ in 0..REDIRECTS {
            let origin = url.origin().ascii_serialization();
            let cookies = self.cookies.iter().filter(|((of, _), _)| *of == origin);
            let cookies: Vec<_> = cookies
                .map(|((_, name), it)| format!("{name}={it}"))
                .collect();
            let answer = request.header("Cookie", cookies.join("; ")).send().await?;
            self.keep(&origin, &answer)?;
            let status = answer.status();
            let next = match self.refresh(&answer) {
                Some(next) => next,
                None if !status.is_redirection() => {
                    return Ok(Landing::Page(Page {
                        status: status.as_u16(),
                        url,
                        body: answer.text().await?,
                    }));
                }
                None => {
                    // 307 and 308 would send a form on, password and all, to wherever they lead.
                    anyhow::ensure!(matches!(status.as_u16(), 302 | 303), "{status} at {url}");
                    let next = answer.headers().get(LOCATION).context("no Location")?;
                    url.join(next.to_str()?)?
                }
            };
            if self.origin_of(&next).is_none() {
                return Ok(Landing::Away(next));
            }
            (request, url) = (self.http.get(next.clone()), next);
        }
        anyhow::bail!("sent in circles, at last to {url}")
    }

    /// The origin of an address, where it is one of this browser's.
    fn origin_of(&self, url: &Url) -> Option<&str> {
        let origin = url.origin().ascii_serialization();
        let mut origins = self.origins.iter().map(String::as_str);
        origins.find(|it| *it == origin)
    }

    /// Where a page sends the browser by itself, where that is a page of its origins.
    fn refresh(&self, answer: &Response) -> Option<Url> {
        let value = answer.headers().get(REFRESH)?.to_str().ok()?;
        let next = Url::parse(value.strip_prefix("0;url=")?).ok()?;
        self.origin_of(&next).is_some().then_some(next)
    }

    fn keep(&mut self, origin: &str, answer: &Response) -> anyhow::Result<()> {
        for header in answer.headers().get_all(SET_COOKIE) {
            let cookie = Cookie::parse(header.to_str()?)?;
            let key = (origin.to_owned(), cookie.name().to_owned());
            let gone =
                cookie.max_age().is_some_and(|age| age.is_zero()) || cookie.value().is_empty();
            match gone {
                true => self.cookies.remove(&key),
                false => self.cookies.insert(key, cookie.value().to_owned()),
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

    /// The value of the choice of this name whose label contains a text.
    ///
    /// # Errors
    /// Where there is none.
    pub fn choice(&self, name: &str, text: &str) -> anyhow::Result<String> {
        let dom = html5ever::parse_document(RcDom::default(), Default::default());
        let document = dom.one(self.body.as_str()).document;
        let labels = elements(&document, "label").into_iter();
        let mut inputs = labels
            .filter(|label| text_of(label).contains(text))
            .flat_map(|label| elements(&label, "input"))
            .filter(|input| attribute(input, "name").as_deref() == Some(name));
        let value = inputs.next().and_then(|input| attribute(&input, "value"));
        value.with_context(|| format!("no {name} with {text} at {}:\n{}", self.url, self.body))
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

fn text_of(node: &Handle) -> String {
    let own = match &node.data {
        NodeData::Text { contents } => contents.borrow().to_string(),
        _ => String::new(),
    };
    let children = node.children.borrow();
    own + &children.iter().map(text_of).collect::<String>()
}
