//! Where what a plan has stands in services.toml.

use super::Context;
use crate::diagnostics::Label;
use crate::manifest::Manifest;
use crate::manifest::unions::Scalar;
use crate::plan::{Plan, Service};
use crate::rules::told::{Telling, Told};
use crate::source::{KeyPath, Step};

impl<'a> Context<'a> {
    /// The key at `path`, as `plan`'s environment sees it. What every environment has stands in the base file, whichever
    /// overlays change it: all of them are shown the same place.
    pub(crate) fn key_of(&self, plan: &Plan, path: &KeyPath, label: &str) -> Label {
        let services = || self.read.environments.values().map(|manifest| &manifest.services);
        let steps = [0, 1, 2, 3].map(|step| path.key_at(step));
        let in_base = match steps {
            [Some("services"), Some(_), None, None] => true,
            [Some("services"), Some(service), Some("routes"), Some(route)] if path.steps().len() == 4 => services()
                .all(|services| services.get(service).is_some_and(|service| service.routes.contains_key(route))),
            _ => false,
        };
        let environment = (!in_base).then_some(plan.environment.as_str());
        Label::key(environment, path.clone(), label)
    }

    /// Where a key of a service stands: in `compose` where that says it, under the keys `passed`, else in the defaults
    /// where those alone do.
    pub(crate) fn origin_of(&self, plan: &Plan, service: &str, key: &str, passed: &[&str]) -> KeyPath {
        let origin = KeyPath::of(["services", service, key]);
        let Some(written) = self.manifest(plan).and_then(|manifest| manifest.services.get(service)) else {
            return origin;
        };
        let mut value = None;
        let mut path = KeyPath::of(["services", service, "compose"]);
        for (index, key) in passed.iter().enumerate() {
            let table = if index == 0 { Some(&written.compose) } else { value.and_then(toml::Value::as_table) };
            value = table.and_then(|table| table.get(*key));
            path = path.key(key);
        }
        if value.is_some() {
            path
        } else if written.defaulted.iter().any(|defaulted| defaulted == key) {
            KeyPath::of(["defaults", key])
        } else {
            origin
        }
    }

    /// Where the value of a variable of a service's container stands; the service where its kind says it.
    pub(crate) fn origin_of_env(&self, plan: &Plan, service: &Service, name: &str) -> KeyPath {
        let written = self.manifest(plan).and_then(|manifest| manifest.services.get(&service.name));
        let Some(written) = written else { return service.origin() };
        let passed = written.compose.get("environment");
        let is_passed = |value: &toml::Value| match value {
            toml::Value::Table(table) => table.contains_key(name),
            toml::Value::Array(lines) => lines
                .iter()
                .filter_map(toml::Value::as_str)
                .any(|line| line.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))),
            _ => false,
        };
        match passed.filter(|value| is_passed(value)) {
            Some(toml::Value::Table(_)) => service.origin().key("compose").key("environment").key(name),
            Some(_) => service.origin().key("compose").key("environment"),
            None if written.env.contains_key(name) => service.origin().key("env").key(name),
            None => service.origin(),
        }
    }

    /// The text that stands in Compose's own terms at `path`: a label, or something passed through.
    pub(crate) fn raw_text<'m>(&'m self, plan: &Plan, path: &KeyPath) -> Option<&'m str> {
        let manifest = self.manifest(plan)?;
        let (table, rest) = match path.steps() {
            [Step::Key(first), rest @ ..] if first == "compose" => (&manifest.compose, rest),
            [Step::Key(_), Step::Key(service), Step::Key(key), rest @ ..] => {
                let service = manifest.services.get(service)?;
                match (key.as_str(), rest) {
                    ("labels", [Step::Key(label)]) => {
                        return match service.labels.get(label)? {
                            Scalar::Text(text) => Some(text),
                            _ => None,
                        };
                    }
                    ("compose", rest) => (&service.compose, rest),
                    _ => return None,
                }
            }
            _ => return None,
        };
        let (Step::Key(first), rest) = rest.split_first()? else { return None };
        let value = rest.iter().try_fold(table.get(first)?, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        });
        value?.as_str()
    }

    /// Where the value of an argument of a service's build stands.
    pub(crate) fn origin_of_build_env(&self, plan: &Plan, service: &Service, name: &str) -> KeyPath {
        let written = self.manifest(plan).and_then(|manifest| manifest.services.get(&service.name));
        let passed = written.and_then(|written| written.compose.get("build")?.get("args"));
        let args = service.origin().key("compose").key("build").key("args");
        match passed {
            Some(toml::Value::Table(table)) if table.contains_key(name) => args.key(name),
            Some(toml::Value::Array(_)) => args,
            _ => service.origin().key("build-env").key(name),
        }
    }

    /// Where it says how many containers of a service run.
    pub(crate) fn origin_of_count(&self, plan: &Plan, service: &Service) -> KeyPath {
        match service.passthrough.get("scale") {
            Some(Some(_)) => service.origin().key("compose").key("scale"),
            _ => self.origin_of(plan, &service.name, "replicas", &["deploy", "replicas"]),
        }
    }

    /// Where a text of a container stands.
    pub(crate) fn origin_of_told(&self, plan: &Plan, service: &Service, told: &Told<'_>) -> KeyPath {
        match told.source {
            Telling::Variable(name) => self.origin_of_env(plan, service, name),
            Telling::Word(key) => self.origin_of(plan, &service.name, key, &[key]),
        }
    }

    /// What makes the environment of a plan one for production: that it says so, or its name.
    pub(crate) fn production(&self, plan: &Plan) -> Label {
        const TEXT: &str = "for production";
        let stack = self.manifest(plan).and_then(|manifest| manifest.stack.as_ref());
        if stack.is_some_and(|stack| stack.production.is_some()) {
            return Label::value(Some(&plan.environment), KeyPath::of(["stack", "production"]), TEXT);
        }
        let position = self.plans.iter().position(|other| other.environment == plan.environment).unwrap_or_default();
        Label::value(None, KeyPath::of(["stack", "environments"]).index(position), TEXT)
    }

    /// The file as `plan`'s environment sees it.
    pub(crate) fn manifest(&self, plan: &Plan) -> Option<&'a Manifest> {
        self.read.environments.get(&plan.environment)
    }
}
