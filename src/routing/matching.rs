//! Whether a rule takes a request, and what in it does not: as Traefik 3.7 compares (its `pkg/muxer/http/matcher.go` and
//! `pkg/muxer/tcp/matcher.go`), with a third answer where something is not known.

use std::net::IpAddr;

use super::url::shown as text_of;
use super::values;
use crate::traefik::regex::pattern::Pattern;
use crate::traefik::rule::{Expression, Matcher, MatcherKind};

/// A request, or the connection that carries it, as rules see it.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The method.
    pub(super) method: String,
    /// The host without its port, in small letters.
    pub(super) host: String,
    /// The server name of the TLS handshake; empty where there is none.
    pub(super) server_name: String,
    /// The path, decoded but for what means something in a URL.
    pub(super) path: Vec<u8>,
    /// The parameters of the query.
    pub(super) parameters: Vec<(Vec<u8>, Vec<u8>)>,
    /// The headers; a value that nobody can know is none.
    pub(super) headers: Vec<(String, Option<String>)>,
    /// The address of the client, where it is known.
    pub(super) client: Option<IpAddr>,
    /// Whether a host may begin with `*.`: since version 3.7.
    pub(super) has_wildcards: bool,
}

/// What a rule says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It takes it.
    Yes,
    /// It does not.
    No,
    /// That depends on something that is not known.
    Open,
}

/// What a rule says, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judgement {
    /// What it says.
    pub(super) truth: Truth,
    /// The matchers that do not match, or that are open: of alternatives, those of the nearest one.
    pub(super) reasons: Vec<Reason>,
}

/// A matcher that does not match, or may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The matcher, as it is written.
    pub matcher: String,
    /// What the request has instead, as a clause.
    pub clause: String,
}

impl Judgement {
    fn yes() -> Self {
        Self { truth: Truth::Yes, reasons: Vec::new() }
    }

    pub(super) fn open(clause: &str) -> Self {
        Self { truth: Truth::Open, reasons: vec![Reason { matcher: String::new(), clause: clause.to_owned() }] }
    }
}

impl Seen {
    /// What a rule says.
    pub(super) fn judge(&self, rule: &Expression) -> Judgement {
        self.judge_as(rule, false)
    }

    /// Whether a host in a rule is the server name of the connection.
    pub(super) fn names(&self, host: &Matcher) -> bool {
        let written = host.arguments.first().map_or("", |argument| argument.value.as_str());
        is_host_expression(&self.server_name, written, self.has_wildcards)
    }

    /// Whether a rule takes it: no more is looked at than has to be.
    fn holds(&self, rule: &Expression) -> bool {
        match rule {
            Expression::Matcher(matcher) => self.truth(matcher) == Truth::Yes,
            Expression::Not(inner) => !self.holds(inner),
            Expression::And(parts) => parts.iter().all(|part| self.holds(part)),
            Expression::Or(parts) => parts.iter().any(|part| self.holds(part)),
        }
    }

    fn judge_as(&self, rule: &Expression, is_negated: bool) -> Judgement {
        match rule {
            Expression::Matcher(matcher) => self.judge_matcher(matcher, is_negated),
            Expression::Not(inner) => self.judge_as(inner, !is_negated),
            // Behind a `!` the two change places (De Morgan).
            Expression::And(parts) if !is_negated => self.all(parts, is_negated),
            Expression::Or(parts) if is_negated => self.all(parts, is_negated),
            Expression::And(parts) | Expression::Or(parts) => self.any(parts, is_negated),
        }
    }

    fn all(&self, parts: &[Expression], is_negated: bool) -> Judgement {
        let judged: Vec<Judgement> = parts.iter().map(|part| self.judge_as(part, is_negated)).collect();
        let worst = [Truth::No, Truth::Open].into_iter().find(|truth| judged.iter().any(|j| j.truth == *truth));
        let Some(truth) = worst else { return Judgement::yes() };
        let reasons = judged.into_iter().filter(|j| j.truth == truth).flat_map(|j| j.reasons).collect();
        Judgement { truth, reasons }
    }

    fn any(&self, parts: &[Expression], is_negated: bool) -> Judgement {
        let judged = parts.iter().map(|part| self.judge_as(part, is_negated));
        let rank = |truth: Truth| match truth {
            Truth::Yes => 0,
            Truth::Open => 1,
            Truth::No => 2,
        };
        // An expression has at least two parts.
        judged.min_by_key(|j| (rank(j.truth), j.reasons.len())).unwrap_or_else(Judgement::yes)
    }

