//! A service of the plan as Compose's own keys (compose-spec, "services").

use indexmap::IndexMap;

use crate::plan::{
    Build, Dependency, Logging, Network, Plan, Probe, Raw, Resources, Secret, Service, Text, Volume, WatchRule,
};

/// Where the engine's socket is, which deserves a word where it is mounted.
const SOCKET: &str = "/var/run/docker.sock";

/// Why the socket's `:ro` is no protection.
const SOCKET_NOTE: &str =
    "Read-only protects the socket's file, not the engine behind it: whoever reads it commands the engine.";

/// What `internal` means, where it stands.
const INTERNAL_NOTE: &str = "No way out of here, and no port of it is published.";

/// Where Compose is made to ask for secrets that it would start without.
const DEMANDED: &str = "x-stackgen-secrets";

/// Why they stand there.
const DEMANDED_NOTE: &str = "Without its value a secret would be no file, and nobody would say so.";

/// How often a starting container is asked: what starts in a second is not waited for longer.
const START_INTERVAL: &str = "1s";

/// The keys of a service in the order of the Compose docs, with what is passed through laid over them.
pub fn service(service: &Service) -> IndexMap<String, Raw> {
    let mut keys = planned(service);
    for (key, value) in &service.passthrough {
        match value {
            Some(value) => {
                keys.insert(key.clone(), value.clone());
            }
            None => {
                keys.shift_remove(key);
            }
        }
    }
    keys
}

/// The keys of a service that its plan asks for.
pub(crate) fn planned(service: &Service) -> IndexMap<String, Raw> {
    let mut keys = Keys::default();
    keys.some("build", service.build.as_ref().map(build));
    keys.some("image", service.image.clone().map(Raw::Text));
    keys.some("container_name", service.container_name.clone().map(Raw::Text));
    keys.list("profiles", service.profiles.iter().map(|name| text(name)));
    keys.some("restart", service.restart.as_deref().map(text));
    keys.flag("init", service.init);
    keys.some("user", service.user.as_deref().map(text));
    keys.list("cap_drop", service.drop_capabilities.then(|| text("ALL")));
    keys.list("cap_add", service.capabilities.iter().map(|name| text(name)));
    keys.list("security_opt", service.no_new_privileges.then(|| text("no-new-privileges:true")));
    keys.flag("read_only", service.read_only);
    keys.list("tmpfs", service.tmpfs.iter().map(|path| text(path)));
    keys.some("entrypoint", service.entrypoint.as_deref().map(words));
    keys.some("command", service.command.as_deref().map(words));
    keys.map("environment", service.environment.iter().map(|(name, value)| (name, Raw::Text(value.clone()))));
    keys.list("secrets", service.secrets.iter().map(|name| text(name)));
    keys.list("ports", service.ports.iter().map(|port| Raw::Text(port.text.clone())));
    keys.some("healthcheck", service.health.as_ref().map(probe));
    keys.list("volumes", service.volumes.iter().map(mount));
    keys.list("networks", service.networks.iter().map(|name| text(name)));
    keys.map("depends_on", service.depends_on.iter().map(|(name, dependency)| (name, awaited(dependency))));
    keys.some("stop_grace_period", Some(text(&service.stop_grace)));
    keys.some("deploy", deploy(service));
    keys.some("logging", service.logging.as_ref().map(logging));
    keys.some("develop", develop(&service.watch));
    keys.map("labels", service.labels.iter().map(|(name, value)| (name, Raw::Text(value.clone()))));
    keys.0
}

/// Keys in the making: what is empty is left out.
#[derive(Default)]
struct Keys(IndexMap<String, Raw>);

impl Keys {
    fn some(&mut self, key: &str, value: Option<Raw>) {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), value);
        }
    }

    fn flag(&mut self, key: &str, is_on: bool) {
        self.some(key, is_on.then_some(Raw::Bool(true)));
    }

    fn list(&mut self, key: &str, items: impl IntoIterator<Item = Raw>) {
        let items: Vec<Raw> = items.into_iter().collect();
        self.some(key, (!items.is_empty()).then_some(Raw::List(items)));
    }

    fn map<'a>(&mut self, key: &str, entries: impl Iterator<Item = (&'a String, Raw)>) {
        let entries: IndexMap<String, Raw> = entries.map(|(name, value)| (name.clone(), value)).collect();
        self.some(key, (!entries.is_empty()).then_some(Raw::Map(entries)));
    }

    fn into_raw(self) -> Raw {
        Raw::Map(self.0)
    }
}

/// Text that holds no variable.
fn text(text: &str) -> Raw {
    Raw::literal(text)
}

fn words(words: &[Text]) -> Raw {
    Raw::List(words.iter().cloned().map(Raw::Text).collect())
}

fn build(build: &Build) -> Raw {
    let mut keys = Keys::default();
    keys.some("context", Some(text(&build.context)));
    keys.some("dockerfile", build.dockerfile.as_deref().map(text));
    keys.some("target", build.target.as_deref().map(text));
    keys.map("args", build.args.iter().map(|(name, value)| (name, Raw::Text(value.clone()))));
    keys.list("secrets", build.secrets.iter().map(|(name, source)| build_secret(name, source)));
    keys.into_raw()
}

/// A secret of the build: where it has another name there, in the long syntax.
fn build_secret(name: &str, source: &str) -> Raw {
    if name == source {
        return text(name);
    }
    let mut keys = Keys::default();
    keys.some("source", Some(text(source)));
    keys.some("target", Some(text(name)));
    keys.into_raw()
}

