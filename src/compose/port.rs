//! Published ports in Compose's short syntax, and which of them clash.
//!
//! `[[IP:]HOST:]CONTAINER[/PROTOCOL]` (compose-spec, "ports", short syntax; go-connections `nat.ParsePortSpec`;
//! `tests/grammars` compares with `docker compose config`):
//!
//! ```text
//! mapping   = [ [ address ":" ] [ range ] ":" ] range [ "/" [ protocol ] ]
//! address   = IPv4 | "[" IPv4 or IPv6 "]" | "[]" | ""     no zone; `[]` and nothing are every address
//! range     = port [ "-" port ]                           digits only, 0 to 65535, leading zeros allowed
//! protocol  = "tcp" | "udp" | "sctp"                      in any case; nothing is tcp
//! ```
//!
//! A host port of 0 is one that the engine picks, a container port is never 0. Two ranges have the same length, but a
//! range of the host may have one port of the container behind it: the engine picks one of the range. What stands behind
//! a second `-` or `/` is dropped by Compose 2.40 without a word, and refused by later ones; here it is an error.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The transport of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP, where nothing is said.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        })
    }
}

/// Ports from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortRange {
    /// The first port.
    pub first: u16,
    /// The last port; not smaller than the first.
    pub last: u16,
}

impl PortRange {
    /// One port.
    pub fn one(port: u16) -> Self {
        Self { first: port, last: port }
    }

    /// How many ports it has.
    pub fn count(self) -> u32 {
        u32::from(self.last - self.first) + 1
    }

    /// The ports that both have.
    pub fn overlap(self, other: Self) -> Option<Self> {
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        (first <= last).then_some(Self { first, last })
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(out, "{}", self.first)
        } else {
            write!(out, "{}-{}", self.first, self.last)
        }
    }
}

/// A published port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PortMapping {
    /// The address of the host; `None` for every address of both families.
    pub ip: Option<IpAddr>,
    /// The host ports; `None` for one that the engine picks.
    pub published: Option<PortRange>,
    /// The ports in the container.
    pub target: PortRange,
    /// The transport.
    pub protocol: Protocol,
}

impl PortMapping {
    /// Whether the engine picks one host port out of a range for one container port.
    pub fn is_pool(&self) -> bool {
        self.published.is_some_and(|published| published.count() > 1 && self.target.count() == 1)
    }

    /// The host ports that both want on an address that both listen on; `None` where they run side by side.
    pub fn clash(&self, other: &Self) -> Option<PortRange> {
        if self.protocol != other.protocol || !addresses_overlap(self.ip, other.ip) {
            return None;
        }
        self.published?.overlap(other.published?)
    }
}

/// Whether two host addresses can receive the same connection. No address is all of both families; `0.0.0.0` is all
/// of IPv4 and `::` all of IPv6; the families are apart.
pub fn addresses_overlap(a: Option<IpAddr>, b: Option<IpAddr>) -> bool {
    match (a, b) {
        (None, _) | (_, None) => true,
        (Some(IpAddr::V4(a)), Some(IpAddr::V4(b))) => {
            a == b || a == Ipv4Addr::UNSPECIFIED || b == Ipv4Addr::UNSPECIFIED
        }
        (Some(IpAddr::V6(a)), Some(IpAddr::V6(b))) => {
            a == b || a == Ipv6Addr::UNSPECIFIED || b == Ipv6Addr::UNSPECIFIED
        }
        _ => false,
    }
}

/// Why a text is no port mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// A part that must be a port or a range is not.
    #[error("`{0}` is no port number: ports go from {1} to 65535")]
    NotAPort(String, u16),
    /// A range that ends before it begins.
    #[error("the range `{0}` ends before it begins")]
    Backwards(String),
    /// Two ranges of different lengths.
    #[error("the host range has {0} ports and the container range {1}: they must have the same length")]
    Lengths(u32, u32),
    /// An unknown protocol.
    #[error("`{0}` is no protocol: tcp, udp or sctp")]
    Protocol(String),
    /// Something before the ports that is no IP address.
    #[error("`{0}` is no IP address")]
    Address(String),
    /// Something behind the end, which Compose 2.40 drops without a word and later ones refuse.
    #[error("`{0}` means nothing there: Compose drops it without a word, or refuses it")]
    Ignored(String),
    /// An IPv6 address without brackets.
    #[error("the IPv6 address `{0}` needs brackets: `[{0}]`")]
    Brackets(String),
}

/// Parses the short syntax.
///
/// # Errors
/// Where Compose, or the engine at the start of the container, would reject it.
pub fn parse(text: &str) -> Result<PortMapping, PortError> {
    let (front, target) = match text.rsplit_once(':') {
        Some((front, target)) => (Some(front), target),
        None => (None, text),
    };
    let (target, protocol) = match target.split_once('/') {
        Some((target, protocol)) => (target, parse_protocol(protocol)?),
        None => (target, Protocol::Tcp),
    };
    let target = parse_range(target, 1)?;
    let (ip, published) = match front {
        None => (None, None),
        Some(front) => parse_front(front)?,
    };
    // A host port of 0 is the same as none: the engine picks.
    let published = published.filter(|range| range.first != 0 || range.last != 0);
    if let Some(published) = published
        && published.count() != target.count()
        && target.count() != 1
    {
        return Err(PortError::Lengths(published.count(), target.count()));
    }
    Ok(PortMapping { ip, published, target, protocol })
}

