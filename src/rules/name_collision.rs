//! `name-collision`: see [`RULE`].

use std::collections::HashMap;

use super::invalid_service_name::form::Form;
use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::Manifest;
use crate::manifest::text::{Piece, Text};
use crate::manifest::unions::{BoolOr, EnvValue, Scalar};
use crate::plan::{Plan, ProblemKind, VariableFlaw, is_required};
use crate::source::KeyPath;

/// Two names that become one.
pub(super) static RULE: Rule = Rule {
    id: "name-collision",
    severity: Severity::Error,
    summary: "two names that become one where they are used",
    docs: "\
Names stand in other names, and two that differ here may not differ there:

| where | names that meet |
| --- | --- |
| `<SERVICE>_HOST_PORT`, host names, routers | services such as `my-app` and `my_app` |
| `<SERVICE>_<ENTRY POINT>_HOST_PORT` | the entry point `web` of `proxy` and a published service `proxy-web` |
| volumes | two services whose kind gives its volume one fixed name |
| `X_FILE` | `env.X` with a secret that is a file, and `env.X_FILE` |
| `docker-compose.<environment>.yml`, `.env.<environment>` | an environment called `override` or `example` |

(Names that meet in Traefik's routers and middlewares are `duplicate-traefik-name`'s.)

**Why it breaks.** Whoever sets the variable moves both ports, and two data stores write into each other's files. Compose
adds `docker-compose.override.yml` to `docker-compose.yml` without being asked.

**How it shows.** Late, and elsewhere: one of two ports cannot be reached, the wrong value wins, two environments run in
one.

```toml
[services.proxy]
kind = \"traefik\"
version = \"3.6\"
entrypoints.web = { port = 80 }     # its host port is `PROXY_WEB_HOST_PORT`

[services.proxy-web]                # bad: and so is that of this one
image = \"nginx:1.28\"
port = 8080
publish = true

[services.landing]                  # good
image = \"nginx:1.28\"
port = 8080
publish = true
```

**Fix.** Rename one of them.

**Source.** `docs/manifest.md`, \"Host ports\" and \"Environments\"; Docker docs, \"Merge Compose files\": the override file is
read by default, as Docker Compose 2.40 does. Docker Hub's official images read `X_FILE` instead of `X`.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

/// Environments whose files are something else.
const TAKEN: [(&str, &str, &str); 2] = [
    ("override", "docker-compose.override.yml", "Compose adds it to docker-compose.yml without being asked"),
    ("example", ".env.example", "the example of the first environment has that name"),
];

/// How the variable is called that names the file of a secret.
const SUFFIX: &str = "_FILE";

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let Some(manifest) = context.manifest(plan) else { continue };
        let met = meetings(manifest);
        for name in manifest.services.keys() {
            if let Some(other) = met.get(name.as_str()) {
                findings.push(services(context, plan, name, other));
            }
        }
        findings.extend(host_ports(plan, &met));
        findings.extend(volumes(context, plan));
        findings.extend(files(plan, manifest));
    }
    findings.extend(environments(context));
}

/// The services that meet another one of nearly the same name, and that one: one whose name is well formed before one
/// whose is not, then the first in the file.
pub(super) fn meetings(manifest: &Manifest) -> HashMap<&str, &str> {
    let mut groups: HashMap<String, Vec<&str>> = HashMap::new();
    for name in manifest.services.keys() {
        groups.entry(fold(name)).or_default().push(name);
    }
    let mut met = HashMap::new();
    for group in groups.values() {
        let Some(keeper) = group.iter().min_by_key(|name| !Form::Host.takes(name)) else { continue };
        met.extend(group.iter().filter(|name| *name != keeper).map(|name| (*name, *keeper)));
    }
    met
}

