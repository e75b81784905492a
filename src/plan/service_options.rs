//! Options of a kind that name services: each is checked to exist, and is a dependency like any reference.

use super::ProblemKind;
use super::assembly::Assembly;
use super::member::Member;
use crate::diagnostics::words;
use crate::kinds::{OptionDef, OptionType};
use crate::source::KeyPath;

impl Assembly<'_, '_, '_> {
    /// Notes the services that options name.
    pub(super) fn refer_by_options(&mut self) {
        let member = self.member;
        for (name, option) in member.kind.into_iter().flat_map(|kind| &kind.options) {
            if !matches!(option.kind, OptionType::Service | OptionType::Services | OptionType::ServicesByPath) {
                continue;
            }
            let path = member.path().key(name);
            match member.service.options.get(name) {
                Some(toml::Value::String(service)) => self.refer(service, option, path),
                Some(toml::Value::Array(services)) => {
                    for (index, service) in services.iter().enumerate() {
                        let Some(name) = service.as_str() else { continue };
                        if services[..index].contains(service) {
                            let message = format!("`{name}` is named twice");
                            let help = Some("take one of them out".to_owned());
                            self.resolver.problem(path.index(index), ProblemKind::Option { message, help });
                        } else {
                            self.refer(name, option, path.index(index));
                        }
                    }
                }
                Some(toml::Value::Table(services)) => {
                    let mut known: Vec<&str> = Vec::new();
                    for (prefix, service) in services {
                        let path = path.key(prefix);
                        // What stands below a path that ends in a slash is what stands below the path.
                        let trimmed = prefix.trim_end_matches('/');
                        let is_known = known.contains(&trimmed);
                        known.push(trimmed);
                        if is_known {
                            let message =
                                format!("`{prefix}` is a path that is there already, with a `/` more or less");
                            let help = Some("write it once: it holds for what is below it, too".to_owned());
                            self.resolver.problem(path, ProblemKind::Option { message, help });
                        } else if !is_path(prefix) {
                            let message = format!("`{prefix}` is no path of a URL");
                            let help =
                                Some("begin it with `/`, and write it without a query, blanks or escapes".to_owned());
                            self.resolver.problem(path, ProblemKind::Option { message, help });
                        } else if let Some(service) = service.as_str() {
                            self.refer(service, option, path);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn refer(&mut self, service: &str, option: &OptionDef, path: KeyPath) {
        let frame = self.resolver.frame;
        match frame.members.get(service) {
            Some(member) if !option.kinds.is_empty() && !has_kind(member, &option.kinds) => {
                let is = member
                    .service
                    .kind
                    .as_ref()
                    .map_or_else(|| "has no kind".to_owned(), |kind| format!("is a `{kind}`"));
                let wanted = words::or(&option.kinds);
                let message = format!("`{service}` {is}, and this takes services of the kind {wanted}");
                let help = Some("name one of those, or take it out".to_owned());
                self.resolver.problem(path, ProblemKind::Option { message, help });
            }
            Some(member) if !member.is_external && service != self.member.name => {
                self.edges.push((service.to_owned(), path));
            }
            Some(_) => {}
            // Elsewhere it exists; here there is nothing to refer to.
            None if frame.absent.contains_key(service) => {}
            None => {
                let known = frame.members.keys().filter(|known| **known != self.member.name);
                let known = known.map(|name| (*name).to_owned()).collect();
                let kind = ProblemKind::Unknown { what: "service", name: service.to_owned(), known, note: None };
                self.resolver.problem(path, kind);
            }
        }
    }
}

/// Whether this is a path that stands for itself in a URL, and in a file of any form.
fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'.' | b'_' | b'~' | b'@'))
}

/// Whether it is of one of these kinds.
fn has_kind(member: &Member<'_>, kinds: &[String]) -> bool {
    member.service.kind.as_ref().is_some_and(|kind| kinds.contains(kind))
}
