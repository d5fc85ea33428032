//! Where the generated crate is: its name, its way to the runtime, the workspace around it.
//! All paths that end up in files are relative to the crate.

use std::path::{Component, Path, PathBuf};
use std::{env, fs, io};

use thiserror::Error;

use crate::Options;
use crate::emit::{Package, Runtime};
use crate::lower::MAX_DEFINITION_BYTES;
use crate::output::Copied;
use crate::remote;
use crate::runtime::{self, RuntimeError};
use crate::vendor::{self, VendorError, Vendored};

/// Names that Cargo refuses or that would hide a crate which the generated one needs.
const TAKEN: &[&str] = &[
    "alloc",
    "build",
    "con",
    "core",
    "deps",
    "examples",
    "incremental",
    "nul",
    "proc_macro",
    "proc-macro",
    "prn",
    "aux",
    "drawbridge-runtime",
    "runtime",
    "std",
    "test",
    "abstract",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "struct",
    "super",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// Why a crate cannot be written where it was asked for.
#[derive(Debug, Error)]
pub enum TargetError {
    /// The output has no name of its own.
    #[error("--out {0}: the package is named after the last part of --out; name a directory")]
    Nameless(PathBuf),
    /// The runtime cannot be had.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The runtime cannot be copied.
    #[error(transparent)]
    Vendor(#[from] VendorError),
    /// The current directory is unknown.
    #[error("the current directory cannot be read: {0}")]
    NoDirectory(#[from] io::Error),
}

/// The package that the description becomes, and the files that are copied into it. Its runtime is
/// the one of this checkout unless given.
///
/// # Errors
/// Where the output has no name, or no runtime is found.
pub fn package(options: &Options) -> Result<(Package, Copied), TargetError> {
    let (out, given) = (options.out.as_path(), options.runtime.as_ref());
    let Some(Component::Normal(last)) = out.components().next_back() else {
        return Err(TargetError::Nameless(out.to_owned()));
    };
    let directory = real(out)?;
    let workspace = enclosing_workspace(&directory);
    let (spec, mut arguments) = command(options, &directory)?;
    let name = package_name(&last.to_string_lossy());
    let mut vendored = Vendored::default();
    let (runtime, shared) = match given {
        Some(Runtime::Git { .. }) if options.vendor => return Err(VendorError::Git.into()),
        Some(Runtime::Git { url, tag }) => {
            let (url, tag) = (url.clone(), tag.clone());
            arguments.push_str(&format!(" --runtime {url} --runtime-tag {tag}"));
            (Runtime::Git { url, tag }, directory.clone())
        }
        Some(Runtime::Path(_)) | None => {
            let path = match given {
                Some(Runtime::Path(path)) => {
                    runtime::check(path)?;
                    let path = real(path)?;
                    arguments.push_str(&format!(" --runtime {}", shown(&path, &directory)));
                    path
                }
                _ => real(&runtime::beside_this()?)?,
            };
            // Cargo reads the manifest of the workspace that the runtime belongs to.
            let home = enclosing_workspace(&path);
            if options.vendor {
                vendored = vendor::vendor(&path, home.as_deref())?;
                (Runtime::Path(vendor::DIRECTORY.into()), directory.clone())
            } else {
                let home = home.unwrap_or_else(|| path.clone());
                (
                    Runtime::Path(relative(&path, &directory)),
                    common(&home, &directory),
                )
            }
        }
    };
    let shared = workspace
        .as_deref()
        .map_or_else(|| shared.clone(), |root| common(root, &shared));
    let has_name = |part| matches!(part, Component::Normal(_));
    let build_context = shared.components().any(has_name).then(|| {
        (
            slashes(&relative(&shared, &directory)),
            slashes(&relative(&directory, &shared)),
        )
    });
    let out = match last != "generated" {
        true => format!(" --out {}", quoted(&last.to_string_lossy())),
        false => String::new(),
    };
    let package = Package {
        command: format!("generator {spec}{arguments}{out}"),
        regenerate: format!("{spec} .{arguments}"),
        lock: vendored.lock(&name).filter(|_| workspace.is_none()),
        profiles: vendored.profiles,
        name,
        runtime,
        workspace_root: workspace.is_none(),
        build_context,
    };
    Ok((package, vendored.files))
}

/// The description of the crate in `directory`, and the options of the command that makes it, up to
/// its runtime.
fn command(options: &Options, directory: &Path) -> io::Result<(String, String)> {
    let spec = match remote::url(&options.spec) {
        Some(url) => format!("'{}'", url.replace(['\'', '`', '<', '>'], "_")),
        None => shown(&real(&options.spec)?, directory),
    };
    let mut command = String::new();
    for overlay in &options.overlays {
        command.push_str(&format!(" --overlay {}", shown(&real(overlay)?, directory)));
    }
    if options.max_definition_bytes != MAX_DEFINITION_BYTES {
        let max = options.max_definition_bytes;
        command.push_str(&format!(" --max-definition-bytes {max}"));
    }
    for pattern in options.only.iter().flat_map(|only| only.patterns()) {
        command.push_str(&format!(" --only '{pattern}'"));
    }
    if options.allow_empty {
        command.push_str(" --allow-empty");
    }
    if options.vendor {
        command.push_str(" --vendor");
    }
    Ok((spec, command))
}

/// A package name that Cargo and rustc accept.
fn package_name(last: &str) -> String {
    let mut name: String = last
        .chars()
        .map(|c| match c {
            'a'..='z' | '0'..='9' | '_' | '-' => c,
            'A'..='Z' => c.to_ascii_lowercase(),
            _ => '-',
        })
        .collect();
    name = name.trim_matches(['-', '_']).chars().take(64).collect();
    if name.is_empty() {
        name.push_str("generated");
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert_str(0, "api-");
    }
    if TAKEN.contains(&name.as_str()) {
        name.push_str("-server");
    }
    name
}

/// The workspace that `directory` is a member of, by the nearest manifest above that has one.
fn enclosing_workspace(directory: &Path) -> Option<PathBuf> {
    for root in directory.ancestors().skip(1) {
        let Some(manifest) = fs::read_to_string(root.join("Cargo.toml"))
            .ok()
            .and_then(|text| text.parse::<toml::Table>().ok())
        else {
            continue;
        };
        let Some(workspace) = manifest.get("workspace") else {
            continue;
        };
        let lists = |key: &str| {
            let globs = workspace.get(key).and_then(toml::Value::as_array);
            let relative = directory.strip_prefix(root).unwrap_or(directory);
            globs.into_iter().flatten().any(|glob| {
                glob.as_str()
                    .is_some_and(|glob| matches(glob, relative, key == "exclude"))
            })
        };
        return (lists("members") && !lists("exclude")).then(|| root.to_owned());
    }
    None
}

/// Whether a member of a workspace is meant: `*` and `?` represent characters of one part.
/// Exclusions are prefixes.
fn matches(glob: &str, path: &Path, prefix: bool) -> bool {
    let parts: Vec<_> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    let globs: Vec<_> = Path::new(glob)
        .components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    (parts.len() == globs.len() || prefix && parts.len() > globs.len())
        && globs
            .iter()
            .zip(&parts)
            .all(|(glob, part)| wildcard(glob.as_bytes(), part.as_bytes()))
}

fn wildcard(glob: &[u8], text: &[u8]) -> bool {
    match (glob, text) {
        ([b'*', glob @ ..], _) => {
            wildcard(glob, text)
                || text
                    .split_first()
                    .is_some_and(|(_, text)| wildcard(&[b"*", glob].concat(), text))
        }
        ([b'?', glob @ ..], [_, text @ ..]) => wildcard(glob, text),
        ([c, glob @ ..], [d, text @ ..]) => c == d && wildcard(glob, text),
        ([], []) => true,
        _ => false,
    }
}

/// An absolute path without links in the part of it that exists.
fn real(path: &Path) -> io::Result<PathBuf> {
    let absolute = env::current_dir()?.join(path);
    let mut tail = Vec::new();
    let mut existing = absolute.as_path();
    loop {
        if let Ok(found) = existing.canonicalize() {
            return Ok(normal(&found, tail.into_iter().rev()));
        }
        let Some(last) = existing.components().next_back() else {
            return Ok(absolute);
        };
        tail.push(last);
        existing = existing.parent().unwrap_or(Path::new("/"));
    }
}

fn normal<'p>(start: &Path, tail: impl Iterator<Item = Component<'p>>) -> PathBuf {
    tail.fold(start.to_owned(), |mut path, part| {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir => {}
            other => path.push(other),
        }
        path
    })
}

/// The way from the directory `from` to `to`; both absolute.
fn relative(to: &Path, from: &Path) -> PathBuf {
    let shared = common(to, from);
    let up = from
        .strip_prefix(&shared)
        .map_or(0, |rest| rest.components().count());
    let down = to.strip_prefix(&shared).unwrap_or(to);
    let path: PathBuf = std::iter::repeat_n(Path::new(".."), up)
        .chain([down])
        .collect();
    if path.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        path
    }
}

fn common(one: &Path, other: &Path) -> PathBuf {
    let both = one.components().zip(other.components());
    both.take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

/// A path for the header: relative, or only its last part where the way leads through the root of
/// the machine and would reveal its layout.
fn shown(path: &Path, directory: &Path) -> String {
    let near = common(path, directory)
        .components()
        .any(|part| matches!(part, Component::Normal(_)));
    let name = || path.file_name().map(PathBuf::from).unwrap_or_default();
    quoted(&slashes(&if near {
        relative(path, directory)
    } else {
        name()
    }))
}

fn slashes(path: &Path) -> String {
    let parts: Vec<_> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

/// A word of a command: what has a meaning in a shell or a comment does not get into a header.
fn quoted(word: &str) -> String {
    let word: String = word
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || " ./_-+=@:,^~".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    if word.contains(' ') {
        format!("'{word}'")
    } else {
        word
    }
}
