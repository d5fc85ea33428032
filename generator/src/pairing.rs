//! Which operations of two descriptions are the same.

use std::collections::HashMap;
use std::hash::Hash;

/// The names by which operations are matched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) operation_id: Option<&'a str>,
}

/// The operations of two sides, as indices into each.
#[derive(Debug, Default)]
pub(crate) struct Pairing {
    /// Those that both sides have, in the order of the new side.
    pub(crate) both: Vec<(usize, usize)>,
    pub(crate) removed: Vec<usize>,
    pub(crate) added: Vec<usize>,
}

/// Matches operations: by method and path, then by method and path without the names of its
/// variables, then by operationId, then by the name of the tool. Each step regards only what the
/// steps before left, and only keys that one operation of each side has.
pub(crate) fn pair(old: &[Entry], new: &[Entry]) -> Pairing {
    let mut sides = Sides {
        old,
        new,
        matched: vec![None; new.len()],
        is_matched: vec![false; old.len()],
    };
    sides.step(|one| Some((one.method, one.path, one.name)));
    sides.step(|one| Some((one.method, one.path)));
    sides.step(|one| Some((one.method, shape(one.path))));
    sides.step(|one| one.operation_id);
    sides.step(|one| Some(one.name));
    let mut pairing = Pairing::default();
    for (index, matched) in sides.matched.iter().enumerate() {
        match matched {
            Some(old) => pairing.both.push((*old, index)),
            None => pairing.added.push(index),
        }
    }
    let left = sides.is_matched.iter().enumerate();
    pairing.removed = left
        .filter(|(_, is_matched)| !**is_matched)
        .map(|(index, _)| index)
        .collect();
    pairing
}

struct Sides<'e, 'a> {
    old: &'e [Entry<'a>],
    new: &'e [Entry<'a>],
    /// For each new operation the old one.
    matched: Vec<Option<usize>>,
    is_matched: Vec<bool>,
}

impl<'a> Sides<'_, 'a> {
    fn step<K: Hash + Eq>(&mut self, key: impl Fn(&Entry<'a>) -> Option<K>) {
        let mut open: HashMap<K, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for (index, (one, is_matched)) in self.old.iter().zip(&self.is_matched).enumerate() {
            if let (false, Some(key)) = (is_matched, key(one)) {
                open.entry(key).or_default().0.push(index);
            }
        }
        for (index, (one, matched)) in self.new.iter().zip(&self.matched).enumerate() {
            if let (None, Some(key)) = (matched, key(one)) {
                open.entry(key).or_default().1.push(index);
            }
        }
        for (old, new) in open.into_values() {
            let ([old], [new]) = (old.as_slice(), new.as_slice()) else {
                continue;
            };
            if let (Some(matched), Some(is_matched)) =
                (self.matched.get_mut(*new), self.is_matched.get_mut(*old))
            {
                *matched = Some(*old);
                *is_matched = true;
            }
        }
    }
}

/// A path without the names of its variables: `/pets/{}`.
pub(crate) fn shape(path: &str) -> String {
    let mut shape = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, after)) = after.split_once('}') else {
            break;
        };
        shape.push_str(before);
        shape.push_str("{}");
        rest = after;
    }
    shape + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(route: &'static str, name: &'static str, id: Option<&'static str>) -> Entry<'static> {
        let (method, path) = route.split_once(' ').unwrap();
        Entry {
            name,
            method,
            path,
            operation_id: id,
        }
    }

    #[test]
    fn operation_is_matched_by_route_before_id_and_by_id_before_name() {
        let old = [
            entry("GET /a", "one", Some("one")),
            entry("GET /b/{x}", "two", Some("two")),
            entry("GET /c", "three", None),
            entry("GET /d", "four", None),
        ];
        let new = [
            entry("GET /a", "two", Some("two")),
            entry("GET /b/{y}", "renamed", None),
            entry("PUT /e", "one", Some("one")),
            entry("GET /f", "three", None),
        ];
        let pairing = pair(&old, &new);
        assert_eq!(pairing.both, [(0, 0), (1, 1), (2, 3)]);
        assert_eq!((pairing.removed, pairing.added), (vec![3], vec![2]));
    }
}
