//! The terms, and where they may be used.

/// Words that people read, as regular expressions without regard to letter case, and what to use.
pub(crate) const WORDS: &[(&str, &str)] = &[
    ("told", "reported, shown, distinguished"),
    ("tells?|telling", "reports, shows, distinguishes"),
    ("stands?|stood", "is, represents, replaces"),
    ("gives|gave", "returns, prints, sets"),
    (
        "nobody|no one",
        "name the person or program, or use the passive",
    ),
    ("whoever", "name the person or program"),
    ("who[ _]may", "name the person or program"),
    ("meets?", "finds, calls, extracts (with_browser)"),
    ("doors?", "interface"),
    ("seams?", "environment"),
    (r"what (?:is|was) \w+ of it", "name the thing"),
    (
        r"(?:a|each|its|own|this) room(?:s)? (?:of|that sees)",
        "module",
    ),
    (r"room: what", "module"),
];

/// Types of ours that have new names, as they are spelt.
pub(crate) const TYPES: &[(&str, &str)] = &[
    ("Fault", "PageError, Violation"),
    ("Guard", "HostPolicy"),
    ("Door", "RequestGate"),
    ("Seams", "Environment"),
    ("Told", "Flash"),
    ("Bench", "TestServer"),
    ("ActiveKey", "AccessToken"),
];

/// The endings of files that are read.
pub(crate) const EXTENSIONS: &[&str] = &[
    "css", "html", "md", "mjs", "py", "rs", "sh", "sql", "toml", "yaml",
];

/// Parts of paths that are left out, with the reason.
pub(crate) const LEFT_OUT: &[(&str, &str)] = &[
    (".git", "not a source"),
    ("target", "not a source"),
    ("node_modules", "the work of others"),
    (".venv", "the work of others"),
    ("tests/tests/terms", "names the terms"),
    (
        "tests/tests/behaviour/golden",
        "recorded output; its sources are read",
    ),
    (
        "runtime/migrations",
        "SQLx compares a migration with the one that was applied, byte by byte",
    ),
];

/// Uses that are allowed: the beginning of the path, a part of the line, the reason.
pub(crate) const ALLOWED: &[(&str, &str, &str)] = &[];
