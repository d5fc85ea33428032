//! The flood: one address sends requests at full speed, and meanwhile another person, at a
//! neighbouring address, signs in again and again, each time in a browser without cookies.
//!
//! The server is a process of its own with a store in a file, as people deploy it. The two
//! addresses are 127.0.0.2 and 127.0.0.3.

mod attack;
mod visitor;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use sqlx::{Connection as _, SqliteConnection};
use tokio::task::JoinSet;

use crate::harness::oauth::OAuthClient;
use crate::harness::process::Deployment;
use crate::harness::recorder::Recorder;
use attack::{Attack, Attacker, Counts};
use visitor::Visitor;

const FLOOD: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const PERSON: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
/// Where the clients would be answered.
const CALLBACK: &str = "http://127.0.0.1/callback";
/// Connections of the flood.
const CONNECTIONS: usize = 16;
/// The longest that a sign-in may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most bytes that the store may grow by in a flood.
const GROWTH: i64 = 1_000_000;

/// How much to send.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long each flood lasts.
    pub length: Duration,
    /// Sign-ins during each.
    pub sign_ins: u32,
}

/// What became of the sign-ins during one flood.
#[derive(Debug, Default)]
struct Report {
    succeeded: u32,
    slowest: Duration,
    failures: Vec<String>,
    flood: Counts,
    growth: i64,
}

/// Floods and prints the table. Returns whether every sign-in succeeded within two seconds, and the
/// store grew by less than a megabyte in each flood.
///
/// # Errors
/// Where the server does not start, or its store cannot be read.
pub async fn run(options: &Options) -> anyhow::Result<bool> {
    let directory = std::env::temp_dir().join(format!("drawbridge-flood-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let good = in_directory(options, &directory).await;
    std::fs::remove_dir_all(&directory)?;
    good
}

async fn in_directory(options: &Options, directory: &Path) -> anyhow::Result<bool> {
    let api = Recorder::start().await?;
    let program = std::env::current_exe()?;
    let deployment = Deployment::prepare(&program, directory, api.url()).await?;
    let server = deployment.start().await?;
    let client = OAuthClient::register(&deployment.url, CALLBACK).await?;
    let visitor = Visitor::new(PERSON, client.clone(), deployment.url.clone());

    println!(
        "{} sign-ins from {PERSON} during {} s of requests from {FLOOD}\n",
        options.sign_ins,
        options.length.as_secs(),
    );
    println!(
        "{:<24} {:>10} {:>10} {:>9} {:>9} {:>10} {:>12}",
        "flood", "signed in", "slowest ms", "let in", "refused", "failed", "store grew kB"
    );
    let quiet = measure(options, &deployment, &visitor, None).await?;
    quiet.print("none", 0);
    let mut good = quiet.is_good(options, 0);
    for attack in Attack::ALL {
        let attacker = Attacker::new(attack, FLOOD, client.clone(), deployment.url.clone())?;
        let report = measure(options, &deployment, &visitor, Some(attacker)).await?;
        report.print(attack.name(), quiet.growth);
        good &= report.is_good(options, quiet.growth);
    }
    server.stop().await?;
    Ok(good)
}

/// Signs in at even distances while an attack lasts.
async fn measure(
    options: &Options,
    deployment: &Deployment,
    visitor: &Visitor,
    attacker: Option<Attacker>,
) -> anyhow::Result<Report> {
    let before = size(&deployment.database()).await?;
    let over = Arc::new(AtomicBool::new(false));
    let mut flood = JoinSet::new();
    if let Some(attacker) = &attacker {
        for connection in 0..CONNECTIONS {
            flood.spawn(attacker.clone().flood(connection, Arc::clone(&over)));
        }
    }
    let (begun, distance) = (Instant::now(), options.length / (options.sign_ins + 1));
    let mut report = Report::default();
    for number in 1..=options.sign_ins {
        tokio::time::sleep((distance * number).saturating_sub(begun.elapsed())).await;
        let started = Instant::now();
        match visitor.sign_in().await {
            Ok(()) => report.succeeded += 1,
            Err(error) => report.failures.push(format!("{error:#}")),
        }
        report.slowest = report.slowest.max(started.elapsed());
    }
    tokio::time::sleep(options.length.saturating_sub(begun.elapsed())).await;
    over.store(true, Ordering::Relaxed);
    while let Some(counts) = flood.join_next().await {
        report.flood.add(&counts?);
    }
    report.growth = size(&deployment.database()).await? - before;
    Ok(report)
}

/// The size of the store after a checkpoint, in bytes.
async fn size(database: &Path) -> anyhow::Result<i64> {
    let url = format!("sqlite:{}", database.display());
    let mut connection = SqliteConnection::connect(&url).await?;
    let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
    checkpoint.execute(&mut connection).await?;
    connection.close().await?;
    let length = std::fs::metadata(database)?.len();
    i64::try_from(length).context("the store is too large")
}

impl Report {
    fn is_good(&self, options: &Options, quiet: i64) -> bool {
        self.succeeded == options.sign_ins
            && self.slowest <= PATIENCE
            && self.growth - quiet < GROWTH
    }

    /// Prints a line. `quiet` is what the store grows by without a flood.
    fn print(&self, name: &str, quiet: i64) {
        println!(
            "{name:<24} {:>10} {:>10} {:>9} {:>9} {:>10} {:>12.0}",
            self.succeeded,
            self.slowest.as_millis(),
            self.flood.let_in,
            self.flood.refused,
            self.flood.failed,
            (self.growth - quiet) as f64 / 1e3,
        );
        for failure in &self.failures {
            println!("    {failure}");
        }
    }
}
