//! The browser that asks: its cookies, and whether a form is one that it was given by us.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::extract::{ConnectInfo, FromRequest, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use cookie::{Cookie, SameSite};
use http::header::{COOKIE, ORIGIN, SET_COOKIE, USER_AGENT};
use http::{HeaderMap, HeaderValue};

use super::accounts::Accounts;
use super::page_error::PageError;
use super::proxy::Forwarded;
use crate::form::Pairs;
use crate::limit::Source;
use crate::media_type;
use crate::model::Cause;
use crate::request_body::{self, BodyError};
use crate::request_id::RequestId;
use crate::token::{self, Digest};

/// The longest form, in bytes.
const LONGEST_FORM: usize = 64 * 1024;

/// The cookie of a session.
pub(super) const SESSION_COOKIE: &str = "session";
/// The cookie by which a browser is recognised in which somebody signed in before.
pub(super) const DEVICE_COOKIE: &str = "device";
/// The cookie that forms are bound to.
const FORM_COOKIE: &str = "form";

/// The browser that sent a request.
#[derive(Debug)]
pub(crate) struct Browser {
    /// When the request came.
    pub(crate) at: SystemTime,
    /// The request's id.
    pub(crate) request_id: String,
    /// Where it came from.
    pub(crate) source: Source,
    /// The peer that sent `X-Forwarded-For` without being a trusted proxy.
    pub(super) forwarded: Option<Forwarded>,
    cookies: Vec<(String, String)>,
    user_agent: String,
    cookie_style: CookieStyle,
    origin: Arc<str>,
    form_secret: String,
    /// Whether the browser has just been given the secret of its forms.
    is_new: bool,
}

/// How cookies are named and kept. Over https a cookie is bound to this host and to https by its
/// name (RFC 6265bis §4.1.3.2); on a loopback address without TLS no browser would take that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CookieStyle {
    /// Whether browsers reach this server by https.
    pub(crate) https: bool,
}

impl CookieStyle {
    fn name(self, name: &str) -> String {
        match self.https {
            true => format!("__Host-{name}"),
            false => name.to_owned(),
        }
    }

    fn header(self, name: &str, value: &str, lasts: Option<Duration>) -> HeaderValue {
        let mut cookie = Cookie::build((self.name(name), value))
            .path("/")
            .http_only(true)
            .secure(self.https)
            .same_site(SameSite::Lax);
        if let Some(seconds) = lasts.and_then(|it| it.as_secs().try_into().ok()) {
            cookie = cookie.max_age(cookie::time::Duration::seconds(seconds));
        }
        // Names and values are ours, and visible ASCII.
        HeaderValue::from_str(&cookie.build().to_string()).unwrap_or(HeaderValue::from_static(""))
    }
}

impl Browser {
    fn new(accounts: &Accounts, request: &Request) -> Browser {
        let headers = request.headers();
        let cookies = cookies(headers);
        let style = accounts.cookie_style();
        let kept = find(&cookies, &style.name(FORM_COOKIE)).map(ToOwned::to_owned);
        let is_new = kept.is_none();
        let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let source = address.map(|it| Source::of(it.0.ip(), &accounts.shared_egress));
        let id = request.extensions().get::<RequestId>();
        let agent = headers.get(USER_AGENT).and_then(|it| it.to_str().ok());
        Browser {
            at: accounts.services.clock.now(),
            request_id: id.map(ToString::to_string).unwrap_or_default(),
            source: source.unwrap_or_else(Source::unknown),
            forwarded: request.extensions().get().copied(),
            user_agent: agent.unwrap_or_default().to_owned(),
            cookie_style: style,
            origin: Arc::clone(&accounts.origin),
            form_secret: kept.unwrap_or_else(|| token::random_text(&*accounts.services.random)),
            cookies,
            is_new,
        }
    }

    /// The digest of what distinguishes the browser from others at the same address. A browser
    /// that is here for the first time has nothing yet.
    pub(crate) fn identity(&self) -> Option<Digest> {
        (!self.is_new).then(|| Digest::of(&self.form_secret))
    }

    /// The digest of the secret by which a browser is recognised in which somebody signed in.
    pub(crate) fn device(&self) -> Option<Digest> {
        self.cookie(DEVICE_COOKIE).map(Digest::of)
    }

