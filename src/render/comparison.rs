//! Two environments side by side: what services.toml says of each, all layers merged, and what follows from that.

use std::collections::HashMap;

use toml::{Table, Value};

use crate::diagnostics::redaction::Redaction;
use crate::manifest::{self, Manifest, Read};
use crate::plan::{self, Plan};
use crate::project::{Analysis, Project, ProjectError};
use crate::rules::key_not_applicable::{is_useless_elsewhere, useless};
use crate::source::KeyPath;

/// How one environment differs from another.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// In the words of services.toml, in its order.
    pub written: Vec<Difference>,
    /// In what is derived from it: the project, whether it is production, the addresses of services.
    pub derived: Vec<Difference>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// A path of keys in services.toml, or words for what is derived.
    pub what: String,
    /// What the first environment has.
    pub from: Side,
    /// What the second one has.
    pub to: Side,
}

/// What an environment has.
#[derive(Debug, Clone, PartialEq)]
pub enum Side {
    /// Nothing.
    Absent,
    /// A service, whatever it says.
    There,
    /// Something that is never shown.
    Secret,
    /// This value.
    Value(Value),
}

impl Comparison {
    /// Whether the environments are the same.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty() && self.derived.is_empty()
    }
}

/// Compares two environments of a project that was analysed without errors. Environments that do not exist are empty.
///
/// # Errors
/// Where stackgen itself cannot work.
pub fn compare(project: &Project, analysis: &Analysis, from: &str, to: &str) -> Result<Comparison, ProjectError> {
    let (document, _) = manifest::parse(project.source());
    let mut tables: HashMap<String, Table> = HashMap::new();
    let read = manifest::read_with(document.get_ref(), project.templates(), |name, table| {
        if name == from || name == to {
            tables.insert(name.to_owned(), table.clone());
        }
    })?;
    let redaction = Redaction::new(project.source().text(), &analysis.report.redacted);
    let plan = |name: &str| analysis.plans.iter().find(|plan| plan.environment == name);
    let mut view = |name: &str| {
        let mut table = tables.remove(name).unwrap_or_default();
        if let (Some(plan), Some(manifest)) = (plan(name), read.environments.get(name)) {
            settle(&mut table, &read, plan, manifest);
        }
        table
    };
    if from == to {
        return Ok(Comparison::default());
    }
    let (before, after) = (view(from), view(to));
    let is_secret = |name: &str| {
        let of = |environment: &str| read.environments.get(environment)?.variables.get(name);
        [from, to].into_iter().filter_map(of).any(|variable| variable.secret)
    };
    let mut written = Written { redaction: &redaction, is_secret: &is_secret, differences: Vec::new() };
    written.tables(&KeyPath::default(), &before, &after);
    let derived = match (plan(from), plan(to)) {
        (Some(before), Some(after)) => derived(before, after, &redaction),
        _ => Vec::new(),
    };
    Ok(Comparison { written: written.differences, derived })
}

/// Leaves only what holds in this environment: services that exist, keys that mean something, and whether a variable is
/// required here instead of where it is.
fn settle(table: &mut Table, read: &Read, plan: &Plan, manifest: &Manifest) {
    if let Some(Value::Table(services)) = table.get_mut("services") {
        services.retain(|name, _| plan.services.contains_key(name) || plan.externals.contains_key(name));
        for (name, service) in services.iter_mut() {
            let (Value::Table(service), Some(written)) = (service, manifest.services.get(name)) else { continue };
            service.remove("environments");
            for env in manifest::ENV_TABLES {
                if let Some(Value::Table(env)) = service.get_mut(env) {
                    env.retain(|_, value| value.get("unset").is_none());
                }
            }
            let useless = plan.services.get(name).map(|planned| useless(read, planned, written));
            let is_proxy = plan.services.get(name).is_some_and(|planned| planned.proxy.is_some());
            service.retain(|key, value| {
                let is_idle = match &useless {
                    Some(useless) => useless.iter().any(|(useless, ..)| *useless == key),
                    None => is_useless_elsewhere(written, key),
                };
                // What only the defaults say, and not for a service like this; and what a proxy does anyway.
                let is_skipped = is_idle && !written.written.iter().any(|known| known == key);
                !(is_skipped || is_proxy && key == "publish" && *value == Value::Boolean(true))
            });
        }
    }
    if let Some(Value::Table(variables)) = table.get_mut("variables") {
        for (name, variable) in variables.iter_mut() {
            if let (Value::Table(variable), Some(declared)) = (variable, manifest.variables.get(name)) {
                let required = plan::is_required(declared, &plan.environment);
                variable.insert("required".to_owned(), Value::Boolean(required));
            }
        }
    }
}