fn probe(probe: &Probe) -> Raw {
    let mut test = vec![text("CMD")];
    test.extend(probe.command.iter().cloned().map(Raw::Text));
    let mut keys = Keys::default();
    keys.list("test", test);
    keys.some("interval", Some(text(&probe.interval)));
    keys.some("timeout", Some(text(&probe.timeout)));
    keys.some("retries", Some(Raw::Int(i64::from(probe.retries))));
    keys.some("start_period", Some(text(&probe.start_period)));
    keys.some("start_interval", Some(text(START_INTERVAL)));
    keys.into_raw()
}

fn mount(mount: &crate::plan::PlannedMount) -> Raw {
    let raw = Raw::Text(mount.text.clone());
    if mount.mount.target == SOCKET { Raw::Noted(SOCKET_NOTE, Box::new(raw)) } else { raw }
}

fn awaited(dependency: &Dependency) -> Raw {
    let mut keys = Keys::default();
    keys.some("condition", Some(text(dependency.condition.word())));
    keys.flag("restart", dependency.restart);
    keys.into_raw()
}

fn deploy(service: &Service) -> Option<Raw> {
    let mut resources = Keys::default();
    resources.some("limits", service.limits.as_ref().map(amounts));
    resources.some("reservations", service.reservations.as_ref().map(amounts));
    let mut keys = Keys::default();
    keys.some("replicas", service.replicas.map(|count| Raw::Int(i64::from(count))));
    keys.some("resources", (!resources.0.is_empty()).then(|| resources.into_raw()));
    (!keys.0.is_empty()).then(|| keys.into_raw())
}

fn amounts(resources: &Resources) -> Raw {
    let mut keys = Keys::default();
    keys.some("memory", resources.memory.as_deref().map(text));
    keys.some("cpus", resources.cpus.map(|cpus| text(&cpus.to_string())));
    keys.into_raw()
}

fn logging(logging: &Logging) -> Raw {
    let mut options = Keys::default();
    options.some("max-size", Some(text(&logging.max_size)));
    options.some("max-file", Some(text(&logging.max_file.to_string())));
    let mut keys = Keys::default();
    keys.some("driver", Some(text("json-file")));
    keys.some("options", Some(options.into_raw()));
    keys.into_raw()
}

fn develop(rules: &[WatchRule]) -> Option<Raw> {
    let rule = |rule: &WatchRule| {
        let mut keys = Keys::default();
        keys.some("path", Some(text(&rule.path)));
        let action = match (&rule.sync_to, rule.restarts) {
            (Some(_), true) => "sync+restart",
            (Some(_), false) => "sync",
            (None, _) => "rebuild",
        };
        keys.some("action", Some(text(action)));
        keys.some("target", rule.sync_to.as_deref().map(text));
        keys.list("ignore", rule.ignore.iter().map(|path| text(path)));
        keys.into_raw()
    };
    let mut keys = Keys::default();
    keys.list("watch", rules.iter().map(rule));
    (!keys.0.is_empty()).then(|| keys.into_raw())
}

/// The top-level keys besides `name` and `services`, with what is passed through laid over them.
pub fn sections(plan: &Plan) -> IndexMap<String, Raw> {
    let mut keys = Keys::default();
    keys.map("networks", plan.networks.iter().map(|(name, network)| (name, self::network(network))));
    keys.map("volumes", plan.volumes.iter().map(|(name, volume)| (name, self::volume(volume))));
    keys.map("secrets", plan.secrets.iter().map(|(name, secret)| (name, self::secret(name, secret))));
    keys.list(
        DEMANDED,
        plan.demanded_files().into_iter().enumerate().map(|(position, text)| {
            let raw = Raw::Text(text);
            if position == 0 { Raw::Noted(DEMANDED_NOTE, Box::new(raw)) } else { raw }
        }),
    );
    let mut sections = keys.0;
    for (key, value) in &plan.passthrough {
        match Raw::merge(sections.get(key), value) {
            Some(value) => {
                sections.insert(key.clone(), value);
            }
            None => {
                sections.shift_remove(key);
            }
        }
    }
    sections
}

fn network(network: &Network) -> Raw {
    let mut keys = Keys::default();
    keys.some("name", network.name.clone().map(Raw::Text));
    keys.flag("external", network.external);
    keys.some("internal", network.internal.then(|| Raw::Noted(INTERNAL_NOTE, Box::new(Raw::Bool(true)))));
    keys.some("ipam", network.subnet.as_deref().map(ipam));
    keys.into_raw()
}

fn ipam(subnet: &str) -> Raw {
    let mut pool = Keys::default();
    pool.some("subnet", Some(text(subnet)));
    let mut keys = Keys::default();
    keys.list("config", [pool.into_raw()]);
    keys.into_raw()
}

fn volume(volume: &Volume) -> Raw {
    let mut keys = Keys::default();
    keys.some("name", volume.name.clone().map(Raw::Text));
    keys.flag("external", volume.external);
    keys.into_raw()
}

fn secret(name: &str, secret: &Secret) -> Raw {
    let mut keys = Keys::default();
    match secret {
        Secret::Variable => keys.some("environment", Some(text(name))),
        Secret::File(path) => keys.some("file", Some(text(path))),
    }
    keys.into_raw()
}
