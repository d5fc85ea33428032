//! The rules, and whether an API keeps them.

use super::{Directory, Facts, Rule, Status, arguments};
use crate::ir::{Access, Api, Operation};

/// The longest name of a tool.
const LONGEST_NAME: usize = 64;
/// The most tools that are listed without search mode.
const LISTED: usize = 30;
/// The most tools that search mode lists beside its own.
const PINNED: std::ops::RangeInclusive<usize> = 3..=5;
/// The longest subtitle of a listing in ChatGPT.
pub(super) const LONGEST_SUBTITLE: usize = 30;
/// How many tools a finding names.
const NAMED: usize = 5;

/// Parts of sentences that instruct the model instead of describing the tool, in lower case. What an
/// API asks of its own callers ("you must use a token") is none.
const INSTRUCTIONS: &[&str] = &[
    "always call this",
    "always use this tool",
    "call this tool before",
    "call this tool first",
    "do not use any other tool",
    "ignore all previous",
    "ignore previous",
    "instead of any other tool",
    "must call this tool",
    "must use this tool",
    "never call any other",
    "prefer this tool",
    "system prompt",
];

/// Last words of names of arguments that ask for what directories forbid: credentials, cards, health.
const SENSITIVE: &[&[&str]] = &[
    &["password"],
    &["passcode"],
    &["otp"],
    &["mfa"],
    &["totp"],
    &["cvv"],
    &["cvc"],
    &["ssn"],
    &["secret"],
    &["diagnosis"],
    &["card", "number"],
    &["private", "key"],
];

/// First words of names that say that a tool only reads.
const READS: &[&str] = &["get", "list", "search", "find", "read", "fetch", "show"];
/// First words of names that say that a tool changes something.
const WRITES: &[&str] = &[
    "create", "add", "update", "set", "delete", "remove", "replace",
];
/// Names of arguments that take a program or a request of any form.
const FREE: &[&str] = &["sql", "graphql", "kql"];

/// The rules of a directory for an API.
pub(super) fn rules(directory: Directory, api: &Api, facts: &Facts) -> Vec<Rule> {
    let mut rules = vec![
        titles(api),
        hints(api),
        names(api),
        one_effect(api),
        instructions(api),
        free_form(api),
        size(api),
    ];
    match directory {
        Directory::Claude => {}
        Directory::Chatgpt => rules.extend([
            names_match_effects(api),
            reads_are_closed(api),
            sensitive(api),
            outputs(api),
            subtitle(api),
            person(
                "a justification of each hint",
                "drafts are in the submission",
                "read the drafts in chatgpt-app-submission.json against what the API does",
            ),
            person(
                "5 tests that call tools, and 3 that call none",
                "drafts are in the submission",
                "replace the drafts by requests that your test account answers",
            ),
            person(
                "the domain is verified",
                "the portal shows a token",
                "set [site] openai_challenge in connector.toml to the token",
            ),
        ]),
    }
    rules.extend([
        sign_in(facts),
        link(
            "privacy policy",
            facts.privacy.as_deref(),
            "publish one, and set [site] privacy_url and info.x-privacy-policy",
        ),
        link(
            "support",
            facts.support.as_deref(),
            "set info.contact in the description or an overlay, and [site] support_url",
        ),
        link(
            "terms of service",
            facts.terms.as_deref(),
            "set info.termsOfService in the description or an overlay, and [site] terms_url",
        ),
        link(
            "documentation",
            facts.documentation.as_deref(),
            "set externalDocs in the description or an overlay",
        ),
        icon(api),
        person(
            "a test account with data, without MFA",
            "the description cannot name one",
            "make one with `accounts --invite`, fill it, and send its password with the submission",
        ),
    ]);
    rules
}

fn rule(rule: &'static str, status: Status, found: String, fix: &str) -> Rule {
    Rule {
        rule,
        fix: match status {
            Status::Pass => String::new(),
            _ => fix.to_owned(),
        },
        status,
        found,
    }
}