struct Written<'c> {
    redaction: &'c Redaction,
    is_secret: &'c dyn Fn(&str) -> bool,
    differences: Vec<Difference>,
}

impl Written<'_> {
    /// The differences of two tables, in the order of the first, then of what only the second has.
    fn tables(&mut self, path: &KeyPath, from: &Table, to: &Table) {
        for (key, value) in from {
            self.values(&path.key(key), Some(value), to.get(key));
        }
        for (key, value) in to.iter().filter(|(key, _)| !from.contains_key(*key)) {
            self.values(&path.key(key), None, Some(value));
        }
    }

    fn values(&mut self, path: &KeyPath, from: Option<&Value>, to: Option<&Value>) {
        let nothing = Table::new();
        match (from, to) {
            (from, to) if from == to => {}
            _ if path.steps().len() == 2 && path.key_at(0) == Some("services") && (from.is_none() || to.is_none()) => {
                let side = |value: Option<&Value>| if value.is_some() { Side::There } else { Side::Absent };
                self.differences.push(Difference { what: path.to_string(), from: side(from), to: side(to) });
            }
            (Some(Value::Table(from)), Some(Value::Table(to))) => self.tables(path, from, to),
            (Some(Value::Table(table)), None) if !table.is_empty() => self.tables(path, table, &nothing),
            (None, Some(Value::Table(table))) if !table.is_empty() => self.tables(path, &nothing, table),
            _ => {
                let (from, to) = (self.side(path, from), self.side(path, to));
                self.differences.push(Difference { what: path.to_string(), from, to });
            }
        }
    }

    fn side(&self, path: &KeyPath, value: Option<&Value>) -> Side {
        let Some(value) = value else { return Side::Absent };
        let is_default = path.key_at(0) == Some("variables") && path.key_at(2) == Some("default");
        if is_default && path.key_at(1).is_some_and(self.is_secret) {
            return Side::Secret;
        }
        shown(value, self.redaction)
    }
}

/// A value, unless a secret is in it.
fn shown(value: &Value, redaction: &Redaction) -> Side {
    let text = value.to_string();
    if redaction.content(&text) == text { Side::Value(value.clone()) } else { Side::Secret }
}

fn derived(from: &Plan, to: &Plan, redaction: &Redaction) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut compare = |what: String, from: Option<Value>, to: Option<Value>| {
        if from != to {
            let side = |value: Option<Value>| value.map_or(Side::Absent, |value| shown(&value, redaction));
            differences.push(Difference { what, from: side(from), to: side(to) });
        }
    };
    // That each environment has a project named after itself is no difference.
    let project = |plan: &Plan| plan.shown(&plan.project);
    let anonymous = |plan: &Plan| project(plan).replace(&plan.environment, "${environment.name}");
    if anonymous(from) != anonymous(to) {
        compare("project".to_owned(), Some(project(from).into()), Some(project(to).into()));
    }
    compare("production".to_owned(), Some(from.production.into()), Some(to.production.into()));
    let (before, after) = (addresses(from), addresses(to));
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    for name in names {
        let of = |all: &indexmap::IndexMap<&str, Value>| all.get(name).cloned();
        compare(format!("addresses of {name}"), of(&before), of(&after));
    }
    differences
}

/// The addresses at which each service answers from outside, with the defaults of the variables in them.
fn addresses(plan: &Plan) -> indexmap::IndexMap<&str, Value> {
    let mut addresses: indexmap::IndexMap<&str, Vec<Value>> = indexmap::IndexMap::new();
    for way in plan.ways() {
        let of_service = addresses.entry(&way.service.name).or_default();
        of_service.extend(way.addresses.into_iter().map(Value::String));
    }
    addresses.into_iter().map(|(name, addresses)| (name, Value::Array(addresses))).collect()
}
