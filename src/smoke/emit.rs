//! How reports are printed: two tables per environment and what is wrong for people, one JSON document for programs.
//!
//! ```json
//! {
//!   "version": 1,
//!   "passed": false,
//!   "environments": [
//!     {
//!       "environment": "dev",
//!       "project": "shop-dev",
//!       "without-engine": null,
//!       "services": [
//!         { "service": "api", "state": "healthy", "result": "passed", "time-ms": 0, "because-of": null,
//!           "needed-by": [], "cause": null }
//!       ],
//!       "checks": [
//!         {
//!           "kind": "route", "service": "api", "route": "api", "request": "GET https://localhost:10443/api/health",
//!           "address": "127.0.0.1:10443", "status": 200, "result": "failed", "evidence": null, "answered-by": "web",
//!           "router": "shop-web-all@docker", "time-ms": 12,
//!           "cause": { "kind": "wrong-service", "message": "`web` answered …", "log": [], "help": null }
//!         }
//!       ]
//!     }
//!   ],
//!   "summary": { "passed": 1, "failed": 1, "unproved": 0, "skipped": 0 }
//! }
//! ```
//!
//! `docs/smoke.md` says what each key and word means.

use std::io::{self, Write};

use annotate_snippets::renderer::{DEFAULT_EMPHASIS_STYLE, DEFAULT_ERROR_STYLE, DEFAULT_WARNING_STYLE};
use anstyle::Style;
use serde::Serialize;

use super::progress::seconds;
use super::{Cause, Checked, Kind, Outcome, Report};
use crate::diagnostics::emit::Terminal;
use crate::diagnostics::words;

/// The version of the JSON document.
const VERSION: u32 = 1;
/// How many requests with the same cause are named.
const NAMED: usize = 4;

/// How reports are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: the services, what was asked, and what is wrong
    Human,
    /// For programs: one JSON document, versioned
    Json,
}

/// How much of it is printed for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Everything, and why something was not asked.
    Everything,
    /// The tables, and what is wrong.
    Tables,
    /// What is wrong.
    Wrong,
}

/// Whether the reports together are a pass: nothing failed, nothing is unproved unless that is allowed, and of every
/// environment something was asked.
pub fn is_pass(reports: &[Report], allows_unproved: bool) -> bool {
    let count = |result| reports.iter().map(|report| report.count(result)).sum::<usize>();
    let is_right = count(Outcome::Failed) == 0 && (allows_unproved || count(Outcome::Unproved) == 0);
    is_right && !reports.is_empty() && reports.iter().all(Report::is_asked)
}

impl Format {
    /// Prints reports.
    ///
    /// # Errors
    /// What `out` cannot take.
    pub fn emit(
        self,
        reports: &[Report],
        allows_unproved: bool,
        detail: Detail,
        terminal: Terminal,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Self::Human => Human { allows_unproved, detail, terminal }.emit(reports, out),
            Self::Json => json(reports, allows_unproved, out),
        }
    }
}

struct Human {
    allows_unproved: bool,
    detail: Detail,
    terminal: Terminal,
}

impl Human {
    fn emit(&self, reports: &[Report], out: &mut dyn Write) -> io::Result<()> {
        for report in reports {
            if self.detail != Detail::Wrong {
                self.tables(report, out)?;
            }
            self.notes(report, out)?;
        }
        if self.detail != Detail::Wrong {
            writeln!(out, "{}", self.summary(reports))?;
        }
        Ok(())
    }

    fn tables(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let environment = self.terminal.painted(DEFAULT_EMPHASIS_STYLE, &report.environment);
        writeln!(out, "{environment}: {}", report.project)?;
        if let Some(why) = &report.without_engine {
            writeln!(out, "  without the engine, so that nothing is known of containers: {why}")?;
        }
        // Only where there was something to wait for is there something to say of it.
        let has_waited = report.services.iter().any(|service| !service.time.is_zero());
        let services = report.services.iter().map(|service| {
            let mut row = vec![service.service.clone(), service.result.word().to_owned(), service.state.clone()];
            if has_waited {
                row.push(if service.time.is_zero() { "-".to_owned() } else { seconds(service.time) });
            }
            (style_of(service.result), row)
        });
        let heads =
            if has_waited { &["SERVICE", "RESULT", "STATE", "WAITED"][..] } else { &["SERVICE", "RESULT", "STATE"] };
        self.terminal.table(heads, &services.collect::<Vec<_>>(), out)?;
        if !report.services.is_empty() && !report.checks.is_empty() {
            writeln!(out)?;
        }
        let checks = report.checks.iter().map(|check| (style_of(check.result), cells(check)));
        self.terminal.table(&["ASKED", "RESULT", "STATUS", "ANSWERED BY", "TIME"], &checks.collect::<Vec<_>>(), out)?;
        if report.checks.iter().any(|check| check.request.starts_with("OPTIONS ") && check.result == Outcome::Passed) {
            let text = "OPTIONS asks no more than who answers: any status of the service itself will do.";
            writeln!(out, "\n  {text}")?;
        }
        writeln!(out)
    }

