//! The static configuration of Traefik v3, as it is said in flags: `--entrypoints.web.address=:80`.
//!
//! A flag is a path of options, which no letter case tells apart; only where somebody gives a name (`<name>`) any word may
//! stand. Of a word that is no option, or a value that an option cannot read, Traefik says `field not found` or `invalid
//! syntax`, and ends. The options stand in `options.txt`: those of `traefik --help` of 3.7, each with the type that the
//! program showed when it was given a wrong value (Traefik docs, "Install Configuration"; `pkg/config/static`; what is
//! removed or deprecated: `pkg/cli/deprecation.go` and its migration guides). Tried in `tests/traefik_flags.rs`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use crate::diagnostics::words;

/// Every option: its path, and the letter of its type.
const OPTIONS: &str = include_str!("static_flags/options.txt");

/// What stands in a path for a name that somebody gives.
const NAME: &str = "<name>";

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A truth value, as Go reads it.
    Bool,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Numbers with commas.
    Numbers,
    /// A time with a unit, or a number of seconds.
    Duration,
    /// Any text, or several with commas.
    Text,
    /// A part of the configuration, which can be switched on as a whole.
    Section,
    /// Whatever somebody else's plugin reads.
    Anything,
}

impl Kind {
    fn of(letter: &str) -> Self {
        match letter {
            "b" => Self::Bool,
            "i" => Self::Integer,
            "f" => Self::Number,
            "l" => Self::Numbers,
            "d" => Self::Duration,
            "s" => Self::Section,
            "*" => Self::Anything,
            _ => Self::Text,
        }
    }

    /// Whether Traefik can read this value.
    pub fn reads(self, value: &str) -> bool {
        match self {
            Self::Bool => {
                ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"].contains(&value)
            }
            Self::Integer => value.parse::<i64>().is_ok(),
            Self::Number => value.parse::<f64>().is_ok(),
            Self::Numbers => value.split(',').all(|item| item.trim().parse::<f64>().is_ok()),
            Self::Duration => value.parse::<i64>().is_ok() || is_duration(value),
            // Anything else switches it off without a word.
            Self::Section => ["", "true", "false"].iter().any(|known| value.eq_ignore_ascii_case(known)),
            Self::Text | Self::Anything => true,
        }
    }

    /// What it takes, in words.
    pub fn takes(self) -> &'static str {
        match self {
            Self::Bool | Self::Section => "`true` or `false`",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Numbers => "numbers with commas",
            Self::Duration => "a time, such as `10s`, or a number of seconds",
            Self::Text | Self::Anything => "text",
        }
    }
}

/// A time as Go reads it: `1h30m`, `-1.5s` (Go, `time.ParseDuration`).
fn is_duration(value: &str) -> bool {
    let mut rest = value.strip_prefix(['-', '+']).unwrap_or(value);
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let has_digits = number.bytes().any(|byte| byte.is_ascii_digit());
        // The longer ones first: `ms` is no `m`.
        let unit = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"].into_iter().find(|unit| after.starts_with(unit));
        let Some(unit) = unit.filter(|_| has_digits && number.matches('.').count() < 2) else { return false };
        rest = &after[unit.len()..];
    }
    true
}

/// A word of a command, taken apart: `--name=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag<'t> {
    /// The name, without the dashes.
    pub name: &'t str,
    /// Where the name begins, in bytes of the word.
    pub start: usize,
    /// The value, where it stands in the same word.
    pub value: Option<&'t str>,
}

/// Takes a word of a command apart; none where it is no flag. Traefik takes one dash as well as two.
pub fn split(word: &str) -> Option<Flag<'_>> {
    let rest = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
    let start = word.len() - rest.len();
    let (name, value) = match rest.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (rest, None),
    };
    (!name.is_empty()).then_some(Flag { name, start, value })
}

