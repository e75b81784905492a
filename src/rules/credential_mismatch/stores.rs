//! What data stores and queues ask of who connects, by the images that are known: the official ones of Docker Hub, and
//! those that are built on them.

use crate::addresses::UNKNOWN;
use crate::plan::{Plan, Secret, Service, Text};
use crate::rules::datastore_without_volume::images;

/// A sort of store.
pub(super) struct Store {
    /// Names of its images.
    images: &'static [&'static str],
    /// Schemes of the URLs that its clients take.
    pub(super) schemes: &'static [&'static str],
    user: Setting,
    password: Setting,
    database: Setting,
    /// Who has a password of his own beside the user: the name, and the variables with the password.
    administrator: Option<(&'static str, Setting)>,
    /// Databases that are always there.
    databases: &'static [&'static str],
}

/// Variables that say the same, the stronger one first, and what holds without them.
type Setting = (&'static [&'static str], Option<&'static str>);

/// A setting that the image does not have.
const NONE: Setting = (&[], None);

/// Databases of `MySQL` itself.
const OF_MYSQL: &[&str] = &["information_schema", "mysql", "performance_schema", "sys"];

/// The stores, by what their pages on Docker Hub say of the variables ("Environment Variables").
const STORES: [Store; 6] = [
    Store {
        images: &["pgvector/pgvector", "postgis/postgis", "postgres", "timescale/timescaledb"],
        schemes: &["postgres", "postgresql"],
        user: (&["POSTGRES_USER"], Some("postgres")),
        password: (&["POSTGRES_PASSWORD"], None),
        database: (&["POSTGRES_DB", "POSTGRES_USER"], Some("postgres")),
        administrator: None,
        databases: &["postgres", "template1"],
    },
    Store {
        images: &["mysql"],
        schemes: &["mariadb", "mysql"],
        user: (&["MYSQL_USER"], None),
        password: (&["MYSQL_PASSWORD"], None),
        database: (&["MYSQL_DATABASE"], None),
        administrator: Some(("root", (&["MYSQL_ROOT_PASSWORD"], None))),
        databases: OF_MYSQL,
    },
    Store {
        images: &["mariadb"],
        schemes: &["mariadb", "mysql"],
        user: (&["MARIADB_USER", "MYSQL_USER"], None),
        password: (&["MARIADB_PASSWORD", "MYSQL_PASSWORD"], None),
        database: (&["MARIADB_DATABASE", "MYSQL_DATABASE"], None),
        administrator: Some(("root", (&["MARIADB_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD"], None))),
        databases: OF_MYSQL,
    },
    Store {
        images: &["mongo"],
        schemes: &["mongodb"],
        user: (&["MONGO_INITDB_ROOT_USERNAME"], None),
        password: (&["MONGO_INITDB_ROOT_PASSWORD"], None),
        // Made where somebody writes into it.
        database: NONE,
        administrator: None,
        databases: &[],
    },
    Store {
        images: &["redis", "valkey/valkey"],
        schemes: &["redis", "rediss", "valkey", "valkeys"],
        user: NONE,
        password: NONE,
        database: NONE,
        administrator: None,
        databases: &[],
    },
    Store {
        images: &["rabbitmq"],
        schemes: &["amqp", "amqps", "http", "https", "mqtt", "mqtts", "ws", "wss"],
        user: (&["RABBITMQ_DEFAULT_USER"], Some("guest")),
        password: (&["RABBITMQ_DEFAULT_PASS"], Some("guest")),
        database: NONE,
        administrator: None,
        databases: &[],
    },
];

/// Schemes that no store but those that say so understands.
const OTHERS: [&str; 2] = ["http", "https"];

/// Where the images look for what makes further users and databases at the first start.
const FIRST_START: &str = "/docker-entrypoint-initdb.d";

/// What a service asks of who connects to it.
pub(super) struct Asked {
    pub(super) store: &'static Store,
    /// The user; none where nothing is known.
    pub(super) user: Option<Text>,
    /// The password of that user.
    pub(super) password: Option<Text>,
    /// The one who may do everything, and has another password.
    pub(super) administrator: Option<(&'static str, Option<Text>)>,
    /// The database that is made.
    pub(super) database: Option<Text>,
    /// Further databases.
    pub(super) databases: Vec<String>,
}

impl Asked {
    /// What is known of a service; none where its image is none of those that are known.
    pub(super) fn by(plan: &Plan, service: &Service) -> Option<Self> {
        if service.build.is_some() {
            return None;
        }
        let image = service.image.as_ref()?.with_unknown(UNKNOWN);
        let (name, _) = images::repository(&image);
        let store = STORES.iter().find(|store| store.images.contains(&name))?;
        let said = |setting: Setting| said(plan, service, setting);
        let databases = service.files.iter().filter_map(|file| file.options.get("databases")?.as_array()).flatten();
        let databases = databases.filter_map(|name| Some(name.as_str()?.to_owned()));
        let databases = databases.chain(store.databases.iter().map(|name| (*name).to_owned())).collect();
        // A script may make anybody and anything.
        let is_generated = |target: &str| service.files.iter().any(|file| file.target == target);
        let mut scripts = service.volumes.iter().map(|mount| mount.mount.target.as_str());
        if scripts.any(|target| target.starts_with(FIRST_START) && !is_generated(target)) {
            return Some(Self { store, user: None, password: None, administrator: None, database: None, databases });
        }
        Some(Self {
            store,
            user: said(store.user),
            password: if name == "redis" || name.starts_with("valkey") {
                required_password(service)
            } else {
                said(store.password)
            },
            administrator: store.administrator.map(|(name, password)| (name, said(password))),
            database: said(store.database),
            databases,
        })
    }
}

/// Whether URLs of this scheme are for stores, or for none.
pub(super) fn is_of_stores(scheme: &str) -> bool {
    OTHERS.contains(&scheme) || STORES.iter().any(|store| store.schemes.contains(&scheme))
}

/// What a container is told, be it by a file with a secret.
fn said(plan: &Plan, service: &Service, (names, otherwise): Setting) -> Option<Text> {
    let by_file = |name: &str| {
        let path = service.environment.get(&format!("{name}_FILE"))?.as_literal()?;
        let secret = path.strip_prefix("/run/secrets/")?;
        (plan.secrets.get(secret) == Some(&Secret::Variable)).then(|| Text::variable(secret, None))
    };
    let told = names.iter().find_map(|name| service.environment.get(*name).cloned().or_else(|| by_file(name)));
    told.or_else(|| otherwise.map(Text::literal))
}

/// The password that a Redis is started with.
fn required_password(service: &Service) -> Option<Text> {
    let words = service.command.as_ref()?;
    let at = words.iter().position(|word| word.as_literal() == Some("--requirepass"))?;
    words.get(at + 1).cloned()
}
