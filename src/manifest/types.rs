//! The vocabulary of services.toml. These types are the schema: every doc comment here is the description that an
//! editor shows, and `manifest::schema` turns them into `services.schema.json`.
//!
//! They hold one environment's view: base and overlay are merged before they are read into these types.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::unions::{
    BeforeStart, BoolOr, DependsOn, EnvValue, Health, OneOrMany, PortOrName, Publish, Required, Scalar, Tls, Toggle,
};

/// A stack of services: rendered into Dockerfiles, Compose files, Traefik labels and env examples.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// The stack as a whole.
    #[schemars(required)]
    pub stack: Option<Stack>,
    /// Service keys that hold for every service where they make sense. A service's own key always wins.
    pub defaults: Option<Service>,
    /// What an operator sets, by name. A variable without a default is required.
    #[serde(default)]
    pub variables: IndexMap<String, Variable>,
    /// The services, by name: lower-case letters, digits and inner hyphens.
    #[serde(default)]
    pub services: IndexMap<String, Service>,
    /// Traefik middlewares, by name: one table named after the middleware's type, in Traefik's own spelling.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, IndexMap<String, serde_json::Map<String, serde_json::Value>>>")]
    pub middlewares: IndexMap<String, Middleware>,
    /// Networks, by name. `edge` and `internal` always exist and may be given settings here.
    #[serde(default)]
    pub networks: IndexMap<String, Network>,
    /// Settings of named volumes. A volume that is only named in a service's `volumes` needs no entry.
    #[serde(default)]
    pub volumes: IndexMap<String, Volume>,
    /// Top-level Compose keys in Compose's own spelling, merged last into every compose file. Values are interpolated.
    #[serde(default)]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub compose: toml::Table,
    /// One table per environment: the same file again, laid over. It may change services but not add any.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, serde_json::Map<String, serde_json::Value>>")]
    pub environments: IndexMap<String, toml::Table>,
}

/// The stack as a whole.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Stack {
    /// The name of the stack: prefix of Compose projects and Traefik routers.
    #[schemars(required)]
    pub name: Option<String>,
    /// The environments. Each is rendered into one complete compose file; the first is the default one. Without this
    /// key there is one, called `default`.
    pub environments: Option<Vec<String>>,
    /// The host name or names of every route that names none. Interpolated.
    pub host: Option<OneOrMany>,
    /// The Compose project name. Default: the stack's name, followed by the environment's where there are several.
    /// Interpolated.
    pub project: Option<String>,
    /// Whether the strict rules hold: secrets are never defaulted, nothing listens where it need not. Default: false
    /// for `default`, `dev`, `development`, `local` and `test`, else true.
    pub production: Option<bool>,
    /// Added to every derived host port, so that environments do not meet. Default: 0.
    pub port_offset: Option<u16>,
    /// Whether the environments share one host: nothing of one may coincide with another. Default: false.
    pub side_by_side: Option<bool>,
    /// The IP address of derived host ports. Default: 127.0.0.1; a proxy's entry points listen on every address in
    /// production.
    pub bind: Option<String>,
    /// Where the stack's own files (compose files, env examples) go, relative to this file. Default: `.`.
    pub output: Option<String>,
    /// The versions of stackgen that may render this file, such as `">=0.3"` or `">=0.3, <2"`.
    pub stackgen: Option<String>,
    /// The Compose project whose proxy serves this stack, where that is not its own. Interpolated.
    pub edge: Option<String>,
    /// Other manifests on this host, relative to this file: only checked.
    pub siblings: Option<Vec<String>>,
    /// Rules that are silent for the whole stack, each with the reason why.
    #[serde(default)]
    pub allow: IndexMap<String, String>,
}

