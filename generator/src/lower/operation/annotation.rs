//! What operations say about themselves to people and models, and what `x-mcp` changes about it.

use std::collections::{BTreeMap, HashMap};

use indexmap::IndexMap;
use serde_json::Value;

use super::alias::{self, ALIASES};
use super::arguments::Arguments;
use super::name::{Claim, Key};
use super::paging;
use super::source::Source;
use super::text::{humanise, shorten};
use crate::diagnostic::Diagnostic;
use crate::ir::{Access, Alias, Binding, Content, Paging, Parameter, RequestBody};
use crate::lower::comment::without_comments;
use crate::lower::context::Context;
use crate::openapi::{Document, Node};
use crate::text::nearest;

const EXTENSION: &str = "x-mcp";
/// The keys of the extension.
const KEYS: [&str; 13] = [
    "name",
    "title",
    "description",
    "phrases",
    "access",
    "destructive",
    "idempotent",
    "open_world",
    "pin",
    "paging",
    "cost",
    "bind",
    ALIASES,
];
/// The longest title, in bytes.
const MAX_TITLE: usize = 200;
/// The longest description, in bytes.
const MAX_DESCRIPTION: usize = 4096;

/// The most that a call counts in a quota.
const MAX_COST: u32 = 1_000_000;

/// The most phrases of an operation.
const MAX_PHRASES: usize = 20;
/// The longest phrase, in bytes.
const MAX_PHRASE: usize = 100;

/// What `x-mcp` says about an operation: on itself, its path item and its tags, the nearest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) hidden: bool,
    pub(crate) name: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    /// What people call the operation.
    pub(crate) phrases: Option<Vec<String>>,
    pub(crate) access: Option<Access>,
    pub(crate) destructive: Option<bool>,
    pub(crate) idempotent: Option<bool>,
    pub(crate) open_world: Option<bool>,
    pub(crate) pin: Option<bool>,
    /// How pages follow each other; an inner `None` is that there are none.
    pub(crate) paging: Option<Option<Paging>>,
    /// What a call counts in a quota.
    pub(crate) cost: Option<u32>,
    /// Why it is unclear whether the operation is to be a tool.
    pub(crate) unclear: Option<Diagnostic>,
    /// Earlier names of the tool.
    pub(crate) aliases: Vec<Alias>,
    bind: IndexMap<String, Bind>,
}

/// An argument that is filled from the context.
#[derive(Clone, Debug)]
struct Bind {
    binding: Binding,
    at: String,
    /// Whether the operation says so itself, not its path item or a tag.
    own: bool,
    used: bool,
}

