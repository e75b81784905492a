//! `action.yml`: its steps, run as GitHub's runner runs them.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::release::{Releases, VERSION, run, script, voice_stack};
use super::support::{everything_said, has_tools, repository};

const TOOLS: [&str; 4] = ["bash", "curl", "tar", "python3"];

/// A stackgen that prints its arguments, one a line.
const RECORDER: &str = "#!/bin/sh\nprintf '%s\\n' \"$@\"\n";

#[test]
fn no_script_of_the_action_has_an_expression_in_it() {
    for step in steps() {
        let run = step["run"].as_str().expect("a script");
        assert!(!run.contains("${{"), "an input would become code: {run}");
        for (name, value) in step["env"].as_object().expect("an environment") {
            assert!(value.as_str().is_some_and(|value| value.starts_with("${{ inputs.")), "{name}: {value}");
        }
    }
}

#[test]
fn a_stack_in_order_passes() {
    if !has_tools(&TOOLS) {
        return;
    }
    let mut job = Job::new(voice_stack().into_folder());
    let releases = Releases::new();
    let ended = job.run(&releases.url(), &[]);
    assert_eq!((ended.code, ended.output("version")), (0, Some(VERSION)), "{}", ended.said);
    assert!(!ended.said.contains("::error"), "{}", ended.said);
    assert_eq!(ended.summary, "");
}

#[test]
fn what_is_wrong_is_annotated_where_the_repository_has_it() {
    if !has_tools(&TOOLS) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let stack = folder.path().join("infra/shop");
    fs::create_dir_all(&stack).expect("a writable folder");
    fs::write(
        stack.join("services.toml"),
        "[stack]\nname = \"shop\"\n\n[services.web]\nimage = \"nginx:1.29\"\nprot = 80\n",
    )
    .expect("a writable folder");
    let mut job = Job::new(folder);
    let releases = Releases::new();
    let ended = job.run(&releases.url(), &[("working-directory", "infra/shop"), ("sarif", "reports/stackgen.sarif")]);
    assert_eq!(ended.code, 1, "{}", ended.said);
    assert!(ended.said.contains("::error file=infra/shop/services.toml,line=6,"), "{}", ended.said);
    assert!(ended.summary.contains("unknown key `prot`"), "{}", ended.summary);

    assert_eq!(ended.output("sarif"), Some("reports/stackgen.sarif"));
    let sarif = fs::read_to_string(job.checkout().join("reports/stackgen.sarif")).expect("a SARIF file");
    let sarif: Value = serde_json::from_str(&sarif).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "unknown-key");
}

#[test]
fn drift_fails_and_rendering_mends_it() {
    if !has_tools(&TOOLS) {
        return;
    }
    let project = voice_stack();
    fs::remove_file(project.stack().join(".env.example")).expect("a generated file");
    let mut job = Job::new(project.into_folder());
    let releases = Releases::new();
    let ended = job.run(&releases.url(), &[]);
    assert_eq!(ended.code, 1, "{}", ended.said);
    assert!(ended.said.contains("::error file=examples/voice-stack/.env.example"), "{}", ended.said);
    assert_eq!(job.run(&releases.url(), &[("command", "render")]).code, 0);
    assert_eq!(job.run(&releases.url(), &[]).code, 0);
}

#[test]
fn without_a_manifest_it_fails_and_reports_nothing() {
    if !has_tools(&TOOLS) {
        return;
    }
    let mut job = Job::new(tempfile::tempdir().expect("a temporary folder"));
    let releases = Releases::new();
    let ended = job.run(&releases.url(), &[("sarif", "stackgen.sarif")]);
    assert_eq!((ended.code, ended.output("sarif")), (2, None), "{}", ended.said);
    assert!(!job.checkout().join("stackgen.sarif").exists());
}

