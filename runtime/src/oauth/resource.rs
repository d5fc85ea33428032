//! The protected resources, and the paths that lead to them.
//!
//! A path has parts, each at most once: `/as/NAME`, `/toolsets/A,B`, `/search` or `/tools`, and
//! `/readonly`. They may come in any order. A resource is identified by the path in the order of this
//! list; under any other spelling it is described in that spelling, since clients compare the two.

use std::borrow::Cow;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::model::ResourceIndicator;
use crate::operation::Access;
use crate::tool::{Listing, Tags, Toolset, UnknownTag};

/// The longest path of a resource, in bytes.
const LONGEST: usize = 2_000;

/// What names of tags are percent-encoded in, beside letters and digits.
const TAG: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-');

/// The lists that the endpoint has beside its own, and the parts of paths for them.
const LISTINGS: [(&str, Listing); 2] = [("search", Listing::Search), ("tools", Listing::Tools)];

/// The parts of paths that have an argument.
const CONNECTION: &str = "as";
const TOOLSETS: &str = "toolsets";
/// The part of paths of resources that allow only reads.
const READ_ONLY: &str = "readonly";

/// One protected resource.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) indicator: ResourceIndicator,
    /// Path of its endpoint, as it is spelled by the client that is answered.
    pub(crate) path: String,
    /// Its path with placeholders for names, `/mcp/as/{name}/toolsets/{tags}`, in the one order of its parts:
    /// there are few of them.
    pub(crate) route: Arc<str>,
    /// The most that its tokens allow, as far as the server allows it.
    pub(crate) access: Access,
    /// Which tools its clients are shown; that of the catalogue where it has no choice of its own.
    pub(crate) listing: Option<Listing>,
    /// The name of the connection, where the server has several.
    pub(crate) connection: Option<Arc<str>>,
    /// The tools that its clients may call, where these are not all.
    pub(crate) toolset: Option<Toolset>,
}

/// The MCP endpoint and all that its path can be continued with.
#[derive(Clone, Debug)]
pub(crate) struct Resources {
    pub(crate) origin: String,
    pub(crate) main: Resource,
    pub(crate) read_only: Resource,
    /// The path of the endpoint without a slash at its end.
    base: String,
    /// The names of connections.
    connections: Vec<Arc<str>>,
    tags: Tags,
    /// Those that have no toolset.
    listed: Vec<Resource>,
}

/// The parts of a path.
#[derive(Clone, Debug, Default, PartialEq)]
struct Parts {
    connection: Option<Arc<str>>,
    toolset: Option<Toolset>,
    listing: Option<Listing>,
    read_only: bool,
}

