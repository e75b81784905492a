//! Secrets that a Dockerfile writes into the image.

use std::ops::Range;

use super::{Context, RULE};
use crate::diagnostics::{Finding, Severity};
use crate::dockerfile::{Instruction, Keyword};
use crate::secrets::{forms, names};

pub(super) fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for built in context.written_dockerfiles() {
        let (_, service, written) = built;
        let file = &written.file;
        let target = service.build.as_ref().and_then(|build| build.target.as_deref());
        let Some(stage) = file.target(target).filter(|_| file.flaws.is_empty()) else { continue };
        for instruction in file.inherited(stage, &service.build_arguments()).into_iter().rev() {
            for (name, range) in settings(instruction) {
                let Some((what, range)) = judge(name, &written.text, range) else { continue };
                let message = format!("`{name}` of the image {what}");
                let place = (range, "everybody who has the image can read it");
                let finding = context.in_dockerfile(&RULE, Severity::Warning, built, message, place);
                findings.push(with_help(finding, instruction.keyword, name));
            }
        }
    }
}

/// The names that an instruction sets, and where their values stand.
fn settings(instruction: &Instruction) -> Vec<(&str, Range<usize>)> {
    if !matches!(instruction.keyword, Keyword::Env | Keyword::Arg) {
        return Vec::new();
    }
    // The old form, `ENV name value`, has no `=` in its first word.
    if let (Keyword::Env, [name, value, .., last] | [name, value @ last]) =
        (instruction.keyword, instruction.arguments.as_slice())
        && !name.text.contains('=')
    {
        return vec![(&name.text, value.span.start..last.span.end)];
    }
    let words = instruction.arguments.iter();
    let pairs = words.filter_map(|word| Some((word.text.split_once('=')?.0, word)));
    pairs.map(|(name, word)| (name, word.span.start + name.len() + 1..word.span.end)).collect()
}

/// What is wrong with a value, and where. A live key is told with those of other files.
fn judge(name: &str, text: &str, range: Range<usize>) -> Option<(&'static str, Range<usize>)> {
    let written = text.get(range.clone())?;
    let value = written.trim_matches(['"', '\'']);
    if forms::live_key(value).is_some() {
        return None;
    }
    if let Some(password) = forms::url_password(written) {
        let is_variable = written[password.clone()].contains('$');
        let found = ("has a URL with a literal password", range.start + password.start..range.start + password.end);
        return (!is_variable).then_some(found);
    }
    let noun = names::noun(name).filter(|_| !value.contains('$'))?;
    let is_told = forms::is_random(value);
    (names::is_secret(noun, value) && !is_told).then_some(("is a literal secret", range))
}

fn with_help(mut finding: Finding, keyword: Keyword, name: &str) -> Finding {
    finding.primary = finding.primary.redacted();
    finding.help(match keyword {
        Keyword::Arg => {
            format!("take the value away, and pass it: `build-env.{name} = \"${{{name}}}\"`, a variable with `secret = true`")
        }
        _ => format!("take it out, and let the container have it: `env.{name} = {{ secret = true }}`"),
    })
}
