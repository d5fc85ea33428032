//! What is the same under another name.

/// How many of each side are compared with each other.
const MAX: usize = 20;

/// Returns pairs of indices of what is gone and what is new that `is_alike` finds the same. One
/// that is like several of the other side is like none.
pub(super) fn find<T, U>(
    gone: &[T],
    more: &[U],
    mut is_alike: impl FnMut(&T, &U) -> bool,
) -> Vec<(usize, usize)> {
    if gone.len() > MAX || more.len() > MAX {
        return Vec::new();
    }
    let mut alike = Vec::new();
    for (from, one) in gone.iter().enumerate() {
        for (to, other) in more.iter().enumerate() {
            if is_alike(one, other) {
                alike.push((from, to));
            }
        }
    }
    let is_only = |pair: &&(usize, usize)| {
        let with = |other: &&(usize, usize)| other.0 == pair.0 || other.1 == pair.1;
        alike.iter().filter(with).count() == 1
    };
    alike.iter().filter(is_only).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_like_several_is_like_none() {
        assert_eq!(find(&[1, 2], &[2, 3], |a, b| a == b), [(1, 0)]);
        assert!(find(&[1], &[1, 1], |a, b| a == b).is_empty());
    }
}