#[test]
fn arguments_are_words_and_never_code() {
    if !has_tools(&TOOLS) {
        return;
    }
    let mut job = Job::new(tempfile::tempdir().expect("a temporary folder"));
    job.pretend("stackgen", RECORDER);
    let hostile = "-e prod\n --deny\twarnings $(touch hacked) `touch hacked` ; touch hacked * \"a b\" ${HOME} \\";
    let ended = job.step("run", &[("args", hostile), ("working-directory", "$(touch hacked) *")]);
    let expected = [
        "-C",
        "$(touch hacked) *",
        "check",
        "--format",
        "github",
        "-e",
        "prod",
        "--deny",
        "warnings",
        "$(touch",
        "hacked)",
        "`touch",
        "hacked`",
        ";",
        "touch",
        "hacked",
        "*",
        "\"a",
        "b\"",
        "${HOME}",
        "\\",
    ];
    assert_eq!(ended.said.lines().collect::<Vec<_>>(), expected);
    assert!(!job.checkout().join("hacked").exists());

    let ended = job.step("run", &[]);
    assert_eq!(ended.said.lines().collect::<Vec<_>>(), ["-C", ".", "check", "--format", "github"]);
}

#[test]
fn an_input_cannot_speak_to_the_runner() {
    if !has_tools(&TOOLS) {
        return;
    }
    let mut job = Job::new(tempfile::tempdir().expect("a temporary folder"));
    job.pretend("stackgen", RECORDER);
    let command = "\n::add-mask::x\nname=value";
    for (step, input) in [("install", "version"), ("run", "command"), ("run", "sarif")] {
        let ended = job.step(step, &[(input, command)]);
        assert_eq!(ended.code, 2, "{input}: {}", ended.said);
        let said: Vec<&str> = ended.said.lines().filter(|line| line.starts_with("::")).collect();
        assert!(matches!(said[..], [line] if line.starts_with("::error title=stackgen::the input")), "{}", ended.said);
        assert!(ended.outputs.is_empty(), "{:?}", ended.outputs);
    }
}

