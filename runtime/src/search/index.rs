//! The inverted index: which operations a term occurs in, and how much it counts there.

use std::collections::HashMap;

use super::fields::{FIELDS, Field, Reader, WEIGHTS};
use super::language::{Effect, LANGUAGE};
use super::query::Number;
use super::words::{self, Stems};
use crate::operation::{Access, Catalog, Operation};

/// How fast repetitions of a term stop to count: `k1` of BM25.
const SATURATION: f32 = 1.2;
/// How much a term counts for the share of the title that it is.
const TITLE_SHARE: f32 = 4.0;
/// How much two words that follow one another count as one term, compared with one of them.
const JOINED: f32 = 0.5;
/// Impacts are kept as whole numbers: thousandths.
const SCALE: f32 = 1000.0;

/// An index over the operations of a catalogue.
///
/// Building it takes some ten milliseconds for a thousand operations; a search takes less than one.
pub struct Index {
    pub(super) operations: Box<[Indexed]>,
    /// All terms, sorted.
    terms: Box<[Box<str>]>,
    /// Where the postings of each term begin, and where the last ones end.
    starts: Box<[u32]>,
    postings: Box<[Posting]>,
    /// For each term, true where it is in a text that names an operation.
    named: Box<[bool]>,
    families: Box<[FamilyInfo]>,
    pub(super) stems: Stems,
}

/// Operations that share a tag and the first two fixed segments of their paths.
pub(super) struct FamilyInfo {
    /// The tag, and the path that all of them begin with.
    pub(super) name: String,
    /// How long that path is, in bytes.
    pub(super) prefix: usize,
    /// The numbers of its operations.
    pub(super) members: Vec<u32>,
}

/// An operation of the index.
pub(super) struct Indexed {
    pub(super) operation: &'static Operation,
    /// The number of its family.
    pub(super) family: u32,
    /// The effect that it has, by its method and the first word of its title.
    pub(super) effect: Effect,
    /// One where its path ends with a parameter, which names a thing; several otherwise.
    pub(super) number: Number,
}

/// One operation that a term occurs in.
#[derive(Clone, Copy)]
pub(super) struct Posting {
    pub(super) operation: u32,
    /// How much the term counts for it, in thousandths.
    pub(super) impact: u32,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut index = formatter.debug_struct("Index");
        index.field("operations", &self.operations.len());
        index.field("terms", &self.terms.len());
        index.field("postings", &self.postings.len());
        index.finish()
    }
}

impl Index {
    /// Indexes the operations of a catalogue.
    pub fn new(catalog: &'static Catalog) -> Index {
        let operations = catalog.operations.iter().copied().flatten().copied();
        Index::over(catalog, operations)
    }

    /// Indexes these operations of a catalogue, and descriptors of tools that no operation is behind.
    pub(crate) fn over(
        catalog: &'static Catalog,
        operations: impl Iterator<Item = &'static Operation>,
    ) -> Index {
        let mut operations: Vec<_> = operations.collect();
        operations.sort_unstable_by_key(|it| it.name);
        let mut builder = Builder::default();
        let mut reader = Reader::new(catalog);
        for operation in &operations {
            builder.begin();
            reader.read(operation, |field, words| builder.add(field, &words));
        }
        let (operations, families) = families(operations);
        builder.finish(operations, families)
    }

    /// The memory that the index takes, in bytes.
    pub fn size(&self) -> usize {
        let texts: usize = self.terms.iter().map(|term| term.len()).sum();
        texts
            + size_of_val(&*self.terms)
            + size_of_val(&*self.starts)
            + size_of_val(&*self.postings)
            + size_of_val(&*self.operations)
    }

