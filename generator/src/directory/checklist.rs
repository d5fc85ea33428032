//! The checklist for the connectors directory of Claude, filled in as far as the description allows.

use std::fmt::Write;

use super::{Facts, Rule, Status};
use crate::ir::{Access, Api};

/// The name of the file.
pub(super) const FILE: &str = "claude-directory-checklist.md";

/// The text of the file.
pub(super) fn text(api: &Api, facts: &Facts, rules: &[Rule]) -> String {
    let reads = api.operations.iter().filter(|it| it.access == Access::Read);
    let (reads, all) = (reads.count(), api.operations.len());
    let mut text = format!("# {} in the connectors directory of Claude\n\n", api.title);
    let open = || "to be supplied".to_owned();
    let rows = [
        ("Name", api.title.clone()),
        ("Description", api.summary.clone()),
        ("Server URL", open()),
        ("Transport", "Streamable HTTP".to_owned()),
        (
            "Authentication",
            match facts.signs_in {
                true => "OAuth 2.1, with registration (RFC 7591) and client metadata documents"
                    .to_owned(),
                false => "none, or OAuth 2.1".to_owned(),
            },
        ),
        (
            "Tools",
            format!("{all}: {reads} read, {} write", all - reads),
        ),
        (
            "List",
            match api.search_mode {
                true => "search and execute".to_owned(),
                false => "all tools".to_owned(),
            },
        ),
        ("Privacy policy", facts.privacy.clone().unwrap_or_else(open)),
        ("Terms of service", facts.terms.clone().unwrap_or_else(open)),
        ("Support", facts.support.clone().unwrap_or_else(open)),
        (
            "Documentation",
            facts.documentation.clone().unwrap_or_else(open),
        ),
        ("Test account", open()),
    ];
    // Writing to a String cannot fail.
    for (field, value) in rows {
        let _ = writeln!(text, "- {field}: {}", value.replace('\n', " "));
    }
    text.push_str("\n## Rules\n\n");
    for rule in rules {
        let mark = match rule.status {
            Status::Pass | Status::Warn => "x",
            Status::Fail | Status::Open => " ",
        };
        let _ = write!(text, "- [{mark}] {}: {}", rule.rule, rule.found);
        let _ = match rule.fix.as_str() {
            "" => writeln!(text),
            fix => writeln!(text, " ({fix})"),
        };
    }
    text.push_str("\n## Three requests to try\n\n");
    let mut operations: Vec<_> = api.operations.iter().collect();
    operations.sort_by_key(|it| (!it.pinned, it.access == Access::Write));
    for operation in operations.iter().take(3) {
        let _ = writeln!(text, "- {}", operation.title);
    }
    text
}