/// The name without what does not count where it is used.
fn fold(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

fn services(context: &Context<'_>, plan: &Plan, name: &str, other: &str) -> Finding {
    let path = KeyPath::of(["services", name]);
    let message = format!("the services `{other}` and `{name}` have the same name wherever it is used");
    let label = context.key_of(plan, &path, "the same name");
    let first = context.key_of(plan, &KeyPath::of(["services", other]), "as this one");
    let finding = Finding::new(RULE.id, RULE.severity, message, label).with(first);
    finding.help("upper case, `-` and `_` make no difference there: give one of them another word")
}

/// Derived host ports with one variable.
fn host_ports(plan: &Plan, met: &HashMap<&str, &str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for problem in &plan.problems {
        let ProblemKind::Variable { name, flaw: VariableFlaw::TwoPorts { other } } = &problem.kind else { continue };
        let service = |path: &KeyPath| path.key_at(1).map(str::to_owned).unwrap_or_default();
        let (mine, theirs) = (service(&problem.path), service(other));
        // Their services meet already.
        if fold(&mine) == fold(&theirs) || met.contains_key(mine.as_str()) || met.contains_key(theirs.as_str()) {
            continue;
        }
        let environment = Some(plan.environment.as_str());
        let message = format!("`{name}` would be the host port of `{mine}` and of `{theirs}`");
        let finding = Finding::new(
            RULE.id,
            RULE.severity,
            message,
            Label::value(environment, problem.path.clone(), "one variable for this port"),
        );
        let finding = finding.with(Label::value(environment, other.clone(), "and for this one"));
        findings.push(finding.help("rename one of the services or entry points"));
    }
    findings
}

/// Data of two services on a volume that neither of them names.
fn volumes(context: &Context<'_>, plan: &Plan) -> Vec<Finding> {
    let mut known: HashMap<&str, &str> = HashMap::new();
    let mut findings = Vec::new();
    for service in plan.services.values() {
        let own = service.origin();
        for mount in service.volumes.iter().filter(|mount| mount.origin == own) {
            let Some(volume) = mount.mount.volume() else { continue };
            let Some(other) = known.insert(volume, &service.name) else { continue };
            let message = format!("`{other}` and `{}` would keep their data on one volume, `{volume}`", service.name);
            let finding =
                Finding::new(RULE.id, RULE.severity, message, context.key_of(plan, &own, "the volume of its kind"));
            let first = context.key_of(plan, &KeyPath::of(["services", other]), "is this one's too");
            let help = format!("name another one: `persist = \"{}-data\"`", service.name);
            findings.push(finding.with(first).help(help));
        }
    }
    findings
}

/// Variables that name the file of a secret, and that are set beside it.
fn files(plan: &Plan, manifest: &Manifest) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (service, written) in manifest.services.iter().filter(|(name, _)| plan.services.contains_key(*name)) {
        for (name, value) in &written.env {
            let becomes = format!("{name}{SUFFIX}");
            if name.ends_with(SUFFIX) || !written.env.contains_key(&becomes) || !is_file(plan, manifest, value) {
                continue;
            }
            let env = KeyPath::of(["services", service, "env"]);
            let environment = Some(plan.environment.as_str());
            let message = format!("`{name}` reaches `{service}` as `{becomes}`, which is set beside it");
            let label = Label::key(environment, env.key(&becomes), "one of the two is lost");
            let finding = Finding::new(RULE.id, RULE.severity, message, label);
            let secret = Label::key(environment, env.key(name), "a secret that is a file");
            findings.push(finding.with(secret).help("remove one of them"));
        }
    }
    findings
}

/// Whether the value is nothing but a variable that reaches the containers of this environment as a file.
fn is_file(plan: &Plan, manifest: &Manifest, value: &EnvValue) -> bool {
    let EnvValue::Scalar(Scalar::Text(text)) = value else { return false };
    let [Piece::Variable { name, operation: None, .. }] = &*Text::parse(text).0.pieces else { return false };
    let Some(variable) = manifest.variables.get(name) else { return false };
    match &variable.file {
        None | Some(BoolOr::Bool(false)) => false,
        Some(BoolOr::Bool(true)) => is_required(variable, &plan.environment),
        Some(BoolOr::Value(_)) => true,
    }
}

/// Environments that are not the first one and whose files are something else.
fn environments(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (position, plan) in context.plans.iter().enumerate().skip(1) {
        let Some((name, file, why)) = TAKEN.iter().find(|(name, ..)| *name == plan.environment) else { continue };
        let path = KeyPath::of(["stack", "environments"]);
        let message = format!("the environment `{name}` would have the file `{file}`: {why}");
        let label = Label::value(None, path.index(position), format!("`{file}`"));
        let first = Label::value(None, path.index(0), "is what it would be mixed up with");
        findings.push(Finding::new(RULE.id, RULE.severity, message, label).with(first).help("give it another name"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::project::Project;

    #[test]
    fn two_services_of_a_kind_with_one_volume() {
        let folder = tempfile::tempdir().unwrap();
        let kind = folder.path().join("templates/kinds/store");
        std::fs::create_dir_all(&kind).unwrap();
        let text = "help = 'A store'\nclass = 'datastore'\nimage = 'store:1'\n\
                    [[data]]\npath = '/data'\nvolume = 'store'\n[example]\n";
        std::fs::write(kind.join("kind.toml"), text).unwrap();
        let found = |persist: &str| {
            let text =
                format!("[stack]\nname = 's'\n[services.a]\nkind = 'store'\n[services.b]\nkind = 'store'\n{persist}");
            let file = folder.path().join("services.toml");
            std::fs::write(&file, text).unwrap();
            let report = Project::open(&file).unwrap().analyse().unwrap().report;
            report.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>()
        };
        assert_eq!(found(""), [RULE.id]);
        assert_eq!(found("persist = 'b-data'"), [""; 0]);
    }
}
