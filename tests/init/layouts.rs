//! Repositories as people have them: what is found in each, and that it works at once.

use std::fs;

use crate::facts::Facts;
use crate::support::{everything_said, in_parallel, say};
use crate::{copy_of, init, layouts, move_away, works};

#[test]
fn each_layout_is_found_but_for_what_it_says() {
    let folders = layouts();
    let lines = in_parallel(&folders, |layout| {
        let name = layout.file_name().expect("a name").to_string_lossy().into_owned();
        let expected = fs::read_to_string(layout.join("expected.toml")).expect("expected.toml");
        let folder = copy_of(layout);
        let directory = folder.path().join("repository");
        let output = init(&directory, &[]);
        assert!(output.status.success(), "{name}: {}", everything_said(&output));
        let share = Facts::expected(&expected).share(&Facts::of(&directory, false));
        let document: toml::Table = expected.parse().expect("TOML");
        let missed = document.get("missed").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        let missed: Vec<&str> = missed.iter().filter_map(toml::Value::as_str).collect();
        assert_eq!(share.missed, missed, "{name}: what is missed");
        assert!(share.invented.is_empty(), "{name}: {:?}", share.invented);
        move_away(&directory, &output);
        works(&directory);
        (share.found, share.found + share.missed.len(), share.line(&name))
    });
    say("stackgen init, by layout:");
    lines.iter().for_each(|(.., line)| say(line));
    let (found, all) = lines.iter().fold((0, 0), |(found, all), (f, a, _)| (found + f, all + a));
    assert!(found * 100 >= all * 95, "{found} of {all}");
}

#[test]
fn the_same_repository_gives_the_same_bytes() {
    for layout in layouts() {
        let texts: Vec<String> = (0..2)
            .map(|_| {
                let folder = copy_of(&layout);
                everything_said(&init(&folder.path().join("repository"), &["--stdout"]))
            })
            .collect();
        assert_eq!(texts[0], texts[1], "{}", layout.display());
        assert!(!texts[0].contains("/tmp"), "an absolute path in {}", texts[0]);
    }
}

#[test]
fn every_guess_is_called_one_and_no_person_s_file_is_touched() {
    for layout in layouts() {
        let folder = copy_of(&layout);
        let directory = folder.path().join("repository");
        let before = crate::secrets::texts(&directory);
        let output = init(&directory, &[]);
        let mut after = crate::secrets::texts(&directory);
        let written = after.remove("services.toml").expect("services.toml");
        assert_eq!(before, after, "{}", layout.display());
        assert!(written.contains("# guess: ") || written.contains("compose"), "{written}");
        let said = everything_said(&output);
        assert!(said.contains("Next:") && said.contains("stackgen render"), "{said}");
    }
}
