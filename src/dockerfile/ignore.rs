//! Ignore files of a build context, as moby/patternmatcher reads them (Docker docs, "Build context", ".dockerignore files").
//!
//! They look like git's and are not: a pattern without a slash holds at the root of the context alone, `/` at the end
//! means nothing, and a `!` takes back what was left out before it, also below a directory that is left out.

use std::ops::Range;

/// The name of the file at the root of a context.
pub const NAME: &str = ".dockerignore";

/// The patterns of an ignore file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignore {
    patterns: Vec<Pattern>,
    /// Lines for which no image is built, in bytes of the file.
    pub flaws: Vec<Range<usize>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    takes_back: bool,
    means: Meaning,
}

/// What a pattern is compared by.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Meaning {
    /// This very path.
    Exact(String),
    /// All paths that begin so.
    Prefix(String),
    /// All paths that end so.
    Suffix(String),
    /// All paths that the tokens describe as a whole.
    Tokens(Vec<Token>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Character(char),
    /// `?`: one character, no slash.
    One,
    /// `*`: characters, no slash.
    Many,
    /// `**` with something behind it: any number of directories.
    Directories,
    /// `**` at the end: anything.
    Anything,
    /// `^` outside of brackets, which is where the path begins.
    Start,
    /// `\b`: between a letter and what is none; or, where it is `false`, not there.
    Boundary(bool),
    /// `[a-z]` or `[^a-z]`.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Ignore {
    /// Reads an ignore file.
    pub fn parse(text: &str) -> Self {
        let mut ignore = Self::default();
        let mut start = 0;
        for whole in text.split_inclusive('\n') {
            let line = if start == 0 { whole.trim_start_matches('\u{feff}') } else { whole };
            let at = start + (whole.len() - line.len());
            start += whole.len();
            // A `#` behind blanks begins a pattern.
            if line.starts_with('#') {
                continue;
            }
            let trimmed = line.trim();
            if trimmed.is_empty() {
                continue;
            }
            if let Some(pattern) = pattern(trimmed) {
                ignore.patterns.push(pattern);
            } else {
                let from = at + (line.len() - line.trim_start().len());
                ignore.flaws.push(from..from + trimmed.len());
            }
        }
        ignore
    }

    /// Whether some pattern takes back what was left out before it.
    pub fn takes_back(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.takes_back)
    }

    /// Whether a path of the context is left out: relative to it, with forward slashes, and without `.` and `..`.
    pub fn ignores(&self, path: &str) -> bool {
        let mut parents: Vec<bool> = Vec::new();
        let mut is_ignored = false;
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends.filter(|end| *end > 0) {
            is_ignored = self.judge(&path[..end], &mut parents);
        }
        is_ignored
    }

    /// Judges a path; `parents` says which patterns hold for the directory around it, and then which hold for it.
    fn judge(&self, path: &str, parents: &mut Vec<bool>) -> bool {
        let mut is_ignored = false;
        parents.resize(self.patterns.len(), false);
        for (pattern, holds) in self.patterns.iter().zip(parents) {
            if !*holds {
                // What would change nothing is not even looked at, nor remembered for what is below.
                *holds = pattern.takes_back == is_ignored && pattern.holds(path);
            }
            if *holds {
                is_ignored = !pattern.takes_back;
            }
        }
        is_ignored
    }
}

impl Pattern {
    fn holds(&self, path: &str) -> bool {
        match &self.means {
            Meaning::Exact(text) => path == text,
            Meaning::Prefix(start) => path.starts_with(start.as_str()),
            Meaning::Suffix(end) => {
                path.ends_with(end.as_str()) || end.strip_prefix('/').is_some_and(|whole| whole == path)
            }
            Meaning::Tokens(tokens) => matches(tokens, path),
        }
    }
}

/// Reads a line; none for one that the builder does not take.
fn pattern(line: &str) -> Option<Pattern> {
    let (takes_back, written) = match line.strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, line),
    };
    if written.is_empty() {
        return None;
    }
    let clean = clean(written);
    if takes_back && clean == "/" {
        return None;
    }
    let text = if clean.len() > 1 { clean.strip_prefix('/').unwrap_or(&clean).trim_start() } else { &clean };
    // Read once more by the matcher, for which a second `!` is one.
    let (takes_back, text) = match text.strip_prefix('!') {
        Some("") if !takes_back => return None,
        Some(rest) if !takes_back => (true, rest),
        _ => (takes_back, text),
    };
    Some(Pattern { takes_back, means: meaning(text)? })
}

