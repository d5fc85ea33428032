//! `--vendor`: the runtime in a directory of the generated crate, so that the crate builds wherever
//! it is copied to, with the versions that the runtime was tested with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use thiserror::Error;
use toml::{Table, Value};

use crate::runtime::PACKAGE;

/// Where the runtime is in the crate.
pub(crate) const DIRECTORY: &str = "vendor/drawbridge-runtime";
/// The most that is copied.
const MAX_BYTES: usize = 64 << 20;
/// Parts of a package that its dependants do not build.
const LEFT_OUT: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "benches",
    "examples",
    "proptest-regressions",
    "target",
    "tests",
];

/// A copy of the runtime.
#[derive(Clone, Debug, Default)]
pub struct Vendored {
    /// The files by their paths in the crate.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The settings of the runtime's workspace for builds, as a part of a manifest.
    pub profiles: String,
    /// The versions that the runtime was tested with, as a `Cargo.lock`, with the place of the crate
    /// left open.
    lock: Option<Lock>,
}

/// The packages of a lock file.
#[derive(Clone, Debug)]
struct Lock {
    version: i64,
    packages: Vec<Table>,
}

/// Why the runtime cannot be copied.
#[derive(Debug, Error)]
pub enum VendorError {
    /// A file cannot be read.
    #[error("--vendor: {path}: cannot be read: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A manifest has something that cannot be resolved.
    #[error("--vendor: {path}: {message}")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// There is more than a runtime.
    #[error("--vendor: {0}: holds more than {mebibytes} MiB; remove what is not the runtime's", mebibytes = MAX_BYTES >> 20)]
    TooLarge(PathBuf),
    /// The runtime is in a git repository.
    #[error("--vendor: copies a directory; name one with --runtime, or leave --vendor out")]
    Git,
}

/// Copies the runtime in `directory`; `workspace` is the root of the workspace that it belongs to.
///
/// # Errors
/// See [`VendorError`].
pub(crate) fn vendor(directory: &Path, workspace: Option<&Path>) -> Result<Vendored, VendorError> {
    let path = directory.join("Cargo.toml");
    let own = manifest(&path)?;
    let root = workspace.unwrap_or(directory);
    let around = match workspace {
        Some(root) => manifest(&root.join("Cargo.toml"))?,
        None => Table::new(),
    };
    let standalone = standalone(own, &around).map_err(|message| VendorError::Manifest {
        path: path.clone(),
        message,
    })?;
    let lock = lock(&root.join("Cargo.lock"), &standalone)?;
    let mut files = BTreeMap::new();
    let mut left = MAX_BYTES;
    collect(directory, directory, &mut files, &mut left)?;
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        if let Ok(text) = fs::read(root.join(name)) {
            files.insert(format!("{DIRECTORY}/{name}"), text);
        }
    }
    let text = toml::to_string(&standalone).map_err(|error| VendorError::Manifest {
        path,
        message: error.to_string(),
    })?;
    let header = "# The runtime of this crate, copied by the generator.\n\n";
    files.insert(
        format!("{DIRECTORY}/Cargo.toml"),
        format!("{header}{text}").into_bytes(),
    );
    let profiles = around.get("profile").map(|profile| {
        let table = Table::from_iter([("profile".to_owned(), profile.clone())]);
        toml::to_string(&table).unwrap_or_default()
    });
    Ok(Vendored {
        files,
        profiles: profiles.unwrap_or_default(),
        lock,
    })
}

impl Vendored {
    /// The `Cargo.lock` of the crate `package`, if the runtime has one.
    pub(crate) fn lock(&self, package: &str) -> Option<String> {
        let lock = self.lock.as_ref()?;
        let dependencies = Value::from(vec![PACKAGE.to_owned()]);
        let own = Table::from_iter([
            ("name".to_owned(), Value::from(package)),
            ("version".to_owned(), Value::from("0.1.0")),
            ("dependencies".to_owned(), dependencies),
        ]);
        let mut packages = lock.packages.clone();
        packages.push(own);
        packages.sort_by_key(|one| (text(one, "name"), text(one, "version")));
        let packages = packages.into_iter().map(Value::Table).collect();
        let table = Table::from_iter([
            ("version".to_owned(), Value::Integer(lock.version)),
            ("package".to_owned(), Value::Array(packages)),
        ]);
        toml::to_string(&table).ok()
    }
}

fn manifest(path: &Path) -> Result<Table, VendorError> {
    let text = fs::read_to_string(path).map_err(at(path))?;
    text.parse()
        .map_err(|error: toml::de::Error| VendorError::Manifest {
            path: path.to_owned(),
            message: error.to_string(),
        })
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> VendorError {
    let path = path.to_owned();
    move |source| VendorError::Io { path, source }
}

/// Collects the files that a dependant builds. Links are not followed.
fn collect(
    root: &Path,
    directory: &Path,
    files: &mut BTreeMap<String, Vec<u8>>,
    left: &mut usize,
) -> Result<(), VendorError> {
    for entry in fs::read_dir(directory).map_err(at(directory))? {
        let entry = entry.map_err(at(directory))?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') || directory == root && LEFT_OUT.contains(&name.as_ref()) {
            continue;
        }
        let kind = entry.file_type().map_err(at(&path))?;
        if kind.is_dir() {
            collect(root, &path, files, left)?;
        } else if kind.is_file() {
            let contents = fs::read(&path).map_err(at(&path))?;
            let fits = left.checked_sub(contents.len());
            *left = fits.ok_or_else(|| VendorError::TooLarge(root.to_owned()))?;
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let relative = relative.to_string_lossy().replace('\\', "/");
            files.insert(format!("{DIRECTORY}/{relative}"), contents);
        }
    }
    Ok(())
}

