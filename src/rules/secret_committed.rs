//! `secret-committed`: see [`RULE`].

use std::collections::BTreeMap;

use super::{Context, Rule, literal_secret};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::Text;
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
    let files = files(context);
    let repeated = if files.is_empty() { Vec::new() } else { told(context) };
    for (path, text) in files {
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let line = line.trim_end();
            // What an env example repeats is told where it is written.
            let finding = of_line(&path, start, line).filter(|_| !repeated.iter().any(|known| line.contains(known)));
            findings.extend(finding);
            start += line.len();
        }
    }
}

/// What an env example repeats of services.toml: defaults and examples.
fn told(context: &Context<'_>) -> Vec<String> {
    let variables = context.plans.iter().flat_map(|plan| plan.variables.values());
    let told = variables.flat_map(|variable| {
        let default = variable.default.as_ref().and_then(Text::with_defaults);
        variable.example.iter().cloned().chain(default)
    });
    told.filter(|text| !text.is_empty() && (forms::live_key(text).is_some() || forms::is_random(text))).collect()
}

/// The files that people wrote and committed, with their texts.
fn files<'a>(context: &Context<'a>) -> BTreeMap<String, &'a str> {
    let mut files: BTreeMap<String, &str> = BTreeMap::new();
    let surroundings = context.sources.surroundings();
    files.extend(surroundings.examples().iter().map(|(path, text)| (path.clone(), text.as_str())));
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

/// What is wrong with a line that begins at `start`.
fn of_line(path: &str, start: usize, line: &str) -> Option<Finding> {
    let (message, range) = if let Some((words, range)) = forms::live_key(line) {
        (format!("`{path}` holds {words}"), range)
    } else {
        let (name, value) = lines::setting(line)?;
        let noun = names::noun(&line[name.clone()])?;
        let is_real = names::is_secret(noun, &line[value.clone()]) && forms::is_random(&line[value.clone()]);
        let name = is_real.then(|| &line[name])?;
        (format!("`{path}` has a value for `{name}` that looks like a real one"), value)
    };
    // Whatever follows may be another one.
    let label = Label::within(path, start + range.start..start + line.len(), "a live key").redacted();
    let help = "revoke it: it stays in the history. Then take it out, and let whoever starts the stack set it";
    Some(Finding::new(RULE.id, RULE.severity, message, label).help(help))
}