/// A rule that operations break, or none.
fn broken(name: &'static str, api: &Api, broken: &[&Operation], status: Status, fix: &str) -> Rule {
    let all = api.operations.len();
    match broken {
        [] => rule(name, Status::Pass, format!("{all} of {all} tools"), fix),
        broken => {
            let mut names: Vec<&str> = broken
                .iter()
                .take(NAMED)
                .map(|it| it.name.as_str())
                .collect();
            if broken.len() > NAMED {
                names.push("…");
            }
            let found = format!(
                "{} of {all} tools do not: {}",
                broken.len(),
                names.join(", ")
            );
            rule(name, status, found, fix)
        }
    }
}

fn those(api: &Api, is_meant: impl Fn(&Operation) -> bool) -> Vec<&Operation> {
    api.operations.iter().filter(|it| is_meant(it)).collect()
}

fn titles(api: &Api) -> Rule {
    let without = those(api, |it| it.title.trim().is_empty());
    let fix = "write summary, or x-mcp: {title}";
    broken("every tool has a title", api, &without, Status::Fail, fix)
}

/// All four hints are written into every definition.
fn hints(api: &Api) -> Rule {
    let contradictory = those(api, |it| it.access == Access::Read && it.destructive);
    let fix = "a tool that reads destroys nothing: correct x-mcp: {access, destructive}";
    broken(
        "every tool has all hints, and they agree",
        api,
        &contradictory,
        Status::Fail,
        fix,
    )
}

fn names(api: &Api) -> Rule {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let wrong = those(api, |it| {
        it.name.is_empty() || it.name.len() > LONGEST_NAME || !it.name.bytes().all(fits)
    });
    let fix = "write x-mcp: {name}";
    broken(
        "names have at most 64 letters, digits, _ and -",
        api,
        &wrong,
        Status::Fail,
        fix,
    )
}

/// A tool is one operation, with one method.
fn one_effect(api: &Api) -> Rule {
    let is_safe = |method: &str| matches!(method, "GET" | "HEAD" | "OPTIONS" | "QUERY");
    let unsafe_reads = those(api, |it| it.access == Access::Read && !is_safe(&it.method));
    let fix = "reviewers see that these send POST; say in their description that nothing changes, or \
               remove x-mcp: {access: read}";
    broken(
        "no tool mixes reads and writes",
        api,
        &unsafe_reads,
        Status::Warn,
        fix,
    )
}

fn instructions(api: &Api) -> Rule {
    let instructing = those(api, |it| {
        let text = it.description.to_lowercase();
        INSTRUCTIONS.iter().any(|one| text.contains(one))
    });
    let fix = "describe what the tool does, in an overlay: x-mcp: {description}";
    broken(
        "descriptions do not instruct the model",
        api,
        &instructing,
        Status::Fail,
        fix,
    )
}

fn free_form(api: &Api) -> Rule {
    let title = api.title.to_lowercase();
    let nameless = those(api, |it| {
        let is_free = |name: &String| FREE.contains(&name.to_lowercase().as_str());
        let takes_any = arguments::names(api, it).iter().any(is_free);
        takes_any && !title.is_empty() && !it.description.to_lowercase().contains(&title)
    });
    let fix = "name the API in the description: x-mcp: {description}";
    broken(
        "tools that take any request name their API",
        api,
        &nameless,
        Status::Fail,
        fix,
    )
}

fn size(api: &Api) -> Rule {
    let name = "at most 30 tools, or search mode";
    let tools = api.operations.len();
    let pinned = api.operations.iter().filter(|it| it.pinned).count();
    match api.search_mode {
        true if PINNED.contains(&pinned) => {
            let found = format!("search mode over {tools} tools, {pinned} beside it");
            rule(name, Status::Pass, found, "")
        }
        true => rule(
            name,
            Status::Warn,
            format!("search mode over {tools} tools, {pinned} beside it"),
            "list the 3 to 5 that most conversations need: x-mcp: {pin: true}",
        ),
        false if tools <= LISTED => rule(name, Status::Pass, format!("{tools} tools"), ""),
        false => rule(
            name,
            Status::Warn,
            format!("{tools} tools are listed"),
            "choose some with --only, or search mode with --budget 0",
        ),
    }
}

