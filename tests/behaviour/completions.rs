//! The completion scripts do what a shell asks of them.

use std::fs;
use std::process::Command;

use stackgen::rules;

use super::support::{self, has_tools, succeed};

fn script(shell: &str) -> String {
    let output = succeed(support::stackgen().args(["completions", shell]));
    assert!(output.stderr.is_empty(), "{shell}: completions say something beside the script");
    String::from_utf8(output.stdout).expect("a script in UTF-8")
}

/// What bash offers for the last of these words.
fn offered(words: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("stackgen.bash");
    fs::write(&file, script("bash")).expect("a writable folder");
    let current = words.len() - 1;
    let ask = format!(
        "source '{file}'\nCOMP_WORDS=({all})\nCOMP_CWORD={current}\n\
         function=$(complete -p stackgen | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n\
         \"$function\" stackgen {last:?} {before:?} 2>/dev/null\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        file = file.display(),
        all = words.join(" "),
        last = words[current],
        before = words[current - 1],
    );
    let output = succeed(Command::new("bash").args(["--norc", "--noprofile", "-c", &ask]));
    String::from_utf8(output.stdout).expect("words in UTF-8").lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_rules_and_values() {
    if !has_tools(&["bash"]) {
        return;
    }
    assert_eq!(offered(&["stackgen", "ex"]), ["explain"]);
    let of_images: Vec<&str> = rules::ALL.iter().map(|rule| rule.id).filter(|id| id.starts_with("image-")).collect();
    assert_eq!(offered(&["stackgen", "explain", "image-"]), of_images);
    assert_eq!(offered(&["stackgen", "check", "--format", "j"]), ["json"]);
    assert_eq!(offered(&["stackgen", "man", "sche"]), ["schema"]);
    assert_eq!(offered(&["stackgen", "completions", "z"]), ["zsh"]);
}

#[test]
fn every_shell_is_told_what_it_can_complete() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = script(shell);
        // Only these two are told the values of an argument without a name.
        let rules = rules::ALL.iter().map(|rule| rule.id).filter(|_| ["bash", "zsh"].contains(&shell));
        for word in ["explain", "deny"].into_iter().chain(rules) {
            assert!(script.contains(word), "the script for {shell} does not know {word}");
        }
    }
}
