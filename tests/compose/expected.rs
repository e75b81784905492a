//! What Compose has to understand, derived from the plan alone: neither the template nor its context takes part.
//!
//! Every struct of the plan is taken apart by name, so that a new field does not compile until it is said here whether
//! Compose hears of it.

use std::env;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};
use stackgen::compose::port::{self, PortMapping};
use stackgen::compose::volume::{self, Mount, Source};
use stackgen::plan::{
    Build, Dependency, Logging, Network, Plan, PlannedMount, Probe, Resources, Secret, Service, Text, Volume, WatchRule,
};

use crate::values::{FILE_VARIABLE, Values};

/// The units of a length of time, in seconds.
const TIME_UNITS: [(&str, f64); 7] =
    [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];

/// The units of an amount of memory, as powers of 1024 (Docker, `units.RAMInBytes`).
const MEMORY_UNITS: [(char, i32); 5] = [('b', 0), ('k', 1), ('m', 2), ('g', 3), ('t', 4)];

/// The model of a plan, whose services.toml is in `root`, with these values, in the form that
/// [`crate::actual::plain`] brings Compose's own model to.
pub(crate) fn model(plan: &Plan, root: &Path, values: &Values) -> Value {
    let Plan {
        environment: _,
        is_default,
        production: _,
        side_by_side: _,
        stack: _,
        project: _,
        edge: _,
        output,
        variables: _,
        services,
        // Not rendered.
        externals: _,
        networks,
        volumes,
        secrets,
        passthrough,
        problems,
    } = plan;
    assert_eq!(problems, &[], "a plan with problems means nothing");
    let values = values.for_project(plan);
    let place = Place { root, folder: lexical(&root.join(output)), values: &values };
    let mut model = Object::default();
    model.set("name", values.project(plan));
    // Its only use is that Compose asks for it.
    model.set_some("x-stackgen-env-file", (!is_default).then(|| values.get(FILE_VARIABLE)));
    model.set("services", map(services.iter().map(|(name, service)| (name, place.service(service)))));
    model.set_filled("networks", networks.iter().map(|(key, network)| (key, place.network(plan, key, network))));
    model.set_filled("volumes", volumes.iter().map(|(key, volume)| (key, place.volume(plan, key, volume))));
    let demanded: Vec<Value> = plan.demanded_files().iter().map(|text| place.text(text)).collect();
    model.set_items("x-stackgen-secrets", demanded.into_iter());
    model.set_filled("secrets", secrets.iter().map(|(key, secret)| (key, place.secret(plan, key, secret))));
    assert!(passthrough.is_empty(), "what is passed through is compared by `passthrough.rs`");
    model.into()
}

/// Where a plan is, and with which values.
struct Place<'a> {
    /// The folder of services.toml.
    root: &'a Path,
    /// The folder of the compose file.
    folder: PathBuf,
    values: &'a Values,
}