    /// The operation of a number.
    pub(super) fn operation(&self, number: u32) -> Option<&'static Operation> {
        self.operations.get(number as usize).map(|it| it.operation)
    }

    /// The number of the family of an operation.
    pub(super) fn family_of(&self, operation: u32) -> Option<u32> {
        self.operations.get(operation as usize).map(|it| it.family)
    }

    /// The family of a number.
    pub(super) fn family(&self, number: u32) -> Option<&FamilyInfo> {
        self.families.get(number as usize)
    }

    /// The number of a term.
    pub(super) fn term(&self, term: &str) -> Option<usize> {
        self.terms.binary_search_by(|it| (**it).cmp(term)).ok()
    }

    /// The terms that begin with `prefix`, each with its number.
    pub(super) fn terms_from<'i>(
        &'i self,
        prefix: &'i str,
    ) -> impl Iterator<Item = (usize, &'i str)> {
        let first = self.terms.partition_point(|it| **it < *prefix);
        let terms = self.terms.iter().enumerate().skip(first);
        let terms = terms.map(|(number, term)| (number, &**term));
        terms.take_while(move |(_, term)| term.starts_with(prefix))
    }

    /// Reports that a term is in what names an operation: its title, name, path, phrases or tag.
    pub(super) fn is_named(&self, term: &str) -> bool {
        let term = self.term(term).and_then(|term| self.named.get(term));
        term.is_some_and(|named| *named)
    }

    /// The operations that a term occurs in.
    pub(super) fn postings(&self, term: usize) -> &[Posting] {
        let bounds = self.starts.get(term).zip(self.starts.get(term + 1));
        bounds
            .and_then(|(from, to)| self.postings.get(*from as usize..*to as usize))
            .unwrap_or_default()
    }
}

