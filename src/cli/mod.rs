//! The command line: one file per command, with its arguments and its `run`.
//!
//! Data goes to stdout, talk to stderr. A new command is one file and one line in [`Command`].

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand, ValueEnum, ValueHint};
use stackgen::compose::engine::{self, EngineVolume};
use stackgen::diagnostics::emit::{Format, Outcome, Terminal};
use stackgen::diagnostics::{Drift, words};
use stackgen::disk::{DiskError, Entry, KnownVolume, State, Survey, Turn};
use stackgen::fixing;
use stackgen::plan::Plan;
use stackgen::project::{Analysis, Project};
use stackgen::render::{self, Artifacts, RenderError};

mod check;
mod completions;
mod diff;
mod env;
mod explain;
mod graph;
mod init;
mod labels;
mod man;
mod markdown;
#[cfg(test)]
mod reference;
mod render_command;
mod route;
mod rules;
mod schema;
mod smoke;
mod suggestion;

/// What the exit code says, whatever the command; the help of some says more.
const EXIT_CODES: &str =
    "Exit codes: 0 clean; 1 errors, drift or a refusal; 2 a wrong command line, or stackgen could not work.";

/// How often to read a services.toml that changes meanwhile.
const LOOKS: usize = 5;

/// How long to wait for another stackgen in silence, and how long after having said so.
const PATIENCE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(9)];

/// One services.toml in; every container file of a stack out, checked before it is written.
#[derive(Debug, Parser)]
#[command(name = "stackgen", version, max_term_width = 100)]
#[command(subcommand_value_name = "COMMAND", after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

/// What every command understands.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Global {
    /// Work in this directory
    #[arg(short = 'C', value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    directory: Option<PathBuf>,
    /// The manifest, relative to the directory
    #[arg(short = 'f', value_name = "FILE", global = true, default_value = "services.toml")]
    #[arg(value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Only this environment; may be repeated. All rules run all the same [default: all]
    #[arg(short, long = "env", value_name = "NAME", global = true)]
    environments: Vec<String>,
    /// Say less: only errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more: also what did not change, and every finding in full
    #[arg(short, long, global = true)]
    verbose: bool,
    /// When to use colors
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    color: Color,
}

/// When to use colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a services.toml for what lies in a directory already
    Init(init::Init),
    /// Write every generated file that differs; delete those that are no longer generated
    Render(render_command::Render),
    /// Report what is wrong, and every generated file that is not what it should be
    Check(check::Check),
    /// Say which variables are set on this machine; make and complete env files
    Env(env::Env),
    /// Print the labels of containers, or the flags of the proxy
    Labels(labels::Labels),
    /// Say which router answers a request, on which way it reaches which service, and why the others do not
    Route(route::Route),
    /// Ask a running stack whether its services are healthy, and whether its routes lead to the right ones
    Smoke(smoke::Smoke),
    /// Draw the stack: what runs, what waits for what, and the ways in
    Graph(graph::Graph),
    /// Say how one environment differs from another, in the words of services.toml
    Diff(diff::Diff),
    /// Explain a rule: what it finds, why it matters, how to mend it
    Explain(explain::Explain),
    /// List all rules
    Rules(rules::Rules),
    /// Print the JSON Schema of services.toml
    Schema(schema::Schema),
    /// Print a script that completes the command line in a shell
    Completions(completions::Completions),
    /// Print a manual page, or write them all
    Man(man::Man),
}

/// Runs the command; the exit code is 0 for clean, 1 for findings, drift or a refusal. An error means 2.
pub(crate) fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    match &cli.command {
        Command::Init(command) => command.run(&cli.global),
        Command::Render(command) => command.run(&cli.global),
        Command::Check(command) => command.run(&cli.global),
        Command::Env(command) => command.run(&cli.global),
        Command::Labels(command) => command.run(&cli.global),
        Command::Route(command) => command.run(&cli.global),
        Command::Smoke(command) => command.run(&cli.global),
        Command::Graph(command) => command.run(&cli.global),
        Command::Diff(command) => command.run(&cli.global),
        Command::Explain(command) => command.run(&cli.global),
        Command::Rules(command) => command.run(),
        Command::Schema(command) => command.run(&cli.global),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(&cli.global),
    }
}

