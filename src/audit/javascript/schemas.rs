//! Schemas that the environment is held against: zod, valibot, Joi, yup, `TypeBox`, envalid, t3-env and the like.

use super::{Scanner, Whole};
use crate::audit::read::{Need, Read, is_shouted};
use crate::audit::tokens::Tokens;

/// Names under which the values of a schema are made.
const MAKERS: [&str; 11] = ["z", "v", "t", "s", "S", "Joi", "joi", "yup", "Yup", "Type", "T"];
/// Functions of envalid and znv that make one.
const FUNCTIONS: [&str; 10] =
    ["str", "num", "bool", "port", "url", "email", "host", "json", "testOnly", "makeValidator"];
/// Functions that are given the environment to hold it against a schema.
const CHECKS: [&str; 13] = [
    "parse",
    "safeParse",
    "parseAsync",
    "safeParseAsync",
    "validate",
    "validateSync",
    "cleanEnv",
    "parseEnv",
    "createEnv",
    "customCleanEnv",
    "envSchema",
    "Check",
    "Parse",
];

impl<'t> Scanner<'t> {
    /// Whether the whole environment at this place is held against a schema.
    pub(super) fn is_checked(&self, whole: Whole) -> bool {
        let before = self.tokens.before(whole.start, 1);
        if before == ":" {
            return matches!(
                self.tokens.before(whole.start, 2),
                "runtimeEnv" | "runtimeEnvStrict" | "experimental__runtimeEnv" | "data" | "env"
            ) && self.has_schema();
        }
        let open = (0..whole.start)
            .rev()
            .take(40)
            .find(|at| self.tokens.text(*at) == "(" && self.tokens.pair(*at) > whole.start);
        open.is_some_and(|open| CHECKS.contains(&self.tokens.before(open, 1))) && self.has_schema()
    }

