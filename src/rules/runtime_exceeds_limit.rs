//! `runtime-exceeds-limit`: see [`RULE`].

use super::memory_cpu::limit;
use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Service, Text};
use crate::source::KeyPath;

/// A program that may take more memory than its container.
pub(super) static RULE: Rule = Rule {
    id: "runtime-exceeds-limit",
    severity: Severity::Warning,
    summary: "a program that is told to use more memory than its container has",
    docs: "\
A program is told how much memory it may use, and that is as much as the limit of its container, or more:
`--max-old-space-size` of Node.js, `-Xmx` of Java, `GOMEMLIMIT` of Go, `maxmemory` of Redis and Valkey, `shared_buffers` of
PostgreSQL.

**Why it breaks.** The program believes that there is room, and collects no garbage, or drops nothing, when it comes near the limit.
It needs some memory besides: code, stacks, buffers.

**How it shows.** Under load the kernel kills the process. The container ends with exit code 137, and `docker inspect` says
`OOMKilled: true`; nothing of it is in the program's own log.

```toml
[services.cache]
kind = \"redis\"
version = \"7\"
limits = { memory = \"256m\" }
max-memory = \"256mb\"          # bad: nothing is left for the rest
max-memory = \"192mb\"          # good
```

**Fix.** Give the program about three quarters of the limit, or raise the limit.

**Source.** Node.js docs, \"Useful V8 options\"; Redis docs, \"Key eviction\"; PostgreSQL docs, `shared_buffers`; Go, `runtime/debug`,
`SetMemoryLimit`; the `java` command, `-Xmx`. Tried with Redis in Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// Variables that hold options of a runtime.
const OPTIONS: [&str; 7] = [
    "CATALINA_OPTS",
    "ES_JAVA_OPTS",
    "JAVA_OPTS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "NODE_OPTIONS",
    "_JAVA_OPTIONS",
];

/// How much a program is told to use.
struct Told {
    /// Where.
    place: KeyPath,
    /// By which option.
    option: &'static str,
    /// As it is written.
    text: String,
    bytes: u64,
}

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            let Some((written, bytes, place)) = limit(context, plan, service) else { continue };
            let Some(told) = told(context, plan, service).filter(|told| bytes > 0 && told.bytes >= bytes) else {
                continue;
            };
            let message = format!(
                "`{}` of `{}` lets it use {}, and its container has {written}",
                told.option, service.name, told.text
            );
            let environment = Some(plan.environment.as_str());
            let label = Label::value(environment, told.place, "as much as the limit, or more");
            let finding = Finding::new(RULE.id, RULE.severity, message, label);
            let finding = finding.with(Label::value(environment, place, "the limit"));
            findings.push(finding.help("leave about a quarter of the limit for the rest, or raise the limit"));
        }
    }
}

/// What a program is told about memory, in its command or its variables.
fn told(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Told> {
    for (key, words) in [("command", &service.command), ("entrypoint", &service.entrypoint)] {
        let words: Vec<String> = words.iter().flatten().filter_map(Text::with_defaults).collect();
        if let Some((option, text, bytes)) = in_words(&words) {
            let written = context.manifest(plan)?.services.get(&service.name)?;
            let place = match (option, written.options.contains_key("max-memory")) {
                ("maxmemory", true) => service.origin().key("max-memory"),
                _ => context.origin_of(plan, &service.name, key, &[key]),
            };
            return Some(Told { place, option, text, bytes });
        }
    }
    let value = |name: &str| service.environment.get(name).and_then(Text::with_defaults);
    for name in OPTIONS {
        let words: Vec<String> =
            value(name).iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect();
        if let Some((option, text, bytes)) = in_words(&words) {
            return Some(Told { place: context.origin_of_env(plan, service, name), option, text, bytes });
        }
    }
    let text = value("GOMEMLIMIT")?;
    let bytes =
        size(&text, &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("B", 1), ("", 1)])?;
    Some(Told { place: context.origin_of_env(plan, service, "GOMEMLIMIT"), option: "GOMEMLIMIT", text, bytes })
}

/// The first option among words that says how much memory is used: its name, what it says, and how much that is.
fn in_words(words: &[String]) -> Option<(&'static str, String, u64)> {
    for (index, word) in words.iter().enumerate() {
        let next = || words.get(index + 1).cloned();
        let (option, value) = match word.split_once('=') {
            Some((option, value)) => (option, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        let found = match option.replace('_', "-").as_str() {
            "--max-old-space-size" => value
                .or_else(next)
                .and_then(|text| Some(("--max-old-space-size", format!("{text} MB"), text.parse::<u64>().ok()? << 20))),
            "--maxmemory" => value.or_else(next).and_then(|text| Some(("maxmemory", text.clone(), redis(&text)?))),
            "shared-buffers" | "--shared-buffers" | "-cshared-buffers" => {
                value.and_then(|text| Some(("shared_buffers", text.clone(), postgres(&text)?)))
            }
            _ => word.strip_prefix("-Xmx").and_then(|text| {
                let units = [("", 1), ("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30), ("t", 1 << 40)];
                Some(("-Xmx", text.to_owned(), size(&text.to_ascii_lowercase(), &units)?))
            }),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Redis: `k` is a thousand, and `kb` 1024 (redis.conf, "Note on units").
fn redis(text: &str) -> Option<u64> {
    let units = [
        ("", 1),
        ("b", 1),
        ("k", 1_000),
        ("kb", 1 << 10),
        ("m", 1_000_000),
        ("mb", 1 << 20),
        ("g", 1_000_000_000),
        ("gb", 1 << 30),
    ];
    size(&text.to_ascii_lowercase(), &units)
}

/// `PostgreSQL`: without a unit it counts blocks of 8 kB (`PostgreSQL` docs, "Parameter Names and Values").
fn postgres(text: &str) -> Option<u64> {
    size(text, &[("", 8 << 10), ("B", 1), ("kB", 1 << 10), ("MB", 1 << 20), ("GB", 1 << 30), ("TB", 1 << 40)])
}

/// A whole number with one of these units.
fn size(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim_matches(['\'', '"']).trim();
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number: u64 = text[..text.len() - unit.len()].parse().ok()?;
    let (_, factor) = units.iter().find(|(known, _)| *known == unit.trim())?;
    number.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<(&'static str, u64)> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        in_words(&words).map(|(option, _, bytes)| (option, bytes))
    }

    #[test]
    fn options_and_their_units() {
        for (text, expected) in [
            ("node --max-old-space-size=512 a.js", Some(("--max-old-space-size", 512 << 20))),
            ("node --max_old_space_size 512", Some(("--max-old-space-size", 512 << 20))),
            ("redis-server --maxmemory 256mb", Some(("maxmemory", 256 << 20))),
            ("redis-server --maxmemory 256m", Some(("maxmemory", 256_000_000))),
            ("redis-server --maxmemory 0", Some(("maxmemory", 0))),
            ("postgres -c shared_buffers=1GB", Some(("shared_buffers", 1 << 30))),
            ("postgres --shared_buffers=16384", Some(("shared_buffers", 128 << 20))),
            ("java -Xmx1g -jar a.jar", Some(("-Xmx", 1 << 30))),
            ("java -Xms1g", None),
            ("redis-server --maxmemory-policy noeviction", None),
            ("node --max-old-space-size=lots", None),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }
}
