//! Functions of a program that are given the name of a variable and read it: `required("DATABASE_URL")`.

use super::Scanner;
use crate::audit::read::{Helper, Need, Read, is_name, is_shouted, need_by_name};

impl Scanner<'_> {
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
        for index in 0..self.tokens.len() {
            if !self.tokens.is_name(index)
                || self.tokens.text(index + 1) != "("
                || self.tokens.before(index, 1) == "def"
            {
                continue;
            }
            let Some(helper) = helpers.iter().find(|helper| helper.name == self.tokens.text(index)) else { continue };
            let open = index + 1;
            let close = self.tokens.pair(open);
            let mut arguments = vec![open + 1];
            let mut at = open + 1;
            while at < close {
                if self.tokens.text(at) == "," {
                    arguments.push(at + 1);
                }
                at = self.tokens.pair(at).max(at) + 1;
            }
            arguments.retain(|at| *at < close);
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
        Some(Helper { name: name.to_owned(), position: position?, need, takes_fallback: has_second, is_shared })
    }
}
