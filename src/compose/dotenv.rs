//! Env files, as Compose 2.40 reads them (compose-go `dotenv/parser.go`; `tests/env` compares with the real one).
//!
//! ```text
//! file      = [BOM] *( blank | comment | statement )
//! comment   = "#" … end of line
//! statement = ["export" 1*space] name ( "=" | ":" ) value   ; a value
//!           | ["export" 1*space] name newline               ; the shell's value, where it has one
//! name      = letters, digits and _ . - [ ], and tabs and other spaces, but no plain space
//! value     = "'" … "'"        as it is, over several lines; \' is a quote
//!           | '"' … '"'        the same with escapes (\n, \", \$ …), then variables
//!           | … end of line    without what follows " #" and spaces at the end, then variables
//! ```
//!
//! Whatever follows a closing quote is the next statement. The last value of a name counts; a variable in a value is
//! looked up in the shell first, then among the names before it. What follows the last newline without a `=` or `:` is
//! the value of a variable without a name, which nobody can read.
//!
//! Two things differ: a byte that is no UTF-8 is read as U+FFFD (Compose keeps it), and outside of ASCII a combining
//! mark may stand in a name.

use std::borrow::Cow;
use std::ops::Range;

use indexmap::IndexMap;

use super::interpolation::{self, SubstituteError};

/// An env file whose values have not been looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvFile {
    /// What it says, in its order.
    pub entries: Vec<Entry>,
}

/// One statement of an env file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// The line in which it begins, from 1.
    pub line: usize,
    /// All of it, in bytes of the file.
    pub span: Range<usize>,
    /// What it says of the value.
    pub value: Value,
}

/// What a statement says of the value of its variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing: the shell's, where it has one.
    Inherited,
    /// These characters.
    Literal(String),
    /// These characters, with variables in them; escapes are already what they stand for.
    Template(String),
}

/// Why an env file cannot be read. Nothing here repeats a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct Flaw {
    /// The line of the statement, from 1.
    pub line: usize,
    /// What is wrong, in bytes of the file: a character, a quote, or the whole statement.
    pub span: Range<usize>,
    /// The name of the variable, where there is one.
    pub name: Option<String>,
    /// What is wrong.
    pub kind: FlawKind,
}

/// What is wrong with a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlawKind {
    /// A character that cannot stand in a name.
    #[error("{} cannot stand in the name of a variable; a line is `NAME=value`, or a comment after `#`", shown(*.0))]
    Character(char),
    /// A space in a name.
    #[error("there is a space in the name of a variable; a line is `NAME=value`, or a comment after `#`")]
    Space,
    /// `export`, and then nothing.
    #[error("`export` is followed by nothing")]
    NoName,
    /// A quote that is not closed.
    #[error("the value begins with {}, and nothing closes it", shown(*.0))]
    OpenQuote(char),
    /// A value that cannot be interpolated.
    #[error("{0}; a value in single quotes is taken as it is")]
    Value(SubstituteError),
}

/// What a name has in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// The value, as Compose has it.
    pub value: String,
    /// The line of the last statement about it, from 1.
    pub line: usize,
    /// Whether a `$` in the value was taken for a variable that is not set, so that a part of it is lost.
    pub is_cut: bool,
}

/// The values of an env file, in the order in which their names come up.
pub type Values = IndexMap<String, Assigned>;

