//! The names under which a file of JavaScript knows the environment, or a variable.

use super::Scanner;
use crate::audit::read::{Need, Read};

impl<'t> Scanner<'t> {
    /// Names that modules give to the environment, or to a variable.
    pub(super) fn imports(&mut self) {
        for index in 0..self.tokens.len() {
            let Some(module) = self.tokens.string(index) else { continue };
            let is_process = matches!(module, "process" | "node:process");
            let is_dynamic = module.starts_with("$env/dynamic/");
            let is_static = module.starts_with("$env/static/");
            if !(is_process || is_dynamic || is_static) {
                continue;
            }
            let is_import = self.tokens.before(index, 1) == "from";
            let is_require = self.tokens.before(index, 1) == "(" && self.tokens.before(index, 2) == "require";
            let brace = match (is_import, is_require) {
                (true, _) => index.checked_sub(2),
                (_, true) => index.checked_sub(4),
                _ => None,
            };
            let Some(close) = brace.filter(|brace| self.tokens.text(*brace) == "}") else { continue };
            let open = self.tokens.pair(close);
            for (from, _, at) in self.imported(open, close) {
                if is_static {
                    let mut read = Read::new(from, self.tokens.span(at, at), Need::Bare);
                    read.baked = true;
                    self.out.reads.push(read);
                } else if from == "env" {
                    self.add_alias(self.local_of(at));
                }
            }
        }
    }

    /// The token of what the name at a token of an import is called here.
    fn local_of(&self, at: usize) -> usize {
        if matches!(self.tokens.text(at + 1), "as" | ":") { at + 2 } else { at }
    }

    /// The names in the braces of an import: what they are, what they are called here, and the token.
    pub(super) fn imported(&self, open: usize, close: usize) -> Vec<(&'t str, &'t str, usize)> {
        let mut found = Vec::new();
        let mut index = open + 1;
        while index < close {
            let name = self.tokens.text(index);
            if self.tokens.is_name(index) && name != "type" {
                let is_renamed = matches!(self.tokens.text(index + 1), "as" | ":");
                let local = if is_renamed { self.tokens.text(index + 2) } else { name };
                found.push((name, local, index));
            }
            while index < close && self.tokens.text(index) != "," {
                index += 1;
            }
            index += 1;
        }
        found
    }

    /// Names that the file gives to the environment.
    pub(super) fn aliases(&mut self) {
        // A name of a name.
        for _ in 0..2 {
            for index in 0..self.tokens.len() {
                let Some(whole) = self.whole(index) else {
                    // `const { env } = process`
                    if self.tokens.text(index) == "process"
                        && self.tokens.before(index, 1) == "="
                        && self.tokens.before(index, 2) == "}"
                        && !matches!(self.tokens.text(index + 1), "." | "?." | "[")
                    {
                        let close = index - 2;
                        for (from, _, at) in self.imported(self.tokens.pair(close), close) {
                            if from == "env" {
                                self.add_alias(self.local_of(at));
                            }
                        }
                    }
                    continue;
                };
                if matches!(self.tokens.text(whole.end), "." | "?." | "[") {
                    continue;
                }
                if let Some(at) = self.assigned_at(whole.start) {
                    self.add_alias(at);
                }
            }
        }
    }
}
