//! `doctor`: what is wrong with a deployment, and how it is mended.

use std::io::Write;

use clap::Args;
use serde_json::json;

use super::common::{Failure, Format, Serve};
use crate::app::{self, Environment, Finding, Verdict};
use crate::call::Connector;

#[derive(Args)]
pub(super) struct Doctor {
    /// How the findings are printed
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    #[command(flatten)]
    serve: Serve,
}

/// Runs the command.
pub(super) async fn run(connector: &Connector, doctor: Doctor) -> Result<(), Failure> {
    let config = doctor.serve.settle()?;
    crate::log::start(&config.log);
    let findings = app::examine(connector, &config, &Environment::default()).await;
    let mut out = std::io::stdout().lock();
    for finding in &findings {
        match doctor.format {
            Format::Table => text(&mut out, finding)?,
            Format::Json => writeln!(out, "{}", object(finding))?,
        }
    }
    match findings.iter().filter(|it| it.is_faulty()).count() {
        0 => Ok(()),
        1 => Err("1 fault was found".into()),
        faults => Err(format!("{faults} faults were found").into()),
    }
}

fn text(out: &mut impl Write, Finding { subject, verdict }: &Finding) -> std::io::Result<()> {
    match verdict {
        Verdict::Sound(text) => writeln!(out, "ok       {subject:18} {text}"),
        Verdict::Skipped(reason) => writeln!(out, "skipped  {subject:18} {reason}"),
        Verdict::Faulty { fault, remedy } => {
            writeln!(out, "FAULT    {subject:18} {fault}")?;
            writeln!(out, "         {:18} {remedy}", "remedy")
        }
    }
}

fn object(Finding { subject, verdict }: &Finding) -> serde_json::Value {
    let subject = subject.to_string();
    match verdict {
        Verdict::Sound(text) => json!({"subject": subject, "verdict": "ok", "message": text}),
        Verdict::Skipped(reason) => {
            json!({"subject": subject, "verdict": "skipped", "message": reason})
        }
        Verdict::Faulty { fault, remedy } => {
            json!({"subject": subject, "verdict": "fault", "message": fault, "remedy": remedy})
        }
    }
}
