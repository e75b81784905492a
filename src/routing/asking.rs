//! The other way round: which requests a router takes.

use super::matching::Truth;
use super::url::Url;
use super::values;
use super::{Request, Router, Routing};
use crate::traefik::rule::{Expression, Matcher, MatcherKind};

/// How many ways to satisfy a rule are tried.
const WAYS: usize = 64;

/// A request as far as a rule asks for something.
#[derive(Debug, Clone, Default)]
struct Draft {
    method: Option<String>,
    host: Option<String>,
    path: Option<String>,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    /// Whether it wants a host that depends on a value that is not known.
    is_open: bool,
}

impl Routing {
    /// Requests that a router takes: one for each host that its rule names, with `host` where it names none or where
    /// nobody knows which. Their port is that of the entry point in its container; the method is `OPTIONS` where any
    /// will do. Empty where none can be made up, as for most patterns. `path` takes the place of the path that would be
    /// made up.
    pub fn requests_for(&self, router: &Router, host: Option<&str>, path: Option<&str>) -> Vec<Request> {
        let entry = self.entry_points.iter().find(|entry| entry.name == router.entry_point);
        let (Some(tree), Some(entry)) = (&router.tree, entry) else { return Vec::new() };
        let Some(port) = entry.port else { return Vec::new() };
        let mut found: Vec<Request> = Vec::new();
        for draft in drafts(tree, false) {
            let any = if draft.is_open { None } else { Some("localhost") };
            let Some(authority) = draft.host.clone().or_else(|| Some(host.or(any)?.to_owned())) else { continue };
            if found.iter().any(|known| known.authority == authority) {
                continue;
            }
            let request = Request {
                method: draft.method.clone().unwrap_or_else(|| "OPTIONS".to_owned()),
                is_secure: router.has_tls,
                host: authority.clone(),
                port,
                authority,
                target: target(&draft, path),
                headers: draft.headers.clone(),
                client: None,
            };
            if self.takes(router, tree, &request, draft.is_open) {
                found.push(request);
            }
        }
        found
    }

    /// Whether the rule of a router takes a request, whoever else may.
    fn takes(&self, router: &Router, tree: &Expression, request: &Request, is_open: bool) -> bool {
        let mut seen = self.seen(request);
        let Some(mut url) = Url::parse(request.target.as_bytes()) else { return false };
        url.normalise();
        seen.path = url.routing_path();
        seen.parameters = url.parameters();
        seen.headers = request.headers.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
        match seen.judge(tree).truth {
            Truth::Yes => router.has_tls == request.is_secure,
            Truth::Open => is_open,
            Truth::No => false,
        }
    }
}

fn target(draft: &Draft, path: Option<&str>) -> String {
    let mut target = path.or(draft.path.as_deref()).unwrap_or("/").to_owned();
    for (name, value) in &draft.query {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(name);
        target.push('=');
        target.push_str(value);
    }
    target
}

/// Ways to satisfy a rule; each has still to be tried, since what is behind a `!` is only hoped for.
fn drafts(rule: &Expression, is_negated: bool) -> Vec<Draft> {
    match rule {
        Expression::Matcher(_) if is_negated => vec![Draft::default()],
        Expression::Matcher(matcher) => of_matcher(matcher),
        Expression::Not(inner) => drafts(inner, !is_negated),
        Expression::Or(parts) if !is_negated => parts.iter().flat_map(|part| drafts(part, false)).take(WAYS).collect(),
        Expression::And(parts) if is_negated => parts.iter().flat_map(|part| drafts(part, true)).take(WAYS).collect(),
        Expression::And(parts) | Expression::Or(parts) => {
            let mut ways = vec![Draft::default()];
            for part in parts {
                let more = drafts(part, is_negated);
                let both = ways.iter().flat_map(|way| more.iter().filter_map(|other| way.with(other)));
                ways = both.take(WAYS).collect();
            }
            ways
        }
    }
}

