//! Descriptions as they were: read from a revision of the git repository around, with the program
//! `git`, without touching its working tree.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use thiserror::Error;

use crate::openapi;

/// The most files that are read, and the most bytes in all.
const MAX_FILES: usize = 20_000;
const MAX_BYTES: u64 = 256 << 20;

/// A file of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The revision, as git names it: `HEAD~1`, `v1.2`, the beginning of a hash.
    pub name: String,
    /// The file.
    pub path: String,
    /// The place from which the path leads to it.
    pub base: Base,
}

/// The place from which a path leads to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// The root of the repository that the current directory is in.
    Root,
    /// The current directory.
    Here,
    /// The current directory, which need not be in the repository of the file.
    File,
}

/// The files of a description in a revision, by their paths in the repository.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// The description itself.
    pub(crate) entry: String,
    /// The overlays that were asked for and that the revision has, by the paths that they were
    /// named by.
    pub(crate) overlays: BTreeMap<PathBuf, String>,
}

/// Why a revision cannot be read.
#[derive(Debug, Error)]
pub enum GitError {
    /// `git` cannot be started.
    #[error("git cannot be started: {0}; install it, or name files")]
    Start(std::io::Error),
    /// `git` failed.
    #[error("git {command}: {message}")]
    Failed {
        /// The command of git.
        command: &'static str,
        /// The first line that it printed.
        message: String,
    },
    /// There is no such revision.
    #[error("`{0}` is no revision of this repository; `git log --oneline` lists some")]
    Revision(String),
    /// The revision has no such file.
    #[error(
        "{revision} has no file {path}; name one by its path from the root of the repository, as in \
         {revision}:specs/api.yaml"
    )]
    Missing {
        /// The revision.
        revision: String,
        /// The path.
        path: String,
    },
    /// The path leads out of the repository.
    #[error("{0} leads out of the repository; name a file in it")]
    Outside(String),
    /// The description refers to too much.
    #[error("{0} refers to more than {MAX_FILES} files or {max} MiB", max = MAX_BYTES >> 20)]
    TooLarge(String),
}

impl Revision {
    /// Reads `REVISION:PATH`. A colon in braces belongs to the revision: `main@{10:00}:api.yaml`.
    /// The path is one from the current directory where it begins with `./` or `../`, as git has
    /// it. What contains `://`, and a file that exists, are no revisions.
    pub fn parse(text: &str) -> Option<Revision> {
        let (name, path) = split(text)?;
        let is_revision = !name.is_empty() && !path.is_empty() && !path.starts_with("//");
        (is_revision && !Path::new(text).exists()).then(|| Revision {
            name: name.to_owned(),
            path: path.to_owned(),
            base: match path.starts_with("./") || path.starts_with("../") {
                true => Base::Here,
                false => Base::Root,
            },
        })
    }

    /// The revision of a file that is named by its path from the current directory.
    pub fn of_file(name: &str, path: &str) -> Revision {
        Revision {
            name: name.to_owned(),
            path: path.to_owned(),
            base: Base::File,
        }
    }