    /// The value of one of our cookies.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        find(&self.cookies, &self.cookie_style.name(name))
    }

    /// Adds a cookie to an answer: until the browser is closed, or for as long as `lasts`.
    pub(crate) fn set_cookie(
        &self,
        response: &mut Response,
        name: &str,
        value: &str,
        lasts: Option<Duration>,
    ) {
        let header = self.cookie_style.header(name, value, lasts);
        response.headers_mut().append(SET_COOKIE, header);
    }

    /// What forms of this browser carry, so that no other site can send one in its name, and so that
    /// a form that was shown to one person is not sent by the next who signs in.
    pub(crate) fn csrf_token(&self) -> String {
        let session = self.cookie(SESSION_COOKIE).unwrap_or_default();
        Digest::of(&format!("{} {session}", self.form_secret)).hex(32)
    }

    /// What the events of this request have in common.
    pub(crate) fn cause(&self) -> Cause {
        Cause::new(self.at, &self.request_id)
    }

    /// Which browser it is, in a few words for the person who looks at their sessions.
    pub(crate) fn description(&self) -> String {
        let has = |word: &str| self.user_agent.contains(word);
        let browser = [
            ("Edg/", "Edge"),
            ("OPR/", "Opera"),
            ("Firefox/", "Firefox"),
            ("Chrome/", "Chrome"),
            ("Safari/", "Safari"),
        ];
        let system = [
            ("iPhone", "iPhone"),
            ("iPad", "iPad"),
            ("Android", "Android"),
            ("Windows", "Windows"),
            ("Mac OS", "Mac"),
            ("Linux", "Linux"),
        ];
        let found = |list: &[(&str, &'static str)]| {
            list.iter()
                .find(|(word, _)| has(word))
                .map(|(_, name)| *name)
        };
        match (found(&browser), found(&system)) {
            (Some(browser), Some(system)) => format!("{browser} on {system}"),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => "Unknown browser".to_owned(),
        }
    }

    /// Whether a form was sent by a page of ours: browsers say where it comes from, and the token
    /// says to whom it was given.
    fn owns(&self, headers: &HeaderMap, form: &Pairs) -> bool {
        let text = |value: &HeaderValue| value.to_str().ok().map(ToOwned::to_owned);
        let site = headers.get("sec-fetch-site").map(text);
        let same_site = match (headers.get(ORIGIN).map(text), site) {
            (Some(origin), _) => origin.as_deref() == Some(&*self.origin),
            (None, Some(site)) => site.as_deref() == Some("same-origin"),
            (None, None) => true,
        };
        same_site && form.field("csrf_token") == self.csrf_token()
    }
}

fn cookies(headers: &HeaderMap) -> Vec<(String, String)> {
    let texts = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|it| it.to_str().ok());
    texts
        .flat_map(|text| Cookie::split_parse(text.to_owned()))
        .filter_map(Result::ok)
        .map(|cookie| (cookie.name().to_owned(), cookie.value().to_owned()))
        .collect()
}

/// A cookie that is there twice is not ours to choose from: somebody else set one of them.
fn find<'a>(cookies: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut found = cookies.iter().filter(|(it, _)| it == name);
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Some(value),
        _ => None,
    }
}

/// Middleware of every page: reads who the browser is, and shows a [`PageError`] as a page.
pub(crate) async fn with_browser(
    State(accounts): State<Arc<Accounts>>,
    mut request: Request,
    next: Next,
) -> Response {
    let browser = Arc::new(Browser::new(&accounts, &request));
    accounts.unlisted_proxies.asked(&browser);
    request.extensions_mut().insert(Arc::clone(&browser));
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<PageError>() {
        let mut page = error.page(&accounts.pages, browser.request_id.as_str());
        // The page is another one, and the cookies that end with the error end all the same.
        let cookies = response.headers().get_all(SET_COOKIE).into_iter().cloned();
        page.headers_mut()
            .extend(cookies.map(|cookie| (SET_COOKIE, cookie)));
        response = page;
    }
    if browser.is_new {
        browser.set_cookie(&mut response, FORM_COOKIE, &browser.form_secret, None);
    }
    response
}

/// A form that this browser was given by us.
pub(crate) struct Posted(pub(crate) Pairs);

impl<S: Sync> FromRequest<S> for Posted {
    type Rejection = PageError;

    async fn from_request(request: Request, _: &S) -> Result<Posted, PageError> {
        let (parts, body) = request.into_parts();
        let browser = parts
            .extensions
            .get::<Arc<Browser>>()
            .ok_or(PageError::Forbidden)?;
        if !media_type::is(&parts.headers, media_type::FORM) {
            return Err(PageError::Forbidden);
        }
        let body = request_body::read(body, LONGEST_FORM).await;
        let body = body.map_err(|error| match error {
            BodyError::Late => PageError::Late,
            _ => PageError::Forbidden,
        })?;
        let form = std::str::from_utf8(&body)
            .ok()
            .and_then(|text| Pairs::parse(text).ok());
        let form = form.ok_or(PageError::Forbidden)?;
        match browser.owns(&parts.headers, &form) {
            true => Ok(Posted(form)),
            false => Err(PageError::Forbidden),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_comes_twice_is_none() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; b=2"));
        headers.append(COOKIE, HeaderValue::from_static("b=3"));
        let cookies = cookies(&headers);
        assert_eq!(find(&cookies, "a"), Some("1"));
        // One of them may be of another host of the site.
        assert_eq!(find(&cookies, "b"), None);
        assert_eq!(find(&cookies, "c"), None);
    }
}
