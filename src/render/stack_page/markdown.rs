//! Text inside of Markdown: GitHub's flavour, of which the tables are (GFM 0.29, "Tables").

use std::fmt::Write as _;

/// Text that stands for itself, on one line.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    let mut characters = text.trim().chars().peekable();
    while let Some(c) = characters.next() {
        let is_inner = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Between letters it is no emphasis, and people can read it.
            '_' if is_inner(before) && is_inner(characters.peek().copied()) => out.push(c),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
        before = Some(c);
    }
    out
}

/// A code span, in backticks of which the text has no run as long; empty for no text.
pub(super) fn code(text: &str) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    // A cell of a table cannot hold this in a span: renderers disagree about which of the two belongs to which.
    if text.contains("\\|") {
        return html(text);
    }
    let text = text.replace(char::is_control, " ");
    let fence = "`".repeat(longest_run(&text) + 1);
    let is_open = |text: &str| text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    if is_open(&text) { format!("{fence} {text} {fence}") } else { format!("{fence}{text}{fence}") }
}

/// The lines of a table, without the columns in which no row has anything; none without rows.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let is_used = |column: &usize| rows.iter().any(|row| row.get(*column).is_some_and(|cell| !cell.is_empty()));
    let columns: Vec<usize> = (0..head.len()).filter(is_used).collect();
    let mut lines = Vec::with_capacity(rows.len() + 2);
    lines.push(line(columns.iter().map(|column| head[*column])));
    lines.push(line(columns.iter().map(|_| "---")));
    for row in rows {
        lines.push(line(columns.iter().map(|column| row.get(*column).map_or("", String::as_str))));
    }
    lines
}

/// A `|` ends a cell, also inside of a code span, unless it is escaped.
fn line<'c>(cells: impl Iterator<Item = &'c str>) -> String {
    let mut out = "|".to_owned();
    for cell in cells {
        out.push(' ');
        if !cell.is_empty() {
            out.push_str(&cell.replace('|', "\\|"));
            out.push(' ');
        }
        out.push('|');
    }
    out
}

/// The lines of one cell.
pub(super) fn lines(lines: &[String]) -> String {
    lines.join("<br>")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

fn html(text: &str) -> String {
    let mut out = "<code>".to_owned();
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            let _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(if c.is_control() { ' ' } else { c });
        }
    }
    out.push_str("</code>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_for_itself() {
        assert_eq!(text("a <b> & *c* [d](e) `f` $g$"), "a &lt;b&gt; &amp; \\*c\\* \\[d\\](e) \\`f\\` \\$g\\$");
        assert_eq!(text("shared_sqlite, _x_"), "shared_sqlite, \\_x\\_");
        assert_eq!(text(" two\nlines\\ "), "two lines\\\\");
    }

    #[test]
    fn a_code_span_holds_backticks() {
        assert_eq!(code("plain | *text*"), "`plain | *text*`");
        assert_eq!(code("Host(`a`)"), "``Host(`a`)``");
        assert_eq!(code("`a`"), "`` `a` ``");
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("  "), "");
    }

    #[test]
    fn a_cell_ends_where_its_row_says() {
        let rows =
            [vec![code("a || b"), String::new(), String::new()], vec![String::new(), String::new(), text("c|d")]];
        let expected = ["| A | C |", "| --- | --- |", "| `a \\|\\| b` | |", "| | c\\|d |"];
        assert_eq!(table(&["A", "B", "C"], &rows), expected);
        assert_eq!(table(&["A"], &[]), [""; 0]);
        assert_eq!(code("a\\|b"), "<code>a&#92;&#124;b</code>");
    }
}
