//! Which values may be copied out of a repository into services.toml: those that everybody can see to be harmless. A value
//! that may be a secret is never copied, whatever it is called; its name becomes a variable.

use std::collections::BTreeSet;

use crate::rules::names_secret;
use crate::secrets::forms::unmistakable;
use crate::secrets::names::{arguments, is_placeholder, noun};

/// Further words of names whose values are nobody's business.
const SENSITIVE: [&str; 18] = [
    "SALT",
    "PEPPER",
    "DSN",
    "AUTH",
    "PIN",
    "OTP",
    "SID",
    "SEED",
    "CERT",
    "PRIVATE",
    "SIGNATURE",
    "HASH",
    "WEBHOOK",
    "USERS",
    "LICENSE",
    "COOKIE",
    "MNEMONIC",
    "ACCOUNT",
];

/// Names of variables that hold a whole address with a password in it.
const ADDRESSES: [&str; 8] =
    ["DATABASE_URL", "DATABASE_URI", "DB_URL", "DB_URI", "MONGO_URL", "MONGO_URI", "MONGODB_URI", "AMQP_URL"];

/// Words that only choose among what is known to everybody.
const CHOICES: [&str; 46] = [
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "none",
    "auto",
    "enabled",
    "disabled",
    "default",
    "debug",
    "trace",
    "info",
    "warn",
    "warning",
    "error",
    "critical",
    "fatal",
    "silent",
    "verbose",
    "dev",
    "development",
    "prod",
    "production",
    "staging",
    "stage",
    "test",
    "testing",
    "local",
    "json",
    "text",
    "plain",
    "pretty",
    "utf-8",
    "utf8",
    "http",
    "https",
    "tcp",
    "udp",
    "memory",
    "redis",
    "postgres",
    "postgresql",
    "en_us.utf-8",
    "c.utf-8",
];

/// Whether a variable of this name is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let is_seasoning = ["_SALT", "_PEPPER"].iter().any(|end| name.ends_with(end));
    noun(&name).is_some()
        || is_seasoning
        || ADDRESSES.iter().any(|address| name.ends_with(address))
        || name.ends_with("_DSN")
}

/// Whether a bundler writes a variable of this name into pages, for everybody to see.
pub(super) fn is_public(name: &str) -> bool {
    ["NEXT_PUBLIC_", "VITE_", "REACT_APP_", "PUBLIC_", "NUXT_PUBLIC_", "EXPO_PUBLIC_"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// Whether a number under this name is nobody's business: a budget of tokens is no token.
fn is_sensitive_number(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    is_secret(&name) || name.split(['_', '-', '.']).any(|word| SENSITIVE.contains(&word))
}

/// Whether a value under this name is not to be looked at.
fn is_sensitive(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    if is_public(&name) {
        return noun(&name).is_some();
    }
    is_secret(&name) || names_secret(&name) || name.split(['_', '-', '.']).any(|word| SENSITIVE.contains(&word))
}

/// Whether a value that stands in a file which is used, under this name, is harmless: a switch, a number, a path, a
/// place.
pub(super) fn is_harmless(name: &str, value: &str) -> bool {
    let value = value.trim();
    if value.is_empty() {
        return true;
    }
    let is_plain_number = value.len() <= 9 && value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if is_plain_number && !is_sensitive_number(name) {
        return true;
    }
    if is_sensitive(name) || unmistakable(value).is_some() || value.len() > 120 {
        return false;
    }
    let is_number = value.len() <= 12 && value.trim_start_matches('-').chars().all(|c| c.is_ascii_digit() || c == '.');
    let is_amount = value.len() <= 8
        && value.starts_with(|c: char| c.is_ascii_digit())
        && value.trim_start_matches(|c: char| c.is_ascii_digit()).len() <= 3
        && value.chars().all(|c| c.is_ascii_alphanumeric());
    CHOICES.contains(&value.to_ascii_lowercase().as_str())
        || is_number
        || is_amount
        || is_schedule(value)
        || is_path(value)
        || is_zone(value)
        || is_public_address(value)
}

/// Whether a value that stands in a file which people are shown (an example, a source) is one to show again.
pub(super) fn is_shown(name: &str, value: &str) -> bool {
    let value = value.trim();
    if value.len() <= 9 && value.bytes().all(|b| b.is_ascii_digit() || b == b'.') && !is_sensitive_number(name) {
        return true;
    }
    if is_sensitive(name) || unmistakable(value).is_some() || is_placeholder(value) || value.len() > 100 {
        return false;
    }
    let is_plain = value.chars().all(|c| c.is_ascii_alphanumeric() || " ._:/@,+-*=&?".contains(c));
    is_plain && !value.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random)
}

/// A name as databases, users and files have it.
pub(super) fn is_identifier(value: &str) -> bool {
    value.len() <= 40
        && value.starts_with(|c: char| c.is_ascii_lowercase())
        && value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c))
        && !value.split(['_', '-']).any(is_random)
}