/// A project, looked at.
struct Looked {
    project: Project,
    analysis: Analysis,
    /// What would be written; an error where nothing can be rendered, which only matters where the rules find none.
    rendered: Option<Result<Artifacts, RenderError>>,
    /// The names of all environments.
    environments: Vec<String>,
    /// The way to the project from where stackgen was run.
    way: Option<String>,
}

impl Looked {
    /// What would be written for the chosen environments, and for the stack as a whole.
    fn artifacts(&self) -> anyhow::Result<&Artifacts> {
        match &self.rendered {
            Some(Ok(artifacts)) => Ok(artifacts),
            Some(Err(error)) => bail!("{error}"),
            None => bail!("there is nothing to render"),
        }
    }

    fn root(&self) -> &Path {
        self.project.source().directory()
    }

    /// What to say about it: the findings, and this drift.
    fn outcome(&self, drift: &[Drift]) -> Outcome<'_> {
        Outcome::new(self.project.source(), &self.analysis.report, drift)
            .of_environments(&self.environments)
            .in_directory(self.way.as_deref())
    }
}

impl Global {
    /// Opens the project, runs the rules, and meanwhile renders. What is found is never freed: the process ends with
    /// it, and freeing a large stack piece by piece takes longer than writing it.
    fn look(&self) -> anyhow::Result<&'static Looked> {
        self.look_as(|project| project)
    }

    /// The same, where the project is compared with more than itself.
    fn look_as(&self, prepared: impl Fn(Project) -> Project) -> anyhow::Result<&'static Looked> {
        let (project, (analysis, rendered)) = self.read_as(prepared, |project| {
            let (mut analysis, rendered) = project.analyse_beside(|plans| self.rendered(plans, project))?;
            fixing::settle(project, &mut analysis)?;
            Ok((analysis, rendered))
        })?;
        self.looked(project, analysis, rendered)
    }

    /// The same for a command that only shows the plans, so that nothing is rendered. None where there are errors,
    /// which are then told.
    fn look_at_plans(&self) -> anyhow::Result<Option<&'static Looked>> {
        let looked = self.look_at_faulty_plans()?;
        if looked.analysis.report.has_errors() {
            self.tell_findings(looked)?;
            return Ok(None);
        }
        Ok(Some(looked))
    }

    /// The same for a command that shows plans whatever is wrong with them; there are none where services.toml could not
    /// be understood.
    fn look_at_faulty_plans(&self) -> anyhow::Result<&'static Looked> {
        let (project, analysis) = self.read(|project| {
            let mut analysis = project.analyse()?;
            fixing::settle(project, &mut analysis)?;
            Ok(analysis)
        })?;
        self.looked(project, analysis, None)
    }

    fn looked(
        &self,
        project: Project,
        analysis: Analysis,
        rendered: Option<Result<Artifacts, RenderError>>,
    ) -> anyhow::Result<&'static Looked> {
        let environments = analysis.environments();
        expect_environments(&project, &environments, &self.environments)?;
        let way = way_to(project.source().directory());
        Ok(Box::leak(Box::new(Looked { project, analysis, rendered, environments, way })))
    }

    /// Everything that was found, for people, on stderr.
    fn tell_findings(&self, looked: &Looked) -> anyhow::Result<()> {
        let stderr = io::stderr();
        let outcome = looked.outcome(&[]);
        Ok(ignore_closed(Format::Human.emit(&outcome, self.terminal(&stderr), &mut stderr.lock()))?)
    }

    /// Whether this run is about this environment.
    fn is_chosen(&self, environment: &str) -> bool {
        self.environments.is_empty() || self.environments.iter().any(|name| name == environment)
    }

    /// Opens the project and works with it, and does so again where somebody saves services.toml meanwhile.
    fn read<T>(&self, work: impl Fn(&Project) -> anyhow::Result<T>) -> anyhow::Result<(Project, T)> {
        self.read_as(|project| project, work)
    }

    fn read_as<T>(
        &self,
        prepared: impl Fn(Project) -> Project,
        work: impl Fn(&Project) -> anyhow::Result<T>,
    ) -> anyhow::Result<(Project, T)> {
        for _ in 0..LOOKS {
            let project = prepared(Project::open(&self.manifest())?);
            let done = work(&project);
            if project.is_current() {
                return Ok((project, done?));
            }
        }
        let file = self.manifest();
        bail!("{} changes again and again while it is read; run again when it is saved", file.display());
    }

    /// Waits until no other stackgen writes in the directory of the manifest.
    fn turn(&self) -> anyhow::Result<Turn> {
        let folder = self.folder();
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        match Turn::take(folder, PATIENCE[0]) {
            Err(DiskError::Busy { .. }) => {
                if !self.quiet {
                    say("another stackgen is at work here: waiting for it");
                }
                Ok(Turn::take(folder, PATIENCE[1])?)
            }
            turn => Ok(turn?),
        }
    }

    /// The manifest, as this run finds it.
    fn manifest(&self) -> PathBuf {
        match &self.directory {
            Some(directory) => directory.join(&self.file),
            None => self.file.clone(),
        }
    }

    /// The same words about another manifest; of a directory, the one in it.
    fn about(&self, file: &Path) -> Self {
        let mut about = Self { file: file.to_owned(), ..self.clone() };
        if about.manifest().is_dir() {
            about.file.push("services.toml");
        }
        about
    }

    /// The directory of the manifest.
    fn folder(&self) -> PathBuf {
        self.manifest().parent().map(Path::to_owned).unwrap_or_default()
    }

    fn rendered(&self, plans: &[Plan], project: &Project) -> Result<Artifacts, RenderError> {
        let manifest = project.source().file_name();
        let templates = project.templates();
        render::render_for(plans, manifest, templates, |environment| self.is_chosen(environment))
    }

    /// The environments of this run; none for all.
    fn selection(&self) -> Option<&[String]> {
        (!self.environments.is_empty()).then_some(self.environments.as_slice())
    }

    fn survey<'a>(&self, looked: &Looked, artifacts: &'a Artifacts) -> anyhow::Result<Survey<'a>> {
        let survey = Survey::take(looked.root(), artifacts, self.selection(), env!("CARGO_PKG_VERSION"))?;
        let is_chosen = |plan: &&Plan| self.environments.is_empty() || self.environments.contains(&plan.environment);
        let survey = survey.with_taken_over(&looked.analysis.plans.iter().flat_map(Plan::files_of_people).collect());
        Ok(survey.with_volumes(looked.analysis.plans.iter().filter(is_chosen).flat_map(known_volumes)))
    }

    /// Prints a document for programs to stdout.
    fn emit(&self, format: Format, outcome: &Outcome<'_>) -> anyhow::Result<()> {
        let stdout = io::stdout();
        let emitted = format.emit(outcome, self.terminal(&stdout), &mut stdout.lock());
        ignore_closed(emitted).context("cannot write to stdout")
    }

    fn terminal(&self, stream: &impl io::IsTerminal) -> Terminal {
        let color = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        let columns = if stream.is_terminal() { terminal_size::terminal_size() } else { None };
        let width = columns.map_or(Terminal::default().width, |(terminal_size::Width(width), _)| usize::from(width));
        Terminal { color, width, verbose: self.verbose }
    }
}

