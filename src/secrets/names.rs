//! What looks like a secret because of its name.

/// Words that say that a key is known to everybody; those by which packages are checked are too.
const PUBLIC: [&str; 6] = ["PUBLIC", "PUBLISHABLE", "PUB", "ANON", "GPG", "PGP"];

/// First words that say that it is about secrets, and none itself: `--no-password`, `ALLOW_EMPTY_PASSWORD`.
const ABOUT: [&str; 14] = [
    "NO", "WITHOUT", "DISABLE", "ENABLE", "USE", "ASK", "PROMPT", "REQUIRE", "SKIP", "ALLOW", "HAS", "IS", "MIN", "MAX",
];

/// Words after the one that says what it is: `API_KEY_OLD`, `SECRET_KEY_BASE`.
const QUALIFIERS: [&str; 15] = [
    "OLD",
    "NEW",
    "CURRENT",
    "PREVIOUS",
    "NEXT",
    "SECONDARY",
    "BASE",
    "BASE64",
    "DEV",
    "TEST",
    "STAGING",
    "PROD",
    "PRODUCTION",
    "LIVE",
    "SANDBOX",
];

/// Words of which the last part says it: `PGPASSWORD`, `APIKEY`, `requirepass`.
const COMPOUNDS: [&str; 17] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PASSCODE",
    "SECRET",
    "APIKEY",
    "SECRETKEY",
    "ACCESSKEY",
    "PRIVATEKEY",
    "MASTERKEY",
    "AUTHKEY",
    "AUTHTOKEN",
    "ACCESSTOKEN",
    "APITOKEN",
    "BOTTOKEN",
    "REFRESHTOKEN",
    "REQUIREPASS",
];

/// Keys that open nothing: of a cache, a table, a message.
const OTHER_KEYS: [&str; 28] = [
    "SITE",
    "PRIMARY",
    "FOREIGN",
    "PARTITION",
    "SORT",
    "SHARD",
    "CACHE",
    "ROUTING",
    "IDEMPOTENCY",
    "GROUP",
    "INDEX",
    "MAP",
    "LOOKUP",
    "OBJECT",
    "HOT",
    "SHORTCUT",
    "JSON",
    "COLUMN",
    "FIELD",
    "QUEUE",
    "TOPIC",
    "MESSAGE",
    "LOCK",
    "STORAGE",
    "TRANSLATION",
    "ARROW",
    "HEADER",
    "QUERY",
];

/// Tokens of a text, not of a person.
const OTHER_TOKENS: [&str; 14] =
    ["EOS", "BOS", "PAD", "UNK", "STOP", "START", "BEGIN", "END", "MASK", "SEP", "CLS", "SPECIAL", "MAX", "MIN"];

/// Values that only switch something.
const SWITCHES: [&str; 15] = [
    "true", "false", "yes", "no", "on", "off", "none", "null", "nil", "auto", "enabled", "disabled", "required",
    "optional", "default",
];

/// Endings of file names.
const FILES: [&str; 10] = [".pem", ".key", ".crt", ".cer", ".p12", ".pfx", ".jks", ".json", ".txt", ".pub"];

/// What a name says that its value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noun {
    /// Whatever it is, it is meant to be secret.
    Password,
    /// Keys and tokens are long and have no spaces.
    Key,
}

