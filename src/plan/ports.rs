//! Published ports: derived ones on the loopback address, explicit ones as written.

use super::resolve::{At, Member, Resolver};
use super::{ProblemKind, PublishedPort, Text};
use crate::compose::port;
use crate::kinds::Class;
use crate::manifest::unions::Publish;
use crate::source::KeyPath;

impl<'a> Resolver<'a, '_> {
    /// The published ports of a service that is no proxy; a proxy's entry points are published by its routing.
    pub(super) fn published(&mut self, member: &Member<'a>) -> Vec<PublishedPort> {
        let place = member.path().key("publish");
        match member.service.publish.as_ref() {
            _ if member.class() == Class::Proxy
                && !matches!(member.service.publish, Some(Publish::Short(_) | Publish::Many(_))) =>
            {
                Vec::new()
            }
            None | Some(Publish::All(false)) => Vec::new(),
            Some(Publish::All(true)) => {
                let Some(target) = member.port else { return Vec::new() };
                let origin = member.path().key("port");
                self.with_offset(target, &origin)
                    .map(|number| self.derived(member.name, None, number, target, &place, self.bind(false)))
                    .into_iter()
                    .collect()
            }
            Some(Publish::At(number)) => {
                let Some(target) = member.port else {
                    let message = format!("`{}` has no `port` that host port {number} could lead to", member.name);
                    self.problem(place, ProblemKind::Port(message));
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

    /// The address of derived host ports; `open` for those that are meant for everybody.
    pub(super) fn bind(&self, open: bool) -> Option<String> {
        let written = self.frame.manifest.stack.as_ref().and_then(|stack| stack.bind.clone());
        if open && self.frame.production { written } else { Some(written.unwrap_or_else(|| "127.0.0.1".to_owned())) }
    }

    /// The host port of a container port in this environment; a problem where it is past the last one.
    pub(super) fn with_offset(&mut self, target: u16, origin: &KeyPath) -> Option<u16> {
        let offset = self.frame.manifest.stack.as_ref().and_then(|stack| stack.port_offset).unwrap_or_default();
        let number = target.checked_add(offset);
        if number.is_none() {
            let message = format!(
                "port {target} and the offset {offset} make {}, past the last port, 65535",
                u32::from(target) + u32::from(offset)
            );
            self.problem(origin.clone(), ProblemKind::Port(message));
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
        if let Some(bind) = bind {
            let address = if bind.contains(':') && !bind.starts_with('[') { format!("[{bind}]") } else { bind };
            text.push_str(&address);
            text.push_str(":");
        }
        text.push(variable);
        text.push_str(&format!(":{target}"));
        let mapping = self.parse(&text, &KeyPath::of(["stack", "bind"]));
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
                self.problem(place.clone(), ProblemKind::Port(error.to_string()));
                None
            }
        }
    }
}