/// The way from the current directory to another one, links resolved, with forward slashes; empty where both are the
/// same, none where there is no way or it cannot be spelled.
fn way_to(directory: &Path) -> Option<String> {
    way_between(&std::env::current_dir().ok()?, directory)
}

/// The same from another directory.
fn way_between(from: &Path, to: &Path) -> Option<String> {
    let (here, there) = (from.canonicalize().ok()?, to.canonicalize().ok()?);
    let shared = here.components().zip(there.components()).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return None;
    }
    let up = here.components().skip(shared).map(|_| Some(".."));
    let down = there.components().skip(shared).map(|component| component.as_os_str().to_str());
    let steps: Option<Vec<&str>> = up.chain(down).collect();
    Some(steps?.join("/"))
}

/// Environments that somebody has named must exist; a file that could not be understood has none to compare with.
fn expect_environments(project: &Project, known: &[String], names: &[String]) -> anyhow::Result<()> {
    if let Some(name) = names.iter().find(|name| !known.is_empty() && !known.contains(name)) {
        let meant = did_you_mean(name, known);
        bail!("there is no environment `{name}`; {} has {}{meant}", project.source().name(), words::and(known));
    }
    Ok(())
}

/// The named volumes of a plan, as the lock knows them.
fn known_volumes(plan: &Plan) -> Vec<KnownVolume> {
    let volumes = engine::volumes(plan).into_iter();
    let known = |(name, volume): (String, EngineVolume<'_>)| KnownVolume {
        environment: plan.environment.clone(),
        target: volume.mount.mount.target.clone(),
        name,
    };
    volumes.map(known).collect()
}