    fn judge_matcher(&self, matcher: &Matcher, is_negated: bool) -> Judgement {
        let written = |is_negated: bool| {
            let arguments: Vec<String> =
                matcher.arguments.iter().map(|argument| format!("`{}`", values::shown(&argument.value))).collect();
            format!("{}{}({})", if is_negated { "!" } else { "" }, matcher.kind.name(), arguments.join(", "))
        };
        let truth = match (self.truth(matcher), is_negated) {
            (Truth::Open, _) => Truth::Open,
            (Truth::Yes, false) | (Truth::No, true) => return Judgement::yes(),
            _ => Truth::No,
        };
        let clause = match (truth, is_negated) {
            (Truth::Open, _) => self.open_clause(matcher),
            (_, true) => format!("leaves out `{}`", self.subject(matcher)),
            _ => self.clause(matcher),
        };
        Judgement { truth, reasons: vec![Reason { matcher: written(is_negated), clause }] }
    }

    fn truth(&self, matcher: &Matcher) -> Truth {
        use MatcherKind as Kind;
        let first = matcher.arguments.first().map_or("", |argument| argument.value.as_str());
        let second = matcher.arguments.get(1).map(|argument| argument.value.as_str());
        let say = |is_match: bool| if is_match { Truth::Yes } else { Truth::No };
        let run = |pattern: &str, text: &[u8]| match Pattern::of(pattern) {
            Some(pattern) => say(pattern.is_found_in(text)),
            None => Truth::Open,
        };
        let is_known = matcher.arguments.iter().all(|argument| values::is_known(&argument.value));
        if !is_known {
            // Whoever writes the variable itself means its value.
            let same = match matcher.kind {
                Kind::Host => values::shown(first).eq_ignore_ascii_case(&self.host),
                Kind::HostSni => values::shown(first).eq_ignore_ascii_case(&self.server_name),
                _ => false,
            };
            return if same { Truth::Yes } else { Truth::Open };
        }
        match matcher.kind {
            Kind::Method => say(first.to_uppercase() == self.method),
            Kind::Host => say(self.is_host(first)),
            Kind::HostRegexp => run(first, self.host.as_bytes()),
            Kind::Path => say(self.path == first.as_bytes()),
            Kind::PathPrefix => say(self.path.starts_with(first.as_bytes())),
            Kind::PathRegexp => run(first, &self.path),
            Kind::Header | Kind::HeaderRegexp => {
                let sent = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(first));
                any(sent.map(|(_, value)| match (value, second) {
                    (None, _) | (_, None) => Truth::Open,
                    (Some(value), Some(second)) if matcher.kind == Kind::Header => say(value == second),
                    (Some(value), Some(second)) => run(second, value.as_bytes()),
                }))
            }
            Kind::Query | Kind::QueryRegexp => {
                let sent = self.parameters.iter().filter(|(name, _)| name == first.as_bytes());
                any(sent.map(|(_, value)| match second {
                    Some(second) if matcher.kind == Kind::QueryRegexp => run(second, value),
                    // Without a value the parameter has to be empty.
                    second => say(value == second.unwrap_or_default().as_bytes()),
                }))
            }
            Kind::ClientIp => match self.client {
                Some(client) => say(contains(first, client)),
                None => Truth::Open,
            },
            Kind::HostSni => say(first == "*" || is_host_expression(&self.server_name, first, self.has_wildcards)),
            Kind::HostSniRegexp => run(first, self.server_name.as_bytes()),
            Kind::Alpn => Truth::Open,
        }
    }

    fn is_host(&self, written: &str) -> bool {
        let is = |host: &str, written: &str| is_host_expression(host, written, self.has_wildcards);
        let without_dot = |text: &str| text.strip_suffix('.').map(str::to_owned);
        !self.host.is_empty()
            && (is(&self.host, written)
                || without_dot(written).is_some_and(|written| is(&self.host, &written))
                || without_dot(&self.host).is_some_and(|host| is(&host, written)))
    }

    /// What of the request a matcher looks at.
    fn subject(&self, matcher: &Matcher) -> String {
        use MatcherKind as Kind;
        match matcher.kind {
            Kind::Method => self.method.clone(),
            Kind::Host | Kind::HostRegexp => self.host.clone(),
            Kind::HostSni | Kind::HostSniRegexp => self.server_name.clone(),
            Kind::Path | Kind::PathPrefix | Kind::PathRegexp => text_of(&self.path),
            Kind::ClientIp => self.client.map(|client| client.to_string()).unwrap_or_default(),
            _ => matcher.arguments.first().map(|argument| argument.value.clone()).unwrap_or_default(),
        }
    }

    fn clause(&self, matcher: &Matcher) -> String {
        use MatcherKind as Kind;
        let subject = self.subject(matcher);
        match matcher.kind {
            Kind::Method => format!("the method is {subject}"),
            Kind::Host | Kind::HostRegexp => format!("the host is `{subject}`"),
            Kind::HostSni | Kind::HostSniRegexp if subject.is_empty() => "there is no server name".to_owned(),
            Kind::HostSni | Kind::HostSniRegexp => format!("the server name is `{subject}`"),
            Kind::Path | Kind::PathPrefix | Kind::PathRegexp => format!("the path is `{subject}`"),
            Kind::Header | Kind::HeaderRegexp => {
                let is_sent = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(&subject));
                let what = if is_sent { "has another value" } else { "is not sent" };
                format!("the header `{subject}` {what}")
            }
            Kind::Query | Kind::QueryRegexp => {
                let is_sent = self.parameters.iter().any(|(name, _)| name == subject.as_bytes());
                let what = if is_sent { "has another value" } else { "is not in the query" };
                format!("the parameter `{subject}` {what}")
            }
            Kind::ClientIp => format!("the client is {subject}"),
            Kind::Alpn => "the client offers another protocol".to_owned(),
        }
    }

    fn open_clause(&self, matcher: &Matcher) -> String {
        let mut names: Vec<&str> = Vec::new();
        for name in matcher.arguments.iter().flat_map(|argument| values::open(&argument.value)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        match matcher.kind {
            _ if !names.is_empty() => {
                let names: Vec<String> = names.iter().map(|name| format!("`${{{name}}}`")).collect();
                format!("depends on {}", crate::diagnostics::words::and(&names))
            }
            MatcherKind::ClientIp if self.client.is_none() => {
                "depends on the address of the client: say it with `--client-ip`".to_owned()
            }
            MatcherKind::Header | MatcherKind::HeaderRegexp => {
                "depends on a header that the proxy sets itself".to_owned()
            }
            MatcherKind::Alpn => "depends on the protocols that the client offers".to_owned(),
            _ => "cannot be told".to_owned(),
        }
    }
}

