//! The imports of a crate, read from its source.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, Meta, UseTree};
use tests::harness::requirement::repository;

/// A path of names, below the crate.
type Segments = Vec<String>;

/// One file of a crate.
#[derive(Debug, Default)]
struct File {
    /// `oauth/token.rs`.
    name: String,
    lines: usize,
    /// Paths into this crate that it uses, and a line of each.
    own: BTreeMap<Segments, usize>,
    /// Other crates that it uses, and a line of each.
    foreign: BTreeMap<String, usize>,
    /// What it exports from elsewhere: the name, and the path behind it.
    exports: BTreeMap<String, Segments>,
    /// Its child modules that exist in tests only.
    tests: Vec<Segments>,
    functions: Vec<(String, usize)>,
}

/// The files of a crate, by module path.
#[derive(Debug)]
pub(crate) struct Crate {
    directory: &'static str,
    files: BTreeMap<Segments, File>,
}

impl Crate {
    /// Reads the crate in this directory of the repository.
    pub(crate) fn read(directory: &'static str) -> Crate {
        let source = repository().join(directory).join("src");
        let mut files = BTreeMap::new();
        read_directory(&source, &source, &mut files);
        let roots = files.keys().filter_map(|path| path.first().cloned());
        let roots: BTreeSet<String> = roots.collect();
        let tests = files.values().flat_map(|file| file.tests.clone());
        let tests: Vec<Segments> = tests.collect();
        for (path, file) in &mut files {
            file.foreign.retain(|name, _| !roots.contains(name));
            if tests.iter().any(|test| path.starts_with(test)) {
                file.own.clear();
                file.foreign.clear();
            }
        }
        Crate { directory, files }
    }

    /// The modules directly below the crate.
    pub(crate) fn modules(&self) -> BTreeSet<String> {
        let modules = self.files.keys().filter_map(|path| path.first().cloned());
        modules.collect()
    }

    /// Imports from one module into another, each with a place.
    pub(crate) fn module_imports(&self) -> Vec<(String, String, String)> {
        let modules = self.modules();
        let mut found = Vec::new();
        for (path, file) in &self.files {
            let Some(from) = path.first() else {
                continue;
            };
            for (to, line) in &file.own {
                let to = to.first().filter(|to| modules.contains(*to));
                if let Some(to) = to.filter(|to| *to != from) {
                    found.push((from.clone(), to.clone(), self.place(file, *line)));
                }
            }
        }
        found
    }

    /// Uses of other crates: the module, the crate, a place.
    pub(crate) fn library_imports(&self) -> Vec<(String, String, String)> {
        let mut found = Vec::new();
        for (path, file) in &self.files {
            let module = path.first().cloned().unwrap_or_default();
            for (library, line) in &file.foreign {
                found.push((module.clone(), library.clone(), self.place(file, *line)));
            }
        }
        found
    }

    /// Imports from one file of a module into another one of it. A name that a file exports from
    /// another one is imported from that other one.
    pub(crate) fn file_imports(&self, module: &str) -> Vec<(String, String)> {
        let is_of_module = |path: &Segments| path.first().is_some_and(|it| it == module);
        let mut found = Vec::new();
        for (_, file) in self.files.iter().filter(|(path, _)| is_of_module(path)) {
            let targets = file.own.keys().filter_map(|to| self.file_of(to, 0));
            for target in targets.filter(is_of_module) {
                let target = &self.files[&target].name;
                if *target != file.name {
                    found.push((file.name.clone(), target.clone()));
                }
            }
        }
        found
    }

    /// The file that defines what a path names.
    fn file_of(&self, path: &[String], depth: usize) -> Option<Segments> {
        let mut lengths = (1..=path.len()).rev();
        let known = lengths.find(|length| self.files.contains_key(&path[..*length]))?;
        let file = &self.files[&path[..known]];
        let exported = path.get(known).and_then(|name| file.exports.get(name));
        match exported {
            Some(behind) if depth < 8 => self.file_of(behind, depth + 1),
            _ => Some(path[..known].to_vec()),
        }
    }

    /// Files and their lines.
    pub(crate) fn file_lines(&self) -> Vec<(String, usize)> {
        let files = self.files.values();
        files.map(|file| (self.path(file), file.lines)).collect()
    }

    /// Functions and their lines.
    pub(crate) fn function_lines(&self) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        for file in self.files.values() {
            for (function, lines) in &file.functions {
                found.push((format!("{}: {function}", self.path(file)), *lines));
            }
        }
        found
    }

    fn path(&self, file: &File) -> String {
        format!("{}/src/{}", self.directory, file.name)
    }

    fn place(&self, file: &File, line: usize) -> String {
        format!("{}:{line}", self.path(file))
    }
}

