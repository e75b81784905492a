//! Regular expressions as Traefik takes them: those of Go, which are RE2's (Go, package `regexp/syntax`; every rejection
//! here was tried with Traefik 3.7): whether one is valid; [`pattern`] runs it.
//!
//! Not looked up: whether a long name in `\p{…}` is a category or a script of Unicode. It counts as one.

use std::ops::Range;

pub mod anchors;
pub mod pattern;

/// Why a text is no regular expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexFlaw {
    /// Where, in bytes of the expression.
    pub range: Range<usize>,
    /// What.
    pub kind: RegexFlawKind,
}

/// What is wrong in a regular expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegexFlawKind {
    /// `(?=`, `(?!`, `(?<=` or `(?<!`: RE2 cannot look around.
    Lookaround,
    /// `\1`: RE2 does not remember what a group has matched.
    Backreference,
    /// `(?` and something that begins no group.
    Group,
    /// A group without `)`.
    OpenGroup,
    /// `)` without a group.
    CloseGroup,
    /// A class without `]`.
    OpenClass,
    /// A range, or the name of a class, that does not exist.
    Class,
    /// `*`, `+`, `?` or `{…}` with nothing before it.
    NothingToRepeat,
    /// A repetition of a repetition.
    RepeatedTwice,
    /// More than 1000 repetitions, or a greatest number below the least.
    Count,
    /// A `\` before something that it does not change.
    Escape,
    /// A `\` at the end.
    OpenEscape,
    /// Groups in groups, deeper than the limit.
    Nesting,
}

/// The most repetitions, also of all those inside each other together.
const MOST: u64 = 1000;

/// How deep groups may be nested.
const DEEPEST: usize = 1000;

/// Checks a regular expression.
///
/// # Errors
/// Where Go would reject it: the first flaw.
pub fn check(text: &str) -> Result<(), RegexFlaw> {
    let mut parser = Parser { text, at: 0, groups: vec![Group::new(0)], repeated: None };
    while parser.at < text.len() {
        parser.step()?;
    }
    match parser.groups.as_slice() {
        [_, .., open] => Err(RegexFlaw { range: open.start..open.start + 1, kind: RegexFlawKind::OpenGroup }),
        _ => Ok(()),
    }
}

/// A group that is open, or the expression as a whole.
struct Group {
    /// Where it begins.
    start: usize,
    /// What stands last in it: how often something in that is repeated; none where nothing could be repeated.
    last: Option<u64>,
    /// The most that something in it is repeated.
    most: u64,
}

impl Group {
    fn new(start: usize) -> Self {
        Self { start, last: None, most: 1 }
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    groups: Vec<Group>,
    /// Where the repetition begins that has just ended.
    repeated: Option<usize>,
}

type Step<T = ()> = Result<T, RegexFlaw>;

impl<'t> Parser<'t> {
    fn step(&mut self) -> Step {
        let start = self.at;
        let before = self.repeated.take();
        let Some(character) = self.next() else { return Ok(()) };
        match character {
            '(' => self.open(start),
            ')' => self.close(start),
            '|' => {
                self.group().last = None;
                Ok(())
            }
            '[' => self.class(start),
            '*' | '+' | '?' => self.repeat(start, before, None),
            '{' => match self.count() {
                Some(count) => self.repeat(start, before, Some(count)),
                None => self.operand(1),
            },
            '\\' => self.escape(start),
            _ => self.operand(1),
        }
    }

    fn next(&mut self) -> Option<char> {
        let character = self.rest().chars().next()?;
        self.at += character.len_utf8();
        Some(character)
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, prefix: &str) -> bool {
        let has = self.rest().starts_with(prefix);
        if has {
            self.at += prefix.len();
        }
        has
    }

    fn flaw<T>(&self, start: usize, kind: RegexFlawKind) -> Step<T> {
        Err(RegexFlaw { range: start..self.at.max(start + 1).min(self.text.len().max(start)), kind })
    }

    /// The innermost open group; the whole is never closed.
    fn group(&mut self) -> &mut Group {
        if self.groups.is_empty() {
            self.groups.push(Group::new(0));
        }
        let last = self.groups.len() - 1;
        &mut self.groups[last]
    }

