//! Pages as HTTP answers: the templates, and the headers that go with every one.

use std::borrow::Cow;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Output, State, UndefinedBehavior, escape_formatter};

use super::Page;
use super::assets::Assets;
use super::logo::Logo;
use super::site::Site;
use crate::text;

/// Renders pages.
#[derive(Debug)]
pub(crate) struct Pages {
    environment: Environment<'static>,
    assets: Assets,
    logo: Option<Logo>,
    https: bool,
}

/// A template's name and text.
macro_rules! template {
    ($name:literal) => {
        ($name, include_str!(concat!("templates/", $name)))
    };
}

/// Every template.
pub(super) const TEMPLATES: &[(&str, &str)] = &[
    template!("layout.html"),
    template!("parts.html"),
    template!("sign_in.html"),
    template!("to_provider.html"),
    template!("sign_up.html"),
    template!("reset_password.html"),
    template!("workspace_picker.html"),
    template!("new_workspace.html"),
    template!("invitation.html"),
    template!("consent.html"),
    template!("hand_over.html"),
    template!("notice.html"),
    template!("connect.html"),
    template!("guide.html"),
    template!("portal/layout.html"),
    template!("portal/keys.html"),
    template!("portal/agents.html"),
    template!("portal/workspaces.html"),
    template!("portal/audit.html"),
    template!("portal/usage.html"),
    template!("portal/members.html"),
    template!("portal/account.html"),
    template!("portal/delete_account.html"),
];

/// Writes a value into a page: escaped, and without what cannot be seen, wherever the value is from.
fn format(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &minijinja::Value,
) -> Result<(), minijinja::Error> {
    // What is safe is of a macro, which was written this way itself.
    let text = value.as_str().filter(|_| !value.is_safe());
    match text.map(text::shown) {
        Some(Cow::Owned(text)) => escape_formatter(out, state, &text.into()),
        _ => escape_formatter(out, state, value),
    }
}

impl Pages {
    /// Prepares the pages of `site`.
    ///
    /// # Errors
    /// Where a template is not one, which a test rules out.
    pub(crate) fn new(site: Site) -> Result<Pages, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?;
        environment.set_syntax(syntax);
        environment.remove_filter("safe");
        environment.set_formatter(format);
        for (name, source) in TEMPLATES {
            environment.add_template(name, source)?;
        }
        let assets = Assets::new(&site);
        environment.add_global("stylesheet", assets.stylesheet.path.as_str());
        environment.add_global("icon", assets.icon.path.as_str());
        environment.add_global("icon_type", assets.icon.media_type);
        environment.add_global("copy_script", assets.copy.path.as_str());
        let https = site.https;
        let logo = site.logo.clone();
        environment.add_global("site", minijinja::Value::from(Serde(site)));
        Ok(Pages {
            environment,
            assets,
            logo,
            https,
        })
    }

    /// Serves what the pages load, at the issuer.
    pub(crate) fn assets(&self) -> Router {
        self.assets.router()
    }

    /// The logo of the site, where it has one.
    pub(crate) fn logo(&self) -> Option<&Logo> {
        self.logo.as_ref()
    }

    /// The path at which the icon of the site is served.
    pub(crate) fn icon_path(&self) -> &str {
        &self.assets.icon.path
    }

    /// The page as an answer.
    pub(crate) fn show<P: Page>(&self, status: StatusCode, page: &P) -> Response {
        let rendered = self
            .environment
            .get_template(P::TEMPLATE)
            .and_then(|template| template.render(Serde(page)));
        let (status, html) = match rendered {
            Ok(html) => (status, html),
            Err(error) => {
                tracing::error!(template = P::TEMPLATE, %error, "a page could not be rendered");
                (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "This page could not be shown. Try again.".to_owned(),
                )
            }
        };
        let mut response = Response::new(Body::from(html));
        *response.status_mut() = status;
        self.add_security_headers(&mut response, page.form_targets());
        if P::COPIES {
            let policy = HeaderValue::from_static(COPYING_POLICY);
            response
                .headers_mut()
                .insert(CONTENT_SECURITY_POLICY, policy);
        }
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        if let Some(seconds) = page.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(target) = page.refresh()
            && let Ok(value) = HeaderValue::from_str(&format!("0;url={target}"))
        {
            headers.insert(http::header::REFRESH, value);
        }
        response
    }

    /// A text as an answer in Markdown (RFC 7763).
    pub(crate) fn markdown(&self, text: &str) -> Response {
        let mut response = Response::new(Body::from(text.to_owned()));
        self.add_security_headers(&mut response, &[]);
        let value = HeaderValue::from_static("text/markdown; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, value);
        response
    }

    /// Sends the browser on by GET (RFC 9700 §4.12: never by 307, which would repeat the form).
    /// `None` where `location` is no header value.
    pub(crate) fn redirect(&self, location: &str) -> Option<Response> {
        let location = HeaderValue::from_str(location).ok()?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SEE_OTHER;
        self.add_security_headers(&mut response, &[]);
        let headers = response.headers_mut();
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(LOCATION, location);
        Some(response)
    }

    /// Allows an answer to do what the pages need and nothing else. Cross-Origin-Opener-Policy is
    /// left out: it would cut a client that opened a window for the sign-in off from its answer.
    fn add_security_headers(&self, response: &mut Response, form_targets: &[String]) {
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_SECURITY_POLICY,
            content_security_policy(form_targets),
        );
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        // Reveals nothing to other sites. `no-referrer` would not either, but makes browsers send
        // `Origin: null` with our own forms.
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(
            "permissions-policy",
            HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
        );
        if self.https {
            headers.insert(
                STRICT_TRANSPORT_SECURITY,
                HeaderValue::from_static("max-age=31536000"),
            );
        }
    }
}

