//! What middlewares make of a request on its way to the service: which change its path, which answer themselves (Traefik,
//! `pkg/middlewares/{stripprefix,stripprefixregex,addprefix,replacepath,replacepathregex,redirect}`).

use super::configuration::Defined;
use super::url::{Url, shown, unescape};
use super::values;
use crate::traefik::dynamic;
use crate::traefik::regex::pattern::Pattern;

/// A middleware on the way of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name, with its provider.
    pub name: String,
    /// Its type, as the documentation spells it; empty where it is defined elsewhere.
    pub kind: String,
    /// What it does with this request.
    pub effect: Effect,
}

/// What a middleware does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It lets it pass as it is.
    Passes,
    /// It changes what the service sees as path and query.
    Path(String),
    /// It may answer itself, or refuse: that depends on more than the request's line.
    MayAnswer,
    /// It answers with a redirect.
    Redirects {
        /// The status.
        status: u16,
        /// Where to.
        location: String,
    },
    /// It answers with an error: what it makes of the path is none, or is not clean.
    Fails {
        /// The status.
        status: u16,
        /// Why, as a clause.
        reason: String,
    },
    /// Nobody can know.
    Open(String),
}

/// Types that may answer a request themselves.
const MAY_ANSWER: [&str; 12] = [
    "basicauth",
    "buffering",
    "circuitbreaker",
    "digestauth",
    "errors",
    "forwardauth",
    "inflightreq",
    "ipallowlist",
    "ipwhitelist",
    "plugin",
    "ratelimit",
    "grpcweb",
];

/// A request on its way.
#[derive(Debug, Clone)]
pub(super) struct Way {
    /// The path and query, as middlewares see them.
    pub(super) url: Url,
    /// What goes over the wire, as far as it is written.
    pub(super) target: Vec<u8>,
    /// `http` or `https`: what the client is said to have asked for.
    pub(super) scheme: &'static str,
    /// Whether the connection is one of TLS.
    pub(super) is_secure: bool,
    /// The method.
    pub(super) method: String,
    /// What was sent as `Host`.
    pub(super) authority: String,
}

impl Way {
    /// Sends the request through a middleware.
    pub(super) fn pass(&mut self, middleware: &Defined) -> Step {
        let kind = middleware.options.keys().next().and_then(|option| option.split('.').next()).unwrap_or_default();
        let spelled = dynamic::find(dynamic::middlewares(), kind).map_or(kind, |field| field.name).to_owned();
        let effect = self.effect(kind, middleware);
        Step { name: format!("{}@docker", middleware.name), kind: spelled, effect }
    }

    fn effect(&mut self, kind: &str, middleware: &Defined) -> Effect {
        let is_rewriting = [
            "stripprefix",
            "stripprefixregex",
            "addprefix",
            "replacepath",
            "replacepathregex",
            "redirectscheme",
            "redirectregex",
        ];
        if !is_rewriting.contains(&kind) {
            return if MAY_ANSWER.contains(&kind) { Effect::MayAnswer } else { Effect::Passes };
        }
        if let Some(open) = middleware.options.values().find(|value| !values::is_known(value)) {
            let names: Vec<&str> = values::open(open).collect();
            return Effect::Open(format!("depends on `${{{}}}`", names.join("}`, `${")));
        }
        let option = |name: &str| middleware.option(&format!("{kind}.{name}")).unwrap_or_default();
        let before = self.target.clone();
        let rewritten = match kind {
            "stripprefix" => {
                let prefixes = middleware.list("stripprefix.prefixes");
                self.strip(&prefixes, middleware.is_on("stripprefix.forceslash"))
            }
            "stripprefixregex" => self.strip_patterns(&middleware.list("stripprefixregex.regex")),
            "addprefix" => self.add(option("prefix")),
            "replacepath" => self.replace(option("path").as_bytes().to_vec()),
            "replacepathregex" => self.replace_pattern(option("regex"), option("replacement")),
            _ => return self.redirect(kind, middleware),
        };
        match rewritten {
            Rewritten::No => Effect::Passes,
            Rewritten::Broken(path) => Effect::Fails { status: 500, reason: format!("`{path}` is no path") },
            // What somebody wrote out, a path or what stands before it, is theirs.
            Rewritten::Yes if !["replacepath", "addprefix"].contains(&kind) && self.is_unclean() => {
                let path = shown(&self.url.path);
                let reason = format!("Traefik refuses what it makes of the path, `{path}`, which is not clean");
                Effect::Fails { status: 400, reason }
            }
            Rewritten::Yes if self.target == before => Effect::Passes,
            Rewritten::Yes => Effect::Path(shown(&self.target)),
        }
    }

    /// Whether a path that was rewritten holds `.`, `..` or doubled slashes: what a service makes of it is its own matter,
    /// so that Traefik does not send it (its pull request 13215).
    fn is_unclean(&mut self) -> bool {
        if self.url.path.is_empty() {
            return false;
        }
        let before = self.url.path.clone();
        self.url.clean();
        self.target = self.url.target();
        let is_unclean = self.url.path != before;
        if is_unclean {
            self.url.path = before;
        }
        is_unclean
    }

    fn strip(&mut self, prefixes: &[String], forces_slash: bool) -> Rewritten {
        let stripped = |path: &[u8], prefix: &str| {
            let rest = path.strip_prefix(prefix.as_bytes()).unwrap_or(path);
            if forces_slash {
                return [b"/", rest.strip_prefix(b"/").unwrap_or(rest)].concat();
            }
            with_slash(rest.to_vec())
        };
        let Some(prefix) = prefixes.iter().find(|prefix| self.url.path.starts_with(prefix.as_bytes())) else {
            return Rewritten::No;
        };
        self.url.path = stripped(&self.url.path, prefix);
        if !self.url.raw.is_empty() {
            let length = encoded_length(&self.url.raw, prefix.len());
            self.url.raw = stripped(self.url.raw.get(length..).unwrap_or_default(), "");
        }
        self.target = self.url.target();
        Rewritten::Yes
    }

