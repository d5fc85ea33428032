//! Pages as a browser reads them, for tests.

use std::rc::Rc;

use html5ever::tendril::TendrilSink as _;
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// A parsed page.
pub(crate) struct Document {
    root: Handle,
    /// What the parser had to overlook.
    pub(crate) errors: Vec<String>,
}

/// One element.
#[derive(Clone)]
pub(crate) struct Element(Handle);

impl PartialEq for Element {
    fn eq(&self, other: &Element) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Document {
    pub(crate) fn parse(html: &str) -> Document {
        let dom = html5ever::parse_document(RcDom::default(), Default::default()).one(html);
        let errors = dom
            .errors
            .borrow()
            .iter()
            .map(ToString::to_string)
            .collect();
        Document {
            root: dom.document,
            errors,
        }
    }

    /// Every element that matches, in document order: see [`Element::is`].
    pub(crate) fn all(&self, selector: &str) -> Vec<Element> {
        let mut found = Vec::new();
        walk(&self.root, &mut |element| {
            if element.is(selector) {
                found.push(element);
            }
        });
        found
    }

    /// The text of the whole page.
    pub(crate) fn text(&self) -> String {
        Element(self.root.clone()).text()
    }
}

impl Element {
    /// Whether one of the alternatives that `selector` separates by `, ` fits: a name (or nothing),
    /// then any number of `.class`, then any number of `[attribute]` or `[attribute=value]`.
    pub(crate) fn is(&self, selector: &str) -> bool {
        selector.split(", ").any(|alternative| {
            let (head, conditions) = match alternative.split_once('[') {
                Some((head, conditions)) => (head, conditions.trim_end_matches(']')),
                None => (alternative, ""),
            };
            let mut words = head.split('.');
            let name = words.next().unwrap_or_default();
            let classes = self.attr("class").unwrap_or_default();
            (name.is_empty() || name == self.name())
                && words.all(|class| classes.split_whitespace().any(|own| own == class))
                && conditions
                    .split("][")
                    .filter(|one| !one.is_empty())
                    .all(|one| match one.split_once('=') {
                        Some((name, value)) => self.attr(name).as_deref() == Some(value),
                        None => self.attr(one).is_some(),
                    })
        })
    }

    /// Every element below this one that matches.
    pub(crate) fn all(&self, selector: &str) -> Vec<Element> {
        let mut found = Vec::new();
        for child in self.0.children.borrow().iter() {
            walk(child, &mut |element| {
                if element.is(selector) {
                    found.push(element);
                }
            });
        }
        found
    }

    pub(crate) fn name(&self) -> String {
        match &self.0.data {
            NodeData::Element { name, .. } => name.local.to_string(),
            _ => String::new(),
        }
    }

    pub(crate) fn attributes(&self) -> Vec<(String, String)> {
        match &self.0.data {
            NodeData::Element { attrs, .. } => attrs
                .borrow()
                .iter()
                .map(|attribute| {
                    (
                        attribute.name.local.to_string(),
                        attribute.value.to_string(),
                    )
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn attr(&self, name: &str) -> Option<String> {
        let found = self.attributes().into_iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value)
    }

    /// Its text and that of all below it, with single blanks.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        collect_text(&self.0, &mut text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn walk(node: &Handle, visit: &mut dyn FnMut(Element)) {
    if matches!(node.data, NodeData::Element { .. }) {
        visit(Element(node.clone()));
    }
    for child in node.children.borrow().iter() {
        walk(child, visit);
    }
}

fn collect_text(node: &Handle, text: &mut String) {
    if let NodeData::Text { contents } = &node.data {
        text.push_str(&contents.borrow());
    }
    for child in node.children.borrow().iter() {
        collect_text(child, text);
    }
}
