//! `docs/rules`: the page of each rule, and their list.

use std::collections::BTreeSet;
use std::fs;

use stackgen::rules::{ALL, Rule};

use super::markdown::{prose, table};
use super::page;
use super::support::repository;

const FOLDER: &str = "docs/rules";

const INTRODUCTION: &str = "\
<!-- Generated from the rules in src/rules; `STACKGEN_BLESS=1 cargo test --test docs rules` writes it anew. -->
# Rules

What `stackgen check` and `stackgen render` find in a services.toml before anything is written. `stackgen explain RULE`
prints the same pages. An error stops the stack, and nothing is written; a warning is a likely bug or a risk, and fails
only with `--deny warnings`; a hint is worth knowing. Where *allow* says yes, `allow.RULE = \"the reason\"` on a service
or on `[stack]` silences it ([how](../guide.md#findings-and-how-to-live-with-them)).

";

#[test]
fn every_rule_has_its_page() {
    for rule in ALL {
        page::agree(&format!("{FOLDER}/{}.md", rule.id), &of(rule));
    }
}

#[test]
fn the_list_of_rules_is_up_to_date() {
    let rows: Vec<[String; 4]> = ALL
        .iter()
        .map(|rule| {
            let allow = if rule.can_be_allowed { "yes" } else { "no" };
            let link = format!("[{id}]({id}.md)", id = rule.id);
            [link, rule.severity.word().to_owned(), prose(rule.summary), allow.to_owned()]
        })
        .collect();
    page::agree(
        &format!("{FOLDER}/README.md"),
        &format!("{INTRODUCTION}{}", table(["rule", "severity", "finds", "allow"], &rows)),
    );
}

#[test]
fn no_page_is_left_of_a_rule_that_is_gone() {
    let expected: BTreeSet<String> =
        ALL.iter().map(|rule| format!("{}.md", rule.id)).chain(["README.md".to_owned()]).collect();
    for entry in fs::read_dir(repository().join(FOLDER)).expect("a folder of pages") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if !expected.contains(&name) && page::blesses() {
            fs::remove_file(&path).expect("a page that can go");
        } else {
            assert!(expected.contains(&name), "{FOLDER}/{name} belongs to no rule: delete it");
        }
    }
}

fn of(rule: &Rule) -> String {
    let allow = if rule.can_be_allowed {
        format!("`allow.{} = \"the reason\"` silences it, for a service or for the whole stack.", rule.id)
    } else {
        "It cannot be silenced with `allow`.".to_owned()
    };
    let file = rule.id.replace('-', "_");
    format!(
        "<!-- Generated from src/rules/{file}.rs; `STACKGEN_BLESS=1 cargo test --test docs rules` writes it anew. -->\n\
         # {}\n\n**{}**: {}. {allow}\n\n{}\n\n[All rules](README.md)\n",
        rule.id,
        capital(rule.severity.word()),
        prose(rule.summary),
        rule.docs.trim_end(),
    )
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
