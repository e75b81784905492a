//! Who listens on this machine.
//!
//! Whether a port is free is asked of the system as the engine will ask it: by taking it for a moment. A list of sockets
//! would lack what other users have, and what other namespaces give away. Only the name of whoever has it comes from such
//! a list.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use super::{Holder, Listening};
use crate::compose::port::{PortMapping, Protocol, addresses_overlap};

/// How long somebody on this machine may take to accept a connection.
const PATIENCE: Duration = Duration::from_millis(200);

/// Adds who has one of these ports and is not known yet.
pub(super) fn add<'p>(ports: impl Iterator<Item = &'p PortMapping>, listening: &mut Vec<Listening>) {
    let mut processes = None;
    for mapping in ports.filter(|mapping| !mapping.is_pool()) {
        let ip = mapping.ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        for port in mapping.published.into_iter().flat_map(|range| range.first..=range.last).filter(|port| *port > 0) {
            let is_known = listening.iter().any(|known| {
                known.port == port && known.protocol == mapping.protocol && addresses_overlap(known.ip, mapping.ip)
            });
            if is_known || is_free(mapping.protocol, ip, port) {
                continue;
            }
            // Looked at only where there is somebody: it takes longer than everything else.
            let processes = processes.get_or_insert_with(|| listeners::get_all().unwrap_or_default());
            let protocol = match mapping.protocol {
                Protocol::Udp => listeners::Protocol::UDP,
                _ => listeners::Protocol::TCP,
            };
            let found = processes.iter().filter(|process| {
                process.socket.port() == port
                    && process.protocol == protocol
                    && addresses_overlap(Some(process.socket.ip()), mapping.ip)
            });
            let found = found.min_by_key(|process| process.process.pid);
            let by = found.map(|found| Holder::Process(found.process.name.clone(), found.process.pid));
            listening.push(Listening { protocol: mapping.protocol, ip: mapping.ip, port, by });
        }
    }
}

/// Whether a port could be taken now. What this user may not take, somebody may still be asked for.
fn is_free(protocol: Protocol, ip: IpAddr, port: u16) -> bool {
    let address = SocketAddr::new(ip, port);
    let taken = match protocol {
        Protocol::Tcp => TcpListener::bind(address).map(drop),
        Protocol::Udp => UdpSocket::bind(address).map(drop),
        // The standard library knows no socket for it.
        Protocol::Sctp => return true,
    };
    match taken {
        Err(error) if error.kind() == ErrorKind::AddrInUse => false,
        Err(error) if error.kind() == ErrorKind::PermissionDenied && protocol == Protocol::Tcp => {
            let ip = if ip.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { ip };
            TcpStream::connect_timeout(&SocketAddr::new(ip, port), PATIENCE).is_err()
        }
        // Also an address that this machine does not have: the engine says so itself.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::port;

    #[test]
    fn a_port_that_somebody_has_is_found_with_the_process() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let number = held.local_addr().unwrap().port();
        let mapping = port::parse(&format!("127.0.0.1:{number}:80")).unwrap();
        let mut found = Vec::new();
        add([&mapping].into_iter(), &mut found);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(matches!(&found[0].by, Some(Holder::Process(_, pid)) if *pid == std::process::id()), "{found:?}");
        drop(held);
        found.clear();
        add([&mapping].into_iter(), &mut found);
        assert_eq!(found, []);
    }
}
