//! Functions of a program that are given the name of a variable and read it: `required("DATABASE_URL")`.

use std::ops::Range;

use super::Scanner;
use crate::audit::read::{Helper, Need, Read, is_name, is_shouted, need_by_name};

/// The module, the name in it where one is named, and what it is called here.
type Import<'t> = (String, Option<&'t str>, &'t str);

impl<'t> Scanner<'t> {
    /// The calls of the file's own functions, and of those that call them.
    pub(super) fn own_calls(&mut self) {
        let mut helpers = self.out.helpers.clone();
        // Each round goes one function further out.
        for _ in 0..4 {
            helpers = self.calls(&helpers, true);
            helpers.retain(|helper| self.out.helpers.iter().all(|known| known.name != helper.name));
            helpers.dedup();
            self.out.helpers.extend(helpers.iter().cloned());
        }
    }

    /// The calls of such functions. Gives functions that hand a parameter on to one.
    pub(super) fn calls(&mut self, helpers: &[Helper], is_own: bool) -> Vec<Helper> {
        let mut further_helpers = Vec::new();
        if helpers.is_empty() {
            return further_helpers;
        }
        let imported = if is_own { Vec::new() } else { self.imported() };
        for index in 0..self.tokens.len() {
            if !self.tokens.is_name(index)
                || self.tokens.text(index + 1) != "("
                || self.tokens.before(index, 1) == "def"
            {
                continue;
            }
            let is_called = |helper: &&Helper| {
                if is_own {
                    self.is_called(helper, index)
                } else {
                    self.is_called_as_imported(helper, index, &imported)
                }
            };
            let Some(helper) = helpers.iter().find(is_called) else { continue };
            let open = index + 1;
            let close = self.tokens.pair(open);
            let arguments = self.tokens.items(open);
            let Some(given) = arguments.get(helper.position) else { continue };
            let fits = if is_own { is_name } else { is_shouted };
            match self.tokens.string(*given).filter(|name| fits(name)) {
                Some(name) => {
                    let further = arguments.get(helper.position + 1).copied();
                    let has_fallback = further.is_some_and(|at| {
                        let at = if self.tokens.text(at + 1) == "=" { at + 2 } else { at };
                        !matches!(self.tokens.text(at), "None" | "True")
                    });
                    let is_firm = need_by_name(&helper.name) == Some(Need::Demanded);
                    let need = match helper.need {
                        _ if has_fallback && helper.takes_fallback && !is_firm => Need::Fallback,
                        Need::Bare => self.need(index, close),
                        need => need,
                    };
                    self.out.reads.push(Read::new(name, self.tokens.span(index, close), need));
                }
                None if is_own => {
                    let outer = self.tokens.is_name(*given).then(|| self.helper(*given, index, close, true)).flatten();
                    match outer.filter(|outer| outer.name != helper.name) {
                        Some(outer) => {
                            let need = outer.need.max(helper.need);
                            further_helpers.push(Helper { need, ..outer });
                        }
                        None => self.out.unknown.push(self.tokens.span(index, close)),
                    }
                }
                None => {}
            }
        }
        further_helpers
    }

    /// Whether a function of the file is called at a token: by its name where that is known, or on what has it.
    fn is_called(&self, helper: &Helper, index: usize) -> bool {
        let tokens = &self.tokens;
        if tokens.text(index) != helper.name {
            return false;
        }
        let is_member = tokens.before(index, 1) == ".";
        let Some(class) = helper.owner.as_deref() else { return !is_member && helper.scope.contains(&index) };
        if !is_member {
            return false;
        }
        match tokens.before(index, 2) {
            "self" | "cls" => helper.scope.contains(&index),
            ")" => {
                let open = tokens.pair(index - 2);
                tokens.before(open, 1) == class
            }
            owner => {
                let is_one = |at: usize| {
                    tokens.text(at) == owner
                        && (tokens.are(at + 1, &["=", class, "("]) || tokens.are(at + 1, &[":", class]))
                };
                owner == class || (0..tokens.len()).any(is_one)
            }
        }
    }