    /// Names that a schema is given by hand: `parse({ NAME: process.env.OTHER })`, `runtimeEnv: { NAME: … }`. What they are
    /// read from stands behind each.
    fn fed(&self) -> Vec<&'t str> {
        let tokens = &self.tokens;
        let mut found = Vec::new();
        for index in 0..tokens.len() {
            let is_given = tokens.text(index) == "("
                && tokens.text(index + 1) == "{"
                && CHECKS.contains(&tokens.before(index, 1))
                && !matches!(tokens.before(index, 1), "createEnv" | "envSchema");
            let is_named = matches!(tokens.text(index), "runtimeEnv" | "runtimeEnvStrict" | "experimental__runtimeEnv")
                && tokens.are(index + 1, &[":", "{"]);
            let is_data = tokens.are(index, &["data", ":", "{"]) && self.text.contains("envSchema");
            let open = match (is_given, is_named || is_data) {
                (true, _) => index + 1,
                (_, true) => index + 2,
                _ => continue,
            };
            found.extend(keys(tokens, open));
        }
        // What is declared first and given then: `const values = { NAME: process.env.OTHER }; schema.parse(values)`.
        for index in 0..tokens.len() {
            let is_given = CHECKS.contains(&tokens.text(index))
                && tokens.text(index + 1) == "("
                && tokens.is_name(index + 2)
                && matches!(tokens.text(index + 3), ")" | ",");
            if !is_given {
                continue;
            }
            let name = tokens.text(index + 2);
            let declared = (0..tokens.len())
                .find(|at| tokens.text(*at) == name && tokens.are(at + 1, &["=", "{"]) && !self.makes_in(at + 2));
            let Some(open) = declared.map(|at| at + 2) else { continue };
            found.extend(keys(tokens, open));
        }
        found
    }

    /// Whether the key at a token of a schema may be missing by what is done with the whole: `.partial()`,
    /// `.omit({ NAME: true })`, also under the name that it is given.
    fn is_left_out(&self, key: usize, name: &str) -> bool {
        let tokens = &self.tokens;
        let Some(open) = self.brace_around(key) else { return false };
        let named = (open.saturating_sub(8)..open)
            .rev()
            .take_while(|at| !matches!(tokens.text(*at), ";" | "}" | "{"))
            .find(|at| tokens.text(*at) == "=")
            .map_or("", |at| tokens.before(at, 1));
        let leaves = |mut close: usize| {
            while tokens.text(close + 1) == "." && tokens.is_name(close + 2) {
                let open = close + 3;
                if tokens.text(open) != "(" {
                    return false;
                }
                let end = tokens.pair(open).max(open);
                let says = (open..end).any(|at| tokens.string(at).unwrap_or_else(|| tokens.text(at)) == name);
                match tokens.text(close + 2) {
                    "partial" | "deepPartial" if end == open + 1 || says => return true,
                    "omit" if says => return true,
                    "pick" if !says => return true,
                    _ => {}
                }
                close = end;
            }
            false
        };
        let close = tokens.pair(open);
        let behind = if tokens.text(close + 1) == ")" { close + 1 } else { close };
        leaves(behind) || (!named.is_empty() && (0..tokens.len()).any(|at| tokens.text(at) == named && leaves(at)))
    }

    /// Whether the object at a token is a schema itself.
    fn makes_in(&self, open: usize) -> bool {
        (open..self.tokens.pair(open)).any(|at| self.makes(at))
    }

    fn has_schema(&self) -> bool {
        (0..self.tokens.len()).any(|index| self.makes(index))
    }

    /// Whether a value of a schema begins at a token: `z.string()`, `str({ … })`.
    fn makes(&self, at: usize) -> bool {
        let text = self.tokens.text(at);
        (MAKERS.contains(&text) && self.tokens.text(at + 1) == ".")
            || (FUNCTIONS.contains(&text) && self.tokens.text(at + 1) == "(")
    }

    /// The keys of schemas in a file that holds the environment against one.
    pub(super) fn schemas(&mut self) {
        let is_held = (0..self.tokens.len()).any(|at| {
            let name = self.tokens.text(at);
            (CHECKS.contains(&name) || matches!(name, "validationSchema" | "runtimeEnv"))
                && (self.text.contains("process.env")
                    || self.text.contains("import.meta.env")
                    || self.text.contains("Bun.env")
                    || matches!(name, "createEnv" | "validationSchema"))
        });
        // A schema in a file of its own, which another one uses.
        let is_named =
            ["envSchema", "EnvSchema", "validationSchema", "ENV_SCHEMA"].iter().any(|name| self.text.contains(name));
        if !(is_held || is_named) {
            return;
        }
        let mut keys: Vec<Read> = Vec::new();
        for index in 0..self.tokens.len() {
            let is_key = self.tokens.is_name(index) || self.tokens.string(index).is_some();
            if !is_key || self.tokens.text(index + 1) != ":" || !matches!(self.tokens.before(index, 1), "{" | ",") {
                continue;
            }
            let name = self.tokens.string(index).unwrap_or_else(|| self.tokens.text(index));
            if !is_shouted(name) || !self.makes(index + 2) {
                continue;
            }
            let mut end = index + 2;
            while end < self.tokens.len() && !matches!(self.tokens.text(end), "," | "}") {
                end = self.tokens.pair(end).max(end) + 1;
            }
            let value = index + 2..end;
            let has = |words: &[&str]| value.clone().any(|at| words.contains(&self.tokens.text(at)));
            let is_joi = matches!(self.tokens.text(index + 2), "Joi" | "joi" | "yup" | "Yup" | "S");
            let need = if has(&[
                "default",
                "optional",
                "Optional",
                "nullish",
                "catch",
                "devDefault",
                "nullable",
                "prefault",
                "fallback",
                "notRequired",
                "exactOptional",
                "testOnly",
                "undefined",
                "any",
                "unknown",
                "preprocess",
            ]) || self.is_left_out(index, name)
                || (is_joi && !has(&["required", "exist"]))
            {
                Need::Fallback
            } else {
                Need::Demanded
            };
            keys.push(Read::new(name, self.tokens.span(index, index), need));
        }
        // `{ NAME: process.env.OTHER }` reads OTHER, and `{ NAME: process.env.NAME }` is a read where it stands.
        let fed = self.fed();
        // What is read for the schema is not needed more than the schema says: `runtimeEnv: { NAME: process.env.NAME }`.
        let reads = std::mem::take(&mut self.out.reads);
        self.out.reads = reads
            .into_iter()
            .map(|mut read| {
                if let Some(key) = keys.iter().find(|key| key.names == read.names) {
                    read.need = key.need;
                }
                read
            })
            .collect();
        keys.retain(|key| !fed.contains(&key.name()));
        self.out.reads.extend(keys);
    }
}

/// The names that an object has: `{ NAME: …, "OTHER": … }`.
fn keys<'t>(tokens: &Tokens<'t>, open: usize) -> impl Iterator<Item = &'t str> {
    let is_key = |at: &usize| tokens.text(at + 1) == ":";
    tokens.items(open).into_iter().filter(is_key).map(|at| tokens.string(at).unwrap_or_else(|| tokens.text(at)))
}
