//! The list of the generator's files in the manifest of a crate, with a digest of each, so that
//! a later run notices what was edited by hand.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

/// Hexadecimal digits of a digest. It finds edits; it is no protection against forgery.
const DIGITS: usize = 16;

/// The files that a run wrote, by path, each with the digest of its bytes. A file without a digest
/// may have any contents: it was written by an earlier version, or its edits count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) files: BTreeMap<String, Option<String>>,
    /// The files of [`Owner::Once`](crate::emit::Owner::Once) that were created, by path.
    pub(crate) once: BTreeSet<String>,
}

/// Before the path of a file that is created once.
const ONCE: &str = "# once: ";

impl Listing {
    /// Reads the lines of a manifest.
    pub(crate) fn parse(manifest: &str) -> Listing {
        let mut listing = Listing::default();
        for line in manifest.lines().filter(|line| !line.is_empty()) {
            match line.strip_prefix(ONCE) {
                Some(path) => {
                    listing.once.insert(path.to_owned());
                }
                None if line.starts_with('#') || is_conflict(line) => {}
                None => listing.add(entry(line)),
            }
        }
        listing
    }

    /// Adds a file. Of a merge with conflicts, both sides may list it: then it may have any contents.
    fn add(&mut self, (path, digest): (String, Option<String>)) {
        let known = self.files.get(&path);
        let digest =
            digest.filter(|digest| known.is_none_or(|known| known.as_ref() == Some(digest)));
        self.files.insert(path, digest);
    }

    /// The lines of the manifest, in the order of their paths.
    pub(crate) fn lines(&self) -> String {
        let once = self.once.iter().map(|path| format!("{ONCE}{path}\n"));
        let files = self.files.iter().map(|(path, digest)| match digest {
            Some(digest) => format!("{path} {digest}\n"),
            None => format!("{path}\n"),
        });
        once.chain(files).collect()
    }

    /// Reports whether a file was edited since it was written.
    pub(crate) fn is_edited(&self, path: &str, bytes: &[u8]) -> bool {
        let written = self.files.get(path).and_then(Option::as_deref);
        written.is_some_and(|written| written != digest(bytes))
    }
}

/// Reports whether a line is a mark of git around the sides of a conflict.
fn is_conflict(line: &str) -> bool {
    ["<<<<<<< ", "=======", ">>>>>>> ", "||||||| "]
        .iter()
        .any(|mark| line.starts_with(mark))
}

/// A path, and the digest behind it if there is one.
fn entry(line: &str) -> (String, Option<String>) {
    let is_digest = |text: &str| {
        text.len() == DIGITS && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
    };
    match line.rsplit_once(' ') {
        Some((path, digest)) if is_digest(digest) => (path.to_owned(), Some(digest.to_owned())),
        _ => (line.to_owned(), None),
    }
}

/// The digest of a file. Git may check a text out with other ends of its lines, which is no edit.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let text = match bytes.contains(&b'\r') {
        true => Cow::from(without_returns(bytes)),
        false => Cow::from(bytes),
    };
    let digest = Sha256::digest(&text);
    let digits = digest.iter().map(|byte| format!("{byte:02x}"));
    digits.take(DIGITS / 2).collect()
}

fn without_returns(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            text.push(*byte);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read_as_it_is_written() {
        let text = "# once: c\na b.rs 0123456789abcdef\nsrc/lib.rs\nx 0123456789abcdeg\n";
        let listing = Listing::parse(&format!("# listing: tools\n\n{text}"));
        assert_eq!(listing.lines(), text);
        assert_eq!(listing.files["a b.rs"].as_deref(), Some("0123456789abcdef"));
        assert_eq!(listing.files["x 0123456789abcdeg"], None);
    }

    #[test]
    fn a_file_that_both_sides_of_a_conflict_list_may_have_any_contents() {
        let sides = "<<<<<<< HEAD\na 0123456789abcdef\nb 0123456789abcdef\n=======\n\
                     a fedcba9876543210\n>>>>>>> other\n";
        let listing = Listing::parse(sides);
        assert_eq!(listing.lines(), "a\nb 0123456789abcdef\n");
    }

    #[test]
    fn other_ends_of_lines_are_no_edit() {
        let listing = Listing {
            files: [("a".to_owned(), Some(digest(b"1\n2\n")))].into(),
            ..Listing::default()
        };
        assert!(!listing.is_edited("a", b"1\r\n2\r\n"));
        assert!(listing.is_edited("a", b"1\n3\n"));
        assert!(!listing.is_edited("b", b"1\n3\n"));
    }
}