/// What a name says that its value is, where that is a secret. The last word counts: an `API_KEY` is a key, a `KEY_ID`
/// is an id, and neither a `KEYBOARD` nor a `TOKENIZER` is either.
pub(crate) fn noun(name: &str) -> Option<Noun> {
    let words = words(name);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.first().is_some_and(|first| ABOUT.contains(first)) {
        return None;
    }
    // What a bundler bakes into the page is public by intent.
    let is_baked = matches!(words.as_slice(), ["VITE", ..] | ["REACT", "APP", ..]);
    let is_public = is_baked || words.iter().any(|word| PUBLIC.contains(word));
    while words.len() > 1 && words.last().is_some_and(|last| is_qualifier(last)) {
        words.pop();
    }
    let (last, before) = words.split_last()?;
    let last = last.trim_end_matches(|c: char| c.is_ascii_digit());
    let before = before.last().copied();
    let noun = match last {
        "PASSWORDS" => Some(Noun::Password),
        "PASS" | "PWD" if before.is_some() => Some(Noun::Password),
        "KEY" if !before.is_some_and(|word| OTHER_KEYS.contains(&word)) => Some(Noun::Key),
        "TOKEN" if !before.is_some_and(|word| OTHER_TOKENS.contains(&word)) => Some(Noun::Key),
        _ if COMPOUNDS.iter().any(|compound| last.ends_with(compound)) => {
            Some(if last.ends_with("KEY") || last.ends_with("TOKEN") { Noun::Key } else { Noun::Password })
        }
        _ => None,
    };
    noun.filter(|noun| *noun == Noun::Password || !is_public)
}

/// `dbPassword`, `db-password` and `DB_PASSWORD` as `DB`, `PASSWORD`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let ends = !c.is_ascii_alphanumeric();
        if (ends || (was_lower && c.is_ascii_uppercase())) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let (false, Some(word)) = (ends, words.last_mut()) {
            word.push(c.to_ascii_uppercase());
        }
        was_lower = c.is_ascii_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_qualifier(word: &str) -> bool {
    QUALIFIERS.contains(&word) || word.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a value that is named like this is one to hide: no switch, number, path, address or flag.
pub(crate) fn is_secret(noun: Noun, value: &str) -> bool {
    let value = value.trim();
    let is_path = value.starts_with(['/', '~', '-']) || value.starts_with("./") || value.starts_with("../");
    let is_file = !value.contains(char::is_whitespace) && FILES.iter().any(|ending| value.ends_with(ending));
    let is_switch = SWITCHES.iter().any(|switch| value.eq_ignore_ascii_case(switch));
    let is_long = noun == Noun::Password || (value.chars().count() > 3 && !value.contains(char::is_whitespace));
    !value.is_empty()
        && (is_long || is_placeholder(value))
        && !is_path
        && !is_file
        && !is_switch
        && !value.contains("://")
        && value.parse::<f64>().is_err()
}

/// Words by which people say that a value is to be replaced.
const PLACEHOLDERS: [&str; 10] =
    ["changeme", "change-me", "change_me", "change me", "replace", "placeholder", "your-", "your_", "your ", "xxxx"];

/// Whether a value only stands for a secret that somebody should have written.
pub(crate) fn is_placeholder(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let is_in_brackets = value.len() > 2 && value.starts_with('<') && value.ends_with('>');
    is_in_brackets || PLACEHOLDERS.iter().any(|word| value.contains(word))
}

/// An argument of a command that is a literal secret.
pub(crate) struct Argument<'w> {
    /// The position of the word that the value ends.
    pub(crate) word: usize,
    /// The flag or variable.
    pub(crate) name: &'w str,
    pub(crate) value: &'w str,
}

