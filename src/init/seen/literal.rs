//! What stands behind a key of a configuration in JavaScript, TypeScript, or JSON with comments, without running it.

/// What stands behind a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Missing,
    Text(String),
    /// No text, or several.
    Other,
}

/// What stands behind a key, from there to the end of the text, as often as it is there.
fn values<'t>(text: &'t str, key: &str) -> impl Iterator<Item = &'t str> {
    text.match_indices(key).map(|(at, _)| at).filter_map(move |at| {
        let is_part = |c: char| c.is_alphanumeric() || "_$-.".contains(c);
        let (before, after) = (&text[..at], &text[at + key.len()..]);
        if before.ends_with(is_part) || after.starts_with(is_part) {
            return None;
        }
        let after = after.trim_start_matches(['"', '\'']).trim_start();
        after.strip_prefix(':').map(str::trim_start)
    })
}

/// The text behind a key of a configuration, in JSON with comments or in JavaScript.
pub(super) fn literal(text: &str, key: &str) -> Literal {
    let text = without_comments(text);
    let mut found = Literal::Missing;
    for value in values(&text, key) {
        let quote = value.chars().next().filter(|c| "\"'`".contains(*c));
        let inner = quote.and_then(|quote| value[1..].split_once(quote)).map(|(inner, _)| inner);
        let inner = inner.filter(|inner| !inner.is_empty() && !inner.contains(['$', '\\', '\n']));
        let one = inner.map_or(Literal::Other, |inner| Literal::Text(inner.to_owned()));
        found = if found == Literal::Missing || found == one { one } else { Literal::Other };
    }
    found
}

/// The members of every object that stands behind a key: their names, without quotes, and their values as they are written.
/// None where something else stands there.
pub(super) fn members(text: &str, key: &str) -> Option<Vec<(String, String)>> {
    let text = without_comments(text);
    let mut all = Vec::new();
    for value in values(&text, key) {
        let inner = value.strip_prefix('{')?;
        let mut rest = inner;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            if rest.starts_with('}') {
                break;
            }
            let quote = rest.chars().next().filter(|c| "\"'`".contains(*c));
            let (name, behind) = match quote {
                Some(quote) => rest[1..].split_once(quote)?,
                None => rest.split_at(rest.find(|c: char| !(c.is_alphanumeric() || "_$".contains(c)))?),
            };
            let behind = behind.trim_start().strip_prefix(':')?.trim_start();
            let end = end_of_value(behind)?;
            all.push((name.to_owned(), behind[..end].trim_end().to_owned()));
            rest = &behind[end..];
        }
    }
    Some(all)
}

/// Where a value ends: before the comma or the bracket that is not its own.
fn end_of_value(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), _) => quote = Some(open).filter(|open| *open != c),
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '{' | '[' | '(') => depth += 1,
            (None, ',' | '}' | ']' | ')') if depth == 0 => return Some(at),
            (None, '}' | ']' | ')') => depth -= 1,
            _ => {}
        }
    }
    None
}

/// A text in JavaScript, or in JSON as tsconfig.json is, without its comments.
fn without_comments(text: &str) -> String {
    let mut done = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut quote: Option<char> = None;
    while let Some(c) = chars.next() {
        match (quote, c, chars.peek()) {
            (Some(_), '\\', _) => {
                done.push(c);
                done.extend(chars.next());
            }
            (Some(open), _, _) => {
                // A text ends with its line, but for those in backticks.
                quote = quote.filter(|_| c != open && (c != '\n' || open == '`'));
                done.push(c);
            }
            (None, '/', Some('/')) => while chars.next_if(|c| *c != '\n').is_some() {},
            (None, '/', Some('*')) => {
                let mut last = ' ';
                chars.next();
                while let Some(c) = chars.next().filter(|c| !(last == '*' && *c == '/')) {
                    last = c;
                }
            }
            _ => {
                quote = "\"'`".contains(c).then_some(c);
                done.push(c);
            }
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_a_configuration_is_read_where_it_is_a_plain_text() {
        let text = |text: &str| Literal::Text(text.to_owned());
        for (file, expected) in [
            ("export default {server:{port:5199},build:{outDir:\"out\"}}", text("out")),
            (
                "{ // \"outDir\": \"old\"\n \"compilerOptions\": { /* x */ \"outDir\" : \"./build\", } }",
                text("./build"),
            ),
            ("{ \"a\": \"http://x\", outDir: 'lib' }", text("lib")),
            ("{ outDir: resolve(here, \"out\") }", Literal::Other),
            ("{ outDir: `${x}/y` }", Literal::Other),
            ("{ outDir: \"a\", b: { outDir: \"b\" } }", Literal::Other),
            ("{ declarationoutDir: \"a\", outDirs: \"b\", emptyOutDir: true }", Literal::Missing),
            ("/* outDir: \"a\"", Literal::Missing),
            ("", Literal::Missing),
        ] {
            assert_eq!(literal(file, "outDir"), expected, "{file}");
        }
    }

    #[test]
    fn members_of_an_object_are_told_apart() {
        let file = "export default { server: { port: 1, proxy: { // to the API\n '/api': 'http://localhost:4000', \
                    \"/ws\": { target: `http://${host}:4001`, ws: true, rewrite: (p) => p.replace(/^\\/ws/, '') }, } } }";
        let found = members(file, "proxy").expect("an object");
        assert_eq!(found[0], ("/api".to_owned(), "'http://localhost:4000'".to_owned()));
        assert_eq!(found[1].0, "/ws");
        assert!(found[1].1.starts_with("{ target") && found[1].1.ends_with('}'), "{found:?}");
        assert_eq!(found.len(), 2);
        assert_eq!(members("{ proxy: targets, }", "proxy"), None);
        assert_eq!(members("{ proxy: { ...targets } }", "proxy"), None);
        assert_eq!(members("{ proxy: { 'a': { ", "proxy"), None);
        assert_eq!(members("{ port: 1 }", "proxy"), Some(Vec::new()));
    }
}
