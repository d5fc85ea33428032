//! Writes an [`ir::Api`] out as the files of a crate. Every decision has been taken by then;
//! nothing here looks at OpenAPI.

mod constant;
mod identifier;
mod inputs;
mod json;
mod layout;
mod library;
mod names;
mod package;
mod schemas;
mod text;
mod tokens;
mod tools;
mod tree;

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use thiserror::Error;

pub use package::{Package, Runtime};
pub use tree::NoTree;

use crate::ir;
use names::{Names, Tool};

/// One file of a generated crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path in the crate, its parts separated by `/`.
    pub path: String,
    /// All of its text.
    pub contents: String,
    /// Who decides about it once it exists.
    pub owner: Owner,
}

/// Who decides about a file once it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The generator: written anew each time.
    Generator,
    /// A person: created where it is absent, then left alone.
    Person,
    /// A person: created once, even if it is moved or removed later.
    Once,
    /// Cargo: as a person's, but written anew when [`Record::lock`](crate::record::Record::lock)
    /// changes.
    Cargo,
}

/// Why a crate could not be written out. Every case is a defect of the generator.
#[derive(Debug, Error)]
pub enum EmitError {
    /// The code of a file is not Rust.
    #[error("{path}: the code made for it is not valid Rust: {source}")]
    Code {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: syn::Error,
    },
    /// A value of the model is of a kind that has no constant.
    #[error("{path}: {source}")]
    Value {
        /// The file.
        path: String,
        /// What it is.
        source: NoTree,
    },
    /// A template of a file failed.
    #[error("{path}: {source}")]
    Template {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: minijinja::Error,
    },
}

/// The files of the crate for `api`, sorted by path.
///
/// The same `api` and `package` produce the same bytes.
///
/// # Errors
/// None that a description could cause; see [`EmitError`].
pub fn emit(api: &ir::Api, package: &Package) -> Result<Vec<File>, EmitError> {
    let names = Names::new(api);
    let mut modules = vec![Module::Library, Module::Tools, Module::Inputs];
    if !api.definitions.is_empty() {
        modules.push(Module::Schemas);
    }
    for (name, tools) in &names.modules {
        modules.push(Module::ToolsOf(name, tools));
        if tools::has_json(tools) {
            modules.push(Module::JsonOf(name, tools));
        }
        modules.push(Module::InputsOf(name, tools));
    }
    let mut files = package.files(api)?;
    files.extend(in_parallel(&modules, |module| {
        module.emit(api, &names, package)
    })?);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// One module of the crate.
enum Module<'a> {
    Library,
    Schemas,
    Tools,
    ToolsOf(&'a str, &'a [Tool<'a>]),
    JsonOf(&'a str, &'a [Tool<'a>]),
    Inputs,
    InputsOf(&'a str, &'a [Tool<'a>]),
}

impl Module<'_> {
    fn path(&self) -> String {
        match self {
            Module::Library => "src/lib.rs".to_owned(),
            Module::Schemas => "src/schemas.rs".to_owned(),
            Module::Tools => "src/tools/mod.rs".to_owned(),
            Module::ToolsOf(name, _) => format!("src/tools/{name}.rs"),
            Module::JsonOf(name, _) => format!("src/tools/{name}/json.rs"),
            Module::Inputs => "src/inputs/mod.rs".to_owned(),
            Module::InputsOf(name, _) => format!("src/inputs/{name}.rs"),
        }
    }

    fn emit(&self, api: &ir::Api, names: &Names, package: &Package) -> Result<File, EmitError> {
        let path = self.path();
        let code = match self {
            Module::Library => library::root(api, &package.name),
            Module::Schemas => Ok(schemas::module(api, names)),
            Module::Tools => Ok(tools::root(names)),
            Module::ToolsOf(_, tools) => tools::module(tools),
            Module::JsonOf(name, tools) => Ok(tools::json(name, tools, names)),
            Module::Inputs => Ok(inputs::root(names)),
            Module::InputsOf(name, tools) => Ok(inputs::module(name, tools)),
        };
        let vocabulary = match self {
            Module::InputsOf(..) => inputs::VOCABULARY,
            _ => tools::VOCABULARY,
        };
        let code = match code {
            Ok(code) => code,
            Err(source) => return Err(EmitError::Value { path, source }),
        };
        match layout::file(code, vocabulary) {
            Ok(code) => Ok(File {
                contents: format!("// {}\n\n{code}", package.header()),
                path,
                owner: Owner::Generator,
            }),
            Err(source) => Err(EmitError::Code { path, source }),
        }
    }
}

/// How many modules are worth a thread.
const MODULES_OF_A_THREAD: usize = 32;

/// Emits modules on all processors, in any order.
fn in_parallel<M: Sync>(
    modules: &[M],
    emit: impl Fn(&M) -> Result<File, EmitError> + Sync,
) -> Result<Vec<File>, EmitError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut files = Vec::new();
        while let Some(module) = modules.get(next.fetch_add(1, Ordering::Relaxed)) {
            files.push(emit(module));
        }
        files
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let worth = modules.len().div_ceil(MODULES_OF_A_THREAD);
    thread::scope(|scope| {
        let workers: Vec<_> = (1..processors.min(worth))
            .map(|_| scope.spawn(work))
            .collect();
        let mut files = work();
        for worker in workers {
            match worker.join() {
                Ok(more) => files.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        files.into_iter().collect()
    })
}