/// The files that are not what they should be. What a person edited and is no longer generated is told elsewhere.
fn drift(survey: &Survey<'_>) -> Vec<Drift> {
    let lock = if survey.lock_is_missing() {
        Some(("missing", "has not been written"))
    } else {
        survey.volumes_change().then_some(("changed", "names other volumes than the stack has"))
    };
    let lock = lock.map(|(state, message)| Drift {
        path: "stackgen.lock".to_owned(),
        state,
        message: message.to_owned(),
        diff: None,
    });
    survey.entries().iter().filter_map(drift_of).chain(lock).collect()
}

fn drift_of(entry: &Entry<'_>) -> Option<Drift> {
    let (state, message) = match entry.state() {
        State::Unchanged | State::KeptEdited => return None,
        State::Missing => ("missing", "has not been written".to_owned()),
        State::Stale => ("changed", "is not what services.toml says now".to_owned()),
        State::ModeOnly => ("changed", "has the wrong mode".to_owned()),
        State::Edited => ("edited", "was edited since stackgen wrote it".to_owned()),
        State::Foreign => ("foreign", "was not written by stackgen".to_owned()),
        State::Blocked(obstacle) => ("blocked", format!("cannot be written: it is {obstacle}")),
        State::Prune => ("stale", "is no longer generated".to_owned()),
        State::Adopted => ("changed", "is right, but stackgen.lock does not know it".to_owned()),
        State::Gone => ("changed", "is no longer generated, but stackgen.lock still names it".to_owned()),
    };
    let diff = if matches!(entry.state(), State::Missing) { None } else { entry.diff() };
    Some(Drift { path: entry.path().to_owned(), state, message, diff })
}

/// `; did you mean `web`?`, where one of the names is near.
fn did_you_mean(word: &str, known: &[impl AsRef<str>]) -> String {
    let meant = words::nearest(word, known.iter().map(AsRef::as_ref));
    meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"))
}

/// Writes to stdout; a reader that has gone away is no error.
fn print(text: &str) -> anyhow::Result<()> {
    ignore_closed(io::stdout().lock().write_all(text.as_bytes())).context("cannot write to stdout")
}

/// Writes a page to stdout: Markdown as it is for programs, and as it looks best for people at a terminal.
fn print_page(global: &Global, markdown: &str) -> anyhow::Result<()> {
    let terminal = global.terminal(&io::stdout());
    if terminal.color { print(&markdown::rendered(markdown, terminal.width)) } else { print(markdown) }
}

/// Writes to stderr, where nothing can be done about a failure.
fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn ignore_closed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn code(failed: bool) -> ExitCode {
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// `1 file`, `2 files`.
fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}
