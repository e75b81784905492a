//! `stackgen smoke`: whether a running stack works, and who answers its routes.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, ValueHint};
use stackgen::compose::dotenv;
use stackgen::disk::EnvFile;
use stackgen::plan::Plan;
use stackgen::routing;
use stackgen::smoke::emit::{Detail, Format, is_pass};
use stackgen::smoke::progress::Progress;
use stackgen::smoke::{self, Options};

use super::{Global, Looked, code, ignore_closed};

#[derive(Debug, Args)]
#[command(after_help = "\
Of the default environment, or of those that `-e` names. Waits until every service is healthy; then asks every route on every \
entry point and every published port, and follows redirects within the stack. A 200 from the wrong service is a failure: who \
answered is known from the proxy's access log (`access-log = true`), from `expect` of the route, or because a container \
publishes the port itself. Where nothing shows it, the check is unproved, which is no pass.

Requests are GET on paths that prove a route (`smoke`, else the health path), else OPTIONS. They go to the ports that are really \
published, with the host of the route: no DNS is needed. The engine is read alone (docker ps, inspect, info and logs). Secrets are \
taken out of what is shown of logs.

Exit codes: 0 everything passed; 1 something failed, is unproved without --allow-unproved, or nothing was asked of an environment; 2 a \
wrong command line, errors in services.toml, a --base-url that stands for no entry point, no engine and no --base-url, or stackgen could not work.")]
pub(super) struct Smoke {
    /// Where the stack is reached, as `https://host` or `http://host:port`, once for each scheme; else on the ports published here
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    base_url: Vec<String>,
    /// Ask no engine: nothing is known of health and of the access log then
    #[arg(long, requires = "base_url")]
    no_engine: bool,
    /// How long services may take to be healthy, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    timeout: Duration,
    /// How long each request may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    request_timeout: Duration,
    /// Accept any certificate, such as the one that the proxy makes for itself
    #[arg(long, conflicts_with = "ca")]
    insecure: bool,
    /// Certificates (PEM) to trust besides those of the system
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ca: Option<PathBuf>,
    /// Exit with 0 although nothing shows who answered some requests
    #[arg(long)]
    allow_unproved: bool,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

impl Smoke {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        let Some(looked) = global.look_at_plans()? else { return Ok(ExitCode::from(2)) };
        let is_meant = |plan: &&Plan| match global.environments.as_slice() {
            [] => plan.is_default,
            names => names.contains(&plan.environment),
        };
        let siblings: Vec<&[Plan]> = looked.analysis.siblings.iter().map(stackgen::siblings::Sibling::plans).collect();
        let mut reports = Vec::new();
        for plan in looked.analysis.plans.iter().filter(is_meant) {
            reports.push(self.report(global, looked, plan, &siblings)?);
        }
        let detail = match (global.quiet, global.verbose) {
            (true, _) => Detail::Wrong,
            (_, true) => Detail::Everything,
            _ => Detail::Tables,
        };
        let stdout = io::stdout();
        let terminal = global.terminal(&stdout);
        let emitted = self.format.emit(&reports, self.allow_unproved, detail, terminal, &mut stdout.lock());
        ignore_closed(emitted).context("cannot write to stdout")?;
        Ok(code(!is_pass(&reports, self.allow_unproved)))
    }

    fn report(
        &self,
        global: &Global,
        looked: &Looked,
        plan: &Plan,
        siblings: &[&[Plan]],
    ) -> anyhow::Result<smoke::Report> {
        let shell = |name: &str| std::env::var(name).ok();
        let path = plan.env_path();
        let bytes = EnvFile::new(looked.root(), &path)?.read()?;
        let file = bytes.map(|bytes| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            dotenv::EnvFile::parse(&text).and_then(|file| file.values(&shell))
        });
        let file: BTreeMap<String, String> = match file.transpose().with_context(|| format!("cannot read {path}"))? {
            Some(values) => values.iter().map(|(name, set)| (name.clone(), set.value.clone())).collect(),
            None => BTreeMap::new(),
        };
        let values = |of: &Plan, name: &str| {
            let from_file = || (of.stack == plan.stack).then(|| file.get(name).cloned()).flatten();
            shell(name).or_else(from_file)
        };
        let options = Options {
            timeout: self.timeout,
            request_timeout: self.request_timeout,
            is_insecure: self.insecure,
            ca: self.ca.as_deref(),
            base_urls: &self.base_url,
            with_engine: !self.no_engine,
        };
        let mut talk = Talk::of(global);
        let report = smoke::run(&routing::on_one_proxy(plan, siblings), &values, &options, &mut |progress| {
            talk.tell(progress);
        });
        talk.clear();
        Ok(report?)
    }
}

/// A time in seconds, such as `1.5`.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "this is no number of seconds".to_owned())?;
    // A day is more than anybody waits.
    if !(0.0..=86_400.0).contains(&seconds) {
        return Err("between 0 and 86400 seconds".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// How progress is told: in place on a terminal, elsewhere a line where something changes.
struct Talk {
    manner: Manner,
    before: Option<Progress>,
    /// How many lines stand on the terminal.
    drawn: usize,
}

enum Manner {
    Silent,
    Lines,
    InPlace { width: usize, height: usize },
}

impl Talk {
    fn of(global: &Global) -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let manner = match terminal_size::terminal_size_of(io::stderr()) {
            _ if global.quiet => Manner::Silent,
            Some((width, height)) if io::stderr().is_terminal() && !is_dumb => {
                Manner::InPlace { width: usize::from(width.0), height: usize::from(height.0) }
            }
            _ => Manner::Lines,
        };
        Self { manner, before: None, drawn: 0 }
    }

    fn tell(&mut self, progress: &Progress) {
        let lines = match self.manner {
            Manner::Silent => return,
            Manner::InPlace { width, height } => {
                let mut block = progress.block(width);
                // What has left the screen cannot be taken back.
                block.truncate(height.saturating_sub(1));
                self.clear();
                self.drawn = block.len();
                block
            }
            Manner::Lines => progress.changes(self.before.as_ref()),
        };
        let text = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>();
        // Nothing can be done about a failure. Through anstream, which knows the consoles that need help with escapes.
        let _ = anstream::stderr().lock().write_all(text.as_bytes());
        self.before = Some(progress.clone());
    }

    /// Takes back what stands on the terminal, so that what comes next stands there alone.
    fn clear(&mut self) {
        if self.drawn > 0 {
            // Up, and from there everything away (ECMA-48, CUU and ED).
            let _ = write!(anstream::stderr().lock(), "\u{1b}[{}A\r\u{1b}[J", self.drawn);
            self.drawn = 0;
        }
    }
}
