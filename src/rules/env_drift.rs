//! `env-drift`: see [`RULE`].

use std::ops::Range;

use indexmap::IndexMap;

use super::{Context, Rule, env_files};
use crate::compose::dotenv::{self, Value};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Service};
use crate::source::KeyPath;

/// Two values of one variable, of which one is hidden.
pub(super) static RULE: Rule = Rule {
    id: "env-drift",
    severity: Severity::Warning,
    summary: "a value in a service's env file that its `env` hides",
    docs: "\
`compose.env_file` of a service and its `env`, or its kind, set the same variable to different things.

**Why it breaks.** What stands in `environment` wins over each env file. Whoever changes the file changes nothing.

**How it shows.** Nowhere. The container has the value of `env`; `docker compose config` shows it, and no word of the other one.

```toml
[services.api]
image = \"api:1.4\"
compose.env_file = \"api.env\"        # LOG_LEVEL=debug
env.LOG_LEVEL = \"info\"              # bad: the file has no effect

[services.api]
image = \"api:1.4\"
compose.env_file = \"api.env\"        # LOG_LEVEL=debug
env.NAME = \"shop\"                   # good: each has its own
```

**Fix.** Keep one of them: a variable that an operator changes belongs into `env`, as `{ default = \"info\" }`, where `stackgen env`
knows it. That one variable has different defaults in several places is `variable-declared-twice`; the env examples that are
rendered name what is used, by construction.

**Source.** Docker docs, \"Environment variables precedence in Docker Compose\". Tried with Docker Compose 2.40.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            for (name, source) in &set_by_files(context, plan, service) {
                findings.extend(finding(context, plan, service, name, source));
            }
        }
    }
}

/// Which env file sets a variable of a container.
pub(super) struct SetByFile {
    /// The file, relative to services.toml.
    pub(super) path: String,
    /// Where the name stands there.
    pub(super) name: Range<usize>,
    /// Where the file is named.
    pub(super) origin: KeyPath,
    /// The value, where no other variable takes part.
    value: Option<String>,
}

impl SetByFile {
    /// The line that sets it, and what of the file is not shown.
    pub(super) fn places(&self, context: &Context<'_>) -> impl Iterator<Item = Label> + use<> {
        let (place, hidden) = env_files::place(context, &self.path, self.name.clone(), "here");
        std::iter::once(place).chain(hidden)
    }
}

/// What the env files of a service set, as far as they can be read. The last one counts.
pub(super) fn set_by_files(context: &Context<'_>, plan: &Plan, service: &Service) -> IndexMap<String, SetByFile> {
    let mut set = IndexMap::new();
    for file in service.env_files(plan).into_iter().filter(|file| !file.is_raw) {
        let known = file.path.as_ref().and_then(|path| Some((path, context.sources.surroundings().named(path)?)));
        let Some((path, text)) = known.and_then(|(path, known)| Some((path, known.text.as_ref()?))) else { continue };
        let Ok(read) = dotenv::EnvFile::parse(text) else { continue };
        for entry in read.entries.into_iter().filter(|entry| !entry.name.is_empty()) {
            let value = match &entry.value {
                Value::Inherited => continue,
                Value::Literal(value) => Some(value.clone()),
                Value::Template(value) => Some(value.clone()).filter(|value| !value.contains('$')),
            };
            let by = SetByFile {
                path: path.clone(),
                name: env_files::name_of(text, &entry),
                origin: file.origin.clone(),
                value,
            };
            set.insert(entry.name, by);
        }
    }
    set
}

fn finding(context: &Context<'_>, plan: &Plan, service: &Service, name: &str, source: &SetByFile) -> Option<Finding> {
    let text = service.environment.get(name)?;
    // That the compose file does not read it from there is told on its own.
    let is_own = text.variables().contains(&name);
    let is_same = source.value.is_some() && text.as_literal() == source.value.as_deref();
    if is_own || is_same {
        return None;
    }
    let environment = Some(plan.environment.as_str());
    let message = format!("`{name}` of `{}` has no effect: `env` of `{}` sets it too", source.path, service.name);
    let primary = Label::value(environment, source.origin.clone(), "this file sets it");
    let place = context.origin_of_env(plan, service, name);
    let other = if place.steps().len() > 2 {
        Label::key(environment, place, "wins")
    } else {
        context.key_of(plan, &place, "its kind sets it, and wins")
    };
    Some(
        Finding::new(RULE.id, RULE.severity, message, primary)
            .with(other)
            .with_all(source.places(context))
            .help("keep one of them"),
    )
}
