//! `env-coverage`: see [`RULE`].

use super::{Context, Rule, env_drift};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::manifest::types::Variable;
use crate::manifest::unions::Required;
use crate::plan::{Plan, Service};
use crate::source::KeyPath;

/// What production needs, and only development has.
pub(super) static RULE: Rule = Rule {
    id: "env-coverage",
    severity: Severity::Error,
    summary: "a variable that production needs, and that reaches only development",
    docs: "\
A variable is to be set in a production environment (`required = [\"prod\"]` or `true`), and nothing there reads it, while
something in another environment does: what hands it on stands in an overlay. Or, a warning, a service has an `env_file` for
development alone, and in production neither an env file nor `env` sets what stood there.

**Why it breaks.** A declaration reaches no container by itself. Where production has nothing that hands the variable on, no
operator is asked for it, and no program gets it.

**How it shows.** On the developer's machine all is well. In production the program starts without its database, its key or its
limit: `KeyError: 'DATABASE_URL'`, or a default that was meant for development.

```toml
[variables]
PAYMENTS_KEY = { secret = true, default = \"fake\", required = [\"prod\"] }

[environments.dev.services.api.env]
PAYMENTS_KEY = \"${PAYMENTS_KEY}\"         # bad: prod requires it, and hands it to nobody

[services.api.env]
PAYMENTS_KEY = \"${PAYMENTS_KEY}\"         # good: in every environment
```

**Fix.** Move it from the overlay into the base file, or hand it on in production too. A variable that is declared in one overlay
and used in all is `missing-env-var`; a database image without its password is `image-required-env`.

**Source.** The manifest's reference, \"[variables.NAME]\"; compose-spec, `env_file`.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans.iter().filter(|plan| plan.production) {
        let others: Vec<&Plan> = context.plans.iter().filter(|other| !other.production).collect();
        let Some(manifest) = context.manifest(plan) else { continue };
        for (name, _) in manifest.variables.iter().filter(|(_, variable)| asks(variable, &plan.environment)) {
            findings.extend(unread(context, plan, &others, name));
        }
        for service in plan.services.values() {
            findings.extend(lost(context, plan, &others, service));
        }
    }
}

/// Whether the declaration itself says that the variable is to be set there.
fn asks(variable: &Variable, environment: &str) -> bool {
    match &variable.required {
        Some(Required::Everywhere(required)) => *required,
        Some(Required::In(environments)) => environments.iter().any(|name| name == environment),
        None => false,
    }
}

/// A variable that production asks for and nothing there reads.
fn unread(context: &Context<'_>, plan: &Plan, others: &[&Plan], name: &str) -> Option<Finding> {
    if plan.variables.contains_key(name) || plan.secrets.contains_key(name) {
        return None;
    }
    let (other, reader) = others.iter().find_map(|other| Some((other, other.variables.get(name)?.readers.first()?)))?;
    // It may be what that service alone needs.
    plan.services.get(reader)?;
    let place = KeyPath::of(["variables", name]).key("required");
    let primary = Label::value(Some(&plan.environment), place, "to be set here");
    // Without the environment: what is wrong in several is one mistake.
    let message = format!("production asks for `{name}`, and nothing there reads it");
    let service = other.services.get(reader)?;
    let finding = Finding::new(RULE.id, RULE.severity, message, primary);
    let label = format!("`{reader}` reads it in {}", other.environment);
    let finding = finding.with(context.key_of(other, &service.origin(), &label));
    Some(finding.help(format!("hand it to `{reader}` in the base file: `env.{name} = \"${{{name}}}\"`")))
}

/// What a service has in development from an env file, and in production from nowhere.
fn lost(context: &Context<'_>, plan: &Plan, others: &[&Plan], service: &Service) -> Option<Finding> {
    // A file of its own may have it all.
    if service.passthrough.contains_key("env_file") {
        return None;
    }
    let (other, set) = others.iter().find_map(|other| {
        let set = env_drift::set_by_files(context, other, other.services.get(&service.name)?);
        (!set.is_empty()).then_some((other, set))
    })?;
    let is_lost = |name: &&String| !service.environment.contains_key(*name);
    let names: Vec<&str> = set.keys().filter(is_lost).map(String::as_str).collect();
    let origin = names.first().and_then(|name| set.get(*name)).map(|source| source.origin.clone())?;
    let message = format!(
        "`{}` has {} from an env file in {}, and from nowhere in production",
        service.name,
        words::names(&names),
        other.environment
    );
    let primary = Label::value(Some(&other.environment), origin, format!("only in {}", other.environment));
    let mut finding = Finding::new(RULE.id, Severity::Warning, message, primary).with(context.production(plan));
    finding.environment = Some(plan.environment.clone());
    Some(finding.help("declare them in `env`, so that `stackgen env` asks for them, or name an env file here too"))
}
