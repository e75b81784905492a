//! Interpolated text: literals, references (`${services.redis.url}`) and operator variables (`${V:-default}`).
//!
//! Operator variables keep the grammar of Compose (compose-spec, "Interpolation"; compose-go `template/template.go`).
//! A reference spells the manifest's own path; Compose rejects a `.` after a name, so the two cannot be confused.
//!
//! ```text
//! text  = *( "$$" | "${" ref "}" | any )      "$$" is "$"; any other "$" is literal; "$NAME" warns
//! ref   = path | name [ (":-"|"-"|":?"|"?"|":+"|"+") text ]
//! path  = word *("." word)                    a "." directly after the first word makes it a path
//! ```

use std::ops::Range;

/// How deep defaults may be nested in each other.
pub const DEEPEST: usize = 16;

/// A text, parsed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// The pieces, in order.
    pub pieces: Vec<Piece>,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Characters that stand for themselves; `$$` is already `$`.
    Literal(String),
    /// `${services.redis.url}`.
    Reference {
        /// The words between the dots.
        path: Vec<String>,
        /// Where it stands in the text, in bytes, with its braces.
        range: Range<usize>,
    },
    /// `${NAME}`, `${NAME:-default}` and so on.
    Variable {
        /// The name.
        name: String,
        /// The operator and what follows it.
        operation: Option<(Operator, Text)>,
        /// Where it stands in the text, in bytes, with its braces.
        range: Range<usize>,
    },
}

/// What happens where a variable is set, unset or empty (compose-spec, "Interpolation").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `:-`: the text, where the variable is unset or empty.
    DefaultIfEmpty,
    /// `-`: the text, where the variable is unset.
    DefaultIfUnset,
    /// `:?`: an error with the text, where the variable is unset or empty.
    RequireNonEmpty,
    /// `?`: an error with the text, where the variable is unset.
    RequireSet,
    /// `:+`: the text, where the variable is set and not empty; else nothing.
    AlternativeIfNonEmpty,
    /// `+`: the text, where the variable is set; else nothing.
    AlternativeIfSet,
}

impl Operator {
    /// Its spelling.
    pub fn spelling(self) -> &'static str {
        match self {
            Self::DefaultIfEmpty => ":-",
            Self::DefaultIfUnset => "-",
            Self::RequireNonEmpty => ":?",
            Self::RequireSet => "?",
            Self::AlternativeIfNonEmpty => ":+",
            Self::AlternativeIfSet => "+",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<(Self, &str)> {
        // Two characters before one: `:-` is not `-`.
        [
            Self::DefaultIfEmpty,
            Self::RequireNonEmpty,
            Self::AlternativeIfNonEmpty,
            Self::DefaultIfUnset,
            Self::RequireSet,
            Self::AlternativeIfSet,
        ]
        .into_iter()
        .find_map(|operator| text.strip_prefix(operator.spelling()).map(|rest| (operator, rest)))
    }
}

/// Something that is wrong in a text, or looks wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Where, in bytes of the text.
    pub range: Range<usize>,
    /// What.
    pub kind: FlawKind,
}

/// What is wrong in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlawKind {
    /// `${` without `}`.
    Unclosed,
    /// `${}` or something that is no name after `${`.
    NoName,
    /// Something that is no operator after the name: the rest from there.
    NoOperator {
        /// The name before it.
        name: String,
        /// What stands there.
        found: String,
    },
    /// A brace in the text after an operator: Compose loses count of braces there.
    Brace,
    /// A line break in the text after an operator: Compose takes the whole for no expression.
    LineBreak,
    /// Defaults in defaults, deeper than [`DEEPEST`], or larger than anybody means them.
    Nesting,
    /// A path with an empty or malformed word.
    Path,
    /// A password hash whose `$` are not doubled: stands for itself here, and nobody means variables by it. A warning.
    Hash,
    /// `$NAME` without braces: stands for itself here, but looks like a variable. A warning.
    Bare {
        /// The name.
        name: String,
    },
    /// `${MY-VAR}`, which is `MY` with the default `VAR`. A warning.
    SilentDefault {
        /// The name with its hyphen.
        meant: String,
    },
}

