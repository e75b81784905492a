//! What is passed through and names something else of the stack: services, networks, secrets and configs. Compose refuses
//! a file in which one of them is missing.

use indexmap::IndexMap;

use super::resolve::Resolver;
use super::{ProblemKind, Raw, Reference, Service, Text};
use crate::source::KeyPath;

/// Keys whose value may be `service:` and a name.
const SHARED: [&str; 3] = ["network_mode", "ipc", "pid"];

/// Keys that list entries of the top-level key of the same name, and what one of them is.
const LISTED: [(&str, &str); 2] = [("secrets", "secret"), ("configs", "config")];

impl Service {
    /// The services without which Compose refuses this one, beside those that it depends on: those whose network,
    /// volumes or names it shares (compose-spec, `network_mode`, `ipc`, `pid`, `volumes_from`, `links`).
    pub fn joined(&self) -> Vec<Reference> {
        let passed = |key: &str| self.passthrough.get(key).and_then(Option::as_ref);
        let base = self.origin().key("compose");
        let mut found = Vec::new();
        for key in SHARED {
            let name = passed(key).and_then(|value| value.as_text()?.as_literal()?.strip_prefix("service:"));
            found.extend(name.map(|name| Reference { service: name.to_owned(), origin: base.key(key) }));
        }
        for key in ["volumes_from", "links"] {
            for (index, item) in passed(key).and_then(Raw::as_list).into_iter().flatten().enumerate() {
                let Some(text) = item.as_text().and_then(Text::as_literal) else { continue };
                // `container:name` is one of another project.
                let Some(name) = text.split(':').next().filter(|name| *name != "container") else { continue };
                found.push(Reference { service: name.to_owned(), origin: base.key(key).index(index) });
            }
        }
        found
    }

    /// The entries of a top-level key that it lists where that is passed through: names, and where.
    fn listed(&self, key: &str) -> Vec<(String, KeyPath)> {
        let base = self.origin().key("compose").key(key);
        let list = self.passthrough.get(key).and_then(Option::as_ref).and_then(Raw::as_list);
        let items = list.into_iter().flatten().enumerate();
        items
            .filter_map(|(index, item)| {
                let source = item.as_map().map_or(Some(item), |map| map.get("source"));
                Some((source?.as_text()?.as_literal()?.to_owned(), base.index(index)))
            })
            .collect()
    }
}

impl Resolver<'_, '_> {
    /// Names of what does not exist, in what is passed through.
    pub(super) fn check_passed(&mut self, services: &IndexMap<String, Service>) {
        for service in services.values().filter(|service| !service.passthrough.is_empty()) {
            let passed = service.origin().key("compose");
            let awaited = service.depends_on.iter().filter(|(_, it)| it.origin.starts_with(&passed));
            let awaited = awaited.map(|(name, dependency)| (name.clone(), dependency.origin.clone()));
            let joined = service.joined().into_iter().map(|reference| (reference.service, reference.origin));
            for (name, origin) in awaited.chain(joined).filter(|(name, _)| !services.contains_key(name)) {
                self.passed_service(service, name, origin);
            }
            for (key, what) in LISTED {
                let known = self.declared_entries(key);
                for (name, origin) in service.listed(key).into_iter().filter(|(name, _)| !known.contains(name)) {
                    self.problem(origin, ProblemKind::Unknown { what, name, known: known.clone(), note: None });
                }
            }
        }
    }

    fn passed_service(&mut self, service: &Service, name: String, origin: KeyPath) {
        if self.frame.members.contains_key(name.as_str()) {
            let message = format!("`{name}` runs elsewhere, so there is nothing to wait for, or to share");
            let help = "remove it; what refers to the service works without";
            self.problem(origin, ProblemKind::Value { message, help });
            return;
        }
        let note = self.frame.where_absent(&name);
        let known = self.frame.members.keys().filter(|known| **known != service.name).map(|name| (*name).to_owned());
        self.problem(origin, ProblemKind::Unknown { what: "service", name, known: known.collect(), note });
    }

    /// The entries of a top-level key: those that stackgen makes, and those that are passed through.
    fn declared_entries(&self, key: &str) -> Vec<String> {
        let made = self.notes.secrets.keys().filter(|_| key == "secrets").cloned();
        let passed = self.frame.manifest.compose.get(key).and_then(toml::Value::as_table);
        made.chain(passed.into_iter().flat_map(|table| table.keys().cloned())).collect()
    }
}
