//! Addresses of entry points, one per line.

use stackgen::traefik::address::{Address, Protocol, parse};

use super::utf8;

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    let addresses: Vec<Address> = text.split('\n').filter_map(|text| parse(text).ok()).take(8).collect();
    for one in &addresses {
        let host = one.ip.map(|ip| if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }).unwrap_or_default();
        let protocol = if one.protocol == Protocol::Udp { "/udp" } else { "" };
        assert_eq!(parse(&format!("{host}:{}{protocol}", one.port)).as_ref(), Ok(one));
        for other in &addresses {
            assert_eq!(one.meets(other), other.meets(one), "{one:?} and {other:?}");
        }
    }
}