impl EnvFile {
    /// Parses the text of an env file.
    ///
    /// # Errors
    /// Where Compose would not read it.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let mut cursor = Cursor { text, at: 0, line: 1 };
        if text.starts_with('\u{feff}') {
            cursor.at = '\u{feff}'.len_utf8();
        }
        let mut entries = Vec::new();
        while cursor.skip_to_statement() {
            entries.push(cursor.statement()?);
        }
        Ok(Self { entries })
    }

    /// The values, where the shell has these variables.
    ///
    /// # Errors
    /// Where a value cannot be interpolated.
    pub fn values(&self, shell: &dyn Fn(&str) -> Option<String>) -> Result<Values, Flaw> {
        let mut values = Values::new();
        for entry in &self.entries {
            let mut is_cut = false;
            let value = match &entry.value {
                Value::Inherited => match shell(&entry.name) {
                    Some(value) => value,
                    None => continue,
                },
                Value::Literal(text) => text.clone(),
                Value::Template(text) => {
                    let known = |name: &str| shell(name).or_else(|| Some(values.get(name)?.value.clone()));
                    let substituted = interpolation::substitute(text, &known).map_err(|error| Flaw {
                        line: entry.line,
                        span: entry.span.clone(),
                        name: Some(entry.name.clone()),
                        kind: FlawKind::Value(error),
                    })?;
                    is_cut = !substituted.unset.is_empty();
                    substituted.text
                }
            };
            values.insert(entry.name.clone(), Assigned { value, line: entry.line, is_cut });
        }
        Ok(values)
    }

    /// The names that its own values read.
    pub fn reads(&self) -> Vec<String> {
        let templates = self.entries.iter().filter_map(|entry| match &entry.value {
            Value::Template(text) => Some(text),
            _ => None,
        });
        templates.flat_map(|text| interpolation::names(text)).collect()
    }

    /// The lines of each name that more than one statement sets.
    pub fn repeated(&self) -> IndexMap<&str, Vec<usize>> {
        let mut lines: IndexMap<&str, Vec<usize>> = IndexMap::new();
        for entry in &self.entries {
            lines.entry(&entry.name).or_default().push(entry.line);
        }
        lines.retain(|_, lines| lines.len() > 1);
        lines
    }
}

/// A place in the text, and its line.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl<'t> Cursor<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn advance(&mut self, bytes: usize) {
        let passed = &self.text[self.at..self.at + bytes];
        self.line += passed.bytes().filter(|byte| *byte == b'\n').count();
        self.at += bytes;
    }

    fn skip(&mut self, is_skipped: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.advance(rest.len() - rest.trim_start_matches(is_skipped).len());
    }

    /// Whether there is another statement; the cursor is at it then.
    fn skip_to_statement(&mut self) -> bool {
        loop {
            self.skip(char::is_whitespace);
            let rest = self.rest();
            if !rest.starts_with('#') {
                return !rest.is_empty();
            }
            self.advance(rest.find('\n').unwrap_or(rest.len()));
        }
    }

    fn statement(&mut self) -> Result<Entry, Flaw> {
        let (start, line) = (self.at, self.line);
        let flaw = |span, kind| Flaw { line, span, name: None, kind };
        // Go's \s, which knows neither the vertical tab nor any space outside of ASCII.
        let exported = self.rest().strip_prefix("export");
        if exported.is_some_and(|rest| rest.starts_with(['\t', '\n', '\x0c', '\r', ' '])) {
            self.advance("export".len());
            self.skip(is_space);
            if self.rest().is_empty() {
                return Err(flaw(start..self.at, FlawKind::NoName));
            }
        }
        let rest = self.rest();
        let mut name = "";
        let mut separator = None;
        for (at, c) in rest.char_indices() {
            match c {
                '=' | ':' | '\n' => {
                    (name, separator) = (&rest[..at], Some(c));
                    break;
                }
                c if is_space(c) || matches!(c, '_' | '.' | '-' | '[' | ']') || c.is_alphanumeric() => {}
                c => {
                    let at = self.at + at;
                    return Err(flaw(at..at + c.len_utf8(), FlawKind::Character(c)));
                }
            }
        }
        let begin = self.at;
        self.advance(separator.map_or(0, |_| name.len() + 1));
        let name = name.trim_end();
        self.skip(is_space);
        if let Some(space) = name.find(' ') {
            return Err(flaw(begin + space..begin + space + 1, FlawKind::Space));
        }
        let value = if separator == Some('\n') {
            Value::Inherited
        } else {
            // Only a quote can be wrong here, and that is where the value begins.
            let quote = self.at;
            let wrong = |kind| Flaw { line, span: quote..quote + 1, name: Some(name.to_owned()), kind };
            self.value().map_err(wrong)?
        };
        Ok(Entry { name: name.to_owned(), line, span: start..self.at, value })
    }

    fn value(&mut self) -> Result<Value, FlawKind> {
        let rest = self.rest();
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            let line = rest.find('\n').map_or(rest, |end| &rest[..end]);
            self.advance(line.len());
            let value = line.split_once(" #").map_or(line, |(value, _)| value);
            return Ok(Value::Template(value.trim_end().to_owned()));
        };
        let mut value = String::new();
        let mut is_escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
            if is_escaped {
                is_escaped = false;
                if c != quote {
                    value.push('\\');
                }
                value.push(c);
            } else if c == '\\' {
                is_escaped = true;
            } else if c == quote {
                self.advance(at + 1);
                return Ok(if quote == '"' {
                    Value::Template(unescaped(&value).into_owned())
                } else {
                    Value::Literal(value)
                });
            } else {
                value.push(c);
            }
        }
        Err(FlawKind::OpenQuote(quote))
    }
}

