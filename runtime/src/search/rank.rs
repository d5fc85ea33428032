//! The operations that fit a request, the best first.

use super::index::{Index, Indexed};
use super::query::Query;
use crate::operation::Operation;

/// How much an operation counts that has another effect than the request asks for, in thousandths.
const OTHER_EFFECT: u32 = 650;
/// How much an operation counts that works on one thing where the request is about several, or the
/// reverse.
const OTHER_NUMBER: u32 = 930;

/// An operation that fits, by its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranked {
    pub(super) operation: u32,
    /// The sum of the impacts of its terms, in thousandths.
    pub(super) score: u32,
}

/// How far an operation does what the request asks for, in thousandths.
fn agreement(query: &Query, indexed: &Indexed) -> u32 {
    let does = query.effect.is_none_or(|it| it.overlaps(indexed.effect));
    let counts = query.number.is_none_or(|it| it == indexed.number);
    let does = if does { 1000 } else { OTHER_EFFECT };
    does * if counts { 1000 } else { OTHER_NUMBER } / 1000
}

/// So many thousandths of a score.
fn share(score: u32, thousandths: u32) -> u32 {
    let share = u64::from(score) * u64::from(thousandths) / 1000;
    u32::try_from(share).unwrap_or(u32::MAX)
}

/// Ranks the operations that `is_allowed` by how well they fit a request.
pub(super) fn rank(
    index: &Index,
    request: &str,
    is_allowed: impl Fn(&'static Operation) -> bool,
) -> Vec<Ranked> {
    let query = Query::read(index, request);
    let mut scores = vec![0_u32; index.operations.len()];
    let mut best = vec![0_u32; index.operations.len()];
    let mut touched: Vec<u32> = Vec::new();
    for concept in &query.concepts {
        // Other words for the same thing do not add up: the best of them counts.
        for (term, weight) in &concept.terms {
            for posting in index.postings(*term) {
                let Some(best) = best.get_mut(posting.operation as usize) else {
                    continue;
                };
                if *best == 0 {
                    touched.push(posting.operation);
                }
                *best = (*best).max(posting.impact * weight / 256).max(1);
            }
        }
        for operation in touched.drain(..) {
            let place = operation as usize;
            if let (Some(best), Some(score)) = (best.get_mut(place), scores.get_mut(place)) {
                *score = score.saturating_add(std::mem::take(best));
            }
        }
    }
    let mut ranked: Vec<Ranked> = (0..)
        .zip(scores)
        .filter(|(_, score)| *score > 0)
        .filter_map(|(number, score)| {
            let indexed = index.operations.get(number as usize)?;
            is_allowed(indexed.operation).then(|| Ranked {
                operation: number,
                score: share(score, agreement(&query, indexed)),
            })
        })
        .collect();
    // The operations are sorted by name, which decides between equals.
    ranked.sort_unstable_by_key(|it| (std::cmp::Reverse(it.score), it.operation));
    ranked
}
