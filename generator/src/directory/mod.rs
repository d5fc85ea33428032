//! What the directories of assistants ask of a connector, rule by rule: what holds, what has to be
//! changed, and what only a person can supply.

mod arguments;
mod checklist;
mod facts;
mod rules;
mod submission;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::input::Input;
use crate::lower::{Settings, lower_with};
use crate::{GenerateError, definition_tokens, ir, report};
pub use facts::Facts;

/// The directory of an assistant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Directory {
    /// The connectors directory of Claude.
    Claude,
    /// The app directory of ChatGPT.
    Chatgpt,
}

/// Whether a connector keeps a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// It holds, and reviewers may ask.
    Warn,
    /// Only a person can supply what it asks for.
    Open,
}

/// A rule of a directory.
#[derive(Clone, Debug, Serialize)]
pub struct Rule {
    /// What the directory asks for.
    pub rule: &'static str,
    /// Whether it holds.
    pub status: Status,
    /// What was found.
    pub found: String,
    /// What to do about it; empty where nothing is to be done.
    pub fix: String,
}

/// The rules of a directory for a connector, and the file that is submitted.
#[derive(Clone, Debug, Serialize)]
pub struct Readiness {
    /// The directory.
    pub directory: Directory,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// The name of the file that is submitted, or filled in by a person.
    pub file: &'static str,
    /// Its text.
    #[serde(skip)]
    pub submission: String,
}

/// Reads a description, applies the overlay beside it and then `overlays`, and reports which rules of a
/// directory its connector keeps, generated with these settings. `search_mode` is what the crate
/// records, where there is one.
///
/// # Errors
/// Where one of the files cannot be read at all.
pub fn readiness(
    spec: &Path,
    overlays: &[PathBuf],
    directory: Directory,
    settings: &Settings,
    search_mode: Option<bool>,
) -> Result<Readiness, GenerateError> {
    let input = Input::open(spec, Path::new(""), None)?;
    let document = input.read(overlays)?;
    let mut facts = Facts::of(&document);
    let mut api = lower_with(document, settings).api;
    api.search_mode = search_mode.unwrap_or_else(|| definition_tokens(&api) > settings.budget);
    facts.signs_in = api.operations.iter().any(|it| !it.security.is_empty());
    Ok(Readiness::new(directory, &api, &facts))
}

impl Readiness {
    /// Looks at an API as a directory does.
    pub(crate) fn new(directory: Directory, api: &ir::Api, facts: &Facts) -> Readiness {
        let rules = rules::rules(directory, api, facts);
        let (file, submission) = match directory {
            Directory::Claude => (checklist::FILE, checklist::text(api, facts, &rules)),
            Directory::Chatgpt => (submission::FILE, submission::text(api, facts)),
        };
        Readiness {
            directory,
            rules,
            file,
            submission,
        }
    }

    /// True where no rule fails.
    pub fn is_ready(&self) -> bool {
        self.rules.iter().all(|rule| rule.status != Status::Fail)
    }

    /// The rules as text for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for rule in &self.rules {
            let status = match rule.status {
                Status::Pass => "pass",
                Status::Fail => "FAIL",
                Status::Warn => "warn",
                Status::Open => "open",
            };
            let found = report::error(&rule.found);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{status}  {}: {found}", rule.rule);
            if !rule.fix.is_empty() {
                let _ = writeln!(text, "      {}", report::error(&rule.fix));
            }
        }
        let number = |status| self.rules.iter().filter(|it| it.status == status).count();
        let _ = writeln!(
            text,
            "{} rules: {} pass, {} warn, {} fail; {} need what only a person can supply",
            self.rules.len(),
            number(Status::Pass),
            number(Status::Warn),
            number(Status::Fail),
            number(Status::Open)
        );
        text
    }
}