    /// Something that can be repeated, with repetitions inside of it.
    #[expect(clippy::unnecessary_wraps, reason = "the last word of steps that can fail")]
    fn operand(&mut self, most: u64) -> Step {
        let group = self.group();
        group.last = Some(most);
        group.most = group.most.max(most);
        Ok(())
    }

    fn open(&mut self, start: usize) -> Step {
        if !self.skip("?") {
            return self.enter(start);
        }
        for prefix in ["P<", "<"] {
            if self.skip(prefix) {
                if prefix == "<" && self.rest().starts_with(['=', '!']) {
                    self.at += 1;
                    return self.flaw(start, RegexFlawKind::Lookaround);
                }
                let name: String = self.rest().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                self.at += name.len();
                let is_named = !name.is_empty() && self.skip(">");
                return if is_named { self.enter(start) } else { self.flaw(start, RegexFlawKind::Group) };
            }
        }
        self.flags(start)
    }

    /// `(?i)` or `(?i-s:…)`.
    fn flags(&mut self, start: usize) -> Step {
        let (mut is_negative, mut has_flag) = (false, false);
        loop {
            match self.next() {
                Some('i' | 'm' | 's' | 'U') => has_flag = true,
                Some('-') if !is_negative => (is_negative, has_flag) = (true, false),
                Some(end @ (':' | ')')) if !is_negative || has_flag => {
                    return if end == ':' { self.enter(start) } else { Ok(()) };
                }
                Some('=' | '!') if !is_negative && !has_flag => return self.flaw(start, RegexFlawKind::Lookaround),
                _ => return self.flaw(start, RegexFlawKind::Group),
            }
        }
    }

    fn enter(&mut self, start: usize) -> Step {
        if self.groups.len() > DEEPEST {
            return self.flaw(start, RegexFlawKind::Nesting);
        }
        self.groups.push(Group::new(start));
        Ok(())
    }

    fn close(&mut self, start: usize) -> Step {
        if self.groups.len() < 2 {
            return self.flaw(start, RegexFlawKind::CloseGroup);
        }
        let most = self.groups.pop().map_or(1, |group| group.most);
        self.operand(most)
    }

    /// A repetition that begins at `start`; `before` is where one begins that ended there.
    fn repeat(&mut self, start: usize, before: Option<usize>, count: Option<(Option<u64>, Option<u64>)>) -> Step {
        let end = self.at;
        // Without greed.
        self.skip("?");
        if let Some(before) = before {
            return self.flaw(before, RegexFlawKind::RepeatedTwice);
        }
        let Some(last) = self.group().last else {
            self.at = end;
            return self.flaw(start, RegexFlawKind::NothingToRepeat);
        };
        let mut most = last;
        if let Some((least, greatest)) = count {
            let is_backwards = least.zip(greatest).is_some_and(|(least, greatest)| least > greatest);
            let factor = greatest.or(least).unwrap_or(MOST + 1);
            if is_backwards || least.is_none_or(|least| least > MOST) || factor > MOST {
                return self.flaw(start, RegexFlawKind::Count);
            }
            most = if factor == 0 { 1 } else { factor * last };
            if factor > 1 && most > MOST {
                return self.flaw(start, RegexFlawKind::Count);
            }
        }
        self.repeated = Some(start);
        self.operand(most)
    }

    /// What follows a `{`, where it counts: the least and, where there is one, the greatest number. None in it for one
    /// that is too large to be a number; and the greatest is none where there is no limit.
    fn count(&mut self) -> Option<(Option<u64>, Option<u64>)> {
        let inner = self.rest().split_once('}').map(|(inner, _)| inner)?;
        let number = |digits: &str| {
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            (is_number && (digits.len() < 2 || !digits.starts_with('0'))).then(|| digits.parse::<u64>().ok())
        };
        let count = match inner.split_once(',') {
            None => number(inner).map(|only| (only, only)),
            Some((least, "")) => number(least).map(|least| (least, None)),
            Some((least, greatest)) => {
                let (least, greatest) = (number(least)?, number(greatest)?);
                Some((least, Some(greatest.unwrap_or(u64::MAX))))
            }
        }?;
        self.at += inner.len() + 1;
        Some(count)
    }

    fn escape(&mut self, start: usize) -> Step {
        if self.skip("Q") {
            let rest = self.rest();
            let (length, skipped) = rest.find("\\E").map_or((rest.len(), rest.len()), |at| (at, at + 2));
            self.at += skipped;
            return if length > 0 { self.operand(1) } else { Ok(()) };
        }
        if !self.skip_any(&["A", "b", "B", "z"]) && !self.named_class(start)? {
            self.character(start)?;
        }
        self.operand(1)
    }

