//! Secrets that are files: values where nobody has to set them, and where their reader takes nothing else.

use std::fs;

use crate::support::compose;
use crate::support::everything_said;
use crate::support::running::{Running, SECRET};

#[test]
fn secrets_that_nobody_sets_stop_nothing() {
    if !compose::has_engine() {
        return;
    }
    let rendered = super::rendered("credentials");
    for plan in &rendered.plans {
        let running = Running::prepared("processes", &rendered, plan, &[]);
        // Compose asks for what a secret reads, be it empty: a line that is not there is what an operator leaves out.
        let env_file = rendered.root().join(plan.env_file());
        let text = fs::read_to_string(&env_file).expect("an env file");
        let is_set = |line: &&str| !(line.starts_with("TOKEN=") || plan.is_default && line.starts_with("PASSWORD="));
        let lines: Vec<&str> = text.lines().filter(is_set).collect();
        assert!(lines.len() < text.lines().count(), "{text}");
        fs::write(&env_file, format!("{}\n", lines.join("\n"))).expect("a writable file");
        // Both stores answer their probes, which know the password.
        running.start();
        let said = everything_said(&running.stack.try_run(&["logs", "--no-log-prefix", "reader"]));
        let expected = if plan.is_default {
            "plain=[not-a-password-of-dev] token=[] file=[]".to_owned()
        } else {
            format!("plain=[] token=[] file=[{SECRET}]")
        };
        assert!(said.contains(&expected), "{said}");
        running.stack.down();
    }
}
