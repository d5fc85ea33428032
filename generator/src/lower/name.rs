//! Tool names: what operations are called, whatever their order in the file.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

/// The longest name that every client and model takes.
pub(crate) const MAX: usize = 64;

/// What a name is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin<'a> {
    pub(super) path: &'a str,
    pub(super) method: &'a str,
    /// The name asked for: by `x-mcp` or `operationId`.
    pub(super) wanted: Option<&'a str>,
}

/// A name for each origin: `^[A-Za-z0-9_-]{1,64}$`, no two alike, the same in any order.
pub(super) fn assign(origins: &[Origin<'_>]) -> Vec<String> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, origin) in origins.iter().enumerate() {
        groups.entry(preferred(origin)).or_default().push(index);
    }
    let mut names = vec![String::new(); origins.len()];
    let mut taken: BTreeSet<String> = groups.keys().cloned().collect();
    for (name, mut members) in groups {
        members.sort_by_key(|index| origins[*index]);
        // The first by path and method keeps the name; the others say what they do.
        for (position, index) in members.into_iter().enumerate() {
            names[index] = if position == 0 {
                name.clone()
            } else {
                let origin = &origins[index];
                let told = shorten(&format!("{name}_{}", from_route(origin)));
                let mut unique = told.clone();
                let mut salt = 0_u32;
                while !taken.insert(unique.clone()) {
                    salt += 1;
                    let full = format!("{} {} {salt}", origin.method, origin.path);
                    unique = with_hash(&told, &full);
                }
                unique
            };
        }
    }
    names
}

fn preferred(origin: &Origin<'_>) -> String {
    let wanted = origin.wanted.map(sanitize).filter(|name| !name.is_empty());
    match wanted {
        Some(name) => shorten(&name),
        None => shorten(&from_route(origin)),
    }
}

/// `GET /users/{id}/keys` is `get_users_id_keys`.
fn from_route(origin: &Origin<'_>) -> String {
    let path = sanitize(origin.path);
    let method = sanitize(&origin.method.to_ascii_lowercase());
    match path.as_str() {
        "" => format!("{method}_root"),
        _ => format!("{method}_{path}"),
    }
}

/// Keeps letters, digits, `_` and `-`; each run of anything else becomes one `_`.
pub(super) fn sanitize(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || character == '_' || character == '-' {
            name.push(character);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    name.trim_matches('_').to_owned()
}

/// A name of at most [`MAX`] characters, cut between words and told apart by a hash of the whole.
pub(super) fn shorten(name: &str) -> String {
    if name.len() <= MAX {
        name.to_owned()
    } else {
        with_hash(name, name)
    }
}

fn with_hash(name: &str, full: &str) -> String {
    let hash = hash(full);
    let room = MAX - hash.len() - 1;
    let mut cut = name;
    if name.len() > room {
        cut = name.get(..room).unwrap_or(name);
        let boundary = cut.char_indices().rev().find(|(at, character)| {
            let next = name.as_bytes().get(at + 1).copied().unwrap_or(b'_');
            matches!(character, '_' | '-')
                || character.is_ascii_lowercase() && next.is_ascii_uppercase()
        });
        // A word longer than half the name is cut all the same.
        if let Some((at, character)) = boundary.filter(|(at, _)| *at > room / 2) {
            let end = if matches!(character, '_' | '-') {
                at
            } else {
                at + 1
            };
            cut = cut.get(..end).unwrap_or(cut);
        }
    }
    format!("{}_{hash}", cut.trim_end_matches(['_', '-']))
}

/// Eight hexadecimal digits that stay the same for the same text.
pub(super) fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A title for people where the description gives none: `listBundles` is `List bundles`.
pub(super) fn humanize(name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    for character in name.chars() {
        let splits = !character.is_alphanumeric()
            || character.is_uppercase() && (last.is_lowercase() || last.is_ascii_digit());
        if splits || words.is_empty() {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(character);
        }
        last = character;
    }
    let is_acronym = |word: &str| word.len() > 1 && word.chars().all(|c| !c.is_lowercase());
    let words = words.iter().filter(|word| !word.is_empty());
    let text: Vec<_> = words
        .map(|word| {
            if is_acronym(word) {
                word.clone()
            } else {
                word.to_lowercase()
            }
        })
        .collect();
    let text = text.join(" ");
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(origins: &[(&'static str, &'static str, Option<&'static str>)]) -> Vec<String> {
        let origins: Vec<_> = origins
            .iter()
            .map(|(method, path, wanted)| Origin {
                path,
                method,
                wanted: *wanted,
            })
            .collect();
        assign(&origins)
    }

    #[test]
    fn operation_ids_stay_where_they_are_names() {
        let ids = [
            ("GET", "/", Some("listBundles")),
            ("GET", "/b", Some("repos/list-for-org")),
        ];
        assert_eq!(names(&ids), ["listBundles", "repos_list-for-org"]);
    }

    #[test]
    fn method_and_path_stand_in_for_a_missing_id() {
        let routes = [
            ("GET", "/users/{id}/keys", None),
            ("POST", "/", None),
            ("PUT", "/ü", Some("ü")),
        ];
        assert_eq!(
            names(&routes),
            ["get_users_id_keys", "post_root", "put_root"]
        );
    }

    #[test]
    fn a_name_given_twice_is_told_apart_by_route() {
        let given = [("POST", "/b", Some("x")), ("GET", "/a", Some("x"))];
        assert_eq!(names(&given), ["x_post_b", "x"]);
    }

    #[test]
    fn long_names_are_cut_between_words() {
        let long = "repositories_list_every_single_thing_that_there_is_to_be_found_anywhere_at_all";
        let name = &names(&[("GET", "/", Some(long))])[0];
        assert!(name.len() <= MAX, "{name}");
        assert!(
            name.starts_with("repositories_list_every_single_thing_that_there_is_to_be_"),
            "{name}"
        );
    }

    #[test]
    fn order_does_not_matter() {
        let given = [
            ("GET", "/a", Some("x")),
            ("POST", "/a", Some("x")),
            ("GET", "/b", Some("x_post_a")),
            ("GET", "/c", None),
        ];
        let forward = names(&given);
        let mut reversed = given;
        reversed.reverse();
        let mut backward = names(&reversed);
        backward.reverse();
        assert_eq!(forward, backward);
        assert_eq!(forward.iter().collect::<BTreeSet<_>>().len(), given.len());
    }

    #[test]
    fn titles_are_made_of_words() {
        assert_eq!(humanize("listBundlesForURL"), "List bundles for URL");
        assert_eq!(humanize("get_users_id"), "Get users id");
    }
}
