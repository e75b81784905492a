//! `stackgen labels`: what the proxy reads of each container, alone.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use stackgen::diagnostics::words;
use stackgen::plan::{Plan, Service, Text};

use super::{Global, did_you_mean, print, say};

#[derive(Debug, Args)]
#[command(after_help = "\
Values are printed as they stand in the compose file: variables as `${V}`, and `$$` for one `$`. So a line can be pasted into \
another compose file. `docker inspect` shows what a container got in the end; `docker run --label-file` interpolates \
nothing.

As text, a comment before each service names it and its environment.

Exit codes: 0 printed; 1 errors; 2 stackgen could not work.")]
pub(super) struct Labels {
    /// Only this service
    service: Option<String>,
    /// The flags that the proxy is started with, instead of labels
    #[arg(long = "static")]
    flags: bool,
    /// How to print them
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How labels are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: `key=value`, one a line
    Text,
    /// For programs: one JSON document, versioned
    Json,
}

impl Labels {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        let Some(looked) = global.look_at_plans()? else { return Ok(ExitCode::FAILURE) };
        let all = &looked.analysis.plans;
        let plans: Vec<&Plan> = all.iter().filter(|plan| global.is_chosen(&plan.environment)).collect();
        if let Some(name) = &self.service {
            expect_service(name, all)?;
        }
        let mut shown = Vec::new();
        for plan in plans {
            let services: Vec<&Service> = self.services(plan).collect();
            if services.is_empty() && !global.quiet {
                say(&format!("note: {}", self.nothing(plan)));
            }
            shown.push((plan, services));
        }
        print(&match self.format {
            Format::Text => self.text(&shown),
            Format::Json => format!("{:#}\n", self.json(&shown)),
        })?;
        Ok(ExitCode::SUCCESS)
    }

    /// The services that have anything to print.
    fn services<'p>(&self, plan: &'p Plan) -> impl Iterator<Item = &'p Service> {
        let is_asked = |service: &&Service| self.service.as_ref().is_none_or(|name| *name == service.name);
        let has = |service: &&Service| if self.flags { service.proxy.is_some() } else { !service.labels.is_empty() };
        plan.services.values().filter(is_asked).filter(has)
    }

    fn nothing(&self, plan: &Plan) -> String {
        let environment = &plan.environment;
        let what = if self.flags { "is no proxy" } else { "has no labels" };
        match &self.service {
            Some(name) if !plan.services.contains_key(name) => format!("`{name}` does not exist in {environment}"),
            Some(name) => format!("`{name}` {what} in {environment}"),
            None if self.flags => format!("no service is a proxy in {environment}"),
            None => format!("no service has labels in {environment}"),
        }
    }

    fn text(&self, shown: &[(&Plan, Vec<&Service>)]) -> String {
        let mut out = String::new();
        for (plan, services) in shown {
            for service in services {
                if !out.is_empty() {
                    out.push('\n');
                }
                let _ = writeln!(out, "# {}: {}", plan.environment, service.name);
                for line in self.lines(service) {
                    // A line break in a value would begin another label.
                    let _ = writeln!(out, "{}", line.replace('\n', "\\n").replace('\r', "\\r"));
                }
            }
        }
        out
    }

    fn lines(&self, service: &Service) -> Vec<String> {
        if self.flags {
            return service.command.iter().flatten().map(Text::to_compose).collect();
        }
        service.labels.iter().map(|(key, value)| format!("{key}={}", value.to_compose())).collect()
    }

    fn json(&self, shown: &[(&Plan, Vec<&Service>)]) -> Value {
        let of_service = |service: &Service| {
            if self.flags {
                return json!({ "service": service.name, "flags": self.lines(service) });
            }
            let labels = service.labels.iter().map(|(key, value)| (key.clone(), Value::String(value.to_compose())));
            json!({ "service": service.name, "labels": labels.collect::<Map<_, _>>() })
        };
        let environments = shown.iter().map(|(plan, services)| {
            let services: Vec<Value> = services.iter().map(|service| of_service(service)).collect();
            json!({ "environment": plan.environment, "services": services })
        });
        json!({ "version": 1, "environments": environments.collect::<Vec<_>>() })
    }
}

/// A service that somebody has named must exist in one environment at least.
fn expect_service(name: &str, plans: &[Plan]) -> anyhow::Result<()> {
    let mut known: Vec<&str> = Vec::new();
    for service in plans.iter().flat_map(|plan| plan.services.keys()) {
        if !known.contains(&service.as_str()) {
            known.push(service);
        }
    }
    if !known.contains(&name) {
        let meant = did_you_mean(name, &known);
        bail!("there is no service `{name}`; there are {}{meant}", words::names(&known));
    }
    Ok(())
}
