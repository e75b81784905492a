//! Images that many have and no kind stands for: what they listen on, where their data is, and which packages are clients
//! of what is in them (the pages of the images on Docker Hub; the packages' own pages on npm and `PyPI`).

use toml::Value;

use super::images::bare;
use super::{Entry, Material, Proposal, Service};
use crate::compose::image;
use crate::compose::interpolation::with_defaults;

/// Such an image.
#[derive(Debug)]
pub(super) struct Known {
    /// What it is called among people.
    pub(super) what: &'static str,
    /// Its names, the usual one first.
    images: &'static [&'static str],
    /// A version that is a usual one.
    version: &'static str,
    pub(super) port: u16,
    /// Where it keeps its data; empty for none.
    data: &'static str,
    /// Packages that talk to it, in small letters.
    clients: &'static [&'static str],
    /// What else it is to be told at its first start: variable and value; none for a secret.
    told: &'static [(&'static str, Option<&'static str>)],
    /// What it runs, where its image says nothing; else empty.
    command: &'static str,
}

const NONE: Known =
    Known { what: "", images: &[], version: "", port: 0, data: "", clients: &[], told: &[], command: "" };

const ALL: [Known; 19] = [
    Known { images: &["nginx"], port: 80, ..NONE },
    Known { images: &["httpd"], port: 80, ..NONE },
    Known { images: &["caddy"], port: 80, ..NONE },
    Known { images: &["traefik/whoami"], port: 80, ..NONE },
    Known { images: &["wordpress"], port: 80, ..NONE },
    Known { images: &["adminer"], port: 8080, ..NONE },
    Known {
        what: "MongoDB",
        images: &["mongo", "mongodb/mongodb-community-server", "percona/percona-server-mongodb"],
        version: "8",
        port: 27017,
        data: "/data/db",
        clients: &[
            "mongoose",
            "mongodb",
            "connect-mongo",
            "mongoist",
            "@typegoose/typegoose",
            "pymongo",
            "motor",
            "mongoengine",
            "beanie",
            "odmantic",
            "flask-pymongo",
        ],
        ..NONE
    },
    Known {
        what: "MySQL or MariaDB",
        images: &["mysql", "mariadb", "percona", "percona/percona-server"],
        version: "8.4",
        port: 3306,
        data: "/var/lib/mysql",
        clients: &[
            "mysql",
            "mysql2",
            "mariadb",
            "mysqlclient",
            "pymysql",
            "aiomysql",
            "asyncmy",
            "mysql-connector-python",
            "flask-mysqldb",
        ],
        told: &[("MYSQL_ROOT_PASSWORD", None), ("MYSQL_DATABASE", Some("app"))],
        ..NONE
    },
    Known {
        what: "RabbitMQ",
        images: &["rabbitmq", "bitnami/rabbitmq"],
        version: "4-management-alpine",
        port: 5672,
        data: "/var/lib/rabbitmq",
        clients: &["amqplib", "amqp-connection-manager", "rhea", "pika", "aio-pika", "aio_pika", "celery[librabbitmq]"],
        ..NONE
    },
    Known {
        what: "Kafka",
        images: &["apache/kafka", "confluentinc/cp-kafka", "bitnami/kafka", "redpandadata/redpanda"],
        version: "4.1.0",
        port: 9092,
        data: "/var/lib/kafka/data",
        clients: &["kafkajs", "node-rdkafka", "kafka-python", "confluent-kafka", "aiokafka", "faust-streaming"],
        ..NONE
    },
    Known {
        what: "Elasticsearch or OpenSearch",
        images: &["elasticsearch", "docker.elastic.co/elasticsearch/elasticsearch", "opensearchproject/opensearch"],
        version: "8.19.0",
        port: 9200,
        data: "/usr/share/elasticsearch/data",
        clients: &[
            "@elastic/elasticsearch",
            "@opensearch-project/opensearch",
            "elasticsearch",
            "elasticsearch-dsl",
            "opensearch-py",
            "django-elasticsearch-dsl",
        ],
        told: &[("discovery.type", Some("single-node")), ("xpack.security.enabled", Some("false"))],
        ..NONE
    },
    Known {
        what: "Memcached",
        images: &["memcached", "bitnami/memcached"],
        version: "1.6-alpine",
        port: 11211,
        data: "",
        clients: &["memjs", "memcached", "pymemcache", "pylibmc", "python-memcached", "aiomcache"],
        ..NONE
    },
    Known {
        what: "NATS",
        images: &["nats"],
        version: "2-alpine",
        port: 4222,
        data: "",
        clients: &["nats", "@nats-io/transport-node", "nats-py", "asyncio-nats-client"],
        ..NONE
    },
    Known {
        what: "Cassandra",
        images: &["cassandra", "scylladb/scylla"],
        version: "5",
        port: 9042,
        data: "/var/lib/cassandra",
        clients: &["cassandra-driver"],
        ..NONE
    },
    Known {
        what: "Neo4j",
        images: &["neo4j"],
        version: "5",
        port: 7687,
        data: "/data",
        clients: &["neo4j-driver", "neo4j", "neomodel"],
        told: &[("NEO4J_AUTH", Some("none"))],
        ..NONE
    },
    Known {
        what: "ClickHouse",
        images: &["clickhouse/clickhouse-server", "clickhouse"],
        version: "25.8",
        port: 8123,
        data: "/var/lib/clickhouse",
        clients: &["@clickhouse/client", "clickhouse-connect", "clickhouse-driver"],
        ..NONE
    },
    Known {
        what: "Meilisearch",
        images: &["getmeili/meilisearch"],
        version: "v1.22",
        port: 7700,
        data: "/meili_data",
        clients: &["meilisearch", "meilisearch-python-sdk"],
        ..NONE
    },
    Known {
        what: "Qdrant",
        images: &["qdrant/qdrant"],
        version: "v1.15.4",
        port: 6333,
        data: "/qdrant/storage",
        clients: &["@qdrant/js-client-rest", "qdrant-client"],
        ..NONE
    },
    Known {
        what: "MinIO",
        images: &["minio/minio", "quay.io/minio/minio", "bitnami/minio"],
        version: "RELEASE.2025-09-07T16-13-09Z",
        port: 9000,
        data: "/data",
        clients: &["minio"],
        told: &[("MINIO_ROOT_USER", Some("minio")), ("MINIO_ROOT_PASSWORD", None)],
        command: "server /data",
    },
];

