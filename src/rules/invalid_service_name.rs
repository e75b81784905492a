//! `invalid-service-name`: see [`RULE`].

use std::collections::HashMap;

use super::{Context, Rule};
use crate::compose::volume::{MountError, MountFlaw};
use crate::diagnostics::{Finding, Fix, Label, Severity};
use crate::kinds::Kinds;
use crate::manifest::Manifest;
use crate::manifest::types::Service;
use crate::manifest::unions::{BoolOr, EnvValue, Toggle};
use crate::plan::{Plan, ProblemKind};
use crate::source::{KeyPath, References};

pub(super) mod form;

use form::Form;

/// A name that Compose, DNS or Traefik does not take.
pub(super) static RULE: Rule = Rule {
    id: "invalid-service-name",
    severity: Severity::Error,
    summary: "a name that Compose, DNS or Traefik does not take",
    docs: "\
A name that becomes part of something with rules of its own:

| name of | takes |
| --- | --- |
| a service, the stack, an environment | lower-case letters, digits and inner hyphens; at most 63 |
| a route, an entry point, an entry of `ports` | the same |
| a middleware, a certificate resolver | letters, digits, `-` and `_` |
| a Compose project | lower-case letters, digits, `-` and `_`, the first one no `-` or `_` |
| a network, a volume | letters, digits, `.`, `-` and `_`; no volume of one letter |
| a variable | letters, digits and `_`, and no digit first |
| an entry of `env` | the same, with `.` between such words |
| an entry of `build-env` | letters, digits and `_`, no digit first; not `PATH` |

**Why it breaks.** A service's name is its host name, and part of the name of its image. The names of Traefik's routers
and middlewares stand between the dots of a label, so that a dot in one of them begins another option. A volume of one
letter is a Windows drive to Compose. Compose makes a project's name fit without a word: `My_App` is `my_app`, and so
begin its volumes and networks. The name of a variable stands in `${…}`, where `${MY-VAR}` is `MY` with the
default `VAR`.

**How it shows.** `MyApp` with a build fails at `docker compose build`: `repository name must be lowercase`. A volume
`d:/data` fails at `docker compose up`: `invalid mount path: 'd:/data' mount path must be absolute`. With a dot in the
name of a router, Traefik drops the labels of the container and says so only in its log.

```toml
[services.My_App]           # bad
image = \"nginx:1.28\"

[services.my-app]           # good
image = \"nginx:1.28\"
```

**Fix.** Write the name that the finding proposes, also where it is referred to.

**Source.** RFC 1123 (host names); compose-spec, \"services\" and \"volumes\"; Traefik's label decoder (`paerser`). Tried
with Docker Compose 2.40 and Docker 28.5.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

/// The variable without which no step of a build finds its program.
const PATH: &str = "PATH";

/// The entry point on which the proxy answers its own health probe.
const OWN_ENTRY_POINT: &str = "ping";

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let Some(manifest) = context.manifest(plan) else { continue };
        let mut names = Names { environment: &plan.environment, kinds: &context.read.kinds, findings };
        names.stack(manifest, plan);
        names.variables(manifest);
        names.traefik(manifest);
        names.mounted(manifest, plan);
        // One that meets another is `name-collision`'s.
        let met = super::name_collision::meetings(manifest);
        let services = manifest.services.keys().filter(|name| !met.contains_key(name.as_str()));
        names.keys("service", Form::Host, &KeyPath::of(["services"]), services);
        names.keys("network", Form::Key, &KeyPath::of(["networks"]), manifest.networks.keys());
        names.keys("volume", Form::Volume, &KeyPath::of(["volumes"]), manifest.volumes.keys());
        for (name, service) in &manifest.services {
            names.service(&KeyPath::of(["services", name]), service);
        }
    }
}

struct Names<'n> {
    environment: &'n str,
    kinds: &'n Kinds,
    findings: &'n mut Vec<Finding>,
}

