//! Limits of the system that a render reaches: how large a file may become, and how many may be open.
#![cfg(target_os = "linux")]

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output};

use super::support::stackgen;
use super::support::tree::{Files, SHOP, Tree, different, is_stray};

/// The signal to a program whose file became too large.
const SIGXFSZ: i32 = 25;
/// More than a render ever opens at once.
const MANY_FILES: u32 = 40;

/// A render in a shell that says first what is to hold.
fn limited(tree: &Tree, limits: &str) -> Output {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{limits}; exec \"$0\" render")).arg(stackgen().get_program());
    command.current_dir(tree.root()).output().expect("a shell")
}

/// Two states of a stack, which differ in each file.
struct Two {
    tree: Tree,
    manifests: [String; 2],
    rendered: [Files; 2],
}

impl Two {
    fn new() -> Self {
        let other = SHOP.replace("name = \"shop\"", "name = \"warehouse\"").replace("1.29", "1.28");
        let manifests = [SHOP.to_owned(), other];
        let tree = Tree::new("");
        let rendered = manifests.each_ref().map(|manifest| {
            tree.write("services.toml", manifest);
            tree.render(&["-q"]);
            tree.files()
        });
        Self { tree, manifests, rendered }
    }

    /// Renders the second over the first with this limit, until the limit is no longer reached; how often it was.
    fn until_it_works(&self, limit: impl Fn(u32) -> String, reached: impl Fn(&Output)) -> u32 {
        for number in 0.. {
            assert!(number < 1000, "it never succeeds");
            self.tree.write("services.toml", &self.manifests[0]);
            self.tree.render(&["-q"]);
            self.tree.write("services.toml", &self.manifests[1]);
            let before = self.tree.files();
            let output = limited(&self.tree, &limit(number));
            let found = self.tree.files();
            if output.status.success() {
                assert!(found == self.rendered[1], "{:?}", different(&found, &self.rendered[1]));
                return number;
            }
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!said.contains("panicked"), "{said}");
            reached(&output);
            for path in different(&found, &before).into_iter().filter(|path| *path != "stackgen.lock") {
                let is_new = found.get(path) == self.rendered[1].get(path);
                assert!(is_new || is_stray(path), "{path} is neither old nor new: {said}");
            }
            self.tree.render(&["-q"]);
            let recovered = self.tree.files();
            assert!(recovered == self.rendered[1], "{:?}", different(&recovered, &self.rendered[1]));
        }
        unreachable!("there are as many numbers as are needed")
    }
}

#[test]
fn a_file_that_may_not_become_large_enough_is_named() {
    let refused = |output: &Output| {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.starts_with("error: cannot change `") && said.contains("file too large"), "{said}");
    };
    // In blocks of 512 bytes.
    let times = Two::new().until_it_works(|blocks| format!("trap '' XFSZ; ulimit -f {blocks}"), refused);
    assert!(times >= 4, "the limit was reached {times} times");
}

#[test]
fn a_render_that_the_system_ends_for_a_large_file_leaves_every_file_old_or_new() {
    let ended = |output: &Output| assert_eq!(output.status.signal(), Some(SIGXFSZ), "{output:?}");
    let times = Two::new().until_it_works(|blocks| format!("ulimit -f {blocks}"), ended);
    assert!(times >= 4, "the limit was reached {times} times");
}

#[test]
fn a_render_that_may_open_nothing_more_says_so_and_leaves_every_file_old_or_new() {
    let two = Two::new();
    let refused = |output: &Output| {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.starts_with("error: ") && said.contains("Too many open files"), "{said}");
    };
    // Below that, no program starts.
    let times = two.until_it_works(|files| format!("ulimit -n {}", files + 4), refused);
    assert!((1..MANY_FILES).contains(&times), "the limit was reached {times} times");
}
