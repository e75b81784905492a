//! Operator variables in a text, as Compose 2.40 puts their values in (compose-spec, "Interpolation"; compose-go
//! `template/template.go`; `tests/grammars` compares with `docker compose config`).
//!
//! ```text
//! text     = *( "$$" | "$" name | "${" name [ operator text ] "}" | any )
//! name     = ( letter | "_" ) *( letter | digit | "_" )       ASCII, and two letters of other scripts, see below
//! operator = ":-" | "-"      the text where the variable is not set, with the colon also where it is empty
//!          | ":?" | "?"      an error with the text there
//!          | ":+" | "+"      the text elsewhere, and else nothing
//! ```
//!
//! `$$` is `$`, and a `$` before anything else stands for itself; `${` before anything else is an error. What follows an
//! operator is interpolated too, and where it is wrong the whole text is, whether it is needed or not. An expression
//! with an operator ends in the line in which it begins, at the brace that Compose takes for its own: it counts braces,
//! but not a character that directly follows an opening one.
//!
//! This is for texts that Compose reads and people wrote, such as the values of an env file. What services.toml says is
//! stricter, and is read by [`crate::manifest::text`].

use std::ops::Range;

use crate::manifest::text::Operator;

/// How deep expressions may stand in each other. Compose knows no limit but its memory.
const DEEPEST: usize = 64;

/// A text with the values of its variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Substituted {
    /// The text.
    pub text: String,
    /// Variables without an operator that are not set: Compose warns, and puts nothing in their place.
    pub unset: Vec<String>,
}

/// Why a text has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubstituteError {
    /// `${` begins no expression.
    #[error("`${{` begins no variable that Compose can read")]
    Syntax {
        /// Where the expression would begin, and all that Compose could take for it, in bytes of the text.
        range: Range<usize>,
    },
    /// `${NAME:?why}` or `${NAME?why}` of a variable that has no value.
    #[error("the variable `{name}` is needed there, and has no value")]
    Missing {
        /// The variable.
        name: String,
        /// The expression that needs it, in bytes of the text.
        range: Range<usize>,
    },
}

impl SubstituteError {
    /// What is wrong, in bytes of the text: between two characters, and never nothing.
    pub fn range(&self) -> &Range<usize> {
        match self {
            Self::Syntax { range } | Self::Missing { range, .. } => range,
        }
    }
}

/// Puts the values of variables into a text; `lookup` gives none for a variable that is not set.
///
/// # Errors
/// Where Compose would reject the text, or a variable that is needed has no value.
pub fn substitute(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Substituted, SubstituteError> {
    let mut out = Substituted::default();
    write(text, 0, lookup, DEEPEST, &mut out)?;
    Ok(out)
}

/// The text with what its variables are by default; as it is where Compose would reject it.
pub fn with_defaults(text: &str) -> String {
    substitute(text, &|_| None).map_or_else(|_| text.to_owned(), |done| done.text)
}

/// The names of all variables in a text, also of those behind operators, whatever else is wrong with it.
pub fn names(text: &str) -> Vec<String> {
    let names = std::cell::RefCell::new(Vec::new());
    let note = |name: &str| {
        names.borrow_mut().push(name.to_owned());
        Some("set".to_owned())
    };
    // What comes before a flaw is noted all the same.
    let _ = substitute(text, &note);
    names.into_inner()
}

/// A piece of a text that begins with `$`.
enum Piece<'t> {
    /// What stands for itself.
    Literal(&'t str),
    /// A variable, and the operator with what follows it.
    Variable(&'t str, Option<(Operator, &'t str)>),
}