/// Something an operator sets in an env file or the shell.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Variable {
    /// The value where nothing is set. Without one the variable is required. Interpolated.
    pub default: Option<Scalar>,
    /// Whether it must be set: everywhere, nowhere, or in these environments. Default: true without a default.
    pub required: Option<Required>,
    /// Whether the value is a secret: never literal in a production file, never shown.
    #[serde(default)]
    pub secret: bool,
    /// Whether it reaches containers as a file under `/run/secrets` instead of as a value; text is the path of the file
    /// on the host, relative to this file. Default: false.
    pub file: Option<BoolOr<String>>,
    /// What the value must look like. Default: inferred from `default`, else `string`.
    #[serde(rename = "type")]
    pub kind: Option<VariableType>,
    /// The values it may have.
    pub values: Option<Vec<String>>,
    /// One line for whoever sets it: shown in the env example and when it is missing.
    pub help: Option<String>,
    /// An example value for the env example.
    pub example: Option<Scalar>,
    /// Whether `stackgen env --write` makes a random value where none is set: `true` for 32 random bytes in URL-safe
    /// base64, or how many characters of that alphabet (8 to 1024). Default: false.
    pub generate: Option<super::unions::Generate>,
}

/// What the value of a variable must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VariableType {
    /// Any text.
    String,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// `true` or `false`.
    Bool,
    /// An absolute URL.
    Url,
    /// A port number, 1 to 65535.
    Port,
    /// An e-mail address.
    Email,
    /// A length of time such as `30s`.
    Duration,
    /// Text of letters, digits, `-`, `.`, `_` and `~`, so that it can stand inside a URL.
    UrlSafe,
}

