//! `healthcheck-form`: see [`RULE`].

use indexmap::IndexMap;

use super::{Context, Rule};
use crate::addresses::addresses;
use crate::compose::amount;
use crate::diagnostics::{Finding, Fix, Label, Severity, words};
use crate::plan::{Namespace, Plan, Raw, Service, Text};
use crate::source::KeyPath;

/// A probe in a form that is none, or that asks at the wrong port.
pub(super) static RULE: Rule = Rule {
    id: "healthcheck-form",
    severity: Severity::Error,
    summary: "a health probe whose form Compose or the engine refuses, or that asks at a wrong port",
    docs: "\
The `test` of a probe in `compose` is a list that does not begin with `CMD`, `CMD-SHELL` or `NONE`, or text that begins with one of
these words; a time of a probe is less than a millisecond, or negative; a number of retries is; `start_interval` stands without
`start_period`. Or the probe of a service asks
`localhost` at a port on which the service does not listen: an error for a kind, and for a plain image a warning. More than one
word behind `CMD-SHELL` is a warning, too: only the first is run.

**Why it breaks.** Compose tells by the first word how the rest is run. Text is for a shell as a whole, so `CMD` would be the name of
a program. Behind a wrong port nobody answers, whatever the service does.

**How it shows.** A list that has nothing but `CMD` is the worst: at the first probe the engine itself ends (`panic: slice bounds out of
range`), and with it every container of the host. Compose refuses any other beginning of a list: `healthcheck.test must start either by \"CMD\", \"CMD-SHELL\" or \"NONE\"`. A time is refused by
the engine at `docker compose up`: `Interval in Healthcheck cannot be less than 1ms`. With a wrong port, or a program `CMD`, the
container becomes `unhealthy`: whoever waits for it never starts, and the proxy does not lead to it.

```toml
[services.cache]
image = \"redis:7\"
compose.healthcheck.test = [\"redis-cli\", \"ping\"]             # bad: not said how
compose.healthcheck.test = [\"CMD\", \"redis-cli\", \"ping\"]      # good, and so is `health = [\"redis-cli\", \"ping\"]`
```

**Fix.** Write the words of the command as `health`, which needs none of these; ask at the service's own `port`.

**Source.** compose-spec, `healthcheck`; Docker Engine API, `HealthConfig`; tried with Docker Compose 2.40 and Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// How a test can begin.
const FORMS: [&str; 3] = ["CMD", "CMD-SHELL", "NONE"];

/// The times of a probe: in Compose, and as a key of `health`.
const TIMES: [(&str, &str); 4] = [
    ("interval", "interval"),
    ("timeout", "timeout"),
    ("start_period", "start-period"),
    ("start_interval", "start-interval"),
];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            let probe = service.passthrough.get("healthcheck").and_then(Option::as_ref).and_then(Raw::as_map);
            let is_disabled = probe
                .and_then(|probe| probe.get("disable"))
                .is_some_and(|disable| matches!(disable.plain(), Raw::Bool(true)));
            if is_disabled {
                continue;
            }
            if let Some(test) = written_test(context, plan, service) {
                let found = test_form(plan, service, test);
                if !found.is_empty() {
                    findings.extend(found);
                    continue;
                }
            }
            if let Some(retries) = probe.and_then(|probe| probe.get("retries")) {
                findings.extend(count(plan, service, retries));
            }
            findings.extend(probe.and_then(|probe| without_start(plan, service, probe)));
            findings.extend(TIMES.iter().filter_map(|(passed, key)| time(context, plan, service, passed, key)));
            findings.extend(wrong_port(context, plan, service));
        }
    }
}

/// The test as it stands in `compose`.
fn written_test<'c>(context: &Context<'c>, plan: &Plan, service: &Service) -> Option<&'c toml::Value> {
    context.manifest(plan)?.services.get(&service.name)?.compose.get("healthcheck")?.get("test")
}

fn test_form(plan: &Plan, service: &Service, test: &toml::Value) -> Vec<Finding> {
    let environment = Some(plan.environment.as_str());
    let place = service.origin().key("compose").key("healthcheck").key("test");
    let finding = |severity, message: String, help: String| {
        let label = Label::value(Some(&plan.environment), place.clone(), "");
        Finding::new(RULE.id, severity, message, label).help(help)
    };
    match test {
        toml::Value::String(text) => {
            let first = text.split_whitespace().next().unwrap_or_default();
            if !FORMS.contains(&first) {
                return Vec::new();
            }
            let message = format!("`{first}` is no program: text is run by a shell as a whole");
            let rest = text.trim_start().strip_prefix(first).unwrap_or_default().trim();
            let help = if first == "NONE" {
                "write `health = false`".to_owned()
            } else {
                format!("write the command alone: `\"{rest}\"`")
            };
            vec![finding(RULE.severity, message, help)]
        }
        toml::Value::Array(items) => {
            let Some(first) = items.first().and_then(toml::Value::as_str) else { return Vec::new() };
            if first == "!reset" || first == "..." || first.contains('$') {
                return Vec::new();
            }
            if !FORMS.contains(&first) {
                let message = format!("a probe begins with `CMD`, `CMD-SHELL` or `NONE`, and this one with `{first}`");
                let form = FORMS.iter().find(|form| form.eq_ignore_ascii_case(first));
                let help = match form {
                    Some(form) => format!("write `{form}`"),
                    None => "write the words as `health = […]`, or put `\"CMD\"` before them".to_owned(),
                };
                let finding = finding(RULE.severity, message, help);
                let fix = if let Some(form) = form {
                    Fix::new(format!("write `{form}`")).set(environment, place.index(0), *form)
                } else {
                    let words = [toml::Value::from("CMD")].into_iter().chain(items.iter().cloned());
                    let all = toml::Value::Array(words.collect());
                    Fix::new("put `CMD` before it").set(environment, place.clone(), all)
                };
                return vec![finding.fix(fix)];
            }
            if first != "NONE" && items.len() == 1 {
                let message = format!("nothing stands behind `{first}`, and the engine ends when it runs that");
                return vec![finding(RULE.severity, message, "add a command, or write `health = false`".to_owned())];
            }
            if first == "CMD-SHELL" && items.len() > 2 {
                let message = "a shell runs the first word behind `CMD-SHELL` alone".to_owned();
                let help = "write the whole command as one text, or `CMD` before its words".to_owned();
                return vec![finding(Severity::Warning, message, help)];
            }
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn count(plan: &Plan, service: &Service, retries: &Raw) -> Option<Finding> {
    let Raw::Int(number) = retries.plain() else { return None };
    let place = service.origin().key("compose").key("healthcheck").key("retries");
    let label = Label::value(Some(&plan.environment), place, "less than none");
    let message = format!("a probe cannot fail {number} times");
    (*number < 0).then(|| Finding::new(RULE.id, RULE.severity, message, label).help("write 1 or more"))
}

/// How often is asked at the start, where nothing says how long that is.
fn without_start(plan: &Plan, service: &Service, probe: &IndexMap<String, Raw>) -> Option<Finding> {
    if !probe.contains_key("start_interval") || probe.contains_key("start_period") {
        return None;
    }
    let place = service.origin().key("compose").key("healthcheck").key("start_interval");
    let label = Label::value(Some(&plan.environment), place, "of which time?");
    let message =
        "`start_interval` needs `start_period` beside it: Compose does not start the service without".to_owned();
    Some(Finding::new(RULE.id, RULE.severity, message, label).help("add `start_period`, such as `30s`"))
}

/// A time that the engine refuses.
fn time(context: &Context<'_>, plan: &Plan, service: &Service, passed: &str, key: &str) -> Option<Finding> {
    let written = service.passthrough.get("healthcheck").and_then(Option::as_ref).and_then(Raw::as_map);
    let probe = service.health.as_ref();
    let text = match written.and_then(|probe| probe.get(passed)) {
        Some(raw) => raw.to_text()?.with_defaults()?,
        None => match key {
            "interval" => probe?.interval.clone(),
            "timeout" => probe?.timeout.clone(),
            "start-period" => probe?.start_period.clone(),
            _ => return None,
        },
    };
    let nanoseconds = amount::nanoseconds(&text)?;
    // 0 is the engine's default.
    if nanoseconds == 0 || nanoseconds >= 1_000_000 {
        return None;
    }
    let place = context.origin_of(plan, &service.name, "health", &["healthcheck", passed]);
    let place = if place.key_at(2) == Some("compose") { place } else { place.key(key) };
    let label = Label::value(Some(&plan.environment), place, "too short");
    let message = format!("`{text}` is less than a millisecond, and the engine takes no shorter time for a probe");
    Some(Finding::new(RULE.id, RULE.severity, message, label).help("write seconds, such as `10s`"))
}

/// A probe that asks its own container at a port on which the service does not listen.
fn wrong_port(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let port = service.port?;
    let place = own_probe(context, plan, service).filter(|_| service.network_mode().is_none())?;
    let listening = service.listening();
    let words: Vec<String> = service.health.as_ref()?.command.iter().filter_map(Text::with_defaults).collect();
    let asked = words.iter().flat_map(|word| addresses(word)).find_map(|address| {
        let host = address.host.trim_matches(['[', ']']);
        let is_itself = host.eq_ignore_ascii_case("localhost")
            || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified());
        let asked = address.port.filter(|_| is_itself)?;
        (!listening.iter().any(|(number, _)| *number == asked)).then_some(asked)
    })?;
    // Who lives in its network may listen there as well.
    let joins = |other: &Service| other.name != service.name && plan.namespace(other) == Namespace::Of(&service.name);
    if plan.services.values().any(joins) {
        return None;
    }
    let numbers: Vec<String> = listening.iter().map(|(number, _)| number.to_string()).collect();
    let message =
        format!("the probe of `{}` asks at port {asked}, and it listens on {}", service.name, words::and(&numbers));
    let is_known = service.kind.is_some() || service.build.is_some();
    let severity = if is_known { RULE.severity } else { Severity::Warning };
    let label = Label::value(Some(&plan.environment), place, format!("nobody answers at {asked}"));
    let finding = Finding::new(RULE.id, severity, message, label);
    let written = context.manifest(plan)?.services.get(&service.name)?;
    let finding = if written.port.is_some() {
        let place = context.origin_of(plan, &service.name, "port", &[]);
        finding.with(Label::value(Some(&plan.environment), place, "where it listens"))
    } else {
        finding
    };
    Some(finding.help(format!("ask at {port}: `${{service.port}}`")))
}

/// Where the command of a probe stands that somebody wrote; none for that of a kind.
fn own_probe(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<KeyPath> {
    let written = context.manifest(plan)?.services.get(&service.name)?;
    if written_test(context, plan, service).is_some() {
        return Some(service.origin().key("compose").key("healthcheck").key("test"));
    }
    let has_command = written.health.as_ref().is_some_and(|_| service.health_path.is_none());
    has_command.then(|| context.origin_of(plan, &service.name, "health", &[]))
}
