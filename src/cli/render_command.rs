//! `stackgen render`: writes what differs.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use clap::error::ErrorKind;
use stackgen::diagnostics::emit::{Format, Outcome};
use stackgen::diagnostics::{Drift, Severity};
use stackgen::disk::{DiskError, Edits, Entry, State, Summary, Survey};

use super::{Global, Looked, code, drift, drift_of, files, print, say};

#[derive(Debug, Args)]
#[command(after_help = "\
One error, or one file that was edited by hand, and nothing at all is written: the first 40 lines of what would change in \
each such file are shown, and --diff shows all.

With another format than human, stdout gets the findings, even if there are none, and the files that stop the render; \
with --dry-run and --diff those that would change.

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
    /// How to print what is found
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

impl Render {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        if self.diff && self.format == Format::Sarif {
            let message = "SARIF has no place for a diff: use `--dry-run` instead of `--diff`, or `--format json`";
            Self::augment_args(clap::Command::new("stackgen render"))
                .error(ErrorKind::ArgumentConflict, message)
                .exit();
        }
        let only_looks = self.dry_run || self.diff;
        let turn = if only_looks { None } else { Some(global.turn()?) };
        let looked = global.look()?;
        let report = &looked.analysis.report;
        let is_silent = global.quiet && !report.has_errors();
        if self.is_for_people() && !report.findings.is_empty() && !is_silent {
            global.tell_findings(looked)?;
        }
        if report.has_errors() {
            say("nothing was written");
            self.document(global, looked, &[])?;
            return Ok(ExitCode::FAILURE);
        }
        let survey = global.survey(looked, looked.artifacts()?)?;
        if only_looks {
            return self.show(global, looked, &survey);
        }
        let edits = if self.force { Edits::Overwrite } else { Edits::Refuse };
        let applied = survey.apply(edits);
        // Whoever reads what is said may take long.
        drop(turn);
        match applied {
            Ok(mut summary) => {
                if summary.lock_written && survey.lock_is_missing() {
                    summary.created.push("stackgen.lock".to_owned());
                    summary.created.sort();
                }
                if !global.quiet {
                    tell(looked, &summary, global.verbose);
                }
                self.document(global, looked, &[])?;
                Ok(ExitCode::SUCCESS)
            }
            Err(DiskError::Refused(refusals)) => {
                let is_refused = |entry: &&Entry<'_>| refusals.iter().any(|refusal| refusal.path == entry.path());
                let refused = || survey.entries().iter().filter(is_refused);
                if self.is_for_people() {
                    print(&excerpts(looked, refused()))?;
                }
                let drift: Vec<Drift> = refused().filter_map(drift_of).collect();
                say(&format!("error: {}", DiskError::Refused(refusals)));
                self.document(global, looked, &drift)?;
                Ok(ExitCode::FAILURE)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn is_for_people(&self) -> bool {
        self.format == Format::Human
    }

    /// What is found and this drift on stdout, for programs; people have read it already.
    fn document(&self, global: &Global, looked: &Looked, drift: &[Drift]) -> anyhow::Result<()> {
        if self.is_for_people() { Ok(()) } else { global.emit(self.format, &looked.outcome(drift)) }
    }

    /// What would change, on stdout.
    fn show(&self, global: &Global, looked: &Looked, survey: &Survey<'_>) -> anyhow::Result<ExitCode> {
        let changes = survey.changes();
        if !changes && !global.quiet {
            say("nothing would change");
        }
        if self.is_for_people() {
            print(&self.changes(looked, survey))?;
        } else {
            let mut drift = Vec::new();
            for entry in survey.entries() {
                // Who asks for a diff gets that of new files too.
                let diff = if self.diff { entry.diff() } else { None };
                drift.extend(drift_of(entry).map(|drift| Drift { diff: diff.or(drift.diff), ..drift }));
            }
            self.document(global, looked, &drift)?;
        }
        Ok(code(changes))
    }

    /// What would change, for people.
    fn changes(&self, looked: &Looked, survey: &Survey<'_>) -> String {
        if self.diff {
            return diffs(looked, survey.entries().iter().filter(|entry| !matches!(entry.state(), State::Unchanged)));
        }
        drift(survey).iter().fold(String::new(), |text, drift| text + &format!("{:<8} {}\n", drift.state, drift.path))
    }
}

/// What changes in these files, without the secrets that stand in services.toml.
fn diffs<'e>(looked: &Looked, entries: impl Iterator<Item = &'e Entry<'e>>) -> String {
    shown(looked, entries).drift().iter().filter_map(|drift| drift.diff.as_deref()).collect()
}

/// The same, no more of each file than is read.
fn excerpts<'e>(looked: &Looked, entries: impl Iterator<Item = &'e Entry<'e>>) -> String {
    let mut text = String::new();
    for drift in shown(looked, entries).drift() {
        let (lines, more) = drift.excerpt();
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        if more > 0 {
            let lines = if more == 1 { "line" } else { "lines" };
            let _ = writeln!(text, "… {more} more {lines} of {}; see `stackgen render --diff`", drift.path);
        }
    }
    text
}

fn shown<'l, 'e>(looked: &'l Looked, entries: impl Iterator<Item = &'e Entry<'e>>) -> Outcome<'l> {
    let of_entry = |entry: &Entry<'_>| {
        let diff = Some(entry.diff()?);
        Some(Drift { path: entry.path().to_owned(), state: "changed", message: String::new(), diff })
    };
    let drift: Vec<Drift> = entries.filter_map(of_entry).collect();
    looked.outcome(&drift)
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
    for path in &summary.aside {
        say(&format!(
            "note: `{path}` is what stood somewhere beside it when a render was killed, and stackgen has not written it: \
             take what you need, then delete it"
        ));
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
