//! URLs with user, password and database, in texts with variables in them (RFC 3986, "Authority").

use crate::addresses;
use crate::plan::{Part, Text};

/// Where the characters begin that stand for variables: a block for private use.
const FIRST: u32 = 0xE000;

/// A URL that names who connects.
pub(super) struct Url {
    /// Its scheme, without a driver.
    pub(super) scheme: String,
    pub(super) user: Option<Text>,
    pub(super) password: Option<Text>,
    /// Whether user and password stand as they are, and break the URL: the character at which it does.
    pub(super) broken: Option<char>,
    /// The host, in lower case.
    pub(super) host: String,
    /// The first word of the path: the database.
    pub(super) database: Option<Text>,
}

/// The URLs in a text, and whether they are only the default of a variable.
pub(super) fn urls(text: &Text) -> (Vec<Url>, bool) {
    match text.parts() {
        [Part::Variable { form: Some((form, default)), .. }] if is_default(*form) => (Cipher::of(default).urls(), true),
        _ => (Cipher::of(text).urls(), false),
    }
}

/// Whether what follows the operator stands in for the value.
pub(super) fn is_default(form: crate::plan::Form) -> bool {
    matches!(form, crate::plan::Form::DefaultIfEmpty | crate::plan::Form::DefaultIfUnset)
}

/// A text in which one character stands for each variable.
struct Cipher<'t> {
    flat: String,
    variables: Vec<&'t Part>,
}

impl<'t> Cipher<'t> {
    fn of(text: &'t Text) -> Self {
        let mut cipher = Self { flat: String::new(), variables: Vec::new() };
        for part in text.parts() {
            match part {
                Part::Literal(literal) => cipher.flat.push_str(literal),
                Part::Variable { .. } => {
                    let number = FIRST + u32::try_from(cipher.variables.len()).unwrap_or(u32::MAX - FIRST);
                    // Nobody has as many variables in a URL as the block has characters.
                    cipher.flat.push(char::from_u32(number).unwrap_or(addresses::UNKNOWN));
                    cipher.variables.push(part);
                }
            }
        }
        cipher
    }

    /// A piece of it as the text that it is, with `%XX` decoded.
    fn text(&self, piece: &str) -> Text {
        let mut text = Text::default();
        for c in decoded(piece).chars() {
            let index = u32::from(c).checked_sub(FIRST).and_then(|at| usize::try_from(at).ok());
            match index.and_then(|at| self.variables.get(at)) {
                Some(Part::Variable { name, form }) => text.push(Text::variable(name, form.clone())),
                _ => text.push_str(c.encode_utf8(&mut [0; 4])),
            }
        }
        text
    }

    fn urls(&self) -> Vec<Url> {
        let starts = self.flat.match_indices("://");
        let found = starts.filter_map(|(at, _)| {
            let scheme = addresses::scheme(&self.flat[..at])?;
            Some(self.url(&scheme, &self.flat[at + "://".len()..]))
        });
        found.collect()
    }

    fn url(&self, scheme: &str, rest: &str) -> Url {
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ';' | '<' | '>' | '|' | '\\');
        let rest = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (login, host, path, broken) = match authority.rsplit_once('@') {
            Some((login, host)) => (Some(login), host, path, login.contains('@').then_some('@')),
            None => match torn(authority, path) {
                Some((login, host, path)) => (Some(&rest[..login]), host, path, path_start(&rest[end..])),
                None => (None, authority, path, None),
            },
        };
        let name = host.split(':').next().unwrap_or_default();
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            Some((user, password)) => (Some(user), Some(password)),
            None => (None, None),
        };
        let broken = broken.or_else(|| login.and_then(bad_percent));
        let database = path.strip_prefix('/').map(|path| path.split(['/', '?', '#']).next().unwrap_or_default());
        let filled = |piece: Option<&str>| piece.filter(|piece| !piece.is_empty()).map(|piece| self.text(piece));
        Url {
            scheme: scheme.to_owned(),
            user: filled(user),
            password: filled(password),
            broken,
            host: name.to_ascii_lowercase(),
            database: filled(database),
        }
    }
}

