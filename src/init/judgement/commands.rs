//! Whether a command can be shown: a command, a probe, a line of a Procfile. Its words are split once more inside of quotes,
//! and whatever has a name there is judged by it. What is in doubt is not shown.

use super::names::{is_secret, is_sensitive};
use super::{is_harmless, is_random, is_shown, is_switch};
use crate::secrets::forms::unmistakable;
use crate::secrets::names::arguments;

/// Flags behind which people write passwords.
const FLAGS: [&str; 10] = ["-a", "-p", "-P", "-u", "-k", "-K", "-t", "--user", "--auth", "--pass"];

/// Headers that everybody may see.
const HEADERS: [&str; 15] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "content-type",
    "host",
    "origin",
    "user-agent",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-ssl",
    "x-scheme",
    "x-script-name",
];

/// Whether everybody may see what a header with this name says.
pub(in crate::init) fn is_harmless_header(name: &str) -> bool {
    HEADERS.contains(&name.to_ascii_lowercase().as_str())
}

/// Whether the words of a command can be shown: nothing in them may be a secret.
pub(in crate::init) fn is_shown_command(words: &[String]) -> bool {
    let words = &settings(words);
    let split: Vec<String> = words.iter().flat_map(|word| parts(word)).collect();
    let is_plain = |word: &String| {
        unmistakable(word).is_none()
            && !has_user_info(word)
            && assignments_are_shown(word)
            && is_header_shown(word)
            && !word.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random)
    };
    let text = split.join(" ").to_ascii_lowercase();
    let is_sql = text.contains("password ") && !text.contains("password $") || text.contains("identified by");
    split.iter().all(is_plain)
        && words.iter().all(|word| unmistakable(word).is_none())
        && !split.iter().enumerate().any(|(at, word)| is_before_secret(&split, at, word))
        && !is_sql
        && arguments(words).is_empty()
        && arguments(&split).is_empty()
}

/// The settings of a database server, `-c name=value`, as the flags that they are: no shell is given a command there.
fn settings(words: &[String]) -> Vec<String> {
    let is_server = words.first().is_some_and(|word| word.rsplit('/').next() == Some("postgres"));
    let one = |(at, word): (usize, &String)| {
        if is_server && at > 0 && words[at - 1] == "-c" { format!("--{word}") } else { word.clone() }
    };
    words.iter().enumerate().map(one).collect()
}

/// A word as a shell inside of it would split it.
fn parts(word: &str) -> Vec<String> {
    // What stands in `${…}` stays together, whatever its default is.
    let mut found = vec![String::new()];
    let mut depth = 0_usize;
    let mut previous = ' ';
    for c in word.chars() {
        if c == '{' && previous == '$' {
            depth += 1;
        } else if c == '}' {
            depth = depth.saturating_sub(1);
        }
        previous = c;
        if depth == 0 && (c.is_whitespace() || "\"'`;|&()[],<>".contains(c)) {
            found.push(String::new());
        } else if let Some(last) = found.last_mut() {
            last.push(c);
        }
    }
    found.retain(|part| !part.is_empty());
    found
}

/// Whether the word says that the next one is a secret.
fn is_before_secret(words: &[String], at: usize, word: &str) -> bool {
    let Some(next) = words.get(at + 1) else { return false };
    let is_open = !is_variable(next);
    // `password = x`, `"password": "x"`.
    if let (true, Some(value)) = (next == ":" || next == "=", words.get(at + 2)) {
        return is_sensitive(word) && !is_variable(value) && !is_switch(value);
    }
    if matches!(word.to_ascii_lowercase().as_str(), "bearer" | "basic" | "digest") {
        return is_open;
    }
    if let Some(name) = word.strip_suffix([':', '=']) {
        return is_open && is_sensitive(name.trim_start_matches('-')) && !is_switch(next);
    }
    if matches!(word, "-H" | "--header") {
        let name = next.split(':').next().unwrap_or_default().to_ascii_lowercase();
        return !HEADERS.contains(&name.as_str());
    }
    if !word.starts_with('-') || word.contains('=') || next.starts_with('-') || !is_open {
        return false;
    }
    let name = word.trim_start_matches('-');
    // A port is written behind `-p` too, and a kind of worker or an address behind `-k`.
    if FLAGS.contains(&word) {
        let is_worker =
            matches!(next.as_str(), "sync" | "gthread" | "gevent" | "eventlet" | "tornado") || next.ends_with("Worker");
        let is_number = next.len() <= 5 && next.bytes().all(|byte| byte.is_ascii_digit());
        let is_address = next.starts_with("http://") || next.starts_with("https://") || next.starts_with('/');
        return !(is_number || is_address || (word == "-k" && is_worker));
    }
    is_sensitive(name) && !is_switch(next) && !(is_harmless("PATH", next) && !is_secret(name) && next.starts_with('/'))
}

fn is_variable(text: &str) -> bool {
    text.starts_with('$')
}

