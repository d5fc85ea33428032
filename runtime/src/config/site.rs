//! `[site]`: what people see of the connector: its name, logo, colour, links and sentences.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{ConfigError, value};
use crate::color::{Accent, Color, Scheme};
use crate::text;

/// The most characters of a sentence.
const LONGEST_SENTENCE: usize = 200;
/// The longest token that verifies a domain, in characters.
const LONGEST_CHALLENGE: usize = 512;

/// What people see of the connector, on its pages and in their assistants.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SiteSettings {
    /// The name of the connector: at most 64 characters. Without it, the title of the API's
    /// description is shown.
    pub name: Option<String>,
    /// A file with the logo: PNG, JPEG, WebP or SVG, square, at most 262,144 bytes. Pages show it, and
    /// MCP clients are offered it as the icon of the server and of its tools. A relative path starts
    /// at the configuration file.
    pub logo: Option<PathBuf>,
    /// The colour of links and of the main button, as `#rrggbb`. It needs a contrast of 4.5:1 with the
    /// backgrounds of light pages (WCAG 2.2 AA).
    pub color: Option<Color>,
    /// The same for dark pages. Without it, `color` is made as much lighter as it takes.
    pub color_dark: Option<Color>,
    /// An https URL of the terms of service, linked on every page.
    #[serde(
        deserialize_with = "value::link",
        serialize_with = "value::url_as_text"
    )]
    pub terms_url: Option<Url>,
    /// An https URL of the privacy policy, linked on every page.
    #[serde(
        deserialize_with = "value::link",
        serialize_with = "value::url_as_text"
    )]
    pub privacy_url: Option<Url>,
    /// Where people get help, linked on every page: an https or mailto URL.
    #[serde(
        deserialize_with = "value::contact",
        serialize_with = "value::url_as_text"
    )]
    pub support_url: Option<Url>,
    /// The token by which OpenAI verifies that the domain of an app is yours: visible ASCII without
    /// blanks, at most 512 characters. It is served at `/.well-known/openai-apps-challenge`.
    pub openai_challenge: Option<String>,
    /// Serves pages at `/docs`, to everyone who reaches the server: how to connect and sign in, what errors
    /// mean, and each tool with its arguments.
    pub docs: bool,
    /// A sentence of at most 200 characters beside the access level Full on the consent page.
    pub full: Option<String>,
    /// A sentence of at most 200 characters beside the access level Read-only on the consent page.
    pub read_only: Option<String>,
    /// A sentence of at most 200 characters where people choose the workspace of a connection.
    pub workspace: Option<String>,
    /// A sentence of at most 200 characters that continues the guarantee of Read-only, "… can’t write
    /// or delete data.", in the words of the API.
    pub read_only_guarantee: Option<String>,
}

impl Default for SiteSettings {
    fn default() -> SiteSettings {
        SiteSettings {
            name: None,
            logo: None,
            color: None,
            color_dark: None,
            terms_url: None,
            privacy_url: None,
            support_url: None,
            openai_challenge: None,
            docs: true,
            full: None,
            read_only: None,
            workspace: None,
            read_only_guarantee: None,
        }
    }
}

impl SiteSettings {
    /// Checks texts and colours.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if let Some(name) = &self.name
            && (name.is_empty() || text::label(name) != *name)
        {
            let message = "write 1 to 64 visible characters on one line";
            return Err(ConfigError::new("site.name", message));
        }
        let sentences = [
            ("site.full", &self.full),
            ("site.read_only", &self.read_only),
            ("site.workspace", &self.workspace),
            ("site.read_only_guarantee", &self.read_only_guarantee),
        ];
        for (key, sentence) in sentences {
            let is_fit = |it: &String| {
                (1..=LONGEST_SENTENCE).contains(&it.chars().count()) && !text::hides(it)
            };
            if !sentence.as_ref().is_none_or(is_fit) {
                let message =
                    format!("write 1 to {LONGEST_SENTENCE} visible characters on one line");
                return Err(ConfigError::new(key, message));
            }
        }
        let is_token = |it: &String| {
            let is_visible = it.bytes().all(|byte| byte.is_ascii_graphic());
            is_visible && (1..=LONGEST_CHALLENGE).contains(&it.len())
        };
        if !self.openai_challenge.as_ref().is_none_or(is_token) {
            let message =
                format!("write 1 to {LONGEST_CHALLENGE} characters of ASCII without blanks");
            return Err(ConfigError::new("site.openai_challenge", message));
        }
        let colors = [
            ("site.color", self.color, Scheme::Light),
            ("site.color_dark", self.color_dark, Scheme::Dark),
        ];
        for (key, color, scheme) in colors {
            if let Some(color) = color {
                Accent::new(color, scheme)
                    .map_err(|faint| ConfigError::new(key, faint.to_string()))?;
            }
        }
        Ok(())
    }

    /// The colours of light and of dark pages, where they differ from the usual ones.
    pub(crate) fn accents(&self) -> (Option<Accent>, Option<Accent>) {
        let light = self.color.map(|it| Accent::nearest(it, Scheme::Light));
        let dark = self.color_dark.or(self.color);
        (light, dark.map(|it| Accent::nearest(it, Scheme::Dark)))
    }
}
