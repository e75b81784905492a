//! The table of what an operator sets.

use super::{markdown, union};
use crate::diagnostics::words;
use crate::manifest::types::VariableType;
use crate::plan::{Plan, Variable};
use crate::render::env_example::type_word;
use crate::render::shown::distinct;

/// The readers of one variable at most: of one that everybody reads, nobody wants to see the list.
const READERS: usize = 12;

pub(super) fn table(plans: &[Plan]) -> Vec<String> {
    let mut head = vec!["Variable"];
    match plans {
        [_] => head.push("Value"),
        _ => head.extend(plans.iter().map(|plan| plan.environment.as_str())),
    }
    head.extend(["Read by", "Meaning"]);
    let row = |(name, variables): (&str, Vec<Option<&Variable>>)| {
        let mut cells = vec![markdown::code(name)];
        let values = plans.iter().zip(&variables);
        cells.extend(values.map(|(plan, variable)| variable.map_or_else(|| "–".to_owned(), |it| value(plan, it))));
        let known: Vec<&Variable> = variables.into_iter().flatten().collect();
        cells.push(readers(&known));
        cells.push(known.first().map(|variable| meaning(variable)).unwrap_or_default());
        cells
    };
    let found = union(plans, |plan| plan.variables.iter().map(|(name, variable)| (name.as_str(), variable)));
    let rows: Vec<Vec<String>> = found.into_iter().map(row).collect();
    markdown::table(&head, &rows)
}

fn value(plan: &Plan, variable: &Variable) -> String {
    match &variable.default {
        _ if variable.required && plan.needs_profile(variable) => "required with its profile".to_owned(),
        _ if variable.required => "**required**".to_owned(),
        Some(default) if !default.is_empty() && variable.secret => "has a default".to_owned(),
        Some(default) if !default.is_empty() => markdown::code(&plan.shown(default)),
        _ => "optional".to_owned(),
    }
}

fn readers(variables: &[&Variable]) -> String {
    let names = distinct(variables.iter().flat_map(|variable| &variable.readers));
    if names.is_empty() {
        return "the stack".to_owned();
    }
    let shown = if names.len() > READERS { READERS - 1 } else { names.len() };
    let mut cell: Vec<String> = names.iter().take(shown).map(|name| markdown::text(name)).collect();
    if names.len() > shown {
        cell.push(format!("and {} more", names.len() - shown));
    }
    cell.join(", ")
}

fn meaning(variable: &Variable) -> String {
    let mut facts: Vec<String> = Vec::new();
    if variable.secret {
        facts.push("secret".to_owned());
    }
    if !variable.values.is_empty() {
        let values: Vec<String> = variable.values.iter().map(|value| markdown::code(value)).collect();
        facts.push(format!("one of {}", words::or(&values)));
    } else if variable.kind != VariableType::String && !variable.derived {
        facts.push(markdown::text(type_word(variable.kind)));
    }
    let help = variable.help.as_deref().map(markdown::text).unwrap_or_default();
    match (help.is_empty(), facts.is_empty()) {
        (_, true) => help,
        (true, false) => facts.join(", "),
        (false, false) => format!("{help} ({})", facts.join(", ")),
    }
}
