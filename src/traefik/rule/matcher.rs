//! The matchers of a rule: their names, what they take, and which values they refuse (Traefik docs, "Rules & Priority",
//! v3; `pkg/muxer/http/matcher.go` and `pkg/muxer/tcp/matcher.go`).

use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::{Argument, MatcherFlaw, UNKNOWN};
use crate::manifest::types::RouteProtocol;
use crate::traefik::regex;

/// What a rule asks of a request or a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatcherKind {
    /// The address of the client, or a network that it is in.
    ClientIp,
    /// The method of a request.
    Method,
    /// The host of a request.
    Host,
    /// The same, by a regular expression.
    HostRegexp,
    /// The path of a request.
    Path,
    /// The same, by a regular expression.
    PathRegexp,
    /// How the path of a request begins.
    PathPrefix,
    /// A header of a request.
    Header,
    /// The same, by a regular expression.
    HeaderRegexp,
    /// A parameter of a request's query.
    Query,
    /// The same, by a regular expression.
    QueryRegexp,
    /// The server name of a connection's TLS handshake.
    HostSni,
    /// The same, by a regular expression.
    HostSniRegexp,
    /// A protocol that a connection's TLS handshake offers.
    Alpn,
}

use MatcherKind as Kind;

/// Every matcher under its name in the docs.
const NAMES: [(Kind, &str); 14] = [
    (Kind::ClientIp, "ClientIP"),
    (Kind::Method, "Method"),
    (Kind::Host, "Host"),
    (Kind::HostRegexp, "HostRegexp"),
    (Kind::Path, "Path"),
    (Kind::PathRegexp, "PathRegexp"),
    (Kind::PathPrefix, "PathPrefix"),
    (Kind::Header, "Header"),
    (Kind::HeaderRegexp, "HeaderRegexp"),
    (Kind::Query, "Query"),
    (Kind::QueryRegexp, "QueryRegexp"),
    (Kind::HostSni, "HostSNI"),
    (Kind::HostSniRegexp, "HostSNIRegexp"),
    (Kind::Alpn, "ALPN"),
];

/// The protocol of ACME's TLS challenge, which Traefik keeps for itself.
const ACME_PROTOCOL: &str = "acme-tls/1";

impl MatcherKind {
    /// Its name, as the docs spell it.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// Whether rules of this protocol have it.
    pub fn is_of(self, protocol: RouteProtocol) -> bool {
        match self {
            Self::ClientIp => true,
            Self::HostSni | Self::HostSniRegexp | Self::Alpn => protocol == RouteProtocol::Tcp,
            _ => protocol == RouteProtocol::Http,
        }
    }

    /// The matcher of this name. Besides the spelling of the docs Traefik takes three more: all letters small, all large,
    /// and only the first one large.
    pub fn spelled(name: &str) -> Option<Self> {
        let title = |known: &str| {
            let small = known.to_ascii_lowercase();
            format!("{}{}", small[..1].to_ascii_uppercase(), &small[1..])
        };
        let is_spelled = |known: &str| {
            name == known
                || name == known.to_ascii_lowercase()
                || name == known.to_ascii_uppercase()
                || name == title(known)
        };
        NAMES.iter().find(|(_, known)| is_spelled(known)).map(|(kind, _)| *kind)
    }

    /// The names that rules of this protocol have.
    pub fn names(protocol: RouteProtocol) -> impl Iterator<Item = &'static str> {
        NAMES.iter().filter(move |(kind, _)| kind.is_of(protocol)).map(|(_, name)| *name)
    }

    /// How many arguments it takes.
    pub fn arity(self) -> RangeInclusive<usize> {
        match self {
            Self::Header | Self::HeaderRegexp => 2..=2,
            Self::Query | Self::QueryRegexp => 1..=2,
            _ => 1..=1,
        }
    }

    /// What is wrong with its argument at this position, counted from 0.
    pub(super) fn flaw(self, position: usize, argument: &Argument) -> Option<MatcherFlaw> {
        let value = argument.value.as_str();
        if value.is_empty() {
            return Some(MatcherFlaw::EmptyArgument);
        }
        let is_known = !value.contains(UNKNOWN);
        // What stands for an unknown value is no ASCII itself.
        let is_ascii = value.chars().all(|c| c.is_ascii() || c == UNKNOWN);
        match self {
            Self::Path | Self::PathPrefix if !value.starts_with(['/', UNKNOWN]) => Some(MatcherFlaw::RelativePath),
            Self::Host | Self::HostRegexp | Self::HostSni | Self::HostSniRegexp if !is_ascii => {
                Some(MatcherFlaw::HostNotAscii)
            }
            Self::ClientIp if is_known && !is_address(value) => Some(MatcherFlaw::Address),
            Self::HostSni if is_known && !is_server_name(value) => Some(MatcherFlaw::ServerName),
            Self::Alpn if value == ACME_PROTOCOL => Some(MatcherFlaw::Acme),
            Self::HostRegexp | Self::PathRegexp | Self::HostSniRegexp if is_known => regex_flaw(value),
            Self::HeaderRegexp | Self::QueryRegexp if is_known && position == 1 => regex_flaw(value),
            _ => None,
        }
    }
}

fn regex_flaw(value: &str) -> Option<MatcherFlaw> {
    regex::check(value).err().map(MatcherFlaw::Regex)
}

/// An address, or a network in CIDR notation.
pub(crate) fn is_address(value: &str) -> bool {
    let (address, bits) = value.split_once('/').map_or((value, None), |(address, bits)| (address, Some(bits)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    bits.is_none_or(|bits| {
        bits.bytes().all(|byte| byte.is_ascii_digit()) && bits.parse::<u32>().is_ok_and(|bits| bits <= most)
    })
}

/// `*`, a name, or a name below a `*`, which versions before 3.7 refuse.
fn is_server_name(value: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-:".contains(&byte))
    };
    value == "*" || is_name(value.strip_prefix("*.").unwrap_or(value))
}
