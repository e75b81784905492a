//! Health probes.

use super::member::Member;
use super::resolve::Resolver;
use super::{CommandFlaw, Probe, ProblemKind, Text};
use crate::manifest::types::Service;
use crate::manifest::unions::{Health, HealthTable, OneOrMany, Toggle};
use crate::source::KeyPath;

/// Time between two probes, the time one may take, and how many failures in a row count.
const INTERVAL: &str = "10s";
const TIMEOUT: &str = "5s";
const RETRIES: u16 = 3;
const START_PERIOD: &str = "30s";

/// The path that is asked, where the service names one.
pub(super) fn path(service: &Service) -> Option<&str> {
    match service.health.as_ref()?.on()? {
        Health::Text(text) if text.starts_with('/') => Some(text),
        Health::Table(HealthTable { path, .. }) => path.as_deref(),
        _ => None,
    }
}

impl<'a> Resolver<'a, '_> {
    /// The probe of a service: its own, else its kind's.
    pub(super) fn probe(&mut self, member: &Member<'a>) -> Option<Probe> {
        let written = member.service.health.as_ref();
        if matches!(written, Some(Toggle::Off(_))) {
            return None;
        }
        let health = written.and_then(Toggle::on);
        let kind = member.kind_probe();
        let table = match health {
            Some(Health::Table(table)) => Some(table),
            _ => None,
        };
        let command = self.probe_command(member, health)?;
        let text = |own: Option<&String>, kind: Option<&String>, default: &str| {
            own.or(kind).cloned().unwrap_or_else(|| default.to_owned())
        };
        Some(Probe {
            command,
            interval: text(
                table.and_then(|table| table.interval.as_ref()),
                kind.and_then(|kind| kind.interval.as_ref()),
                INTERVAL,
            ),
            timeout: text(
                table.and_then(|table| table.timeout.as_ref()),
                kind.and_then(|kind| kind.timeout.as_ref()),
                TIMEOUT,
            ),
            retries: table.and_then(|table| table.retries).unwrap_or(RETRIES),
            start_period: text(
                table.and_then(|table| table.start_period.as_ref()),
                kind.and_then(|kind| kind.start_period.as_ref()),
                START_PERIOD,
            ),
        })
    }

    fn probe_command(&mut self, member: &Member<'a>, health: Option<&Health>) -> Option<Vec<Text>> {
        let place = member.path().key("health");
        match health {
            Some(Health::Text(text)) if !text.starts_with('/') => {
                let words = self.split(text, &place)?;
                Some(self.words(&words, Some(text), &place, member.name))
            }
            Some(Health::Command(words) | Health::Table(HealthTable { command: Some(OneOrMany::Many(words)), .. }))
                if matches!(words.first().map(String::as_str), Some("CMD" | "CMD-SHELL" | "NONE")) =>
            {
                let message = format!("`{}` is Compose's word, and no program", words[0]);
                let help =
                    "write the words of the command alone; a shell is `[\"sh\", \"-c\", \"…\"]`, no probe is `false`";
                self.problem(place, ProblemKind::Value { message, help });
                None
            }
            Some(Health::Command(words)) => Some(self.words(words, None, &place, member.name)),
            Some(Health::Table(HealthTable { command: Some(command), .. })) => {
                let place = place.key("command");
                match command {
                    OneOrMany::One(text) => {
                        let words = self.split(text, &place)?;
                        Some(self.words(&words, Some(text), &place, member.name))
                    }
                    OneOrMany::Many(words) => Some(self.words(words, None, &place, member.name)),
                }
            }
            Some(_) if path(member.service).is_some() => {
                let Some(http) = member.kind_probe().and_then(|probe| probe.http.clone()) else {
                    self.problem(place, ProblemKind::NoProbeTool);
                    return None;
                };
                if member.port.is_none() {
                    let message =
                        format!("`{}` has a health path, and no `port` on which it could be asked", member.name);
                    let help = "say where it listens: `port = 8080`".to_owned();
                    let missing = member.path().key("port");
                    self.problem(place, ProblemKind::Incomplete { message, help, missing });
                    return None;
                }
                Some(http.iter().map(|word| self.kind_text(member, word).text).collect())
            }
            _ => {
                let command = member.kind_probe()?.command.clone()?;
                Some(command.iter().map(|word| self.kind_text(member, word).text).collect())
            }
        }
    }

    /// The words of a command, resolved one by one; `whole` is what they were split from.
    fn words(&mut self, words: &[String], whole: Option<&str>, place: &KeyPath, service: &str) -> Vec<Text> {
        if words.is_empty() {
            self.problem(place.clone(), ProblemKind::Command(CommandFlaw::Empty));
        }
        self.each_word(words, whole, place, service).into_iter().map(|word| word.text).collect()
    }

    /// Splits a command into words, as a shell would, without ever needing one.
    pub(super) fn split(&mut self, text: &str, place: &KeyPath) -> Option<Vec<String>> {
        match super::command_line::split(text) {
            Ok(words) => Some(words),
            Err(flaw) => {
                self.problem(place.clone(), ProblemKind::Command(flaw));
                None
            }
        }
    }
}
