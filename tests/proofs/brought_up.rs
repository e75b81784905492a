//! Whole stacks with one mistake each: `check` finds it, with the rule that is named, and what is rendered all the same fails
//! when it is brought up, or runs and is broken, as the rule claims.

use std::collections::BTreeSet;
use std::fs;
use std::iter;
use std::process;
use std::thread::sleep;
use std::time::{Duration, Instant};

use stackgen::diagnostics::Severity;
use stackgen::project::Project;
use stackgen::render;
use stackgen::templates::Templates;
use tempfile::TempDir;

use crate::support::compose::{Stack, has_engine};
use crate::support::running::free_ports;
use crate::support::{everything_said, in_parallel, say};

/// So many stacks show it, at least.
const STACKS: usize = 20;

/// How long something may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A service of which a container runs and does nothing.
const IDLE: &str = "image = \"debian:bookworm-slim\"\ncommand = [\"sleep\", \"infinity\"]\n";
/// One that listens.
const REDIS: &str = "image = \"redis:7-alpine\"\nport = 6379\n";

/// Asks the cache of `CACHE_URL`.
const PING: &[&str] = &["sh", "-c", "redis-cli -e -u $CACHE_URL ping"];

/// How a mistake shows.
enum Shows {
    /// `up` fails, and says one of these.
    AtUp(&'static [&'static str]),
    /// It starts, and the container of this service ends with this in its log.
    Ends(&'static str, &'static str),
    /// It starts, and the container of this service goes on for ever, although another one waits for its end.
    GoesOn(&'static str),
    /// It starts, and this command in the container of this service fails with one of these words; where this text is
    /// replaced by that one, it works.
    Fails(&'static str, &'static [&'static str], &'static [&'static str], (&'static str, &'static str)),
    /// It starts, and this command in the container of this service says that.
    Says(&'static str, &'static [&'static str], &'static str),
}

use Shows::{AtUp, Ends, Fails, GoesOn, Says};

/// The rule, the services of the stack, and how the mistake shows.
type Broken = (&'static str, &'static str, Shows);

/// `IDLE` and `REDIS` stand for those, `IDLEREDIS` for the one with the other's image; `PORT` is a port of the host, and `SUBNET` the
/// beginning of an address.
const BROKEN: &[Broken] = &[
    ("container-name", "[services.web]\nIDLE\ncontainer-name = \"my app!\"\n", AtUp(&["Invalid container name"])),
    ("nothing-to-run", "[services.web]\nIDLE\nprofiles = [\"tools\"]\n", AtUp(&["no service selected"])),
    (
        "healthy-without-healthcheck",
        "[services.api]\nIDLE\nhealth = false\n[services.web]\nIDLE\ndepends-on = { api = \"healthy\" }\n",
        AtUp(&["has no healthcheck configured"]),
    ),
    (
        "ip-plan",
        "[networks]\none = { subnet = \"SUBNET.0/24\" }\ntwo = { subnet = \"SUBNET.128/25\" }\n\
         [services.web]\nIDLE\nnetworks = [\"one\", \"two\"]\n",
        AtUp(&["Pool overlaps"]),
    ),
    ("mount-target", "[services.web]\nIDLE\ncompose.volumes = [\"/tmp:srv\"]\n", AtUp(&["must be absolute"])),
    (
        "image-reference",
        "[services.web]\nimage = \"Debian:bookworm-slim\"\n",
        AtUp(&["must be lowercase", "invalid reference"]),
    ),
    (
        "copy-source-missing",
        "[services.web]\nsource = \"app\"\ndockerfile = \"Dockerfile\"\n",
        AtUp(&["\"/settings.json\": not found"]),
    ),
    (
        "healthcheck-tool",
        "[services.web]\nREDIS\nhealth = { command = [\"curl\", \"-f\", \"http://127.0.0.1\"], interval = \"1s\", retries = 1, start-period = \"1s\" }\n",
        AtUp(&["is unhealthy"]),
    ),
    ("restart-policy", "[services.web]\nIDLE\nrestart = \"sometimes\"\n", AtUp(&["restart policy"])),
    (
        "memory-cpu",
        "[services.web]\nIDLE\nlimits = { memory = \"5m\" }\n",
        AtUp(&["Minimum memory limit allowed is 6MB"]),
    ),
    (
        "host-port-conflict",
        "[services.one]\nREDIS\npublish = \"127.0.0.1:PORT:6379\"\n[services.two]\nREDIS\npublish = \"127.0.0.1:PORT:6379\"\n",
        AtUp(&["already allocated", "already in use"]),
    ),
    (
        "replicas-fixed-port",
        "[services.web]\nREDIS\npublish = \"127.0.0.1:PORT:6379\"\nreplicas = 2\n",
        AtUp(&["already allocated", "already in use"]),
    ),
    (
        "network-mode-conflict",
        "[services.web]\nREDIS\n[services.beside]\nIDLE\ncompose.network_mode = \"service:web\"\ncompose.hostname = \"beside\"\n",
        AtUp(&["hostname and the network mode"]),
    ),
    (
        "host-network-port-conflict",
        "[services.one]\nimage = \"redis:7-alpine\"\ncommand = [\"redis-server\", \"--port\", \"PORT\"]\nport = PORT\ncompose.network_mode = \"host\"\n\
         [services.two]\nimage = \"redis:7-alpine\"\ncommand = [\"redis-server\", \"--port\", \"PORT\"]\nport = PORT\ncompose.network_mode = \"host\"\n\
         depends-on = { one = \"started\" }\n",
        Ends("two", "Address already in use"),
    ),
    (
        "shared-netns-port-conflict",
        "[services.one]\nREDIS\n[services.two]\nREDIS\ncompose.network_mode = \"service:one\"\ndepends-on = { one = \"started\" }\n",
        Ends("two", "Address already in use"),
    ),
    (
        "unreachable-reference",
        "[networks]\nfront = {}\nback = {}\n[services.cache]\nREDIS\nnetworks = [\"back\"]\n\
         [services.web]\nREDIS\nnetworks = [\"front\"]\nenv.CACHE_URL = \"redis://cache:6379\"\n",
        Fails(
            "web",
            PING,
            &[
                "Name or service not known",
                "Name does not resolve",
                "Temporary failure in name resolution",
                "Try again",
            ],
            ("[\"front\"]", "[\"back\"]"),
        ),
    ),
    (
        "localhost-reference",
        "[services.cache]\nREDIS\n[services.web]\nIDLEREDIS\nenv.CACHE_URL = \"redis://localhost:6379\"\n",
        Fails("web", PING, &["Connection refused"], ("redis://localhost", "redis://cache")),
    ),
    (
        "reference-wrong-port",
        "[services.cache]\nREDIS\n[services.web]\nIDLEREDIS\nenv.CACHE_URL = \"redis://cache:6380\"\n",
        Fails("web", PING, &["Connection refused"], ("cache:6380", "cache:6379")),
    ),
    (
        "credential-mismatch",
        "[services.cache]\nREDIS\ncommand = [\"redis-server\", \"--requirepass\", \"one-of-the-tests\"]\n\
         [services.web]\nIDLEREDIS\nenv.CACHE_URL = \"redis://default:another@cache:6379\"\n",
        Fails("web", PING, &["WRONGPASS"], ("another@", "one-of-the-tests@")),
    ),
    (
        "bind-source-missing",
        "[services.web]\nIDLE\nvolumes = [\"./settings.conf:/etc/settings.conf\"]\n",
        Says("web", &["stat", "--format", "%F", "/etc/settings.conf"], "directory"),
    ),
    (
        "mount-option-typo",
        "[volumes]\ndata = {}\n[services.web]\nIDLE\nvolumes = [\"data:/srv:r0\"]\n",
        Says("web", &["sh", "-c", "touch /srv/written && echo writable"], "writable"),
    ),
    (
        "completed-never-exits",
        "[services.cache]\nREDIS\n[services.web]\nIDLE\ndepends-on = { cache = \"completed\" }\n",
        GoesOn("cache"),
    ),
    (
        "secret-source-missing",
        "[services.web]\nIDLE\ncompose.secrets = [\"key\"]\n[compose.secrets]\nkey.file = \"keys/nowhere.txt\"\n",
        AtUp(&["bind source path does not exist", "no such file or directory"]),
    ),
    (
        "image-required-env",
        "[services.db]\nimage = \"postgres:17\"\nvolumes = [\"db:/var/lib/postgresql/data\"]\n[volumes]\ndb = {}\n",
        Ends("db", "POSTGRES_PASSWORD"),
    ),
];

/// A stack that is brought up although something is wrong with it.
struct Attempt {
    // Taken down before its folder goes.
    stack: Stack,
    _folder: TempDir,
}

impl Attempt {
    /// Looks at a stack with the eyes of `check`, which has to find this mistake, and renders it all the same.
    fn new(number: usize, rule: &str, services: &str) -> Result<Self, String> {
        Self::of(number, rule, services, true)
    }

    /// The same where the mistake is mended, and `check` finds it no more.
    fn mended(number: usize, rule: &str, services: &str) -> Result<Self, String> {
        Self::of(number, rule, services, false)
    }

    fn of(number: usize, rule: &str, services: &str, is_broken: bool) -> Result<Self, String> {
        let idle_redis = IDLE.replace("debian:bookworm-slim", "redis:7-alpine");
        let text = services.replace("IDLEREDIS\n", &idle_redis).replace("IDLE\n", IDLE).replace("REDIS\n", REDIS);
        let port = free_ports(iter::once("PORT"))["PORT"].to_string();
        // One of 32 768 in a range of private addresses that no engine gives away by itself.
        let subnet = format!("10.{}.{}", 128 + process::id() / 256 % 128, process::id() % 256);
        let text = text.replace("PORT", &port).replace("SUBNET", &subnet);
        let folder = tempfile::Builder::new().prefix("stackgen-broken-").tempdir().expect("a temporary folder");
        let manifest = folder.path().join("services.toml");
        fs::create_dir(folder.path().join("app")).expect("a writable folder");
        fs::write(folder.path().join("app/Dockerfile"), "FROM debian:bookworm-slim\nCOPY settings.json /\nUSER 1000\n")
            .expect("a writable folder");
        fs::write(&manifest, format!("[stack]\nname = \"proof\"\nenvironments = [\"dev\"]\n{text}"))
            .expect("a writable folder");
        let analysis = Project::open(&manifest).expect("a services.toml").analyse().expect("an analysis");
        let found: Vec<_> = analysis.report.findings.iter().map(|finding| (finding.rule, finding.severity)).collect();
        // A hint would not keep anybody from bringing it up; and another mistake could be what shows.
        if found.iter().any(|(found, severity)| *found == rule && *severity != Severity::Hint) != is_broken {
            return Err(format!("whether {rule} is among {found:?} is not {is_broken}:\n{text}"));
        }
        if let Some(other) = found.iter().find(|(found, severity)| *found != rule && *severity == Severity::Error) {
            return Err(format!("{rule}: {other:?} is wrong too:\n{text}"));
        }
        let artifacts = render::render(&analysis.plans, "services.toml", &Templates::default()).expect("artifacts");
        for (path, artifact) in artifacts {
            let full = folder.path().join(&path);
            fs::create_dir_all(full.parent().expect("a folder")).expect("a writable folder");
            fs::write(full, artifact.text).expect("a writable folder");
        }
        let state = if is_broken { "broken" } else { "mended" };
        let project = format!("stackgen-{state}-{}-{number}", process::id());
        let env_file = folder.path().join(".env");
        fs::write(&env_file, format!("COMPOSE_PROJECT_NAME={project}\n")).expect("a writable folder");
        Ok(Self { stack: Stack::new(folder.path(), &env_file, &project), _folder: folder })
    }

    /// Runs a Compose command: whether it worked, and all that was said.
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = self.stack.try_run(arguments);
        (output.status.success(), everything_said(&output))
    }

    fn starts(&self) -> Result<(), String> {
        let (works, said) = self.run(&["up", "--detach"]);
        if works { Ok(()) } else { Err(said) }
    }

    fn exec(&self, service: &str, command: &[&str]) -> (bool, String) {
        self.run(&[&["exec", "-T", service], command].concat())
    }

    /// Runs a command in a container until it ends as it should, since what it asks may only be starting; else how it ended
    /// at last.
    fn until(
        &self,
        service: &str,
        command: &[&str],
        is_so: impl Fn(&(bool, String)) -> bool,
    ) -> Result<(), (bool, String)> {
        let start = Instant::now();
        loop {
            let ended = self.exec(service, command);
            if is_so(&ended) {
                return Ok(());
            }
            if start.elapsed() > PATIENCE {
                return Err(ended);
            }
            sleep(Duration::from_millis(200));
        }
    }

    /// That the mistake shows as it is said; else what was said instead.
    fn shows(&self, how: &Shows) -> Result<(), String> {
        match how {
            AtUp(words) => match self.run(&["up", "--wait", "--wait-timeout", "20"]) {
                (false, said) if words.iter().any(|word| said.contains(word)) => Ok(()),
                (works, said) => Err(format!("works: {works}; {words:?} in: {said}")),
            },
            Ends(service, word) => {
                self.starts()?;
                let start = Instant::now();
                loop {
                    let log = self.run(&["logs", service]).1;
                    let running = self.run(&["ps", "--services", "--status", "running"]).1;
                    let runs = running.lines().any(|line| line == *service);
                    if !runs && log.contains(word) {
                        return Ok(());
                    }
                    if start.elapsed() > PATIENCE {
                        return Err(format!("runs: {runs}; {word:?} in: {log}"));
                    }
                    sleep(Duration::from_millis(200));
                }
            }
            GoesOn(service) => {
                // What waits for it waits for ever: two seconds of that are as good as many.
                let patience = ["--wait", "--wait-timeout", "2"];
                let (works, said) = self.run(&[&["up"], patience.as_slice()].concat());
                let running = self.run(&["ps", "--services", "--status", "running"]).1;
                let waiting: Vec<&str> = running.lines().filter(|line| line != service).collect();
                let runs = running.lines().any(|line| line == *service);
                if !works && runs && waiting.is_empty() { Ok(()) } else { Err(format!("{works}: {running}: {said}")) }
            }
            Fails(service, command, words, _) => {
                self.starts()?;
                match self
                    .until(service, command, |(works, said)| !works && words.iter().any(|word| said.contains(word)))
                {
                    Ok(()) => Ok(()),
                    Err((works, said)) => Err(format!("works: {works}; {words:?} in: {said}")),
                }
            }
            Says(service, command, word) => {
                self.starts()?;
                match self.exec(service, command) {
                    (true, said) if said.trim().ends_with(word) => Ok(()),
                    (works, said) => Err(format!("works: {works}; {word:?} in: {said}")),
                }
            }
        }
    }
}

/// The control: without the mistake, what failed works.
fn works_when_mended(number: usize, rule: &str, services: &str, how: &Shows) -> Result<(), String> {
    let Fails(service, command, _, (from, to)) = how else { return Ok(()) };
    let mended = services.replace(from, to);
    assert_ne!(mended, services, "{rule}: no {from}");
    let attempt = Attempt::mended(number, rule, &mended)?;
    attempt.starts()?;
    let works = attempt.until(service, command, |(works, said)| *works && said.contains("PONG"));
    works.map_err(|(works, said)| format!("mended, works: {works}: {said}"))
}

#[test]
fn stacks_that_check_finds_wrong_do_not_come_up_or_are_broken() {
    assert!(BROKEN.len() >= STACKS, "only {} stacks", BROKEN.len());
    let rules: BTreeSet<&str> = BROKEN.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(rules.len(), BROKEN.len(), "one stack for each rule");
    if !has_engine() {
        return;
    }
    let numbered: Vec<(usize, &Broken)> = BROKEN.iter().enumerate().collect();
    let start = Instant::now();
    let results = in_parallel(&numbered, |(number, (rule, services, how))| {
        let shown = Attempt::new(*number, rule, services).and_then(|attempt| attempt.shows(how));
        let shown = shown.and_then(|()| works_when_mended(*number, rule, services, how));
        shown.map_err(|what| format!("{rule}: {what}"))
    });
    let wrong: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    say(&format!("{} broken stacks were brought up in {:.0} s", BROKEN.len(), start.elapsed().as_secs_f64()));
}

/// Whether there is a stack for a rule.
pub(crate) fn proved() -> impl Iterator<Item = &'static str> {
    BROKEN.iter().map(|(rule, ..)| *rule)
}