/// Letters and digits mixed as nobody writes words.
fn is_random(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let letters = word.len() - digits.min(word.len());
    word.len() >= 12 && digits >= 2 && letters >= 2
}

/// When something is done: `@daily`, `0 3 * * *`.
fn is_schedule(value: &str) -> bool {
    let is_word = value.strip_prefix('@').is_some_and(|word| {
        ["hourly", "daily", "midnight", "weekly", "monthly", "yearly", "annually", "reboot"].contains(&word)
    });
    let fields = value.split_whitespace().count();
    is_word || ((5..=6).contains(&fields) && value.chars().all(|c| c.is_ascii_digit() || "*/,- ".contains(c)))
}

fn is_path(value: &str) -> bool {
    (value.starts_with('/') || value.starts_with("./"))
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "./_-".contains(c))
        && !value.split(['/', '.', '_', '-']).any(is_random)
}

/// A time zone.
fn is_zone(value: &str) -> bool {
    let regions = ["Europe", "America", "Asia", "Africa", "Australia", "Pacific", "Atlantic", "Etc", "Antarctica"];
    let place = |place: &str| place.chars().all(|c| c.is_ascii_alphabetic() || "/_+-".contains(c));
    value == "UTC" || value.split_once('/').is_some_and(|(region, rest)| regions.contains(&region) && place(rest))
}

/// An address that is known to be nobody's: this machine, or one for examples.
fn is_public_address(value: &str) -> bool {
    let host = value.split_once("://").map_or(value, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    let is_example = ["localhost", "127.0.0.1", "0.0.0.0", "example.com", "example.org"]
        .iter()
        .any(|known| host == *known || host.ends_with(&format!(".{known}")));
    let rest = value.chars().all(|c| c.is_ascii_alphanumeric() || ":/.-_".contains(c));
    is_example && rest && !value.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random)
}

/// Values that were seen and must be shown nowhere.
#[derive(Debug, Default, Clone)]
pub(super) struct Hidden {
    values: BTreeSet<String>,
    /// What stands elsewhere for everybody to see: whoever takes the name of a service as a password hides nothing.
    shown: BTreeSet<String>,
}

impl Hidden {
    /// The fewest characters of a value that is looked for elsewhere: shorter ones are parts of words.
    const SHORTEST: usize = 4;

    /// Hides the value of a variable that stands in a file which is used, unless it is harmless.
    pub(super) fn hide(&mut self, name: &str, value: &str) {
        let value = value.trim();
        if let Some((_, range)) = unmistakable(value) {
            self.values.insert(value[range].to_owned());
        }
        if is_identifier(value) && !is_sensitive(name) && value.len() < 16 {
            self.show(value);
            return;
        }
        let is_choice = CHOICES.contains(&value.to_ascii_lowercase().as_str()) || value.starts_with("/run/secrets/");
        let is_small = value.len() <= 5 && value.bytes().all(|byte| byte.is_ascii_digit());
        if value.len() >= Self::SHORTEST && !is_harmless(name, value) && !is_choice && !is_small {
            self.values.insert(value.to_owned());
        }
    }

    /// A text that is no secret, whatever else it is.
    pub(super) fn show(&mut self, text: &str) {
        self.shown.insert(text.to_owned());
    }

