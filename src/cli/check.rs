//! `stackgen check`: validation and drift in one.

use std::io;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use stackgen::diagnostics::Severity;
use stackgen::diagnostics::emit::{Format, Outcome};

use super::{Global, code, drift, ignore_closed, say};

#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 clean; 1 errors or drift; 2 stackgen could not work.")]
pub(super) struct Check {
    /// How to print what is found
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// Fail on warnings too
    #[arg(long, value_name = "WHAT")]
    deny: Option<Deny>,
}

/// What fails besides errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Deny {
    /// Warnings
    Warnings,
}

impl Check {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        let looked = global.look()?;
        let report = &looked.analysis.report;
        let mut differences = Vec::new();
        // What could not work is not rendered, so there is nothing to compare the files with.
        if !report.has_errors() {
            let survey = global.survey(looked, looked.artifacts()?)?;
            differences = drift(&survey);
            if !global.quiet {
                for path in survey.kept() {
                    say(&format!(
                        "note: `{path}` is no longer generated; it was edited, so it is kept until you delete it"
                    ));
                }
            }
        }
        let environments = looked.analysis.environments();
        let outcome = Outcome::new(looked.project.source(), report, &differences).of_environments(&environments);
        if self.format != Format::Human || !outcome.is_empty() {
            let stdout = io::stdout();
            let emitted = self.format.emit(&outcome, global.terminal(&stdout), &mut stdout.lock());
            ignore_closed(emitted).context("cannot write to stdout")?;
        } else if !global.quiet {
            let chosen = if global.environments.is_empty() { &environments } else { &global.environments };
            let names = chosen.join(", ");
            say(&format!(
                "{}: no findings, every generated file is as it should be ({names})",
                looked.project.source().name()
            ));
        }
        let denied = self.deny == Some(Deny::Warnings) && report.count(Severity::Warning) > 0;
        Ok(code(report.has_errors() || denied || !differences.is_empty()))
    }
}
