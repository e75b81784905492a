//! Values that are judged as they are written, and not while a plan is built.

use super::RULE;
use crate::diagnostics::{Finding, Label};
use crate::manifest::types::{Expect, Service as Written};
use crate::manifest::unions::{BoolOr, Health, HealthTable, Toggle};
use crate::plan::{Plan, Service};
use crate::rules::Context;
use crate::source::KeyPath;

/// Values of services, in one environment.
pub(super) fn check(context: &Context<'_>, plan: &Plan, findings: &mut Vec<Finding>) {
    let Some(manifest) = context.manifest(plan) else { return };
    let mut judge = Judge { plan, findings };
    let of_stack = manifest.stack.iter().map(|stack| (KeyPath::of(["stack"]), &stack.allow));
    let of_services = manifest.services.iter().map(|(name, service)| (KeyPath::of(["services", name]), &service.allow));
    for (path, allow) in of_stack.chain(of_services) {
        for (rule, _) in allow.iter().filter(|(_, reason)| reason.trim().is_empty()) {
            let help = "say why it is meant, or remove it and mend what the rule finds".to_owned();
            judge.value(path.key("allow").key(rule), format!("`{rule}` is allowed without a reason"), help);
        }
    }
    for (name, written) in &manifest.services {
        let path = KeyPath::of(["services", name]);
        if written.environments.as_ref().is_some_and(Vec::is_empty) {
            let help = "name one, leave it out for all, or remove the service".to_owned();
            judge.value(path.key("environments"), format!("`{name}` exists in no environment"), help);
        }
        judge.paths(written, &path);
        for (key, packages) in [("packages", &written.packages), ("build-packages", &written.build_packages)] {
            for (index, package) in packages.iter().flatten().enumerate().filter(|(_, package)| !is_package(package)) {
                let message = format!("`{package}` is no name of a Debian package");
                let help = "write one name in lower case, such as `git`; with a version `git=1:2.39.5-0+deb12u2`";
                judge.value(path.key(key).index(index), message, help.to_owned());
            }
        }
        judge.probe(written, &path);
        judge.profiles(written, &path);
        if let Some(Toggle::On(logging)) = &written.logging
            && logging.max_file == Some(0)
        {
            let place = path.key("logging").key("max-file");
            judge.value(place, "a log has at least one file".to_owned(), "write 1 or more".to_owned());
        }
        for (name, route) in &written.routes {
            let path = path.key("routes").key(name);
            if let Some(Toggle::On(smoke)) = &route.smoke {
                judge.path(smoke, path.key("smoke"));
            }
            if let Some(expect) = &route.expect {
                judge.expect(expect, &path.key("expect"));
            }
        }
    }
    for service in plan.services.values().filter(|service| service.one_shot) {
        restarted(context, plan, service, findings);
    }
    findings.extend(own_edge(plan));
}

struct Judge<'j> {
    plan: &'j Plan,
    findings: &'j mut Vec<Finding>,
}

impl Judge<'_> {
    fn value(&mut self, place: KeyPath, message: String, help: String) {
        let label = Label::value(Some(&self.plan.environment), place, "");
        self.findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
    }

    /// A path of a request.
    fn path(&mut self, path: &str, place: KeyPath) {
        if !path.starts_with('/') {
            let help = match path.split_once("://") {
                Some((_, rest)) => format!("write `/{}`", rest.split_once('/').map_or("", |(_, path)| path)),
                None => format!("write `/{path}`"),
            };
            self.value(place, format!("`{path}` is no path: a path begins with `/`"), help);
        }
    }

    fn paths(&mut self, written: &Written, path: &KeyPath) {
        if let Some(ready) = &written.ready {
            self.path(ready, path.key("ready"));
        }
        if let Some(BoolOr::Value(metrics)) = &written.metrics {
            self.path(metrics, path.key("metrics"));
        }
        if let Some(Toggle::On(Health::Table(HealthTable { path: Some(asked), .. }))) = &written.health {
            self.path(asked, path.key("health").key("path"));
        }
    }

    /// Numbers that stand for the engine's default (Docker Engine API, `HealthConfig`: zero means inherit).
    fn probe(&mut self, written: &Written, path: &KeyPath) {
        let Some(Toggle::On(Health::Table(table))) = &written.health else { return };
        let path = path.key("health");
        let is_zero =
            |text: &&String| text.bytes().any(|b| b == b'0') && !text.bytes().any(|b| (b'1'..=b'9').contains(&b));
        let durations = [("interval", &table.interval), ("timeout", &table.timeout)];
        for (key, _) in durations.into_iter().filter(|(_, text)| text.as_ref().is_some_and(|text| is_zero(&text))) {
            let message = format!("the engine takes 0 for its own default of the {key}, 30s");
            self.value(path.key(key), message, "write how long it is, or remove it".to_owned());
        }
        if table.retries == Some(0) {
            let message = "the engine takes 0 for its own default of the retries, 3".to_owned();
            self.value(path.key("retries"), message, "write 1 or more, or remove it".to_owned());
        }
    }

    /// Names that can be asked for: `--profile` takes no other, and `COMPOSE_PROFILES` separates them by commas.
    fn profiles(&mut self, written: &Written, path: &KeyPath) {
        for (index, name) in written.profiles.iter().flatten().enumerate() {
            let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
            if !is_name {
                let help = "write letters, digits, `_`, `.` and `-`, with a letter or digit first".to_owned();
                self.value(
                    path.key("profiles").index(index),
                    format!("`{name}` cannot be the name of a profile"),
                    help,
                );
            }
        }
    }

    fn expect(&mut self, expect: &Expect, path: &KeyPath) {
        if let Some(status) = expect.status.filter(|status| !(100..600).contains(status)) {
            let help = "write one from 100 to 599".to_owned();
            self.value(path.key("status"), format!("{status} is no status of an answer"), help);
        }
        // RFC 9110, "Tokens".
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        for name in expect.header.keys().filter(|name| name.is_empty() || !name.bytes().all(is_token)) {
            let label = Label::key(Some(&self.plan.environment), path.key("header").key(name), "");
            let message = format!("`{name}` cannot be the name of a header field");
            let help = "write it as it stands before the colon, such as `Content-Type`";
            self.findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
        }
        for pointer in expect.json.keys().filter(|pointer| !pointer.is_empty() && !pointer.starts_with('/')) {
            let label = Label::key(Some(&self.plan.environment), path.key("json").key(pointer), "");
            let message = format!("`{pointer}` is no JSON pointer: it begins with `/`");
            let help = format!("write `/{}`", pointer.replace('.', "/"));
            self.findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
        }
    }
}

