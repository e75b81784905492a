//! `container-name`: see [`RULE`].

use indexmap::IndexMap;

use super::{Context, Rule};
use crate::diagnostics::{Finding, Fix, Label, Severity, words};
use crate::plan::{Form, Part, Plan, Service, Text};
use crate::source::KeyPath;

/// A container name that is taken, or is none.
pub(super) static RULE: Rule = Rule {
    id: "container-name",
    severity: Severity::Error,
    summary: "a container name that is taken, or that the engine does not take",
    docs: "\
The `container-name` of a service is also that of another one, is used although several containers of the service run,
or is no name of a container: a letter or digit, and at least one more letter, digit, `_`, `.` or `-`. What Compose calls
the containers of other services counts too: `shop-web-1` is the first container of `web` in the project `shop`. Two
services of which each has profiles, and no profile in common, may share a name: they stand in for each other.

**Why it breaks.** A name belongs to one container of the whole engine.

**How it shows.** Compose rejects the file: `container name \"web\" is already in use by service`, or `can't set
container_name and web as container name must be unique`. It does not notice `shop-web-1`, `my app!` and `-web`: then
`docker compose up` creates half of the stack and ends with `Conflict. The container name \"/shop-web-1\" is already in
use`, or `Invalid container name (my app!)`.

```toml
[services.web]
image = \"nginx:1.28\"
container-name = \"shop\"

[services.admin]
image = \"nginx:1.28\"
container-name = \"shop\"          # bad: that is web's

[services.admin]
image = \"nginx:1.28\"
container-name = \"shop-admin\"    # good
```

**Fix.** Leave `container-name` out: Compose then makes a name of project, service and number, and services reach each
other by the service's name anyway. In `[defaults]`, `\"shop-${service.name}\"` gives each service its own.

**Source.** compose-spec, `container_name`; tried with Docker Compose 2.40 and Docker 28.5. Compose's own pattern has no
anchors, which is why it takes `my app!`.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

/// Stands for a variable whose value is not known: what any name may hold.
const ANY: &str = "x0";

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let named = Names::new(context, plan);
        for (service, name) in &named.all {
            findings.extend(named.malformed(service, name));
            findings.extend(named.repeated(service));
        }
        findings.extend(named.shared());
        findings.extend(named.made_by_compose());
    }
}

/// The container names of one environment.
struct Names<'c, 'p> {
    context: &'c Context<'p>,
    plan: &'p Plan,
    all: Vec<(&'p Service, &'p Text)>,
}

impl<'c, 'p> Names<'c, 'p> {
    fn new(context: &'c Context<'p>, plan: &'p Plan) -> Self {
        let named = plan.services.values().filter_map(|service| Some((service, service.container_name.as_ref()?)));
        // What did not resolve is told on its own.
        let all = named.filter(|(_, name)| name.variables().iter().all(|name| !name.is_empty())).collect();
        Self { context, plan, all }
    }

    fn origin(&self, service: &Service) -> KeyPath {
        self.context.origin_of(self.plan, &service.name, "container-name", &["container_name"])
    }

    fn label(&self, service: &Service, text: impl Into<String>) -> Label {
        Label::value(Some(&self.plan.environment), self.origin(service), text)
    }