impl Place<'_> {
    fn service(&self, service: &Service) -> Value {
        let Service {
            name: _,
            kind: _,
            class: _,
            // Told to people.
            help: _,
            archives: _,
            // Its image is the other's, which its build says.
            extends: _,
            container_name,
            profiles,
            replicas,
            // What it means for others is in their dependencies.
            one_shot: _,
            entrypoint,
            secrets,
            image,
            build,
            restart,
            init,
            user,
            drop_capabilities,
            capabilities,
            no_new_privileges,
            read_only,
            tmpfs,
            command,
            environment,
            // What others call it by.
            port: _,
            listeners: _,
            debug_port: _,
            ports,
            health,
            // Part of the probe's command.
            health_path: _,
            // For smoke tests, Prometheus and people.
            ready: _,
            metrics: _,
            produces: _,
            consumes: _,
            depends_on,
            // Each is a text of the service.
            references: _,
            volumes,
            // Where one of the volumes is mounted.
            data: _,
            // Each is among the mounts.
            files: _,
            networks,
            stop_grace,
            logging,
            limits,
            reservations,
            watch,
            labels,
            // Told to the proxy by labels and flags, which `tests/traefik.rs` shows to a real one.
            routers: _,
            proxy: _,
            passthrough,
            default_queues: _,
            single: _,
        } = service;
        assert!(passthrough.is_empty(), "what is passed through is compared by `passthrough.rs`");
        let mut model = Object::default();
        model.set_some("image", image.as_ref().map(|image| self.text(image)));
        model.set_some("build", build.as_ref().map(|build| self.build(build)));
        model.set_some("container_name", container_name.as_ref().map(|name| self.text(name)));
        model.set_items("profiles", profiles.iter().map(|name| json!(name)));
        model.set_some("entrypoint", entrypoint.as_ref().map(|words| self.texts(words)));
        model.set_items("secrets", secrets.iter().map(|name| secret_file(name)));
        model.set_some("restart", restart.as_ref());
        model.set_some("init", init.then_some(true));
        model.set_some("user", user.as_ref());
        model.set_some("cap_drop", drop_capabilities.then(|| json!(["ALL"])));
        model.set_items("cap_add", capabilities.iter().map(|name| json!(name)));
        model.set_some("security_opt", no_new_privileges.then(|| json!(["no-new-privileges:true"])));
        model.set_some("read_only", read_only.then_some(true));
        model.set_items("tmpfs", tmpfs.iter().map(|path| json!(path)));
        model.set_some("command", command.as_ref().map(|words| self.texts(words)));
        model.set_filled("environment", environment.iter().map(|(name, text)| (name, self.text(text))));
        model.set_items("ports", ports.iter().flat_map(|port| published(&self.values.evaluate(&port.text))));
        model.set_some("healthcheck", health.as_ref().map(|probe| self.probe(probe)));
        model.set_items("volumes", volumes.iter().map(|planned| self.planned_mount(planned)));
        model.set_filled("networks", networks.iter().map(|name| (name, Value::Null)));
        model.set_filled("depends_on", depends_on.iter().map(|(name, dependency)| (name, awaited(dependency))));
        model.set("stop_grace_period", duration(stop_grace));
        let mut amounts = Object::default();
        amounts.set_some("limits", limits.as_ref().map(resources));
        amounts.set_some("reservations", reservations.as_ref().map(resources));
        let mut deployed = Object::default();
        deployed.set_some("replicas", *replicas);
        deployed.set_some("resources", (!amounts.0.is_empty()).then(|| Value::from(amounts)));
        model.set_some("deploy", (!deployed.0.is_empty()).then(|| Value::from(deployed)));
        model.set_some("logging", logging.as_ref().map(rotation));
        let rules: Vec<Value> = watch.iter().map(|rule| self.watch(rule)).collect();
        model.set_some("develop", (!rules.is_empty()).then(|| json!({ "watch": rules })));
        model.set_filled("labels", labels.iter().map(|(name, text)| (name, self.text(text))));
        model.into()
    }

    fn network(&self, plan: &Plan, key: &str, network: &Network) -> Value {
        let Network { name, external, internal, subnet } = network;
        let mut model = Object::default();
        model.set("name", self.name(plan, key, name.as_ref(), *external));
        model.set_some("external", external.then_some(true));
        model.set_some("internal", internal.then_some(true));
        model.set_some("ipam", subnet.as_ref().map(|subnet| json!({ "config": [{ "subnet": subnet }] })));
        model.into()
    }

    fn volume(&self, plan: &Plan, key: &str, volume: &Volume) -> Value {
        let Volume { name, external } = volume;
        let mut model = Object::default();
        model.set("name", self.name(plan, key, name.as_ref(), *external));
        model.set_some("external", external.then_some(true));
        model.into()
    }

    fn secret(&self, plan: &Plan, key: &str, secret: &Secret) -> Value {
        let name = format!("{}_{key}", self.values.project(plan));
        match secret {
            Secret::Variable => json!({ "name": name, "environment": key }),
            Secret::File(file) => json!({ "name": name, "file": path(&self.folder.join(file)) }),
        }
    }

    /// The name on the engine: fixed, that of what exists already, or one of the project.
    fn name(&self, plan: &Plan, key: &str, fixed: Option<&Text>, external: bool) -> String {
        match fixed {
            Some(fixed) => self.values.evaluate(fixed),
            None if external => key.to_owned(),
            None => format!("{}_{key}", self.values.project(plan)),
        }
    }

    fn text(&self, text: &Text) -> Value {
        self.values.evaluate(text).into()
    }

    fn texts(&self, texts: &[Text]) -> Vec<Value> {
        texts.iter().map(|text| self.text(text)).collect()
    }

    /// The context is the source itself, wherever the compose file is; the recipe is in the Dockerfile there.
    fn build(&self, build: &Build) -> Value {
        let Build { source, context, dockerfile, target, args, secrets, recipe } = build;
        // Without a context of its own the source is it, wherever the compose file is.
        let is_source = recipe.as_ref().is_none_or(|recipe| recipe.prefix.is_empty()) && dockerfile.is_none();
        let folder = if is_source { self.root.join(source) } else { self.folder.join(context) };
        let mut model = Object::default();
        model.set("context", path(&folder));
        model.set_some("dockerfile", dockerfile.as_ref());
        model.set_some("target", target.as_ref());
        model.set_filled("args", args.iter().map(|(name, text)| (name, self.text(text))));
        model.set_items("secrets", secrets.iter().map(|(name, source)| build_secret(name, source)));
        model.into()
    }

    fn probe(&self, probe: &Probe) -> Value {
        let Probe { command, interval, timeout, retries, start_period } = probe;
        let mut test = vec![json!("CMD")];
        test.extend(self.texts(command));
        json!({
            "test": test,
            "interval": duration(interval),
            "timeout": duration(timeout),
            "retries": retries,
            "start_period": duration(start_period),
            // The same for everybody: what starts in a second is not to be waited for longer.
            "start_interval": duration("1s"),
        })
    }

    fn planned_mount(&self, planned: &PlannedMount) -> Value {
        let PlannedMount { text, mount: written, origin: _ } = planned;
        if text.variables().iter().all(|name| self.values.get(name).is_none()) {
            return mount(written, self.root);
        }
        // What the operator sets is read as Compose reads it, from the compose file.
        mount(&volume::parse(&self.values.evaluate(text)).expect("a mount"), &self.folder)
    }

    fn watch(&self, rule: &WatchRule) -> Value {
        let WatchRule { path: watched, sync_to, restarts, ignore } = rule;
        let mut model = Object::default();
        model.set("path", path(&self.folder.join(watched)));
        let copies = if *restarts { "sync+restart" } else { "sync" };
        model.set("action", if sync_to.is_some() { copies } else { "rebuild" });
        model.set_some("target", sync_to.as_ref());
        model.set_items("ignore", ignore.iter().map(|path| json!(path)));
        model.into()
    }
}

