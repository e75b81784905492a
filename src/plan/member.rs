//! The services of an environment before they are resolved, and what all parts of a plan look at.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use indexmap::IndexMap;
use minijinja::Value;
use minijinja::value::Serde;

use super::Target;
use crate::kinds::{Class, Kind, Probe, Watch, When};
use crate::manifest::types::Reload;
use crate::manifest::unions::{BeforeStart, BoolOr, OneOrMany, Toggle};
use crate::manifest::{Manifest, types};
use crate::source::KeyPath;

/// What all parts of a plan look at while it is built.
pub(super) struct Frame<'a> {
    pub(super) manifest: &'a Manifest,
    /// The same stack in every environment.
    pub(super) environments: &'a IndexMap<String, Manifest>,
    pub(super) environment: &'a str,
    pub(super) production: bool,
    pub(super) several: bool,
    pub(super) stack: &'a str,
    pub(super) members: IndexMap<&'a str, Member<'a>>,
    /// Services that exist, but not in this environment.
    pub(super) absent: IndexMap<&'a str, Member<'a>>,
    /// The services of all environments that have a Dockerfile made, by their sources.
    pub(super) builders: BTreeMap<String, Vec<&'a types::Service>>,
}

impl<'a> Frame<'a> {
    /// A service of the stack, be it of this environment or not.
    pub(super) fn anywhere(&self, name: &str) -> Option<&Member<'a>> {
        self.members.get(name).or_else(|| self.absent.get(name))
    }

    /// In which environments a service exists that this one lacks.
    pub(super) fn where_absent(&self, name: &str) -> Option<String> {
        let only = self.absent.get(name)?.service.environments.as_ref()?;
        Some(format!("it exists only in {}", crate::diagnostics::words::and(only)))
    }
}

/// A service of this environment, before it is resolved.
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    pub(super) service: &'a types::Service,
    pub(super) kind: Option<&'a Kind>,
    /// The kind whose image it runs: its own where that is built, else the one that it is built on.
    pub(super) builder: Option<&'a Kind>,
    pub(super) port: Option<u16>,
    /// Further ports it listens on: the kind's, then its own.
    pub(super) listeners: IndexMap<String, u16>,
    /// Whether it runs elsewhere.
    pub(super) is_external: bool,
    /// What was detected in the source.
    pub(super) facts: BTreeMap<String, String>,
    /// Whether a file that tells it is missing or malformed, so that nothing follows from what was not detected.
    pub(super) is_illegible: bool,
    pub(super) target: Target,
    /// What conditions ask for, in the development and in the production stage.
    pub(super) told: [OnceCell<Value>; 2],
}

impl<'a> Member<'a> {
    pub(super) fn path(&self) -> KeyPath {
        KeyPath::of(["services", self.name])
    }

    /// Whether its port and probe follow from another service's program, of which it is another process.
    pub(super) fn is_another_process(&self) -> bool {
        self.service.extends.is_some()
    }

    pub(super) fn class(&self) -> Class {
        self.kind.map_or(Class::App, |kind| kind.class)
    }

    /// How a change of source reaches it, as `watch` or `mount`; empty for not at all.
    pub(super) fn reload(&self) -> &'static str {
        match self.service.reload.as_ref().and_then(Toggle::on) {
            Some(Reload::Watch) => "watch",
            Some(Reload::Mount) => "mount",
            None => "",
        }
    }

    /// The probe of its kind.
    pub(super) fn kind_probe(&self) -> Option<&'a Probe> {
        self.kind?.probe.iter().find(|probe| self.holds(probe.when.as_ref(), self.target))
    }

    /// Whether what its kind keeps is to outlive the container.
    pub(super) fn persists(&self) -> bool {
        !matches!(self.service.persist, Some(Toggle::Off(_) | Toggle::On(BoolOr::Bool(false))))
    }

    /// What `reload` brings of its source.
    pub(super) fn watch(&self) -> Option<&'a Watch> {
        self.builder?.watch.iter().find(|watch| self.holds(watch.when.as_ref(), self.target))
    }

    /// The option as written, else the kind's default.
    pub(super) fn option(&self, name: &str) -> Option<&'a toml::Value> {
        let default = || self.kind.and_then(|kind| kind.options.get(name)).and_then(|option| option.default.as_ref());
        self.service.options.get(name).or_else(default)
    }

    /// The programs that the service names itself: the first word of its command and of what runs before.
    fn programs(&self) -> Vec<String> {
        let steps = self.service.before_start.iter().flatten().map(|step| match step {
            BeforeStart::Run(run) => run,
            BeforeStart::Table(table) => &table.run,
        });
        let texts = steps.filter_map(|text| text.split_whitespace().next());
        let command = self.service.command.as_ref().and_then(|command| match command {
            OneOrMany::One(text) => text.split_whitespace().next(),
            OneOrMany::Many(words) => words.first().map(String::as_str),
        });
        texts.chain(command).map(str::to_owned).collect()
    }

    /// Whether a condition of the kind holds for this service. A test compiles every condition of every kind.
    pub(super) fn holds(&self, when: Option<&When>, target: Target) -> bool {
        let index = match target {
            Target::Development => 0,
            Target::Production => 1,
        };
        when.is_none_or(|when| when.holds(self.told[index].get_or_init(|| self.tell(target))))
    }

    /// What conditions ask for (see [`When`]).
    fn tell(&self, target: Target) -> Value {
        let is_some = |queues: &Option<Vec<String>>| queues.as_ref().is_some_and(|queues| !queues.is_empty());
        let entry_points = self.option("entrypoints").and_then(toml::Value::as_table);
        let tls = entry_points.into_iter().flat_map(toml::Table::values).filter_map(|entry| entry.get("tls"));
        let facts = self.facts.iter().map(|(name, fact)| (name.replace('-', "_"), fact.into()));
        let options = self.kind.into_iter().flat_map(|kind| kind.options.keys());
        let options = options.filter_map(|name| Some((name.replace('-', "_"), Value::from(Serde(self.option(name)?)))));
        let ports = self.listeners.iter().map(|(name, port)| (name.replace('-', "_"), Value::from(*port)));
        let own = [
            ("target", target.name().into()),
            ("reload", self.reload().into()),
            ("consumes", is_some(&self.service.consumes).into()),
            ("produces", is_some(&self.service.produces).into()),
            ("port", self.port.map_or_else(Value::default, Value::from)),
            ("persist", self.persists().into()),
            ("version", self.service.version.as_deref().unwrap_or_default().into()),
            ("before_start", self.service.before_start.as_ref().is_some_and(|steps| !steps.is_empty()).into()),
            ("own_command", self.service.command.is_some().into()),
            ("programs", self.programs().into()),
            ("packages", self.service.packages.as_ref().is_some_and(|packages| !packages.is_empty()).into()),
            ("ports", Value::from(ports.collect::<BTreeMap<String, Value>>())),
            ("routed", (!self.service.routes.is_empty()).into()),
            ("asks_for_certificates", tls.into_iter().any(toml::Value::is_str).into()),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        Value::from(facts.chain(options).chain(own).collect::<BTreeMap<String, Value>>())
    }
}
