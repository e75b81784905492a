//! What services.toml could say, made of what was seen: services with their kinds, ports and variables, each with the
//! remark that stands behind it in the file.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use toml::Value;

use super::judgement::is_secret;
use super::seen::{Fact, Seen};
use super::snapshot::Snapshot;
use crate::kinds::Kinds;

mod builds;
mod containers;
mod dependencies;
mod ends;
mod fallbacks;
mod front;
mod images;
mod known;
mod labels;
pub(super) mod leftovers;
mod meanings;
mod places;
mod processes;
mod programs;
pub(super) mod reads;
mod routes;
pub(super) mod separation;
mod stores;
mod values;

/// What somebody answered, by the key of the question.
pub(super) type Answers = BTreeMap<String, String>;

/// A value, and the remark behind it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) note: Option<String>,
}

impl Entry {
    pub(super) fn new(value: impl Into<Value>) -> Self {
        Self { value: value.into(), note: None }
    }

    pub(super) fn noted(value: impl Into<Value>, note: impl Into<String>) -> Self {
        Self { value: value.into(), note: Some(note.into()) }
    }

    pub(super) fn of<T: Clone + Into<Value>>(fact: &Fact<T>) -> Self {
        Self::noted(fact.value.clone(), fact.note())
    }
}

/// What a variable of a container is set to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Setting {
    /// What the operator sets under the same name.
    Own(Option<String>),
    /// This.
    Value(Entry),
}

impl Setting {
    /// Nothing, other than the service that is extended.
    pub(super) fn unset(base: &str) -> Self {
        let unset = toml::Table::from_iter([("unset".to_owned(), true.into())]);
        Self::Value(Entry::noted(unset, format!("unlike `{base}`")))
    }
}

/// Something an operator sets.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Variable {
    pub(super) default: Option<Value>,
    pub(super) is_secret: bool,
    /// Whether any random value will do.
    pub(super) is_generated: bool,
    /// Whether it may stay empty.
    pub(super) is_optional: bool,
    /// The environments that demand it although there is a default.
    pub(super) required_in: Vec<String>,
    pub(super) kind: Option<&'static str>,
    /// Whether it reaches containers as a file, or the file of the host that it is.
    pub(super) file: Option<Value>,
    pub(super) note: Option<String>,
}

/// A service.
#[derive(Debug, Clone, Default)]
pub(super) struct Service {
    /// Where it was seen.
    pub(super) about: Option<String>,
    /// Its keys and the options of its kind, in the order in which they are written.
    pub(super) keys: IndexMap<String, Entry>,
    pub(super) env: IndexMap<String, Setting>,
    pub(super) build_env: IndexMap<String, Setting>,
    /// Further tables: routes, labels, compose, entry points, certificates.
    pub(super) tables: IndexMap<String, IndexMap<String, Entry>>,
    /// What was left out, and why.
    pub(super) left_out: Vec<String>,
    /// What it publishes on the host: host port, and its own.
    pub(super) published: Vec<(u16, u16)>,
    /// The port it listens on, also where its kind says so.
    pub(super) port: Option<u16>,
    /// Whether its port is only likely.
    pub(super) is_port_guessed: bool,
    /// Why the whole of it cannot be written; it stands there as a comment then.
    pub(super) obstacle: Option<String>,
    /// Options that may name other services, as they were written.
    pub(super) pending: IndexMap<String, String>,
    /// Whom it waits for as its compose file says, where a reference says so too.
    pub(super) implied: Vec<String>,
    /// The directory of its own package, where its source is a whole workspace.
    pub(super) inner: Option<String>,
}

impl Service {
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.keys.get(key).and_then(|entry| entry.value.as_str())
    }

    pub(super) fn kind(&self) -> Option<&str> {
        self.text("kind")
    }

    fn set(&mut self, key: &str, entry: Entry) {
        self.keys.insert(key.to_owned(), entry);
    }
}

/// Something that could not be told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unknown {
    /// The service or file that it is about.
    pub(super) about: String,
    /// What.
    pub(super) what: String,
    /// What to ask about it; none where nobody could answer in a word.
    pub(super) question: Option<Question>,
}