/// Writes a text that begins at the byte `start` of the whole.
fn write(
    text: &str,
    start: usize,
    lookup: &dyn Fn(&str) -> Option<String>,
    depth: usize,
    out: &mut Substituted,
) -> Result<(), SubstituteError> {
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.text.push_str(&rest[..at]);
        let start = start + (text.len() - rest.len()) + at;
        let Some((piece, length)) = piece(&rest[at..]) else {
            let line = rest[at..].lines().next().unwrap_or_default();
            let end = line.find('}').map_or(line.len(), |end| end + 1);
            return Err(SubstituteError::Syntax { range: start..start + end });
        };
        let range = start..start + length;
        match piece {
            Piece::Literal(literal) => out.text.push_str(literal),
            Piece::Variable(name, None) => match lookup(name) {
                Some(value) => out.text.push_str(&value),
                None => out.unset.push(name.to_owned()),
            },
            Piece::Variable(name, Some((operator, argument))) => {
                if depth == 0 {
                    return Err(SubstituteError::Syntax { range });
                }
                let mut alternative = Substituted::default();
                let inside = start + "${".len() + name.len() + operator.spelling().len();
                write(argument, inside, lookup, depth - 1, &mut alternative)?;
                let value = lookup(name);
                match operator.outcome(value.as_deref()) {
                    Outcome::Value => out.text.push_str(&value.unwrap_or_default()),
                    Outcome::Argument => {
                        out.text.push_str(&alternative.text);
                        out.unset.append(&mut alternative.unset);
                    }
                    Outcome::Refused => return Err(SubstituteError::Missing { name: name.to_owned(), range }),
                }
            }
        }
        rest = &rest[at + length..];
    }
    out.text.push_str(rest);
    Ok(())
}

/// What `text`, which begins with `$`, begins with, and how many bytes that has; none where it is no expression.
fn piece(text: &str) -> Option<(Piece<'_>, usize)> {
    let rest = &text[1..];
    if rest.starts_with('$') {
        return Some((Piece::Literal(&text[..1]), 2));
    }
    let Some(inner) = rest.strip_prefix('{') else {
        let name = name(rest);
        let piece = if name.is_empty() { Piece::Literal(&text[..1]) } else { Piece::Variable(name, None) };
        return Some((piece, 1 + name.len()));
    };
    let name = name(inner);
    let after = &inner[name.len()..];
    if name.is_empty() {
        return None;
    }
    if after.starts_with('}') {
        return Some((Piece::Variable(name, None), name.len() + 3));
    }
    let (operator, _) = Operator::parse(after)?;
    let line = text.find('\n').map_or(text, |end| &text[..end]);
    let last = line.rfind('}')?;
    let end = closing_brace(&line[..=last]).unwrap_or(last);
    let begin = 2 + name.len() + operator.spelling().len();
    let argument = text.get(begin..end)?;
    Some((Piece::Variable(name, Some((operator, argument))), end + 1))
}

/// The brace that closes the first one, as Compose counts; none where the braces do not match.
fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'}' => {
                open = open.saturating_sub(1);
                if open == 0 {
                    return Some(at);
                }
            }
            b'{' => {
                open += 1;
                bytes.next();
            }
            _ => {}
        }
    }
    None
}

/// The name that `text` begins with; empty where it begins with none. Compose ignores case as Unicode has it, so that
/// the long s and the Kelvin sign count as letters.
fn name(text: &str) -> &str {
    let is_letter = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '\u{17f}' | '\u{212a}');
    let mut end = 0;
    for c in text.chars() {
        if !(is_letter(c) || end > 0 && c.is_ascii_digit()) {
            break;
        }
        end += c.len_utf8();
    }
    &text[..end]
}

/// What stands in the place of an expression with an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The value of the variable; nothing where it is not set.
    Value,
    /// What follows the operator.
    Argument,
    /// Nothing: Compose stops.
    Refused,
}

