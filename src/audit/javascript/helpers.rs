//! Functions of a program that are given the name of a variable and read it: `required("DATABASE_URL")`.

use std::ops::Range;

use super::Scanner;
use crate::audit::read::{Helper, Need, Read, is_name, is_shouted, need_by_name};

/// The module, the name in it where one is named, and what it is called here.
type Import<'t> = (&'t str, Option<&'t str>, &'t str);

impl<'t> Scanner<'t> {
    /// The function whose parameter stands at a token, in its body.
    pub(super) fn helper(&self, parameter: usize) -> Option<Helper> {
        let tokens = &self.tokens;
        let word = tokens.text(parameter);
        for index in (0..parameter).rev() {
            if tokens.text(index) != word || !tokens.is_name(index) {
                continue;
            }
            let (before, after) = (tokens.before(index, 1), tokens.text(index + 1));
            // `const read = name => …`
            if before == "=" && after == "=>" {
                return Some(self.described(index.checked_sub(2)?, index, index, parameter));
            }
            if !matches!(before, "(" | ",") || !matches!(after, ":" | "," | ")" | "=" | "?") {
                continue;
            }
            let open = (0..index).rev().find(|at| tokens.text(*at) == "(" && tokens.pair(*at) > index)?;
            let close = tokens.pair(open);
            // A call hands it on: it is not declared there.
            let declares = matches!(tokens.text(close + 1), "{" | "=>" | ":");
            if !declares || close >= parameter {
                continue;
            }
            let mut at = open;
            // `get<T extends string>(name: T)`
            if tokens.before(at, 1) == ">" {
                at = (at.saturating_sub(12)..at).rev().find(|index| tokens.text(*index) == "<")?;
            }
            let mut name = at.checked_sub(1)?;
            if tokens.text(name) == "async" {
                name = name.checked_sub(1)?;
            }
            if tokens.text(name) == "=" {
                name = name.checked_sub(1)?;
            } else if tokens.text(name) == "function" && tokens.before(name, 1) == "=" {
                name = name.checked_sub(2)?;
            }
            if !tokens.is_name(name) || matches!(tokens.text(name), "if" | "for" | "while" | "switch" | "catch") {
                return None;
            }
            return Some(self.described(name, open, index, parameter));
        }
        None
    }

    fn described(&self, at: usize, open: usize, index: usize, parameter: usize) -> Helper {
        let tokens = &self.tokens;
        let (scope, owner) = self.owner_of(at);
        let name = tokens.text(at);
        let close = tokens.pair(open);
        let mut position = 0;
        let mut parameters = 1;
        let mut has_default = false;
        let mut at = open + 1;
        while at < close {
            match tokens.text(at) {
                "," => {
                    parameters += 1;
                    position += usize::from(at < index);
                }
                "=" if at > index => has_default |= !matches!(tokens.text(at + 1), "true" | "false" | "undefined"),
                _ => {}
            }
            at = tokens.pair(at).max(at) + 1;
        }
        let start = (close..parameter).find(|at| tokens.text(*at) == "{");
        let body = start.map_or(close..parameter + 24, |start| start..tokens.pair(start).max(parameter));
        let body = body.start..body.end.min(tokens.len());
        let stops = body.clone().any(|at| {
            let text = tokens.text(at);
            let is_called = tokens.text(at + 1) == "(";
            text == "throw"
                || (is_called && matches!(text, "exit" | "push" | "fail" | "abort" | "assert" | "invariant"))
        });
        let replaces = body.clone().any(|at| matches!(tokens.text(at), "??" | "||"));
        let takes_fallback = parameters > 1 && (replaces || stops || has_default);
        let need = need_by_name(name).unwrap_or(match (has_default, stops, replaces && parameters == 1) {
            (true, ..) => Need::Fallback,
            (_, true, _) => Need::Demanded,
            (_, _, true) => Need::Fallback,
            _ => Need::Bare,
        });
        let declared = (open.saturating_sub(6)..open).find(|at| tokens.text(*at) == "export");
        let is_shared = declared.is_some() || self.text.contains("module.exports") || self.text.contains("export {");
        let is_shared = is_shared && owner.is_none() && scope == (0..tokens.len());
        Helper {
            name: name.to_owned(),
            position,
            need,
            takes_fallback,
            is_shared,
            owner: owner.map(str::to_owned),
            scope,
            path: String::new(),
        }
    }

