//! What still differs between versions of the specification once a description has been read.

use super::version::Version;

/// What says of a string that it is the encoded form of something (Encoding Object, "Encoding
/// `multipart` Media Types").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartEncoding {
    /// `format: byte`, which is base64.
    Format,
    /// `contentEncoding`.
    Keyword,
}

/// What a description's version allows, and where it keeps things. Computed once; nothing after
/// reading compares versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// JSON pointer of the named schemas.
    pub(crate) schemas: &'static str,
    /// Whether keywords beside the `$ref` of a Schema Object count (since 3.1).
    pub(crate) has_schema_siblings: bool,
    /// Whether a `description` beside another `$ref` counts (Reference Object, since 3.1).
    pub(crate) has_reference_description: bool,
    /// Whether a Path Item Object has `query` and `additionalOperations` (since 3.2).
    pub(crate) has_more_methods: bool,
    /// Whether a parameter can be the whole query string (since 3.2).
    pub(crate) has_query_string: bool,
    /// Whether `allowReserved` is for all percent-encoded values, not for the query alone (since
    /// 3.2).
    pub(crate) reserves_everywhere: bool,
    /// Whether the bodies of GET, HEAD and DELETE requests are to be ignored (3.0).
    pub(crate) ignores_vague_bodies: bool,
    /// Whether parameters have the style `cookie` (since 3.2).
    pub(crate) has_cookie_style: bool,
    /// Whether lists are written as a `collectionFormat` of Swagger 2.0 says: in all styles with
    /// something between the items, wherever they travel, and lists in lists.
    pub(crate) has_collection_formats: bool,
    /// Whether the style of an Encoding Object is for parts, too (since 3.1), as the
    /// `collectionFormat` of Swagger 2.0 is.
    pub(crate) has_part_styles: bool,
    /// Whether strings in base64 are marked by `format: byte` (3.0), or by `contentEncoding` (since
    /// 3.1), which a part repeats as `Content-Transfer-Encoding`.
    pub(crate) part_encoding: Option<PartEncoding>,
}

impl Dialect {
    pub(super) fn of(version: Version) -> Dialect {
        Dialect {
            schemas: match version {
                Version::V2_0 => "/definitions",
                _ => "/components/schemas",
            },
            has_schema_siblings: version >= Version::V3_1,
            has_reference_description: version >= Version::V3_1,
            has_more_methods: version >= Version::V3_2,
            has_query_string: version >= Version::V3_2,
            reserves_everywhere: version >= Version::V3_2,
            ignores_vague_bodies: version == Version::V3_0,
            has_cookie_style: version >= Version::V3_2,
            has_collection_formats: version == Version::V2_0,
            has_part_styles: version != Version::V3_0,
            part_encoding: match version {
                Version::V2_0 => None,
                Version::V3_0 => Some(PartEncoding::Format),
                _ => Some(PartEncoding::Keyword),
            },
        }
    }
}
