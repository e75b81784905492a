//! What the sources of the services read, for `stackgen env --sources`: a table per environment for people, one JSON
//! document for programs.
//!
//! ```json
//! {
//!   "version": 1,
//!   "environments": [
//!     {
//!       "environment": "prod",
//!       "services": [
//!         {
//!           "service": "api",
//!           "source": "api",
//!           "whole": true,
//!           "variables": [
//!             {
//!               "name": "DATABASE_URL", "without": "stops", "passed": true, "baked": false,
//!               "places": [{ "file": "api/settings.py", "line": 9, "column": 5, "role": "running", "without": "stops" }]
//!             }
//!           ],
//!           "unknown": [{ "file": "api/flags.py", "line": 3, "column": 12 }],
//!           "unread": ["OLD_NAME"]
//!         }
//!       ]
//!     }
//!   ]
//! }
//! ```
//!
//! * `version` grows when a key goes away or changes its meaning. New keys and new words may come at any time.
//! * `without` is `default` (the source has another value, or asks first), `nothing` (it is read, and nothing is said) or
//!   `stops` (the program says that it must be there).
//! * `role` is `running`, `build`, `script` (that nothing runs) or `test`; `without` of a variable is that of its running
//!   places. `passed` is also true of what a container, a runtime or the program itself gives.
//! * `unknown` are places that read variables whose names stand nowhere. `unread` are variables that the service gets and
//!   whose names stand nowhere in its source. `whole` is whether all of the source could be read.
//! * `file` is relative to services.toml, with forward slashes. No value is shown.

use std::io::{self, Write};

use serde::Serialize;

use super::emit::Format;
use crate::audit::{Audit, Need, Role, Wanted};
use crate::plan::Plan;

/// The version of the JSON document.
const VERSION: u32 = 1;

/// What the sources of one environment read.
#[derive(Debug, Serialize)]
pub struct Environment {
    environment: String,
    services: Vec<Service>,
}

#[derive(Debug, Serialize)]
struct Service {
    #[serde(rename = "service")]
    name: String,
    source: String,
    whole: bool,
    variables: Vec<Variable>,
    unknown: Vec<Spot>,
    unread: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Variable {
    name: String,
    without: &'static str,
    passed: bool,
    baked: bool,
    places: Vec<Place>,
}

#[derive(Debug, Serialize)]
struct Place {
    #[serde(flatten)]
    spot: Spot,
    role: &'static str,
    without: &'static str,
}

#[derive(Debug, Serialize)]
struct Spot {
    file: String,
    line: usize,
    column: usize,
}

impl Environment {
    /// What the sources of the services of `plan` read.
    pub fn of(plan: &Plan, audit: &Audit) -> Self {
        let services = plan.services.values().filter_map(|service| {
            let usage = audit.usage(plan, service)?;
            let spot = |file: &str, at: usize| {
                let text = audit.file(file).map_or("", |file| file.text.as_str());
                let before = text.get(..at).unwrap_or_default();
                let line_start = before.rfind('\n').map_or(0, |at| at + 1);
                Spot {
                    file: file.to_owned(),
                    line: before.matches('\n').count() + 1,
                    column: before[line_start..].chars().count() + 1,
                }
            };
            let variable = |wanted: &Wanted| Variable {
                name: wanted.name.clone(),
                without: without(wanted.need),
                passed: wanted.is_passed,
                baked: wanted.is_baked,
                places: wanted
                    .places
                    .iter()
                    .map(|place| Place {
                        spot: spot(&place.path, place.span().start),
                        role: place.role.word(),
                        without: without(place.need),
                    })
                    .collect(),
            };
            Some(Service {
                name: service.name.clone(),
                source: service.build.as_ref().map(|build| build.source.clone()).unwrap_or_default(),
                whole: usage.is_whole,
                variables: usage.wanted.values().map(variable).collect(),
                unknown: usage.unknown.iter().map(|(file, span)| spot(file, span.start)).collect(),
                unread: usage.not_read(service),
            })
        });
        Self { environment: plan.environment.clone(), services: services.collect() }
    }

    /// Whether something is read that is not passed, and that has nothing in its place.
    pub fn lacks(&self) -> bool {
        let all = self.services.iter().flat_map(|service| &service.variables);
        all.into_iter().any(|variable| !variable.passed && variable.without != without(Need::Fallback))
    }
}

fn without(need: Need) -> &'static str {
    match need {
        Need::Fallback => "default",
        Need::Bare => "nothing",
        Need::Demanded => "stops",
    }
}

/// Prints what the sources of several environments read.
///
/// # Errors
/// What `out` cannot take.
pub fn emit(format: Format, environments: &[Environment], out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => {
            let document = serde_json::json!({ "version": VERSION, "environments": environments });
            serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
            writeln!(out)
        }
        Format::Human => {
            for (position, environment) in environments.iter().enumerate() {
                if position > 0 {
                    writeln!(out)?;
                }
                table(environment, out)?;
            }
            Ok(())
        }
    }
}

fn table(environment: &Environment, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: what the sources read", environment.environment)?;
    let mut rows: Vec<[String; 5]> = Vec::new();
    let at = |spot: &Spot| format!("{}:{}", spot.file, spot.line);
    for service in &environment.services {
        let mut row = |variable: &str, passed: &str, without: &str, place: String| {
            rows.push([service.name.clone(), variable.to_owned(), passed.to_owned(), without.to_owned(), place]);
        };
        for variable in &service.variables {
            let passed = if variable.passed { "yes" } else { "no" };
            for place in &variable.places {
                let is_running = place.role == Role::Running.word();
                let shown = at(&place.spot);
                let shown = if is_running { shown } else { format!("{shown} ({})", place.role) };
                row(&variable.name, if is_running { passed } else { "-" }, place.without, shown);
            }
        }
        for spot in &service.unknown {
            row("(unknown)", "-", "-", at(spot));
        }
        for name in &service.unread {
            row(name, "yes", "-", "nowhere".to_owned());
        }
        if !service.whole {
            row("(more)", "-", "-", "not all of the source can be read".to_owned());
        }
    }
    let heads = ["SERVICE", "VARIABLE", "PASSED", "WITHOUT IT", "READ AT"].map(str::to_owned);
    rows.dedup();
    if rows.is_empty() {
        return writeln!(out, "  nothing");
    }
    let widths: [usize; 5] = std::array::from_fn(|column| {
        std::iter::once(&heads).chain(&rows).map(|row| row[column].chars().count()).max().unwrap_or_default()
    });
    for row in std::iter::once(&heads).chain(&rows) {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        writeln!(out, "  {}", cells.join("  ").trim_end())?;
    }
    Ok(())
}