    /// The braces in which the name of a function stands, and what is called to reach it where it is a method: the name of
    /// a class or an object, empty where that has none.
    fn owner_of(&self, name: usize) -> (Range<usize>, Option<&str>) {
        let tokens = &self.tokens;
        let Some(open) = self.brace_around(name) else { return (0..tokens.len(), None) };
        let scope = open..tokens.pair(open);
        if let Some(class) = self.class_of(open) {
            return (scope, Some(class));
        }
        let is_bare = tokens.before(name, 1) == "function" || tokens.text(name + 1) == "=";
        let owner = (!is_bare).then(|| self.assigned(open).unwrap_or_default());
        (scope, owner)
    }

    /// The `{` of the braces in which a token stands.
    pub(super) fn brace_around(&self, at: usize) -> Option<usize> {
        let mut index = at;
        while let Some(before) = index.checked_sub(1) {
            index = before;
            match self.tokens.text(index) {
                "}" | ")" | "]" if self.tokens.pair(index) < index => index = self.tokens.pair(index),
                "{" if self.tokens.pair(index) > at => return Some(index),
                _ => {}
            }
        }
        None
    }

    /// The name of the class whose body begins at a token; empty for one without.
    pub(super) fn class_of(&self, open: usize) -> Option<&str> {
        let tokens = &self.tokens;
        let head = (open.saturating_sub(24)..open)
            .rev()
            .take_while(|at| !matches!(tokens.text(*at), "{" | "}" | ";" | ")" | "=>"))
            .find(|at| tokens.text(*at) == "class" && tokens.before(*at, 1) != ".")?;
        Some(if tokens.text(head + 1) == "extends" || head + 1 == open { "" } else { tokens.text(head + 1) })
    }

    /// Whether a function of the file is called at a token: by its name where that is known, or on what has it.
    fn is_called(&self, helper: &Helper, index: usize) -> bool {
        let tokens = &self.tokens;
        if tokens.text(index) != helper.name {
            return false;
        }
        let is_member = matches!(tokens.before(index, 1), "." | "?.");
        let Some(class) = helper.owner.as_deref() else {
            return !is_member && helper.scope.contains(&index);
        };
        if !is_member {
            return false;
        }
        match tokens.before(index, 2) {
            "this" => helper.scope.contains(&index),
            // `new Config().get("NAME")`
            ")" => index.checked_sub(2).is_some_and(|close| {
                let open = tokens.pair(close);
                !class.is_empty() && tokens.before(open, 1) == class && tokens.before(open, 2) == "new"
            }),
            owner => {
                let is_one = |at: usize| {
                    tokens.text(at) == owner
                        && (tokens.are(at + 1, &["=", "new", class]) || tokens.are(at + 1, &[":", class]))
                };
                !class.is_empty() && (owner == class || (0..tokens.len()).any(is_one))
            }
        }
    }

