//! Which values may be copied out of a repository into services.toml: those that everybody can see to be harmless. A value
//! that may be a secret is never copied, whatever it is called; its name becomes a variable.

use std::collections::BTreeSet;

use crate::secrets::forms::unmistakable;
use crate::secrets::names::is_placeholder;

mod addresses;
mod commands;
mod libraries;
mod names;
mod variables;

pub(super) use addresses::asked_of_database;
pub(super) use commands::{has_user_info, is_harmless_header, is_shown_command};
pub(super) use libraries::{demanded_address, is_own_address, read_by};
use names::{is_place, is_sensitive_number};
pub(super) use names::{is_public, is_secret, is_sensitive, is_signing};

/// Words that only choose among what is known to everybody.
const CHOICES: [&str; 52] = [
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
    "hs256",
    "hs384",
    "hs512",
    "rs256",
    "es256",
    "eddsa",
];

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
    if is_sensitive(name) && !is_secret(name) && (is_switch(value) || is_place(name) && is_path(value)) {
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
        || is_network(value)
}

/// Whether a value that stands in a file which people are shown (an example, a source) is one to show again: besides what
/// is harmless anywhere, short plain words, hosts, and addresses without anything that opens them.
pub(super) fn is_shown(name: &str, value: &str) -> bool {
    let value = value.trim();
    if is_placeholder(value) {
        return false;
    }
    if is_harmless(name, value) {
        return true;
    }
    if is_sensitive(name) || unmistakable(value).is_some() || has_user_info(value) || value.len() > 100 {
        return false;
    }
    if let Some(items) = listed(value) {
        return items.iter().all(|item| is_plain_item(item));
    }
    if value.contains(',') {
        return value.split(',').all(|item| is_plain_item(item.trim()));
    }
    is_plain_item(value) || (is_title(name) && (is_text(value) || is_label(value)))
}

/// Whether a value that is not shown looks like a secret, or is called like one.
pub(super) fn is_suspect(name: &str, value: &str) -> bool {
    if is_secret(name) {
        return true;
    }
    if value.trim().is_empty() || is_shown(name, value) || are_origins(name, value) {
        return false;
    }
    let words: Vec<String> = value.split_whitespace().map(str::to_owned).collect();
    let is_pair = !value.contains("://")
        && value.split_once(':').is_some_and(|(_, rest)| !rest.is_empty() && rest.parse::<u16>().is_err());
    let is_address = value.contains("://") && !is_public_address(value);
    is_sensitive(name)
        || is_placeholder(value)
        || is_pair
        || is_address
        || has_user_info(value)
        || !is_shown_command(&words)
        || !value.chars().any(char::is_whitespace) && value.len() >= 16
}

/// The texts of a list as JSON has it: `["https://shop.example.net"]`.
fn listed(value: &str) -> Option<Vec<String>> {
    value.starts_with('[').then(|| serde_json::from_str(value).ok())?
}

/// Whether a value names whose pages may ask, or by which names something is asked: every browser is told.
fn are_origins(name: &str, value: &str) -> bool {
    let is_meant = |word: &str| ["CORS", "ORIGIN", "ORIGINS", "HOSTS", "DOMAINS"].contains(&word);
    let is_origin = |item: &str| {
        let host =
            item.split_once("://").map_or(item, |(scheme, rest)| if scheme.starts_with("http") { rest } else { "@" });
        host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:*".contains(c))
    };
    let items = listed(value).unwrap_or_else(|| value.split([',', ' ']).map(str::to_owned).collect());
    !is_sensitive(name)
        && unmistakable(value).is_none()
        && name.to_ascii_uppercase().split('_').any(is_meant)
        && items.iter().all(|item| is_origin(item.trim().trim_end_matches('/')))
}

/// Whether a value only switches something.
fn is_switch(value: &str) -> bool {
    ["true", "false", "yes", "no", "on", "off", "0", "1"].iter().any(|switch| value.eq_ignore_ascii_case(switch))
}