fn names_match_effects(api: &Api) -> Rule {
    let wrong = those(api, |it| {
        let first = it.name.split(['_', '-']).next().unwrap_or_default();
        let first = first.to_lowercase();
        match it.access {
            Access::Read => WRITES.contains(&first.as_str()),
            Access::Write => READS.contains(&first.as_str()),
        }
    });
    let fix = "say the effect in the name, x-mcp: {name}, or correct the effect, x-mcp: {access}";
    broken("names match effects", api, &wrong, Status::Open, fix)
}

fn reads_are_closed(api: &Api) -> Rule {
    let open = those(api, |it| {
        it.access == Access::Read && it.open_world == Some(true)
    });
    let fix = "a tool that reads changes nothing in public: remove x-mcp: {open_world: true}";
    broken(
        "openWorldHint is false for reads",
        api,
        &open,
        Status::Fail,
        fix,
    )
}

fn sensitive(api: &Api) -> Rule {
    let asks = |name: &String| {
        let words = arguments::words(name);
        SENSITIVE.iter().any(|last| {
            let mut words = words.iter().rev();
            let mut last = last.iter().rev();
            last.all(|one| words.next().is_some_and(|word| word == one))
        })
    };
    let asking = those(api, |it| arguments::names(api, it).iter().any(asks));
    let fix = "justify it in the submission, or hide the operation, x-mcp: false, or the property, \
               readOnly: true in an overlay";
    broken(
        "no argument asks for credentials, cards or health",
        api,
        &asking,
        Status::Open,
        fix,
    )
}

/// A tool whose success has one schema in JSON is published with it, always.
fn outputs(api: &Api) -> Rule {
    let with = those(api, |it| it.output.is_some());
    let all = api.operations.len();
    let found = format!(
        "{} of {all} tools; the description has no schema of the answer of the others",
        with.len()
    );
    rule(
        "answers that have a schema are published with it",
        Status::Pass,
        found,
        "",
    )
}

fn subtitle(api: &Api) -> Rule {
    let name = "a subtitle of at most 30 characters";
    match super::submission::subtitle(api) {
        Some(subtitle) => rule(name, Status::Pass, subtitle, ""),
        None => rule(
            name,
            Status::Open,
            "neither info.summary nor the title is so short".to_owned(),
            "write info.summary in the description or an overlay",
        ),
    }
}

fn sign_in(facts: &Facts) -> Rule {
    let found = match facts.signs_in {
        true => "OAuth 2.1 with registration and client metadata documents",
        false => "the API needs no credential; auth = \"none\" is accepted for public data",
    };
    rule(
        "sign-in by OAuth, or none",
        Status::Pass,
        found.to_owned(),
        "",
    )
}

fn link(name: &'static str, found: Option<&str>, fix: &str) -> Rule {
    match found {
        Some(found) => rule(name, Status::Pass, found.to_owned(), ""),
        None => rule(
            name,
            Status::Open,
            "the description has no link".to_owned(),
            fix,
        ),
    }
}

fn icon(api: &Api) -> Rule {
    match &api.logo {
        Some(logo) => rule("an icon", Status::Pass, logo.clone(), ""),
        None => rule(
            "an icon",
            Status::Open,
            "the description has no x-logo".to_owned(),
            "set [site] logo in connector.toml: a square image",
        ),
    }
}

fn person(name: &'static str, found: &str, fix: &str) -> Rule {
    rule(name, Status::Open, found.to_owned(), fix)
}
