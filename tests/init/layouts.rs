//! Repositories as people have them: what is found in each, and that it works at once.

use std::fs;

use crate::facts::Facts;
use crate::secrets::texts;
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
        let before = texts(&directory);
        let again = init(&directory, &["--stdout"]);
        let output = init(&directory, &[]);
        let said = everything_said(&output);
        assert!(output.status.success(), "{name}: {said}");
        assert!(said.contains("Next:") && said.contains("stackgen render"), "{name}: {said}");
        // The same repository gives the same bytes, and no file of a person is touched.
        let mut after = texts(&directory);
        let written = after.remove("services.toml").expect("services.toml");
        assert_eq!(String::from_utf8_lossy(&again.stdout), written, "{name}");
        assert_eq!(before, after, "{name}");
        let place = folder.path().to_string_lossy();
        assert!(!written.contains(place.as_ref()) && !said.contains(place.as_ref()), "{name}: an absolute path");
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
    for (.., line) in &lines {
        say(line);
    }
    let (found, all) = lines.iter().fold((0, 0), |(found, all), (f, a, _)| (found + f, all + a));
    assert!(found * 100 >= all * 95, "{found} of {all}");
}
