//! The protected resources, and the spellings of their paths.

use crate::model::ResourceIndicator;

/// One protected resource.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) indicator: ResourceIndicator,
    /// Path of its endpoint.
    pub(crate) path: String,
}

impl Resource {
    /// The same resource as clients reach it that have one slash more or less at the end of its
    /// path. Its metadata name it in that spelling, since clients compare the two. The root has no
    /// other.
    pub(crate) fn other_spelling(&self) -> Option<Resource> {
        let path = other_spelling(&self.path)?;
        Some(Resource {
            path,
            ..self.clone()
        })
    }
}

/// A path with a slash at its end, or without it where it has one. The root has no other spelling.
pub(crate) fn other_spelling(path: &str) -> Option<String> {
    match path.strip_suffix('/') {
        Some("") => None,
        Some(without) => Some(without.to_owned()),
        None => Some(format!("{path}/")),
    }
}

/// The MCP endpoint, and its alias for those who never want more than reading.
#[derive(Clone, Debug)]
pub(crate) struct Resources {
    pub(crate) origin: String,
    pub(crate) main: Resource,
    pub(crate) read_only: Resource,
}

impl Resources {
    /// The resources of an endpoint at `path` of `origin`.
    pub(crate) fn new(origin: &str, path: &str) -> Resources {
        let resource = |path: String| Resource {
            indicator: ResourceIndicator::new(origin, &path),
            path,
        };
        Resources {
            origin: origin.to_owned(),
            read_only: resource(format!("{}/readonly", path.trim_end_matches('/'))),
            main: resource(path.to_owned()),
        }
    }

    pub(super) fn all(&self) -> [&Resource; 2] {
        [&self.main, &self.read_only]
    }

    /// All of them, in each spelling that is served.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = Resource> + '_ {
        let all = self.all().into_iter();
        all.flat_map(|resource| [Some(resource.clone()), resource.other_spelling()])
            .flatten()
    }

    pub(super) fn find(&self, indicator: &str) -> Option<&Resource> {
        self.all()
            .into_iter()
            .find(|it| it.indicator.is_meant_by(indicator))
    }
}
