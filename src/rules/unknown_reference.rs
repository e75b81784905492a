//! `unknown-reference`: see [`RULE`].

use super::{Context, Rule, at_problem, place_of};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::manifest::{ExtendsFlaw, Problem as Written};
use crate::plan::{Plan, Problem, ProblemKind};
use crate::source::{KeyPath, Step};
use crate::sources::Found;

/// What the plan notes where an output needs a port.
const NO_PORT: &str = "it has no `port`";
/// The same of a service that runs elsewhere, nobody knows where.
const NO_HOST: &str = "it runs elsewhere, and nothing says where (`host`)";

/// A service, output or network that does not exist.
pub(super) static RULE: Rule = Rule {
    id: "unknown-reference",
    severity: Severity::Error,
    summary: "a service, output, network or file that does not exist",
    docs: "\
A reference (`${services.redis.url}`), a `depends-on`, `extends` or `networks` names something that nothing in the stack is:
a service that does not exist or not in this environment, an output that the service does not have, a network that nobody
declares, a default that needs itself. What `compose` passes through counts too, with its secrets and configs; and so do the
files in `siblings`.

**Why it breaks.** A reference is a value, a dependency and a shared network at once. Where it leads nowhere, none of the
three can be written.

**How it shows.** In a Compose file: `service \"web\" depends on undefined service \"rediss\"` or `refers to undefined
network back`. A host name that no service has is found by nobody before the first request: `getaddrinfo ENOTFOUND
rediss`.

```toml
[services.redis]
kind = \"redis\"
version = \"7\"

[services.web.env]
REDIS_URL = \"${services.rediss.url}/0\"     # bad: there is no service of that name
REDIS_URL = \"${services.redis.uri}/0\"      # bad: it has no such output
REDIS_URL = \"${services.redis.url}/0\"      # good
```

**Fix.** Write a name that exists. Every service has `name` and `host`; with a `port` also `port` and `address`; with an
image `image`; with a route or a published port `public-url`; its kind adds others, such as `url`. A service of some
environments only can be referred to only there: do it in their overlays.

**Source.** compose-spec, \"depends_on\" and \"networks\"; `outputs` in the kind's `kind.toml`.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(context.read.problems.iter().filter_map(|problem| extended(context, problem)));
    findings.extend(context.plans.iter().flat_map(|plan| siblings(context, plan)));
    let mut told: Vec<(&str, &str, &str)> = Vec::new();
    for (plan, problem) in context.problems() {
        let ProblemKind::Unknown { what, name, known, note } = &problem.kind else { continue };
        // One thing is missing, or misspelt, however often it is referred to.
        if let Some((what, name)) = one_thing(&problem.kind) {
            if told.contains(&(&plan.environment, what, name)) {
                continue;
            }
            told.push((&plan.environment, what, name));
        }
        let unknown = Unknown { context, plan, problem, name, known, note: note.as_deref() };
        findings.extend(match *what {
            "service" => unknown.service(),
            "output" => unknown.output(),
            "output of the stack" => Some(unknown.output_of_stack()),
            "network" => unknown.network(),
            "secret" | "config" => Some(unknown.entry(what)),
            "default" => Some(unknown.default()),
            _ => Some(unknown.reference()),
        });
    }
}

/// A service that extends one that does not exist.
fn extended(context: &Context<'_>, problem: &Written) -> Option<Finding> {
    let Written::Extends { path, environment, flaw: ExtendsFlaw::Unknown { name, known } } = problem else {
        return None;
    };
    if context.may_be_lost(&KeyPath::of(["services", name])) {
        return None;
    }
    let label = Label::value(Some(environment), path.clone(), "no such service");
    let finding = Finding::new(RULE.id, RULE.severity, format!("there is no service `{name}`"), label);
    let meant = words::nearest(name, known.iter().map(String::as_str));
    Some(finding.help(match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.is_empty() => "there is no other service".to_owned(),
        None => format!("the services are {}", words::names(known)),
    }))
}

