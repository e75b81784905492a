//! `dev-leak`: see [`RULE`].

use indexmap::IndexMap;

use super::{Context, Rule, declared_default};
use crate::compose::volume::Source;
use crate::diagnostics::{Finding, Fix, Label, Severity, words as phrases};
use crate::manifest::unions::Toggle;
use crate::plan::{self, Build, Plan, Service, Target, Text};
use crate::source::KeyPath;

mod words;

/// What belongs to development, in production.
pub(super) static RULE: Rule = Rule {
    id: "dev-leak",
    severity: Severity::Error,
    summary: "something for development that production would run with",
    docs: "\
A production environment runs a service as a developer would: its development target (`reload`, `debug`), its source bound
into the container, a debugger's port published, a command that watches files or lets a debugger in (`--reload`, `--inspect`,
`npm run dev`), a service of a kind that is for development alone (`ngrok`), or a variable that says so
(`NODE_ENV=development`, `DEBUG=true`, `FLASK_DEBUG=1`). Where only the default of an operator's variable says so, it is a
warning. Other environments may do all of this.

**Why it breaks.** A debugger runs any code for whoever reaches its port. Pages of errors show settings and source. A tunnel
leads past the proxy, its certificates and its routes. A bound source replaces what the image was built and tested with by what happens to lie on the host; a development server serves one
person, slowly.

**How it shows.** Not at all, or as a page with a stack trace for everybody. With a bound source, the container fails on a host
where the directory is empty: `Cannot find module '/app/dist/server.js'`.

```toml
[defaults]
reload = \"watch\"                  # bad: in every environment

[environments.dev.defaults]
reload = \"watch\"                  # good

[services.api.env]
NODE_ENV = { default = \"development\" }                      # bad

[services.api.env]
NODE_ENV = { default = \"production\" }                       # good

[environments.dev.variables]
NODE_ENV = { default = \"development\" }
```

**Fix.** Move it into the overlay of the environment that is for development. If this environment is one, say so:
`production = false` in its `stack`.

**Source.** Node.js docs, \"Debugger\", \"Security implications\"; Werkzeug docs, \"Debugging Applications\"; Django docs,
\"Deployment checklist\"; Uvicorn docs, \"Settings\", `--reload`.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// The port of Node's debugger (Node.js docs, \"Debugger\").
const NODE_DEBUGGER: u16 = 9229;

/// Names that people give to the stage of a Dockerfile that is for development.
const STAGES: [&str; 4] = ["development", "develop", "dev", "debug"];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let relaxed = context.plans.iter().find(|plan| !plan.production).map(|plan| plan.environment.as_str());
    for plan in context.plans.iter().filter(|plan| plan.production) {
        let search = Search { context, plan, relaxed };
        findings.extend(search.targets());
        for service in plan.services.values() {
            findings.extend(search.kind(service));
            findings.extend(search.stage(service));
            findings.extend(search.mounts(service));
            findings.extend(search.ports(service));
            findings.extend(search.commands(service));
            findings.extend(search.environment(service));
        }
    }
}

/// Looks at one production environment.
struct Search<'s, 'c> {
    context: &'s Context<'c>,
    plan: &'c Plan,
    /// An environment that is for development, where there is one.
    relaxed: Option<&'c str>,
}

impl Search<'_, '_> {
    fn finding(&self, severity: Severity, message: String, place: KeyPath, text: &str, help: String) -> Finding {
        let label = Label::value(Some(&self.plan.environment), place, text);
        Finding::new(RULE.id, severity, message, label).with(self.context.production(self.plan)).help(help)
    }

    /// Where something for development belongs.
    fn overlay(&self, table: &str) -> String {
        match self.relaxed {
            Some(environment) => format!("move it to `[environments.{environment}.{table}]`"),
            None => "move it to the overlay of an environment for development".to_owned(),
        }
    }

