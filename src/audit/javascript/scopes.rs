//! Where a name means the environment in JavaScript, and where something else of the same name stands before it.

use std::ops::Range;

use super::Scanner;

/// How far an expression is looked at for its end, in tokens: no file takes longer than its length is worth.
pub(super) const FAR: usize = 2000;

/// How deep patterns are looked into.
const DEEP: usize = 16;

/// A name that the file gives to something: to the environment, or to what reads it.
#[derive(Debug, Clone)]
pub(super) struct Alias<'t> {
    pub(super) name: &'t str,
    /// Where it means that, in tokens.
    pub(super) scope: Range<usize>,
    /// The token that declares it.
    pub(super) at: usize,
}

/// A place that declares a name, and where that holds, in tokens.
#[derive(Debug, Clone)]
pub(super) struct Declared<'t> {
    name: &'t str,
    at: usize,
    scope: Range<usize>,
}

impl<'t> Scanner<'t> {
    /// Whether the name at a token means the environment there.
    pub(super) fn is_alias(&self, index: usize) -> bool {
        self.is_one_of(&self.aliases, index)
    }

    /// Whether the name at a token is one of these there, and nothing nearer has the same name.
    pub(super) fn is_one_of(&self, aliases: &[Alias<'t>], index: usize) -> bool {
        let name = self.tokens.text(index);
        let around = aliases.iter().filter(|alias| alias.name == name && alias.scope.contains(&index));
        let Some(alias) = around.min_by_key(|alias| alias.scope.len()) else { return false };
        !self
            .declared
            .get(name)
            .into_iter()
            .flatten()
            .any(|other| other.at != alias.at && other.scope.contains(&index) && other.scope.len() <= alias.scope.len())
    }

    /// The token that declares the name at a token, the nearest one.
    pub(super) fn declared_at(&self, index: usize) -> Option<usize> {
        let all = self.declared.get(self.tokens.text(index)).into_iter().flatten();
        let around = all.filter(|declared| declared.scope.contains(&index));
        around.min_by_key(|declared| declared.scope.len()).map(|declared| declared.at)
    }

    /// The name at a token that declares it, and where it holds; none where none is declared there.
    pub(super) fn alias_at(&self, at: usize) -> Option<Alias<'t>> {
        let name = self.tokens.text(at);
        let declared = self.declared.get(name).into_iter().flatten().find(|declared| declared.at == at);
        let scope = if let Some(declared) = declared {
            declared.scope.clone()
        } else {
            // Behind a decorator: `constructor(@Inject() config: ConfigService)`.
            let is_around =
                |open: &usize| matches!(self.tokens.text(*open), "(" | "{" | "[") && self.tokens.pair(*open) > at;
            let open = (0..at).rev().take(FAR).find(is_around)?;
            let end = (self.tokens.text(open) == "(").then(|| self.end_of_function(open)).flatten()?;
            open..end
        };
        Some(Alias { name, scope, at })
    }

    /// Says that the name at a token means the environment.
    pub(super) fn add_alias(&mut self, at: usize) {
        let name = self.tokens.text(at);
        if self.aliases.iter().any(|alias| alias.at == at) {
            return;
        }
        let own = self.declared.get(name).into_iter().flatten().find(|declared| declared.at == at);
        // `let env; env = process.env;`
        let outer = || {
            let around = self.declared.get(name).into_iter().flatten().filter(|other| other.scope.contains(&at));
            around.min_by_key(|other| other.scope.len())
        };
        let (scope, at) = match own.or_else(outer) {
            Some(declared) => (declared.scope.clone(), declared.at),
            // A field of a class has no name of its own.
            None if self.brace_around(at).is_some_and(|open| self.class_of(open).is_some()) => return,
            None => (0..self.tokens.len(), at),
        };
        if !self.aliases.iter().any(|alias| alias.at == at) {
            self.aliases.push(Alias { name, scope, at });
        }
    }

