//! What Python reads: `os.environ` and `os.getenv` under whatever name, the libraries that stand before them, and the
//! fields of pydantic's settings.

mod helpers;
pub(super) mod lexer;
mod names;
mod need;
mod settings;

use super::read::{Class, Helper, Need, Read, Scan, is_name};
use super::tokens::Tokens;

/// What a file has in it, at the least, that reads a variable or makes a class that does.
const TRACES: [&str; 8] = ["environ", "getenv", "Settings", "decouple", "Config(", "Env(", "envvar", "expandvars"];

/// Looks at a file.
pub(super) fn scan(text: &str) -> Scan {
    if !TRACES.iter().any(|trace| text.contains(trace)) {
        return Scan::default();
    }
    let tokens = lexer::tokens(text);
    let mut scanner = Scanner { text, tokens, names: Names::default(), out: Scan::default() };
    scanner.imports();
    scanner.aliases();
    scanner.reads();
    scanner.classes();
    scanner.own_calls();
    scanner.of_main();
    scanner.out.settle();
    scanner.out
}

/// What a file reads by calling functions of other files.
pub(super) fn scan_calls(text: &str, helpers: &[Helper]) -> Vec<Read> {
    if !helpers.iter().any(|helper| text.contains(helper.name.as_str())) {
        return Vec::new();
    }
    let mut scanner = Scanner { text, tokens: lexer::tokens(text), names: Names::default(), out: Scan::default() };
    scanner.calls(helpers, false);
    scanner.out.settle();
    scanner.out.reads
}

/// Methods of a reader that read no variable of a name.
const OTHERS: [&str; 7] = ["read_env", "read_envfile", "seal", "dump", "parser_for", "add_parser", "prefixed"];

pub(super) use settings::resolve;

/// What is known under which names.
#[derive(Debug, Default)]
struct Names<'t> {
    /// The module `os`.
    os: Vec<&'t str>,
    /// The environment, as a mapping.
    environ: Vec<&'t str>,
    /// `os.getenv`.
    getenv: Vec<&'t str>,
    /// What is called with the name of a variable, and complains where it is not there: decouple, environs, starlette.
    readers: Vec<&'t str>,
    /// What `readers` are made of.
    makers: Vec<&'t str>,
    /// Variables with a default that a reader was made with.
    defaults: Vec<&'t str>,
}

struct Scanner<'t> {
    text: &'t str,
    tokens: Tokens<'t>,
    names: Names<'t>,
    out: Scan,
}

