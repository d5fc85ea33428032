//! Prints for people what became of a crate, and findings: in the manner of a compiler, grouped, and no
//! more than anyone reads.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use crate::diagnostic::{Diagnostic, Severity};
use crate::output::State;
use crate::record::MANIFEST;
use crate::text::one_line;
use crate::{Outcome, Report, Source};

/// How many findings of one kind are reported in full.
const SHOWN: usize = 3;

/// Prints what became of the crate.
pub fn outcome(out: &Path, report: &Report) {
    let summary = &report.summary;
    if report.source == Some(Source::Copy) {
        eprintln!(
            "from the copy in {}; --fetch fetches it again",
            out.display()
        );
    }
    if !report.overlays.is_empty() {
        eprintln!("with {}", report.overlays.join(", "));
    }
    eprintln!(
        "{} tools ({} read, {} write), {} operations left out; definitions {} kB, crate {} kB",
        summary.tools,
        summary.reads,
        summary.writes,
        summary.left_out,
        summary.definition_bytes.div_ceil(1000),
        summary.crate_bytes.div_ceil(1000),
    );
    if summary.tools > 0 {
        eprintln!(
            "about {} tokens of definitions: clients are shown {}",
            summary.definition_bytes.div_ceil(4),
            match summary.search_mode {
                true => "the tools of search mode; --budget changes it",
                false => "all tools",
            }
        );
    }
    let out = out.display();
    match &report.outcome {
        Outcome::Written(done) => eprintln!(
            "{out}: {} files written, {} unchanged, {} pruned",
            done.written, done.unchanged, done.pruned
        ),
        Outcome::Compared(differences) if differences.is_empty() => {
            eprintln!("{out}: is as the generator would write it");
        }
        Outcome::Compared(differences) => {
            for difference in differences {
                eprint!("{}", difference.diff);
            }
            for difference in differences.iter().filter(|found| found.path != MANIFEST) {
                let state = match difference.state {
                    State::Changed => "differs",
                    State::Missing => "is missing",
                    State::Extra => "would be removed",
                };
                eprintln!("{out}/{}: {state}", difference.path);
            }
            eprintln!("error: {out}: run the generator without --check to bring it up to date");
        }
        Outcome::Refused => {
            eprintln!("error: --strict: nothing was written, because of the findings above");
        }
        Outcome::Empty => eprintln!(
            "error: there are no tools, so that nothing was written; --allow-empty writes a crate \
             without tools"
        ),
    }
}

/// Findings as text, the worst first. Of those that say the same about different places the first
/// few are shown, and the others counted; `all` shows each.
pub fn diagnostics(spec: &Path, diagnostics: &[Diagnostic], all: bool) -> String {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
    let mut groups: Vec<Vec<&Diagnostic>> = Vec::new();
    let mut by_kind: BTreeMap<(Severity, String), usize> = BTreeMap::new();
    for diagnostic in sorted {
        let group = *by_kind
            .entry((diagnostic.severity, kind(&diagnostic.message)))
            .or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
        if let Some(group) = groups.get_mut(group) {
            group.push(diagnostic);
        }
    }
    let mut text = String::new();
    for group in groups {
        // One more is reported rather than counted.
        let shown = if all || group.len() <= SHOWN + 1 {
            group.len()
        } else {
            SHOWN
        };
        for diagnostic in group.iter().take(shown) {
            text.push_str(&one(spec, diagnostic));
        }
        if shown < group.len() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  … and {} more like this\n", group.len() - shown);
        }
    }
    text
}

/// An error on one line, whatever it repeats of a description.
pub fn error(error: &impl std::fmt::Display) -> String {
    part(&error.to_string())
}

/// How long a part of a finding may be, in characters: names in a description have no limit.
const MAX_PART: usize = 500;

/// A part of a finding on one line, cut where it is too long for one.
fn part(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(MAX_PART) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// One finding: what, where, and what would be right.
fn one(spec: &Path, diagnostic: &Diagnostic) -> String {
    let file = match &diagnostic.file {
        Some(file) => part(file),
        None => spec.display().to_string(),
    };
    let mut text = format!(
        "{}: {}\n  --> {file}",
        diagnostic.severity,
        part(&diagnostic.message),
    );
    if let Some(line) = diagnostic.line {
        let _ = write!(text, ":{line}");
    }
    if !diagnostic.pointer.is_empty() {
        let _ = write!(text, " ({})", part(&diagnostic.pointer));
    }
    if !diagnostic.help.is_empty() {
        let _ = write!(text, "\n  help: {}", part(&diagnostic.help));
    }
    text + "\n\n"
}

/// A message without what differs from place to place: names in quotes or backticks, and numbers.
fn kind(message: &str) -> String {
    let mut kind = String::new();
    let mut inside: Option<char> = None;
    for c in message.chars() {
        match inside {
            Some(end) if c == end => inside = None,
            Some(_) => {}
            None if c == '`' || c == '"' => inside = Some(c),
            None if c.is_ascii_digit() => {}
            None => kind.push(c),
        }
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_what_where_and_what_is_right() {
        let mut found = Diagnostic::warning("/paths/~1a", "no `x`", "add one");
        found.line = Some(7);
        assert_eq!(
            diagnostics(Path::new("a.yaml"), &[found], false),
            "warning: no `x`\n  --> a.yaml:7 (/paths/~1a)\n  help: add one\n\n"
        );
    }

    #[test]
    fn findings_of_one_kind_are_counted_after_the_first_few() {
        let many: Vec<_> = (0..9)
            .map(|n| Diagnostic::note(format!("/{n}"), format!("no `{n}`"), ""))
            .collect();
        let short = diagnostics(Path::new("a.yaml"), &many, false);
        assert_eq!(short.matches("note:").count(), 3);
        assert!(short.contains("and 6 more like this"));
        assert_eq!(
            diagnostics(Path::new("a.yaml"), &many, true)
                .matches("note:")
                .count(),
            9
        );
    }

    #[test]
    fn a_name_without_end_is_cut() {
        let long = "é".repeat(1_000_000);
        let found = Diagnostic::error(format!("/{long}"), format!("no `{long}`"), "");
        let reported = diagnostics(Path::new("a"), &[found], true);
        assert!(
            reported.len() < 3000 && reported.matches('…').count() == 2,
            "{reported}"
        );
    }

    #[test]
    fn an_error_is_one_line_without_hidden_characters() {
        let reported = error(&"OpenAPI 3\t\u{1b}[31m\n\u{2028}z is not read");
        assert_eq!(reported, "OpenAPI 3 [31m z is not read");
    }

    #[test]
    fn the_worst_comes_first() {
        let found = [
            Diagnostic::note("", "n", ""),
            Diagnostic::error("", "e", ""),
        ];
        assert!(diagnostics(Path::new("a"), &found, false).starts_with("error: e"));
    }
}
