//! Texts of programs that name a place in the file system: plain, put together, behind a variable, relative to the file they
//! stand in. What nothing in the sources says is not guessed.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::init::snapshot::{joined, parent};

/// Where generated images have the program.
const PROGRAM: &str = "/app";

/// How many names are followed to what they are given.
const DEEPEST: u8 = 6;

/// How many bytes an expression has at most: nobody writes one that long, and what is never closed has no end.
const LONGEST: usize = 4096;

/// What only says in another way what stands in it.
const WRAPPERS: [&str; 11] = [
    "str",
    "String",
    "Path",
    "pathlib.Path",
    "PurePath",
    "fileURLToPath",
    "url.fileURLToPath",
    "os.path.abspath",
    "os.path.normpath",
    "os.path.realpath",
    "path.normalize",
];

/// What reads a variable, with the default behind its name.
const READERS: [&str; 9] =
    ["os.environ.get", "environ.get", "os.getenv", "getenv", "env", "env.str", "env.path", "config", "decouple.config"];

/// A place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Relative to the directory of the source; from the root where it is elsewhere.
    pub(super) path: String,
    /// Whether more follows that is not known: it lies somewhere in there.
    pub(super) is_open: bool,
    /// The variable that may name another place, and what stands for it otherwise.
    pub(super) variable: Option<(String, String)>,
}

impl Place {
    fn at(path: &str) -> Option<Self> {
        Some(Self { path: cleaned(path)?, ..Self::default() })
    }

    fn with(self, more: &str) -> Option<Self> {
        let path = if more.starts_with('/') { more.to_owned() } else { format!("{}/{more}", self.path) };
        // What begins at the root stays there.
        let path = if self.path.is_empty() { path.trim_start_matches('/').to_owned() } else { path };
        let path = if more.starts_with('/') { cleaned(more)? } else { cleaned(&path)? };
        Some(Self { path, ..self })
    }
}

/// The sources of a program.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    /// The directory of the program.
    pub(super) directory: &'a str,
    /// What the names of its files are given.
    pub(super) names: &'a Names<'a>,
}

/// The names of a file.
type Index<'a> = BTreeMap<&'a str, Given>;

/// What the names of a program's files are given at the beginning of a line, looked up once and not for each question.
#[derive(Debug)]
pub(super) struct Names<'a> {
    files: BTreeMap<&'a str, (&'a str, OnceCell<Index<'a>>)>,
    /// Those in capitals: the files in which they are given something.
    constants: BTreeMap<&'a str, Vec<&'a str>>,
}

/// What a name is given: the line, from 1, and where the value begins in the text.
#[derive(Debug, Clone, Copy)]
struct Given {
    line: usize,
    value: usize,
    /// Whether nothing stands in front of it.
    is_outer: bool,
}

impl<'a> Names<'a> {
    pub(super) fn of(texts: &[(&'a str, &'a str)]) -> Self {
        let mut constants: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (path, text) in texts {
            for (name, _) in assignments(text).filter(|(name, _)| name.chars().all(is_of_constant)) {
                let files = constants.entry(name).or_default();
                if files.last() != Some(path) {
                    files.push(path);
                }
            }
        }
        let files = texts.iter().map(|(path, text)| (*path, (*text, OnceCell::new()))).collect();
        Self { files, constants }
    }

    /// What a name is given in a file.
    fn given(&self, file: &str, name: &str) -> Option<(&'a str, &'a str)> {
        let (path, (text, index)) = self.files.get_key_value(file)?;
        let index = index.get_or_init(|| {
            let mut index = Index::new();
            for (name, given) in assignments(text) {
                if index.get(name).is_none_or(|known| given.replaces(*known)) {
                    index.insert(name, given);
                }
            }
            index
        });
        index.get(name).map(|given| (*path, statement(&text[given.value..])))
    }
}

impl Given {
    /// Of several the last one holds, and one within something only where there is no other.
    fn replaces(self, known: Self) -> bool {
        self.is_outer || !known.is_outer
    }
}

/// The names that are given something at the beginning of a line, and what.
fn assignments(text: &str) -> impl Iterator<Item = (&str, Given)> {
    let mut start = 0;
    text.split_inclusive('\n').enumerate().filter_map(move |(index, line)| {
        let begins = start;
        start += line.len();
        let rest = undeclared(line);
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let after = after.trim_start_matches([' ', '\t']);
        // `NAME: type = value`
        let after = if after.starts_with(':') { &after[after.find('=')?..] } else { after };
        let value = after.strip_prefix('=').filter(|value| !name.is_empty() && !value.starts_with(['=', '>']))?;
        let value = begins + line.len() - value.len();
        Some((name, Given { line: index + 1, value, is_outer: !line.starts_with([' ', '\t']) }))
    })
}