fn parse_protocol(text: &str) -> Result<Protocol, PortError> {
    if let Some((_, rest)) = text.split_once('/') {
        return Err(PortError::Ignored(format!("/{rest}")));
    }
    match text.to_ascii_lowercase().as_str() {
        "" | "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        "sctp" => Ok(Protocol::Sctp),
        _ => Err(PortError::Protocol(text.to_owned())),
    }
}

/// What stands before the container's ports: an address, of which IPv6 ones stand in brackets, and the host's ports. Empty
/// brackets are no address.
fn parse_front(front: &str) -> Result<(Option<IpAddr>, Option<PortRange>), PortError> {
    let (ip, host) = match front.rsplit_once(':') {
        Some((ip, host)) => (ip, host),
        None => ("", front),
    };
    let inner = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']'));
    if ip.starts_with('[') && inner.is_none() {
        return Err(PortError::Address(front.to_owned()));
    }
    let ip = match inner.unwrap_or(ip) {
        "" => None,
        text => {
            let address: IpAddr = text.parse().map_err(|_| PortError::Address(text.to_owned()))?;
            if address.is_ipv6() && inner.is_none() {
                return Err(PortError::Brackets(text.to_owned()));
            }
            Some(address)
        }
    };
    let published = if host.is_empty() { None } else { Some(parse_range(host, 0)?) };
    Ok((ip, published))
}

fn parse_range(text: &str, least: u16) -> Result<PortRange, PortError> {
    let port = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| part.parse::<u16>().ok()).flatten().filter(|number| *number >= least);
        number.ok_or_else(|| PortError::NotAPort(part.to_owned(), least))
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => match last.split_once('-') {
            // Only where the rest is one: a name with hyphens is no port at all.
            Some((middle, rest)) if port(first).is_ok() && port(middle).is_ok() => {
                return Err(PortError::Ignored(format!("-{rest}")));
            }
            _ => (port(first)?, port(last)?),
        },
        None => (port(text)?, port(text)?),
    };
    if last < first { Err(PortError::Backwards(text.to_owned())) } else { Ok(PortRange { first, last }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(text: &str) -> PortMapping {
        parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn every_form_of_the_short_syntax() {
        assert_eq!(mapping("80").published, None);
        assert_eq!(mapping("0:80").published, None);
        assert_eq!(mapping("8080:80").published, Some(PortRange::one(8080)));
        assert_eq!(mapping("127.0.0.1:8080:80/udp").protocol, Protocol::Udp);
        assert_eq!(mapping("127.0.0.1::80").published, None);
        assert_eq!(mapping("[::1]:8080:80").ip, Some(IpAddr::V6(Ipv6Addr::LOCALHOST)));
        assert_eq!(mapping("80/").protocol, Protocol::Tcp);
        assert_eq!(mapping("[]:8080:80").ip, None);
        assert_eq!(mapping("[127.0.0.1]::080").ip, Some(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        assert_eq!(mapping("3000-3002:4000-4002/TCP").target, PortRange { first: 4000, last: 4002 });
        assert!(mapping("3000-3005:80").is_pool());
    }

    #[test]
    fn what_is_no_mapping_says_why() {
        for (text, error) in [
            ("70000:80", PortError::NotAPort("70000".into(), 0)),
            ("80:0", PortError::NotAPort("0".into(), 1)),
            ("abc", PortError::NotAPort("abc".into(), 1)),
            ("", PortError::NotAPort(String::new(), 1)),
            ("+1:80", PortError::NotAPort("+1".into(), 0)),
            ("9-8:80", PortError::Backwards("9-8".into())),
            ("1-3:1-2", PortError::Lengths(3, 2)),
            ("80:80/http", PortError::Protocol("http".into())),
            ("80:80/tcp/x", PortError::Ignored("/x".into())),
            ("1-2-3", PortError::Ignored("-3".into())),
            ("a-b-c:80", PortError::NotAPort("a".into(), 0)),
            ("[::1]:80", PortError::Address("[::1]".into())),
            ("[::1]80:80", PortError::Address("[::1]80".into())),
            ("[fe80::1%eth0]:80:80", PortError::Address("fe80::1%eth0".into())),
            ("localhost:80:80", PortError::Address("localhost".into())),
            ("::1:80:80", PortError::Brackets("::1".into())),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn addresses_that_meet_and_that_do_not() {
        let clash = |a: &str, b: &str| mapping(a).clash(&mapping(b)).is_some();
        assert!(clash("80:1", "127.0.0.1:80:1"));
        assert!(clash("0.0.0.0:80:1", "127.0.0.1:80:1"));
        assert!(clash("80:1", "[::1]:80:1"));
        assert!(clash("80-90:1-11", "85:1"));
        assert!(!clash("127.0.0.1:80:1", "127.0.0.2:80:1"));
        assert!(!clash("0.0.0.0:80:1", "[::]:80:1"));
        assert!(!clash("80:1", "80:1/udp"));
        assert!(!clash("80:1", "81:1"));
        assert!(!clash("1", "1"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9a-z:./\\[\\]-]{0,30}") {
            let _ = parse(&text);
        }
    }
}