/// Other manifests that are not there.
fn siblings(context: &Context<'_>, plan: &Plan) -> Vec<Finding> {
    let stack = context.manifest(plan).and_then(|manifest| manifest.stack.as_ref());
    let mut findings = Vec::new();
    for (index, path) in stack.and_then(|stack| stack.siblings.as_ref()).into_iter().flatten().enumerate() {
        let place = KeyPath::of(["stack", "siblings"]).index(index);
        let (message, label, help) = match context.sources.path(path) {
            Found::File => continue,
            Found::Directory => (
                format!("the sibling `{path}` is a directory"),
                "not a file",
                format!("name the file in it: `{}/services.toml`", path.trim_end_matches('/')),
            ),
            Found::Nothing => (
                format!("there is no file `{path}`"),
                "no such file",
                "correct the path, which is relative to this file, or remove it".to_owned(),
            ),
        };
        let label = Label::value(Some(&plan.environment), place, label);
        findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
    }
    findings
}

/// What is missing once, where several places may want it: what it is, and its name.
fn one_thing(kind: &ProblemKind) -> Option<(&str, &str)> {
    match kind {
        ProblemKind::Unknown { what: "output", name, note: Some(note), .. } if note == NO_PORT => {
            name.split_once('.').map(|(service, _)| ("port", service))
        }
        ProblemKind::Unknown { what: what @ ("service" | "network"), name, .. } => Some((what, name)),
        _ => None,
    }
}

/// One problem, and where it was found.
struct Unknown<'a> {
    context: &'a Context<'a>,
    plan: &'a Plan,
    problem: &'a Problem,
    name: &'a str,
    known: &'a [String],
    note: Option<&'a str>,
}

