//! The name that was probably meant.

/// The longest name, in bytes, that is compared with others: the distance takes the product of
/// both lengths.
const COMPARED: usize = 128;

/// The known name nearest to `name`, where one is near enough to be meant.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > COMPARED {
        return None;
    }
    let bound = name.chars().count().div_ceil(3).max(1);
    known
        .filter(|candidate| candidate.len() <= COMPARED)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The known names nearest to `name`, the nearest first, however far they are: at most `most`.
pub(crate) fn closest<'a>(
    name: &str,
    known: impl Iterator<Item = &'a str>,
    most: usize,
) -> Vec<&'a str> {
    let end = name.char_indices().nth(COMPARED);
    let name = end.and_then(|(end, _)| name.get(..end)).unwrap_or(name);
    let known = known.filter(|candidate| candidate.len() <= COMPARED);
    let mut known: Vec<_> = known.map(|it| (distance(name, it), it)).collect();
    known.sort_unstable();
    known.truncate(most);
    known.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Edits between two names, where case and the characters between words do not count.
fn distance(left: &str, right: &str) -> usize {
    fn letters(name: &str) -> String {
        name.chars()
            .filter(|character| character.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    }
    strsim::osa_distance(&letters(left), &letters(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_recognised() {
        assert_eq!(
            nearest("stauts", ["page", "status"].into_iter()),
            Some("status")
        );
    }

    #[test]
    fn another_spelling_of_words_is_recognised() {
        assert_eq!(
            nearest("pageSize", ["page", "page_size"].into_iter()),
            Some("page_size")
        );
    }

    #[test]
    fn a_different_word_is_not_guessed_at() {
        assert_eq!(nearest("colour", ["page", "status"].into_iter()), None);
    }

    #[test]
    fn a_name_longer_than_any_is_compared_with_none() {
        let known = "x".repeat(200);
        assert_eq!(nearest(&known, [known.as_str()].into_iter()), None);
    }
}