/// The declared tags that have our extension, by name, with their places in the list.
pub(crate) struct ExtendedTags<'d>(HashMap<&'d str, Vec<(usize, Node<'d>)>>);

impl<'d> ExtendedTags<'d> {
    pub(crate) fn of(document: &'d Document) -> ExtendedTags<'d> {
        let mut tags: HashMap<&str, Vec<(usize, Node)>> = HashMap::new();
        for (place, tag) in document.root().items("tags").into_iter().enumerate() {
            if let Some(name) = tag.text("name").filter(|_| tag.get(EXTENSION).is_some()) {
                tags.entry(name).or_default().push((place, tag));
            }
        }
        ExtendedTags(tags)
    }
}

/// Collects the extensions of an operation, its path item and its tags.
pub(crate) fn overrides<'d>(
    cx: &mut Context<'d>,
    tags: &ExtendedTags<'d>,
    source: &Source<'d>,
) -> Overrides {
    let (item, operation) = (&source.item, &source.operation);
    let mut overrides = Overrides::default();
    // What is nearest says whether the operation is shown; an object shows it.
    let mut visible = None;
    // In the order of their declarations, each once.
    let tags: BTreeMap<usize, Node> = operation
        .items("tags")
        .iter()
        .filter_map(|tag| tags.0.get(tag.value.as_str()?))
        .flatten()
        .cloned()
        .collect();
    let tags = tags.into_values();
    for owner in [operation.clone(), item.clone()].into_iter().chain(tags) {
        let own = owner.at == operation.at;
        match owner.get(EXTENSION) {
            None => report_slip(cx, &owner),
            Some(Node {
                value: Value::Bool(show),
                ..
            }) => {
                visible.get_or_insert(*show);
            }
            Some(node) if node.object().is_some() => {
                visible.get_or_insert(true);
                overrides.add(cx, &node, own);
            }
            // `no` and `off` are texts in YAML 1.2. Their author meant to hide something.
            Some(node) => {
                overrides.unclear.get_or_insert(Diagnostic::error(
                    node.at,
                    "`x-mcp` is neither a boolean nor an object",
                    "write `false` to hide, or an object of overrides",
                ));
            }
        }
    }
    overrides.hidden = visible == Some(false);
    overrides
}

impl Overrides {
    /// Returns the name that the operation is to have: a chosen one, else the one that it has had,
    /// else its id.
    pub(crate) fn key<'s>(&'s self, source: &'s Source, kept: Option<&'s str>) -> Key<'s> {
        let (wanted, claim) = match (self.name.as_deref(), kept) {
            (Some(name), _) => (Some(name), Claim::Chosen),
            (None, Some(name)) => (Some(name), Claim::Kept),
            (None, None) => (source.operation_id(), Claim::Derived),
        };
        Key {
            wanted,
            claim,
            method: &source.method,
            path: &source.path,
        }
    }

    /// Takes over what nothing nearer has said.
    fn add(&mut self, cx: &mut Context, node: &Node, own: bool) {
        for (key, value) in node.entries() {
            let text = value
                .value
                .as_str()
                .map(str::trim)
                .filter(|text| !text.is_empty());
            let fits = match key {
                "name" => keep(&mut self.name, text.map(str::to_owned)),
                "title" => keep(&mut self.title, text.map(str::to_owned)),
                "description" => keep(&mut self.description, text.map(str::to_owned)),
                "phrases" => keep(&mut self.phrases, phrases(&value)),
                "access" => keep(&mut self.access, text.and_then(access)),
                "destructive" => keep(&mut self.destructive, value.value.as_bool()),
                "idempotent" => keep(&mut self.idempotent, value.value.as_bool()),
                "open_world" => keep(&mut self.open_world, value.value.as_bool()),
                "pin" => keep(&mut self.pin, value.value.as_bool()),
                "paging" => keep(&mut self.paging, paging::read(&value)),
                "cost" => keep(&mut self.cost, cost(value.value)),
                "bind" => value.object().is_some(),
                ALIASES if own => value.value.is_array(),
                ALIASES => {
                    cx.warn(
                        value.at,
                        "`aliases` are names of one tool; they are ignored here",
                        "write them under `x-mcp` of the operation",
                    );
                    continue;
                }
                _ => {
                    let meant = nearest(key, KEYS.into_iter());
                    let meant = meant.map(|meant| format!("did you mean `{meant}`? "));
                    cx.warn(
                        value.at,
                        format!("`x-mcp` has no key `{key}`; it is ignored"),
                        format!(
                            "{}the keys are name, title, description, phrases, access, \
                             destructive, idempotent, open_world, pin, paging, cost, bind and aliases",
                            meant.unwrap_or_default()
                        ),
                    );
                    continue;
                }
            };
            if !fits {
                cx.warn(
                    value.at,
                    format!("the value of `{key}` in `x-mcp` is not of the right type"),
                    "name, title and description are texts, phrases is a list of at most 20 texts of \
                     at most 100 bytes, access is `read` or `write`, destructive, idempotent, \
                     open_world and pin are booleans, paging is `false` or an object as in \
                     {argument: cursor, next: /meta/next}, cost is a whole number from 0 to \
                     1,000,000, bind maps arguments to `workspace`, aliases is a list",
                );
            } else if key == "bind" {
                self.add_bindings(cx, &value, own);
            } else if key == ALIASES {
                self.aliases = alias::read(cx, &value);
            }
        }
    }

    fn add_bindings(&mut self, cx: &mut Context, node: &Node, own: bool) {
        for (argument, source) in node.entries() {
            if source.value.as_str() != Some("workspace") {
                cx.warn(
                    source.at,
                    format!("`{argument}` is bound to something unknown; it is not bound"),
                    "bind it to `workspace`",
                );
                continue;
            }
            self.bind.entry(argument.to_owned()).or_insert(Bind {
                binding: Binding::Workspace,
                at: source.at,
                own,
                used: false,
            });
        }
    }
}

/// Reports an extension that may be a slip of ours.
fn report_slip(cx: &mut Context, owner: &Node) {
    for (field, value) in owner.entries() {
        let mut letters: Vec<char> = field.to_lowercase().chars().collect();
        letters.retain(|c| c.is_alphanumeric());
        letters.sort_unstable();
        if field.to_lowercase().starts_with('x') && letters == ['c', 'm', 'p', 'x'] {
            cx.warn(
                value.at,
                format!("`{field}` has no effect"),
                "did you mean `x-mcp`?",
            );
        }
    }
}

/// Puts `value` where nothing is yet; false if there is no value.
fn keep<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    let fits = value.is_some();
    if slot.is_none() {
        *slot = value;
    }
    fits
}

/// The phrases of a list; none where it is no list of short texts.
fn phrases(list: &Node) -> Option<Vec<String>> {
    let items = list.value.as_array()?;
    let phrases = items.iter().map(|item| {
        let words: Vec<&str> = item.as_str()?.split_whitespace().collect();
        let phrase = words.join(" ");
        (!phrase.is_empty() && phrase.len() <= MAX_PHRASE).then_some(phrase)
    });
    let phrases: Option<Vec<String>> = phrases.collect();
    phrases.filter(|phrases| phrases.len() <= MAX_PHRASES)
}

