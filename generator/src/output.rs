//! Puts files into the directory of the generated crate: writes what changed, prunes what an
//! earlier run left, or only reports the difference. Nothing outside the directory is touched.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use serde::Serialize;
use similar::TextDiff;
use thiserror::Error;

use crate::emit::{File, Owner};
use crate::record::{MANIFEST, Record};

/// Why the directory could not be read or written.
#[derive(Debug, Error)]
pub enum OutputError {
    /// The directory holds files that are not the generator's.
    #[error(
        "{0}: the directory is not empty and was not made by the generator (it has no {MANIFEST}); \
         name a new or an empty directory with --out"
    )]
    Foreign(PathBuf),
    /// The output is something else than a directory.
    #[error("{0}: is not a directory; name one with --out")]
    NotADirectory(PathBuf),
    /// A path would leave the directory.
    #[error("{0}: leads outside the output directory, so it is left alone; remove the link")]
    Outside(PathBuf),
    /// Reading or writing failed.
    #[error("{path}: cannot be read or written: {source}")]
    Io {
        /// What was read or written.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// Files that are copied as they are, by their paths in the crate. They are the generator's.
pub type Copied = BTreeMap<String, Vec<u8>>;

/// What writing did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Files whose bytes changed, or that are new.
    pub written: usize,
    /// Files that were as they should be.
    pub unchanged: usize,
    /// Files of an earlier run that are gone.
    pub pruned: usize,
}

/// One file that is not as the generator would write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Path in the crate.
    pub path: String,
    /// How it differs.
    pub state: State,
    /// A unified diff from the file on disk to the one that would be written.
    pub diff: String,
}

/// How a file on disk differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It has other contents.
    Changed,
    /// It is not there.
    Missing,
    /// It is there, but would not be written any more.
    Extra,
}

/// Makes `out` hold `files`: prunes what the manifest of the previous run lists beyond them,
/// writes those whose bytes differ, and creates those of [`Owner::Person`] that are absent.
///
/// # Errors
/// Refuses a directory with files that are not the generator's, and paths that a symbolic link
/// leads outside; otherwise see [`OutputError`].
pub fn write(
    out: &Path,
    files: &[File],
    copied: &Copied,
    record: &Record,
) -> Result<Written, OutputError> {
    let previous = previous(out)?;
    let is_locked = Record::read(out).is_ok_and(|earlier| earlier.lock == record.lock);
    fs::create_dir_all(out).map_err(at(out))?;
    let root = out.canonicalize().map_err(at(out))?;
    let expected = expected(files, copied, record);
    let mut done = Written::default();
    for path in previous
        .iter()
        .filter(|path| !expected.contains_key(path.as_str()))
    {
        done.pruned += usize::from(prune(&root, path)?);
    }
    // The manifest comes first, so that a run that is cut short can be repeated.
    let manifest = expected.get_key_value(MANIFEST);
    let others = expected.iter().filter(|(path, _)| **path != MANIFEST);
    for (path, contents) in manifest.into_iter().chain(others) {
        let target = inside(&root, path)?;
        if read(&target)?.as_deref() == Some(contents.as_ref()) {
            done.unchanged += 1;
        } else {
            create(&target, contents)?;
            done.written += 1;
        }
    }
    for file in files.iter().filter(|file| file.owner != Owner::Generator) {
        let target = inside(&root, &file.path)?;
        let is_outdated = file.owner == Owner::Cargo && !is_locked;
        if is_outdated || target.symlink_metadata().is_err() {
            create(&target, file.contents.as_bytes())?;
            done.written += 1;
        }
    }
    Ok(done)
}

