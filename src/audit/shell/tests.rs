//! Every spelling of a read in shell.

use super::super::read::Need::{self, Bare, Demanded, Fallback};
use super::*;

fn check(text: &str, expected: &[(&str, Need)]) {
    let found: Vec<(String, Need)> = scan(text).reads.iter().map(|read| (read.name().to_owned(), read.need)).collect();
    let expected: Vec<(String, Need)> = expected.iter().map(|(name, need)| ((*name).to_owned(), *need)).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn every_expansion_is_a_read() {
    check("run \"$A_NAME\"\n", &[("A_NAME", Bare)]);
    check("run ${A_NAME}\n", &[("A_NAME", Bare)]);
    check(
        "run \"${A_NAME:-x}\" ${B_NAME-x} ${C_NAME:+x}\n",
        &[("A_NAME", Fallback), ("B_NAME", Fallback), ("C_NAME", Fallback)],
    );
    check(": \"${A_NAME:?is missing}\"\n", &[("A_NAME", Demanded)]);
    check("set -eu\nrun \"$A_NAME\"\n", &[("A_NAME", Demanded)]);
    check("set -o nounset\nrun $(cat \"$A_NAME\")\n", &[("A_NAME", Demanded)]);
    check("run ${A_NAME%/} ${#B_NAME}\n", &[("A_NAME", Bare), ("B_NAME", Bare)]);
    check("run ${A_NAME:-$B_NAME}\n", &[("A_NAME", Fallback), ("B_NAME", Bare)]);
    check("if [ -n \"$A_NAME\" ]; then run \"$A_NAME\"; fi\n", &[("A_NAME", Fallback), ("A_NAME", Fallback)]);
    check("if [ -z \"$A_NAME\" ]; then\n  echo no >&2\n  exit 1\nfi\n", &[("A_NAME", Demanded)]);
    check("cat <<END\n$A_NAME\nEND\ncat <<'END'\n$B_NAME\nEND\n", &[("A_NAME", Bare)]);
    check("printenv A_NAME\n", &[("A_NAME", Bare)]);
}

#[test]
fn what_the_script_sets_itself_is_no_read() {
    check("A_NAME=x\nrun \"$A_NAME\"\n", &[]);
    check("export A_NAME=x; run $A_NAME\n", &[]);
    check("for A_NAME in x y; do run $A_NAME; done\n", &[]);
    check("while read -r A_NAME; do run $A_NAME; done\n", &[]);
    check("local A_NAME\nrun $A_NAME\n", &[]);
    check("A_NAME=\"${A_NAME:-x}\"\nrun \"$A_NAME\"\n", &[("A_NAME", Fallback), ("A_NAME", Fallback)]);
    check("export A_NAME\nrun $A_NAME\n", &[("A_NAME", Bare)]);
}

#[test]
fn what_is_no_code_is_no_read() {
    check("# $A_NAME\necho '$B_NAME' \\$C_NAME $1 $@ $lower\n", &[]);
    check("sed 's/$A_NAME/x/' file # it's $B_NAME\nrun \"$C_NAME\"\n", &[("C_NAME", Bare)]);
}