/// What a call counts; none where it is no number within bounds.
fn cost(value: &Value) -> Option<u32> {
    let cost = u32::try_from(value.as_u64()?).ok()?;
    (cost <= MAX_COST).then_some(cost)
}

fn access(text: &str) -> Option<Access> {
    match text {
        "read" => Some(Access::Read),
        "write" => Some(Access::Write),
        _ => None,
    }
}

/// Takes bound arguments away from the caller: wherever the operation sends something of that
/// name, and the one that has it as its argument.
///
/// # Errors
/// Where the operation binds what it does not send: it would be the caller's to choose.
pub(crate) fn bind(
    overrides: &mut Overrides,
    parameters: &mut [Parameter],
    body: &mut Option<RequestBody>,
    arguments: &mut Arguments,
) -> Result<(), Diagnostic> {
    for parameter in parameters {
        parameter.bind = overrides.binding(&parameter.name, &parameter.argument, arguments);
    }
    if let Some(RequestBody {
        content: Content::Properties(properties),
        ..
    }) = body
    {
        for property in properties {
            property.bind = overrides.binding(&property.name, &property.argument, arguments);
        }
    }
    let missed = overrides
        .bind
        .iter()
        .find(|(_, bind)| bind.own && !bind.used);
    match missed {
        None => Ok(()),
        Some((name, bind)) => Err(Diagnostic::error(
            bind.at.as_str(),
            format!("there is no parameter or property `{name}` to bind"),
            "name a parameter, or a property that is beside the parameters in the tool's input",
        )
        .unmatched()),
    }
}

impl Overrides {
    /// What fills something that is sent as `name`; it is no argument then.
    fn binding(
        &mut self,
        name: &str,
        argument: &str,
        arguments: &mut Arguments,
    ) -> Option<Binding> {
        let mut binding = None;
        for (bound, bind) in &mut self.bind {
            if bound == name || bound == argument {
                bind.used = true;
                binding = Some(bind.binding);
            }
        }
        if binding.is_some() {
            arguments.remove(argument);
        }
        binding
    }
}

/// Reports bindings that no operation has an argument for.
pub(crate) fn report_unused(cx: &mut Context, all: &[Overrides]) {
    let binds = || {
        all.iter()
            .filter(|one| !one.hidden)
            .flat_map(|one| &one.bind)
            .filter(|(_, bind)| !bind.own)
    };
    for (argument, bind) in binds() {
        if !binds().any(|(_, other)| other.at == bind.at && other.used) {
            let found = Diagnostic::warning(
                bind.at.as_str(),
                format!("no operation here has a parameter or property `{argument}` to bind"),
                "name a parameter, or a property that is beside the parameters in a tool's input",
            );
            cx.report(found.unmatched());
        }
    }
}

pub(crate) fn title(overrides: &Overrides, operation: &Node, name: &str) -> String {
    let summary = operation
        .text("summary")
        .map(without_comments)
        .filter(|text| !text.is_empty());
    match overrides.title.as_deref().or(summary.as_deref()) {
        Some(title) => shorten(
            &title.split_whitespace().collect::<Vec<_>>().join(" "),
            MAX_TITLE,
        ),
        None => humanise(name),
    }
}

pub(crate) fn description(
    overrides: &Overrides,
    item: &Node,
    operation: &Node,
    source: &Source,
) -> String {
    let deprecated = operation.flag("deprecated") == Some(true);
    let mut parts: Vec<&str> = Vec::new();
    let own = overrides.description.as_deref();
    let (summary, text) = (
        shown(operation, item, "summary"),
        shown(operation, item, "description"),
    );
    if deprecated {
        parts.push("Deprecated: prefer another tool.");
    }
    match (own, summary.as_deref(), text.as_deref()) {
        (Some(text), ..) => parts.push(text),
        (None, Some(summary), Some(description)) => {
            let bare = |text: &str| text.trim_end_matches(['.', '!', '?']).to_lowercase();
            if !bare(description).starts_with(&bare(summary)) {
                parts.push(summary);
            }
            parts.push(description);
        }
        (None, one, other) => parts.extend(one.or(other)),
    }
    let route = format!("{} {}", source.method, source.path);
    if parts.len() == usize::from(deprecated) {
        parts.push(&route);
    }
    let mut phrases = String::new();
    for phrase in overrides.phrases.iter().flatten() {
        let begins = if phrases.is_empty() {
            "\n\nAlso: "
        } else {
            "; "
        };
        phrases.push_str(begins);
        phrases.push_str(phrase);
    }
    shorten(&parts.join("\n\n"), MAX_DESCRIPTION - phrases.len()) + &phrases
}

/// The text of a field of an operation, or else of its path item, without comments.
fn shown(operation: &Node, item: &Node, field: &str) -> Option<String> {
    let text = |node: &Node| {
        let text = node.text(field).map(without_comments);
        text.filter(|text| !text.is_empty())
    };
    text(operation).or_else(|| text(item))
}
