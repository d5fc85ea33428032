//! The walk from object to object.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::kind::{Kind, Reference, Shape};
use super::request::{Body, Parameter, Parameters, Request, Security, alternatives};
use super::shell::{self, Rejection};
use super::{Count, Operation, Verdict, wording};
use crate::diagnostic::Diagnostic;
use crate::openapi::{Document, Node};

/// The address of an object, which distinguishes it from all others.
type Address = *const Value;

pub(super) struct Reader<'d> {
    document: &'d Document,
    /// Whether to look at what no operation needs to be requested.
    whole: bool,
    rejections: Vec<Diagnostic>,
    /// What is rejected in objects that several others can lead to.
    followed: HashMap<(Kind, Address), Rc<[usize]>>,
    items: HashMap<Address, Arc<Item>>,
    referred: HashMap<Address, Arc<Read>>,
    /// What the description requires of operations that say nothing themselves.
    security: Arc<Security>,
    /// Objects that are judged by themselves, and those of them that have been.
    shared: Vec<(Kind, Node<'d>)>,
    noted: HashSet<(Kind, Address)>,
    /// Schemas that were looked at.
    schemas: HashSet<Address>,
}

/// A path item, which several paths can lead to.
struct Item {
    rejections: Vec<usize>,
    parameters: Arc<Parameters>,
    /// Method, pointer, and what is in it.
    operations: Vec<(String, String, Arc<Read>)>,
}

/// An operation, which several methods can lead to.
struct Read {
    rejections: Vec<usize>,
    request: Arc<Request>,
}

impl<'d> Reader<'d> {
    pub(super) fn new(document: &'d Document, whole: bool) -> Self {
        Reader {
            document,
            whole,
            rejections: Vec::new(),
            followed: HashMap::new(),
            items: HashMap::new(),
            referred: HashMap::new(),
            security: Arc::default(),
            shared: Vec::new(),
            noted: HashSet::new(),
            schemas: HashSet::new(),
        }
    }

    pub(super) fn check(mut self) -> Verdict {
        self.description();
        let operations = self.operations_of_paths();
        let charged = operations.iter().flat_map(|one| &one.rejections);
        let charged = charged.collect::<HashSet<_>>().len();
        let itself = usize::from(self.rejections.len() > charged);
        let (schemas, parts) = self.shared();
        let mut verdict = Verdict {
            operations,
            schemas,
            parts: parts + itself,
            rejections: self.rejections,
        };
        self.document.locate(&mut verdict.rejections);
        verdict.sort();
        verdict
    }

    pub(super) fn operations(mut self) -> Vec<Operation> {
        self.operations_of_paths()
    }

    /// Looks at the description itself and notes what its components share.
    fn description(&mut self) {
        let root = self.document.root();
        self.rejected(Kind::Description, &itself(&root), &root.at);
        for (kind, part) in children(Kind::Description, &root) {
            if matches!(kind, Kind::Info | Kind::Server | Kind::Tag) {
                self.object(kind, Kind::Description, part, &mut Vec::new());
            }
        }
        if let Some(components) = root.get("components") {
            self.rejected(Kind::Components, components.value, &components.at);
            for (kind, part) in children(Kind::Components, &components) {
                self.note(kind, part);
            }
        }
        // Swagger 2.0 keeps its schemas where they are.
        for (_, schema) in root.members("definitions") {
            self.note(Kind::Schema, schema);
        }
    }

    fn operations_of_paths(&mut self) -> Vec<Operation> {
        let root = self.document.root();
        let description = shell::read::<openapiv3::OpenAPI>(Kind::Description, &itself(&root));
        let security = description.map(|found| found.security.unwrap_or_default());
        self.security = Arc::new(security.as_deref().map(alternatives));
        let Some(paths) = root.get("paths") else {
            return Vec::new();
        };
        self.rejected(Kind::Paths, paths.value, &paths.at);
        let seen = shell::read::<openapiv3::Paths>(Kind::Paths, paths.value).unwrap_or_default();
        let mut operations = Vec::new();
        for (path, item) in paths.entries() {
            if path.starts_with("x-") {
                continue;
            }
            let mut around = Vec::new();
            if !seen.paths.contains_key(path) {
                around.push(self.reject(wording::unseen_path(&item.at, path)));
            }
            let Some(item) = self.target(item, &mut around) else {
                continue;
            };
            let item = self.path_item(&item);
            charge(&mut around, &item.rejections);
            for (method, pointer, operation) in &item.operations {
                let mut rejections = around.clone();
                charge(&mut rejections, &operation.rejections);
                operations.push(Operation {
                    method: method.clone(),
                    path: path.to_owned(),
                    pointer: pointer.clone(),
                    rejections,
                    around: Arc::clone(&item.parameters),
                    request: Arc::clone(&operation.request),
                });
            }
        }
        operations
    }

