//! One environment of a rendered stack, built, up and healthy on the engine.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process;

use stackgen::plan::Plan;

use super::compose::Stack;
use super::rendered::Rendered;
use super::{everything_said, say, stackgen, write_env_file};

/// The value of every secret that no test sets.
pub(crate) const SECRET: &str = "a-secret-of-the-tests";

/// One environment of a stack, up and healthy; it is taken down when this value goes.
pub(crate) struct Running {
    /// What runs.
    pub(crate) stack: Stack,
    /// The Compose project, which is nobody else's.
    pub(crate) project: String,
    ports: BTreeMap<String, u16>,
}

impl Running {
    /// Writes the env file with these values, free host ports and secrets, builds, starts, and waits until everything is
    /// healthy. `purpose` keeps test programs that run at the same time apart.
    pub(crate) fn up(purpose: &str, rendered: &Rendered, plan: &Plan, values: &[(&str, &str)]) -> Self {
        let running = Self::prepared(purpose, rendered, plan, values);
        running.stack.run(&["build"]);
        running.start();
        running
    }

    /// The same before anything is built or started.
    pub(crate) fn prepared(purpose: &str, rendered: &Rendered, plan: &Plan, values: &[(&str, &str)]) -> Self {
        let project = format!("stackgen-{purpose}-{}-{}-{}", process::id(), rendered.name, plan.environment);
        let derived = plan.variables.iter().filter(|(_, variable)| variable.derived).map(|(name, _)| name.clone());
        let ports = free_ports(derived);
        let secrets = plan.variables.iter().filter(|(_, variable)| variable.secret).map(|(name, _)| name.as_str());
        let mut all: BTreeMap<&str, String> = secrets.map(|name| (name, SECRET.to_owned())).collect();
        all.insert("COMPOSE_PROJECT_NAME", project.clone());
        all.extend(ports.iter().map(|(name, port)| (name.as_str(), port.to_string())));
        all.extend(values.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let all: Vec<(String, String)> = all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let env_file = rendered.root().join(plan.env_file());
        write_env_file(&rendered.root().join(plan.env_example()), &env_file, &all);
        let stack = Stack::new(rendered.root(), &env_file, &project);
        Self { stack, project, ports }
    }

    /// Starts what is built, and waits until it is healthy.
    pub(crate) fn start(&self) {
        self.stack.up(180, &[]);
    }

    /// `stackgen smoke` of it with these arguments passes, or does not and names each of these words.
    ///
    /// # Panics
    /// With what it says.
    pub(crate) fn smokes(&self, rendered: &Rendered, plan: &Plan, arguments: &[&str], passes: bool, words: &[&str]) {
        let mut command = stackgen();
        command.current_dir(rendered.root()).args(["smoke", "-e", &plan.environment]).args(arguments);
        let output = command.output().expect("stackgen starts");
        let said = everything_said(&output);
        let summary = said.lines().last().unwrap_or_default();
        say(&format!("{}: smoke: {:?}: {summary}", self.project, output.status.code()));
        assert_eq!(output.status.code(), Some(i32::from(!passes)), "{}: smoke {arguments:?}: {said}", self.project);
        let missing: Vec<_> = words.iter().filter(|word| !said.contains(**word)).collect();
        assert!(missing.is_empty(), "{}: smoke does not say {missing:?}: {said}", self.project);
    }

    /// The host port that a variable sets.
    pub(crate) fn port(&self, variable: &str) -> u16 {
        *self.ports.get(variable).unwrap_or_else(|| panic!("{variable} is not among {:?}", self.ports))
    }

    /// A stop gives every process the time to end by itself, and `down` leaves nothing.
    pub(crate) fn ends_in_time(&self) {
        self.stack.stops_in_time();
        self.stack.down();
    }
}

/// A free host port for every variable; all are held until all are known, so that no two are the same.
pub(crate) fn free_ports<N: Ord>(variables: impl Iterator<Item = N>) -> BTreeMap<N, u16> {
    let held: Vec<(N, TcpListener)> =
        variables.map(|name| (name, TcpListener::bind("0.0.0.0:0").expect("a free port"))).collect();
    let numbers: Vec<u16> = held.iter().map(|(_, held)| held.local_addr().expect("a port").port()).collect();
    held.into_iter().map(|(name, _)| name).zip(numbers).collect()
}
