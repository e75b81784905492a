//! The command line word for word: what each command prints, and how it exits.
//!
//! Each file of `tests/cmd/` is a session; `<name>.in/` beside it is where it takes place, and with `<name>.out/` in a
//! copy of it. After a wanted change `TRYCMD=overwrite cargo test --test cmd` writes them anew: read the difference.

#[test]
fn sessions() {
    let cases = trycmd::TestCases::new();
    cases.env("NO_COLOR", "1").env("COLUMNS", "100").case("tests/cmd/*.trycmd");
}