    /// Whether a text has such a value in it.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.values.difference(&self.shown).any(|value| {
            text.match_indices(value.as_str()).any(|(at, _)| {
                let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                // A short one may be the beginning of a word.
                value.len() >= 12
                    || !(is_part(text[..at].chars().next_back()) || is_part(text[at + value.len()..].chars().next()))
            })
        })
    }
}

/// Flags behind which people write passwords.
const FLAGS: [&str; 6] = ["-a", "-p", "-u", "--user", "--auth", "--pass"];

/// Whether the words of a command can be shown: nothing in them may be a secret.
pub(super) fn is_shown_command(words: &[String]) -> bool {
    let is_plain = |word: &String| {
        unmistakable(word).is_none()
            && !word.split_once('=').is_some_and(|(name, value)| {
                is_sensitive(name.trim_start_matches('-')) && !value.is_empty() && !value.starts_with("${")
            })
            && !word.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random)
    };
    let is_behind_flag = words.windows(2).any(|pair| {
        let flag = pair[0].as_str();
        let names = flag.starts_with('-') && (FLAGS.contains(&flag) || is_sensitive(flag.trim_start_matches('-')));
        // A port is written behind `-p` too.
        names && !pair[1].starts_with('-') && !pair[1].starts_with("${") && pair[1].parse::<u16>().is_err()
    });
    let is_glued =
        words.iter().any(|word| word.len() > 2 && word.starts_with("-p") && word[2..].parse::<u16>().is_err());
    let sql = words.iter().any(|word| word.to_ascii_lowercase().contains("password "));
    words.iter().all(is_plain) && !is_behind_flag && !is_glued && !sql && arguments(words).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_everybody_can_see_to_be_harmless_is_copied() {
        for (name, value) in [
            ("LOG_LEVEL", "debug"),
            ("PORT", "3000"),
            ("TZ", "Europe/Berlin"),
            ("DATA_DIR", "/var/lib/app"),
            ("TIMEOUT", "30s"),
            ("BASE_URL", "http://localhost:8080"),
            ("EMPTY", ""),
        ] {
            assert!(is_harmless(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("DB_PASSWORD", "1234"),
            ("API_KEY", "debug"),
            ("GREETING", "hunter2"),
            ("MODE", "correct horse"),
            ("HOOK", "https://hooks.example.net/T00/B00"),
            ("URL", "postgres://u:p@db/x"),
            ("PIN", "1234"),
            ("FILE", "/srv/a8f3kd93jf02kd9s"),
            ("ANY", "sk_live_abcdefghijklmnopqrstuvwx"),
        ] {
            assert!(!is_harmless(name, value), "{name}={value}");
        }
        assert!(is_shown("MODEL", "gpt-small") && is_shown("FROM", "noreply@example.com"));
        assert!(!is_shown("SECRET_KEY", "x") && !is_shown("MODEL", "change-me") && !is_shown("A", "a8f3kd93jf02kd9s"));
    }

    #[test]
    fn a_command_with_a_password_is_not_shown() {
        let words = |text: &str| shlex::split(text).unwrap_or_default();
        for text in ["redis-server --port 6379", "serve -p 8080", "curl -f http://localhost/health", "npm run start"] {
            assert!(is_shown_command(&words(text)), "{text}");
        }
        for text in [
            "redis-server --requirepass hunter2",
            "redis-cli -a hunter2 ping",
            "mysqladmin ping -phunter2",
            "env TOKEN=hunter2 serve",
            "curl http://u:hunter2@localhost/",
            "curl -u admin:hunter2 localhost",
        ] {
            assert!(!is_shown_command(&words(text)), "{text}");
        }
    }

    #[test]
    fn what_is_hidden_is_found_as_a_word() {
        let mut hidden = Hidden::default();
        hidden.hide("DB_PASSWORD", "tulip9");
        hidden.hide("LOG_LEVEL", "debug");
        hidden.hide("DB_PASSWORD", "dev");
        assert!(hidden.is_in("a tulip9 b") && hidden.is_in("x:tulip9@y"));
        assert!(!hidden.is_in("tulip90") && !hidden.is_in("debug") && !hidden.is_in("dev"));
    }
}