impl Operator {
    /// What stands in the place of the expression where the variable has this value; none where it is not set.
    pub fn outcome(self, value: Option<&str>) -> Outcome {
        let (is_set, is_filled) = (value.is_some(), value.is_some_and(|value| !value.is_empty()));
        let or = |holds, otherwise| if holds { Outcome::Value } else { otherwise };
        match self {
            Self::DefaultIfEmpty => or(is_filled, Outcome::Argument),
            Self::DefaultIfUnset => or(is_set, Outcome::Argument),
            Self::RequireNonEmpty => or(is_filled, Outcome::Refused),
            Self::RequireSet => or(is_set, Outcome::Refused),
            Self::AlternativeIfNonEmpty => or(!is_filled, Outcome::Argument),
            Self::AlternativeIfSet => or(!is_set, Outcome::Argument),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::ProptestConfig;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn lookup(name: &str) -> Option<String> {
        match name {
            "SET" => Some("value".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    fn value(text: &str) -> Result<String, SubstituteError> {
        substitute(text, &lookup).map(|substituted| substituted.text)
    }

    #[test]
    fn every_operator_on_every_state() {
        for (operator, [set, empty, unset]) in [
            (":-", [Some("value"), Some("x"), Some("x")]),
            ("-", [Some("value"), Some(""), Some("x")]),
            (":?", [Some("value"), None, None]),
            ("?", [Some("value"), Some(""), None]),
            (":+", [Some("x"), Some(""), Some("")]),
            ("+", [Some("x"), Some("x"), Some("")]),
        ] {
            for (name, expected) in [("SET", set), ("EMPTY", empty), ("UNSET", unset)] {
                let text = format!("<${{{name}{operator}x}}>");
                let expected = expected.map(|expected| format!("<{expected}>"));
                assert_eq!(value(&text).ok(), expected, "{text}");
            }
        }
    }

    #[test]
    fn dollars_that_are_no_expressions_stand_for_themselves() {
        for (text, expected) in [
            ("$$SET", "$SET"),
            ("$$$SET", "$value"),
            ("$SET.x$1$-$(x)$", "value.x$1$-$(x)$"),
            ("${SET}${UNSET}$UNSET_x", "value"),
        ] {
            assert_eq!(value(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in ["${}", "${ SET}", "${SET.x}", "${SET:x}", "${SET:=x}", "${SET", "${SET:-x", "${SET-x\n}", "${1}"] {
            assert!(matches!(value(text), Err(SubstituteError::Syntax { .. })), "{text}");
        }
    }

    #[test]
    fn errors_know_their_place() {
        for (text, place) in [
            ("a${}b", "${}"),
            ("é${SET:x} ${SET}", "${SET:x}"),
            ("${SET", "${SET"),
            ("${UNSET:-x${SET:-${1}}}", "${1}"),
            ("x${SET-x\n}", "${SET-x"),
            ("<${SET:-a${UNSET:?why}}>", "${UNSET:?why}"),
        ] {
            let error = value(text).expect_err(text);
            assert_eq!(&text[error.range().clone()], place, "{text}");
        }
    }

    #[test]
    fn the_first_operator_counts_and_arguments_are_texts() {
        assert_eq!(value("${UNSET-x:-y}").as_deref(), Ok("x:-y"));
        assert_eq!(value("${UNSET:-${EMPTY:-$SET}/}${SET-}}").as_deref(), Ok("value/value}"));
        let missing = SubstituteError::Missing { name: "UNSET".to_owned(), range: 7..20 };
        assert_eq!(value("${SET:-${UNSET:?why}}"), Err(missing), "also where it is not needed");
    }

    #[test]
    fn braces_are_counted_as_compose_counts_them() {
        assert_eq!(value("${UNSET:-{}}").as_deref(), Ok("{}"));
        assert_eq!(value("${UNSET:-{}}x").as_deref(), Ok("{}x"));
        assert!(value("${UNSET:-{}}${SET}").is_err());
    }

    #[test]
    fn unset_variables_and_all_names_are_told() {
        assert_eq!(substitute("$UNSET${SET:-$NO}${NO-$NEITHER}", &lookup).unwrap().unset, ["UNSET", "NEITHER"]);
        assert_eq!(names("$A${B:-${C}}$$D${E"), ["A", "C", "B"]);
    }

    #[test]
    fn expressions_nested_without_end_are_refused() {
        let deep = format!("{}{}", "${A:-".repeat(100_000), "}".repeat(100_000));
        assert!(matches!(value(&deep), Err(SubstituteError::Syntax { .. })));
    }

    fn config() -> ProptestConfig {
        let rng_seed = RngSeed::Fixed(1);
        ProptestConfig { cases: 2048, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
    }

    proptest::proptest! {
        #![proptest_config(config())]

        #[test]
        fn no_text_makes_it_panic(text in "[$A-C{}:?+\u{17f}é\n-]{0,40}") {
            if let Err(error) = value(&text) {
                let place = text.get(error.range().clone());
                proptest::prop_assert!(place.is_some_and(|place| place.starts_with("${")), "{place:?}");
            }
        }
    }
}
