//! Dockerfiles.

use std::collections::BTreeMap;

use stackgen::dockerfile::{Dockerfile, Instruction, expand, variables};

use super::{assert_inside, utf8};

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    let file = Dockerfile::parse(text);
    for flaw in &file.flaws {
        assert_inside(text, &flaw.range);
    }
    let mut end = 0;
    for instruction in &file.instructions {
        assert!(instruction.span.start >= end, "{instruction:?} begins before the one before it ends");
        end = instruction.span.end;
        whole(text, instruction, file.escape);
    }
    let arguments = BTreeMap::from([("A".to_owned(), "b".to_owned())]);
    for (index, stage) in file.stages.iter().enumerate() {
        assert_inside(text, &stage.base.span);
        assert!(stage.body.end <= file.instructions.len() && stage.from < file.instructions.len(), "{stage:?}");
        // A stage needs itself, and none that comes later.
        let needed = file.needed(index, &arguments);
        assert!(needed[index] && !needed[index + 1..].contains(&true), "{needed:?}");
        let _ = file.inherited(index, &arguments);
    }
    let _ = file.health(None, &arguments);
    assert_eq!(file.taken_arguments().count(), file.taken_arguments().map(str::len).count());
    // Line ends of another system say the same.
    if !text.contains('\r') {
        let other = Dockerfile::parse(&text.replace('\n', "\r\n"));
        let names = |file: &Dockerfile| file.instructions.iter().map(|one| one.keyword).collect::<Vec<_>>();
        assert_eq!(names(&other), names(&file), "{text:?}");
    }
}

fn whole(text: &str, instruction: &Instruction, escape: char) {
    assert_inside(text, &instruction.span);
    assert_inside(text, &instruction.name);
    assert_inside(text, &instruction.text.span);
    for flag in &instruction.flags {
        assert_inside(text, &flag.span);
    }
    for document in &instruction.heredocs {
        assert_inside(text, &document.span);
    }
    for word in &instruction.arguments {
        assert_inside(text, &word.span);
        for variable in variables(&word.text, escape) {
            assert_inside(&word.text, &variable.range);
        }
        let _ = expand(&word.text, escape, &mut |name| (name.len() % 2 == 0).then(|| "$x".to_owned()));
    }
    let _ = (instruction.exec(), instruction.shell(), instruction.sources());
    if let Some(inner) = &instruction.on_build {
        whole(text, inner, escape);
    }
}