/// Whether user and password, or a token, stand in front of a host.
pub(in crate::init) fn has_user_info(word: &str) -> bool {
    let (rest, is_url) = match word.split_once("://") {
        Some((_, rest)) => (rest.split(['/', '?', '#']).next().unwrap_or_default(), true),
        None => (word, false),
    };
    let Some((user_info, _)) = rest.rsplit_once('@') else {
        // A password with a slash in it.
        return is_url && word.split_once("://").is_some_and(|(_, rest)| rest.contains('@') && rest.contains(':'));
    };
    let user_info = user_info.rsplit('=').next().unwrap_or_default();
    match user_info.split_once(':') {
        // `${USER:-app}@host` has none.
        Some(_) if user_info.starts_with("${") && user_info.ends_with('}') && !user_info[2..].contains("${") => false,
        Some((_, password)) => !(password.is_empty() || is_variable(password)),
        None => is_url && !user_info.is_empty() && !is_variable(user_info),
    }
}

/// Whether every `NAME=value` of a word can be shown.
fn assignments_are_shown(word: &str) -> bool {
    let is_glued = word.len() > 2 && ["-p", "-u", "-a", "-k"].iter().any(|flag| word.starts_with(flag));
    if is_glued && !word.contains('=') {
        let value = &word[2..];
        let is_password = word.starts_with("-p") && value.parse::<u16>().is_err();
        if !is_variable(value) && (is_password || value.contains(':')) {
            return false;
        }
    }
    word.match_indices('=').all(|(at, _)| {
        let (before, after) = (&word[..at], &word[at + 1..]);
        if before.ends_with(['=', '!', '<', '>']) || after.starts_with(['=', '>']) {
            return true;
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        let name = &before[before.trim_end_matches(is_part).len()..];
        let value = after.split(['&', ';', '\\']).next().unwrap_or_default();
        let is_flag = name.starts_with('-');
        if name.is_empty() || value.is_empty() || is_variable(value) {
            return true;
        }
        let name = name.trim_start_matches('-');
        if is_sensitive(name) {
            return !is_secret(name) && (is_switch(value) || value.starts_with('/'));
        }
        // In front of a command stands what it is told; in an address what is asked.
        is_flag || if before.len() == name.len() { is_harmless(name, value) } else { is_shown(name, value) }
    })
}

/// Whether `name:value` can be shown.
fn is_header_shown(word: &str) -> bool {
    let Some((name, value)) = word.split_once(':') else { return true };
    if value.is_empty() || is_variable(value) || name.contains("${") || value.starts_with("//") {
        return true;
    }
    let plain = name.trim_start_matches('-');
    let is_named = is_secret(plain) || (name.contains('-') && is_sensitive(plain));
    !is_named || is_switch(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_with_a_password_is_not_shown() {
        let words = |text: &str| shlex::split(text).unwrap_or_default();
        for text in [
            "redis-server --port 6379",
            "serve -p 8080",
            "curl -f http://localhost/health",
            "curl -fk https://localhost/health",
            "npm run start",
            "gunicorn -k uvicorn.workers.UvicornWorker app:app",
            "gunicorn --bind 0.0.0.0:${PORT:-8000} auth:app",
            "sh -c 'alembic upgrade head && exec uvicorn app:app --port 8000'",
            "sh -c 'pg_isready -U app -d ${DB:-shop}'",
            "node -e \"fetch('http://localhost:3000/health').then(r=>process.exit(r.ok?0:1))\"",
            "curl -H 'Accept: application/json' http://localhost:80/",
            "traefik --api.insecure=true --providers.docker.network=web",
            "serve --db-password ${DB_PASSWORD}",
            "sh -c 'LEVEL=3 serve'",
            "postgres -c log_statement=all -c max_connections=200",
        ] {
            assert!(is_shown_command(&words(text)), "{text}");
        }
        for text in [
            "redis-server --requirepass hunter2",
            "redis-cli -a hunter2 ping",
            "mysqladmin ping -phunter2",
            "env TOKEN=hunter2 serve",
            "curl http://u:hunter2@localhost/",
            "curl -u admin:hunter2 localhost",
            "sh -c 'FOO=1 API_KEY=hunter2 serve'",
            "sh -c \"FOO=1 API_KEY='hunter2' serve\"",
            "curl -H 'Authorization: Bearer hunter2' http://localhost",
            "curl --header 'X-Api-Key: hunter2' http://localhost",
            "curl --header X-Api-Key:hunter2 http://localhost",
            "curl --header 'X-Mine: hunter2' http://localhost",
            "serve --password:hunter2",
            "serve -k hunter2",
            "foo=hunter2 serve",
            "serve joe:hunter2@host",
            "git clone https://hunter2@example.net/x",
            "serve --config '{\"password\":\"hunter2\"}'",
            "sh -c 'psql \"host=db password=hunter2\"'",
            "psql -c \"create user x identified by 'hunter2'\"",
            "psql -c \"alter user x password 'hunter2'\"",
            "serve --pin 482917",
            "curl http://localhost/?token=hunter2",
            "postgres -c \"primary_conninfo=host=db password=hunter2\"",
        ] {
            assert!(!is_shown_command(&words(text)), "{text}");
        }
    }
}
