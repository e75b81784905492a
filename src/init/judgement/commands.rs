//! Whether a command can be shown: a command, a probe, a line of a Procfile. The defaults of its variables are read with it,
//! its words are split once more inside of quotes, and whatever has a name there is judged by it. What is in doubt is not
//! shown.

use super::names::{is_secret, is_sensitive};
use super::variables::{has_shell, is_variable, seen_through};
use super::{is_harmless, is_random, is_shown, is_switch};
use crate::secrets::forms::unmistakable;
use crate::secrets::names::arguments;

/// Flags behind which people write passwords.
const FLAGS: [&str; 10] = ["-a", "-p", "-P", "-u", "-k", "-K", "-t", "--user", "--auth", "--pass"];

/// Flags, without what stands in front of them, behind which keys are written under names that are none.
const KEYED: [&str; 6] = ["encrypt", "jwt", "setcookie", "code", "unlock", "eab"];

/// Programs that are given a password as a bare word.
const GIVEN: [&str; 3] = ["htpasswd", "passwd", "chpasswd"];

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

/// Whether the words of a command can be shown: nothing in them may be a secret, also where nobody sets its variables.
pub(in crate::init) fn is_shown_command(words: &[String]) -> bool {
    let is_chance =
        |word: &String| unmistakable(word).is_some() || word.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random);
    if words.iter().any(is_chance) {
        return false;
    }
    let has_shell = has_shell(words);
    let seen: Option<Vec<String>> = words.iter().map(|word| seen_through(word, has_shell)).collect();
    seen.is_some_and(|words| are_shown(&settings(&words)))
}

/// Whether words can be shown in which a `$` begins a variable without a default.
fn are_shown(words: &[String]) -> bool {
    let split: Vec<String> = words.iter().flat_map(|word| parts(word)).collect();
    let is_plain = |word: &String| {
        unmistakable(word).is_none()
            && !has_user_info(word)
            && assignments_are_shown(word)
            && is_header_shown(word)
            && is_header_flag_shown(word)
            && !is_hook(word)
            && !word.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random)
    };
    let text = split.join(" ").to_ascii_lowercase();
    let is_sql = text.contains("password ") && !text.contains("password $") || text.contains("identified by");
    split.iter().all(is_plain)
        && words.iter().all(|word| unmistakable(word).is_none() && is_header_flag_shown(word))
        && !split.iter().enumerate().any(|(at, word)| is_before_secret(&split, at, word))
        && !is_given_one(&split)
        && !is_sql
        && arguments(words).is_empty()
        && arguments(&split).is_empty()
}

/// Whether a program is run that is given a password as a bare word.
fn is_given_one(words: &[String]) -> bool {
    let is_open = |word: Option<&String>| word.is_some_and(|word| !is_variable(word) && !word.starts_with('-'));
    let is_program = |word: &String| GIVEN.contains(&word.rsplit('/').next().unwrap_or_default());
    // `mc alias set NAME URL KEY SECRET`.
    let is_alias = |at: usize| words[at] == "alias" && words.get(at + 1).is_some_and(|word| word == "set");
    words.iter().any(is_program) && is_open(words.last())
        || (0..words.len()).any(|at| is_alias(at) && is_open(words.get(at + 5)))
}

/// Whether it is the address of a webhook: who has it can send.
fn is_hook(word: &str) -> bool {
    let Some((_, rest)) = word.split_once("://") else { return false };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let is_called = |text: &str| text.to_ascii_lowercase().contains("hook");
    let is_below =
        |path: &str| path.split('/').skip_while(|part| !is_called(part)).skip(1).any(|part| !part.is_empty());
    // Another service is called by one word.
    host.contains('.') && (is_called(host) && !path.is_empty() || is_below(path))
}

/// Whether a flag that sends a header sends one that can be shown: `--header=X-Team: v`, `-HX-Team:v`.
fn is_header_flag_shown(word: &str) -> bool {
    // What is quoted follows as a word of its own.
    let header = word.split_once('=').filter(|(flag, header)| is_header_flag(flag) && !header.is_empty());
    let header = header.map(|(_, header)| header);
    let glued = || word.strip_prefix("-H").filter(|rest| rest.contains(':'));
    let Some(header) = header.or_else(glued) else { return true };
    let name = header.trim_start_matches(['"', '\'']).split([':', '=']).next().unwrap_or_default();
    is_variable(name) || is_harmless_header(name.trim())
}

/// Whether a flag sends a header.
fn is_header_flag(flag: &str) -> bool {
    let name = flag.trim_start_matches('-').to_ascii_lowercase();
    // `--proxy-headers` and `--no-server-header` are switches.
    let is_one = name.rsplit(['-', '_', '.']).next() == Some("header") && !name.starts_with("no-");
    flag.starts_with('-') && (is_one || name == "headers")
}

