//! What a service gives to those who refer to it.

use super::Text;
use super::member::Member;
use super::resolve::{At, Resolved, Resolver};
use crate::kinds::{EnvDef, Kind, Output};
use crate::manifest::types::RouteProtocol;

impl<'a> Resolver<'a, '_> {
    pub(super) fn output_text(&mut self, member: &Member<'a>, output: &[&str], at: At<'_>) -> Option<Resolved> {
        let literal = |text: String| Some(Resolved { text: Text::literal(text), edges: Vec::new() });
        match output {
            ["name"] => literal(member.name.to_owned()),
            ["host"] => self.host(member),
            ["port"] => literal(member.port?.to_string()),
            ["ports", name] => literal(member.listeners.get(*name)?.to_string()),
            ["address"] => {
                let port = member.port?;
                let mut address = self.host(member)?;
                address.text.push_str(&format!(":{port}"));
                Some(address)
            }
            // A table of the service itself, as its kind sees it.
            [name, key] if at.in_kind => {
                let table = member.option(name)?.as_table()?;
                let path = member.path().key(name).key(key);
                let place = At { path: &path, service: Some(member.name), in_kind: false, in_build: false };
                Some(self.text(table.get(*key)?.as_str()?, place))
            }
            ["image"] => self.image(member),
            ["public-url"] => self.public_url(member).map(|text| Resolved { text, edges: Vec::new() }),
            [name] => {
                if at.in_kind
                    && let Some(resolved) = self.kind_value(member, name)
                {
                    return Some(resolved);
                }
                // What must be written and is not is told on its own, and nothing follows from it.
                if at.in_kind && member.kind?.options.get(*name).is_some_and(|option| option.required) {
                    return literal(String::new());
                }
                let output = member.kind?.outputs.get(*name)?;
                let text = case(member, output)?;
                if text.contains("${service.port}") && member.port.is_none() {
                    return None;
                }
                let path = member.path();
                Some(self.text(text, At { path: &path, service: Some(member.name), in_kind: true, in_build: false }))
            }
            _ => None,
        }
    }

    /// Where the service answers inside of the stack: under its name, or where it runs.
    fn host(&mut self, member: &Member<'a>) -> Option<Resolved> {
        if !member.is_external {
            return Some(Resolved { text: Text::literal(member.name), edges: Vec::new() });
        }
        let path = member.path().key("host");
        let resolved = self.text(member.service.host.as_ref()?, At::manifest(&path, Some(member.name)));
        Some(Resolved { text: resolved.text, edges: Vec::new() })
    }

    /// A service as the templates of generated files see it: whatever is known of it before an operator sets anything,
    /// and nothing that is secret.
    pub(super) fn described(&mut self, name: &str) -> Option<toml::Table> {
        let member = self.frame.members.get(name)?;
        // What does not resolve is told where the service itself is put together.
        let known = self.notes.problems.len();
        let mut out = toml::Table::new();
        out.insert("name".to_owned(), name.into());
        out.insert("kind".to_owned(), member.service.kind.clone().unwrap_or_default().into());
        let host = self.host(member).and_then(|host| Some(host.text.as_literal()?.to_owned()));
        out.extend(host.map(|host| ("host".to_owned(), host.into())));
        out.extend(member.port.map(|port| ("port".to_owned(), i64::from(port).into())));
        let mut outputs = toml::Table::new();
        let path = member.path();
        let at = At { path: &path, service: Some(name), in_kind: false, in_build: false };
        let open = member
            .kind
            .into_iter()
            .flat_map(|kind| kind.outputs.iter().filter(|(_, output)| !is_secret(kind, output)).map(|(name, _)| name));
        for output in open {
            let resolved = self.output_text(member, &[output], at);
            if let Some(text) = resolved.as_ref().and_then(|resolved| resolved.text.as_literal()) {
                outputs.insert(output.replace('-', "_"), text.into());
            }
        }
        out.insert("outputs".to_owned(), outputs.into());
        self.notes.problems.truncate(known);
        Some(out)
    }

    /// A key, option or detected fact of the service itself, as its kind sees it.
    fn kind_value(&mut self, member: &Member<'a>, name: &str) -> Option<Resolved> {
        let literal = |text: &str| Some(Resolved { text: Text::literal(text), edges: Vec::new() });
        match name {
            "version" => return literal(member.service.version.as_deref()?),
            "source" => return literal(member.service.source.as_deref()?),
            "ignore-file" => return literal(&super::recipe::ignore_file(member.service)?),
            "workdir" => return literal(super::recipe::WORKDIR),
            "consumes" => return literal(&member.service.consumes.as_ref()?.join(",")),
            "produces" => return literal(&member.service.produces.as_ref()?.join(",")),
            "health" => return literal(super::health::path(member.service)?),
            // The host of its first route whose host is known, else the one that it is reached by on this machine.
            "route-host" => {
                let mut routes = member.service.routes.values();
                let host = routes.find_map(|route| {
                    let is_told = route.protocol.unwrap_or_default() == RouteProtocol::Http && route.rule.is_none();
                    let hosts = || self.quietly(|this| this.route_hosts(member, route, &member.path()));
                    is_told.then(hosts)?.into_iter().next()
                });
                let text = host.unwrap_or_else(|| Text::literal("localhost"));
                return Some(Resolved { text, edges: Vec::new() });
            }
            _ => {}
        }
        if let Some(fact) = member.facts.get(name)
            && !member.service.options.contains_key(name)
        {
            return literal(fact);
        }
        let is_default = !member.service.options.contains_key(name);
        let value = member.option(name)?;
        let path = member.path().key(name);
        match value {
            toml::Value::String(text) => Some(
                self.text(text, At { path: &path, service: Some(member.name), in_kind: is_default, in_build: false }),
            ),
            other => literal(&other.to_string()),
        }
    }

    /// A text of a `kind.toml`.
    pub(super) fn kind_text(&mut self, member: &Member<'a>, raw: &str) -> Resolved {
        let path = member.path();
        self.text(raw, At { path: &path, service: Some(member.name), in_kind: true, in_build: false })
    }

    /// The image that is run, where it is named.
    pub(super) fn image(&mut self, member: &Member<'a>) -> Option<Resolved> {
        if let Some(image) = &member.service.image {
            let path = member.path().key("image");
            return Some(self.text(image, At::manifest(&path, Some(member.name))));
        }
        let image = case(member, member.kind?.image.as_ref()?)?;
        Some(self.kind_text(member, image))
    }

    /// The environment variables that the kind sets, and the name of each where its value is a file.
    pub(super) fn kind_env(&mut self, member: &Member<'a>) -> Vec<(String, Resolved, Option<String>)> {
        let mut out = Vec::new();
        for (name, value) in member.kind.into_iter().flat_map(|kind| &kind.env) {
            let (value, file) = match value {
                EnvDef::Value(value) => (value, None),
                EnvDef::Case { when, value, file } if member.holds(when.as_ref(), member.target) => {
                    (value, file.clone())
                }
                EnvDef::Case { .. } => continue,
            };
            let resolved = self.kind_text(member, value);
            out.push((name.clone(), resolved, file));
        }
        out
    }
}