/// The policy of a page with buttons that copy, and without forms.
const COPYING_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src \
                              'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

/// The policy. A browser applies `form-action` to the redirects that answer a form, too, so that
/// the page whose form ends at a client names it.
fn content_security_policy(form_targets: &[String]) -> HeaderValue {
    const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
                          base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
    // A host may hold what separates directives (`;`) and policies (`,`).
    let targets: String = form_targets
        .iter()
        .filter(|target| !target.contains([';', ',', ' ']))
        .map(|target| format!(" {target}"))
        .collect();
    HeaderValue::from_str(&format!("{POLICY}{targets}")).unwrap_or(HeaderValue::from_static(POLICY))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use http::HeaderMap;
    use tower::ServiceExt as _;

    use super::super::Consent;
    use super::super::gallery::{Samples as _, samples, site};
    use super::*;
    use crate::oauth::publisher::ClientIdentity;

    fn pages(https: bool) -> Pages {
        Pages::new(Site { https, ..site() }).unwrap()
    }

    fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
        headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[test]
    fn every_page_comes_with_strict_headers() {
        let pages = pages(true);
        for (name, show) in samples() {
            let response = show(&pages);
            let headers = response.headers();
            let policy = header(headers, "content-security-policy").unwrap();
            for directive in [
                "default-src 'none'",
                "style-src 'self'",
                "img-src 'self'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
            ] {
                assert!(
                    policy.split("; ").any(|one| one == directive),
                    "{name}: {policy}"
                );
            }
            for (header_name, value) in [
                ("x-frame-options", "DENY"),
                ("referrer-policy", "same-origin"),
                ("cache-control", "no-store"),
                ("x-content-type-options", "nosniff"),
                ("content-type", "text/html; charset=utf-8"),
                ("strict-transport-security", "max-age=31536000"),
            ] {
                assert_eq!(
                    header(headers, header_name),
                    Some(value),
                    "{name}: {header_name}"
                );
            }
        }
    }

    #[test]
    fn only_https_asks_for_https() {
        let response = pages(false).redirect("/").unwrap();
        assert_eq!(
            header(response.headers(), "strict-transport-security"),
            None
        );
    }

    #[test]
    fn a_form_may_end_at_the_site_it_is_for() {
        let form_action = |shape: &str| {
            let samples: BTreeMap<_, _> = Consent::samples().into_iter().collect();
            let response = pages(true).show(StatusCode::OK, &samples[shape]);
            let policy = header(response.headers(), "content-security-policy")
                .unwrap()
                .to_owned();
            policy.rsplit_once("form-action ").unwrap().1.to_owned()
        };
        assert_eq!(
            form_action("verified"),
            "'self' https://claude.ai https://*.claude.ai"
        );
        assert_eq!(
            form_action("unknown"),
            "'self' https://assistant.acme.example https://acme.example https://*.acme.example"
        );
        assert_eq!(form_action("loopback"), "'self' http://localhost:3118");
        assert_eq!(form_action("app"), "'self'");
    }

    #[test]
    fn a_host_adds_no_directive_to_the_policy() {
        let client = ClientIdentity::new(None, "https://evil.example;script-src/cb").into_page();
        let policy = content_security_policy(&client.destination.form_targets);
        assert!(
            policy.to_str().unwrap().ends_with("form-action 'self'"),
            "{policy:?}"
        );
    }

    #[test]
    fn a_redirect_is_followed_by_get_and_reveals_nothing() {
        let response = pages(true).redirect("https://claude.ai/cb?code=x").unwrap();
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(
            header(response.headers(), "referrer-policy"),
            Some("no-referrer")
        );
        assert_eq!(
            header(response.headers(), "cache-control"),
            Some("no-store")
        );
        assert!(
            pages(true)
                .redirect("https://a/\r\nset-cookie: x")
                .is_none()
        );
    }

    #[tokio::test]
    async fn the_stylesheet_is_where_the_pages_look_for_it() {
        let pages = pages(true);
        let request = http::Request::get(&pages.assets.stylesheet.path)
            .body(Body::empty())
            .unwrap();
        let response = pages.assets().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            header(response.headers(), "content-type"),
            Some("text/css; charset=utf-8")
        );
        assert_eq!(
            header(response.headers(), "cache-control"),
            Some("public, max-age=31536000, immutable")
        );
    }
}
