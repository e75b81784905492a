//! `memory-cpu`: see [`RULE`].

use super::{Context, Rule};
use crate::compose::amount;
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Raw, Resources, Service};
use crate::source::KeyPath;

/// Amounts of memory and processors that Compose or the engine refuses.
pub(super) static RULE: Rule = Rule {
    id: "memory-cpu",
    severity: Severity::Error,
    summary: "an amount of memory or processors that Compose or the engine refuses",
    docs: "\
The `reservations` of a service ask for more memory than its `limits` allow, or the limit is less than 6 megabytes, or less than a
hundredth of a processor. In `compose`: one thing is said twice and differently (`mem_limit` beside `limits`, `cpus`, `pids_limit`,
`mem_reservation`, `scale` beside `replicas`); `memswap_limit` is less than the memory, or stands without a limit of it;
`mem_swappiness`, `oom_score_adj` or `shm_size` is out of its range. More processors than the host has are refused too, but which
host that will be is not known here.

**Why it breaks.** What is kept free for a container is part of what it may take. Swap is counted together with the memory. And no
container starts with less than 6 megabytes.

**How it shows.** Of two words for one thing Compose says `can't set distinct values on 'mem_limit' and
'deploy.resources.limits.memory'`. It reads the rest without a word. `docker compose up` ends with `Minimum memory limit can not be
less than memory reservation limit`, `Minimum memoryswap limit should be larger than memory limit` or `Minimum memory limit allowed
is 6MB`, and half of the stack runs.

```toml
[defaults]
reservations = { memory = \"256m\" }

[services.web]
image = \"nginx:1.28\"
limits = { memory = \"128m\" }           # bad: the reservation of all services is twice as much

[services.web]
image = \"nginx:1.28\"
limits = { memory = \"128m\" }
reservations = { memory = \"64m\" }      # good
```

**Fix.** Lower the reservation, or raise the limit. Say each amount once: in `limits`, `reservations` and `replicas`.

**Source.** Docker docs, \"Resource constraints\"; compose-spec, `deploy`, `mem_limit`, `memswap_limit`; tried with Docker Compose 2.40
and Docker 28.5.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

/// The least that the engine takes, in bytes (moby, `linuxMinMemory`).
const LEAST: u64 = 6 << 20;

/// The smallest share of a processor (moby, \"range of CPUs\").
const LEAST_CPUS: f64 = 0.01;

/// What Compose has two words for: the short one, and the way to the other one.
const TWICE: [(&str, &[&str]); 5] = [
    ("mem_limit", &["deploy", "resources", "limits", "memory"]),
    ("mem_reservation", &["deploy", "resources", "reservations", "memory"]),
    ("cpus", &["deploy", "resources", "limits", "cpus"]),
    ("pids_limit", &["deploy", "resources", "limits", "pids"]),
    ("scale", &["deploy", "replicas"]),
];

/// Numbers that the engine holds to a range (Docker Engine API, `HostConfig`).
const RANGES: [(&str, i64, i64); 3] =
    [("mem_swappiness", -1, 100), ("oom_score_adj", -1000, 1000), ("shm_size", 0, i64::MAX)];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            let twice = twice(context, plan, service);
            // Which of the two is meant is not known.
            if !twice.is_empty() {
                findings.extend(twice);
                continue;
            }
            findings.extend(too_little(context, plan, service));
            findings.extend(more_than_allowed(context, plan, service));
            findings.extend(too_few(context, plan, service));
            if !service.passthrough.is_empty() {
                findings.extend(swap(context, plan, service));
                findings.extend(out_of_range(plan, service));
            }
        }
    }
}