    /// Every place of the file that declares a name: variables, parameters, what is caught.
    pub(super) fn declarations(&mut self) {
        let tokens = &self.tokens;
        let mut found: Vec<Declared<'t>> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        for index in 0..tokens.len() {
            match tokens.text(index) {
                "(" | "{" | "[" => {
                    if tokens.text(index) == "("
                        && let Some(end) = self.end_of_function(index)
                    {
                        self.pattern(index, &(index..end), DEEP, &mut found);
                    }
                    open.push(index);
                }
                ")" | "}" | "]" => {
                    open.pop();
                }
                "const" | "let" | "var" if tokens.before(index, 1) != "." => {
                    let scope = match open.last().copied() {
                        // `for (const name of …) { … }`
                        Some(around) if tokens.text(around) == "(" => around..self.end_of_body(tokens.pair(around) + 1),
                        Some(around) => around..tokens.pair(around).max(around),
                        None => 0..tokens.len(),
                    };
                    if tokens.is_name(index + 1) {
                        found.push(Declared { name: tokens.text(index + 1), at: index + 1, scope });
                    } else if matches!(tokens.text(index + 1), "{" | "[") {
                        self.pattern(index + 1, &scope, DEEP, &mut found);
                    }
                }
                "function" if tokens.is_name(index + 1) => {
                    let scope = open.last().map_or(0..tokens.len(), |around| *around..tokens.pair(*around));
                    found.push(Declared { name: tokens.text(index + 1), at: index + 1, scope });
                }
                // `name => …`
                "=>" if index.checked_sub(1).is_some_and(|before| tokens.is_name(before)) => {
                    let scope = index - 1..self.end_of_body(index + 1);
                    found.push(Declared { name: tokens.text(index - 1), at: index - 1, scope });
                }
                _ => {}
            }
        }
        for declared in found {
            self.declared.entry(declared.name).or_default().push(declared);
        }
    }

    /// The names that a pattern between brackets declares.
    fn pattern(&self, open: usize, scope: &Range<usize>, deep: usize, found: &mut Vec<Declared<'t>>) {
        let tokens = &self.tokens;
        let close = tokens.pair(open);
        let mut at = open + 1;
        let mut is_first = true;
        while at < close {
            match tokens.text(at) {
                "," => is_first = true,
                "..." | "private" | "public" | "protected" | "readonly" | "override" => {}
                "{" | "[" if is_first && deep > 0 => {
                    self.pattern(at, scope, deep - 1, found);
                    at = tokens.pair(at).max(at);
                    is_first = false;
                }
                // A key is followed by what it is called.
                _ if is_first && tokens.text(open) == "{" && tokens.text(at + 1) == ":" => at += 1,
                _ if is_first && tokens.is_name(at) => {
                    found.push(Declared { name: tokens.text(at), at, scope: scope.clone() });
                    is_first = false;
                }
                _ => {
                    is_first = false;
                    at = tokens.pair(at).max(at);
                }
            }
            at += 1;
        }
    }

    /// The end of the function whose parameters begin at a bracket, or of the block of a `catch`.
    fn end_of_function(&self, open: usize) -> Option<usize> {
        let tokens = &self.tokens;
        let close = tokens.pair(open);
        if close <= open || matches!(tokens.before(open, 1), "if" | "for" | "while" | "switch" | "with" | "await") {
            return None;
        }
        match tokens.text(close + 1) {
            "{" | "=>" => Some(self.end_of_body(close + 1)),
            // Behind the type of what it returns.
            ":" => {
                let body = (close + 2..close + 18)
                    .take_while(|at| !matches!(tokens.text(*at), ";" | "," | ")" | "}"))
                    .find(|at| matches!(tokens.text(*at), "{" | "=>"))?;
                Some(self.end_of_body(body))
            }
            _ => None,
        }
    }

    /// The end of the block or the expression that begins at a token.
    fn end_of_body(&self, start: usize) -> usize {
        let tokens = &self.tokens;
        let mut at = if tokens.text(start) == "=>" { start + 1 } else { start };
        if tokens.text(at) == "{" {
            return tokens.pair(at).max(at) + 1;
        }
        for _ in 0..FAR {
            if at >= tokens.len() || matches!(tokens.text(at), "," | ";" | ")" | "]" | "}") {
                break;
            }
            at = tokens.pair(at).max(at) + 1;
        }
        at
    }
}