    /// Development targets: those for the same reason, at the same place, together.
    fn targets(&self) -> Vec<Finding> {
        let mut found: IndexMap<(KeyPath, &str), Vec<&str>> = IndexMap::new();
        for service in self.plan.services.values().filter(|service| is_development(service)) {
            let manifest = self.context.manifest(self.plan);
            let Some(written) = manifest.and_then(|manifest| manifest.services.get(&service.name)) else { continue };
            let reloads = written.reload.as_ref().and_then(Toggle::on).is_some();
            let debugs = written.debug == Some(true);
            for key in
                [("reload", reloads), ("debug", debugs)].into_iter().filter(|(_, is_on)| *is_on).map(|(key, _)| key)
            {
                let place = self.context.origin_of(self.plan, &service.name, key, &[]);
                found.entry((place, key)).or_default().push(&service.name);
            }
        }
        let findings = found.into_iter().map(|((place, key), names)| {
            let table = match (place.key_at(0), names.as_slice()) {
                (Some("services"), [name]) => format!("services.{name}"),
                _ => "defaults".to_owned(),
            };
            let message = format!("`{key}` lets {} run for development, in production", phrases::names(&names));
            let environment = &self.plan.environment;
            let fix = Fix::new(format!("switch `{key}` off in `{environment}`"));
            let fix =
                names.iter().fold(fix, |fix, name| fix.put(environment, KeyPath::of(["services", name, key]), false));
            self.finding(RULE.severity, message, place, "holds here too", self.overlay(&table)).fix(fix)
        });
        findings.collect()
    }

    /// A kind that is for development alone.
    fn kind(&self, service: &Service) -> Option<Finding> {
        let name = service.kind.as_deref()?;
        let reason = self.context.read.kinds.get(name)?.development_only.as_deref()?;
        let place = self.context.origin_of(self.plan, &service.name, "kind", &[]);
        let message = format!("`{}` is a `{name}` service, which is for development alone", service.name);
        let help = match self.relaxed {
            Some(environment) => format!("add `environments = [\"{environment}\"]` to it"),
            None => "take it out; it belongs to an environment for development".to_owned(),
        };
        Some(self.finding(RULE.severity, message, place, reason, help))
    }

    /// A stage that is called like one for development, where nothing of stackgen's own chose it.
    fn stage(&self, service: &Service) -> Option<Finding> {
        let build = service.build.as_ref()?;
        let target = build.target.as_deref()?;
        let is_passed = service.passthrough.contains_key("build");
        if !STAGES.iter().any(|stage| target.eq_ignore_ascii_case(stage)) || (build.recipe.is_some() && !is_passed) {
            return None;
        }
        let place = self.context.origin_of(self.plan, &service.name, "target", &["build", "target"]);
        let message = format!("`{}` runs the stage `{target}` in production", service.name);
        let help = "name the stage that production runs".to_owned();
        Some(self.finding(RULE.severity, message, place, "a stage for development", help))
    }

    /// Sources that are bound over what the image was built with; those that `reload` binds are its own.
    fn mounts(&self, service: &Service) -> Vec<Finding> {
        let Some(build) = &service.build else { return Vec::new() };
        let kind = service.kind.as_ref().and_then(|kind| self.context.read.kinds.get(kind));
        let watches = kind.map(|kind| kind.watch.as_slice()).unwrap_or_default();
        let synchronised: Vec<&String> = watches.iter().flat_map(|watch| &watch.sync).collect();
        let mut findings = Vec::new();
        for mount in service.volumes.iter().filter(|mount| mount.origin.key_at(2) != Some("reload")) {
            let Source::Bind(path) = &mount.mount.source else { continue };
            let Some(path) = plan::clean_path(path) else { continue };
            if is_source(build, &synchronised, &path) {
                let message = format!("the source of `{}` is bound over what its image was built with", service.name);
                let help = self.overlay(&format!("services.{}", service.name));
                findings.push(self.finding(RULE.severity, message, mount.origin.clone(), "the source", help));
            }
        }
        findings
    }