impl FlawKind {
    /// Whether the text has no meaning; else it only looks like a mistake.
    pub fn is_error(&self) -> bool {
        !matches!(self, Self::Hash | Self::Bare { .. } | Self::SilentDefault { .. })
    }
}

impl Text {
    /// A text without references and variables.
    pub fn literal(text: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Literal(text.into())] }
    }

    /// Parses `text`; what is wrong is left out of the pieces and listed.
    pub fn parse(text: &str) -> (Self, Vec<Flaw>) {
        if !text.contains('$') {
            return (Self::literal(text), Vec::new());
        }
        let mut parser = Parser { flaws: Vec::new(), depth: 0 };
        let parsed = parser.text(text, 0);
        (parsed, parser.flaws)
    }

    /// The literal, where the text is nothing else.
    pub fn as_literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

impl Text {
    /// The name of the variable, where the text is nothing else.
    pub(crate) fn into_variable(mut self) -> Option<String> {
        match self.pieces.pop()? {
            Piece::Variable { name, .. } if self.pieces.is_empty() => Some(name),
            _ => None,
        }
    }
}

struct Parser {
    flaws: Vec<Flaw>,
    depth: usize,
}

impl Parser {
    /// Parses `text`, which begins `base` bytes into the whole.
    fn text(&mut self, text: &str, base: usize) -> Text {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut at = 0;
        while let Some(offset) = text[at..].find('$') {
            literal.push_str(&text[at..at + offset]);
            at += offset;
            let rest = &text[at + 1..];
            if rest.starts_with('$') {
                literal.push('$');
                at += 2;
            } else if rest.starts_with('{') {
                let (piece, length) = self.braced(&text[at..], base + at);
                if let Some(piece) = piece {
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(piece);
                }
                at += length;
            } else if let Some(length) = hash(&text[at..]) {
                if has_name(&text[at..at + length]) {
                    self.flaw(base + at..base + at + length, FlawKind::Hash);
                }
                literal.push_str(&text[at..at + length]);
                at += length;
            } else {
                let name = name_of(rest);
                if !name.is_empty() {
                    let kind = FlawKind::Bare { name: name.to_owned() };
                    self.flaws.push(Flaw { range: base + at..base + at + 1 + name.len(), kind });
                }
                literal.push('$');
                at += 1;
            }
        }
        literal.push_str(&text[at..]);
        if !literal.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Text { pieces }
    }

    /// Parses what begins with `${`; gives the piece and how many bytes it takes.
    fn braced(&mut self, text: &str, base: usize) -> (Option<Piece>, usize) {
        let Some(end) = closing_brace(text) else {
            self.flaw(base..base + text.len(), FlawKind::Unclosed);
            return (None, text.len());
        };
        let inner = &text[2..end];
        let length = end + 1;
        let range = base..base + length;
        let word = first_word(inner);
        if inner[word.len()..].starts_with('.') {
            return (self.path(inner, range), length);
        }
        let name = name_of(inner);
        if name.is_empty() {
            self.flaw(range, FlawKind::NoName);
            return (None, length);
        }
        let rest = &inner[name.len()..];
        if rest.is_empty() {
            return (Some(Piece::Variable { name: name.to_owned(), operation: None, range }), length);
        }
        let Some((operator, argument)) = Operator::parse(rest) else {
            let kind = FlawKind::NoOperator { name: name.to_owned(), found: rest.to_owned() };
            self.flaw(range, kind);
            return (None, length);
        };
        let start = base + 2 + name.len() + operator.spelling().len();
        if operator == Operator::DefaultIfUnset && looks_like_variable(argument) {
            let kind = FlawKind::SilentDefault { meant: inner.to_owned() };
            self.flaw(range.clone(), kind);
        }
        if without_references(argument).contains(['{', '}']) {
            self.flaw(range, FlawKind::Brace);
            return (None, length);
        }
        if argument.contains('\n') {
            self.flaw(range, FlawKind::LineBreak);
            return (None, length);
        }
        if self.depth == DEEPEST {
            self.flaw(range, FlawKind::Nesting);
            return (None, length);
        }
        self.depth += 1;
        let argument = self.text(argument, start);
        self.depth -= 1;
        (Some(Piece::Variable { name: name.to_owned(), operation: Some((operator, argument)), range }), length)
    }

