//! Addresses in texts: the hosts that URLs and lists of `host:port` name (RFC 3986, "Authority").
//!
//! Only what is certain is found: a scheme that is known to be followed by a host of a network, and hosts that can be
//! names. Where a text could be read in two ways, nothing is.

use std::net::{IpAddr, Ipv6Addr};

/// Stands for what is not known of a text: nothing that an address can hold.
pub(crate) const UNKNOWN: char = '\u{fffc}';

/// A host that a text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The host, as it is written.
    pub(crate) host: String,
    /// The port, where one is named.
    pub(crate) port: Option<u16>,
    /// Whether a URL names it, and not a list of hosts and ports.
    pub(crate) in_url: bool,
    /// The scheme of that URL, in lower case and without a driver: `postgresql` of `postgresql+asyncpg`.
    pub(crate) scheme: Option<String>,
}

impl Address {
    /// The port that is asked: the one that is named, else that of the scheme, where it is known.
    pub(crate) fn asked_port(&self) -> Option<u16> {
        let scheme = self.scheme.as_deref().filter(|_| self.port.is_none());
        let usual = scheme.and_then(|scheme| USUAL_PORTS.iter().find(|(known, _)| *known == scheme));
        self.port.or(usual.map(|(_, port)| *port))
    }
}

/// The ports that URLs without one mean (IANA, "Service Name and Transport Protocol Port Number Registry"; for databases
/// and queues, what their own clients take).
const USUAL_PORTS: [(&str, u16); 16] = [
    ("amqp", 5672),
    ("amqps", 5671),
    ("http", 80),
    ("https", 443),
    ("mariadb", 3306),
    ("memcached", 11211),
    ("mongodb", 27017),
    ("mqtt", 1883),
    ("mysql", 3306),
    ("nats", 4222),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("redis", 6379),
    ("rediss", 6379),
    ("ws", 80),
    ("wss", 443),
];

/// Schemes that are followed by a host: those of the IANA's registry and those that drivers of databases, queues and
/// logs document. `postgresql+asyncpg` counts like `postgresql`.
const SCHEMES: [&str; 49] = [
    "amqp",
    "amqps",
    "bolt",
    "cassandra",
    "clickhouse",
    "cockroachdb",
    "elasticsearch",
    "fluentd",
    "ftp",
    "ftps",
    "gelf",
    "grpc",
    "grpcs",
    "h2c",
    "http",
    "https",
    "imap",
    "imaps",
    "influxdb",
    "kafka",
    "ldap",
    "ldaps",
    "mariadb",
    "memcache",
    "memcached",
    "mongodb",
    "mqtt",
    "mqtts",
    "mssql",
    "mysql",
    "nats",
    "neo4j",
    "pop3",
    "postgres",
    "postgresql",
    "redis",
    "rediss",
    "rtmp",
    "rtsp",
    "sftp",
    "smtp",
    "smtps",
    "sqlserver",
    "ssh",
    "syslog",
    "tcp",
    "udp",
    "ws",
    "wss",
];

/// Every host that the text names.
pub(crate) fn addresses(text: &str) -> Vec<Address> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("://") {
        if let Some(scheme) = scheme(&text[..at]) {
            let hosts = authority(&text[at + "://".len()..]).into_iter();
            found.extend(hosts.map(|address| Address { scheme: Some(scheme.clone()), ..address }));
        }
    }
    if found.is_empty() {
        found.extend(text.split_whitespace().flat_map(list));
    }
    found
}

/// Whether this is a name or an address that each machine has for itself (RFC 6761, section 6.3; RFC 1122, section
/// 3.2.1.3).
pub(crate) fn is_this_machine(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The scheme that stands at the end and is followed by a host, without its driver.
pub(crate) fn scheme(before: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let start =
        before.rfind(|c| !is_part(c)).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let scheme = before[start..].to_ascii_lowercase();
    let (base, driver) = scheme.split_once('+').unwrap_or((&scheme, ""));
    // `mongodb+srv` asks the DNS for services, and `http+unix` a socket.
    (SCHEMES.binary_search(&base).is_ok() && !matches!(driver, "srv" | "unix")).then(|| base.to_owned())
}

/// The hosts of a URL; several where it lists them, as those of `mongodb` and `kafka` do.
fn authority(text: &str) -> Vec<Address> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ';' | '<' | '>' | '(' | ')' | '|' | '\\');
    let url = &text[..text.find(ends).unwrap_or(text.len())];
    let end = url.find(['/', '?', '#']).unwrap_or(url.len());
    let (authority, rest) = url.split_at(end);
    // A password with a `/` in it: where the host begins is anybody's guess.
    if rest.contains('@') {
        return Vec::new();
    }
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    let mut hosts = hosts.split(',');
    let first = hosts.next().and_then(|host| address(host, true));
    // Behind a comma stands another host, or something else altogether.
    let others = hosts.filter_map(|host| address(host, true)).filter(|address| address.port.is_some());
    first.into_iter().chain(others).collect()
}