/// What an answer has to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    Port,
    Path,
    Name,
    YesOrNo,
}

/// A question about something that could not be told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Question {
    /// By which its answer is known: `port of api`.
    pub(super) key: String,
    pub(super) default: String,
    pub(super) answer: Answer,
}

/// Everything that services.toml could say.
#[derive(Debug, Default, Clone)]
pub(super) struct Proposal {
    pub(super) stack: IndexMap<String, Entry>,
    pub(super) environments: Vec<String>,
    pub(super) variables: IndexMap<String, Variable>,
    pub(super) services: IndexMap<String, Service>,
    pub(super) networks: IndexMap<String, Entry>,
    pub(super) volumes: IndexMap<String, Entry>,
    /// What only Compose has words for, of the whole stack: section, name.
    pub(super) compose: IndexMap<String, IndexMap<String, Entry>>,
    /// What an environment says on top: environment, service, keys.
    pub(super) overlays: IndexMap<String, IndexMap<String, IndexMap<String, Entry>>>,
    /// Defaults that hold in one environment alone: environment, variable, default.
    pub(super) defaults: IndexMap<String, IndexMap<String, Value>>,
    pub(super) unknown: BTreeSet<Unknown>,
    /// Whether it is the smallest stack, since nothing was found that can be described.
    pub(super) is_example: bool,
    /// Services that answer HTTP where nothing stands in front of them, with the routes that they would have.
    pub(super) wants_proxy: Vec<(String, toml::Table)>,
    /// The env files that belong to compose files of other environments than the first.
    env_files: IndexMap<String, BTreeSet<String>>,
}

/// What everything is made of.
#[derive(Clone, Copy)]
pub(super) struct Material<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) seen: &'a Seen,
    pub(super) kinds: &'a Kinds,
    pub(super) answers: &'a Answers,
    /// Services whose images stand for no kind after all.
    pub(super) plain: &'a BTreeSet<String>,
}

impl Proposal {
    /// The env file in which is set what a compose file says: that of its environment.
    pub(super) fn env_file(&self, compose_file: &str) -> String {
        let known = self.env_files.get(compose_file);
        let files: Vec<String> = known.into_iter().flatten().cloned().collect();
        if files.is_empty() { ".env".to_owned() } else { crate::diagnostics::words::and(&files) }
    }

    /// What was seen, as services.
    pub(super) fn of(material: Material<'_>) -> Self {
        let Material { seen, snapshot, answers, .. } = material;
        let mut proposal = Self { environments: seen.environments.clone(), ..Self::default() };
        proposal.name(seen, snapshot, answers);
        for container in &seen.containers {
            let others = container.elsewhere.iter().map(|(environment, other)| (&other.from, environment));
            let own = container.environments.iter().map(|environment| (&container.from, environment));
            for (file, environment) in others.chain(own) {
                let is_first = seen.environments.first() == Some(environment);
                let env_file = if is_first { ".env".to_owned() } else { format!(".env.{environment}") };
                proposal.env_files.entry(file.clone()).or_default().insert(env_file);
            }
        }
        for (path, what) in &seen.troubles {
            proposal.unknown(path, what.clone());
        }
        containers::add(&mut proposal, material);
        programs::add(&mut proposal, material);
        stores::add(&mut proposal, material);
        known::missing(&mut proposal, material);
        values::fill(&mut proposal, material);
        containers::given::paths(&mut proposal, seen);
        routes::add(&mut proposal, material);
        values::demands(&mut proposal, material);
        containers::bind(&mut proposal, material);
        proposal
    }

    /// What is left to do when all variables are known.
    pub(super) fn settle(&mut self, material: Material<'_>) {
        self.settle_defaults();
        dependencies::settle(self);
        self.guard(material.seen);
        front::offer(self, material);
    }

    /// Says again what only a reference said that is gone by now.
    pub(super) fn restore_dependencies(&mut self) {
        dependencies::restore(self);
    }

    pub(super) fn unknown(&mut self, about: &str, what: impl Into<String>) {
        self.unknown.insert(Unknown { about: about.to_owned(), what: what.into(), question: None });
    }

