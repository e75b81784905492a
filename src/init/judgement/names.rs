//! What a name says of its value. The rules ask only where they can be sure (`crate::secrets::names`); what is copied out of
//! a repository must be sure of the opposite, so more names are kept back here.

use crate::rules::names_secret;
use crate::secrets::names::{noun, words};

/// Words whose values are nobody's business, wherever they stand in a name.
const SENSITIVE: [&str; 37] = [
    "SALT",
    "PEPPER",
    "DSN",
    "AUTH",
    "AUTHORIZATION",
    "AUTHENTICATION",
    "BASICAUTH",
    "BEARER",
    "BASIC",
    "LOGIN",
    "PIN",
    "PINCODE",
    "OTP",
    "TOTP",
    "SID",
    "SEED",
    "CERT",
    "PRIVATE",
    "SIGNATURE",
    "SIGNING",
    "HASH",
    "HMAC",
    "WEBHOOK",
    "WEBHOOKS",
    "HOOK",
    "USERS",
    "LICENSE",
    "LICENCE",
    "COOKIE",
    "MNEMONIC",
    "ACCOUNT",
    "PW",
    "PAT",
    "PSK",
    "ODBC",
    "PWD",
    "PASS",
];

/// Words that make a secret of whatever ends with them as a word.
const NOUNS: [&str; 25] = [
    "PASS",
    "PW",
    "PAT",
    "CRED",
    "CREDS",
    "CREDENTIAL",
    "CREDENTIALS",
    "BEARER",
    "AUTHORIZATION",
    "PSK",
    "PIN",
    "PINCODE",
    "SALT",
    "PEPPER",
    "DSN",
    "COOKIE",
    "LICENSE",
    "LICENCE",
    "OTP",
    "TOTP",
    "MNEMONIC",
    "SIGNING",
    "HMAC",
    "WEBHOOK",
    "USERPASS",
];

/// How words end that are written together: `PGPASS`, `USERPWD`, `DBCREDS`.
const ENDS: [&str; 10] =
    ["PASS", "PWD", "PASSWD", "PASSWORD", "PASSPHRASE", "CRED", "CREDS", "SECRET", "APIKEY", "WEBHOOK"];

/// Words that end so and mean something else.
const OTHERS: [&str; 7] = ["PWD", "OLDPWD", "COMPASS", "BYPASS", "SACRED", "PASS", "TRESPASS"];

/// Names of variables that hold a whole address with a password in it.
const ADDRESSES: [&str; 24] = [
    "DATABASE_URL",
    "DATABASE_URI",
    "DB_URL",
    "DB_URI",
    "POSTGRES_URL",
    "POSTGRESQL_URL",
    "POSTGRES_URI",
    "MYSQL_URL",
    "MARIADB_URL",
    "MONGO_URL",
    "MONGO_URI",
    "MONGODB_URI",
    "MONGODB_URL",
    "AMQP_URL",
    "AMQP_URI",
    "RABBITMQ_URL",
    "RABBITMQ_URI",
    "CLOUDINARY_URL",
    "SMTP_URL",
    "MAILER_URL",
    "MAIL_URL",
    "EMAIL_URL",
    "CONNECTION_STRING",
    "CONNECTIONSTRING",
];

/// Words before `URL` or `URI` in the names of addresses to which messages are sent: who has one can send them (apprise,
/// shoutrrr, webhooks of chats).
const SENDERS: [&str; 19] = [
    "NOTIFICATION",
    "NOTIFICATIONS",
    "NOTIFY",
    "NOTIFIER",
    "ALERT",
    "ALERTS",
    "APPRISE",
    "SHOUTRRR",
    "SLACK",
    "DISCORD",
    "TELEGRAM",
    "GOTIFY",
    "PUSHOVER",
    "PUSHBULLET",
    "MATTERMOST",
    "TEAMS",
    "ROCKETCHAT",
    "HEALTHCHECKS",
    "HEARTBEAT",
];

/// Words behind what says that it is secret: in which form it is written.
const FORMS: [&str; 6] = ["JSON", "PEM", "B64", "BASE64", "HEX", "RAW"];

/// What several of are secret too: `API_KEYS`, `AUTH_TOKENS`. Of tokens alone there are others, which are counted.
const SEVERAL: [&str; 8] = ["API", "ACCESS", "AUTH", "BEARER", "BOT", "PRIVATE", "ENCRYPTION", "SIGNING"];

