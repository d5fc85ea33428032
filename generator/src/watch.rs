//! `--watch`: notices when a description changes, or a file or overlay that belongs to it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fs, io, thread};

use crate::openapi;

/// How often the files are looked at. Asking for their state works for every editor and every file
/// system, also where notifications do not reach, as in a container.
const PAUSE: Duration = Duration::from_millis(300);
/// The most files that are watched.
const MAX_FILES: usize = 1000;

/// The state of the files of a description. Two states differ if a file was written in between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State(BTreeMap<PathBuf, Option<(SystemTime, u64)>>);

impl State {
    /// Looks at a description, at the files that it refers to, and at its overlays. A file that is
    /// not there is watched until it is.
    pub fn of(spec: &Path, overlays: &[PathBuf]) -> State {
        let overlays = openapi::overlays_beside(spec).chain(overlays.iter().cloned());
        let mut files: BTreeSet<PathBuf> = overlays.collect();
        let mut waiting = VecDeque::from([spec.to_owned()]);
        while let Some(path) = waiting.pop_front().filter(|_| files.len() < MAX_FILES) {
            if files.contains(&path) {
                continue;
            }
            let text = fs::read(&path).unwrap_or_default();
            let directory = path.parent().unwrap_or(Path::new(""));
            for reference in openapi::references(&path, &text) {
                let decoded = percent_encoding::percent_decode_str(&reference).decode_utf8_lossy();
                if !decoded.contains("://") {
                    waiting.push_back(directory.join(&*decoded));
                }
            }
            files.insert(path);
        }
        State(
            files
                .into_iter()
                .map(|path| (path.clone(), state(&path).ok()))
                .collect(),
        )
    }

    /// Waits until one of the files is written. An editor may write several files, or one in
    /// parts: returns once nothing has changed for a moment.
    pub fn wait_for_change(&self) {
        while self.again() == *self {
            thread::sleep(PAUSE);
        }
        let mut last = self.again();
        loop {
            thread::sleep(PAUSE);
            let now = self.again();
            if now == last {
                return;
            }
            last = now;
        }
    }

    /// The state of the same files now.
    fn again(&self) -> State {
        State(
            self.0
                .keys()
                .map(|path| (path.clone(), state(path).ok()))
                .collect(),
        )
    }
}

fn state(path: &Path) -> io::Result<(SystemTime, u64)> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.modified()?, metadata.len()))
}
