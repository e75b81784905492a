//! `env-file-syntax`: see [`RULE`].

use std::collections::HashSet;
use std::ops::Range;

use super::{Context, Rule, env_files};
use crate::compose::dotenv::{self, Entry, Value};
use crate::compose::interpolation;
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::plan::{NamedEnvFile, Plan};
use crate::sources::Presence;

/// An env file that is not there, or not what it looks like.
pub(super) static RULE: Rule = Rule {
    id: "env-file-syntax",
    severity: Severity::Error,
    summary: "an env file of a service that is missing, or that Compose cannot read or reads otherwise",
    docs: "\
`compose.env_file` of a service names a file that is not there, without `required = false`; or one that Compose cannot read: a
space or a strange character in a name, a quote that nothing closes. What Compose reads otherwise than it looks is a warning:
text behind a closing quote, which is a variable of its own; an escape in the path of a Windows disk, `\"C:\\new\"`; a `$` of a
password outside of single quotes, which takes the rest for a variable; a name that is set twice, of which the last counts; a
last line without `=`. A file that git ignores may be missing: an operator writes it.

**Why it breaks.** The format is Compose's own, and neither that of a shell nor that of any library: a value without quotes ends
at ` #`, one in double quotes has escapes, and both have variables.

**How it shows.** `env file /srv/shop/api.env not found`, `failed to read api.env: line 3: unexpected character \" \" in variable
name`: nothing starts. Or the program gets `pa` for the password `pa$word`, and a log-in fails with the right password.

```toml
[services.api.compose]
env_file = \"api.env\"                                    # bad, if there is none

[services.api.compose]
env_file = [{ path = \"api.env\", required = false }]      # good; or a file with lines like these:
# NAME=value
# PASSWORD='pa$word'
```

**Fix.** Write a secret in single quotes, where nothing but the quote itself has a meaning. Better: let `env` say what the service
needs. Then `stackgen env` asks operators for it, and knows the quotes.

**Source.** compose-spec, `env_file`, \"`Env_file` format\"; compose-go, `dotenv`. Tried with Docker Compose 2.40.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        // A file of several services is told once.
        let mut told: HashSet<String> = HashSet::new();
        for service in plan.services.values() {
            for file in service.env_files(plan) {
                let Some(path) = file.path.clone().filter(|path| told.insert(path.clone())) else { continue };
                let Some(known) = context.sources.surroundings().named(&path) else { continue };
                let search = Search { context, plan, file: &file, path: &path };
                match (&known.text, known.path.presence) {
                    (Some(text), _) if !file.is_raw => search.read(text, findings),
                    (None, Presence::Missing) if file.required && !known.path.is_ignored => {
                        let help = match &known.path.meant {
                            Some(meant) => format!("did you mean `{meant}`?"),
                            None => "create it, or write `{ path = \"…\", required = false }`".to_owned(),
                        };
                        let message = format!("there is no env file `{}`", file.written);
                        findings.push(search.finding(Severity::Error, message, "not there").help(help));
                    }
                    (None, Presence::Directory) => {
                        let message = format!("the env file `{}` is a directory", file.written);
                        findings
                            .push(search.finding(Severity::Error, message, "a directory").help("name a file in it"));
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Looks at one file.
struct Search<'s> {
    context: &'s Context<'s>,
    plan: &'s Plan,
    file: &'s NamedEnvFile,
    path: &'s str,
}

impl Search<'_> {
    fn finding(&self, severity: Severity, message: String, text: &str) -> Finding {
        let label = Label::value(Some(&self.plan.environment), self.file.origin.clone(), text);
        Finding::new(RULE.id, severity, message, label)
    }

    /// A finding about a place in the file. Nothing of a value is repeated, nor shown.
    fn at(&self, severity: Severity, range: Range<usize>, what: &str, help: &str) -> Finding {
        let (primary, hidden) = env_files::place(self.context, self.path, range, "");
        let named = Label::value(Some(&self.plan.environment), self.file.origin.clone(), "the file is named here");
        let mut finding = Finding::new(RULE.id, severity, what, primary).with(named).with_all(hidden);
        finding.environment = Some(self.plan.environment.clone());
        finding.help(help)
    }

    /// A finding about a variable, at its name.
    fn entry(&self, severity: Severity, text: &str, entry: &Entry, what: &str, help: &str) -> Finding {
        self.at(severity, env_files::name_of(text, entry), what, help)
    }

    fn read(&self, text: &str, findings: &mut Vec<Finding>) {
        let file = match dotenv::EnvFile::parse(text) {
            Ok(file) => file,
            Err(flaw) => {
                let what = match &flaw.name {
                    Some(name) => format!("`{name}`: {}", flaw.kind),
                    None => flaw.kind.to_string(),
                };
                findings.push(self.at(
                    Severity::Error,
                    env_files::begin_of(text, flaw.line),
                    &what,
                    "correct the line",
                ));
                return;
            }
        };
        for (index, entry) in file.entries.iter().enumerate() {
            let before = &file.entries[..index];
            findings.extend(self.behind(text, before.last(), entry));
            findings.extend(self.disk(text, entry));
            findings.extend(self.dollar(text, before, &file.entries[index + 1..], entry));
        }
        for (name, _) in file.repeated().into_iter().filter(|(name, _)| !name.is_empty()) {
            let all: Vec<&Entry> = file.entries.iter().filter(|entry| entry.name == name).collect();
            let Some((last, before)) = all.split_last() else { continue };
            let lines: Vec<String> = before.iter().map(|entry| entry.line.to_string()).collect();
            let what = format!("`{name}` is set again, and line {} has no effect", words::and(&lines));
            let finding = self.entry(Severity::Warning, text, last, &what, "keep one of them");
            let place = |entry: &&Entry| Label::within(self.path, env_files::name_of(text, entry), "without effect");
            findings.push(finding.with_all(before.iter().map(place)));
        }
    }

    /// What follows a closing quote in the same line, or is a line without a name.
    fn behind(&self, text: &str, before: Option<&Entry>, entry: &Entry) -> Option<Finding> {
        if entry.name.is_empty() {
            let what = "a last line without `=` sets nothing";
            let help = "write `NAME=value`, or take it away";
            let start = entry.span.start;
            return Some(self.at(Severity::Warning, start..start + 1, what, help));
        }
        let before = before?;
        let is_behind =
            !text.get(before.span.end..entry.span.start)?.contains('\n') && !text[..before.span.end].ends_with('\n');
        let what = format!("what stands behind the quote of `{}` is another variable, `{}`", before.name, entry.name);
        let help = "put the whole value into the quotes, or the variable on a line of its own";
        is_behind.then(|| self.entry(Severity::Warning, text, entry, &what, help))
    }

    /// The path of a Windows disk in double quotes, with an escape in it.
    fn disk(&self, text: &str, entry: &Entry) -> Option<Finding> {
        let (_, value) = text.get(entry.span.clone())?.split_once(['=', ':'])?;
        let value = value.trim_start().strip_prefix('"')?;
        let is_disk = value.starts_with(|c: char| c.is_ascii_alphabetic()) && value[1..].starts_with(":\\");
        let is_escape = |rest: &str| rest.starts_with(['a', 'b', 'f', 'n', 'r', 't', 'v', '0']);
        let is_broken = value.replace("\\\\", "").split('\\').skip(1).any(is_escape);
        let what = format!("`{}` is a path in double quotes, where `\\n`, `\\t` and the like are escapes", entry.name);
        (is_disk && is_broken).then(|| self.entry(Severity::Warning, text, entry, &what, "write it in single quotes"))
    }

    /// A `$` that Compose takes for the begin of a variable that nobody sets.
    fn dollar(&self, text: &str, before: &[Entry], after: &[Entry], entry: &Entry) -> Option<Finding> {
        let Value::Template(template) = &entry.value else { return None };
        if !template.contains('$') {
            return None;
        }
        let is_known =
            |name: &str| self.plan.variables.contains_key(name) || before.iter().any(|other| other.name == name);
        let found = interpolation::substitute(template, &|name| is_known(name).then(|| "set".to_owned()));
        let substituted = match found {
            Ok(substituted) => substituted,
            Err(error) => {
                let what = format!("`{}`: {error}", entry.name);
                let help = "write the value in single quotes, where it stands for itself";
                return Some(self.entry(Severity::Error, text, entry, &what, help));
            }
        };
        let name = substituted.unset.first()?;
        let is_below = after.iter().any(|other| other.name == *name);
        // The name may be a part of a password.
        let (what, help) = if is_below {
            let what = format!("`{}` reads `{name}`, which is set further down, and gets nothing", entry.name);
            (what, "change their order")
        } else {
            let what = format!("in the value of `{}`, a `$` is taken for a variable that nothing sets", entry.name);
            (what, "write the value in single quotes, or `$$` for a dollar sign")
        };
        Some(self.entry(Severity::Warning, text, entry, &what, help))
    }
}
