//! The files that pages load: the stylesheet, the icon and one script.

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};

use super::site::Site;
use crate::color::Accent;
use crate::token::Digest;

/// The one stylesheet.
pub(super) const STYLE: &str = include_str!("style.css");

/// The icon of a site without a logo.
const ICON: &str = include_str!("icon.svg");

/// Copies a text to the clipboard when its button is pressed. It only adds to what a page does
/// without it.
const COPY: &str = include_str!("copy.js");

/// An image is shown as an image: opened by itself, or in a frame, it loads and runs nothing.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
);

/// The files of one site, each below a path that changes with its content.
#[derive(Clone, Debug)]
pub(crate) struct Assets {
    pub(super) stylesheet: Asset,
    pub(super) icon: Asset,
    pub(super) copy: Asset,
}

/// A file that is served as it is.
#[derive(Clone, Debug)]
pub(super) struct Asset {
    pub(super) path: String,
    pub(super) media_type: &'static str,
    content: Bytes,
}

impl Assets {
    pub(super) fn new(site: &Site) -> Assets {
        let icon = match &site.logo {
            Some(logo) => Asset::new(
                "logo",
                logo.extension(),
                logo.media_type(),
                logo.content.clone(),
            ),
            None => Asset::new("icon", "svg", "image/svg+xml", ICON.into()),
        };
        let style = stylesheet(site).into();
        Assets {
            stylesheet: Asset::new("style", "css", "text/css; charset=utf-8", style),
            icon,
            copy: Asset::new("copy", "js", "text/javascript; charset=utf-8", COPY.into()),
        }
    }

    /// Serves them.
    pub(super) fn router(&self) -> Router {
        let all = [&self.stylesheet, &self.icon, &self.copy];
        all.into_iter().fold(Router::new(), |router, asset| {
            let served = asset.clone();
            router.route(&asset.path, get(move || async move { served.response() }))
        })
    }
}

impl Asset {
    fn new(stem: &str, extension: &str, media_type: &'static str, content: Bytes) -> Asset {
        let digest = Digest::of_bytes(&content).hex(8);
        Asset {
            path: format!("/assets/{stem}-{digest}.{extension}"),
            media_type,
            content,
        }
    }