/// A path without `.`, without `..` where something is before it, and without doubled slashes (Go, `path.Clean`).
fn clean(path: &str) -> String {
    let is_rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if is_rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (is_rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

fn meaning(text: &str) -> Option<Meaning> {
    #[derive(PartialEq)]
    enum Kind {
        Exact,
        Prefix,
        Suffix,
        Tokens,
    }
    let mut kind = Kind::Exact;
    let mut tokens = Vec::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '*' if characters.next_if(|(_, next)| *next == '*').is_some() => {
                characters.next_if(|(_, next)| *next == '/');
                if characters.peek().is_some() {
                    tokens.push(Token::Directories);
                    kind = Kind::Tokens;
                } else if kind == Kind::Exact {
                    kind = Kind::Prefix;
                } else {
                    tokens.push(Token::Anything);
                    kind = Kind::Tokens;
                }
                if at == 0 {
                    kind = Kind::Suffix;
                }
            }
            '*' => {
                tokens.push(Token::Many);
                kind = Kind::Tokens;
            }
            '?' => {
                tokens.push(Token::One);
                kind = Kind::Tokens;
            }
            '\\' => {
                tokens.push(escaped(characters.next()?.1)?);
                kind = Kind::Tokens;
            }
            '[' => {
                tokens.push(class(&mut characters)?);
                kind = Kind::Tokens;
            }
            ']' => {
                tokens.push(Token::Character(c));
                kind = Kind::Tokens;
            }
            '^' => tokens.push(Token::Start),
            c => tokens.push(Token::Character(c)),
        }
    }
    Some(match kind {
        Kind::Exact => Meaning::Exact(text.to_owned()),
        Kind::Prefix => Meaning::Prefix(text.trim_end_matches('/').strip_suffix("**")?.to_owned()),
        Kind::Suffix => Meaning::Suffix(text.strip_prefix("**")?.to_owned()),
        Kind::Tokens => Meaning::Tokens(tokens),
    })
}