/// A word, a host with or without its port, a mail address, or the address of a page.
fn is_plain_item(value: &str) -> bool {
    if value.is_empty() || is_path(value) || is_public_address(value) {
        return true;
    }
    if let Some((scheme, rest)) = value.split_once("://") {
        let is_page = matches!(scheme, "http" | "https" | "ws" | "wss");
        let is_file = scheme.split('+').next() == Some("sqlite") && is_shown_path(rest);
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let is_hook = rest.to_ascii_lowercase().contains("hook");
        return is_file || (is_page && !is_hook && is_host(host) && !path.contains('?') && is_shown_path(path));
    }
    if let Some((user, host)) = value.split_once('@') {
        return is_words(user) && host.contains('.') && is_words(host);
    }
    is_host(value)
}

fn is_host(text: &str) -> bool {
    let (host, port) = text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    port.is_none_or(|port| port.parse::<u16>().is_ok()) && is_words(host)
}

/// Short words in small letters, and numbers, one after the other: `gpt-4o-mini`, `smtp.example.net`.
fn is_words(text: &str) -> bool {
    text.len() <= 60
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.split(['.', '-', '_', '+']).all(is_word)
}

fn is_word(word: &str) -> bool {
    let is_all = |is: fn(&u8) -> bool| word.bytes().all(|byte| is(&byte));
    (word.len() <= 14 && is_all(u8::is_ascii_lowercase))
        || (word.len() <= 5 && is_all(u8::is_ascii_digit))
        || (word.len() <= 4 && is_all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

/// The path of an address, with what is asked: `/app?sslmode=disable`.
pub(super) fn is_shown_path(text: &str) -> bool {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let is_asked = |pair: &str| {
        pair.is_empty() || pair.split_once('=').is_some_and(|(name, value)| !is_sensitive(name) && is_words(value))
    };
    path.split('/').all(|part| part.is_empty() || part == "." || part == ".." || is_words(part.trim_start_matches('~')))
        && query.split('&').all(is_asked)
}

/// Whether what stands around the variables of a text can be shown.
pub(super) fn is_shown_around(text: &str) -> bool {
    let parts = text.split(|c: char| !(c.is_ascii_alphanumeric()));
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || " ._:/@,+-".contains(c));
    is_plain && unmistakable(text).is_none() && !has_user_info(text) && parts.into_iter().all(is_word)
}

/// Whether a name is about what people call something.
fn is_title(name: &str) -> bool {
    let last = name.rsplit(['.', '_', '-']).next().unwrap_or_default().to_ascii_lowercase();
    ["name", "title", "description", "group", "icon", "app"].contains(&last.as_str())
}

/// Words as people write them, without digits and signs.
fn is_text(value: &str) -> bool {
    value.len() <= 60
        && value
            .split([' ', '-', '.'])
            .all(|word| word.len() <= 14 && word.chars().skip(1).all(|c| c.is_ascii_lowercase()))
        && value.chars().all(|c| c.is_ascii_alphabetic() || " -.".contains(c))
}

/// What things are called by machines: `cl100k_base`.
fn is_label(value: &str) -> bool {
    let is_short =
        |part: &str| part.len() <= 6 && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    value.split(['_', '-', '.']).all(|part| is_short(part) || is_word(part))
}

/// A text with the defaults of its variables, as far as they can be shown; and the variables whose defaults were taken away.
pub(super) fn with_shown_defaults(text: &str) -> (String, Vec<String>) {
    let (mut done, mut lost) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let mut depth = 0_i32;
        let end = rest[at..].char_indices().find_map(|(position, c)| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            (c == '}' && depth == 0).then_some(at + position)
        });
        let Some(end) = end else { break };
        let inner = &rest[at + 2..end];
        let stop = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(inner.len());
        let (name, operator) = inner.split_at(stop);
        let value = operator.trim_start_matches(':').trim_start_matches(['-', '?', '+']);
        done.push_str(&rest[..at]);
        if operator.trim_start_matches(':').starts_with('?') || value.is_empty() || is_shown(name, value) {
            done.push_str(&rest[at..=end]);
        } else {
            lost.push(name.to_owned());
            done.push_str("${");
            done.push_str(name);
            done.push('}');
        }
        rest = &rest[end + 1..];
    }
    done.push_str(rest);
    (done, lost)
}

