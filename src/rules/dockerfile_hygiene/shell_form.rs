//! Commands that a shell starts.

use super::Judge;
use crate::diagnostics::{Finding, Label};
use crate::dockerfile::{Instruction, Keyword};

/// What only a shell understands.
const OF_SHELL: [char; 13] = ['$', '`', '|', '&', ';', '<', '>', '*', '?', '(', ')', '~', '#'];

pub(super) fn findings(judge: &Judge<'_>) -> Vec<Finding> {
    let (_, service, _) = judge.built;
    let entrypoint = judge.last(Keyword::Entrypoint).filter(|_| service.entrypoint.is_none());
    let command = judge.last(Keyword::Cmd).filter(|_| service.command.is_none() && service.entrypoint.is_none());
    let mut found = Vec::new();
    if let Some(entrypoint) = entrypoint.filter(|entrypoint| entrypoint.shell().is_some()) {
        found.extend(of_entrypoint(judge, entrypoint, command));
        // What it never gets need not be judged.
        return found;
    }
    if let Some(command) = command
        && let Some(word) = command.shell().filter(|word| !makes_way(&word.text))
    {
        let label = if entrypoint.is_some() { "arguments for the entrypoint" } else { "the shell is process 1" };
        let message = "`CMD` is in shell form: `/bin/sh -c` stands between the engine and the program";
        let finding = judge.finding(message, command.span.clone(), label);
        found.push(finding.help(instead("CMD", &word.text)));
    }
    found
}

/// An entrypoint in shell form.
fn of_entrypoint(judge: &Judge<'_>, entrypoint: &Instruction, command: Option<&Instruction>) -> Option<Finding> {
    let (plan, service, written) = judge.built;
    let text = &entrypoint.shell()?.text;
    let ignored = match command {
        Some(command) => Some(Label::within(&written.path, command.span.clone(), "never reaches it")),
        None => service.command.as_ref().map(|_| {
            let place = judge.context.origin_of(plan, &service.name, "command", &["command"]);
            Label::value(Some(&plan.environment), place, "never reaches it")
        }),
    };
    if let Some(ignored) = ignored {
        let message = "`ENTRYPOINT` is in shell form, so that it gets no arguments: `CMD` and `command` are ignored";
        let finding = judge.finding(message, entrypoint.span.clone(), "takes no arguments").with(ignored);
        return Some(finding.help(instead("ENTRYPOINT", text)));
    }
    if makes_way(text) {
        return None;
    }
    let message = "`ENTRYPOINT` is in shell form: `/bin/sh -c` stands between the engine and the program";
    let finding = judge.finding(message, entrypoint.span.clone(), "the shell is process 1");
    Some(finding.help(instead("ENTRYPOINT", text)))
}

/// Whether the shell lets the program take its place.
fn makes_way(text: &str) -> bool {
    text.split_whitespace().any(|word| word == "exec")
}

/// How to write it without a shell, or with one that makes way.
fn instead(keyword: &str, text: &str) -> String {
    let words = shlex::split(text).filter(|_| !text.contains(OF_SHELL));
    match words.and_then(|words| serde_json::to_string(&words).ok()) {
        Some(array) => format!("write `{keyword} {}`", array.replace("\",\"", "\", \"")),
        None => {
            format!("let the shell make way, `{keyword} exec …`, or name it: `{keyword} [\"sh\", \"-c\", \"exec …\"]`")
        }
    }
}