    fn notes(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        for service in &report.services {
            let Some(cause) = &service.cause else { continue };
            let because = service.because_of.as_ref().map(|root| format!("; it needs `{root}`, see there"));
            let needed = match service.needed_by.as_slice() {
                [] => String::new(),
                all => format!(" (needed by {})", words::names(all)),
            };
            let message = format!("{}{needed}{}", cause.message, because.unwrap_or_default());
            self.note(report, service.result, &Cause { message, ..cause.clone() }, &[], out)?;
        }
        // What fails for one reason is told once.
        let mut told: Vec<&Cause> = Vec::new();
        for result in [Outcome::Failed, Outcome::Unproved, Outcome::Skipped] {
            if result == Outcome::Skipped && self.detail != Detail::Everything {
                continue;
            }
            for check in report.checks.iter().filter(|check| check.result == result) {
                let Some(cause) = check.cause.as_ref().filter(|cause| !told.contains(cause)) else { continue };
                told.push(cause);
                let same = report.checks.iter().filter(|other| other.cause.as_ref() == Some(cause));
                let asked: Vec<String> = same.map(named).collect();
                self.note(report, result, cause, &asked, out)?;
            }
        }
        if report.count(Outcome::Failed) == 0 && !report.is_asked() {
            let message = "nothing of it was asked, so that it is not known whether its routes work";
            let cause = Cause::new("nothing-asked", message).help("`--verbose` says why each was left out");
            self.note(report, Outcome::Failed, &cause, &[], out)?;
        }
        Ok(())
    }

    fn note(
        &self,
        report: &Report,
        result: Outcome,
        cause: &Cause,
        asked: &[String],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let (word, style) = match result {
            Outcome::Failed => ("error", DEFAULT_ERROR_STYLE),
            _ => (result.word(), style_of(result)),
        };
        let head = self.terminal.painted(style, &format!("{word}[{}]", cause.kind));
        let more = asked.len().saturating_sub(NAMED);
        let mut shown: Vec<&str> = asked.iter().take(NAMED).map(String::as_str).collect();
        let rest = format!("and {more} more");
        if more > 0 {
            shown.push(&rest);
        }
        match shown.as_slice() {
            [] => writeln!(out, "{head}: {}: {}", report.environment, cause.message)?,
            [one] => writeln!(out, "{head}: {}: {one}: {}", report.environment, cause.message)?,
            several => {
                writeln!(out, "{head}: {}: {}", report.environment, cause.message)?;
                for one in several {
                    writeln!(out, "  - {one}")?;
                }
            }
        }
        for line in &cause.log {
            writeln!(out, "  | {line}")?;
        }
        if let Some(help) = &cause.help {
            writeln!(out, "  = {}: {help}", self.terminal.painted(DEFAULT_EMPHASIS_STYLE, "help"))?;
        }
        Ok(())
    }

    fn summary(&self, reports: &[Report]) -> String {
        let count = |result: Outcome| reports.iter().map(|report| report.count(result)).sum::<usize>();
        let all = [Outcome::Passed, Outcome::Failed, Outcome::Unproved, Outcome::Skipped];
        let counted: Vec<String> = all
            .into_iter()
            .filter(|result| count(*result) > 0)
            .map(|result| format!("{} {}", count(result), result.word()))
            .collect();
        let mut summary = if counted.is_empty() { "nothing was asked".to_owned() } else { counted.join(", ") };
        if count(Outcome::Unproved) > 0 {
            summary.push_str(if self.allows_unproved {
                "; unproved is no pass, and was allowed"
            } else {
                "; unproved is no pass (`--allow-unproved` lets it be)"
            });
        }
        self.terminal.painted(DEFAULT_EMPHASIS_STYLE, &summary)
    }
}

fn style_of(result: Outcome) -> Style {
    match result {
        Outcome::Passed => Style::new(),
        Outcome::Failed => DEFAULT_ERROR_STYLE,
        Outcome::Unproved => DEFAULT_WARNING_STYLE,
        Outcome::Skipped => Style::new().dimmed(),
    }
}

/// What was asked, as it is called in a list.
fn named(check: &Checked) -> String {
    match check.kind {
        Kind::Redirect => format!("{} (redirect)", check.request),
        _ => check.request.clone(),
    }
}