impl Scanner<'_> {
    fn reads(&mut self) {
        for index in 0..self.tokens.len() {
            if let Some(end) = self.environ(index) {
                self.mapping(index, end);
            } else if self.tokens.is_name(index) {
                self.function(index);
            }
        }
    }

    fn push(&mut self, name: &str, start: usize, last: usize, need: Need) {
        if is_name(name) {
            let mut read = Read::new(name, self.tokens.span(start, last), need);
            // `os.getenv("A") or os.getenv("B")`, `os.getenv("A", os.getenv("B"))`
            let before = self.out.reads.last();
            if self.tokens.before(start, 1) == "or"
                && let Some(before) = before
                && Some(before.span.end) == start.checked_sub(2).map(|at| self.tokens.span(at, at).end)
            {
                read.behind = before.behind.iter().chain(&before.names).cloned().collect();
            } else if self.tokens.before(start, 1) == ","
                && let Some(before) = before
                && before.span.contains(&read.span.start)
            {
                read.behind.clone_from(&before.names);
            }
            self.out.reads.push(read);
        }
    }

    /// Marks the reads below `if __name__ == "__main__":`.
    fn of_main(&mut self) {
        let tokens = &self.tokens;
        for index in 0..tokens.len() {
            let is_head = tokens.are(index, &["if", "__name__", "=="]) && tokens.is_line(index.wrapping_sub(1));
            if !is_head || tokens.string(index + 3) != Some("__main__") {
                continue;
            }
            let indent = tokens.indent(index - 1);
            let mut end = tokens.next_line(index);
            while end < tokens.len() && tokens.indent(end) > indent {
                end = tokens.next_line(end);
            }
            let block = tokens.span(index, end.saturating_sub(1));
            for read in self.out.reads.iter_mut().filter(|read| block.contains(&read.span.start)) {
                read.of_main = true;
            }
        }
    }

    /// What is done with the environment from one token to another.
    fn mapping(&mut self, start: usize, end: usize) {
        let tokens = &self.tokens;
        match tokens.text(end) {
            "[" => {
                let close = tokens.pair(end);
                let is_set = tokens.text(close + 1) == "=";
                let is_deleted = tokens.before(start, 1) == "del";
                match tokens.string(end + 1) {
                    Some(name) if close == end + 2 && (is_set || is_deleted) => self.out.set.push(name.to_owned()),
                    Some(name) if close == end + 2 => {
                        let need = self.need_of_item(start, close);
                        self.push(name, start, close, need);
                    }
                    _ if is_set || is_deleted => {}
                    _ => self.variable(start, end + 1, close, close == end + 2, true),
                }
            }
            "." => {
                let open = end + 2;
                let close = tokens.pair(open);
                match tokens.text(end + 1) {
                    "get" | "pop" if tokens.text(open) == "(" => {
                        let is_pop = tokens.text(end + 1) == "pop";
                        self.call(start, open, close, if is_pop { Need::Demanded } else { Need::Bare });
                    }
                    "setdefault" => {
                        if let Some(name) = tokens.string(open + 1) {
                            self.out.set.push(name.to_owned());
                            self.push(name, start, close, Need::Fallback);
                        }
                    }
                    "update" => self.updated(open, close),
                    "copy" if self.assigned(start).is_some() => {}
                    _ => self.out.unknown.push(tokens.span(start, open)),
                }
            }
            _ => self.whole(start, end),
        }
    }

    /// `os.environ.update(NAME="…")`, `os.environ.update({"NAME": "…"})`
    fn updated(&mut self, open: usize, close: usize) {
        for at in open + 1..close {
            let name = match (self.tokens.string(at), self.tokens.text(at + 1)) {
                (Some(name), ":") => name,
                (None, "=") if self.tokens.is_name(at) => self.tokens.text(at),
                _ => continue,
            };
            self.out.set.push(name.to_owned());
        }
    }

    /// The whole environment, asked or handed on.
    fn whole(&mut self, start: usize, end: usize) {
        let tokens = &self.tokens;
        // `from os import environ`
        if matches!(tokens.text(tokens.line_of(start) + 1), "from" | "import") {
            return;
        }
        if tokens.before(start, 1) == "in" {
            let at = if tokens.before(start, 2) == "not" { start.checked_sub(3) } else { start.checked_sub(2) };
            if let Some(at) = at {
                if let Some(name) = tokens.string(at) {
                    let need = if self.gives_up_after(start) { Need::Demanded } else { Need::Fallback };
                    self.push(name, at, end - 1, need);
                    return;
                }
                let is_loop = tokens.before(at, 1) == "for" && !tokens.is_line(at);
                if tokens.is_name(at) && !is_loop {
                    self.variable(start, at, end - 1, true, false);
                    return;
                }
            }
        }
        let is_copied = tokens.before(start, 1) == "(" && tokens.before(start, 2) == "dict";
        let from = if is_copied { start - 2 } else { start };
        if self.assigned(from).is_some_and(|name| self.names.environ.contains(&name)) && !self.is_argument(from) {
            return;
        }
        self.out.unknown.push(tokens.span(start, end - 1));
    }

    /// Whether `name=…` before a token is an argument of a call.
    fn is_argument(&self, start: usize) -> bool {
        let line = self.tokens.line_of(start);
        let open = (line..start).rev().find(|at| self.tokens.text(*at) == "(" && self.tokens.pair(*at) > start);
        open.is_some() && !matches!(self.tokens.text(line + 1), "def" | "async")
    }

    /// A call of a function that reads a variable.
    fn function(&mut self, index: usize) {
        let tokens = &self.tokens;
        let text = tokens.text(index);
        if tokens.before(index, 1) == "." {
            return;
        }
        if self.names.os.contains(&text) && tokens.text(index + 1) == "." {
            match tokens.text(index + 2) {
                "getenv" | "getenvb" => self.call(index, index + 3, tokens.pair(index + 3), Need::Bare),
                "path" if tokens.are(index + 3, &[".", "expandvars", "("]) => self.expanded(index + 6),
                _ => {}
            }
            return;
        }
        if self.names.getenv.contains(&text) && tokens.text(index + 1) == "(" {
            self.call(index, index + 1, tokens.pair(index + 1), Need::Bare);
            return;
        }
        if self.names.readers.contains(&text) && !tokens.is_line(index + 1) {
            self.reader(index);
            return;
        }
        // click and typer
        if text == "envvar" && tokens.text(index + 1) == "=" {
            let end = if tokens.text(index + 2) == "[" { tokens.pair(index + 2) } else { index + 3 };
            for at in index + 2..end.max(index + 3) {
                if let Some(name) = self.tokens.string(at).filter(|name| is_name(name)) {
                    self.out.reads.push(Read::new(name, self.tokens.span(at, at), Need::Fallback));
                }
            }
        }
    }

    /// The variables in the text of `os.path.expandvars("$NAME/…")`.
    fn expanded(&mut self, at: usize) {
        let Some(text) = self.tokens.string(at) else {
            self.out.unknown.push(self.tokens.span(at, at));
            return;
        };
        for part in text.split('$').skip(1) {
            let part = part.trim_start_matches('{');
            let length = part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(part.len());
            if is_name(&part[..length]) {
                self.out.reads.push(Read::new(&part[..length], self.tokens.span(at, at), Need::Bare));
            }
        }
    }

    /// A call that is given the name of a variable, and perhaps what it is without.
    fn call(&mut self, start: usize, open: usize, close: usize, need: Need) {
        if self.tokens.text(open) != "(" || close <= open {
            return;
        }
        let first = if self.tokens.are(open + 1, &["key", "="]) { open + 3 } else { open + 1 };
        let default =
            (first + 1..close).find(|at| self.tokens.text(*at) == ",").map(|at| at + 1).filter(|at| *at < close);
        let default = default.map(|at| if self.tokens.are(at, &["default", "="]) { at + 2 } else { at });
        let Some(name) = self.tokens.string(first) else {
            self.variable(start, first, close, first + 1 == close || default == Some(first + 2), false);
            return;
        };
        let need = match default {
            // `None` that is named is meant; a check behind it says more.
            Some(_) if self.need(start, close) == Need::Demanded => Need::Demanded,
            Some(_) => Need::Fallback,
            None if need == Need::Bare => self.need(start, close),
            None => need,
        };
        self.push(name, start, close, need);
    }

    /// decouple's `config("NAME")`, environs' `env.int("NAME")`, django-environ's `env.db()`.
    fn reader(&mut self, index: usize) {
        let tokens = &self.tokens;
        let method = if tokens.text(index + 1) == "." { tokens.text(index + 2) } else { "" };
        let open = if method.is_empty() { index + 1 } else { index + 3 };
        if tokens.text(open) != "(" {
            return;
        }
        if OTHERS.contains(&method) {
            // Names are put together.
            if method == "prefixed" {
                self.out.unknown.push(tokens.span(index, open));
            }
            return;
        }
        let close = tokens.pair(open);
        let default = (open + 1..close).find(|at| {
            tokens.are(*at, &["default", "="])
                || tokens.are(*at, &["missing", "="])
                || tokens.are(*at, &["load_default", "="])
        });
        let second = tokens.text(open + 2) == "," && tokens.text(open + 4) != "=" && open + 3 < close;
        // starlette's second argument is a type, decouple's is a default.
        let has_default = default.is_some() || (second && !self.text.contains("starlette"));
        let need = if has_default { Need::Fallback } else { Need::Demanded };
        let name = match tokens.string(open + 1) {
            Some(name) => name,
            None if close == open + 1 || default.is_some() => match method {
                "db" | "db_url" => "DATABASE_URL",
                "cache" | "cache_url" => "CACHE_URL",
                "email" | "email_url" => "EMAIL_URL",
                "search_url" => "SEARCH_URL",
                _ => return,
            },
            None => {
                self.variable(index, open + 1, close, tokens.is_name(open + 1), false);
                return;
            }
        };
        let need = if self.names.defaults.contains(&name) { Need::Fallback } else { need };
        self.push(name, index, close, need);
    }

    /// A read of the variable whose name is the value of the token at `name`.
    fn variable(&mut self, start: usize, name: usize, last: usize, is_alone: bool, is_item: bool) {
        let tokens = &self.tokens;
        if is_alone && tokens.is_name(name) {
            if let Some(texts) = self.texts_of(name) {
                let need = if is_item { Need::Bare } else { self.need(start, last) };
                let need = if tokens.before(start, 1) == "in" { Need::Fallback } else { need };
                let need = if self.gives_up_after(start) { Need::Demanded } else { need };
                for at in texts {
                    if let Some(text) = self.tokens.string(at).filter(|text| is_name(text)) {
                        self.out.reads.push(Read::new(text, self.tokens.span(at, at), need));
                    }
                }
                return;
            }
            if let Some(helper) = self.helper(name, start, last, is_item) {
                if !self.out.helpers.contains(&helper) {
                    self.out.helpers.push(helper);
                }
                return;
            }
        }
        self.out.unknown.push(self.tokens.span(start, last));
    }

    /// The strings of which the name at a token is one after the other.
    fn texts_of(&self, name: usize) -> Option<Vec<usize>> {
        let tokens = &self.tokens;
        let word = tokens.text(name);
        let is_loop = |index: &usize| {
            tokens.text(*index) == word && tokens.before(*index, 1) == "for" && tokens.text(index + 1) == "in"
        };
        // In a comprehension the loop stands behind.
        let line = tokens.line_of(name);
        let end = tokens.next_line(name);
        let around = (line..end).find(is_loop);
        if let Some(found) = around.or_else(|| (0..name).rev().find(is_loop)) {
            return self.list_at(found + 2);
        }
        let constant = (0..tokens.len()).find(|index| {
            tokens.text(*index) == word
                && tokens.is_line(index.wrapping_sub(1))
                && tokens.text(index + 1) == "="
                && tokens.string(index + 2).is_some()
                && tokens.is_line(index + 3)
        })?;
        (!self.is_parameter(name)).then(|| vec![constant + 2])
    }

    fn list_at(&self, at: usize) -> Option<Vec<usize>> {
        let tokens = &self.tokens;
        if matches!(tokens.text(at), "[" | "(" | "{") {
            let close = tokens.pair(at);
            let inner = at + 1..close;
            let is_plain = inner.clone().all(|index| tokens.string(index).is_some() || tokens.text(index) == ",");
            return is_plain.then(|| inner.filter(|index| tokens.string(*index).is_some()).collect());
        }
        let name = tokens.text(at);
        let declared = (0..tokens.len()).find(|index| {
            tokens.text(*index) == name
                && tokens.is_line(index.wrapping_sub(1))
                && matches!(tokens.text(index + 1), "=" | ":")
        })?;
        let assign = (declared + 1..declared + 12).find(|index| tokens.text(*index) == "=")?;
        matches!(tokens.text(assign + 1), "[" | "(" | "{").then(|| self.list_at(assign + 1)).flatten()
    }

    /// Classes whose fields may be variables.
    fn classes(&mut self) {
        if self.text.contains("Settings") {
            let found = settings::classes(&self.tokens, self.text);
            self.out.classes = found;
        }
    }
}

/// The reads of the fields of a class.
pub(super) fn fields(class: &Class, family: &settings::Family) -> Vec<Read> {
    settings::reads(class, family)
}

#[cfg(test)]
mod tests;
