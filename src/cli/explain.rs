//! `stackgen explain`: a rule's own page.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use clap::builder::PossibleValue;
use stackgen::diagnostics::words;
use stackgen::rules;

use super::suggestion::Suggestion;
use super::{Global, print_page};

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The id of the rule, as findings show it in brackets; or `drift`, or a word in the brackets of `stackgen env`
    #[arg(hide_possible_values = true, value_parser = Suggestion(ids))]
    rule: String,
}

/// What stands in brackets and is no rule: the word, who says it, and what it means.
const OTHERS: [(&str, &str, &str); 9] = [
    (
        "drift",
        "stackgen check",
        "A generated file is not what services.toml says: it is missing, older, edited by hand, or no longer generated. `stackgen \
         render` writes it; what was edited by hand it shows and leaves alone, unless `--force` overwrites it.",
    ),
    (
        "missing",
        "stackgen env",
        "A variable that Compose asks for is set neither in the env file nor in the shell. `stackgen env --write` makes what can \
         be made; the rest is yours to write into the file.",
    ),
    (
        "invalid",
        "stackgen env",
        "A variable has a value of the wrong form (a port, a URL, one of several words), or one that would have Compose start \
         something else.",
    ),
    (
        "unchanged",
        "stackgen env",
        "A variable still has the value of the env example. In production that is an error: everybody can read the example.",
    ),
    (
        "cut",
        "stackgen env",
        "A value in the env file has a `$` in it, which Compose takes for a variable, so that less arrives than was written. Put \
         the value in single quotes.",
    ),
    (
        "unknown",
        "stackgen env",
        "The env file sets something that nothing in this environment reads: a misspelt name, or one that is no longer needed.",
    ),
    ("repeated", "stackgen env", "The env file sets a variable more than once. Compose takes the last value."),
    (
        "shell",
        "stackgen env",
        "A variable of the shell has Compose look elsewhere for values, or gives every environment the same project.",
    ),
    ("env-file", "stackgen env", "The env file is not there, or cannot be read. `stackgen env --write` makes it."),
];

fn ids() -> Vec<PossibleValue> {
    rules::ALL.iter().map(|rule| PossibleValue::new(rule.id).help(rule.summary)).collect()
}

impl Explain {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        if let Some((word, command, meaning)) = OTHERS.iter().find(|(word, ..)| *word == self.rule) {
            print_page(global, &format!("# {word} (of `{command}`)\n\n{meaning}\n"))?;
            return Ok(ExitCode::SUCCESS);
        }
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
        let fix = if rule.has_fix() { " `stackgen check --fix` does what is safe about it." } else { "" };
        let text = format!("# {} ({})\n\n{}\n{allow}{fix}\n", rule.id, rule.severity.word(), rule.docs);
        print_page(global, &text)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_in_brackets_is_explained() {
        let notes = include_str!("../env/notes.rs");
        for after in notes.split("Note::new(").skip(1) {
            let arguments = after.split(')').next().unwrap();
            let word = arguments.split('"').nth(1).unwrap();
            assert!(OTHERS.iter().any(|(known, ..)| *known == word), "{word}");
        }
        assert!(OTHERS.iter().all(|(word, ..)| rules::find(word).is_none()), "a rule has its own page");
    }
}