/// The long syntax of a secret under its own name.
fn secret_file(name: &str) -> Value {
    json!({ "source": name, "target": format!("/run/secrets/{name}") })
}

/// The same for a build, which knows it by `name`.
fn build_secret(name: &str, source: &str) -> Value {
    if name == source { json!({ "source": source }) } else { json!({ "source": source, "target": name }) }
}

/// The long syntax of a mount whose relative path begins in `folder`.
fn mount(mount: &Mount, folder: &Path) -> Value {
    let Mount { source, target, mode, must_exist } = mount;
    assert!(!must_exist, "only the long syntax asks for that: say what Compose makes of it");
    let mut model = Object::default();
    match source {
        Source::Volume(name) => {
            model.set("type", "volume");
            model.set("source", name);
        }
        Source::Bind(source) => {
            let home = || PathBuf::from(env::var_os("HOME").expect("a home directory"));
            let source = source.strip_prefix("~/").map_or_else(|| folder.join(source), |rest| home().join(rest));
            model.set("type", "bind");
            model.set("source", path(&source));
        }
        Source::Anonymous => model.set("type", "volume"),
        Source::Other => panic!("only the long syntax knows more types: say what Compose makes of it"),
    }
    model.set("target", path(Path::new(target)));
    for word in mode.split(',').filter(|word| !word.is_empty()) {
        match word {
            "ro" => model.set("read_only", true),
            "rw" => {}
            "z" | "Z" => model.set("bind", json!({ "selinux": word })),
            _ => panic!("the mode {word:?} of a mount is not known here: say what Compose makes of it"),
        }
    }
    model.into()
}