/// Whether apt-get takes it for one package: a name (Debian policy, 5.6.7), perhaps of an architecture, and with a version
/// (5.6.12; `*` stands for the rest of it) or the release that has it (apt-get(8), `install`).
fn is_package(text: &str) -> bool {
    let is_of = |text: &str, others: &[u8]| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || others.contains(&b))
    };
    let (package, version) = text.split_once('=').map_or((text, None), |(package, version)| (package, Some(version)));
    let (package, release) = match (version, package.split_once('/')) {
        (None, Some((package, release))) => (package, Some(release)),
        _ => (package, None),
    };
    let (name, architecture) = package.split_once(':').map_or((package, None), |(name, of)| (name, Some(of)));
    let is_version = |version: &str| is_of(&version.to_ascii_lowercase(), b".+~-:*");
    name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && is_of(name, b"+-.")
        && architecture.is_none_or(|name| is_of(name, b"-"))
        && version.is_none_or(is_version)
        && release.is_none_or(|name| is_of(name, b"-.+_"))
}

/// What ends by design, and would be started again and again.
fn restarted(context: &Context<'_>, plan: &Plan, service: &Service, findings: &mut Vec<Finding>) {
    let Some(policy) = service.restart.as_deref().filter(|policy| matches!(*policy, "always" | "unless-stopped"))
    else {
        return;
    };
    let environment = Some(plan.environment.as_str());
    let name = &service.name;
    let message =
        format!("`{name}` ends by design, and `{policy}` would start it again: whoever waits for it waits forever");
    let place = context.origin_of(plan, name, "restart", &["restart"]);
    let finding = Finding::new(RULE.id, RULE.severity, message, Label::value(environment, place, "starts it again"));
    let one_shot = context.origin_of(plan, name, "one-shot", &[]);
    let finding = finding.with(Label::value(environment, one_shot, "ends by design"));
    findings.push(finding.help("write `restart = \"on-failure\"`, or remove it"));
}

/// A proxy of another project that is this one.
fn own_edge(plan: &Plan) -> Option<Finding> {
    let edge = plan.edge.as_ref().filter(|edge| **edge == plan.project)?;
    let message = format!("`{}` is the project of this very stack", edge.to_compose());
    let label = Label::value(Some(&plan.environment), KeyPath::of(["stack", "edge"]), "");
    let help = "name the project of the proxy, or remove it and give the stack a proxy of its own";
    Some(Finding::new(RULE.id, RULE.severity, message, label).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_what_debian_calls_them() {
        for name in [
            "git",
            "g++",
            "libstdc++-12-dev",
            "7zip",
            "libssl3t64",
            "git=1:2.39.5-0+deb12u2",
            "libc6=2.36-9+deb12u10~bpo1",
            "curl=7.*",
            "libc6:arm64",
            "libc6:arm64=2.36-9",
            "git/bookworm-backports",
        ] {
            assert!(is_package(name), "{name}");
        }
        for text in [
            "",
            "a",
            "Git",
            "ff mpeg",
            "git; touch /pwn",
            "git\ncurl",
            "$(x)",
            "--yes",
            "-git",
            "git=",
            "git=$(x)",
            "git/",
            "git:",
            "./x.deb",
            "git|cat",
            "git=1/x",
        ] {
            assert!(!is_package(text), "{text}");
        }
    }
}
