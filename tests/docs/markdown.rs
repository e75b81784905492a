//! Markdown as GitHub reads it: what has to be escaped, and what a heading is called in a link.

use std::fmt::Write as _;

/// Text in which only code spans and links are Markdown, on one line.
pub(crate) fn prose(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let part = |(number, part): (usize, &str)| {
        if number % 2 == 1 { part.to_owned() } else { part.replace('<', "\\<").replace('*', "\\*") }
    };
    text.split('`').enumerate().map(part).collect::<Vec<_>>().join("`")
}

/// Text as it stands, in a code span.
pub(crate) fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// A table; a `|` in a cell is escaped, since it would end the cell even in a code span.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(N));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(
            text,
            "|{} |",
            cells.iter().fold(String::new(), |line, cell| line + " " + cell + " |").trim_end_matches(" |")
        );
    }
    text
}

/// What a link calls a heading: its letters, digits, hyphens and underscores in lower case, with `-` for each space.
pub(crate) fn slug(heading: &str) -> String {
    let kept = heading.to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// A link to a heading of the same page.
pub(crate) fn link(text: &str, heading: &str) -> String {
    format!("[{text}](#{})", slug(heading))
}

/// `a`, `a or b`, `a, b or c`.
pub(crate) fn alternatives(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