    fn path(&mut self, inner: &str, range: Range<usize>) -> Option<Piece> {
        let path: Vec<String> = inner.split('.').map(str::to_owned).collect();
        let is_word = |word: &String| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if path.iter().all(is_word) {
            Some(Piece::Reference { path, range })
        } else {
            self.flaw(range, FlawKind::Path);
            None
        }
    }

    fn flaw(&mut self, range: Range<usize>, kind: FlawKind) {
        self.flaws.push(Flaw { range, kind });
    }
}

/// The offset of the brace that closes the one at offset 1.
pub(super) fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn name_of(text: &str) -> &str {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !text.starts_with(is_start) {
        return "";
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// The length of the password hash at the begin of `text`: `$apr1$salt$hash` (crypt(5), the modular crypt format; Traefik
/// docs, "Basic authentication").
fn hash(text: &str) -> Option<usize> {
    /// What is known by its name alone, and what could be something else if it were short, such as `$1$suffix`.
    const NAMES: [&str; 9] = ["apr1", "2a", "2b", "2x", "2y", "argon2d", "argon2i", "argon2id", "scrypt"];
    const DIGITS: [&str; 4] = ["1", "5", "6", "y"];
    const SHORTEST: usize = 24;
    let (name, rest) = text.strip_prefix('$')?.split_once('$')?;
    let is_part =
        |c: char| c.is_ascii_alphanumeric() || "./$+-".contains(c) || (name.starts_with("argon") && "=,".contains(c));
    let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    let is_hash = length > 0 && NAMES.contains(&name) || length >= SHORTEST && DIGITS.contains(&name);
    is_hash.then_some(name.len() + 2 + length)
}

/// Whether a `$` stands before a name.
fn has_name(text: &str) -> bool {
    text.match_indices('$').any(|(at, _)| !name_of(&text[at + 1..]).is_empty())
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(text.len());
    &text[..end]
}

/// Whether this could be the rest of a name with a hyphen: capitals, and then nothing or an operator. Some names have
/// several hyphens.
fn looks_like_variable(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    name.starts_with(|c: char| c.is_ascii_uppercase()) && (rest.is_empty() || Operator::parse(rest).is_some())
}

/// `text` with every whole `${…}` taken out, however deep.
fn without_references(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        out.push_str(&rest[..at]);
        let Some(end) = closing_brace(&rest[at..]) else {
            out.push_str(&rest[at..]);
            return out;
        };
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(text: &str) -> FlawKind {
        let (_, mut flaws) = Text::parse(text);
        assert_eq!(flaws.len(), 1, "{text}: {flaws:?}");
        flaws.remove(0).kind
    }

    fn clean(text: &str) -> Vec<Piece> {
        let (parsed, flaws) = Text::parse(text);
        assert_eq!(flaws, [], "{text}");
        parsed.pieces
    }

    #[test]
    fn dollars_that_are_no_variables_stand_for_themselves() {
        for (text, meaning) in [
            ("$$", "$"),
            ("$1", "$1"),
            ("a$", "a$"),
            ("$(x)", "$(x)"),
            ("$$$$", "$$"),
            ("^/api(/.*)?$", "^/api(/.*)?$"),
        ] {
            assert_eq!(clean(text), [Piece::Literal(meaning.to_owned())], "{text}");
        }
    }

    #[test]
    fn a_dot_after_the_first_word_makes_a_reference() {
        let path = ["services", "cursor-runner", "url"].map(str::to_owned).to_vec();
        assert_eq!(clean("${services.cursor-runner.url}"), [Piece::Reference { path, range: 0..29 }]);
    }

    #[test]
    fn the_leftmost_operator_wins() {
        let pieces = clean("${U-x:-y}");
        let [Piece::Variable { name, operation: Some((operator, argument)), .. }] = pieces.as_slice() else {
            panic!("{pieces:?}");
        };
        assert_eq!((name.as_str(), *operator, argument.as_literal()), ("U", Operator::DefaultIfUnset, Some("x:-y")));
    }

    #[test]
    fn a_default_may_hold_a_whole_variable_or_reference() {
        for text in ["${A:-${B}}", "${A:-x${services.b.url}y}", "${A:?say ${B:-why}}", "${A:-${B:-${C}}}"] {
            clean(text);
        }
    }

    #[test]
    fn what_compose_rejects_is_a_flaw() {
        assert_eq!(flaw("${}"), FlawKind::NoName);
        assert_eq!(flaw("${ V}"), FlawKind::NoName);
        assert_eq!(flaw("${#V}"), FlawKind::NoName);
        assert_eq!(flaw("${V"), FlawKind::Unclosed);
        assert_eq!(flaw("${U:-{}}"), FlawKind::Brace);
        assert_eq!(flaw("${U:-a\nb}"), FlawKind::LineBreak);
        assert_eq!(flaw(&format!("{}x{}", "${A:-".repeat(17), "}".repeat(17))), FlawKind::Nesting);
        clean(&format!("{}x{}", "${A:-".repeat(16), "}".repeat(16)));
        assert_eq!(flaw("${a..b}"), FlawKind::Path);
        for text in ["${V:x}", "${V:=x}", "${V/x/y}", "${V%x}", "${V x}"] {
            assert!(matches!(flaw(text), FlawKind::NoOperator { .. }), "{text}");
        }
    }

    #[test]
    fn what_only_looks_wrong_is_a_warning() {
        assert_eq!(flaw("pa$word"), FlawKind::Bare { name: "word".to_owned() });
        assert_eq!(flaw("${MY-VAR}"), FlawKind::SilentDefault { meant: "MY-VAR".to_owned() });
        assert!(!flaw("${MY-VAR}").is_error());
        for text in ["${MY-VAR:-x}", "${MY-LONG-VAR}", "${MY-VAR?why}"] {
            assert!(matches!(flaw(text), FlawKind::SilentDefault { .. }), "{text}");
        }
        for text in ["${MY-fallback}", "${MY-}", "${MY-1.2}", "${MY-Info}", "${MY:-VAR}", "${MY-A B}"] {
            clean(text);
        }
    }

    #[test]
    fn a_password_hash_is_one_thing() {
        for (text, hash) in [
            ("u:$apr1$H6usk$Ig/", Some("$apr1$H6usk$Ig/")),
            ("u:$apr1$a$b/,v:$2y$05$abc./", Some("$apr1$a$b/")),
            ("$2y$05$12abc", None),
            ("$6$rounds5000$saltsaltsalt$hash", Some("$6$rounds5000$saltsaltsalt$hash")),
            ("$argon2id$v=19$m=65536,t=3,p=4$c2E$aGE x", Some("$argon2id$v=19$m=65536,t=3,p=4$c2E$aGE")),
        ] {
            let (parsed, flaws) = Text::parse(text);
            assert_eq!(parsed.as_literal(), Some(text), "{text}");
            assert!(flaws.iter().all(|flaw| flaw.kind == FlawKind::Hash), "{text}: {flaws:?}");
            assert_eq!(flaws.first().map(|flaw| &text[flaw.range.clone()]), hash, "{text}");
        }
        // A replacement of a regular expression, and doubled ones.
        clean("/b/$1$2");
        clean("u:$$apr1$$H6usk$$Ig/");
        assert_eq!(flaw("/b/$1$suffix"), FlawKind::Bare { name: "suffix".to_owned() });
    }

    #[test]
    fn a_flaw_points_into_the_text() {
        let (_, flaws) = Text::parse("aä ${A:-${ }} b");
        assert_eq!(flaws[0].range, 9..13);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a${}:?+\\-. Vä]{0,40}") {
            let _ = Text::parse(&text);
        }
    }
}