    pub(super) fn question(&mut self, about: &str, what: impl Into<String>, question: Question) {
        self.unknown.insert(Unknown { about: about.to_owned(), what: what.into(), question: Some(question) });
    }

    /// The name of the stack, and of its project where that holds data already.
    fn name(&mut self, seen: &Seen, snapshot: &Snapshot, answers: &Answers) {
        let guessed = slug(&snapshot.name);
        let name = if let Some(fact) = &seen.name {
            let plain = slug(&fact.value);
            let stem = seen.environments.iter().find_map(|name| plain.strip_suffix(&format!("-{name}")));
            let stem = stem.map_or_else(|| plain.clone(), str::to_owned);
            Entry::noted(stem, fact.note())
        } else {
            let key = "name of the stack".to_owned();
            let given = answers.get(&key).map(|name| slug(name)).filter(|name| !name.is_empty());
            let question = Question { key, default: guessed.clone(), answer: Answer::Name };
            if given.is_none() {
                self.question("the stack", "its name", question);
            }
            match given {
                Some(name) => Entry::new(name),
                None => Entry::noted(guessed, "guess: the name of the directory"),
            }
        };
        self.stack.insert("name".to_owned(), name);
        if !self.environments.is_empty() {
            let names: Vec<Value> = self.environments.iter().map(|name| Value::from(name.clone())).collect();
            let files = seen.compose_files.iter().map(|path| super::snapshot::file_name(path)).collect::<Vec<_>>();
            self.stack.insert("environments".to_owned(), Entry::noted(names, format!("from {}", files.join(", "))));
        }
        if !seen.compose_directory.is_empty() {
            let note = "where the compose files are".to_owned();
            self.stack.insert("output".to_owned(), Entry::noted(seen.compose_directory.clone(), note));
        }
    }

    /// A default that refers to a service which only some environments have holds in those alone.
    fn settle_defaults(&mut self) {
        let mut moved: Vec<(String, String, Value)> = Vec::new();
        for (name, variable) in &mut self.variables {
            let Some(text) = variable.default.as_ref().and_then(Value::as_str) else { continue };
            let only = self.services.iter().filter(|(service, _)| text.contains(&format!("${{services.{service}.")));
            let mut only = only.filter_map(|(_, service)| service.keys.get("environments"));
            let only = only.find_map(|entry| entry.value.as_array());
            let Some(only) = only else { continue };
            let value = variable.default.take();
            for environment in only.iter().filter_map(Value::as_str) {
                moved.extend(value.clone().map(|value| (environment.to_owned(), name.clone(), value)));
            }
            variable.required_in.clear();
        }
        for (environment, name, value) in moved {
            self.defaults.entry(environment).or_default().insert(name, value);
        }
    }

    /// A name that no service has yet.
    pub(super) fn free_name(&self, wanted: &str) -> String {
        let wanted = slug(wanted);
        if !self.services.contains_key(&wanted) {
            return wanted;
        }
        (2..=self.services.len() + 2)
            .map(|number| format!("{wanted}-{number}"))
            .find(|name| !self.services.contains_key(name))
            .unwrap_or(wanted)
    }

    /// Declares a variable, or adds to what is known of it.
    fn declare(&mut self, name: &str, default: Option<Value>, note: Option<String>) -> &mut Variable {
        let variable = self.variables.entry(name.to_owned()).or_insert_with(|| Variable {
            is_secret: is_secret(name),
            note: note.clone(),
            ..Variable::default()
        });
        // Of a secret nothing is said but what other services say of themselves.
        let is_reference = default.as_ref().and_then(Value::as_str).is_some_and(|text| text.contains("${services."));
        if variable.default.is_none() && default.is_some() && (!variable.is_secret || is_reference) {
            variable.default = default;
            // What it is set to says more than where it was named first.
            variable.note = note.or_else(|| variable.note.take());
        }
        variable
    }

