//! Schemas that the environment is held against: zod, valibot, Joi, yup, `TypeBox`, envalid, t3-env and the like.

use super::{Scanner, Whole};
use crate::audit::read::{Need, Read, is_shouted};

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

impl Scanner<'_> {
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
            ]) || (is_joi && !has(&["required", "exist"]))
            {
                Need::Fallback
            } else {
                Need::Demanded
            };
            keys.push(Read::new(name, self.tokens.span(index, index), need));
        }
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
        self.out.reads.extend(keys);
    }
}
