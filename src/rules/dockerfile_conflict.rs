//! `dockerfile-conflict`: see [`RULE`].

use std::collections::{HashMap, HashSet};

use indexmap::IndexSet;

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::plan::{Plan, Recipe, Service};

/// One Dockerfile that would need two contents.
pub(super) static RULE: Rule = Rule {
    id: "dockerfile-conflict",
    severity: Severity::Error,
    summary: "one Dockerfile that would need two contents",
    docs: "\
Two services that are built from one `source`, or one service in two environments, whose Dockerfiles would have to say
different things. A source has one Dockerfile, which holds for every service and every environment; only the stage that
is built may differ. Or a service is built with a `dockerfile` that is written by hand, where that of another one is
generated.

**Why it breaks.** Both would be written to the same path, and one of them would win. What the other one needs, such as
a package or a port, would not be in its image.

**How it shows.** Without this rule: the service whose Dockerfile was overwritten starts and lacks something, and which
one it is depends on the order of the file.

```toml
[services.api]
kind = \"node\"
version = \"22\"
source = \"api\"

[services.worker]
kind = \"node\"
version = \"20\"        # bad: api/Dockerfile begins with node:22
source = \"api\"

[services.worker]
kind = \"node\"
version = \"22\"        # good
source = \"api\"
```

**Fix.** Give both the same value, or each a source of its own. What differs between environments belongs into `env`,
`command` and the other keys that only the compose file has.

**Source.** stackgen's own rule: one Dockerfile per source, the same in every environment.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

/// A service of an environment that is built.
#[derive(Clone, Copy)]
struct Built<'p> {
    plan: &'p Plan,
    service: &'p Service,
    recipe: &'p Recipe,
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut owners: HashMap<&str, Built<'_>> = HashMap::new();
    // A service that differs from its first environment in each further one: that is one mistake.
    let mut said: HashSet<(&str, Vec<String>)> = HashSet::new();
    for plan in context.plans {
        for service in plan.services.values() {
            let Some(recipe) = service.build.as_ref().and_then(|build| build.recipe.as_ref()) else { continue };
            let one = Built { plan, service, recipe };
            for file in &recipe.files {
                let owner = *owners.entry(&file.path).or_insert(one);
                if owner.recipe == recipe {
                    continue;
                }
                let keys = differences(owner.recipe, recipe);
                if owner.service.name != service.name || said.insert((&service.name, keys.clone())) {
                    findings.push(finding(&file.path, owner, one, &keys));
                }
                break;
            }
        }
    }
    for plan in context.plans {
        for service in plan.services.values() {
            findings.extend(by_hand(context, plan, service, &owners));
        }
    }
}

/// A Dockerfile that somebody wrote, and that would be overwritten.
fn by_hand(
    context: &Context<'_>,
    plan: &Plan,
    service: &Service,
    owners: &HashMap<&str, Built<'_>>,
) -> Option<Finding> {
    let written = context.manifest(plan)?.services.get(&service.name)?.dockerfile.as_deref();
    // Another process of a program is built with its file.
    let (written, build) = (written.filter(|_| service.extends.is_none())?, service.build.as_ref()?);
    let path = format!("{}/{}", build.source, written.trim_start_matches("./"));
    let owner = owners.get(path.trim_start_matches('/')).filter(|_| build.recipe.is_none())?;
    let (name, other) = (&service.name, &owner.service.name);
    let message = format!("`{name}` is built with `{path}`, which is generated for `{other}`");
    let label = |plan: &Plan, path, text: &str| Label::value(Some(&plan.environment), path, text);
    let here = label(plan, service.origin().key("dockerfile"), "written by hand");
    let there = label(owner.plan, owner.service.origin().key("source"), "its Dockerfile is generated there");
    let help =
        format!("give the file another name, such as `{written}.{name}`, or give `{other}` a `source` of its own");
    Some(Finding::new(RULE.id, RULE.severity, message, here).with(there).help(help))
}

fn finding(file: &str, owner: Built<'_>, built: Built<'_>, keys: &[String]) -> Finding {
    let (first, second) = (&owner.service.name, &built.service.name);
    let is_same = first == second;
    let (here, there) = (&built.plan.environment, &owner.plan.environment);
    let quoted: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    let what = words::and(&quoted);
    let message = if is_same {
        format!("`{first}` differs in {what} between `{there}` and `{here}`, and has one `{file}` for both")
    } else {
        format!("`{first}` and `{second}` share `{file}` and differ in {what}")
    };
    let key = &keys[0];
    let label = |built: Built<'_>, text: String| {
        Label::value(Some(&built.plan.environment), built.service.origin().key(key), text)
    };
    let (name, other) = if is_same { (here, there) } else { (second, first) };
    let verb = if is_same { "in" } else { "of" };
    let finding = Finding::new(RULE.id, RULE.severity, message, label(built, format!("{verb} `{name}`")))
        .with(label(owner, format!("{verb} `{other}`")));
    if is_same {
        let help =
            format!("a Dockerfile is the same in every environment: write {what} once, outside of `[environments]`");
        // It holds between two environments, and so in neither alone.
        return Finding { environment: None, ..finding.help(help) };
    }
    finding.help(format!("write the same {what} for both, or give `{second}` a `source` of its own"))
}

/// The keys of a service in which two recipes differ, the causes before what follows from them.
fn differences(a: &Recipe, b: &Recipe) -> Vec<String> {
    if a.kind != b.kind {
        return vec!["kind".to_owned()];
    }
    if a.version != b.version {
        return vec!["version".to_owned()];
    }
    let options = a.facts.keys().chain(b.facts.keys());
    let mut keys: IndexSet<String> =
        options.filter(|name| a.facts.get(*name) != b.facts.get(*name)).map(|name| name.replace('_', "-")).collect();
    let plain = [
        ("port", a.port != b.port),
        ("ports", a.listeners != b.listeners),
        ("context", a.prefix != b.prefix),
        ("build-env", a.build_args != b.build_args || a.build_secrets != b.build_secrets),
        ("packages", a.packages != b.packages),
        ("build-packages", a.build_packages != b.build_packages),
        ("include", a.include != b.include),
        ("before-start", a.before_start != b.before_start),
        ("volumes", a.directories != b.directories),
        ("user", a.user != b.user),
        ("build", a.build != b.build),
        ("command", a.development != b.development || a.production != b.production),
    ];
    keys.extend(plain.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key.to_owned()));
    if keys.is_empty() {
        // Equal in every setting: what else there is follows from what was found in the source.
        keys.insert("source".to_owned());
    }
    keys.into_iter().collect()
}
