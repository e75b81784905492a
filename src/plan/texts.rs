//! Every text of a plan, for whoever looks for variables.

use super::{Plan, Service, Text};

impl Plan {
    /// Calls `visit` with every text that belongs to no service.
    pub fn each_own_text<'p>(&'p self, visit: &mut dyn FnMut(&'p Text)) {
        visit(&self.project);
        self.edge.iter().for_each(&mut *visit);
        self.networks.values().filter_map(|network| network.name.as_ref()).for_each(&mut *visit);
        self.volumes.values().filter_map(|volume| volume.name.as_ref()).for_each(&mut *visit);
        self.passthrough.values().for_each(|raw| raw.each_text(visit));
    }
}

impl Service {
    /// Calls `visit` with every text of the service. The order is that of the compose file.
    pub fn each_text<'p>(&'p self, visit: &mut dyn FnMut(&'p Text)) {
        self.container_name.iter().for_each(&mut *visit);
        self.image.iter().for_each(&mut *visit);
        self.build.iter().flat_map(|build| build.args.values()).for_each(&mut *visit);
        self.entrypoint.iter().flatten().for_each(&mut *visit);
        self.command.iter().flatten().for_each(&mut *visit);
        self.environment.values().for_each(&mut *visit);
        self.ports.iter().for_each(|port| visit(&port.text));
        self.health.iter().flat_map(|probe| &probe.command).for_each(&mut *visit);
        self.volumes.iter().for_each(|mount| visit(&mount.text));
        self.labels.values().for_each(&mut *visit);
        self.passthrough.values().flatten().for_each(|raw| raw.each_text(visit));
    }

    /// Calls `change` with every text of the service.
    pub(super) fn each_text_mut(&mut self, change: &mut dyn FnMut(&mut Text)) {
        self.container_name.iter_mut().for_each(&mut *change);
        self.image.iter_mut().for_each(&mut *change);
        self.build.iter_mut().flat_map(|build| build.args.values_mut()).for_each(&mut *change);
        self.entrypoint.iter_mut().flatten().for_each(&mut *change);
        self.command.iter_mut().flatten().for_each(&mut *change);
        self.environment.values_mut().for_each(&mut *change);
        self.ports.iter_mut().for_each(|port| change(&mut port.text));
        self.health.iter_mut().flat_map(|probe| &mut probe.command).for_each(&mut *change);
        self.volumes.iter_mut().for_each(|mount| change(&mut mount.text));
        self.labels.values_mut().for_each(&mut *change);
        self.passthrough.values_mut().flatten().for_each(|raw| raw.each_text_mut(change));
    }
}