impl Resources {
    /// The resources of an endpoint at `path` of `origin`, of a server with these connections beside
    /// its own, and tools of these tags.
    pub(crate) fn new<'n>(
        origin: &str,
        path: &str,
        connections: impl Iterator<Item = &'n str>,
        tags: Tags,
    ) -> Resources {
        let base = path.trim_end_matches('/');
        let connections: Vec<Arc<str>> = connections.map(Arc::from).collect();
        let resource = |parts: Parts| Resource::new(origin, path, parts);
        let names = [None].into_iter();
        let names = names.chain(connections.iter().cloned().map(Some));
        let all = names.flat_map(|connection| {
            let lists = LISTINGS.map(|(_, listing)| Some(listing));
            let lists = [None].into_iter().chain(lists);
            lists.flat_map(move |listing| {
                let connection = connection.clone();
                [false, true].map(|read_only| Parts {
                    connection: connection.clone(),
                    toolset: None,
                    listing,
                    read_only,
                })
            })
        });
        let read_only = Parts {
            read_only: true,
            ..Parts::default()
        };
        Resources {
            origin: origin.to_owned(),
            main: resource(Parts::default()),
            read_only: resource(read_only),
            base: base.to_owned(),
            listed: all.map(resource).collect(),
            connections,
            tags,
        }
    }

    /// Those that have no toolset.
    pub(crate) fn listed(&self) -> &[Resource] {
        &self.listed
    }

    /// Returns the resource at a path, in the spelling of that path. None where the path is not that
    /// of a resource.
    ///
    /// # Errors
    /// Where the path selects tools by a tag that none has.
    pub(crate) fn at(&self, path: &str) -> Result<Option<Resource>, UnknownTag> {
        let Some(parts) = self.parts(path)? else {
            return Ok(None);
        };
        let resource = Resource::new(&self.origin, &self.main.path, parts);
        Ok(Some(Resource {
            path: path.to_owned(),
            ..resource
        }))
    }

    /// Reports that each of these spellings means the resource that was granted.
    pub(super) fn all_mean<'r>(
        &self,
        mut named: impl Iterator<Item = &'r str>,
        granted: &ResourceIndicator,
    ) -> bool {
        named.all(|resource| {
            let found = self.find(resource);
            granted.is_meant_by(resource) || found.is_some_and(|found| found.indicator == *granted)
        })
    }

    /// Returns the resource that an indicator means (RFC 8707), in any spelling of its path.
    pub(crate) fn find(&self, indicator: &str) -> Option<Resource> {
        let path = ResourceIndicator::path_at(indicator, &self.origin)?;
        self.at(path).ok().flatten()
    }

    fn parts(&self, path: &str) -> Result<Option<Parts>, UnknownTag> {
        let rest = path.strip_prefix(self.base.as_str());
        let Some(rest) = rest.filter(|_| path.len() <= LONGEST) else {
            return Ok(None);
        };
        // The same endpoint has one slash more or less at its end.
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let mut segments = rest.split('/');
        if segments.next() != Some("") {
            return Ok(None);
        }
        let mut parts = Parts::default();
        while let Some(segment) = segments.next() {
            let is_new = match segment {
                CONNECTION => {
                    let name = segments.next().unwrap_or_default();
                    let known = self.connections.iter().find(|it| ***it == *name);
                    let Some(name) = known else {
                        return Ok(None);
                    };
                    parts.connection.replace(Arc::clone(name)).is_none()
                }
                TOOLSETS => {
                    let Some(names) = segments.next().and_then(decode) else {
                        return Ok(None);
                    };
                    let toolset = self.tags.select(names.split(','))?;
                    parts.toolset.replace(toolset).is_none()
                }
                READ_ONLY => !std::mem::replace(&mut parts.read_only, true),
                other => {
                    let listing = LISTINGS.into_iter().find(|(part, _)| *part == other);
                    let Some((_, listing)) = listing else {
                        return Ok(None);
                    };
                    parts.listing.replace(listing).is_none()
                }
            };
            if !is_new {
                return Ok(None);
            }
        }
        Ok(Some(parts))
    }
}

impl Resource {
    fn new(origin: &str, path: &str, parts: Parts) -> Resource {
        let continued = |end: String| match end.is_empty() {
            true => path.to_owned(),
            false => format!("{}{end}", path.trim_end_matches('/')),
        };
        let route = continued(parts.route()).into();
        let path = continued(parts.to_string());
        let most = parts
            .toolset
            .as_ref()
            .map_or(Access::Write, Toolset::access);
        Resource {
            indicator: ResourceIndicator::new(origin, &path),
            path,
            route,
            access: match parts.read_only {
                true => Access::Read,
                false => most,
            },
            listing: parts.listing,
            connection: parts.connection,
            toolset: parts.toolset,
        }
    }
}

impl Parts {
    /// Returns the parts as a path has them, with placeholders for names.
    fn route(&self) -> String {
        let mut route = String::new();
        if self.connection.is_some() {
            route += &format!("/{CONNECTION}/{{name}}");
        }
        if self.toolset.is_some() {
            route += &format!("/{TOOLSETS}/{{tags}}");
        }
        let plain = Parts {
            connection: None,
            toolset: None,
            ..self.clone()
        };
        route + &plain.to_string()
    }
}

/// The one order in which a path has its parts.
impl std::fmt::Display for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(name) = &self.connection {
            write!(formatter, "/{CONNECTION}/{name}")?;
        }
        if let Some(toolset) = &self.toolset {
            let names = toolset.names().iter();
            let names: Vec<_> = names
                .map(|name| utf8_percent_encode(name, TAG).to_string())
                .collect();
            write!(formatter, "/{TOOLSETS}/{}", names.join(","))?;
        }
        let listing = LISTINGS.iter().find(|(_, it)| self.listing == Some(*it));
        if let Some((part, _)) = listing {
            write!(formatter, "/{part}")?;
        }
        match self.read_only {
            true => write!(formatter, "/{READ_ONLY}"),
            false => Ok(()),
        }
    }
}