    /// Reads the file with those that it refers to, the overlays beside it, and `overlays`.
    ///
    /// # Errors
    /// Where git, the revision or the file cannot be read. A file that the description refers to
    /// and that the revision lacks is left out; reading the description reports it.
    pub(crate) fn snapshot(&self, overlays: &[PathBuf]) -> Result<Snapshot, GitError> {
        let here = std::env::current_dir().and_then(|here| here.canonicalize());
        let here = here.map_err(GitError::Start)?;
        let beside = here.join(&self.path);
        let directory = match beside.parent().filter(|_| self.base == Base::File) {
            Some(directory) if directory.is_dir() => directory,
            _ => &here,
        };
        let root = root(directory)?;
        let entry = match self.base {
            Base::Here | Base::File => from_root(&root, &here, Path::new(&self.path)),
            Base::Root => within("", &self.path),
        };
        let entry = entry.ok_or_else(|| GitError::Outside(self.path.clone()))?;
        let mut objects = Objects::open(&root, &self.commit(&root)?)?;
        let bytes = objects.read(&entry)?.ok_or_else(|| GitError::Missing {
            revision: self.name.clone(),
            path: entry.clone(),
        })?;
        let mut left = MAX_BYTES;
        let mut files = BTreeMap::new();
        let mut waiting = VecDeque::from([(entry.clone(), bytes)]);
        let mut overlay_paths = BTreeMap::new();
        for path in overlays {
            if let Some(there) = from_root(&root, &here, path)
                && let Some(bytes) = objects.read(&there)?
            {
                overlay_paths.insert(path.clone(), there.clone());
                waiting.push_back((there, bytes));
            }
        }
        for ending in ["overlay.yaml", "overlay.yml", "overlay.json"] {
            let beside = Path::new(&entry).with_extension(ending);
            if let Some(beside) = beside.to_str()
                && let Some(bytes) = objects.read(beside)?
            {
                waiting.push_back((beside.to_owned(), bytes));
            }
        }
        while let Some((path, bytes)) = waiting.pop_front() {
            if files.contains_key(&path) {
                continue;
            }
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            left = left
                .checked_sub(size)
                .filter(|_| files.len() < MAX_FILES)
                .ok_or_else(|| GitError::TooLarge(self.to_string()))?;
            let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
            let references = openapi::references(Path::new(&path), &bytes);
            files.insert(path.clone(), bytes);
            for reference in references {
                let decoded = percent_encoding::percent_decode_str(&reference).decode_utf8_lossy();
                let is_file = !decoded.contains("://");
                let there = within(directory, &decoded).filter(|_| is_file);
                if let Some(there) = there.filter(|there| !files.contains_key(there))
                    && let Some(bytes) = objects.read(&there)?
                {
                    waiting.push_back((there, bytes));
                }
            }
        }
        Ok(Snapshot {
            files,
            entry,
            overlays: overlay_paths,
        })
    }

    /// The hash of the commit.
    fn commit(&self, root: &Path) -> Result<String, GitError> {
        let wanted = format!("{}^{{commit}}", self.name);
        let arguments = ["--verify", "--quiet", "--end-of-options", &wanted];
        let output = run(root, "rev-parse", &arguments)?;
        let hash = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        match output.status.success() && !hash.is_empty() {
            true => Ok(hash),
            false => Err(GitError::Revision(self.name.clone())),
        }
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.name, self.path)
    }
}

/// The root of the repository that a directory is in.
fn root(directory: &Path) -> Result<PathBuf, GitError> {
    let output = run(directory, "rev-parse", &["--show-toplevel"])?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(GitError::Failed {
            command: "rev-parse",
            message: text.lines().next().unwrap_or("failed").to_owned(),
        });
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let root = PathBuf::from(text.trim_end_matches(['\r', '\n']));
    root.canonicalize().map_err(GitError::Start)
}

fn run(directory: &Path, command: &str, arguments: &[&str]) -> Result<Output, GitError> {
    let mut git = Command::new("git");
    let git = git.arg("-C").arg(directory).arg(command).args(arguments);
    git.stdin(Stdio::null()).output().map_err(GitError::Start)
}

/// The path from the root of a file that is named from the directory `here`; none outside.
fn from_root(root: &Path, here: &Path, path: &Path) -> Option<String> {
    let real = here.join(path);
    // A directory that is a link to another leads into the repository all the same.
    let real = match real.parent().and_then(|parent| parent.canonicalize().ok()) {
        Some(parent) => parent.join(real.file_name()?),
        None => real,
    };
    within("", real.strip_prefix(root).ok()?.to_str()?)
}

