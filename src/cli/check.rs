//! `stackgen check`: validation and drift in one.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use stackgen::diagnostics::Severity;
use stackgen::diagnostics::emit::Format;

use super::{Global, code, drift, say};

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
        let outcome = looked.outcome(&differences);
        if self.format != Format::Human || !outcome.is_empty() {
            global.emit(self.format, &outcome)?;
        } else if !global.quiet {
            let chosen = if global.environments.is_empty() { &looked.environments } else { &global.environments };
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
