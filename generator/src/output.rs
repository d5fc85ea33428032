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
use crate::listing::{self, Listing};
use crate::lock::LOCK;
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
    /// Files of the generator were edited by hand.
    #[error(
        "{}: {} since the generator wrote {}, so that nothing is written; move what you changed to an \
         overlay, to `connector.toml` or to `src/main.rs`, or discard it with --overwrite, as after a \
         merge of two branches",
        .0.join(", "),
        if .0.len() == 1 { "was edited" } else { "were edited" },
        if .0.len() == 1 { "it" } else { "them" }
    )]
    Edited(Vec<String>),
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
/// writes those whose bytes differ, and creates those of their owner that are absent.
///
/// # Errors
/// Refuses a directory with files that are not the generator's, files of the generator that were
/// edited by hand unless it may `overwrite` them, and paths that a symbolic link leads outside;
/// otherwise see [`OutputError`].
pub fn write(
    out: &Path,
    files: &[File],
    copied: &Copied,
    record: &Record,
    overwrite: bool,
) -> Result<Written, OutputError> {
    let previous = previous(out)?;
    let is_locked = Record::read(out).is_ok_and(|earlier| earlier.lock == record.lock);
    fs::create_dir_all(out).map_err(at(out))?;
    let root = out.canonicalize().map_err(at(out))?;
    let expected = expected(files, copied, record);
    if !overwrite {
        let edited = edited(&root, &previous, &expected)?;
        if !edited.is_empty() {
            return Err(OutputError::Edited(edited));
        }
    }
    let mut done = Written::default();
    let is_current = |path: &str, contents: &[u8]| -> Result<bool, OutputError> {
        Ok(read(&inside(&root, path)?)?.as_deref() == Some(contents))
    };
    let listed = previous.files.keys().map(String::as_str);
    let gone: Vec<_> = listed.filter(|path| !expected.contains_key(path)).collect();
    let manifest = expected.get(MANIFEST).map_or(&[][..], |text| text.as_ref());
    if !is_current(MANIFEST, manifest)? {
        // A run that is cut short can be repeated: its files are listed, and none counts as edited.
        let paths = expected.keys().copied().chain(gone.iter().copied());
        let paths = paths.filter(|path| *path != MANIFEST);
        let begun = Listing {
            files: paths.map(|path| (path.to_owned(), None)).collect(),
            once: previous.once.clone(),
        };
        let text = self::manifest(record, &begun);
        create(&inside(&root, MANIFEST)?, text.as_bytes())?;
    }
    for path in gone {
        done.pruned += usize::from(prune(&root, path)?);
    }
    for file in files.iter().filter(|file| file.owner != Owner::Generator) {
        let target = inside(&root, &file.path)?;
        let is_wanted = match file.owner {
            Owner::Once if previous.once.contains(&file.path) => false,
            Owner::Cargo if !is_locked => true,
            _ => target.symlink_metadata().is_err(),
        };
        if is_wanted {
            create(&target, file.contents.as_bytes())?;
            done.written += 1;
        }
    }
    // The manifest comes last: its digests are those of the files that are there.
    let others = expected.iter().filter(|(path, _)| **path != MANIFEST);
    for (path, contents) in others.chain(expected.get_key_value(MANIFEST)) {
        if is_current(path, contents)? {
            done.unchanged += 1;
        } else {
            create(&inside(&root, path)?, contents)?;
            done.written += 1;
        }
    }
    Ok(done)
}

/// The files that were edited by hand since the previous run, and would be written or pruned.
fn edited(
    root: &Path,
    previous: &Listing,
    expected: &BTreeMap<&str, Cow<'_, [u8]>>,
) -> Result<Vec<String>, OutputError> {
    let mut edited = Vec::new();
    for path in previous.files.keys() {
        let Some(found) = read(&inside(root, path)?)? else {
            continue;
        };
        let wanted = expected.get(path.as_str()).map(|wanted| wanted.as_ref());
        if wanted != Some(&found[..]) && previous.is_edited(path, &found) {
            edited.push(path.clone());
        }
    }
    Ok(edited)
}

/// What [`write`](fn@write) would change in `out`, sorted by path. Files of their owner are not looked
/// at.
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
    paths.extend(previous.files.keys().map(String::as_str));
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
    let digests = expected.iter().map(|(path, bytes)| {
        // A merge of two branches edits the lock, from which a run reads.
        let digest = (*path != LOCK).then(|| listing::digest(bytes));
        ((*path).to_owned(), digest)
    });
    let once = files.iter().filter(|file| file.owner == Owner::Once);
    let listing = Listing {
        files: digests.collect(),
        once: once.map(|file| file.path.clone()).collect(),
    };
    let manifest = manifest(record, &listing);
    expected.insert(MANIFEST, Cow::from(manifest.into_bytes()));
    expected
}

/// The text of the manifest.
fn manifest(record: &Record, listing: &Listing) -> String {
    let head = "# @generated: the files that the generator wrote here, and may remove.\n";
    [head, &record.lines(), &listing.lines()].concat()
}

/// What the previous run wrote, if the directory may be written to at all.
fn previous(out: &Path) -> Result<Listing, OutputError> {
    let mut entries = match fs::read_dir(out) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Listing::default()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(OutputError::NotADirectory(out.to_owned()));
        }
        Err(error) => return Err(at(out)(error)),
    };
    let manifest = out.join(MANIFEST);
    match fs::read_to_string(&manifest) {
        Ok(text) => Ok(Listing::parse(&text)),
        Err(error) if error.kind() == ErrorKind::NotFound => match entries.next() {
            None => Ok(Listing::default()),
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
