//! `invalid-option`: see [`RULE`].

use super::{Context, Rule, at_problem};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::manifest::types::Service;
use crate::plan::ProblemKind;
use crate::source::KeyPath;

/// An option of a kind with a value it does not take.
pub(super) static RULE: Rule = Rule {
    id: "invalid-option",
    severity: Severity::Error,
    summary: "an option of a kind with a value it does not take",
    docs: "\
The `version`, or another option, of a service has a value that its kind cannot work with: a version that is none, a
file that is not there, an option that means nothing without another one, a password that cannot stand in a URL.

**Why it breaks.** The version becomes the tag of an image, and decides what is written: the static configuration of
Traefik, the base of a Dockerfile. A tag that does not exist cannot be pulled, and for a version that the kind does not
know nobody has tried whether the files still work.

**How it shows.** `docker compose up` ends with `manifest for traefik:vv3.6 not found: manifest unknown`; or the image
is there and starts with a configuration that another version was meant to read.

```toml
[services.traefik]
kind = \"traefik\"
version = \"v3.6\"       # bad: the kind adds the `v` of the tag itself

[services.traefik]
kind = \"traefik\"
version = \"3.6\"        # good, and so is a patch release such as \"3.6.2\"
```

**Fix.** Write one of the versions that the finding names, as numbers: `\"22\"` or `\"22.11\"`, perhaps with the variant of
an image (`\"7-bookworm\"`). For an image that stackgen cannot know, leave `kind` out and write `image`.

**Source.** `versions` in the kind's `kind.toml`: those that its files were tried with.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(context.read.environments.iter().flat_map(|(environment, manifest)| {
        let services = manifest.services.iter();
        services.filter_map(move |(name, service)| too_new(context, environment, name, service))
    }));
    for (plan, problem) in context.problems() {
        let ProblemKind::Option { message, help } = &problem.kind else { continue };
        let service_name = problem.path.key_at(1).filter(|_| problem.path.key_at(0) == Some("services"));
        let is_version = problem.path.key_at(2) == Some("version");
        let label = if is_version { "not known to work" } else { "not what it takes" };
        let mut finding = at_problem(&RULE, plan, problem, message.clone(), label);
        if service_name.is_none() {
            // The default of a variable that an option is made of, perhaps a password.
            finding.primary = finding.primary.redacted();
        }
        let service = service_name.and_then(|name| context.manifest(plan)?.services.get(name));
        if let Some((name, kind)) = service_name.zip(service.and_then(|service| service.kind.as_ref())) {
            let path = KeyPath::of(["services", name, "kind"]);
            let versions = context.read.kinds.get(kind).map(|kind| kind.versions.as_slice()).unwrap_or_default();
            let is_option =
                |name: &str| context.read.kinds.get(kind).is_some_and(|kind| kind.options.contains_key(name));
            let label = match problem.path.key_at(2) {
                Some(option) if is_option(option) => format!("`{option}` is an option of `{kind}`"),
                Some(_) if !is_version => format!("what `{kind}` makes of it"),
                _ => format!("the version of `{kind}` is meant"),
            };
            finding = finding.with(Label::value(Some(&plan.environment), path, label));
            if help.is_some() {
                // It says itself what to write.
            } else if is_version && versions.is_empty() {
                finding = finding.help("write numbers, such as \"7\" or \"7.4\"");
            } else if is_version {
                finding = finding.help(format!("write {}", words::or(versions)));
            }
        }
        findings.push(help.iter().fold(finding, |finding, help| finding.help(help.clone())));
    }
}

/// A major version that the kind does not know yet, and that may not be there.
fn too_new(context: &Context<'_>, environment: &str, name: &str, service: &Service) -> Option<Finding> {
    let kind = context.read.kinds.get(service.kind.as_ref()?)?;
    let (version, newest) = service.version.as_ref().zip(kind.newest)?;
    let major: u32 = version.split(['.', '-']).next()?.parse().ok()?;
    let message = format!("`{}` is known up to version {newest}, and {major} may not be there", kind.name);
    let path = KeyPath::of(["services", name, "version"]);
    let label = Label::value(Some(environment), path, "newer than what was tried");
    let finding = Finding::new(RULE.id, Severity::Warning, message, label);
    let help = format!("write one that there is, such as \"{newest}\"; where {major} is out, say so with `image`");
    (major > newest).then(|| finding.help(help))
}