fn cells(check: &Checked) -> Vec<String> {
    let by = match (&check.answered_by, check.evidence) {
        (Some(by), Some(evidence)) => format!("{by} ({})", evidence.words()),
        (None, Some(evidence)) => format!("({})", evidence.words()),
        (Some(by), None) => by.clone(),
        (None, None) => "-".to_owned(),
    };
    let is_asked = check.address.is_some();
    vec![
        named(check),
        check.result.word().to_owned(),
        check.status.map_or_else(|| "-".to_owned(), |status| status.to_string()),
        by,
        if is_asked { format!("{} ms", check.time.as_millis()) } else { "-".to_owned() },
    ]
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    passed: bool,
    environments: &'a [Report],
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    passed: usize,
    failed: usize,
    unproved: usize,
    skipped: usize,
}

fn json(reports: &[Report], allows_unproved: bool, out: &mut dyn Write) -> io::Result<()> {
    let count = |result| reports.iter().map(|report| report.count(result)).sum();
    let document = Document {
        version: VERSION,
        passed: is_pass(reports, allows_unproved),
        environments: reports,
        summary: Summary {
            passed: count(Outcome::Passed),
            failed: count(Outcome::Failed),
            unproved: count(Outcome::Unproved),
            skipped: count(Outcome::Skipped),
        },
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::ServiceReport;
    use super::*;

    fn report(service: Outcome, checks: &[(Outcome, bool)], is_by_url: bool) -> Report {
        let check = |(result, is_asked): &(Outcome, bool)| Checked {
            kind: Kind::Route,
            service: "api".to_owned(),
            route: None,
            request: "GET https://shop.example.com/".to_owned(),
            address: is_asked.then(|| "127.0.0.1:443".to_owned()),
            status: None,
            result: *result,
            evidence: None,
            answered_by: None,
            router: None,
            cause: None,
            time: Duration::ZERO,
        };
        let service = ServiceReport {
            service: "api".to_owned(),
            state: "healthy".to_owned(),
            result: service,
            time: Duration::ZERO,
            because_of: None,
            needed_by: Vec::new(),
            cause: None,
        };
        Report {
            environment: "dev".to_owned(),
            project: "shop".to_owned(),
            without_engine: None,
            services: vec![service],
            checks: checks.iter().map(check).collect(),
            is_by_url,
        }
    }

    #[test]
    fn how_long_a_service_was_waited_for_is_said_where_one_was() {
        let head = |report: &Report| {
            let mut out = Vec::new();
            let terminal = Terminal { color: false, width: 80, verbose: false };
            Format::Human.emit(std::slice::from_ref(report), false, Detail::Tables, terminal, &mut out).unwrap();
            let page = String::from_utf8(out).unwrap();
            page.lines().skip(1).take(3).map(str::to_owned).collect::<Vec<_>>()
        };
        let mut report = report(Outcome::Passed, &[], false);
        assert_eq!(head(&report)[..2], ["  SERVICE  RESULT  STATE", "  api      passed  healthy"]);
        let time = Duration::from_millis(4_250);
        report.services.push(ServiceReport { service: "web".to_owned(), time, ..report.services[0].clone() });
        let rows = [
            "  SERVICE  RESULT  STATE    WAITED",
            "  api      passed  healthy  -",
            "  web      passed  healthy  4.2 s",
        ];
        assert_eq!(head(&report), rows);
    }

    #[test]
    fn of_every_environment_something_has_to_be_asked() {
        let right = report(Outcome::Passed, &[(Outcome::Passed, true)], false);
        let skipped = report(Outcome::Passed, &[(Outcome::Skipped, false)], true);
        assert!(is_pass(std::slice::from_ref(&right), false));
        assert!(!is_pass(std::slice::from_ref(&skipped), false), "healthy services say nothing of routes");
        assert!(!is_pass(&[right, skipped.clone()], false), "nor does another environment");
        let mut out = Vec::new();
        let terminal = Terminal { color: false, width: 80, verbose: false };
        Format::Human.emit(&[skipped], false, Detail::Wrong, terminal, &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().starts_with("error[nothing-asked]: dev: nothing of it was asked"));
        // What is only thought of is not asked, also where it may be unproved.
        assert!(!is_pass(&[report(Outcome::Passed, &[(Outcome::Unproved, false)], false)], true));
        assert!(is_pass(&[report(Outcome::Passed, &[(Outcome::Unproved, true)], false)], true));
        // A stack without routes and ports has services alone; at a URL there would have been something.
        assert!(is_pass(&[report(Outcome::Passed, &[], false)], false));
        assert!(!is_pass(&[report(Outcome::Passed, &[], true)], false));
        assert!(!is_pass(&[report(Outcome::Skipped, &[], false)], false));
        assert!(!is_pass(&[], false));
    }
}
