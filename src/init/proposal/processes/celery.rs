//! Commands that start Celery: what its kind has an option for becomes one, and a command with more than that stays whole.

use toml::Value;

use super::CELERY;
use crate::init::judgement::is_shown_command;
use crate::init::proposal::{Entry, Proposal, Service};

/// What `log-level` may be.
const LEVELS: [&str; 4] = ["debug", "info", "warning", "error"];

/// Makes the worker or the scheduler of a service that such a command starts; whether it is one. Where it is exact, the
/// image is somebody's own: what stands in front of the program may be needed there, and nothing in it keeps a schedule.
pub(in crate::init::proposal) fn of(
    proposal: &mut Proposal,
    name: &str,
    words: &[String],
    is_exact: bool,
    service: &mut Service,
    from: &str,
) -> bool {
    let Some(start) = words.iter().position(|word| word == "celery" || word.ends_with("/celery")) else { return false };
    let Some(mut said) = Said::of(&words[start + 1..]) else { return false };
    let is_shown = |text: &String| is_shown_command(std::slice::from_ref(text));
    if !is_shown(&said.app) {
        return false;
    }
    if said.queues.as_ref().is_some_and(|queues| !is_shown(queues)) {
        said.queues = None;
        said.more.push("--queues".to_owned());
    }
    said.options.retain(|(_, value)| value.as_str().is_none_or(|text| is_shown(&text.to_owned())));
    let note = format!("from {from}");
    service.keys.shift_remove("command");
    service.set("kind", Entry::noted(CELERY, note.clone()));
    service.set("app", Entry::new(said.app));
    if said.is_beat {
        service.set("role", Entry::new("beat"));
        if is_exact || said.is_schedule_passing {
            service.set("persist", Entry::noted(false, "as it was: its schedule goes with the container"));
        }
    }
    if let Some(queues) = said.queues {
        let queues: Vec<Value> = queues.split(',').map(|queue| Value::from(queue.trim())).collect();
        service.set("consumes", Entry::new(queues));
    }
    let is_more = !said.more.is_empty() || (is_exact && start > 0);
    // What a shell would put in is not known.
    let is_open = !is_exact && words.iter().any(|word| word.contains('$'));
    let whole = shlex::try_join(words.iter().map(String::as_str)).ok();
    if let Some(text) = whole.filter(|_| is_more && !is_open && is_shown_command(words)) {
        let what = if said.more.is_empty() { "what stands in front of it".to_owned() } else { said.more.join(", ") };
        service.set("command", Entry::noted(text, format!("{note}: the kind has no word for {what}")));
        return true;
    }
    for (option, value) in said.options {
        service.set(option, Entry::new(value));
    }
    if !said.more.is_empty() {
        let what = format!(
            "what its command in {from} says beyond the kind's own, and is not taken over: {}; a `command` would say the \
             whole of it",
            said.more.join(", ")
        );
        proposal.unknown(name, what);
    }
    true
}

/// What such a command says.
#[derive(Debug, Default)]
struct Said {
    app: String,
    is_beat: bool,
    /// Whether the schedule is kept where nothing lasts.
    is_schedule_passing: bool,
    queues: Option<String>,
    options: Vec<(&'static str, Value)>,
    /// Flags that the kind has no option for.
    more: Vec<String>,
}

impl Said {
    /// Reads the words behind the program; none where they start neither a worker nor a scheduler.
    fn of(words: &[String]) -> Option<Self> {
        let mut said = Self::default();
        let mut role = None;
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                if role.is_none() {
                    role = Some(word.as_str());
                }
                continue;
            }
            let (flag, glued) = match word.split_once('=') {
                Some((flag, value)) if word.starts_with("--") => (flag, Some(value)),
                _ if word.len() > 2 && !word.starts_with("--") && word.is_char_boundary(2) => {
                    (&word[..2], Some(&word[2..]))
                }
                _ => (word.as_str(), None),
            };
            let value = match glued {
                Some(value) => Some(value.to_owned()),
                None => words.next_if(|next| !next.starts_with('-') && !is_role(next)).cloned(),
            };
            if !said.take(flag, value) {
                said.more.push(flag.split(':').next().unwrap_or_default().to_owned());
            }
        }
        said.is_beat = role == Some("beat");
        (role.is_some_and(is_role) && !said.app.is_empty()).then_some(said)
    }

    /// Takes a flag; whether there is a word for it.
    fn take(&mut self, flag: &str, value: Option<String>) -> bool {
        let Some(value) = value else { return false };
        match flag {
            "-A" | "--app" => self.app = value,
            "-Q" | "--queues" => self.queues = Some(value),
            "-S" | "--scheduler" => self.options.push(("scheduler", value.into())),
            "-c" | "--concurrency" => match value.parse::<i64>() {
                Ok(number) => self.options.push(("concurrency", number.into())),
                Err(_) => return false,
            },
            "-l" | "--loglevel" => {
                let level = value.to_ascii_lowercase();
                if !LEVELS.contains(&level.as_str()) {
                    return false;
                }
                if level != "info" {
                    self.options.push(("log-level", level.into()));
                }
            }
            "-s" | "--schedule" if value.starts_with("/tmp/") => self.is_schedule_passing = true,
            _ => return false,
        }
        true
    }
}

fn is_role(word: impl AsRef<str>) -> bool {
    matches!(word.as_ref(), "worker" | "beat")
}
