//! Cycles of a graph.

use std::collections::{BTreeMap, BTreeSet};

type Graph = BTreeMap<String, BTreeSet<String>>;

/// The sets of two or more nodes that reach each other.
pub(crate) fn cycles(edges: impl IntoIterator<Item = (String, String)>) -> Vec<BTreeSet<String>> {
    let mut graph = Graph::new();
    for (from, to) in edges {
        graph.entry(to.clone()).or_default();
        graph.entry(from).or_default().insert(to);
    }
    let nodes = graph.keys();
    let reached: BTreeMap<&String, BTreeSet<&String>> =
        nodes.map(|node| (node, reach(&graph, node))).collect();
    let mut found = BTreeSet::new();
    for (node, to) in &reached {
        let together = to.iter().filter(|other| reached[**other].contains(*node));
        let together: BTreeSet<String> = together.map(|other| (*other).clone()).collect();
        if together.len() > 1 {
            found.insert(together);
        }
    }
    found.into_iter().collect()
}

/// What can be reached from `start` by at least one edge.
fn reach<'a>(graph: &'a Graph, start: &String) -> BTreeSet<&'a String> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&String> = graph[start].iter().collect();
    while let Some(node) = next.pop() {
        if seen.insert(node) {
            next.extend(&graph[node]);
        }
    }
    seen
}

#[test]
fn cycles_are_the_sets_that_reach_each_other() {
    let edges = ["ab", "bc", "ca", "cd", "de", "ed", "fa"];
    let edges = edges.map(|edge| (edge[..1].to_owned(), edge[1..].to_owned()));
    let found: Vec<String> = cycles(edges)
        .into_iter()
        .map(|cycle| cycle.into_iter().collect())
        .collect();
    assert_eq!(found, ["abc", "de"]);
}