/// One thing that is said twice, and not alike.
fn twice(context: &Context<'_>, plan: &Plan, service: &Service) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, way) in TWICE {
        let Some(short) = passed(service, key) else { continue };
        let Some((long, place)) = longer(context, plan, service, key, way) else { continue };
        if is_alike(key, &short, &long) {
            continue;
        }
        let name = &service.name;
        let other =
            if place.key_at(2) == Some("compose") { way.join(".") } else { place.key_at(2).unwrap_or(key).to_owned() };
        let message =
            format!("`{key}` and `{other}` of `{name}` say the same thing, and not alike: {short} and {long}");
        let primary = label_at(plan, service.origin().key("compose").key(key), "one of them");
        let finding =
            Finding::new(RULE.id, RULE.severity, message, primary).with(label_at(plan, place, "the other one"));
        findings.push(finding.help("remove one of them"));
    }
    findings
}

/// Whether both say the same, as far as both say something.
fn is_alike(key: &str, short: &str, long: &str) -> bool {
    if key.starts_with("mem_") {
        let both = amount::bytes(short).zip(amount::bytes(long));
        return both.is_none_or(|(short, long)| short == long);
    }
    let both = short.parse::<f64>().ok().zip(long.parse::<f64>().ok());
    both.is_none_or(|(short, long)| (short - long).abs() < f64::EPSILON)
}

/// What `deploy` says in the end, from whichever key, and where.
fn longer(context: &Context<'_>, plan: &Plan, service: &Service, key: &str, way: &[&str]) -> Option<(String, KeyPath)> {
    let (text, own, inner) = match key {
        "mem_limit" => (service.limits.as_ref()?.memory.clone()?, "limits", "memory"),
        "mem_reservation" => (service.reservations.as_ref()?.memory.clone()?, "reservations", "memory"),
        "cpus" => (service.limits.as_ref()?.cpus?.to_string(), "limits", "cpus"),
        "scale" => (service.replicas?.to_string(), "replicas", ""),
        _ => {
            let mut value = service.passthrough.get("deploy")?.as_ref()?;
            for step in &way[1..] {
                value = value.as_map()?.get(*step)?;
            }
            (value.to_text()?.with_defaults()?, "deploy", "")
        }
    };
    let place = context.origin_of(plan, &service.name, own, way);
    let is_inner = place.key_at(2) != Some("compose") && !inner.is_empty();
    Some((text, if is_inner { place.key(inner) } else { place }))
}

/// The text of a key of `compose`.
fn passed(service: &Service, key: &str) -> Option<String> {
    service.passthrough.get(key)?.as_ref()?.to_text()?.with_defaults()
}

fn label_at(plan: &Plan, place: KeyPath, text: &str) -> Label {
    Label::value(Some(&plan.environment), place, text)
}

