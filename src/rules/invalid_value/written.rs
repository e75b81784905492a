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
    for (name, written) in &manifest.services {
        let path = KeyPath::of(["services", name]);
        if written.environments.as_ref().is_some_and(Vec::is_empty) {
            let help = "name one, leave it out for all, or remove the service".to_owned();
            judge.value(path.key("environments"), format!("`{name}` exists in no environment"), help);
        }
        judge.paths(written, &path);
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
