//! What looks like a secret whatever it is called: a password in a URL, or the form of a provider's keys.

use std::ops::Range;

/// What makes a text a secret whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// It has the form of such a key, in words.
    Live(&'static str),
    /// It is the password of a URL.
    Url,
}

/// What is a secret whatever it is called, and where it stands in the text.
pub(crate) fn unmistakable(text: &str) -> Option<(Form, Range<usize>)> {
    let live = live_key(text).map(|(key, range)| (Form::Live(key), range));
    live.or_else(|| url_password(text).map(|range| (Form::Url, range)))
}

/// Where in a text the password of a URL stands, if it is written out: `scheme://user:password@host`. Variables and
/// references may stand anywhere else.
pub(crate) fn url_password(text: &str) -> Option<Range<usize>> {
    text.match_indices("://").find_map(|(at, _)| {
        let is_scheme = text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        let start = at + "://".len();
        let authority = &text[start..start + authority_length(&text[start..])];
        let (user_info, _) = authority.rsplit_once('@')?;
        let colon = outside_braces(user_info).find(|(_, c)| *c == ':').map(|(at, _)| at)?;
        let password = &user_info[colon + 1..];
        let is_written = !password.is_empty() && !password.contains("${") && password.chars().any(|c| c != '*');
        (is_scheme && is_written).then_some(start + colon + 1..start + user_info.len())
    })
}

/// How far the part of a URL goes that names user and host.
fn authority_length(text: &str) -> usize {
    let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | ',' | ';' | '`' | '}' | ')');
    outside_braces(text).find(|(_, c)| ends(*c)).map_or(text.len(), |(at, _)| at)
}