/// The most memory that a service may take: as it is written, in bytes, and where.
pub(super) fn limit(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<(String, u64, KeyPath)> {
    amount_of(context, plan, service, "limits", "mem_limit")
}

/// The memory that is kept free for a service.
fn reservation(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<(String, u64, KeyPath)> {
    amount_of(context, plan, service, "reservations", "mem_reservation")
}

fn amount_of(
    context: &Context<'_>,
    plan: &Plan,
    service: &Service,
    key: &str,
    short: &str,
) -> Option<(String, u64, KeyPath)> {
    let resources: Option<&Resources> =
        if key == "limits" { service.limits.as_ref() } else { service.reservations.as_ref() };
    if let Some(text) = resources.and_then(|resources| resources.memory.as_deref()) {
        let place = own(context, plan, service, key, &["deploy", "resources", key, "memory"]);
        let place = if place.key_at(2) == Some("compose") { place } else { place.key("memory") };
        return Some((text.to_owned(), amount::bytes(text)?, place));
    }
    let text = passed(service, short)?;
    let bytes = amount::bytes(&text)?;
    Some((text, bytes, service.origin().key("compose").key(short)))
}

/// Where a key of a service stands, as its own: also where it takes it over, so that all who do have one finding.
fn own(context: &Context<'_>, plan: &Plan, service: &Service, key: &str, passed: &[&str]) -> KeyPath {
    let place = context.origin_of(plan, &service.name, key, passed);
    if place.key_at(2) == Some("compose") { place } else { service.origin().key(key) }
}

fn too_little(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let (text, bytes, place) = limit(context, plan, service)?;
    // Nothing at all is no limit.
    if bytes == 0 || bytes >= LEAST {
        return None;
    }
    let message =
        format!("`{}` may take {text} of memory, and the engine gives no container less than 6m", service.name);
    let label = label_at(plan, place, "too little");
    let help = if text.trim_end().ends_with(|c: char| c.is_ascii_digit()) {
        "without a unit these are bytes: write `512m`, or `1g`"
    } else {
        "write `6m` or more: what the program takes at its peak"
    };
    Some(Finding::new(RULE.id, RULE.severity, message, label).help(help))
}

fn more_than_allowed(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let (limit, allowed, at) = limit(context, plan, service)?;
    let (text, wanted, place) = reservation(context, plan, service)?;
    if wanted <= allowed || allowed < LEAST {
        return None;
    }
    let message = format!("{text} of memory are kept free for `{}`, and it may take {limit}", service.name);
    let finding = Finding::new(RULE.id, RULE.severity, message, label_at(plan, place, "more than the limit"));
    Some(finding.with(label_at(plan, at, "the limit")).help("lower the reservation, or raise the limit"))
}

/// A share of a processor that is none.
fn too_few(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let limit = service.limits.as_ref().and_then(|limits| limits.cpus).map(|cpus| {
        let place = own(context, plan, service, "limits", &["deploy", "resources", "limits", "cpus"]);
        (cpus, if place.key_at(2) == Some("compose") { place } else { place.key("cpus") })
    });
    let short = || {
        let cpus = passed(service, "cpus")?.parse().ok()?;
        Some((cpus, service.origin().key("compose").key("cpus")))
    };
    let (cpus, place): (f64, KeyPath) = limit.or_else(short)?;
    // 0 is no limit in `compose`; elsewhere, and below, it is told as no number of processors.
    let is_told = place.key_at(2) != Some("compose") && cpus <= 0.0;
    if is_told || cpus == 0.0 || cpus >= LEAST_CPUS || !cpus.is_finite() {
        return None;
    }
    let message =
        format!("`{}` may use {cpus} of a processor, and the engine gives no container less than 0.01", service.name);
    Some(
        Finding::new(RULE.id, RULE.severity, message, label_at(plan, place, "too little"))
            .help("write a larger share, such as `0.25`"),
    )
}

/// Memory and swap together, which are less than the memory, or have none to be compared with.
fn swap(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let text = passed(service, "memswap_limit")?;
    let bytes = amount::bytes(&text).filter(|bytes| *bytes > 0)?;
    let place = service.origin().key("compose").key("memswap_limit");
    let name = &service.name;
    let limit = limit(context, plan, service).filter(|(_, allowed, _)| *allowed > 0);
    let Some((limit, allowed, at)) = limit else {
        let message = format!("`{name}` has a limit of memory and swap together, and none of memory");
        let finding = Finding::new(RULE.id, RULE.severity, message, label_at(plan, place, "needs the other one"));
        return Some(finding.help("add `limits = { memory = \"…\" }`, or remove it"));
    };
    if bytes >= allowed {
        return None;
    }
    let message = format!("`{name}` may take {limit} of memory, and {text} of memory and swap together");
    let finding = Finding::new(RULE.id, RULE.severity, message, label_at(plan, place, "less than the memory alone"));
    Some(finding.with(label_at(plan, at, "the limit of memory")).help("write the sum of both, or remove it"))
}

fn out_of_range(plan: &Plan, service: &Service) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, least, most) in RANGES {
        let number = service.passthrough.get(key).and_then(Option::as_ref).and_then(|value| match value.plain() {
            Raw::Int(number) => Some(*number),
            _ => None,
        });
        let Some(number) = number.filter(|number| !(least..=most).contains(number)) else { continue };
        let range = if most == i64::MAX { format!("at least {least}") } else { format!("{least} to {most}") };
        let message = format!("`{key}` of `{}` is {number}, and the engine takes {range}", service.name);
        let place = service.origin().key("compose").key(key);
        findings.push(
            Finding::new(RULE.id, RULE.severity, message, label_at(plan, place, "out of range"))
                .help("write another number, or remove it"),
        );
    }
    findings
}
