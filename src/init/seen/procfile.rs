//! Procfiles: what runs, by name. What is set in front of a command is known by its name alone.

use super::{Process, Seen, is_part};
use crate::init::snapshot::{Snapshot, file_name};

pub(super) fn look(snapshot: &Snapshot, seen: &mut Seen) {
    for (path, text) in snapshot.texts_below("").filter(|(path, _)| file_name(path) == "Procfile" && is_part(path)) {
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let Some((name, command)) = line.split_once(':') else {
                seen.troubles.push((path.to_owned(), "a line is no `name: command`".to_owned()));
                continue;
            };
            let Some(all) = shlex::split(command) else {
                seen.troubles.push((path.to_owned(), format!("the command of `{}` is cut short", name.trim())));
                continue;
            };
            let (names, words) = without_assignments(all, |name, value| seen.hidden.hide(name, value));
            let assigns = |word: &&str| {
                word.split_once('=')
                    .is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
            };
            let is_quoted = command.split_whitespace().take_while(assigns).any(|word| word.contains(['"', '\'']));
            let text = if is_quoted {
                shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default()
            } else {
                command
                    .split_whitespace()
                    .skip_while(|word| assigns(word) || *word == "env")
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            seen.processes.push(Process { text, name: name.trim().to_owned(), words, names, from: path.to_owned() });
        }
    }
}

/// The words of a command without `NAME=value` in front, and those names.
pub(super) fn without_assignments(words: Vec<String>, mut see: impl FnMut(&str, &str)) -> (Vec<String>, Vec<String>) {
    let mut names = Vec::new();
    let mut rest = Vec::new();
    for word in words {
        let assigned = word.split_once('=').filter(|(name, _)| {
            rest.is_empty() && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        });
        match assigned {
            Some((name, value)) => {
                see(name, value);
                names.push(name.to_owned());
            }
            None if rest.is_empty() && word == "env" => {}
            None => rest.push(word),
        }
    }
    (names, rest)
}
