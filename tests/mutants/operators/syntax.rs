//! Mistakes of the keyboard: what cannot be read, or reads as something else.

use super::{Operator, misspelt};
use crate::base::{Base, Line};
use crate::mutant::Mutant;
use crate::proof::Proof;

pub(super) const OPERATORS: &[Operator] = &[
    Operator { name: "misspell a key", rules: &["unknown-key"], proof: Proof::Schema, apply: misspell_a_key },
    Operator {
        name: "write a key with an underscore",
        rules: &["unknown-key"],
        proof: Proof::Schema,
        apply: |base| {
            let keys = base.entries().filter(|line| is_own(line) && line.key.contains('-') && !line.key.contains('.'));
            keys.map(|line| base.set(line, line.text.replacen(&line.key, &line.key.replace('-', "_"), 1))).collect()
        },
    },
    Operator {
        name: "write a number in quotes",
        rules: &["manifest-syntax"],
        proof: Proof::Schema,
        apply: |base| {
            // Of these a text is as good.
            let is_number = |line: &&Line| {
                is_own(line) && line.value.parse::<u32>().is_ok() && !["publish", "user"].contains(&line.key.as_str())
            };
            base.entries().filter(is_number).map(|line| base.value(line, format!("\"{}\"", line.value))).collect()
        },
    },
    Operator {
        name: "write a version without quotes",
        rules: &["manifest-syntax"],
        proof: Proof::Schema,
        apply: |base| {
            let versions = base.entries().filter(|line| line.key == "version" && line.value.matches('.').count() < 2);
            versions.map(|line| base.value(line, line.value.replace('"', ""))).collect()
        },
    },
    Operator {
        name: "misspell a word of a fixed list",
        rules: &["manifest-syntax"],
        proof: Proof::Schema,
        apply: |base| {
            let words = [
                "\"watch\"",
                "\"mount\"",
                "\"http\"",
                "\"beat\"",
                "\"allkeys-lru\"",
                "\"url-safe\"",
                "\"url\"",
                "\"started\"",
            ];
            let own = base.entries().filter(|line| !line.table.contains("compose") && !line.table.contains("labels"));
            own.flat_map(|line| {
                words.map(|word| base.swap(line, word, &format!("\"{}\"", misspelt(word.trim_matches('"')))))
            })
            .flatten()
            .collect()
        },
    },
    Operator {
        name: "say yes instead of true",
        rules: &["manifest-syntax", "port-invalid", "invalid-value", "health-path"],
        proof: Proof::Schema,
        apply: |base| {
            let own = base.entries().filter(|line| is_own(line) && (line.value == "true" || line.value == "false"));
            own.map(|line| base.value(line, if line.value == "true" { "\"yes\"" } else { "\"no\"" })).collect()
        },
    },
    Operator {
        name: "write one word where a list belongs",
        rules: &["manifest-syntax"],
        proof: Proof::Schema,
        apply: |base| {
            let keys = [
                "packages",
                "include",
                "environments",
                "profiles",
                "init",
                "rules",
                "databases",
                "produces",
                "networks",
            ];
            let lists = base
                .entries()
                .filter(|line| is_own(line) && keys.contains(&line.key.as_str()) && line.value.starts_with('['));
            lists
                .filter(|line| line.table != "stack")
                .map(|line| {
                    base.value(line, line.value.trim_matches(['[', ']']).split(", ").next().unwrap_or_default())
                })
                .collect()
        },
    },
    Operator {
        name: "say a key twice",
        rules: &["manifest-syntax"],
        proof: Proof::Toml,
        apply: |base| base.entries().map(|line| base.below(line, &line.text)).collect(),
    },
    Operator {
        name: "begin a table twice",
        rules: &["manifest-syntax"],
        proof: Proof::Toml,
        apply: |base| {
            let headers = base.lines.iter().filter(|line| line.is_header() && line.table.starts_with("services."));
            headers.map(|line| base.end(&format!("\n[{}]", line.table)).at_last(&format!("[{}]", line.table))).collect()
        },
    },
    Operator {
        name: "forget a closing quote",
        rules: &["manifest-syntax"],
        proof: Proof::Toml,
        apply: |base| {
            let texts =
                base.entries().filter(|line| line.value.starts_with('"') && line.value.matches('"').count() == 2);
            texts.map(|line| base.value(line, line.value.trim_end_matches('"'))).collect()
        },
    },
    Operator {
        name: "forget the quotes",
        rules: &["manifest-syntax"],
        proof: Proof::Toml,
        apply: |base| {
            let is_word = |line: &&Line| {
                line.value.starts_with('"') && line.value.trim_matches('"').chars().all(char::is_alphabetic)
            };
            base.entries().filter(is_word).map(|line| base.value(line, line.value.replace('"', ""))).collect()
        },
    },
    Operator {
        name: "forget a closing bracket of a header",
        rules: &["manifest-syntax"],
        proof: Proof::Toml,
        apply: |base| {
            let headers = base.lines.iter().filter(|line| line.is_header() && !line.text.contains('#'));
            headers.map(|line| base.set(line, line.text.trim_end_matches(']'))).collect()
        },
    },
    Operator {
        name: "end an inline table with a comma",
        rules: &["toml-1-0-only"],
        proof: Proof::Toml,
        apply: |base| {
            let tables = base.entries().filter(|line| {
                line.value.matches('{').count() == 1 && line.value.starts_with('{') && line.value.ends_with(" }")
            });
            tables.map(|line| base.value(line, format!("{}, }}", line.value.trim_end_matches(" }")))).collect()
        },
    },
    Operator {
        name: "write a colon between key and value",
        rules: &["manifest-syntax"],
        proof: Proof::Toml,
        apply: |base| base.entries().map(|line| base.set(line, format!("{}: {}", line.key, line.value))).collect(),
    },
];

/// Whether an entry is one of stackgen's own, and of no table with free names.
pub(super) fn is_own(line: &Line) -> bool {
    let of_a_service = line.service().is_some();
    (of_a_service || line.table == "stack" || line.table == "defaults") && !line.key.contains('.')
}

fn misspell_a_key(base: &Base) -> Vec<Mutant> {
    // Without these a service is incomplete, which is another mistake.
    let needed = ["kind", "image", "name", "source", "version", "extends"];
    let keys = base.entries().filter(|line| is_own(line) && !needed.contains(&line.key.as_str()));
    keys.map(|line| base.set(line, line.text.replacen(&line.key, &misspelt(&line.key), 1))).collect()
}
