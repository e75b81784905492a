//! DOT (Graphviz docs, "DOT Language").

use std::fmt::Write as _;

use super::{Edge, Graph, Meaning, Node, Shape};

pub(super) fn text(graph: &Graph) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "digraph {{\n    label=\"{}\"\n    labelloc=t", escaped(&graph.title));
    out.push_str("    rankdir=LR\n    graph [fontname=\"sans-serif\"]\n    node [fontname=\"sans-serif\"]\n    edge [fontname=\"sans-serif\"]\n");
    let mut is_grouped = vec![false; graph.nodes.len()];
    for group in &graph.groups {
        // Graphviz draws a frame around what begins with `cluster`.
        let _ = writeln!(out, "    subgraph cluster_{} {{", group.id);
        let _ = writeln!(out, "        label=\"{}\"\n        style=dashed", escaped(&group.label));
        for position in &group.nodes {
            is_grouped[*position] = true;
            let _ = writeln!(out, "        {}", node(&graph.nodes[*position]));
        }
        out.push_str("    }\n");
    }
    for (of_this, _) in graph.nodes.iter().zip(is_grouped).filter(|(_, is_grouped)| !is_grouped) {
        let _ = writeln!(out, "    {}", node(of_this));
    }
    for edge in &graph.edges {
        let _ = writeln!(out, "    {}", line(edge, graph));
    }
    out.push_str("}\n");
    out
}

fn node(node: &Node) -> String {
    let shape = match node.shape {
        Shape::Outside => "shape=ellipse",
        Shape::Proxy => "shape=hexagon",
        Shape::Datastore => "shape=box, style=rounded",
        Shape::Service => "shape=box",
        Shape::Elsewhere => "shape=box, peripheries=2",
        Shape::Volume => "shape=cylinder",
        Shape::Path => "shape=folder",
    };
    format!("{} [{shape}, label=\"{}\"]", node.id, label(&node.lines))
}

fn line(edge: &Edge, graph: &Graph) -> String {
    let style = match edge.meaning {
        Meaning::Request => "penwidth=2, ",
        Meaning::Wait => "",
        Meaning::Mount | Meaning::Bind => "style=dotted, dir=none, ",
    };
    let (from, to) = (&graph.nodes[edge.from].id, &graph.nodes[edge.to].id);
    format!("{from} -> {to} [{style}label=\"{}\"]", label(&edge.lines))
}

fn label(lines: &[String]) -> String {
    lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("\\n")
}

/// Text as it is shown: neither the end of the label, nor one of DOT's escapes, nor an HTML entity.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_end_itself() {
        assert_eq!(escaped(r#"a "b" \N &lt;"#), r#"a \"b\" \\N &amp;lt;"#);
        assert_eq!(escaped("a\nb"), "a b");
    }
}