    /// Without a name of its own, a container gets one that works.
    fn without<'s>(&self, services: impl IntoIterator<Item = &'s Service>) -> Fix {
        let fix = Fix::new("take the name away: Compose makes one");
        services.into_iter().fold(fix, |fix, service| fix.take_away(&self.plan.environment, self.origin(service)))
    }

    fn malformed(&self, service: &Service, name: &Text) -> Option<Finding> {
        let shown = stand_in(name);
        if is_name(&shown) {
            return None;
        }
        let (message, label, help) = if shown.is_empty() {
            let message = format!("the container name of `{}` is empty", service.name);
            let has_variable = name.as_literal().is_none();
            let label = if has_variable { "empty unless the operator sets it" } else { "empty" };
            (message, label, "remove it, and Compose makes one")
        } else {
            let message = format!("`{}` cannot be the name of a container", name.to_compose());
            (
                message,
                "not a name for the engine",
                "write a letter or digit, and then letters, digits, `_`, `.` or `-`: at least two characters",
            )
        };
        let finding = Finding::new(RULE.id, RULE.severity, message, self.label(service, label)).help(help);
        Some(finding.fix(self.without([service])))
    }

    fn repeated(&self, service: &Service) -> Option<Finding> {
        let count = service.containers();
        if count < 2 {
            return None;
        }
        let message = format!("`{}` runs {count} times, and only one container can have its name", service.name);
        let number = self.context.origin_of_count(self.plan, service);
        let number = Label::value(Some(&self.plan.environment), number, format!("{count} containers"));
        let finding = Finding::new(RULE.id, RULE.severity, message, self.label(service, "one name for all of them"));
        Some(finding.with(number).help("remove it: Compose numbers the containers").fix(self.without([service])))
    }

    /// Services with one name: one finding per name.
    fn shared(&self) -> Vec<Finding> {
        let mut groups: IndexMap<String, Vec<&Service>> = IndexMap::new();
        for (service, name) in &self.all {
            // Two texts with a variable that has no default are one name where they are one text.
            let name = name.with_defaults().unwrap_or_else(|| name.to_compose());
            groups.entry(name).or_default().push(service);
        }
        let mut findings = Vec::new();
        for (name, services) in groups {
            let meets = |service: &&&Service| {
                services.iter().any(|other| other.name != service.name && other.runs_beside(service))
            };
            let meeting: Vec<&Service> = services.iter().filter(meets).copied().collect();
            let [first, second, rest @ ..] = meeting.as_slice() else { continue };
            let all: Vec<&str> = meeting.iter().map(|service| service.name.as_str()).collect();
            let message = format!("{} have one container name, `{name}`", words::names(&all));
            let mut finding =
                Finding::new(RULE.id, RULE.severity, message, self.label(second, format!("`{}`", second.name)));
            let mut known = vec![self.origin(second)];
            for service in std::iter::once(first).chain(rest) {
                let origin = self.origin(service);
                if !known.contains(&origin) {
                    known.push(origin);
                    finding = finding.with(self.label(service, format!("and `{}`", service.name)));
                }
            }
            let help = if known.len() < meeting.len() {
                format!("give each its own: `container-name = \"{name}-${{service.name}}\"`")
            } else {
                "remove them, or all but one: Compose makes a name of project and service".to_owned()
            };
            let finding = finding.help(help);
            let is_own = known.len() == meeting.len();
            findings.push(if is_own { finding.fix(self.without(meeting)) } else { finding });
        }
        findings
    }

    /// Names that Compose gives to the containers of other services.
    fn made_by_compose(&self) -> Vec<Finding> {
        let Some(project) = self.plan.project.with_defaults() else { return Vec::new() };
        let mut findings = Vec::new();
        for (service, name) in &self.all {
            let Some(name) = name.with_defaults() else { continue };
            let Some(rest) = name.strip_prefix(&format!("{project}-")) else { continue };
            let Some((other, number)) = rest.rsplit_once('-') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            let Some(other) = self.plan.services.get(other).filter(|other| other.container_name.is_none()) else {
                continue;
            };
            // `shop-web-01` is none that Compose makes.
            let is_made = name == format!("{project}-{}-{number}", other.name) && number > 0;
            if is_made && number <= other.containers() && other.name != service.name && other.runs_beside(service) {
                let message = format!("`{name}` is the name that Compose gives to a container of `{}`", other.name);
                let label = self.label(service, format!("taken by `{}`", other.name));
                let own = self.context.key_of(self.plan, &other.origin(), "its container has no other name");
                let help = "give it another name, or none".to_owned();
                let finding = Finding::new(RULE.id, RULE.severity, message, label).with(own).help(help);
                findings.push(finding.fix(self.without([*service])));
            }
        }
        findings
    }
}

/// The name as it is where nothing is set; what has no default stands for anything.
fn stand_in(name: &Text) -> String {
    let known = |part: &Part| match part {
        Part::Literal(text) => text.clone(),
        Part::Variable { form: Some((Form::DefaultIfEmpty | Form::DefaultIfUnset, default)), .. } => stand_in(default),
        Part::Variable { .. } => ANY.to_owned(),
    };
    name.parts().iter().map(known).collect()
}

/// `[a-zA-Z0-9][a-zA-Z0-9_.-]+`, as a whole.
fn is_name(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_engine_takes_and_those_that_only_compose_takes() {
        for name in ["ab", "a.b", "0-0", "A_b"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "a", "-ab", "_ab", ".ab", "my app", "my app!", "a/b", "Ä1"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