impl Draft {
    /// What satisfies both, as far as one request can.
    fn with(&self, other: &Self) -> Option<Self> {
        let both = |a: &Option<String>, b: &Option<String>| match (a, b) {
            (Some(a), Some(b)) if a != b => None,
            (a, b) => Some(a.clone().or_else(|| b.clone())),
        };
        // Of two paths the longer one may satisfy both, where the other is its beginning.
        let path = match (&self.path, &other.path) {
            (Some(a), Some(b)) if b.starts_with(a.as_str()) => Some(b.clone()),
            (Some(a), Some(b)) if a.starts_with(b.as_str()) => Some(a.clone()),
            (Some(_), Some(_)) => return None,
            (a, b) => a.clone().or_else(|| b.clone()),
        };
        Some(Self {
            method: both(&self.method, &other.method)?,
            host: both(&self.host, &other.host)?,
            path,
            query: [&*self.query, &*other.query].concat(),
            headers: [&*self.headers, &*other.headers].concat(),
            is_open: self.is_open || other.is_open,
        })
    }
}

fn of_matcher(matcher: &Matcher) -> Vec<Draft> {
    use MatcherKind as Kind;
    let argument = |index: usize| matcher.arguments.get(index).map(|argument| argument.value.clone());
    let (first, second) = (argument(0).unwrap_or_default(), argument(1));
    let pair = || vec![(first.clone(), second.clone().unwrap_or_default())];
    let empty = Draft::default;
    let draft = match matcher.kind {
        Kind::Method => Draft { method: Some(first.to_uppercase()), ..empty() },
        // Where the name depends on something that nobody knows, whoever asks has to name it.
        Kind::Host if !values::is_known(&first) => Draft { is_open: true, ..empty() },
        Kind::Host => Draft { host: Some(first.replacen("*.", "any.", 1)), ..empty() },
        Kind::Path | Kind::PathPrefix => Draft { path: Some(first), ..empty() },
        // What a pattern begins with may be all that it wants.
        Kind::PathRegexp => {
            let start = first.trim_start_matches('^');
            let end = start.find(|c: char| "\\.+*?()|[]{}^$".contains(c)).unwrap_or(start.len());
            let path = &start[..end];
            let paths = [path.to_owned(), format!("{path}1"), format!("{path}a"), format!("{path}/")];
            return paths
                .into_iter()
                .filter(|path| path.starts_with('/'))
                .map(|path| Draft { path: Some(path), ..empty() })
                .collect();
        }
        Kind::Header => Draft { headers: pair(), ..empty() },
        Kind::Query => Draft { query: pair(), ..empty() },
        _ => empty(),
    };
    vec![draft]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::types::RouteProtocol;
    use crate::traefik::rule::parse;

    /// The drafts of a rule as lines of requests.
    fn shown(rule: &str) -> Vec<String> {
        let tree = parse(rule, RouteProtocol::Http).unwrap().unwrap();
        let line = |draft: Draft| {
            let host = draft.host.clone().unwrap_or_default();
            let headers: Vec<String> = draft.headers.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            let method = draft.method.clone().unwrap_or_default();
            format!("{method} {host}{}{}", target(&draft, None), headers.concat())
        };
        drafts(&tree, false).into_iter().map(line).collect()
    }

    #[test]
    fn a_rule_says_what_to_ask() {
        let rule = "Host(`a`) && (Path(`/x`) || PathPrefix(`/x/`))";
        assert_eq!(shown(rule), [" a/x", " a/x/"]);
        assert_eq!(shown("(Host(`a`) || Host(`b`)) && Method(`get`)"), ["GET a/", "GET b/"]);
        assert_eq!(shown("PathPrefix(`/a`) && PathPrefix(`/a/b`)"), [" /a/b"]);
        assert_eq!(shown("Path(`/a`) && Path(`/b`)"), Vec::<String>::new());
        assert_eq!(shown("Header(`X-A`, `b`) && Query(`c`, `d`)"), [" /?c=d X-A=b"]);
        assert_eq!(shown("Host(`a`) && !(Path(`/x`) || Path(`/y`))"), [" a/"]);
        assert_eq!(shown("PathRegexp(`^/items/[0-9]+$`)")[1], " /items/1");
    }

    #[test]
    fn many_alternatives_stay_few() {
        let hosts: Vec<String> = (0..40).map(|number| format!("Host(`h{number}`)")).collect();
        let rule = format!("({}) && ({})", hosts.join(" || "), hosts.join(" || "));
        assert!(shown(&rule).len() <= WAYS);
    }
}
