//! Media types, as far as lowering tells them apart.

/// What a body of a media type is made of, the best for a model first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Json,
    StructuredJson,
    Form,
    Multipart,
    JsonLines,
    Text,
    Xml,
    Binary,
}

impl Kind {
    /// Whether arguments are written into it value by value.
    pub(super) fn is_structured(self) -> bool {
        matches!(
            self,
            Kind::Json | Kind::StructuredJson | Kind::Form | Kind::Multipart
        )
    }
}

/// The media type without its parameters, in lower case.
pub(super) fn essence(media_type: &str) -> String {
    media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

pub(super) fn kind(media_type: &str) -> Kind {
    let essence = essence(media_type);
    let (_, subtype) = essence.split_once('/').unwrap_or(("", &essence));
    match essence.as_str() {
        "application/json" | "text/json" | "*/*" | "application/*" => Kind::Json,
        "application/x-www-form-urlencoded" => Kind::Form,
        _ if essence.starts_with("multipart/") => Kind::Multipart,
        _ if subtype.ends_with("+json") => Kind::StructuredJson,
        _ if subtype.contains("ndjson") || subtype.contains("jsonl") || subtype == "json-seq" => {
            Kind::JsonLines
        }
        _ if subtype == "xml" || subtype.ends_with("+xml") => Kind::Xml,
        _ if essence.starts_with("text/") || subtype.contains("yaml") => Kind::Text,
        _ => Kind::Binary,
    }
}

/// The media type to send where the description only gives a range.
pub(super) fn concrete(media_type: &str) -> String {
    match essence(media_type).as_str() {
        "*/*" | "application/*" => "application/json".to_owned(),
        "text/*" => "text/plain".to_owned(),
        range if range.ends_with("/*") => "application/octet-stream".to_owned(),
        _ => media_type.to_owned(),
    }
}
