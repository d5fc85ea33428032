//! Where the keys of a configuration file stand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

/// The keys of a file with their lines, for faults that show only when the settings are used.
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

    /// File and line of a key, its parts separated by dots; of the table around it where it is
    /// not there; the file alone where that is not there either.
    pub(crate) fn place(&self, key: &str) -> String {
        let around = std::iter::successors(Some(key), |key| Some(key.rsplit_once('.')?.0));
        let file = self.file.display();
        match around.into_iter().find_map(|key| self.lines.get(key)) {
            Some(line) => format!("{file}:{line}"),
            None => file.to_string(),
        }
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

    fn place(key: &str) -> String {
        let text = "[server]\nauth = \"none\"\n\n[upstream]\nmint = { create.id = 1 }\n";
        Positions::of(text, Path::new("a.toml")).place(key)
    }

    #[test]
    fn a_key_is_found_with_its_line() {
        assert_eq!(place("server.auth"), "a.toml:2");
        assert_eq!(place("upstream.mint.create.id"), "a.toml:5");
    }

    #[test]
    fn what_is_missing_belongs_to_the_table_around_it() {
        assert_eq!(place("upstream.credentials.key"), "a.toml:4");
        assert_eq!(place("store.path"), "a.toml");
    }
}
