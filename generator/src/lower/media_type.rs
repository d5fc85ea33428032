//! Media types (RFC 9110 §8.3.1), as far as all passes read them.

/// The media type without its parameters, in lower case.
pub(crate) fn essence(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// Whether content of the media type is JSON: `application/json`, `text/json` and what has the
/// suffix `+json` (RFC 6839).
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

/// Whether people can read content of the media type.
fn is_text(media_type: &str) -> bool {
    let essence = essence(media_type);
    let (main, subtype) = essence.split_once('/').unwrap_or((&essence, ""));
    let is_lines = subtype.contains("ndjson")
        || subtype.contains("jsonl")
        || matches!(subtype, "json-seq" | "json-lines" | "json-l");
    let is_named = matches!(subtype, "xml" | "graphql" | "javascript" | "toml" | "sql")
        || subtype.ends_with("+xml")
        || subtype.contains("yaml");
    main != "multipart" && !is_lines && (main == "text" || is_named)
}

/// The value of `Accept` for an answer that may be of these media types (RFC 9110 §12.5.1): JSON
/// before text before others, and anything else rather than nothing.
pub(crate) fn accept<'m>(declared: impl Iterator<Item = &'m str>) -> String {
    let is_sendable = |name: &str| name.chars().all(|c| c == '\t' || (' '..='~').contains(&c));
    let mut names: Vec<&str> = Vec::new();
    for name in declared {
        if !names.contains(&name) && is_sendable(name) {
            names.push(name);
        }
    }
    if names.iter().any(|name| is_json(name)) {
        // An API that can do both would stream to each client that mentions event streams.
        names.retain(|name| !name.starts_with("text/event-stream"));
    }
    names.sort_by_key(|name| rank(name));
    let mut accept = names
        .first()
        .copied()
        .unwrap_or("application/json")
        .to_owned();
    for name in names.iter().skip(1) {
        accept.push_str(&format!(", {name};q=0.8"));
    }
    if !names.contains(&ANYTHING) {
        accept.push_str(", */*;q=0.1");
    }
    accept
}

const ANYTHING: &str = "*/*";

/// The order of preference for a model.
fn rank(media_type: &str) -> u8 {
    match media_type {
        ANYTHING => 4,
        name if essence(name) == "application/json" => 0,
        name if is_json(name) => 1,
        name if is_text(name) => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_preferred_and_anything_accepted() {
        let accept = |names: &[&str]| accept(names.iter().copied());
        assert_eq!(accept(&[]), "application/json, */*;q=0.1");
        assert_eq!(
            accept(&[
                "text/csv",
                "image/png",
                "application/hal+json",
                "application/json",
                "text/csv"
            ]),
            "application/json, application/hal+json;q=0.8, text/csv;q=0.8, image/png;q=0.8, */*;q=0.1"
        );
        assert_eq!(accept(&["*/*", "text/csv"]), "text/csv, */*;q=0.8");
    }

    #[test]
    fn event_streams_are_accepted_where_there_is_no_json() {
        let accept = |names: &[&str]| accept(names.iter().copied());
        assert_eq!(
            accept(&["text/event-stream", "application/json"]),
            "application/json, */*;q=0.1"
        );
        assert_eq!(
            accept(&["text/event-stream"]),
            "text/event-stream, */*;q=0.1"
        );
    }

    #[test]
    fn a_name_that_no_header_can_hold_is_not_accepted() {
        let names = ["text/\n", "text/é", "text/csv"];
        assert_eq!(accept(names.into_iter()), "text/csv, */*;q=0.1");
    }
}