/// What Traefik makes of the name of a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// An option.
    Known(Kind),
    /// None.
    Unknown {
        /// The part of the name that is no option, in bytes of it.
        part: Range<usize>,
        /// What was probably meant in its place.
        meant: Option<&'static str>,
    },
    /// An option of version 2, with which version 3 does not start.
    Removed(&'static Old),
    /// An option that still works, and is to be removed.
    Deprecated(Kind, &'static Old),
}

/// An option that is gone, or will be.
#[derive(Debug, PartialEq, Eq)]
pub struct Old {
    /// Its path, in lower case, with `<name>`; what stands below it is meant too.
    path: &'static str,
    /// The version that has removed or deprecated it.
    pub since: &'static str,
    /// What to write instead.
    pub instead: &'static str,
}

impl Old {
    /// How many steps lead to it.
    pub fn steps(&self) -> usize {
        self.path.split('.').count()
    }

    /// Whether nothing takes its place.
    pub fn is_useless(&self) -> bool {
        self.instead.starts_with("take it away")
    }
}

const fn old(path: &'static str, since: &'static str, instead: &'static str) -> Old {
    Old { path, since, instead }
}

const OTLP: &str = "take it away; traces are sent with `tracing.otlp`";
const NAMESPACES: &str = "write `namespaces`";
const CA_OPTIONAL: &str = "take it away: a server decides that, no client";

/// Options of version 2 with which version 3 does not start.
const REMOVED: [Old; 24] = [
    old("pilot", "3.0", "take it away: the service is gone"),
    old("experimental.http3", "3.0", "take it away; `entrypoints.<name>.http3` switches HTTP/3 on"),
    old("providers.docker.swarmmode", "3.0", "write `providers.swarm`, a provider of its own"),
    old("providers.marathon", "3.0", "take it away: the provider is gone"),
    old("providers.rancher", "3.0", "take it away: the provider is gone"),
    old("providers.docker.tls.caoptional", "3.0", CA_OPTIONAL),
    old("providers.swarm.tls.caoptional", "3.0", CA_OPTIONAL),
    old("providers.consul.tls.caoptional", "3.0", CA_OPTIONAL),
    old("providers.etcd.tls.caoptional", "3.0", CA_OPTIONAL),
    old("providers.redis.tls.caoptional", "3.0", CA_OPTIONAL),
    old("providers.http.tls.caoptional", "3.0", CA_OPTIONAL),
    old("providers.consulcatalog.endpoint.tls.caoptional", "3.0", CA_OPTIONAL),
    old("providers.nomad.endpoint.tls.caoptional", "3.0", CA_OPTIONAL),
    old("providers.consul.namespace", "3.0", NAMESPACES),
    old("providers.consulcatalog.namespace", "3.0", NAMESPACES),
    old("providers.nomad.namespace", "3.0", NAMESPACES),
    old("tracing.spannamelimit", "3.0", "take it away: the names of spans have a fixed length"),
    old("tracing.jaeger", "3.0", OTLP),
    old("tracing.zipkin", "3.0", OTLP),
    old("tracing.datadog", "3.0", OTLP),
    old("tracing.instana", "3.0", OTLP),
    old("tracing.haystack", "3.0", OTLP),
    old("tracing.elastic", "3.0", OTLP),
    old("metrics.influxdb", "3.0", "write `metrics.influxdb2`, or `metrics.otlp`"),
];

/// Options that still work.
const DEPRECATED: [Old; 7] = [
    old("core.defaultrulesyntax", "3.4", "take it away, and write every rule in the syntax of version 3"),
    old("experimental.kubernetesgateway", "3.1", "take it away: the provider is no experiment any more"),
    old("providers.kubernetesingress.disableingressclasslookup", "3.1", "write `disableclusterscoperesources`"),
    old("tracing.globalattributes", "3.3", "write `tracing.resourceattributes`"),
    old(
        "certificatesresolvers.<name>.acme.dnschallenge.delaybeforecheck",
        "3.3",
        "write `propagation.delaybeforechecks` in its place",
    ),
    old(
        "certificatesresolvers.<name>.acme.dnschallenge.disablepropagationcheck",
        "3.3",
        "write `propagation.disablechecks` in its place",
    ),
    old("entrypoints.<name>.http.underscoreheadersstrategy", "3.7", "write `aliasheadersstrategy`"),
];

/// The options below one path.
#[derive(Default)]
struct Node {
    kind: Option<Kind>,
    /// Whether it is a list, whose items have positions.
    is_list: bool,
    below: BTreeMap<&'static str, Node>,
}

static TREE: LazyLock<Node> = LazyLock::new(|| {
    let mut tree = Node::default();
    for (path, letter) in OPTIONS.lines().filter_map(|line| line.split_once(' ')) {
        let mut node = &mut tree;
        for step in path.split('.') {
            let (step, is_list) = step.strip_suffix("[n]").map_or((step, false), |step| (step, true));
            node = node.below.entry(step).or_default();
            node.is_list |= is_list;
        }
        node.kind = Some(Kind::of(letter));
    }
    tree
});

/// Every option and what it takes; `<name>` stands for a name that somebody gives, `[n]` for a position.
pub fn options() -> impl Iterator<Item = (&'static str, Kind)> {
    OPTIONS.lines().filter_map(|line| line.split_once(' ')).map(|(path, letter)| (path, Kind::of(letter)))
}

/// What Traefik makes of this name of a flag.
pub fn judge(name: &str) -> Verdict {
    if let Some(old) = REMOVED.iter().find(|old| is_below(name, old.path)) {
        return Verdict::Removed(old);
    }
    let mut node = &*TREE;
    let mut at = 0;
    for step in name.split('.') {
        let part = at..at + step.len();
        at = part.end + 1;
        let (word, position) = step.split_once('[').map_or((step, None), |(word, position)| (word, Some(position)));
        let found = match node.below.get(NAME) {
            Some(named) if !step.is_empty() => Some(named),
            _ => node.below.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, node)| node),
        };
        let Some(found) = found.filter(|found| position.is_none() || found.is_list || node.below.contains_key(NAME))
        else {
            let meant = words::nearest(&word.to_ascii_lowercase(), node.below.keys().copied().filter(|k| *k != NAME));
            return Verdict::Unknown { part, meant };
        };
        if found.kind == Some(Kind::Anything) {
            return Verdict::Known(Kind::Anything);
        }
        node = found;
    }
    let kind = node.kind.unwrap_or(Kind::Section);
    match DEPRECATED.iter().find(|old| is_below(name, old.path)) {
        Some(old) => Verdict::Deprecated(kind, old),
        None => Verdict::Known(kind),
    }
}

