//! Images of data stores that are known by their names: the official ones of Docker Hub that most stacks use.

use crate::addresses::UNKNOWN;
use crate::plan::Service;

/// Name of the repository, and the directories in which its data lies, by version ("Where to Store Data" and the `VOLUME`s
/// of each image: hub.docker.com/_/postgres, mysql, mariadb, mongo, redis, and valkey/valkey). From version 18 on, Postgres
/// keeps its data one directory further up.
const KNOWN: [(&str, &[&str]); 6] = [
    ("mariadb", &["/var/lib/mysql"]),
    ("mongo", &["/data/db"]),
    ("mysql", &["/var/lib/mysql"]),
    ("postgres", &["/var/lib/postgresql/data", "/var/lib/postgresql"]),
    ("redis", &["/data"]),
    ("valkey/valkey", &["/data"]),
];

/// What stands before the name of an official image where it is written out, or comes from a copy.
const PREFIXES: [&str; 6] = [
    "docker.io/library/",
    "docker.io/",
    "index.docker.io/library/",
    "library/",
    "mirror.gcr.io/library/",
    "public.ecr.aws/docker/library/",
];

/// The programs that keep the data; what else such an image runs is a client.
const SERVERS: [&str; 7] =
    ["docker-entrypoint.sh", "mariadbd", "mongod", "mysqld", "postgres", "redis-server", "valkey-server"];

/// The directories in which a service keeps its data that runs an image as it is, the usual one first; none where the image
/// is none of those that are known, or a client of it is run.
pub(crate) fn of_service(service: &Service) -> Option<&'static [&'static str]> {
    if service.build.is_some() || service.one_shot {
        return None;
    }
    let paths = data_paths(&service.image.as_ref()?.with_unknown(UNKNOWN))?;
    let words = service.entrypoint.iter().chain(&service.command).find(|words| !words.is_empty());
    let Some(first) = words.and_then(|words| words[0].as_literal()) else { return words.is_none().then_some(paths) };
    let program = first.rsplit('/').next().unwrap_or(first);
    // Arguments alone are the server's.
    (SERVERS.contains(&program) || first.starts_with('-')).then_some(paths)
}

/// The directories in which the image keeps its data, the usual one first; none where it is none of those that are known.
fn data_paths(image: &str) -> Option<&'static [&'static str]> {
    let (name, tag) = repository(image);
    let (_, paths) = KNOWN.iter().find(|(known, _)| *known == name)?;
    let version: u32 = tag.split(['.', '-']).next().and_then(|text| text.parse().ok()).unwrap_or(0);
    Some(if name == "postgres" && version >= 18 { &paths[1..] } else { paths })
}

/// The name of an image on Docker Hub, as short as it can be written, and its tag; an image of another registry keeps the
/// whole name.
pub(crate) fn repository(image: &str) -> (&str, &str) {
    let image = image.split('@').next().unwrap_or_default();
    let name = PREFIXES.iter().find_map(|prefix| image.strip_prefix(prefix)).unwrap_or(image);
    let start = name.rfind('/').map_or(0, |at| at + 1);
    let end = name[start..].find(':').map_or(name.len(), |at| start + at);
    (&name[..end], name[end..].trim_start_matches(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_by_the_name_of_their_repository() {
        for image in ["postgres", "postgres:17", "docker.io/library/postgres:17-alpine", "library/postgres@sha256:abc"]
        {
            assert_eq!(data_paths(image).unwrap()[0], "/var/lib/postgresql/data", "{image}");
        }
        assert_eq!(data_paths("postgres:18.1"), Some(["/var/lib/postgresql"].as_slice()));
        assert_eq!(data_paths("valkey/valkey:8.1"), Some(["/data"].as_slice()));
        for image in
            ["example.com/postgres:17", "bitnami/postgresql:17", "redis/redis-stack:7.4", "localhost:5000/redis", ""]
        {
            assert_eq!(data_paths(image), None, "{image}");
        }
    }
}
