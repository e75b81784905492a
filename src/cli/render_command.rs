//! `stackgen render`: writes what differs.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use clap::Args;
use stackgen::diagnostics::emit::{Format, Outcome};
use stackgen::diagnostics::{Drift, Severity};
use stackgen::disk::{DiskError, Edits, Entry, State, Summary, Survey};

use super::{Global, Looked, code, drift, files, ignore_closed, print, say};

#[derive(Debug, Args)]
#[command(after_help = "\
One error, or one file that was edited by hand, and nothing at all is written.

Exit codes: 0 written, or nothing to write; 1 errors, a refusal, or with --dry-run and --diff a difference; 2 stackgen \
could not work.")]
pub(super) struct Render {
    /// List what would change and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print what would change as a diff and write nothing
    #[arg(long)]
    diff: bool,
    /// Overwrite files that were edited by hand or were not written by stackgen
    #[arg(long)]
    force: bool,
}

impl Render {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        let looked = global.look()?;
        let report = &looked.analysis.report;
        let is_silent = global.quiet && !report.has_errors();
        if !report.findings.is_empty() && !is_silent {
            let environments = looked.analysis.environments();
            let outcome = Outcome::new(looked.project.source(), report, &[]).of_environments(&environments);
            let stderr = io::stderr();
            ignore_closed(Format::Human.emit(&outcome, global.terminal(&stderr), &mut stderr.lock()))?;
        }
        if report.has_errors() {
            say("nothing was written");
            return Ok(ExitCode::FAILURE);
        }
        let survey = global.survey(looked, looked.artifacts()?)?;
        if self.dry_run || self.diff {
            return self.show(global, looked, &survey);
        }
        let edits = if self.force { Edits::Overwrite } else { Edits::Refuse };
        match survey.apply(edits) {
            Ok(summary) => {
                if !global.quiet {
                    tell(looked, &summary, global.verbose);
                }
                Ok(ExitCode::SUCCESS)
            }
            Err(error @ DiskError::Refused(_)) => {
                print(&diffs(looked, survey.entries().iter().filter(|entry| entry.refusal().is_some())))?;
                say(&format!("error: {error}"));
                Ok(ExitCode::FAILURE)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What would change, on stdout.
    fn show(&self, global: &Global, looked: &Looked, survey: &Survey<'_>) -> anyhow::Result<ExitCode> {
        let mut text = String::new();
        if self.diff {
            let changed = survey.entries().iter().filter(|entry| !matches!(entry.state(), State::Unchanged));
            text = diffs(looked, changed);
        } else {
            for drift in drift(survey) {
                let _ = writeln!(text, "{:<8} {}", drift.state, drift.path);
            }
        }
        print(&text)?;
        let changes = survey.changes();
        if !changes && !global.quiet {
            say("nothing would change");
        }
        Ok(code(changes))
    }
}

/// What changes in these files, without the secrets that stand in services.toml.
fn diffs<'e>(looked: &Looked, entries: impl Iterator<Item = &'e Entry<'e>>) -> String {
    let of_entry = |entry: &Entry<'_>| {
        let diff = Some(entry.diff()?);
        Some(Drift { path: entry.path().to_owned(), state: "changed", message: String::new(), diff })
    };
    let drift: Vec<Drift> = entries.filter_map(of_entry).collect();
    let outcome = Outcome::new(looked.project.source(), &looked.analysis.report, &drift);
    outcome.drift().iter().filter_map(|drift| drift.diff.as_deref()).collect()
}

/// What was done, on stderr.
fn tell(looked: &Looked, summary: &Summary, verbose: bool) {
    let warnings = looked.analysis.report.count(Severity::Warning);
    for (word, paths) in [
        ("created", &summary.created),
        ("updated", &summary.updated),
        ("overwritten", &summary.overwritten),
        ("mode set", &summary.repaired),
        ("adopted", &summary.adopted),
        ("deleted", &summary.pruned),
    ] {
        for path in paths {
            say(&format!("{word:>11} {path}"));
        }
    }
    for path in &summary.kept {
        say(&format!("       kept {path} (no longer generated, but edited: delete it yourself)"));
    }
    let changed = [&summary.created, &summary.updated, &summary.overwritten, &summary.repaired, &summary.pruned];
    let changed: usize = changed.iter().map(|paths| paths.len()).sum();
    if changed == 0 {
        say(&format!("{} up to date", files(summary.unchanged + summary.adopted.len())));
    } else if verbose {
        say(&format!("{} up to date, {} changed", files(summary.unchanged), files(changed)));
    }
    if warnings > 0 && verbose {
        say(&format!("{warnings} warnings; `stackgen check` shows them again"));
    }
}
