//! Mermaid's flowcharts (Mermaid docs, "Flowcharts - Basic Syntax").
//!
//! Every label stands in double quotes, with the characters that mean something there as Mermaid's entity codes.

use std::fmt::Write as _;

use super::{Edge, Graph, Meaning, Node, Shape};
use crate::render::filters::yaml;

/// The most edges that Mermaid draws unless it is told otherwise (Mermaid docs, configuration `maxEdges`).
pub const MOST_EDGES: usize = 500;

/// The most characters that Mermaid reads unless it is told otherwise (Mermaid docs, configuration `maxTextSize`).
pub const MOST_CHARACTERS: usize = 50_000;

pub(super) fn text(graph: &Graph) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "---\ntitle: {}\n---\nflowchart LR", yaml(&graph.title));
    let mut is_grouped = vec![false; graph.nodes.len()];
    for group in &graph.groups {
        statement(&mut out, "    ", &format!("subgraph {}[\"{}\"]", group.id, escaped(&group.label)));
        for position in &group.nodes {
            is_grouped[*position] = true;
            statement(&mut out, "        ", &node(&graph.nodes[*position]));
        }
        out.push_str("    end\n");
    }
    for (of_this, _) in graph.nodes.iter().zip(is_grouped).filter(|(_, is_grouped)| !is_grouped) {
        statement(&mut out, "    ", &node(of_this));
    }
    for edge in &graph.edges {
        statement(&mut out, "    ", &line(edge, graph));
    }
    out
}

fn node(node: &Node) -> String {
    let (before, after) = match node.shape {
        Shape::Outside => ("([", "])"),
        Shape::Proxy => ("{{", "}}"),
        Shape::Datastore => ("(", ")"),
        Shape::Service => ("[", "]"),
        Shape::Elsewhere => ("[[", "]]"),
        Shape::Volume => ("[(", ")]"),
        Shape::Path => ("[/", "/]"),
    };
    format!("{}{before}\"{}\"{after}", node.id, label(&node.lines))
}

fn line(edge: &Edge, graph: &Graph) -> String {
    let arrow = match edge.meaning {
        Meaning::Request => "==>",
        Meaning::Wait => "-->",
        Meaning::Mount | Meaning::Bind => "-.-",
    };
    let (from, to) = (&graph.nodes[edge.from].id, &graph.nodes[edge.to].id);
    format!("{from} {arrow}|\"{}\"| {to}", label(&edge.lines))
}

fn label(lines: &[String]) -> String {
    lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br/>")
}

/// Text as it is shown: neither the end of the label, nor HTML, nor Markdown, nor an entity code of its own.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '&' => out.push_str("#amp;"),
            // They begin a code, a Markdown string and a comment; `$$` begins a formula.
            '#' | '`' | '%' => code(c, &mut out),
            '$' if before == '$' => code(c, &mut out),
            // A line break would end the statement, and what cannot be seen says nothing.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
        before = c;
    }
    out
}

fn code(c: char, out: &mut String) {
    let _ = write!(out, "#{};", u32::from(c));
}

/// A statement on a line of its own. Before it reads, Mermaid takes the last `;` from any `style…:…#…;`, so in a line
/// with such a word no colon may be left.
fn statement(out: &mut String, indent: &str, line: &str) {
    let is_mistaken = ["style", "classDef"].iter().any(|word| line.contains(word));
    let line = if is_mistaken { line.replace(':', "#58;") } else { line.to_owned() };
    let _ = writeln!(out, "{indent}{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_end_itself() {
        assert_eq!(escaped("a \"b\" <c>"), "a #quot;b#quot; #lt;c#gt;");
        assert_eq!(escaped("`a`\n#35;"), "#96;a#96; #35;35;");
        assert_eq!(escaped("$$x$ %%"), "$#36;x$ #37;#37;");
        assert_eq!(escaped("http://${HOST}:80/über_uns"), "http://${HOST}:80/über_uns");
    }

    #[test]
    fn a_line_that_mermaid_would_mend_has_no_colon() {
        let mut out = String::new();
        statement(&mut out, "  ", "service_style[\"style:#quot;\"]");
        statement(&mut out, "", "service_a[\"a:1\"]");
        assert_eq!(out, "  service_style[\"style#58;#quot;\"]\nservice_a[\"a:1\"]\n");
    }
}
