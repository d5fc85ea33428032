//! Selections of tools by tag.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Tool;
use crate::nearest::closest;
use crate::operation::Access;

/// How many tags the error for an unknown one names.
const NAMED: usize = 3;

/// The tags of the tools that are served, by the names that URLs have for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tags(Arc<BTreeMap<String, Tagged>>);

/// The tags of one name, and the most access that their tools need.
#[derive(Debug)]
struct Tagged {
    tags: Vec<&'static str>,
    access: Access,
}

/// The tools that have one of some tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Toolset {
    /// The names of the tags, sorted, each once.
    names: Arc<[String]>,
    tags: Arc<[&'static str]>,
    access: Access,
}

/// A name that no tag has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no tool of this server has the tag `{name}`; the nearest are {}", list(.nearest))]
pub(crate) struct UnknownTag {
    name: String,
    nearest: Vec<String>,
}

impl Tags {
    /// Collects the tags of tools.
    pub(crate) fn of<'t>(tools: impl IntoIterator<Item = &'t Tool>) -> Tags {
        let mut names: BTreeMap<String, Tagged> = BTreeMap::new();
        for tool in tools {
            for tag in tool.tags() {
                let tagged = names.entry(name(tag)).or_insert_with(|| Tagged {
                    tags: Vec::new(),
                    access: Access::Read,
                });
                if !tagged.tags.contains(tag) {
                    tagged.tags.push(tag);
                }
                tagged.access = tagged.access.max(tool.access());
            }
        }
        names.remove("");
        Tags(Arc::new(names))
    }

    /// Selects the tools of these tags. Letter case, order and repetition do not matter, and what is
    /// no letter or digit separates words.
    ///
    /// # Errors
    /// Where a name is no tag's. Without a name, the error names some tags.
    pub(crate) fn select<'n>(
        &self,
        asked: impl Iterator<Item = &'n str>,
    ) -> Result<Toolset, UnknownTag> {
        let mut found: BTreeMap<&String, &Tagged> = BTreeMap::new();
        for asked in asked.map(name).filter(|name| !name.is_empty()) {
            match self.0.get_key_value(&asked) {
                Some((name, tagged)) => _ = found.insert(name, tagged),
                None => return Err(self.unknown(asked)),
            }
        }
        if found.is_empty() {
            return Err(self.unknown(String::new()));
        }
        let tags = found
            .values()
            .flat_map(|tagged| tagged.tags.iter().copied());
        Ok(Toolset {
            tags: tags.collect(),
            access: found
                .values()
                .map(|it| it.access)
                .max()
                .unwrap_or(Access::Read),
            names: found.into_keys().cloned().collect(),
        })
    }

    fn unknown(&self, name: String) -> UnknownTag {
        let nearest = closest(&name, self.0.keys().map(String::as_str), NAMED);
        UnknownTag {
            nearest: nearest.into_iter().map(str::to_owned).collect(),
            name,
        }
    }
}

impl Toolset {
    /// The names of its tags, sorted.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The most access that one of its tools needs.
    pub(crate) fn access(&self) -> Access {
        self.access
    }

    /// Reports that a tool has one of the tags.
    pub(crate) fn contains(&self, tool: &Tool) -> bool {
        tool.tags().iter().any(|tag| self.tags.contains(tag))
    }
}

/// The name that URLs have for a tag: in lower case, with `-` between its words.
fn name(tag: &str) -> String {
    let mut name = String::with_capacity(tag.len());
    for character in tag.chars().flat_map(char::to_lowercase) {
        match character.is_ascii() && !character.is_ascii_alphanumeric()
            || character.is_whitespace()
            || character.is_control()
        {
            false => name.push(character),
            true if name.ends_with('-') || name.is_empty() => {}
            true => name.push('-'),
        }
    }
    if name.ends_with('-') {
        name.pop();
    }
    name
}

fn list(names: &[String]) -> String {
    let quoted = names.iter().map(|name| format!("`{name}`"));
    match names {
        [] => "none, since no tool has a tag".to_owned(),
        _ => quoted.collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;

    static ISSUES: Operation = Operation {
        name: "list_issues",
        tags: &["Issues"],
        ..Operation::BASE
    };
    static SCANS: Operation = Operation {
        name: "start_scan",
        tags: &["Code scanning", "code_scanning", "issues"],
        access: Access::Write,
        ..Operation::BASE
    };

    fn tags() -> Tags {
        let tools = [&ISSUES, &SCANS].map(|it| Tool::new(it, Vec::new()));
        Tags::of(&tools)
    }

    #[test]
    fn toolset_is_the_same_in_any_order_case_and_repetition() {
        let expected = tags().select(["code-scanning", "issues"].into_iter());
        let expected = expected.unwrap();
        assert_eq!(expected.names(), ["code-scanning", "issues"]);
        for asked in [
            vec!["issues", "code-scanning"],
            vec!["Issues", "Code scanning", "ISSUES", ""],
        ] {
            assert_eq!(tags().select(asked.into_iter()).unwrap(), expected);
        }
    }

    #[test]
    fn toolset_has_the_tools_of_its_tags() {
        let scans = tags().select(["code_scanning"].into_iter()).unwrap();
        assert!(scans.contains(&Tool::new(&SCANS, Vec::new())));
        assert!(!scans.contains(&Tool::new(&ISSUES, Vec::new())));
        assert_eq!(scans.access(), Access::Write);
    }

    #[test]
    fn unknown_tag_is_refused_with_the_nearest() {
        let error = tags().select(["isues"].into_iter()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no tool of this server has the tag `isues`; the nearest are `issues`, `code-scanning`"
        );
    }
}
