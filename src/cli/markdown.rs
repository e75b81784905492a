//! Markdown as a terminal shows it best: wrapped to its width, words that matter in bold, code in a color of its own.
//!
//! What the pages of rules have is known here: headings, paragraphs, emphasis, code, lists, tables, and links, of which
//! the text is shown. Anything else is shown as plain text.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Lines that are longer are hard to read, however wide the terminal is.
const WIDEST: usize = 100;
/// Below this, words are cut anyway.
const NARROWEST: usize = 20;

const HEADING: Style = Style::new().bold().underline();
const STRONG: Style = Style::new().bold();
const EMPHASIS: Style = Style::new().italic();
const CODE: Style = AnsiColor::Cyan.on_default();
const BLOCK: Style = AnsiColor::Green.on_default();

/// The text for a terminal of `width` columns, with colors.
pub(super) fn rendered(markdown: &str, width: usize) -> String {
    let mut page = Page {
        width: width.clamp(NARROWEST, WIDEST),
        text: String::new(),
        line: Vec::new(),
        styles: Vec::new(),
        indent: Vec::new(),
        marker: None,
        block: None,
        table: Vec::new(),
    };
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        page.take(event);
    }
    page.text.truncate(page.text.trim_end().len());
    page.text.push('\n');
    page.text
}

/// A character and how it looks.
type Glyph = (char, Style);

struct Page {
    width: usize,
    text: String,
    /// What is read of the paragraph, or of the cell.
    line: Vec<Glyph>,
    styles: Vec<Style>,
    /// How far the items of lists are moved in; the number of the next one, where they have numbers.
    indent: Vec<Option<u64>>,
    /// What stands before the first line of an item.
    marker: Option<String>,
    /// The code block that is read.
    block: Option<String>,
    /// The rows of the table that is read.
    table: Vec<Vec<Vec<Glyph>>>,
}

impl Page {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.block {
                Some(block) => block.push_str(&text),
                None => self.push(&text, None),
            },
            Event::Code(text) => self.push(&text, Some(CODE)),
            Event::SoftBreak | Event::HardBreak => self.push(" ", None),
            Event::Html(text) | Event::InlineHtml(text) => self.push(&text, None),
            Event::Rule => self.blank(),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Heading { .. } => self.styles.push(HEADING),
            Tag::Strong => self.styles.push(STRONG),
            Tag::Emphasis => self.styles.push(EMPHASIS),
            Tag::CodeBlock(_) => {
                self.flush();
                self.block = Some(String::new());
            }
            Tag::List(first) => {
                self.flush();
                self.indent.push(*first);
            }
            Tag::Item => {
                self.marker = Some(match self.indent.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "• ".to_owned(),
                });
            }
            Tag::TableRow | Tag::TableHead => self.table.push(Vec::new()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.flush();
                self.styles.pop();
                self.blank();
            }
            TagEnd::Strong | TagEnd::Emphasis => {
                self.styles.pop();
            }
            TagEnd::Paragraph => {
                self.flush();
                self.blank();
            }
            TagEnd::Item => self.flush(),
            TagEnd::List(_) => {
                self.indent.pop();
                if self.indent.is_empty() {
                    self.blank();
                }
            }
            TagEnd::CodeBlock => {
                for line in self.block.take().unwrap_or_default().lines() {
                    let line = line.trim_end();
                    if !line.is_empty() {
                        let _ = write!(self.text, "    {BLOCK}{line}{BLOCK:#}");
                    }
                    self.text.push('\n');
                }
                self.blank();
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.line);
                if let Some(row) = self.table.last_mut() {
                    row.push(cell);
                }
            }
            TagEnd::Table => self.end_table(),
            _ => {}
        }
    }

    fn push(&mut self, text: &str, style: Option<Style>) {
        let around = self.styles.last().copied().unwrap_or_default();
        // Bold code is bold and has its color.
        let style = style.map_or(around, |style| style.effects(around.get_effects()));
        self.line.extend(text.chars().map(|c| (if c == '\n' { ' ' } else { c }, style)));
    }

    /// An empty line, unless there is one.
    fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Sets the paragraph in lines that fit.
    fn flush(&mut self) {
        let glyphs = std::mem::take(&mut self.line);
        if glyphs.is_empty() {
            return;
        }
        let depth = 2 * self.indent.len().saturating_sub(1);
        let marker = self.marker.take();
        let hang = if self.indent.is_empty() { 0 } else { depth + 2 };
        let first = marker.map_or_else(|| " ".repeat(hang), |marker| format!("{}{marker}", " ".repeat(depth)));
        for (number, line) in wrapped(&glyphs, self.width.saturating_sub(hang).max(NARROWEST)).iter().enumerate() {
            self.text.push_str(&if number == 0 { first.clone() } else { " ".repeat(hang) });
            paint(&mut self.text, line);
            self.text.push('\n');
        }
    }

    /// Columns one beside the other; the first row in bold.
    fn end_table(&mut self) {
        let rows = std::mem::take(&mut self.table);
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (number, row) in rows.iter().enumerate() {
            for (cell, width) in row.iter().zip(&widths) {
                let cell: Vec<Glyph> =
                    cell.iter().map(|(c, style)| (*c, if number == 0 { style.bold() } else { *style })).collect();
                paint(&mut self.text, &cell);
                self.text.push_str(&" ".repeat(width - cell.len() + 2));
            }
            self.text.truncate(self.text.trim_end_matches(' ').len());
            self.text.push('\n');
        }
        self.blank();
    }
}

