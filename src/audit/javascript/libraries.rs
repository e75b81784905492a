//! Libraries that are given the names of variables: `env-var`, the configuration of `NestJS`, convict.

use std::collections::BTreeSet;

use super::Scanner;
use super::nest::Configs;
use crate::audit::read::{Need, Read, is_name, is_shouted};

impl<'t> Scanner<'t> {
    /// What libraries read that are given names: `env-var`, `ConfigService` of `NestJS`, convict.
    pub(super) fn libraries(&mut self) {
        let nest = self.text.contains("ConfigService");
        let convict = self.text.contains("convict");
        let mut getters: BTreeSet<&str> = BTreeSet::new();
        if self.text.contains("env-var") {
            for index in 0..self.tokens.len() {
                if self.tokens.string(index) == Some("env-var") {
                    let name = match self.tokens.before(index, 1) {
                        "from" => index.checked_sub(2),
                        "(" => index.checked_sub(4),
                        _ => None,
                    };
                    getters.extend(name.filter(|at| self.tokens.is_name(*at)).map(|at| self.tokens.text(at)));
                }
            }
        }
        if !(nest || convict) && getters.is_empty() {
            return;
        }
        let configs = if nest { self.configs() } else { Configs::default() };
        for index in 0..self.tokens.len() {
            if convict && self.tokens.are(index, &["env", ":"]) {
                if let Some(name) = self.tokens.string(index + 2).filter(|name| is_name(name)) {
                    let span = self.tokens.span(index + 2, index + 2);
                    self.out.reads.push(Read::new(name, span, Need::Fallback));
                }
                continue;
            }
            let method = self.tokens.text(index);
            if !matches!(method, "get" | "getOrThrow") || self.tokens.before(index, 1) != "." {
                continue;
            }
            let open = self.behind_type_arguments(index + 1);
            if self.tokens.text(open) != "(" {
                continue;
            }
            let Some(name) = self.tokens.string(open + 1) else { continue };
            let owner = self.tokens.before(index, 2);
            let close = self.tokens.pair(open);
            if getters.contains(owner) && is_name(name) {
                let chain = self.chain(close);
                let need = if chain.contains(&"default") {
                    Need::Fallback
                } else if chain.contains(&"required") {
                    Need::Demanded
                } else {
                    Need::Fallback
                };
                self.out.reads.push(Read::new(name, self.tokens.span(index - 2, close), need));
            } else if nest && is_shouted(name) && self.is_config(&configs, index) {
                // `get("NAME", { infer: true })` is about types.
                let has_fallback = self.tokens.text(open + 2) == ","
                    && open + 3 < close
                    && !self.tokens.are(open + 3, &["{", "infer", ":"]);
                let need = if method == "getOrThrow" {
                    Need::Demanded
                } else if has_fallback {
                    Need::Fallback
                } else {
                    self.need(index - 2, close)
                };
                self.out.reads.push(Read::new(name, self.tokens.span(index - 2, close), need));
            }
        }
    }

    /// Behind `<string>`.
    pub(super) fn behind_type_arguments(&self, index: usize) -> usize {
        if self.tokens.text(index) != "<" {
            return index;
        }
        let close =
            (index..index + 12).find(|index| self.tokens.text(*index) == ">" && self.tokens.text(index + 1) == "(");
        close.map_or(index, |close| close + 1)
    }

    /// The methods that are called one after the other on what ends at a token.
    pub(super) fn chain(&self, mut close: usize) -> Vec<&'t str> {
        let mut found = Vec::new();
        while matches!(self.tokens.text(close + 1), "." | "?.") && self.tokens.is_name(close + 2) {
            found.push(self.tokens.text(close + 2));
            let open = self.behind_type_arguments(close + 3);
            close = if self.tokens.text(open) == "(" { self.tokens.pair(open) } else { close + 2 };
        }
        found
    }
}
