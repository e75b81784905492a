//! The options of the static configuration, judged by the real Traefik: which there are, and which values each can read.
//! Needs Traefik.

mod support;

use std::collections::BTreeSet;
use std::process::Command;

use stackgen::traefik::static_flags::{self, Kind, Verdict};
use support::{everything_said, has_tools, tool};

/// What the program says that reads these flags, and asks nobody anything then.
fn read(flags: &[String]) -> String {
    let mut command = Command::new(tool("traefik").expect("the caller has looked for it"));
    command.arg("healthcheck").args(flags).env_clear();
    everything_said(&command.output().expect("traefik starts"))
}

/// The version of the program, as major and minor.
fn version() -> String {
    let mut command = Command::new(tool("traefik").expect("the caller has looked for it"));
    let said = everything_said(&command.arg("version").env_clear().output().expect("traefik starts"));
    let version = said.lines().find_map(|line| line.strip_prefix("Version:")).expect("a version").trim().to_owned();
    version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
}

/// An option with a name where one has to be given.
fn filled(path: &str) -> String {
    path.replace("<name>", "x").replace("[n]", "[0]")
}

#[test]
fn the_options_are_those_that_traefik_names() {
    if !has_tools(&["traefik"]) || version() != "3.7" {
        return;
    }
    let mut command = Command::new(tool("traefik").expect("it is there"));
    let help = everything_said(&command.arg("--help").env_clear().output().expect("traefik starts"));
    let theirs = help.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
    let theirs: BTreeSet<&str> = theirs.filter_map(|line| line.split_whitespace().next()).collect();
    let ours: BTreeSet<&str> = static_flags::options().map(|(path, _)| path).collect();
    assert_eq!(ours.difference(&theirs).collect::<Vec<_>>(), [&""; 0], "Traefik has none of these");
    assert_eq!(theirs.difference(&ours).collect::<Vec<_>>(), [&""; 0], "these are missing");
}

#[test]
fn an_option_reads_what_traefik_reads() {
    if !has_tools(&["traefik"]) || version() != "3.7" {
        return;
    }
    let good = |kind: Kind| match kind {
        Kind::Bool | Kind::Section => "true",
        Kind::Integer => "5",
        Kind::Number | Kind::Numbers => "0.5",
        Kind::Duration => "1m30s",
        Kind::Text | Kind::Anything => "a",
    };
    // A part that can only be said by what is in it.
    let parts = ["entrypoints.<name>.http", "settings", "privateservice", "publicservice", "statusaddress.service"];
    let options = || static_flags::options().filter(|(path, _)| !parts.iter().any(|part| path.ends_with(part)));
    // Of a plugin and of its hash one needs the other; that is not a matter of reading.
    let all: Vec<String> = options()
        .filter(|(path, _)| *path != "configfile")
        .map(|(path, kind)| format!("--{}={}", filled(path), good(kind)))
        .collect();
    let said = read(&all);
    assert!(!said.contains("failed to decode"), "{said}");
    // One of each kind is enough to see that a wrong value is found; the kinds were read off the program itself.
    let mut seen = BTreeSet::new();
    for (path, kind) in options() {
        let is_checked = matches!(kind, Kind::Bool | Kind::Integer | Kind::Number | Kind::Numbers | Kind::Duration);
        let group = path.split('.').next().unwrap_or_default();
        if !is_checked || !seen.insert((group, kind.takes())) {
            continue;
        }
        let said = read(&[format!("--{}=no pe", filled(path))]);
        assert!(said.contains("failed to decode"), "{path}: {said}");
        assert!(!kind.reads("no pe"), "{path}");
    }
}

#[test]
fn a_misspelt_option_is_none() {
    if !has_tools(&["traefik"]) {
        return;
    }
    for name in [
        "entrypoint.web.address",
        "entrypoints.web.addres",
        "entrypoints.web.address.port",
        "providers.docker.exposedByDefualt",
        "providers.dokcer",
        "log[0].level",
        "serverstransport.insecureSkipVerfiy",
        "experimental.plugins.x.settings.other",
        "api.dashbord",
        "hub",
    ] {
        let said = read(&[format!("--{name}=true")]);
        assert!(said.contains("failed to decode"), "{name}: {said}");
        assert!(matches!(static_flags::judge(name), Verdict::Unknown { .. }), "{name}");
    }
    for name in ["ENTRYPOINTS.Web.asDefault", "Api.Insecure", "providers.plugin.x.y.z", "entrypoints.web.http3"] {
        let said = read(&[format!("--{name}=true")]);
        assert!(!said.contains("failed to decode"), "{name}: {said}");
        assert!(matches!(static_flags::judge(name), Verdict::Known(_)), "{name}");
    }
}
