//! `alias-shadowing`: see [`RULE`].

use indexmap::IndexMap;

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Raw, Service, Text};
use crate::source::KeyPath;

/// A name that two services answer to.
pub(super) static RULE: Rule = Rule {
    id: "alias-shadowing",
    severity: Severity::Warning,
    summary: "a name that two services on one network answer to",
    docs: "\
An alias on a network (`compose.networks.<network>.aliases`), a `container-name` or a `hostname` is the name of another
service, or is given to two services on one network.

**Why it breaks.** The engine's name server knows all of them by that name, and answers with the addresses of all. Who asks
takes the first, and that one is another the next time.

**How it shows.** Every second request reaches the wrong service; a program talks now to the old database and now to the new
one. Neither Compose nor the engine says a word.

```toml
[services.db]
image = \"postgres:17\"

[services.db-old]
image = \"postgres:16\"
compose.networks.internal.aliases = [\"db\"]        # bad: `db` is both of them

[services.db-old]
image = \"postgres:16\"
compose.networks.internal.aliases = [\"db-16\"]     # good
```

**Fix.** Choose another alias. Several containers of one service share its name without any alias: `replicas`.

**Source.** compose-spec, `networks`, `aliases`: a network-wide alias can be shared by several containers, and which one it
leads to is not guaranteed. Tried with Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        // Who has a name already: names of services come before all others.
        let mut owners: IndexMap<(&str, String), Owner<'_>> = IndexMap::new();
        for service in plan.services.values() {
            for network in &service.networks {
                owners.insert((network, service.name.clone()), (service, None));
            }
        }
        for service in plan.services.values() {
            let mut told: Vec<String> = Vec::new();
            for alias in aliases(context, plan, service) {
                let Some(name) = alias.text.with_defaults().map(|name| name.to_ascii_lowercase()) else { continue };
                for network in service.networks.iter().filter(|network| alias.network.is_none_or(|on| on == *network)) {
                    let place = || Some((alias.origin.clone(), alias.given));
                    let (owner, origin) =
                        owners.entry((network, name.clone())).or_insert_with(|| (service, place())).clone();
                    // Two containers of one name are a mistake of their own.
                    let is_told = alias.given == Given::Container
                        && origin.as_ref().is_some_and(|(_, given)| *given == Given::Container);
                    let is_other = owner.name != service.name && owner.runs_beside(service);
                    if is_other && !is_told && !told.contains(&name) {
                        told.push(name.clone());
                        let clash = Clash { owner, origin, network, name: &name };
                        findings.push(clash.finding(context, plan, service, &alias));
                    }
                }
            }
        }
    }
}

/// Who has a name, and what gives it, where it is not the name of the service.
type Owner<'p> = (&'p Service, Option<(KeyPath, Given)>);

/// What gives a service a further name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    Container,
    Hostname,
    Alias,
}

impl Given {
    fn words(self) -> &'static str {
        match self {
            Self::Container => "the name of its container",
            Self::Hostname => "its `hostname`",
            Self::Alias => "an alias",
        }
    }
}

/// A further name of a service.
pub(super) struct Alias<'p> {
    pub(super) text: Text,
    /// The network on which it has the name; none for all of its.
    pub(super) network: Option<&'p str>,
    given: Given,
    pub(super) origin: KeyPath,
}

pub(super) fn aliases<'p>(context: &Context<'_>, plan: &Plan, service: &'p Service) -> Vec<Alias<'p>> {
    let passed = |key: &str| service.passthrough.get(key).and_then(Option::as_ref);
    let compose = service.origin().key("compose");
    let mut found = Vec::new();
    if let Some(text) = &service.container_name {
        let origin = context.origin_of(plan, &service.name, "container-name", &["container_name"]);
        found.push(Alias { text: text.clone(), network: None, given: Given::Container, origin });
    }
    if let Some(text) = passed("hostname").and_then(Raw::to_text) {
        found.push(Alias { text, network: None, given: Given::Hostname, origin: compose.key("hostname") });
    }
    for (network, settings) in passed("networks").and_then(Raw::as_map).into_iter().flatten() {
        let Some(list) = settings.as_map().and_then(|map| map.get("aliases")?.as_list()) else { continue };
        let origin = compose.key("networks").key(network).key("aliases");
        let texts = list.iter().enumerate().filter_map(|(index, item)| Some((index, item.to_text()?)));
        found.extend(texts.map(|(index, text)| Alias {
            text,
            network: Some(network),
            given: Given::Alias,
            origin: origin.index(index),
        }));
    }
    found
}

/// A name that somebody has already.
struct Clash<'p> {
    owner: &'p Service,
    /// What gives it to the owner, where it is not the name of the service.
    origin: Option<(KeyPath, Given)>,
    network: &'p str,
    name: &'p str,
}

impl Clash<'_> {
    fn finding(&self, context: &Context<'_>, plan: &Plan, service: &Service, alias: &Alias<'_>) -> Finding {
        let environment = Some(plan.environment.as_str());
        let Self { owner, network, name, .. } = self;
        let message = format!("`{}` and `{}` both answer to `{name}` on `{network}`", owner.name, service.name);
        let primary = Label::value(environment, alias.origin.clone(), alias.given.words());
        let other = match &self.origin {
            Some((origin, _)) => Label::value(environment, origin.clone(), "has the name too"),
            None => context.key_of(plan, &owner.origin(), "is called so"),
        };
        let help = match alias.given {
            Given::Alias => "choose another alias, or take it away",
            Given::Container | Given::Hostname => "choose another name, or take it away",
        };
        Finding::new(RULE.id, RULE.severity, message, primary).with(other).help(help)
    }
}
