//! A real process, killed at moments all over its run: every file is old or new, and the next render goes on.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use super::tree::{Files, LOCKFILE, PACKAGE, Tree, different, is_stray};

/// Each renders to three files.
const SERVICES: usize = 150;
/// How many moments of the whole run.
const KILLS: u32 = 50;
/// How many more of the time in which files are written, which is a small part of it.
const KILLS_WHILE_WRITING: u32 = 15;
/// So many of all have to come between two files.
const IN_THE_MIDST: u32 = 5;

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

/// `xorshift64`: the same moments in every run.
struct Moments(u64);

impl Moments {
    /// The next number in 0..1.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        f64::from(u32::try_from(self.0 >> 32).expect("32 bits")) / f64::from(u32::MAX)
    }
}

/// When to kill.
#[derive(Debug, Clone, Copy)]
enum After {
    Start(Duration),
    /// After the first write.
    Lock(Duration),
}

/// Two states of a project, with all files that each renders to.
struct Between {
    tree: Tree,
    manifests: [String; 2],
    rendered: [Files; 2],
}

impl Between {
    /// Renders both, the second one last.
    fn new() -> Self {
        // Between them every file of a service changes, some come and some go.
        let manifests = [manifest("20", 1, SERVICES), manifest("22", 6, SERVICES + 5)];
        let tree = Tree::new(&manifests[0]);
        for number in 1..=SERVICES + 5 {
            tree.write(&format!("apps/s{number}/package.json"), PACKAGE);
            tree.write(&format!("apps/s{number}/package-lock.json"), LOCKFILE);
            for version in ["20", "22"] {
                tree.write(&format!("apps/s{number}/prepare-{version}.js"), "");
            }
        }
        let rendered = manifests.each_ref().map(|manifest| {
            tree.write("services.toml", manifest);
            tree.render(&["-q"]);
            tree.files()
        });
        Self { tree, manifests, rendered }
    }

    /// Starts a render from the other state to this one.
    fn start(&self, to: usize) -> Child {
        self.tree.write("services.toml", &self.manifests[to]);
        self.tree.command(&["render"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a process")
    }

    /// Waits until a started render begins to write: the lock comes first.
    fn until_it_writes(&self, render: &mut Child, lock: SystemTime) {
        while self.lock() == lock && render.try_wait().expect("a process").is_none() {
            std::hint::spin_loop();
        }
    }

    /// When the lock was written.
    fn lock(&self) -> SystemTime {
        std::fs::metadata(self.tree.path("stackgen.lock")).and_then(|lock| lock.modified()).expect("a lock")
    }

    /// How long a render from the other state to this one takes, and how long it writes.
    fn durations(&self, to: usize) -> (Duration, Duration) {
        let lock = self.lock();
        let start = Instant::now();
        let mut render = self.start(to);
        self.until_it_writes(&mut render, lock);
        let writing = Instant::now();
        assert!(render.wait().expect("an end").success());
        (start.elapsed(), writing.elapsed())
    }

    /// Kills the render from the other state to this one, so long after its start or after it began to write; says
    /// whether it was cut off between two files.
    fn kill(&self, to: usize, after: After) -> bool {
        let lock = self.lock();
        let mut render = self.start(to);
        match after {
            After::Start(time) => sleep(time),
            After::Lock(time) => {
                self.until_it_writes(&mut render, lock);
                sleep(time);
            }
        }
        render.kill().expect("a process that may be killed");
        render.wait().expect("an end");

        let (old, new) = (&self.rendered[1 - to], &self.rendered[to]);
        let found = self.tree.files();
        let ours = |path: &&String| path.as_str() != "stackgen.lock" && !is_stray(path);
        let all: BTreeSet<&String> = found.keys().chain(old.keys()).chain(new.keys()).filter(ours).collect();
        let mut counts = (0, 0);
        for path in all {
            let state = found.get(path);
            assert!(
                state == old.get(path) || state == new.get(path),
                "{path} is neither old nor new after {after:?}: {:?}",
                state.map(|bytes| String::from_utf8_lossy(bytes))
            );
            let is_program = path.rsplit('/').next() == Some("docker-entrypoint.sh");
            assert!(state.is_none() || self.tree.is_executable(path) == is_program, "the mode of {path}");
            counts.0 += u32::from(state != new.get(path));
            counts.1 += u32::from(state != old.get(path) && path != "services.toml");
        }
        counts.0 > 0 && counts.1 > 0
    }

    /// What comes after a kill: a render that knows nothing of it.
    fn recovers(&self, to: usize) {
        self.tree.render(&[]);
        let found = self.tree.files();
        assert!(found.keys().eq(self.rendered[to].keys()), "{:?}", different(&found, &self.rendered[to]));
        assert!(found == self.rendered[to], "{:?}", different(&found, &self.rendered[to]));
    }
}

#[test]
fn a_render_that_is_killed_leaves_old_or_new_files_and_the_next_one_completes() {
    let between = Between::new();
    let changed = different(&between.rendered[0], &between.rendered[1]).len();
    assert!(changed >= 300, "only {changed} files change");
    let durations = [0, 1, 0, 1, 0].map(|to| between.durations(to));
    let whole = median(durations.map(|(whole, _)| whole));
    let writing = median(durations.map(|(_, writing)| writing));

    let mut moments = Moments(0x5EED_0F57_ACC6_E401);
    let mut in_the_midst = 0;
    for kill in 0..KILLS + KILLS_WHILE_WRITING {
        let to = usize::from(kill % 2 == 0);
        let moment = moments.next();
        let after =
            if kill < KILLS { After::Start(whole.mul_f64(moment)) } else { After::Lock(writing.mul_f64(moment)) };
        in_the_midst += u32::from(between.kill(to, after));
        between.recovers(to);
    }
    assert!(in_the_midst >= IN_THE_MIDST, "only {in_the_midst} kills came between two files");
}

fn median<const N: usize>(mut durations: [Duration; N]) -> Duration {
    durations.sort();
    durations[N / 2]
}
