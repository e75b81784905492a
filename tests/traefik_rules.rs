//! The parser of Traefik's rules, judged by the real Traefik: whether it takes a rule, for some hundred made-up rules and
//! mutilated ones. Needs Traefik and Python.
//!
//! `STACKGEN_RULES=5000` makes as many; each number makes the same rules on every machine. Not among them is what the
//! parser takes on trust: the names in `\p{…}`.

mod support;

use std::collections::HashSet;
use std::env;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use stackgen::manifest::types::RouteProtocol;
use stackgen::traefik::rule;
use support::oracle::{self, Verdict};

/// How many rules are made where nobody asks for more.
const COUNT: usize = 400;

#[test]
fn a_rule_has_no_flaw_where_traefik_takes_it() {
    if !oracle::available() {
        return;
    }
    let count = env::var("STACKGEN_RULES").ok().and_then(|count| count.parse().ok()).unwrap_or(COUNT);
    let rules = rules(count);
    let project = project(&rules);
    let verdict = Verdict::on(&[&project], &[]);
    let proxy = verdict.proxy(&project);
    assert!(proxy.kept_running(), "Traefik ended: {:#?}", proxy.log());
    assert_eq!(proxy.routers().len(), rules.len(), "routers are missing: {:#?}", proxy.log());
    let broken = proxy.broken();
    let name = |broken: &String| broken.split('@').next().unwrap_or_default().to_owned();
    let names: HashSet<String> = broken.iter().map(name).collect();
    let mut differences = Vec::new();
    for (number, (protocol, text)) in rules.iter().enumerate() {
        let ours = rule::parse(text, *protocol);
        let is_broken = names.contains(&format!("r{number}"));
        if ours.is_err() != is_broken {
            let theirs = broken.iter().find(|broken| name(broken) == format!("r{number}"));
            differences.push(format!("{protocol:?} {text:?}\n  we say {ours:?}\n  Traefik says {theirs:?}"));
        }
    }
    assert!(differences.is_empty(), "{} of {}:\n{}", differences.len(), rules.len(), differences.join("\n"));
    let valid = rules.len() - names.len();
    assert!(valid > rules.len() / 4 && names.len() > rules.len() / 4, "{valid} of {} rules are valid", rules.len());
}

/// A project with a proxy and one container, whose labels hold the rules.
fn project(rules: &[(RouteProtocol, String)]) -> Value {
    let mut labels = Map::new();
    let mut set = |name: String, value: &str| labels.insert(name, value.replace('$', "$$").into());
    set("traefik.enable".to_owned(), "true");
    set("traefik.http.services.s.loadbalancer.server.port".to_owned(), "80");
    set("traefik.tcp.services.s.loadbalancer.server.port".to_owned(), "80");
    for (number, (protocol, rule)) in rules.iter().enumerate() {
        let (section, entry_point) = match protocol {
            RouteProtocol::Http => ("http", "web"),
            RouteProtocol::Tcp => ("tcp", "db"),
        };
        let router = format!("traefik.{section}.routers.r{number}");
        set(format!("{router}.rule"), rule);
        set(format!("{router}.entrypoints"), entry_point);
        set(format!("{router}.service"), "s");
        if *protocol == RouteProtocol::Tcp {
            set(format!("{router}.tls"), "true");
        }
    }
    let flags = ["--providers.docker=true", "--entrypoints.web.address=:80", "--entrypoints.db.address=:5432"];
    json!({
        "name": "rules",
        "services": {
            "proxy": {
                "image": "traefik:v3.6",
                "command": flags,
                "networks": { "edge": null },
                "labels": { "traefik.enable": "false" },
            },
            "app": { "image": "app", "networks": { "edge": null }, "labels": labels },
        },
        "networks": { "edge": { "name": "rules_edge" } },
    })
}

/// Rules that are all different; some have something wrong in them from the start, others have been mutilated.
fn rules(count: usize) -> Vec<(RouteProtocol, String)> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = prop_oneof![
        3 => mutilated(expression(http())).prop_map(|rule| (RouteProtocol::Http, rule)),
        1 => mutilated(expression(tcp())).prop_map(|rule| (RouteProtocol::Tcp, rule)),
    ];
    let mut seen = HashSet::new();
    let mut rules = Vec::new();
    while rules.len() < count {
        let (protocol, rule) = strategy.new_tree(&mut runner).expect("a rule").current();
        // Without a rule the provider makes one up.
        if !rule.trim().is_empty() && seen.insert((protocol == RouteProtocol::Http, rule.clone())) {
            rules.push((protocol, rule));
        }
    }
    rules
}

/// One of the words, and rarely one of the wrong ones.
fn word(words: &'static [&'static str], wrong: &'static [&'static str]) -> BoxedStrategy<String> {
    prop_oneof![20 => prop::sample::select(words), 1 => prop::sample::select(wrong)].prop_map(str::to_owned).boxed()
}

fn quoted(text: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let quotes = (text, 0..40u8).prop_map(|(text, quotes)| match quotes {
        0 => format!("'{text}'"),
        1..=3 => format!("\"{text}\""),
        4..=6 => format!("\"{}\"", text.replace('\\', "\\\\")),
        _ => format!("`{text}`"),
    });
    quotes.boxed()
}

fn path() -> BoxedStrategy<String> {
    word(&["/", "/a", "/a/b", "/a b", "/{id}", "/ä", "/*"], &["a", "", "*"])
}

fn host() -> BoxedStrategy<String> {
    word(
        &["a.example", "*", "a_b", "A", "a:1", "a."],
        &["bücher.example", "a b", "", "a/b", "::1", "*a", "*.a.example"],
    )
}