/// Words that say that it is counted or measured: `SALT_ROUNDS`, `COOKIE_MAX_AGE`.
const MEASURES: [&str; 24] = [
    "TIMEOUT",
    "TTL",
    "AGE",
    "SECONDS",
    "SECS",
    "MINUTES",
    "HOURS",
    "DAYS",
    "MS",
    "LIMIT",
    "LENGTH",
    "SIZE",
    "COUNT",
    "ROUNDS",
    "PORT",
    "EXPIRY",
    "EXPIRES",
    "EXPIRATION",
    "INTERVAL",
    "RETRIES",
    "BUDGET",
    "BYTES",
    "LIFETIME",
    "COST",
];

/// Whether a variable of this name is a secret.
pub(in crate::init) fn is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    if noun(name).is_some() || noun(&upper).is_some() || ADDRESSES.iter().any(|address| upper.ends_with(address)) {
        return true;
    }
    let words = words(name);
    let mut words: Vec<&str> = words.iter().map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit())).collect();
    while words.len() > 1 && words.last().is_some_and(|last| FORMS.contains(last)) {
        words.pop();
    }
    let Some((last, before)) = words.split_last() else { return false };
    let is_address = matches!(*last, "URL" | "URI" | "URLS" | "HOOK");
    let is_hook = |word: &&str| matches!(*word, "WEBHOOK" | "WEBHOOKS" | "HOOK") || SENDERS.contains(word);
    let is_short = *last == "PASS" && words.len() == 1;
    let before_last = before.last().copied().unwrap_or_default();
    let is_several = matches!(*last, "KEYS" | "TOKENS") && SEVERAL.contains(&before_last) || *last == "SECRETS";
    // `SERVICE_ACCOUNT_JSON`, `BASIC_AUTH_USERS`.
    let is_account = words.windows(2).any(|pair| pair == ["SERVICE", "ACCOUNT"]) && *last == "ACCOUNT"
        || words.windows(2).any(|pair| pair == ["BASIC", "AUTH"]) && matches!(*last, "AUTH" | "USERS");
    let is_formed = words.len() < self::words(name).len() && noun(&words.join("_")).is_some();
    is_short
        || is_several
        || is_account
        || is_formed
        || NOUNS.contains(last)
        || is_glued(last)
        || (is_address && before.iter().any(is_hook))
}

fn is_glued(word: &str) -> bool {
    !OTHERS.contains(&word) && ENDS.iter().any(|end| word.len() > end.len() && word.ends_with(end))
}