/// Whether what stands behind a flag of this name may be a key.
fn is_sensitive_flag(name: &str) -> bool {
    is_sensitive(name) || KEYED.contains(&name.to_ascii_lowercase().as_str())
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
    if word == "-H" || is_header_flag(word.strip_suffix('=').unwrap_or(word)) {
        return !next.starts_with('-') && !is_harmless_header(next.split(':').next().unwrap_or_default());
    }
    if let Some(name) = word.strip_suffix([':', '=']) {
        return is_open && is_sensitive(name.trim_start_matches('-')) && !is_switch(next);
    }
    // `--set db.password x`.
    if !word.starts_with('-') && word.contains('.') && !word.contains('/') && is_secret(word) {
        return is_open && !next.starts_with('-') && !is_switch(next);
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
    is_sensitive_flag(name)
        && !is_switch(next)
        && !(is_harmless("PATH", next) && !is_secret(name) && next.starts_with('/'))
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
    let is_glued = word.len() > 2 && ["-p", "-P", "-u", "-a", "-k"].iter().any(|flag| word.starts_with(flag));
    if is_glued && !word.contains('=') {
        let value = &word[2..];
        let is_password = word[..2].eq_ignore_ascii_case("-p") && value.parse::<u16>().is_err();
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
        if is_sensitive(name) || is_flag && is_sensitive_flag(name) {
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
            "sh -c 'pg_isready -U $${POSTGRES_USER:-app} -d $$POSTGRES_DB'",
            "node -e \"fetch('http://localhost:3000/health').then(r=>process.exit(r.ok?0:1))\"",
            "curl -H 'Accept: application/json' http://localhost:80/",
            "curl --header='Accept: application/json' http://localhost:80/",
            "traefik --api.insecure=true --providers.docker.network=web",
            "serve --db-password ${DB_PASSWORD}",
            "serve --db-password $DB_PASSWORD --from postgres://${DB_USER:-app}:${DB_PASSWORD}@db/x",
            "sh -c 'redis-cli -a $$REDIS_PASSWORD ping'",
            "sh -c 'mysqladmin ping -p$$MYSQL_ROOT_PASSWORD'",
            "sh -c 'mysqladmin ping -u $${MYSQL_USER} -p$${MYSQL_PASSWORD}'",
            "sh -c 'serve --token $$(cat /run/secrets/token)'",
            "mysqladmin ping -u ${MYSQL_USER:-root} -p${MYSQL_PASSWORD}",
            "sh -c 'LEVEL=3 serve'",
            "sh -c 'PASSWORD=$$DB_PASSWORD serve'",
            "postgres -c log_statement=all -c max_connections=200",
            "curl http://webhook:9000/health",
            "uvicorn --proxy-headers app:app --port 8000 --no-server-header",
            "serve --auth-port ${AUTH_PORT:-8080} --level ${LEVEL:-info}",
            "serve --config ${CONFIG:-/etc/serve.yml} --url ${API_URL:-http://api:3000}",
            "mc alias set m http://minio:9000 $USER $PASSWORD",
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
            // A default is a value.
            "serve --requirepass ${E_PASSWORD-hunter2}",
            "serve --requirepass ${ANY:-hunter2}",
            "serve --any ${API_KEY:-hunter2}",
            "pg_dump --dbname=postgres://u:${DB_PASSWORD:-hunter2}@db/x",
            "pg_dump postgres://u:${ANY:-hunter2}@db/x",
            "sh -c 'DB_PASSWORD=$${DB_PASSWORD:-hunter2} serve'",
            "sh -c 'redis-server --requirepass $${ANY:-hunter2}'",
            "postgres -c x.token=${ANY:-hunter2}",
            "mysqladmin ping -p${ANY:-hunter2}",
            "curl http://x/?token=${ANY:-hunter2}",
            "curl -u ${ANY:-joe:hunter2} http://x",
            "serve --password ${ANY:-${OTHER:-hunter2}}",
            "serve --password ${ANY}hunter2",
            // A dollar that is written twice is one.
            "serve -p $$hunter2",
            "mysql -p$$hunter2",
            "serve http://$$hunter2@h",
            "serve --password $$HUNTER2",
            "sh -c \"export PASSWORD='$$hunter2'; serve\"",
            "sh -c \"export PASSWORD='$$HUNTER2'; serve\"",
            // Further words.
            "curl --header=X-Team:hunter2 http://x",
            "wget --header='X-Team: hunter2' http://x",
            "sh -c 'wget --header=\"X-Team: hunter2\" http://x'",
            "curl -HX-Team:hunter2 http://x",
            "sh -c 'curl --header=X-Team:hunter2 http://x'",
            "nebula -encrypt pUqJ/tFQ==",
            "serve --encrypt hunter2",
            "serve --jwt hunter2",
            "erl -setcookie hunter2",
            "sqlcmd -Phunter2",
            "serve --url https://hooks.slack.com/services/T0/B0/x",
            "serve --url https://h.example/webhook/hunter2",
            "mc alias set m http://minio:9000 admin hunter2",
            "htpasswd -b /x joe hunter2",
            "serve --set db.pass hunter2",
        ] {
            assert!(!is_shown_command(&words(text)), "{text}");
        }
    }
}
