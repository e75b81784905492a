//! Every text of a plan, for whoever looks for variables.

use super::{Plan, Service, Text};

impl Plan {
    /// Calls `visit` with every text that belongs to no service.
    pub(super) fn each_own_text<'p>(&'p self, visit: &mut dyn FnMut(&'p Text)) {
        visit(&self.project);
        self.networks.values().filter_map(|network| network.name.as_ref()).for_each(&mut *visit);
        self.volumes.values().filter_map(|volume| volume.name.as_ref()).for_each(&mut *visit);
    }
}

impl Service {
    /// Calls `visit` with every text of the service. The order is that of the compose file.
    pub fn each_text<'p>(&'p self, visit: &mut dyn FnMut(&'p Text)) {
        self.image.iter().for_each(&mut *visit);
        self.command.iter().flatten().for_each(&mut *visit);
        self.environment.values().for_each(&mut *visit);
        self.ports.iter().for_each(|port| visit(&port.text));
        self.health.iter().flat_map(|probe| &probe.command).for_each(&mut *visit);
        self.volumes.iter().for_each(|mount| visit(&mount.text));
        self.labels.values().for_each(&mut *visit);
    }
}
