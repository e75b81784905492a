//! The forms that names may have, and the names that were probably meant.

/// The longest label of a host name (RFC 1035).
pub(super) const LONGEST: usize = 63;

/// What a name may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A label of a host name: `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`.
    Host,
    /// A Compose project (compose-go, `NormalizeProjectName`): `[a-z0-9][a-z0-9_-]*`.
    Project,
    /// What can stand between the dots of one of Traefik's labels.
    Label,
    /// A key of Compose: `[a-zA-Z0-9._-]+`.
    Key,
    /// A key of Compose that is no Windows drive.
    Volume,
    /// What can stand in `${…}`.
    Variable,
    /// What a program can find in its environment: also `discovery.type`.
    Env,
}

impl Form {
    /// Whether `name` has this form.
    pub(crate) fn takes(self, name: &str) -> bool {
        match self {
            Self::Host => {
                let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                !name.is_empty()
                    && name.len() <= LONGEST
                    && name.bytes().all(inner)
                    && !name.starts_with('-')
                    && !name.ends_with('-')
            }
            Self::Project => {
                name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()) && name.bytes().all(is_project)
            }
            Self::Label => {
                name.starts_with(|c: char| c.is_ascii_alphanumeric())
                    && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            }
            Self::Key => !name.is_empty() && name.bytes().all(is_key),
            Self::Volume => Self::Key.takes(name) && !is_drive(name),
            Self::Variable => {
                name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                    && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            }
            Self::Env => name.split('.').enumerate().all(|(index, word)| {
                let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
                if index == 0 { Self::Variable.takes(word) } else { !word.is_empty() && word.bytes().all(is_word) }
            }),
        }
    }

    /// What such a name is made of.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Host => "lower-case letters, digits and inner hyphens",
            Self::Project => "lower-case letters, digits, `-` and `_`, the first one no `-` or `_`",
            Self::Label => "letters, digits, `-` and `_`, the first one no `-` or `_`",
            Self::Key | Self::Volume => "letters, digits, `.`, `-` and `_`",
            Self::Variable | Self::Env => "letters, digits and `_`, and no digit first",
        }
    }

    /// What is wrong with a name that does not have this form.
    pub(super) fn flaw(self, name: &str) -> String {
        match self {
            Self::Host if name.len() > LONGEST => format!("{} characters, and {LONGEST} at most", name.len()),
            Self::Volume if is_drive(name) => "one letter is a Windows drive to Compose".to_owned(),
            _ => format!("only {}", self.words()),
        }
    }

    /// The name that was probably meant.
    pub(super) fn corrected(self, name: &str) -> Option<String> {
        match self {
            Self::Host => {
                // Nobody wants the first 63 characters of a name.
                Some(folded(name)).filter(|host| host.len() <= LONGEST)
            }
            Self::Project => {
                let name: String =
                    name.to_lowercase().chars().filter(|c| c.is_ascii() && is_project(*c as u8)).collect();
                Some(name.trim_start_matches(['-', '_']).to_owned())
            }
            Self::Label => {
                let label = replaced(name, '-', |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
                Some(label.trim_start_matches(['-', '_']).to_owned())
            }
            Self::Key | Self::Volume => {
                let key = replaced(name, '-', is_key);
                Some(if self == Self::Volume && is_drive(&key) { format!("{key}-data") } else { key })
            }
            Self::Variable | Self::Env => {
                let name = replaced(name, '_', |b| b.is_ascii_alphanumeric() || b == b'_');
                let has_letter = name.bytes().any(|b| b.is_ascii_alphanumeric());
                let first = if name.starts_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
                has_letter.then(|| format!("{first}{name}"))
            }
        }
        .filter(|name| !name.is_empty())
    }
}

/// Lower-case words with single hyphens between them.
pub(super) fn folded(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

fn is_project(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
}

fn is_drive(name: &str) -> bool {
    name.len() == 1 && name.bytes().all(|b| b.is_ascii_alphabetic())
}

fn replaced(name: &str, with: char, keeps: impl Fn(u8) -> bool) -> String {
    name.trim().chars().map(|c| if c.is_ascii() && keeps(c as u8) { c } else { with }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_each_form_takes_and_what_it_proposes_instead() {
        let long = "a".repeat(64);
        for (form, good, bad) in [
            (Form::Host, vec!["a", "web-2", "0"], vec![("My_App", "my-app"), ("web.site", "web-site"), ("-a", "a")]),
            (Form::Host, vec![&long[..63]], vec![("ÄÖ x", "x")]),
            (Form::Project, vec!["a", "my_app", "9-x"], vec![("My App", "myapp"), ("_a.b", "ab"), ("-A", "a")]),
            (Form::Label, vec!["securityHeaders", "a_b"], vec![("security.headers", "security-headers"), ("_a", "a")]),
            (Form::Key, vec!["a.b", "A_b"], vec![("my net", "my-net")]),
            (Form::Volume, vec!["db", "1"], vec![("d", "d-data")]),
            (Form::Variable, vec!["_A1"], vec![("MY-VAR", "MY_VAR"), ("1ST", "_1ST"), ("a.b", "a_b")]),
            (Form::Env, vec!["A", "discovery.type"], vec![("MY-VAR", "MY_VAR"), (".a", "_a")]),
        ] {
            for name in good {
                assert!(form.takes(name), "{form:?} {name}");
            }
            for (name, proposed) in bad {
                assert!(!form.takes(name), "{form:?} {name}");
                assert_eq!(form.corrected(name).as_deref(), Some(proposed), "{form:?} {name}");
            }
        }
        assert_eq!(Form::Host.corrected("___"), None);
        assert!(!Form::Host.takes(&long));
        assert_eq!(Form::Host.corrected(&long), None);
        assert_eq!(Form::Variable.corrected("-"), None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_proposed_has_the_form(name in "[a-zA-Z0-9._ ä-]{0,70}") {
            for form in [Form::Host, Form::Project, Form::Label, Form::Key, Form::Volume, Form::Variable, Form::Env] {
                if let Some(proposed) = form.corrected(&name) {
                    proptest::prop_assert!(form.takes(&proposed), "{form:?} {name} {proposed}");
                }
            }
        }
    }
}
