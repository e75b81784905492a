//! What a Dockerfile says, in examples.

use super::*;

fn none() -> BTreeMap<String, String> {
    BTreeMap::new()
}

fn texts(words: &[Word]) -> Vec<&str> {
    words.iter().map(|word| word.text.as_str()).collect()
}

#[test]
fn stages_have_names_bases_and_bodies() {
    let text = "# FROM a AS x\nARG V=22\nFROM --platform=linux/amd64 node:$V AS base\nRUN echo as\nfrom base as Final\nFROM scratch\n";
    let file = Dockerfile::parse(text);
    assert_eq!(file.flaws, []);
    assert_eq!(file.stage_names(), ["base", "Final"]);
    assert_eq!(file.stages[0].body, 2..3);
    assert_eq!(file.instructions[1].flag("platform"), Some("linux/amd64"));
    let bases = |arguments: &[(&str, &str)]| {
        let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let values = file.global_arguments(&arguments);
        file.stages.iter().map(|stage| file.base(stage, &values).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(bases(&[]), ["node:22", "base", "scratch"]);
    assert_eq!(bases(&[("V", "24"), ("W", "1")]), ["node:24", "base", "scratch"]);
    assert_eq!(file.target(None), Some(2));
    assert_eq!(file.target(Some("FINAL")), Some(1));
    assert_eq!(file.target(Some("0")), None);
    assert_eq!((file.source("0", 1), file.source("1", 1), file.source("BASE", 1)), (Some(0), None, Some(0)));
}

#[test]
fn a_stage_takes_over_the_probe_of_the_one_it_starts_from() {
    let text = "FROM --platform=x node:22 AS base\nHEALTHCHECK CMD node probe.js\nFROM base AS web\nCMD [\"x\"]\n\
                FROM web AS worker\nhealthcheck none\nFROM scratch AS bare\n# HEALTHCHECK CMD x\nFROM node:22\n";
    let file = Dockerfile::parse(text);
    let says = |target| file.health(target, &none()).map(|health| matches!(health, Health::Command(_)));
    assert_eq!(says(Some("Web")), Some(true));
    assert_eq!(says(Some("worker")), Some(false));
    assert_eq!(says(Some("bare")), None);
    assert_eq!(says(Some("other")), None);
    assert_eq!(says(None), None);
    let probe = Dockerfile::parse("FROM a\nHEALTHCHECK --interval=5s CMD x -y");
    let Some(Health::Command(probe)) = probe.health(None, &none()) else { panic!("no probe") };
    assert_eq!(probe.shell().map(|word| word.text.as_str()), Some("x -y"));
    assert_eq!(Dockerfile::parse("").health(None, &none()), None);
}

#[test]
fn lines_go_on_across_comments_and_empty_lines() {
    let text = "FROM a\nRUN one \\\n  # not this\n\n  two \\  \n  three\nUSER me\n";
    let file = Dockerfile::parse(text);
    assert_eq!(file.instructions[1].text.text, "one   two   three");
    assert_eq!(&text[file.instructions[1].span.clone()], "RUN one \\\n  # not this\n\n  two \\  \n  three");
    assert_eq!(texts(&file.instructions[2].arguments), ["me"]);
    // An escaped escape character does not go on.
    assert_eq!(Dockerfile::parse("FROM a\nRUN x \\\\\nUSER me").instructions.len(), 3);
}

#[test]
fn the_escape_character_can_be_another_one() {
    let file = Dockerfile::parse("# escape=`\n# syntax = docker/dockerfile:1\nFROM a\nCOPY x `\n y C:\\\nUSER b");
    assert_eq!(texts(&file.instructions[1].arguments), ["x", "y", "C:\\"]);
    assert_eq!((file.escape, file.syntax.as_deref()), ('`', Some("docker/dockerfile:1")));
    assert!(!file.is_foreign());
    assert!(Dockerfile::parse("#syntax=example.com/other\nFROM a").is_foreign());
    // A comment ends them.
    assert_eq!(Dockerfile::parse("# hello\n# escape=`\nFROM a").escape, '\\');
    let flaws = Dockerfile::parse("# escape=\\\n# escape=x\nFROM a").flaws;
    assert_eq!(flaws[0].kind, FlawKind::RepeatedDirective { name: "escape" });
    assert_eq!(Dockerfile::parse("# escape=x\nFROM a").flaws[0].kind, FlawKind::Escape);
}

#[test]
fn here_documents_are_no_instructions() {
    let text = "FROM a\nCOPY <<one <<-'two' /x/\nFROM b\none\n\tUSER c\n\ttwo\nRUN <<EOF\nEXPOSE 1\nEOF\nRUN cat <<<word\nEXPOSE 2\n";
    let file = Dockerfile::parse(text);
    let keywords: Vec<Keyword> = file.instructions.iter().map(|instruction| instruction.keyword).collect();
    assert_eq!(keywords, [Keyword::From, Keyword::Copy, Keyword::Run, Keyword::Run, Keyword::Expose]);
    let heredocs = &file.instructions[1].heredocs;
    assert_eq!(heredocs.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(&text[heredocs[1].span.clone()], "\tUSER c\n");
    assert_eq!(texts(file.instructions[1].sources()), ["<<one", "<<-'two'"]);
    assert_eq!(file.flaws, []);
    let open = Dockerfile::parse("FROM a\nRUN <<EOF\nx\n");
    assert_eq!(open.flaws[0].kind, FlawKind::Unterminated { name: "EOF".to_owned() });
    // Of what has none, it is a word.
    assert_eq!(Dockerfile::parse("FROM a\nCMD cat <<EOF\nUSER x\n").instructions.len(), 3);
    assert_eq!(Dockerfile::parse("FROM a\nRUN [\"a\", \"<<EOF\"]\nUSER x\n").instructions.len(), 3);
}

#[test]
fn words_know_their_place_in_the_file() {
    let text = "FROM a\nCOPY --from=b --chown=1:1 \\\n  x y \\\n  /z/\nCOPY [\"a b\", \"/c\"]\nEXPOSE 80/tcp 53/udp\n";
    let file = Dockerfile::parse(text);
    let shown = |words: &[Word]| words.iter().map(|word| text[word.span.clone()].to_owned()).collect::<Vec<_>>();
    assert_eq!(shown(&file.instructions[1].arguments), ["x", "y", "/z/"]);
    assert_eq!(file.instructions[1].flag("from"), Some("b"));
    assert_eq!(&text[file.instructions[1].flags[1].span.clone()], "--chown=1:1");
    assert_eq!(shown(&file.instructions[2].arguments), ["\"a b\"", "\"/c\""]);
    assert_eq!(texts(file.instructions[2].sources()), ["a b"]);
    assert_eq!(shown(&file.instructions[3].arguments), ["80/tcp", "53/udp"]);
}

#[test]
fn a_target_needs_what_it_starts_from_and_copies_from() {
    let text = "FROM a AS one\nFROM b AS two\nFROM one AS three\nRUN --mount=type=bind,from=two,target=/x true\n\
                FROM c AS four\nCOPY --from=0 /a /b\nFROM four\n";
    let file = Dockerfile::parse(text);
    assert_eq!(file.needed(2, &none()), [true, true, true, false, false]);
    assert_eq!(file.needed(4, &none()), [true, false, false, true, true]);
}

#[test]
fn commands_have_two_forms() {
    let file =
        Dockerfile::parse("FROM a\nCMD [\"x\", \"y z\"]\nENTRYPOINT x y\nCMD ['x']\nHEALTHCHECK CMD [\"a\"]\nCMD []");
    let command = |index: usize| &file.instructions[index];
    assert_eq!(command(1).exec(), Some(vec!["x", "y z"]));
    assert_eq!(command(2).shell().map(|word| word.text.as_str()), Some("x y"));
    assert_eq!(command(3).exec(), None, "single quotes are no JSON");
    assert_eq!(command(4).exec(), Some(vec!["a"]));
    assert_eq!(command(5).exec(), Some(Vec::new()));
    assert_eq!(file.flaws, []);
}

#[test]
fn arguments_are_taken_wherever_they_are_declared() {
    let file = Dockerfile::parse("ARG A=1\nFROM x\nARG B C=2\nONBUILD ARG D\n");
    assert_eq!(file.taken_arguments().collect::<Vec<_>>(), ["A", "B", "C", "D"]);
}

#[test]
fn an_argument_that_is_declared_again_keeps_its_value() {
    let file = Dockerfile::parse("ARG A=1\nARG B=$A-x\nARG A\nARG C\nFROM x:$B\n");
    let values = file.global_arguments(&none());
    assert_eq!(values["A"].as_deref(), Some("1"));
    assert_eq!(values["B"].as_deref(), Some("1-x"));
    assert_eq!(values["C"], None);
}

#[test]
fn variables_are_replaced_as_the_builder_does() {
    let value = |name: &str| match name {
        "A" => Some("a".to_owned()),
        "E" => Some(String::new()),
        _ => None,
    };
    for (word, expected) in [
        ("x$A-y", Some("xa-y")),
        ("${A}b", Some("ab")),
        ("${U:-d}", Some("d")),
        ("${E:-d}", Some("d")),
        ("${E-d}", Some("")),
        ("${U:-${A}z}", Some("az")),
        ("${A:+y}${U:+n}", Some("y")),
        ("'$A'\"$A\"", Some("$Aa")),
        ("\\$A", Some("$A")),
        ("$U", Some("")),
        ("${A:?}", Some("a")),
        ("${U:?}", None),
        ("${A#x}", None),
        ("$1$", Some("$1$")),
        ("${A", Some("${A")),
    ] {
        assert_eq!(expand(word, '\\', &mut |name| value(name)).as_deref(), expected, "{word}");
    }
    let found: Vec<(String, bool)> =
        variables("$A${B:-$C}'$D'", '\\').into_iter().map(|one| (one.name, one.has_default)).collect();
    assert_eq!(found, [("A".to_owned(), false), ("B".to_owned(), true), ("C".to_owned(), false)]);
}

#[test]
fn what_the_builder_does_not_take_is_named() {
    let kinds = |text: &str| Dockerfile::parse(text).flaws.into_iter().map(|flaw| flaw.kind).collect::<Vec<_>>();
    assert_eq!(kinds("FRM x\nFROM a"), [FlawKind::Unknown { name: "FRM".to_owned() }]);
    assert_eq!(kinds("RUN x\nFROM a"), [FlawKind::BeforeFrom]);
    assert_eq!(kinds("FROM a b"), [FlawKind::Arguments]);
    assert_eq!(kinds("FROM a AS 1x"), [FlawKind::StageName { name: "1x".to_owned() }]);
    assert_eq!(kinds("FROM a\nCOPY x"), [FlawKind::Lacking]);
    assert_eq!(kinds("FROM a\nUSER"), [FlawKind::Lacking]);
    let flag = |name: &str| FlawKind::Flag { name: name.to_owned() };
    assert_eq!(kinds("FROM a\nCOPY --chwon=1 --from --link x y"), [flag("chwon"), flag("from")]);
    assert_eq!(kinds("FROM a\nVOLUME []"), [FlawKind::Lacking]);
    assert_eq!(kinds("FROM a\nRUN\nCMD\nENTRYPOINT"), []);
    assert_eq!(kinds("FROM a\nONBUILD FROM b"), [FlawKind::Arguments]);
    assert_eq!(kinds("FROM a\nHEALTHCHECK x"), [FlawKind::Arguments]);
    assert_eq!(kinds("# nothing\n"), [FlawKind::Empty]);
    assert_eq!(kinds("FROM a\nENV A=1 B\nENV C d e\nENV F"), [FlawKind::Arguments, FlawKind::Lacking]);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(FROM|RUN|COPY|ARG|ONBUILD|HEALTHCHECK|CMD|#|escape=|<<|EOF|--|\\$|\\{|\\}|:-|[ab \"'`\\\\\n\\[\\],=/ä]){0,40}") {
        let file = Dockerfile::parse(&text);
        for instruction in &file.instructions {
            assert!(text.get(instruction.span.clone()).is_some());
            let flags = instruction.flags.iter().map(|flag| &flag.span);
            for span in instruction.arguments.iter().map(|word| &word.span).chain(flags) {
                assert!(text.get(span.clone()).is_some(), "{span:?}");
            }
        }
        for flaw in &file.flaws {
            assert!(text.get(flaw.range.clone()).is_some());
        }
        for target in [None, Some("a"), Some("0")] {
            file.health(target, &none());
        }
    }
}
