//! What a service gives to those who refer to it.

use super::Text;
use super::member::Member;
use super::resolve::{At, Resolved, Resolver};
use crate::kinds::{EnvDef, Output};

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
            ["image"] => self.image(member),
            ["public-url"] => self.public_url(member).map(|text| Resolved { text, edges: Vec::new() }),
            [name] => {
                if at.in_kind
                    && let Some(resolved) = self.kind_value(member, name)
                {
                    return Some(resolved);
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
            "route-host" => {
                let route = member.service.routes.values().next()?;
                let text = self.quietly(|this| this.route_hosts(member, route, &member.path())).into_iter().next()?;
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
                EnvDef::Case { when, value, file } if member.holds(when.as_deref(), member.target) => {
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
            let case = cases.iter().find(|case| member.holds(case.when.as_deref(), member.target))?;
            Some(&case.value)
        }
    }
}

pub(super) fn missing_output(member: &Member<'_>, output: &[&str]) -> Option<String> {
    match output {
        ["host" | "address" | "url"] if member.is_external && member.service.host.is_none() => {
            Some("it runs elsewhere, and nothing says where (`host`)".to_owned())
        }
        ["port" | "address" | "url"] if member.port.is_none() => Some("it has no `port`".to_owned()),
        ["public-url"] => Some("it has neither a route nor a published port".to_owned()),
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