impl Unknown<'_> {
    fn service(&self) -> Option<Finding> {
        let name = self.name;
        let path = KeyPath::of(["services", name]);
        if self.context.may_be_lost(&path) {
            return None;
        }
        // `depends-on = { redis = "started" }` names it with a key.
        let is_key = self.problem.range.is_none() && matches!(self.problem.path.steps().last(), Some(Step::Key(_)));
        let at = |message: String, label: &str| {
            let finding = if is_key {
                self.context.at_key(&RULE, self.plan, self.problem, message, label)
            } else {
                self.at(message, label)
            };
            self.with_others(finding)
        };
        if let Some(note) = self.note {
            let message = format!("the service `{name}` does not exist here: {note}");
            let only = Label::value(Some(&self.plan.environment), path.key("environments"), "exists only here");
            let help = "refer to it only in the overlays of these environments, or let it exist here too";
            return Some(at(message, "not in this environment").with(only).help(help));
        }
        let finding = at(format!("there is no service `{name}`"), "no such service");
        let finding = match words::nearest(name, self.known.iter().map(String::as_str)) {
            // So often the same mistake: rather the declaration is misspelt.
            Some(meant) if !finding.secondary.is_empty() => {
                let path = KeyPath::of(["services", meant]);
                finding.with(self.context.key_of(self.plan, &path, "or is it this one?"))
            }
            _ => finding,
        };
        Some(finding.help(self.advice("the services are", "there is no other service")))
    }

    fn output(&self) -> Option<Finding> {
        let (service, output) = self.name.split_once('.').unwrap_or((self.name, ""));
        let path = KeyPath::of(["services", service]);
        let is_told = |key: &str| {
            let path = path.key(key);
            self.context.clear_problems().any(|(plan, problem)| {
                std::ptr::eq(plan, self.plan)
                    && matches!(&problem.kind, ProblemKind::Incomplete { missing, .. } if *missing == path)
            })
        };
        if self.context.may_be_lost(&path)
            || Context::is_blank(self.plan, service)
            || (self.note == Some(NO_PORT) && is_told("port"))
            || (self.note == Some(NO_HOST) && is_told("host"))
        {
            return None;
        }
        let finding = match self.note {
            Some(NO_PORT) if output == "port" => self.at(format!("`{service}` has no `port`"), "cannot be resolved"),
            Some(note) => self.at(format!("`{service}` gives no `{output}`: {note}"), "cannot be resolved"),
            None => self.at(format!("`{service}` has no output `{output}`"), "no such output"),
        };
        let finding = if self.problem.path.starts_with(&path) {
            finding
        } else {
            finding.with(self.context.key_of(self.plan, &path, "this service is meant"))
        };
        let finding = self.with_others(finding);
        Some(match (output, self.note) {
            (_, Some(NO_HOST)) => finding.help("say where it runs: `host = \"db.example.com\"`"),
            (_, Some(NO_PORT)) => finding.help("say where it listens: `port = 8080`"),
            ("public-url", Some(note)) if !is_circular(note) => finding.help(format!(
                "give it a route, or `publish = true`; inside of the stack use `${{services.{service}.address}}`"
            )),
            ("image", Some(note)) if !is_circular(note) => finding.help(format!("name it: `image = \"{service}:1\"`")),
            (_, Some(_)) => finding.help("break the circle: write one of the values out"),
            ("url", None) => finding
                .help(format!("what it speaks is unknown, so write it: `http://${{services.{service}.address}}`")),
            (_, None) => {
                let known = self.known.iter().map(String::as_str);
                finding.help(match words::nearest(output, known) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("it has {}", words::names(self.known)),
                })
            }
        })
    }

    fn output_of_stack(&self) -> Finding {
        let name = self.name;
        match self.note {
            Some(note) => self
                .at(format!("the stack gives no `{name}`: {note}"), "cannot be resolved")
                .help(format!("write `{name} = \"…\"` in `[stack]`, without a reference to itself")),
            None => self.at(format!("the stack has no `{name}`"), "no such output").help(self.advice("it has", "")),
        }
    }

    fn network(&self) -> Option<Finding> {
        let name = self.name;
        if self.context.may_be_lost(&KeyPath::of(["networks", name])) {
            return None;
        }
        let finding = self.with_others(self.at(format!("there is no network `{name}`"), "nobody declares it"));
        let meant = words::nearest(name, self.known.iter().map(String::as_str));
        Some(finding.help(match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("declare it with `[networks.{name}]`; there are {}", words::names(self.known)),
        }))
    }

    fn entry(&self, what: &str) -> Finding {
        let name = self.name;
        let finding = self.at(format!("there is no {what} `{name}`"), "nobody declares it");
        let meant = words::nearest(name, self.known.iter().map(String::as_str));
        finding.help(match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("declare it: `[compose.{what}s.{name}]`, with `file` or `environment`"),
        })
    }

    fn default(&self) -> Finding {
        let name = self.name;
        let finding = self.at(format!("the default of `{name}` refers to itself"), "needs its own value");
        finding.help(format!("write a default without `${{{name}}}`"))
    }

    fn reference(&self) -> Finding {
        if let Some(note) = self.note {
            return self.at(format!("`${{{}}}` is no reference", self.name), "leads nowhere").help(note);
        }
        let finding = self.at(format!("no reference begins with `{}`", self.name), "leads nowhere");
        finding.help(self.advice("references begin with", ""))
    }

    fn at(&self, message: String, label: &str) -> Finding {
        at_problem(&RULE, self.plan, self.problem, message, label)
    }

    /// With the other places that want the same.
    fn with_others(&self, finding: Finding) -> Finding {
        let Some(thing) = one_thing(&self.problem.kind) else { return finding };
        let others = self.context.elsewhere(self.plan, self.problem, |kind| one_thing(kind) == Some(thing));
        others.into_iter().fold(finding, |finding, other| finding.with(place_of(self.plan, other, "here too")))
    }

    /// What was probably meant, else what there is.
    fn advice(&self, before: &str, nothing: &str) -> String {
        match words::nearest(self.name, self.known.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if self.known.is_empty() => nothing.to_owned(),
            None => format!("{before} {}", words::names(self.known)),
        }
    }
}

fn is_circular(note: &str) -> bool {
    note == "it refers to itself"
}
