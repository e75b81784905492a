//! What happens in JavaScript where a variable is not there: it is `undefined`, and the expression around it says more.
use super::Scanner;

use super::scopes::FAR;
use crate::audit::read::{Need, need_by_name};

/// What takes another value where there is none, or asks.
const OTHERWISE: [&str; 14] =
    ["??", "||", "??=", "||=", "&&", "?", "?.", "===", "!==", "==", "!=", "instanceof", ">", "<"];

/// How far a block is looked at for what it does about a missing value, in tokens.
const NEAR: usize = 60;

impl Scanner<'_> {
    /// What happens without the value that stands from one token to another.
    pub(super) fn need(&self, start: usize, last: usize) -> Need {
        let tokens = &self.tokens;
        let mut after = last + 1;
        // `process.env.NAME!`, `process.env.NAME as string`
        if tokens.text(after) == "!" {
            after += 1;
        }
        if matches!(tokens.text(after), "as" | "satisfies") {
            after += 2;
            while matches!(tokens.text(after), "|" | "." | "[") {
                after += 2;
            }
        }
        let sign = tokens.text(after);
        if OTHERWISE.contains(&sign) {
            return if self.gives_up(after + 1) { Need::Demanded } else { Need::Fallback };
        }
        let mut first = start;
        let mut negated = false;
        while tokens.before(first, 1) == "!" {
            negated = true;
            first -= 1;
        }
        let before = tokens.before(first, 1);
        if matches!(before, "typeof" | "===" | "!==" | "==" | "!=") {
            return Need::Fallback;
        }
        if before == "&&" && matches!(sign, ")" | "&&") {
            return Need::Fallback;
        }
        if before == "(" && matches!(sign, ")" | ",") {
            let open = first - 1;
            let close = tokens.pair(open);
            return self.within_call(open, close, sign, negated);
        }
        if negated {
            return if self.gives_up_near(last) { Need::Demanded } else { Need::Fallback };
        }
        match before {
            "||" | "??" if matches!(sign, ")" | ";" | ",") && self.is_condition(start) => {
                if self.gives_up_near(last) {
                    Need::Demanded
                } else {
                    Need::Fallback
                }
            }
            "=" => match self.assigned(start) {
                Some(name) => self.need_of_local(name, last),
                None => Need::Bare,
            },
            _ => Need::Bare,
        }
    }

    /// Whether what stands at a token is reached only where something else holds: behind `if`, `&&` or `?`, in a `case`, or
    /// in a `try` whose `catch` goes on.
    pub(super) fn is_guarded(&self, start: usize) -> bool {
        let tokens = &self.tokens;
        let mut at = start;
        // Whether the tokens are of the statement, and of the operand, that stands there.
        let (mut is_statement, mut is_operand) = (true, true);
        for _ in 0..FAR {
            let Some(index) = at.checked_sub(1) else { return false };
            at = index;
            let is_over =
                |open: usize| matches!(tokens.before(open, 1), "if" | "switch" | "catch") && !self.is_entry(open);
            match tokens.text(index) {
                ")" => {
                    let open = tokens.pair(index);
                    if is_statement && is_over(open) {
                        return true;
                    }
                    at = open.min(index);
                }
                // The end of a block is that of a statement; that of an object is not, but a guard is seldom behind it.
                "}" => {
                    (is_statement, is_operand) = (false, false);
                    at = tokens.pair(index).min(index);
                }
                "]" => at = tokens.pair(index).min(index),
                "(" | "[" => (is_statement, is_operand) = (true, true),
                "{" => {
                    (is_statement, is_operand) = (true, true);
                    let end = tokens.pair(index);
                    let goes_on = tokens.before(index, 1) == "try"
                        && tokens.text(end + 1) == "catch"
                        && !(end..self.end_of_catch(end + 1))
                            .any(|at| matches!(tokens.text(at), "throw" | "exit" | "reject"));
                    if goes_on {
                        return true;
                    }
                }
                ";" | "const" | "let" | "var" | "export" | "import" | "function" | "class" => {
                    (is_statement, is_operand) = (false, false);
                }
                "," | "||" | "??" | "=>" | "return" => is_operand = false,
                "&&" if is_operand => return true,
                "?" if is_operand && !matches!(tokens.text(index + 1), ":" | ")" | ",") => return true,
                "else" if is_statement => return true,
                _ => {}
            }
        }
        false
    }

    /// Whether a condition asks whether the file is what is run.
    fn is_entry(&self, open: usize) -> bool {
        (open..self.tokens.pair(open))
            .any(|at| self.tokens.are(at, &["require", ".", "main"]) || self.tokens.are(at, &["import", ".", "meta"]))
    }

    /// The end of the block of a `catch`.
    fn end_of_catch(&self, at: usize) -> usize {
        let open = if self.tokens.text(at + 1) == "(" { self.tokens.pair(at + 1) + 1 } else { at + 1 };
        self.tokens.pair(open)
    }

    /// What a read needs at the most, where it stands.
    pub(super) fn need_there(&self, need: Need, start: usize) -> Need {
        if need != Need::Fallback && self.is_guarded(start) { Need::Fallback } else { need }
    }

    /// A value that stands in brackets: the condition of an `if`, an argument of a call.
    fn within_call(&self, open: usize, close: usize, sign: &str, negated: bool) -> Need {
        let tokens = &self.tokens;
        let function = tokens.before(open, 1);
        if matches!(function, "if" | "while" | "switch") {
            return if negated && self.gives_up_near(close) { Need::Demanded } else { Need::Fallback };
        }
        // `["a", "b"].includes(process.env.NAME)`, `toBool(process.env.NAME)`
        let lower = function.to_ascii_lowercase();
        let asks = matches!(function, "includes" | "test" | "has" | "isNaN" | "indexOf");
        let is_question =
            function.strip_prefix("is").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
        if negated || asks || lower.contains("bool") || lower.contains("flag") || is_question {
            return Need::Fallback;
        }
        if matches!(function, "assert" | "invariant" | "ok") {
            return Need::Demanded;
        }
        // `Number(process.env.NAME) || 3000`, `parseInt(process.env.NAME, 10) || 3000`
        if matches!(tokens.text(close + 1), "||" | "??" | "?") {
            return Need::Fallback;
        }
        // `orDefault(process.env.NAME, "…")`
        if tokens.is_name(open.wrapping_sub(1)) {
            if let Some(need) = need_by_name(function) {
                return need;
            }
            let lower = function.to_ascii_lowercase();
            if sign == "," && (lower.contains("default") || lower.contains("fallback") || lower.contains("coalesce")) {
                return Need::Fallback;
            }
        }
        Need::Bare
    }

    /// Whether a token stands in the condition of an `if`.
    fn is_condition(&self, at: usize) -> bool {
        let open =
            (0..at).rev().take(NEAR).find(|index| self.tokens.text(*index) == "(" && self.tokens.pair(*index) > at);
        open.is_some_and(|open| self.tokens.before(open, 1) == "if")
    }

    /// Whether what stands at a token in the place of a value ends the program: `?? fail("…")`.
    fn gives_up(&self, at: usize) -> bool {
        let tokens = &self.tokens;
        let at = (at..at + 8)
            .find(|index| !matches!(tokens.text(*index), "(" | ")" | "=>" | "{" | "function"))
            .unwrap_or(at);
        if tokens.text(at) == "throw"
            || tokens.are(at, &["process", ".", "exit"])
            || tokens.are(at, &["Deno", ".", "exit"])
        {
            return true;
        }
        let name = tokens.text(at).to_ascii_lowercase();
        let fails = ["fail", "die", "panic", "raise", "throw", "missing", "abort"];
        tokens.text(at + 1) == "(" && tokens.is_name(at) && fails.iter().any(|word| name.contains(word))
    }

    /// Whether the program ends in the statement or block that follows a condition.
    pub(super) fn gives_up_near(&self, condition: usize) -> bool {
        let tokens = &self.tokens;
        // Out of the brackets of the condition.
        let mut at = condition + 1;
        while tokens.text(at) == ")" || matches!(tokens.text(at), "||" | "&&") {
            at += 1;
        }
        if tokens.text(at) != "{" && tokens.before(at, 1) != ")" {
            let body = (at..at + NEAR).find(|index| tokens.text(*index) == "{");
            let Some(body) = body else { return false };
            at = body;
        }
        let end = if tokens.text(at) == "{" {
            tokens.pair(at)
        } else {
            (at..at + NEAR).find(|index| tokens.text(*index) == ";").unwrap_or(at + 12)
        };
        (at..end.min(at + 4 * NEAR)).any(|index| {
            matches!(tokens.text(index), "throw" | "fatal")
                || (tokens.text(index) == "exit" && tokens.before(index, 1) == ".")
        })
    }

    /// What happens without the value that a name of the file has, from a token on.
    pub(super) fn need_of_local(&self, name: &str, from: usize) -> Need {
        let tokens = &self.tokens;
        let mut need = Need::Bare;
        for &index in tokens.named_behind(name, from) {
            let before = tokens.before(index, 1);
            let after = tokens.text(index + 1);
            if matches!(before, "." | "?.") || (after == ":" && matches!(before, "{" | ",")) {
                continue;
            }
            let in_condition = before == "(" && after == ")" && tokens.before(index, 2) == "if";
            let is_negated = before == "!";
            if is_negated || (matches!(after, "===" | "==") && matches!(tokens.text(index + 2), "undefined" | "null")) {
                let close = if is_negated { index } else { index + 2 };
                if self.gives_up_near(close) {
                    return Need::Demanded;
                }
                need = Need::Fallback;
            } else if matches!(after, "??" | "||" | "?." | "??=" | "||=" | "&&" | "?" | "===" | "!==" | "==" | "!=")
                || in_condition
            {
                if self.gives_up(index + 2) && matches!(after, "??" | "||") {
                    return Need::Demanded;
                }
                need = Need::Fallback;
            }
        }
        need
    }
}
