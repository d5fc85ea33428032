//! `chatgpt-app-submission.json`, which fills in the form of the app directory of ChatGPT.

use serde_json::{Map, Value, json};

use super::Facts;
use super::rules::LONGEST_SUBTITLE;
use crate::ir::{Access, Api, Operation};

/// The name of the file.
pub(super) const FILE: &str = "chatgpt-app-submission.json";
/// What the file follows.
const SCHEMA: &str =
    "https://developers.openai.com/apps-sdk/schemas/chatgpt-app-submission.v1.json";
/// How many tests call tools.
const TESTS: usize = 5;
/// The longest description of the app, in characters.
const LONGEST: usize = 4_000;

/// The tools of search mode: name, hints (reads, open world, destroys), and what they do.
const OWN: [(&str, [bool; 3], &str); 6] = [
    (
        "search_tools",
        [true, false, false],
        "finds tools by a request in plain words",
    ),
    (
        "describe_tools",
        [true, false, false],
        "returns definitions of tools",
    ),
    (
        "call_read_tool",
        [true, false, false],
        "calls a tool that only reads",
    ),
    (
        "call_write_tool",
        [false, true, false],
        "calls a tool that creates or changes something",
    ),
    (
        "call_destructive_tool",
        [false, true, true],
        "calls a tool that deletes or overwrites something",
    ),
    (
        "whoami",
        [true, false, false],
        "returns who is connected, and with which access",
    ),
];

/// The text of the file, filled in as far as the description allows.
pub(super) fn text(api: &Api, facts: &Facts) -> String {
    let listed: Vec<&Operation> = match api.search_mode {
        true => api.operations.iter().filter(|it| it.pinned).collect(),
        false => api.operations.iter().collect(),
    };
    let mut tools = Map::new();
    if api.search_mode {
        for (name, hints, does) in OWN {
            tools.insert(name.to_owned(), tool(hints, &format!("It {does}")));
        }
    }
    for operation in &listed {
        let reads = operation.access == Access::Read;
        let hints = [
            reads,
            operation.open_world.unwrap_or(!reads),
            operation.destructive,
        ];
        let route = format!("It sends {} {}", operation.method, operation.path);
        tools.insert(operation.name.clone(), tool(hints, &route));
    }
    let description = match api.summary.as_str() {
        "" => api.title.as_str(),
        summary => summary,
    };
    let submission = json!({
        "$schema": SCHEMA,
        "schema_version": 1,
        "app_info": {
            "display_name": api.title,
            "subtitle": subtitle(api).unwrap_or_else(|| "to be supplied".to_owned()),
            "description": description.chars().take(LONGEST).collect::<String>(),
            "category": "PRODUCTIVITY",
            "privacy_policy_url": facts.privacy,
            "support_url": facts.support,
            "terms_of_service_url": facts.terms,
        },
        "tools": tools,
        "test_cases": tests(api),
        "negative_test_cases": negative_tests(api),
    });
    let mut text = serde_json::to_string_pretty(&submission).unwrap_or_default();
    text.push('\n');
    text
}

/// The subtitle: `info.summary` or the title, where it is short.
pub(super) fn subtitle(api: &Api) -> Option<String> {
    let texts = [api.summary.trim_end_matches('.'), api.title.as_str()];
    let mut texts = texts.into_iter();
    let fits = |text: &&str| !text.is_empty() && text.chars().count() <= LONGEST_SUBTITLE;
    texts.find(fits).map(str::to_owned)
}

/// The hints of a tool and why they are right, in a sentence each. `does` is what the tool does.
fn tool([reads, open_world, destroys]: [bool; 3], does: &str) -> Value {
    let read_only = match reads {
        true => format!("{does}, which changes nothing."),
        false => format!("{does}, which may change something."),
    };
    let open = match open_world {
        true => "What it changes may be seen by other people, or reach systems beyond the API.",
        false => "It publishes nothing and reaches no system beyond the API.",
    };
    let destructive = match destroys {
        true => "It may delete or overwrite something for good.",
        false => "It deletes and overwrites nothing.",
    };
    json!({
        "annotations": {
            "readOnlyHint": reads,
            "openWorldHint": open_world,
            "destructiveHint": destroys,
        },
        "justifications": {
            "read_only_justification": read_only,
            "open_world_justification": open,
            "destructive_justification": destructive,
        },
    })
}

/// Tests that call tools: first those that read and need no argument.
fn tests(api: &Api) -> Vec<Value> {
    let needs = |operation: &Operation| {
        let required = operation.input.json.get("required");
        required.and_then(Value::as_array).map_or(0, Vec::len)
    };
    let mut operations: Vec<&Operation> = api.operations.iter().collect();
    operations.sort_by_key(|it| (!it.pinned, it.access == Access::Write, needs(it)));
    // An API with fewer tools has tests that repeat some.
    let operations = operations.iter().cycle().take(match operations.len() {
        0 => 0,
        _ => TESTS,
    });
    let case = |operation: &&Operation| {
        let title = operation.title.trim_end_matches('.');
        let tools = match api.search_mode && !operation.pinned {
            false => operation.name.clone(),
            true if operation.access == Access::Read => "search_tools, call_read_tool".to_owned(),
            true if operation.destructive => "search_tools, call_destructive_tool".to_owned(),
            true => "search_tools, call_write_tool".to_owned(),
        };
        json!({
            "description": title,
            "user_prompt": format!("With {}: {title}.", api.title),
            "file_attachment_urls": null,
            "tools_triggered": tools,
            "expected_output": format!("The answer of {} {}.", operation.method, operation.path),
            "expected_output_url": null,
        })
    };
    operations.map(case).collect()
}

/// Tests that call no tool: requests that have nothing to do with the API.
fn negative_tests(api: &Api) -> Vec<Value> {
    let requests = [
        (
            "A question of general knowledge",
            "How far is the moon from the earth?",
        ),
        (
            "A text without data of the person",
            "Write a short poem about autumn.",
        ),
        ("A calculation", "What is 17 % of 240?"),
    ];
    let case = |(description, prompt): (&str, &str)| {
        json!({
            "description": description,
            "user_prompt": prompt,
            "file_attachment_urls": null,
            "tools_triggered": null,
            "expected_output": format!("An answer without a call of {}.", api.title),
            "expected_output_url": null,
        })
    };
    requests.map(case).to_vec()
}
