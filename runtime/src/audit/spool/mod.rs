//! The spool: a file beside the store that holds calls until the store has them.
//!
//! A line is one `write` into the page cache, which takes about a microsecond and outlives the
//! process. So it is made where the call runs: handing it to another thread would take longer.
//! Nothing is flushed to the disk.
//!
//! Each process has a spool of its own, and holds its lock. A process that gets the lock of another
//! one's spool knows that the other one has ended, and takes over what it left.

mod file;

use std::fs::OpenOptions;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use file::{Opened, numbered};

/// How large a spool may be when a call begins, in bytes: some 100,000 calls.
const MOST: u64 = 64 * 1024 * 1024;
/// How much the store takes over at once, in bytes.
const BATCH: u64 = 512 * 1024;
/// How many processes may share one store.
const PROCESSES: u32 = 64;

/// A spool.
#[derive(Debug)]
pub(super) struct Spool {
    /// Where the spools of the store are: the path of the first one. `None` where the store is in
    /// memory, and so is its spool.
    first: Option<PathBuf>,
    state: Mutex<State>,
    /// Notified of every line that is appended.
    pub(super) appended: Notify,
}

/// What the store has lies before `taken`; what it does not have yet, between there and `end`.
#[derive(Debug)]
struct State {
    medium: Medium,
    taken: u64,
    end: u64,
}

#[derive(Debug)]
enum Medium {
    /// The spool is not open.
    Nothing,
    Memory(Vec<u8>),
    File(Opened),
}

/// Lines that the store is to take over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) text: Vec<u8>,
    /// Where they end in the spool.
    pub(super) end: u64,
    /// Whether there were no others when they were read.
    pub(super) are_all: bool,
}

impl Spool {
    /// A spool for the store in the file `store`, or in memory. It has to be opened.
    pub(super) fn new(store: Option<&Path>) -> Spool {
        let first = store.map(|store| {
            let mut path = store.as_os_str().to_owned();
            path.push(".calls");
            PathBuf::from(path)
        });
        Spool::of(first, Medium::Nothing, 0)
    }

    fn of(first: Option<PathBuf>, medium: Medium, end: u64) -> Spool {
        Spool {
            first,
            state: Mutex::new(State {
                medium,
                taken: 0,
                end,
            }),
            appended: Notify::new(),
        }
    }

    /// Opens the first spool of the store that no other process has. What an earlier process left
    /// in it comes first.
    ///
    /// # Errors
    /// Where no file can be opened, or locks are not to be had.
    pub(super) fn open(&self) -> io::Result<()> {
        let Some(first) = &self.first else {
            self.state().medium = Medium::Memory(Vec::new());
            return Ok(());
        };
        for number in 1..=PROCESSES {
            let path = numbered(first, number);
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            if let Some((opened, end)) = Opened::lock(&options, path)? {
                let mut state = self.state();
                let mut opened = State {
                    medium: Medium::File(opened),
                    taken: 0,
                    end,
                };
                // What waits in a spool that was removed waits in this one from now on.
                let waiting = state.end - state.taken;
                opened.append(&state.read(waiting)?)?;
                *state = opened;
                return Ok(());
            }
        }
        let message = format!("{PROCESSES} processes use this store already");
        Err(io::Error::new(io::ErrorKind::ResourceBusy, message))
    }

    /// The spools of processes that have ended.
    ///
    /// # Errors
    /// Where the directory or a file in it cannot be read.
    pub(super) fn abandoned(&self) -> io::Result<Vec<Spool>> {
        let Some(first) = &self.first else {
            return Ok(Vec::new());
        };
        let own = match &self.state().medium {
            Medium::File(opened) => opened.path.clone(),
            Medium::Nothing | Medium::Memory(_) => PathBuf::new(),
        };
        let mut spools = Vec::new();
        for number in 1..=PROCESSES {
            let path = numbered(first, number);
            if path == own || !path.try_exists()? {
                continue;
            }
            let mut options = OpenOptions::new();
            if let Some((opened, end)) = Opened::lock(options.read(true).write(true), path)? {
                spools.push(Spool::of(None, Medium::File(opened), end));
            }
        }
        Ok(spools)
    }

    /// Appends a line that begins a call.
    ///
    /// # Errors
    /// Where it cannot be written where a later process would find it, or the store has not taken
    /// over for too long.
    pub(super) fn begin(&self, line: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        if matches!(&state.medium, Medium::File(opened) if opened.removed) {
            return Err(io::Error::new(io::ErrorKind::NotFound, "it was removed"));
        }
        if state.end >= MOST {
            let message = "the store has not taken over the calls in it for too long";
            return Err(io::Error::new(io::ErrorKind::StorageFull, message));
        }
        state.append(line)
    }

