//! `docker-compose.yml`: the plan, as Compose reads it.

use minijinja::Environment;
use serde::Serialize;

use super::{Artifact, Artifacts, Owner, RenderError, filters, in_output, manifest_from};
use crate::plan::{Dependency, Logging, Plan, Probe, Resources, Service, Text, WatchRule};

#[derive(Serialize)]
struct Context<'a> {
    manifest: String,
    environment: &'a str,
    name: String,
    /// What keeps the file from being used with another environment's values.
    guard: Option<String>,
    services: Vec<ServiceContext<'a>>,
    networks: Vec<NetworkContext<'a>>,
    volumes: Vec<VolumeContext<'a>>,
}

#[derive(Serialize)]
struct ServiceContext<'a> {
    name: &'a str,
    image: Option<String>,
    build: Option<BuildContext>,
    restart: Option<String>,
    init: bool,
    user: Option<String>,
    cap_drop: bool,
    cap_add: &'a [String],
    no_new_privileges: bool,
    read_only: bool,
    tmpfs: &'a [String],
    command: Option<Vec<String>>,
    environment: Vec<(&'a str, String)>,
    ports: Vec<String>,
    health: Option<HealthContext<'a>>,
    volumes: Vec<String>,
    socket: bool,
    networks: &'a [String],
    depends_on: Vec<DependencyContext<'a>>,
    stop_grace: &'a str,
    limits: Option<ResourcesContext<'a>>,
    reservations: Option<ResourcesContext<'a>>,
    logging: Option<LoggingContext<'a>>,
    watch: Vec<WatchContext<'a>>,
    labels: Vec<(&'a str, String)>,
}

#[derive(Serialize)]
struct BuildContext {
    context: String,
    target: &'static str,
}

#[derive(Serialize)]
struct HealthContext<'a> {
    test: Vec<String>,
    interval: &'a str,
    timeout: &'a str,
    retries: u16,
    start_period: &'a str,
}

#[derive(Serialize)]
struct DependencyContext<'a> {
    name: &'a str,
    condition: &'static str,
    restart: bool,
}

#[derive(Serialize)]
struct ResourcesContext<'a> {
    memory: Option<&'a str>,
    cpus: Option<String>,
}

#[derive(Serialize)]
struct LoggingContext<'a> {
    max_size: &'a str,
    max_file: u16,
}

#[derive(Serialize)]
struct WatchContext<'a> {
    path: String,
    target: Option<String>,
    ignore: &'a [String],
}

#[derive(Serialize)]
struct NetworkContext<'a> {
    key: &'a str,
    name: Option<String>,
    external: bool,
    internal: bool,
    subnet: Option<&'a str>,
}

#[derive(Serialize)]
struct VolumeContext<'a> {
    key: &'a str,
    name: Option<String>,
    external: bool,
}

pub(super) fn render(
    environment: &Environment<'_>,
    plan: &Plan,
    manifest: &str,
    artifacts: &mut Artifacts,
) -> Result<(), RenderError> {
    let context = Context {
        manifest: manifest_from(&plan.output, manifest),
        environment: &plan.environment,
        name: plan.project.to_compose(),
        guard: (!plan.is_default).then(|| format!("${{COMPOSE_FILE:?use --env-file {}}}", plan.env_file())),
        services: plan.services.values().map(service).collect(),
        networks: plan
            .networks
            .iter()
            .map(|(key, network)| NetworkContext {
                key,
                name: network.name.as_ref().map(Text::to_compose),
                external: network.external,
                internal: network.internal,
                subnet: network.subnet.as_deref(),
            })
            .collect(),
        volumes: plan
            .volumes
            .iter()
            .map(|(key, volume)| VolumeContext {
                key,
                name: volume.name.as_ref().map(Text::to_compose),
                external: volume.external,
            })
            .collect(),
    };
    let text = filters::template(environment, "compose.yml.j2", context)?;
    let owner = Owner::Environment(plan.environment.clone());
    artifacts.insert(in_output(plan, &plan.compose_file()), Artifact { text, executable: false, owner });
    Ok(())
}

fn service(service: &Service) -> ServiceContext<'_> {
    ServiceContext {
        name: &service.name,
        image: service.image.as_ref().map(Text::to_compose),
        build: service
            .build
            .as_ref()
            .map(|build| BuildContext { context: plain(&build.context), target: build.target.name() }),
        restart: service.restart.as_deref().map(plain),
        init: service.init,
        user: service.user.as_deref().map(plain),
        cap_drop: service.drop_capabilities,
        cap_add: &service.capabilities,
        no_new_privileges: service.no_new_privileges,
        read_only: service.read_only,
        tmpfs: &service.tmpfs,
        command: service.command.as_ref().map(|words| words.iter().map(Text::to_compose).collect()),
        environment: service.environment.iter().map(|(name, text)| (name.as_str(), text.to_compose())).collect(),
        ports: service.ports.iter().map(|port| port.text.to_compose()).collect(),
        health: service.health.as_ref().map(health),
        volumes: service.volumes.iter().map(|mount| mount.text.to_compose()).collect(),
        socket: service.volumes.iter().any(|mount| mount.mount.target == "/var/run/docker.sock"),
        networks: &service.networks,
        depends_on: service.depends_on.iter().map(dependency).collect(),
        stop_grace: &service.stop_grace,
        limits: service.limits.as_ref().map(resources),
        reservations: service.reservations.as_ref().map(resources),
        logging: service.logging.as_ref().map(logging),
        watch: service.watch.iter().map(watch).collect(),
        labels: service.labels.iter().map(|(name, text)| (name.as_str(), text.to_compose())).collect(),
    }
}

/// What holds no variable, as Compose reads it: it interpolates every value.
fn plain(text: &str) -> String {
    text.replace('$', "$$")
}

fn health(probe: &Probe) -> HealthContext<'_> {
    let mut test = vec!["CMD".to_owned()];
    test.extend(probe.command.iter().map(Text::to_compose));
    HealthContext {
        test,
        interval: &probe.interval,
        timeout: &probe.timeout,
        retries: probe.retries,
        start_period: &probe.start_period,
    }
}

fn dependency<'a>((name, dependency): (&'a String, &'a Dependency)) -> DependencyContext<'a> {
    DependencyContext { name, condition: dependency.condition.word(), restart: dependency.restart }
}

fn resources(resources: &Resources) -> ResourcesContext<'_> {
    ResourcesContext { memory: resources.memory.as_deref(), cpus: resources.cpus.map(|cpus| cpus.to_string()) }
}

fn logging(logging: &Logging) -> LoggingContext<'_> {
    LoggingContext { max_size: &logging.max_size, max_file: logging.max_file }
}

fn watch(rule: &WatchRule) -> WatchContext<'_> {
    WatchContext { path: plain(&rule.path), target: rule.sync_to.as_deref().map(plain), ignore: &rule.ignore }
}