    /// What the file imports: the module, the name in it where one is named, and what it is called here.
    fn all_imported(&self) -> Vec<Import<'t>> {
        let tokens = &self.tokens;
        let mut found = Vec::new();
        for index in 0..tokens.len() {
            let Some(module) = tokens.string(index) else { continue };
            let last = match tokens.before(index, 1) {
                "from" => index.checked_sub(2),
                // `= await import("…")`
                "(" if tokens.before(index, 2) == "require" => index.checked_sub(4),
                "(" if tokens.before(index, 2) == "import" => {
                    index.checked_sub(if tokens.before(index, 3) == "await" { 5 } else { 4 })
                }
                _ => None,
            };
            let Some(last) = last else { continue };
            let mut first = last;
            if tokens.text(last) == "}" {
                let open = tokens.pair(last);
                found.extend(self.imported(open, last).into_iter().map(|(name, local, _)| (module, Some(name), local)));
                // `import env, { … } from "…"`
                if tokens.before(open, 1) != "," {
                    continue;
                }
                first = open.saturating_sub(2);
            }
            if tokens.is_name(first) {
                found.push((module, None, tokens.text(first)));
            }
        }
        found
    }

    /// Whether a function of another file is called at a token: under the name that it is imported by, or on its module.
    fn is_called_as_imported(&self, helper: &Helper, index: usize, imported: &[Import<'_>]) -> bool {
        let word = self.tokens.text(index);
        if matches!(self.tokens.before(index, 1), "." | "?.") {
            let owner = self.tokens.before(index, 2);
            return word == helper.name
                && imported
                    .iter()
                    .any(|(module, name, local)| *local == owner && name.is_none() && helper.is_of(module));
        }
        imported.iter().any(|(module, name, local)| {
            // What is exported as the default has another name.
            *local == word && name.unwrap_or(word) == helper.name && helper.is_of(module)
        })
    }

    /// The calls of such functions; in the file itself also as methods. Gives functions that hand a parameter on to one.
    pub(super) fn calls(&mut self, helpers: &[Helper], is_own: bool) -> Vec<Helper> {
        let mut further_helpers = Vec::new();
        if helpers.is_empty() {
            return further_helpers;
        }
        let imported = if is_own { Vec::new() } else { self.all_imported() };
        for index in 0..self.tokens.len() {
            if !self.tokens.is_name(index) {
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
            let open = self.behind_type_arguments(index + 1);
            if self.tokens.text(open) != "(" || self.tokens.before(index, 1) == "function" {
                continue;
            }
            let close = self.tokens.pair(open);
            let arguments = self.tokens.items(open);
            let Some(given) = arguments.get(helper.position) else { continue };
            let fits = if is_own { is_name } else { is_shouted };
            let Some(name) = self.tokens.string(*given).filter(|name| fits(name)) else {
                let is_text = self.tokens.is_name(*given) && self.texts_of(*given).is_some();
                if is_text {
                    for at in self.texts_of(*given).unwrap_or_default() {
                        if let Some(name) = self.tokens.string(at).filter(|name| is_name(name)) {
                            self.out.reads.push(Read::new(name, self.tokens.span(at, at), helper.need));
                        }
                    }
                } else if is_own && self.tokens.text(close + 1) != "{" && self.tokens.text(close + 1) != ":" {
                    match self.tokens.is_name(*given).then(|| self.helper(*given)).flatten() {
                        Some(outer) if outer.name != helper.name => {
                            let need = outer.need.max(helper.need);
                            further_helpers.push(Helper { need, ..outer });
                        }
                        _ => self.out.unknown.push(self.tokens.span(index, close)),
                    }
                }
                continue;
            };
            let further = arguments.get(helper.position + 1).map(|at| self.tokens.text(*at));
            let has_fallback = match further {
                Some("true" | "undefined") | None => false,
                Some("false") => true,
                Some(_) => helper.takes_fallback,
            };
            let is_firm = need_by_name(&helper.name) == Some(Need::Demanded);
            let need = if has_fallback && !is_firm {
                Need::Fallback
            } else {
                match self.need(index, close) {
                    Need::Fallback if helper.need != Need::Demanded => Need::Fallback,
                    _ => helper.need,
                }
            };
            let need = self.need_there(need, index);
            self.out.reads.push(Read::new(name, self.tokens.span(index, close), need));
        }
        further_helpers
    }

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
}
