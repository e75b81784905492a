//! `nothing-to-run`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::Problem;
use crate::plan::{Plan, Service};
use crate::source::KeyPath;

/// A stack, or a service of it, of which nothing would run.
pub(super) static RULE: Rule = Rule {
    id: "nothing-to-run",
    severity: Severity::Error,
    summary: "a stack of which nothing starts, or a service without an image",
    docs: "\
A stack has no service, or none in one of its environments; or every service has `profiles`, so that none starts unless
somebody asks for a profile; or the image of a service is empty, for example because it is a variable whose default is.
Where a service is built, its `image` is only a name for what is built, and may be empty.

**Why it breaks.** `docker compose up` starts the services without a profile. There are none, or there is one that it
cannot start.

**How it shows.** `no service selected`; for an empty image every command of Compose ends with `service \"web\" has neither
an image nor a build context specified`, also those that are about other services.

```toml
[variables]
WEB_IMAGE = { default = \"\" }

[services.web]
image = \"${WEB_IMAGE}\"              # bad: empty unless somebody sets it

[variables]
WEB_IMAGE = { help = \"The image that the build server pushed\" }

[services.web]
image = \"${WEB_IMAGE}\"              # good: whoever starts the stack has to set it
```

**Fix.** Describe a service for the environment, or take the environment out of `stack.environments`; take `profiles` away
from what should always run; give the variable a default that is an image, or none.

**Source.** compose-spec, \"Profiles\" and `image`; tried with Docker Compose 2.40.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// The most services whose profiles a finding shows.
const SHOWN: usize = 6;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(without_services(context));
    for plan in context.plans {
        findings.extend(only_profiles(context, plan));
        for service in plan.services.values() {
            findings.extend(without_image(context, plan, service));
        }
    }
}

fn without_services(context: &Context<'_>) -> Vec<Finding> {
    let misspelt = |problem: &Problem| matches!(problem, Problem::UnknownEnvironment { .. });
    if context.may_be_lost(&KeyPath::of(["services"])) || context.read.problems.iter().any(misspelt) {
        return Vec::new();
    }
    let is_empty = |plan: &Plan| plan.services.is_empty();
    if context.plans.iter().all(is_empty) {
        let label = Label::key(None, KeyPath::of(["stack"]), "nothing runs in this stack");
        let help = "describe one: `[services.web]` with `image = \"nginx:1.27\"`, or with `kind` and `source`";
        return vec![Finding::new(RULE.id, RULE.severity, "the stack has no service", label).help(help)];
    }
    let empty = context.plans.iter().enumerate().filter(|(_, plan)| is_empty(plan));
    empty
        .map(|(position, plan)| {
            let name = &plan.environment;
            let path = KeyPath::of(["stack", "environments"]).index(position);
            let label = Label::value(None, path, "nothing runs here");
            let help = format!("let a service exist there, or take \"{name}\" out of `stack.environments`");
            Finding::new(RULE.id, RULE.severity, format!("no service exists in `{name}`"), label).help(help)
        })
        .collect()
}

fn only_profiles(context: &Context<'_>, plan: &Plan) -> Option<Finding> {
    let first = plan.services.values().next().filter(|_| plan.services.values().all(|it| !it.profiles.is_empty()))?;
    let origin = |service: &Service| context.origin_of(plan, &service.name, "profiles", &["profiles"]);
    let label = |service: &Service, text: String| Label::value(Some(&plan.environment), origin(service), text);
    let message = "every service has a profile, so none starts unless one is asked for";
    let said = |service: &Service| format!("`{}` waits for a profile", service.name);
    let mut finding = Finding::new(RULE.id, RULE.severity, message, label(first, said(first)));
    let mut known = vec![origin(first)];
    for service in plan.services.values().skip(1) {
        if known.len() < SHOWN && !known.contains(&origin(service)) {
            known.push(origin(service));
            finding = finding.with(label(service, said(service)));
        }
    }
    Some(finding.help("take `profiles` away from what should always run"))
}

fn without_image(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let name = &service.name;
    if service.build.is_some() {
        return None;
    }
    let environment = Some(plan.environment.as_str());
    let Some(image) = &service.image else {
        // What else may be missing is told on its own.
        let is_taken = |key: &&str| service.passthrough.get(*key).is_some_and(Option::is_none);
        let key = ["image", "build"].into_iter().find(is_taken).filter(|_| !Context::is_blank(plan, name))?;
        let place = service.origin().key("compose").key(key);
        let message = format!("nothing says what `{name}` runs");
        let label = Label::value(environment, place, "takes it away");
        return Some(Finding::new(RULE.id, RULE.severity, message, label).help("name an image, or leave this out"));
    };
    if !image.with_defaults().is_some_and(|image| image.is_empty()) {
        return None;
    }
    let place = context.origin_of(plan, name, "image", &["image"]);
    let Some(variable) = image.variables().into_iter().find_map(|name| plan.variables.get_key_value(name)) else {
        let label = Label::value(environment, place, "empty");
        let message = format!("the image of `{name}` has no name");
        return Some(Finding::new(RULE.id, RULE.severity, message, label).help("write `name:tag`"));
    };
    let (variable, declared) = variable;
    let message = format!("the image of `{name}` is empty unless the operator sets `{variable}`");
    let label = Label::value(environment, place.clone(), "empty where nothing is set");
    let finding = Finding::new(RULE.id, RULE.severity, message, label);
    let finding = if declared.origin.key_at(0) == Some("variables") {
        finding.with(Label::key(environment, declared.origin.clone(), "has no value of its own"))
    } else {
        finding
    };
    Some(finding.help("give it a default that is an image, or take the default away: then it has to be set"))
}
