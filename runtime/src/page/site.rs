//! What all pages of one server have in common: its name, its links, its sentences, its look.

use serde::Serialize;

use super::logo::Logo;
use crate::color::Accent;

/// What all pages of one server have in common.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Site {
    /// The name of the connector.
    pub(crate) name: String,
    /// Whether browsers reach the server by https.
    #[serde(skip)]
    pub(crate) https: bool,
    /// Links at the end of every page.
    pub(crate) links: Vec<SiteLink>,
    /// Where people get help, where that is configured: an https or mailto URL.
    pub(crate) support_url: Option<String>,
    /// A sentence beside the level Full.
    pub(crate) full: Option<String>,
    /// A sentence beside the level Read-only.
    pub(crate) read_only: Option<String>,
    /// A sentence where a workspace is chosen.
    pub(crate) workspace: Option<String>,
    /// A sentence that continues the guarantee of Read-only.
    pub(crate) read_only_guarantee: Option<String>,
    /// The logo. Without one, pages show the icon of this project.
    #[serde(skip)]
    pub(crate) logo: Option<Logo>,
    /// The colours of light pages, where they differ from those of the stylesheet.
    #[serde(skip)]
    pub(crate) light: Option<Accent>,
    /// The colours of dark pages, where they differ from those of the stylesheet.
    #[serde(skip)]
    pub(crate) dark: Option<Accent>,
}

/// A link to a page of the operator.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SiteLink {
    /// Its text.
    pub(crate) label: &'static str,
    /// An https or mailto URL.
    pub(crate) url: String,
}
