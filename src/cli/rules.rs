//! `stackgen rules`: what is checked.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use stackgen::diagnostics::page;
use stackgen::rules::{self, Rule};

use super::print;

#[derive(Debug, Args)]
pub(super) struct Rules {
    /// How to print them
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How rules are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: one a line
    Text,
    /// For programs: one JSON document, versioned, with the page of each rule as Markdown
    Json,
}

impl Rules {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        print(&match self.format {
            Format::Text => lines(),
            Format::Json => {
                let all: Vec<Value> = rules::ALL.iter().map(|rule| described(rule)).collect();
                format!("{:#}\n", json!({ "version": 1, "rules": all }))
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn lines() -> String {
    let width = rules::ALL.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    let mut text = String::new();
    for rule in rules::ALL {
        let allow = if rule.can_be_allowed { " (can be allowed)" } else { "" };
        let _ = writeln!(text, "{:<width$}  {:<7}  {}{allow}", rule.id, rule.severity.word(), rule.summary);
    }
    text
}

fn described(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "severity": rule.severity.word(),
        "summary": rule.summary,
        "can_be_allowed": rule.can_be_allowed,
        "has_fix": rule.has_fix(),
        "url": page::address(rule.id),
        "docs": rule.docs,
    })
}
