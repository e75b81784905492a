//! A project with two states, of which each render leads from one to the other: every file of most services changes, those
//! of some come, those of some go.

use std::fmt::Write as _;

use super::support::tree::{Files, LOCKFILE, PACKAGE, Tree, different};

/// How many services are in one state alone.
const ALONE: usize = 4;

/// The two states.
pub(crate) struct Between {
    pub(crate) tree: Tree,
    /// How many services each state has; each renders to three files.
    services: usize,
    manifests: [String; 2],
    /// All files of each state.
    pub(crate) rendered: [Files; 2],
}

impl Between {
    /// Renders both, the second one last.
    pub(crate) fn new(services: usize) -> Self {
        let manifests = [manifest("22", 1, services), manifest("24", 1 + ALONE, services + ALONE)];
        let tree = Tree::new(&manifests[0]);
        for number in 1..=services + ALONE {
            tree.write(&format!("apps/s{number}/package.json"), PACKAGE);
            tree.write(&format!("apps/s{number}/package-lock.json"), LOCKFILE);
            for version in ["22", "24"] {
                tree.write(&format!("apps/s{number}/prepare-{version}.js"), "");
            }
        }
        let rendered = manifests.each_ref().map(|manifest| {
            tree.write("services.toml", manifest);
            tree.render(&["-q"]);
            tree.files()
        });
        let changed = different(&rendered[0], &rendered[1]).len();
        assert!(changed >= 3 * services, "only {changed} files change");
        Self { tree, services, manifests, rendered }
    }

    /// Saves the manifest of a state.
    pub(crate) fn aim_at(&self, to: usize) {
        self.tree.write("services.toml", &self.manifests[to]);
    }

    /// The number of a service that both states have, or that only the one `from` which a render comes has, or only the
    /// one `to` which it leads.
    pub(crate) fn service(&self, from: bool, to: bool, which: usize, aim: usize) -> usize {
        // The first ones are those of the first state alone.
        let first = match (from, to) {
            (true, true) => return 1 + ALONE + which % (self.services - ALONE),
            (false, _) => aim == 0,
            (true, false) => aim == 1,
        };
        if first { 1 + which % ALONE } else { 1 + self.services + which % ALONE }
    }

    /// A render that knows nothing of what was before leads to the state of the manifest.
    #[track_caller]
    pub(crate) fn recovers(&self, to: usize) {
        self.tree.render(&["-q"]);
        let found = self.tree.files();
        assert!(found == self.rendered[to], "{:?}", different(&found, &self.rendered[to]));
    }
}

/// A stack of small Node services of one version, from the first to the last.
fn manifest(version: &str, first: usize, last: usize) -> String {
    let mut text = "[stack]\nname = \"many\"\nenvironments = [\"dev\"]\n".to_owned();
    for number in first..=last {
        let _ = write!(
            text,
            "\n[services.s{number}]\nkind = \"node\"\nversion = \"{version}\"\nsource = \"apps/s{number}\"\n\
             port = 3000\nbefore-start = [\"node prepare-{version}.js\"]\ninclude = [\"prepare-{version}.js\"]\n"
        );
    }
    text
}