/// One service: a container that is built from source or run from an image.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Service {
    /// What the service is: the name of a kind such as `node`, `redis` or `traefik`. Without one it is a plain container.
    pub kind: Option<String>,
    /// The version of the kind, always quoted: `"3.10"` is not 3.1.
    pub version: Option<String>,
    /// The image to run instead of the kind's; alone it makes a plain container. Interpolated.
    pub image: Option<String>,
    /// The directory of the code, relative to this file. Its Dockerfile and .dockerignore are generated.
    pub source: Option<String>,
    /// The build context, relative to this file: a directory above the source. Default: the source.
    pub context: Option<String>,
    /// A hand-written Dockerfile to build with, relative to the source. Default: one is generated.
    pub dockerfile: Option<String>,
    /// The stage of the hand-written Dockerfile. Default: its last one.
    pub target: Option<String>,
    /// The service whose image and settings this one takes over: another process of the same program. It does not take
    /// ports, routes, the probe, profiles, replicas, and what runs before the start.
    pub extends: Option<String>,
    /// Whether it runs elsewhere: nothing is rendered, and others can still refer to it. Default: false.
    pub external: Option<bool>,
    /// The address of an external service. Interpolated.
    pub host: Option<String>,
    /// Further paths of the build context that the image gets.
    pub include: Option<Vec<String>>,
    /// The environments in which the service exists. Default: all.
    pub environments: Option<Vec<String>>,
    /// The port it listens on, inside its container.
    pub port: Option<u16>,
    /// Further ports it listens on, by name.
    #[serde(default)]
    pub ports: IndexMap<String, u16>,
    /// Host ports. `true`: each port, at its number plus `stack.port-offset`; a number: the main port there; text:
    /// Compose's short syntax, verbatim. Default: false, but a proxy's entry points are always published.
    pub publish: Option<Publish>,
    /// The health probe: a path that answers 200, a command, or a table; `false` for none. Default: the kind's.
    pub health: Option<Toggle<Health>>,
    /// The path that answers 200 as soon as it can serve: for people and smoke tests, not the container's probe.
    pub ready: Option<String>,
    /// The command, in exec form: text is split into words, never handed to a shell. Interpolated.
    pub command: Option<OneOrMany>,
    /// Commands that run before the main one, in order; then it takes over the process.
    pub before_start: Option<Vec<BeforeStart>>,
    /// The commands of the build stage. Default: the kind's.
    pub build: Option<Vec<String>>,
    /// Debian packages that the running service needs.
    pub packages: Option<Vec<String>>,
    /// Debian packages that only the build needs.
    pub build_packages: Option<Vec<String>>,
    /// Environment variables of the container: a literal, an interpolated text, or a table that declares an operator
    /// variable of that very name.
    #[serde(default)]
    pub env: IndexMap<String, EnvValue>,
    /// Variables of the build: arguments of the Dockerfile; one that is secret is mounted and never stored. Only
    /// operator variables, images and public addresses can stand in them.
    #[serde(default)]
    pub build_env: IndexMap<String, EnvValue>,
    /// Services that must be up first, beyond those that references name.
    pub depends_on: Option<DependsOn>,
    /// Whether it ends by design: whoever depends on it waits until it has ended well. Default: false.
    pub one_shot: Option<bool>,
    /// Compose profiles: the service starts only where one of them is asked for. Default: it always starts.
    pub profiles: Option<Vec<String>>,
    /// How many containers run. Default: 1.
    pub replicas: Option<u16>,
    /// The name of its container, instead of one that begins with the project. Interpolated.
    pub container_name: Option<String>,
    /// Mounts in Compose's short syntax: `volume:/path` or `./directory:/path:ro`. Interpolated.
    pub volumes: Option<Vec<String>>,
    /// Whether the kind's data lives on a volume; text names the volume or directory. Default: true where it has data.
    pub persist: Option<Toggle<PersistSource>>,
    /// Networks. `"..."` stands for the derived ones.
    pub networks: Option<Vec<String>>,
    /// How a change of source reaches the running service, in its development target: `watch` synchronises files
    /// (`docker compose watch`), `mount` binds the source into the container. Default: false.
    pub reload: Option<Toggle<Reload>>,
    /// Whether a debugger listens, on a port that is published on the host's loopback address. Default: false.
    pub debug: Option<bool>,
    /// Where Prometheus finds its metrics: a path on the main port; `true` for the kind's own. Default: the kind's.
    pub metrics: Option<BoolOr<String>>,
    /// Task queues that it fills.
    pub produces: Option<Vec<String>>,
    /// Task queues that it works on.
    pub consumes: Option<Vec<String>>,
    /// The most it may use.
    pub limits: Option<Resources>,
    /// What is kept free for it.
    pub reservations: Option<Resources>,
    /// Compose's restart policy. Default: `unless-stopped` in production, else none.
    pub restart: Option<String>,
    /// How long it may take to stop. Default: the kind's, else `10s`.
    pub stop_grace: Option<String>,
    /// Log rotation; `false` for the engine's default. Default: 3 files of 10m in production, else none.
    pub logging: Option<Toggle<Logging>>,
    /// The numeric user, or `user:group`. Default: the kind's.
    pub user: Option<UserId>,
    /// Whether capabilities are dropped, new privileges forbidden and an init process added. Default: true for kinds;
    /// a plain image only gets `no-new-privileges`.
    pub hardening: Option<bool>,
    /// Container labels, verbatim. Interpolated.
    #[serde(default)]
    pub labels: IndexMap<String, Scalar>,
    /// Compose keys of the service in Compose's own spelling, merged last. Values are interpolated; `"!reset"` takes a
    /// key away.
    #[serde(default)]
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub compose: toml::Table,
    /// The ways in from outside, by name.
    #[serde(default)]
    pub routes: IndexMap<String, Route>,
    /// One line that says what the service is for.
    pub help: Option<String>,
    /// Rules that are silent for this service, each with the reason why.
    #[serde(default)]
    pub allow: IndexMap<String, String>,
    /// The options of the kind, which stand flat beside the keys above.
    #[serde(skip)]
    pub options: toml::Table,
    /// The keys that stand on the service itself or in its overlay, and not only in the defaults.
    #[serde(skip)]
    pub written: Vec<String>,
    /// The keys that the defaults alone say.
    #[serde(skip)]
    pub defaulted: Vec<String>,
}

/// The name of a volume, or a directory.
pub type PersistSource = super::unions::BoolOr<String>;

/// A user as a number, or as text.
pub type UserId = super::unions::IntOrString;

/// How a change of source reaches the running service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reload {
    /// `docker compose watch` synchronises the files.
    Watch,
    /// The source is bound into the container.
    Mount,
}

/// Memory and processor time.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Resources {
    /// Memory in Compose's units, such as `512m` or `2g`.
    pub memory: Option<String>,
    /// Processors; fractions are shares of one.
    pub cpus: Option<f64>,
}