    /// Looks at a path item and its operations, once.
    fn path_item(&mut self, item: &Node<'d>) -> Arc<Item> {
        if let Some(known) = self.items.get(&address(item)) {
            return Arc::clone(known);
        }
        let mut rejections = self.rejected(Kind::PathItem, item.value, &item.at);
        let parameters = self.parameters(Kind::PathItem, item, &mut rejections);
        for (kind, part) in children(Kind::PathItem, item) {
            if kind == Kind::Server {
                self.object(kind, Kind::PathItem, part, &mut rejections);
            }
        }
        let operations = methods(item.value).into_iter().filter_map(|method| {
            let node = item.get(&method)?;
            let pointer = node.at.clone();
            Some((method.to_ascii_uppercase(), pointer, self.operation(&node)))
        });
        let operations = operations.collect();
        let found = Arc::new(Item {
            rejections,
            parameters: Arc::new(parameters),
            operations,
        });
        self.items.insert(address(item), Arc::clone(&found));
        found
    }

    /// Looks at an operation, and at what references in place of one lead to, once.
    fn operation(&mut self, node: &Node<'d>) -> Arc<Read> {
        if node.text("$ref").is_none() {
            return Arc::new(self.own_operation(node));
        }
        // Not by the specification, but widely done in descriptions of many files.
        let mut rejections = vec![self.reject(wording::reference(&node.at, Kind::Operation))];
        let Some(target) = self.target(node.clone(), &mut rejections) else {
            // The reference leads nowhere, so the operation is what is written beside it.
            let own = self.own_operation(node);
            charge(&mut rejections, &own.rejections);
            return Arc::new(Read {
                rejections,
                request: own.request,
            });
        };
        let known = self.referred.get(&address(&target)).cloned();
        let found = known.unwrap_or_else(|| Arc::new(self.own_operation(&target)));
        self.referred.insert(address(&target), Arc::clone(&found));
        charge(&mut rejections, &found.rejections);
        Arc::new(Read {
            rejections,
            request: Arc::clone(&found.request),
        })
    }

    fn own_operation(&mut self, node: &Node<'d>) -> Read {
        let mut rejections = self.rejected(Kind::Operation, node.value, &node.at);
        let operation = shell::read::<openapiv3::Operation>(Kind::Operation, node.value);
        let parameters = self.parameters(Kind::Operation, node, &mut rejections);
        let body = match node.get("requestBody") {
            None => Body::Absent,
            Some(body) => self
                .follow(Kind::RequestBody, body, &mut rejections)
                .and_then(|body| shell::read(Kind::RequestBody, body.value))
                .map_or(Body::Rejected, Body::new),
        };
        for (kind, part) in children(Kind::Operation, node) {
            // Parameters and body were looked at.
            if matches!(kind, Kind::Responses | Kind::Server | Kind::Callback) && self.whole {
                self.object(kind, Kind::Operation, part, &mut rejections);
            }
        }
        let security = match operation {
            Some(operation) => match operation.security {
                Some(own) => Arc::new(Some(alternatives(&own))),
                None => Arc::clone(&self.security),
            },
            None => Arc::default(),
        };
        Read {
            rejections,
            request: Arc::new(Request {
                parameters,
                body,
                security,
            }),
        }
    }

    /// The parameters of an operation or path item.
    fn parameters(
        &mut self,
        around: Kind,
        node: &Node<'d>,
        rejections: &mut Vec<usize>,
    ) -> Parameters {
        let mut parameters = Parameters::default();
        for (kind, parameter) in children(around, node) {
            if kind != Kind::Parameter {
                continue;
            }
            let Some(found) = self.follow(kind, parameter, rejections) else {
                continue;
            };
            match shell::read(kind, found.value) {
                Some(read) => parameters.read.push(Parameter::new(read, found.at)),
                None => {
                    let text = |field: &str| found.text(field).unwrap_or_default().to_owned();
                    parameters.rejected.push((text("name"), text("in")));
                }
            }
        }
        parameters
    }

