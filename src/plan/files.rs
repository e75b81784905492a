//! Files that a kind generates for a container to read: beside the compose file, and mounted.
//!
//! One file serves every environment that wants the same of it. Where they differ, each has its own: that is only known
//! once all plans are there, so [`settle`] comes after them.

use std::collections::{BTreeMap, BTreeSet};

use super::assembly::Assembly;
use super::resolve::At;
use super::scraping::Scraped;
use super::{Plan, ProblemKind, Text, path};
use crate::compose::volume::Source;
use crate::kinds::{self, OptionType};
use crate::source::KeyPath;

/// Where they are, below the output directory.
const FOLDER: &str = "docker";

/// A file that is generated for a container to read.
#[derive(Debug, Clone, PartialEq)]
pub struct SupportingFile {
    /// The template, by its name among all.
    pub template: String,
    /// The path, relative to services.toml.
    pub path: String,
    /// Where the container finds it.
    pub target: String,
    /// Whether it is a program.
    pub executable: bool,
    /// What the template reads: options of the kind, by name with `_`.
    pub options: BTreeMap<String, toml::Value>,
    /// What the template reads besides, of a kind that collects metrics: everything that has some.
    pub scraped: Vec<Scraped>,
    /// Whether other environments read the same file.
    pub is_shared: bool,
}

/// Where the file for `target` of a service stands, relative to services.toml: everybody's, or that of an environment.
pub(super) fn path(output: &str, environment: Option<&str>, service: &str, target: &str) -> String {
    let name = target.rsplit('/').next().unwrap_or_default();
    let parts =
        [Some(output).filter(|output| !output.is_empty()), Some(FOLDER), environment, Some(service), Some(name)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("/")
}

impl Assembly<'_, '_, '_> {
    /// The files that the service reads, as if every environment wanted the same of them.
    pub(super) fn files(&mut self) -> Vec<SupportingFile> {
        let member = self.member;
        let Some(kind) = member.kind else { return Vec::new() };
        let wanted = kind.files.iter().filter(|file| member.holds(file.when.as_ref(), member.target));
        let mut files = Vec::new();
        for (file, target) in wanted.filter_map(|file| Some((file, file.target.as_ref()?))) {
            let mut options = BTreeMap::new();
            for name in &file.options {
                let Some(value) = member.option(name) else { continue };
                let option = kind.options.get(name).map(|option| option.kind);
                let path = member.path().key(name);
                let value = match option {
                    Some(OptionType::Service | OptionType::Services | OptionType::ServicesByPath) => {
                        self.named_services(value, &path)
                    }
                    _ => Some(self.literal(value, &path)),
                };
                options.extend(value.map(|value| (name.replace('-', "_"), value)));
            }
            files.push(SupportingFile {
                template: kinds::template_name(&kind.name, &file.template),
                path: path(self.output, None, member.name, target),
                target: target.clone(),
                executable: file.executable,
                options,
                scraped: Vec::new(),
                is_shared: false,
            });
        }
        files
    }

    /// What a template is told of the services that an option names; those that only other environments have are left
    /// out.
    fn named_services(&mut self, value: &toml::Value, path: &KeyPath) -> Option<toml::Value> {
        match value {
            toml::Value::String(name) => self.named_service(name, path).map(toml::Value::Table),
            toml::Value::Array(names) => {
                let names = names.iter().enumerate().filter_map(|(index, name)| Some((index, name.as_str()?)));
                let described = names.filter_map(|(index, name)| self.named_service(name, &path.index(index)));
                Some(toml::Value::Array(described.map(toml::Value::Table).collect()))
            }
            toml::Value::Table(names) => {
                let names = names.iter().filter_map(|(key, name)| Some((key, name.as_str()?)));
                let described = names.filter_map(|(key, name)| {
                    let described = self.named_listener(name, &path.key(key))?;
                    // What stands below a path that ends in a slash is what stands below the path.
                    let key = if key == "/" { key } else { key.trim_end_matches('/') };
                    Some((key.to_owned(), toml::Value::Table(described)))
                });
                Some(toml::Value::Table(described.collect()))
            }
            _ => None,
        }
    }

    /// A service to which requests are passed on.
    fn named_listener(&mut self, name: &str, path: &KeyPath) -> Option<toml::Table> {
        let described = self.named_service(name, path)?;
        if !described.contains_key("port") {
            let message = format!("`{name}` has no `port` that a request could be passed to");
            let help = Some(format!("say where it listens: `services.{name}.port`"));
            self.resolver.problem(path.clone(), ProblemKind::Option { message, help });
            return None;
        }
        Some(described)
    }

    fn named_service(&mut self, name: &str, path: &KeyPath) -> Option<toml::Table> {
        let described = self.resolver.described(name)?;
        if !described.contains_key("host") {
            let message = format!("the address of `{name}` goes into a file that is generated, and is not known yet");
            let help = Some("write its `host` out".to_owned());
            self.resolver.problem(path.clone(), ProblemKind::Option { message, help });
            return None;
        }
        Some(described)
    }

    /// The value of an option with its references resolved: nothing in a file waits for an operator.
    fn literal(&mut self, value: &toml::Value, path: &KeyPath) -> toml::Value {
        match value {
            toml::Value::String(raw) => {
                let known = self.resolver.notes.problems.len();
                let text = self.resolver.text(raw, At::manifest(path, Some(self.member.name))).text;
                if let Some(text) = text.as_literal() {
                    return toml::Value::String(text.to_owned());
                }
                // What does not resolve is told already.
                if self.resolver.notes.problems.len() == known {
                    let message = "this goes into a file that is generated, and an operator sets it later".to_owned();
                    let help = Some("write it out".to_owned());
                    self.resolver.problem(path.clone(), ProblemKind::Option { message, help });
                }
                toml::Value::String(String::new())
            }
            toml::Value::Array(items) => {
                let items = items.iter().enumerate().map(|(index, item)| self.literal(item, &path.index(index)));
                toml::Value::Array(items.collect())
            }
            other => other.clone(),
        }
    }
}