fn regex() -> BoxedStrategy<String> {
    const PARTS: &[&str] = &[
        "a",
        "/",
        ".",
        "^",
        "$",
        "[a-z]",
        "[^/]+",
        "[]a]",
        "(a|b)",
        "(?:a)",
        "(?i)",
        "(?P<n>a)",
        "(?<n>a)",
        r"\d",
        r"\w",
        r"\b",
        r"\.",
        r"\z",
        r"\_",
        r"\x41",
        r"\x{1F600}",
        r"\pL",
        r"\p{Greek}",
        r"\Qa*\E",
        "[[:alpha:]]",
        r"[\d-a]",
        "(a{40}){20}",
        "ä",
        "{host:.+}",
        r"\07",
        "]",
        "-",
        "(?-i)",
        "(?)",
        "{,2}",
        "{",
        "}",
        "|",
        "()",
        "[a-]",
        "a{01}",
    ];
    const AFTER: &[&str] = &["", "", "", "*", "+", "?", "{2}", "{2,}", "{2,5}", "*?", "{0}", "{7}??"];
    const WRONG: &[&str] = &[
        "(",
        ")",
        "(?i-s:",
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        "{5,2}",
        "{1001}",
        r"\1",
        r"\q",
        r"\Z",
        r"\xg",
        r"\pX",
        r"\Q",
        "[[:foo:]]",
        "[z-a]",
        "[a",
        r"[a-\d]",
        r"[\b]",
        "\\",
        "(a{40}){40}",
        r"\8",
        "[",
        "(?i-)",
        "**",
        "(?P<a-b>c)",
    ];
    let part = (word(PARTS, WRONG), word(AFTER, WRONG)).prop_map(|(part, after)| part + &after);
    prop::collection::vec(part, 1..3).prop_map(|parts| parts.concat()).boxed()
}

fn address() -> BoxedStrategy<String> {
    word(
        &["192.0.2.1", "10.0.0.0/8", "::1", "::/0"],
        &["10.0.0.0/33", "::1/129", "a", "1.2.3", "01.2.3.4", "", "1.2.3.4/"],
    )
}

fn call(name: BoxedStrategy<String>, argument: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let calls = (name, quoted(argument), 0..30u8).prop_map(|(name, argument, form)| match form {
        0 => format!("{name}({argument}, {argument})"),
        1 => format!("{name}()"),
        2..=5 => format!("{name} (\n{argument},\n)"),
        _ => format!("{name}({argument})"),
    });
    calls.boxed()
}

fn pair(name: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let key = quoted(word(&["X-A", "a", "a=b", "a b"], &[""]));
    (name, key, quoted(regex())).prop_map(|(name, key, value)| format!("{name}({key}, {value})")).boxed()
}

fn http() -> BoxedStrategy<String> {
    let verbs = word(&["GET", "get", "A B"], &[""]);
    prop_oneof![
        3 => call(word(&["Host", "host", "HOST"], &["hOst", "Hosts", "HostSNI"]), host()),
        3 => call(word(&["Path", "PathPrefix", "pathprefix", "PATHPREFIX", "Pathprefix"], &["pathPrefix"]), path()),
        3 => call(word(&["PathRegexp", "HostRegexp", "Hostregexp"], &["hostRegexp"]), regex()),
        1 => call(word(&["Method"], &["Headers", "HostHeader", "ALPN", "_"]), verbs),
        1 => call(word(&["ClientIP", "Clientip"], &["ClientIp"]), address()),
        2 => pair(word(&["Header", "HeaderRegexp", "Query", "QueryRegexp", "Headerregexp"], &["queryRegexp"])),
    ]
    .boxed()
}

fn tcp() -> BoxedStrategy<String> {
    prop_oneof![
        4 => call(word(&["HostSNI", "hostsni", "HOSTSNI", "Hostsni"], &["HostSni", "Host", "Path"]), host()),
        2 => call(word(&["HostSNIRegexp", "Hostsniregexp"], &["HostSniRegexp"]), regex()),
        1 => call(word(&["ALPN", "Alpn", "alpn"], &["aLPN"]), word(&["h2", "x"], &["acme-tls/1", ""])),
        1 => call(word(&["ClientIP"], &["Method"]), address()),
    ]
    .boxed()
}

fn expression(matcher: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let operator = word(&[" && ", " || ", "&&", " ||\n", " /* and */ && "], &["\n|| ", " and ", " & ", " == "]);
    let whole = matcher.prop_recursive(3, 8, 2, move |inner| {
        prop_oneof![
            3 => (inner.clone(), operator.clone(), inner.clone()).prop_map(|(a, operator, b)| a + &operator + &b),
            1 => inner.clone().prop_map(|inner| format!("({inner})")),
            1 => inner.prop_map(|inner| format!("!{inner}")),
        ]
    });
    whole.boxed()
}

/// The rule, or one with something put in or taken out.
fn mutilated(rule: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "(", ")", ",", "`", "\"", "'", "!", "&", "&&", "||", "|", " and ", " or ", "not ", "\n", " ", "//", "/*", ".",
        "...", "==", ";", ":", "#", "“", "\u{a0}", "1", "x", "-", "+", "[", "{", "\\", "$", "@", "\r\n", "\t", "nil",
        "`a`",
    ];
    (rule, any::<prop::sample::Index>(), prop::sample::select(PARTS), 0..8u8).prop_map(|(rule, index, part, how)| {
        let places: Vec<usize> = rule.char_indices().map(|(at, _)| at).chain([rule.len()]).collect();
        let at = places[index.index(places.len())];
        let (before, after) = rule.split_at(at);
        match how {
            0 => format!("{before}{part}{after}"),
            1 => format!("{before}{}", after.chars().skip(1).collect::<String>()),
            _ => rule,
        }
    })
}