impl Known {
    /// Whether it is this image.
    fn is(&self, text: &str) -> bool {
        image::parse(text).is_ok_and(|reference| self.images.contains(&bare(reference.name)))
    }

    /// As a service that somebody would write.
    fn service(&self, name: &str, why: String) -> Service {
        let mut service = Service { obstacle: Some(why), port: Some(self.port), ..Service::default() };
        let image = format!("{}:{}", self.images.first().copied().unwrap_or_default(), self.version);
        service.set("image", Entry::noted(image, "guess: nothing says which"));
        service.set("port", Entry::new(i64::from(self.port)));
        if !self.command.is_empty() {
            service.set("command", Entry::new(self.command));
        }
        if !self.data.is_empty() {
            service.set("volumes", Entry::new(vec![Value::from(format!("{name}-data:{}", self.data))]));
        }
        let secret =
            || toml::Table::from_iter([("secret", true), ("generate", true)].map(|(k, v)| (k.to_owned(), v.into())));
        let told = self
            .told
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.map_or_else(|| Value::from(secret()), Value::from)));
        let told: toml::Table = told.collect();
        if !told.is_empty() {
            service.set("env", Entry::new(told));
        }
        service
    }
}

/// What an image listens on, where that is known.
pub(super) fn port_of(image: &str) -> Option<u16> {
    ALL.iter().find(|known| known.is(image)).map(|known| known.port)
}

/// Servers that programs are clients of, that no file shows, and that no kind stands for: each as a comment, and told.
pub(super) fn missing(proposal: &mut Proposal, material: Material<'_>) {
    let seen = material.seen;
    let has_kind =
        |client: &str| material.kinds.iter().any(|kind| kind.traces.clients.iter().any(|known| known == client));
    for known in ALL.iter().filter(|known| !known.clients.is_empty()) {
        let mut images = seen.containers.iter().filter_map(|container| container.image.as_deref());
        if images.any(|image| known.is(&with_defaults(image))) {
            continue;
        }
        let client =
            seen.programs.iter().filter(|program| program.runs || !seen.containers.is_empty()).find_map(|program| {
                let client =
                    known.clients.iter().find(|client| program.packages.contains(**client) && !has_kind(client))?;
                Some((*client, program.from.clone()))
            });
        let Some((client, from)) = client else { continue };
        let image = known.images.first().copied().unwrap_or_default();
        let name = proposal.free_name(image.rsplit('/').next().unwrap_or(image));
        let what = format!(
            "where {} runs: `{client}` in {from} talks to it, no file shows it, and no kind stands for it; as a plain \
             service it stands there as a comment. If it is a part of the stack, take the `#` away and give its address, \
             `${{services.{name}.address}}`, to whoever needs it; if it runs elsewhere, delete the comment",
            known.what
        );
        proposal.unknown(&name, what);
        let why = format!(
            "`{client}` in {from} talks to {}, and nothing says whether that is a part of the stack",
            known.what
        );
        proposal.services.insert(name.clone(), known.service(&name, why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Kinds;
    use crate::templates::Templates;

    #[test]
    fn what_a_kind_stands_for_is_not_listed() {
        let kinds = Kinds::all(&Templates::default()).unwrap();
        for known in &ALL {
            for kind in kinds.iter() {
                assert!(
                    !known.images.iter().any(|image| kind.traces.images.iter().any(|other| other == image)),
                    "{known:?}"
                );
            }
        }
    }

    #[test]
    fn ports_are_known_of_images_whatever_stands_around_their_names() {
        for (image, port) in [
            ("nginx:1.28-alpine", 80),
            ("docker.io/library/mongo:8", 27017),
            ("traefik/whoami", 80),
            ("mariadb:11", 3306),
        ] {
            assert_eq!(port_of(image).unwrap_or_default(), port, "{image}");
        }
        assert_eq!(port_of("example/nginx:1"), None);
    }
}