/// The key that the operations of a family share: a tag, and the first two fixed segments of their paths.
type FamilyKey = (&'static str, Option<&'static str>, Option<&'static str>);

fn family_key(operation: &'static Operation) -> FamilyKey {
    let tag = operation.tags.first().copied().unwrap_or_default();
    let mut segments = operation.path.split('/').filter(|it| !it.is_empty());
    // A path that is the name of a procedure, such as `/bundles.archive`: its group, `bundles`.
    if let (Some(procedure), None) = (segments.clone().next(), segments.clone().nth(1))
        && let Some((group, _)) = procedure.rsplit_once('.')
        && !procedure.contains('{')
    {
        return (tag, Some(group), None);
    }
    let mut fixed = segments.by_ref().filter(|it| !it.contains('{'));
    (tag, fixed.next(), fixed.next())
}

/// Sorts operations into families.
fn families(operations: Vec<&'static Operation>) -> (Box<[Indexed]>, Box<[FamilyInfo]>) {
    let mut numbers: HashMap<FamilyKey, u32> = HashMap::new();
    let mut families: Vec<(FamilyKey, Vec<u32>, &'static str)> = Vec::new();
    let mut indexed = Vec::with_capacity(operations.len());
    let stems = Stems::new();
    for (number, operation) in (0_u32..).zip(operations) {
        let key = family_key(operation);
        let next = u32::try_from(families.len()).unwrap_or(u32::MAX);
        let family = *numbers.entry(key).or_insert(next);
        match families.get_mut(family as usize) {
            Some((_, members, common)) => {
                members.push(number);
                *common = shared(common, operation.path);
            }
            None => families.push((key, vec![number], operation.path)),
        }
        indexed.push(Indexed {
            operation,
            family,
            effect: effect(operation, &stems),
            number: match operation.path.ends_with('}') {
                true => Number::One,
                false => Number::Several,
            },
        });
    }
    let families = families.into_iter().map(|((tag, ..), members, common)| {
        let common = common.trim_end_matches('/');
        FamilyInfo {
            name: format!("{tag} {common}").trim().to_owned(),
            prefix: common.len(),
            members,
        }
    });
    (indexed.into(), families.collect())
}

/// The effect of an operation (RFC 9110 §9.3, RFC 5789), and the one that its title names.
fn effect(operation: &Operation, stems: &Stems) -> Effect {
    let by_method = match operation.method {
        "GET" | "HEAD" | "OPTIONS" | "QUERY" => Effect::READ,
        "POST" | "PUT" => Effect::CREATE.or(Effect::UPDATE),
        "PATCH" => Effect::UPDATE,
        "DELETE" => Effect::DELETE,
        // A tool that no operation is behind.
        "" if operation.access == Access::Read => Effect::READ,
        _ => Effect::default(),
    };
    let words = words::prose(operation.title).take(2);
    let title: Vec<String> = words.map(|word| stems.stem(&word)).collect();
    by_method.or(LANGUAGE.effect(&title).unwrap_or_default())
}

/// The beginning that two paths share, up to the end of a segment.
fn shared(left: &'static str, right: &str) -> &'static str {
    if left == right {
        return left;
    }
    let same = left.bytes().zip(right.bytes());
    let same = same.take_while(|(left, right)| left == right).count();
    let is_end = |at: usize| {
        let ends = |path: &str| matches!(path.as_bytes().get(at), None | Some(b'/' | b'.'));
        ends(left) && ends(right)
    };
    let end = (0..=same).rev().find(|at| is_end(*at));
    left.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// How often a term occurs in each field of an operation.
type Counts = [f32; FIELDS];

#[derive(Default)]
struct Builder {
    stems: Option<Stems>,
    /// The stems of words that were seen.
    known: HashMap<String, String>,
    terms: HashMap<String, u32>,
    /// The terms of each operation.
    operations: Vec<HashMap<u32, Counts>>,
    /// How long each field of each operation is.
    lengths: Vec<Counts>,
    /// The words of each title, without those that say nothing.
    titles: Vec<Vec<u32>>,
}

impl Builder {
    fn begin(&mut self) {
        self.operations.push(HashMap::new());
        self.lengths.push([0.0; FIELDS]);
        self.titles.push(Vec::new());
    }

    fn add(&mut self, field: Field, words: &[String]) {
        let is_joined = matches!(
            field,
            Field::Title | Field::Name | Field::Path | Field::Phrases
        );
        let mut before: Option<&str> = None;
        let mut length = 0.0;
        for word in words {
            let stem = self.stem(word);
            if LANGUAGE.is_filler(&stem) {
                before = None;
                continue;
            }
            length += 1.0;
            let term = self.count(stem, field, 1.0);
            if matches!(field, Field::Title)
                && let Some(title) = self.titles.last_mut()
                && !title.contains(&term)
            {
                title.push(term);
            }
            if let Some(left) = before.filter(|_| is_joined) {
                let joined = self.stems.get_or_insert_with(Stems::new).joined(left, word);
                self.count(joined, field, JOINED);
            }
            before = Some(word);
        }
        if let Some(lengths) = self.lengths.last_mut()
            && let Some(total) = lengths.get_mut(field as usize)
        {
            *total += length;
        }
    }

    fn stem(&mut self, word: &str) -> String {
        if let Some(stem) = self.known.get(word) {
            return stem.clone();
        }
        let stem = self.stems.get_or_insert_with(Stems::new).stem(word);
        self.known.insert(word.to_owned(), stem.clone());
        stem
    }

    fn count(&mut self, term: String, field: Field, times: f32) -> u32 {
        let next = u32::try_from(self.terms.len()).unwrap_or(u32::MAX);
        let term = *self.terms.entry(term).or_insert(next);
        if let Some(operation) = self.operations.last_mut() {
            let counts = operation.entry(term).or_insert([0.0; FIELDS]);
            if let Some(count) = counts.get_mut(field as usize) {
                *count += times;
            }
        }
        term
    }

    fn finish(self, operations: Box<[Indexed]>, families: Box<[FamilyInfo]>) -> Index {
        let rarities = self.rarities();
        let averages = self.averages();
        let mut found: Vec<Vec<Posting>> = Vec::new();
        found.resize_with(self.terms.len(), Vec::new);
        let parts = self.operations.iter().zip(&self.lengths).zip(&self.titles);
        for (number, ((terms, lengths), title)) in parts.enumerate() {
            let rarity = |term: u32| rarities.get(term as usize).copied().unwrap_or(0.0);
            let whole: f32 = title.iter().map(|term| rarity(*term)).sum();
            for (term, counts) in terms {
                let frequency = frequency(counts, lengths, &averages);
                let saturated = frequency * (SATURATION + 1.0) / (SATURATION + frequency);
                let mut impact = rarity(*term) * saturated;
                if title.contains(term) && whole > 0.0 {
                    impact += TITLE_SHARE * rarity(*term) / whole;
                }
                if let Some(postings) = found.get_mut(*term as usize) {
                    postings.push(Posting {
                        operation: u32::try_from(number).unwrap_or(u32::MAX),
                        impact: (impact * SCALE) as u32,
                    });
                }
            }
        }
        let mut terms: Vec<(String, u32)> = self.terms.into_iter().collect();
        terms.sort_unstable();
        let strong: Vec<bool> = Field::ALL.iter().map(|it| it.is_strong()).collect();
        let mut named = vec![false; terms.len()];
        for (term, counts) in self.operations.iter().flatten() {
            let is_named = counts
                .iter()
                .zip(&strong)
                .any(|(count, strong)| *strong && *count > 0.0);
            if let Some(slot) = named.get_mut(*term as usize) {
                *slot |= is_named;
            }
        }
        let is_named = |term: &u32| named.get(*term as usize).copied().unwrap_or_default();
        let (mut starts, mut postings) = (vec![0], Vec::new());
        for (_, term) in &terms {
            postings.extend(found.get(*term as usize).into_iter().flatten());
            starts.push(u32::try_from(postings.len()).unwrap_or(u32::MAX));
        }
        Index {
            operations,
            families,
            named: terms.iter().map(|(_, term)| is_named(term)).collect(),
            terms: terms.into_iter().map(|(term, _)| term.into()).collect(),
            starts: starts.into(),
            postings: postings.into(),
            stems: self.stems.unwrap_or_else(Stems::new),
        }
    }

    /// How rare each term is: the inverse document frequency of BM25. An operation that a term names
    /// counts as one, another that only mentions it as less.
    fn rarities(&self) -> Vec<f32> {
        const MENTIONED: f32 = 0.3;
        let strong: Vec<bool> = Field::ALL.iter().map(|it| it.is_strong()).collect();
        let mut frequencies = vec![0.0_f32; self.terms.len()];
        for terms in &self.operations {
            for (term, counts) in terms {
                let named = counts
                    .iter()
                    .zip(&strong)
                    .any(|(count, strong)| *strong && *count > 0.0);
                if let Some(frequency) = frequencies.get_mut(*term as usize) {
                    *frequency += if named { 1.0 } else { MENTIONED };
                }
            }
        }
        let all = self.operations.len() as f32;
        let rarity = |frequency: f32| (1.0 + (all - frequency + 0.5) / (frequency + 0.5)).ln();
        frequencies.into_iter().map(rarity).collect()
    }

    /// The average length of each field.
    fn averages(&self) -> Counts {
        let mut averages = [0.0; FIELDS];
        let all = self.lengths.len().max(1) as f32;
        for lengths in &self.lengths {
            for (average, length) in averages.iter_mut().zip(lengths) {
                *average += length / all;
            }
        }
        averages
    }
}

/// How often a term occurs in an operation, by the weights and lengths of the fields.
fn frequency(counts: &Counts, lengths: &Counts, averages: &Counts) -> f32 {
    let fields = counts.iter().zip(lengths).zip(averages).zip(&WEIGHTS);
    fields
        .filter(|(((count, _), _), _)| **count > 0.0)
        .map(|(((count, length), average), weight)| {
            let relative = 1.0 - weight.length + weight.length * length / average.max(0.01);
            weight.boost * count / relative
        })
        .sum()
}