/// The path from the root of what `path` names in `directory`; none outside.
fn within(directory: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = directory
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => {
                let name = name.to_str()?;
                // A request to git is one line.
                (!name.contains(crate::text::is_hidden)).then(|| parts.push(name))?;
            }
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// The objects of a commit, by one process for all of them.
struct Objects {
    commit: String,
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Objects {
    fn open(root: &Path, commit: &str) -> Result<Objects, GitError> {
        let mut child = Command::new("git")
            .arg("-C")
            .arg(root)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(GitError::Start)?;
        let requests = child.stdin.take();
        let answers = child.stdout.take().ok_or_else(|| failed("has no output"))?;
        Ok(Objects {
            commit: commit.to_owned(),
            child,
            requests,
            answers: BufReader::new(answers),
        })
    }

    /// Reads a file; none where the commit has none of that path.
    fn read(&mut self, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let broken = |error: std::io::Error| failed(&error.to_string());
        let requests = self
            .requests
            .as_mut()
            .ok_or_else(|| failed("has no input"))?;
        writeln!(requests, "{}:{path}", self.commit).map_err(broken)?;
        requests.flush().map_err(broken)?;
        let mut header = String::new();
        self.answers.read_line(&mut header).map_err(broken)?;
        let mut words = header.split_whitespace().rev();
        let size = words.next().unwrap_or_default();
        let kind = words.next().unwrap_or_default();
        if header.trim_end().ends_with(" missing") {
            return Ok(None);
        }
        let size: u64 = size
            .parse()
            .map_err(|_| failed("answered in an unknown form"))?;
        if size > MAX_BYTES {
            return Err(GitError::TooLarge(path.to_owned()));
        }
        let mut bytes = Vec::new();
        let mut answer = (&mut self.answers).take(size + 1);
        answer.read_to_end(&mut bytes).map_err(broken)?;
        bytes.pop();
        Ok((kind == "blob").then_some(bytes))
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // Without input, git ends.
        self.requests = None;
        let _ = self.child.wait();
    }
}

fn failed(message: &str) -> GitError {
    GitError::Failed {
        command: "cat-file",
        message: message.to_owned(),
    }
}

/// Splits `REVISION:PATH` at its first colon outside of braces, as git does: `@{10:00}` and
/// `^{/fix: x}` belong to the revision.
fn split(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    let colon = text.find(|character| {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ':' && depth == 0
    })?;
    let (name, path) = text.split_at(colon);
    Some((name, path.strip_prefix(':')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_within_the_repository_is_normal() {
        assert_eq!(
            within("specs/", "api.yaml").as_deref(),
            Some("specs/api.yaml")
        );
        assert_eq!(
            within("specs", "../a/./b.yaml").as_deref(),
            Some("a/b.yaml")
        );
        assert_eq!(within("specs", "../../a.yaml"), None);
        assert_eq!(within("", "/etc/passwd"), None);
        assert_eq!(within("", "a\nb"), None);
    }

    #[test]
    fn url_is_no_revision() {
        assert_eq!(Revision::parse("https://example.com/api.yaml"), None);
        let revision = Revision::parse("HEAD~1:specs/api.yaml").unwrap();
        assert_eq!(revision.to_string(), "HEAD~1:specs/api.yaml");
    }

    #[test]
    fn colon_in_braces_belongs_to_the_revision() {
        for (text, name, path) in [
            ("main@{10:00}:api.yaml", "main@{10:00}", "api.yaml"),
            ("HEAD^{/fix: x}:api.yaml", "HEAD^{/fix: x}", "api.yaml"),
            ("HEAD^{/a {b: c}}:api.yaml", "HEAD^{/a {b: c}}", "api.yaml"),
            ("HEAD:api/{id}:x.yaml", "HEAD", "api/{id}:x.yaml"),
        ] {
            let revision = Revision::parse(text).unwrap();
            assert_eq!((&*revision.name, &*revision.path), (name, path), "{text}");
        }
        assert_eq!(Revision::parse("HEAD^{/fix: x"), None);
    }
}