fn read_directory(root: &Path, directory: &Path, files: &mut BTreeMap<Segments, File>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_directory(root, &path, files);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            let parts = name.trim_end_matches(".rs").split('/');
            let mut module: Segments = parts.map(str::to_owned).collect();
            if matches!(
                module.last().map(String::as_str),
                Some("mod" | "lib" | "main")
            ) {
                module.pop();
            }
            let text = fs::read_to_string(&path).unwrap();
            let file = File {
                name: name.to_owned(),
                lines: text.lines().count(),
                ..File::default()
            };
            let syntax = syn::parse_file(&text).unwrap();
            let children = syntax.items.iter().filter_map(|item| match item {
                Item::Mod(child) if child.content.is_none() => Some(child.ident.to_string()),
                _ => None,
            });
            let children = children.collect();
            let mut reader = Reader {
                module,
                children,
                file,
            };
            reader.visit_file(&syntax);
            files.insert(reader.module, reader.file);
        }
    }
}

struct Reader {
    /// The module that is read.
    module: Segments,
    /// The modules that its file declares.
    children: Vec<String>,
    file: File,
}

impl Reader {
    /// Notes that a path is used.
    fn note(&mut self, path: &[String], span: Span) {
        let line = span.start().line;
        match path.first().map(String::as_str) {
            Some("crate" | "self" | "super") => {
                let absolute = self.absolute(path);
                self.file.own.entry(absolute).or_insert(line);
            }
            Some(first) if self.children.iter().any(|child| child == first) => {
                let absolute = [&self.module, path].concat();
                self.file.own.entry(absolute).or_insert(line);
            }
            Some(first) if path.len() > 1 => {
                self.file.foreign.entry(first.to_owned()).or_insert(line);
            }
            _ => {}
        }
    }

    /// The path below the crate. One that begins with a name is that of a child.
    fn absolute(&self, path: &[String]) -> Segments {
        match path.first().map(String::as_str) {
            Some("crate") => path[1..].to_vec(),
            Some("self") => [&self.module, &path[1..]].concat(),
            _ => {
                let ups = path.iter().take_while(|it| *it == "super").count();
                let kept = self.module.len().saturating_sub(ups);
                [&self.module[..kept], &path[ups..]].concat()
            }
        }
    }

    fn tree(&mut self, tree: &UseTree, prefix: &[String], exported: bool) {
        let joined = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.tree(&path.tree, &joined(&path.ident), exported),
            UseTree::Group(group) => {
                for item in &group.items {
                    self.tree(item, prefix, exported);
                }
            }
            UseTree::Name(name) => self.leaf(&joined(&name.ident), &name.ident, exported),
            UseTree::Rename(rename) => self.leaf(&joined(&rename.ident), &rename.rename, exported),
            UseTree::Glob(glob) => self.note(prefix, glob.span()),
        }
    }

    fn leaf(&mut self, path: &[String], name: &syn::Ident, exported: bool) {
        if exported {
            let behind = self.absolute(path);
            self.file.exports.insert(name.to_string(), behind);
        } else {
            self.note(path, name.span());
        }
    }

    fn function(&mut self, name: &syn::Ident, span: Span) {
        let lines = span.end().line + 1 - span.start().line;
        self.file.functions.push((name.to_string(), lines));
    }
}

/// Whether an item exists in tests only, or in the gallery of pages.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            condition.contains("test") && !condition.contains("not")
        }
        _ => false,
    })
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Fn(it) => &it.attrs,
            Item::Impl(it) => &it.attrs,
            Item::Mod(it) => &it.attrs,
            Item::Use(it) => &it.attrs,
            Item::Struct(it) => &it.attrs,
            Item::Enum(it) => &it.attrs,
            Item::Const(it) => &it.attrs,
            Item::Trait(it) => &it.attrs,
            _ => &Vec::new(),
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        } else if let Item::Mod(module) = item {
            let child = [&self.module[..], &[module.ident.to_string()]].concat();
            self.file.tests.push(child);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let exported = !matches!(item.vis, syn::Visibility::Inherited);
        self.tree(&item.tree, &[], exported);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        // A module in the same file: its `super` is the file.
        if item.content.is_some() {
            self.module.push(item.ident.to_string());
            visit::visit_item_mod(self, item);
            self.module.pop();
        }
    }

    /// A restricted visibility, as `pub(super)`, imports nothing.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|it| it.ident.to_string());
        self.note(&segments.collect::<Segments>(), path.span());
        visit::visit_path(self, path);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.function(&function.sig.ident, function.span());
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.function(&function.sig.ident, function.span());
        visit::visit_impl_item_fn(self, function);
    }
}
