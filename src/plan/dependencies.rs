//! What must be up before a service: what it refers to, and what it names.

use indexmap::IndexMap;

use super::assembly::Assembly;
use super::{Condition, Dependency, ProblemKind};
use crate::manifest::unions::{DependencyState, DependsOn, NamedState};
use crate::source::KeyPath;

impl Assembly<'_, '_, '_> {
    pub(super) fn depends_on(&mut self) -> IndexMap<String, Dependency> {
        let mut out: IndexMap<String, Dependency> = IndexMap::new();
        for (target, origin) in &self.edges {
            let dependency = Dependency {
                condition: Condition::Healthy,
                named: None,
                required: true,
                restart: true,
                origin: origin.clone(),
            };
            out.entry(target.clone()).or_insert(dependency);
        }
        let path = self.member.path().key("depends-on");
        match &self.member.service.depends_on {
            None => {}
            Some(DependsOn::List(names)) => {
                for (index, name) in names.iter().enumerate().filter(|(_, name)| *name != "...") {
                    self.explicit(&mut out, name, &DependencyState::Wanted(true), path.index(index));
                }
            }
            Some(DependsOn::Table(states)) => {
                for (name, state) in states.iter().filter(|(name, _)| *name != "...") {
                    self.explicit(&mut out, name, state, path.key(name));
                }
            }
        }
        out
    }

    fn explicit(
        &mut self,
        out: &mut IndexMap<String, Dependency>,
        name: &str,
        state: &DependencyState,
        origin: KeyPath,
    ) {
        let frame = self.resolver.frame;
        if !frame.members.contains_key(name) {
            // Elsewhere the service exists; here there is nothing to wait for.
            if !frame.absent.contains_key(name) {
                let known =
                    frame.members.keys().filter(|known| **known != self.member.name).map(|name| (*name).to_owned());
                let kind =
                    ProblemKind::Unknown { what: "service", name: name.to_owned(), known: known.collect(), note: None };
                self.resolver.problem(origin, kind);
            }
            return;
        }
        if frame.members[name].is_external && !matches!(state, DependencyState::Wanted(false)) {
            let message = format!("`{name}` runs elsewhere, so there is nothing to wait for");
            let help = "remove it; what refers to the service works without";
            self.resolver.problem(origin, ProblemKind::Value { message, help });
            return;
        }
        let condition = match state {
            DependencyState::Wanted(false) => {
                out.shift_remove(name);
                return;
            }
            DependencyState::Wanted(true) | DependencyState::Named(NamedState::Healthy) => Condition::Healthy,
            DependencyState::Named(NamedState::Started) => Condition::Started,
            DependencyState::Named(NamedState::Completed) => Condition::Completed,
        };
        let named = matches!(state, DependencyState::Named(_)).then(|| origin.clone());
        match out.get_mut(name) {
            Some(known) if named.is_some() => {
                known.condition = condition;
                known.named = named;
            }
            Some(_) => {}
            None => {
                let dependency = Dependency { condition, named, required: true, restart: false, origin };
                out.insert(name.to_owned(), dependency);
            }
        }
    }
}