/// Whether a rule asks for host and path alone, and everything in it is known.
pub(crate) fn asks_for_place(rule: &Expression) -> bool {
    use MatcherKind as Kind;
    let places = [Kind::Host, Kind::HostRegexp, Kind::Path, Kind::PathPrefix, Kind::PathRegexp];
    let mut asks = true;
    rule.each_matcher(&mut |matcher, _| {
        let is_known = matcher.arguments.iter().all(|argument| values::is_known(&argument.value));
        asks &= is_known && places.contains(&matcher.kind);
    });
    asks
}

/// Whether such a rule takes a request for a path on a host, in the newest version.
pub(crate) fn takes_place(rule: &Expression, host: &str, path: &str) -> bool {
    let path = path.as_bytes().to_vec();
    let seen = Seen { host: host.to_lowercase(), path, has_wildcards: true, ..Seen::default() };
    seen.holds(rule)
}

/// Whether one of several values fits.
fn any(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut found = Truth::No;
    for truth in truths {
        match truth {
            Truth::Yes => return Truth::Yes,
            Truth::Open => found = Truth::Open,
            Truth::No => {}
        }
    }
    found
}

/// Whether a host is what a rule writes. Since version 3.7 `*.example.com` is any name directly below it, and `*` any.
fn is_host_expression(host: &str, written: &str, has_wildcards: bool) -> bool {
    let written = written.to_ascii_lowercase();
    let host = host.to_ascii_lowercase();
    if has_wildcards && written.starts_with('*') {
        let below = host.split_once('.').map_or_else(String::new, |(_, below)| format!(".{below}"));
        return written == "*" || written == format!("*{below}");
    }
    host == written
}

