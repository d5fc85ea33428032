//! How clients show the server and its tools to people.

/// How clients show the server.
#[derive(Clone, Debug)]
pub(crate) struct Presentation {
    /// Its name for people.
    pub(crate) title: String,
    /// Its icon, which its tools have too.
    pub(crate) icon: Option<Icon>,
}

/// An image that this server serves.
#[derive(Clone, Debug)]
pub(crate) struct Icon {
    pub(crate) url: String,
    pub(crate) media_type: &'static str,
    /// Its size as MCP spells it: `48x48`, or `any`.
    pub(crate) sizes: Option<String>,
}

impl Icon {
    pub(super) fn definition(&self) -> rmcp::model::Icon {
        let icon = rmcp::model::Icon::new(&self.url).with_mime_type(self.media_type);
        match &self.sizes {
            Some(sizes) => icon.with_sizes(vec![sizes.clone()]),
            None => icon,
        }
    }
}
