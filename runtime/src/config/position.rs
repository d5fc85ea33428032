//! The places of keys in a configuration file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

/// The keys of a file with their lines, for errors that show only when the values are used.
#[derive(Clone, Debug)]
pub(crate) struct Positions {
    file: PathBuf,
    lines: BTreeMap<String, usize>,
}

impl Positions {
    /// Those of a file with this text.
    pub(super) fn of(text: &str, file: &Path) -> Positions {
        let mut lines = BTreeMap::new();
        if let Ok(table) = DeTable::parse(text) {
            collect(text, table.get_ref(), "", &mut lines);
        }
        Positions {
            file: file.to_owned(),
            lines,
        }
    }

    /// The file.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The line of a key, its parts separated by dots, or of the table around it where the key is
    /// not there.
    pub(super) fn line(&self, key: &str) -> Option<usize> {
        let mut around = std::iter::successors(Some(key), |key| Some(key.rsplit_once('.')?.0));
        around.find_map(|key| self.lines.get(key)).copied()
    }
}

fn collect(text: &str, table: &DeTable<'_>, path: &str, lines: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let name = key.get_ref();
        let path = match path {
            "" => name.to_string(),
            path => format!("{path}.{name}"),
        };
        lines.insert(path.clone(), super::line_of(text, key.span().start));
        if let DeValue::Table(table) = value.get_ref() {
            collect(text, table, &path, lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(key: &str) -> Option<usize> {
        let text = "[server]\nauth = \"none\"\n\n[upstream]\nmint = { create.id = 1 }\n";
        Positions::of(text, Path::new("a.toml")).line(key)
    }

    #[test]
    fn a_key_is_found_with_its_line() {
        assert_eq!(line("server.auth"), Some(2));
        assert_eq!(line("upstream.mint.create.id"), Some(5));
    }

    #[test]
    fn what_is_missing_belongs_to_the_table_around_it() {
        assert_eq!(line("upstream.credentials.key"), Some(4));
        assert_eq!(line("store.path"), None);
    }
}