/// What a character means behind a backslash: itself, unless it is a letter or a digit. The matcher makes a regular
/// expression of the pattern, and in one of those it may mean something, or nothing that there is (Go, `regexp/syntax`).
fn escaped(c: char) -> Option<Token> {
    let digits = || vec![('0', '9')];
    let word = || vec![('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
    let space = || vec![('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')];
    let class = |negated: bool, ranges: Vec<(char, char)>| Some(Token::Class { negated, ranges });
    match c {
        'a' => Some(Token::Character('\u{7}')),
        'f' => Some(Token::Character('\u{c}')),
        'n' => Some(Token::Character('\n')),
        'r' => Some(Token::Character('\r')),
        't' => Some(Token::Character('\t')),
        'v' => Some(Token::Character('\u{b}')),
        'A' => Some(Token::Start),
        'b' => Some(Token::Boundary(true)),
        'B' => Some(Token::Boundary(false)),
        'd' => class(false, digits()),
        'D' => class(true, digits()),
        's' => class(false, space()),
        'S' => class(true, space()),
        'w' => class(false, word()),
        'W' => class(true, word()),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(Token::Character(c)),
        _ => None,
    }
}

/// What stands in brackets, behind the first one; none where they do not close, are empty or hold a range that is none.
fn class(characters: &mut std::iter::Peekable<std::str::CharIndices<'_>>) -> Option<Token> {
    let negated = characters.next_if(|(_, c)| *c == '^').is_some();
    let mut ranges = Vec::new();
    loop {
        let first = characters.peek()?.1;
        if first == ']' && !ranges.is_empty() {
            characters.next();
            return Some(Token::Class { negated, ranges });
        }
        let low = one_of_class(characters)?;
        let mut high = low;
        if characters.next_if(|(_, c)| *c == '-').is_some() {
            high = one_of_class(characters)?;
        }
        if low > high {
            return None;
        }
        ranges.push((low, high));
    }
}

fn one_of_class(characters: &mut std::iter::Peekable<std::str::CharIndices<'_>>) -> Option<char> {
    match characters.next()?.1 {
        '-' | ']' => None,
        '\\' => Some(characters.next()?.1),
        c => Some(c),
    }
}

/// Whether the tokens describe the whole path: from which places on the rest of it can begin, token by token.
fn matches(tokens: &[Token], path: &str) -> bool {
    let path: Vec<char> = path.chars().collect();
    let mut open = vec![false; path.len() + 1];
    open[0] = true;
    for token in tokens {
        let mut next = vec![false; path.len() + 1];
        let mut is_reached = false;
        for at in 0..=path.len() {
            let step = |next: &mut Vec<bool>, fits: &dyn Fn(char) -> bool| {
                if open[at] && path.get(at).is_some_and(|c| fits(*c)) {
                    next[at + 1] = true;
                }
            };
            match token {
                Token::Character(wanted) => step(&mut next, &|c| c == *wanted),
                Token::One => step(&mut next, &|c| c != '/'),
                Token::Class { negated, ranges } => {
                    step(&mut next, &|c| ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated);
                }
                Token::Start => next[at] = open[at] && at == 0,
                Token::Boundary(wanted) => {
                    let is_word = |at: usize| path.get(at).is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_');
                    next[at] = open[at] && (is_word(at) != (at > 0 && is_word(at - 1))) == *wanted;
                }
                Token::Many => {
                    is_reached = open[at] || (is_reached && at > 0 && path[at - 1] != '/');
                    next[at] = is_reached;
                }
                Token::Anything => {
                    is_reached |= open[at];
                    next[at] = is_reached;
                }
                Token::Directories => {
                    next[at] = open[at] || (is_reached && at > 0 && path[at - 1] == '/');
                    is_reached |= open[at];
                }
            }
        }
        open = next;
    }
    open[path.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignored<'p>(patterns: &str, paths: &[&'p str]) -> Vec<&'p str> {
        let ignore = Ignore::parse(patterns);
        assert!(ignore.flaws.is_empty(), "{patterns}: {:?}", ignore.flaws);
        paths.iter().copied().filter(|path| ignore.ignores(path)).collect()
    }

    #[test]
    fn a_pattern_holds_at_the_root_and_below_what_it_names() {
        let paths = ["a", "a/b", "a/b/c", "x/a", "ab"];
        assert_eq!(ignored("a", &paths), ["a", "a/b", "a/b/c"]);
        assert_eq!(ignored("/a/", &paths), ["a", "a/b", "a/b/c"]);
        assert_eq!(ignored("**/a", &paths), ["a", "a/b", "a/b/c", "x/a"]);
        assert_eq!(ignored("a/**", &paths), ["a/b", "a/b/c"]);
        assert_eq!(ignored("a*", &paths), ["a", "a/b", "a/b/c", "ab"]);
        assert_eq!(ignored("*/b", &paths), ["a/b", "a/b/c"]);
        assert_eq!(ignored("a/../x", &paths), ["x/a"]);
        assert_eq!(ignored(".", &paths), [""; 0]);
        assert_eq!(ignored("**", &paths), paths);
    }

    #[test]
    fn the_last_line_that_changes_something_wins() {
        let paths = ["a", "a/b", "a/c", "a/c/d"];
        assert_eq!(ignored("a\n!a/c", &paths), ["a", "a/b"]);
        assert_eq!(ignored("!a/c\na", &paths), paths);
        assert_eq!(ignored("*\n! a/c/d\n", &paths), ["a", "a/b", "a/c"]);
    }

    #[test]
    fn a_directory_that_was_never_left_out_takes_nothing_back() {
        assert_eq!(ignored("a/b\n!a", &["a", "a/b", "a/b/c"]), ["a/b", "a/b/c"]);
    }

    #[test]
    fn comments_blanks_and_marks_are_no_patterns() {
        assert_eq!(ignored("\u{feff}# a\r\n\r\n  b \r\n #c\n", &["a", "b", "#c", "c"]), ["b", "#c"]);
    }

    #[test]
    fn brackets_questions_and_escapes() {
        let paths = ["a1", "a2", "b", "a/1", "*", "a.b", "axb"];
        assert_eq!(ignored("a[1-9]", &paths), ["a1", "a2"]);
        assert_eq!(ignored("a[^2]", &paths), ["a1"]);
        assert_eq!(ignored("?", &paths), ["b", "a/1", "*"]);
        assert_eq!(ignored("\\*", &paths), ["*"]);
        assert_eq!(ignored("a\\d", &paths), ["a1", "a2"]);
        assert_eq!(ignored("a\\b", &paths), ["a/1"], "a backslash separates nothing");
        assert_eq!(ignored("a.*", &paths), ["a.b"]);
    }

    #[test]
    fn lines_for_which_nothing_is_built_are_named() {
        let text = "ok\n a[b\n!\nc\\\n[]\n[z-a]\n!/\nsrc\\cache\n";
        let flaws: Vec<&str> = Ignore::parse(text).flaws.into_iter().map(|range| &text[range]).collect();
        assert_eq!(flaws, ["a[b", "!", "c\\", "[]", "[z-a]", "!/", "src\\cache"]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[ab*?!/\\[\\]\\\\^.#ä \n-]{0,40}", path in "[ab/.ä*]{0,20}") {
            let ignore = Ignore::parse(&text);
            ignore.ignores(&path);
            for flaw in ignore.flaws {
                assert!(text.get(flaw).is_some());
            }
        }
    }
}
