//! The protected resources, and the spellings of their paths.

use crate::model::ResourceIndicator;
use crate::operation::Access;
use crate::tool::Listing;

/// One protected resource.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) indicator: ResourceIndicator,
    /// Path of its endpoint.
    pub(crate) path: String,
    /// The most that its tokens allow, as far as the server allows it.
    pub(crate) access: Access,
    /// Which tools its clients are shown; that of the catalogue where it has no choice of its own.
    pub(crate) listing: Option<Listing>,
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

/// The lists that the endpoint has beside its own, and what follows its path for them.
pub(crate) const LISTINGS: [(&str, Listing); 2] =
    [("/search", Listing::Search), ("/tools", Listing::Tools)];

/// The MCP endpoint, its other lists, and the alias of each for those who never want more than reading.
#[derive(Clone, Debug)]
pub(crate) struct Resources {
    pub(crate) origin: String,
    pub(crate) main: Resource,
    pub(crate) read_only: Resource,
    /// Those with a list of their own.
    lists: Vec<Resource>,
}

impl Resources {
    /// The resources of an endpoint at `path` of `origin`.
    pub(crate) fn new(origin: &str, path: &str) -> Resources {
        let resource = |path: String, access, listing| Resource {
            indicator: ResourceIndicator::new(origin, &path),
            path,
            access,
            listing,
        };
        let base = path.trim_end_matches('/');
        let lists = LISTINGS.into_iter().flat_map(|(suffix, listing)| {
            let levels = [("", Access::Write), ("/readonly", Access::Read)];
            levels.map(|(level, access)| (format!("{base}{suffix}{level}"), access, listing))
        });
        let lists = lists.map(|(path, access, listing)| resource(path, access, Some(listing)));
        Resources {
            origin: origin.to_owned(),
            lists: lists.collect(),
            read_only: resource(format!("{base}/readonly"), Access::Read, None),
            main: resource(path.to_owned(), Access::Write, None),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Resource> {
        [&self.main, &self.read_only].into_iter().chain(&self.lists)
    }

    /// All of them, in each spelling that is served.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = Resource> + '_ {
        self.all()
            .flat_map(|resource| [Some(resource.clone()), resource.other_spelling()])
            .flatten()
    }

    pub(super) fn find(&self, indicator: &str) -> Option<&Resource> {
        self.all().find(|it| it.indicator.is_meant_by(indicator))
    }
}
