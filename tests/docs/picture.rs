//! `docs/voice-stack.svg`: the repository's own stack, drawn.

use super::page;
use super::support::{everything_said, repository, stackgen};

#[test]
fn the_voice_stack_is_drawn_as_it_is() {
    let output = stackgen()
        .args(["graph", "--format", "svg", "-e", "dev"])
        .current_dir(repository())
        .output()
        .expect("stackgen runs");
    assert!(output.status.success(), "{}", everything_said(&output));
    page::agree("docs/voice-stack.svg", &String::from_utf8(output.stdout).expect("UTF-8"));
}