/// The lines of a paragraph, broken at blanks; a word that is longer than a line has one to itself.
fn wrapped(glyphs: &[Glyph], width: usize) -> Vec<Vec<Glyph>> {
    let mut lines: Vec<Vec<Glyph>> = vec![Vec::new()];
    for word in glyphs.split(|(c, _)| *c == ' ').filter(|word| !word.is_empty()) {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.extend_from_slice(word);
        } else if line.len() + 1 + word.len() <= width {
            // A blank looks like what stands on both sides of it.
            let style = line.last().map(|(_, style)| *style).filter(|style| *style == word[0].1).unwrap_or_default();
            line.push((' ', style));
            line.extend_from_slice(word);
        } else {
            lines.push(word.to_vec());
        }
    }
    lines
}

/// Adds the characters, and what makes a terminal show them in their styles.
fn paint(text: &mut String, glyphs: &[Glyph]) {
    for part in glyphs.chunk_by(|(_, a), (_, b)| a == b) {
        let Some((_, style)) = part.first() else { continue };
        text.push_str(&style.render().to_string());
        text.extend(part.iter().map(|(c, _)| *c));
        text.push_str(&style.render_reset().to_string());
    }
}

#[cfg(test)]
mod tests {
    use stackgen::rules;

    use super::*;

    /// The same without what sets styles.
    fn plain(markdown: &str, width: usize) -> String {
        anstream::adapter::strip_str(&rendered(markdown, width)).to_string()
    }

    #[test]
    fn paragraphs_are_wrapped_and_code_is_not() {
        let shown = plain(
            "# Title\n\none two three four `five` six **seven**.\n\n```toml\na long line = \"of code\"  # c\n```\n",
            20,
        );
        assert_eq!(shown, "Title\n\none two three four\nfive six seven.\n\n    a long line = \"of code\"  # c\n");
    }

    #[test]
    fn lists_hang_and_tables_stand_in_columns() {
        let shown = plain(
            "- one two three four five six\n- two\n\n1. a\n2. b\n\n| a | b |\n| --- | --- |\n| long `x` | y |\n",
            22,
        );
        assert_eq!(shown, "• one two three four\n  five six\n• two\n\n1. a\n2. b\n\na       b\nlong x  y\n");
    }

    #[test]
    fn what_matters_has_a_style() {
        assert_eq!(rendered("a **b** `c`", 40), "a \u{1b}[1mb\u{1b}[0m \u{1b}[36mc\u{1b}[0m\n");
    }

    #[test]
    fn the_page_of_each_rule_fits_and_loses_no_word() {
        for rule in rules::ALL {
            let shown = plain(rule.docs, 80);
            let words = |text: &str| {
                let kept = |c: char| c.is_alphanumeric() || c == ' ' || c == '\n';
                text.chars()
                    .filter(|c| kept(*c))
                    .collect::<String>()
                    .split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            let (known, shown_words) = (words(rule.docs), words(&shown));
            // The fences name their language, and a table has a line of hyphens.
            let missing: Vec<&String> = known.iter().filter(|word| !shown_words.contains(word)).collect();
            let is_fence = |word: &String| rule.docs.contains(&format!("```{word}\n"));
            assert!(missing.iter().all(|word| is_fence(word)), "{}: {missing:?}", rule.id);
            let fences = rule.docs.split("```").skip(1).step_by(2).collect::<String>();
            let is_code = |line: &str| fences.contains(line.trim()) || line.contains("  ");
            let long: Vec<&str> = shown.lines().filter(|line| line.chars().count() > 80 && !is_code(line)).collect();
            assert_eq!(long, [""; 0], "{}", rule.id);
        }
    }
}
