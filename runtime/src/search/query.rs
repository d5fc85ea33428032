//! A request as the index understands it: concepts, each with the terms that may name it.

use std::collections::HashSet;

use super::index::Index;
use super::language::{Effect, LANGUAGE};
use super::words::{fold, humps, spaced, written};

/// The most words of a request that are read.
const WORDS: usize = 64;
/// The weight of the word that a person wrote, of 256.
const OWN: u32 = 256;
/// The weight of a word that says little.
const VAGUE: u32 = 64;
/// The weight of one word of a sequence that has a meaning of its own.
const PART: u32 = 110;
/// The weight of a term that is spelled almost as a word that no operation has.
const ALMOST: u32 = 180;
/// The shortest word that is completed or corrected, in bytes.
const COMPLETED: usize = 4;
/// The most terms that complete a word.
const COMPLETIONS: usize = 8;

/// The weight of a term that a word is the beginning of.
const LONGER: u32 = 100;
/// How much other words for a word count, of 256, where operations are named by the word itself.
const KNOWN: u32 = 180;
/// How much the words of later sentences count, of 256.
const LATER: u32 = 110;
/// How many words the first sentence has for later ones to count less.
const SENTENCE: usize = 4;
/// How many words of a request are looked at for its verb.
const VERB_AMONG: usize = 5;

/// A request as it is searched for.
#[derive(Debug)]
pub(super) struct Query {
    /// The things that it names, in its order.
    pub(super) concepts: Vec<Concept>,
    /// The effect that its verb asks for, where it has one.
    pub(super) effect: Option<Effect>,
    /// How many things it asks for, where it says so.
    pub(super) number: Option<Number>,
}

/// How many things a request asks for, or an operation works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    One,
    Several,
}

/// Words that ask for several things.
const SEVERAL: &[&str] = &[
    "all", "every", "list", "array", "collect", "which", "search",
];
/// Words that ask for one thing.
const ONE: &[&str] = &[
    "a", "an", "singl", "specif", "specifi", "given", "individu", "this",
];

/// One thing that a request names.
#[derive(Debug, Default)]
pub(super) struct Concept {
    /// The terms that may name it: the number of each, and its weight of 256.
    pub(super) terms: Vec<(usize, u32)>,
}

/// A word of a request.
struct Word {
    folded: String,
    stem: String,
    /// True in a sentence after the first, which explains rather than asks.
    is_later: bool,
}

impl Query {
    /// Reads a request.
    pub(super) fn read(index: &Index, request: &str) -> Query {
        let words = words(index, request);
        let stems: Vec<String> = words.iter().map(|word| word.stem.clone()).collect();
        let effect =
            (0..stems.len().min(VERB_AMONG)).find_map(|place| LANGUAGE.effect(stems.get(place..)?));
        let has = |any: &[&str]| stems.iter().any(|stem| any.contains(&stem.as_str()));
        let number = match (has(SEVERAL), has(ONE)) {
            (true, false) => Some(Number::Several),
            (false, true) => Some(Number::One),
            _ => None,
        };
        Query {
            concepts: concepts(index, &words, &stems),
            effect,
            number,
        }
    }
}

fn concepts(index: &Index, words: &[Word], stems: &[String]) -> Vec<Concept> {
    let mut concepts = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    let mut place = 0;
    while let Some(word) = words.get(place) {
        let rest = stems.get(place..).unwrap_or_default();
        let synonym = LANGUAGE.synonym(rest);
        let length = synonym.map_or(1, |it| it.words.len());
        let mut concept = Concept::default();
        if length > 1 {
            for part in rest.iter().take(length) {
                if !LANGUAGE.is_filler(part) {
                    concept.add(index, part, PART);
                }
            }
        } else if LANGUAGE.is_filler(&word.stem) || seen.contains(&word.stem.as_str()) {
            place += 1;
            continue;
        } else {
            seen.push(&word.stem);
            let is_vague = LANGUAGE.is_vague(&word.stem);
            concept.add(index, &word.stem, if is_vague { VAGUE } else { OWN });
            if word.stem.len() >= COMPLETED && !is_vague {
                let longer = index.terms_from(&word.stem).take(COMPLETIONS);
                for (_, term) in longer {
                    concept.add(index, term, LONGER);
                }
            }
        }
        // The API has the word itself: it means that before it means another one.
        let share = match length == 1 && index.is_named(&word.stem) {
            true => KNOWN,
            false => 256,
        };
        for (term, weight) in synonym.iter().flat_map(|it| &it.terms) {
            concept.add(index, term, weight * share / 256);
        }
        if concept.terms.is_empty() {
            concept.complete(index, word);
        }
        if word.is_later {
            for (_, weight) in &mut concept.terms {
                *weight = *weight * LATER / 256;
            }
        }
        concepts.push(concept);
        place += length;
    }
    concepts.extend(joined(index, words));
    concepts.retain(|concept| !concept.terms.is_empty());
    concepts
}

