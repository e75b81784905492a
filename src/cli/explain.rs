//! `stackgen explain`: a rule's own page.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use clap::builder::PossibleValue;
use stackgen::diagnostics::words;
use stackgen::rules;

use super::suggestion::Suggestion;
use super::{Global, print};

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The id of the rule, as findings show it in brackets
    #[arg(hide_possible_values = true, value_parser = Suggestion(ids))]
    rule: String,
}

fn ids() -> Vec<PossibleValue> {
    rules::ALL.iter().map(|rule| PossibleValue::new(rule.id).help(rule.summary)).collect()
}

impl Explain {
    pub(super) fn run(&self, _global: &Global) -> anyhow::Result<ExitCode> {
        let Some(rule) = rules::find(&self.rule) else {
            let meant = words::nearest(&self.rule, rules::ALL.iter().map(|rule| rule.id));
            match meant {
                Some(meant) => bail!("there is no rule `{}`; did you mean `{meant}`?", self.rule),
                None => bail!("there is no rule `{}`; `stackgen rules` lists them", self.rule),
            }
        };
        let allow = if rule.can_be_allowed {
            format!("To silence it for one service, with the reason: `allow.{} = \"…\"`.", rule.id)
        } else {
            "It cannot be silenced with `allow`.".to_owned()
        };
        print(&format!("# {} ({})\n\n{}\n{allow}\n", rule.id, rule.severity.word(), rule.docs))?;
        Ok(ExitCode::SUCCESS)
    }
}