    /// What the file imports: the module, the name in it where one is named, and what it is called here.
    fn imported(&self) -> Vec<Import<'t>> {
        let tokens = &self.tokens;
        let mut found = Vec::new();
        for index in 0..tokens.len() {
            if tokens.text(index) != "import" || !tokens.is_name(index) {
                continue;
            }
            let (line, end) = (tokens.line_of(index), tokens.next_line(index));
            let from = (tokens.text(line + 1) == "from")
                .then(|| (line + 2..index).map(|at| tokens.text(at)).collect::<String>());
            let mut at = index + 1;
            while at < end {
                if !tokens.is_name(at) && tokens.text(at) != "*" {
                    at += 1;
                    continue;
                }
                let first = at;
                while tokens.text(at + 1) == "." {
                    at += 2;
                }
                let last = at;
                let is_renamed = tokens.text(at + 1) == "as";
                let local = if is_renamed { tokens.text(at + 2) } else { tokens.text(last) };
                match &from {
                    Some(module) => found.push((module.clone(), Some(tokens.text(first)), local)),
                    None => found.push((tokens.text(last).to_owned(), None, local)),
                }
                at += if is_renamed { 3 } else { 1 };
            }
        }
        found
    }

    /// Whether a function of another file is called at a token: under the name that it is imported by, or on its module.
    fn is_called_as_imported(&self, helper: &Helper, index: usize, imported: &[Import<'_>]) -> bool {
        let word = self.tokens.text(index);
        if self.tokens.before(index, 1) == "." {
            let owner = self.tokens.before(index, 2);
            return word == helper.name
                && imported
                    .iter()
                    .any(|(module, name, local)| *local == owner && helper.is_of(name.unwrap_or(module.as_str())));
        }
        imported.iter().any(|(module, name, local)| {
            let is_all = *name == Some("*") && word == helper.name;
            let is_it = *name == Some(helper.name.as_str()) && *local == word;
            (is_all || is_it) && helper.is_of(module)
        })
    }

    /// The block in which a `def` stands, from its head to its end, and the name of its class where it is one.
    fn block_around(&self, def: usize) -> (Range<usize>, Option<&str>) {
        let tokens = &self.tokens;
        let own = tokens.indent(tokens.line_of(def));
        let mut line = tokens.line_of(def);
        let mut indent = own;
        while line > 0 && indent > 0 {
            line = tokens.line_of(line - 1);
            if tokens.indent(line) >= indent {
                continue;
            }
            indent = tokens.indent(line);
            let first = if tokens.text(line + 1) == "async" { line + 2 } else { line + 1 };
            let is_class = tokens.text(first) == "class";
            if !is_class && tokens.text(first) != "def" {
                continue;
            }
            let mut end = tokens.next_line(first);
            while end < tokens.len() && tokens.indent(end) > indent {
                end = tokens.next_line(end);
            }
            return (line..end, is_class.then(|| tokens.text(first + 1)));
        }
        (0..tokens.len(), None)
    }

    /// The `def` in whose body a token stands: its first token.
    pub(super) fn function_around(&self, at: usize) -> Option<usize> {
        let tokens = &self.tokens;
        let mut line = tokens.line_of(at);
        let mut indent = tokens.indent(line);
        let head = |line: usize| {
            let first = if tokens.text(line + 1) == "async" { line + 2 } else { line + 1 };
            (tokens.text(first) == "def").then_some(first)
        };
        if let Some(found) = head(line) {
            return Some(found);
        }
        while line > 0 {
            line = tokens.line_of(line - 1);
            if tokens.indent(line) < indent {
                indent = tokens.indent(line);
                if let Some(found) = head(line) {
                    return Some(found);
                }
            }
        }
        None
    }

    pub(super) fn is_parameter(&self, at: usize) -> bool {
        let Some(def) = self.function_around(at) else { return false };
        let open = def + 2;
        (open..self.tokens.pair(open)).any(|index| self.tokens.text(index) == self.tokens.text(at))
    }

    /// The function of whose parameter the value at a token is.
    pub(super) fn helper(&self, parameter: usize, start: usize, last: usize, is_item: bool) -> Option<Helper> {
        let tokens = &self.tokens;
        let word = tokens.text(parameter);
        let def = self.function_around(parameter)?;
        let name = tokens.text(def + 1);
        let open = def + 2;
        let close = tokens.pair(open);
        let mut position = None;
        let mut count = 0;
        let mut has_default = false;
        let mut at = open + 1;
        let mut is_first = true;
        while at < close {
            if is_first && tokens.is_name(at) {
                if tokens.text(at) == word {
                    position = Some(count);
                }
                if !matches!(tokens.text(at), "self" | "cls") {
                    count += 1;
                }
                is_first = false;
            }
            match tokens.text(at) {
                "," => is_first = true,
                "=" => has_default = true,
                _ => {}
            }
            at = tokens.pair(at).max(at) + 1;
        }
        let indent = tokens.indent(tokens.line_of(def));
        let stops = self.raises_in(tokens.next_line(close), indent);
        let own = if is_item { Need::Bare } else { self.need(start, last) };
        let has_second = count > 1;
        let need = need_by_name(name).unwrap_or(match (has_default && has_second, stops, own) {
            (_, true, _) => Need::Demanded,
            (true, ..) => Need::Fallback,
            (_, _, own) => own,
        });
        // In a class it is called on something, of which nothing is known in other files.
        let is_shared = indent == 0;
        let (scope, owner) = self.block_around(def);
        Some(Helper {
            name: name.to_owned(),
            position: position?,
            need,
            takes_fallback: has_second,
            is_shared,
            owner: owner.map(str::to_owned),
            scope,
            path: String::new(),
        })
    }
}
