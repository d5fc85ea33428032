//! From JSON pointers back to the lines of the text they lead to.

use std::collections::HashMap;

use granit_parser::Event;

use super::pointer::tokens;
use super::yaml::events;

/// The pointers whose lines are asked for, as a tree of their tokens.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    children: HashMap<String, Wanted>,
    line: Option<usize>,
}

impl Wanted {
    pub(super) fn insert(&mut self, pointer: &str) {
        let mut node = self;
        for token in tokens(pointer) {
            node = node.children.entry(token).or_default();
        }
    }

    /// The line of what `pointer` leads to, or of the nearest thing around it that is written
    /// down: in the end that of the whole.
    pub(super) fn line(&self, pointer: &str) -> Option<usize> {
        let mut node = self;
        let mut line = self.line;
        for token in tokens(pointer) {
            node = node.children.get(&token)?;
            line = node.line.or(line);
        }
        line
    }
}

/// Walks a text's collections in step with the tree of wanted pointers.
struct Walk<'w> {
    root: Option<&'w mut Wanted>,
    open: Vec<Level>,
    path: Vec<String>,
}

/// An open collection: whether anything in it is wanted, and where in it the walk is.
struct Level {
    wanted: bool,
    next: Next,
}

enum Next {
    Item(usize),
    Key,
    Value,
}

impl<'w> Walk<'w> {
    fn new(root: &'w mut Wanted) -> Self {
        Walk {
            root: Some(root),
            open: Vec::new(),
            path: Vec::new(),
        }
    }

    /// Whether a scalar that comes now is a key.
    fn at_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Level {
                next: Next::Key,
                ..
            })
        )
    }

    fn key(&mut self, key: &str, line: usize) {
        let Some(level) = self.open.last_mut() else {
            return;
        };
        level.next = Next::Value;
        let wanted = level.wanted;
        self.enter(wanted, key.to_owned(), line);
    }

    /// Something in the current collection begins at `line`; true if it or its parts are wanted.
    fn begin(&mut self, line: usize) -> bool {
        match self.open.last() {
            None => true,
            Some(Level {
                wanted,
                next: Next::Item(at),
            }) => {
                let (wanted, at) = (*wanted, *at);
                self.enter(wanted, at.to_string(), line);
                self.current().is_some()
            }
            Some(_) => self.current().is_some(),
        }
    }

    fn end(&mut self) {
        if let Some(level) = self.open.last_mut() {
            self.path.pop();
            level.next = match level.next {
                Next::Item(at) => Next::Item(at + 1),
                Next::Key | Next::Value => Next::Key,
            };
        }
    }

    fn open(&mut self, sequence: bool, line: usize) {
        let is_root = self.open.is_empty();
        let wanted = self.begin(line);
        if is_root && let Some(root) = self.current() {
            root.line.get_or_insert(line);
        }
        let next = if sequence { Next::Item(0) } else { Next::Key };
        self.open.push(Level { wanted, next });
    }

    fn close(&mut self) {
        self.open.pop();
        self.end();
    }

    fn enter(&mut self, wanted: bool, token: String, line: usize) {
        // Below what was not asked for, the path only has to stay as deep as the walk.
        self.path.push(if wanted { token } else { String::new() });
        if wanted && let Some(node) = self.current() {
            node.line.get_or_insert(line);
        }
    }

    fn current(&mut self) -> Option<&mut Wanted> {
        let (open, path) = (&self.open, &self.path);
        if open.last().is_some_and(|level| !level.wanted) {
            return None;
        }
        let mut node = &mut **self.root.as_mut()?;
        for token in path {
            node = node.children.get_mut(token)?;
        }
        Some(node)
    }
}

/// Fills in the lines of a YAML text.
pub(super) fn yaml(text: &str, wanted: &mut Wanted) {
    let mut walk = Walk::new(wanted);
    for event in events(text) {
        let Ok((event, span)) = event else { return };
        let line = span.start.line();
        match event {
            Event::Scalar(key, ..) if walk.at_key() => walk.key(&key, line),
            Event::Alias(_) if walk.at_key() => walk.key("", line),
            Event::Scalar(..) | Event::Alias(_) => {
                walk.begin(line);
                walk.end();
            }
            Event::SequenceStart(..) => walk.open(true, line),
            Event::MappingStart(..) => walk.open(false, line),
            Event::SequenceEnd | Event::MappingEnd => walk.close(),
            Event::DocumentEnd => return,
            _ => {}
        }
    }
}

/// Fills in the lines of a JSON text, which is known to be well-formed.
pub(super) fn json(text: &str, wanted: &mut Wanted) {
    let mut walk = Walk::new(wanted);
    let bytes = text.as_bytes();
    let (mut at, mut line) = (0, 1);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' => line += 1,
            b'{' => walk.open(false, line),
            b'[' => walk.open(true, line),
            b'}' | b']' => walk.close(),
            b'"' => {
                let end = string_end(bytes, at);
                if walk.at_key() {
                    let key = text
                        .get(at..end)
                        .and_then(|key| serde_json::from_str(key).ok());
                    walk.key(&key.unwrap_or_else(String::new), line);
                } else {
                    walk.begin(line);
                    walk.end();
                }
                at = end;
                continue;
            }
            b' ' | b'\t' | b'\r' | b',' | b':' => {}
            _ => {
                walk.begin(line);
                walk.end();
                while bytes
                    .get(at)
                    .is_some_and(|byte| !b" \t\r\n,]}".contains(byte))
                {
                    at += 1;
                }
                continue;
            }
        }
        at += 1;
    }
}

/// The place behind the string that begins at `start`.
pub(super) fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(of: impl Fn(&str, &mut Wanted), text: &str, pointers: &[&str]) -> Vec<Option<usize>> {
        let mut wanted = Wanted::default();
        for pointer in pointers {
            wanted.insert(pointer);
        }
        of(text, &mut wanted);
        pointers
            .iter()
            .map(|pointer| wanted.line(pointer))
            .collect()
    }

    #[test]
    fn json_pointers_find_their_lines() {
        let text = "{\n \"a\": [1,\n  {\"b\\\"\": \"}\"},\n  null],\n \"c\": 2\n}";
        let found = lines(json, text, &["/a/1/b\"", "/a/2", "/c", "/a/7/x"]);
        assert_eq!(found, [Some(3), Some(4), Some(5), Some(2)]);
    }

    #[test]
    fn yaml_pointers_find_their_lines() {
        let text = "a:\n- 1\n- b~/: x\n  d: [p,\n    q]\nc: 2\n";
        let found = lines(yaml, text, &["/a/1/b~0~1", "/a/1/d/1", "/c"]);
        assert_eq!(found, [Some(3), Some(5), Some(6)]);
    }
}