/// What [`write`](fn@write) would change in `out`, sorted by path. Files of [`Owner::Person`] are
/// not looked at.
///
/// # Errors
/// As [`write`](fn@write), for errors of reading.
pub fn compare(
    out: &Path,
    files: &[File],
    copied: &Copied,
    record: &Record,
) -> Result<Vec<Difference>, OutputError> {
    let previous = previous(out)?;
    let root = out.canonicalize().unwrap_or_else(|_| out.to_owned());
    let expected = expected(files, copied, record);
    let mut paths: BTreeSet<&str> = expected.keys().copied().collect();
    paths.extend(previous.iter().map(String::as_str));
    let mut differences = Vec::new();
    for path in paths {
        let on_disk = read(&inside(&root, path)?)?;
        let wanted = expected.get(path);
        let state = match (&on_disk, wanted) {
            (Some(found), Some(wanted)) if found.as_slice() == wanted.as_ref() => continue,
            (None, None) => continue,
            (Some(_), Some(_)) => State::Changed,
            (None, Some(_)) => State::Missing,
            (Some(_), None) => State::Extra,
        };
        let found = String::from_utf8_lossy(on_disk.as_deref().unwrap_or_default());
        let wanted = String::from_utf8_lossy(wanted.map_or(&[][..], |wanted| wanted.as_ref()));
        differences.push(Difference {
            path: path.to_owned(),
            state,
            diff: TextDiff::from_lines(found.as_ref(), wanted.as_ref())
                .unified_diff()
                .header(path, path)
                .to_string(),
        });
    }
    Ok(differences)
}

/// The generator's files by path, the manifest among them.
fn expected<'f>(
    files: &'f [File],
    copied: &'f Copied,
    record: &Record,
) -> BTreeMap<&'f str, Cow<'f, [u8]>> {
    let mut expected: BTreeMap<_, _> = files
        .iter()
        .filter(|file| file.owner == Owner::Generator)
        .map(|file| (file.path.as_str(), Cow::from(file.contents.as_bytes())))
        .chain(
            copied
                .iter()
                .map(|(path, bytes)| (path.as_str(), bytes.as_slice().into())),
        )
        .collect();
    let mut manifest =
        String::from("# @generated: the files that the generator wrote here, and may remove.\n");
    manifest.push_str(&record.lines());
    for path in expected.keys() {
        manifest.push_str(path);
        manifest.push('\n');
    }
    expected.insert(MANIFEST, Cow::from(manifest.into_bytes()));
    expected
}

/// What the previous run wrote, if the directory may be written to at all.
fn previous(out: &Path) -> Result<BTreeSet<String>, OutputError> {
    let mut entries = match fs::read_dir(out) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(OutputError::NotADirectory(out.to_owned()));
        }
        Err(error) => return Err(at(out)(error)),
    };
    let manifest = out.join(MANIFEST);
    match fs::read_to_string(&manifest) {
        Ok(text) => Ok(text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .map(str::to_owned)
            .collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => match entries.next() {
            None => Ok(BTreeSet::new()),
            Some(_) => Err(OutputError::Foreign(out.to_owned())),
        },
        Err(error) => Err(at(&manifest)(error)),
    }
}

/// Removes a file and the directories that it leaves empty; false if it was gone already.
fn prune(root: &Path, path: &str) -> Result<bool, OutputError> {
    let target = inside(root, path)?;
    match fs::remove_file(&target) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(at(&target)(error)),
    }
    let parents = target.ancestors().skip(1);
    for directory in parents.take_while(|directory| *directory != root) {
        // Fails where something is left in it, which is then somebody's.
        if fs::remove_dir(directory).is_err() {
            break;
        }
    }
    Ok(true)
}

/// The place of `path` in `root`. Refuses paths with other parts than names, and symbolic links
/// that lead elsewhere.
fn inside(root: &Path, path: &str) -> Result<PathBuf, OutputError> {
    let relative = Path::new(path);
    let mut target = root.to_owned();
    for part in relative.components() {
        let Component::Normal(name) = part else {
            return Err(OutputError::Outside(root.join(relative)));
        };
        target.push(name);
        let link = target
            .symlink_metadata()
            .is_ok_and(|found| found.is_symlink());
        if link
            && !target
                .canonicalize()
                .is_ok_and(|real| real.starts_with(root))
        {
            return Err(OutputError::Outside(target));
        }
    }
    Ok(target)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, OutputError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(path)(error)),
    }
}

fn create(path: &Path, contents: &[u8]) -> Result<(), OutputError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(at(parent))?;
    }
    fs::write(path, contents).map_err(at(path))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> OutputError {
    let path = path.to_owned();
    move |source| OutputError::Io { path, source }
}
