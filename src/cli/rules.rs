//! `stackgen rules`: what is checked.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use stackgen::rules;

use super::print;

#[derive(Debug, Args)]
pub(super) struct Rules {}

impl Rules {
    #[expect(clippy::unused_self, reason = "every command is run the same way")]
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let width = rules::ALL.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
        let mut text = String::new();
        for rule in rules::ALL {
            let allow = if rule.can_be_allowed { " (can be allowed)" } else { "" };
            let _ = writeln!(text, "{:<width$}  {:<7}  {}{allow}", rule.id, rule.severity.word(), rule.summary);
        }
        print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}