/// `a:1,b:2`, also behind `--flag=`.
fn list(word: &str) -> Vec<Address> {
    let word = word.rsplit_once('=').map_or(word, |(_, value)| value);
    let found: Option<Vec<Address>> = word.split(',').map(|item| address(item, false)).collect();
    found.filter(|found| found.iter().all(|address| address.port.is_some())).unwrap_or_default()
}

/// `host` or `host:port`, where the host can be a name, or an address of IPv6 in brackets.
fn address(text: &str, in_url: bool) -> Option<Address> {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let port = rest.strip_prefix(':').map(|port| port.parse().ok());
        let is_whole = rest.is_empty() || matches!(port, Some(Some(_)));
        let is_address = is_whole && host.parse::<Ipv6Addr>().is_ok();
        return is_address.then(|| Address { host: format!("[{host}]"), port: port.flatten(), in_url, scheme: None });
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (text, None),
    };
    let is_name = host.starts_with(|c: char| c.is_ascii_alphanumeric())
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    is_name.then(|| Address { host: host.to_owned(), port, in_url, scheme: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let show = |address: &Address| match address.port {
            Some(port) => format!("{}:{port}", address.host),
            None => address.host.clone(),
        };
        addresses(text).iter().map(show).collect()
    }

    #[test]
    fn names_and_addresses_that_each_machine_has_for_itself() {
        for host in ["localhost", "LocalHost.", "app.localhost", "127.0.0.1", "127.3.2.1", "[::1]", "::1"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["localhost.example.com", "mylocalhost", "nas.local", "10.0.0.1", "0.0.0.0", "128.0.0.1", ""] {
            assert!(!is_this_machine(host), "{host}");
        }
    }

    #[test]
    fn schemes_are_sorted_for_the_search() {
        assert!(SCHEMES.is_sorted());
    }

    #[test]
    fn hosts_of_urls_and_of_lists() {
        for (text, hosts) in [
            ("http://api:8000/v1?x=@", vec![]),
            ("http://api:8000/v1", vec!["api:8000"]),
            ("HTTPS://Api", vec!["Api"]),
            ("postgresql+asyncpg://u:p%40@db/x", vec!["db"]),
            ("jdbc:postgresql://db:5432/x", vec!["db:5432"]),
            ("mongodb://u:p@a:1,b:2/x", vec!["a:1", "b:2"]),
            ("http://a,http://b:1", vec!["a", "b:1"]),
            ("--url=http://a/ --other=http://b", vec!["a", "b"]),
            ("wait until tcp://db:5432; then", vec!["db:5432"]),
            ("a:9092,b:9093", vec!["a:9092", "b:9093"]),
            ("--broker=a:9092", vec!["a:9092"]),
            ("redis://:secret@cache:6379/0", vec!["cache:6379"]),
            ("http://[::1]:80/x", vec!["[::1]:80"]),
            ("http://[fe80::1]", vec!["[fe80::1]"]),
        ] {
            assert_eq!(found(text), hosts, "{text}");
        }
    }

    #[test]
    fn a_url_without_a_port_asks_the_usual_one() {
        let asked = |text: &str| addresses(text).first().and_then(Address::asked_port);
        assert_eq!(asked("http://api/v1"), Some(80));
        assert_eq!(asked("http://api:8000/v1"), Some(8000));
        assert_eq!(asked("postgresql+asyncpg://db/x"), Some(5432));
        assert_eq!(asked("grpc://api"), None);
        assert_eq!(asked("db:5432"), Some(5432));
    }

    #[test]
    fn what_could_be_something_else_is_none() {
        for text in [
            "postgres://u:pa/ss@db/x",
            "mongodb+srv://cluster/x",
            "http+unix://socket",
            "file://host/x",
            "s3://bucket/x",
            "myapp://callback",
            "http://+:80",
            "http://*:80",
            "http://[::1]80",
            "http://[::1]:x",
            "http://[x]:80",
            "http://\u{fffc}:80",
            "http://a\u{fffc}:80",
            "http://",
            "://a",
            "a:b",
            "a",
            "12:30:45",
            "user:70000",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
