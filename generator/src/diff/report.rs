//! All changes, and how they are printed.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::change::{ALL_TOOLS, Change, Kind, Verdict};
use super::compare::compare;
use super::locks::compare_locks;
use crate::diagnostic::{Diagnostic, Severity};
use crate::ir::Api;
use crate::lock::Lock;
use crate::report;

/// How many tools are named that have the same change.
const SHOWN: usize = 3;

/// The changes between two descriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// The changes: those of all tools, then those of each, in the order of the tools' names.
    pub changes: Vec<Change>,
    /// The operations that the old description has and that could not be read.
    pub old_errors: Vec<Diagnostic>,
    /// The same of the new description.
    pub new_errors: Vec<Diagnostic>,
}

/// Changes that are the same for several tools.
struct Group<'d> {
    change: &'d Change,
    tools: Vec<&'d str>,
}

impl Diff {
    /// Compares two APIs. Their findings come with them: a choice of the user that applies to
    /// nothing on the new side alone is a change, too.
    pub fn new(
        (old, old_found): (&Api, Vec<Diagnostic>),
        (new, new_found): (&Api, Vec<Diagnostic>),
    ) -> Diff {
        let unmatched = new_found.iter().filter(|found| {
            let mut before = old_found.iter().filter(|known| known.is_unmatched);
            found.is_unmatched && !before.any(|known| known.message == found.message)
        });
        let unmatched = unmatched
            .map(|found| Change::new(Kind::CurationUnmatched, ALL_TOOLS, found.message.as_str()));
        let mut changes: Vec<Change> = unmatched.collect();
        changes.extend(compare(old, new));
        let errors = |found: Vec<Diagnostic>| {
            let found = found.into_iter();
            found
                .filter(|one| one.severity == Severity::Error)
                .collect()
        };
        Diff {
            changes,
            old_errors: errors(old_found),
            new_errors: errors(new_found),
        }
    }

    /// The differences of two locks.
    pub fn of_locks(old: &Lock, new: &Lock) -> Diff {
        Diff {
            changes: compare_locks(old, new),
            old_errors: Vec::new(),
            new_errors: Vec::new(),
        }
    }

    /// The greatest of the changes' verdicts.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.changes.iter().map(Change::verdict);
        verdicts.max().unwrap_or_default()
    }

    /// Returns true where a change may break callers.
    pub fn is_breaking(&self) -> bool {
        self.changes.iter().any(|change| change.breaking)
    }

    /// The verdict and the number of changes, as one line: `major: 5 changes, 2 of them breaking`.
    pub fn summary(&self) -> String {
        let breaking = self.changes.iter().filter(|change| change.breaking).count();
        let count = match self.changes.len() {
            0 => "no changes".to_owned(),
            1 => "1 change".to_owned(),
            count => format!("{count} changes"),
        };
        format!("{}: {count}, {breaking} of them breaking", self.verdict())
    }

    /// The changes as JSON, one line each.
    ///
    /// # Errors
    /// Where a change cannot be written as JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        let mut text = String::new();
        for change in &self.changes {
            text.push_str(&serde_json::to_string(change)?);
            text.push('\n');
        }
        Ok(text)
    }

    /// The changes as text for people, those that break callers first, and the summary. A change
    /// that several tools have is one line.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for group in self.groups() {
            let state = if group.change.breaking {
                "breaking"
            } else {
                "-"
            };
            let line = format!("{}: {}", group.subject(), group.change.message);
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{state:8}  {:23}  {}",
                group.change.kind.name(),
                report::error(&line)
            );
        }
        text + &self.summary() + "\n"
    }

    /// The changes as Markdown, for a pull request.
    pub fn markdown(&self) -> String {
        let mut text = format!("## Tools: {}\n", self.summary());
        let groups = self.groups();
        for (heading, breaking) in [("Breaking", true), ("Other", false)] {
            let mut own = groups.iter().filter(|one| one.change.breaking == breaking);
            let Some(first) = own.next() else { continue };
            let _ = write!(text, "\n### {heading}\n\n");
            for group in [first].into_iter().chain(own) {
                let _ = writeln!(
                    text,
                    "- {} {}: {}",
                    group.change.kind.name().replace('_', "\\_"),
                    escaped(&group.subject()),
                    escaped(&group.change.message)
                );
            }
        }
        text
    }

    /// The changes, those that break callers first, and the same ones of several tools together.
    fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group> = Vec::new();
        let mut known: BTreeMap<(Kind, Option<&str>, bool, &str), usize> = BTreeMap::new();
        for change in &self.changes {
            let argument = change.argument.as_deref();
            let key = (
                change.kind,
                argument,
                change.breaking,
                change.message.as_str(),
            );
            let group = *known.entry(key).or_insert_with(|| {
                let tools = Vec::new();
                groups.push(Group { change, tools });
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(group) {
                group.tools.push(&change.tool);
            }
        }
        groups.sort_by_key(|group| !group.change.breaking);
        groups
    }
}

