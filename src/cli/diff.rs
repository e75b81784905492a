//! `stackgen diff`: two environments side by side.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use stackgen::render::comparison::{self, Comparison, Difference, Side};

use super::{Global, code, expect_environments, print, say};

#[derive(Debug, Args)]
#[command(after_help = "\
Compared is what services.toml says of each environment, once its layers are merged and defaults filled in: what somebody \
would have to write to turn the one into the other. What follows from it comes after it: whether it is production, the project, the addresses from outside. Secrets are never \
shown. With -q nothing is printed.

Exit codes, as `diff` has them: 0 no difference; 1 a difference, or errors in services.toml; 2 stackgen could not work.")]
pub(super) struct Diff {
    /// The environment to start from
    from: String,
    /// The environment to come to
    to: String,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How differences are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: one difference a line
    Text,
    /// For programs: one JSON document, versioned
    Json,
}

impl Diff {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        if !global.environments.is_empty() {
            bail!("`diff` compares the two environments that it is given; leave `-e` out");
        }
        let Some(looked) = global.look_at_plans()? else { return Ok(ExitCode::FAILURE) };
        expect_environments(&looked.project, &looked.environments, &[self.from.clone(), self.to.clone()])?;
        let comparison = comparison::compare(&looked.project, &looked.analysis, &self.from, &self.to)?;
        if comparison.is_empty() && self.format == Format::Text && !global.quiet {
            say(&format!("{} and {} do not differ", self.from, self.to));
        }
        if !global.quiet {
            print(&match self.format {
                Format::Text => text(&comparison),
                Format::Json => format!("{:#}\n", self.json(&comparison)),
            })?;
        }
        Ok(code(!comparison.is_empty()))
    }

    fn json(&self, comparison: &Comparison) -> Value {
        let list = |differences: &[Difference], key: &str| -> Vec<Value> {
            let one = |it: &Difference| {
                let is_secret = it.from == Side::Secret || it.to == Side::Secret;
                json!({ key: it.what, "from": value(&it.from), "to": value(&it.to), "secret": is_secret })
            };
            differences.iter().map(one).collect()
        };
        json!({
            "version": 1,
            "from": self.from,
            "to": self.to,
            "written": list(&comparison.written, "path"),
            "derived": list(&comparison.derived, "what"),
        })
    }
}

fn text(comparison: &Comparison) -> String {
    let mut out = String::new();
    for difference in &comparison.written {
        line(&mut out, difference);
    }
    if !comparison.derived.is_empty() {
        let gap = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{gap}# What follows from it");
    }
    for difference in &comparison.derived {
        line(&mut out, difference);
    }
    out
}

fn line(out: &mut String, Difference { what, from, to }: &Difference) {
    let to = if from == to { "(another secret)".to_owned() } else { word(to) };
    let _ = writeln!(out, "{what}: {} → {to}", word(from));
}

fn word(side: &Side) -> String {
    match side {
        Side::Absent => "(none)".to_owned(),
        Side::There => "(exists)".to_owned(),
        Side::Secret => "(secret)".to_owned(),
        Side::Value(value) => value.to_string(),
    }
}

/// What is not there is null, a service that is there true, and a secret looks like any other.
fn value(side: &Side) -> Value {
    match side {
        Side::Absent => Value::Null,
        Side::Secret => json!("********"),
        Side::There => Value::Bool(true),
        Side::Value(value) => json!(value),
    }
}
