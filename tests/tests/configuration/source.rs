//! The sections of the configuration as their source declares them.

use std::collections::BTreeMap;
use std::path::Path;

use syn::{Attribute, Expr, Fields, GenericArgument, Item, Lit, Meta, PathArguments, Type};

/// Types by name, and environment variables by key.
pub(crate) struct Source {
    tables: BTreeMap<String, Table>,
    choices: BTreeMap<String, Vec<Choice>>,
    pub(crate) environment: BTreeMap<String, String>,
}

/// A struct: one table of the file.
pub(crate) struct Table {
    pub(crate) doc: String,
    pub(crate) keys: Vec<Key>,
}

/// A field.
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

/// A variant of an enum.
pub(crate) struct Choice {
    pub(crate) name: String,
    pub(crate) doc: String,
}

/// What a key holds.
pub(crate) enum Kind {
    /// A value of this Rust type.
    Value(String),
    /// A list of values of this Rust type.
    List(String),
    /// A table whose keys the operator chooses, with values of this Rust type.
    Map(String),
}

impl Source {
    /// Reads `runtime/src/config`, and `log` and `seal`, which declare their own.
    pub(crate) fn read() -> Source {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src/config");
        let mut source = Source {
            tables: BTreeMap::new(),
            choices: BTreeMap::new(),
            environment: BTreeMap::new(),
        };
        let sections = std::fs::read_dir(&folder).unwrap();
        let sections = sections.map(|entry| entry.unwrap().path());
        for path in sections.chain(["../log.rs", "../seal.rs"].map(|file| folder.join(file))) {
            let text = std::fs::read_to_string(&path).unwrap();
            for item in syn::parse_file(&text).unwrap().items {
                source.take(&item);
            }
        }
        source
    }

    /// The table that a type is read from.
    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }

    /// The texts that a type is read from.
    pub(crate) fn choices(&self, name: &str) -> Option<&[Choice]> {
        self.choices.get(name).map(Vec::as_slice)
    }

    fn take(&mut self, item: &Item) {
        match item {
            Item::Struct(item) => {
                let Fields::Named(fields) = &item.fields else {
                    return;
                };
                let is_read = is_derived(&item.attrs, "Deserialize");
                if !is_read || serde_attributes(&item.attrs).contains("try_from") {
                    return;
                }
                let optional = is_default(&item.attrs);
                let keys = fields
                    .named
                    .iter()
                    .filter(|field| !is_skipped(&field.attrs));
                let keys = keys.map(|field| {
                    let (kind, is_option) = kind(&field.ty);
                    Key {
                        name: field.ident.as_ref().unwrap().to_string(),
                        doc: doc(&field.attrs),
                        kind,
                        required: !(optional || is_option || is_default(&field.attrs)),
                    }
                });
                let table = Table {
                    doc: doc(&item.attrs),
                    keys: keys.collect(),
                };
                self.tables.insert(item.ident.to_string(), table);
            }
            Item::Enum(item) if item.variants.iter().all(|it| it.fields.is_empty()) => {
                let variants = item.variants.iter();
                let choices = variants.map(|variant| Choice {
                    name: kebab(&variant.ident.to_string()),
                    doc: doc(&variant.attrs),
                });
                self.choices
                    .insert(item.ident.to_string(), choices.collect());
            }
            Item::Const(item) => {
                let Expr::Lit(value) = &*item.expr else {
                    return;
                };
                if let (Lit::Str(value), true) = (&value.lit, doc(&item.attrs).starts_with('`')) {
                    let key = doc(&item.attrs).trim_matches('`').to_owned();
                    self.environment.insert(key, value.value());
                }
            }
            _ => {}
        }
    }
}

fn kind(ty: &Type) -> (Kind, bool) {
    let (name, arguments) = last(ty);
    match name.as_str() {
        "Option" => (kind(arguments[0]).0, true),
        "Vec" => (Kind::List(last(arguments[0]).0), false),
        "BTreeMap" => (Kind::Map(last(arguments[1]).0), false),
        _ => (Kind::Value(name), false),
    }
}

fn last(ty: &Type) -> (String, Vec<&Type>) {
    let Type::Path(path) = ty else {
        panic!("a type without a name");
    };
    let segment = path.path.segments.last().unwrap();
    let mut types = Vec::new();
    if let PathArguments::AngleBracketed(arguments) = &segment.arguments {
        for argument in &arguments.args {
            if let GenericArgument::Type(ty) = argument {
                types.push(ty);
            }
        }
    }
    (segment.ident.to_string(), types)
}

/// The doc comment as one line for each paragraph.
fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                Expr::Lit(value) => match &value.lit {
                    Lit::Str(text) => Some(text.value().trim().to_owned()),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        });
    lines.collect::<Vec<_>>().join(" ")
}

fn serde_attributes(attributes: &[Attribute]) -> String {
    let serde = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::List(list) if list.path.is_ident("serde") => Some(list.tokens.to_string()),
            _ => None,
        });
    serde.collect::<Vec<_>>().join(", ")
}

/// Whether a type derives a trait.
fn is_derived(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("derive") => list.tokens.to_string().contains(name),
        _ => false,
    })
}

fn is_default(attributes: &[Attribute]) -> bool {
    let serde = serde_attributes(attributes);
    serde.split(',').any(|it| it.trim().starts_with("default"))
}

fn is_skipped(attributes: &[Attribute]) -> bool {
    serde_attributes(attributes).contains("skip")
}

fn kebab(name: &str) -> String {
    let mut text = String::new();
    for (at, letter) in name.char_indices() {
        if letter.is_uppercase() && at > 0 {
            text.push('-');
        }
        text.extend(letter.to_lowercase());
    }
    text
}