impl Group<'_> {
    /// The tools and the argument, as code.
    fn subject(&self) -> String {
        // One more is named rather than counted.
        let shown = match self.tools.len() {
            count if count <= SHOWN + 1 => count,
            _ => SHOWN,
        };
        let names = self.tools.iter().take(shown).map(|tool| match *tool {
            ALL_TOOLS => "all tools".to_owned(),
            name => format!("`{name}`"),
        });
        let mut subject = names.collect::<Vec<_>>().join(", ");
        if self.tools.len() > shown {
            subject.push_str(&format!(" and {} more", self.tools.len() - shown));
        }
        match &self.change.argument {
            Some(argument) => format!("{subject}, argument `{argument}`"),
            None => subject,
        }
    }
}

/// Text that Markdown shows as it is, but for code.
fn escaped(text: &str) -> String {
    let line = report::error(&text);
    let mut escaped = String::with_capacity(line.len());
    let mut is_code = false;
    for c in line.chars() {
        is_code ^= c == '`';
        if !is_code && "\\*_<>[]#&@|~!".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    // Code that does not end would take the rest of the page.
    if is_code {
        escaped.push('`');
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(changes: Vec<Change>) -> Diff {
        Diff {
            changes,
            old_errors: Vec::new(),
            new_errors: Vec::new(),
        }
    }

    #[test]
    fn text_begins_with_what_breaks_and_ends_with_the_verdict() {
        let diff = diff(vec![
            Change::new(Kind::ToolAdded, "a", "is new"),
            Change::new(Kind::ArgumentRemoved, "b", "is gone").of("limit"),
            Change::new(Kind::ArgumentRemoved, "c", "is gone").of("limit"),
        ]);
        assert_eq!(
            diff.text(),
            "breaking  argument_removed         `b`, `c`, argument `limit`: is gone\n\
             -         tool_added               `a`: is new\n\
             major: 3 changes, 2 of them breaking\n"
        );
    }

    #[test]
    fn json_is_one_line_a_change() {
        let diff = diff(vec![
            Change::new(Kind::ArgumentRemoved, "b", "is gone").of("limit"),
            Change::new(Kind::ToolAdded, "a", "is\nnew"),
        ]);
        assert_eq!(
            diff.json().unwrap(),
            "{\"kind\":\"argument_removed\",\"tool\":\"b\",\"argument\":\"limit\",\"breaking\":true,\
             \"message\":\"is gone\"}\n\
             {\"kind\":\"tool_added\",\"tool\":\"a\",\"breaking\":false,\"message\":\"is\\nnew\"}\n"
        );
    }

    #[test]
    fn markdown_shows_texts_of_a_description_as_they_are() {
        let diff = diff(vec![Change::new(Kind::ToolAdded, "a", "<img> @team `code")]);
        assert_eq!(
            diff.markdown(),
            "## Tools: minor: 1 change, 0 of them breaking\n\n### Other\n\n\
             - tool\\_added `a`: \\<img\\> \\@team `code`\n"
        );
    }

    #[test]
    fn diff_without_changes_has_no_verdict() {
        assert_eq!(
            diff(Vec::new()).text(),
            "none: no changes, 0 of them breaking\n"
        );
    }
}
