//! How SARIF and GitHub are told of places: files as a whole, the way to the project, and where lines end.

use super::*;

#[test]
fn a_file_as_a_whole_has_no_line() {
    let source = Source::new("stack/services.toml", "stack", STACK.to_owned());
    let finding = Finding::new("no-lockfile", Severity::Hint, "no lockfile", Label::file("api/src: 1", ""))
        .with(level("asked for here"))
        .with(Label::file("api/package.json", ""));
    let report = report(&source, vec![finding]);
    let outcome = Outcome::new(&source, &report, &[]);
    same(
        &printed(Format::Github, &outcome, Terminal::default()),
        "::notice file=stack/api/src%3A 1,title=stackgen (no-lockfile)::stack/api/src: 1: no lockfile%0A\
         stack/services.toml:6:41: asked for here\n",
    );
    let document: serde_json::Value =
        serde_json::from_str(&printed(Format::Sarif, &outcome, Terminal::default())).unwrap();
    let result = &document["runs"][0]["results"][0];
    assert_eq!(
        result["message"]["text"],
        "no lockfile.\nSee [stack/services.toml:6:41](1): asked for here.\nSee [stack/api/package.json](2)."
    );
    let location = serde_json::json!({
        "physicalLocation": { "artifactLocation": { "uri": "stack/api/src%3A%201", "uriBaseId": "%SRCROOT%" } }
    });
    assert_eq!(result["locations"], serde_json::json!([location]));
}

#[test]
fn the_repository_is_told_the_place_that_the_user_spelled_otherwise() {
    let source = Source::new("/home/me/shop/stack/services.toml", "/home/me/shop/stack", STACK.to_owned());
    let report = report(&source, vec![conflict("dev")]);
    let drift = [drift("api/Dockerfile", "missing", "has not been written", None)];
    for (directory, place) in [("", ""), ("stack", "stack/"), ("../stack", "../stack/")] {
        let outcome = Outcome::new(&source, &report, &drift).in_directory(Some(directory));
        let github = printed(Format::Github, &outcome, Terminal::default());
        assert!(github.contains(&format!("file={place}services.toml,line=9,")), "{github}");
        assert!(github.contains(&format!("file={place}api/Dockerfile,title")), "{github}");
        let sarif = printed(Format::Sarif, &outcome, Terminal::default());
        assert!(sarif.contains(&format!("\"uri\": \"{place}services.toml\"")), "{sarif}");
        assert!(!github.contains("/home") && !sarif.contains("/home"), "{github}{sarif}");
        assert!(human(&outcome).contains("--> /home/me/shop/stack/services.toml:9:11\n"), "people see what they wrote");
    }
}

#[test]
fn what_ends_with_its_line_has_nothing_of_the_next_one() {
    let source = source("a = 1\nb = 2\nc = 3\n");
    let lines = |range: Range<usize>| {
        let finding = Finding::new("rule", Severity::Error, "message", Label::bytes(range, ""));
        let report = report(&source, vec![finding]);
        let shown = printed(Format::Github, &Outcome::new(&source, &report, &[]), Terminal::default());
        shown.split_once(",title").unwrap().0.to_owned()
    };
    assert_eq!(lines(0..6), "::error file=services.toml,line=1,endLine=1");
    assert_eq!(lines(0..12), "::error file=services.toml,line=1,endLine=2");
    assert_eq!(lines(0..13), "::error file=services.toml,line=1,endLine=3");
    assert_eq!(lines(6..6), "::error file=services.toml,line=2,endLine=2,col=1,endColumn=1");
}