/// The manifest of a package without its workspace: what it inherits is written out, and what only
/// the package's own tests need is left out.
fn standalone(mut own: Table, workspace: &Table) -> Result<Table, String> {
    for part in [
        "dev-dependencies",
        "lints",
        "example",
        "test",
        "bench",
        "workspace",
    ] {
        own.remove(part);
    }
    let around = workspace.get("workspace").and_then(Value::as_table);
    let shared = |part: &str| around.and_then(|around| around.get(part)?.as_table());
    if let Some(Value::Table(package)) = own.get_mut("package") {
        for (field, value) in package.iter_mut() {
            if is_inherited(value) {
                let found = shared("package").and_then(|package| package.get(field));
                *value = found.cloned().ok_or_else(|| {
                    format!("the workspace of the runtime has no `package.{field}`")
                })?;
            }
        }
    }
    let dependencies = shared("dependencies");
    for part in ["dependencies", "build-dependencies"] {
        if let Some(Value::Table(list)) = own.get_mut(part) {
            inherit(list, dependencies)?;
        }
    }
    if let Some(Value::Table(targets)) = own.get_mut("target") {
        for (_, target) in targets.iter_mut() {
            if let Some(Value::Table(list)) = target.get_mut("dependencies") {
                inherit(list, dependencies)?;
            }
            if let Value::Table(target) = target {
                target.remove("dev-dependencies");
            }
        }
    }
    Ok(own)
}

fn is_inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// Writes inherited dependencies out.
fn inherit(list: &mut Table, shared: Option<&Table>) -> Result<(), String> {
    for (name, value) in list.iter_mut() {
        if is_inherited(value) {
            let base = shared.and_then(|shared| shared.get(name));
            let mut full = match base {
                Some(Value::Table(base)) => base.clone(),
                Some(version) => Table::from_iter([("version".to_owned(), version.clone())]),
                None => {
                    return Err(format!(
                        "the workspace of the runtime has no dependency `{name}`"
                    ));
                }
            };
            for (field, more) in value.as_table().into_iter().flatten() {
                match (field.as_str(), full.get_mut(field), more) {
                    ("workspace", ..) => {}
                    ("features", Some(Value::Array(features)), Value::Array(more)) => {
                        features.extend(more.iter().cloned());
                    }
                    _ => {
                        full.insert(field.clone(), more.clone());
                    }
                }
            }
            *value = Value::Table(full);
        }
        if value.get("path").is_some() {
            return Err(format!("the runtime depends on the directory of `{name}`"));
        }
    }
    Ok(())
}

/// The packages that the runtime reaches in the lock file of its workspace.
fn lock(path: &Path, manifest: &Table) -> Result<Option<Lock>, VendorError> {
    let contents = match fs::read_to_string(path) {
        Ok(contents) => contents,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(path)(error)),
    };
    let whole: Table =
        contents
            .parse()
            .map_err(|error: toml::de::Error| VendorError::Manifest {
                path: path.to_owned(),
                message: error.to_string(),
            })?;
    let all: Vec<&Table> = whole
        .get("package")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_table)
        .collect();
    let wanted = dependencies(manifest);
    let mut reached = BTreeSet::new();
    let mut packages = Vec::new();
    let mut next: Vec<String> = vec![PACKAGE.to_owned()];
    while let Some(entry) = next.pop() {
        let mut parts = entry.split(' ');
        let (name, version) = (parts.next().unwrap_or_default(), parts.next());
        let found = all.iter().find(|one| {
            text_is(one, "name", name)
                && version.is_none_or(|version| text_is(one, "version", version))
        });
        let Some(found) = found else { continue };
        if !reached.insert((text(found, "name"), text(found, "version"))) {
            continue;
        }
        let mut package = (*found).clone();
        if let Some(Value::Array(list)) = package.get_mut("dependencies") {
            if name == PACKAGE {
                list.retain(|one| {
                    let name = one.as_str().and_then(|one| one.split(' ').next());
                    name.is_some_and(|name| wanted.contains(name))
                });
            }
            next.extend(list.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        packages.push(package);
    }
    let version = whole.get("version").and_then(Value::as_integer);
    Ok(Some(Lock {
        version: version.unwrap_or(4),
        packages,
    }))
}

/// The names of the packages that a manifest depends on.
fn dependencies(manifest: &Table) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets
        .into_iter()
        .flatten()
        .filter_map(|(_, one)| one.as_table());
    for around in std::iter::once(manifest).chain(targets) {
        for part in ["dependencies", "build-dependencies"] {
            let list = around.get(part).and_then(Value::as_table);
            for (name, value) in list.into_iter().flatten() {
                let package = value.get("package").and_then(Value::as_str);
                names.insert(package.unwrap_or(name));
            }
        }
    }
    names
}

fn text(table: &Table, field: &str) -> String {
    let text = table.get(field).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn text_is(table: &Table, field: &str, text: &str) -> bool {
    table.get(field).and_then(Value::as_str) == Some(text)
}
