//! Conditions of a `kind.toml`.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use minijinja::{Environment, Error, Expression, Value};
use serde::Deserialize;

use crate::compose::amount;

/// A `MiniJinja` expression over the service's options, what was detected in its source, and `target`, `reload`, `version`,
/// `port`, `persist`, `consumes`, `produces`, `before_start`, `own_command`, `programs` (the first words of its command and
/// of what runs before), `ports` (by name, with `_`), `packages`, `routed` and `asks_for_certificates`. `major(version)` is a
/// number; `exact(version)` says whether it is one version and no range (Semantic Versioning 2.0.0), and
/// `since(version, "3.6.5")` whether it is that one or a later one. `amount(text, "d h m")` says whether a text is a whole
/// number with one of these units, or several in this order (with `true` behind it: one alone); `seconds(text)` how long a duration is; `host(text)` whether a
/// text is the name of a host and nothing else. Of a text with a variable all of that is true, and it takes for ever.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
pub struct When {
    text: String,
    /// Compiled when it is first asked: most kinds of a stack have more conditions than are looked at.
    compiled: OnceLock<Option<Arc<Expression<'static, 'static>>>>,
}

impl When {
    /// Whether it holds where its names have these values; not where it is no expression.
    pub fn holds(&self, context: &Value) -> bool {
        let compiled = self.compiled.get_or_init(|| self.compile().ok().map(Arc::new));
        let value = compiled.as_ref().and_then(|expression| expression.eval(context).ok());
        value.is_some_and(|value| value.is_true())
    }

    /// The expression.
    ///
    /// # Errors
    /// Where it is none.
    pub(super) fn compile(&self) -> Result<Expression<'static, 'static>, Error> {
        environment().compile_expression_owned(self.text.clone())
    }
}

impl From<String> for When {
    fn from(text: String) -> Self {
        Self { text, compiled: OnceLock::new() }
    }
}

impl Deref for When {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl PartialEq for When {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for When {}

impl fmt::Display for When {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

fn environment() -> &'static Environment<'static> {
    static ENVIRONMENT: OnceLock<Environment<'static>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| {
        let mut environment = Environment::new();
        environment.add_function("major", |version: &str| {
            version.split(['.', '-']).next().and_then(|major| major.parse::<i64>().ok()).unwrap_or_default()
        });
        environment.add_function("exact", is_exact);
        environment.add_function("since", is_since);
        environment.add_function("amount", is_amount);
        environment.add_function("seconds", seconds);
        environment.add_function("host", is_host);
        environment
    })
}

/// Whether a version is `first` or a later one. The tag of an image that leaves out numbers, such as `3.6`, moves on with
/// the latest that begins like it.
fn is_since(version: &str, first: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let release = text.split('-').next().unwrap_or_default();
        release.split('.').map_while(|number| number.parse().ok()).collect()
    };
    let (known, first) = (numbers(version), numbers(first));
    for (index, wanted) in first.iter().enumerate() {
        match known.get(index) {
            None => return true,
            Some(number) if number != wanted => return number > wanted,
            Some(_) => {}
        }
    }
    true
}

/// Whether a text consists of whole numbers, each with one of these units: in their order, and none of them twice; or of
/// one number alone.
fn is_amount(text: &str, units: &str, is_one: Option<bool>) -> bool {
    if text.contains("${") {
        return true;
    }
    if is_one == Some(true) {
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
        return unit.len() < text.len() && units.split(' ').any(|known| known == unit);
    }
    let mut units = units.split(' ');
    let mut rest = text;
    while !rest.is_empty() {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let unit = &after[..after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len())];
        if after.len() == rest.len() || !units.any(|known| known == unit) {
            return false;
        }
        rest = &after[unit.len()..];
    }
    !text.is_empty()
}

/// How many seconds a duration is.
fn seconds(text: &str) -> i64 {
    let known = amount::nanoseconds(text).filter(|_| !text.contains('$'));
    known.map_or(i64::MAX, |nanoseconds| nanoseconds / 1_000_000_000)
}

/// Whether a text is the name of a host (RFC 1123), without scheme, port or path.
fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.contains('$') || (text.len() <= 253 && text.split('.').all(is_label))
}

/// Whether this is one version: three numbers, and perhaps a pre-release.
fn is_exact(version: &str) -> bool {
    let (numbers, release) = version.split_once('-').map_or((version, None), |(numbers, rest)| (numbers, Some(rest)));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    numbers.split('.').count() == 3
        && numbers.split('.').all(is_number)
        && release.is_none_or(|release| release.split('.').all(is_word))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_condition_sees_what_it_is_told() {
        let context = BTreeMap::from([("main".to_owned(), Value::from("x.js")), ("port".to_owned(), 3.into())]);
        let context = Value::from(context);
        assert!(When::from("main and port == 3".to_owned()).holds(&context));
        assert!(!When::from("start".to_owned()).holds(&context));
        assert!(!When::from("main and".to_owned()).holds(&context));
    }

    #[test]
    fn a_version_is_a_later_one_number_by_number() {
        for version in ["3.6.5", "3.6.10", "3.7.0", "3.10", "4.0.1", "3.6", "3", "3.6.5-amd64"] {
            assert!(is_since(version, "3.6.5"), "{version}");
        }
        for version in ["3.6.4", "3.5.9", "2.9.14", "2", "3.5"] {
            assert!(!is_since(version, "3.6.5"), "{version}");
        }
    }

    #[test]
    fn amounts_have_units_in_their_order() {
        for (text, units) in
            [("15d", "y w d h"), ("1w2d", "y w d h"), ("512MB", "KB MB GB"), ("${X}", "d"), ("10", "k  m")]
        {
            assert!(is_amount(text, units, None), "{text}");
        }
        for (text, units) in
            [("", "d"), ("d", "d"), ("15", "d h"), ("2d1w", "w d"), ("1d1d", "d h"), ("1.5d", "d"), ("10 m", "m")]
        {
            assert!(!is_amount(text, units, None), "{text}");
        }
        assert!(is_amount("10", " k m", Some(true)) && is_amount("10m", " k m", Some(true)));
        assert!(!is_amount("1k2m", "k m", Some(true)) && !is_amount("m", " m", Some(true)));
        assert_eq!((seconds("24h"), seconds("${X}")), (86_400, i64::MAX));
        assert!(["a.example.com", "x-1", "${X}"].iter().all(|text| is_host(text)));
        assert!(!["https://a", "a/b", "a:80", "", "-a", "a..b"].iter().any(|text| is_host(text)));
    }

    #[test]
    fn an_exact_version_has_three_numbers_and_names_no_range() {
        for version in ["9.15.0", "4.0.0-rc.53", "1.22.22"] {
            assert!(is_exact(version), "{version}");
        }
        for version in ["9", "9.15", "^9.15.0", "9.x.0", "9.15.0 || 10", "9.15.0-", "", "1.2.3; true", "1.2.3-a;b"] {
            assert!(!is_exact(version), "{version}");
        }
    }
}
