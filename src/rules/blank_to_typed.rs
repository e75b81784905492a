//! `blank-to-typed`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::types::VariableType;
use crate::plan::{Form, Part, Plan, Text, Variable};
use crate::source::KeyPath;

/// An empty value for what must be a number, a switch or an address.
pub(super) static RULE: Rule = Rule {
    id: "blank-to-typed",
    severity: Severity::Error,
    summary: "an operator's variable that is passed empty, although its type has no empty value",
    docs: "\
A variable has a `type` that no empty text is of, such as `int`, `bool`, `url` or `port`, no default, and need not be set in this
environment; and a container or a build is told its value. Where the operator sets nothing, `NAME=` arrives there.

**Why it breaks.** An empty variable is not an unset one. A program that finds a variable reads it, and leaves its own default
alone.

**How it shows.** `ValueError: invalid literal for int() with base 10: ''`, `Input should be a valid boolean, unable to interpret
input`, `TypeError: Invalid URL`, `listen EACCES: permission denied` on port `NaN`: at the start, on the machines of those who
have no need for the variable.

```toml
[services.api.env]
WORKERS = { type = \"int\", required = false }                  # bad: `WORKERS=`

[services.api.env]
WORKERS = { type = \"int\", default = 2 }                       # good

[services.api.env]
WORKERS = { type = \"int\", required = [\"prod\"], default = 1 }  # good: prod has to say how many
```

**Fix.** Give it a default: the value that the program would take. Or require it where it is used.

**Source.** compose-spec, \"Interpolation\": `${NAME:-}` is an empty text, and `environment` passes it on. Tried with Docker Compose
2.40.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for (name, variable) in plan.variables.iter().filter(|(_, variable)| may_be_blank(variable)) {
            findings.extend(finding(context, plan, name, variable));
        }
    }
}

/// Whether nothing is passed where nothing is set, and that is no value of its type.
fn may_be_blank(variable: &Variable) -> bool {
    let is_empty = variable.default.as_ref().is_none_or(Text::is_empty);
    // Free text, and what stands inside of a URL, may be empty.
    let is_typed = !matches!(variable.kind, VariableType::String | VariableType::UrlSafe);
    is_empty && !variable.required && is_typed && variable.values.is_empty()
}

/// One finding for each variable, at the first place that is told its value.
fn finding(context: &Context<'_>, plan: &Plan, name: &str, variable: &Variable) -> Option<Finding> {
    let told = |texts: &indexmap::IndexMap<String, Text>| {
        texts.iter().find(|(_, text)| is_passed(text, name)).map(|(name, _)| name.clone())
    };
    let place = plan.services.values().find_map(|service| {
        let built = || service.build.as_ref().and_then(|build| told(&build.args));
        told(&service.environment)
            .map(|key| context.origin_of_env(plan, service, &key))
            .or_else(|| built().map(|key| context.origin_of_build_env(plan, service, &key)))
    })?;
    let environment = Some(plan.environment.as_str());
    let what = words(variable.kind);
    let message = format!("`{name}` is passed on empty where nobody sets it, and is to be {what}");
    let key = if written(context, plan, name).default.is_some() { "default" } else { "required" };
    let origin = KeyPath::of(["variables", name]);
    let primary = Label::value(environment, origin.key(key), "may be empty");
    let finding = Finding::new(RULE.id, RULE.severity, message, primary);
    // A variable that is declared where it is used stands at one place.
    let is_other = !place.starts_with(&origin) && place.key_at(3) != Some(name);
    let finding = if is_other { finding.with(Label::value(environment, place, "passed on here")) } else { finding };
    Some(finding.help("give it a default, the value that the program takes without it, or require it here"))
}

/// Whether the text is the value of the variable and nothing else.
fn is_passed(text: &Text, name: &str) -> bool {
    match text.parts() {
        [Part::Variable { name: own, form }] => {
            own == name
                && match form {
                    Some((Form::DefaultIfEmpty | Form::DefaultIfUnset, default)) => default.is_empty(),
                    None => true,
                    Some(_) => false,
                }
        }
        _ => false,
    }
}

/// What the value must be, in words.
fn words(kind: VariableType) -> &'static str {
    match kind {
        VariableType::String | VariableType::UrlSafe => "text",
        VariableType::Int => "a whole number",
        VariableType::Float => "a number",
        VariableType::Bool => "true or false",
        VariableType::Url => "a URL",
        VariableType::Port => "a port",
        VariableType::Email => "an e-mail address",
        VariableType::Duration => "a length of time",
    }
}

/// The declaration, as this environment sees it; an empty one where there is none.
fn written(context: &Context<'_>, plan: &Plan, name: &str) -> crate::manifest::types::Variable {
    context.manifest(plan).and_then(|manifest| manifest.variables.get(name)).cloned().unwrap_or_default()
}
