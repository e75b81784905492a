//! `stackgen route`: which router of the proxy would answer a request, what the service behind it would see, and why
//! the others do not.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum, ValueHint};
use stackgen::compose::dotenv;
use stackgen::disk::EnvFile;
use stackgen::plan::{PROJECT_VARIABLE, Plan};
use stackgen::project::Project;
use stackgen::routing::{self, Answer, End, Request, Routing};

use super::{Global, Looked, code, did_you_mean, print, say};

mod document;
mod page;

#[derive(Debug, Args)]
#[command(after_help = "\
Answered is what Traefik would do: nothing is sent, and nothing has to run. Read are the labels of all services and the flags \
of the proxy. Variables have the value of `--set`, of the shell, of the env file, or their default, in this order; a secret \
has none. What depends on a variable without a value is said to do so; in a host, `${NAME}` stands for it.

Exit codes, as `grep` has them: 0 a router answers, in one environment at least; 1 none does; 2 a wrong command line, errors \
in services.toml, or stackgen could not work.")]
pub(super) struct Route {
    /// The request: `GET https://host/path`; without a method it is GET
    #[arg(value_name = "REQUEST", num_args = 1..=2, required_unless_present = "table", conflicts_with = "table")]
    request: Vec<String>,
    /// A header that the request has, such as 'Accept: text/html'; may be repeated
    #[arg(long, value_name = "HEADER", conflicts_with = "table")]
    header: Vec<String>,
    /// The address of the client, where a rule asks for it
    #[arg(long, value_name = "IP", conflicts_with = "table")]
    client_ip: Option<IpAddr>,
    /// The value of a variable, as NAME=VALUE; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Another services.toml whose stack may be on the same proxy, besides `siblings`; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    with: Vec<PathBuf>,
    /// All routers instead, in the order in which they are asked
    #[arg(long)]
    table: bool,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// For programs: one JSON document, versioned
    Json,
}

impl Route {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        let request = if self.table { None } else { Some(self.request()?) };
        let Some(looked) = global.look_at_plans()? else { return Ok(ExitCode::from(2)) };
        let more = self.siblings()?;
        let siblings = looked.analysis.siblings.iter().map(stackgen::siblings::Sibling::plans);
        let siblings: Vec<&[Plan]> = siblings.chain(more.iter().map(Vec::as_slice)).collect();
        let set = self.set(&looked.analysis.plans, &siblings)?;
        let mut routings = Vec::new();
        for plan in looked.analysis.plans.iter().filter(|plan| global.is_chosen(&plan.environment)) {
            routings.push((plan.environment.as_str(), routing(looked, plan, &siblings, &set)?));
        }
        if !global.quiet {
            let chosen = || looked.analysis.plans.iter().filter(|plan| global.is_chosen(&plan.environment));
            for (path, plans) in self.with.iter().zip(&more) {
                if !chosen().any(|plan| routing::on_one_proxy(plan, &[plans]).len() > 1) {
                    say(&format!("note: {} is on another proxy, and has no part in this", path.display()));
                }
            }
            for (environment, routing) in &routings {
                let open = routing.open_variables();
                if !open.is_empty() {
                    let names: Vec<String> = open.iter().map(|name| format!("`{name}`")).collect();
                    let names = stackgen::diagnostics::words::and(&names);
                    say(&format!("note: {environment}: no value is known of {names}; `--set NAME=VALUE` gives one"));
                }
            }
        }
        let Some(request) = request else {
            print(&match self.format {
                Format::Human => page::table(&routings),
                Format::Json => format!("{:#}\n", document::table(&routings)),
            })?;
            return Ok(ExitCode::SUCCESS);
        };
        let answers: Vec<(&str, &Routing, Answer<'_>)> =
            routings.iter().map(|(environment, routing)| (*environment, routing, routing.answer(&request))).collect();
        print(&match self.format {
            Format::Human => page::answers(&request, &answers),
            Format::Json => format!("{:#}\n", document::answers(&request, &answers)),
        })?;
        let is_answered = |answer: &Answer<'_>| matches!(answer.end, End::Routed { .. } | End::Connection(_));
        Ok(code(!answers.iter().any(|(_, _, answer)| is_answered(answer))))
    }

    fn request(&self) -> anyhow::Result<Request> {
        let mut request = Request::parse(&self.request.join(" "))?;
        for header in &self.header {
            request.add_header(header)?;
        }
        request.client = self.client_ip;
        Ok(request)
    }

    /// The plans of the other stacks; an error where one of them is broken.
    fn siblings(&self) -> anyhow::Result<Vec<Vec<Plan>>> {
        let read = |path: &PathBuf| {
            let shown = path.display();
            let analysis = Project::open(path)?.analyse()?;
            if analysis.report.has_errors() {
                bail!("{shown} has errors; `stackgen check -f {shown}` names them");
            }
            Ok(analysis.plans)
        };
        self.with.iter().map(read).collect()
    }

    /// What `--set` says.
    fn set(&self, plans: &[Plan], siblings: &[&[Plan]]) -> anyhow::Result<BTreeMap<&str, &str>> {
        let mut set = BTreeMap::new();
        let all = || plans.iter().chain(siblings.iter().copied().flatten());
        for text in &self.set {
            let Some((name, value)) = text.split_once('=') else {
                bail!("`--set {text}` has no value: write `--set NAME=VALUE`");
            };
            let known = all().filter_map(|plan| plan.variables.get(name));
            if known.clone().any(|variable| variable.secret) {
                bail!("`{name}` is a secret, whose value is never shown; nothing can be compared with it");
            }
            if known.count() == 0 && name != PROJECT_VARIABLE {
                let names: Vec<&str> = all().flat_map(|plan| plan.variables.keys().map(String::as_str)).collect();
                bail!("there is no variable `{name}`{}", did_you_mean(name, &names));
            }
            set.insert(name, value);
        }
        Ok(set)
    }
}

/// The routing of the proxy that serves an environment.
fn routing(looked: &Looked, plan: &Plan, siblings: &[&[Plan]], set: &BTreeMap<&str, &str>) -> anyhow::Result<Routing> {
    let shell = |name: &str| std::env::var(name).ok();
    let path = plan.env_path();
    let bytes = EnvFile::new(looked.root(), &path)?.read()?;
    let file = bytes.map(|bytes| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        dotenv::EnvFile::parse(&text).and_then(|file| file.values(&shell))
    });
    let file = file.transpose().with_context(|| format!("cannot read {path}"))?;
    let values = |of: &Plan, name: &str| {
        let from_file = || (of.stack == plan.stack).then(|| Some(file.as_ref()?.get(name)?.value.clone())).flatten();
        set.get(name).map(|value| (*value).to_owned()).or_else(|| shell(name)).or_else(from_file)
    };
    Ok(Routing::of(&routing::on_one_proxy(plan, siblings), &values))
}
