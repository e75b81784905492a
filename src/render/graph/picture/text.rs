//! How wide texts are, and where they break: without a font, so that the same picture comes out everywhere.
//!
//! The widths are those of `DejaVu Sans`, the widest of the fonts that browsers take for `sans-serif` and `monospace`. Texts
//! in any other one are narrower than their place.

/// The widest that a character without a place in a Latin font gets, in ems: ideographs, emoji, boxes with a code in them.
const WIDE: f64 = 1.4;

/// What stands for a character that cannot be shown: XML has no place for it, or it would turn the text around.
const UNSHOWN: char = '\u{fffd}';

/// A face in which texts are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// Names, in bold.
    Name,
    /// Everything that somebody would type.
    Code,
}

/// The width of a text, in pixels.
pub(super) fn width(text: &str, face: Face, size: f64) -> f64 {
    text.chars().map(|c| ems(c, face)).sum::<f64>() * size
}

fn ems(c: char, face: Face) -> f64 {
    match (face, c) {
        (_, '\u{300}'..='\u{36f}') => 0.0,
        (Face::Code, ' '..='\u{24f}') => 0.61,
        (Face::Name, _) if c < '\u{250}' => bold(c),
        (_, '\u{250}'..='\u{10ff}') => 0.9,
        (_, '…') => 1.0,
        _ => WIDE,
    }
}

/// Of `DejaVu Sans Bold`, rounded up.
fn bold(c: char) -> f64 {
    match c {
        ' ' | 'i' | 'j' | 'l' | '\'' | '|' => 0.37,
        '.' | ',' | ':' | ';' | '/' | '\\' | '-' | '!' => 0.42,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | 'I' | 'J' | '_' | '*' => 0.53,
        'c' | 's' | 'z' | '"' | '`' => 0.61,
        'a' | 'e' | 'k' | 'v' | 'x' | 'y' | '?' => 0.69,
        '0'..='9' | 'b' | 'd' | 'g' | 'h' | 'n' | 'o' | 'p' | 'q' | 'u' | '$' | '{' | '}' => 0.72,
        'E' | 'F' | 'L' | 'S' | 'T' | 'P' | 'Y' | 'Z' => 0.74,
        'w' | 'Q' | 'O' | 'G' | 'N' | 'H' | 'D' | '=' | '+' | '<' | '>' | '~' | '#' | '&' => 0.93,
        'm' | 'M' | '@' | '%' => 1.05,
        'W' => 1.12,
        'A'..='Z' => 0.8,
        _ => 0.95,
    }
}

/// A text that any reader of XML takes, and that is read in the order in which it is written.
pub(super) fn shown(text: &str) -> String {
    let is_unshown = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{ad}')
    };
    text.chars().map(|c| if is_unshown(c) { UNSHOWN } else { c }).collect()
}

/// The lines of a text that is at most so wide, and so many of them; where more would be needed, the last one ends with an
/// ellipsis.
pub(super) fn wrapped(text: &str, face: Face, size: f64, room: f64, lines: usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if out.len() + 1 == lines && width(rest, face, size) > room {
            let end = fitting(rest, face, size, room - ems('…', face) * size);
            out.push(format!("{}…", rest[..end].trim_end()));
            return out;
        }
        let end = broken(rest, fitting(rest, face, size, room));
        out.push(rest[..end].trim_end().to_owned());
        rest = rest[end..].trim_start();
    }
    out
}

/// How many bytes fit: one character at least.
fn fitting(text: &str, face: Face, size: f64, room: f64) -> usize {
    let mut used = 0.0;
    for (at, c) in text.char_indices() {
        used += ems(c, face) * size;
        if used > room && at > 0 {
            return at;
        }
    }
    text.len()
}

/// Where to break at the latest `most` bytes on: after a sign that divides, where one stands in the second half.
fn broken(text: &str, most: usize) -> usize {
    if most >= text.len() {
        return text.len();
    }
    let divides = |c: char| matches!(c, ' ' | '/' | '-' | '.' | ':' | ',' | '_' | '@' | '=' | '|' | '&');
    let mut after = text[..most].char_indices().filter(|(_, c)| divides(*c)).map(|(at, c)| at + c.len_utf8());
    after.rfind(|end| *end * 2 >= most).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_break_where_a_reader_would() {
        let lines = wrapped("/agent-conversations/api/v1/messages", Face::Code, 10.0, 130.0, 3);
        assert_eq!(lines, ["/agent-conversations/", "api/v1/messages"]);
        assert!(lines.iter().all(|line| width(line, Face::Code, 10.0) <= 130.0));
    }

    #[test]
    fn what_does_not_fit_ends_with_an_ellipsis() {
        let lines = wrapped(&"x".repeat(400), Face::Name, 14.0, 100.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(
            lines[1].ends_with('…') && lines.iter().all(|line| width(line, Face::Name, 14.0) <= 100.0),
            "{lines:?}"
        );
        assert_eq!(wrapped("", Face::Name, 14.0, 100.0, 2), [""; 0]);
    }

    #[test]
    fn what_cannot_be_shown_is_seen() {
        assert_eq!(shown("a\u{0}b\u{202e}c\nd"), "a\u{fffd}b\u{fffd}c\u{fffd}d");
    }
}
