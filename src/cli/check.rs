//! `stackgen check`: validation and drift in one; with `--fix`, the safe fixes first.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use stackgen::diagnostics::emit::Format;
use stackgen::diagnostics::{Drift, Severity};
use stackgen::disk::ManifestFile;
use stackgen::fixing::{self, Done};
use stackgen::project::{Analysis, Project};

use super::{Global, Looked, code, drift, print, say};

#[derive(Debug, Args)]
#[command(after_help = "\
--fix changes services.toml and nothing else, and only where a finding has one right answer: comments and layout stay. \
What it did is said on stderr, one line for each; then what remains is reported, in any format, and makes the exit code. \
`stackgen render` writes the generated files.

Exit codes: 0 clean; 1 errors or drift, or with --dry-run a fix to make; 2 stackgen could not work.")]
pub(super) struct Check {
    /// How to print what is found
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// Fail on warnings too
    #[arg(long, value_name = "WHAT")]
    deny: Option<Deny>,
    /// Make the fixes that are safe, in services.toml
    #[arg(long)]
    fix: bool,
    /// Print what --fix would change as a diff and write nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,
}

/// What fails besides errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Deny {
    /// Warnings
    Warnings,
}

impl Check {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        if !self.fix {
            return self.report(global, global.look()?);
        }
        let turn = if self.dry_run { None } else { Some(global.turn()?) };
        let (project, (mut analysis, fixed)) = global.read(|project| {
            let analysis = project.analyse()?;
            let fixed = fixing::fix(project, &analysis)?;
            Ok((analysis, fixed))
        })?;
        fixed.settle(&mut analysis.report);
        let refused: Vec<String> = fixed.refused().map(str::to_owned).collect();
        let Some((changed, found)) = fixed.changed else {
            drop(turn);
            if !global.quiet {
                say_refused(&refused);
                say("nothing to fix");
            }
            return self.report(global, with_files(global, project, analysis)?);
        };
        let source = project.source();
        let file = ManifestFile::new(source.directory(), source.file_name())?;
        let (before, after) = (source.text(), changed.source().text());
        if self.dry_run {
            let diff = fixing::veiled(&file.diff(before, after), (&project, &analysis), (&changed, &found));
            return self.show(global, global.looked(project, analysis, None)?, diff, fixed.done.len());
        }
        file.write(before, after)?;
        drop(turn);
        if !global.quiet {
            for Done { line, rule, title } in &fixed.done {
                say(&format!("{:>11} {}:{line}: {title} ({rule})", "fixed", source.name()));
            }
            say_refused(&refused);
        }
        self.report(global, with_files(global, changed, found)?)
    }

    /// What would be done to services.toml: to people the diff, to programs what is found, and the diff.
    fn show(&self, global: &Global, looked: &Looked, diff: String, fixes: usize) -> anyhow::Result<ExitCode> {
        let drift = Drift {
            path: looked.project.source().file_name().to_owned(),
            state: "changed",
            message: "would be changed by `stackgen check --fix`".to_owned(),
            diff: Some(diff),
        };
        let outcome = looked.outcome(&[]).with_veiled(drift);
        if self.format == Format::Human {
            print(&outcome.drift().iter().filter_map(|drift| drift.diff.as_deref()).collect::<String>())?;
        } else {
            global.emit(self.format, &outcome)?;
        }
        if !global.quiet {
            let fixes = if fixes == 1 { "1 fix".to_owned() } else { format!("{fixes} fixes") };
            say(&format!("{fixes} to make; nothing was written"));
        }
        Ok(ExitCode::FAILURE)
    }

    /// What is found, and the drift of the generated files.
    fn report(&self, global: &Global, looked: &Looked) -> anyhow::Result<ExitCode> {
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

/// What was looked at already, with what would be written.
fn with_files(global: &Global, project: Project, analysis: Analysis) -> anyhow::Result<&'static Looked> {
    let rendered = (!analysis.report.has_errors()).then(|| global.rendered(&analysis.plans, &project));
    global.looked(project, analysis, rendered)
}

/// What was left alone although there is a fix for it.
fn say_refused(messages: &[String]) {
    for message in messages {
        say(&format!("{:>11} {message}: the fix alone would bring another finding, or change nothing", "left"));
    }
}
