//! General knowledge of language: words without meaning in a request, other words for the same
//! thing, verbs of other languages. It is data, in `language/`, and names no API.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::words::{Stems, fold};

/// Requests are made of these words whatever they are about.
const FILLER: &str = include_str!("language/filler.txt");
/// Words that people write, and the terms of software for them.
const SYNONYMS: &str = include_str!("language/synonyms.txt");
/// Verbs, and the effects that they ask for.
const VERBS: &str = include_str!("language/verbs.txt");
/// Common words of other languages, and the terms of software for them.
const OTHER_LANGUAGES: &str = include_str!("language/other_languages.txt");

/// The weight of another word for the same thing, of 256.
const SAME: u32 = 230;
/// The weight of a related word, of 256.
const RELATED: u32 = 128;

/// The effects that a verb asks for, as a set. An operation with one of them fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effect(u8);

impl Effect {
    pub(super) const READ: Effect = Effect(1);
    pub(super) const CREATE: Effect = Effect(2);
    pub(super) const UPDATE: Effect = Effect(4);
    pub(super) const DELETE: Effect = Effect(8);
    const CHANGE: Effect = Effect(14);

    fn named(name: &str) -> Option<Effect> {
        match name {
            "read" => Some(Effect::READ),
            "create" => Some(Effect::CREATE),
            "update" => Some(Effect::UPDATE),
            "delete" => Some(Effect::DELETE),
            "change" => Some(Effect::CHANGE),
            _ => None,
        }
    }

    pub(super) fn or(self, other: Effect) -> Effect {
        Effect(self.0 | other.0)
    }

    /// Reports that two sets have an effect in common.
    pub(super) fn overlaps(self, other: Effect) -> bool {
        self.0 & other.0 != 0
    }
}

/// Words in stemmed form, and the terms for them.
pub(super) struct Language {
    filler: HashSet<String>,
    vague: HashSet<String>,
    /// By their stems; those of several words are joined by `_`.
    verbs: HashMap<String, Effect>,
    /// By the first of the words.
    synonyms: HashMap<String, Vec<Synonym>>,
}

/// Words that people write one after the other, and the terms for them.
pub(super) struct Synonym {
    pub(super) words: Vec<String>,
    /// Each with its weight, of 256.
    pub(super) terms: Vec<(String, u32)>,
}

/// The language, read once.
pub(super) static LANGUAGE: LazyLock<Language> = LazyLock::new(Language::read);

impl Language {
    fn read() -> Language {
        let stems = Stems::new();
        let stemmed = |words: &str| -> Vec<String> {
            let words = words.split_whitespace();
            words.map(|word| stems.stem(&fold(word))).collect()
        };
        let (mut filler, mut vague) = (HashSet::new(), HashSet::new());
        for line in lines(FILLER) {
            match line.strip_prefix('~') {
                Some(words) => vague.extend(stemmed(words)),
                None => filler.extend(stemmed(line)),
            }
        }
        let mut language = Language {
            filler,
            vague,
            verbs: HashMap::new(),
            synonyms: HashMap::new(),
        };
        for line in lines(VERBS) {
            let (name, verbs) = line.split_once('=').unwrap_or_default();
            let effect = Effect::named(name.trim()).unwrap_or_default();
            for verb in verbs.split_whitespace() {
                let stems: Vec<_> = verb.split('_').map(|word| stems.stem(word)).collect();
                let known = language.verbs.entry(stems.join("_")).or_default();
                *known = known.or(effect);
            }
        }
        for line in lines(SYNONYMS).chain(lines(OTHER_LANGUAGES)) {
            language.add(line, &stems);
        }
        for alike in language.synonyms.values_mut() {
            // The longest sequence of words is the most exact.
            alike.sort_by_key(|it| std::cmp::Reverse(it.words.len()));
        }
        language
    }

    /// Adds a line: words, `=` or `~`, terms. The parts of a sequence are joined by `_`.
    fn add(&mut self, line: &str, stems: &Stems) {
        let (weight, sides) = match line.split_once('=') {
            Some(sides) => (SAME, Some(sides)),
            None => (RELATED, line.split_once('~')),
        };
        let Some((people, software)) = sides else {
            return;
        };
        let terms: Vec<String> = software
            .split_whitespace()
            .map(|term| match term.split_once('_') {
                Some((left, right)) => stems.joined(left, right),
                None => stems.stem(&fold(term)),
            })
            .collect();
        for written in people.split_whitespace() {
            let words = written.split('_').map(|word| stems.stem(&fold(word)));
            let words: Vec<String> = words.collect();
            let Some(first) = words.first().cloned() else {
                continue;
            };
            let alike = self.synonyms.entry(first).or_default();
            let place = alike.iter().position(|it| it.words == words);
            let place = place.unwrap_or_else(|| {
                let terms = Vec::new();
                alike.push(Synonym { words, terms });
                alike.len() - 1
            });
            if let Some(synonym) = alike.get_mut(place) {
                let weighted = terms.iter().map(|term| (term.clone(), weight));
                synonym.terms.extend(weighted);
            }
        }
    }

    /// Reports that a stem says nothing about a request.
    pub(super) fn is_filler(&self, stem: &str) -> bool {
        self.filler.contains(stem)
    }

    /// Reports that a stem says little about a request.
    pub(super) fn is_vague(&self, stem: &str) -> bool {
        self.vague.contains(stem)
    }

    /// The effects that the verb at the beginning of these stems asks for.
    pub(super) fn effect(&self, stems: &[String]) -> Option<Effect> {
        let first = stems.first()?;
        let pair = stems.get(1).map(|second| format!("{first}_{second}"));
        let pair = pair.and_then(|pair| self.verbs.get(&pair));
        pair.or_else(|| self.verbs.get(first)).copied()
    }

    /// The longest known sequence of words that these stems begin with.
    pub(super) fn synonym(&self, stems: &[String]) -> Option<&Synonym> {
        let alike = self.synonyms.get(stems.first()?)?;
        alike.iter().find(|it| stems.starts_with(&it.words))
    }
}

/// The lines of a file of data that are not comments.
fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_data_have_words_and_terms() {
        for line in lines(SYNONYMS).chain(lines(OTHER_LANGUAGES)) {
            let (people, software) = line.split_once(['=', '~']).expect(line);
            assert!(!people.trim().is_empty(), "{line}");
            assert!(!software.trim().is_empty(), "{line}");
            assert!(!software.contains(['=', '~']), "{line}");
        }
    }

    #[test]
    fn lines_of_verbs_name_an_effect() {
        for line in lines(VERBS) {
            let name = line.split_once('=').map(|(name, _)| name.trim());
            assert!(name.and_then(Effect::named).is_some(), "{line}");
        }
    }

    #[test]
    fn longest_sequence_of_words_is_recognized() {
        let stems = ["throw", "away", "file"].map(str::to_owned);
        let found = LANGUAGE.synonym(&stems).unwrap();
        assert_eq!(found.words.len(), 2);
        assert!(found.terms.iter().any(|(term, _)| term == "delet"));
    }
}