#[test]
fn where_there_is_no_release_cargo_builds_what_was_asked_for() {
    if !has_tools(&TOOLS) {
        return;
    }
    let mut job = Job::new(tempfile::tempdir().expect("a temporary folder"));
    job.pretend(
        "cargo",
        "#!/bin/sh\nprintf '%s\\n' \"$@\"\nmkdir -p \"$4/bin\"\nprintf '#!/bin/sh\\necho stackgen 9.9.9\\n' >\"$4/bin/stackgen\"\n\
         chmod +x \"$4/bin/stackgen\"\n",
    );
    let nowhere = tempfile::tempdir().expect("a temporary folder");
    let nowhere = format!("file://{}", nowhere.path().display());
    job.releases = Some(nowhere);

    let ended = job.step("install", &[]);
    assert_eq!((ended.code, ended.output("version")), (0, Some("9.9.9")), "{}", ended.said);
    let checkout = repository().display().to_string();
    assert!(ended.said.contains(&format!("\n--path\n{checkout}\n")), "{}", ended.said);

    let ended = job.step("install", &[("version", "v0.0.1")]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert!(ended.said.contains("\nstackgen@0.0.1\n"), "{}", ended.said);
}

#[test]
fn an_archive_that_was_tampered_with_is_not_replaced_by_a_build() {
    if !has_tools(&TOOLS) {
        return;
    }
    let mut job = Job::new(tempfile::tempdir().expect("a temporary folder"));
    job.pretend("cargo", "#!/bin/sh\necho built\n");
    let releases = Releases::new();
    fs::write(releases.archive(), "something else").expect("a writable folder");
    job.releases = Some(releases.url());
    let ended = job.step("install", &[]);
    assert_eq!(ended.code, 1, "{}", ended.said);
    assert!(!ended.said.contains("built") && ended.outputs.is_empty(), "{}", ended.said);
}

fn action() -> Value {
    let text = fs::read_to_string(repository().join("action.yml")).expect("action.yml");
    serde_yaml::from_str(&text).expect("YAML in action.yml")
}

fn steps() -> Vec<Value> {
    action()["runs"]["steps"].as_array().expect("steps").clone()
}

/// A job on a runner: a checkout, and what lasts from one step to the next.
struct Job {
    checkout: TempDir,
    runner: TempDir,
    /// What `GITHUB_PATH` has added.
    path: Vec<PathBuf>,
    releases: Option<String>,
}

/// What a step left behind.
struct Ended {
    code: i32,
    said: String,
    outputs: BTreeMap<String, String>,
    summary: String,
}

impl Ended {
    fn output(&self, name: &str) -> Option<&str> {
        self.outputs.get(name).map(String::as_str)
    }
}

impl Job {
    fn new(checkout: TempDir) -> Self {
        let runner = tempfile::tempdir().expect("a temporary folder");
        Self { checkout, runner, path: Vec::new(), releases: None }
    }

    fn checkout(&self) -> &Path {
        self.checkout.path()
    }

    /// Puts a program of this name before all others.
    fn pretend(&mut self, name: &str, text: &str) {
        let folder = self.runner.path().join("pretended");
        fs::create_dir_all(&folder).expect("a writable folder");
        script(&folder.join(name), text);
        self.path.push(folder);
    }

    /// The whole action; what its last step left, with the outputs of all of them.
    fn run(&mut self, releases: &str, inputs: &[(&str, &str)]) -> Ended {
        self.releases = Some(releases.to_owned());
        let installed = self.step("install", inputs);
        assert_eq!(installed.code, 0, "{}", installed.said);
        let mut ended = self.step("run", inputs);
        ended.outputs.extend(installed.outputs);
        ended
    }

    /// One step, as the runner starts it: the script in a file, inputs in the environment, nothing else of ours.
    fn step(&mut self, id: &str, inputs: &[(&str, &str)]) -> Ended {
        let step = steps().into_iter().find(|step| step["id"] == id).expect("a step of this id");
        assert_eq!(step["shell"], "bash");
        let file = |name: &str| {
            let path = self.runner.path().join(name);
            fs::write(&path, "").expect("a writable folder");
            path
        };
        let (script, output, path, summary) = (file("step.sh"), file("output"), file("path"), file("summary"));
        fs::write(&script, step["run"].as_str().expect("a script")).expect("a writable folder");

        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-e", "-o", "pipefail"]).arg(&script).current_dir(self.checkout());
        let path_of_tests = env::var_os("PATH").expect("PATH");
        let found = self.path.iter().rev().cloned().chain(env::split_paths(&path_of_tests));
        command.env("PATH", env::join_paths(found).expect("folders without a colon"));
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_ACTION_PATH", repository());
        command.env("GITHUB_WORKSPACE", self.checkout()).env("RUNNER_TEMP", self.runner.path());
        command.env("RUNNER_OS", if cfg!(target_os = "macos") { "macOS" } else { "Linux" });
        command.env("GITHUB_OUTPUT", &output).env("GITHUB_PATH", &path).env("GITHUB_STEP_SUMMARY", &summary);
        if let Some(releases) = &self.releases {
            command.env("STACKGEN_RELEASES", releases);
        }
        for (name, value) in step["env"].as_object().expect("an environment") {
            command.env(name, input(value.as_str().expect("text"), inputs));
        }

        let output_of = run(&mut command);
        let read = |path: &Path| fs::read_to_string(path).expect("UTF-8");
        self.path.extend(read(&path).lines().map(PathBuf::from));
        let pairs = read(&output);
        let pairs = pairs.lines().map(|line| line.split_once('=').expect("name=value"));
        Ended {
            code: output_of.status.code().expect("an exit code"),
            said: everything_said(&output_of),
            outputs: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            summary: read(&summary),
        }
    }
}

/// The value of `${{ inputs.NAME }}`.
fn input(expression: &str, inputs: &[(&str, &str)]) -> String {
    let name = expression.strip_prefix("${{ inputs.").and_then(|rest| rest.strip_suffix(" }}")).expect(expression);
    let given = inputs.iter().find(|(input, _)| *input == name).map(|(_, value)| (*value).to_owned());
    given.unwrap_or_else(|| action()["inputs"][name]["default"].as_str().expect("a default").to_owned())
}
