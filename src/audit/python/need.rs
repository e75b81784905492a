//! What happens in Python where a variable is not there: `None`, a `KeyError`, or what the lines around say.

use super::Scanner;
use crate::audit::read::{Need, need_by_name};

impl Scanner<'_> {
    /// What happens without the value that stands from one token to another, where it would be `None`.
    pub(super) fn need(&self, start: usize, last: usize) -> Need {
        let tokens = &self.tokens;
        let (before, after) = (tokens.before(start, 1), tokens.text(last + 1));
        let asks = |text: &str| matches!(text, "==" | "!=" | "is" | "in" | "and" | "if" | "<" | ">" | "not");
        if after == "or" {
            let is_condition = self.is_condition(start);
            return if is_condition && self.gives_up_after(last) { Need::Demanded } else { Need::Fallback };
        }
        if before == "not" || asks(after) || asks(before) || matches!(before, "elif" | "while" | "==" | "!=") {
            let is_missing = before == "not" || tokens.are(last + 1, &["is", "None"]);
            return if is_missing && self.gives_up_after(last) { Need::Demanded } else { Need::Fallback };
        }
        if before == "(" && after == ")" {
            let function = tokens.before(start, 2);
            if function.contains("bool") || function == "any" || tokens.text(last + 2) == "or" {
                return Need::Fallback;
            }
            if let Some(need) = tokens.is_name(start - 2).then(|| need_by_name(function)).flatten() {
                return need;
            }
        }
        if before == "assert" {
            return Need::Demanded;
        }
        // `if (name := os.getenv("NAME")) is not None:`
        if before == ":=" && self.is_condition(start) {
            let is_missing = tokens.are(last + 1, &[")", "is", "None"])
                || (tokens.before(start, 3) == "(" && tokens.before(start, 4) == "not");
            return if is_missing && self.gives_up_after(last) { Need::Demanded } else { Need::Fallback };
        }
        match self.assigned(start) {
            Some(name) if !self.is_argument(start) => self.need_of_local(name, last),
            _ => Need::Bare,
        }
    }

    /// What happens without an item, which raises `KeyError`.
    pub(super) fn need_of_item(&self, start: usize, _last: usize) -> Need {
        let line = self.tokens.line_of(start);
        let indent = self.tokens.indent(line);
        // In a `try` that catches it.
        let mut at = line;
        let mut inner = indent;
        while at > 0 {
            at = self.tokens.line_of(at - 1);
            let of_line = self.tokens.indent(at);
            if of_line < inner {
                if self.tokens.are(at + 1, &["try", ":"]) {
                    return self.caught(at, of_line);
                }
                inner = of_line;
            }
            if at == 0 {
                break;
            }
        }
        Need::Bare
    }

    /// What the `except` of a `try` does.
    pub(super) fn caught(&self, line: usize, indent: usize) -> Need {
        let mut at = line;
        loop {
            at = self.tokens.next_line(at);
            if at >= self.tokens.len() {
                return Need::Bare;
            }
            if self.tokens.indent(at) == indent && self.tokens.text(at + 1) == "except" {
                let end = self.tokens.next_line(at);
                let is_meant = (at..end)
                    .any(|at| matches!(self.tokens.text(at), "KeyError" | "Exception" | "LookupError"))
                    || self.tokens.text(at + 2) == ":";
                if is_meant {
                    return if self.raises_in(end, indent) { Need::Demanded } else { Need::Fallback };
                }
            } else if self.tokens.indent(at) <= indent {
                return Need::Bare;
            }
        }
    }

    /// Whether the lines from a token on that are moved in further than `indent` end the program.
    pub(super) fn raises_in(&self, mut line: usize, indent: usize) -> bool {
        while line < self.tokens.len() && self.tokens.indent(line) > indent {
            let end = self.tokens.next_line(line);
            let stops = (line..end)
                .any(|at| matches!(self.tokens.text(at), "raise" | "exit" | "_exit" | "abort" | "SystemExit" | "fail"));
            if stops {
                return true;
            }
            line = end;
        }
        false
    }

    /// Whether a token stands in the condition of an `if`.
    pub(super) fn is_condition(&self, at: usize) -> bool {
        matches!(self.tokens.text(self.tokens.line_of(at) + 1), "if" | "elif" | "while" | "assert")
    }

    /// Whether the program ends where the condition at a token holds.
    pub(super) fn gives_up_after(&self, at: usize) -> bool {
        let line = self.tokens.line_of(at);
        let end = self.tokens.next_line(at);
        match self.tokens.text(line + 1) {
            "if" | "elif" => {
                // On the line itself, or in the block.
                (at..end).any(|at| matches!(self.tokens.text(at), "raise" | "exit"))
                    || self.raises_in(end, self.tokens.indent(line))
            }
            // A list of what is missing: the next line says what is done about it.
            _ if self.assigned_of_line(line) => {
                matches!(self.tokens.text(end + 1), "if") && {
                    let after = self.tokens.next_line(end);
                    self.raises_in(after, self.tokens.indent(end))
                }
            }
            _ => false,
        }
    }

    pub(super) fn assigned_of_line(&self, line: usize) -> bool {
        self.tokens.is_name(line + 1) && self.tokens.text(line + 2) == "="
    }

    /// What happens without the value that a name of the file has, from a token on.
    pub(super) fn need_of_local(&self, name: &str, from: usize) -> Need {
        let tokens = &self.tokens;
        let mut need = Need::Bare;
        for &index in tokens.named_behind(name, from) {
            if tokens.before(index, 1) == "." {
                continue;
            }
            let (before, after) = (tokens.before(index, 1), tokens.text(index + 1));
            let is_missing = before == "not" || tokens.are(index + 1, &["is", "None"]);
            if is_missing && self.gives_up_after(index) || before == "assert" {
                return Need::Demanded;
            }
            let is_asked = matches!(after, "or" | "and" | "is" | "==" | "!=" | "in" | "if" | "else")
                || matches!(before, "if" | "elif" | "not" | "and" | "while" | "or");
            if is_asked {
                need = Need::Fallback;
            }
        }
        need
    }
}
