//! `stackgen env`: what is set on this machine, and what is missing.

use std::io;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use stackgen::diagnostics::{Severity, emit, words};
use stackgen::disk::{DiskError, EnvFile};
use stackgen::env::completion::{self, Completion, CompletionError};
use stackgen::env::emit::{Detail, Format};
use stackgen::env::{Inspection, Operator, random, sources};
use stackgen::plan::Plan;

use super::{Global, Looked, code, ignore_closed, say};

#[derive(Debug, Args)]
#[command(after_help = "\
Reads one env file per environment, as Compose does: .env for the default one, .env.<environment> for the others. The \
shell wins. No value is ever shown, except defaults that are no secrets.

With --sources it is about services.toml and the sources alone: every variable that they read, with the file and the \
line.

Exit codes: 0 everything is set; 1 something is missing, invalid, or in production still the example's, or with --sources \
read and not passed; 2 stackgen could not work.")]
pub(super) struct Env {
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// Make the env files, or add what they lack: random values where `generate` says so, else empty ones to fill in
    #[arg(long, conflicts_with = "sources")]
    write: bool,
    /// Show what the sources of the services read instead: where, what happens without it, and whether it is passed
    #[arg(long)]
    sources: bool,
}

impl Env {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        let turn = if self.write { Some(global.turn()?) } else { None };
        let looked = global.look()?;
        let report = &looked.analysis.report;
        if self.sources && !looked.analysis.plans.is_empty() {
            return self.show_sources(global, looked);
        }
        if report.has_errors() {
            let (stderr, outcome) = (io::stderr(), looked.outcome(&[]));
            ignore_closed(emit::Format::Human.emit(&outcome, global.terminal(&stderr), &mut stderr.lock()))?;
            return Ok(ExitCode::FAILURE);
        }
        let plans: Vec<&Plan> = looked.analysis.plans.iter().filter(|plan| is_chosen(global, plan)).collect();
        let targets: Vec<Target<'_>> =
            plans.into_iter().map(|plan| Target::new(looked, plan)).collect::<Result<_, DiskError>>()?;
        let mut is_refused = false;
        if self.write {
            match write(&targets, global, looked) {
                Ok(is_done) => is_refused = !is_done,
                Err(error) => match error.downcast_ref() {
                    Some(DiskError::Refused(_)) => {
                        say(&format!("error: {error}"));
                        return Ok(ExitCode::FAILURE);
                    }
                    _ => return Err(error),
                },
            }
        }
        // Whoever reads what is said may take long.
        drop(turn);
        let shell = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let operator = Operator::new(looked.project.source(), report, &looked.analysis.plans, &shell);
        let mut inspections: Vec<Inspection> = Vec::new();
        for target in &targets {
            let bytes = target.file.read()?;
            let text = bytes.as_deref().map(String::from_utf8_lossy);
            inspections.push(operator.inspect(target.plan, text.as_deref()));
        }
        let detail = if global.quiet { Detail::Errors } else { Detail::All };
        let stdout = io::stdout();
        let terminal = global.terminal(&stdout);
        let emitted = self.format.emit(&inspections, directory(looked), detail, terminal, &mut stdout.lock());
        ignore_closed(emitted).context("cannot write to stdout")?;
        let fails = inspections.iter().any(|inspection| inspection.count(Severity::Error) > 0);
        Ok(code(fails || is_refused))
    }
}

impl Env {
    /// What the sources read, also where that is an error.
    fn show_sources(&self, global: &Global, looked: &Looked) -> anyhow::Result<ExitCode> {
        let plans = looked.analysis.plans.iter().filter(|plan| is_chosen(global, plan));
        let environments: Vec<sources::Environment> =
            plans.map(|plan| sources::Environment::of(plan, &looked.analysis.audit)).collect();
        let emitted = sources::emit(self.format, &environments, &mut io::stdout().lock());
        ignore_closed(emitted).context("cannot write to stdout")?;
        Ok(code(environments.iter().any(sources::Environment::lacks)))
    }
}

fn is_chosen(global: &Global, plan: &Plan) -> bool {
    global.environments.is_empty() || global.environments.contains(&plan.environment)
}

/// The env file of an environment.
struct Target<'a> {
    plan: &'a Plan,
    /// Its path as the user would spell it.
    shown: String,
    file: EnvFile,
}

impl<'a> Target<'a> {
    fn new(looked: &Looked, plan: &'a Plan) -> Result<Self, DiskError> {
        let path = plan.env_path();
        let directory = directory(looked);
        let shown = if directory.is_empty() { path.clone() } else { format!("{directory}/{path}") };
        Ok(Self { plan, shown, file: EnvFile::new(looked.root(), &path)? })
    }
}

/// Where services.toml lies, as the user would spell it; empty for here.
fn directory(looked: &Looked) -> &str {
    looked.project.source().name().rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// Makes and completes the files: all of them, or none where one cannot be read as an env file, which the inspection
/// then says.
fn write(targets: &[Target<'_>], global: &Global, looked: &Looked) -> anyhow::Result<bool> {
    let mut completed = Vec::new();
    for target in targets {
        let before = target.file.read()?;
        let completion =
            completion::complete(target.plan, &looked.project, before.as_deref(), &mut random::from_system);
        match completion {
            Ok(completion) => {
                if completion.bytes.is_some() {
                    target.file.check()?;
                }
                completed.push((target, before, completion));
            }
            Err(CompletionError::Flaw(_)) => {
                say("nothing was written");
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
    }
    for (target, before, completion) in &completed {
        // First, so that what is added is never open to others.
        let opened = target.file.close()?;
        if let Some(bytes) = &completion.bytes {
            target.file.write(before.as_deref(), bytes)?;
        }
        if !global.quiet {
            tell(target, before.is_some(), completion, opened);
        }
    }
    Ok(true)
}

/// What was done, on stderr. Names only.
fn tell(target: &Target<'_>, existed: bool, completion: &Completion, opened: Option<u32>) {
    let shown = &target.shown;
    if let Some(mode) = opened {
        say(&format!("   mode set {shown} (others could read it: it had {mode:04o})"));
    }
    if completion.bytes.is_none() {
        say(&format!(" up to date {shown}"));
        return;
    }
    say(&format!("{:>11} {shown}", if existed { "completed" } else { "created" }));
    if !completion.generated.is_empty() {
        say(&format!("{:>11} {}", "generated", words::and(&completion.generated)));
    }
    if !completion.open.is_empty() {
        say(&format!("{:>11} {}, for you to set", "left empty", words::and(&completion.open)));
    }
}