fn is_of_constant(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'
}

/// A line without what stands in front of a name that is declared.
fn undeclared(line: &str) -> &str {
    let words = ["export ", "const ", "let ", "var ", "this.", "self.", "static ", "readonly ", "private "];
    let mut left = line.trim_start();
    while let Some(rest) = words.iter().find_map(|word| left.strip_prefix(word)) {
        left = rest.trim_start();
    }
    left
}

impl Sources<'_> {
    /// The place that an expression in a file names.
    pub(super) fn place(self, file: &str, expression: &str) -> Option<Place> {
        self.read(file, expression, 0)
    }

    fn read(self, file: &str, expression: &str, depth: u8) -> Option<Place> {
        let mut text = expression.trim();
        if depth > DEEPEST || text.is_empty() {
            return None;
        }
        for end in [".resolve()", ".absolute()", ".as_posix()", ".expanduser()", ".toString()"] {
            text = text.strip_suffix(end).unwrap_or(text).trim_end();
        }
        if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'))
            && closes(inner)
        {
            return self.read(file, inner, depth + 1);
        }
        if text.contains("__file__") && !text.contains(['"', '\'']) && split(text, "/").len() == 1 {
            return self.of_python_file(file, text);
        }
        for operator in ["||", "??", " or "] {
            if let [name, default] = split(text, operator).as_slice() {
                return self.behind(file, variable(name)?, default, depth);
            }
        }
        for operator in ["/", "+"] {
            let parts = split(text, operator);
            if let [first, rest @ ..] = parts.as_slice()
                && !rest.is_empty()
            {
                return self.joined(file, first, rest, operator == "+", depth);
            }
        }
        match text {
            "__dirname" | "import.meta.dirname" | "import.meta.dir" => return Place::at(parent(self.inner(file))),
            "process.cwd()" | "os.getcwd()" | "Path.cwd()" | "pathlib.Path.cwd()" => return Place::at(""),
            _ => {}
        }
        if let Some((callee, inside)) = call(text) {
            return self.called(file, callee, inside, depth);
        }
        if text.ends_with(['"', '\'', '`']) {
            return self.literal(file, text, depth);
        }
        let is_name = text.chars().all(|c| c.is_alphanumeric() || "_.$".contains(c));
        let name = text.rsplit('.').next().filter(|_| is_name)?;
        let (place, given) = self.given(file, name)?;
        self.read(place, given, depth + 1)
    }

    /// A file as the program sees it.
    fn inner<'f>(&self, file: &'f str) -> &'f str {
        file.strip_prefix(self.directory).unwrap_or(file).trim_start_matches('/')
    }

    /// `os.path.dirname(os.path.abspath(__file__))`, `Path(__file__).resolve().parent.parent`.
    fn of_python_file(self, file: &str, text: &str) -> Option<Place> {
        let further = text.split("parents[").nth(1).and_then(|rest| rest.split(']').next()?.parse::<usize>().ok());
        let levels = match further {
            Some(number) => number.checked_add(1)?,
            None => text.matches("dirname(").count() + text.matches(".parent").count(),
        };
        let mut path = self.inner(file);
        for _ in 0..levels {
            if path.is_empty() {
                return None;
            }
            path = parent(path);
        }
        Place::at(path)
    }

    /// What stands for a variable that is not set.
    fn behind(self, file: &str, name: String, default: &str, depth: u8) -> Option<Place> {
        let place = self.read(file, default, depth + 1)?;
        let written = text_of(default).unwrap_or_default().to_owned();
        Some(Place { variable: Some((name, written)), ..place })
    }

    fn joined(self, file: &str, first: &str, rest: &[&str], is_glued: bool, depth: u8) -> Option<Place> {
        let mut place = self.read(file, first, depth + 1)?;
        for part in rest {
            let part = part.trim();
            let inner = text_of(part).filter(|inner| !inner.contains(['{', '$']));
            let Some(inner) = inner.map(|inner| if is_glued { inner.trim_start_matches('/') } else { inner }) else {
                return Some(Place { is_open: true, ..place });
            };
            place = place.with(inner)?;
        }
        Some(place)
    }

    fn called(self, file: &str, callee: &str, inside: &str, depth: u8) -> Option<Place> {
        let all = arguments(inside);
        let first = *all.first()?;
        if callee == "new URL" && all.get(1).is_some_and(|base| base.trim() == "import.meta.url") {
            return Place::at(parent(self.inner(file)))?.with(text_of(first.trim())?);
        }
        if WRAPPERS.contains(&callee) {
            return self.joined(file, first, &all[1..], false, depth);
        }
        if READERS.contains(&callee) {
            let default = all.iter().skip(1).map(|argument| argument.trim());
            let mut default = default.map(|text| text.strip_prefix("default=").unwrap_or(text));
            return self.behind(file, text_of(first.trim())?.to_owned(), default.next()?, depth);
        }
        let is_join = matches!(callee.rsplit('.').next(), Some("join" | "resolve" | "joinpath"));
        is_join.then(|| self.joined(file, first, &all[1..], false, depth)).flatten()
    }

    /// A text, in which names may stand.
    fn literal(self, file: &str, text: &str, depth: u8) -> Option<Place> {
        let inner = text_of(text)?;
        let is_made = text.starts_with(['`', 'f', 'F']);
        let Some(at) = inner.find('{').filter(|_| is_made) else {
            return Place::at(inner);
        };
        let start = inner[..at].trim_end_matches('$');
        let (name, rest) = inner[at + 1..].split_once('}')?;
        if start.is_empty() {
            let place = self.read(file, name, depth + 1)?;
            let rest = rest.trim_start_matches('/');
            let known = rest.split(['{', '$']).next().unwrap_or_default();
            return if known.len() == rest.len() {
                place.with(known)
            } else {
                let place = place.with(parent(known))?;
                Some(Place { is_open: true, ..place })
            };
        }
        let known = start.rsplit_once('/')?.0;
        Some(Place { is_open: true, ..Place::at(known)? })
    }

    /// What a name is given, and in which file: in its own, else one in capitals in any.
    fn given(&self, file: &str, name: &str) -> Option<(&str, &str)> {
        let other = || self.names.constants.get(name)?.iter().find_map(|path| self.names.given(path, name));
        self.names.given(file, name).or_else(other)
    }
}

