//! What is known of the stack around an answer: the services, their containers and labels, and the proxy's log.

use super::super::container::Container;
use super::super::services::Is;
use super::super::{Cause, proxy, services};
use super::Case;
use crate::plan::{PROJECT_VARIABLE, Part};

/// How many lines of a log are shown.
const LINES: usize = 3;

/// What to do where a running container is not what services.toml says.
pub(super) const ANEW: &str =
    "the containers are older than the files, or made by hand: `stackgen check`, then `docker compose up --wait`";

impl<'a> Case<'a> {
    /// What is wrong with what is connected to: the proxy, or the service that publishes a port.
    pub(super) fn of_way(&self) -> Option<Cause> {
        if self.check.container.is_some() {
            return self.of_service();
        }
        let containers = self.scene.containers?;
        match self.scene.proxy {
            Some(proxy) if !proxy.is_running() => {
                Some(Cause::new("proxy-down", format!("the proxy does not run: {} is {}", proxy.name, proxy.state)))
            }
            None if !containers.is_empty() => Some(Cause::new("proxy-down", "the proxy has no container")),
            _ => None,
        }
    }

    /// What is wrong with the service that should answer.
    pub(super) fn of_service(&self) -> Option<Cause> {
        let state = self.scene.states.iter().find(|state| state.service == self.check.service)?;
        if state.is <= Is::Fine {
            return None;
        }
        let service = &state.service;
        let root = services::root(self.scene.plan, self.scene.states, service);
        let because = root.map_or_else(
            || ", as its own error explains".to_owned(),
            |root| format!("; it needs `{root}`, which is the cause"),
        );
        let left_out = match state.word.as_str() {
            "unhealthy" | "starting" => ", and the proxy leads nobody to it",
            _ => "",
        };
        let left_out = if self.check.container.is_some() { "" } else { left_out };
        let is = match state.word.as_str() {
            "exited" | "dead" => "does not run".to_owned(),
            "missing" => "has no container".to_owned(),
            "created" => "has not been started".to_owned(),
            word if word.contains(" of ") => format!("has {word} containers"),
            word => format!("is {word}"),
        };
        Some(Cause::new("service-down", format!("`{service}` {is}{left_out}{because}")))
    }

    /// What is wrong with the service where the proxy leads nobody to it: whoever answers in its place is no fault of its
    /// own. Traefik knows of containers that are there, and leaves out those whose probe does not succeed.
    pub(super) fn left_out(&self) -> Option<Cause> {
        let is_led_to = |container: &&Container| {
            let is_there = ["running", "paused"].contains(&container.state.as_str());
            is_there && container.health.as_ref().is_none_or(|health| health.status == "healthy")
        };
        let is_left_out = self.check.container.is_none() && !self.own_containers().iter().any(is_led_to);
        self.of_service().filter(|_| is_left_out)
    }

    /// Whether the service is on no network of the proxy.
    pub(super) fn apart(&self) -> Option<Cause> {
        let proxy = self.scene.proxy?;
        let own = self.own_containers();
        let apart = own.iter().find(|container| container.is_running() && !container.meets(proxy))?;
        let networks = |container: &Container| {
            let names: Vec<String> = container.networks.keys().map(|name| format!("`{name}`")).collect();
            if names.is_empty() { "none".to_owned() } else { crate::diagnostics::words::and(&names) }
        };
        let message = format!(
            "the proxy cannot reach `{}`: they share no network ({} has {}, {} has {})",
            self.check.service,
            apart.name,
            networks(apart),
            proxy.name,
            networks(proxy)
        );
        Some(Cause::new("no-shared-network", message).log(self.complaints(&[&self.check.service])).help(ANEW))
    }

    pub(super) fn own_router(&self) -> String {
        let own = self.check.wanted.routers.first().map_or("", String::as_str);
        let own = own.split('@').next().unwrap_or_default();
        let known = |name: &str| {
            let service = self.scene.plan.services.get(&self.check.service);
            service.is_some_and(|service| service.routers.iter().any(|router| router.name == name))
        };
        // Traefik puts the entry point before the name where a router is on several.
        match own.split_once('-') {
            Some((_, bare)) if !known(own) && known(bare) => bare.to_owned(),
            _ => own.to_owned(),
        }
    }

    pub(super) fn own_containers(&self) -> Vec<&'a Container> {
        let all = self.scene.containers.unwrap_or_default();
        let is_own =
            |container: &&Container| container.service == self.check.service && container.project == self.scene.project;
        all.iter().filter(is_own).collect()
    }

    /// A label by its name, whatever the case, and whose it is.
    pub(super) fn label(&self, name: &str) -> Option<(&'a Container, &'a str)> {
        let containers = self.scene.containers.unwrap_or_default();
        containers.iter().find_map(|container| {
            let found = container.labels.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
            Some((container, found.1.as_str()))
        })
    }

    /// How the labels of the running container differ from those that services.toml makes, in a router.
    pub(super) fn changed_labels(&self, router: &str) -> Option<String> {
        let service = self.scene.plan.services.get(&self.check.service)?;
        let containers = self.own_containers();
        let container = containers.first()?;
        let values = |name: &str| match name {
            PROJECT_VARIABLE => Some(self.scene.project.to_owned()),
            _ => (self.scene.values)(name),
        };
        let start = format!("traefik.http.routers.{router}.");
        for planned in service.routers.iter().filter(|planned| planned.name == router) {
            let wanted = [
                ("rule", planned.rule.evaluate(&values).ok()?),
                ("entrypoints", planned.entry_point.clone()),
                ("priority", planned.priority.to_string()),
                ("service", planned.service.clone()),
            ];
            for (option, wanted) in wanted {
                let name = format!("{start}{option}");
                let found = container.labels.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
                match found {
                    Some((_, found)) if *found == wanted => {}
                    Some(_) if option == "rule" && self.secretive(router).is_some() => {
                        return Some(format!(
                            "the running container says another `rule` of the router {router} than services.toml makes it, \
                             perhaps with a secret of before: {ANEW}"
                        ));
                    }
                    Some((_, found)) => {
                        return Some(format!(
                            "the running container says `{option}` of the router {router} is {found}, and services.toml makes it \
                             {wanted}: {ANEW}"
                        ));
                    }
                    None => {
                        return Some(format!("the running container has no label `{name}`: {ANEW}"));
                    }
                }
            }
        }
        None
    }

    /// The rule of a router as it is written, where secrets are part of it: the label of a container may hold one that is no
    /// longer known here.
    pub(super) fn secretive(&self, router: &str) -> Option<String> {
        let mut routers = self.scene.plan.services.values().flat_map(|service| &service.routers);
        let planned = routers.find(|planned| planned.name == router)?;
        let is_secret = |name: &str| self.scene.plan.variables.get(name).is_some_and(|variable| variable.secret);
        let shown = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Variable { name, .. } => format!("${{{name}}}"),
        };
        planned.rule.variables().into_iter().any(is_secret).then(|| planned.rule.parts().iter().map(shown).collect())
    }

    pub(super) fn complaints(&self, names: &[&str]) -> Vec<String> {
        let found = proxy::complaints(self.scene.log, names, LINES);
        found.iter().map(|line| self.scene.secrets.last_lines(line, 1).concat()).collect()
    }
}