/// The long syntax of a published port: one entry per pair of ports, one for a pool that the engine picks from.
fn published(text: &str) -> Vec<Value> {
    let PortMapping { ip, published, target, protocol } = port::parse(text).expect("a port mapping");
    let entry = |published: Option<String>, target: u16| {
        let mut model = Object::default();
        model.set_some("host_ip", ip.map(|ip| ip.to_string()));
        model.set("target", target);
        model.set_some("published", published);
        model.set("protocol", protocol.to_string());
        model.into()
    };
    let targets = target.first..=target.last;
    match published {
        Some(pool) if target.first == target.last => vec![entry(Some(pool.to_string()), target.first)],
        Some(range) => (range.first..=range.last)
            .zip(targets)
            .map(|(published, target)| entry(Some(published.to_string()), target))
            .collect(),
        None => targets.map(|target| entry(None, target)).collect(),
    }
}

fn awaited(dependency: &Dependency) -> Value {
    let Dependency { condition, named: _, required, restart, origin: _ } = dependency;
    assert!(required, "only what is passed through says otherwise");
    let mut model = Object::default();
    model.set("condition", condition.word());
    model.set_some("restart", restart.then_some(true));
    model.into()
}

fn resources(resources: &Resources) -> Value {
    let Resources { memory: amount, cpus } = resources;
    let mut model = Object::default();
    model.set_some("memory", amount.as_ref().map(|amount| memory(amount)));
    model.set_some("cpus", *cpus);
    model.into()
}

fn rotation(logging: &Logging) -> Value {
    let Logging { max_size, max_file } = logging;
    json!({ "driver": "json-file", "options": { "max-size": max_size, "max-file": max_file.to_string() } })
}

/// A length of time in nanoseconds: `90s` and `1m30s` are the same.
pub(crate) fn duration(text: &str) -> Value {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let unit_end = rest[end..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |length| end + length);
        let unit = TIME_UNITS.iter().find(|(unit, _)| *unit == &rest[end..unit_end]);
        let (Ok(number), Some((_, seconds))) = (rest[..end].parse::<f64>(), unit) else {
            return json!(format!("{text:?}, which is no length of time"));
        };
        sum += Duration::from_secs_f64(number * seconds);
        rest = &rest[unit_end..];
    }
    json!(u64::try_from(sum.as_nanos()).expect("less than centuries"))
}

/// An amount of memory in bytes.
pub(crate) fn memory(text: &str) -> Value {
    let lower = text.to_ascii_lowercase();
    let end = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let (number, unit) = lower.split_at(end);
    let power = match unit.chars().next() {
        None => Some(0),
        Some(letter) => MEMORY_UNITS.iter().find(|(unit, _)| *unit == letter).map(|(_, power)| *power),
    };
    match (number.parse::<f64>(), power) {
        (Ok(number), Some(power)) => json!(number * 1024_f64.powi(power)),
        _ => json!(format!("{text:?}, which is no amount of memory")),
    }
}

fn path(path: &Path) -> Value {
    lexical(path).to_str().expect("paths in UTF-8").into()
}

/// A path without `.`, `..` and a slash at the end, whether it exists or not.
fn lexical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            component => clean.push(component),
        }
    }
    clean
}

fn map<'a>(entries: impl Iterator<Item = (&'a String, Value)>) -> Value {
    entries.map(|(name, value)| (name.clone(), value)).collect::<Map<_, _>>().into()
}

/// A JSON object in the making.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn set(&mut self, key: &str, value: impl serde::Serialize) {
        self.0.insert(key.to_owned(), json!(value));
    }

    fn set_some(&mut self, key: &str, value: Option<impl serde::Serialize>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    /// A list, unless nothing is in it.
    fn set_items(&mut self, key: &str, items: impl Iterator<Item = Value>) {
        let items: Vec<Value> = items.collect();
        self.set_some(key, (!items.is_empty()).then_some(items));
    }

    /// A mapping, unless nothing is in it.
    fn set_filled<'a>(&mut self, key: &str, entries: impl Iterator<Item = (&'a String, Value)>) {
        let entries = map(entries);
        self.set_some(key, (entries != json!({})).then_some(entries));
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object.0)
    }
}
