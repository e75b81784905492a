//! `secret-committed`: see [`RULE`].

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Rule, literal_secret};
use crate::diagnostics::{Finding, Label, Severity};
use crate::secrets::{forms, lines, names};

/// A live key in the repository.
pub(super) static RULE: Rule = Rule {
    id: "secret-committed",
    severity: Severity::Error,
    summary: "what looks like a live key, in a file of the repository",
    docs: "\
services.toml, an env example (`.env.example`, `.env.prod.sample` …), a hand-written Dockerfile, or an env file of a service that
git does not ignore has a text in it with the form of a provider's keys (`sk_live_…`, `ghp_…`, `AKIA…`, a private key), or the
value of something named like a secret that only chance can have made: long, of hexadecimal digits or base64, and without any
pattern. In every environment. No output shows it.

**Why it breaks.** Whoever can read the repository, its history, a fork, an image or a backup has the key. Those who look for
such texts are programs, and they are quick.

**How it shows.** Not at all; then as somebody else's bill. Providers that scan public repositories revoke what they find, and the
service fails with `401`.

```toml
[services.api.env]
GITHUB_TOKEN = \"ghp_0123…\"               # bad: revoke it, it is known

[services.api.env]
GITHUB_TOKEN = { secret = true }         # good: whoever starts the stack sets it
```

**Fix.** Revoke the key first: taking it out of the file does not take it out of the history. Then declare a variable with
`secret = true`. An example says what a value looks like, `ghp_xxxx`, and has none.

**Source.** The prefixes are those that the providers document; OWASP Secrets Management Cheat Sheet.
",
    can_be_allowed: true,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(literal_secret::search(context).into_iter().filter(|finding| finding.rule == RULE.id));
    for (path, text) in files(context) {
        findings.extend(text.lines().enumerate().filter_map(|(index, line)| of_line(&path, index + 1, line)));
    }
}

/// The files that people wrote and committed, with their texts.
fn files<'a>(context: &Context<'a>) -> BTreeMap<String, &'a str> {
    let mut files: BTreeMap<String, &str> = BTreeMap::new();
    // What is rendered only repeats what services.toml says.
    let rendered: BTreeSet<String> = context
        .plans
        .iter()
        .map(|plan| {
            let name = plan.env_example();
            if plan.output.is_empty() { name } else { format!("{}/{name}", plan.output) }
        })
        .collect();
    let surroundings = context.sources.surroundings();
    let examples = surroundings.examples().iter().filter(|(path, _)| !rendered.contains(*path));
    files.extend(examples.map(|(path, text)| (path.clone(), text.as_str())));
    for service in context.read.environments.values().flat_map(|manifest| manifest.services.values()) {
        let (Some(source), Some(dockerfile)) = (&service.source, &service.dockerfile) else { continue };
        let text = context.sources.get(source).and_then(|directory| directory.text(dockerfile));
        files.extend(text.map(|text| (format!("{}/{dockerfile}", source.trim_end_matches('/')), text)));
    }
    for plan in context.plans.iter().filter(|plan| surroundings.env_file(plan).is_some()) {
        for path in plan.services.values().flat_map(|service| service.env_files(plan)).filter_map(|file| file.path) {
            let known = surroundings.named(&path).filter(|known| !known.path.is_ignored);
            let text = known.and_then(|known| known.text.as_deref());
            files.extend(text.map(|text| (path, text)));
        }
    }
    files
}

fn of_line(path: &str, number: usize, line: &str) -> Option<Finding> {
    let is_named = || {
        let (name, value) = lines::setting(line)?;
        let noun = names::noun(name)?;
        (names::is_secret(noun, value) && forms::is_random(value)).then_some(name)
    };
    let message = match forms::live_key(line) {
        Some((words, _)) => format!("line {number} of `{path}` holds {words}"),
        None => format!("line {number} of `{path}` has a value for `{}` that looks like a real one", is_named()?),
    };
    let help = "revoke it: it stays in the history. Then take it out, and let whoever starts the stack set it";
    Some(Finding::new(RULE.id, RULE.severity, message, Label::file(path, "a live key")).help(help))
}