/// Whether an address or a network holds this address.
pub(super) fn contains(network: &str, address: IpAddr) -> bool {
    let (base, bits) = network.split_once('/').map_or((network, None), |(base, bits)| (base, bits.parse::<u32>().ok()));
    // An IPv4 address in the form of IPv6 is the same client.
    let address = address.to_canonical();
    match (base.parse::<IpAddr>().map(|base| base.to_canonical()), address) {
        (Ok(IpAddr::V4(base)), IpAddr::V4(address)) => {
            let shift = 32u32.saturating_sub(bits.unwrap_or(32));
            let of = |ip: std::net::Ipv4Addr| u32::from(ip).checked_shr(shift).unwrap_or_default();
            of(base) == of(address)
        }
        (Ok(IpAddr::V6(base)), IpAddr::V6(address)) => {
            let shift = 128u32.saturating_sub(bits.unwrap_or(128));
            let of = |ip: std::net::Ipv6Addr| u128::from(ip).checked_shr(shift).unwrap_or_default();
            of(base) == of(address)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::types::RouteProtocol;
    use crate::traefik::rule::parse;

    fn judge(rule: &str) -> Judgement {
        let seen = Seen {
            method: "GET".to_owned(),
            host: "shop.example.com".to_owned(),
            path: b"/api/a".to_vec(),
            parameters: vec![(b"v".to_vec(), b"2".to_vec()), (b"empty".to_vec(), Vec::new())],
            headers: vec![("X-A".to_owned(), Some("one".to_owned())), ("X-Open".to_owned(), None)],
            has_wildcards: true,
            ..Seen::default()
        };
        seen.judge(&parse(rule, RouteProtocol::Http).expect("a rule").expect("a known rule"))
    }

    #[test]
    fn a_rule_takes_a_request_or_says_why_not() {
        for rule in [
            "Host(`Shop.example.com`) && PathPrefix(`/api`)",
            "Host(`*.example.com`) && Path(`/api/a`)",
            "Host(`shop.example.com.`) && Host(`*`)",
            "HostRegexp(`^shop\\.`) && !Method(`post`)",
            "Query(`v`, `2`) && QueryRegexp(`v`, `^[0-9]$`) && Query(`empty`)",
            "Header(`x-a`, `one`) || Path(`/`)",
            "PathRegexp(`/a$`)",
        ] {
            assert_eq!(judge(rule).truth, Truth::Yes, "{rule}");
        }
        for (rule, clauses) in [
            ("Host(`a`) && PathPrefix(`/api`)", &["the host is `shop.example.com`"][..]),
            ("(Host(`a`) && Path(`/`)) || Path(`/b`)", &["the path is `/api/a`"]),
            ("Method(`POST`) && Query(`v`)", &["the method is GET", "the parameter `v` has another value"]),
            ("!PathPrefix(`/api`)", &["leaves out `/api/a`"]),
            ("!(Path(`/b`) || Host(`*.example.com`))", &["leaves out `shop.example.com`"]),
            ("Header(`X-B`, `one`)", &["the header `X-B` is not sent"]),
            ("Host(`*.shop.example.com`)", &["the host is `shop.example.com`"]),
        ] {
            let judgement = judge(rule);
            let found: Vec<&str> = judgement.reasons.iter().map(|reason| reason.clause.as_str()).collect();
            assert_eq!((judgement.truth, found.as_slice()), (Truth::No, clauses), "{rule}");
        }
        for (rule, clause) in [
            ("ClientIP(`10.0.0.0/8`)", "depends on the address of the client: say it with `--client-ip`"),
            ("Host(`\u{fffc}DOMAIN\u{fffc}`) && Path(`/api/a`)", "depends on `${DOMAIN}`"),
            ("Header(`X-Open`, `a`)", "depends on a header that the proxy sets itself"),
        ] {
            let judgement = judge(rule);
            assert_eq!((judgement.truth, judgement.reasons[0].clause.as_str()), (Truth::Open, clause), "{rule}");
        }
        assert_eq!(judge("Host(`\u{fffc}DOMAIN\u{fffc}`) && Path(`/`)").truth, Truth::No, "whatever the host is");
    }

    #[test]
    fn a_network_holds_its_addresses() {
        let holds = |network: &str, address: &str| contains(network, address.parse().expect("an address"));
        assert!(holds("10.0.0.0/8", "10.1.2.3") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("0.0.0.0/0", "192.0.2.1") && holds("::/0", "::1") && !holds("::/0", "192.0.2.1"));
        assert!(holds("192.0.2.1", "192.0.2.1") && holds("192.0.2.1", "::ffff:192.0.2.1"));
    }
}