/// The line, from 1, in which a name is given something, and what; the last of several at the beginning of a line.
pub(super) fn assigned<'t>(text: &'t str, name: &str) -> Option<(usize, &'t str)> {
    if !text.contains(name) {
        return None;
    }
    let all = assignments(text).filter(|(known, _)| *known == name).map(|(_, given)| given);
    let given = all.reduce(|known, given| if given.replaces(known) { given } else { known })?;
    Some((given.line, statement(&text[given.value..])))
}

/// What stands until the statement ends.
pub(super) fn statement(text: &str) -> &str {
    let text = shortened(text);
    let mut end = text.len();
    walk(text, |at, c, depth| {
        if depth < 0 || depth == 0 && matches!(c, '\n' | ';') && !text[..at].trim().is_empty() {
            end = at;
            return false;
        }
        true
    });
    text[..end].trim()
}

/// The arguments of a call, from behind its parenthesis; what is left open ends with the text.
pub(super) fn arguments(text: &str) -> Vec<&str> {
    let text = shortened(text);
    let (mut all, mut start, mut end) = (Vec::new(), 0, text.len());
    walk(text, |at, c, depth| {
        if depth < 0 {
            end = at;
            return false;
        }
        if depth == 0 && c == ',' {
            all.push(&text[start..at]);
            start = at + 1;
        }
        true
    });
    all.push(&text[start..end]);
    all.retain(|argument| !argument.trim().is_empty());
    all
}

/// As much of a text as an expression may have.
fn shortened(text: &str) -> &str {
    let end = (0..=LONGEST.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

/// Looks at each character outside of quotes, with how deep it stands in brackets: below zero behind the one that closes
/// what was open before; until `see` has seen enough.
fn walk(text: &str, mut see: impl FnMut(usize, char, i32) -> bool) {
    let mut depth = 0_i32;
    let mut quote: Option<char> = None;
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        if let Some(open) = quote {
            if !is_escaped && c == open {
                quote = None;
            }
            is_escaped = !is_escaped && c == '\\';
            continue;
        }
        match c {
            '"' | '\'' | '`' => quote = Some(c),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if !see(at, c, depth) {
            return;
        }
    }
}

/// The parts between an operator that stands in no brackets and no quotes.
fn split<'t>(text: &'t str, operator: &str) -> Vec<&'t str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    walk(text, |at, _, depth| {
        let is_comment = operator == "/" && (text[at..].starts_with("//") || text[..at].ends_with('/'));
        if depth == 0 && at >= start && text[at..].starts_with(operator) && !is_comment {
            parts.push(&text[start..at]);
            start = at + operator.len();
        }
        true
    });
    parts.push(&text[start..]);
    parts
}

/// Whether every bracket that is closed in a text is opened there.
fn closes(text: &str) -> bool {
    let mut is_whole = true;
    walk(text, |_, _, depth| {
        is_whole &= depth >= 0;
        is_whole
    });
    is_whole
}