    fn skip_any(&mut self, prefixes: &[&str]) -> bool {
        prefixes.iter().any(|prefix| self.skip(prefix))
    }

    /// `\d`, `\pL`, `\p{Greek}`, after their `\`.
    fn named_class(&mut self, start: usize) -> Step<bool> {
        if self.skip_any(&["d", "D", "s", "S", "w", "W"]) {
            return Ok(true);
        }
        if !self.skip_any(&["p", "P"]) {
            return Ok(false);
        }
        if !self.skip("{") {
            // The general categories of Unicode by their first letters.
            return match self.next() {
                Some('C' | 'L' | 'M' | 'N' | 'P' | 'S' | 'Z') => Ok(true),
                _ => self.flaw(start, RegexFlawKind::Class),
            };
        }
        let Some((name, _)) = self.rest().split_once('}') else {
            self.at = self.text.len();
            return self.flaw(start, RegexFlawKind::Class);
        };
        self.at += name.len() + 1;
        let name = name.trim_start_matches('^');
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_name { Ok(true) } else { self.flaw(start, RegexFlawKind::Class) }
    }

    /// What stands for one character, after its `\`.
    fn character(&mut self, start: usize) -> Step {
        let is_octal = |rest: &str| rest.starts_with(|c: char| ('0'..='7').contains(&c));
        match self.next() {
            None => self.flaw(start, RegexFlawKind::OpenEscape),
            Some('a' | 'f' | 'n' | 'r' | 't' | 'v') => Ok(()),
            Some('x') => self.hexadecimal(start),
            Some(digit @ '1'..='9') if digit > '7' || !is_octal(self.rest()) => {
                self.flaw(start, RegexFlawKind::Backreference)
            }
            Some('0'..='9') => {
                for _ in 0..2 {
                    if is_octal(self.rest()) {
                        self.at += 1;
                    }
                }
                Ok(())
            }
            Some(other) if other.is_ascii() && !other.is_ascii_alphanumeric() => Ok(()),
            Some(_) => self.flaw(start, RegexFlawKind::Escape),
        }
    }

    /// `4F` or `{1F600}`.
    fn hexadecimal(&mut self, start: usize) -> Step {
        let digits = if self.skip("{") {
            let digits = self.rest().split_once('}').map(|(digits, _)| digits.to_owned());
            self.at += digits.as_ref().map_or(0, |digits| digits.len() + 1);
            digits
        } else {
            let digits = self.rest().get(..2).map(str::to_owned);
            self.at += digits.as_ref().map_or(0, String::len);
            digits
        };
        let is_number = |digits: &String| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = digits.filter(is_number).and_then(|digits| u32::from_str_radix(&digits, 16).ok());
        if number.is_some_and(|number| number <= u32::from(char::MAX)) {
            Ok(())
        } else {
            self.flaw(start, RegexFlawKind::Escape)
        }
    }

    fn class(&mut self, start: usize) -> Step {
        self.skip("^");
        let mut is_first = true;
        while is_first || !self.skip("]") {
            is_first = false;
            if self.posix_class()? {
                continue;
            }
            let at = self.at;
            if self.skip("\\") {
                if self.named_class(at)? {
                    continue;
                }
                self.at = at;
            }
            let low = self.member(start)?;
            let rest = self.rest();
            if rest.starts_with('-') && rest.len() > 1 && !rest.starts_with("-]") {
                self.at += 1;
                let high = self.member(start)?;
                if low.zip(high).is_some_and(|(low, high)| high < low) {
                    return self.flaw(at, RegexFlawKind::Class);
                }
            }
        }
        self.operand(1)
    }

    /// A character of a class; none for one that is escaped, whose value is not needed.
    fn member(&mut self, class: usize) -> Step<Option<char>> {
        let start = self.at;
        match self.next() {
            None => {
                self.at = class + 1;
                self.flaw(class, RegexFlawKind::OpenClass)
            }
            Some('\\') => self.character(start).map(|()| None),
            Some(other) => Ok(Some(other)),
        }
    }