/// The text of a kind that holds for this service.
fn case<'k>(member: &Member<'_>, output: &'k Output) -> Option<&'k str> {
    match output {
        Output::Text(text) => Some(text),
        Output::Cases(cases) => {
            let case = cases.iter().find(|case| member.holds(case.when.as_ref(), member.target))?;
            Some(&case.value)
        }
    }
}

/// Whether a secret option of the kind is in an output, be it through another output.
fn is_secret(kind: &Kind, output: &Output) -> bool {
    let texts = match output {
        Output::Text(text) => vec![text],
        Output::Cases(cases) => cases.iter().map(|case| &case.value).collect(),
    };
    let names = texts.into_iter().flat_map(|text| text.split("${service.").skip(1));
    let mut names = names.filter_map(|rest| Some(rest.split_once('}')?.0));
    names.any(|name| match kind.options.get(name) {
        Some(option) => option.secret,
        None => kind.outputs.get(name).is_some_and(|other| !std::ptr::eq(other, output) && is_secret(kind, other)),
    })
}

pub(super) fn missing_output(member: &Member<'_>, output: &[&str]) -> Option<String> {
    match output {
        ["host" | "address" | "url"] if member.is_external && member.service.host.is_none() => {
            Some("it runs elsewhere, and nothing says where (`host`)".to_owned())
        }
        ["port" | "address" | "url"] if member.port.is_none() => Some("it has no `port`".to_owned()),
        ["public-url"] => Some("it has neither a route for HTTP nor a published port".to_owned()),
        ["image"] => Some("it is built, and its image has no name".to_owned()),
        _ => None,
    }
}

pub(super) fn outputs_of(member: &Member<'_>) -> Vec<String> {
    let general = ["name", "host", "port", "address", "image", "public-url"].into_iter();
    let own = member.kind.into_iter().flat_map(|kind| kind.outputs.keys().map(String::as_str));
    let ports = member.listeners.keys().map(|name| format!("ports.{name}"));
    general.chain(own).map(str::to_owned).chain(ports).collect()
}