    /// Takes out whatever has a value in it that must not be shown.
    fn guard(&mut self, seen: &Seen) {
        let hidden = |value: &Value| seen.hidden.is_in(&value.to_string());
        let mut told: Vec<(String, String)> = Vec::new();
        for (name, service) in &mut self.services {
            let mut drop_from = |table: &mut IndexMap<String, Entry>, what: &str| {
                table.retain(|key, entry| {
                    let is_shown = !hidden(&entry.value);
                    if !is_shown {
                        told.push((name.clone(), format!("{what}`{key}`: it has a value in it that may be a secret")));
                    }
                    is_shown
                });
            };
            drop_from(&mut service.keys, "");
            for (table, entries) in &mut service.tables {
                drop_from(entries, &format!("in `{table}` "));
            }
            for (key, setting) in service.env.iter_mut().chain(&mut service.build_env) {
                if matches!(setting, Setting::Value(entry) if hidden(&entry.value)) {
                    *setting = Setting::Own(None);
                    told.push((name.clone(), format!("the value of `{key}`: it may be a secret")));
                }
            }
        }
        let own: Vec<String> = self
            .services
            .values()
            .flat_map(|service| service.env.iter().chain(&service.build_env))
            .filter(|(_, setting)| matches!(setting, Setting::Own(_)))
            .map(|(name, _)| name.clone())
            .collect();
        for name in own {
            self.variables
                .entry(name.clone())
                .or_insert_with(|| Variable { is_secret: is_secret(&name), ..Variable::default() });
        }
        for variable in self.variables.values_mut() {
            if variable.default.as_ref().is_some_and(hidden) {
                variable.default = None;
            }
        }
        // Without its settings a network is still the one that its services share.
        for (name, entry) in &mut self.networks {
            let Value::Table(settings) = &mut entry.value else { continue };
            settings.retain(|key, value| {
                let is_shown = !hidden(value);
                if !is_shown {
                    let what = format!(
                        "`{key}` of the network `{name}`: it may be a secret, so it is not copied; it belongs into \
                         `[networks.{name}]`, with a variable in its place"
                    );
                    told.push(("the stack".to_owned(), what));
                }
                is_shown
            });
        }
        let shared = [(&mut self.volumes, "volumes")];
        let passed = self.compose.iter_mut().map(|(section, entries)| (entries, section.as_str()));
        for (entries, section) in shared.into_iter().chain(passed) {
            entries.retain(|name, entry| {
                let is_shown = !hidden(&entry.value);
                if !is_shown {
                    told.push((
                        "the stack".to_owned(),
                        format!("`{name}` of `{section}`: a value in it may be a secret"),
                    ));
                }
                is_shown
            });
        }
        let mut closing: Vec<(String, String, &str)> = Vec::new();
        for (environment, services) in &self.overlays {
            for (name, keys) in services {
                let is_hidden = |key: &&str| keys.get(*key).is_some_and(|entry| hidden(&entry.value));
                let all = ["routes", "labels", "entrypoints"].into_iter().filter(is_hidden);
                closing.extend(all.map(|key| (environment.clone(), name.clone(), key)));
            }
        }
        for (environment, name, key) in closing {
            if let Some(gone) = self.close(&environment, &name, Some(key)) {
                told.push((name, gone.told(&environment, "it has a value in it that may be a secret")));
            }
        }
        for overlay in self.overlays.values_mut().flat_map(IndexMap::values_mut) {
            overlay.retain(|_, entry| !hidden(&entry.value));
        }
        for defaults in self.defaults.values_mut() {
            defaults.retain(|_, value| !hidden(value));
        }
        self.stack.retain(|key, entry| key == "name" || !hidden(&entry.value));
        for (about, what) in told {
            self.unknown(&about, what);
        }
    }
}

/// A text as the name of a service or a stack.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug: String = slug.trim_matches('-').chars().take(40).collect();
    let slug = slug.trim_end_matches('-').to_owned();
    match slug.chars().next() {
        None => "app".to_owned(),
        Some(c) if c.is_ascii_digit() => format!("app-{slug}"),
        Some(_) => slug,
    }
}

/// Whether a text refers to this variable.
pub(super) fn mentions(value: &Value, name: &str) -> bool {
    match value {
        Value::String(text) => crate::compose::interpolation::names(text).iter().any(|known| known == name),
        Value::Array(items) => items.iter().any(|item| mentions(item, name)),
        Value::Table(table) => table.values().any(|value| mentions(value, name)),
        _ => false,
    }
}