    /// Appends a line that ends a call.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn end(&self, line: &[u8]) -> io::Result<()> {
        self.state().append(line)?;
        self.appended.notify_one();
        Ok(())
    }

    /// The first lines that the store does not have, if there are any.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub(super) fn lines(&self) -> io::Result<Option<Lines>> {
        let mut state = self.state();
        let length = BATCH.min(state.end - state.taken);
        let mut text = state.read(length)?;
        // The last line may go on behind the batch.
        if let Some(last) = memchr::memrchr(b'\n', &text) {
            text.truncate(last + 1);
        }
        let end = state.taken + text.len() as u64;
        let are_all = end == state.end;
        Ok((!text.is_empty()).then_some(Lines { text, end, are_all }))
    }

    /// Forgets the lines before `end`, which the store has taken over.
    ///
    /// # Errors
    /// Where the file cannot be shortened. It may be longer than it needs to be then.
    pub(super) fn forget(&self, end: u64) -> io::Result<()> {
        let mut state = self.state();
        state.taken = end;
        state.compact()
    }

    /// Opens a spool in the place of one whose file was removed, or that was never opened.
    ///
    /// # Errors
    /// Where that is not possible. No call begins then.
    pub(super) fn mend(&self) -> io::Result<()> {
        match &mut self.state().medium {
            Medium::Memory(_) => return Ok(()),
            Medium::File(opened) if opened.is_at_its_path()? => return Ok(()),
            Medium::File(opened) => opened.removed = true,
            Medium::Nothing => {}
        }
        self.open()
    }

    /// Closes the spool, and removes its file where the store has all that is in it.
    ///
    /// # Errors
    /// Where the file cannot be removed.
    pub(super) fn close(&self) -> io::Result<()> {
        let mut state = self.state();
        let medium = std::mem::replace(&mut state.medium, Medium::Nothing);
        match medium {
            // The lock is still held: no other process has begun to use the file.
            Medium::File(opened) if state.taken == state.end && !opened.removed => {
                std::fs::remove_file(&opened.path)
            }
            Medium::File(_) | Medium::Memory(_) | Medium::Nothing => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        match &mut self.medium {
            Medium::Nothing => {
                return Err(io::Error::new(
                    io::ErrorKind::NotConnected,
                    "it is not open",
                ));
            }
            Medium::Memory(memory) => memory.extend_from_slice(line),
            Medium::File(Opened { file, .. }) => {
                if let Err(error) = file.write_all(line) {
                    // A part of the line may be there. The next one goes over it.
                    file.seek(SeekFrom::Start(self.end))?;
                    return Err(error);
                }
            }
        }
        self.end += line.len() as u64;
        Ok(())
    }

    /// The next bytes that the store does not have.
    fn read(&mut self, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        match &mut self.medium {
            Medium::Nothing => bytes.clear(),
            Medium::Memory(memory) => {
                let waiting = usize::try_from(self.taken).map_err(io::Error::other)?;
                let mut waiting = memory.get(waiting..).unwrap_or_default();
                waiting.read_exact(&mut bytes)?;
            }
            Medium::File(Opened { file, .. }) => {
                file.seek(SeekFrom::Start(self.taken))?;
                let read = file.read_exact(&mut bytes);
                file.seek(SeekFrom::Start(self.end))?;
                read?;
            }
        }
        Ok(bytes)
    }

    /// Moves what the store does not have to the front, where there is little of it.
    ///
    /// A process that ends in the middle of it leaves some lines twice. Those that the store has
    /// already change nothing there.
    fn compact(&mut self) -> io::Result<()> {
        let waiting = self.end - self.taken;
        if waiting > self.taken.min(BATCH) {
            return Ok(());
        }
        let bytes = self.read(waiting)?;
        match &mut self.medium {
            Medium::Nothing => {}
            Medium::Memory(memory) => *memory = bytes,
            Medium::File(Opened { file, .. }) => {
                file.seek(SeekFrom::Start(0))?;
                let moved = file.write_all(&bytes).and_then(|()| file.set_len(waiting));
                if let Err(error) = moved {
                    file.seek(SeekFrom::Start(self.end))?;
                    return Err(error);
                }
            }
        }
        (self.taken, self.end) = (0, waiting);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that is gone with the test.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let name = format!("drawbridge-spool-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&path).unwrap();
            Scratch(path)
        }

        fn spool(&self) -> Spool {
            let spool = Spool::new(Some(&self.0.join("a.db")));
            spool.open().unwrap();
            spool
        }

        fn files(&self) -> Vec<String> {
            let files = std::fs::read_dir(&self.0).unwrap();
            let mut files: Vec<_> = files
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            files
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// All lines that wait, as the store takes them over.
    fn taken(spool: &Spool) -> String {
        let mut all = Vec::new();
        while let Some(lines) = spool.lines().unwrap() {
            all.extend(&lines.text);
            spool.forget(lines.end).unwrap();
        }
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn lines_are_taken_over_in_order_and_once() {
        let scratch = Scratch::new("order");
        for spool in [scratch.spool(), Spool::new(None)] {
            spool.mend().unwrap();
            spool.begin(b"1\n").unwrap();
            spool.end(b"2\n").unwrap();
            assert_eq!(taken(&spool), "1\n2\n");
            spool.end(b"3\n").unwrap();
            assert_eq!(
                (taken(&spool), taken(&spool)),
                ("3\n".to_owned(), String::new())
            );
        }
    }

    #[test]
    fn lines_of_one_batch_are_all_there_are_unless_others_follow() {
        let spool = Spool::new(None);
        spool.open().unwrap();
        let mut line = vec![b'x'; usize::try_from(BATCH / 4 * 3).unwrap()];
        line.push(b'\n');
        spool.end(&line).unwrap();
        spool.end(&line).unwrap();
        for are_all in [false, true] {
            let lines = spool.lines().unwrap().unwrap();
            assert_eq!((lines.text.len(), lines.are_all), (line.len(), are_all));
            spool.forget(lines.end).unwrap();
        }
    }

    #[test]
    fn processes_have_a_spool_each_and_take_over_those_that_are_left() {
        let scratch = Scratch::new("left");
        let (first, second) = (scratch.spool(), scratch.spool());
        first.end(b"first\n").unwrap();
        second.end(b"second, torn").unwrap();
        assert_eq!(scratch.files(), ["a.db.calls", "a.db.calls-2"]);
        assert!(first.abandoned().unwrap().is_empty());
        drop(second);
        let left = first.abandoned().unwrap();
        assert_eq!(taken(&left[0]), "second, torn\n");
        left[0].close().unwrap();
        assert_eq!(scratch.files(), ["a.db.calls"]);
        drop(first);
        let next = scratch.spool();
        next.end(b"next\n").unwrap();
        assert_eq!(taken(&next), "first\nnext\n");
        next.close().unwrap();
        assert_eq!(scratch.files(), Vec::<String>::new());
    }

    #[test]
    fn a_spool_that_ends_with_lines_in_it_stays() {
        let scratch = Scratch::new("stays");
        let spool = scratch.spool();
        spool.end(b"1\n").unwrap();
        spool.close().unwrap();
        assert!(spool.begin(b"2\n").is_err());
        assert_eq!(taken(&scratch.spool()), "1\n");
    }

    #[test]
    fn what_waits_in_a_spool_that_was_removed_is_in_the_next_one() {
        let scratch = Scratch::new("removed");
        let spool = scratch.spool();
        spool.end(b"1\n").unwrap();
        std::fs::remove_file(scratch.0.join("a.db.calls")).unwrap();
        std::fs::create_dir(scratch.0.join("a.db.calls")).unwrap();
        assert!(spool.mend().is_err());
        assert!(spool.begin(b"refused\n").is_err());
        spool.end(b"2\n").unwrap();
        std::fs::remove_dir(scratch.0.join("a.db.calls")).unwrap();
        spool.mend().unwrap();
        spool.begin(b"3\n").unwrap();
        drop(spool);
        assert_eq!(taken(&scratch.spool()), "1\n2\n3\n");
    }

    #[test]
    fn a_spool_under_steady_load_does_not_grow() {
        let scratch = Scratch::new("steady");
        let spool = scratch.spool();
        let line = [b'x'; 999].iter().chain(b"\n").copied().collect::<Vec<_>>();
        let mut seen = 0;
        for _ in 0..2000 {
            // Something always waits when the store has taken over what was before it.
            spool.end(&line).unwrap();
            let lines = spool.lines().unwrap().unwrap();
            spool.end(&line).unwrap();
            seen += lines.text.len();
            spool.forget(lines.end).unwrap();
        }
        seen += taken(&spool).len();
        assert_eq!(seen, 4000 * line.len());
        let length = std::fs::metadata(scratch.0.join("a.db.calls"))
            .unwrap()
            .len();
        assert!(length < 4 * BATCH, "{length}");
    }

    #[test]
    fn a_spool_that_is_not_taken_over_begins_no_more_calls_at_some_size() {
        let spool = Spool::new(None);
        spool.open().unwrap();
        let line = vec![b'x'; 1 << 20];
        let begun = (0..100).take_while(|_| spool.begin(&line).is_ok()).count();
        assert_eq!(begun as u64, MOST >> 20);
        // A call that has begun can end.
        spool.end(b"\n").unwrap();
        while let Some(lines) = spool.lines().unwrap() {
            spool.forget(lines.end).unwrap();
        }
        spool.begin(&line).unwrap();
    }
}