/// The words of a request. One that no operation has is split where its parts are joined.
fn words(index: &Index, request: &str) -> Vec<Word> {
    let end = request.match_indices(". ").map(|(end, _)| end).find(|end| {
        let first = request.get(..*end).unwrap_or_default();
        written(first).count() >= SENTENCE
    });
    let end = end.unwrap_or(request.len());
    let mut words = Vec::new();
    for written in written(request).take(WORDS) {
        // A part of the request, so that its address is that of its place.
        let place = (written.as_ptr() as usize).saturating_sub(request.as_ptr() as usize);
        let mut parts = humps(written);
        if parts.len() > 1 && index.term(&index.stems.stem(&fold(written))).is_some() {
            parts = vec![written];
        }
        // As the index has them.
        let folded = parts.into_iter().flat_map(|part| spaced(fold(part)));
        words.extend(folded.map(|folded| Word {
            stem: index.stems.stem(&folded),
            folded,
            is_later: place > end,
        }));
    }
    // Splitting makes more of them.
    words.truncate(WORDS);
    words
}

/// The terms of words that follow one another: `pull requests`, `web hook`.
fn joined(index: &Index, words: &[Word]) -> Vec<Concept> {
    let mut concepts = Vec::new();
    let mut seen = HashSet::new();
    for pair in words.windows(2) {
        let [left, right] = pair else { continue };
        if LANGUAGE.is_filler(&left.stem) || LANGUAGE.is_filler(&right.stem) {
            continue;
        }
        let joined = index.stems.joined(&left.folded, &right.folded);
        let mut concept = Concept::default();
        concept.add(index, &joined, OWN);
        if seen.insert(joined) {
            concepts.push(concept);
        }
    }
    concepts
}

impl Concept {
    fn add(&mut self, index: &Index, term: &str, weight: u32) {
        let Some(term) = index.term(term) else {
            return;
        };
        match self.terms.iter_mut().find(|(known, _)| *known == term) {
            Some((_, known)) => *known = weight.max(*known),
            None => self.terms.push((term, weight)),
        }
    }

    /// Adds the terms that begin with the word, or else those that are spelled almost like it.
    fn complete(&mut self, index: &Index, word: &Word) {
        if word.folded.len() < COMPLETED || word.folded.bytes().any(|it| it.is_ascii_digit()) {
            return;
        }
        let longer = index.terms_from(&word.folded).take(COMPLETIONS);
        self.terms.extend(longer.map(|(term, _)| (term, ALMOST)));
        if !self.terms.is_empty() {
            return;
        }
        let Some(first) = word.folded.get(..1) else {
            return;
        };
        // People seldom mistake the first letter, and it leaves one term in twenty to compare.
        let alike = index
            .terms_from(first)
            .filter(|(_, term)| term.len().abs_diff(word.stem.len()) <= 1)
            .map(|(number, term)| (number, strsim::osa_distance(term, &word.stem)))
            .filter(|(_, distance)| *distance <= 1 + word.stem.len() / 9);
        let nearest = alike.min_by_key(|(_, distance)| *distance);
        self.terms.extend(nearest.map(|(term, _)| (term, ALMOST)));
    }
}
