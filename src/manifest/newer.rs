//! What the parser takes as TOML 1.1 and readers of TOML 1.0 refuse (the TOML specification, changes of 1.1.0): several
//! lines or a last comma in an inline table, and the escapes `\e` and `\xHH`. Not looked for are times without seconds: no
//! key takes a time.

use std::ops::Range;

/// Something of TOML 1.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newer {
    /// Where, in bytes of the text.
    pub range: Range<usize>,
    /// What.
    pub kind: NewerKind,
}

/// What TOML 1.0 does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewerKind {
    /// A line end between the braces of an inline table.
    LineEnd,
    /// A comma behind the last entry of an inline table.
    Comma,
    /// `\e` or `\xHH`.
    Escape,
}

/// All of it in a text that is TOML 1.1, in its order; of each inline table the first.
pub(super) fn find(text: &str) -> Vec<Newer> {
    let mut scanner = Scanner { text, at: 0, brackets: Vec::new(), found: Vec::new() };
    while scanner.at < text.len() {
        scanner.step();
    }
    scanner.found.sort_by_key(|newer| newer.range.start);
    scanner.found
}

/// An open bracket.
struct Bracket {
    is_table: bool,
    /// Whether something of it is newer already.
    is_told: bool,
    /// The last comma, as long as nothing has followed it.
    comma: Option<usize>,
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    brackets: Vec<Bracket>,
    found: Vec<Newer>,
}

impl<'t> Scanner<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self) {
        let start = self.at;
        let rest = self.rest();
        let Some(character) = rest.chars().next() else {
            self.at = self.text.len();
            return;
        };
        match character {
            '#' => self.at += rest.find('\n').unwrap_or(rest.len()),
            '\n' | '\r' | ' ' | '\t' => {
                self.at += 1;
                if character == '\n' {
                    self.newer_table(start..self.at, NewerKind::LineEnd);
                }
            }
            '[' | '{' => {
                self.content();
                self.at += 1;
                self.brackets.push(Bracket { is_table: character == '{', is_told: false, comma: None });
            }
            ']' | '}' => {
                self.at += 1;
                if let Some(comma) = self.brackets.last().and_then(|bracket| bracket.comma) {
                    self.newer_table(comma..comma + 1, NewerKind::Comma);
                }
                self.brackets.pop();
            }
            ',' => {
                self.at += 1;
                if let Some(bracket) = self.brackets.last_mut() {
                    bracket.comma = Some(start);
                }
            }
            '"' | '\'' => {
                self.content();
                self.string();
            }
            other => {
                self.content();
                self.at += other.len_utf8();
            }
        }
    }

    /// Something that is no space follows the last comma.
    fn content(&mut self) {
        if let Some(bracket) = self.brackets.last_mut() {
            bracket.comma = None;
        }
    }

    /// Something that the innermost inline table could not have, told once of it.
    fn newer_table(&mut self, range: Range<usize>, kind: NewerKind) {
        let Some(bracket) = self.brackets.last_mut().filter(|bracket| bracket.is_table && !bracket.is_told) else {
            return;
        };
        bracket.is_told = true;
        self.found.push(Newer { range, kind });
    }

    fn string(&mut self) {
        let quotes = ["\"\"\"", "'''", "\"", "'"];
        let quotes = quotes.into_iter().find(|quotes| self.rest().starts_with(quotes)).unwrap_or("'");
        self.at += quotes.len();
        loop {
            let rest = self.rest();
            let Some(character) = rest.chars().next() else { return };
            if rest.starts_with(quotes) {
                self.at += quotes.len();
                // Up to two quotes more belong to the text.
                while quotes.len() == 3 && self.rest().starts_with(&quotes[..1]) {
                    self.at += 1;
                }
                return;
            }
            let start = self.at;
            self.at += character.len_utf8();
            if character == '\\' && quotes.starts_with('"') {
                let escaped = self.rest().chars().next();
                self.at += escaped.map_or(0, char::len_utf8);
                if matches!(escaped, Some('e' | 'x')) {
                    self.found.push(Newer { range: start..self.at, kind: NewerKind::Escape });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(NewerKind, &str)> {
        assert!(toml::from_str::<toml::Table>(text).is_ok(), "{text}");
        find(text).into_iter().map(|newer| (newer.kind, &text[newer.range])).collect()
    }

    #[test]
    fn what_is_newer_is_found() {
        use NewerKind as Kind;
        for (text, expected) in [
            ("a = { b = 1, }", vec![(Kind::Comma, ",")]),
            ("a = {\n  b = 1,\n}\nc = { d = { e = 1, } }", vec![(Kind::LineEnd, "\n"), (Kind::Comma, ",")]),
            ("a = { b = 1 # c\n}", vec![(Kind::LineEnd, "\n")]),
            ("a = [{ b = 1, }, {\r\n}]", vec![(Kind::Comma, ","), (Kind::LineEnd, "\n")]),
            ("a = \"\\e\\x41\\t\"", vec![(Kind::Escape, "\\e"), (Kind::Escape, "\\x")]),
            ("\"\\x41\" = \"\"\"\\e\"\"\"", vec![(Kind::Escape, "\\x"), (Kind::Escape, "\\e")]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn what_was_there_before_is_not() {
        for text in [
            "a = { b = [1,\n2,\n], c = \"x,\" }",
            "[a]\nb = [\n  { c = 1 }, # }\n]",
            "a = '\\e\\x41'\nb = '''\\e'''",
            "a = \"\\\\e\"\nb = { c = \"\"\"\n,\"\"\" }",
            "a = \"\"\"x\"\"\"\"\"\nb = {}",
            "a = 1979-05-27T07:32:00-07:00\nb = 07:32:00.5\nc = 1979-05-27 07:32:00",
            "\"a:b\" = { 'c, ' = 1 }",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a{}\\[\\],=\"'\\\\ex\n #0:ä.-]{0,40}") {
            let found = find(&text);
            assert!(found.iter().all(|newer| text.get(newer.range.clone()).is_some()), "{text}: {found:?}");
        }
    }
}
