//! Addresses of entry points: `:80`, `127.0.0.1:8080/tcp`, `[::1]:53/udp` (Traefik docs, `EntryPoints`, "Address"; what is
//! wrong was tried with Traefik 3.7, which ends where it cannot listen).

use std::net::IpAddr;

/// What is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Connections.
    Tcp,
    /// Packets.
    Udp,
}

/// Where an entry point listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The address of one interface; none for all.
    pub ip: Option<IpAddr>,
    /// The port.
    pub port: u16,
    /// What it carries.
    pub protocol: Protocol,
}

/// Why a text is no address of an entry point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressFlaw {
    /// No `:` before the port: Go takes the whole for a name.
    NoColon,
    /// No number from 0 to 65535.
    Port,
    /// Another protocol than `tcp` and `udp`.
    Protocol,
}

/// Takes an address apart.
///
/// # Errors
/// Where Traefik could not listen.
pub fn parse(text: &str) -> Result<Address, AddressFlaw> {
    let (address, protocol) = text.split_once('/').map_or((text, "tcp"), |(address, protocol)| (address, protocol));
    let protocol = match protocol.to_ascii_lowercase().as_str() {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        _ => return Err(AddressFlaw::Protocol),
    };
    let (host, port) = address.rsplit_once(':').ok_or(AddressFlaw::NoColon)?;
    let port = match port {
        // Go looks these up by name.
        "http" => 80,
        "https" => 443,
        port if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().map_err(|_| AddressFlaw::Port)?,
        _ => return Err(AddressFlaw::Port),
    };
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    Ok(Address { ip: ip.filter(|ip| !ip.is_unspecified()), port, protocol })
}

impl Address {
    /// Whether only one of the two can listen.
    pub fn meets(&self, other: &Self) -> bool {
        let is_same_ip = self.ip.is_none() || other.ip.is_none() || self.ip == other.ip;
        self.port != 0 && self.port == other.port && self.protocol == other.protocol && is_same_ip
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port_behind_a_colon() {
        let address =
            |ip: Option<&str>, port, protocol| Ok(Address { ip: ip.map(|ip| ip.parse().unwrap()), port, protocol });
        for (text, expected) in [
            (":80", address(None, 80, Protocol::Tcp)),
            ("0.0.0.0:80/TCP", address(None, 80, Protocol::Tcp)),
            ("[::]:80", address(None, 80, Protocol::Tcp)),
            ("127.0.0.1:53/udp", address(Some("127.0.0.1"), 53, Protocol::Udp)),
            ("[::1]:https", address(Some("::1"), 443, Protocol::Tcp)),
            ("80", Err(AddressFlaw::NoColon)),
            ("", Err(AddressFlaw::NoColon)),
            (":", Err(AddressFlaw::Port)),
            (":65536", Err(AddressFlaw::Port)),
            (":web", Err(AddressFlaw::Port)),
            (":80/quic", Err(AddressFlaw::Protocol)),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn two_meet_on_one_port_of_one_interface() {
        let meets = |one: &str, other: &str| parse(one).unwrap().meets(&parse(other).unwrap());
        for (one, other) in [(":80", ":80"), (":80", "127.0.0.1:80"), ("[::]:80", "0.0.0.0:80")] {
            assert!(meets(one, other) && meets(other, one), "{one} {other}");
        }
        for (one, other) in [(":80", ":81"), (":80", ":80/udp"), ("127.0.0.1:80", "127.0.0.2:80"), (":0", ":0")] {
            assert!(!meets(one, other), "{one} {other}");
        }
    }
}