/// Gives each environment files of its own where they would differ.
pub fn settle(plans: &mut [Plan]) {
    // Nothing of a file depends on the environment but what stands in it.
    let key = |service: &str, file: &SupportingFile| (service.to_owned(), file.target.clone());
    let mut first: BTreeMap<(String, String), SupportingFile> = BTreeMap::new();
    let mut count: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut differing: BTreeSet<(String, String)> = BTreeSet::new();
    for (service, file) in plans
        .iter()
        .flat_map(|plan| plan.services.values())
        .flat_map(|service| service.files.iter().map(|file| (service.name.as_str(), file)))
    {
        let key = key(service, file);
        *count.entry(key.clone()).or_default() += 1;
        if first.entry(key.clone()).or_insert_with(|| file.clone()) != file {
            differing.insert(key);
        }
    }
    for plan in plans {
        for service in plan.services.values_mut() {
            for file in &mut service.files {
                let key = key(&service.name, file);
                if !differing.contains(&key) {
                    file.is_shared = count.get(&key).is_some_and(|count| *count > 1);
                    continue;
                }
                let own = path(&plan.output, Some(&plan.environment), &service.name, &file.target);
                let before = std::mem::replace(&mut file.path, own.clone());
                let is_its = |source: &Source| *source == Source::Bind(format!("./{before}"));
                for planned in service.volumes.iter_mut().filter(|planned| is_its(&planned.mount.source)) {
                    let seen = path::relative(&plan.output, &own);
                    planned.text = Text::literal(format!("{seen}:{}:{}", planned.mount.target, planned.mount.mode));
                    planned.mount.source = Source::Bind(format!("./{own}"));
                }
            }
        }
    }
}