impl Names<'_> {
    fn stack(&mut self, manifest: &Manifest, plan: &Plan) {
        let Some(stack) = &manifest.stack else { return };
        let path = KeyPath::of(["stack"]);
        if let Some(name) = &stack.name {
            self.value("the stack", Form::Host, path.key("name"), name);
        }
        let projects = [
            ("project", stack.project.as_ref(), Some(&plan.project)),
            ("edge", stack.edge.as_ref(), plan.edge.as_ref()),
        ];
        for (key, written, resolved) in projects {
            let (Some(_), Some(resolved)) = (written, resolved) else { continue };
            if let Some(known) = resolved.with_defaults().filter(|_| !Context::has_flaw(plan, &path.key(key))) {
                self.value("a Compose project", Form::Project, path.key(key), &known);
            }
        }
        for (index, name) in stack.environments.iter().flatten().enumerate() {
            self.value("an environment", Form::Host, path.key("environments").index(index), name);
        }
    }

    fn variables(&mut self, manifest: &Manifest) {
        self.keys("variable", Form::Variable, &KeyPath::of(["variables"]), manifest.variables.keys());
    }

    fn traefik(&mut self, manifest: &Manifest) {
        let path = KeyPath::of(["middlewares"]);
        self.keys("middleware", Form::Label, &path, manifest.middlewares.keys());
        // They become lower-case words with hyphens: two of them may become one.
        let mut known: HashMap<String, &str> = HashMap::new();
        for name in manifest.middlewares.keys().filter(|name| Form::Label.takes(name)) {
            let Some(first) = known.insert(form::folded(name), name) else { continue };
            let message = format!("the middlewares `{first}` and `{name}` have the same name for Traefik");
            let label = Label::key(Some(self.environment), path.key(name), "the same name");
            let other = Label::key(Some(self.environment), path.key(first), "as this one");
            let help = "upper case and `_` make no difference there: give one of them another word".to_owned();
            self.findings.push(Finding::new(RULE.id, RULE.severity, message, label).with(other).help(help));
        }
    }

    fn service(&mut self, path: &KeyPath, service: &Service) {
        self.keys("route", Form::Host, &path.key("routes"), service.routes.keys());
        self.keys("port", Form::Host, &path.key("ports"), service.ports.keys());
        for (option, what, form) in
            [("entrypoints", "entry point", Form::Host), ("certificates", "certificate resolver", Form::Label)]
        {
            let names = service.options.get(option).and_then(toml::Value::as_table);
            self.keys(what, form, &path.key(option), names.into_iter().flat_map(toml::Table::keys));
        }
        let own = service.options.get("entrypoints").and_then(|table| table.get(OWN_ENTRY_POINT));
        if own.is_some() {
            let place = path.key("entrypoints").key(OWN_ENTRY_POINT);
            let message = format!("an entry point cannot have the name `{OWN_ENTRY_POINT}`");
            let label = Label::key(Some(self.environment), place, "the proxy answers its own health probe there");
            self.findings.push(Finding::new(RULE.id, RULE.severity, message, label).help("give it another name"));
        }
        self.build_env(&path.key("build-env"), service);
        let env = path.key("env");
        for (name, value) in &service.env {
            // A table that could not become an operator's variable.
            if matches!(value, EnvValue::Variable(_)) && Form::Env.takes(name) {
                let message = format!("`{name}` cannot be the name of a variable");
                let label = Label::key(Some(self.environment), env.key(name), Form::Variable.flaw(name));
                let variable = Form::Variable.corrected(name).unwrap_or_default().to_ascii_uppercase();
                let help = format!("declare it as `{variable}` in `[variables]`, and write `\"${{{variable}}}\"` here");
                self.findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
            } else {
                self.keys("environment variable", Form::Env, &env, [name]);
            }
        }
    }

    /// Arguments of a build, which its shell expands.
    fn build_env(&mut self, path: &KeyPath, service: &Service) {
        self.keys("build variable", Form::Variable, path, service.build_env.keys());
        if service.build_env.contains_key(PATH) {
            let message = format!("`{PATH}` cannot be the name of a build variable");
            let label = Label::key(Some(self.environment), path.key(PATH), "the build finds its programs there");
            let help = "give it another name, or run a program by its whole path".to_owned();
            self.findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
        }
    }

    /// Volumes that are only named where they are mounted.
    fn mounted(&mut self, manifest: &Manifest, plan: &Plan) {
        for problem in &plan.problems {
            let ProblemKind::Mount(MountError { flaw: MountFlaw::Drive(letter), .. }) = &problem.kind else { continue };
            let name = letter.to_string();
            if !manifest.volumes.contains_key(&name) {
                self.value("a volume", Form::Volume, problem.path.clone(), &name);
            }
        }
        for service in plan.services.values() {
            for mount in &service.volumes {
                let Some(name) = mount.mount.volume() else { continue };
                if manifest.volumes.contains_key(name) || name.contains('$') {
                    continue;
                }
                let is_written = mount.origin.steps().len() > 2;
                let persist = manifest.services.get(&service.name).and_then(|service| service.persist.as_ref());
                if is_written {
                    // A letter that became a volume stands in the long syntax, where it is no drive.
                    self.value("a volume", Form::Key, mount.origin.clone(), name);
                } else if matches!(persist, Some(Toggle::On(BoolOr::Value(written))) if written == name) {
                    self.value("a volume", Form::Volume, service.origin().key("persist"), name);
                }
            }
        }
    }

    fn keys<'k>(&mut self, what: &str, form: Form, path: &KeyPath, names: impl IntoIterator<Item = &'k String>) {
        let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        for name in names {
            if !form.takes(name) {
                let label = Label::key(Some(self.environment), path.key(name), form.flaw(name));
                let proposed = form.corrected(name).filter(|proposed| form.takes(proposed));
                let fix = proposed.zip(self.references(what)).map(|(proposed, references)| {
                    Fix::new(format!("call it `{proposed}`, also where it is referred to"))
                        .rename(Some(self.environment), path.key(name), proposed.clone())
                        .refer(references, name, proposed)
                });
                self.report(&format!("{article} {what}"), form, name, label, fix);
            }
        }
    }

    /// How other entries refer to one of these; none where nobody knows who does: a program reads its environment.
    fn references(&self, what: &str) -> Option<References> {
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<String>>();
        match what {
            "service" => {
                let options = self.kinds.iter().flat_map(|kind| &kind.options);
                let naming = options.filter(|(_, option)| option.kind.names_services()).map(|(name, _)| name.clone());
                let keys = keys(&["depends-on", "extends"]).into_iter().chain(naming).collect();
                Some(References { prefix: "services.", keys })
            }
            "network" => Some(References { prefix: "networks.", keys: keys(&["networks"]) }),
            "middleware" => Some(References { prefix: "middlewares.", keys: keys(&["middlewares"]) }),
            "variable" => Some(References { prefix: "", keys: Vec::new() }),
            _ => None,
        }
    }

    fn value(&mut self, what: &str, form: Form, place: KeyPath, name: &str) {
        if !form.takes(name) {
            let label = Label::value(Some(self.environment), place.clone(), form.flaw(name));
            let is_own =
                !name.is_empty() && matches!(place.key_at(0), Some("stack")) && place.key_at(1) != Some("environments");
            let proposed = form.corrected(name).filter(|proposed| is_own && form.takes(proposed));
            let fix = proposed
                .map(|proposed| Fix::new(format!("call it `{proposed}`")).set(Some(self.environment), place, proposed));
            self.report(what, form, name, label, fix);
        }
    }

    fn report(&mut self, what: &str, form: Form, name: &str, label: Label, fix: Option<Fix>) {
        let message = if name.is_empty() {
            format!("the name of {what} is empty")
        } else {
            format!("`{name}` cannot be the name of {what}")
        };
        let finding = Finding::new(RULE.id, RULE.severity, message, label).fix(fix);
        let proposed = form.corrected(name).filter(|proposed| form.takes(proposed));
        self.findings.push(finding.help(match proposed {
            Some(proposed) => format!("write `{proposed}`, also where it is referred to"),
            None if form == Form::Host && name.len() > form::LONGEST => "write a shorter one".to_owned(),
            None => format!("write {}", form.words()),
        }));
    }
}
