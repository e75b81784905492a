//! Published ports: derived ones on the loopback address, explicit ones as written.

use super::member::Member;
use super::resolve::{At, Resolver};
use super::{ProblemKind, PublishedPort, Text};
use crate::compose::port::{self, PortError};
use crate::kinds::Class;
use crate::manifest::unions::Publish;
use crate::source::KeyPath;

impl<'a> Resolver<'a, '_> {
    /// The published ports of a service that is no proxy; a proxy's entry points are published by its routing.
    pub(super) fn published(&mut self, member: &Member<'a>) -> Vec<PublishedPort> {
        let place = member.path().key("publish");
        for (name, _) in member.service.ports.iter().filter(|(_, port)| **port == 0) {
            self.problem(member.path().key("ports").key(name), no_port());
        }
        if member.port == Some(0) {
            self.problem(member.path().key("port"), no_port());
            return Vec::new();
        }
        match member.service.publish.as_ref() {
            _ if member.class() == Class::Proxy => Vec::new(),
            None | Some(Publish::All(false)) => Vec::new(),
            Some(Publish::All(true)) => {
                let main = member.port.map(|port| (None, port, member.path().key("port")));
                let named = member.listeners.iter();
                let named =
                    named.map(|(name, port)| (Some(name.as_str()), *port, member.path().key("ports").key(name)));
                let mut ports = Vec::new();
                for (name, target, origin) in main.into_iter().chain(named) {
                    if let Some(number) = self.with_offset(target, &origin) {
                        ports.push(self.derived(member.name, name, number, target, &place, self.bind(false)));
                    }
                }
                ports
            }
            Some(Publish::At(number)) => {
                let Some(target) = member.port else {
                    let message = format!("`{}` has no `port` that host port {number} could lead to", member.name);
                    let help = "say where it listens: `port = 8080`".to_owned();
                    self.problem(place, ProblemKind::Port { message, help, clash: None });
                    return Vec::new();
                };
                vec![self.derived(member.name, None, *number, target, &place, self.bind(false))]
            }
            Some(Publish::Short(text)) => self.verbatim(member, text, place).into_iter().collect(),
            Some(Publish::Many(texts)) => {
                let texts = texts.iter().enumerate();
                texts.filter_map(|(index, text)| self.verbatim(member, text, place.index(index))).collect()
            }
        }
    }

    /// The port of the debugger, which only this host may reach.
    pub(super) fn published_debugger(&mut self, member: &Member<'a>, port: u16) -> Option<PublishedPort> {
        let place = member.path().key("debug");
        // Debuggers of one kind listen on one port, each in its own container: on the host they stand in a row.
        let debugs = |other: &&Member<'_>| {
            let debug = other.kind.and_then(|kind| kind.debug.as_ref());
            other.service.debug == Some(true) && !other.is_external && debug.is_some_and(|debug| debug.port == port)
        };
        let before = self.frame.members.values().take_while(|other| other.name != member.name).filter(debugs).count();
        let own = u16::try_from(before).ok().and_then(|before| port.checked_add(before)).unwrap_or(port);
        let number = self.with_offset(own, &place)?;
        Some(self.derived(member.name, Some("debug"), number, port, &place, Some("127.0.0.1".to_owned())))
    }

    /// The address of derived host ports; `open` for those that are meant for everybody.
    pub(super) fn bind(&self, open: bool) -> Option<String> {
        let written = self.frame.manifest.stack.as_ref().and_then(|stack| stack.bind.clone());
        if open && self.frame.production { written } else { Some(written.unwrap_or_else(|| "127.0.0.1".to_owned())) }
    }

    /// The host port of a container port in this environment; a problem where it is past the last one.
    pub(super) fn with_offset(&mut self, target: u16, origin: &KeyPath) -> Option<u16> {
        if target == 0 {
            self.problem(origin.clone(), no_port());
            return None;
        }
        let offset = self.frame.manifest.stack.as_ref().and_then(|stack| stack.port_offset).unwrap_or_default();
        let number = target.checked_add(offset);
        if number.is_none() {
            let message = format!(
                "port {target} and the offset {offset} make {}, past the last port, 65535",
                u32::from(target) + u32::from(offset)
            );
            let help = "choose a smaller port, or a smaller `port-offset`".to_owned();
            let clash = Some(KeyPath::of(["stack", "port-offset"]));
            self.problem(origin.clone(), ProblemKind::Port { message, help, clash });
        }
        number
    }

    /// A host port that an operator can move by its variable.
    pub(super) fn derived(
        &mut self,
        service: &str,
        listener: Option<&str>,
        number: u16,
        target: u16,
        origin: &KeyPath,
        bind: Option<String>,
    ) -> PublishedPort {
        let variable = self.host_port(service, listener, number, origin);
        let mut text = Text::default();
        let is_address = |bind: &String| bind.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
        let place = if bind.as_ref().is_none_or(is_address) { origin.clone() } else { KeyPath::of(["stack", "bind"]) };
        if let Some(bind) = bind {
            let address = if bind.contains(':') && !bind.starts_with('[') { format!("[{bind}]") } else { bind };
            text.push_str(&address);
            text.push_str(":");
        }
        text.push(variable);
        text.push_str(&format!(":{target}"));
        let mapping = self.parse(&text, &place);
        PublishedPort { text, mapping, origin: origin.clone(), derived: true }
    }

    fn verbatim(&mut self, member: &Member<'a>, raw: &str, place: KeyPath) -> Option<PublishedPort> {
        let text = self.text(raw, At::manifest(&place, Some(member.name))).text;
        let complete = text.with_defaults().is_some();
        let mapping = self.parse(&text, &place);
        (mapping.is_some() || !complete).then_some(PublishedPort { text, mapping, origin: place, derived: false })
    }

    fn parse(&mut self, text: &Text, place: &KeyPath) -> Option<port::PortMapping> {
        match port::parse(&text.with_defaults()?) {
            Ok(mapping) => Some(mapping),
            Err(error) => {
                let help = match error {
                    PortError::Address(_) => "write an IP address, such as `127.0.0.1`",
                    PortError::Brackets(_) => "put it in brackets, so that its colons do not count",
                    _ => "write `host:container`, such as `8080:80` or `127.0.0.1:8080:80/udp`",
                };
                let (message, help) = (self.unreadable(text, &error), help.to_owned());
                self.problem(place.clone(), ProblemKind::Port { message, help, clash: None });
                None
            }
        }
    }

    /// Why a text is no port mapping, without what a secret in it stands for.
    pub(super) fn unreadable(&self, text: &Text, error: &PortError) -> String {
        let declared = &self.frame.manifest.variables;
        let secret = text.variables().into_iter().find(|name| declared.get(*name).is_some_and(|it| it.secret));
        match secret {
            Some(secret) => format!("with the value of the secret `{secret}` this is no port mapping"),
            None => error.to_string(),
        }
    }
}

/// Port 0 is none: it asks whoever listens to pick one.
pub(super) fn no_port() -> ProblemKind {
    ProblemKind::Port {
        message: PortError::NotAPort("0".to_owned(), 1).to_string(),
        help: "write the number of the port".to_owned(),
        clash: None,
    }
}