/// Whether a bundler writes a variable of this name into pages, for everybody to see.
pub(in crate::init) fn is_public(name: &str) -> bool {
    ["NEXT_PUBLIC_", "VITE_", "REACT_APP_", "PUBLIC_", "NUXT_PUBLIC_", "EXPO_PUBLIC_"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// Words of which the names of such keys are made that a program signs and reads by itself: sessions, cookies, its own tokens.
const SIGNERS: [&str; 27] = [
    "APP",
    "APPLICATION",
    "SERVER",
    "DJANGO",
    "FLASK",
    "FASTAPI",
    "STARLETTE",
    "EXPRESS",
    "RAILS",
    "NEXTAUTH",
    "NEXT",
    "NUXT",
    "BETTER",
    "IRON",
    "AUTH",
    "SESSION",
    "SESSIONS",
    "COOKIE",
    "COOKIES",
    "CSRF",
    "JWT",
    "ACCESS",
    "REFRESH",
    "TOKEN",
    "SIGNING",
    "BASE",
    "SECURITY",
];

/// Whether it names a key with which a program signs what it alone reads again, so that any value will do: `SECRET_KEY`,
/// `SESSION_SECRET`, `JWT_SECRET`. A `CLIENT_SECRET`, a `STRIPE_WEBHOOK_SECRET` or an `API_KEY` is somebody else's too.
pub(in crate::init) fn is_signing(name: &str) -> bool {
    let words = words(name);
    let has = |word: &str| words.iter().any(|known| known == word);
    let is_key = has("SECRET") || (has("KEY") && (has("SIGNING") || has("SESSION") || has("COOKIE") || has("JWT")));
    let is_password = has("PASSWORD") && (has("SESSION") || has("COOKIE")) && words.len() == 2;
    // Who has an access key has got it from somebody.
    let is_given = (has("ACCESS") || has("REFRESH") || has("TOKEN")) && !has("JWT");
    let is_known =
        |word: &String| SIGNERS.contains(&word.as_str()) || matches!(word.as_str(), "SECRET" | "KEY" | "PASSWORD");
    (is_key || is_password) && !is_given && words.iter().all(is_known)
}

/// Whether a number under this name is nobody's business: a budget of tokens is no token.
pub(super) fn is_sensitive_number(name: &str) -> bool {
    let words = words(name);
    let is_measure = words.last().is_some_and(|last| MEASURES.contains(&last.as_str()));
    is_secret(name) || (!is_measure && words.iter().any(|word| is_sensitive_word(word)))
}

/// Whether a value under this name is not to be looked at.
pub(in crate::init) fn is_sensitive(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    if is_public(&upper) {
        return is_secret(name);
    }
    is_secret(name) || names_secret(&upper) || words(name).iter().any(|word| is_sensitive_word(word))
}

fn is_sensitive_word(word: &str) -> bool {
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
    SENSITIVE.contains(&word) || is_glued(word)
}

/// Whether it is the name of a file, and not of what is in it.
pub(super) fn is_place(name: &str) -> bool {
    words(name).last().is_some_and(|last| matches!(last.as_str(), "FILE" | "PATH" | "DIR" | "DIRECTORY"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_names_are_kept_back_than_the_rules_are_sure_of() {
        for name in [
            "PGPASS",
            "DBPASS",
            "USERPWD",
            "PW",
            "PASS",
            "CREDS",
            "GH_PAT",
            "BEARER",
            "PSK",
            "PINCODE",
            "AUTHORIZATION",
            "SLACK_WEBHOOK_URL",
            "SENTRY_DSN",
            "HOOK_URL",
            "LICENSE",
            "X-Api-Key",
            "apiKey",
            "basic_auth_pass",
            "SESSION_COOKIE",
            "ADMIN_PIN2",
            "GITHUB_PAT",
            "NOTIFICATION_URL",
            "WATCHTOWER_NOTIFICATION_URL",
            "APPRISE_URLS",
            "SLACK_URL",
            "CLOUDINARY_URL",
            "RABBITMQ_URL",
            "AZURE_STORAGE_CONNECTION_STRING",
            "GOOGLE_CREDENTIALS_JSON",
            "FIREBASE_SERVICE_ACCOUNT",
            "PRIVATE_KEY_PEM",
            "API_KEYS",
            "AUTH_TOKENS",
            "BASIC_AUTH_USERS",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "PWD",
            "COMPASS",
            "PATH",
            "PATTERN",
            "SPIN",
            "SALT_ROUNDS",
            "WEBHOOK_PORT",
            "AUTHOR",
            "MAX_TOKENS",
            "OUTPUT_TOKENS",
            "NOTIFICATION_EMAIL",
            "BASE_URL",
            "LOG_JSON",
            "CACHE_KEYS",
            "SERVICE_ACCOUNT_NAME",
        ] {
            assert!(!is_secret(name), "{name}");
        }
        for name in ["BASIC", "LOGIN", "AUTH_USER", "PRIVATE_THING", "SMTP_AUTH", "ODBC", "x.basic-auth.y"] {
            assert!(is_sensitive(name), "{name}");
        }
        for name in ["PORT", "LOG_LEVEL", "AUTHOR", "BASE_PATH", "MODEL", "TOKEN_BUDGET"] {
            assert!(!is_sensitive(name) || name == "TOKEN_BUDGET", "{name}");
        }
        for name in [
            "SECRET_KEY",
            "DJANGO_SECRET_KEY",
            "SESSION_SECRET",
            "NEXTAUTH_SECRET",
            "JWT_SECRET",
            "JWT_REFRESH_SECRET",
            "SECRET_KEY_BASE",
            "COOKIE_PASSWORD",
            "APP_SECRET",
        ] {
            assert!(is_signing(name), "{name}");
        }
        for name in [
            "CLIENT_SECRET",
            "STRIPE_WEBHOOK_SECRET",
            "AWS_SECRET_ACCESS_KEY",
            "TWITTER_ACCESS_TOKEN_SECRET",
            "ACCESS_TOKEN_SECRET",
            "SUPABASE_JWT_SECRET",
            "API_KEY",
            "APP_KEY",
            "DB_PASSWORD",
            "ENCRYPTION_KEY",
            "SECRETARY",
        ] {
            assert!(!is_signing(name), "{name}");
        }
        assert!(is_sensitive_number("PINCODE") && !is_sensitive_number("COOKIE_MAX_AGE"));
    }
}
