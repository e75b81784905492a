//! What JavaScript and TypeScript read: `process.env` and the like, under whatever name, in every spelling that the
//! language has for it, and the schemas that check it.

mod helpers;
pub(super) mod lexer;
mod libraries;
mod load;
mod names;
mod need;
mod nest;
mod schemas;
mod scopes;

use std::collections::BTreeMap;

use scopes::{Alias, Declared};

use super::read::{Helper, Need, Read, Scan, is_name};
use super::tokens::{Kind, Tokens};

/// What a file has in it, at the least, that reads a variable.
const TRACES: [&str; 5] = ["env", "Env", "ConfigService", "convict", "validationSchema"];

/// Methods that are called with each of a list.
const EACH: [&str; 8] = ["forEach", "map", "filter", "every", "some", "find", "flatMap", "reduce"];

/// What Vite says itself of `import.meta.env` (Vite docs, "Env Variables and Modes").
const VITES_OWN: [&str; 5] = ["MODE", "BASE_URL", "PROD", "DEV", "SSR"];

/// Looks at a file.
pub(super) fn scan(text: &str) -> Scan {
    if !TRACES.iter().any(|trace| text.contains(trace)) {
        return Scan::default();
    }
    let tokens = lexer::tokens(text);
    let mut scanner = Scanner { text, tokens, aliases: Vec::new(), declared: BTreeMap::new(), out: Scan::default() };
    scanner.declarations();
    scanner.imports();
    scanner.aliases();
    scanner.objects();
    scanner.libraries();
    scanner.schemas();
    scanner.own_calls();
    scanner.out.settle();
    scanner.loads();
    scanner.out
}

/// What a file reads by calling functions of other files.
pub(super) fn scan_calls(text: &str, helpers: &[Helper]) -> Vec<Read> {
    if !helpers.iter().any(|helper| text.contains(helper.name.as_str())) {
        return Vec::new();
    }
    let mut scanner = Scanner {
        text,
        tokens: lexer::tokens(text),
        aliases: Vec::new(),
        declared: BTreeMap::new(),
        out: Scan::default(),
    };
    scanner.calls(helpers, false);
    scanner.out.settle();
    scanner.out.reads
}

struct Scanner<'t> {
    text: &'t str,
    tokens: Tokens<'t>,
    /// Names under which the environment is known.
    aliases: Vec<Alias<'t>>,
    /// Where each name is declared, in the order of the file.
    declared: BTreeMap<&'t str, Vec<Declared<'t>>>,
    out: Scan,
}

/// A place where the whole environment stands: its first token, the one behind it, and whether it is that of a build.
#[derive(Debug, Clone, Copy)]
struct Whole {
    start: usize,
    end: usize,
    is_meta: bool,
}

impl<'t> Scanner<'t> {
    /// The environment that begins at a token.
    fn whole(&self, start: usize) -> Option<Whole> {
        let tokens = &self.tokens;
        let dotted = |index: usize| matches!(tokens.text(index), "." | "?.");
        let (mut end, is_meta) = match tokens.text(start) {
            "process" | "Bun" | "Deno" if dotted(start + 1) && tokens.text(start + 2) == "env" => (start + 3, false),
            "process" if tokens.text(start + 1) == "[" && tokens.string(start + 2) == Some("env") => (start + 4, false),
            "import"
                if tokens.are(start, &["import", ".", "meta"])
                    && dotted(start + 3)
                    && tokens.text(start + 4) == "env" =>
            {
                (start + 5, true)
            }
            _ if tokens.is_name(start) && self.is_alias(start) => {
                let before = tokens.before(start, 1);
                let after = tokens.text(start + 1);
                let is_key = after == ":" && matches!(before, "{" | ",");
                let is_declared =
                    matches!(before, "const" | "let" | "var" | "function") || (after == ":" && before == "(");
                if matches!(before, "." | "?.") || is_key || is_declared || after == "=>" || after == "=" {
                    return None;
                }
                (start + 1, false)
            }
            _ => return None,
        };
        // `(process.env as Record<string, string>).NAME`, `process.env!.NAME`
        let mut first = start;
        loop {
            if tokens.text(end) == "!" && matches!(tokens.text(end + 1), "." | "[" | ")") {
                end += 1;
            }
            let open = first.checked_sub(1).filter(|open| tokens.text(*open) == "(");
            let close = open.map(|open| tokens.pair(open)).filter(|close| *close >= end);
            match (open, close) {
                (Some(open), Some(close)) if close == end || tokens.text(end) == "as" => {
                    // An argument of a call is one still.
                    if tokens.is_name(open.wrapping_sub(1)) && !matches!(tokens.before(open, 1), "return" | "in" | "of")
                    {
                        break;
                    }
                    first = open;
                    end = close + 1;
                }
                _ => break,
            }
        }
        Some(Whole { start, end, is_meta })
    }