/// A URL whose password has a character in it that ends what names the host: how long the login is, the host, and the path.
/// `example.com:8080/@me` is none: what stands behind the colon is a port.
fn torn<'u>(authority: &str, path: &'u str) -> Option<(usize, &'u str, &'u str)> {
    let (_, start) = authority.split_once(':')?;
    let (before, after) = path.rsplit_once('@')?;
    let is_port = !start.is_empty() && start.bytes().all(|byte| byte.is_ascii_digit());
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let (host, path) = after.split_at(end);
    (!is_port && !host.is_empty()).then_some((authority.len() + before.len(), host, path))
}

fn path_start(path: &str) -> Option<char> {
    path.chars().next()
}

/// The `%` of a login that begins no escape (RFC 3986, "Percent-Encoding").
fn bad_percent(login: &str) -> Option<char> {
    let mut after = login.split('%').skip(1);
    after.any(|rest| rest.get(..2).is_none_or(|digits| u8::from_str_radix(digits, 16).is_err())).then_some('%')
}

/// The character of a password that would break a URL.
pub(super) fn breaks(password: &str) -> Option<char> {
    password.chars().find(|c| matches!(c, '@' | '/' | '?' | '#')).or_else(|| bad_percent(password))
}

/// A text with its escapes read; those that are none stay.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        let digits = others.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &others[2..] } else { others };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<String> {
        let (found, _) = urls(&Text::literal(text));
        let show = |text: &Option<Text>| text.as_ref().map_or_else(|| "-".to_owned(), Text::to_compose);
        let line = |url: &Url| {
            let broken = url.broken.map_or_else(|| "-".to_owned(), |c| c.to_string());
            [&url.scheme, &show(&url.user), &show(&url.password), &url.host, &show(&url.database), &broken]
                .map(String::as_str)
                .join(" ")
        };
        found.iter().map(line).collect()
    }

    #[test]
    fn urls_are_taken_apart() {
        for (text, expected) in [
            ("postgresql+asyncpg://app:pass@DB:5432/shop?x=1", "postgresql app pass db shop -"),
            ("postgres://app@db", "postgres app - db - -"),
            ("redis://:pass@cache/0", "redis - pass cache 0 -"),
            ("postgres://a%40b:p%2Fw@db/x", "postgres a@b p/w db x -"),
            ("postgres://app:p@ss@db/x", "postgres app p@ss db x @"),
            ("postgres://app:p/ss@db/x", "postgres app p/ss db x /"),
            ("postgres://app:p#s/s@db:1/x", "postgres app p#s/s db x #"),
            ("postgres://app:p%ss@db/x", "postgres app p%ss db x %"),
            ("postgres://app:p:ss@db/x", "postgres app p:ss db x -"),
            ("http://example.com:8080/@me", "http - - example.com @me -"),
            ("http://example.com/@me", "http - - example.com @me -"),
        ] {
            assert_eq!(parts(text), [expected], "{text}");
        }
        assert_eq!(parts("s3://a:b@c"), [""; 0]);
    }

    #[test]
    fn variables_are_kept_whole() {
        let mut text = Text::literal("postgres://app:");
        text.push(Text::variable("PASS", Some((crate::plan::Form::DefaultIfEmpty, Text::literal("a/@b")))));
        text.push_str("@db/x");
        let (found, is_default) = urls(&text);
        assert_eq!(found[0].password.as_ref().and_then(Text::as_variable), Some("PASS"));
        assert_eq!((found[0].broken, is_default), (None, false));
        let (found, is_default) =
            urls(&Text::variable("URL", Some((crate::plan::Form::DefaultIfEmpty, Text::literal("redis://db/1")))));
        assert_eq!((found.len(), is_default), (1, true));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(redis://)?[a:/@?#%é\u{e000}-]{0,30}") {
            let _ = urls(&Text::literal(text));
        }
    }
}
