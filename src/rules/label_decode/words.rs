//! What is said about each flaw of a label or an option.

use std::ops::Range;

use crate::diagnostics::words;
use crate::traefik::dynamic::Kind;
use crate::traefik::dynamic::labels::FlawKind;

/// Message, label and help of a finding.
pub(super) struct Words {
    pub(super) message: String,
    pub(super) label: &'static str,
    pub(super) help: String,
}

/// Whose labels are lost.
pub(super) enum Loss<'a> {
    /// Those of the service that has the label.
    Service(&'a str),
    /// Those of every service that uses a middleware.
    Middleware(&'a str),
}

impl Loss<'_> {
    fn sentence(&self) -> String {
        match self {
            Self::Service(name) => format!("Traefik drops all labels of `{name}`"),
            Self::Middleware(name) => format!("Traefik drops all labels of each service that uses `{name}`"),
        }
    }
}

/// The words of labels that Traefik reads, behind the first one.
const SECTIONS: [&str; 6] = ["http", "tcp", "udp", "enable", "docker", "tls"];

/// What the second word of a label was probably meant to be.
pub(super) fn meant_section(label: &str) -> Option<&'static str> {
    let word = label.split('.').nth(1)?;
    words::nearest(word, SECTIONS).filter(|meant| !word.eq_ignore_ascii_case(meant))
}

/// What is said about a flaw at `range` of `label`.
pub(super) fn of(kind: &FlawKind, label: &str, range: Range<usize>, loss: &Loss<'_>) -> Words {
    let found = label.get(range.clone()).unwrap_or_default();
    let before = label.get(..range.start).unwrap_or_default();
    let lost = loss.sentence();
    let say = |message: String, label: &'static str, help: String| Words { message, label, help };
    match kind {
        FlawKind::Root => say(
            format!("`{found}` is not `traefik` for Traefik, and nothing else is: {lost}"),
            "in small letters",
            format!("write `{}`", label.replacen(found, "traefik", 1)),
        ),
        FlawKind::Empty => say(
            format!("nothing stands between two dots, or behind the last one: {lost}"),
            "an empty name",
            "write a name there, or remove the dot".to_owned(),
        ),
        FlawKind::LeadingBracket => say(
            format!("a name begins with `[`: {lost}"),
            "no name",
            "a number stands right behind the name: `domains[0].main`".to_owned(),
        ),
        FlawKind::NoBracket => say(
            format!("`{found}` closes a bracket that is not opened: Traefik panics, and reads no labels any more"),
            "stops Traefik's provider",
            "write `[0]`, or remove the `]`".to_owned(),
        ),
        FlawKind::Unknown { known, splits_name } => unknown(found, before, known, *splits_name, &lost),
        FlawKind::Alone => say(
            format!("`{found}` takes options, and none is set: {lost}"),
            "nothing to switch on",
            format!("set an option of it (`{found}.<option>`), or remove it"),
        ),
        FlawKind::NoOptions => say(
            format!("there are no options here, and `{found}` is written as one: {lost}"),
            "below a value",
            match before.trim_end_matches('.').rsplit('.').next() {
                Some(last) if !last.is_empty() => format!("`{last}` takes a value: remove `.{found}`"),
                _ => "write the value itself".to_owned(),
            },
        ),
        FlawKind::Type(kind) => {
            let (what, examples) = match kind {
                Kind::Bool => ("`true` or `false`", "`true`, `false`, `1`, `0`, `t` and `f` are all there is"),
                Kind::Int => ("a whole number", "write digits only: no unit, no space, no quotes of its own"),
                _ => ("a duration", "write seconds, or a number with a unit: `10`, `500ms`, `1m30s`"),
            };
            say(format!("`{found}` takes {what}: {lost}"), "something else", examples.to_owned())
        }
        FlawKind::Lost => lost_value(found, before),
        FlawKind::Dotted => {
            let name = before.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
            say(
                format!("dots separate names: Traefik reads `{name}` with an empty value, and loses this one"),
                "a dot in a name",
                "say it in a file of Traefik's, and refer to it as `name@file`".to_owned(),
            )
        }
        FlawKind::Unread => say(
            format!("labels cannot set `{found}`: Traefik takes no notice of it"),
            "ignored",
            "say it in a file of Traefik's, and refer to it as `name@file`".to_owned(),
        ),
        FlawKind::Off { on_purpose: false, .. } => say(
            format!("`{found}` is on with `true` and off with anything else, so this switches it off"),
            "taken for no",
            "write `true`, or `false` where that is what you mean".to_owned(),
        ),
        FlawKind::Off { .. } => say(
            format!("`{found}` is switched off, and its options with it"),
            "switches off what is set below it",
            "write `true`, or remove the options".to_owned(),
        ),
        FlawKind::Section => section(label, found),
        FlawKind::Newer(minor) => say(
            format!("Traefik knows `{found}` from 3.{minor} on, and the proxy is older: {lost}"),
            "unknown to this version",
            format!("raise the `version` of the proxy to 3.{minor} or later, or remove the option"),
        ),
        FlawKind::NoLoadBalancer => say(
            format!("the service `{found}` has no servers: {lost}"),
            "no load balancer",
            format!("say on which port the container answers: `{before}{found}.loadbalancer.server.port`"),
        ),
    }
}

fn unknown(found: &str, before: &str, known: &[&'static str], splits_name: bool, lost: &str) -> Words {
    if splits_name {
        let name = before.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
        return Words {
            message: format!("a name has no dots for Traefik, and `{name}.{found}` is two words: {lost}"),
            label: "a dot in a name",
            help: format!("write `{name}-{found}`"),
        };
    }
    let starts = |name: &&&str| found.len() > 3 && name.to_lowercase().starts_with(&found.to_lowercase());
    let mut longer = known.iter().filter(starts);
    let meant = words::nearest(found, known.iter().copied()).or_else(|| longer.next().copied());
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.is_empty() => "remove it".to_owned(),
        None => format!("there are {}", words::names(known)),
    };
    let message = format!("`{found}` is no option of Traefik's here: {lost}");
    Words { message, label: "no such option", help }
}

/// What Traefik reads nothing from: an item with a number, or what stands below a free name.
fn lost_value(found: &str, before: &str) -> Words {
    let option = before.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let help = if found.starts_with('[') {
        format!("write all of them in one label, with commas between them: `{option}=a,b`")
    } else {
        "what stands in such a list has a number: `domains[0].main`".to_owned()
    };
    Words { message: format!("Traefik reads nothing from `{found}` here"), label: "has no effect", help }
}

fn section(label: &str, found: &str) -> Words {
    if let Some(meant) = meant_section(label) {
        return Words {
            message: format!("Traefik reads no labels that begin with `traefik.{found}`: it ignores this one"),
            label: "ignored",
            help: format!("did you mean `{meant}`?"),
        };
    }
    let help = match found.to_ascii_lowercase().as_str() {
        "tls" => "of TLS, labels know the generated certificate of the store `default` only: use a file of Traefik's",
        "swarm" => "these labels are for Traefik's provider for Swarm: write `traefik.docker`",
        "frontend" | "backend" | "port" | "protocol" | "weight" | "domain" | "tags" => {
            "this is a label of version 1: write a router and a service, `traefik.http.routers.<name>.rule` and the like"
        }
        _ => "labels for Traefik begin with `traefik.http.`, `traefik.tcp.` or `traefik.udp.`",
    };
    let message = format!("Traefik reads no labels that begin with `traefik.{found}`: it ignores this one");
    Words { message, label: "ignored", help: help.to_owned() }
}