    fn ports(&self, service: &Service) -> Vec<Finding> {
        let kind = service.kind.as_ref().and_then(|kind| self.context.read.kinds.get(kind));
        let debugger = kind.and_then(|kind| kind.debug.as_ref()).map(|debug| debug.port);
        let is_own = |port: u16| service.port == Some(port) || service.listeners.values().any(|known| *known == port);
        let is_debugger = |port: u16| (port == NODE_DEBUGGER || Some(port) == debugger) && !is_own(port);
        let mut findings = Vec::new();
        // What `debug` publishes is told with it.
        for port in service.ports.iter().filter(|port| port.origin.key_at(2) != Some("debug")) {
            let Some(mapping) = port.mapping else { continue };
            let mut targets = mapping.target.first..=mapping.target.last;
            if let Some(number) = targets.find(|port| is_debugger(*port)) {
                let message = format!("`{}` publishes {number}, the port of a debugger", service.name);
                let help = self.overlay(&format!("services.{}", service.name));
                findings.push(self.finding(
                    RULE.severity,
                    message,
                    port.origin.clone(),
                    "whoever reaches it runs code",
                    help,
                ));
            }
        }
        findings
    }

    fn commands(&self, service: &Service) -> Vec<Finding> {
        let texts = |words: &[Text]| words.iter().filter_map(Text::with_defaults).collect::<Vec<String>>();
        let mut commands: Vec<(KeyPath, Vec<String>, &str)> = Vec::new();
        for (key, words) in [("entrypoint", &service.entrypoint), ("command", &service.command)] {
            let place = self.context.origin_of(self.plan, &service.name, key, &[key]);
            commands.extend(words.as_ref().map(|words| (place, texts(words), "the command")));
        }
        let recipe = service.build.as_ref().and_then(|build| build.recipe.as_ref());
        if let Some(recipe) = recipe.filter(|_| service.command.is_none() && !is_development(service)) {
            let place = self.context.origin_of(self.plan, &service.name, "source", &[]);
            commands.push((place, recipe.production.clone(), "what the source starts"));
        }
        let mut findings = Vec::new();
        for (place, command, what) in commands {
            // `debug` puts its flags there, which is told on its own.
            let Some((found, aid)) = words::aid(&command).filter(|_| service.debug_port.is_none()) else { continue };
            let message = format!("{what} of `{}` is one for development: `{found}`", service.name);
            let help = self.overlay(&format!("services.{}", service.name));
            let help = format!("{help}, and write here what production runs");
            findings.push(self.finding(RULE.severity, message, place, aid.words(), help));
        }
        findings
    }

    fn environment(&self, service: &Service) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (name, text) in &service.environment {
            let Some(value) = text.with_defaults().filter(|value| words::is_setting(name, value)) else { continue };
            let place = self.context.origin_of_env(self.plan, service, name);
            let environment = &self.plan.environment;
            if text.as_literal().is_some() {
                let message = format!("`{name}` is `{value}` in production");
                let help = self.overlay(&format!("services.{}.env", service.name));
                let finding = self.finding(RULE.severity, message, place.clone(), "for development", help);
                let is_own = place.key_at(2) == Some("env");
                let instead = words::production(&value).filter(|_| is_own);
                findings.push(finding.fix(instead.map(|instead| {
                    Fix::new(format!("set `{name}` to `{instead}` in `{environment}`")).put(environment, place, instead)
                })));
                continue;
            }
            let message = format!("`{name}` is `{value}` in production unless the operator sets it");
            let help = format!("give it another default in `[environments.{environment}.variables]`");
            let finding = self.finding(Severity::Warning, message, place.clone(), "for development", help);
            let finding = finding.with_all(declared_default(self.plan, text, &place));
            findings.push(finding);
        }
        findings
    }
}

/// Whether it runs the stage for development of a generated Dockerfile.
fn is_development(service: &Service) -> bool {
    let build = service.build.as_ref().filter(|build| build.recipe.is_some());
    build.and_then(|build| build.target.as_deref()) == Some(Target::Development.name())
}

/// Whether this path is the source, has it inside, or is what `reload` would bind of it.
fn is_source(build: &Build, synchronised: &[&String], path: &str) -> bool {
    let source = build.source.as_str();
    let holds =
        path.is_empty() || source == path || source.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
    let inside = path.strip_prefix(source).map(|rest| rest.trim_start_matches('/'));
    holds || inside.is_some_and(|inside| synchronised.iter().any(|sync| sync.trim_end_matches('/') == inside))
}
