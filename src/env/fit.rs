//! Whether a value is what services.toml says it must be.

use crate::compose::amount;
use crate::diagnostics::words;
use crate::manifest::types::VariableType;
use crate::plan::Variable;

/// What a value that does not fit should have been: `… is no …`. Never the value itself.
pub(super) fn misfit(variable: &Variable, value: &str) -> Option<String> {
    misfit_of(variable.kind, &variable.values, variable.secret, value)
}

/// The same of a variable of this type that may have these values, any where there are none.
pub(crate) fn misfit_of(kind: VariableType, values: &[String], secret: bool, value: &str) -> Option<String> {
    if !values.is_empty() {
        let is_known = values.iter().any(|known| known == value);
        if is_known {
            return None;
        }
        // Which values a secret may have is half of it.
        return Some(if secret {
            "is none of the values that it may have".to_owned()
        } else {
            format!("is not {}", words::or(&values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>()))
        });
    }
    let (fits, what) = match kind {
        VariableType::String => (true, ""),
        VariableType::Int => (is_int(value), "whole number"),
        VariableType::Float => (is_float(value), "number"),
        VariableType::Bool => (matches!(value, "true" | "false"), "`true` or `false`"),
        VariableType::Url => (is_url(value), "absolute URL such as `https://example.com`"),
        VariableType::Port => (is_port(value), "port from 1 to 65535"),
        VariableType::Email => (is_email(value), "e-mail address"),
        VariableType::Duration => (amount::is_duration(value), "duration such as `30s` or `1m30s`"),
        VariableType::UrlSafe => (value.chars().all(is_unreserved), "text of letters, digits, `-`, `.`, `_` and `~`"),
    };
    let article = if kind == VariableType::Bool { "is not" } else { "is no" };
    (!fits).then(|| format!("{article} {what}"))
}

fn is_int(value: &str) -> bool {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_float(value: &str) -> bool {
    let is_numeric =
        value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'));
    is_numeric && value.parse::<f64>().is_ok_and(f64::is_finite)
}

fn is_port(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit()) && value.parse::<u16>().is_ok_and(|port| port > 0)
}

/// A scheme, `://`, and a host that is not empty (RFC 3986, section 3).
fn is_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
        && !host.is_empty()
        && !host.starts_with(':')
        && !value.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Something before an `@`, and a domain behind it; what a mail server takes is its own business.
fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    !local.is_empty()
        && !domain.is_empty()
        && domain.split('.').all(|label| !label.is_empty())
        && !value.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// RFC 3986, section 2.3.
fn is_unreserved(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::KeyPath;

    fn variable(kind: VariableType, values: &[&str]) -> Variable {
        Variable {
            default: None,
            required: true,
            secret: false,
            kind,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            help: None,
            example: None,
            generate: None,
            readers: Vec::new(),
            derived: false,
            origin: KeyPath::default(),
        }
    }

    #[test]
    fn each_type_knows_its_values() {
        use VariableType::{Bool, Duration, Email, Float, Int, Port, String, Url, UrlSafe};
        for (kind, good, bad) in [
            (String, &["", "anything at all"][..], &[][..]),
            (Int, &["0", "-12", "+7", "123456789012345678901234567890"], &["", "1.0", "1e3", "0x10", "-", "1 "]),
            (Float, &["1", "1.5", "-.5", "1e-3"], &["", "inf", "NaN", "1,5", "1e999", "."]),
            (Bool, &["true", "false"], &["", "True", "yes", "1"]),
            (
                Url,
                &["https://a.b/c?d#e", "redis://u:p@cache:6379/0", "http://[::1]:80"],
                &["a.b", "//a", "http://", "://a", "http:///x", "http://:80", "1h://a", "http://a b"],
            ),
            (Port, &["1", "65535", "080"], &["", "0", "65536", "-1", "+1", "http"]),
            (Email, &["a@b", "a.b+c@example.com"], &["a", "@b", "a@", "a@b..c", "a b@c"]),
            (Duration, &["30s", "1m30s"], &["", "30", "1d"]),
            (UrlSafe, &["a-Z_0.~"], &["a b", "a/b", "ä", "a%20"]),
        ] {
            let variable = variable(kind, &[]);
            for value in good {
                assert_eq!(misfit(&variable, value), None, "{kind:?} {value:?}");
            }
            for value in bad {
                let said = misfit(&variable, value).unwrap_or_else(|| panic!("{kind:?} {value:?}"));
                assert!(value.len() < 3 || !said.contains(value), "{said}");
            }
        }
    }

    #[test]
    fn a_list_of_values_comes_before_the_type() {
        let mut mode = variable(VariableType::String, &["fast", "safe"]);
        assert_eq!(misfit(&mode, "safe"), None);
        assert_eq!(misfit(&mode, "slow").as_deref(), Some("is not `fast` or `safe`"));
        mode.secret = true;
        assert_eq!(misfit(&mode, "slow").as_deref(), Some("is none of the values that it may have"));
    }
}