/// What is called, and what with, where a text is one call.
fn call(text: &str) -> Option<(&str, &str)> {
    let (callee, rest) = text.split_once('(')?;
    let inside = rest.strip_suffix(')').filter(|inside| closes(inside))?;
    let is_name = callee.chars().all(|c| c.is_alphanumeric() || "_. ".contains(c));
    is_name.then_some((callee.trim(), inside))
}

/// What stands in quotes, where a text is nothing else.
pub(super) fn text_of(text: &str) -> Option<&str> {
    let text = text.trim();
    let text = text.trim_start_matches(['f', 'F', 'r', 'R', 'b', 'u']);
    let quote = text.chars().next().filter(|c| "\"'`".contains(*c))?;
    let inner = text[1..].strip_suffix(quote)?;
    (!inner.contains(quote) && !inner.contains(['\\', '\n'])).then_some(inner)
}

/// The variable that an expression reads: `process.env.DB_FILE`, `os.environ.get("DB_FILE")`.
pub(super) fn variable(text: &str) -> Option<String> {
    let named = |name: &str| {
        let is_name = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        is_name.then(|| name.to_owned())
    };
    if !text.contains("env") && !text.contains("config") {
        return None;
    }
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.len() > 1).filter_map(named).next_back()
}

/// A path without what means nothing; none where it leads out of the source, or is none.
fn cleaned(path: &str) -> Option<String> {
    let is_path = path.chars().all(|c| c.is_ascii_alphanumeric() || "./_-".contains(c));
    if !is_path || path.contains("//") {
        return None;
    }
    let Some(rest) = path.strip_prefix('/') else { return crate::plan::clean_path(path) };
    let rest = crate::plan::clean_path(rest)?;
    let own = PROGRAM.trim_start_matches('/');
    match rest.strip_prefix(own) {
        Some("") => Some(String::new()),
        Some(inner) if inner.starts_with('/') => Some(inner[1..].to_owned()),
        _ => Some(format!("/{rest}")),
    }
}

/// The place in the container.
pub(in crate::init) fn in_container(path: &str, below: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { joined(PROGRAM, &joined(below, path)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_where_the_sources_say_it() {
        let file = "shop/src/db/open.js";
        let text = "const HERE = path.join(__dirname, '../../data');\nconst other = process.env.DATA ?? './var';\n";
        let python = "BASE_DIR = Path(__file__).resolve().parent.parent\nROOT: Path = BASE_DIR / 'media'\n";
        let texts = [(file, text), ("shop/core/settings.py", python)];
        let names = Names::of(&texts);
        let sources = Sources { directory: "shop", names: &names };
        let at = |file: &str, expression: &str| sources.place(file, expression).map(|place| place.path);
        for (expression, expected) in [
            ("'data'", Some("data")),
            ("\"./data/log.txt\"", Some("data/log.txt")),
            ("'/data/x.db'", Some("/data/x.db")),
            ("'/app/data'", Some("data")),
            ("HERE", Some("data")),
            ("path.join(HERE, 'a', 'b.db')", Some("data/a/b.db")),
            ("path.resolve(process.cwd(), 'uploads')", Some("uploads")),
            ("__dirname + '/../x.db'", Some("src/x.db")),
            ("`${HERE}/x.db`", Some("data/x.db")),
            ("`logs/${name}.log`", Some("logs")),
            ("process.env.DB_FILE || 'data/kanban.db'", Some("data/kanban.db")),
            ("new URL('../../data/x.db', import.meta.url)", Some("data/x.db")),
            ("other", Some("var")),
            ("'../../../../x'", None),
            ("'https://example.com/x'", None),
            ("':memory:'", None),
            ("whatever", None),
            ("os.tmpdir()", None),
        ] {
            assert_eq!(at(file, expression).as_deref(), expected, "{expression}");
        }
        for (expression, expected) in [
            ("BASE_DIR / 'db.sqlite3'", Some("db.sqlite3")),
            ("os.path.join(BASE_DIR, \"staticfiles\")", Some("staticfiles")),
            ("settings.ROOT / name", Some("media")),
            ("str(ROOT / 'a')", Some("media/a")),
            ("os.path.join(os.path.dirname(os.path.dirname(__file__)), 'x')", Some("x")),
            ("os.environ.get('REPORTS', '/var/reports')", Some("/var/reports")),
            ("env(\"STATIC\", default=\"static\")", Some("static")),
            ("f\"{ROOT}/x.db\"", Some("media/x.db")),
        ] {
            assert_eq!(at("shop/core/settings.py", expression).as_deref(), expected, "{expression}");
        }
        let place = sources.place(file, "process.env.DB_FILE || 'kanban.db'").unwrap();
        assert_eq!(place.variable, Some(("DB_FILE".to_owned(), "kanban.db".to_owned())));
        assert!(sources.place(file, "path.join(HERE, name)").unwrap().is_open);
    }
}