    fn response(&self) -> Response {
        let mut response = Response::new(Body::from(self.content.clone()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        );
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(CONTENT_SECURITY_POLICY, POLICY);
        response
    }
}

/// The stylesheet with the colours of a site.
fn stylesheet(site: &Site) -> String {
    let mut style = STYLE.to_owned();
    if let Some(light) = &site.light {
        style += &format!("\n:root {{\n{}}}\n", properties(light));
    }
    if let Some(dark) = &site.dark {
        let rule = format!(":root {{\n{}}}", properties(dark));
        style += &format!("\n@media (prefers-color-scheme: dark) {{ {rule} }}\n");
    }
    style
}

fn properties(accent: &Accent) -> String {
    let Accent {
        main,
        hover,
        soft,
        on,
    } = accent;
    format!(
        "  --accent: {main};\n  --accent-hover: {hover};\n  --on-accent: {on};\n  --accent-soft: {soft};\n"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::color::{Color, Scheme, TEXT_CONTRAST};
    use crate::page::logo::Logo;
    use tower::ServiceExt as _;

    #[test]
    fn the_stylesheet_loads_nothing() {
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }

    /// The custom properties of the first block after `start`.
    fn palette(start: &str) -> BTreeMap<&'static str, Color> {
        let (_, rest) = STYLE.split_once(start).unwrap();
        let (block, _) = rest.split_once('}').unwrap();
        let lines = block.lines().map(|line| line.trim().trim_end_matches(';'));
        let pairs = lines.filter_map(|line| line.split_once(": "));
        pairs
            .filter_map(|(name, value)| Some((name, value.parse().ok()?)))
            .collect()
    }

    #[test]
    fn the_palette_has_the_contrast_that_wcag_aa_demands() {
        let text = [
            ("--text", "--page"),
            ("--text", "--surface"),
            ("--text", "--raised"),
            ("--text", "--accent-soft"),
            ("--muted", "--page"),
            ("--muted", "--surface"),
            ("--muted", "--raised"),
            ("--muted", "--accent-soft"),
            ("--accent", "--page"),
            ("--accent", "--surface"),
            ("--accent", "--accent-soft"),
            ("--accent-hover", "--surface"),
            ("--on-accent", "--accent"),
            ("--on-accent", "--accent-hover"),
            ("--ok", "--ok-soft"),
            ("--warn", "--warn-soft"),
            ("--bad", "--bad-soft"),
            ("--bad", "--surface"),
            ("--on-bad", "--bad"),
            ("--on-bad", "--bad-hover"),
        ];
        let parts = [
            ("--control", "--surface"),
            ("--control", "--page"),
            ("--accent", "--surface"),
            ("--accent", "--accent-soft"),
        ];
        for scheme in [":root {", "dark) {"] {
            let palette = palette(scheme);
            let demanded = text.map(|pair| (pair, TEXT_CONTRAST)).into_iter();
            for ((front, back), least) in demanded.chain(parts.map(|pair| (pair, 3.0))) {
                let ratio = palette[front].contrast(palette[back]);
                assert!(
                    ratio >= least,
                    "{scheme} {front} on {back}: {ratio:.2} < {least}"
                );
            }
        }
    }

    #[test]
    fn backgrounds_of_the_stylesheet_are_those_that_colors_are_checked_with() {
        for (scheme, start) in [(Scheme::Light, ":root {"), (Scheme::Dark, "dark) {")] {
            let palette = palette(start);
            assert_eq!(palette["--page"], scheme.page());
            assert_eq!(palette["--surface"], scheme.surface());
        }
    }

    #[test]
    fn text_is_readable_on_what_any_color_marks_as_chosen() {
        for (scheme, start) in [(Scheme::Light, ":root {"), (Scheme::Dark, "dark) {")] {
            let palette = palette(start);
            for color in [
                "#ffffff", "#000000", "#ff0000", "#00ff00", "#0000ff", "#ffff00",
            ] {
                let soft = Accent::nearest(color.parse().unwrap(), scheme).soft;
                for text in ["--text", "--muted"] {
                    let ratio = palette[text].contrast(soft);
                    assert!(
                        ratio >= TEXT_CONTRAST,
                        "{color}: {text} on {soft}: {ratio:.2}"
                    );
                }
            }
        }
    }

    #[test]
    fn colors_of_a_site_replace_those_of_the_stylesheet() {
        let accent = |color: &str, scheme| Accent::nearest(color.parse().unwrap(), scheme);
        let site = Site {
            light: Some(accent("#8a2be2", Scheme::Light)),
            dark: Some(accent("#8a2be2", Scheme::Dark)),
            ..Site::default()
        };
        let style = stylesheet(&site);
        let (_, added) = style.split_once(STYLE).unwrap();
        assert_eq!(added.matches("--accent:").count(), 2);
        let (light, dark) = added
            .split_once("@media (prefers-color-scheme: dark)")
            .unwrap();
        assert!(light.contains("--accent: #8a2be2;") && !dark.contains("#8a2be2"));
        assert_eq!(stylesheet(&Site::default()), STYLE);
    }

    #[tokio::test]
    async fn logo_is_served_as_an_image_that_runs_nothing() {
        let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
        let site = Site {
            logo: Some(Logo::new(svg.to_vec()).unwrap()),
            ..Site::default()
        };
        let assets = Assets::new(&site);
        assert!(assets.icon.path.ends_with(".svg"));
        let request = http::Request::get(&assets.icon.path);
        let request = request.body(Body::empty()).unwrap();
        let response = assets.router().oneshot(request).await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap();
        assert_eq!(header("content-type"), "image/svg+xml");
        assert_eq!(header("x-content-type-options"), "nosniff");
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.ends_with("; sandbox"));
    }
}