/// Spaces within a line.
fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\x0b' | '\x0c' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

/// A text with its escapes read; those that Compose does not know stay.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let simple = after.chars().next().and_then(|c| match c {
            'a' => Some("\x07"),
            'b' => Some("\x08"),
            'f' => Some("\x0c"),
            'n' => Some("\n"),
            'r' => Some("\r"),
            't' => Some("\t"),
            'v' => Some("\x0b"),
            '"' => Some("\""),
            '\\' => Some("\\"),
            // What is interpolated next reads a `$` here.
            '$' => Some("$$"),
            _ => None,
        });
        rest = if let Some(character) = simple {
            out.push_str(character);
            &after[1..]
        } else if let Some(digits) = after.strip_prefix('0') {
            let digits = &digits[..digits.bytes().take(3).take_while(u8::is_ascii_digit).count()];
            let byte = (digits.len() == 3).then(|| u8::from_str_radix(digits, 8).ok()).flatten();
            if let Some(byte) = byte {
                out.push(char::from(byte));
            } else {
                // Compose loses the 0 of what turns out to be no octal number.
                out.push('\\');
                out.push_str(digits);
            }
            &after[1 + digits.len()..]
        } else {
            out.push('\\');
            after
        };
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A character as a message shows it.
fn shown(c: char) -> String {
    if c.is_control() || c == '\u{fffd}' { format!("the character U+{:04X}", u32::from(c)) } else { format!("`{c}`") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::ProptestConfig;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn shell(name: &str) -> Option<String> {
        (name == "SHELL").then(|| "from the shell".to_owned())
    }

    fn values(text: &str) -> Vec<(String, String)> {
        let file = EnvFile::parse(text).unwrap_or_else(|flaw| panic!("{text:?}: {flaw}"));
        let values = file.values(&shell).unwrap_or_else(|flaw| panic!("{text:?}: {flaw}"));
        values.into_iter().map(|(name, assigned)| (name, assigned.value)).collect()
    }

    #[track_caller]
    fn assert_values(text: &str, expected: &[(&str, &str)]) {
        let values = values(text);
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(values, expected, "{text:?}");
    }

    #[track_caller]
    fn assert_flaw(text: &str, line: usize, kind: &FlawKind) {
        let flaw = EnvFile::parse(text).and_then(|file| file.values(&shell)).expect_err(text);
        assert_eq!((flaw.line, &flaw.kind), (line, kind), "{text:?}");
    }

    #[test]
    fn blanks_comments_and_a_byte_order_mark_say_nothing() {
        assert_values("\u{feff}\n # c\n\t\n#A=1\nA=1\n#", &[("A", "1")]);
        assert_values("", &[]);
    }

    #[test]
    fn names_and_separators() {
        assert_values(
            "A=1\r\nB: 2\r\nexport C = 3\nA.b-c[0]=4",
            &[("A", "1"), ("B", "2"), ("C", "3"), ("A.b-c[0]", "4")],
        );
        assert_values("exportA=1\nexport=2\nexport\nD=3", &[("exportA", "1"), ("export", "2"), ("D", "3")]);
        assert_values("SHELL\nOTHER\nA=1\nB", &[("SHELL", "from the shell"), ("A", "1"), ("", "B")]);
    }

    #[test]
    fn a_value_without_quotes_ends_with_its_line_or_a_comment() {
        assert_values("A=a#b  #c\nB= # x\nC=\nD=x  ", &[("A", "a#b"), ("B", "# x"), ("C", ""), ("D", "x")]);
    }

    #[test]
    fn quotes_keep_what_is_in_them() {
        assert_values("A='a # \n$SHELL \\' \\n'\nB='\\\\'", &[("A", "a # \n$SHELL ' \\n"), ("B", "\\\\")]);
        assert_values("A=\"x\"B=2", &[("A", "x"), ("B", "2")]);
        assert_values(r#"A="\t\"\$SHELL\\ \c\x \0101\0377\012\0""#, &[("A", "\t\"$SHELL\\ \\c\\x Aÿ\\12\\")]);
    }

    #[test]
    fn variables_come_from_the_shell_and_from_what_is_above() {
        let text = "SHELL=file\nA=$SHELL\nB=\"${A:-x}!\"\nC=${D}\nD=1\nE=pa$$word";
        let expected = [
            ("SHELL", "file"),
            ("A", "from the shell"),
            ("B", "from the shell!"),
            ("C", ""),
            ("D", "1"),
            ("E", "pa$word"),
        ];
        assert_values(text, &expected);
    }

    #[test]
    fn the_last_value_of_a_name_counts() {
        let file = EnvFile::parse("A=1\nB=2\nA=${A}3\n").unwrap();
        let values = file.values(&shell).unwrap();
        assert_eq!(values["A"], Assigned { value: "13".to_owned(), line: 3, is_cut: false });
        assert_eq!(file.repeated().into_iter().collect::<Vec<_>>(), [("A", vec![1, 3])]);
        assert_eq!(file.reads(), ["A"]);
    }

    #[test]
    fn a_value_that_loses_a_part_is_known() {
        let values = EnvFile::parse("A=pa$word\nB='pa$word'\nC=${X:-}").unwrap().values(&shell).unwrap();
        assert_eq!(values.values().map(|assigned| assigned.is_cut).collect::<Vec<_>>(), [true, false, false]);
    }

    #[test]
    fn entries_know_where_they_stand() {
        let text = "# c\r\nexport A='x\ny' # z\nB=1";
        let file = EnvFile::parse(text).unwrap();
        let at: Vec<(usize, &str)> = file.entries.iter().map(|entry| (entry.line, &text[entry.span.clone()])).collect();
        assert_eq!(at, [(2, "export A='x\ny'"), (4, "B=1")]);
    }

    #[test]
    fn flaws_know_their_line() {
        assert_flaw("A=1\nB!=2", 2, &FlawKind::Character('!'));
        assert_flaw("\n\nA B=2", 3, &FlawKind::Space);
        assert_flaw("A='\nB=1\n", 1, &FlawKind::OpenQuote('\''));
        assert_flaw("A=\"x\\\"", 1, &FlawKind::OpenQuote('"'));
        assert_flaw("export ", 1, &FlawKind::NoName);
        assert_flaw("\nA=${", 2, &FlawKind::Value(SubstituteError::Syntax { range: 0..2 }));
    }

    #[test]
    fn flaws_know_their_place() {
        for (text, place) in [
            ("A=1\nB!=2", "!"),
            ("export é A=2", " "),
            ("A= 'x", "'"),
            ("B=1\n export  ", "export  "),
            ("A=x${B:?no}\n", "A=x${B:?no}"),
        ] {
            let flaw = EnvFile::parse(text).and_then(|file| file.values(&shell)).expect_err(text);
            assert_eq!(&text[flaw.span], place, "{text:?}");
        }
    }

    #[test]
    fn no_flaw_repeats_a_value() {
        for text in ["A=hunter2${", "A='hunter2", "A=${B:?hunter2}"] {
            let flaw = EnvFile::parse(text).and_then(|file| file.values(&shell)).expect_err(text);
            assert!(!flaw.to_string().contains("hunter2"), "{flaw}");
        }
    }

    fn config() -> ProptestConfig {
        let rng_seed = RngSeed::Fixed(1);
        ProptestConfig { cases: 2048, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
    }

    proptest::proptest! {
        #![proptest_config(config())]

        #[test]
        fn no_text_makes_it_panic(text in "(\\PC|[A-C=: #'\"\\\\$\\{\\}?0-9\n\r\t\u{85}-]|export )*") {
            if let Ok(file) = EnvFile::parse(&text) {
                let _ = file.values(&shell);
                for pair in file.entries.windows(2) {
                    proptest::prop_assert!(pair[0].span.end <= pair[1].span.start);
                }
                let lines = |entry: &Entry| text[..entry.span.start].matches('\n').count() + 1;
                proptest::prop_assert!(file.entries.iter().all(|entry| entry.line == lines(entry)));
            }
        }
    }
}
