//! Schemas that several places share: what they are called, and which of them are needed.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::follow::follow;
use crate::ir;
use crate::lower::digest::hash;
use crate::openapi::{Document, Node};

/// Which way a value travels, and how it is described: inputs exactly, outputs loosely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    Input,
    /// An input that may be of any schema made from this one, which has a discriminator.
    Variants,
    /// An input that is a part of a composition, and takes what the other parts declare.
    Part,
    Output,
}

/// How many definitions an API has at most: far more than any that is used, and no more than what
/// a machine holds while it writes them down.
pub(crate) const MAX_DEFINITIONS: usize = 50_000;

/// The definitions that have been referred to.
pub(crate) struct Definitions<'d> {
    /// Names of the schemas under `components`, by JSON pointer.
    components: HashMap<String, String>,
    taken: HashSet<String>,
    /// The schemas that are made from another (`allOf`), by the pointer of the other.
    children: HashMap<String, Vec<Node<'d>>>,
    names: HashMap<(String, Direction), String>,
    pub(crate) waiting: Vec<(String, Node<'d>, Direction)>,
    pub(crate) lowered: BTreeMap<String, ir::Schema>,
}

impl<'d> Definitions<'d> {
    pub(crate) fn new(document: &'d Document) -> Self {
        let schemas = document.schemas();
        let (components, taken) = component_names(&schemas);
        Definitions {
            components,
            taken,
            children: children(document, &schemas),
            names: HashMap::new(),
            waiting: Vec::new(),
            lowered: BTreeMap::new(),
        }
    }

    /// Where the schema of a definition is.
    pub(crate) fn place(&self, name: &str) -> Option<&str> {
        let mut names = self.names.iter();
        let found = names.find(|(_, known)| *known == name);
        found.map(|((at, _), _)| at.as_str())
    }

    pub(crate) fn is_known(&self, target: &Node<'d>, direction: Direction) -> bool {
        self.names.contains_key(&(target.at.clone(), direction))
    }

    /// Whether a schema that has not been referred to would be one too many.
    pub(crate) fn is_full(&self, target: &Node<'d>, direction: Direction) -> bool {
        self.names.len() >= MAX_DEFINITIONS && !self.is_known(target, direction)
    }

    pub(crate) fn name(&mut self, target: &Node<'d>, direction: Direction) -> String {
        let key = (target.at.clone(), direction);
        if let Some(name) = self.names.get(&key) {
            return name.clone();
        }
        let base = match self.components.get(&target.at) {
            Some(name) => name.clone(),
            None => format!("{}_{}", last_words(&target.at), hash(&target.at, 8)),
        };
        let name = match direction {
            Direction::Input => base,
            Direction::Variants => format!("{base}_variants"),
            Direction::Part => format!("{base}_part"),
            Direction::Output => format!("{base}_output"),
        };
        // Only a component may bear the name it has in the description.
        let own = direction == Direction::Input && self.components.contains_key(&target.at);
        let name = if !own && self.taken.contains(&name) {
            format!("{name}_{}", hash(&target.at, 16))
        } else {
            name
        };
        self.names.insert(key, name.clone());
        self.waiting.push((name.clone(), target.clone(), direction));
        name
    }

    /// The schemas that are made from the one at `parent`, and from these again, each once; none if
    /// they are more than `most`.
    pub(crate) fn descendants(&self, parent: &Node<'d>, most: usize) -> Option<Vec<Node<'d>>> {
        let mut seen = HashSet::from([parent.at.clone()]);
        let mut found = Vec::new();
        let mut waiting = vec![&parent.at];
        while let Some(at) = waiting.pop() {
            for child in self.children.get(at).into_iter().flatten() {
                if seen.insert(child.at.clone()) {
                    if found.len() == most {
                        return None;
                    }
                    found.push(child.clone());
                    waiting.push(&child.at);
                }
            }
        }
        Some(found)
    }
}

/// Which of the schemas are made from which others.
fn children<'d>(
    document: &'d Document,
    schemas: &[(&'d str, Node<'d>)],
) -> HashMap<String, Vec<Node<'d>>> {
    let mut children: HashMap<String, Vec<Node<'d>>> = HashMap::new();
    for (_, schema) in schemas {
        for part in schema.items("allOf") {
            let parent = part.text("$ref");
            let parent = parent.and_then(|parent| follow(document, parent, &part.at).ok());
            if let Some(parent) = parent {
                children.entry(parent.at).or_default().push(schema.clone());
            }
        }
    }
    children
}

/// A name for each schema under `components`: its own where it can be part of a reference as it
/// is, else what can be kept of it.
fn component_names(schemas: &[(&str, Node)]) -> (HashMap<String, String>, HashSet<String>) {
    let mut wanted: BTreeMap<String, Vec<(&str, &str)>> = BTreeMap::new();
    for (name, node) in schemas {
        wanted
            .entry(sanitise(name))
            .or_default()
            .push((name, &node.at));
    }
    let mut names = HashMap::new();
    let mut taken: HashSet<String> = wanted.keys().cloned().collect();
    for (plain, claims) in wanted {
        let several = claims.len() > 1;
        for (name, at) in claims {
            let own = if several && name != plain {
                format!("{plain}_{}", hash(name, 16))
            } else {
                plain.clone()
            };
            taken.insert(own.clone());
            names.insert(at.to_owned(), own);
        }
    }
    (names, taken)
}

fn sanitise(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if name.is_empty() {
        return "schema".to_owned();
    }
    name.chars()
        .map(|c| if fits(c) { c } else { '_' })
        .collect()
}

/// Something readable from the end of a pointer.
fn last_words(pointer: &str) -> String {
    let tokens: Vec<&str> = pointer.rsplit('/').take(3).collect();
    let words: Vec<String> = tokens
        .into_iter()
        .rev()
        .filter(|token| {
            !matches!(
                *token,
                "properties" | "schemas" | "items" | "schema" | "$defs"
            )
        })
        .map(sanitise)
        .collect();
    if words.is_empty() {
        "schema".to_owned()
    } else {
        words.join("_")
    }
}