/// The characters that are not inside of `${…}`.
fn outside_braces(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut depth = 0usize;
    let mut previous = ' ';
    text.char_indices().filter(move |(_, c)| {
        let is_inside = depth > 0;
        match c {
            '{' if previous == '$' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        previous = *c;
        !is_inside
    })
}

/// A form that a provider gives its keys.
struct LiveKey {
    /// What they look like, in words.
    words: &'static str,
    prefix: &'static str,
    /// How many characters follow at least.
    length: usize,
    /// What else can be said of them.
    body: Body,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    /// Letters, digits, `-` and `_`.
    Any,
    /// The same with a digit among them: the prefix alone is no proof.
    WithDigit,
    /// So many capital letters and digits, and no more.
    Capitals,
}

const fn key(words: &'static str, prefix: &'static str, length: usize, body: Body) -> LiveKey {
    LiveKey { words, prefix, length, body }
}

/// The forms that providers document.
const LIVE_KEYS: [LiveKey; 24] = [
    key("what looks like a key of Stripe", "sk_live_", 16, Body::Any),
    key("what looks like a key of Stripe", "rk_live_", 16, Body::Any),
    key("what looks like a key of Stripe", "whsec_", 24, Body::WithDigit),
    key("what looks like a key of OpenAI or Anthropic", "sk-", 20, Body::WithDigit),
    key("what looks like a key of GitHub", "ghp_", 30, Body::Any),
    key("what looks like a key of GitHub", "gho_", 30, Body::Any),
    key("what looks like a key of GitHub", "ghu_", 30, Body::Any),
    key("what looks like a key of GitHub", "ghs_", 30, Body::Any),
    key("what looks like a key of GitHub", "ghr_", 30, Body::Any),
    key("what looks like a key of GitHub", "github_pat_", 22, Body::Any),
    key("what looks like a key of GitLab", "glpat-", 20, Body::Any),
    key("what looks like a key of Slack", "xoxb-", 16, Body::Any),
    key("what looks like a key of Slack", "xoxp-", 16, Body::Any),
    key("what looks like a key of Slack", "xoxa-", 16, Body::Any),
    key("what looks like a key of Slack", "xoxs-", 16, Body::Any),
    key("what looks like a key of Slack", "xapp-", 16, Body::Any),
    key("what looks like a key of AWS", "AKIA", 16, Body::Capitals),
    key("what looks like a key of AWS", "ASIA", 16, Body::Capitals),
    key("what looks like a key of Google", "AIza", 35, Body::Any),
    key("what looks like a key of Google", "GOCSPX-", 20, Body::Any),
    key("what looks like a key of npm", "npm_", 36, Body::WithDigit),
    key("what looks like a key of Hugging Face", "hf_", 30, Body::WithDigit),
    key("what looks like a key of SendGrid", "SG.", 20, Body::WithDigit),
    key("what looks like a key of DigitalOcean", "dop_v1_", 40, Body::WithDigit),
];

/// The fewest characters that follow a prefix.
const SHORTEST_BODY: usize = {
    let (mut shortest, mut index) = (usize::MAX, 0);
    while index < LIVE_KEYS.len() {
        if LIVE_KEYS[index].length < shortest {
            shortest = LIVE_KEYS[index].length;
        }
        index += 1;
    }
    shortest
};

/// The key that stands in a text, in words, and where.
pub(crate) fn live_key(text: &str) -> Option<(&'static str, Range<usize>)> {
    let of_provider = || {
        // Nearly no text is long enough without a pause, so nearly none is searched for every prefix.
        let is_long = text.split(|c| !is_body(c)).any(|run| run.len() >= SHORTEST_BODY);
        LIVE_KEYS.iter().filter(|_| is_long).find_map(|form| form.find(text))
    };
    private_key(text).map(|range| ("a private key", range)).or_else(of_provider)
}

impl LiveKey {
    fn find(&self, text: &str) -> Option<(&'static str, Range<usize>)> {
        text.match_indices(self.prefix).find_map(|(at, _)| {
            let is_start = !text[..at].ends_with(is_body);
            let body = &text[at + self.prefix.len()..];
            let body = &body[..body.find(|c| !is_body(c)).unwrap_or(body.len())];
            let fits = match self.body {
                Body::Any => body.len() >= self.length,
                Body::WithDigit => body.len() >= self.length && body.contains(|c: char| c.is_ascii_digit()),
                Body::Capitals => {
                    body.len() == self.length && body.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
                }
            };
            // `ghp_xxxx…` stands for a key in a manual.
            let is_real = body.chars().any(|c| !body.starts_with(c));
            (is_start && fits && is_real).then(|| (self.words, at..at + self.prefix.len() + body.len()))
        })
    }
}

/// Whether nobody could have thought of a text: it is long, of the characters of hexadecimal numbers or of base64, and has
/// about as much in it as chance would put there.
pub(crate) fn is_random(text: &str) -> bool {
    /// The fewest characters of a key: 128 bits in hexadecimal, and 144 in base64.
    const SHORTEST: (usize, usize) = (32, 24);
    /// How many bits a character has at least (Shannon): about 4 and 6 where there are many of them.
    const LEAST: (f64, f64) = (3.0, 4.0);
    // `0123…` has every character as often as chance would, and an order that it would not.
    let in_order = text.as_bytes().windows(2).filter(|pair| pair[1] == pair[0].wrapping_add(1)).count();
    if in_order * 3 > text.len() {
        return false;
    }
    let is_hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    let is_base64 = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-.".contains(&byte));
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    let has_digit = has(u8::is_ascii_digit);
    let is_mixed = has_digit && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    if is_hexadecimal {
        text.len() >= SHORTEST.0 && has_digit && entropy(text) >= LEAST.0
    } else {
        is_base64 && text.len() >= SHORTEST.1 && is_mixed && entropy(text) >= LEAST.1
    }
}

/// How many bits of information a character of the text has.
#[expect(clippy::cast_precision_loss, reason = "nobody counts that far")]
fn entropy(text: &str) -> f64 {
    let mut counts = [0_usize; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let share = |count: usize| count as f64 / text.len() as f64;
    counts.into_iter().filter(|count| *count > 0).map(|count| -share(count) * share(count).log2()).sum()
}

fn is_body(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

/// A key in PEM, as far as it goes.
fn private_key(text: &str) -> Option<Range<usize>> {
    let start = text.find("-----BEGIN ")?;
    let (kind, _) = text[start + "-----BEGIN ".len()..].split_once("-----")?;
    let is_private = kind.ends_with("PRIVATE KEY") || kind.ends_with("PRIVATE KEY BLOCK");
    is_private.then_some(start..text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_url_is_found_if_it_is_written_out() {
        for (text, password) in [
            ("postgres://app:hunter2@db/app", "hunter2"),
            ("postgres://${DB_USER}:hunter2@${services.db.address}/app", "hunter2"),
            ("${DATABASE_URL:-postgres://app:hunter2@db/app}", "hunter2"),
            ("redis://:hunter2@cache:6379/0", "hunter2"),
            ("a=https://example.com b=amqp://u:p@ss@mq", "p@ss"),
        ] {
            assert_eq!(url_password(text).map(|range| &text[range]), Some(password), "{text}");
        }
        for text in [
            "postgres://app:${DB_PASSWORD}@db/app",
            "postgres://app:${DB_PASSWORD:?set it}@db/app",
            "postgres://app@db/app",
            "postgres://app:@db/app",
            "postgres://app:****@db/app",
            "https://example.com:8080/@me",
            "https://example.com/a?b=c:d@e",
            "${services.db.url}",
            "://a:b@c",
        ] {
            assert_eq!(url_password(text), None, "{text}");
        }
    }

    #[test]
    fn live_keys_have_a_prefix_and_a_length() {
        for (text, words) in [
            ("sk_live_51ThisIsNotASecret", "what looks like a key of Stripe"),
            ("Bearer sk-not-a-secret-0123456789", "what looks like a key of OpenAI or Anthropic"),
            ("ghp_0123456789notasecretnotasecretnotase", "what looks like a key of GitHub"),
            ("https://x:github_pat_11NOTASECRETNOTASECRET0@github.com", "what looks like a key of GitHub"),
            ("xoxb-000000000000-notasecret", "what looks like a key of Slack"),
            ("AKIAIOSFODNN7EXAMPLE", "what looks like a key of AWS"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "a private key"),
            ("-----BEGIN PRIVATE KEY-----", "a private key"),
        ] {
            assert_eq!(live_key(text).map(|(words, _)| words), Some(words), "{text}");
        }
        for text in [
            "sk_live_short",
            "task-queue-with-a-name-of-20-letters",
            "sk-learn-some-long-lower-case-words",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "AKIAIOSFODNN7EXAMPLEX",
            "MAKIAIOSFODNN7EXAMPLE",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN CERTIFICATE-----",
            "",
        ] {
            assert_eq!(live_key(text), None, "{text}");
        }
    }

    #[test]
    fn what_chance_has_made_is_known_by_its_look() {
        for text in [
            "9f86d081884c7d659a2feaa0c55ad015",
            "123e4567-e89b-12d3-a456-426614174000",
            "q3Zr7LwX0pVt-not-a-secret-Y8mBk2Ng",
            "c2VjcmV0LWZvci10ZXN0cy0xMjM0NTY3OA==",
        ] {
            assert!(is_random(text), "{text}");
        }
        for text in [
            "",
            "changeme",
            "not-a-secret-for-the-tests-0123456789",
            "correct horse battery staple 1234 ABC",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "00000000-0000-0000-0000-000000000000",
            "A1a1A1a1A1a1A1a1A1a1A1a1A1a1",
            "DevelopmentSecretKeyForLocalUse",
            "0123456789abcdef0123456789abcdef",
        ] {
            assert!(!is_random(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z${}:/@é-]{0,40}") {
            let _ = unmistakable(&text);
        }
    }
}