    fn strip_patterns(&mut self, patterns: &[String]) -> Rewritten {
        for pattern in patterns.iter().filter_map(|pattern| Pattern::of(pattern.trim())) {
            let found = pattern.find(&self.url.path).map(<[u8]>::to_vec).filter(|found| !found.is_empty());
            let Some(prefix) = found.filter(|found| self.url.path.starts_with(found)) else { continue };
            self.url.path = with_slash(self.url.path.split_off(prefix.len()));
            if !self.url.raw.is_empty() {
                let length = encoded_length(&self.url.raw, prefix.len());
                self.url.raw = with_slash(self.url.raw.split_off(length));
            }
            self.target = self.url.target();
            return Rewritten::Yes;
        }
        Rewritten::No
    }

    fn add(&mut self, prefix: &str) -> Rewritten {
        let added = |path: &[u8]| with_slash([prefix.as_bytes(), path].concat());
        self.url.path = added(&self.url.path);
        if !self.url.raw.is_empty() {
            self.url.raw = added(&self.url.raw);
        }
        self.target = self.url.target();
        Rewritten::Yes
    }

    fn replace(&mut self, path: Vec<u8>) -> Rewritten {
        let Some(decoded) = unescape(&path) else { return Rewritten::Broken(shown(&path)) };
        self.url.path = decoded;
        self.url.raw = path;
        self.target = self.url.target();
        Rewritten::Yes
    }

    fn replace_pattern(&mut self, pattern: &str, replacement: &str) -> Rewritten {
        let current = if self.url.raw.is_empty() { self.url.escaped_path() } else { self.url.raw.clone() };
        let replacement = replacement.trim();
        match Pattern::of(pattern.trim()).filter(|pattern| pattern.is_found_in(&current)) {
            Some(pattern) if !replacement.is_empty() => self.replace(pattern.replace_all(&current, replacement)),
            _ => Rewritten::No,
        }
    }

    fn redirect(&mut self, kind: &str, middleware: &Defined) -> Effect {
        let option = |name: &str| middleware.option(&format!("{kind}.{name}")).unwrap_or_default();
        let is_permanent = middleware.is_on(&format!("{kind}.permanent"));
        if kind == "redirectscheme" {
            return self.redirect_scheme(option("scheme"), option("port"), is_permanent);
        }
        // Of this one Traefik asks the connection, and keeps every port.
        let scheme = if self.is_secure { "https" } else { "http" };
        let old = format!("{scheme}://{}{}", self.authority, shown(&self.target));
        let Some(pattern) = Pattern::of(option("regex")).filter(|pattern| pattern.is_found_in(old.as_bytes())) else {
            return Effect::Passes;
        };
        let new = shown(&pattern.replace_all(old.as_bytes(), option("replacement")));
        self.redirects(&old, new, is_permanent)
    }

    /// Sends to another scheme, and perhaps another port; lets what is there already pass.
    pub(super) fn redirect_scheme(&self, scheme: &str, port: &str, is_permanent: bool) -> Effect {
        let is_usual = matches!((scheme, port), ("http", "80") | ("https", "443"));
        let port = if port.is_empty() || is_usual { String::new() } else { format!(":{port}") };
        let target = shown(&self.target);
        let old = format!("{}://{}{target}", self.scheme, self.usual_authority());
        let new = format!("{scheme}://{}{port}{target}", self.host());
        self.redirects(&old, new, is_permanent)
    }

    fn redirects(&self, old: &str, new: String, is_permanent: bool) -> Effect {
        if old == new {
            return Effect::Passes;
        }
        let status = match (is_permanent, self.method == "GET") {
            (false, true) => 302,
            (false, false) => 307,
            (true, true) => 301,
            (true, false) => 308,
        };
        Effect::Redirects { status, location: new }
    }

    /// The host as it was sent, without its port.
    fn host(&self) -> &str {
        let port = self.authority.rsplit_once(':').filter(|(host, _)| !host.starts_with('[') || host.ends_with(']'));
        port.map_or(self.authority.as_str(), |(host, _)| host)
    }

    /// What was sent as `Host`, without a port that the scheme says already.
    fn usual_authority(&self) -> &str {
        let usual = if self.scheme == "https" { ":443" } else { ":80" };
        self.authority.strip_suffix(usual).unwrap_or(&self.authority)
    }

    /// The path and query that go to the service (Traefik, `pkg/proxy/httputil/proxy.go`).
    pub(super) fn arrives(&self) -> String {
        let sent = Url::parse(&self.target);
        let mut url = sent.unwrap_or_else(|| self.url.clone());
        url.query.iter_mut().filter(|byte| **byte == b';').for_each(|byte| *byte = b'&');
        url.ends_with_mark |= self.url.ends_with_mark;
        shown(&url.target())
    }
}

/// What became of a path.
enum Rewritten {
    /// Another one, or the same written anew.
    Yes,
    /// Nothing.
    No,
    /// Something that cannot be decoded.
    Broken(String),
}

fn with_slash(path: Vec<u8>) -> Vec<u8> {
    if path.is_empty() || path.starts_with(b"/") { path } else { [b"/", path.as_slice()].concat() }
}

/// How long the beginning of a written path is that stands for so many bytes of the decoded one.
fn encoded_length(raw: &[u8], decoded: usize) -> usize {
    let mut at = 0;
    for _ in 0..decoded {
        match raw.get(at) {
            Some(b'%') if at + 2 < raw.len() => at += 3,
            Some(_) => at += 1,
            None => break,
        }
    }
    at
}