    /// `[:alpha:]`, inside of a class.
    fn posix_class(&mut self) -> Step<bool> {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper",
            "word", "xdigit",
        ];
        let start = self.at;
        let Some(name) = self.rest().strip_prefix("[:").and_then(|rest| rest.split_once(":]")).map(|(name, _)| name)
        else {
            return Ok(false);
        };
        let is_known = NAMES.contains(&name.strip_prefix('^').unwrap_or(name));
        self.at += "[:".len() + name.len() + ":]".len();
        if is_known { Ok(true) } else { self.flaw(start, RegexFlawKind::Class) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_takes() {
        for text in [
            "",
            "^/v[0-9]+/",
            "^/api(/.*)?$",
            "(?P<n>a)(?<m>b)",
            "(?i-s:a)",
            "(?i)a",
            "(?)",
            "a(?i)*",
            "a{,5}",
            "a{01}",
            "{host:.+}",
            "x{2}?",
            "x*?",
            "^*",
            r"\Qa.b\E*",
            r"\Q",
            "[]a]",
            "[^]a]",
            "[a-]",
            "[-a]",
            r"[\d-z]",
            "[[:^alpha:]]",
            "[[:alpha]",
            r"\p{Greek}\pL\P{^L}",
            r"\x{10FFFF}\x41",
            r"\012\08\_\-\z",
            "a||b",
            "()",
            "(a{10}){100}",
            "ä+",
            r"[\x41-\x43]",
            "(a{0}){1000}",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_go_rejects() {
        use RegexFlawKind as Kind;
        for (text, kind, range) in [
            ("a(?=b)", Kind::Lookaround, 1..4),
            ("(?!b)", Kind::Lookaround, 0..3),
            ("(?<=b)", Kind::Lookaround, 0..4),
            ("(?<!b)", Kind::Lookaround, 0..4),
            (r"(a)\1", Kind::Backreference, 3..5),
            (r"\9", Kind::Backreference, 0..2),
            ("(?P<a-b>x)", Kind::Group, 0..5),
            ("(?i-)", Kind::Group, 0..5),
            ("(?>a)", Kind::Group, 0..3),
            ("a(b", Kind::OpenGroup, 1..2),
            ("a)", Kind::CloseGroup, 1..2),
            ("x[a", Kind::OpenClass, 1..2),
            ("[", Kind::OpenClass, 0..1),
            ("[z-a]", Kind::Class, 1..4),
            ("[[:foo:]]", Kind::Class, 1..8),
            (r"\pX", Kind::Class, 0..3),
            (r"\p{", Kind::Class, 0..3),
            ("*a", Kind::NothingToRepeat, 0..1),
            ("a|*", Kind::NothingToRepeat, 2..3),
            ("(+)", Kind::NothingToRepeat, 1..2),
            ("{2}", Kind::NothingToRepeat, 0..3),
            ("a**", Kind::RepeatedTwice, 1..3),
            ("x{2}{3}", Kind::RepeatedTwice, 1..7),
            ("x*??", Kind::RepeatedTwice, 1..4),
            ("a{1001}", Kind::Count, 1..7),
            ("a{2,1}", Kind::Count, 1..6),
            ("a{99999999999999999999999}", Kind::Count, 1..26),
            ("(a{100}){11}", Kind::Count, 8..12),
            (r"\Z", Kind::Escape, 0..2),
            (r"\C", Kind::Escape, 0..2),
            (r"\x4", Kind::Escape, 0..2),
            (r"\x{110000}", Kind::Escape, 0..10),
            (r"[\b]", Kind::Escape, 1..3),
            (r"[a-\d]", Kind::Escape, 3..5),
            (r"a\", Kind::OpenEscape, 1..2),
        ] {
            assert_eq!(check(text), Err(RegexFlaw { range, kind }), "{text}");
        }
        let deep = format!("{}{}", "(".repeat(2000), ")".repeat(2000));
        assert_eq!(check(&deep).map_err(|flaw| flaw.kind), Err(Kind::Nesting));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z0-9(?:<>=!)\\[\\]{},*+|^$\\\\.Qä-]{0,40}") {
            if let Err(flaw) = check(&text) {
                assert!(flaw.range.end <= text.len() && flaw.range.start < flaw.range.end, "{text}: {flaw:?}");
                assert!(text.get(flaw.range.clone()).is_some(), "{text}: {flaw:?}");
            }
        }
    }
}