    /// The name that what begins at a token is assigned to, or is the default of.
    fn assigned(&self, start: usize) -> Option<&'t str> {
        self.assigned_at(start).map(|at| self.tokens.text(at))
    }

    /// The token of that name.
    fn assigned_at(&self, start: usize) -> Option<usize> {
        let mut at = start.checked_sub(1)?;
        while self.tokens.text(at) == "(" {
            at = at.checked_sub(1)?;
        }
        if self.tokens.text(at) != "=" {
            return None;
        }
        let last = at.checked_sub(1)?;
        // Behind a type the name stands before its colon.
        for back in 0..16 {
            let index = last.checked_sub(back)?;
            if self.tokens.text(index) == ":" {
                let name = index.checked_sub(1)?;
                let name = if self.tokens.text(name) == "?" { name.checked_sub(1)? } else { name };
                return self.tokens.is_name(name).then_some(name);
            }
            if matches!(self.tokens.text(index), "const" | "let" | "var" | "(" | "," | ";" | "{" | "}" | "=") {
                break;
            }
        }
        let is_member = matches!(self.tokens.before(last, 1), "." | "?.");
        (self.tokens.is_name(last) && !is_member).then_some(last)
    }

    /// What is done with the environment, wherever it stands.
    fn objects(&mut self) {
        for index in 0..self.tokens.len() {
            if let Some(whole) = self.whole(index) {
                self.object(whole);
            }
        }
    }

    fn object(&mut self, whole: Whole) {
        let Whole { start, end, is_meta } = whole;
        match self.tokens.text(end) {
            // `?.["NAME"]`
            "?." if self.tokens.text(end + 1) == "[" => self.indexed(whole, end + 1),
            "." | "?." => {
                let name = self.tokens.text(end + 1);
                // `hasOwnProperty("NAME")`, `Deno.env.get("NAME")`
                if self.tokens.text(end + 2) == "(" {
                    self.method(whole, name, end + 2);
                } else if is_name(name) && !(is_meta && VITES_OWN.contains(&name)) {
                    self.read(name, start, end + 1, is_meta);
                }
            }
            "[" => self.indexed(whole, end),
            _ => self.whole_object(whole),
        }
    }

    /// A read of a name, from one token to another.
    fn read(&mut self, name: &str, start: usize, last: usize, is_meta: bool) {
        let after = self.tokens.text(last + 1);
        if after == "=" || self.tokens.before(start, 1) == "delete" {
            self.out.set.push(name.to_owned());
            return;
        }
        let mut read = Read::new(name, self.tokens.span(start, last), self.need_there(self.need(start, last), start));
        if matches!(after, "??=" | "||=") {
            self.out.set.push(name.to_owned());
        }
        read.baked = is_meta;
        // `process.env.A ?? process.env.B`
        if matches!(self.tokens.before(start, 1), "??" | "||")
            && let Some(before) = self.out.reads.last()
            && Some(before.span.end) == start.checked_sub(2).map(|token| self.tokens.span(token, token).end)
        {
            read.behind = before.behind.iter().chain(&before.names).cloned().collect();
        }
        self.out.reads.push(read);
    }

    fn method(&mut self, whole: Whole, method: &str, open: usize) {
        let Whole { start, is_meta, .. } = whole;
        match (method, self.tokens.string(open + 1)) {
            ("hasOwnProperty" | "has", Some(name)) if is_name(name) => {
                self.out.reads.push(Read::new(name, self.tokens.span(start, open + 2), Need::Fallback));
            }
            ("get", Some(name)) if is_name(name) => self.read(name, start, self.tokens.pair(open), is_meta),
            ("set" | "delete", Some(name)) => self.out.set.push(name.to_owned()),
            ("get" | "has", None) if self.tokens.is_name(open + 1) => {
                self.variable(whole, open + 1, self.tokens.pair(open));
            }
            _ => self.out.unknown.push(self.tokens.span(start, open)),
        }
    }

    fn indexed(&mut self, whole: Whole, open: usize) {
        let close = self.tokens.pair(open);
        if close <= open {
            return;
        }
        match self.tokens.string(open + 1) {
            Some(name) if close == open + 2 => {
                if is_name(name) {
                    self.read(name, whole.start, close, whole.is_meta);
                }
            }
            _ if close == open + 2 && self.tokens.is_name(open + 1) => self.variable(whole, open + 1, close),
            _ => self.out.unknown.push(self.tokens.span(whole.start, close)),
        }
    }

    /// A read of the variable whose name is the value of the token at `name`.
    fn variable(&mut self, whole: Whole, name: usize, last: usize) {
        if self.tokens.text(last + 1) == "=" {
            return;
        }
        if let Some(texts) = self.texts_of(name) {
            let need = match self.need(whole.start, last) {
                Need::Fallback if self.complains_of_list(whole.start) => Need::Demanded,
                need => need,
            };
            for at in texts {
                if let Some(text) = self.tokens.string(at).filter(|text| is_name(text)) {
                    self.out.reads.push(Read::new(text, self.tokens.span(at, at), need));
                }
            }
        } else if let Some(helper) = self.helper(name) {
            if !self.out.helpers.contains(&helper) {
                self.out.helpers.push(helper);
            }
        } else {
            self.out.unknown.push(self.tokens.span(whole.start, last));
        }
    }

    /// The whole environment, given to somebody.
    fn whole_object(&mut self, whole: Whole) {
        let Whole { start, end, .. } = whole;
        let before = self.tokens.before(start, 1);
        // `"NAME" in process.env`
        if before == "in" {
            if let Some(name) = start.checked_sub(2).and_then(|at| self.tokens.string(at)).filter(|name| is_name(name))
            {
                self.out.reads.push(Read::new(name, self.tokens.span(start - 2, end - 1), Need::Fallback));
                return;
            }
        } else if before == "=" {
            // `const { NAME, OTHER: local = "…" } = process.env`
            if let Some(close) = self.pattern_before(start - 1) {
                self.destructured(close, whole);
                return;
            }
            if self.assigned(start).is_some() {
                return;
            }
        } else if before == "typeof" || matches!(self.tokens.text(end), "&&" | "?" | "!==" | "===") {
            return;
        }
        if !self.is_checked(whole) {
            self.out.unknown.push(self.tokens.span(start, end - 1));
        }
    }

    /// The `}` of the pattern that stands before a `=`, also with a type between.
    fn pattern_before(&self, assign: usize) -> Option<usize> {
        for back in 1..16 {
            let index = assign.checked_sub(back)?;
            match self.tokens.text(index) {
                "}" => {
                    let is_typed = back > 1;
                    let has_colon = (index + 1..assign).any(|index| self.tokens.text(index) == ":");
                    return (!is_typed || has_colon).then_some(index);
                }
                ";" | "const" | "let" | "var" | "(" => return None,
                _ => {}
            }
        }
        None
    }

    fn destructured(&mut self, close: usize, whole: Whole) {
        let open = self.tokens.pair(close);
        let mut index = open + 1;
        while index < close {
            let mut next = index;
            while next < close && self.tokens.text(next) != "," {
                next = self.tokens.pair(next).max(next) + 1;
            }
            if self.tokens.text(index) == "..." || self.tokens.text(index) == "[" {
                self.out.unknown.push(self.tokens.span(index, next.saturating_sub(1)));
            } else if self.tokens.is_name(index) || self.tokens.kind(index) == Some(Kind::Text) {
                let name = self.tokens.string(index).unwrap_or_else(|| self.tokens.text(index));
                let local = if self.tokens.text(index + 1) == ":" { index + 2 } else { index };
                let has_default = self.tokens.text(local + 1) == "=";
                let need =
                    if has_default { Need::Fallback } else { self.need_of_local(self.tokens.text(local), close) };
                let need = self.need_there(need, open);
                if is_name(name) && !(whole.is_meta && VITES_OWN.contains(&name)) {
                    let mut read = Read::new(name, self.tokens.span(index, index), need);
                    read.baked = whole.is_meta;
                    self.out.reads.push(read);
                }
            }
            index = next + 1;
        }
    }

    /// The strings of which the name at a token is one after the other.
    fn texts_of(&self, name: usize) -> Option<Vec<usize>> {
        let word = self.tokens.text(name);
        // The nearest place before it that gives it.
        for index in (0..name).rev() {
            if self.tokens.text(index) != word || !self.tokens.is_name(index) {
                continue;
            }
            let after = self.tokens.text(index + 1);
            let before = self.tokens.before(index, 1);
            if after == "of" {
                return self.list_at(index + 2);
            }
            if matches!(before, "const" | "let" | "var") && after == "=" {
                let is_alone =
                    matches!(self.tokens.text(index + 3), ";" | "const" | "let" | "if" | "return" | "export");
                return (self.tokens.string(index + 2).is_some() && is_alone).then(|| vec![index + 2]);
            }
            // `LIST.filter((name) => …)`
            let arrow = match (before, after) {
                ("(", ")") if self.tokens.text(index + 2) == "=>" => index.checked_sub(2),
                ("(", "=>") => index.checked_sub(1),
                ("(", ":") => {
                    let open = index - 1;
                    (self.tokens.text(self.tokens.pair(open) + 1) == "=>").then(|| open.checked_sub(1)).flatten()
                }
                _ => None,
            };
            let Some(open) = arrow else { continue };
            let method = open.checked_sub(1)?;
            if self.tokens.text(open) != "(" || !matches!(self.tokens.before(method, 1), "." | "?.") {
                return None;
            }
            if !EACH.contains(&self.tokens.text(method)) {
                return None;
            }
            let owner = method.checked_sub(2)?;
            let start = if self.tokens.text(owner) == "]" { self.tokens.pair(owner) } else { owner };
            return self.list_at(start);
        }
        None
    }

    /// Whether what is missing is put into a list that ends the program: `const missing = NAMES.filter(…); if
    /// (missing.length) throw …`.
    fn complains_of_list(&self, start: usize) -> bool {
        let declared = (start.saturating_sub(24)..start)
            .rev()
            .take_while(|at| !matches!(self.tokens.text(*at), ";" | "}"))
            .find(|at| matches!(self.tokens.text(*at), "const" | "let" | "var"));
        let Some(name) = declared.map(|at| self.tokens.text(at + 1)) else { return false };
        let asked = (start..self.tokens.len()).find(|at| {
            self.tokens.text(*at) == name && self.tokens.text(at + 1) == "." && self.tokens.text(at + 2) == "length"
        });
        asked.is_some_and(|at| self.gives_up_near(at + 2))
    }

    /// The strings of the list that stands at a token, or that is known under the name there.
    fn list_at(&self, at: usize) -> Option<Vec<usize>> {
        if self.tokens.text(at) == "[" {
            let close = self.tokens.pair(at);
            let inner = at + 1..close;
            let is_plain =
                inner.clone().all(|index| self.tokens.string(index).is_some() || self.tokens.text(index) == ",");
            return (is_plain && close > at)
                .then(|| inner.filter(|index| self.tokens.string(*index).is_some()).collect());
        }
        let name = self.tokens.text(at);
        let declared = (0..self.tokens.len()).find(|index| {
            self.tokens.text(*index) == name && matches!(self.tokens.before(*index, 1), "const" | "let" | "var")
        })?;
        let assign = (declared + 1..declared + 12).find(|index| self.tokens.text(*index) == "=")?;
        (self.tokens.text(assign + 1) == "[").then(|| self.list_at(assign + 1)).flatten()
    }
}

#[cfg(test)]
mod tests;
