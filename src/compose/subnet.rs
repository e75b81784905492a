//! Subnets in CIDR notation, as the engine takes them (RFC 4632; RFC 4291, "IPv6 Address Architecture"; Go,
//! `netip.ParsePrefix`; `tests/grammars` compares with Docker 28.5).
//!
//! ```text
//! subnet = address "/" bits     the first address of the subnet: no bit is set behind the first `bits` ones
//! bits   = 0 to 32 of IPv4, 0 to 128 of IPv6, without leading zeros
//! ```
//!
//! An IPv4 address has four numbers without leading zeros, an IPv6 address no zone. One that maps an IPv4 address
//! (`::ffff:10.0.0.0/104`) is of IPv6.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subnet {
    /// The first address.
    pub first: IpAddr,
    /// How many leading bits all addresses have in common.
    pub prefix: u8,
}

/// Why a text is no subnet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubnetError {
    /// It is not an address and a number of bits.
    #[error("`{0}` is no subnet: it is written as an address and a number of bits, such as `10.20.0.0/24`")]
    Form(String),
    /// The address is not the first one.
    #[error("the subnet `{0}` begins at {1}")]
    Inside(String, Subnet),
}

impl fmt::Display for Subnet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.first, self.prefix)
    }
}

impl Subnet {
    /// Whether an address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.first.is_ipv4() == address.is_ipv4() && start(address, self.prefix) == self.first
    }

    /// Whether some address lies in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other.first) || other.contains(self.first)
    }

    /// How many containers find an address: all but those of the network, its broadcast and its gateway, where there is
    /// room for them (tried with Docker 28.5).
    pub fn room(&self) -> u128 {
        let bits = if self.first.is_ipv4() { 32 } else { 128 };
        let all = 1_u128.checked_shl(u32::from(bits - self.prefix)).unwrap_or(u128::MAX);
        match all {
            1 => 0,
            2 => 1,
            all => all - 3,
        }
    }

    /// The address that the engine takes for the gateway unless another one is named: the second.
    pub fn gateway(&self) -> IpAddr {
        match self.first {
            IpAddr::V4(first) => Ipv4Addr::from(u32::from(first).saturating_add(1)).into(),
            IpAddr::V6(first) => Ipv6Addr::from(u128::from(first).saturating_add(1)).into(),
        }
    }

    /// The address that means all of them, in IPv4.
    pub fn broadcast(&self) -> Option<IpAddr> {
        let IpAddr::V4(first) = self.first else { return None };
        let rest = u32::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0);
        Some(Ipv4Addr::from(u32::from(first) | rest).into())
    }
}

/// Parses a subnet.
///
/// # Errors
/// Where the engine would reject it.
pub fn parse(text: &str) -> Result<Subnet, SubnetError> {
    let form = || SubnetError::Form(text.to_owned());
    let (address, prefix) = text.split_once('/').ok_or_else(form)?;
    let address: IpAddr = address.parse().map_err(|_| form())?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let is_number = prefix == "0" || !prefix.starts_with('0') && prefix.bytes().all(|b| b.is_ascii_digit());
    let prefix = prefix.parse().ok().filter(|prefix| is_number && *prefix <= longest).ok_or_else(form)?;
    let subnet = Subnet { first: start(address, prefix), prefix };
    if subnet.first == address { Ok(subnet) } else { Err(SubnetError::Inside(text.to_owned(), subnet)) }
}

/// The first address of the subnet of this length in which an address lies.
fn start(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            Ipv4Addr::from(u32::from(address) & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            Ipv6Addr::from(u128::from(address) & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_and_what_is_none() {
        for text in ["10.20.0.0/16", "0.0.0.0/0", "192.0.2.7/32", "fd00::/64", "::/0"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        for text in [
            "10.20.0.0",
            "10.20.0.0/33",
            "10.20.0/16",
            "fd00::/129",
            "10.20.0.0/",
            "10.20.0.0/+8",
            "x/8",
            "10.20.0.0/016",
            "",
        ] {
            assert_eq!(parse(text), Err(SubnetError::Form(text.to_owned())));
        }
        let inside = parse("10.20.0.1/16").unwrap_err();
        assert_eq!(inside.to_string(), "the subnet `10.20.0.1/16` begins at 10.20.0.0/16");
    }

    #[test]
    fn what_lies_in_a_subnet() {
        let subnet = |text: &str| parse(text).unwrap();
        let wide = subnet("10.20.0.0/16");
        assert!(wide.contains("10.20.255.255".parse().unwrap()) && !wide.contains("10.21.0.0".parse().unwrap()));
        assert!(!wide.contains("fd00::".parse().unwrap()));
        for (a, b, overlap) in [
            ("10.20.0.0/16", "10.20.4.0/24", true),
            ("10.20.4.0/24", "10.20.0.0/16", true),
            ("10.20.0.0/24", "10.20.1.0/24", false),
            ("0.0.0.0/0", "::/0", false),
            ("fd00::/64", "fd00::/48", true),
        ] {
            assert_eq!(subnet(a).overlaps(&subnet(b)), overlap, "{a} {b}");
        }
        assert_eq!(wide.gateway().to_string(), "10.20.0.1");
        assert_eq!(wide.broadcast().unwrap().to_string(), "10.20.255.255");
        let room = |text: &str| subnet(text).room();
        assert_eq!(
            [room("10.0.0.0/24"), room("10.0.0.0/30"), room("10.0.0.0/31"), room("10.0.0.0/32")],
            [253, 1, 1, 0]
        );
        assert!(room("::/0") > 1 << 100);
    }
}