/// Decodes names of tags in a path. None where it has characters that a path does not have
/// (RFC 3986 §3.3), which would have to be escaped wherever the path is repeated.
fn decode(segment: &str) -> Option<Cow<'_, str>> {
    let is_allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~,%+!$&'()*;=:@".contains(&byte);
    let is_path = segment.bytes().all(is_allowed);
    let decoded = percent_decode_str(segment).decode_utf8();
    decoded.ok().filter(|_| is_path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;
    use crate::tool::Tool;

    static PETS: Operation = Operation {
        name: "list_pets",
        tags: &["Pets"],
        ..Operation::BASE
    };
    static SHOPS: Operation = Operation {
        name: "open_shop",
        tags: &["Pet shops"],
        access: Access::Write,
        ..Operation::BASE
    };

    fn resources(path: &str) -> Resources {
        let tools = [&PETS, &SHOPS].map(|it| Tool::new(it, Vec::new()));
        let names = ["work", "home"].into_iter();
        Resources::new("https://mcp.example.com", path, names, Tags::of(&tools))
    }

    #[test]
    fn every_combination_of_parts_is_a_resource_of_its_own() {
        for base in ["", "/mcp", "/api/ext/mcp"] {
            let resources = resources(if base.is_empty() { "/" } else { base });
            let mut all = Vec::new();
            for connection in ["", "/as/work", "/as/home"] {
                for toolset in ["", "/toolsets/pets", "/toolsets/pet-shops,pets"] {
                    for listing in ["", "/search", "/tools"] {
                        for level in ["", "/readonly"] {
                            all.push(format!("{base}{connection}{toolset}{listing}{level}"));
                        }
                    }
                }
            }
            for path in &all {
                let found = resources.at(path).unwrap().unwrap();
                let indicator = format!("https://mcp.example.com{path}");
                assert_eq!(found.indicator.as_str(), indicator);
                assert_eq!(resources.find(&indicator).unwrap().path, *path);
                let reads = path.ends_with("/readonly") || path.contains("/toolsets/pets");
                assert_eq!(found.access == Access::Read, reads, "{path}");
            }
            all.sort();
            all.dedup();
            assert_eq!(all.len(), 54);
            assert_eq!(resources.listed().len(), 18);
        }
    }

    #[test]
    fn other_spellings_are_the_same_resource() {
        let resources = resources("/mcp");
        let path = "/mcp/as/work/toolsets/pet-shops,pets/search/readonly";
        for spelling in [
            "/mcp/readonly/search/toolsets/pet-shops,pets/as/work",
            "/mcp/as/work/toolsets/Pets,Pet%20shops/search/readonly/",
            "/mcp/search/as/work/toolsets/pets,pet_shops%2Cpets/readonly",
        ] {
            let found = resources.at(spelling).unwrap().unwrap();
            assert_eq!(
                found.indicator.to_string(),
                format!("https://mcp.example.com{path}")
            );
            assert_eq!(found.path, spelling);
            assert_eq!(
                &*found.route,
                "/mcp/as/{name}/toolsets/{tags}/search/readonly"
            );
        }
    }

    #[test]
    fn everything_else_is_no_resource() {
        let resources = resources("/mcp");
        for path in [
            "/",
            "/mc",
            "/mcpp",
            "/mcp//",
            "/mcp//search",
            "/mcp/search/tools",
            "/mcp/readonly/readonly",
            "/mcp/as",
            "/mcp/as/",
            "/mcp/as/other",
            "/mcp/as/work/as/home",
            "/mcp/toolsets",
            "/mcp/toolsets/",
            "/mcp/toolsets/pets/toolsets/pets",
            "/mcp/toolsets/pets\"",
            "/mcp/toolsets/%ff",
            "/mcp/search/readonly/other",
        ] {
            assert!(resources.at(path).unwrap().is_none(), "{path}");
        }
        assert!(resources.at("/mcp/toolsets/pest").is_err());
        assert!(resources.at("/mcp/toolsets/,").is_err());
        assert!(resources.find("https://other.example/mcp").is_none());
    }
}
