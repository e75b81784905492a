//! `stackgen check`: validation and drift in one; with `--fix`, the safe fixes first.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum, ValueHint};
use stackgen::diagnostics::emit::{Format, Outcome};
use stackgen::diagnostics::{Drift, Severity};
use stackgen::disk::ManifestFile;
use stackgen::fixing::{self, Done};
use stackgen::host::{Host, Machine};
use stackgen::project::{Analysis, Project};
use stackgen::siblings::Beside;

use super::{Global, Looked, code, drift, print, say, way_between};

#[derive(Debug, Args)]
#[command(after_help = "\
--fix changes services.toml and nothing else, and only where a finding has one right answer: comments and layout stay. \
What it did is said on stderr, one line for each; then what remains is reported, in any format, and makes the exit code. \
`stackgen render` writes the generated files.

Exit codes: 0 clean; 1 errors or drift, or with --dry-run a fix to make; 2 stackgen could not work.")]
pub(super) struct Check {
    /// The manifests of several stacks on one host, or their directories: each is checked, and compared with the others
    #[arg(value_name = "FILE", conflicts_with_all = ["file", "fix"], value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// How to print what is found
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// Fail on warnings too
    #[arg(long, value_name = "WHAT")]
    deny: Option<Deny>,
    /// Look at this machine as well: at host ports that something listens on, and at networks and volumes that must be
    /// there. Of the chosen environments; without -e, of the default one
    #[arg(long, conflicts_with = "fix")]
    host: bool,
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
        if !self.files.is_empty() {
            return self.several(global);
        }
        if !self.fix {
            return self.report(global, global.look_as(|project| self.on_host(global, project))?);
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
        let found = self.found(global, looked)?;
        if self.format != Format::Human || !found.outcome.is_empty() {
            global.emit(self.format, &found.outcome)?;
        } else if !global.quiet {
            say(&found.clean);
        }
        Ok(code(found.has_failed))
    }

    /// The same of several stacks, with what they take from each other, in one report.
    fn several(&self, global: &Global) -> anyhow::Result<ExitCode> {
        let stacks: Vec<Global> = self.files.iter().map(|file| global.about(file)).collect();
        let mut all: Vec<Found<'_>> = Vec::new();
        let mut first: Option<PathBuf> = None;
        let mut ways = Vec::new();
        for (position, stack) in stacks.iter().enumerate() {
            let (earlier, later) = (&stacks[..position], &stacks[position + 1..]);
            let folder = if stack.folder().as_os_str().is_empty() { PathBuf::from(".") } else { stack.folder() };
            // Each two are compared once, from the side of the later one.
            let mut beside = Beside { also: Vec::new(), not: later.iter().map(|it| real(&it.manifest())).collect() };
            for other in earlier {
                let manifest = other.manifest();
                let name = manifest.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let way = way_between(&folder, &real(&manifest).parent().map(Path::to_owned).unwrap_or_default());
                beside.also.push(match way.as_deref() {
                    Some("") => name,
                    Some(way) => format!("{way}/{name}"),
                    None => real(&manifest).to_string_lossy().into_owned(),
                });
            }
            if earlier.iter().any(|it| real(&it.manifest()) == real(&stack.manifest())) {
                bail!("{} is named twice", stack.manifest().display());
            }
            let looked = stack.look_as(|project| self.on_host(stack, project).beside(beside.clone()))?;
            let from = first.get_or_insert_with(|| folder.clone());
            ways.push(way_between(from, &folder).unwrap_or_default());
            all.push(self.found(stack, looked)?);
        }
        let has_failed = all.iter().any(|found| found.has_failed);
        let is_clean = all.iter().all(|found| found.outcome.is_empty());
        if self.format == Format::Human && is_clean {
            if !global.quiet {
                for found in &all {
                    say(&found.clean);
                }
            }
            return Ok(code(has_failed));
        }
        let outcomes = all.into_iter().map(|found| found.outcome).zip(ways);
        let one = outcomes.reduce(|(known, way), (next, to)| (known.and(next, &to), way));
        if let Some((outcome, _)) = one {
            global.emit(self.format, &outcome)?;
        }
        Ok(code(has_failed))
    }

    /// The project, as what would run on this machine where that is asked for.
    fn on_host(&self, global: &Global, project: Project) -> Project {
        if !self.host {
            return project;
        }
        project.on(Host { environments: global.environments.clone(), machine: Machine::This })
    }

    fn found<'l>(&self, global: &Global, looked: &'l Looked) -> anyhow::Result<Found<'l>> {
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
        if let Some(silence) = looked.analysis.silence.as_ref().filter(|_| !global.quiet) {
            say(&format!(
                "note: the engine of this machine does not answer, so that its networks and volumes are not looked for, and \
                 a port that this stack has already counts as taken: {silence}"
            ));
        }
        let chosen = if global.environments.is_empty() { &looked.environments } else { &global.environments };
        let denied = self.deny == Some(Deny::Warnings) && report.count(Severity::Warning) > 0;
        let outcome = looked.outcome(&differences);
        // Programs get everything: they know what to leave out.
        let is_brief = global.quiet && self.format == Format::Human;
        let least = if denied { Severity::Warning } else { Severity::Error };
        Ok(Found {
            has_failed: report.has_errors() || denied || !differences.is_empty(),
            outcome: if is_brief { outcome.at_least(least) } else { outcome },
            clean: format!(
                "{}: no findings, every generated file is as it should be ({})",
                looked.project.source().name(),
                chosen.join(", ")
            ),
        })
    }
}

/// What is found in one stack.
struct Found<'l> {
    outcome: Outcome<'l>,
    has_failed: bool,
    /// What to say where there is nothing else.
    clean: String,
}

/// One spelling for each file.
fn real(file: &Path) -> PathBuf {
    file.canonicalize().unwrap_or_else(|_| file.to_owned())
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
