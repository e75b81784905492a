//! What a services.toml says, as facts that can be counted: services, their kinds, ports and variables.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use stackgen::project::Project;
use toml::Table;

/// What is known of a service.
#[derive(Debug, Default, Clone)]
pub(crate) struct Service {
    pub(crate) kind: Option<String>,
    pub(crate) port: Option<u16>,
    /// The names of what it is told.
    pub(crate) variables: BTreeSet<String>,
    /// The directory of its source, relative to the compose files.
    source: Option<String>,
}

/// What is known of a stack.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) services: BTreeMap<String, Service>,
    /// What an operator sets.
    pub(crate) variables: BTreeSet<String>,
}

/// How much of one is found in another.
#[derive(Debug, Default)]
pub(crate) struct Share {
    pub(crate) found: usize,
    pub(crate) missed: Vec<String>,
    /// What is not in the original.
    pub(crate) invented: Vec<String>,
}

impl Facts {
    /// What a services.toml says: `own` for the names that stand in it, else with everything that follows.
    pub(crate) fn of(directory: &Path, own: bool) -> Self {
        let project = Project::open(&directory.join("services.toml")).expect("services.toml");
        let document: Table = project.source().text().parse().expect("TOML");
        let analysis = project.analyse().expect("an analysis");
        let mut facts = Self::default();
        for plan in &analysis.plans {
            for (name, service) in &plan.services {
                let known = facts.services.entry(name.clone()).or_default();
                known.kind.clone_from(&service.kind);
                known.port = service.port;
                let source = service.build.as_ref().map(|build| build.source.clone());
                let inner = plan.output.clone() + "/";
                known.source = source.map(|source| source.strip_prefix(&inner).unwrap_or(&source).to_owned());
                if own {
                    continue;
                }
                known.variables.extend(service.environment.keys().cloned());
                if let Some(build) = &service.build {
                    known.variables.extend(build.args.keys().chain(build.secrets.keys()).cloned());
                }
            }
            if !own {
                facts.variables.extend(plan.variables.iter().filter(|(_, v)| !v.derived).map(|(name, _)| name.clone()));
            }
        }
        if own {
            facts.take_names(&document);
            let overlays = document.get("environments").and_then(toml::Value::as_table);
            for overlay in overlays.into_iter().flat_map(Table::values).filter_map(toml::Value::as_table) {
                facts.take_names(overlay);
            }
        }
        facts
    }

    /// The names of variables that stand in a file, or in what is laid over it.
    fn take_names(&mut self, document: &Table) {
        let table = |table: Option<&toml::Value>| table.and_then(toml::Value::as_table).cloned().unwrap_or_default();
        self.variables.extend(table(document.get("variables")).keys().cloned());
        for (name, service) in table(document.get("services")) {
            let known = self.services.entry(name).or_default();
            for key in ["env", "build-env"] {
                known.variables.extend(table(service.get(key)).keys().cloned());
            }
        }
    }

    /// What `expected.toml` says.
    pub(crate) fn expected(text: &str) -> Self {
        let document: Table = text.parse().expect("TOML");
        let mut facts = Self::default();
        for (name, service) in document["services"].as_table().expect("services") {
            let list = service.get("variables").and_then(toml::Value::as_array).cloned().unwrap_or_default();
            let known = Service {
                kind: service.get("kind").and_then(toml::Value::as_str).map(str::to_owned),
                port: service
                    .get("port")
                    .and_then(toml::Value::as_integer)
                    .map(|port| u16::try_from(port).expect("a port")),
                variables: list.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect(),
                source: None,
            };
            facts.services.insert(name.clone(), known);
        }
        facts
    }

    /// How much of this is in what was found. A service that is called otherwise is compared all the same, where it has the
    /// same source and kind.
    pub(crate) fn share(&self, found: &Self) -> Share {
        let mut share = Share::default();
        let mut count = |is_there: bool, what: String| {
            if is_there {
                share.found += 1;
            } else {
                share.missed.push(what);
            }
        };
        let mut matched: BTreeSet<&str> = BTreeSet::new();
        for (name, service) in &self.services {
            let same = |other: &&(&String, &Service)| {
                other.1.source.is_some()
                    && other.1.source == service.source
                    && other.1.kind == service.kind
                    && !self.services.contains_key(other.0)
            };
            let all: Vec<(&String, &Service)> = found.services.iter().collect();
            let by_name = found.services.get_key_value(name);
            let other = by_name.or_else(|| all.iter().find(same).copied());
            count(by_name.is_some(), format!("{name}: service"));
            if let Some((name, _)) = other {
                matched.insert(name);
            }
            let other = other.map(|(_, other)| other.clone()).unwrap_or_default();
            if let Some(kind) = &service.kind {
                count(other.kind.as_ref() == Some(kind), format!("{name}: kind {kind}"));
            }
            if let Some(port) = service.port {
                count(other.port == Some(port), format!("{name}: port {port}"));
            }
            for variable in &service.variables {
                count(other.variables.contains(variable), format!("{name}: {variable}"));
            }
        }
        for variable in &self.variables {
            count(found.variables.contains(variable), format!("variable {variable}"));
        }
        for name in found.services.keys().filter(|name| !matched.contains(name.as_str())) {
            share.invented.push(format!("{name}: service"));
        }
        share
    }

    /// What stands in a file of init's that the original has nowhere: variables of services, and of the stack.
    pub(crate) fn beyond(&self, original: &Self) -> Vec<String> {
        let everywhere: BTreeSet<&String> =
            original.services.values().flat_map(|service| &service.variables).chain(&original.variables).collect();
        let all = self.services.values().flat_map(|service| &service.variables).chain(&self.variables);
        let beyond: BTreeSet<&String> = all.filter(|name| !everywhere.contains(name)).collect();
        beyond.into_iter().map(|name| format!("variable {name}")).collect()
    }
}

impl Share {
    /// In percent.
    pub(crate) fn percent(&self) -> f64 {
        let all = self.found + self.missed.len();
        #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
        let share = self.found as f64 * 100.0 / all.max(1) as f64;
        share
    }

    /// As a line of a table.
    pub(crate) fn line(&self, name: &str) -> String {
        let all = self.found + self.missed.len();
        format!(
            "  {name:<20} {:>3} of {all:>3}  {:>5.1} %  invented: {}",
            self.found,
            self.percent(),
            if self.invented.is_empty() { "nothing".to_owned() } else { self.invented.join(", ") }
        )
    }
}
