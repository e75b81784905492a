//! What a file of JavaScript does as soon as it is loaded, and not where somebody calls a function of it: a build that loads
//! the file stops there too.

use super::Scanner;
use crate::audit::read::Need;

impl Scanner<'_> {
    /// Notes the reads without which the file cannot even be loaded.
    pub(super) fn loads(&mut self) {
        let demanded = self.out.reads.iter().filter(|read| read.need == Need::Demanded && !read.baked);
        let starts: Vec<usize> = demanded.map(|read| read.span.start).collect();
        self.out.at_load = starts.into_iter().filter(|start| self.is_at_load(self.tokens.at(*start))).collect();
    }

    /// Whether a token stands in no function.
    fn is_at_load(&self, at: usize) -> bool {
        let tokens = &self.tokens;
        let mut index = at;
        // Whether an arrow before it may be that of a function without braces around it.
        let mut is_open = true;
        while let Some(before) = index.checked_sub(1) {
            index = before;
            match tokens.text(index) {
                ")" | "]" | "}" if tokens.pair(index) < index => {
                    // What ends in a brace is a statement, or an object that something is done with.
                    is_open &= tokens.text(index) != "}";
                    index = tokens.pair(index);
                }
                "{" if tokens.pair(index) > at => {
                    if self.is_body(index) {
                        return false;
                    }
                    is_open = true;
                }
                "(" | "[" | "${" if tokens.pair(index) > at => is_open = true,
                "=>" if is_open => return false,
                ";" | "," | "const" | "let" | "var" | "if" | "export" | "import" | "throw" => is_open = false,
                _ => {}
            }
        }
        true
    }

    /// Whether a brace opens the body of a function or of a class, and not a block or an object.
    fn is_body(&self, open: usize) -> bool {
        let tokens = &self.tokens;
        match tokens.before(open, 1) {
            "else" | "try" | "finally" | "do" | "=" | "(" | "[" | "," | "return" | "default" | "?" | "||" | "??"
            | "&&" | ":" | ";" | "}" | "" => false,
            ")" => {
                let head = open.checked_sub(1).map_or(open, |close| tokens.pair(close));
                let word = tokens.before(head, 1);
                !matches!(word, "if" | "for" | "while" | "switch" | "catch" | "with" | "await")
            }
            _ => true,
        }
    }
}