/// Whether an image can be named: nothing in front of its registry.
pub(super) fn is_shown_image(image: &str) -> bool {
    let name = image.split("@sha256:").next().unwrap_or_default();
    unmistakable(image).is_none() && !name.contains("://") && !name.contains('@')
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
    (word.len() >= 12 && digits >= 2 && letters >= 2) || (word.len() >= 12 && letters == 0) || word.len() > 24
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

/// Addresses of machines and of networks, one or several: `172.30.0.0/16`, `1.1.1.1;9.9.9.9`. They say where something is
/// and open nothing.
fn is_network(value: &str) -> bool {
    let is_one = |item: &str| {
        let (address, length) = item.split_once('/').map_or((item, None), |(address, length)| (address, Some(length)));
        address.parse::<std::net::IpAddr>().is_ok() && length.is_none_or(|length| length.parse::<u8>().is_ok())
    };
    value.split([',', ';', ' ']).filter(|item| !item.is_empty()).all(is_one)
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
            ("TRUSTED_PROXIES", "172.30.0.0/16, fd00::/8"),
            ("UPSTREAMS", "1.1.1.1;9.9.9.9"),
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
            ("ADMIN_PASSWORD", "10.1.2.3"),
            ("FILE", "/srv/a8f3kd93jf02kd9s"),
            ("ANY", "sk_live_abcdefghijklmnopqrstuvwx"),
        ] {
            assert!(!is_harmless(name, value), "{name}={value}");
        }
        assert!(is_shown("MODEL", "gpt-small") && is_shown("FROM", "noreply@example.com"));
        for (name, value) in [
            ("A", "7d"),
            ("CORS", "http://localhost:3000,https://app.example.com"),
            ("API_BASE", "https://api.example.net/v1"),
            ("SMTP", "smtp.example.net:587"),
            ("MODEL", "gpt-4o-mini"),
            ("APP_NAME", "Recipe Shop"),
            ("SALT_ROUNDS", "10"),
            ("FILE_URL", "sqlite:///./app.db"),
            ("ALLOWED_ORIGINS", "[\"https://shop.example.net\", \"http://localhost:5173\"]"),
        ] {
            assert!(is_shown(name, value) && !is_suspect(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("PGPASS", "dev"),
            ("CREDS", "a"),
            ("PINCODE", "482917"),
            ("AUTHORIZATION", "Bearer x"),
            ("ODBC", "host=h password=x"),
            ("BASIC", "joe:x"),
            ("PAIR", "joe:x"),
            ("HOOK", "https://hooks.slack.com/services/T0/B0/x"),
            ("ANY", "https://hooks.example.net/services/a"),
            ("ANY", "https://discord.example.net/api/webhooks/1/x"),
            ("ANY", "https://example.net/send?key=x"),
            ("ANY", "https://tok@example.net/"),
            ("ANY", "slack://token@channel"),
            ("ANY", "tulip-Harbor-91-harbour"),
        ] {
            assert!(!is_shown(name, value) && is_suspect(name, value), "{name}={value}");
        }
        // Not copied, and no secret either.
        let origins = r#"["https://shop.k8s-prod01.example"]"#;
        assert!(!is_shown("ALLOWED_ORIGINS", origins) && !is_suspect("ALLOWED_ORIGINS", origins));
        assert!(is_suspect("ALLOWED_ORIGINS", "https://u:k8s-prod01@shop.example/"));
        assert!(!is_shown("SECRET_KEY", "x") && !is_shown("MODEL", "change-me") && !is_shown("A", "a8f3kd93jf02kd9s"));
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