/// Log rotation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Logging {
    /// Size at which a log file is rotated, such as `10m`.
    pub max_size: Option<String>,
    /// How many files are kept.
    pub max_file: Option<u16>,
}

/// A way in from outside.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Route {
    /// The path or paths; each means itself and its children (`/task`, `/task/…`, never `/taskforce`). Default: `/`.
    pub path: Option<OneOrMany>,
    /// The host name or names. Default: `stack.host`. Interpolated.
    pub host: Option<OneOrMany>,
    /// Whether the matched path is removed before the request is handed on; text removes another prefix.
    pub strip_prefix: Option<BoolOr<String>>,
    /// Middlewares, after those of the entry point. `name@provider` names one that is defined elsewhere.
    pub middlewares: Option<Vec<String>>,
    /// The entry points. Default: all that do not redirect.
    pub entrypoints: Option<Vec<String>>,
    /// The port of the service, as a number or by its name among the `ports`. Default: its `port`.
    pub port: Option<PortOrName>,
    /// The priority among routers; larger wins. Default: computed, host before path and longer before shorter.
    pub priority: Option<i64>,
    /// A Traefik v3 rule, verbatim, instead of `path` and `host`. Interpolated.
    pub rule: Option<String>,
    /// The request path that proves the route; `false` for none. Default: the path followed by the health path.
    pub smoke: Option<Toggle<String>>,
    /// What proves that this service answered, and not another one.
    pub expect: Option<Expect>,
    /// What the route carries. Default: `http`.
    pub protocol: Option<RouteProtocol>,
    /// The server names of a `tcp` route, which its entry point reads from TLS. Default: any. Interpolated.
    pub sni: Option<OneOrMany>,
}

/// What a route carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RouteProtocol {
    /// HTTP requests.
    #[default]
    Http,
    /// Plain connections.
    Tcp,
}

/// What an answer must look like to prove where it came from.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expect {
    /// The status code. Default: 200.
    pub status: Option<u16>,
    /// Header fields and their values.
    #[serde(default)]
    pub header: IndexMap<String, String>,
    /// Values in the JSON body, by JSON pointer (RFC 6901) such as `/service`.
    #[serde(default)]
    pub json: IndexMap<String, Scalar>,
}

/// A Traefik middleware: one table, named after its type.
pub type Middleware = IndexMap<String, toml::Table>;

/// Settings of a network.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Network {
    /// The name on the engine, instead of one that begins with the project. Interpolated.
    pub name: Option<String>,
    /// Whether it exists already and is only joined.
    #[serde(default)]
    pub external: bool,
    /// Whether it has no way out. Default: derived for `internal`, else false.
    pub internal: Option<bool>,
    /// The subnet in CIDR notation.
    pub subnet: Option<String>,
}

/// Settings of a named volume.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Volume {
    /// The name on the engine, instead of one that begins with the project. Interpolated.
    pub name: Option<String>,
    /// Whether it exists already and is only used.
    #[serde(default)]
    pub external: bool,
}

/// A port on which a proxy listens.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EntryPoint {
    /// The port inside the container.
    #[schemars(required)]
    pub port: Option<u16>,
    /// The entry point that every request without a route is redirected to.
    pub redirect_to: Option<String>,
    /// Whether it speaks TLS; text names the certificate resolver in `certificates`.
    pub tls: Option<Tls>,
    /// Middlewares of every route on this entry point.
    pub middlewares: Option<Vec<String>>,
}

/// Where certificates come from: an ACME resolver.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Certificate {
    /// The address that certificate notices go to. Interpolated.
    #[schemars(required)]
    pub email: Option<String>,
    /// How the certificate authority is shown that the name is ours. Default: `http`.
    pub challenge: Option<Challenge>,
    /// The DNS provider of a `dns` challenge, in Traefik's spelling.
    pub provider: Option<String>,
    /// Another ACME directory, such as a test authority. Default: Let's Encrypt. Interpolated.
    pub ca_server: Option<String>,
}

/// How a certificate authority is shown that a name is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Challenge {
    /// A file over HTTP on port 80.
    #[default]
    Http,
    /// A TLS handshake on port 443.
    Tls,
    /// A DNS record.
    Dns,
}
