//! Two stacks on one host: what `check` calls a clash fails together, and what it accepts runs. And what a machine has
//! already.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use stackgen::host::{Host, Machine};
use stackgen::project::{Analysis, Project};
use stackgen::render;
use stackgen::siblings::Beside;
use stackgen::templates::Templates;
use tempfile::TempDir;

use crate::support::compose::{Stack, docker, has_engine};
use crate::support::{everything_said, succeed};

/// The rules whose mistakes are made here.
pub(super) const PROVED: &[&str] = &["external-absent", "external-network-alias", "host-port-taken", "stack-clash"];

/// A service of which a container runs and does nothing.
const IDLE: &str = "image = \"debian:bookworm-slim\"\ncommand = [\"sleep\", \"60\"]\ncompose.init = true\n";

/// Two stacks in folders beside each other; what they started is taken down when this value goes.
struct Two {
    stacks: Vec<(String, Stack)>,
    folder: TempDir,
}

/// Words that no other test and no other run has.
fn unique(word: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("stackgen-{word}-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

fn free_port() -> u16 {
    let held = TcpListener::bind("0.0.0.0:0").expect("a free port");
    held.local_addr().expect("a port").port()
}

impl Two {
    fn new(shop: &str, blog: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("stackgen-stacks-").tempdir().expect("a temporary folder");
        let mut two = Self { stacks: Vec::new(), folder };
        for (name, text) in [("shop", shop), ("blog", blog)] {
            let root = two.folder.path().join(name);
            fs::create_dir(&root).expect("a writable folder");
            let manifest = root.join("services.toml");
            fs::write(&manifest, text).expect("a writable folder");
            let analysis = Project::open(&manifest).expect("a services.toml").analyse().expect("plans");
            let found: Vec<&str> = analysis.report.findings.iter().map(|finding| finding.message.as_str()).collect();
            assert!(!analysis.report.has_errors(), "{name} alone: {found:?}");
            let [plan] = analysis.plans.as_slice() else { panic!("{name}: not one environment") };
            let artifacts = render::render(&analysis.plans, "services.toml", &Templates::default()).expect("artifacts");
            for (path, artifact) in artifacts {
                let full = root.join(&path);
                fs::create_dir_all(full.parent().expect("a folder")).expect("a writable folder");
                fs::write(full, artifact.text).expect("a writable folder");
            }
            let project = plan.project.with_defaults().expect("a project");
            let env_file = root.join(".env");
            fs::copy(root.join(plan.env_example()), &env_file).expect("an env example");
            two.stacks.push((project.clone(), Stack::new(&root, &env_file, &project)));
        }
        two
    }

    /// What is said of `blog` beside `shop`.
    fn said(&self) -> Analysis {
        let project = Project::open(&self.folder.path().join("blog/services.toml")).expect("a services.toml");
        let beside = Beside { also: vec!["../shop/services.toml".to_owned()], not: BTreeSet::new() };
        project.beside(beside).analyse().expect("plans")
    }

    /// That this rule finds something, and no other.
    fn expects(&self, rule: &str) {
        let report = self.said().report;
        let rules: Vec<&str> = report.rules().into_iter().collect();
        assert_eq!(rules, [rule], "{:#?}", report.findings);
    }

    /// Starts one of them: whether that worked, and what was said.
    fn up(&self, number: usize) -> (bool, String) {
        let output = self.stacks[number].1.try_run(&["up", "--wait", "--wait-timeout", "30"]);
        (output.status.success(), everything_said(&output))
    }

    /// The first one runs, and the second does not, with one of these complaints.
    fn fails_together(&self, complaints: &[&str]) {
        self.expects("stack-clash");
        let (works, said) = self.up(0);
        assert!(works, "{said}");
        let (works, said) = self.up(1);
        assert!(!works, "both run: {said}");
        assert!(complaints.iter().any(|complaint| said.contains(complaint)), "{said}");
    }
}

fn stack(name: &str, rest: &str) -> String {
    format!("[stack]\nname = \"{name}\"\nenvironments = [\"dev\"]\nproject = \"{name}\"\n{rest}")
}

#[test]
fn what_both_stacks_take_of_a_host_only_one_gets() {
    if !has_engine() {
        return;
    }
    let (shop, blog) = (unique("shop"), unique("blog"));
    let pair = |rest: &str| Two::new(&stack(&shop, rest), &stack(&blog, rest));
    let port = free_port();
    pair(&format!("[services.web]\n{IDLE}publish = \"127.0.0.1:{port}:80\"\n"))
        .fails_together(&["port is already allocated", "address already in use"]);
    let name = unique("name");
    pair(&format!("[services.web]\n{IDLE}container-name = \"{name}\"\n")).fails_together(&["is already in use"]);
    let subnet = format!("10.211.{}.0/24", process::id() % 250);
    pair(&format!("[networks]\nedge = {{ subnet = \"{subnet}\" }}\n[services.web]\n{IDLE}networks = [\"edge\"]\n"))
        .fails_together(&["Pool overlaps"]);
}

#[test]
fn two_stacks_of_one_project_volume_or_network_get_into_each_others_way_without_a_failure() {
    if !has_engine() {
        return;
    }
    let name = unique("one");
    let services = |service: &str| stack(&name, &format!("[services.{service}]\n{IDLE}"));
    let two = Two::new(&services("web"), &services("api"));
    two.expects("stack-clash");
    assert!(two.up(0).0);
    let (works, said) = two.up(1);
    assert!(works && said.contains("Found orphan containers"), "{said}");
    drop(two);

    let volume = unique("data");
    let rest =
        format!("[volumes]\ndata = {{ name = \"{volume}\" }}\n[services.web]\n{IDLE}volumes = [\"data:/srv\"]\n");
    let two = Two::new(&stack(&unique("shop"), &rest), &stack(&unique("blog"), &rest));
    two.expects("stack-clash");
    assert!(two.up(0).0);
    let (works, said) = two.up(1);
    assert!(works && said.contains("already exists but was created for project"), "{said}");
    drop(two);

    let network = unique("net");
    let rest = |service: &str| {
        let edge = format!("[networks]\nedge = {{ name = \"{network}\" }}\n");
        format!("{edge}[services.{service}]\n{IDLE}networks = [\"edge\"]\n")
    };
    let two = Two::new(&stack(&unique("shop"), &rest("web")), &stack(&unique("blog"), &rest("api")));
    two.expects("stack-clash");
    assert!(two.up(0).0);
    let (works, said) = two.up(1);
    assert!(works && said.contains("exists but was not created for project"), "{said}");
    let Two { mut stacks, .. } = two;
    drop(stacks.pop());
}

#[test]
fn one_name_on_a_shared_network_leads_to_both_stacks() {
    if !has_engine() {
        return;
    }
    let network = unique("net");
    let shop =
        format!("[networks]\nedge = {{ name = \"{network}\" }}\n[services.redis]\n{IDLE}networks = [\"edge\"]\n");
    let blog = format!(
        "[networks]\nedge = {{ name = \"{network}\", external = true }}\n[services.redis]\n{IDLE}networks = [\"edge\"]\n"
    );
    let two = Two::new(&stack(&unique("shop"), &shop), &stack(&unique("blog"), &blog));
    two.expects("external-network-alias");
    for number in 0..2 {
        let (works, said) = two.up(number);
        assert!(works, "{said}");
    }
    let asked = two.stacks[1].1.try_run(&["exec", "redis", "getent", "ahostsv4", "redis"]);
    let said = everything_said(&asked);
    let addresses: BTreeSet<&str> = said.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(addresses.len(), 2, "{said}");
    // The network is the first one's.
    let Two { mut stacks, .. } = two;
    drop(stacks.pop());
}

#[test]
fn stacks_that_are_accepted_run_beside_each_other() {
    if !has_engine() {
        return;
    }
    let (network, port) = (unique("net"), free_port());
    let shop = format!(
        "[networks]\nedge = {{ name = \"{network}\" }}\n[services.web]\n{IDLE}networks = [\"edge\"]\n\
         publish = \"127.0.0.1:{port}:80\"\nvolumes = [\"data:/srv\"]\n[volumes]\ndata = {{}}\n"
    );
    let blog = format!(
        "[networks]\nedge = {{ name = \"{network}\", external = true }}\n[services.page]\n{IDLE}networks = [\"edge\"]\n\
         publish = \"127.0.0.2:{port}:80\"\nvolumes = [\"data:/srv\"]\n[volumes]\ndata = {{}}\n"
    );
    let two = Two::new(&stack(&unique("shop"), &shop), &stack(&unique("blog"), &blog));
    let report = two.said().report;
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    for number in 0..2 {
        let (works, said) = two.up(number);
        assert!(works, "{said}");
    }
    let Two { mut stacks, .. } = two;
    drop(stacks.pop());
}

/// The rules that find something on this machine.
fn on_this_machine(manifest: &Path) -> Vec<&'static str> {
    let host = Host { environments: Vec::new(), machine: Machine::This };
    let analysis = Project::open(manifest).expect("a services.toml").on(host).analyse().expect("plans");
    assert_eq!(analysis.silence, None, "the engine answers");
    analysis.report.rules().into_iter().collect()
}

#[test]
fn a_machine_that_lacks_something_refuses_the_stack_until_it_is_there() {
    if !has_engine() {
        return;
    }
    let (network, volume) = (unique("net"), unique("data"));
    let held = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = held.local_addr().expect("a port").port();
    let taken = format!("[services.web]\n{IDLE}publish = \"127.0.0.1:{port}:80\"\n");
    let lacking = format!(
        "[networks]\nedge = {{ name = \"{network}\", external = true }}\n[services.web]\n{IDLE}networks = [\"edge\"]\n\
         volumes = [\"data:/srv\"]\n[volumes]\ndata = {{ name = \"{volume}\", external = true }}\n"
    );
    let two = Two::new(&stack(&unique("taken"), &taken), &stack(&unique("lacking"), &lacking));
    let manifest = |name: &str| two.folder.path().join(name).join("services.toml");

    assert_eq!(on_this_machine(&manifest("shop")), ["host-port-taken"]);
    let (works, said) = two.up(0);
    assert!(!works && (said.contains("already in use") || said.contains("already allocated")), "{said}");
    drop(held);
    assert_eq!(on_this_machine(&manifest("shop")), [""; 0]);
    let (works, said) = two.up(0);
    assert!(works, "{said}");
    // What the stack itself has is not taken.
    assert_eq!(on_this_machine(&manifest("shop")), [""; 0]);

    assert_eq!(on_this_machine(&manifest("blog")), ["external-absent"]);
    let (works, said) = two.up(1);
    assert!(!works && said.contains("declared as external, but could not be found"), "{said}");
    succeed(docker().args(["network", "create", &network]));
    succeed(docker().args(["volume", "create", &volume]));
    let found = on_this_machine(&manifest("blog"));
    let (works, said) = two.up(1);
    drop(two);
    succeed(docker().args(["network", "rm", &network]));
    succeed(docker().args(["volume", "rm", &volume]));
    assert_eq!(found, [""; 0]);
    assert!(works, "{said}");
}
