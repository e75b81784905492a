//! What Compose asks of single values: text, a duration, a size, a number, a switch (compose-spec, "services" and "deploy";
//! tried with `docker compose config` 2.40, which refuses the whole file for one of them).

use super::amount;
use crate::plan::{Raw, Text};

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Text, even where it is a number.
    Text,
    /// A duration, as text.
    Duration,
    /// A size, as text.
    Size,
    /// A size, or a number of bytes.
    Bytes,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Switch,
}

/// The keys of a service with such values, by the way to them.
const FORMS: [(&str, Form); 55] = [
    ("build.context", Form::Text),
    ("build.dockerfile", Form::Text),
    ("build.network", Form::Text),
    ("build.target", Form::Text),
    ("cgroup_parent", Form::Text),
    ("container_name", Form::Text),
    ("cpu_shares", Form::Integer),
    ("cpus", Form::Number),
    ("cpuset", Form::Text),
    ("deploy.mode", Form::Text),
    ("deploy.replicas", Form::Integer),
    ("deploy.resources.limits.cpus", Form::Number),
    ("deploy.resources.limits.memory", Form::Size),
    ("deploy.resources.limits.pids", Form::Integer),
    ("deploy.resources.reservations.cpus", Form::Number),
    ("deploy.resources.reservations.memory", Form::Size),
    ("deploy.restart_policy.condition", Form::Text),
    ("deploy.restart_policy.delay", Form::Duration),
    ("deploy.restart_policy.max_attempts", Form::Integer),
    ("deploy.restart_policy.window", Form::Duration),
    ("deploy.update_config.delay", Form::Duration),
    ("deploy.update_config.monitor", Form::Duration),
    ("deploy.update_config.parallelism", Form::Integer),
    ("domainname", Form::Text),
    ("healthcheck.disable", Form::Switch),
    ("healthcheck.interval", Form::Duration),
    ("healthcheck.start_interval", Form::Duration),
    ("healthcheck.start_period", Form::Duration),
    ("healthcheck.timeout", Form::Duration),
    ("hostname", Form::Text),
    ("image", Form::Text),
    ("init", Form::Switch),
    ("ipc", Form::Text),
    ("mac_address", Form::Text),
    ("mem_limit", Form::Bytes),
    ("mem_reservation", Form::Bytes),
    ("memswap_limit", Form::Bytes),
    ("network_mode", Form::Text),
    ("oom_kill_disable", Form::Switch),
    ("oom_score_adj", Form::Integer),
    ("pid", Form::Text),
    ("pids_limit", Form::Integer),
    ("platform", Form::Text),
    ("privileged", Form::Switch),
    ("pull_policy", Form::Text),
    ("read_only", Form::Switch),
    ("runtime", Form::Text),
    ("scale", Form::Integer),
    ("shm_size", Form::Bytes),
    ("stdin_open", Form::Switch),
    ("stop_grace_period", Form::Duration),
    ("stop_signal", Form::Text),
    ("tty", Form::Switch),
    ("user", Form::Text),
    ("working_dir", Form::Text),
];

/// What YAML 1.1 and Compose take for true or false.
const SWITCHES: [&str; 10] = ["true", "false", "yes", "no", "y", "n", "on", "off", "1", "0"];