/// The arguments that are literal secrets: `--password x`, `--password=x` and `PASSWORD=x` are the same.
pub(crate) fn arguments(words: &[String]) -> Vec<Argument<'_>> {
    let mut found = Vec::new();
    let mut flag: Option<&str> = None;
    for (position, word) in words.iter().enumerate() {
        let (name, value) = match (flag.take(), word.split_once('=')) {
            (Some(name), _) if !word.starts_with('-') => (name, word.as_str()),
            (_, Some((name, value))) => (name, value),
            (_, None) => {
                flag = word.starts_with('-').then_some(word);
                continue;
            }
        };
        if !value.contains("${") && noun(name).is_some_and(|noun| is_secret(noun, value)) {
            found.push(Argument { word: position, name, value });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_says_what_a_name_means() {
        for name in [
            "DB_PASSWORD",
            "POSTGRES_PASSWORD",
            "PGPASSWORD",
            "dbPassword",
            "admin-password",
            "API_KEY",
            "APIKEY",
            "apiKey",
            "KEY",
            "SECRET_KEY_BASE",
            "AWS_SECRET_ACCESS_KEY",
            "JWT_SECRET",
            "clientSecret",
            "GITHUB_TOKEN",
            "TOKEN_2",
            "API_KEY_OLD",
            "PASSWORD1",
            "SMTP_PASS",
            "MYSQL_PWD",
            "requirepass",
            "X-Api-Key",
            "NGROK_AUTHTOKEN",
            "com.example.token",
            "ENCRYPTION_KEY",
            "NEXTAUTH_SECRET",
            "SITE_PASSWORD",
        ] {
            assert!(noun(name).is_some(), "{name}");
        }
        for name in [
            "KEYBOARD",
            "KEYBOARD_LAYOUT",
            "PUBLIC_KEY",
            "JWT_PUBLIC_KEY",
            "STRIPE_PUBLISHABLE_KEY",
            "GPG_KEY",
            "KEY_ID",
            "AWS_ACCESS_KEY_ID",
            "TOKEN_BUDGET",
            "TOKENIZER",
            "MAX_TOKENS",
            "TOKENS",
            "SECRET_NAME",
            "API_KEY_HEADER",
            "PASSWORD_FILE",
            "DB_PASSWORD_FILE",
            "KEY_PATH",
            "TOKEN_URL",
            "PASSWORD_MIN_LENGTH",
            "MONKEY",
            "CACHE_KEY",
            "SORT_KEY",
            "EOS_TOKEN",
            "PWD",
            "COMPASS",
            "BYPASS",
            "SECRETARY",
            "PASSWORDLESS",
            "VITE_MAPS_KEY",
            "NEXT_PUBLIC_MAPS_KEY",
            "RECAPTCHA_SITE_KEY",
            "no-password",
            "ALLOW_EMPTY_PASSWORD",
            "",
        ] {
            assert_eq!(noun(name), None, "{name}");
        }
    }

    #[test]
    fn a_value_that_only_switches_or_points_is_none() {
        for value in ["hunter2", "changeme", "abcd", "c2VjcmV0/with+base64="] {
            assert!(is_secret(Noun::Key, value), "{value}");
        }
        assert!(is_secret(Noun::Password, "dev"));
        assert!(is_secret(Noun::Password, "correct horse battery staple"));
        for value in [
            "",
            " ",
            "true",
            "Off",
            "none",
            "12345",
            "-1",
            "3.5",
            "/run/secrets/key",
            "./key",
            "~/key",
            "server.key",
            "https://auth.example.com",
            "-v",
            "--none",
        ] {
            assert!(!is_secret(Noun::Password, value), "{value}");
        }
        assert!(!is_secret(Noun::Key, "id"));
        assert!(!is_secret(Noun::Key, "two words"));
        for value in ["your key here", "<key>", "CHANGE ME"] {
            assert!(is_secret(Noun::Key, value) && is_placeholder(value), "{value}");
        }
        assert!(!is_placeholder("hunter2") && !is_placeholder("<>"));
    }

    #[test]
    fn an_argument_is_what_its_flag_says() {
        let found = |command: &str| {
            let words = shlex::split(command).unwrap_or_default();
            arguments(&words).iter().map(|found| (found.name.to_owned(), found.value.to_owned())).collect::<Vec<_>>()
        };
        let is = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert_eq!(found("redis-server --requirepass hunter2 --port 1"), is("--requirepass", "hunter2"));
        assert_eq!(found("serve --db-password=hunter2"), is("--db-password", "hunter2"));
        assert_eq!(found("env DB_PASSWORD='two words' serve"), is("DB_PASSWORD", "two words"));
        for command in ["serve --token", "serve --token --port 1", "serve --token ${TOKEN}", "psql --no-password shop"]
        {
            assert_eq!(found(command), [], "{command}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_name_makes_it_panic(name in "[a-zA-Z0-9_.é-]{0,40}") {
            let _ = noun(&name);
        }
    }
}