/// Whether a name is the option of this path, or one below it.
fn is_below(name: &str, path: &str) -> bool {
    let mut steps = name.split('.');
    path.split('.').all(|known| steps.next().is_some_and(|step| known == NAME || known.eq_ignore_ascii_case(step)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_taken_apart() {
        let flag = |name, start, value| Some(Flag { name, start, value });
        assert_eq!(split("--api.insecure"), flag("api.insecure", 2, None));
        assert_eq!(split("-ping=true"), flag("ping", 1, Some("true")));
        assert_eq!(split("--a.b=c=d"), flag("a.b", 2, Some("c=d")));
        for word in ["traefik", "--", "-", "--=a", ""] {
            assert_eq!(split(word), None, "{word}");
        }
    }

    #[test]
    fn names_are_given_by_the_one_who_writes_them_and_options_by_traefik() {
        for (name, kind) in [
            ("EntryPoints.Web.Address", Kind::Text),
            ("entrypoints.web.asDefault", Kind::Bool),
            ("entryPoints.web.http.tls.domains[0].main", Kind::Text),
            ("entrypoints.web", Kind::Section),
            ("entrypoints.web.transport", Kind::Section),
            ("providers.docker.httpClientTimeout", Kind::Duration),
            ("providers.plugin.mine.whatever[3].it.wants", Kind::Anything),
            ("log.maxSize", Kind::Integer),
            ("tracing.sampleRate", Kind::Number),
        ] {
            assert_eq!(judge(name), Verdict::Known(kind), "{name}");
        }
        for (name, part, meant) in [
            ("entrypoint.web.address", "entrypoint", Some("entrypoints")),
            ("providers.docker.exposedByDefualt", "exposedByDefualt", Some("exposedbydefault")),
            ("entrypoints.web.addres", "addres", Some("address")),
            ("entrypoints.web.address.port", "port", None),
            ("hub", "hub", None),
            ("log[0].level", "log[0]", Some("log")),
            ("entrypoints..address", "", None),
        ] {
            let found = judge(name);
            let Verdict::Unknown { part: range, meant: found } = found else { panic!("{name}: {found:?}") };
            assert_eq!((&name[range], found), (part, meant), "{name}");
        }
    }

    #[test]
    fn options_of_version_2_are_known_as_such() {
        for name in ["pilot.token", "pilot", "Experimental.HTTP3", "providers.docker.swarmMode", "tracing.jaeger.x"] {
            assert!(matches!(judge(name), Verdict::Removed(_)), "{name}");
        }
        for name in [
            "core.defaultRuleSyntax",
            "certificatesresolvers.le.acme.dnschallenge.delayBeforeCheck",
            "tracing.globalAttributes.a",
        ] {
            assert!(matches!(judge(name), Verdict::Deprecated(..)), "{name}");
        }
        assert_eq!(judge("metrics.influxdb2.address"), Verdict::Known(Kind::Text));
    }

    #[test]
    fn values_are_read_as_go_reads_them() {
        for (kind, good, bad) in [
            (Kind::Bool, &["true", "T", "0"][..], &["yes", "", "tRUE", "on"][..]),
            (Kind::Integer, &["5", "-1", "+3"], &["", "0x10", "5s", "1.5"]),
            (Kind::Number, &[".5", "1"], &["", "half"]),
            (Kind::Duration, &["5", "5s", "1h30m", "-1.5ms", "10µs"], &["", "soon", "5s5", "5 s", ".s", "1.2.3s", "-"]),
            (Kind::Section, &["", "TRUE", "false"], &["1", "yes"]),
            (Kind::Text, &["", "x"], &[]),
        ] {
            assert_eq!(good.iter().find(|value| !kind.reads(value)), None, "{kind:?}");
            assert_eq!(bad.iter().find(|value| kind.reads(value)), None, "{kind:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_name_makes_it_panic(name in "[a-z.\\[\\]<>µ-]{0,30}") {
            if let Verdict::Unknown { part, .. } = judge(&name) {
                assert!(name.get(part).is_some(), "{name}");
            }
        }
    }
}
