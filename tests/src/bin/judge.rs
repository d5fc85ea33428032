//! `cargo run -p tests --bin judge`: the corpus before a validating upstream, see
//! [`tests::judge`]. Prints a table, and fails where a refusal is of no known cause.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, ensure};
use clap::Parser;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tests::harness::foreign::Judge;
use tests::harness::requirement;
use tests::judge::run::{Description, Report};

#[derive(Parser)]
#[command(about = "Sends every tool's requests to a validator of other people")]
struct Arguments {
    /// Only these descriptions of the corpus
    only: Vec<String>,
    /// How many descriptions are judged at a time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

/// How many of a thousand requests are accepted at least.
const ACCEPTED_PERMILLE: usize = 993;

/// The share of tools that may go without arguments.
const UNTRIED_PERCENT: usize = 1;

/// How many refusals without a cause are shown of a description.
const SHOWN: usize = 10;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let judge = Judge::find().map_err(anyhow::Error::msg)?;
    let corpus = requirement::corpus().map_err(anyhow::Error::msg)?;
    let mut descriptions = descriptions(&corpus)?;
    descriptions.retain(|(id, _, _)| arguments.only.is_empty() || arguments.only.contains(id));
    let judged = descriptions.into_iter().map(|(id, file, _)| {
        let judge = judge.clone();
        tokio::spawn(async move {
            let begun = Instant::now();
            let outcome = one(&judge, &file).await;
            (id, outcome, begun.elapsed().as_secs())
        })
    });
    let mut judged = stream::iter(judged).buffer_unordered(arguments.jobs);
    let (mut total, mut unjudged) = (Report::default(), Vec::new());
    println!("description               operations  requests  accepted  seconds");
    while let Some(ended) = judged.next().await {
        let (id, outcome, seconds) = ended?;
        match outcome.with_context(|| id.clone())? {
            Err(why) => {
                println!("{id:25} cannot be loaded by the judge: {why}");
                unjudged.push(id);
            }
            Ok(report) => {
                println!("{}  {seconds:7}", row(&id, &report));
                details(&report);
                add(&mut total, report);
            }
        }
    }
    println!("{}", row("total", &total));
    ensure!(unjudged.is_empty(), "not judged: {}", unjudged.join(", "));
    ensure!(
        total.unexplained.is_empty(),
        "{} refusals are of no known cause",
        total.unexplained.len()
    );
    ensure!(
        !arguments.only.is_empty() || total.accepted * 1000 >= total.requests * ACCEPTED_PERMILLE,
        "{} of {} requests are accepted, which is less than {ACCEPTED_PERMILLE} of a thousand",
        total.accepted,
        total.requests
    );
    ensure!(
        total.untried.len() * 100 <= total.requests * UNTRIED_PERCENT,
        "{} calls without arguments",
        total.untried.len()
    );
    Ok(())
}

/// The descriptions of the corpus, the largest first: id, file, operations.
fn descriptions(corpus: &Path) -> anyhow::Result<Vec<(String, PathBuf, u64)>> {
    let index = std::fs::read_to_string(corpus.join("corpus.dev.json"))?;
    let index: Vec<Value> = serde_json::from_str(&index)?;
    let mut found = Vec::new();
    for entry in &index {
        let text = |field: &str| entry[field].as_str().with_context(|| format!("no {field}"));
        let (id, size) = (text("id")?, entry["bytes"].as_u64().unwrap_or_default());
        let file = corpus.join("corpus").join(id).join(text("entry")?);
        found.push((id.to_owned(), file, size));
    }
    found.sort_by_key(|(_, _, size)| std::cmp::Reverse(*size));
    Ok(found)
}

async fn one(judge: &Judge, file: &Path) -> anyhow::Result<Result<Report, String>> {
    let description = Description::read(file)?;
    let (calls, untried) = description.calls();
    let judged = description.judge(judge, file, calls).await?;
    Ok(judged.map(|report| Report { untried, ..report }))
}

fn row(id: &str, report: &Report) -> String {
    let share = (report.accepted * 1000).checked_div(report.requests);
    let share = share.unwrap_or(1000);
    format!(
        "{id:25} {:10}  {:8}  {:4}.{} %",
        report.operations,
        report.requests,
        share / 10,
        share % 10
    )
}

fn details(report: &Report) {
    let mut grouped: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (cause, tool) in &report.refused {
        grouped.entry(cause.name).or_default().push(tool);
    }
    for (name, tools) in grouped {
        let cause = report.refused.iter().find(|(cause, _)| cause.name == name);
        let side = cause.map(|(cause, _)| format!("{:?}", cause.side).to_lowercase());
        let (count, first) = (tools.len(), tools.first().unwrap_or(&""));
        println!(
            "  {count:3} {name} (the {}'s), as {first}",
            side.unwrap_or_default()
        );
    }
    for reference in &report.dangling {
        println!("    - the judge finds nothing at {reference}, so it asks for nothing there");
    }
    for (what, count) in &report.mended {
        println!("    - mended in the judge's copy, {count} times: {what}");
    }
    for untried in &report.untried {
        println!("    - no arguments for {untried}");
    }
    for unexplained in report.unexplained.iter().take(SHOWN) {
        println!("  !!! {unexplained}");
    }
}

fn add(total: &mut Report, report: Report) {
    total.operations += report.operations;
    total.requests += report.requests;
    total.accepted += report.accepted;
    total.unexplained.extend(report.unexplained);
    total.untried.extend(report.untried);
}