    /// Looks at an object that several others may lead to, once. Returns where a reference led.
    fn follow(
        &mut self,
        kind: Kind,
        node: Node<'d>,
        rejections: &mut Vec<usize>,
    ) -> Option<Node<'d>> {
        let node = self.target(node, rejections)?;
        let known = self.followed.get(&(kind, address(&node))).cloned();
        let found = known.unwrap_or_else(|| {
            let mut found = Vec::new();
            self.parts(kind, &node, &mut found);
            let found: Rc<[usize]> = found.into();
            self.followed
                .insert((kind, address(&node)), Rc::clone(&found));
            found
        });
        charge(rejections, &found);
        Some(node)
    }

    /// Looks at an object and those in it. One that references lead to is looked at elsewhere.
    fn object(&mut self, kind: Kind, around: Kind, node: Node<'d>, rejections: &mut Vec<usize>) {
        let refers = node.text("$ref").is_some();
        match kind.reference(around) {
            Reference::Followed => {
                self.follow(kind, node, rejections);
            }
            Reference::Shared if refers => {
                if let Ok(target) = self.document.resolve(node) {
                    self.note(kind, target);
                }
            }
            Reference::Shared | Reference::Absent => self.parts(kind, &node, rejections),
        }
    }

    fn parts(&mut self, kind: Kind, node: &Node<'d>, rejections: &mut Vec<usize>) {
        if kind == Kind::Schema && !(self.whole && self.schemas.insert(address(node))) {
            return;
        }
        rejections.extend(self.rejected(kind, node.value, &node.at));
        for (inner, part) in children(kind, node) {
            self.object(inner, kind, part, rejections);
        }
    }

    /// Notes an object that is to be judged by itself.
    fn note(&mut self, kind: Kind, node: Node<'d>) {
        if self.whole && self.noted.insert((kind, address(&node))) {
            self.shared.push((kind, node));
        }
    }

    /// Judges all that was noted: the schemas, and how many other parts are rejected.
    fn shared(&mut self) -> (Count, usize) {
        let (mut schemas, mut parts) = (Count::default(), 0);
        while let Some((kind, node)) = self.shared.pop() {
            let mut found = Vec::new();
            self.object(kind, Kind::Components, node, &mut found);
            let is_rejected = usize::from(!found.is_empty());
            if kind == Kind::Schema {
                schemas.read += 1;
                schemas.rejected += is_rejected;
            } else {
                parts += is_rejected;
            }
        }
        (schemas, parts)
    }

    /// Where a reference leads, if the object is one.
    fn target(&mut self, node: Node<'d>, rejections: &mut Vec<usize>) -> Option<Node<'d>> {
        match self.document.resolve(node) {
            Ok(node) => Some(node),
            Err(found) => {
                rejections.push(self.reject(found));
                None
            }
        }
    }

    fn rejected(&mut self, kind: Kind, value: &Value, at: &str) -> Vec<usize> {
        let reject = |rejection: Rejection| {
            let diagnostic = wording::rejection(kind, at, rejection);
            self.reject(diagnostic)
        };
        shell::rejections(kind, value)
            .into_iter()
            .map(reject)
            .collect()
    }

    fn reject(&mut self, diagnostic: Diagnostic) -> usize {
        self.rejections.push(diagnostic);
        self.rejections.len() - 1
    }
}

/// How many reasons an object keeps for its rejection. What many lead to would be kept by each.
const MAX_REASONS: usize = 100;

/// Adds to what is rejected in an object what is rejected in a part of it.
fn charge(rejections: &mut Vec<usize>, part: &[usize]) {
    let room = MAX_REASONS.saturating_sub(rejections.len());
    rejections.extend(part.iter().take(room));
}

/// The methods of a path item; where openapiv3 rejects the item, those that it would know.
fn methods(item: &Value) -> Vec<String> {
    if let Some(seen) = shell::read::<openapiv3::PathItem>(Kind::PathItem, item) {
        return seen.iter().map(|(method, _)| method.to_owned()).collect();
    }
    let fields = Kind::PathItem.fields().iter();
    let methods = fields.filter(|(_, _, kind)| *kind == Kind::Operation);
    methods.map(|(method, _, _)| (*method).to_owned()).collect()
}

fn address(node: &Node) -> Address {
    std::ptr::from_ref(node.value)
}

/// The description itself. One of Swagger 2.0 that was brought into the shape of 3.0 does not say so.
fn itself<'d>(root: &Node<'d>) -> Cow<'d, Value> {
    match root.object() {
        Some(members) if !members.contains_key("openapi") => {
            let shared = ["info", "servers", "security", "tags", "externalDocs"];
            let shared = shared
                .iter()
                .filter_map(|field| members.get_key_value(*field));
            let shared = shared.map(|(name, value)| (name.clone(), value.clone()));
            let mut itself: Map<String, Value> = shared.collect();
            itself.insert("openapi".to_owned(), json!("3.0.4"));
            itself.insert("paths".to_owned(), json!({}));
            Cow::Owned(Value::Object(itself))
        }
        _ => Cow::Borrowed(root.value),
    }
}

/// The objects in an object, each with what it is.
fn children<'d>(kind: Kind, node: &Node<'d>) -> Vec<(Kind, Node<'d>)> {
    if let Some(member) = kind.members() {
        let members = node.entries().into_iter();
        return members
            .filter(|(name, _)| !name.starts_with("x-"))
            // `default` of the Responses Object, which need not be there.
            .filter(|(name, node)| *name != "default" || !node.value.is_null())
            .map(|(_, node)| (member, node))
            .collect();
    }
    let mut found = Vec::new();
    for (field, shape, kind) in kind.fields() {
        let Some(value) = node.get(field) else {
            continue;
        };
        let parts = match shape {
            Shape::One => vec![value],
            Shape::OneOrFlag if value.value.is_boolean() => Vec::new(),
            Shape::OneOrFlag => vec![value],
            Shape::List => node.items(field),
            Shape::Map => value.entries().into_iter().map(|(_, one)| one).collect(),
        };
        found.extend(parts.into_iter().map(|part| (*kind, part)));
    }
    found
}