/// What is wrong with the value of a service's key, and what to write instead. `way` has its keys, joined by `.`. Nothing is
/// said of a value that an operator sets.
pub(crate) fn flaw(way: &str, value: &Raw) -> Option<(String, &'static str)> {
    let (_, form) = FORMS.iter().find(|(key, _)| *key == way)?;
    let key = way.rsplit('.').next().unwrap_or(way);
    if matches!(value.plain(), Raw::Map(_) | Raw::List(_) | Raw::Null) {
        return None;
    }
    let written = value.to_text()?;
    let is_text = value.as_text().is_some();
    let text = Text::as_literal(&written)?;
    let in_quotes = |fits: bool| {
        let message = format!("Compose takes nothing but text for `{key}`");
        (!is_text).then_some((message, if fits { "write it in quotes" } else { "write text" }))
    };
    let misfit = |fits: bool, what: &str, help: &'static str| (!fits).then(|| (format!("`{text}` is no {what}"), help));
    let size = || misfit(amount::is_engine_size(text), "size", "write a number with a unit: `b`, `k`, `m` or `g`");
    match form {
        Form::Text => in_quotes(!matches!(value.plain(), Raw::Bool(_))),
        Form::Duration => {
            let fits = amount::is_engine_duration(text);
            misfit(fits, "duration", "write numbers with units, such as `10s` or `1m30s`").or_else(|| in_quotes(true))
        }
        Form::Size => size().or_else(|| in_quotes(true)),
        Form::Bytes if is_text => size(),
        Form::Bytes => misfit(matches!(value.plain(), Raw::Int(_)), "size", "write a whole number of bytes"),
        Form::Integer => misfit(text.parse::<i64>().is_ok(), "whole number", "write a number"),
        Form::Number => misfit(text.parse::<f64>().is_ok(), "number", "write a number"),
        Form::Switch => {
            let is_known = SWITCHES.iter().any(|switch| text.eq_ignore_ascii_case(switch));
            let fits = is_known && !matches!(value.plain(), Raw::Int(_) | Raw::Float(_));
            misfit(fits, "switch", "write `true` or `false`")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(way: &str, value: &Raw) -> Option<String> {
        flaw(way, value).map(|(message, _)| message)
    }

    #[test]
    fn the_forms_are_sorted() {
        assert!(FORMS.is_sorted_by_key(|(key, _)| *key));
    }

    #[test]
    fn what_compose_refuses_is_told() {
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(says("user", &Raw::Int(0)), is("Compose takes nothing but text for `user`"));
        assert_eq!(says("hostname", &Raw::Bool(true)), is("Compose takes nothing but text for `hostname`"));
        let memory = "deploy.resources.limits.memory";
        assert_eq!(says(memory, &Raw::Int(12_345_678)), is("Compose takes nothing but text for `memory`"));
        assert_eq!(says(memory, &Raw::literal("lots")), is("`lots` is no size"));
        assert_eq!(says("memswap_limit", &Raw::literal("-1")), is("`-1` is no size"));
        assert_eq!(says("healthcheck.interval", &Raw::literal("5")), is("`5` is no duration"));
        assert_eq!(says("healthcheck.interval", &Raw::Int(5)), is("`5` is no duration"));
        assert_eq!(says("stop_grace_period", &Raw::literal("1m 30s")), is("`1m 30s` is no duration"));
        assert_eq!(says("scale", &Raw::Float(1.5)), is("`1.5` is no whole number"));
        assert_eq!(says("cpus", &Raw::literal("x")), is("`x` is no number"));
        assert_eq!(says("init", &Raw::Int(1)), is("`1` is no switch"));
        assert_eq!(says("init", &Raw::literal("maybe")), is("`maybe` is no switch"));
    }

    #[test]
    fn what_compose_takes_is_not() {
        for (way, text) in [
            ("user", "0"),
            ("stop_grace_period", "1d"),
            ("stop_grace_period", "1w"),
            ("stop_grace_period", "0"),
            ("stop_grace_period", "-1s"),
            ("stop_grace_period", "1.5h"),
            ("mem_limit", "512MiB"),
            ("mem_limit", "1 gb"),
            ("mem_limit", "1t"),
            ("deploy.resources.limits.memory", "512m"),
            ("cpus", "0.5"),
            ("tty", "yes"),
            ("deploy.replicas", "2"),
            ("x-user", "anything"),
        ] {
            assert_eq!(says(way, &Raw::literal(text)), None, "{way}: {text}");
        }
        assert_eq!(says("memswap_limit", &Raw::Int(-1)), None);
        assert_eq!(says("mem_limit", &Raw::Int(12_345_678)), None);
        assert_eq!(says("cpus", &Raw::Float(1.5)), None);
        assert_eq!(says("user", &Raw::Text(Text::variable("USER_ID", None))), None);
        assert_eq!(says("build", &Raw::Map(indexmap::IndexMap::new())), None);
    }
}
