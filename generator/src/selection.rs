//! Which operations become tools: the patterns of `--only`.

use std::fmt;

/// A choice of operations. Empty, it chooses all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    patterns: Vec<Pattern>,
}

/// A pattern of `--only`. In each part, `*` matches any text, also an empty one and `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// `*`: every operation.
    All,
    /// `tag:NAME`.
    Tag(String),
    /// `METHOD PATH`; the method is in upper case, or `*`.
    Route(String, String),
    /// The operationId.
    Id(String),
}

/// What a pattern is compared with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'c> {
    /// In upper case.
    pub(crate) method: &'c str,
    pub(crate) path: &'c str,
    pub(crate) tags: &'c [&'c str],
    pub(crate) operation_id: Option<&'c str>,
}

/// Characters that would end a comment or a quoted word: patterns are written into both.
const FORBIDDEN: &str = "'\"`\\<>";

impl Pattern {
    /// Reads a pattern: `*`, `tag:NAME`, `METHOD PATH`, or an operationId.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn parse(text: &str) -> Result<Pattern, String> {
        let text = text.trim();
        let forbidden = |c: char| FORBIDDEN.contains(c) || crate::text::is_hidden(c);
        if let Some(wrong) = text.chars().find(|c| forbidden(*c)) {
            let wrong = wrong.escape_debug();
            return Err(format!(
                "a pattern cannot contain `{wrong}`; write `*` in its place"
            ));
        }
        let kind = match text.split_once(' ') {
            _ if text.is_empty() => {
                return Err(
                    "the pattern is empty; write `tag:NAME`, `METHOD PATH` or an operationId"
                        .to_owned(),
                );
            }
            _ if text == "*" => Kind::All,
            _ if text.starts_with("tag:") => {
                let name = text.trim_start_matches("tag:").trim();
                if name.is_empty() {
                    return Err("no tag follows `tag:`".to_owned());
                }
                Kind::Tag(name.to_owned())
            }
            Some((method, path)) if path.trim_start().starts_with(['/', '*']) => {
                Kind::Route(method.to_ascii_uppercase(), path.trim_start().to_owned())
            }
            Some((method, path)) => {
                let path = path.trim_start();
                return Err(format!("a path begins with `/`: write `{method} /{path}`"));
            }
            None if text.starts_with('/') => {
                return Err(format!(
                    "a method precedes the path: write `GET {text}` or `* {text}`"
                ));
            }
            None => Kind::Id(text.to_owned()),
        };
        let text = text.to_owned();
        Ok(Pattern { text, kind })
    }

    /// Returns true where the pattern matches an operation.
    pub(crate) fn matches(&self, candidate: &Candidate) -> bool {
        match &self.kind {
            Kind::All => true,
            Kind::Tag(name) => candidate.tags.iter().any(|tag| matches(name, tag)),
            Kind::Route(method, path) => {
                matches(method, candidate.method) && matches(path, candidate.path)
            }
            Kind::Id(id) => candidate.operation_id.is_some_and(|own| matches(id, own)),
        }
    }

    /// Returns true for a pattern of tags.
    pub(crate) fn is_tag(&self) -> bool {
        matches!(self.kind, Kind::Tag(_))
    }

    /// Returns how an operation would be named in a pattern of this kind.
    pub(crate) fn names(&self, candidate: &Candidate) -> Vec<String> {
        match &self.kind {
            Kind::All => Vec::new(),
            Kind::Tag(_) => candidate
                .tags
                .iter()
                .map(|tag| format!("tag:{tag}"))
                .collect(),
            Kind::Route(..) => vec![format!("{} {}", candidate.method, candidate.path)],
            Kind::Id(_) => {
                let tags = candidate.tags.iter().map(|tag| format!("tag:{tag}"));
                let id = candidate.operation_id.map(str::to_owned);
                id.into_iter().chain(tags).collect()
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Selection {
    /// The operations that at least one of the patterns matches.
    pub fn new(mut patterns: Vec<Pattern>) -> Selection {
        if patterns.iter().any(|pattern| pattern.kind == Kind::All) {
            patterns.clear();
        }
        Selection { patterns }
    }

    /// Returns true where every operation is chosen.
    pub fn is_all(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The patterns; none where every operation is chosen.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }
}

/// Compares a text with a pattern in which `*` matches any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Candidate = Candidate {
        method: "GET",
        path: "/repos/{owner}/{repo}/issues",
        tags: &["issues", "Repos and more"],
        operation_id: Some("issues/list-for-repo"),
    };

    #[test]
    fn pattern_matches_tags_routes_and_operation_ids() {
        for (pattern, expected) in [
            ("*", true),
            ("tag:issues", true),
            ("tag:iss", false),
            ("tag:Repos and more", true),
            ("tag:Repos*", true),
            ("GET /repos/*", true),
            ("get /repos/*/issues", true),
            ("* /repos/{owner}/{repo}/issues", true),
            ("POST /repos/*", false),
            ("GET /repos/*/issues/*", false),
            ("GET *issues", true),
            ("issues/*", true),
            ("*list*repo", true),
            ("issues/list", false),
            ("*o*o*o*o*", false),
        ] {
            let pattern = Pattern::parse(pattern).unwrap();
            assert_eq!(pattern.matches(&LIST), expected, "{pattern}");
        }
    }

    #[test]
    fn pattern_that_is_none_is_refused_with_what_would_be_right() {
        for (text, expected) in [
            ("", "is empty"),
            ("tag:", "no tag follows"),
            ("/repos/*", "write `GET /repos/*`"),
            ("GET repos/*", "write `GET /repos/*`"),
            ("tag:it's", "cannot contain `\\'`"),
            ("tag:a-->b", "cannot contain `>`"),
            ("a\nb", "cannot contain `\\n`"),
        ] {
            let refused = Pattern::parse(text).unwrap_err();
            assert!(refused.contains(expected), "{text}: {refused}");
        }
    }
}
